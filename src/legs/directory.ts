// What legs ask of whoever keeps accounts: who a caller is and where a call may go. `Register` of accounts/ fits as it is.

import type { Domain } from '#accounts/domains.ts'
import type { Application, PhoneNumber, SipUser, Trunk } from '#accounts/model.ts'
import type { AccountId, ApplicationId } from '#base/ids.ts'

export interface Directory {
  user(username: string): SipUser | null
  number(number: string): PhoneNumber | null
  application(id: ApplicationId): Application | null
  /** The trunk whose allowed networks hold this address, longest match first. */
  trunkOfAddress(host: string): Trunk | null
  /** Trunks that serve a destination, best first. */
  trunksFor(account: AccountId, destination: string): readonly Trunk[]
  trunks(): readonly Trunk[]
  /** The trunk an IP or FQDN connection amounts to. */
  trunkOfConnection(id: ApplicationId): Trunk | null
  /** The SIP domain of this name, in lower case. */
  domain(name: string): Domain | null
  /** The SIP domains of an account. */
  domainsOf(account: AccountId): readonly Domain[]
}

/** What the operator allows; the defaults of a local switch in `localPolicy`. */
export interface LegPolicy {
  /** Callers from here need neither trunk nor password to reach a number. */
  readonly anonymousFrom: (host: string) => boolean
  /** Whether a `sip:` URI may be dialled directly. */
  readonly allowUri: (host: string) => boolean
  /** Caller id when `from` is no number and the application has none. */
  readonly defaultCallerId: string
  /** Lets everybody's keys travel over signalling that is not encrypted. */
  readonly srtpWithoutTls: boolean
}

/** Loopback may call in and be called; everything else needs a trunk or a user. */
export const localPolicy: LegPolicy = {
  anonymousFrom: isLoopback,
  allowUri: (host) => host === 'localhost' || isLoopback(host),
  defaultCallerId: '+15550000',
  srtpWithoutTls: false,
}

function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1' || host === '::ffff:127.0.0.1'
}

/** A telephone number as people write it: digits with an optional `+`; null when it is a name. */
export function asNumber(text: string): string | null {
  const bare = text.replace(/[ ().-]/g, '')
  return /^\+?[0-9*#]{1,32}$/.test(bare) ? bare : null
}

/** The number record a dialled user part means: as it is, or with the `+` some trunks leave out. */
export function findNumber(directory: Directory, user: string): PhoneNumber | null {
  return (
    directory.number(user) ?? (user.startsWith('+') ? directory.number(user.slice(1)) : directory.number(`+${user}`))
  )
}
