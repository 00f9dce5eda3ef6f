// The only words that cross the border between control and a media worker. Control says `MediaCommand`s, a worker
// answers with `MediaEvent`s; audio never crosses. Both are plain JSON, so that they travel over a local socket
// (two processes), or are handed over as they are (tests: one process).
//
// The picture behind the words:
//
//   Session   one party's RTP: a local port, a remote address, codecs, a jitter buffer. Named by its leg's id.
//   Mix       a place where sessions hear one another: a two-party bridge or a conference. For each member it says
//             whom it hears and who hears it, which is all that hold, mute, monitor, whisper and barge need.
//   Player    a prompt, tone or silence heard by one session, by several, or by a whole mix.
//   Recorder  writes what a session or a mix sounds like to a WAV file as it happens.
//
// Commands are idempotent by id: repeating one that already holds does nothing. A command for something unknown is
// answered by the matching `…-ended`/`…-failed` event with reason `unknown`, never by silence.

import type { AnswererConfig, AnswererResult } from '#audio/answerer.ts'
import type { NoiseEngineName } from '#audio/denoiser.ts'
import type { Heard, RecogniseWish } from '#base/recogniser.ts'
import type { SrtpKeys } from '#base/srtp-key.ts'
import type { Address } from '#base/wire.ts'

/** Equals the leg's id: 32 hex digits. */
export type SessionId = string
export type MixId = string
export type PlayerId = string
export type RecorderId = string
export type StreamId = string

export type AudioCodecName = 'PCMU' | 'PCMA' | 'G722' | 'opus' | 'L16'
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** One negotiated audio format. `clockRateHz` is the RTP clock (8000 for G.722 although it samples at 16000). */
export interface CodecBinding {
  readonly payloadType: number
  readonly codec: AudioCodecName
  readonly clockRateHz: number
  readonly channels: 1 | 2
  readonly ptimeMs: number
  /** The peer's format parameters: what it asks of what we send. */
  readonly fmtp?: string
}

export interface SessionDescription {
  /** Where RTP goes first (RFC 4961 symmetric RTP may move it). Null: nowhere yet. */
  readonly remote: Address | null
  /** Where RTCP goes; null means the RTP port plus one. */
  readonly remoteRtcp: Address | null
  readonly rtcpMux: boolean
  /** What we send. */
  readonly send: CodecBinding | null
  /** What we accept, by payload type. */
  readonly receive: readonly CodecBinding[]
  /** RFC 4733 telephone-event, each way; null when the peer has none. */
  readonly telephoneEvent: {
    readonly sendType: number
    readonly receiveType: number
    readonly clockRateHz: number
  } | null
  /** RFC 3389 comfort noise payload type we accept, if any. */
  readonly comfortNoiseType: number | null
  /** From our side: `sendonly` means the peer holds its ears open and its mouth shut. */
  readonly direction: Direction
  /** Whether the first plausible packet may move `remote` (on for phones behind NAT, off for fixed trunks). */
  readonly latch: boolean
  /** Find digits in the audio itself: for peers without telephone-event. */
  readonly inbandDigits: boolean
  /** RTCP canonical name (RFC 3550 §6.5.1). */
  readonly cname: string
  /**
   * SRTP and SRTCP both ways (RFC 3711); null: neither. With keys, nothing is sent or heard in the clear. A key that is the
   * same as before goes on where it is; another begins afresh. Secrets: this word is never logged.
   */
  readonly srtp: SrtpKeys | null
}

export type ToneSpec = {
  /** Steps in order: frequencies sounded together (none: silence) for `durationMs`. */
  readonly steps: readonly {
    readonly frequenciesHz: readonly number[]
    readonly durationMs: number
    readonly levelDbov: number
  }[]
}

export type PlayerSource =
  /** A WAV file (PCM 16 bit, mono or stereo, any common rate) on the shared disk. `growing`: more may follow until a sibling `<path>.done` exists. */
  | { readonly type: 'file'; readonly path: string; readonly growing: boolean }
  | { readonly type: 'tone'; readonly tone: ToneSpec }
  | { readonly type: 'silence'; readonly durationMs: number }
  /** Our own hold music, made by us; always loops. */
  | { readonly type: 'hold-music' }

export type PlayerTarget =
  | { readonly type: 'sessions'; readonly sessions: readonly SessionId[] }
  | { readonly type: 'mix'; readonly mix: MixId }

