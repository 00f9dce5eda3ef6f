// Trunks of a customer's own carrier (V1-01) and where calls to it go (V1-02). They are kept; calls are routed by the
// trunks of the configuration.

import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import type { CarrierTrunk } from '#accounts/kinds.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { type Collection, change, collectionRoutes, creation } from '../collection.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { type ApiError, errors } from '../errors.ts'
import { coded, flag, method, text, url, whole } from '../fields.ts'
import { MAX_ADDRESS_CHARACTERS, MAX_KEPT_CHARACTERS, MAX_LIST_NAME_CHARACTERS, MAX_TARGET_RANK } from '../limits.ts'
import { metaListReply } from '../paging.ts'
import { readSid, sid } from '../spelling.ts'
import { madeOf } from '../stored.ts'
import { byAge, v1Common, v1Url } from '../v1.ts'

type Trunk = Entry<'carrier-trunk'>
type Policy = Entry<'connection-policy'>
type Target = Entry<'connection-target'>

const trunkForm = z.object({
  FriendlyName: text(MAX_LIST_NAME_CHARACTERS).optional(),
  VoiceUrl: url(22105).optional(),
  VoiceMethod: method().optional(),
  VoiceFallbackUrl: url(22105).optional(),
  VoiceFallbackMethod: method().optional(),
  StatusCallbackUrl: url(22105).optional(),
  StatusCallbackMethod: method().optional(),
  CnamLookupEnabled: flag.optional(),
  ConnectionPolicySid: text(MAX_KEPT_CHARACTERS).optional(),
  FromDomainSid: text(MAX_KEPT_CHARACTERS).optional(),
})
type TrunkForm = z.infer<typeof trunkForm>

const blankTrunk: CarrierTrunk = {
  name: null,
  voice: {
    url: null,
    method: 'POST',
    fallbackUrl: null,
    fallbackMethod: 'POST',
    statusUrl: null,
    statusMethod: 'POST',
  },
  callerNames: false,
  policy: null,
  domain: null,
}

const nameForm = z.object({ FriendlyName: text(MAX_LIST_NAME_CHARACTERS).optional() })

const target = text(MAX_ADDRESS_CHARACTERS, 1).refine((one) => /^sip:[^\s]+$/i.test(one), {
  message: coded(20001, 'Target must be a sip: URI; sips: is not taken.'),
})
const rank = (least: number) => whole(least, MAX_TARGET_RANK)
const targetForm = z.object({
  Target: target,
  FriendlyName: text(MAX_LIST_NAME_CHARACTERS).optional(),
  Priority: rank(0).optional(),
  Weight: rank(1).optional(),
  Enabled: flag.optional(),
})
/** V1-02: of a target that says nothing about it. */
const USUAL_RANK = 10

