// The event log of calls (telnyx-voice §11.10): commands as they were accepted and webhooks as they were sent, newest
// first, of the last 24 hours unless one leg or session is asked for.

import type { AnyRoute } from '#http/route.ts'
import { fail } from '../commander.ts'
import { LANGUAGE, type TelnyxActor, type TelnyxDoors } from '../doors.ts'
import { allFilters, listBody, readPage } from '../paging.ts'
import { profileId } from '../profiles.ts'
import { resolveApplication } from '../resolve.ts'
import { route } from '../route.ts'
import { readUuid, resourceTime, uuid, webhookTime } from '../spelling.ts'
import { onlyFilters, some, stored, timeFilters } from '../stored-list.ts'

const DAY_MS = 24 * 60 * 60_000

/** The documented set is shared by several lists; some of it means nothing here (telnyx-voice §11.0). */
const filters = [
  'application_name',
  'application_session_id',
  'connection_id',
  'failed',
  'from',
  'leg_id',
  'name',
  'occurred_at',
  'outbound.outbound_voice_profile_id',
  'product',
  'status',
  'to',
  'type',
]

export function callEventRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  return [
    route<unknown>({
      method: 'GET',
      path: '/call_events',
      summary: 'List commands and webhooks, newest first',
      handler: async ({ actor, query }) => {
        const page = readPage(query)
        if (!page.ok) return fail(page.error)
        const unknown = onlyFilters(query, filters)
        if (unknown !== null) return fail(unknown)
        const times = timeFilters(query, 'occurred_at')
        if (!times.ok) return fail(times.error)
        const { db } = doors.store
        const given = allFilters(query)
        const one = (name: string): string | undefined => given.get(name)?.[0]
        const [leg, session] = [one('leg_id'), one('application_session_id')]

        let hooks = db
          .selectFrom('outbox')
          .where('account_id', '=', actor.account)
          .where('language', '=', LANGUAGE)
          .select((make) => [
            'id',
            // Events are named by UUIDs; without their dashes both kinds sort as they were made.
            make.fn<string>('replace', ['id', make.val('-'), make.val('')]).as('made'),
            make.val('webhook').as('type'),
            'created_at_ms as at_ms',
            'event_type as name',
          ])
        let commands = db
          .selectFrom('command_log')
          .where('account_id', '=', actor.account)
          .select((make) => ['id', 'id as made', make.val('command').as('type'), 'at_ms', 'name'])

        if (leg !== undefined) {
          hooks = hooks.where('lane', '=', readUuid(leg) ?? '')
          commands = commands.where('call_id', '=', readUuid(leg) ?? '')
        }
        if (session !== undefined) {
          const group = readUuid(session) ?? ''
          hooks = hooks.where('lane', 'in', db.selectFrom('events').select('subject_id').where('group_id', '=', group))
          commands = commands.where('group_id', '=', group)
        }
        if (leg === undefined && session === undefined && times.value.length === 0) {
          const sinceMs = Math.floor(doors.clock.wallMs()) - DAY_MS
          hooks = hooks.where('created_at_ms', '>=', sinceMs)
          commands = commands.where('at_ms', '>=', sinceMs)
        }
        for (const { sign, atMs } of times.value) {
          hooks = hooks.where('created_at_ms', sign, atMs)
          commands = commands.where('at_ms', sign, atMs)
        }
        const name = one('name')
        if (name !== undefined) {
          hooks = hooks.where('event_type', '=', name)
          commands = commands.where('name', '=', name)
        }
        const applications = applicationsOf(doors, actor, one)
        if (applications !== null) {
          hooks = hooks.where('application_id', 'in', some(applications))
          commands = commands.where('application_id', 'in', some(applications))
        }
        for (const [filter, column] of [
          ['from', 'from_party'],
          ['to', 'to_party'],
        ] as const) {
          const party = one(filter)
          if (party === undefined) continue
          const calls = db.selectFrom('calls').select('id').where(column, '=', party)
          hooks = hooks.where('lane', 'in', calls)
          commands = commands.where('call_id', 'in', calls)
        }
        const failed = one('failed')
        if (failed !== undefined) hooks = hooks.where('state', failed === 'true' ? '=' : '!=', 'dead')
        // Commands in here were accepted; other products have no calls.
        const type = one('type')
        if (type === 'command' || one('product') === 'fax') hooks = hooks.where('id', '=', '')
        if (type === 'webhook' || failed === 'true' || one('product') === 'fax')
          commands = commands.where('id', '=', '')

        const both = hooks.unionAll(commands)
        const found = await stored(async () => {
          const total = await db
            .selectFrom(both.as('rows'))
            .select((select) => select.fn.countAll<number>().as('n'))
            .executeTakeFirst()
          const rows = await db
            .selectFrom(both.as('rows'))
            .selectAll()
            .orderBy('at_ms', 'desc')
            .orderBy('made', 'desc')
            .offset(page.value.offset)
            .limit(page.value.size)
            .execute()
          const ids = rows.map((row) => row.id)
          return {
            total: Number(total?.n ?? 0),
            rows,
            hooks: await db.selectFrom('outbox').selectAll().where('id', 'in', some(ids)).execute(),
            commands: await db.selectFrom('command_log').selectAll().where('id', 'in', some(ids)).execute(),
          }
        })
        if (!found.ok) return fail(found.error)
        const hookOf = new Map(found.value.hooks.map((row) => [row.id, row]))
        const commandOf = new Map(found.value.commands.map((row) => [row.id, row]))
        const data = found.value.rows.flatMap((row) => {
          const hook = hookOf.get(row.id)
          const command = commandOf.get(row.id)
          if (hook !== undefined) return [webhookResource(hook)]
          if (command === undefined) return []
          return [
            {
              record_type: 'call_event',
              type: 'command',
              name: command.name,
              call_leg_id: uuid(command.call_id),
              call_session_id: uuid(command.group_id),
              event_timestamp: webhookTime(command.at_ms),
              metadata: JSON.parse(command.data) as object,
            },
          ]
        })
        return { status: 200, json: listBody(data, page.value, found.value.total) }
      },
    }),
  ]
}

