// What a language may ask of the hall. Commands are neutral: where the two languages differ in behaviour, the
// difference is a field here, never a branch on a language's name in the engine.

import type { NoiseEngineName } from '#audio/denoiser.ts'
import type {
  CallId,
  ConferenceId,
  GatherId,
  PlaybackId,
  RecordingId,
  RecordingSessionId,
  StreamId,
  TranscriptionId,
} from '#base/ids.ts'
import type { Arrival, DialRequest, Header } from '#legs/leg.ts'
import type {
  AfterBridge,
  AudioSource,
  BeepWhen,
  Call,
  Conference,
  ForkSpec,
  JoinOptions,
  MuteDigits,
  Notes,
  OnAnswer,
  PitchChange,
  Playback,
  Queue,
  QueueEntry,
  Recording,
  RecordingOptions,
  RecordingSpec,
  Role,
  RoomPlan,
  Stream,
  StreamSpec,
  Supervision,
  SupervisorRole,
  TranscriptionSpec,
} from './model.ts'
import type { RingingCountry } from './ringing.ts'

/** How digits are collected (both languages' gathers are settings of this one). */
export interface GatherSpec {
  readonly id: GatherId
  readonly minDigits: number
  readonly maxDigits: number
  /** Digits that end the collecting and are not part of it; empty: none. */
  readonly terminators: string
  readonly validDigits: string
  /** Wait for the first digit: from the start, or from the end of the prompt when there is one. */
  readonly initialTimeoutMs: number
  readonly interDigitTimeoutMs: number
  /** Limit on the whole gather; null: none. */
  readonly totalTimeoutMs: number | null
  readonly prompt: Playback | null
  /** Whether the first digit cuts the prompt short. */
  readonly digitEndsPrompt: boolean
  readonly invalidPrompt: Playback | null
  /** How many prompts at most. */
  readonly maxTries: number
}

/** What a leg is asked, and what the hall does with the call: `ringTimeoutMs` is the leg's ring time. */
export interface DialSpec extends Omit<DialRequest, 'leg' | 'onBehalfOf' | 'timeoutMs' | 'arrival'> {
  /** Made by whoever asks, who wants to speak of the call before it exists; absent: made here. */
  readonly id?: CallId
  /** It comes in here again: this call is nothing but the way there, and unlisted (see `Call.unlisted`). */
  readonly arrival?: PlannedArrival
  /** It exists now and is dialled so much later. */
  readonly delayMs?: number
  readonly ringTimeoutMs: number
  readonly timeLimitMs: number
  /** The group of this call joins that one's; null begins a new group. */
  readonly linkTo: CallId | null
  readonly afterBridge: AfterBridge
  /** The new call listens in on that one (see `Supervision`); null for ordinary calls. */
  readonly supervision: Supervision | null
  readonly onAnswer: OnAnswer
  /** Opened with the answer; `early`: its connection is made before the call is dialled. */
  readonly stream?: { readonly spec: StreamSpec; readonly early: boolean } | null
  /** Begun with the answer. */
  readonly transcription?: TranscriptionSpec | null
  readonly notes: Notes
}

/** The call at the other end of one of ours: it comes in like any other, with these notes, and in the group of whoever calls. */
export interface PlannedArrival extends Arrival {
  readonly notes: Notes
}

/** Whom a sound is for, seen from the commanded call. */
export type Listeners = 'self' | 'opposite' | 'both'

/**
 * How much of a call may leave it at once: a stream of both tracks counts as two of them, a recording server as two. A
 * stream that may speak counts as none of them; a call has one such stream at most.
 */
export interface StreamCompany {
  readonly maxTracks: number
}

