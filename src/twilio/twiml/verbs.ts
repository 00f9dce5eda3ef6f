// What a TwiML document asks for, as plain data: every attribute read, checked and given its default (twilio-voice §4).
// URLs stay as they were written (trimmed, entities decoded); whoever runs the document resolves them against its own URL
// (ENG-06). Nothing here knows how a verb is carried out.

import type { ConferenceId } from '#base/ids.ts'
import type { Header } from '#legs/leg.ts'
import type { StreamFormat, StreamVoiceWish } from '#media/protocol.ts'

export type Method = 'GET' | 'POST'

/** An address the application wants to be asked at, or told something. */
export interface Target {
  readonly url: string
  readonly method: Method
}

/** A status callback; `events` are the words of the attribute, or its default. */
export interface StatusTarget extends Target {
  readonly events: readonly string[]
}

export type Verb =
  | SayVerb
  | PlayVerb
  | PauseVerb
  | GatherVerb
  | RecordVerb
  | DialVerb
  | EnqueueVerb
  | LeaveVerb
  | RedirectVerb
  | RejectVerb
  | HangupVerb
  | ReferVerb
  | StartVerb
  | StopVerb
  | ConnectVerb
  | PayVerb
  | EchoVerb
  | HttpRequestVerb

export interface SayVerb {
  readonly type: 'say'
  /** Plain words, or a whole `<speak>` document when the verb held SSML (SAY-05). */
  readonly text: string
  readonly markup: 'text' | 'ssml'
  /** As written; null: the default voice. */
  readonly voice: string | null
  /** Null: the default, en-US. */
  readonly language: string | null
  /** 1 to 1000: `loop="0"` is 1000 (PLAY-02). */
  readonly times: number
}

/** Exactly one of `url` and `digits` is there. */
export interface PlayVerb {
  readonly type: 'play'
  readonly url: string | null
  /** DTMF to send: `0-9 A-D # *`, `w` half a second, `W` a second. */
  readonly digits: string | null
  readonly times: number
}

export interface PauseVerb {
  readonly type: 'pause'
  readonly lengthS: number
}

/** What may be heard while something else is waited for. */
export type Prompt = SayVerb | PlayVerb | PauseVerb

export interface GatherVerb {
  readonly type: 'gather'
  readonly dtmf: boolean
  readonly speech: boolean
  /** Null: the current document. */
  readonly action: string | null
  readonly method: Method
  readonly actionOnEmptyResult: boolean
  /** Null: `auto`. */
  readonly timeoutS: number | null
  /** One key, or empty: none. */
  readonly finishOnKey: string
  /** Null: without limit. */
  readonly numDigits: number | null
  readonly prompts: readonly Prompt[]
  readonly bargeIn: boolean
  /** Null: as `timeoutS`. */
  readonly speechTimeoutS: number | 'auto' | null
  readonly maxSpeechTimeS: number
  readonly language: string
  readonly hints: readonly string[]
  readonly speechModel: string
  readonly profanityFilter: boolean
  readonly partialResultCallback: Target | null
}

export interface RecordVerb {
  readonly type: 'record'
  /** Null: the current document. */
  readonly action: string | null
  readonly method: Method
  /** 0: silence does not end it. */
  readonly timeoutS: number
  /** Any of these keys ends it. */
  readonly finishOnKey: string
  readonly maxLengthS: number
  readonly playBeep: boolean
  readonly trim: boolean
  readonly recordingCallback: StatusTarget | null
  readonly transcribe: boolean
  readonly transcribeCallback: string | null
}

export type RecordingTrack = 'inbound' | 'outbound' | 'both'

export interface DialVerb {
  readonly type: 'dial'
  /** Null: the next verb runs. */
  readonly action: string | null
  readonly method: Method
  readonly answerOnBridge: boolean
  /** Null: the caller's. */
  readonly callerId: string | null
  /** Of TeXML: the name shown with it; null: the caller's own, or none. */
  readonly displayName: string | null
  readonly hangupOnStar: boolean
  /** Null: not recorded. */
  readonly record: { readonly from: 'answer' | 'ringing'; readonly channels: 1 | 2 } | null
  readonly recordingTrack: RecordingTrack
  readonly recordingCallback: StatusTarget | null
  readonly trim: boolean
  readonly refer: Target | null
  /** Country of the ringing the caller hears; null: what the network sends, or the usual one. */
  readonly ringTone: string | null
  readonly sequential: boolean
  readonly timeLimitS: number
  readonly timeoutS: number
  readonly to: DialTarget
}