/** Ids of the applications that filters name; null: all. */
function applicationsOf(
  doors: TelnyxDoors,
  actor: TelnyxActor,
  one: (name: string) => string | undefined,
): readonly string[] | null {
  const connection = one('connection_id')
  const part = one('application_name[contains]')?.toLowerCase()
  const profile = one('outbound.outbound_voice_profile_id')
  if (connection === undefined && part === undefined && profile === undefined) return null
  const named = connection === undefined ? null : (resolveApplication(doors, actor.account, connection) ?? '')
  return doors.register
    .applications(actor.account)
    .filter((application) => named === null || application.id === named)
    .filter((application) => part === undefined || application.name.toLowerCase().includes(part))
    .filter(
      ({ outboundProfile }) =>
        profile === undefined || (outboundProfile != null && profileId(outboundProfile) === profile),
    )
    .map((application) => application.id)
}

function webhookResource(row: {
  readonly event_type: string
  readonly body: string
  readonly plan: string
  readonly state: string
  readonly attempt: number
  readonly created_at_ms: number
}): object {
  const event = JSON.parse(row.body) as {
    readonly payload: Readonly<Record<string, unknown>>
    readonly occurred_at: string
  }
  const { primary } = JSON.parse(row.plan) as { readonly primary: string }
  const { version: _, ...told } = event as typeof event & { readonly version: string }
  return {
    record_type: 'call_event',
    type: 'webhook',
    name: row.event_type,
    call_leg_id: event.payload.call_leg_id ?? '',
    call_session_id: event.payload.call_session_id ?? '',
    event_timestamp: event.occurred_at ?? resourceTime(row.created_at_ms),
    metadata: {
      attempt: row.attempt,
      delivered_to: primary,
      event: { record_type: 'event', ...told },
      status: row.state === 'dead' ? 'failed' : row.state,
    },
  }
}
