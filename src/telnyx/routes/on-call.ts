// What every command on the call of the path shares: its id, its notes, its `command_id`.

import type { Call } from '#calls/model.ts'
import type { Reply, RouteRequest } from '#http/route.ts'
import { type Commander, fail, type Order } from '../commander.ts'
import type { TelnyxActor } from '../doors.ts'
import { type NoteFields, readNotes } from '../reading.ts'
import { resolveCall } from '../resolve.ts'

interface CommandFields extends NoteFields {
  readonly command_id?: string | undefined
}

/** Runs an order for the call in the path; the call's id and notes are filled in. */
export async function runOnCall<Body extends CommandFields>(
  commander: Commander,
  request: RouteRequest<TelnyxActor, Body>,
  order: (call: Call['id']) => Omit<Order, 'commandId' | 'scope'> | Reply,
): Promise<Reply> {
  const call = resolveCall(request.params.call_control_id)
  if (!call.ok) return fail(call.error)
  const made = order(call.value)
  if ('status' in made) return made
  return commander.run(request, {
    notes: (record) => readNotes(record.notes, request.body),
    ...made,
    commandId: request.body.command_id,
    scope: call.value,
  })
}
