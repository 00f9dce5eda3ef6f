// What `hookswitch.yaml` declares, applied at every start: what is missing is made, what differs is changed, what the
// file does not name stays. Applying the same file twice changes nothing.

import { z } from 'zod'
import type { AccountId, ApplicationId, IdMaker } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import { type AccountsError, type Application, isNamed, type MediaTerms } from './model.ts'
import type { Register } from './register.ts'

const text = z.coerce.string().min(1).max(2000)

const media = {
  codecs: z
    .array(z.enum(['PCMU', 'PCMA', 'G722', 'opus']))
    .min(1)
    .nullish(),
  encrypted_media: z.enum(['SRTP', 'opportunistic']).nullish(),
  allow_srtp_without_tls: z.boolean().default(false),
}

const application = z.strictObject({
  ...media,
  name: text.max(100),
  dialect: z.enum(['telnyx', 'twilio', 'house']),
  webhook_url: text.nullish(),
  webhook_failover_url: text.nullish(),
  webhook_method: z.enum(['GET', 'POST']).default('POST'),
  webhook_api_version: z.enum(['1', '2']).default('2'),
  webhook_timeout_secs: z.number().min(0).max(30).nullish(),
  first_command_timeout_secs: z.number().min(1).max(3600).nullish(),
  dtmf_type: z.enum(['RFC 2833', 'Inband', 'SIP INFO']).default('RFC 2833'),
  caller_id: text.nullish(),
  /** For `twilio` applications: told how calls go. */
  status_callback: text.nullish(),
  status_callback_method: z.enum(['GET', 'POST']).default('POST'),
  /** For `house` applications: what they do with a call. */
  action: z.string().max(500).optional(),
})

const number = z.strictObject({
  number: z.coerce.string().regex(/^\+?[A-Za-z0-9._-]{1,64}$/, 'a number like +15550100'),
  application: text,
})

const trunk = z.strictObject({
  ...media,
  name: text.max(100),
  match: text.nullish(),
  // The list first: as text it would be taken for one address with commas in it.
  uri: z.union([z.array(text).min(1).max(10), text]).optional(),
  username: text.nullish(),
  password: text.nullish(),
  register: z.boolean().default(false),
  allow_from: z.array(text).max(100).default([]),
  trusted: z.boolean().default(false),
  refer: z.boolean().default(false),
})

const user = z.strictObject({
  ...media,
  username: text.max(64),
  password: text.max(200),
  display_name: text.nullish(),
  caller_id: text.nullish(),
  refer: z.boolean().default(true),
})

const rate = z.strictObject({
  prefix: z.coerce.string().regex(/^\+?\d{0,15}$/, 'the first digits of numbers, like +44'),
  per_minute: z.number().min(0),
})