export type RecorderSource =
  /** `inbound`: what the party says. `outbound`: what it is sent. `both`: the two, mixed (single) or side by side (dual: inbound left, outbound right). */
  | { readonly type: 'session'; readonly session: SessionId; readonly track: 'inbound' | 'outbound' | 'both' }
  /** The whole room; dual puts `first`'s voice left and everyone else right. */
  | { readonly type: 'mix'; readonly mix: MixId; readonly first: SessionId | null }

/** `everyone`, nobody, or just these. */
export type Audience = 'everyone' | 'nobody' | readonly SessionId[]

/** How a stream's audio is coded. Opus carries its own rate; G.722 is always 16 kHz. */
export interface StreamFormat {
  readonly codec: AudioCodecName
  readonly sampleRateHz: 8000 | 16000 | 22050 | 24000 | 48000
}

/** Whom a stream is about, for the first words of its language; the worker does not read it. */
export interface StreamSubject {
  readonly account: string
  readonly call: string
  readonly group: string
  readonly from: string
  readonly to: string
  readonly notes: Readonly<Record<string, unknown>>
}

/** What an application may say to a call through its stream. */
export interface StreamVoiceWish {
  /** `raw`: chunks of the format. `mp3`: whole files, one a second at most. */
  readonly mode: 'raw' | 'mp3'
  readonly format: StreamFormat
  /** Who hears it. `opposite` is who is bridged with the session; without a bridge, the session itself. */
  readonly targets: 'self' | 'opposite' | 'both'
}

export interface StreamWish {
  readonly url: string
  /** Headers of the handshake: tokens and the like. */
  readonly headers: Readonly<Record<string, string>>
  /** Name of the frame language. */
  readonly language: string
  readonly about: StreamSubject
  readonly track: 'inbound' | 'outbound' | 'both'
  /** Null: as the session speaks. */
  readonly format: StreamFormat | null
  readonly parameters: readonly { readonly name: string; readonly value: string }[]
  /** Null: whatever the application says is passed over. */
  readonly voice: StreamVoiceWish | null
  /** Absent: a connection that is lost is made anew a few times. */
  readonly reconnect?: boolean
}

export type StreamFailure =
  | { readonly type: 'connection-failed'; readonly reason: string }
  /** It was there, was lost, and did not come back. */
  | { readonly type: 'connection-lost'; readonly reason: string }
  | { readonly type: 'unknown' }
  | { readonly type: 'limit-reached'; readonly limit: string }

export type DigitStep =
  | { readonly type: 'digit'; readonly digit: string; readonly durationMs: number }
  | { readonly type: 'pause'; readonly durationMs: number }

