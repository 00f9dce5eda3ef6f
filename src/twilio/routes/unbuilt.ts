// What hangs below a call and is not built: payments (CALL-24) and messages of one's own to a client's program (CALL-25).
// Said as such, so that nobody looks for a misspelt path.

import type { AnyRoute } from '#http/route.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { errors, fail } from '../errors.ts'
import { findCall } from '../finding-calls.ts'
import { A, route } from '../route.ts'

const CALL = `${A}/Calls/:call_sid`

export const unbuilt = [
  { method: 'POST', path: `${CALL}/Payments`, what: 'Payments' },
  { method: 'POST', path: `${CALL}/Payments/:sid`, what: 'Payments' },
  { method: 'POST', path: `${CALL}/UserDefinedMessages`, what: 'User-defined messages' },
  { method: 'POST', path: `${CALL}/UserDefinedMessageSubscriptions`, what: 'User-defined messages' },
  { method: 'DELETE', path: `${CALL}/UserDefinedMessageSubscriptions/:sid`, what: 'User-defined messages' },
] as const

export function unbuiltRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  return unbuilt.map(({ method, path, what }) =>
    route<unknown>({
      method,
      path,
      summary: `Not supported: ${what.toLowerCase()} (501)`,
      handler: async (request) => {
        const call = await findCall(doors, request.actor.account, request.params.call_sid, request.path)
        return fail(call.ok ? errors.unsupported(what) : call.error)
      },
    }),
  )
}
