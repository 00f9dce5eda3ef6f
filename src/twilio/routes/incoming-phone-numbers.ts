// Numbers we route (PN-01 to PN-04). To make one is to say that calls to it reach us. A number has a program of its own,
// hidden behind its own id, which holds its URLs; which program its calls go to is PN-02: trunk, then application, then
// its own URL.

import { z } from 'zod'
import type { Application, PhoneNumber } from '#accounts/model.ts'
import type { AccountId, ApplicationId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { blankProgram, isOurs, isShown } from '../applications.ts'
import { type Collection, change, collectionRoutes, creation } from '../collection.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { type ApiError, accountsError, errors } from '../errors.ts'
import { text, word } from '../fields.ts'
import { MAX_KEPT_CHARACTERS, MAX_NAME_CHARACTERS } from '../limits.ts'
import { A } from '../route.ts'
import { API_VERSION, readNumber, readSid, restTime, sid, uri } from '../spelling.ts'
import { madeOf } from '../stored.ts'
import { shownVoice, snake, voiceFields, withVoice } from '../voice-fields.ts'
import { findApplication } from './applications.ts'

/** Kept as it comes: addresses and bundles are other people's rules. */
const keptFields = {
  EmergencyStatus: text(MAX_KEPT_CHARACTERS).optional(),
  EmergencyAddressSid: text(MAX_KEPT_CHARACTERS).optional(),
  AddressSid: text(MAX_KEPT_CHARACTERS).optional(),
  IdentitySid: text(MAX_KEPT_CHARACTERS).optional(),
  BundleSid: text(MAX_KEPT_CHARACTERS).optional(),
  VoiceReceiveMode: word(['voice', 'fax']).optional(),
}

const body = z.object({
  PhoneNumber: text(MAX_NAME_CHARACTERS).optional(),
  AreaCode: text(6).optional(),
  AccountSid: text(MAX_NAME_CHARACTERS).optional(),
  FriendlyName: text(MAX_NAME_CHARACTERS).optional(),
  VoiceApplicationSid: text(MAX_NAME_CHARACTERS).optional(),
  TrunkSid: text(MAX_NAME_CHARACTERS).optional(),
  ...voiceFields,
  ...keptFields,
})
type Form = z.infer<typeof body>

/** Where lists and creations of one type are. */
const types = { Local: 'local', Mobile: 'mobile', TollFree: 'toll-free' } as const
type Type = (typeof types)[keyof typeof types]

export function incomingPhoneNumberRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const { register, clock, ids } = doors
  const what = 'The requested number'

  /** The number's own program, as it stands or blank. */
  const ownOf = (number: PhoneNumber): Application =>
    register.application(number.id as ApplicationId) ??
    blankProgram(number.id as ApplicationId, number.account, 'number', number.number, Math.floor(clock.wallMs()))

  const put = async (form: Form, old: PhoneNumber): Promise<Result<PhoneNumber, ApiError>> => {
    const now = Math.floor(clock.wallMs())
    const own = withVoice(ownOf(old), form, now)
    const extra: Record<string, unknown> = { ...old.extra, updated_at_ms: now }
    if (form.FriendlyName !== undefined) extra.friendly_name = form.FriendlyName
    for (const name of Object.keys(keptFields) as (keyof typeof keptFields)[]) {
      if (form[name] !== undefined) extra[snake(name)] = form[name] === '' ? null : form[name]
    }
    const named = register.application((old.application ?? '') as ApplicationId)
    let application = named !== null && isShown(named) ? named : null
    if (form.TrunkSid !== undefined) {
      extra.trunk_sid = form.TrunkSid === '' ? null : form.TrunkSid
      if (form.TrunkSid !== '') application = null
    }
    if (form.VoiceApplicationSid !== undefined) {
      application =
        form.VoiceApplicationSid === '' ? null : findApplication(doors, old.account, form.VoiceApplicationSid)
      if (form.VoiceApplicationSid !== '' && application === null)
        return err(errors.coded(400, 22108, `ApplicationSid ${form.VoiceApplicationSid} does not exist.`))
      if (application !== null) extra.trunk_sid = null
    }
    const spoken = [form.VoiceUrl, form.VoiceApplicationSid, form.TrunkSid].some((one) => one !== undefined)
    const target = extra.trunk_sid != null ? null : (application?.id ?? (own.webhookUrl === null ? null : own.id))
    const number: PhoneNumber = { ...old, application: spoken ? target : old.application, extra }
    for (const write of [() => register.putApplication(own), () => register.putNumber(number)]) {
      const done = await write()
      if (!done.ok) return err(accountsError(done.error, what))
    }
    return ok(number)
  }

  /** PN-01: by the number itself, or any of the pool with an area code. */
  const pick = (form: Form): Result<string, ApiError> => {
    if (form.PhoneNumber !== undefined) {
      const number = readNumber(form.PhoneNumber)
      if (number === null) return err(errors.coded(400, 21421, `PhoneNumber ${form.PhoneNumber} is invalid.`))
      return register.number(number) === null
        ? ok(number)
        : err(errors.coded(400, 21422, `PhoneNumber ${number} is not available.`))
    }
    if (form.AreaCode === undefined) return err(errors.coded(400, 21421, 'PhoneNumber or AreaCode is required.'))
    const found = register.available().find((one) => one.startsWith(`+1${form.AreaCode}`))
    return found === undefined
      ? err(errors.coded(400, 21452, `No phone numbers found in area code ${form.AreaCode}.`))
      : ok(found)
  }

  const make = (type: Type | null) => async (form: Form, actor: TwilioActor) => {
    const number = pick(form)
    if (!number.ok) return number
    const blank: PhoneNumber = {
      number: number.value,
      id: ids.make(),
      account: actor.account,
      application: null,
      createdAtWallMs: Math.floor(clock.wallMs()),
      extra: type === null ? {} : { type },
    }
    return put(form, blank)
  }

  /** PN-01: given to an account that the same customer owns. */
  const move = async (number: PhoneNumber, to: AccountId): Promise<Result<PhoneNumber, ApiError>> => {
    const own = register.application(number.id as ApplicationId)
    const kept = number.application === number.id || number.application === null ? number.application : null
    const moved: PhoneNumber = { ...number, account: to, application: kept }
    for (const write of [
      () => register.moveNumber(moved),
      ...(own === null ? [] : [() => register.putApplication({ ...own, account: to })]),
    ]) {
      const done = await write()
      if (!done.ok) return err(accountsError(done.error, what))
    }
    return ok(moved)
  }

  const show = (number: PhoneNumber): object => {
    const routed = number.application === null ? null : register.application(number.application)
    return resource(number, register.application(number.id as ApplicationId), routed)
  }

  const numbers = (path: string, type: Type | null): Collection<PhoneNumber> => ({
    path: `${A}/${path}`,
    param: 'sid',
    key: 'incoming_phone_numbers',
    noun: type === null ? 'number' : `${type} number`,
    all: ({ actor }) => register.numbers(actor.account).filter((one) => type === null || typeOf(one) === type),
    find: ({ actor }, name) => {
      const id = readSid('number', name)
      return register.numbers(actor.account).find((one) => one.id === id) ?? null
    },
    show,
    keyOf: (one) => ({ at: Math.floor(one.createdAtWallMs), id: one.id }),
    filters: {
      FriendlyName: (one, value) => nameOf(one) === value,
      PhoneNumber: (one, value) => matches(one.number, value),
      Beta: (_one, value) => value.toLowerCase() !== 'true',
      Origin: (_one, value) => value === 'twilio',
    },
    create: creation(body, (form, { actor }) => make(type)(form, actor)),
    change: change(body, async (form, one, { actor }) => {
      const to = form.AccountSid === undefined ? one.account : readSid<'account'>('account', form.AccountSid)
      const target = to === null ? null : register.account(to)
      const within = target !== null && (target.id === actor.owner || target.owner === actor.owner)
      if (!within) return err(errors.invalid(`AccountSid ${form.AccountSid} is not one of yours.`))
      const moved = target.id === one.account ? ok(one) : await move(one, target.id)
      return moved.ok ? put(form, moved.value) : moved
    }),
    remove: async (one) => madeOf(await register.removeNumber(one.number), what),
  })

  return [
    ...Object.entries(types).flatMap(([path, type]) =>
      // Only lists and creations are by type; one number is looked up by its sid alone.
      collectionRoutes(numbers(`IncomingPhoneNumbers/${path}`, type)).filter((route) => !route.path.endsWith('/:sid')),
    ),
    ...collectionRoutes(numbers('IncomingPhoneNumbers', null)),
  ]
}

