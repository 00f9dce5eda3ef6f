// Phone numbers (telnyx-voice §11.9): the inventory of declared and ordered numbers. `connection_id` routes calls in from
// the next call on; of the voice settings, forwarding, recording, translation and the kind of payment are acted upon
// (connection-calls.ts, accounts/outbound-policy.ts), the rest is kept.

import { z } from 'zod'
import { countryOf } from '#accounts/destinations.ts'
import type { Application, NumberVoice, PhoneNumber } from '#accounts/model.ts'
import type { AccountId, ApplicationId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { AnyRoute, Reply, RouteRequest } from '#http/route.ts'
import { flag, text } from '#http/schema.ts'
import { type Collection, change, collectionRoutes, contains, type Listing, listReply } from '../collection.ts'
import { fail } from '../commander.ts'
import { LANGUAGE, type TelnyxActor, type TelnyxDoors } from '../doors.ts'
import { type ApiError, accountsError, errors } from '../errors.ts'
import { resolveProgram } from '../resolve.ts'
import { route } from '../route.ts'
import { connectionId, resourceTime } from '../spelling.ts'
import { isTexml } from '../texml-program.ts'

const patchBody = z.object({
  connection_id: text(40).nullish(),
  customer_reference: text(255).optional(),
  billing_group_id: text(100).optional(),
  address_id: text(100).optional(),
  external_pin: text(100).optional(),
  hd_voice_enabled: flag.optional(),
  tags: z.array(text(100)).max(100).optional(),
})

const destination = text(200).refine((to) => to === '' || /^\+\d{3,15}$/.test(to) || /^sips?:[^\s<>"]+$/.test(to), {
  message: 'a +E.164 number or a SIP URI',
})
const voiceBody = z.object({
  call_forwarding: z
    .object({
      call_forwarding_enabled: flag.optional(),
      forwarding_type: z.enum(['always', 'on-failure']).nullish(),
      forwards_to: destination.nullish(),
    })
    .optional(),
  call_recording: z
    .object({
      inbound_call_recording_enabled: flag.optional(),
      inbound_call_recording_channels: z.enum(['single', 'dual']).optional(),
      inbound_call_recording_format: z.enum(['wav', 'mp3']).optional(),
    })
    .optional(),
  caller_id_name_enabled: flag.optional(),
  cnam_listing: z
    .looseObject({ cnam_listing_enabled: flag.optional(), cnam_listing_details: text(15).nullish() })
    .optional(),
  inbound_call_screening: z.enum(['disabled', 'reject_calls', 'flag_calls']).optional(),
  media_features: z
    .object({
      accept_any_rtp_packets_enabled: flag.optional(),
      rtp_auto_adjust_enabled: flag.optional(),
      t38_fax_gateway_enabled: flag.optional(),
    })
    .optional(),
  tech_prefix_enabled: flag.optional(),
  translated_number: text(40)
    .refine((to) => /^\+?\d{0,20}$/.test(to), { message: 'a number' })
    .optional(),
  usage_payment_method: z.enum(['pay-per-minute', 'channel']).optional(),
})

function isConnection(application: Application | null): boolean {
  return application?.dialect === LANGUAGE || isTexml(application)
}

export const plainVoice: NumberVoice = { paidByChannel: false, forwarding: null, recording: null, translated: null }

export function phoneNumberRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  const noun = 'phone number'
  // Programs of another language are no connections here.
  const connected = (id: ApplicationId | null): boolean => id !== null && isConnection(doors.register.application(id))
  const all = (account: AccountId): readonly PhoneNumber[] =>
    doors.register.numbers(account).map((one) => (connected(one.application) ? one : { ...one, application: null }))
  const find = (account: AccountId, id: string): PhoneNumber | null =>
    all(account).find((one) => numberId(one) === id || one.number === id) ?? null
  /** Whatever its language. */
  const applicationOf = (one: PhoneNumber): ApplicationId | null =>
    doors.register.number(one.number)?.application ?? null
  const nameOf = (one: PhoneNumber): string =>
    one.application === null ? '' : (doors.register.application(one.application)?.name ?? '')
  const put = async (number: PhoneNumber): Promise<Result<PhoneNumber, ApiError>> => {
    const done = await doors.register.putNumber(number)
    return done.ok ? ok(number) : err(accountsError(done.error, `This ${noun}`))
  }
  const detailed = (one: PhoneNumber): object => ({ ...slim(one), ...more(one, nameOf(one)) })
  const voice = (one: PhoneNumber): object => voiceSettings(one)
  const listing = numberListing(nameOf)

  const collection: Collection<PhoneNumber> = {
    path: '/phone_numbers',
    noun,
    all,
    find,
    show: detailed,
    listing,
    change: change(
      'PATCH',
      patchBody,
      async (body, actor, one) => {
        let application = applicationOf(one)
        if (body.connection_id !== undefined) {
          const named = body.connection_id === null || body.connection_id === '' ? null : body.connection_id
          const found: ApplicationId | null = named === null ? null : resolveProgram(doors, actor.account, named)
          if (named !== null && found === null) {
            return err(errors.noSuch('/connection_id', 'There is no such connection.'))
          }
          application = found
        }
        const { connection_id: _, ...kept } = body
        return put({ ...one, application, extra: { ...one.extra, ...kept } })
      },
      ['connection_id'],
    ),
    remove: {
      status: 200,
      make: async (one) => {
        const done = await doors.register.removeNumber(one.number)
        return done.ok ? ok(undefined) : err(accountsError(done.error, `This ${noun}`))
      },
    },
  }

  const listOf = (path: string, what: string, show: (one: PhoneNumber) => object): AnyRoute<TelnyxActor> =>
    route<unknown>({
      method: 'GET',
      path,
      summary: `List every phone number${what}`,
      handler: async ({ actor, query }) => listReply(all(actor.account), listing, query, show),
    })
  const one = async (
    { actor, params }: Pick<RouteRequest<TelnyxActor, unknown>, 'actor' | 'params'>,
    then: (number: PhoneNumber) => Promise<Result<PhoneNumber, ApiError>>,
  ): Promise<Reply> => {
    const number = find(actor.account, params.id ?? '')
    if (number === null) return fail(errors.notFound(`This ${noun}`))
    const done = await then(number)
    return done.ok ? { status: 200, json: { data: voice(done.value) } } : fail(done.error)
  }

  return [
    listOf('/phone_numbers/slim', ', in few words', slim),
    listOf('/phone_numbers/voice', ' with its voice settings', voice),
    ...collectionRoutes(collection),
    route<unknown>({
      method: 'GET',
      path: '/phone_numbers/:id/voice',
      summary: 'Look up the voice settings of a phone number',
      handler: (request) => one(request, async (number) => ok(number)),
    }),
    route({
      method: 'PATCH',
      path: '/phone_numbers/:id/voice',
      summary: 'Change the voice settings of a phone number',
      body: voiceBody,
      handler: (request) =>
        one(request, (number) => put({ ...withVoice(number, request.body), application: applicationOf(number) })),
    }),
  ]
}

