// Which countries may be called (V1-04): accounts/dialing-permissions.ts judges every call out by them. A country is
// switched off by its low-risk numbers: which ones are of high risk no plan at hand says, so those two are kept and refuse
// nothing, and lists of their prefixes are empty.

import { z } from 'zod'
import { type Country, countries } from '#accounts/destinations.ts'
import { dialingPermissions, everythingAllowed, putDialingPermissions } from '#accounts/dialing-permissions.ts'
import type { CountryPermission } from '#accounts/kinds.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import { type Collection, collectionRoutes } from '../collection.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { accountsError, errors, fail } from '../errors.ts'
import { flag, text } from '../fields.ts'
import { MAX_BULK_CHARACTERS } from '../limits.ts'
import { metaListReply } from '../paging.ts'
import { route } from '../route.ts'
import { v1Url } from '../v1.ts'

interface Permitted {
  readonly country: Country
  readonly permission: CountryPermission
}

const COUNTRIES = '/DialingPermissions/Countries'

const flags = {
  low_risk_numbers_enabled: 'lowRisk',
  high_risk_special_numbers_enabled: 'highRiskSpecial',
  high_risk_tollfraud_numbers_enabled: 'highRiskTollfraud',
} as const satisfies Readonly<Record<string, keyof CountryPermission>>

/** One of a bulk update; SDKs send the list as JSON in one field. */
const update = z.object({
  iso_code: z.string().length(2),
  low_risk_numbers_enabled: flag.optional(),
  high_risk_special_numbers_enabled: flag.optional(),
  high_risk_tollfraud_numbers_enabled: flag.optional(),
})

export function dialingPermissionRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const { register } = doors
  const listed = metaListReply(doors.baseUrl)
  const permitted = (actor: TwilioActor): readonly Permitted[] => {
    const said = dialingPermissions(register, actor.account).countries
    return countries().map((country) => ({ country, permission: said[country.code] ?? everythingAllowed }))
  }
  const flagFilter = (of: keyof CountryPermission) => (one: Permitted, value: string) =>
    String(one.permission[of]) === value.toLowerCase()

  const all: Collection<Permitted> = {
    path: COUNTRIES,
    param: 'iso_code',
    key: 'content',
    noun: 'country that may be called',
    all: ({ actor }) => permitted(actor),
    find: ({ actor }, name) => permitted(actor).find((one) => one.country.code === name.toUpperCase()) ?? null,
    show: ({ country, permission }) => ({
      iso_code: country.code,
      name: country.name,
      continent: country.continent,
      country_codes: [`+${country.callingCode}`],
      ...Object.fromEntries(Object.entries(flags).map(([field, of]) => [field, permission[of]])),
      url: v1Url(doors, 'DialingPermissions', 'Countries', country.code),
      links: {
        highrisk_special_prefixes: v1Url(
          doors,
          'DialingPermissions',
          'Countries',
          country.code,
          'HighRiskSpecialPrefixes',
        ),
      },
    }),
    keyOf: ({ country }) => ({ at: 0, id: country.code }),
    order: 'up',
    filters: {
      IsoCode: ({ country }, value) => country.code === value.toUpperCase(),
      Continent: ({ country }, value) => country.continent === value.toUpperCase().replaceAll(' ', '_'),
      CountryCode: ({ country }, value) => country.callingCode === value.replace(/^\+/, ''),
      LowRiskNumbersEnabled: flagFilter('lowRisk'),
      HighRiskSpecialNumbersEnabled: flagFilter('highRiskSpecial'),
      HighRiskTollfraudNumbersEnabled: flagFilter('highRiskTollfraud'),
    },
  }
  const prefixes: Collection<never, Permitted> = {
    path: `${COUNTRIES}/:iso_code/HighRiskSpecialPrefixes`,
    param: 'prefix',
    key: 'content',
    noun: 'prefix of high risk: there are none',
    parent: (actor, params) =>
      permitted(actor).find((one) => one.country.code === params.iso_code?.toUpperCase()) ?? null,
    all: () => [],
    find: () => null,
    show: () => ({}),
    keyOf: () => ({ at: 0, id: '' }),
  }

  const settings = (actor: TwilioActor, status: number): Reply => ({
    status,
    json: {
      dialing_permissions_inheritance: dialingPermissions(register, actor.account).inherits,
      url: v1Url(doors, 'Settings'),
    },
  })

  return [
    ...collectionRoutes(all, listed),
    ...collectionRoutes(prefixes, listed),
    route({
      method: 'POST',
      path: '/DialingPermissions/BulkCountryUpdates',
      summary: 'Allow or forbid calls to countries',
      body: z.object({ UpdateRequest: text(MAX_BULK_CHARACTERS, 1) }),
      handler: async ({ actor, body }) => {
        const read = z.array(update).safeParse(jsonOf(body.UpdateRequest))
        if (!read.success)
          return fail(errors.invalid('UpdateRequest is no JSON list of countries by iso_code with what is enabled.'))
        const known = new Set(countries().map(({ code }) => code))
        const old = dialingPermissions(register, actor.account)
        const next: Record<string, CountryPermission> = { ...old.countries }
        for (const one of read.data) {
          const code = one.iso_code.toUpperCase()
          if (!known.has(code)) return fail(errors.invalid(`UpdateRequest names a country '${code}': there is none.`))
          const before = next[code] ?? everythingAllowed
          next[code] = {
            lowRisk: one.low_risk_numbers_enabled ?? before.lowRisk,
            highRiskSpecial: one.high_risk_special_numbers_enabled ?? before.highRiskSpecial,
            highRiskTollfraud: one.high_risk_tollfraud_numbers_enabled ?? before.highRiskTollfraud,
          }
        }
        const done = await putDialingPermissions(register, actor.account, { ...old, countries: next })
        if (!done.ok) return fail(accountsError(done.error, 'The dialling permissions'))
        return { status: 201, json: { update_count: read.data.length, update_request: body.UpdateRequest } }
      },
    }),
    route<unknown>({
      method: 'GET',
      path: '/Settings',
      summary: 'Look up whether dialling permissions are those of the account above',
      handler: async ({ actor }) => settings(actor, 200),
    }),
    route({
      method: 'POST',
      path: '/Settings',
      summary: 'Say whether dialling permissions are those of the account above',
      body: z.object({ DialingPermissionsInheritance: flag.optional() }),
      handler: async ({ actor, body }) => {
        const old = dialingPermissions(register, actor.account)
        const inherits = body.DialingPermissionsInheritance ?? old.inherits
        const done = await putDialingPermissions(register, actor.account, { ...old, inherits })
        return done.ok ? settings(actor, 202) : fail(accountsError(done.error, 'The settings'))
      },
    }),
  ]
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
