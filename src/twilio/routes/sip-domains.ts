// SIP domains (SD-01 to SD-04) and the lists mapped to them (SM-01, SM-02). A domain's URLs are those of a hidden program
// with its id (applications.ts); a mapping is an entry in the domain, so that one read says all.

import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import type { SipDomain } from '#accounts/kinds.ts'
import type { Application } from '#accounts/model.ts'
import type { ApplicationId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { blankProgram, extraOf } from '../applications.ts'
import { type Collection, change, collectionRoutes, creation } from '../collection.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { type ApiError, accountsError, errors } from '../errors.ts'
import { coded, flag, method, text, url } from '../fields.ts'
import { MAX_KEPT_CHARACTERS, MAX_NAME_CHARACTERS } from '../limits.ts'
import { A } from '../route.ts'
import { API_VERSION, readSid, restTime, sid, uri } from '../spelling.ts'
import { madeOf } from '../stored.ts'
import { withVoice } from '../voice-fields.ts'

type Domain = Entry<'sip-domain'>

const domainName = text(253, 1).refine((one) => /^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/i.test(one), {
  message: coded(20001, 'DomainName is not a host name.'),
})

const form = z.object({
  DomainName: domainName.optional(),
  FriendlyName: text(MAX_NAME_CHARACTERS).optional(),
  VoiceUrl: url().optional(),
  VoiceMethod: method().optional(),
  VoiceFallbackUrl: url().optional(),
  VoiceFallbackMethod: method().optional(),
  VoiceStatusCallbackUrl: url().optional(),
  VoiceStatusCallbackMethod: method().optional(),
  SipRegistration: flag.optional(),
  Secure: flag.optional(),
  EmergencyCallingEnabled: flag.optional(),
  EmergencyCallerSid: text(MAX_KEPT_CHARACTERS).optional(),
  ByocTrunkSid: text(MAX_KEPT_CHARACTERS).optional(),
})
type Form = z.infer<typeof form>

/** What is mapped to what, and where its routes are. */
const mappings = [
  { of: 'callCredentials', path: 'Auth/Calls/CredentialListMappings', key: 'contents', legacy: false },
  { of: 'callAccess', path: 'Auth/Calls/IpAccessControlListMappings', key: 'contents', legacy: false },
  { of: 'registrationCredentials', path: 'Auth/Registrations/CredentialListMappings', key: 'contents', legacy: false },
  { of: 'callCredentials', path: 'CredentialListMappings', key: 'credential_list_mappings', legacy: true },
  { of: 'callAccess', path: 'IpAccessControlListMappings', key: 'ip_access_control_list_mappings', legacy: true },
] as const
type MappingKind = (typeof mappings)[number]

/** A list that guards a domain. */
interface Mapping {
  readonly list: Entry<'sip-credential-list'> | Entry<'sip-access-list'>
  readonly atWallMs: number
}

export function sipDomainRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const { register, clock } = doors
  const { book } = register
  const what = 'The requested domain'
  const find = (actor: TwilioActor, named: string | undefined): Domain | null =>
    book.get(actor.account, 'sip-domain', readSid('sipDomain', named) ?? '')
  const programOf = (domain: Domain): Application =>
    register.application(domain.id as ApplicationId) ??
    blankProgram(domain.id as ApplicationId, domain.account, 'domain', domain.fields.domainName, domain.createdAtWallMs)

  /** SD-04: one domain of a name, on the whole switch. */
  const taken = (name: string, by: Domain | null): ApiError | null => {
    const other = register
      .accounts()
      .flatMap((account) => book.list(account.id, 'sip-domain'))
      .find((one) => one.fields.domainName === name)
    return other === undefined || other.id === by?.id
      ? null
      : errors.coded(400, 21232, `A SIP domain ${name} exists already.`)
  }

  const putProgram = async (domain: Domain, body: Form): Promise<Result<Domain, ApiError>> => {
    const { VoiceStatusCallbackUrl: StatusCallback, VoiceStatusCallbackMethod: StatusCallbackMethod, ...rest } = body
    const program = withVoice(programOf(domain), { ...rest, StatusCallback, StatusCallbackMethod }, clock.wallMs())
    const done = await register.putApplication({ ...program, name: domain.fields.domainName })
    return done.ok ? ok(domain) : err(accountsError(done.error, what))
  }
  const written = (old: SipDomain, body: Form): SipDomain => ({
    ...old,
    domainName: body.DomainName?.toLowerCase() ?? old.domainName,
    name: body.FriendlyName ?? old.name,
    registration: body.SipRegistration ?? old.registration,
    secure: body.Secure ?? old.secure,
    extra: {
      ...old.extra,
      ...(body.EmergencyCallingEnabled === undefined
        ? {}
        : { emergency_calling_enabled: body.EmergencyCallingEnabled }),
      ...(body.EmergencyCallerSid === undefined ? {} : { emergency_caller_sid: body.EmergencyCallerSid || null }),
      ...(body.ByocTrunkSid === undefined ? {} : { byoc_trunk_sid: body.ByocTrunkSid || null }),
    },
  })

  const domains: Collection<Domain> = {
    path: `${A}/SIP/Domains`,
    param: 'sid',
    key: 'domains',
    noun: 'SIP domain',
    all: ({ actor }) => book.list(actor.account, 'sip-domain'),
    find: ({ actor }, named) => find(actor, named),
    show: (one) => domainResource(one, programOf(one), (kind) => mapped(one, kind).length > 0),
    keyOf: (one) => ({ at: one.createdAtWallMs, id: one.id }),
    create: creation(form.required({ DomainName: true }), async (body, { actor }) => {
      const name = body.DomainName!.toLowerCase()
      const problem = taken(name, null)
      if (problem !== null) return err(problem)
      const made = await book.add(actor.account, 'sip-domain', written(blankDomain(name), body))
      return made.ok ? putProgram(made.value, body) : err(accountsError(made.error, what))
    }),
    change: change(form, async (body, one) => {
      const problem = body.DomainName === undefined ? null : taken(body.DomainName.toLowerCase(), one)
      if (problem !== null) return err(problem)
      const made = await book.change(one, written(one.fields, body))
      return made.ok ? putProgram(made.value, body) : err(accountsError(made.error, what))
    }),
    remove: async (one) => {
      const gone = await book.remove(one)
      if (gone.ok) await register.removeApplication(one.id as ApplicationId)
      return madeOf(gone, what)
    },
  }

  /** Lists that are gone guard nothing any more. */
  const mapped = (domain: Domain, kind: MappingKind['of']): readonly Mapping[] =>
    domain.fields[kind].flatMap(({ list, atWallMs }) => {
      const found =
        kind === 'callAccess'
          ? book.get(domain.account, 'sip-access-list', list)
          : book.get(domain.account, 'sip-credential-list', list)
      return found === null ? [] : [{ list: found, atWallMs }]
    })

  const mappingCollection = (kind: MappingKind): Collection<Mapping, Domain> => {
    const prefix = kind.of === 'callAccess' ? 'accessList' : 'credentialList'
    const parameter = kind.of === 'callAccess' ? 'IpAccessControlListSid' : 'CredentialListSid'
    const listed = text(MAX_NAME_CHARACTERS, 1)
    return {
      path: `${A}/SIP/Domains/:domain_sid/${kind.path}`,
      param: 'sid',
      key: kind.key,
      noun: `${kind.legacy ? 'legacy ' : ''}mapping of a SIP domain`,
      parent: (actor, params) => find(actor, params.domain_sid),
      all: ({ parent }) => mapped(parent, kind.of),
      find: ({ parent }, named) =>
        mapped(parent, kind.of).find(({ list }) => list.id === readSid(prefix, named)) ?? null,
      show: ({ list, atWallMs }, { parent }) => {
        const named = sid(prefix, list.id)
        const domain = sid('sipDomain', parent.id)
        const when = restTime(atWallMs)
        return {
          sid: named,
          account_sid: sid('account', parent.account),
          friendly_name: list.fields.name,
          date_created: when,
          date_updated: when,
          ...(kind.legacy
            ? { domain_sid: domain, uri: uri(parent.account, 'SIP', 'Domains', domain, kind.path, named) }
            : {}),
        }
      },
      keyOf: ({ list, atWallMs }) => ({ at: atWallMs, id: list.id }),
      create: creation(z.object({ [parameter]: listed }), async (body, { parent }) => {
        const id = readSid(prefix, String(body[parameter])) ?? ''
        const list =
          kind.of === 'callAccess'
            ? book.get(parent.account, 'sip-access-list', id)
            : book.get(parent.account, 'sip-credential-list', id)
        if (list === null) return err(errors.noSuch(`${parameter} ${String(body[parameter])}`))
        // SM-02.
        if (mapped(parent, kind.of).some((one) => one.list.id === id))
          return err(errors.coded(400, 21231, `${String(body[parameter])} is mapped to this domain already.`))
        const atWallMs = Math.floor(clock.wallMs())
        const kept = [...parent.fields[kind.of].filter((one) => one.list !== id), { list: id, atWallMs }]
        const made = await book.change(parent, { ...parent.fields, [kind.of]: kept })
        return made.ok ? ok({ list, atWallMs }) : err(accountsError(made.error, what))
      }),
      remove: async ({ list }, { parent }) => {
        const kept = parent.fields[kind.of].filter((one) => one.list !== list.id)
        return madeOf(await book.change(parent, { ...parent.fields, [kind.of]: kept }), what)
      },
    }
  }

  return [...collectionRoutes(domains), ...mappings.flatMap((kind) => collectionRoutes(mappingCollection(kind)))]
}

