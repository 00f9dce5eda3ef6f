// How calls stand in this language's words (twilio-voice §9): the status of the resource and of callbacks, and the table from
// a SIP outcome to a status (§9.1), which is told here and nowhere else.

import type { Call, CallEnd } from '#calls/model.ts'
import { notesOf } from './notes.ts'

export type EndStatus = 'completed' | 'busy' | 'no-answer' | 'failed' | 'canceled'
export type CallStatus = 'queued' | 'ringing' | 'in-progress' | EndStatus

/** ST-01, ST-02: what REST and every request but the call progress callbacks say. */
export function callStatus(call: Call): CallStatus {
  switch (call.state) {
    case 'ringing-in':
      return 'ringing'
    case 'dialing-out':
      return waits(call) ? 'queued' : 'ringing'
    case 'answered':
      return 'in-progress'
    case 'ended':
      return endStatus(call)
  }
}

/** ST-06: nobody has been called for it yet. */
export function waits(call: Call): boolean {
  return (notesOf(call).queueTimeMs ?? 0) > 0 && call.sipCallId === null
}

/** Of a call that is over (§9.1). */
export function endStatus(call: Call): EndStatus {
  if (call.answeredAtWallMs !== null) return 'completed'
  const { end } = call
  if (end === null) return 'failed'
  if (call.direction === 'incoming') return missed(end)
  return unanswered(end)
}

/** ST-02: a rejected caller hears busy or nobody; one that gives up was not answered. */
function missed(end: CallEnd): EndStatus {
  switch (end.cause) {
    case 'busy':
      return 'busy'
    case 'failed':
    case 'not-found':
      return 'failed'
    default:
      return 'no-answer'
  }
}

function unanswered(end: CallEnd): EndStatus {
  switch (end.cause) {
    case 'busy':
    case 'rejected':
      // 486, 600 and 603 are busy; a refusal for any other reason failed.
      return end.sipStatus === null || [486, 600, 603].includes(end.sipStatus) ? 'busy' : 'failed'
    case 'ring-timeout':
      return 'no-answer'
    case 'no-answer':
      return silent(end)
    case 'cancelled':
      return 'canceled'
    default:
      return end.sipStatus === 408 || end.sipStatus === 480 ? silent(end) : 'failed'
  }
}

/** 408 and 480 from the far side are no answer; our own 408 for a peer that said nothing at all is a failure. */
function silent(end: CallEnd): EndStatus {
  return end.by === 'network' ? 'failed' : 'no-answer'
}

/** SipResponseCode and DialSipResponseCode (CPE-09, DACT-07): how the INVITE ended. */
export function sipResponseCode(call: Call): number {
  if (call.answeredAtWallMs !== null) return 200
  const { end } = call
  if (end === null) return 503
  if (end.cause === 'ring-timeout' || end.cause === 'cancelled') return 487
  return end.sipStatus ?? (end.by === 'network' ? 408 : 503)
}

/** Seconds it was answered, rounded up to a whole one when it lasted at all; 0: never answered. */
export function durationS(call: Call): number {
  if (call.answeredAtWallMs === null) return 0
  const untilWallMs = call.endedAtWallMs ?? call.answeredAtWallMs
  return Math.max(0, Math.round((untilWallMs - call.answeredAtWallMs) / 1000))
}

/** Billed minutes (CPE-08). */
export function minutes(call: Call): number {
  return Math.ceil(durationS(call) / 60)
}

/** `outbound-dial` for legs of a Dial, `outbound-api` for those of REST (STD-04). */
export function direction(call: Call, parent: string | null): 'inbound' | 'outbound-api' | 'outbound-dial' {
  if (call.direction === 'incoming') return 'inbound'
  return parent === null ? 'outbound-api' : 'outbound-dial'
}
