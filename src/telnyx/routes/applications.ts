// Call Control applications and their live calls (telnyx-voice §11.6).

import { z } from 'zod'
import type { Application } from '#accounts/model.ts'
import type { AccountId } from '#base/ids.ts'
import { ok, type Result } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { flag, text, whole } from '#http/schema.ts'
import { applicationShelf } from '../application-shelf.ts'
import { type Collection, change, collectionRoutes, contains, creation } from '../collection.ts'
import { fail } from '../commander.ts'
import { blankApplication, changed, commonFields } from '../connection-fields.ts'
import { connectionListing } from '../connection-listing.ts'
import { LANGUAGE, type TelnyxActor, type TelnyxDoors } from '../doors.ts'
import { type ApiError, errors } from '../errors.ts'
import { url } from '../fields.ts'
import { DEFAULT_PAGE_SIZE } from '../limits.ts'
import { callNotes } from '../notes.ts'
import { listBody, readPage } from '../paging.ts'
import { profileId } from '../profiles.ts'
import { resolveApplication } from '../resolve.ts'
import { applicationResource } from '../resources.ts'
import { route } from '../route.ts'
import { callControlId, connectionId, resourceTime, uuid } from '../spelling.ts'

const createBody = z.object({
  ...commonFields,
  application_name: text(200, 1),
  webhook_event_url: url,
  first_command_timeout: flag.optional(),
  first_command_timeout_secs: whole(1, 3600).optional(),
  redact_dtmf_debug_logging: flag.optional(),
})
const patchBody = createBody.partial()
type Patch = z.infer<typeof patchBody>

const irrelevantFilters = Object.fromEntries(
  [
    'application_session_id',
    'connection_id',
    'failed',
    'from',
    'leg_id',
    'name',
    'product',
    'status',
    'to',
    'type',
  ].map((name) => [name, () => true]),
)

export function applicationRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  const noun = 'application'
  const find = (account: AccountId, id: string | undefined): Application | null => {
    const found = id === undefined ? null : resolveApplication(doors, account, id)
    const application = found === null ? null : doors.register.application(found)
    return application?.dialect === LANGUAGE ? application : null
  }
  const own = (account: AccountId): readonly Application[] =>
    doors.register.applications(account).filter((one) => one.dialect === LANGUAGE)
  const { put, remove } = applicationShelf(doors, 'This application')
  const listing = connectionListing(doors)

  const applications: Collection<Application> = {
    path: '/call_control_applications',
    noun,
    all: (account) => own(account).filter((one) => one.connection === undefined),
    find: (account, id) => {
      const found = find(account, id)
      return found?.connection === undefined ? found : null
    },
    show: applicationResource,
    listing: {
      ...listing,
      pageSize: DEFAULT_PAGE_SIZE,
      // The documented set is shared by several lists and means nothing here for the most part (telnyx-voice §11.0).
      filters: { ...irrelevantFilters, ...listing.filters, 'application_name[contains]': contains((one) => one.name) },
      sorts: { ...listing.sorts, application_name: (one) => one.name },
    },
    create: creation(createBody, 201, (body, actor) =>
      put(written(doors, blankApplication(doors, actor.account), body)),
    ),
    change: change('PATCH', patchBody, (body, _actor, one) => put(written(doors, one, body))),
    remove: { status: 200, make: remove },
  }

  const connections: Collection<Application> = {
    path: '/connections',
    noun: 'connection',
    all: own,
    find,
    show: connection,
    listing,
  }

  return [
    ...collectionRoutes(applications),
    ...collectionRoutes(connections),
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

function written(doors: TelnyxDoors, old: Application, body: Patch): Result<Application, ApiError> {
  const next = changed(doors, old, body)
  if (!next.ok) return next
  const commandTimeoutMs = (body.first_command_timeout_secs ?? (old.firstCommandTimeoutMs ?? 30_000) / 1000) * 1000
  const timeoutOn = body.first_command_timeout ?? old.firstCommandTimeoutMs !== null
  return ok({
    ...next.value,
    name: body.application_name ?? old.name,
    firstCommandTimeoutMs: timeoutOn ? commandTimeoutMs : null,
  })
}

function connection(application: Application): object {
  return {
    record_type:
      application.connection === undefined ? 'call_control_application' : `${application.connection.kind}_connection`,
    id: connectionId(application.id),
    connection_name: application.name,
    active: application.active,
    anchorsite_override: application.extra.anchorsite_override ?? 'Latency',
    outbound_voice_profile_id: application.outboundProfile == null ? null : profileId(application.outboundProfile),
    tags: application.extra.tags ?? [],
    webhook_api_version: application.webhookVersion,
    webhook_event_url: application.webhookUrl,
    webhook_event_failover_url: application.webhookFailoverUrl,
    created_at: resourceTime(application.createdAtWallMs),
    updated_at: resourceTime(application.updatedAtWallMs),
  }
}