export type DialTarget =
  | { readonly type: 'endpoints'; readonly endpoints: readonly Endpoint[] }
  | ConferenceTarget
  | { readonly type: 'queue'; readonly name: string; readonly whisper: Target | null; readonly refused: boolean }
  /** A noun nobody here can reach (Sim, WhatsApp): the dial fails (DACT-12). */
  | { readonly type: 'unsupported'; readonly noun: string }
  /** Nothing in it that could be dialled. */
  | { readonly type: 'nothing' }

/** One party to be dialled. */
export type Endpoint = EndpointCommon &
  (
    | { readonly type: 'number'; readonly number: string; readonly sendDigits: string | null }
    | {
        readonly type: 'sip'
        /** In the order they are tried; more than one only with `<Uri>` children (SIP-11). */
        readonly uris: readonly SipNoun[]
      }
    | {
        readonly type: 'client'
        readonly identity: string
        readonly parameters: readonly Header[]
        readonly notificationUrl: string | null
      }
    /** Stands alone (PAR-08). */
    | {
        readonly type: 'application'
        /** As written. */
        readonly sid: string
        readonly parameters: readonly Header[]
        /** Null: the account of the caller. */
        readonly customerId: string | null
        /** It is told that the number was called that the caller called; false: that it was called itself. */
        readonly copyParentTo: boolean
      }
  )

export interface EndpointCommon {
  /** Document that runs on the called party before the bridge. */
  readonly whisper: Target | null
  readonly statusCallback: StatusTarget | null
  readonly detection: Detection | null
}

/** A SIP URI of the noun, taken apart (§8.1). */
export interface SipNoun {
  /** `sip:user@host[:port][;param…]` without region, edge and headers. */
  readonly uri: string
  readonly host: string
  readonly transport: 'udp' | 'tcp' | 'tls'
  readonly region: string | null
  readonly edge: string | null
  /** Decoded once, in order. */
  readonly headers: readonly Header[]
  readonly username: string | null
  readonly password: string | null
}

/** Finding out who answered (NUM-03). */
export interface Detection {
  readonly mode: 'Enable' | 'DetectMessageEnd'
  readonly timeoutS: number
  readonly speechThresholdMs: number
  readonly speechEndThresholdMs: number
  readonly silenceTimeoutMs: number
  readonly callback: Target | null
}

export interface ConferenceTarget {
  readonly type: 'conference'
  readonly name: string
  /** Given out before the room exists, to whom called somebody into it; absent: made with it. */
  readonly id?: ConferenceId
  readonly muted: boolean
  readonly beep: 'true' | 'false' | 'onEnter' | 'onExit'
  readonly startOnEnter: boolean
  readonly endOnExit: boolean
  readonly label: string | null
  readonly jitterBufferSize: 'large' | 'medium' | 'small' | 'off'
  /** Absent: the house's music by GET; empty: silence. */
  readonly wait: Target | 'music' | 'silence'
  readonly maxParticipants: number
  readonly record: boolean
  readonly trim: boolean
  /** CallSid of the only one who hears this caller. */
  readonly coach: string | null
  readonly region: string | null
  readonly statusCallback: StatusTarget | null
  readonly recordingCallback: StatusTarget | null
  readonly eventCallbackUrl: string | null
}

export interface EnqueueVerb {
  readonly type: 'enqueue'
  /** Null: a TaskRouter workflow was asked for, which this switch lacks (ENQ-07). */
  readonly name: string | null
  readonly action: string | null
  readonly method: Method
  readonly wait: Target | 'music' | 'silence'
  readonly maxQueueSize: number | null
}

export interface LeaveVerb {
  readonly type: 'leave'
}

/** Empty `url`: the current document. */
export interface RedirectVerb extends Target {
  readonly type: 'redirect'
}

export interface RejectVerb {
  readonly type: 'reject'
  readonly reason: 'rejected' | 'busy'
  /** For the Dial that called this application (APP-01). */
  readonly parameters: readonly Header[]
}

export interface HangupVerb {
  readonly type: 'hangup'
  /** For the Dial that called this application (APP-01). */
  readonly parameters: readonly Header[]
}

export interface ReferVerb {
  readonly type: 'refer'
  readonly action: string | null
  readonly method: Method
  /** Null: nothing usable was named. */
  readonly to: SipNoun | null
}