function blankDomain(domainName: string): SipDomain {
  return {
    domainName,
    name: '',
    registration: false,
    secure: false,
    callCredentials: [],
    callAccess: [],
    registrationCredentials: [],
    extra: {},
  }
}

/** SD-02, SD-03, TYP-09. */
function domainResource(one: Domain, program: Application, guarded: (kind: MappingKind['of']) => boolean): object {
  const { fields } = one
  const extra = extraOf(program)
  const named = sid('sipDomain', one.id)
  const at = (...path: readonly string[]): string => uri(one.account, 'SIP', 'Domains', named, ...path)
  const authType = [
    ...(guarded('callCredentials') ? ['CREDENTIAL_LIST'] : []),
    ...(guarded('callAccess') ? ['IP_ACL'] : []),
  ]
  return {
    sid: named,
    account_sid: sid('account', one.account),
    domain_name: fields.domainName,
    friendly_name: fields.name,
    api_version: API_VERSION,
    auth_type: authType.join(','),
    voice_url: program.webhookUrl,
    voice_method: program.webhookMethod,
    voice_fallback_url: program.webhookFailoverUrl,
    voice_fallback_method: extra.voice_fallback_method,
    voice_status_callback_url: extra.status_callback,
    voice_status_callback_method: extra.status_callback_method,
    sip_registration: fields.registration,
    secure: fields.secure,
    emergency_calling_enabled: fields.extra.emergency_calling_enabled ?? false,
    emergency_caller_sid: fields.extra.emergency_caller_sid ?? null,
    byoc_trunk_sid: fields.extra.byoc_trunk_sid ?? null,
    date_created: restTime(one.createdAtWallMs),
    date_updated: restTime(one.updatedAtWallMs),
    uri: at(),
    subresource_uris: {
      auth_types: at('Auth'),
      credential_list_mappings: at('CredentialListMappings'),
      ip_access_control_list_mappings: at('IpAccessControlListMappings'),
    },
  }
}