export type MediaCommand =
  | { readonly type: 'open-session'; readonly session: SessionId; readonly bindHost: string }
  | { readonly type: 'configure-session'; readonly session: SessionId; readonly description: SessionDescription }
  | { readonly type: 'close-session'; readonly session: SessionId }
  /** Asks for a `session-stats` event now. */
  | { readonly type: 'measure-session'; readonly session: SessionId }
  /** `peers: 2` is a bridge: while it has just two members their packets may be passed on as they arrive. */
  | { readonly type: 'open-mix'; readonly mix: MixId; readonly sampleRateHz: 8000 | 16000; readonly peers: 2 | 'many' }
  | { readonly type: 'close-mix'; readonly mix: MixId }
  /** Adds a member or changes it. A session is in one mix at most: adding it elsewhere moves it. */
  | {
      readonly type: 'set-member'
      readonly mix: MixId
      readonly session: SessionId
      readonly hears: Audience
      readonly heardBy: Audience
      /** Whether its RFC 4733 digits are passed to the other members (bridges) as events. */
      readonly passDigits: boolean
    }
  | { readonly type: 'remove-member'; readonly mix: MixId; readonly session: SessionId }
  | {
      readonly type: 'play'
      readonly player: PlayerId
      readonly target: PlayerTarget
      readonly source: PlayerSource
      readonly times: number | 'forever'
      readonly gainDb: number
      /** `replace`: the listener hears only this while it plays (hold music). `over`: mixed with what it hears anyway. */
      readonly mode: 'replace' | 'over'
    }
  | { readonly type: 'stop-player'; readonly player: PlayerId }
  | {
      readonly type: 'record'
      readonly recorder: RecorderId
      readonly source: RecorderSource
      readonly channels: 1 | 2
      readonly sampleRateHz: 8000 | 16000
      readonly path: string
      /** 0: no limit. */
      readonly maxDurationMs: number
      /** 0: off. Armed by the first speech, then ends after that much silence. */
      readonly silenceTimeoutMs: number
      /** Silence counts from the start instead; only silence that is heard does, not packets that stay away. */
      readonly silenceFromStart?: boolean
      readonly beep: boolean
    }
  /** `silent`: silence is written meanwhile instead of nothing. */
  | { readonly type: 'pause-recorder'; readonly recorder: RecorderId; readonly silent?: boolean }
  | { readonly type: 'resume-recorder'; readonly recorder: RecorderId }
  | { readonly type: 'stop-recorder'; readonly recorder: RecorderId }
  | {
      readonly type: 'send-digits'
      readonly session: SessionId
      readonly steps: readonly DigitStep[]
      readonly mode: 'telephone-event' | 'inband'
    }
  /** Listens to what a party says from now on; done when it has said all it has to. One at a time on a session. */
  | { readonly type: 'detect-answerer'; readonly session: SessionId; readonly config: AnswererConfig }
  | { readonly type: 'stop-detecting'; readonly session: SessionId }
  /** Takes noise away from what the party says (inbound) or is sent from its room (outbound); null ends it. */
  | {
      readonly type: 'suppress-noise'
      readonly session: SessionId
      readonly direction: 'inbound' | 'outbound' | 'both' | null
      readonly engine: NoiseEngineName
    }
  /** Makes what the party says (inbound) or is sent from its room (outbound) higher or lower; `ratio` 2 is an octave up. */
  | {
      readonly type: 'shift-pitch'
      readonly session: SessionId
      readonly direction: 'inbound' | 'outbound' | 'both'
      readonly ratio: number
    }
  /** From now on silence is sent to the party whenever there is nothing else to send. */
  | { readonly type: 'keep-sending'; readonly session: SessionId }
  /** The party hears itself, as long as it is in no mix. */
  | { readonly type: 'echo-session'; readonly session: SessionId; readonly on: boolean }
  /**
   * `session` sends on what the party of `from` says (inbound) or is sent (outbound), from now on and until either is closed:
   * recording servers and other ears outside. Silence while there is nothing to hear.
   */
  | {
      readonly type: 'feed-session'
      readonly session: SessionId
      readonly from: SessionId
      readonly track: 'inbound' | 'outbound'
    }
  /**
   * Opens a stream of a session's audio to an application's WebSocket. `wait`: the connection is made now, the session (which
   * may not exist yet) is listened to from `begin-stream` on.
   */
  | {
      readonly type: 'start-stream'
      readonly stream: StreamId
      readonly session: SessionId
      readonly wish: StreamWish
      readonly wait: boolean
    }
  | { readonly type: 'begin-stream'; readonly stream: StreamId }
  /** Copies a session's audio as plain RTP, each direction to an address of its own; null: not that one. */
  | {
      readonly type: 'start-fork'
      readonly stream: StreamId
      readonly session: SessionId
      readonly inbound: Address | null
      readonly outbound: Address | null
    }
  /** Ends a stream or fork. */
  | { readonly type: 'stop-stream'; readonly stream: StreamId }
  /** A digit of the session that came by signalling. */
  | {
      readonly type: 'tell-stream-digit'
      readonly session: SessionId
      readonly digit: string
      readonly durationMs: number
    }
  /** Gives a session's audio to a recogniser of speech, until it is stopped or the session ends. */
  | {
      readonly type: 'start-transcription'
      readonly transcription: string
      readonly session: SessionId
      readonly track: 'inbound' | 'outbound' | 'both'
      readonly wish: RecogniseWish
    }
  /** What was heard until then is still told. */
  | { readonly type: 'stop-transcription'; readonly transcription: string }
  /** Control greets a worker after connecting; the worker answers `worker-hello` with what still lives in it. */
  | { readonly type: 'hello' }
  /** Ends the worker once its sessions are closed or `withinMs` has passed. */
  | { readonly type: 'drain'; readonly withinMs: number }

/** Quality of one session so far (RFC 3550 §6.4.1; jitter in milliseconds). */
export interface SessionStats {
  readonly packetsReceived: number
  readonly packetsLost: number
  readonly packetsDiscarded: number
  /** Under SRTP: packets that were not authentic, and such as had been heard before. Counted in `packetsDiscarded` too. */
  readonly packetsForged: number
  readonly packetsReplayed: number
  readonly packetsSent: number
  readonly octetsReceived: number
  readonly octetsSent: number
  readonly jitterMs: number
  readonly maxJitterMs: number
  /** From RTCP; null until the peer reported. */
  readonly roundTripMs: number | null
  readonly remoteLossFraction: number | null
  readonly concealedMs: number
  readonly codec: AudioCodecName | null
}