export type CallCommand =
  | { readonly type: 'dial'; readonly spec: DialSpec }
  | {
      readonly type: 'answer'
      readonly call: CallId
      readonly headers: readonly Header[]
      readonly codecs: readonly string[]
      readonly record: RecordingOptions | null
      /** Silence is sent whenever there is nothing else to send. */
      readonly silenceWhenIdle: boolean
      readonly pitch: PitchChange | null
      /** Absent: as it was. */
      readonly afterBridge?: AfterBridge
      /** Opened with the answer. */
      readonly stream?: StreamSpec | null
      readonly transcription?: TranscriptionSpec | null
    }
  | { readonly type: 'reject'; readonly call: CallId; readonly reason: 'busy' | 'rejected' }
  /** The caller hears its own telephone's ringing while somebody is looked for (180). */
  | { readonly type: 'ring'; readonly call: CallId }
  | { readonly type: 'hang-up'; readonly call: CallId; readonly headers: readonly Header[] }
  | { readonly type: 'note'; readonly call: CallId; readonly notes: Notes }
  | {
      readonly type: 'play'
      readonly call: CallId
      readonly playback: Playback
      readonly listeners: Listeners
      /** What happens to what is playing: nothing, the running item is skipped, or the whole queue is dropped. */
      readonly preempt: 'nothing' | 'current' | 'all'
    }
  | { readonly type: 'stop-play'; readonly call: CallId; readonly which: 'current' | 'all'; readonly overlay: boolean }
  | { readonly type: 'gather'; readonly call: CallId; readonly spec: GatherSpec }
  | { readonly type: 'stop-gather'; readonly call: CallId }
  | { readonly type: 'send-digits'; readonly call: CallId; readonly digits: string; readonly digitMs: number }
  | { readonly type: 'record'; readonly call: CallId; readonly options: RecordingOptions; readonly notes: Notes }
  | {
      readonly type: 'stop-recording' | 'pause-recording' | 'resume-recording'
      readonly call: CallId
      /** Null: all that run. */
      readonly recording: RecordingId | null
      /** Only those that are called so. */
      readonly name?: string
      /** A pause is heard as silence in the file; absent: it is left out. */
      readonly silent?: boolean
    }
  | {
      readonly type: 'bridge'
      readonly call: CallId
      readonly with: CallId
      /** For `call` only; the other keeps its own. */
      readonly afterBridge: AfterBridge
      readonly muteDigits: MuteDigits
      /** What `call` hears while the other is still ringing; null: silence. */
      readonly ringback: RingingCountry | null
      readonly unlessBridged: boolean
      readonly record: RecordingOptions | null
    }
  /** What becomes of it when it is left alone in a bridge. */
  | { readonly type: 'after-bridge'; readonly call: CallId; readonly afterBridge: AfterBridge }
  /** Leaves its bridge and is parked; what becomes of the other side is the other side's own setting. */
  | { readonly type: 'unbridge'; readonly call: CallId }
  /** Dials a second call in the same group and bridges when it answers; a failure leaves `call` as it was. */
  | {
      readonly type: 'transfer'
      readonly call: CallId
      readonly spec: DialSpec
      readonly afterBridge: AfterBridge
      readonly muteDigits: MuteDigits
      readonly earlyMedia: boolean
      readonly announce: AudioSource | null
      /** Of several that are dialled so, the first to answer is bridged and the others are hung up. */
      readonly unlessBridged?: boolean
    }
  | { readonly type: 'send-info'; readonly call: CallId; readonly contentType: string; readonly body: string }
  /** Asks the far party to call `to` itself; once it got there, this call is over. */
  | {
      readonly type: 'refer'
      readonly call: CallId
      readonly to: string
      readonly headers: readonly Header[]
      readonly auth: DialRequest['auth']
    }
  /** Ends it so long after its answer, in place of what was said before. */
  | { readonly type: 'limit-time'; readonly call: CallId; readonly timeLimitMs: number }
  /** Answers `call.transfer-wanted`: the first status accepts or refuses, later ones tell how it goes; a final one is the last. */
  | {
      readonly type: 'report-transfer'
      readonly call: CallId
      readonly referral: number
      readonly status: number
    }
  /** Copies the call to a recording server (SIPREC) until the end of either. */
  | {
      readonly type: 'begin-recording-session'
      readonly call: CallId
      readonly spec: RecordingSpec
      /** Made by whoever asks; absent: made here. */
      readonly session?: RecordingSessionId
      /** Absent: streams do not count. */
      readonly beside?: StreamCompany
    }
  /** Null: every one that runs. */
  | { readonly type: 'end-recording-session'; readonly call: CallId; readonly name: string | null }
  /** Takes noise away from what the far party says, or is sent; null ends it. */
  | {
      readonly type: 'suppress-noise'
      readonly call: CallId
      readonly direction: 'inbound' | 'outbound' | 'both' | null
      readonly engine: NoiseEngineName
    }
  /** It hears itself, as long as it is in no bridge and no conference. */
  | { readonly type: 'echo'; readonly call: CallId; readonly on: boolean }
  | {
      readonly type: 'start-stream'
      readonly call: CallId
      readonly spec: StreamSpec
      /** Made by whoever asks, who wants to speak of the stream before it exists; absent: made here. */
      readonly stream?: StreamId
      /** Absent: it is refused beside any other. */
      readonly beside?: StreamCompany
    }
  /** By its id or its name; null: whichever run. */
  | { readonly type: 'stop-stream'; readonly call: CallId; readonly stream: StreamId | null; readonly name?: string }
  /** Ends the streams that run. */
  | { readonly type: 'fork'; readonly call: CallId; readonly spec: ForkSpec }
  | { readonly type: 'stop-fork'; readonly call: CallId }
  | {
      readonly type: 'start-transcription'
      readonly call: CallId
      readonly spec: TranscriptionSpec
      /** Made by whoever asks; absent: made here. */
      readonly transcription?: TranscriptionId
    }
  | { readonly type: 'stop-transcription'; readonly call: CallId }
  /** For a call that was dialled to supervise another. */
  | { readonly type: 'switch-supervisor-role'; readonly call: CallId; readonly role: SupervisorRole }
  | {
      readonly type: 'enqueue'
      readonly call: CallId
      /** An unknown queue is made, with `maxSize` or the default. */
      readonly queueName: string
      /** Null: as the queue has it. Another value than an existing queue's is refused. */
      readonly maxSize: number | null
      /** Of a queue that is made now, when `maxSize` says nothing; absent: the house's. */
      readonly sizeIfNew?: number
      readonly maxWaitMs: number | null
      readonly keepAfterHangup: boolean
      /** Heard while waiting, whenever nothing else plays; null: silence. */
      readonly audio: AudioSource | null
    }
  | { readonly type: 'leave-queue'; readonly call: CallId }
  /** Takes the head of a queue off, to be bridged by `call` when it pleases: it is parked, and told of as `bridging`. */
  | { readonly type: 'take-from-queue'; readonly call: CallId; readonly queueName: string }
  /** As `bridge`, with the call at the head of a queue. That call has left the queue even when the bridge then fails. */
  | {
      readonly type: 'bridge-queue'
      readonly call: CallId
      readonly queueName: string
      readonly afterBridge: AfterBridge
      readonly muteDigits: MuteDigits
      readonly ringback: RingingCountry | null
      readonly record: RecordingOptions | null
    }

