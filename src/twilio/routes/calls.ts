// Calls (twilio-voice §7.1): placed, listed, looked up, redirected, ended and forgotten.

import { z } from 'zod'
import { ok, type Result } from '#base/result.ts'
import type { CallCommand } from '#calls/commands.ts'
import type { Call } from '#calls/model.ts'
import { callFromRow } from '#calls/rows.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import { callResource } from '../call-resource.ts'
import { type CallStatus, callStatus } from '../call-status.ts'
import { LANGUAGE, type TwilioActor, type TwilioDoors } from '../doors.ts'
import { type ApiError, errors, fail, refusalError } from '../errors.ts'
import { coded, method, url, whole, word } from '../fields.ts'
import { findCall, forgetCall } from '../finding-calls.ts'
import { LIST_WINDOW, MAX_CALL_S, MAX_LISTED_SCAN } from '../limits.ts'
import { notesOf } from '../notes.ts'
import { filter, listReply, type Page, type PageAsk, readPage, storedPage, timeFilters } from '../paging.ts'
import { A, route, type TwilioRequest } from '../route.ts'
import { readNumber, readSid } from '../spelling.ts'
import { windowOf } from '../stored-list.ts'
import { callFields, dialSpec, inlineTwiml, instructionFields, readPlan, targetOf } from './call-creation.ts'

const createBody = z.object({ ...callFields, ...instructionFields })

const updateBody = z.object({
  Url: url().optional(),
  Twiml: inlineTwiml.optional(),
  Method: method().optional(),
  Status: word(['completed', 'canceled'], coded(20001, "Status must be 'completed' or 'canceled'.")).optional(),
  FallbackUrl: url().optional(),
  FallbackMethod: method().optional(),
  StatusCallback: url(21609).optional(),
  StatusCallbackMethod: method().optional(),
  TimeLimit: whole(1, MAX_CALL_S).optional(),
})

type CreateBody = z.infer<typeof createBody>

