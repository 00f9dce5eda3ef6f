// A call as REST shows it (CALL-08, CALL-09, TYP-01): everything is text or null.

import type { Call } from '#calls/model.ts'
import { type CallStatus, callStatus, direction, durationS } from './call-status.ts'
import { notesOf } from './notes.ts'
import { bareUri } from './parameters.ts'
import { API_VERSION, restTime, restTimeOrNull, sid, uri } from './spelling.ts'

const SUBRESOURCES = {
  events: 'Events',
  notifications: 'Notifications',
  payments: 'Payments',
  recordings: 'Recordings',
  siprec: 'Siprec',
  streams: 'Streams',
  transcriptions: 'Transcriptions',
  user_defined_message_subscriptions: 'UserDefinedMessageSubscriptions',
  user_defined_messages: 'UserDefinedMessages',
} as const

/** @param status of a call that was created just now: `queued`, whatever it did since (ST-01) */
export function callResource(call: Call, status: CallStatus = callStatus(call)): object {
  const notes = notesOf(call)
  const to = notes.to ?? bareUri(call.to)
  const from = notes.from ?? bareUri(call.from)
  const self = ['Calls', sid('call', call.id)] as const
  return {
    sid: sid('call', call.id),
    date_created: restTime(call.createdAtWallMs),
    date_updated: restTime(call.endedAtWallMs ?? call.answeredAtWallMs ?? call.createdAtWallMs),
    parent_call_sid: notes.parent === undefined ? null : sid('call', notes.parent),
    account_sid: sid('account', call.account),
    to,
    to_formatted: formatted(to),
    from,
    from_formatted: formatted(from),
    phone_number_sid: null,
    status,
    start_time: status === 'queued' ? null : restTime(call.answeredAtWallMs ?? call.createdAtWallMs),
    end_time: restTimeOrNull(call.endedAtWallMs),
    duration: call.state === 'ended' && call.answeredAtWallMs !== null ? String(durationS(call)) : null,
    price: null,
    price_unit: 'USD',
    direction: direction(call, notes.parent ?? null),
    answered_by: notes.answeredBy ?? null,
    api_version: API_VERSION,
    forwarded_from: null,
    group_sid: null,
    caller_name: call.fromName,
    queue_time: String(notes.queueTimeMs ?? 0),
    trunk_sid: null,
    annotation: null,
    uri: uri(call.account, ...self),
    subresource_uris: Object.fromEntries(
      Object.entries(SUBRESOURCES).map(([name, path]) => [name, uri(call.account, ...self, path)]),
    ),
  }
}

/** `+15550100123` as Americans write it; anything else as it is. */
function formatted(address: string): string {
  const parts = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(address)
  return parts === null ? address : `(${parts[1]}) ${parts[2]}-${parts[3]}`
}
