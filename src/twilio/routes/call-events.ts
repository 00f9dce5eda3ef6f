// What was said over HTTP about a call (CALL-18), in the order it was said.

import type { CallId } from '#base/ids.ts'
import type { Result } from '#base/result.ts'
import { ok } from '#base/result.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import { exchangeFromRow, exchangeOfDelivery, type LoggedExchange } from '../call-log.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { type ApiError, fail } from '../errors.ts'
import { findCall } from '../finding-calls.ts'
import { MAX_CALL_EVENTS } from '../limits.ts'
import { cutPage, listReply, readPage } from '../paging.ts'
import { A, route } from '../route.ts'
import { restTime } from '../spelling.ts'
import { stored } from '../stored.ts'

export function callEventRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  /** Both logs, the first of each that one list may be made of. */
  const read = async (call: CallId): Promise<Result<readonly LoggedExchange[], ApiError>> => {
    const { db } = doors.store
    const told = await stored(() =>
      db
        .selectFrom('deliveries')
        .innerJoin('outbox', 'outbox.id', 'deliveries.outbox_id')
        .where('outbox.lane', '=', call)
        .selectAll('deliveries')
        .orderBy('deliveries.started_at_ms')
        .limit(MAX_CALL_EVENTS)
        .execute(),
    )
    if (!told.ok) return told
    const asked = await stored(() =>
      db
        .selectFrom('call_exchanges')
        .selectAll()
        .where('call_id', '=', call)
        .orderBy('at_ms')
        .limit(MAX_CALL_EVENTS)
        .execute(),
    )
    if (!asked.ok) return asked
    return ok([...told.value.map(exchangeOfDelivery), ...asked.value.map(exchangeFromRow)])
  }

  return [
    route<unknown>({
      method: 'GET',
      path: `${A}/Calls/:call_sid/Events`,
      summary: 'List what was said over HTTP about a call, oldest first',
      handler: async (request): Promise<Reply> => {
        const ask = readPage(request.query)
        if (!ask.ok) return fail(ask.error)
        const call = await findCall(doors, request.actor.account, request.params.call_sid, request.path)
        if (!call.ok) return fail(call.error)
        const found = await read(call.value.id)
        if (!found.ok) return fail(found.error)
        const keyOf = (one: LoggedExchange) => ({ at: one.atWallMs, id: one.id })
        const page = cutPage(found.value, keyOf, ask.value, 'up')
        return listReply(request, 'events', ask.value, page, keyOf, resource)
      },
    }),
  ]
}

function resource(one: LoggedExchange): object {
  return {
    request: { method: one.method, url: one.url, parameters: one.parameters },
    response: {
      response_code: one.status,
      request_duration: Math.round(one.durationMs),
      content_type: one.contentType,
      response_body: one.body,
      date_created: restTime(one.atWallMs + one.durationMs),
    },
  }
}
