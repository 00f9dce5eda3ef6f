// What may be dialled: the countries an account has switched off (dialing-permissions.ts), the outbound profile of the application that dials (is it in use, which countries, when, how many
// at once, how often to one number, how much a day) and the channel limits of applications and accounts, both ways.
// A pure judgement over what is live and what was used today; `usage.ts` counts the latter.

import type { AccountId, ApplicationId } from '#base/ids.ts'
import { countryOf } from './destinations.ts'
import { closedCountries } from './dialing-permissions.ts'
import type { OutboundProfile } from './kinds.ts'
import type { Register } from './register.ts'

export interface CallAttempt {
  readonly direction: 'incoming' | 'outgoing'
  readonly account: AccountId
  readonly application: ApplicationId
  readonly to: readonly string[]
}

/** As much of a live call as is counted. */
export type Counted = Pick<CallAttempt, 'direction' | 'account' | 'application'> & { readonly to: string }

export type Barred =
  | { readonly type: 'not-allowed'; readonly to: string; readonly reason: string }
  | { readonly type: 'full'; readonly of: 'account' | 'profile' | 'connection'; readonly limit: number }
  | { readonly type: 'spent'; readonly limit: string }

/** What was used of a profile since midnight UTC. */
export interface Usage {
  /** In the currency of the rates. */
  spentToday(profile: string, nowWallMs: number): number
  callsToday(profile: string, to: string, nowWallMs: number): number
}

/** Why a call may not be made or taken now; null: it may. */
export function bars(
  register: Register,
  usage: Usage,
  attempt: CallAttempt,
  live: Iterable<Counted>,
  nowWallMs: number,
): Barred | null {
  const closed = attempt.direction === 'outgoing' ? barsCountry(register, attempt) : null
  if (closed !== null) return closed
  const application = register.application(attempt.application)
  if (application === null) return null
  const calls = [...live].filter((call) => call.account === attempt.account && call.direction === attempt.direction)
  const own = calls.filter((call) => call.application === attempt.application).length
  const limit = attempt.direction === 'incoming' ? application.inboundChannelLimit : application.outboundChannelLimit
  if (limit !== null && own >= limit) return { type: 'full', of: 'connection', limit }
  if (attempt.direction === 'incoming') return barsChannels(register, attempt, calls)
  const entry =
    application.outboundProfile == null
      ? null
      : register.book.get(attempt.account, 'outbound-profile', application.outboundProfile)
  if (entry === null) return null
  const profile = entry.fields
  // What stays in the house costs nothing and leaves for no country.
  const numbers = attempt.to.filter((to) => countryOf(to) !== undefined && register.number(to) === null)
  const to = attempt.to[0] ?? ''
  const no = (reason: string, what = to): Barred => ({ type: 'not-allowed', to: what, reason })
  if (!profile.enabled) return no(`the outbound voice profile '${profile.name}' is not enabled`)
  for (const number of numbers) {
    const country = countryOf(number) ?? 'none'
    if (!profile.destinations.includes(country)) {
      return no(`the outbound voice profile '${profile.name}' does not allow ${country}`, number)
    }
    const rate = register.rateOf(number)
    if (profile.maxRate !== null && rate > profile.maxRate) {
      return no(`its rate of ${rate} a minute is above the outbound voice profile’s ${profile.maxRate}`, number)
    }
  }
  if (!within(profile.window, nowWallMs)) return no('it is outside the outbound voice profile’s calling window')
  const most = profile.window?.callsPerDestination ?? null
  for (const number of most === null ? [] : numbers) {
    if (usage.callsToday(entry.id, number, nowWallMs) >= most!) {
      return no(`it has been called ${most} times in this calling window`, number)
    }
  }
  if (profile.concurrentLimit !== null) {
    const used = calls.filter((call) => register.application(call.application)?.outboundProfile === entry.id).length
    if (used >= profile.concurrentLimit) return { type: 'full', of: 'profile', limit: profile.concurrentLimit }
  }
  if (profile.spendLimited && profile.spendLimit !== null) {
    if (usage.spentToday(entry.id, nowWallMs) >= Number(profile.spendLimit)) {
      return { type: 'spent', limit: profile.spendLimit }
    }
  }
  return null
}

/** A number of a country that the account has switched off. */
function barsCountry(register: Register, attempt: CallAttempt): Barred | null {
  const closed = closedCountries(register, attempt.account)
  // Nearly everybody: the plan of numbers is not even loaded.
  if (closed.size === 0) return null
  for (const to of attempt.to) {
    const country = register.number(to) === null ? countryOf(to) : null
    if (country != null && closed.has(country)) {
      return { type: 'not-allowed', to, reason: `the account’s dialling permissions do not allow ${country}` }
    }
  }
  return null
}

/** Numbers paid by channel share the account's channels. */
function barsChannels(register: Register, attempt: CallAttempt, calls: readonly Counted[]): Barred | null {
  const limit = register.book.list(attempt.account, 'inbound-channels')[0]?.fields.channels ?? null
  const shared = (to: string): boolean => register.number(to)?.voice?.paidByChannel === true
  if (limit === null || !attempt.to.some(shared)) return null
  return calls.filter((call) => shared(call.to)).length >= limit ? { type: 'full', of: 'account', limit } : null
}

const DAY_MS = 24 * 60 * 60_000

/** Whether a UTC time of day lies in a window; one that ends before it begins goes over midnight. */
function within(window: OutboundProfile['window'], nowWallMs: number): boolean {
  if (window === null || window.fromMs === null || window.untilMs === null) return true
  const at = nowWallMs % DAY_MS
  return window.fromMs <= window.untilMs
    ? at >= window.fromMs && at < window.untilMs
    : at >= window.fromMs || at < window.untilMs
}
