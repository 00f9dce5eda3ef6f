// Commands this API has and this switch does not build yet: a clear error, not a 404 that looks like a typing mistake.

import type { AnyRoute } from '#http/route.ts'
import { fail } from '../commander.ts'
import type { TelnyxActor } from '../doors.ts'
import { errors } from '../errors.ts'
import { route } from '../route.ts'

const callActions = [
  'gather_using_ai',
  'ai_assistant_start',
  'ai_assistant_stop',
  'ai_assistant_join',
  'ai_assistant_add_messages',
  'conversation_relay_start',
  'conversation_relay_stop',
  'pay',
]

export function unsupportedRoutes(): readonly AnyRoute<TelnyxActor>[] {
  return [
    ...callActions.map((action) =>
      route<unknown>({
        method: 'POST',
        path: `/calls/:call_control_id/actions/${action}`,
        summary: `${action} (not built)`,
        handler: async () => fail(errors.notSupported(`The command ${action}`)),
      }),
    ),
    route<unknown>({
      method: 'POST',
      path: '/conferences/:conference_id/actions/dial_participant',
      summary: 'dial_participant (not built)',
      handler: async () => fail(errors.notSupported('The command dial_participant')),
    }),
  ]
}