export function callRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const execute = (actor: TwilioActor, command: CallCommand) =>
    doors.engine.execute({ account: actor.account, language: LANGUAGE }, command)

  const create = async (request: TwilioRequest<CreateBody>): Promise<Reply> => {
    const { actor, body } = request
    const plan = readPlan(doors, actor, body)
    if (!plan.ok) return fail(plan.error)
    const spec = dialSpec(doors, actor, body, plan.value)
    if (!spec.ok) return fail(spec.error)
    const release = doors.hold([spec.value.id])
    request.onReplied(release)
    const dialled = await execute(actor, { type: 'dial', spec: spec.value })
    if (!dialled.ok) return fail(refusalError(dialled.error))
    return { status: 201, json: callResource(dialled.value.call!, 'queued') }
  }

  const find = ({ actor, params, path }: TwilioRequest): Promise<Result<Call, ApiError>> =>
    findCall(doors, actor.account, params.call_sid, path)

  const fetch = async (request: TwilioRequest): Promise<Reply> => {
    const call = await find(request)
    return call.ok ? { status: 200, json: callResource(call.value) } : fail(call.error)
  }

  const update = async (request: TwilioRequest<z.infer<typeof updateBody>>): Promise<Reply> => {
    const { actor, body } = request
    const found = await find(request)
    if (!found.ok) return fail(found.error)
    const call = found.value
    if (body.Url != null && body.Twiml !== undefined) return fail(errors.invalid('Url and Twiml exclude each other.'))
    if (body.StatusCallback !== undefined && call.state !== 'ended') {
      const { progress: _, ...rest } = notesOf(call)
      const progress =
        body.StatusCallback === null
          ? {}
          : {
              progress: {
                url: body.StatusCallback,
                method: body.StatusCallbackMethod ?? 'POST',
                events: ['completed'],
              },
            }
      await execute(actor, { type: 'note', call: call.id, notes: { ...rest, ...progress } })
    }
    if (body.TimeLimit !== undefined && call.state !== 'ended')
      await execute(actor, { type: 'limit-time', call: call.id, timeLimitMs: body.TimeLimit * 1000 })
    if (body.Status !== undefined) {
      const refused = await end(actor, call, body.Status)
      if (refused !== null) return fail(refused)
    } else if (body.Url != null || body.Twiml !== undefined) {
      const refused = await redirect(call, body)
      if (refused !== null) return fail(refused)
    }
    const after = await find(request)
    return after.ok ? { status: 200, json: callResource(after.value) } : fail(after.error)
  }

  /** CALL-12, CALL-13. */
  const end = async (actor: TwilioActor, call: Call, status: 'completed' | 'canceled'): Promise<ApiError | null> => {
    if (call.state === 'ended') return errors.coded(400, 21220, 'Call is not in-progress. Cannot redirect.')
    if (status === 'canceled' && call.state === 'answered') return null
    const done = await execute(actor, { type: 'hang-up', call: call.id, headers: [] })
    return done.ok || done.error.type === 'call-ended' ? null : refusalError(done.error)
  }

  /** CALL-14. */
  const redirect = async (call: Call, body: z.infer<typeof updateBody>): Promise<ApiError | null> => {
    if (call.state !== 'answered') return errors.coded(400, 21220, 'Call is not in-progress. Cannot redirect.')
    const refused =
      body.Url == null
        ? await doors.redirect(call.id, { type: 'inline', twiml: body.Twiml ?? '' })
        : await doors.redirect(call.id, {
            type: 'url',
            target: { url: body.Url, method: body.Method ?? 'POST' },
            fallback: targetOf(body.FallbackUrl, body.FallbackMethod),
          })
    return refused.ok ? null : refusalError(refused.error)
  }

  /** CALL-16. */
  const remove = async (request: TwilioRequest): Promise<Reply> => {
    const found = await find(request)
    if (!found.ok) return fail(found.error)
    const gone = await forgetCall(doors, found.value)
    return gone.ok ? { status: 204 } : fail(gone.error)
  }

  const list = async (request: TwilioRequest): Promise<Reply> => {
    const ask = readPage(request.query)
    if (!ask.ok) return fail(ask.error)
    const started = timeFilters(request.query, 'StartTime')
    const ended = timeFilters(request.query, 'EndTime')
    if (!started.ok) return fail(started.error)
    if (!ended.ok) return fail(ended.error)
    const matches = matcher(doors, request)
    const page = await scan(
      ask.value,
      async (window) => {
        let rows = doors.store.db.selectFrom('calls').select('data').where('account_id', '=', request.actor.account)
        for (const [name, column] of [
          ['To', 'to_party'],
          ['From', 'from_party'],
        ] as const) {
          const wanted = filter(request.query, name)
          if (wanted !== undefined) rows = rows.where(column, 'in', [wanted, readNumber(wanted) ?? wanted])
        }
        for (const { sign, atMs } of started.value) rows = rows.where('started_at_ms', sign, atMs)
        for (const { sign, atMs } of ended.value) rows = rows.where('ended_at_ms', sign, atMs)
        return windowOf(rows, 'started_at_ms', window)
      },
      matches,
    )
    if (!page.ok) return fail(page.error)
    return listReply(request, 'calls', ask.value, page.value, keyOf, (call) => callResource(call))
  }

  return [
    route({ method: 'POST', path: `${A}/Calls`, summary: 'Place a call', body: createBody, handler: create }),
    route({ method: 'GET', path: `${A}/Calls`, summary: 'List calls, newest first', handler: list }),
    route({ method: 'GET', path: `${A}/Calls/:call_sid`, summary: 'Look up a call', handler: fetch }),
    route({
      method: 'POST',
      path: `${A}/Calls/:call_sid`,
      summary: 'Redirect, end or change a live call',
      body: updateBody,
      handler: update,
    }),
    route({ method: 'DELETE', path: `${A}/Calls/:call_sid`, summary: 'Forget a call that is over', handler: remove }),
  ]
}

const keyOf = (call: Call) => ({ at: Math.floor(call.createdAtWallMs), id: call.id as string })

/** What the columns cannot say: whose language a call is, its status, its parent. */
function matcher(doors: TwilioDoors, { query }: TwilioRequest): (call: Call) => boolean {
  const status = filter(query, 'Status')
  const parent = filter(query, 'ParentCallSid')
  const parentId = parent === undefined ? null : readSid<'call'>('call', parent)
  return (call) =>
    doors.register.application(call.application)?.dialect === LANGUAGE &&
    (status === undefined || callStatus(call) === (status as CallStatus)) &&
    (parent === undefined || notesOf(call).parent === parentId)
}

/** Reads on, window after window, until a page is full or nothing is left. */
async function scan(
  ask: PageAsk,
  read: (window: PageAsk) => Promise<Result<readonly { readonly data: string }[], ApiError>>,
  matches: (call: Call) => boolean,
): Promise<Result<Page<Call>, ApiError>> {
  const found: Call[] = []
  const wanted = (ask.from === null ? ask.page * ask.size : 0) + ask.size + 1
  const way = ask.from?.way ?? 'after'
  let window: PageAsk = { size: LIST_WINDOW, page: 0, from: ask.from }
  for (let seen = 0; seen < MAX_LISTED_SCAN; ) {
    const rows = await read(window)
    if (!rows.ok) return rows
    const calls = rows.value.slice(0, window.size).map(callFromRow)
    found.push(...calls.filter(matches))
    seen += calls.length
    const last = calls.at(-1)
    if (found.length >= wanted || rows.value.length <= window.size || last === undefined) break
    window = { size: window.size, page: 0, from: { way, ...keyOf(last) } }
  }
  return ok(storedPage(ask.from === null ? found.slice(ask.page * ask.size, wanted) : found.slice(0, wanted), ask))
}
