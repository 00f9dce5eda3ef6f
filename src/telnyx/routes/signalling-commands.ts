// Commands that travel in signalling alone (telnyx-voice §11.1): refer (§12.15) and SIP INFO.

import { z } from 'zod'
import type { AnyRoute } from '#http/route.ts'
import type { Commander } from '../commander.ts'
import type { TelnyxActor } from '../doors.ts'
import { cs, sipAuth, sipx } from '../fields.ts'
import { MAX_SIP_INFO_OCTETS } from '../limits.ts'
import { readHeaders, readSipAuth } from '../reading.ts'
import { route } from '../route.ts'
import { runOnCall } from './on-call.ts'

const sipAddress = z
  .string()
  .max(1000)
  .regex(/^(sips?|tel):[^\s<>"]+$/i, 'a SIP URI like sip:user@host')
const mimeType = z
  .string()
  .max(200)
  .regex(/^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+(\s*;[\x20-\x7e]*)?$/i, 'a MIME type')

export function signallingCommandRoutes(commander: Commander): readonly AnyRoute<TelnyxActor>[] {
  return [
    route({
      method: 'POST',
      path: '/calls/:call_control_id/actions/refer',
      summary: 'Ask the far end to call somebody else (SIP REFER)',
      body: z.object({ ...cs, ...sipx, ...sipAuth, sip_address: sipAddress }),
      handler: (request) =>
        runOnCall(commander, request, (call) => ({
          command: {
            type: 'refer',
            call,
            to: request.body.sip_address,
            headers: readHeaders(request.body),
            auth: readSipAuth(request.body),
          },
        })),
    }),
    route({
      method: 'POST',
      path: '/calls/:call_control_id/actions/send_sip_info',
      summary: 'Send a SIP INFO',
      body: z.object({
        ...cs,
        content_type: mimeType,
        body: z.string().refine((value) => Buffer.byteLength(value, 'utf8') <= MAX_SIP_INFO_OCTETS, {
          message: `at most ${MAX_SIP_INFO_OCTETS} bytes`,
        }),
      }),
      handler: (request) =>
        runOnCall(commander, request, (call) => ({
          command: { type: 'send-info', call, contentType: request.body.content_type, body: request.body.body },
        })),
    }),
  ]
}
