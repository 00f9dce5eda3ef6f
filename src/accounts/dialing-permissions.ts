// Which countries an account may call. One entry of the book for each account that ever said something; an account within
// another is judged by that one's, until it says that it is not.

import type { AccountId } from '#base/ids.ts'
import { ok, type Result } from '#base/result.ts'
import type { Entry } from './book.ts'
import type { CountryPermission, DialingPermissions } from './kinds.ts'
import type { AccountsError } from './model.ts'
import type { Register } from './register.ts'

export const everythingAllowed: CountryPermission = { lowRisk: true, highRiskSpecial: true, highRiskTollfraud: true }
const nothingSaid: DialingPermissions = { inherits: true, countries: {} }

/** What an account itself says. */
export function dialingPermissions(register: Register, account: AccountId): DialingPermissions {
  return register.book.list(account, 'dialing-permissions')[0]?.fields ?? nothingSaid
}

/** Changes what an account says. */
export async function putDialingPermissions(
  register: Register,
  account: AccountId,
  permissions: DialingPermissions,
): Promise<Result<DialingPermissions, AccountsError>> {
  const { book } = register
  const old: Entry<'dialing-permissions'> | undefined = book.list(account, 'dialing-permissions')[0]
  const done = await (old === undefined
    ? book.add(account, 'dialing-permissions', permissions)
    : book.change(old, permissions))
  return done.ok ? ok(done.value.fields) : done
}

/** The countries that calls of an account may not go to. */
export function closedCountries(register: Register, account: AccountId): ReadonlySet<string> {
  const own = dialingPermissions(register, account)
  const owner = register.account(account)?.owner
  const { countries } = own.inherits && owner !== undefined ? dialingPermissions(register, owner) : own
  return new Set(Object.keys(countries).filter((code) => countries[code]?.lowRisk === false))
}
