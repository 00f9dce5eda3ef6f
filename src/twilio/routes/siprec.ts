// Recording servers on a live call over REST (CALL-22): begun, and ended by sid or by name.

import { z } from 'zod'
import type { AnyRoute, Reply } from '#http/route.ts'
import { LANGUAGE, type TwilioActor, type TwilioDoors } from '../doors.ts'
import { errors, fail, refusalError } from '../errors.ts'
import { method, numbered, text, url, word } from '../fields.ts'
import { MAX_STREAM_NAME_CHARACTERS } from '../limits.ts'
import { A, route, type TwilioRequest } from '../route.ts'
import { connectorOf, connectorProblem, siprecSpec } from '../siprec.ts'
import { readSid, restTime, sid, uri } from '../spelling.ts'
import { TRACKS } from '../stream-order.ts'
import { STREAM_COMPANY } from '../streams.ts'
import { stopBody } from './streams.ts'

const createBody = z.looseObject({
  Name: text(MAX_STREAM_NAME_CHARACTERS).optional(),
  ConnectorName: text(MAX_STREAM_NAME_CHARACTERS).optional(),
  Track: word(TRACKS).optional(),
  StatusCallback: url(21609).optional(),
  StatusCallbackMethod: method().optional(),
})

export function siprecRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const actorOf = ({ account }: TwilioActor) => ({ account, language: LANGUAGE })

  const create = async (request: TwilioRequest<z.infer<typeof createBody>>): Promise<Reply> => {
    const { actor, body } = request
    const call = readSid<'call'>('call', request.params.call_sid)
    if (call === null) return fail(errors.notFound(request.path))
    const connectorName = body.ConnectorName || null
    const connectors = doors.register.book.list(actor.account, 'siprec-connector').map(({ fields }) => fields)
    const connector = connectorOf(connectors, connectorName)
    if (connector === null) {
      const { code, message } = connectorProblem(connectorName)
      return fail(errors.coded(400, code, message))
    }
    const session = doors.ids.make<'recording-session'>()
    const spec = siprecSpec(
      {
        connectorName,
        name: body.Name || null,
        track: body.Track ?? 'inbound_track',
        statusCallback:
          body.StatusCallback == null
            ? null
            : { url: body.StatusCallback, method: body.StatusCallbackMethod ?? 'POST' },
        parameters: numbered(body),
      },
      connector,
      { account: actor.account, call, session },
    )
    const command = { type: 'begin-recording-session', call, spec, session, beside: STREAM_COMPANY } as const
    const begun = await doors.engine.execute(actorOf(actor), command)
    if (!begun.ok) return fail(refusalError(begun.error))
    return { status: 200, json: resource(request, session, spec.name, 'in-progress') }
  }

  const update = async (request: TwilioRequest<z.infer<typeof stopBody>>): Promise<Reply> => {
    const { actor } = request
    const id = readSid<'call'>('call', request.params.call_sid)
    const named = request.params.siprec_sid ?? ''
    const session = readSid<'recording-session'>('siprec', named)
    const call = id === null ? null : doors.engine.call(actor.account, id)
    const running = call?.recordingSessions.find((one) => one.id === session || one.spec.name === named)
    if (call == null || running === undefined) return fail(errors.notFound(request.path))
    const { name } = running.spec
    const ended = await doors.engine.execute(actorOf(actor), { type: 'end-recording-session', call: call.id, name })
    if (!ended.ok) return fail(refusalError(ended.error))
    return { status: 200, json: resource(request, running.id, name, 'stopped') }
  }

  const resource = (request: TwilioRequest, session: string, name: string, status: 'in-progress' | 'stopped') => {
    const siprecSid = sid('siprec', session)
    const callSid = request.params.call_sid!
    return {
      sid: siprecSid,
      account_sid: sid('account', request.actor.account),
      call_sid: callSid,
      name,
      status,
      date_updated: restTime(doors.clock.wallMs()),
      uri: uri(request.actor.account, 'Calls', callSid, 'Siprec', siprecSid),
    }
  }

  return [
    route({
      method: 'POST',
      path: `${A}/Calls/:call_sid/Siprec`,
      summary: 'Copy a call to a recording server',
      body: createBody,
      handler: create,
    }),
    route({
      method: 'POST',
      path: `${A}/Calls/:call_sid/Siprec/:siprec_sid`,
      summary: 'Copy a call no more',
      body: stopBody,
      handler: update,
    }),
  ]
}
