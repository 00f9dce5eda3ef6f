// Media streaming and forks (telnyx-voice §11.1, §12.12, §12.17): a call's audio to a WebSocket, and back; or as RTP to
// UDP addresses.

import { z } from 'zod'
import { err, ok, type Result } from '#base/result.ts'
import type { Address } from '#base/wire.ts'
import type { AnyRoute } from '#http/route.ts'
import { text } from '#http/schema.ts'
import { type Commander, fail } from '../commander.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { type ApiError, errors } from '../errors.ts'
import { cs } from '../fields.ts'
import { route } from '../route.ts'
import { readUuid, uuid } from '../spelling.ts'
import { readStream, readUdpTarget, streamFields } from '../streaming.ts'
import { unbuilt, unbuiltError } from '../unbuilt-fields.ts'
import { runOnCall } from './on-call.ts'

const target = text(100, 1).optional()

export function streamingRoutes(doors: TelnyxDoors, commander: Commander): readonly AnyRoute<TelnyxActor>[] {
  const start = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/streaming_start',
    summary: 'Stream the audio of a call to a WebSocket',
    body: z.object({ ...cs, ...streamFields, ...unbuilt }),
    handler: (request) =>
      runOnCall(commander, request, (call) => {
        const lacking = unbuiltError(request.body)
        if (lacking !== null) return fail(lacking)
        const spec = readStream(request.body)
        if (!spec.ok) return fail(spec.error)
        if (spec.value === null) return fail(errors.missing('/stream_url'))
        return {
          command: { type: 'start-stream', call, spec: spec.value },
          data: (accepted) => ({
            result: 'ok',
            ...(accepted.stream === null ? {} : { stream_id: uuid(accepted.stream.id) }),
          }),
        }
      }),
  })

  const stop = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/streaming_stop',
    summary: 'Stream no more',
    body: z.object({ ...cs, stream_id: z.uuid().optional() }),
    handler: (request) =>
      runOnCall(commander, request, (call) => {
        const { stream_id: named } = request.body
        return {
          command: { type: 'stop-stream', call, stream: named === undefined ? null : readUuid<'stream'>(named) },
        }
      }),
  })

  const forkStart = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/fork_start',
    summary: 'Copy the audio of a call as RTP',
    body: z.object({ ...cs, rx: target, tx: target, target, stream_type: z.enum(['raw', 'decrypted']).optional() }),
    handler: (request) =>
      runOnCall(commander, request, (call) => {
        const { rx, tx, target: both } = request.body
        if (rx === undefined && tx === undefined && both === undefined) return fail(errors.missing('/rx'))
        const inbound = readTarget(rx ?? both, rx === undefined ? '/target' : '/rx')
        if (!inbound.ok) return fail(inbound.error)
        const outbound = readTarget(tx ?? both, tx === undefined ? '/target' : '/tx')
        if (!outbound.ok) return fail(outbound.error)
        return { command: { type: 'fork', call, spec: { inbound: inbound.value, outbound: outbound.value } } }
      }),
  })

  const forkStop = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/fork_stop',
    summary: 'Copy no more',
    body: z.object({ ...cs, stream_type: z.enum(['raw', 'decrypted']).optional() }),
    handler: (request) => runOnCall(commander, request, (call) => ({ command: { type: 'stop-fork', call } })),
  })

  return [start, stop, forkStart, forkStop]

  function readTarget(text: string | undefined, pointer: string): Result<Address | null, ApiError> {
    if (text === undefined) return ok(null)
    const address = readUdpTarget(text)
    if (address === null)
      return err(errors.unprocessable(pointer, `'${text}' is not a target like udp:203.0.113.7:4000.`))
    const refusal = doors.refuseAddress(address.host)
    if (refusal === null) return ok(address)
    return err(
      errors.unprocessable(pointer, `${address.host} may not be sent to: ${refusal}. allow_private lists exceptions.`),
    )
  }
}