/** Queues belong to the account of whoever commands, and are named by their name. */
export type QueueCommand =
  | { readonly type: 'create-queue'; readonly queueName: string; readonly maxSize: number }
  | {
      readonly type: 'update-queue'
      readonly queueName: string
      readonly maxSize: number
      /** Another name; absent: it keeps its own. */
      readonly name?: string
    }
  /** Only an empty one. */
  | { readonly type: 'delete-queue'; readonly queueName: string }
  | {
      readonly type: 'update-queue-entry'
      readonly queueName: string
      readonly entry: CallId
      readonly keepAfterHangup: boolean
    }
  /** Takes an entry out: of a call that is over, or a live one, which is parked then. */
  | { readonly type: 'remove-queue-entry'; readonly queueName: string; readonly entry: CallId }

/** A conference is named by id, or by name among the live ones of an account. */
export type ConferenceCommand =
  | (RoomPlan & { readonly type: 'create-conference'; readonly call: CallId })
  /** Joins the room of that name, which is made when there is none. */
  | { readonly type: 'enter-room'; readonly call: CallId; readonly plan: RoomPlan; readonly options: JoinOptions }
  | {
      readonly type: 'join-conference'
      readonly conference: ConferenceId
      readonly call: CallId
      readonly options: JoinOptions
      /** New notes for the room, should this call own it; null leaves them. */
      readonly ownerNotes: Notes | null
    }
  | {
      readonly type: 'leave-conference'
      readonly conference: ConferenceId
      readonly call: CallId
      readonly beep: BeepWhen | null
    }
  | {
      readonly type: 'mute-participants' | 'unmute-participants' | 'unhold-participants'
      readonly conference: ConferenceId
      /** Null: everyone. */
      readonly calls: readonly CallId[] | null
    }
  | {
      readonly type: 'hold-participants'
      readonly conference: ConferenceId
      readonly calls: readonly CallId[] | null
      readonly audio: AudioSource | null
    }
  | {
      readonly type: 'update-participant'
      readonly conference: ConferenceId
      readonly call: CallId
      readonly role: Role | null
      readonly whisperTo: readonly CallId[] | null
      readonly endOnExit: 'no' | 'hang-up' | 'park' | null
      readonly beep: BeepWhen | null
    }
  | {
      readonly type: 'play-to-conference'
      readonly conference: ConferenceId
      readonly calls: readonly CallId[] | null
      readonly playback: Playback
    }
  | {
      readonly type: 'stop-conference-play'
      readonly conference: ConferenceId
      readonly calls: readonly CallId[] | null
    }
  | {
      readonly type: 'record-conference'
      readonly conference: ConferenceId
      readonly options: RecordingOptions
      readonly notes: Notes
    }
  | {
      readonly type: 'stop-conference-recording' | 'pause-conference-recording' | 'resume-conference-recording'
      readonly conference: ConferenceId
      readonly recording: RecordingId | null
      readonly silent?: boolean
    }
  | {
      readonly type: 'send-conference-digits'
      readonly conference: ConferenceId
      readonly calls: readonly CallId[] | null
      readonly digits: string
      readonly digitMs: number
    }
  | {
      readonly type: 'end-conference'
      readonly conference: ConferenceId
      /** What becomes of those in it; absent: they are hung up. */
      readonly fate?: 'hang-up' | 'park'
    }

