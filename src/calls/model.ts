// The nouns of the hall, as plain data. A *Call* is what a customer programs and owns one leg; a *CallGroup* is calls
// that began one another; a *Bridge* joins two calls; a *Conference* has participants; a *Recording* is a file in the
// making. Records are immutable: machines return new ones, the engine keeps the newest, the store keeps it too.

import type { AnswererConfig } from '#audio/answerer.ts'
import type {
  AccountId,
  ApplicationId,
  BridgeId,
  CallGroupId,
  CallId,
  ConferenceId,
  ParticipantId,
  PlaybackId,
  QueueId,
  RecordingId,
  RecordingSessionId,
  StreamId,
  TranscriptionId,
} from '#base/ids.ts'
import type { RecogniseWish } from '#base/recogniser.ts'
import type { Address } from '#base/wire.ts'
import type { Header, LegState, RecordingOrder } from '#legs/leg.ts'
import type { SessionStats, StreamWish } from '#media/protocol.ts'
import type { RingingCountry } from './ringing.ts'

/** What the owning language wants to remember about a call or conference. The engine stores it and never reads it. */
export type Notes = Readonly<Record<string, unknown>>

/** Where a call's voice is just now. */
export type Place =
  | { readonly type: 'parked' }
  | { readonly type: 'bridged'; readonly bridge: BridgeId; readonly peer: CallId }
  | { readonly type: 'conference'; readonly conference: ConferenceId }
  | { readonly type: 'queue'; readonly queue: QueueId }
  /** Listening in on a bridge (see `Supervision`). */
  | { readonly type: 'supervising'; readonly bridge: BridgeId }

/** What becomes of a call when the other side of its bridge goes away. */
export type AfterBridge = 'hang-up' | 'park' | 'hold'

/** Whose digits a bridge keeps to itself: `self` is the call whose command made the bridge. */
export type MuteDigits = 'none' | 'both' | 'self' | 'opposite'

/** Why a call ended, for the customer. The wire's own words ride along. */
export interface CallEnd {
  readonly cause:
    | 'normal' // hung up after an answer
    | 'cancelled' // given up before an answer, by the caller or by a command
    | 'rejected'
    | 'busy'
    | 'no-answer' // the far end said it did not answer
    | 'ring-timeout' // our own limit on ringing passed
    | 'not-found'
    | 'time-limit'
    | 'failed'
  /** Who ended it: the party on this leg, a command or rule of ours, or the network. */
  readonly by: 'remote' | 'local' | 'network'
  readonly sipStatus: number | null
  readonly sipReason: string | null
  readonly q850: number | null
  readonly headers: readonly Header[]
}

/**
 * How a supervisor listens in on a call that is bridged: all roles hear both sides. `barge` is heard by both, `whisper`
 * by the supervised call alone, `monitor` by nobody.
 */
export interface Supervision {
  readonly of: CallId
  readonly role: SupervisorRole
}

export type SupervisorRole = 'barge' | 'whisper' | 'monitor'

export interface Call {
  readonly id: CallId
  readonly group: CallGroupId
  readonly account: AccountId
  readonly application: ApplicationId
  readonly direction: 'incoming' | 'outgoing'
  readonly from: string
  readonly fromName: string | null
  readonly to: string
  readonly fromUri: string
  readonly toUri: string
  /** Custom headers of the INVITE (incoming) or those asked for (outgoing). */
  readonly headers: readonly Header[]
  readonly offeredCodecs: readonly string[]
  /** What the caller's network vouches for, unchecked (RFC 8224); null: nothing. */
  readonly identity: string | null
  /** Address an incoming call's signalling came from; null for outgoing ones. */
  readonly sourceHost: string | null
  readonly party: 'phone' | 'trunk'
  readonly sipCallId: string | null
  readonly state: LegState
  readonly place: Place
  readonly codec: string | null
  readonly samplingRateHz: number | null
  readonly createdAtWallMs: number
  readonly answeredAtWallMs: number | null
  readonly endedAtWallMs: number | null
  readonly end: CallEnd | null
  readonly stats: SessionStats | null
  readonly afterBridge: AfterBridge
  /** Set for calls that were dialled to supervise another. */
  readonly supervision: Supervision | null
  /** What happens as soon as an outgoing call is answered. */
  readonly onAnswer: OnAnswer
  readonly timeLimitMs: number | null
  /** Copies of it on their way to recording servers. */
  readonly recordingSessions: readonly RecordingSession[]
  /**
   * It only leads to another call of ours, which is the one to be seen. Whoever commands it hears of it as of any call; it is
   * not stored, not counted and not shown. Absent: an ordinary call.
   */
  readonly unlisted?: true
  readonly notes: Notes
}

