// Notifications (CALL-19): what went wrong, of the account or of one call, newest first.

import type { CallId } from '#base/ids.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { errors, fail, moreInfo } from '../errors.ts'
import { type Noted, notedFromRow } from '../notifications.ts'
import { filter, listReply, readPage, timeFilters } from '../paging.ts'
import { A, route, type TwilioRequest } from '../route.ts'
import { API_VERSION, readSid, restTime, sid, uri } from '../spelling.ts'
import { stored } from '../stored.ts'
import { pageFrom } from '../stored-list.ts'

const logs = { error: '0', warning: '1' } as const

export function notificationRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const rowsOf = (account: string, call: CallId | null) => {
    const rows = doors.store.db.selectFrom('notifications').where('account_id', '=', account)
    return call === null ? rows : rows.where('call_id', '=', call)
  }
  /** The call a path names: null when it names none, undefined when what it names is no sid. */
  const callOf = ({ params }: TwilioRequest): CallId | null | undefined =>
    params.call_sid === undefined ? null : (readSid<'call'>('call', params.call_sid) ?? undefined)

  const list = async (request: TwilioRequest): Promise<Reply> => {
    const ask = readPage(request.query)
    if (!ask.ok) return fail(ask.error)
    const times = timeFilters(request.query, 'MessageDate')
    if (!times.ok) return fail(times.error)
    const call = callOf(request)
    if (call === undefined) return fail(errors.notFound(request.path))
    let rows = rowsOf(request.actor.account, call)
    const log = filter(request.query, 'Log')
    if (log !== undefined) rows = rows.where('level', '=', log === '0' ? 'error' : log === '1' ? 'warning' : '')
    for (const { sign, atMs } of times.value) rows = rows.where('at_ms', sign, atMs)
    const page = await pageFrom(rows.selectAll(), 'at_ms', ask.value, notedFromRow)
    if (!page.ok) return fail(page.error)
    const keyOf = (one: Noted) => ({ at: one.atWallMs, id: one.id })
    return listReply(request, 'notifications', ask.value, page.value, keyOf, resource)
  }

  const lookUp = async (request: TwilioRequest): Promise<Reply> => {
    const id = readSid('notification', request.params.sid)
    const call = callOf(request)
    if (id === null || call === undefined) return fail(errors.notFound(request.path))
    const found = await stored(() =>
      rowsOf(request.actor.account, call).selectAll().where('id', '=', id).executeTakeFirst(),
    )
    if (!found.ok) return fail(found.error)
    if (found.value === undefined) return fail(errors.notFound(request.path))
    return { status: 200, json: detailed(notedFromRow(found.value)) }
  }

  return [`${A}/Notifications`, `${A}/Calls/:call_sid/Notifications`].flatMap((path) => [
    route<unknown>({ method: 'GET', path, summary: 'List notifications, newest first', handler: list }),
    route<unknown>({ method: 'GET', path: `${path}/:sid`, summary: 'Look up a notification', handler: lookUp }),
  ])
}

/** TYP-11: everything is text. */
function resource({ id, account, call, atWallMs, problem, request }: Noted): object {
  const when = restTime(atWallMs)
  const details = {
    LogLevel: problem.level.toUpperCase(),
    ErrorCode: String(problem.code),
    Msg: problem.message,
    ...(request === null ? {} : { url: request.url }),
  }
  return {
    sid: sid('notification', id),
    account_sid: sid('account', account),
    call_sid: call === null ? null : sid('call', call),
    api_version: API_VERSION,
    error_code: String(problem.code),
    log: logs[problem.level],
    message_date: when,
    message_text: new URLSearchParams(details).toString(),
    more_info: moreInfo(problem.code),
    request_method: request?.method ?? null,
    request_url: request?.url ?? null,
    date_created: when,
    date_updated: when,
    uri: uri(account, ...(call === null ? [] : ['Calls', sid('call', call)]), 'Notifications', sid('notification', id)),
  }
}

function detailed(noted: Noted): object {
  const { request, response } = noted
  return {
    ...resource(noted),
    request_variables: request === null ? null : new URLSearchParams(request.variables).toString(),
    response_headers: response === null ? null : new URLSearchParams(response.headers).toString(),
    response_body: response?.body ?? null,
  }
}
