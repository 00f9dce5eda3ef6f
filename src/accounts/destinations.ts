// The country of a number, for profiles that allow some countries and not others. `libphonenumber-js/min` knows which
// area codes of the North American plan are whose (docs/decisions/0009).

import { createRequire } from 'node:module'
import type { parsePhoneNumberFromString } from 'libphonenumber-js/min'

type Library = { readonly parsePhoneNumberFromString: typeof parsePhoneNumberFromString }

/** Loaded with the first number that is looked at: few switches restrict countries, and every start would pay for it. */
let library: Library | null = null

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
  library ??= createRequire(import.meta.url)('libphonenumber-js/min') as Library
  return library.parsePhoneNumberFromString(`+${digits}`)?.country ?? null
}