/** Plans for a call that is still ringing; carried out in this order once it is answered. */
export interface OnAnswer {
  readonly play: AudioSource | null
  readonly digits: string | null
  /** Finding out whether a person or a machine answered. */
  readonly detect: AnswererConfig | null
  /** Once a machine is found out, what plays and collects digits ends: nobody is there to hear it. */
  readonly machineEndsSounds: boolean
  /** Silence is sent whenever there is nothing else to send. */
  readonly silenceWhenIdle: boolean
  /** The voice is made higher or lower. */
  readonly pitch: PitchChange | null
  readonly record: RecordingOptions | null
  readonly bridge: {
    readonly call: CallId
    readonly muteDigits: MuteDigits
    readonly earlyMedia: boolean
    readonly unlessBridged: boolean
  } | null
  readonly conference: { readonly conference: ConferenceId; readonly options: JoinOptions } | null
  /** A room by its name, which is made when there is none by then. */
  readonly room: { readonly options: JoinOptions; readonly plan: RoomPlan } | null
}

/** `ratio` 2 is an octave up; `inbound` is what the party says, `outbound` what it is sent. */
export interface PitchChange {
  readonly direction: 'inbound' | 'outbound' | 'both'
  readonly ratio: number
}

export const nothingOnAnswer: OnAnswer = {
  play: null,
  digits: null,
  detect: null,
  machineEndsSounds: false,
  silenceWhenIdle: false,
  pitch: null,
  record: null,
  bridge: null,
  conference: null,
  room: null,
}

// ---- audio

/** Something to be heard. Preparing it (fetching, decoding, synthesising) is speech/'s work. */
export type AudioSource =
  | { readonly type: 'url'; readonly url: string; readonly cache: boolean }
  /** Stored media, by the customer's name for it. */
  | { readonly type: 'media'; readonly name: string }
  | { readonly type: 'bytes'; readonly bytes: Uint8Array; readonly contentType: string | null }
  | {
      readonly type: 'speech'
      readonly text: string
      readonly markup: 'text' | 'ssml'
      readonly voice: string
      readonly language: string | null
    }
  | { readonly type: 'tone'; readonly tone: 'beep' | 'busy' }
  | { readonly type: 'ringing'; readonly country: RingingCountry }
  | { readonly type: 'silence'; readonly durationMs: number }
  | { readonly type: 'hold-music' }

export type PlaybackStatus = 'completed' | 'cancelled' | 'machine-detected' | 'call-ended' | 'not-found' | 'failed'

export interface Playback {
  readonly id: PlaybackId
  /** `speech` and `audio` are told apart by both languages. */
  readonly kind: 'audio' | 'speech'
  readonly source: AudioSource
  readonly times: number | 'forever'
  readonly overlay: boolean
  /** What its language calls it; absent: nothing. */
  readonly name?: string
  /** False for sounds nobody asked for by name: beeps, hold music, ringback. They cause no events. */
  readonly announced: boolean
}

// ---- recordings

