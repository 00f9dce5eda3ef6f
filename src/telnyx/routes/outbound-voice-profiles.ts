// Outbound voice profiles (telnyx-voice §11.8): what the calls out of the connections that name one may do. Judged at
// every dial and transfer by accounts/outbound-policy.ts.

import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import type { OutboundProfile } from '#accounts/kinds.ts'
import { err } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { flag, text, whole } from '#http/schema.ts'
import { type Collection, change, collectionRoutes, contains, creation, kept } from '../collection.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { errors } from '../errors.ts'
import { findProfile, profileId } from '../profiles.ts'
import { resourceTime } from '../spelling.ts'

type Profile = Entry<'outbound-profile'>

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?Z?$/, 'a UTC time of day like 08:30')
const money = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'an amount like 100.00'),
)

const fields = {
  name: text(250, 3),
  billing_group_id: text(100).nullish(),
  call_recording: z
    .looseObject({
      call_recording_type: z.enum(['all', 'none', 'by_caller_phone_number']).optional(),
      call_recording_channels: z.enum(['single', 'dual']).optional(),
      call_recording_format: z.enum(['wav', 'mp3']).optional(),
      call_recording_caller_phone_numbers: z.array(text(40)).max(1000).nullish(),
    })
    .optional(),
  calling_window: z
    .object({
      start_time: timeOfDay.nullish(),
      end_time: timeOfDay.nullish(),
      calls_per_cld: whole(0, 1_000_000).nullish(),
    })
    .optional(),
  concurrent_call_limit: whole(0, 1_000_000).nullish(),
  daily_spend_limit: money.nullish(),
  daily_spend_limit_enabled: flag.optional(),
  enabled: flag.optional(),
  max_destination_rate: z.number().min(0).nullish(),
  service_plan: z.enum(['global']).optional(),
  tags: z.array(text(100)).max(100).optional(),
  traffic_type: z.enum(['conversational']).optional(),
  usage_payment_method: z.enum(['rate-deck']).optional(),
  whitelisted_destinations: z
    .array(z.string().regex(/^[A-Za-z]{2}$/, 'a country like US'))
    .max(300)
    .optional(),
}
const createBody = z.object(fields)
const patchBody = createBody.partial()
/** Null: no limit any more. */
const clearable = ['billing_group_id', 'concurrent_call_limit', 'daily_spend_limit', 'max_destination_rate']

const blank: OutboundProfile = {
  name: '',
  enabled: true,
  destinations: ['US', 'CA'],
  concurrentLimit: null,
  spendLimited: false,
  spendLimit: null,
  maxRate: null,
  window: null,
  extra: {},
}

export function outboundVoiceProfileRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  const noun = 'outbound voice profile'
  const book = kept(() => doors.register.book, 'outbound-profile', noun)
  const connections = (one: Profile) =>
    doors.register.applications(one.account).filter((application) => application.outboundProfile === one.id).length
  const collection: Collection<Profile> = {
    path: '/outbound_voice_profiles',
    noun,
    all: book.all,
    find: (account, id) => findProfile(doors, account, id),
    show: (one) => ({ ...shown(one), connections_count: connections(one) }),
    listing: {
      filters: { 'name[contains]': contains((one: Profile) => one.fields.name) },
      sorts: {
        created_at: (one) => one.createdAtWallMs,
        enabled: (one) => Number(one.fields.enabled),
        name: (one) => one.fields.name,
        service_plan: () => 'global',
        traffic_type: () => 'conversational',
        usage_payment_method: () => 'rate-deck',
      },
      sort: '-created_at',
    },
    create: creation(createBody, 200, (body, actor) => book.add(actor, written(blank, body))),
    change: change('PATCH', patchBody, (body, _actor, one) => book.replace(one, written(one.fields, body)), clearable),
    remove: {
      status: 200,
      make: async (one) =>
        connections(one) > 0
          ? err(errors.inUse('Connections use this profile: give them another one first.'))
          : book.remove(one),
    },
  }
  return collectionRoutes(collection)
}

function written(old: OutboundProfile, body: z.infer<typeof patchBody>): OutboundProfile {
  const extra: Record<string, unknown> = { ...old.extra }
  for (const name of ['billing_group_id', 'call_recording', 'tags'] as const) {
    if (body[name] !== undefined) extra[name] = body[name]
  }
  if (body.calling_window !== undefined) extra.calling_window = body.calling_window
  const window = body.calling_window
  return {
    name: body.name ?? old.name,
    enabled: body.enabled ?? old.enabled,
    destinations: body.whitelisted_destinations?.map((one) => one.toUpperCase()) ?? old.destinations,
    concurrentLimit: body.concurrent_call_limit === undefined ? old.concurrentLimit : body.concurrent_call_limit,
    spendLimited: body.daily_spend_limit_enabled ?? old.spendLimited,
    spendLimit: body.daily_spend_limit === undefined ? old.spendLimit : body.daily_spend_limit,
    maxRate: body.max_destination_rate === undefined ? old.maxRate : body.max_destination_rate,
    window:
      window === undefined
        ? old.window
        : {
            fromMs: msOfDay(window.start_time),
            untilMs: msOfDay(window.end_time),
            callsPerDestination: window.calls_per_cld ?? null,
          },
    extra,
  }
}

function msOfDay(text: string | null | undefined): number | null {
  if (text == null) return null
  const [hours = 0, minutes = 0, seconds = 0] = text.replace('Z', '').split(':').map(Number)
  return ((hours * 60 + minutes) * 60 + seconds) * 1000
}

function shown({ id, fields, createdAtWallMs, updatedAtWallMs }: Profile): object {
  const { extra } = fields
  return {
    record_type: 'outbound_voice_profile',
    id: profileId(id),
    name: fields.name,
    billing_group_id: extra.billing_group_id ?? null,
    call_recording: {
      call_recording_type: 'none',
      call_recording_channels: 'single',
      call_recording_format: 'wav',
      call_recording_caller_phone_numbers: [],
      ...(extra.call_recording as object | undefined),
    },
    calling_window: extra.calling_window ?? null,
    concurrent_call_limit: fields.concurrentLimit,
    daily_spend_limit: fields.spendLimit,
    daily_spend_limit_enabled: fields.spendLimited,
    enabled: fields.enabled,
    max_destination_rate: fields.maxRate,
    service_plan: 'global',
    tags: extra.tags ?? [],
    traffic_type: 'conversational',
    usage_payment_method: 'rate-deck',
    whitelisted_destinations: fields.destinations,
    created_at: resourceTime(createdAtWallMs),
    updated_at: resourceTime(updatedAtWallMs),
  }
}
