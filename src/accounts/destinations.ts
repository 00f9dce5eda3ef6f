// The country of a number, for profiles that allow some countries and not others. `libphonenumber-js/min` knows which
// area codes of the North American plan are whose (docs/decisions/0009).

import { createRequire } from 'node:module'
import type * as Library from 'libphonenumber-js/min'

/** Loaded with the first number that is looked at: few switches restrict countries, and every start would pay for it. */
let loaded: typeof Library | null = null

function library(): typeof Library {
  loaded ??= createRequire(import.meta.url)('libphonenumber-js/min') as typeof Library
  return loaded
}

/** Shorter ones are extensions and services of ours, not numbers of a country. */
const LEAST_DIGITS = 7

/**
 * The country of a dialled number, as ISO 3166-1 alpha-2; null when no country owns it (satellites, free numbers of the
 * world), undefined when it is no telephone number at all (a name, a SIP address, an extension).
 */
export function countryOf(dialled: string): string | null | undefined {
  const bare = dialled.replace(/[ ().-]/g, '')
  if (!/^\+?\d+$/.test(bare)) return undefined
  // Without the plus it is dialled the same way by many trunks, so it counts the same.
  const digits = bare.replace(/^(?:\+|00|011)/, '')
  if (digits.length < LEAST_DIGITS) return undefined
  return library().parsePhoneNumberFromString(`+${digits}`)?.country ?? null
}

export interface Country {
  /** ISO 3166-1 alpha-2. */
  readonly code: string
  /** In English. */
  readonly name: string
  readonly continent: string
  /** `44`: shared with others, where a plan of numbers is. */
  readonly callingCode: string
}

let all: readonly Country[] | null = null

/** Every country that has numbers, by its code. */
export function countries(): readonly Country[] {
  const { getCountries, getCountryCallingCode } = library()
  const names = new Intl.DisplayNames('en', { type: 'region' })
  all ??= getCountries()
    .toSorted()
    .map((code) => ({
      code,
      name: names.of(code) ?? code,
      continent: continentOf(code),
      callingCode: getCountryCallingCode(code),
    }))
  return all
}

/** The continents by what is on them, as UN M.49 has them, the Americas in two; whatever is not named is of Europe. */
const continents: Readonly<Record<string, string>> = {
  AFRICA:
    'AC AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TA TD TG TN TZ UG YT ZA ZM ZW',
  ASIA: 'AE AF AM AZ BD BH BN BT CN CY GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE',
  NORTH_AMERICA:
    'AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC TT US VC VG VI',
  OCEANIA: 'AS AU CC CK CX FJ FM GU KI MH MP NC NF NR NU NZ PF PG PW SB TK TO TV VU WF WS',
  SOUTH_AMERICA: 'AR BO BR CL CO EC FK GF GY PE PY SR UY VE',
}

function continentOf(code: string): string {
  return Object.keys(continents).find((one) => continents[one]!.split(' ').includes(code)) ?? 'EUROPE'
}