/** A decimal string, like a connection's id. */
export function numberId(number: PhoneNumber): string {
  return connectionId(number.id)
}

function withVoice(number: PhoneNumber, body: z.infer<typeof voiceBody>): PhoneNumber {
  const old = number.voice ?? plainVoice
  const extra: Record<string, unknown> = { ...number.extra }
  for (const [name, value] of Object.entries(body)) {
    extra[name] = typeof value === 'object' ? { ...(extra[name] as object | undefined), ...(value as object) } : value
  }
  const forwarding = extra.call_forwarding as z.infer<typeof voiceBody>['call_forwarding']
  const recording = extra.call_recording as z.infer<typeof voiceBody>['call_recording']
  const to = forwarding?.forwards_to ?? ''
  return {
    ...number,
    voice: {
      paidByChannel:
        body.usage_payment_method === undefined ? old.paidByChannel : body.usage_payment_method === 'channel',
      forwarding:
        forwarding?.call_forwarding_enabled !== false && to !== ''
          ? { to, when: forwarding?.forwarding_type ?? 'always' }
          : null,
      recording:
        recording?.inbound_call_recording_enabled === true
          ? {
              channels: recording.inbound_call_recording_channels === 'dual' ? 2 : 1,
              format: recording.inbound_call_recording_format ?? 'wav',
            }
          : null,
      translated:
        body.translated_number === undefined
          ? old.translated
          : body.translated_number === ''
            ? null
            : body.translated_number,
    },
    extra,
  }
}