export type EngineCommand = CallCommand | ConferenceCommand | QueueCommand

/** What an accepted command gives back at once; the outcome comes as events. */
export interface Accepted {
  readonly call: Call | null
  readonly conference: Conference | null
  readonly recording: Recording | null
  readonly playback: PlaybackId | null
  readonly queue: Queue | null
  readonly stream: Stream | null
}

/** Why a command was not accepted. Each language's catalogue maps every member to its own error. */
export type Refusal =
  | { readonly type: 'call-unknown' }
  | { readonly type: 'call-ended' }
  | { readonly type: 'call-not-answered' }
  /** `answer` or `reject` for a call that is past that, or was not incoming. */
  | { readonly type: 'call-not-ringing' }
  /** The application of another language owns this call. */
  | { readonly type: 'not-owner' }
  | { readonly type: 'no-audio-yet' }
  | { readonly type: 'not-bridged' }
  | { readonly type: 'already-bridged' }
  | { readonly type: 'same-call' }
  | { readonly type: 'overlay-without-playback' }
  /** The far party was asked to call somebody else and has not said what came of it. */
  | { readonly type: 'refer-running' }
  /** Something streams or forks this call already, or a stream of that name does. */
  | { readonly type: 'stream-running' }
  | { readonly type: 'no-stream' }
  | { readonly type: 'not-forked' }
  | { readonly type: 'transcription-running' }
  | { readonly type: 'not-transcribing' }
  | { readonly type: 'recording-unknown' }
  | { readonly type: 'recording-wrong-state' }
  /** One of that name runs already, to another server or in another way. */
  | { readonly type: 'recording-session-running'; readonly name: string }
  | { readonly type: 'recording-session-unknown' }
  | { readonly type: 'bad-address'; readonly to: string }
  | { readonly type: 'destination-not-allowed'; readonly to: string }
  | { readonly type: 'no-route'; readonly to: string }
  | { readonly type: 'encryption-impossible'; readonly to: string }
  | { readonly type: 'conference-unknown' }
  | { readonly type: 'conference-ended' }
  | { readonly type: 'conference-name-taken' }
  | { readonly type: 'conference-full' }
  /** Another participant of the room has this label. */
  | { readonly type: 'label-taken'; readonly label: string }
  | { readonly type: 'conference-empty' }
  | { readonly type: 'already-in-conference' }
  | { readonly type: 'not-in-conference' }
  | { readonly type: 'not-supervising' }
  | { readonly type: 'queue-unknown'; readonly name: string }
  | { readonly type: 'queue-name-taken' }
  | { readonly type: 'queue-full' }
  | { readonly type: 'queue-empty' }
  | { readonly type: 'queue-not-empty' }
  | { readonly type: 'queue-size-fixed'; readonly maxSize: number }
  | { readonly type: 'already-in-queue' }
  | { readonly type: 'not-in-queue' }
  /** The head of the queue hung up and was kept: here is whom to call back. */
  | { readonly type: 'queue-head-ended'; readonly entry: QueueEntry }
  | { readonly type: 'limit-reached'; readonly limit: string; readonly of?: 'account' | 'profile' | 'connection' }
  /** The customer's own rules do not allow this call now. */
  | { readonly type: 'barred'; readonly to: string; readonly reason: string }
  | { readonly type: 'spent'; readonly limit: string }
  /** The store cannot take it, or the switch is draining: try again. */
  | { readonly type: 'unavailable'; readonly retryAfterMs: number }
