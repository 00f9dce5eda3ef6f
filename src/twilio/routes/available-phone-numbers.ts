// Numbers that may be had (PN-05): the configured pool, by country and type. These lists have no pages.

import { countryOf } from '#accounts/destinations.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { errors, fail } from '../errors.ts'
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from '../limits.ts'
import { filter } from '../paging.ts'
import { A, route, type TwilioRequest } from '../route.ts'
import { uri } from '../spelling.ts'
import { capabilities, matches, tollFree } from './incoming-phone-numbers.ts'

/** Paths, as the SDK has them, and whether numbers of ours are of that type. */
const types: Readonly<Record<string, (number: string) => boolean>> = {
  Local: (number) => !tollFree(number),
  TollFree: tollFree,
  Mobile: () => false,
  National: () => false,
  Voip: () => false,
  SharedCost: () => false,
  MachineToMachine: () => false,
}

export function availablePhoneNumberRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const names = new Intl.DisplayNames('en', { type: 'region' })
  const pool = (country: string): readonly string[] =>
    doors.register.available().filter((number) => countryOf(number) === country)
  const shownCountry = (account: string, code: string): object => ({
    country_code: code,
    country: names.of(code) ?? code,
    beta: false,
    uri: uri(account, 'AvailablePhoneNumbers', code),
    subresource_uris: Object.fromEntries(
      Object.entries(types)
        .filter(([, fits]) => pool(code).some(fits))
        .map(([type]) => [
          type.replace('TollFree', 'toll_free').toLowerCase(),
          uri(account, 'AvailablePhoneNumbers', code, type),
        ]),
    ),
  })
  const list =
    (type: string) =>
    async (request: TwilioRequest): Promise<Reply> => {
      const { query } = request
      const country = (request.params.country ?? '').toUpperCase()
      const area = filter(query, 'AreaCode')
      const contains = filter(query, 'Contains')
      const asked = Number(filter(query, 'PageSize') ?? DEFAULT_PAGE_SIZE)
      const size = Number.isInteger(asked) && asked > 0 ? Math.min(asked, MAX_PAGE_SIZE) : DEFAULT_PAGE_SIZE
      const found = pool(country)
        .filter(types[type]!)
        .filter((one) => area === undefined || one.startsWith(`+1${area}`))
        .filter((one) => contains === undefined || matches(one, contains))
        .slice(0, size)
      const available_phone_numbers = found.map((number) => ({
        phone_number: number,
        friendly_name: number,
        iso_country: country,
        lata: null,
        locality: null,
        rate_center: null,
        latitude: null,
        longitude: null,
        region: null,
        postal_code: null,
        address_requirements: 'none',
        beta: false,
        capabilities,
      }))
      const at = uri(request.actor.account, 'AvailablePhoneNumbers', country, type)
      return { status: 200, json: { available_phone_numbers, uri: at } }
    }
  const base = `${A}/AvailablePhoneNumbers`
  return [
    route<unknown>({
      method: 'GET',
      path: base,
      summary: 'List the countries of numbers that may be had',
      handler: async ({ actor }) => {
        const codes = [...new Set(doors.register.available().map(countryOf))]
          .filter((code) => typeof code === 'string')
          .sort()
        const countries = codes.map((code) => shownCountry(actor.account, code))
        return { status: 200, json: { countries, uri: uri(actor.account, 'AvailablePhoneNumbers') } }
      },
    }),
    route<unknown>({
      method: 'GET',
      path: `${base}/:country`,
      summary: 'Look up a country of numbers that may be had',
      handler: async ({ actor, params, path }) => {
        const code = (params.country ?? '').toUpperCase()
        return pool(code).length === 0
          ? fail(errors.notFound(path))
          : { status: 200, json: shownCountry(actor.account, code) }
      },
    }),
    ...Object.keys(types).map((type) =>
      route<unknown>({
        method: 'GET',
        path: `${base}/:country/${type}`,
        summary: `List numbers that may be had: ${type}`,
        handler: list(type),
      }),
    ),
  ]
}