export function carrierTrunkRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const { book } = doors.register

  /** Another resource that a field names: kept as it was, none (empty), or one that is there. */
  const named = (
    field: string,
    given: string | undefined,
    old: string | null,
    find: (given: string) => Entry | null,
  ): Result<string | null, ApiError> => {
    if (given === undefined) return ok(old)
    if (given === '') return ok(null)
    const found = find(given)
    return found === null ? err(errors.invalid(`${field} ${given} was not found.`)) : ok(found.id)
  }

  const trunkOf = (actor: TwilioActor, old: CarrierTrunk, form: TrunkForm): Result<CarrierTrunk, ApiError> => {
    const policy = named('ConnectionPolicySid', form.ConnectionPolicySid, old.policy, (given) =>
      book.get(actor.account, 'connection-policy', readSid('connectionPolicy', given) ?? ''),
    )
    if (!policy.ok) return policy
    const domain = named('FromDomainSid', form.FromDomainSid, old.domain, (given) =>
      book.get(actor.account, 'sip-domain', readSid('sipDomain', given) ?? ''),
    )
    if (!domain.ok) return domain
    const { voice } = old
    const kept = <T>(given: T | undefined, before: T): T => (given === undefined ? before : given)
    return ok({
      name: form.FriendlyName ?? old.name,
      voice: {
        url: kept(form.VoiceUrl, voice.url),
        method: form.VoiceMethod ?? voice.method,
        fallbackUrl: kept(form.VoiceFallbackUrl, voice.fallbackUrl),
        fallbackMethod: form.VoiceFallbackMethod ?? voice.fallbackMethod,
        statusUrl: kept(form.StatusCallbackUrl, voice.statusUrl),
        statusMethod: form.StatusCallbackMethod ?? voice.statusMethod,
      },
      callerNames: form.CnamLookupEnabled ?? old.callerNames,
      policy: policy.value,
      domain: domain.value,
    })
  }

  /** What is gone is named by nobody. */
  const sidOf = (
    account: Trunk['account'],
    kind: 'connection-policy' | 'sip-domain',
    id: string | null,
  ): string | null => {
    if (id === null || book.get(account, kind, id) === null) return null
    return sid(kind === 'sip-domain' ? 'sipDomain' : 'connectionPolicy', id)
  }

  const trunks: Collection<Trunk> = {
    path: '/ByocTrunks',
    param: 'sid',
    key: 'byoc_trunks',
    noun: 'BYOC trunk',
    all: ({ actor }) => book.list(actor.account, 'carrier-trunk'),
    find: ({ actor }, name) => book.get(actor.account, 'carrier-trunk', readSid('carrierTrunk', name) ?? ''),
    show: (one) => ({
      ...v1Common(doors, one, 'carrierTrunk', 'ByocTrunks'),
      friendly_name: one.fields.name,
      voice_url: one.fields.voice.url,
      voice_method: one.fields.voice.method,
      voice_fallback_url: one.fields.voice.fallbackUrl,
      voice_fallback_method: one.fields.voice.fallbackMethod,
      status_callback_url: one.fields.voice.statusUrl,
      status_callback_method: one.fields.voice.statusMethod,
      cnam_lookup_enabled: one.fields.callerNames,
      connection_policy_sid: sidOf(one.account, 'connection-policy', one.fields.policy),
      from_domain_sid: sidOf(one.account, 'sip-domain', one.fields.domain),
    }),
    keyOf: byAge,
    create: creation(trunkForm, async (form, { actor }) => {
      const fields = trunkOf(actor, blankTrunk, form)
      return fields.ok
        ? madeOf(await book.add(actor.account, 'carrier-trunk', fields.value), 'The BYOC trunk')
        : err(fields.error)
    }),
    change: change(trunkForm, async (form, one, { actor }) => {
      const fields = trunkOf(actor, one.fields, form)
      return fields.ok ? madeOf(await book.change(one, fields.value), 'The BYOC trunk') : err(fields.error)
    }),
    remove: async (one) => madeOf(await book.remove(one), 'The BYOC trunk'),
  }

  const policyOf = (actor: TwilioActor, name: string | undefined): Policy | null =>
    book.get(actor.account, 'connection-policy', readSid('connectionPolicy', name) ?? '')

  const policies: Collection<Policy> = {
    path: '/ConnectionPolicies',
    param: 'sid',
    key: 'connection_policies',
    noun: 'connection policy',
    all: ({ actor }) => book.list(actor.account, 'connection-policy'),
    find: ({ actor }, name) => policyOf(actor, name),
    show: (one) => ({
      ...v1Common(doors, one, 'connectionPolicy', 'ConnectionPolicies'),
      friendly_name: one.fields.name,
      links: { targets: v1Url(doors, 'ConnectionPolicies', sid('connectionPolicy', one.id), 'Targets') },
    }),
    keyOf: byAge,
    create: creation(nameForm, async (form, { actor }) =>
      madeOf(
        await book.add(actor.account, 'connection-policy', { name: form.FriendlyName ?? null }),
        'The connection policy',
      ),
    ),
    change: change(nameForm, async (form, one) =>
      madeOf(await book.change(one, { name: form.FriendlyName ?? one.fields.name }), 'The connection policy'),
    ),
    remove: async (one) => {
      const gone = await book.remove(one)
      for (const below of book.list(one.account, 'connection-target'))
        if (gone.ok && below.fields.policy === one.id) await book.remove(below)
      return madeOf(gone, 'The connection policy')
    },
  }

  const targets: Collection<Target, Policy> = {
    path: '/ConnectionPolicies/:policy_sid/Targets',
    param: 'sid',
    key: 'targets',
    noun: 'target of a connection policy',
    parent: (actor, params) => policyOf(actor, params.policy_sid),
    all: ({ parent }) =>
      book.list(parent.account, 'connection-target').filter((one) => one.fields.policy === parent.id),
    find: ({ parent }, name) => {
      const one = book.get(parent.account, 'connection-target', readSid('connectionTarget', name) ?? '')
      return one?.fields.policy === parent.id ? one : null
    },
    show: (one, { parent }) => {
      const policy = sid('connectionPolicy', parent.id)
      return {
        ...v1Common(doors, one, 'connectionTarget', 'ConnectionPolicies', policy, 'Targets'),
        connection_policy_sid: policy,
        friendly_name: one.fields.name,
        target: one.fields.uri,
        priority: one.fields.priority,
        weight: one.fields.weight,
        enabled: one.fields.enabled,
      }
    },
    keyOf: byAge,
    create: creation(targetForm, async (form, { parent }) =>
      madeOf(
        await book.add(parent.account, 'connection-target', {
          policy: parent.id,
          name: form.FriendlyName ?? null,
          uri: form.Target,
          priority: form.Priority ?? USUAL_RANK,
          weight: form.Weight ?? USUAL_RANK,
          enabled: form.Enabled ?? true,
        }),
        'The target',
      ),
    ),
    change: change(targetForm.partial(), async (form, one) => {
      const { fields } = one
      return madeOf(
        await book.change(one, {
          ...fields,
          name: form.FriendlyName ?? fields.name,
          uri: form.Target ?? fields.uri,
          priority: form.Priority ?? fields.priority,
          weight: form.Weight ?? fields.weight,
          enabled: form.Enabled ?? fields.enabled,
        }),
        'The target',
      )
    }),
    remove: async (one) => madeOf(await book.remove(one), 'The target'),
  }

  const listed = metaListReply(doors.baseUrl)
  return [
    ...collectionRoutes(trunks, listed),
    ...collectionRoutes(policies, listed),
    ...collectionRoutes(targets, listed),
  ]
}
