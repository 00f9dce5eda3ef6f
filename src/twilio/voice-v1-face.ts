// Voice v1 (twilio-voice §7.7): what its SDK reaches under `client.voice`, below /v1.

import { err } from '#base/result.ts'
import type { AnyRoute, Mount } from '#http/route.ts'
import { authenticate } from './authentication.ts'
import type { TwilioActor, TwilioDoors } from './doors.ts'
import { fail } from './errors.ts'
import { failures } from './failures.ts'
import { metering } from './metering.ts'
import { archivedCallRoutes } from './routes/v1-archived-calls.ts'
import { carrierTrunkRoutes } from './routes/v1-carrier-trunks.ts'
import { dialingPermissionRoutes } from './routes/v1-dialing-permissions.ts'
import { ipRecordRoutes } from './routes/v1-ip-records.ts'
import { V1 } from './v1.ts'

/** Everything below `/v1`: JSON only, no endings (FMT-06). */
export function voiceV1Mount(doors: TwilioDoors): Mount<TwilioActor> {
  const routes: readonly AnyRoute<TwilioActor>[] = [
    ...carrierTrunkRoutes(doors),
    ...ipRecordRoutes(doors),
    ...dialingPermissionRoutes(doors),
    ...archivedCallRoutes(doors),
  ]
  return {
    prefix: V1,
    routes,
    authenticate: async (head) => {
      const actor = authenticate(doors.register, head)
      return actor.ok ? actor : err(fail(actor.error))
    },
    meter: metering(doors),
    ...failures(V1, routes),
  }
}
