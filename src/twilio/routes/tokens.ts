// Tokens for traversing NATs (TOK-01). This switch is on a public address itself: there is no relay, so no server is named.

import { z } from 'zod'
import type { AnyRoute } from '#http/route.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { whole } from '../fields.ts'
import { A, route } from '../route.ts'
import { restTime, sid } from '../spelling.ts'

const DEFAULT_TTL_SECS = 86_400
const NAME_OCTETS = 32

export function tokenRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const random = (): string => Buffer.from(doors.chance.bytes(NAME_OCTETS)).toString('hex')
  return [
    route({
      method: 'POST',
      path: `${A}/Tokens`,
      summary: 'Make a token for ICE',
      body: z.object({ Ttl: whole(1, DEFAULT_TTL_SECS).optional() }),
      handler: async ({ actor, body }) => {
        const now = restTime(doors.clock.wallMs())
        return {
          status: 201,
          json: {
            account_sid: sid('account', actor.account),
            username: random(),
            password: random(),
            ttl: String(body.Ttl ?? DEFAULT_TTL_SECS),
            ice_servers: [],
            date_created: now,
            date_updated: now,
          },
        }
      },
    }),
  ]
}
