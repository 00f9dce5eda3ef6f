// What a call cost, by the operator's rates: by the minute, to the second, calls out only.

import type { Register } from '#accounts/register.ts'
import type { Call } from '#calls/model.ts'

export interface Cost {
  /** From the answer on. */
  readonly seconds: number
  readonly billedSeconds: number
  /** By the minute. */
  readonly rate: number
  readonly amount: number
}

export function costOf(register: Register, call: Call, nowWallMs: number): Cost {
  const seconds =
    call.answeredAtWallMs === null ? 0 : ((call.endedAtWallMs ?? nowWallMs) - call.answeredAtWallMs) / 1000
  const rate = call.direction === 'outgoing' ? register.rateOf(call.to) : 0
  return { seconds, billedSeconds: Math.ceil(seconds), rate, amount: (seconds / 60) * rate }
}

/** An amount as this API writes it. */
export function money(amount: number): string {
  return amount.toFixed(6)
}