export type MediaFailure =
  | { readonly type: 'unknown' }
  | { readonly type: 'no-free-port' }
  | { readonly type: 'file-missing'; readonly path: string }
  | { readonly type: 'file-unusable'; readonly reason: string }
  | { readonly type: 'disk-full' }
  | { readonly type: 'disk-failed'; readonly reason: string }
  | { readonly type: 'limit-reached'; readonly limit: string }

export type MediaEvent =
  | { readonly type: 'session-opened'; readonly session: SessionId; readonly local: Address; readonly rtcpPort: number }
  | { readonly type: 'session-failed'; readonly session: SessionId; readonly failure: MediaFailure }
  | { readonly type: 'session-closed'; readonly session: SessionId; readonly stats: SessionStats }
  | { readonly type: 'session-stats'; readonly session: SessionId; readonly stats: SessionStats }
  /** The first packet from the peer was heard. */
  | { readonly type: 'session-heard'; readonly session: SessionId; readonly from: Address }
  /** Neither RTP nor RTCP for this long while the peer should be sending. Said once per silence. */
  | { readonly type: 'session-silent'; readonly session: SessionId; readonly silentMs: number }
  | {
      readonly type: 'digit'
      readonly session: SessionId
      readonly digit: string
      readonly durationMs: number
      readonly source: 'telephone-event' | 'inband'
    }
  | { readonly type: 'digits-sent'; readonly session: SessionId }
  | { readonly type: 'player-started'; readonly player: PlayerId }
  | {
      readonly type: 'player-ended'
      readonly player: PlayerId
      readonly reason: 'completed' | 'stopped' | 'session-closed' | 'failed'
      readonly failure: MediaFailure | null
      readonly playedMs: number
    }
  | { readonly type: 'recorder-started'; readonly recorder: RecorderId }
  | {
      readonly type: 'recorder-ended'
      readonly recorder: RecorderId
      readonly reason: 'stopped' | 'max-duration' | 'silence' | 'source-closed' | 'failed'
      readonly failure: MediaFailure | null
      readonly durationMs: number
      readonly octets: number
    }
  /** Somebody else speaks now in a room of many. */
  | { readonly type: 'floor-changed'; readonly mix: MixId; readonly session: SessionId }
  | { readonly type: 'mix-closed'; readonly mix: MixId }
  | {
      readonly type: 'worker-hello'
      readonly sessions: readonly SessionId[]
      readonly mixes: readonly MixId[]
      readonly recorders: readonly { readonly recorder: RecorderId; readonly path: string }[]
    }
  | {
      readonly type: 'answerer-verdict'
      readonly session: SessionId
      readonly result: AnswererResult
      /** How much was said until then. */
      readonly spokenMs: number
      readonly words: number
    }
  | {
      readonly type: 'answerer-greeting-ended'
      readonly session: SessionId
      readonly how: 'beep' | 'silence' | 'timeout'
    }
  /** The connection stands; audio flows from now on (or from `begin-stream`). */
  | { readonly type: 'stream-started'; readonly stream: StreamId }
  | {
      readonly type: 'stream-ended'
      readonly stream: StreamId
      /** `far`: the application closed it. */
      readonly reason: 'stopped' | 'session-closed' | 'far' | 'failed'
      readonly failure: StreamFailure | null
      readonly framesSent: number
      /** Not sent, because the application did not read. */
      readonly framesDropped: number
    }
  | {
      readonly type: 'transcription-heard'
      readonly transcription: string
      readonly track: 'inbound' | 'outbound'
      readonly heard: Heard
    }
  /** The recogniser is lost. */
  | { readonly type: 'transcription-failed'; readonly transcription: string; readonly reason: string }
  /** Once a second: how the beat keeps time. */
  | {
      readonly type: 'worker-load'
      readonly sessions: number
      readonly mixes: number
      readonly players: number
      readonly recorders: number
      readonly lateP50Ms: number
      readonly lateP99Ms: number
      readonly lateMaxMs: number
      readonly workP99Ms: number
      readonly cpuFraction: number
    }

/** Control's end of the border. Commands are handed over in order; events come in order. */
export interface MediaChannel {
  send(command: MediaCommand): void
  /** Set once, before the first command. */
  onEvent(listener: (event: MediaEvent) => void): void
  /** The other side went away (a worker died). Sessions, mixes, players and recorders in it are lost. */
  onClose(listener: () => void): void
  close(): void
}
