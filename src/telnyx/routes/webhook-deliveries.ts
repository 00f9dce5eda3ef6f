// The delivery log of webhooks (telnyx-voice §9.5, §11.10, §13): what became of each, every attempt, newest first. What
// was delivered is kept for 72 hours, what was given up for 30 days.

import type { AnyRoute } from '#http/route.ts'
import type { DeliveryRow, OutboxRow } from '#storage/schema.ts'
import { fail } from '../commander.ts'
import { LANGUAGE, type TelnyxActor, type TelnyxDoors } from '../doors.ts'
import { errors } from '../errors.ts'
import { allFilters, listBody, readPage } from '../paging.ts'
import { route } from '../route.ts'
import { resourceTime, uuid } from '../spelling.ts'
import { onlyFilters, some, stored, timeFilters } from '../stored-list.ts'

export function webhookDeliveryRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  const { store } = doors
  const finished = (account: TelnyxActor['account']) =>
    store.db
      .selectFrom('outbox')
      .where('account_id', '=', account)
      .where('language', '=', LANGUAGE)
      .where('state', 'in', ['delivered', 'dead'])
  const attempts = (ids: readonly string[]) =>
    store.db
      .selectFrom('deliveries')
      .selectAll()
      .where('outbox_id', 'in', some(ids))
      .orderBy('attempt', 'desc')
      .execute()

  return [
    route<unknown>({
      method: 'GET',
      path: '/webhook_deliveries',
      summary: 'List webhook deliveries, newest first',
      handler: async ({ actor, query }) => {
        const page = readPage(query)
        if (!page.ok) return fail(page.error)
        const unknown = onlyFilters(query, ['status', 'event_type', 'webhook', 'attempts', 'started_at', 'finished_at'])
        if (unknown !== null) return fail(unknown)
        const given = allFilters(query)
        let rows = finished(actor.account)
        const status = given.get('status')?.[0]
        if (status !== undefined) rows = rows.where('state', '=', status === 'failed' ? 'dead' : status)
        const type = given.get('event_type')?.[0]
        if (type !== undefined) rows = rows.where('event_type', '=', type)
        const part = given.get('webhook[contains]')?.[0]
        if (part !== undefined) rows = rows.where('body', 'like', containing(part))
        const tried = given.get('attempts[contains]')?.[0]
        if (tried !== undefined) {
          const text = containing(tried)
          rows = rows.where(
            'id',
            'in',
            store.db
              .selectFrom('deliveries')
              .select('outbox_id')
              .where((or) => or.or([or('url', 'like', text), or('data', 'like', text)])),
          )
        }
        for (const [name, column] of [
          ['started_at', 'created_at_ms'],
          ['finished_at', 'finished_at_ms'],
        ] as const) {
          const times = timeFilters(query, name)
          if (!times.ok) return fail(times.error)
          for (const { sign, atMs } of times.value) rows = rows.where(column, sign, atMs)
        }
        const found = await stored(async () => {
          const total = await rows.select((select) => select.fn.countAll<number>().as('n')).executeTakeFirst()
          const shown = await rows
            .selectAll()
            .orderBy('seq', 'desc')
            .offset(page.value.offset)
            .limit(page.value.size)
            .execute()
          return { total: Number(total?.n ?? 0), shown, attempts: await attempts(shown.map((row) => row.id)) }
        })
        if (!found.ok) return fail(found.error)
        const data = found.value.shown.map((row) =>
          deliveryResource(
            row,
            found.value.attempts.filter((one) => one.outbox_id === row.id),
          ),
        )
        return { status: 200, json: listBody(data, page.value, found.value.total) }
      },
    }),
    route<unknown>({
      method: 'GET',
      path: '/webhook_deliveries/:id',
      summary: 'Look up a webhook delivery',
      handler: async ({ actor, params }) => {
        const found = await stored(async () => {
          const row = await finished(actor.account)
            .selectAll()
            .where('id', '=', params.id ?? '')
            .executeTakeFirst()
          return row === undefined ? null : { row, attempts: await attempts([row.id]) }
        })
        if (!found.ok) return fail(found.error)
        return found.value === null
          ? fail(errors.notFound('This webhook delivery'))
          : { status: 200, json: { data: deliveryResource(found.value.row, found.value.attempts) } }
      },
    }),
  ]
}

/** Text somewhere inside, whatever signs it has. */
function containing(text: string): string {
  return `%${text.replaceAll(/[%_]/g, '')}%`
}

function deliveryResource(row: OutboxRow, attempts: readonly DeliveryRow[]): object {
  const { version: _, ...event } = JSON.parse(row.body) as Readonly<Record<string, unknown>>
  const first = attempts.at(-1)
  return {
    record_type: 'webhook_delivery',
    id: row.id,
    user_id: uuid(row.account_id),
    status: row.state === 'dead' ? 'failed' : 'delivered',
    started_at: resourceTime(first?.started_at_ms ?? row.created_at_ms),
    finished_at: resourceTime(row.finished_at_ms ?? row.created_at_ms),
    webhook: { record_type: 'event', ...event },
    attempts: attempts.map(attemptResource),
  }
}

function attemptResource(one: DeliveryRow): object {
  const kept = JSON.parse(one.data) as {
    readonly requestHeaders?: Readonly<Record<string, string>>
    readonly replyHeaders?: Readonly<Record<string, string>>
  }
  const good = one.status !== null && one.status >= 200 && one.status < 300
  return {
    status: good ? 'delivered' : 'failed',
    started_at: resourceTime(one.started_at_ms),
    finished_at: resourceTime(one.finished_at_ms),
    errors: good ? [] : [codeOf(one.status, one.error)],
    http: {
      request: { url: one.url, headers: Object.entries(kept.requestHeaders ?? {}) },
      ...(one.status === null
        ? {}
        : { response: { status: one.status, headers: Object.entries(kept.replyHeaders ?? {}), body: '' } }),
    },
  }
}

/** The log's own codes (telnyx-voice §3.3). */
function codeOf(status: number | null, error: string | null): number {
  if (status === null) return error === 'dns-failed' ? 75001 : error === 'tls-failed' ? 75003 : 75002
  if (status < 400) return 75300
  if (status < 500) return status === 400 ? 75400 : status === 404 ? 75404 : 75499
  return status === 500 ? 75500 : 75599
}
