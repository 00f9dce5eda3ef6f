// What is left of one's money (AC-02): nothing is charged here.

import type { AnyRoute } from '#http/route.ts'
import type { TwilioActor } from '../doors.ts'
import { A, route } from '../route.ts'
import { sid } from '../spelling.ts'

export function balanceRoutes(): readonly AnyRoute<TwilioActor>[] {
  return [
    route<unknown>({
      method: 'GET',
      path: `${A}/Balance`,
      summary: 'Look up the balance',
      handler: async ({ actor }) => ({
        status: 200,
        json: { account_sid: sid('account', actor.account), balance: '0.00', currency: 'USD' },
      }),
    }),
  ]
}
