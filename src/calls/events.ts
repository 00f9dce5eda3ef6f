// What the hall tells: facts, in order, each with the records as they stood. A language's translator turns a fact into
// its own words inside the transaction that stores it.

import type { AnswererResult } from '#audio/answerer.ts'
import type { CallId, RecordingTranscriptionId } from '#base/ids.ts'
import type { Heard } from '#base/recogniser.ts'
import type { Header } from '#legs/leg.ts'
import type { StreamFailure } from '#media/protocol.ts'
import type { GatherSpec } from './commands.ts'
import type {
  Call,
  CallEnd,
  Conference,
  ConferenceEndReason,
  Participant,
  Playback,
  PlaybackStatus,
  Queue,
  QueueLeaveReason,
  Recording,
  RecordingSession,
  Stream,
  Transcription,
} from './model.ts'

export type GatherStatus = 'valid' | 'invalid' | 'timeout' | 'cancelled' | 'machine-detected' | 'call-ended'

/** The fact itself; `call` is the record after it happened. */
export type Fact =
  | { readonly type: 'call.initiated'; readonly call: Call }
  | { readonly type: 'call.ringing'; readonly call: Call }
  /** `headers`: custom ones of the answer, of outgoing calls. */
  | { readonly type: 'call.answered'; readonly call: Call; readonly headers: readonly Header[] }
  | { readonly type: 'call.bridged'; readonly call: Call; readonly peer: CallId }
  /** Its bridge is no more: the other side is over, or one of the two was taken elsewhere. */
  | {
      readonly type: 'call.unbridged'
      readonly call: Call
      readonly peer: CallId
      readonly because: 'peer-ended' | 'moved'
    }
  | { readonly type: 'call.ended'; readonly call: Call }
  /** The far party put us on hold or took us back (SIP re-INVITE). */
  | { readonly type: 'call.held'; readonly call: Call }
  | { readonly type: 'call.unheld'; readonly call: Call }
  | { readonly type: 'call.digit'; readonly call: Call; readonly digit: string; readonly durationMs: number }
  /** The far party sent a SIP INFO that is no digit. */
  | { readonly type: 'call.info'; readonly call: Call; readonly contentType: string; readonly body: string }
  /** We asked the far party to call somebody else: it took the order, it got there (2xx), or it did not. */
  | {
      readonly type: 'call.refer.started' | 'call.refer.completed' | 'call.refer.failed'
      readonly call: Call
      readonly status: number
      /** What the far party told last of the call it made, if anything. */
      readonly notified: number | null
    }
  /**
   * Its telephone wants `peer` connected with somebody else. Only where the application's language is asked (doors.ts), which
   * answers by `report-transfer`.
   */
  | {
      readonly type: 'call.transfer-wanted'
      readonly call: Call
      readonly peer: CallId
      readonly referral: number
      /** As the telephone wrote it (Refer-To). */
      readonly to: string
    }
  | { readonly type: 'playback.started'; readonly call: Call; readonly playback: Playback }
  /** Who answered. `spokenMs`: how much was said until that was clear. */
  | {
      readonly type: 'answerer.detected'
      readonly call: Call
      readonly result: AnswererResult
      readonly spokenMs: number
    }
  /** A machine's greeting is over, or was waited for in vain. */
  | {
      readonly type: 'answerer.greeting-ended'
      readonly call: Call
      readonly how: 'beep' | 'silence' | 'timeout'
    }
  | {
      readonly type: 'playback.ended'
      readonly call: Call
      readonly playback: Playback
      readonly status: PlaybackStatus
      readonly detail: string | null
    }
  | {
      readonly type: 'gather.ended'
      readonly call: Call
      readonly gather: GatherSpec
      readonly digits: string
      readonly status: GatherStatus
    }
  /** It writes what it hears from now on. */
  | {
      readonly type: 'recording.started'
      readonly call: Call | null
      readonly conference: Conference | null
      readonly recording: Recording
    }
  | {
      readonly type: 'recording.saved'
      readonly call: Call | null
      readonly conference: Conference | null
      readonly recording: Recording
    }
  | {
      readonly type: 'recording.failed'
      readonly call: Call | null
      readonly conference: Conference | null
      readonly recording: Recording
    }
  /** A recording server takes the call's copy. */
  | { readonly type: 'recording-session.started'; readonly call: Call; readonly session: RecordingSession }
  /** It does so no more, or never did. */
  | {
      readonly type: 'recording-session.stopped' | 'recording-session.failed'
      readonly call: Call
      readonly session: RecordingSession
      readonly cause: CallEnd['cause']
    }
  | {
      readonly type: 'transcription.started' | 'transcription.stopped'
      readonly call: Call
      readonly transcription: Transcription
    }
  /** Its recogniser cannot go on. */
  | {
      readonly type: 'transcription.failed'
      readonly call: Call
      readonly transcription: Transcription
      readonly reason: string
    }
  /** Something that was said, as text. */
  | {
      readonly type: 'call.transcribed'
      readonly call: Call
      readonly transcription: Transcription
      readonly track: 'inbound' | 'outbound'
      readonly heard: Heard
    }
  | { readonly type: 'stream.started' | 'stream.stopped'; readonly call: Call; readonly stream: Stream }
  | { readonly type: 'stream.failed'; readonly call: Call; readonly stream: Stream; readonly failure: StreamFailure }
  /** No text could be made of it. */
  | {
      readonly type: 'recording.untranscribed'
      readonly call: Call | null
      readonly conference: Conference | null
      readonly recording: Recording
      readonly transcription: { readonly id: RecordingTranscriptionId }
    }
  | {
      readonly type: 'recording.transcribed'
      readonly call: Call | null
      readonly conference: Conference | null
      readonly recording: Recording
      readonly transcription: { readonly id: RecordingTranscriptionId; readonly text: string }
    }
  /** `position` from 1; the mean wait is of those in the queue at that moment. */
  | {
      readonly type: 'queue.entered'
      readonly call: Call
      readonly queue: Queue
      readonly position: number
      readonly meanWaitMs: number
    }
  | {
      readonly type: 'queue.left'
      readonly call: Call
      readonly queue: Queue
      readonly reason: QueueLeaveReason
      /** Where it stood, from 1. */
      readonly position: number
      readonly waitMs: number
    }
  /** Who speaks now. */
  | { readonly type: 'conference.floor'; readonly conference: Conference; readonly call: Call }
  | { readonly type: 'conference.created'; readonly conference: Conference; readonly call: Call }
  | {
      readonly type: 'conference.joined'
      readonly conference: Conference
      readonly call: Call
      readonly participant: Participant
    }
  /** Nobody waits in it any more: it was made without beginning at once. */
  | { readonly type: 'conference.started'; readonly conference: Conference; readonly call: Call }
  /** A participant was muted, held, or given another part. */
  | {
      readonly type: 'conference.changed'
      readonly conference: Conference
      readonly call: Call
      readonly participant: Participant
      readonly before: Participant
    }
  | {
      readonly type: 'conference.left'
      readonly conference: Conference
      readonly call: Call
      readonly participant: Participant
    }
  | {
      readonly type: 'conference.ended'
      readonly conference: Conference
      readonly call: Call
      readonly reason: ConferenceEndReason
    }
  /** `call` null: heard by the whole room. */
  | {
      readonly type: 'conference.playback.started'
      readonly conference: Conference
      readonly call: Call | null
      readonly playback: Playback
    }
  | {
      readonly type: 'conference.playback.ended'
      readonly conference: Conference
      readonly call: Call | null
      readonly playback: Playback
      readonly status: PlaybackStatus
      readonly detail: string | null
    }

export type FactType = Fact['type']

/** Whether it is to be seen: what is told of an unlisted call is for whoever commands it, and nobody else. */
export function isListed(fact: Fact): boolean {
  return !('call' in fact) || fact.call?.unlisted !== true
}

/** A fact with what delivery needs to know. */
export interface EngineEvent {
  readonly fact: Fact
  /** Facts of one lane are told in this order. A call's facts are in the lane named by its id, room-wide ones in the conference's. */
  readonly lane: string
  /** From 1, without gaps, per lane. */
  readonly sequence: number
  /** Unix milliseconds with a fraction. */
  readonly atWallMs: number
}
