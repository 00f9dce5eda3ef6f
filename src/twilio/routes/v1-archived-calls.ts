// Calls of the past, by their day (V1-05). There is one memory of calls here: what leaves the archive leaves the list.

import type { AnyRoute } from '#http/route.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { errors, fail } from '../errors.ts'
import { findCall, forgetCall } from '../finding-calls.ts'
import { route } from '../route.ts'

export function archivedCallRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  return [
    route<unknown>({
      method: 'DELETE',
      path: '/Archives/:date/Calls/:sid',
      summary: 'Forget a call of a day',
      handler: async ({ actor, params, path }) => {
        const found = await findCall(doors, actor.account, params.sid, path)
        if (!found.ok) return fail(found.error)
        if (dayOf(Date.parse(params.date ?? '')) !== dayOf(found.value.createdAtWallMs))
          return fail(errors.notFound(path))
        const gone = await forgetCall(doors, found.value)
        return gone.ok ? { status: 204 } : fail(gone.error)
      },
    }),
  ]
}

/** A day of UTC. Its official client takes a Date for it and sends that as it prints itself. */
function dayOf(wallMs: number): string | null {
  return Number.isNaN(wallMs) ? null : new Date(Math.floor(wallMs)).toISOString().slice(0, 10)
}
