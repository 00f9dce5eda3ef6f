// Whom a call in is for. A number of ours goes to its application; a login that customers made goes to its connection,
// as far as that lets itself be called by name; and what a connection's own telephone or trunk dials beyond that is a
// call out by way of the connection, whose application (or rule, where it has none) decides.

import type { Application } from '#accounts/model.ts'
import type { AccountId, ApplicationId } from '#base/ids.ts'
import { type Directory, findNumber } from './directory.ts'

/** Whoever calls, as far as it is known: the account, and the connection it belongs to. */
export interface Caller {
  readonly account: AccountId
  readonly connection: ApplicationId | null
}

export interface Addressee {
  readonly account: AccountId
  readonly application: ApplicationId
  /** The number, or the name, that was called. */
  readonly number: string
}

/** @returns null when nobody here has that name or number */
export function addresseeOf(directory: Directory, caller: Caller | null, dialled: string): Addressee | null {
  if (dialled === '') return null
  const from = caller?.connection == null ? null : directory.application(caller.connection)
  const outward = from === null ? null : { account: from.account, application: from.id, number: dialled }
  // A connection that parks its calls wants to hear of every one of them first.
  if (from?.connection?.parksCalls === true) return outward
  const number = findNumber(directory, dialled)
  if (number?.application != null) {
    return { account: number.account, application: number.application, number: number.number }
  }
  const user = directory.user(dialled)
  if (user?.application !== undefined && lets(directory.application(user.application), user.account, caller)) {
    return { account: user.account, application: user.application, number: dialled }
  }
  return outward
}

/** Whether a connection's logins may be called by their SIP address. */
function lets(application: Application | null, owner: AccountId, caller: Caller | null): boolean {
  switch (application?.connection?.sipUriCalling) {
    case 'unrestricted':
      return true
    case 'internal':
      return caller?.account === owner
    default:
      return false
  }
}
