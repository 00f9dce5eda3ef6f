// Why a call could not be placed, in this language's words (CPE-13): a number and a sentence, as its callbacks carry them and
// the notifications keep them.

import type { Call } from '#calls/model.ts'
import type { Unreached } from '#legs/leg.ts'
import { endStatus } from './call-status.ts'
import type { Parameters } from './signature.ts'

export interface CallFailure {
  readonly code: number
  readonly message: string
}

/** Nobody there could be spoken with. */
const UNREACHABLE = 32_011
/** Somebody there said no, and not that it was busy. */
const REFUSED = 34_003

const unreached: Readonly<Record<Unreached, { readonly code: number; readonly why: string }>> = {
  'not-registered': { code: 32_009, why: 'no telephone is registered there' },
  'foreign-domain': { code: 32_214, why: 'the SIP domain is not of this account' },
  'no-user-part': { code: 32_223, why: 'a SIP address at a domain needs a user part' },
}

/** SI-03, CLI-01: a name of ours that nobody answers to; null: something else, or nothing. */
export function unreachedName(call: Call): CallFailure | null {
  // Words of our own, for a peer can say the same ones.
  const reason = call.end?.by === 'network' ? (call.end.sipReason ?? '') : ''
  if (call.direction !== 'outgoing' || !Object.hasOwn(unreached, reason)) return null
  const { code, why } = unreached[reason as Unreached]
  return { code, message: `${call.to} could not be called: ${why}.` }
}

/** Of a call that is over; null: it did not fail, or nobody knows why. */
export function callFailure(call: Call): CallFailure | null {
  const { end } = call
  if (call.direction !== 'outgoing' || end === null || endStatus(call) !== 'failed') return null
  const named = unreachedName(call)
  if (named !== null) return named
  if (end.by === 'network') return { code: UNREACHABLE, message: `${call.to} could not be reached: ${words(call)}.` }
  return end.sipStatus === null ? null : { code: REFUSED, message: `${call.to} refused the call: ${words(call)}.` }
}

/** CPE-13: nothing, unless it failed. */
export function failureParameters(call: Call): Parameters {
  const failure = callFailure(call)
  if (failure === null) return []
  return [
    ['ErrorCode', String(failure.code)],
    ['ErrorMessage', failure.message],
  ]
}

function words({ end }: Call): string {
  const said = [end?.sipStatus, end?.sipReason].filter((one) => one != null && one !== '')
  return said.length === 0 ? 'no answer at all' : said.join(' ')
}
