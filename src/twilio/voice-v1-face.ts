// Voice v1 (twilio-voice §7.7): what its SDK reaches under `client.voice`, below /v1.

import { err } from '#base/result.ts'
import { RequestRate } from '#http/request-rate.ts'
import type { AnyRoute, Mount } from '#http/route.ts'
import { authenticate } from './authentication.ts'
import type { TwilioActor, TwilioDoors } from './doors.ts'
import { errors, fail } from './errors.ts'
import { failures } from './failures.ts'
import { archivedCallRoutes } from './routes/v1-archived-calls.ts'
import { carrierTrunkRoutes } from './routes/v1-carrier-trunks.ts'
import { dialingPermissionRoutes } from './routes/v1-dialing-permissions.ts'
import { ipRecordRoutes } from './routes/v1-ip-records.ts'
import { V1 } from './v1.ts'

/** Everything below `/v1`: JSON only, no endings (FMT-06). */
export function voiceV1Mount(doors: TwilioDoors): Mount<TwilioActor> {
  const rate = new RequestRate(doors.clock, doors.requestsPerSecond)
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
    meter: ({ owner }) => {
      const allowance = rate.take(owner)
      const refused = allowance !== null && !allowance.allowed
      return { headers: {}, refusal: refused ? fail(errors.tooMany(allowance.resetSecs)) : null }
    },
    ...failures(V1, routes),
  }
}
