// What Call Control applications and the kinds of SIP connections have in common (telnyx-voice §11.0 ⟨CONN⟩, §13): fields,
// how they change a record, and how a record shows them. What this switch acts on is in typed fields; the rest is kept
// as it came and shown again.

import { z } from 'zod'
import type { Application, ConnectionPart } from '#accounts/model.ts'
import type { AccountId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import { flag, text, whole } from '#http/schema.ts'
import { codecNames } from './codec-names.ts'
import { LANGUAGE, type TelnyxDoors } from './doors.ts'
import { type ApiError, errors } from './errors.ts'
import { url } from './fields.ts'
import { findProfile, profileId } from './profiles.ts'
import { connectionId, resourceTime } from './spelling.ts'

const digitModes = { 'RFC 2833': 'telephone-event', Inband: 'inband', 'SIP INFO': 'info' } as const
const digitTypes = { 'telephone-event': 'RFC 2833', inband: 'Inband', info: 'SIP INFO' } as const

const channelLimit = whole(0, 1_000_000).nullish()

/** Of every application and connection. */
export const commonFields = {
  active: flag.optional(),
  anchorsite_override: text(100).optional(),
  call_cost_in_webhooks: flag.optional(),
  dtmf_type: z.enum(['RFC 2833', 'Inband', 'SIP INFO']).optional(),
  inbound: z.looseObject({ channel_limit: channelLimit }).optional(),
  outbound: z.looseObject({ channel_limit: channelLimit, outbound_voice_profile_id: text(40).nullish() }).optional(),
  tags: z.array(z.string().max(100)).max(100).optional(),
  webhook_api_version: z.enum(['1', '2', 'texml']).optional(),
  webhook_event_url: z.union([url, z.literal('')]).optional(),
  webhook_event_failover_url: z.union([url, z.literal('')]).optional(),
  webhook_timeout_secs: whole(0, 30).optional(),
}
const common = z.object(commonFields)
export type CommonBody = z.infer<typeof common>

/** Of every SIP connection. */
export const connectionFields = {
  ...commonFields,
  android_push_credential_id: text(100).optional(),
  ios_push_credential_id: text(100).optional(),
  default_on_hold_comfort_noise_enabled: flag.optional(),
  encode_contact_header_enabled: flag.optional(),
  encrypted_media: z.enum(['SRTP']).nullish(),
  jitter_buffer: z
    .looseObject({
      enable_jitter_buffer: flag.optional(),
      jitterbuffer_msec_max: whole(40, 400).optional(),
      jitterbuffer_msec_min: whole(40, 400).optional(),
    })
    .optional(),
  noise_suppression: z.enum(['inbound', 'outbound', 'both', 'disabled']).optional(),
  noise_suppression_details: z.looseObject({}).optional(),
  onnet_t38_passthrough_enabled: flag.optional(),
  rtcp_settings: z.looseObject({}).optional(),
  /** Ours: whether its telephones and addresses may transfer calls by REFER. */
  refer_enabled: flag.optional(),
  inbound: z
    .looseObject({
      channel_limit: channelLimit,
      codecs: z.array(z.string().max(20)).max(20).optional(),
      timeout_1xx_secs: whole(1, 120).optional(),
      timeout_2xx_secs: whole(1, 600).optional(),
    })
    .optional(),
  outbound: z
    .looseObject({
      channel_limit: channelLimit,
      outbound_voice_profile_id: text(40).nullish(),
      ani_override: text(50).nullish(),
      ani_override_type: z.enum(['always', 'normal', 'emergency']).optional(),
      call_parking_enabled: flag.nullish(),
    })
    .optional(),
}
const connectionBody = z.object(connectionFields)
export type ConnectionBody = z.infer<typeof connectionBody>

/** What is kept as it came. */
const keptFields = [
  'anchorsite_override',
  'call_cost_in_webhooks',
  'tags',
  'android_push_credential_id',
  'ios_push_credential_id',
  'default_on_hold_comfort_noise_enabled',
  'encode_contact_header_enabled',
  'encrypted_media',
  'noise_suppression',
  'noise_suppression_details',
  'onnet_t38_passthrough_enabled',
  'redact_dtmf_debug_logging',
  'refer_enabled',
  'transport_protocol',
  'microsoft_teams_sbc',
]
/** Kept as well; a change changes the named fields inside and leaves the others. */
const keptGroups = ['inbound', 'outbound', 'jitter_buffer', 'rtcp_settings']

/** An application that says nothing yet. */
export function blankApplication(doors: TelnyxDoors, account: AccountId): Application {
  const now = doors.clock.wallMs()
  return {
    id: doors.ids.make<'application'>(),
    account,
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
    outboundProfile: null,
    callerId: null,
    createdAtWallMs: now,
    updatedAtWallMs: now,
    extra: {},
  }
}

/** An application or connection with a request's common fields. */
export function changed(
  doors: TelnyxDoors,
  old: Application,
  body: CommonBody & Readonly<Record<string, unknown>>,
): Result<Application, ApiError> {
  const extra: Record<string, unknown> = { ...old.extra }
  for (const name of keptFields) if (body[name] !== undefined) extra[name] = body[name]
  for (const name of keptGroups) {
    if (body[name] !== undefined) extra[name] = { ...(extra[name] as object | undefined), ...(body[name] as object) }
  }
  let outboundProfile = old.outboundProfile ?? null
  const wanted = body.outbound?.outbound_voice_profile_id
  if (wanted !== undefined) {
    const profile = wanted === null || wanted === '' ? null : findProfile(doors, old.account, wanted)
    if (profile === null && wanted !== null && wanted !== '') {
      return err(errors.noSuch('/outbound/outbound_voice_profile_id', 'There is no such outbound voice profile.'))
    }
    outboundProfile = profile?.id ?? null
  }
  const limit = (old: number | null, group: { readonly channel_limit?: number | null | undefined } | undefined) =>
    group?.channel_limit === undefined ? old : group.channel_limit
  return ok({
    ...old,
    active: body.active ?? old.active,
    webhookUrl: body.webhook_event_url === '' ? null : (body.webhook_event_url ?? old.webhookUrl),
    webhookFailoverUrl:
      body.webhook_event_failover_url === '' ? null : (body.webhook_event_failover_url ?? old.webhookFailoverUrl),
    webhookTimeoutMs: body.webhook_timeout_secs === undefined ? old.webhookTimeoutMs : body.webhook_timeout_secs * 1000,
    webhookVersion: body.webhook_api_version === undefined ? old.webhookVersion : body.webhook_api_version,
    digitMode: body.dtmf_type === undefined ? old.digitMode : digitModes[body.dtmf_type],
    inboundChannelLimit: limit(old.inboundChannelLimit, body.inbound),
    outboundChannelLimit: limit(old.outboundChannelLimit, body.outbound),
    outboundProfile,
    updatedAtWallMs: doors.clock.wallMs(),
    ...mediaTerms(old, extra),
    extra,
  })
}

/** Which codecs and whether SRTP is a must, as `encrypted_media` and `inbound.codecs` say. */
function mediaTerms(old: Application, extra: Application['extra']): Pick<Application, 'media'> {
  const { codecs } = (extra.inbound ?? {}) as { readonly codecs?: readonly string[] }
  if (old.media === undefined && extra.encrypted_media === undefined && codecs === undefined) return {}
  return {
    media: {
      codecs: codecs === undefined ? (old.media?.codecs ?? null) : codecNames(codecs),
      encryptedMedia:
        extra.encrypted_media === undefined
          ? (old.media?.encryptedMedia ?? null)
          : extra.encrypted_media === 'SRTP'
            ? 'SRTP'
            : null,
      srtpWithoutTls: old.media?.srtpWithoutTls ?? false,
    },
  }
}

/** What this switch acts on of a SIP connection's fields. */
export function connectionPart(kind: ConnectionPart['kind'], extra: Application['extra']): ConnectionPart {
  const inbound = (extra.inbound ?? {}) as { readonly timeout_2xx_secs?: number }
  const outbound = (extra.outbound ?? {}) as {
    readonly ani_override?: string | null
    readonly call_parking_enabled?: boolean | null
  }
  const transport = String(extra.transport_protocol ?? 'UDP').toLowerCase()
  return {
    kind,
    username: null,
    password: null,
    sipUriCalling: 'disabled',
    parksCalls: outbound.call_parking_enabled === true,
    callerId: outbound.ani_override === undefined || outbound.ani_override === '' ? null : outbound.ani_override,
    ringTimeoutMs: (inbound.timeout_2xx_secs ?? 90) * 1000,
    transport: transport === 'tcp' || transport === 'tls' ? transport : 'udp',
    ...(typeof extra.refer_enabled === 'boolean' ? { mayRefer: extra.refer_enabled } : {}),
  }
}

/** The common part of a resource. */
export function commonResource(application: Application): Readonly<Record<string, unknown>> {
  const { extra } = application
  return {
    id: connectionId(application.id),
    active: application.active,
    anchorsite_override: extra.anchorsite_override ?? 'Latency',
    call_cost_in_webhooks: extra.call_cost_in_webhooks ?? false,
    dtmf_type: digitTypes[application.digitMode],
    inbound: {
      shaken_stir_enabled: false,
      ...(extra.inbound as object | undefined),
      channel_limit: application.inboundChannelLimit,
    },
    outbound: {
      ...(extra.outbound as object | undefined),
      channel_limit: application.outboundChannelLimit,
      outbound_voice_profile_id: application.outboundProfile == null ? null : profileId(application.outboundProfile),
    },
    tags: extra.tags ?? [],
    webhook_api_version: application.webhookVersion,
    webhook_event_url: application.webhookUrl,
    webhook_event_failover_url: application.webhookFailoverUrl,
    webhook_timeout_secs: application.webhookTimeoutMs === null ? null : application.webhookTimeoutMs / 1000,
    created_at: resourceTime(application.createdAtWallMs),
    updated_at: resourceTime(application.updatedAtWallMs),
  }
}

const inboundDefaults = {
  ani_number_format: 'E.164-national',
  codecs: ['G722', 'G711U', 'G711A', 'G729', 'OPUS', 'H.264'],
  default_routing_method: 'sequential',
  dnis_number_format: 'e164',
  generate_ringback_tone: false,
  isup_headers_enabled: false,
  prack_enabled: false,
  shaken_stir_enabled: false,
  sip_compact_headers_enabled: true,
  timeout_1xx_secs: 3,
  timeout_2xx_secs: 90,
}
const outboundDefaults = {
  ani_override: '',
  ani_override_type: 'always',
  call_parking_enabled: false,
  generate_ringback_tone: false,
  instant_ringback_enabled: true,
  localization: 'US',
  t38_reinvite_source: 'telnyx',
}

/** A SIP connection's resource, without what only its kind has. */
export function sipConnectionResource(application: Application): Readonly<Record<string, unknown>> {
  const { extra } = application
  const shown = commonResource(application)
  return {
    ...shown,
    connection_name: application.name,
    android_push_credential_id: extra.android_push_credential_id ?? null,
    ios_push_credential_id: extra.ios_push_credential_id ?? null,
    default_on_hold_comfort_noise_enabled: extra.default_on_hold_comfort_noise_enabled ?? false,
    encode_contact_header_enabled: extra.encode_contact_header_enabled ?? false,
    encrypted_media: extra.encrypted_media ?? null,
    jitter_buffer: {
      enable_jitter_buffer: false,
      jitterbuffer_msec_max: 200,
      jitterbuffer_msec_min: 60,
      ...(extra.jitter_buffer as object | undefined),
    },
    noise_suppression: extra.noise_suppression ?? 'disabled',
    noise_suppression_details: extra.noise_suppression_details ?? { engine: 'denoiser' },
    onnet_t38_passthrough_enabled: extra.onnet_t38_passthrough_enabled ?? false,
    rtcp_settings: {
      capture_enabled: false,
      port: 'rtp+1',
      report_frequency_secs: 5,
      ...(extra.rtcp_settings as object | undefined),
    },
    inbound: { ...inboundDefaults, ...(shown.inbound as object) },
    outbound: { ...outboundDefaults, ...(shown.outbound as object) },
  }
}
