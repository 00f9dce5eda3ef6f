// TeXML applications (telnyx-voice §11.6, twilio-voice §12): programs that answer calls with documents. What runs them is the
// other language's interpreter: here they are kept, under this API's names.

import { z } from 'zod'
import type { Application } from '#accounts/model.ts'
import type { AccountId } from '#base/ids.ts'
import { ok, type Result } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { flag, text, whole } from '#http/schema.ts'
import { applicationShelf } from '../application-shelf.ts'
import { type Collection, change, collectionRoutes, contains, creation } from '../collection.ts'
import { blankApplication, changed, commonFields } from '../connection-fields.ts'
import { connectionListing } from '../connection-listing.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import type { ApiError } from '../errors.ts'
import { url } from '../fields.ts'
import { DEFAULT_PAGE_SIZE } from '../limits.ts'
import { profileId } from '../profiles.ts'
import { connectionId, resourceTime } from '../spelling.ts'
import { DOCUMENT_LANGUAGE, isTexml, TEXML_ROLE } from '../texml-program.ts'

const method = z.preprocess(
  (value) => (typeof value === 'string' ? value.toLowerCase() : value),
  z.enum(['get', 'post']),
)
const createBody = z.object({
  ...commonFields,
  friendly_name: text(200, 1),
  voice_url: url,
  voice_method: method.optional(),
  voice_fallback_url: z.union([url, z.literal('')]).optional(),
  status_callback: z.union([url, z.literal('')]).optional(),
  status_callback_method: method.optional(),
  first_command_timeout: flag.optional(),
  first_command_timeout_secs: whole(1, 3600).optional(),
})
const patchBody = createBody.partial()
type Patch = z.infer<typeof patchBody>

export function texmlApplicationRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  const all = (account: AccountId): readonly Application[] => doors.register.applications(account).filter(isTexml)
  const { put, remove } = applicationShelf(doors, 'This application')
  const listing = connectionListing(doors)
  const applications: Collection<Application> = {
    path: '/texml_applications',
    noun: 'application',
    all,
    find: (account, id) => all(account).find((one) => connectionId(one.id) === id) ?? null,
    show: resource,
    listing: {
      ...listing,
      pageSize: DEFAULT_PAGE_SIZE,
      filters: {
        ...listing.filters,
        'friendly_name[contains]': contains((one) => one.name),
        friendly_name: contains((one) => one.name),
      },
      sorts: { ...listing.sorts, friendly_name: (one) => one.name },
    },
    create: creation(createBody, 201, (body, actor) =>
      put(
        written(
          doors,
          { ...blankApplication(doors, actor.account), dialect: DOCUMENT_LANGUAGE, extra: { role: TEXML_ROLE } },
          body,
        ),
      ),
    ),
    change: change('PATCH', patchBody, (body, _actor, one) => put(written(doors, one, body))),
    remove: { status: 200, make: remove },
  }
  return collectionRoutes(applications)
}

function written(doors: TelnyxDoors, old: Application, body: Patch): Result<Application, ApiError> {
  const next = changed(doors, old, body)
  if (!next.ok) return next
  const { extra } = next.value
  return ok({
    ...next.value,
    name: body.friendly_name ?? old.name,
    webhookUrl: body.voice_url ?? old.webhookUrl,
    webhookMethod: body.voice_method === undefined ? old.webhookMethod : upper(body.voice_method),
    webhookFailoverUrl: body.voice_fallback_url === '' ? null : (body.voice_fallback_url ?? old.webhookFailoverUrl),
    extra: {
      ...extra,
      ...(body.status_callback === undefined ? {} : { status_callback: body.status_callback }),
      ...(body.status_callback_method === undefined
        ? {}
        : { status_callback_method: upper(body.status_callback_method) }),
      ...(body.first_command_timeout === undefined ? {} : { first_command_timeout: body.first_command_timeout }),
      ...(body.first_command_timeout_secs === undefined
        ? {}
        : { first_command_timeout_secs: body.first_command_timeout_secs }),
    },
  })
}

function upper(word: 'get' | 'post'): 'GET' | 'POST' {
  return word === 'get' ? 'GET' : 'POST'
}

function resource(application: Application): object {
  const { extra } = application
  return {
    record_type: 'texml_application',
    id: connectionId(application.id),
    friendly_name: application.name,
    active: application.active,
    anchorsite_override: extra.anchorsite_override ?? 'Latency',
    call_cost_in_webhooks: extra.call_cost_in_webhooks ?? false,
    dtmf_type: { 'telephone-event': 'RFC 2833', inband: 'Inband', info: 'SIP INFO' }[application.digitMode],
    first_command_timeout: extra.first_command_timeout ?? false,
    first_command_timeout_secs: extra.first_command_timeout_secs ?? 30,
    voice_url: application.webhookUrl,
    voice_method: application.webhookMethod.toLowerCase(),
    voice_fallback_url: application.webhookFailoverUrl ?? '',
    status_callback: extra.status_callback ?? '',
    status_callback_method: String(extra.status_callback_method ?? 'POST').toLowerCase(),
    tags: extra.tags ?? [],
    inbound: { ...(extra.inbound as object | undefined), channel_limit: application.inboundChannelLimit },
    outbound: {
      ...(extra.outbound as object | undefined),
      channel_limit: application.outboundChannelLimit,
      outbound_voice_profile_id: application.outboundProfile == null ? null : profileId(application.outboundProfile),
    },
    created_at: resourceTime(application.createdAtWallMs),
    updated_at: resourceTime(application.updatedAtWallMs),
  }
}