const siprecConnector = z.strictObject({
  name: text.max(100),
  // RFC 3261 §19.1.1, without a user: where recordings go, nobody in particular answers.
  uri: text.regex(/^sips?:(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/, 'a URI like sip:198.51.100.9:5060'),
})

/** The declarative part of the configuration file. */
export const declarations = z.strictObject({
  applications: z.array(application).max(10_000).default([]),
  numbers: z.array(number).max(100_000).default([]),
  trunks: z.array(trunk).max(1000).default([]),
  users: z.array(user).max(100_000).default([]),
  /** Recording servers (SIPREC), by the name that programs call them by. */
  siprec_connectors: z.array(siprecConnector).max(1000).default([]),
  rates: z.array(rate).max(100_000).default([]),
  /** Numbers that may be ordered over an API. */
  available_numbers: z
    .array(z.coerce.string().regex(/^\+\d{3,15}$/, 'a number like +15550100'))
    .max(100_000)
    .default([]),
})

export type Declarations = z.infer<typeof declarations>

const digitModes = { 'RFC 2833': 'telephone-event', Inband: 'inband', 'SIP INFO': 'info' } as const

/** Applies declarations to one account. The first thing that does not fit ends it, with a pointer into the file. */
export async function applyDeclarations(
  register: Register,
  account: AccountId,
  declared: Declarations,
  ids: IdMaker,
  wallMs: number,
): Promise<Result<void, AccountsError>> {
  for (const [index, one] of declared.applications.entries()) {
    const old = register.applications(account).find((known) => known.name === one.name && isNamed(known))
    const next: Application = {
      id: old?.id ?? ids.make<'application'>(),
      account,
      dialect: one.dialect,
      name: one.name,
      active: true,
      webhookUrl: one.webhook_url ?? null,
      webhookFailoverUrl: one.webhook_failover_url ?? null,
      webhookMethod: one.webhook_method,
      webhookTimeoutMs: one.webhook_timeout_secs == null ? null : one.webhook_timeout_secs * 1000,
      webhookVersion: one.webhook_api_version,
      firstCommandTimeoutMs: one.first_command_timeout_secs == null ? null : one.first_command_timeout_secs * 1000,
      digitMode: digitModes[one.dtmf_type],
      inboundChannelLimit: old?.inboundChannelLimit ?? null,
      outboundChannelLimit: old?.outboundChannelLimit ?? null,
      ...(old?.outboundProfile === undefined ? {} : { outboundProfile: old.outboundProfile }),
      callerId: one.caller_id ?? null,
      ...mediaTerms(one),
      createdAtWallMs: old?.createdAtWallMs ?? wallMs,
      updatedAtWallMs: old?.updatedAtWallMs ?? wallMs,
      extra: {
        ...old?.extra,
        ...(one.action === undefined ? {} : { action: one.action }),
        ...(one.dialect === 'twilio' ? voiceExtra(one) : {}),
      },
    }
    const put = await putIfChanged(old, next, () => register.putApplication({ ...next, updatedAtWallMs: wallMs }))
    if (!put.ok) return at(put.error, `/applications/${index}`)
  }
  register.setAvailable(declared.available_numbers)
  register.setRates(declared.rates.map((one) => ({ prefix: one.prefix, perMinute: one.per_minute })))
  for (const [index, one] of declared.numbers.entries()) {
    const application = register.applications(account).find((known) => known.name === one.application && isNamed(known))
    if (application === undefined) {
      return err({
        type: 'invalid',
        pointer: `/numbers/${index}/application`,
        reason: `no application is called '${one.application}'`,
      })
    }
    const old = register.number(one.number)
    const next = {
      ...old,
      number: one.number,
      id: old?.id ?? ids.make(),
      account,
      application: application.id as ApplicationId,
      createdAtWallMs: old?.createdAtWallMs ?? wallMs,
    }
    const put = await putIfChanged(old, next, () => register.putNumber(next))
    if (!put.ok) return at(put.error, `/numbers/${index}`)
  }
  for (const [index, one] of declared.trunks.entries()) {
    const old = register.trunks().find((known) => known.account === account && known.name === one.name)
    const next = {
      id: old?.id ?? ids.make(),
      account,
      name: one.name,
      match: one.match ?? null,
      uris: one.uri === undefined ? [] : typeof one.uri === 'string' ? [one.uri] : one.uri,
      username: one.username ?? null,
      password: one.password ?? null,
      register: one.register,
      allowFrom: one.allow_from,
      trusted: one.trusted,
      mayRefer: one.refer,
      ...mediaTerms(one),
      createdAtWallMs: old?.createdAtWallMs ?? wallMs,
    }
    const put = await putIfChanged(old, next, () => register.putTrunk(next))
    if (!put.ok) return at(put.error, `/trunks/${index}`)
  }
  for (const [index, one] of declared.siprec_connectors.entries()) {
    const put = await putConnector(register, account, one)
    if (!put.ok) return at(put.error, `/siprec_connectors/${index}`)
  }
  for (const [index, one] of declared.users.entries()) {
    const old = register.user(one.username)
    const next = {
      id: old?.id ?? ids.make(),
      account,
      username: one.username,
      password: one.password,
      displayName: one.display_name ?? null,
      callerId: one.caller_id ?? null,
      mayRefer: one.refer,
      ...mediaTerms(one),
      createdAtWallMs: old?.createdAtWallMs ?? wallMs,
    }
    const put = await putIfChanged(old, next, () => register.putUser(next))
    if (!put.ok) return at(put.error, `/users/${index}`)
  }
  return ok(undefined)
}

/** SIP's port, and the one of SIP over TLS, by which a connector is recorded to with SRTP. */
const SIP_PORT = 5060
const SIPS_PORT = 5061

/** One of the name is changed; it may have been made over an API as well. */
async function putConnector(
  register: Register,
  account: AccountId,
  { name, uri }: z.infer<typeof siprecConnector>,
): Promise<Result<void, AccountsError>> {
  const [, scheme, host = '', given] = /^(sips?):(\[.*\]|[^:]+)(?::(\d+))?$/.exec(uri) ?? []
  const port = given === undefined ? (scheme === 'sips' ? SIPS_PORT : SIP_PORT) : Number(given)
  if (port < 1 || port > 65_535) return err({ type: 'invalid', pointer: '/uri', reason: `${port} is no port` })
  const { book } = register
  const old = book.list(account, 'siprec-connector').find((known) => known.fields.name === name)
  const next = { name, host: host.replace(/^\[|\]$/g, ''), port, extra: old?.fields.extra ?? {} }
  return putIfChanged(old?.fields, next, async () => {
    const done = old === undefined ? await book.add(account, 'siprec-connector', next) : await book.change(old, next)
    return done.ok ? ok(undefined) : done
  })
}

/** What the language of documents knows of its applications beside their URLs (twilio/applications.ts). */
function voiceExtra(one: z.infer<typeof application>): Readonly<Record<string, unknown>> {
  return {
    role: 'application',
    voice_fallback_method: one.webhook_method,
    status_callback: one.status_callback ?? null,
    status_callback_method: one.status_callback_method,
  }
}

function mediaTerms(one: {
  readonly codecs?: readonly string[] | null | undefined
  readonly encrypted_media?: 'SRTP' | 'opportunistic' | null | undefined
  readonly allow_srtp_without_tls: boolean
}): { readonly media?: MediaTerms } {
  if (one.codecs == null && one.encrypted_media == null && !one.allow_srtp_without_tls) return {}
  const { codecs = null, encrypted_media: encryptedMedia = null } = one
  return { media: { codecs, encryptedMedia, srtpWithoutTls: one.allow_srtp_without_tls } }
}

async function putIfChanged<T>(
  old: T | null | undefined,
  next: T,
  put: () => Promise<Result<void, AccountsError>>,
): Promise<Result<void, AccountsError>> {
  return JSON.stringify(old) === JSON.stringify(next) ? ok(undefined) : put()
}

function at(error: AccountsError, prefix: string): Result<void, AccountsError> {
  return err('pointer' in error ? { ...error, pointer: prefix + error.pointer } : error)
}
