// Calls copied to a recording server (telnyx-voice §12.11): siprec_start and siprec_stop.

import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import type { AccountId, CallId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { RecordingSpec } from '#calls/model.ts'
import type { AnyRoute } from '#http/route.ts'
import { flag, text, whole } from '#http/schema.ts'
import type { Header } from '#legs/leg.ts'
import { type Commander, fail } from '../commander.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { type ApiError, errors } from '../errors.ts'
import { cs } from '../fields.ts'
import { route } from '../route.ts'
import { callControlId, uuid } from '../spelling.ts'
import { runOnCall } from './on-call.ts'
import { connectorNamed } from './siprec-connectors.ts'

/** Where SIP over TLS lives; `secure` wants it nowhere else. */
const SECURE_PORT = 5061
const LEAST_TIMEOUT_S = 90
const DEFAULT_TIMEOUT_S = 1800

const track = z.enum(['inbound_track', 'outbound_track', 'both_tracks', 'inbound', 'outbound', 'both'])

const startBody = z.object({
  ...cs,
  connector_name: text(100, 1).optional(),
  include_metadata_custom_headers: flag.optional(),
  secure: flag.optional(),
  session_timeout_secs: whole(0, 2 ** 31 - 1)
    .refine((value) => value === 0 || value >= LEAST_TIMEOUT_S, { message: `0, or at least ${LEAST_TIMEOUT_S}` })
    .optional(),
  sip_transport: z.enum(['udp', 'tcp', 'tls']).optional(),
  siprec_track: track.optional(),
  // A guide of the API calls it so (telnyx-voice §14.4).
  direction: track.optional(),
})
type StartFields = z.infer<typeof startBody>

export function siprecCommandRoutes(doors: TelnyxDoors, commander: Commander): readonly AnyRoute<TelnyxActor>[] {
  return [
    route({
      method: 'POST',
      path: '/calls/:call_control_id/actions/siprec_start',
      summary: 'Record to a SIPREC server',
      body: startBody,
      handler: (request) =>
        runOnCall(commander, request, (call) => {
          const { body, actor } = request
          const connector = connectorOf(doors, actor.account, body.connector_name)
          if (!connector.ok) return fail(connector.error)
          const spec = specOf(connector.value, body, parametersOf(doors, actor.account, call))
          return spec.ok ? { command: { type: 'begin-recording-session', call, spec: spec.value } } : fail(spec.error)
        }),
    }),
    route({
      method: 'POST',
      path: '/calls/:call_control_id/actions/siprec_stop',
      summary: 'Record to a SIPREC server no more',
      body: z.object(cs),
      handler: (request) =>
        runOnCall(commander, request, (call) => ({ command: { type: 'end-recording-session', call, name: null } })),
    }),
  ]
}

type Connector = Entry<'siprec-connector'>

/** The named connector; an account that has one only need not name it. */
function connectorOf(doors: TelnyxDoors, account: AccountId, name: string | undefined): Result<Connector, ApiError> {
  const all = doors.register.book.list(account, 'siprec-connector')
  if (name === undefined) return all.length === 1 ? ok(all[0]!) : err(errors.missing('/connector_name'))
  const found = connectorNamed(all, name)
  return found === null ? err(errors.notFound(`The SIPREC connector '${name}'`)) : ok(found)
}

function specOf(connector: Connector, body: StartFields, about: readonly Header[]): Result<RecordingSpec, ApiError> {
  const { name, host, port } = connector.fields
  const secure = body.secure ?? false
  if (secure && port !== SECURE_PORT)
    return err(
      errors.unprocessable('/secure', `secure needs a connector with port ${SECURE_PORT}; '${name}' has ${port}.`),
    )
  const inMetadata = body.include_metadata_custom_headers ?? false
  const timeoutS = body.session_timeout_secs ?? DEFAULT_TIMEOUT_S
  const tracks = (body.siprec_track ?? body.direction ?? 'both').replace(/_tracks?$/, '')
  return ok({
    name,
    server: { host, port, transport: secure ? 'tls' : (body.sip_transport ?? 'udp') },
    secure,
    track: tracks as RecordingSpec['track'],
    intervalS: timeoutS === 0 ? null : timeoutS,
    headers: inMetadata ? [] : about,
    parameters: inMetadata ? about : [],
  })
}

/** What the recorder is told beside who takes part: the call's ids, and what its own INVITE carried. */
function parametersOf(doors: TelnyxDoors, account: AccountId, id: CallId): readonly Header[] {
  const call = doors.engine.call(account, id)
  if (call === null) return []
  return [
    { name: 'X-Call-Control-Id', value: callControlId(call.id) },
    { name: 'X-Call-Leg-Id', value: uuid(call.id) },
    { name: 'X-Call-Session-Id', value: uuid(call.group) },
    ...call.headers.filter(({ name }) => /^x-/i.test(name)),
  ]
}
