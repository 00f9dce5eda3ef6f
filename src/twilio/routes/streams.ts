// Streams of a live call over REST (CALL-21): one-way, started and stopped by sid or by name.

import { z } from 'zod'
import type { Stream } from '#calls/model.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import { LANGUAGE, type TwilioActor, type TwilioDoors } from '../doors.ts'
import { errors, fail, refusalError } from '../errors.ts'
import { coded, method, numbered, text, url, word } from '../fields.ts'
import { MAX_STREAM_NAME_CHARACTERS, MAX_URL_CHARACTERS } from '../limits.ts'
import { A, route, type TwilioRequest } from '../route.ts'
import { readSid, restTime, sid, uri } from '../spelling.ts'
import { TRACKS } from '../stream-order.ts'
import { STREAM_COMPANY, STREAM_HANDSHAKE, streamProblem, streamSpec } from '../streams.ts'

const createBody = z.looseObject({
  Url: text(MAX_URL_CHARACTERS, 1, coded(STREAM_HANDSHAKE, 'Url is required.')),
  Name: text(MAX_STREAM_NAME_CHARACTERS).optional(),
  Track: word(TRACKS).optional(),
  StatusCallback: url(21609).optional(),
  StatusCallbackMethod: method().optional(),
})

export const stopBody = z.object({ Status: word(['stopped']) })

export function streamRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const actorOf = ({ account }: TwilioActor) => ({ account, language: LANGUAGE })

  const create = async (request: TwilioRequest<z.infer<typeof createBody>>): Promise<Reply> => {
    const { actor, body } = request
    const call = readSid<'call'>('call', request.params.call_sid)
    if (call === null) return fail(errors.notFound(request.path))
    const order = {
      url: body.Url,
      name: body.Name || null,
      track: body.Track ?? 'inbound_track',
      statusCallback:
        body.StatusCallback == null ? null : { url: body.StatusCallback, method: body.StatusCallbackMethod ?? 'POST' },
      parameters: numbered(body),
    } as const
    const problem = streamProblem(order)
    if (problem !== null) return fail(errors.coded(400, problem.code, problem.message))
    const spec = streamSpec(order, false, (address) => doors.streamHeaders(actor.account, address))
    const started = await doors.engine.execute(actorOf(actor), {
      type: 'start-stream',
      call,
      spec,
      beside: STREAM_COMPANY,
    })
    if (!started.ok) return fail(refusalError(started.error))
    return { status: 200, json: resource(request, started.value.stream!, 'in-progress') }
  }

  const update = async (request: TwilioRequest<z.infer<typeof stopBody>>): Promise<Reply> => {
    const call = readSid<'call'>('call', request.params.call_sid)
    const named = request.params.stream_sid ?? ''
    const id = readSid<'stream'>('stream', named)
    const live = call === null ? undefined : doors.engine.hall.calls.get(call)
    const stream = live?.streams.find((one) => one.type === 'web-socket' && (one.id === id || one.spec.name === named))
    if (call === null || stream === undefined) return fail(errors.notFound(request.path))
    const stopped = await doors.engine.execute(actorOf(request.actor), { type: 'stop-stream', call, stream: stream.id })
    if (!stopped.ok) return fail(refusalError(stopped.error))
    return { status: 200, json: resource(request, stream, 'stopped') }
  }

  const resource = (request: TwilioRequest, stream: Stream, status: 'in-progress' | 'stopped') => {
    const streamSid = sid('stream', stream.id)
    const callSid = request.params.call_sid!
    return {
      sid: streamSid,
      account_sid: sid('account', request.actor.account),
      call_sid: callSid,
      name: stream.type === 'web-socket' ? (stream.spec.name ?? streamSid) : streamSid,
      status,
      date_updated: restTime(doors.clock.wallMs()),
      uri: uri(request.actor.account, 'Calls', callSid, 'Streams', streamSid),
    }
  }

  return [
    route({
      method: 'POST',
      path: `${A}/Calls/:call_sid/Streams`,
      summary: 'Stream a call to a WebSocket',
      body: createBody,
      handler: create,
    }),
    route({
      method: 'POST',
      path: `${A}/Calls/:call_sid/Streams/:stream_sid`,
      summary: 'Stop a stream',
      body: stopBody,
      handler: update,
    }),
  ]
}
