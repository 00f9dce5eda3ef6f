// Call Control applications and their live calls (telnyx-voice §11.6).

import { z } from 'zod'
import type { AccountsError, Application } from '#accounts/model.ts'
import type { AccountId } from '#base/ids.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import { flag, text, whole } from '#http/schema.ts'
import { fail } from '../commander.ts'
import { LANGUAGE, type TelnyxActor, type TelnyxDoors } from '../doors.ts'
import { accountsError, errors } from '../errors.ts'
import { url } from '../fields.ts'
import { callNotes } from '../notes.ts'
import { filter, listBody, readPage } from '../paging.ts'
import { resolveApplication } from '../resolve.ts'
import { applicationResource } from '../resources.ts'
import { route } from '../route.ts'
import { callControlId, connectionId, resourceTime, uuid } from '../spelling.ts'

const fields = {
  application_name: text(200, 1),
  webhook_event_url: url,
  active: flag.optional(),
  anchorsite_override: text(100).optional(),
  call_cost_in_webhooks: flag.optional(),
  dtmf_type: z.enum(['RFC 2833', 'Inband', 'SIP INFO']).optional(),
  first_command_timeout: flag.optional(),
  first_command_timeout_secs: whole(1, 3600).optional(),
  inbound: z.looseObject({ channel_limit: whole(0, 1_000_000).nullish() }).optional(),
  outbound: z.looseObject({ channel_limit: whole(0, 1_000_000).nullish() }).optional(),
  redact_dtmf_debug_logging: flag.optional(),
  tags: z.array(z.string().max(100)).max(100).optional(),
  webhook_api_version: z.enum(['1', '2']).optional(),
  webhook_event_failover_url: z.union([url, z.literal('')]).optional(),
  webhook_timeout_secs: whole(0, 30).optional(),
}

const createBody = z.object(fields)
const patchBody = createBody.partial()
type Patch = z.infer<typeof patchBody>

const digitModes = { 'RFC 2833': 'telephone-event', Inband: 'inband', 'SIP INFO': 'info' } as const

export function applicationRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  const own = (account: AccountId): readonly Application[] =>
    doors.register.applications(account).filter((one) => one.dialect === LANGUAGE)

  const find = (account: AccountId, id: string | undefined): Application | null => {
    const found = id === undefined ? null : resolveApplication(doors, account, id)
    return found === null ? null : doors.register.application(found)
  }

  const put = async (application: Application, status: number): Promise<Reply> => {
    const changed = await doors.register.putApplication(application)
    return changed.ok ? { status, json: { data: applicationResource(application) } } : refused(changed.error)
  }

  const list = (path: string): AnyRoute<TelnyxActor> =>
    route({
      method: 'GET',
      path,
      summary: 'List applications',
      handler: async ({ actor, query }) => {
        const page = readPage(query, path === '/connections' ? 250 : undefined)
        if (!page.ok) return fail(page.error)
        const part = (
          filter(query, 'application_name', 'contains') ?? filter(query, 'connection_name', 'contains')
        )?.toLowerCase()
        const found = own(actor.account)
          .filter((one) => part === undefined || one.name.toLowerCase().includes(part))
          .sort(order(query.sort))
        const shown = found.slice(page.value.offset, page.value.offset + page.value.size)
        return {
          status: 200,
          json: listBody(
            shown.map(path === '/connections' ? connection : applicationResource),
            page.value,
            found.length,
          ),
        }
      },
    })

  return [
    list('/call_control_applications'),
    list('/connections'),
    route({
      method: 'POST',
      path: '/call_control_applications',
      summary: 'Create an application',
      body: createBody,
      handler: async ({ actor, body }) => {
        const now = doors.clock.wallMs()
        const blank: Application = {
          id: doors.ids.make<'application'>(),
          account: actor.account,
          dialect: LANGUAGE,
          name: '',
          active: true,
          webhookUrl: null,
          webhookFailoverUrl: null,
          webhookMethod: 'POST',
          webhookTimeoutMs: null,
          // The API's default is "1"; apps that forget the field mean today's shape (telnyx-voice §15 row 1).
          webhookVersion: '2',
          firstCommandTimeoutMs: null,
          digitMode: 'telephone-event',
          inboundChannelLimit: null,
          outboundChannelLimit: null,
          callerId: null,
          createdAtWallMs: now,
          updatedAtWallMs: now,
          extra: {},
        }
        return put(changed(blank, body, now), 201)
      },
    }),
    route({
      method: 'GET',
      path: '/call_control_applications/:id',
      summary: 'Look up an application',
      handler: async ({ actor, params }) => {
        const found = find(actor.account, params.id)
        return found === null
          ? fail(errors.notFound('This application'))
          : { status: 200, json: { data: applicationResource(found) } }
      },
    }),
    route({
      method: 'GET',
      path: '/connections/:id',
      summary: 'Look up a connection',
      handler: async ({ actor, params }) => {
        const found = find(actor.account, params.id)
        return found === null
          ? fail(errors.notFound('This connection'))
          : { status: 200, json: { data: connection(found) } }
      },
    }),
    route({
      method: 'PATCH',
      path: '/call_control_applications/:id',
      summary: 'Change an application',
      body: patchBody,
      handler: async ({ actor, params, body }) => {
        const found = find(actor.account, params.id)
        return found === null
          ? fail(errors.notFound('This application'))
          : put(changed(found, body, doors.clock.wallMs()), 200)
      },
    }),
    route({
      method: 'DELETE',
      path: '/call_control_applications/:id',
      summary: 'Delete an application',
      handler: async ({ actor, params }) => {
        const found = find(actor.account, params.id)
        if (found === null) return fail(errors.notFound('This application'))
        const removed = await doors.register.removeApplication(found.id)
        return removed.ok ? { status: 200, json: { data: applicationResource(found) } } : refused(removed.error)
      },
    }),
    route({
      method: 'GET',
      path: '/connections/:id/active_calls',
      summary: 'List the live calls of an application',
      handler: async ({ actor, params, query }) => {
        const page = readPage(query)
        if (!page.ok) return fail(page.error)
        const found = find(actor.account, params.id)
        if (found === null) return fail(errors.notFound('This connection'))
        const calls = doors.engine.liveCalls().filter((call) => call.application === found.id)
        const shown = calls.slice(page.value.offset, page.value.offset + page.value.size)
        const now = doors.clock.wallMs()
        const data = shown.map((call) => ({
          record_type: 'call',
          call_control_id: callControlId(call.id),
          call_leg_id: uuid(call.id),
          call_session_id: uuid(call.group),
          call_duration: call.answeredAtWallMs === null ? 0 : Math.floor((now - call.answeredAtWallMs) / 1000),
          client_state: callNotes(call).clientState ?? null,
        }))
        const body = listBody(data, page.value, calls.length) as { meta: object }
        // The schema documents cursors, the SDK pages by number: both are there (telnyx-voice §4).
        const cursors = {
          cursors: { after: null, before: null },
          next: null,
          previous: null,
          total_items: calls.length,
        }
        return { status: 200, json: { ...body, meta: { ...body.meta, ...cursors } } }
      },
    }),
  ]
}