/** Something that runs beside the document. */
export interface StartVerb {
  readonly type: 'start'
  readonly what: readonly (StreamNoun | SiprecNoun | RecordingNoun | TranscriptionNoun | SuppressionNoun)[]
}

export interface StopVerb {
  readonly type: 'stop'
  readonly what: readonly {
    readonly type: 'stream' | 'siprec' | 'recording' | 'transcription' | 'suppression'
    readonly name: string | null
  }[]
}

export interface ConnectVerb {
  readonly type: 'connect'
  readonly action: string | null
  readonly method: Method
  /** Null: something this switch lacks (OTH-01); `lacking` names it. */
  readonly stream: StreamNoun | null
  readonly lacking: string | null
}

export interface StreamNoun {
  readonly type: 'stream'
  readonly url: string
  readonly name: string | null
  readonly track: 'inbound_track' | 'outbound_track' | 'both_tracks'
  readonly statusCallback: Target | null
  readonly parameters: readonly Header[]
  /** Absent: mu-law and this vendor's frames, one-way unless connected. */
  readonly wire?: StreamWire
}

/** How a stream of TeXML is coded (TX-07). */
export interface StreamWire {
  /** Null: as the call speaks. */
  readonly heard: StreamFormat | null
  readonly said: StreamVoiceWish
  /** Whether what comes back is heard though the stream runs beside the document. */
  readonly speaks: boolean
  readonly reconnect: boolean
}

/** Of TeXML: how a recording server is spoken to (TX-07). */
export interface SiprecManner {
  /** Parameters go into the metadata; otherwise into headers of the INVITE. */
  readonly inMetadata: boolean
  readonly secure: boolean
  /** Null: no session timer. */
  readonly intervalS: number | null
}

export interface SiprecNoun {
  readonly type: 'siprec'
  readonly connectorName: string | null
  readonly name: string | null
  readonly track: 'inbound_track' | 'outbound_track' | 'both_tracks'
  readonly statusCallback: Target | null
  readonly parameters: readonly Header[]
  /** Absent: by its connector's port, with the parameters in the metadata. */
  readonly manner?: SiprecManner
}

/** Of TeXML: noise is taken out of what the caller says or is sent. */
export interface SuppressionNoun {
  readonly type: 'suppression'
  readonly direction: 'inbound' | 'outbound' | 'both'
  /** As the vendor names it. */
  readonly engine: string
}

export interface RecordingNoun {
  readonly type: 'recording'
  readonly name: string | null
  readonly channels: 1 | 2
  readonly track: RecordingTrack
  readonly trim: boolean
  readonly recordingCallback: StatusTarget | null
}

export interface TranscriptionNoun {
  readonly type: 'transcription'
  readonly name: string | null
  readonly track: 'inbound_track' | 'outbound_track' | 'both_tracks'
  readonly languageCode: string | null
  readonly partialResults: boolean
  readonly statusCallback: Target | null
  readonly attributes: Readonly<Record<string, string>>
}

/** Payments are not offered; its action hears so (PAY-01). */
export interface PayVerb {
  readonly type: 'pay'
  readonly action: string | null
  readonly method: Method
}

export interface EchoVerb {
  readonly type: 'echo'
}

/** Of TeXML: a request to anybody's server (TX-06). */
export interface HttpRequestVerb {
  readonly type: 'http-request'
  /** The document goes on when the answer is there, by its action; otherwise at once. */
  readonly waits: boolean
  readonly action: string | null
  readonly url: string
  readonly method: Method
  readonly headers: readonly Header[]
  readonly body: string | null
  /** Null: nothing of the answer is wanted. */
  readonly reply: ReplyReading | null
}

/** What is taken out of an answer. */
export interface ReplyReading {
  /** Null: any 2xx. */
  readonly status: number | null
  readonly fields: readonly { readonly path: readonly string[]; readonly name: string }[]
}

/** Something wrong with a document or with what it asked for, as it is kept in the notifications (§11). */
export interface Problem {
  readonly level: 'error' | 'warning'
  readonly code: number
  /** One sentence: what, where (element and line), and what to do. */
  readonly message: string
}

/** Where a document runs, which decides what it may hold (§3.1). */
export type DocumentContext =
  | 'main'
  | 'whisper'
  | 'queue-whisper'
  | 'queue-wait'
  | 'conference-wait'
  | 'hold'
  | 'announcement'

/** A document ready to run. */
export interface Document {
  readonly verbs: readonly Verb[]
  /** Warnings met on the way; none of them stops it. */
  readonly warnings: readonly Problem[]
}