export interface RecordingOptions {
  readonly format: 'wav' | 'mp3'
  readonly channels: 1 | 2
  readonly track: 'both' | 'inbound' | 'outbound'
  readonly maxDurationMs: number
  readonly silenceTimeoutMs: number
  /** Silence ends it even when nothing was said at all; absent: only after something was. */
  readonly silenceFromStart?: boolean
  readonly beep: boolean
  readonly trimSilence: boolean
  /** What whoever began it calls it, to stop it by; absent: it has no name. */
  readonly name?: string
  /** File name without folder and extension; null: the language's own habit. */
  readonly fileName: string | null
  /** Given out before the recording begins, to whom asked for it with an answer or a dial; otherwise it is made then. */
  readonly plannedId?: RecordingId
  /** Made text of once it is finished, by a recogniser of files that the configuration declares. */
  readonly transcription?: { readonly recogniser: string; readonly language: string | null } | null
}

export interface Recording {
  readonly id: RecordingId
  readonly account: AccountId
  readonly application: ApplicationId
  readonly group: CallGroupId | null
  readonly call: CallId | null
  readonly conference: ConferenceId | null
  readonly options: RecordingOptions
  readonly state: 'recording' | 'paused' | 'processing' | 'completed' | 'failed' | 'deleted'
  /** Path below the recordings folder: of the growing WAV first, of the finished file at the end. */
  readonly path: string
  /** URI of the finished file in the customer's own storage; null: it lies at `path`. */
  readonly carriedTo: string | null
  readonly startedAtWallMs: number
  readonly endedAtWallMs: number | null
  readonly durationMs: number | null
  readonly octets: number | null
  readonly failure: string | null
  readonly from: string
  readonly to: string
  readonly initiatedBy: 'command' | 'dial' | 'conference'
  readonly notes: Notes
}

/** What a call is copied to, and how. */
export interface RecordingSpec {
  /** Tells several on one call apart. */
  readonly name: string
  readonly server: RecordingOrder['server']
  /** SRTP, or no recording. */
  readonly secure: boolean
  readonly track: 'both' | 'inbound' | 'outbound'
  /** Session interval; null: none. */
  readonly intervalS: number | null
  /** For the server's INVITE, and for its metadata. */
  readonly headers: readonly Header[]
  readonly parameters: readonly Header[]
  readonly notes?: Notes
}

export interface RecordingSession {
  readonly id: RecordingSessionId
  readonly spec: RecordingSpec
  readonly state: 'starting' | 'running'
  readonly startedAtWallMs: number
}

// ---- streams

/** A stream to an application as it is asked for; whom it is about the hall knows itself. */
export interface StreamSpec extends Omit<StreamWish, 'about'> {
  /** Tells several on one call apart. */
  readonly name?: string
  readonly notes?: Notes
}

/** Where each direction of a call is copied to as RTP; null: nowhere. */
export interface ForkSpec {
  readonly inbound: Address | null
  readonly outbound: Address | null
}

/** What listens to a call from outside. `started`: its connection stands, and was told of. */
export type Stream =
  | { readonly id: StreamId; readonly type: 'web-socket'; readonly spec: StreamSpec; readonly started: boolean }
  | { readonly id: StreamId; readonly type: 'fork'; readonly spec: ForkSpec; readonly started: boolean }

// ---- transcriptions

/** What of a call is made text of, and by whom. Holds a secret: never stored. */
export interface TranscriptionSpec {
  readonly track: 'inbound' | 'outbound' | 'both'
  readonly wish: RecogniseWish
  readonly notes?: Notes
}

/** A transcription that runs, or ran. */
export interface Transcription {
  readonly id: TranscriptionId
  readonly track: TranscriptionSpec['track']
  /** Null: whichever is spoken. */
  readonly language: string | null
  readonly notes: Notes
}

// ---- conferences

export type BeepWhen = 'never' | 'always' | 'on-enter' | 'on-exit'
export type Role = 'ordinary' | 'monitor' | 'whisper'