function changed(old: Application, body: Patch, now: number): Application {
  const extra: Record<string, unknown> = { ...old.extra }
  for (const name of [
    'anchorsite_override',
    'call_cost_in_webhooks',
    'redact_dtmf_debug_logging',
    'tags',
    'inbound',
    'outbound',
  ] as const) {
    if (body[name] !== undefined) extra[name] = body[name]
  }
  const commandTimeoutMs = (body.first_command_timeout_secs ?? (old.firstCommandTimeoutMs ?? 30_000) / 1000) * 1000
  const timeoutOn = body.first_command_timeout ?? old.firstCommandTimeoutMs !== null
  return {
    ...old,
    name: body.application_name ?? old.name,
    active: body.active ?? old.active,
    webhookUrl: body.webhook_event_url ?? old.webhookUrl,
    webhookFailoverUrl:
      body.webhook_event_failover_url === '' ? null : (body.webhook_event_failover_url ?? old.webhookFailoverUrl),
    webhookTimeoutMs: body.webhook_timeout_secs === undefined ? old.webhookTimeoutMs : body.webhook_timeout_secs * 1000,
    webhookVersion: body.webhook_api_version ?? old.webhookVersion,
    firstCommandTimeoutMs: timeoutOn ? commandTimeoutMs : null,
    digitMode: body.dtmf_type === undefined ? old.digitMode : digitModes[body.dtmf_type],
    inboundChannelLimit: body.inbound === undefined ? old.inboundChannelLimit : (body.inbound.channel_limit ?? null),
    outboundChannelLimit:
      body.outbound === undefined ? old.outboundChannelLimit : (body.outbound.channel_limit ?? null),
    updatedAtWallMs: now,
    extra,
  }
}

function connection(application: Application): object {
  return {
    record_type: 'call_control_application',
    id: connectionId(application.id),
    connection_name: application.name,
    active: application.active,
    anchorsite_override: application.extra.anchorsite_override ?? 'Latency',
    outbound_voice_profile_id: null,
    tags: application.extra.tags ?? [],
    webhook_api_version: application.webhookVersion,
    webhook_event_url: application.webhookUrl,
    webhook_event_failover_url: application.webhookFailoverUrl,
    created_at: resourceTime(application.createdAtWallMs),
    updated_at: resourceTime(application.updatedAtWallMs),
  }
}

function order(sort: unknown): (a: Application, b: Application) => number {
  const text = typeof sort === 'string' ? sort : 'created_at'
  const down = text.startsWith('-') ? -1 : 1
  switch (text.replace('-', '')) {
    case 'connection_name':
    case 'application_name':
      return (a, b) => down * a.name.localeCompare(b.name)
    case 'active':
      return (a, b) => down * (Number(a.active) - Number(b.active))
    default:
      return (a, b) => down * (a.createdAtWallMs - b.createdAtWallMs)
  }
}

function refused(error: AccountsError): Reply {
  return fail(accountsError(error, 'This application'))
}