function slim(one: PhoneNumber): object {
  const extra = one.extra ?? {}
  return {
    record_type: 'phone_number',
    id: numberId(one),
    phone_number: one.number,
    country_iso_alpha2: countryOf(one.number) ?? '',
    phone_number_type: 'local',
    status: 'active',
    connection_id: one.application === null ? null : connectionId(one.application),
    customer_reference: extra.customer_reference ?? null,
    billing_group_id: extra.billing_group_id ?? null,
    external_pin: extra.external_pin ?? null,
    emergency_enabled: false,
    emergency_address_id: null,
    emergency_status: 'disabled',
    t38_fax_gateway_enabled: false,
    cnam_listing_enabled: false,
    caller_id_name_enabled: extra.caller_id_name_enabled ?? false,
    call_forwarding_enabled: (one.voice ?? plainVoice).forwarding !== null,
    call_recording_enabled: (one.voice ?? plainVoice).recording !== null,
    inbound_call_screening: extra.inbound_call_screening ?? 'disabled',
    hd_voice_enabled: extra.hd_voice_enabled ?? false,
    deletion_lock_enabled: false,
    purchased_at: resourceTime(one.createdAtWallMs),
    created_at: resourceTime(one.createdAtWallMs),
    updated_at: resourceTime(one.createdAtWallMs),
  }
}

function more(one: PhoneNumber, connectionName: string): object {
  return {
    connection_name: connectionName === '' ? null : connectionName,
    tags: one.extra?.tags ?? [],
    activated_at: resourceTime(one.createdAtWallMs),
    messaging_profile_id: null,
    messaging_profile_name: null,
    source_type: null,
  }
}

function voiceSettings(one: PhoneNumber): object {
  const extra = one.extra ?? {}
  const voice = one.voice ?? plainVoice
  return {
    record_type: 'voice_settings',
    id: numberId(one),
    phone_number: one.number,
    connection_id: one.application === null ? '' : connectionId(one.application),
    customer_reference: extra.customer_reference ?? '',
    call_forwarding: {
      call_forwarding_enabled: true,
      forwarding_type: null,
      forwards_to: '',
      ...(extra.call_forwarding as object | undefined),
    },
    call_recording: {
      inbound_call_recording_enabled: false,
      inbound_call_recording_channels: 'single',
      inbound_call_recording_format: 'wav',
      ...(extra.call_recording as object | undefined),
    },
    caller_id_name_enabled: extra.caller_id_name_enabled ?? false,
    cnam_listing: {
      cnam_listing_enabled: false,
      cnam_listing_details: '',
      ...(extra.cnam_listing as object | undefined),
    },
    emergency: { emergency_enabled: false, emergency_address_id: '', emergency_status: 'disabled' },
    inbound_call_screening: extra.inbound_call_screening ?? 'disabled',
    media_features: {
      accept_any_rtp_packets_enabled: false,
      rtp_auto_adjust_enabled: true,
      t38_fax_gateway_enabled: false,
      ...(extra.media_features as object | undefined),
    },
    tech_prefix_enabled: extra.tech_prefix_enabled ?? false,
    translated_number: voice.translated ?? '',
    usage_payment_method: voice.paidByChannel ? 'channel' : 'pay-per-minute',
  }
}

function numberListing(nameOf: (one: PhoneNumber) => string): Listing<PhoneNumber> {
  const payment = (one: PhoneNumber): string => (one.voice?.paidByChannel === true ? 'channel' : 'pay-per-minute')
  const tags = (one: PhoneNumber): readonly unknown[] => (one.extra?.tags as readonly unknown[] | undefined) ?? []
  const named = contains(nameOf)
  return {
    filters: {
      phone_number: (one, value) => one.number.includes(value),
      connection_id: (one, value) => one.application !== null && connectionId(one.application) === value,
      country_iso_alpha2: (one, value) => countryOf(one.number) === value.toUpperCase(),
      customer_reference: (one, value) => one.extra?.customer_reference === value,
      billing_group_id: (one, value) => one.extra?.billing_group_id === value,
      emergency_address_id: () => false,
      number_type: (_one, value) => value === 'local',
      source: (_one, value) => value === 'purchased',
      status: (_one, value) => value === 'active',
      tag: (one, value) => tags(one).includes(value),
      without_tags: (one, value) => (value === 'true') === (tags(one).length === 0),
      'connection_name[contains]': named,
      'voice.connection_name': (one, value) => nameOf(one) === value,
      'voice.connection_name[contains]': named,
      'voice.connection_name[starts_with]': (one, value) => nameOf(one).startsWith(value),
      'voice.connection_name[ends_with]': (one, value) => nameOf(one).endsWith(value),
      'voice.usage_payment_method': (one, value) => payment(one) === value,
    },
    sorts: {
      purchased_at: (one) => one.createdAtWallMs,
      phone_number: (one) => one.number,
      connection_name: nameOf,
      usage_payment_method: payment,
    },
    sort: 'purchased_at',
  }
}