export interface JoinOptions {
  readonly muted: boolean
  readonly held: boolean
  readonly holdAudio: AudioSource | null
  /** Null: as the conference says. */
  readonly beep: BeepWhen | null
  readonly startOnEnter: boolean
  /** Leaving ends the conference: `hang-up` everyone, `park` everyone, or not at all. */
  readonly endOnExit: 'no' | 'hang-up' | 'park'
  readonly role: Role
  readonly whisperTo: readonly CallId[]
  readonly label: string | null
}

/** A participant like any other. */
export const ordinaryJoin: JoinOptions = {
  muted: false,
  held: false,
  holdAudio: null,
  beep: null,
  startOnEnter: false,
  endOnExit: 'no',
  role: 'ordinary',
  whisperTo: [],
  label: null,
}

export interface Participant {
  readonly id: ParticipantId
  readonly call: CallId
  readonly joinedAtWallMs: number
  readonly updatedAtWallMs: number
  readonly muted: boolean
  readonly held: boolean
  readonly holdAudio: AudioSource | null
  readonly beep: BeepWhen | null
  readonly endOnExit: 'no' | 'hang-up' | 'park'
  readonly role: Role
  readonly whisperTo: readonly CallId[]
  readonly label: string | null
  /** Whether a room that waits may begin with it. */
  readonly startOnEnter: boolean
}

/** How a room is made. */
export interface RoomPlan {
  /** Made by whoever asks; absent: made here. */
  readonly id?: ConferenceId
  readonly name: string
  readonly beep: BeepWhen
  readonly maxParticipants: number
  readonly startOnCreate: boolean
  /** A room that waits begins with this many, one of whom may start it; absent: as soon as one may. */
  readonly startWith?: number
  readonly holdAudio: AudioSource | null
  readonly durationMs: number
  readonly notes: Notes
}

export interface Conference {
  readonly id: ConferenceId
  readonly account: AccountId
  readonly application: ApplicationId
  readonly name: string
  /** The call that made it; its application is told of everything. */
  readonly owner: CallId
  readonly ownerGroup: CallGroupId
  readonly state: 'waiting' | 'running' | 'ended'
  readonly beep: BeepWhen
  readonly maxParticipants: number
  readonly startWith: number
  readonly holdAudio: AudioSource | null
  readonly participants: readonly Participant[]
  readonly createdAtWallMs: number
  readonly updatedAtWallMs: number
  readonly expiresAtWallMs: number
  readonly endedAtWallMs: number | null
  readonly endReason: ConferenceEndReason | null
  readonly endedBy: CallId | null
  readonly notes: Notes
}

export type ConferenceEndReason = 'all-left' | 'host-left' | 'time-exceeded' | 'command'

// ---- queues

/** Calls that wait to be bridged, first come first. Its entries have rows of their own. */
export interface Queue {
  readonly id: QueueId
  readonly account: AccountId
  readonly name: string
  readonly maxSize: number
  /** Forgotten some time after it emptied: for queues that a call brought into being. */
  readonly ephemeral: boolean
  /** Head first. */
  readonly entries: readonly QueueEntry[]
  readonly createdAtWallMs: number
  readonly updatedAtWallMs: number
}

/** One call's place in a queue. It outlives the call when it is to be kept after a hang-up. */
export interface QueueEntry {
  readonly call: CallId
  readonly group: CallGroupId
  readonly application: ApplicationId
  readonly from: string
  readonly to: string
  readonly enqueuedAtWallMs: number
  /** Unix milliseconds; null: it waits without limit. */
  readonly untilWallMs: number | null
  readonly keepAfterHangup: boolean
  /** False once the call is over. */
  readonly alive: boolean
}

/** Why a call left its queue. `bridging`: the other side of the bridge is not answered yet. */
export type QueueLeaveReason = 'bridged' | 'bridging' | 'hang-up' | 'leave' | 'timeout'