/** PN-04: part of a number; `*` is any digit. */
export function matches(number: string, pattern: string): boolean {
  const parts = [...pattern.replaceAll(/[\s().-]/g, '')].map((one) =>
    one === '*' ? '\\d' : /[\d+]/.test(one) ? one : '',
  )
  return new RegExp(parts.join('').replaceAll('+', '\\+')).test(number)
}

function typeOf({ number, extra }: PhoneNumber): Type {
  const said = extra?.type
  if (said === 'local' || said === 'mobile' || said === 'toll-free') return said
  return tollFree(number) ? 'toll-free' : 'local'
}

/** North American toll-free codes. */
export function tollFree(number: string): boolean {
  return /^\+1(800|833|844|855|866|877|888)\d{7}$/.test(number)
}

function nameOf({ number, extra }: PhoneNumber): string {
  return typeof extra?.friendly_name === 'string' ? extra.friendly_name : number
}

/** What every number of ours can do. */
export const capabilities = { voice: true, sms: false, mms: false, fax: false }

function resource(number: PhoneNumber, own: Application | null, routed: Application | null): object {
  const { account, extra = {} } = number
  const named = sid('number', number.id)
  const updated = typeof extra.updated_at_ms === 'number' ? extra.updated_at_ms : number.createdAtWallMs
  return {
    sid: named,
    account_sid: sid('account', account),
    phone_number: number.number,
    friendly_name: nameOf(number),
    api_version: API_VERSION,
    ...shownVoice(own),
    voice_application_sid: routed !== null && isOurs(routed) && isShown(routed) ? sid('application', routed.id) : null,
    sms_application_sid: own?.extra.sms_application_sid ?? null,
    trunk_sid: extra.trunk_sid ?? null,
    voice_receive_mode: extra.voice_receive_mode ?? 'voice',
    capabilities,
    address_requirements: 'none',
    address_sid: extra.address_sid ?? null,
    identity_sid: extra.identity_sid ?? null,
    bundle_sid: extra.bundle_sid ?? null,
    emergency_status: extra.emergency_status ?? 'Inactive',
    emergency_address_sid: extra.emergency_address_sid ?? null,
    emergency_address_status: null,
    beta: false,
    origin: 'twilio',
    status: 'in-use',
    type: typeOf(number),
    date_created: restTime(number.createdAtWallMs),
    date_updated: restTime(updated),
    uri: uri(account, 'IncomingPhoneNumbers', named),
  }
}
