// What this language remembers with a call (stored with it, never read by the engine).

import type { CallId } from '#base/ids.ts'
import type { Parameters } from './signature.ts'
import type { Document, StatusTarget, Target } from './twiml/verbs.ts'

/** Where a call that was made over REST takes its first document from. */
export type Instructions =
  | { readonly type: 'url'; readonly target: Target; readonly fallback: Target | null }
  | { readonly type: 'inline'; readonly twiml: string }
  /** Made here: participants are dialled into their conference by one. */
  | { readonly type: 'document'; readonly document: Document }

export interface TwilioNotes {
  /** The call whose Dial made this one. */
  readonly parent?: CallId
  /** Who is told how it goes (twilio-voice §5.4). */
  readonly progress?: StatusTarget
  readonly instructions?: Instructions
  /** The call that this one leads to, and that is seen in its place (APP-01). */
  readonly shownAs?: CallId
  /** What its first document is asked for with, besides the standard parameters. */
  readonly firstParameters?: Parameters
  /** As it was asked for, where the record cannot say it: `client:alice`, a SIP address without its headers. */
  readonly to?: string
  readonly from?: string
  /** The document waits for the verdict on who answered (WH-50). */
  readonly waitForVerdict?: 'verdict' | 'message-end'
  /** Asynchronously: a machine is told of only once its greeting is over. */
  readonly verdictToTheEnd?: boolean
  /** For a recording that begins with the answer. */
  readonly recording?: RecordingNotes
  /** Told of the verdict by itself (WH-51). */
  readonly verdictCallback?: Target
  /** What the verdict was. */
  readonly answeredBy?: string
  readonly verdictMs?: number
  /** Of the answer or the refusal, for the Dial's action (DACT-08). */
  /** ST-06: how long it was to wait. */
  readonly queueTimeMs?: number
}

/** The notes of a call as this language wrote them. */
export function notesOf(call: { readonly notes: Readonly<Record<string, unknown>> }): TwilioNotes {
  return call.notes as TwilioNotes
}

/** The id that a call is known by to customers. */
export function shownId(call: { readonly id: CallId; readonly notes: Readonly<Record<string, unknown>> }): CallId {
  return notesOf(call).shownAs ?? call.id
}

/** What this language remembers with a recording. */
export interface RecordingNotes {
  readonly source:
    | 'DialVerb'
    | 'Conference'
    | 'OutboundAPI'
    | 'RecordVerb'
    | 'StartCallRecordingAPI'
    | 'StartCallRecordingTwiML'
    | 'StartConferenceRecordingAPI'
  readonly callback?: StatusTarget
  /** Told of what was said in it (REC-08). */
  readonly transcribeCallback?: string
  /** Told of a room's recording in the old words (CSE-07). */
  readonly eventCallbackUrl?: string
}

/** What this language remembers with a conference: the first to join says it (CONF-14). */
export interface ConferenceNotes {
  readonly callback?: StatusTarget
  readonly recordingCallback?: StatusTarget
  /** Recorded from its beginning. */
  readonly record?: { readonly trim: boolean }
  readonly eventCallbackUrl?: string
  readonly region?: string
}
