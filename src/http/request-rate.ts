// Requests of one account, over windows of ten seconds: a language may tell what is left in every reply, and what is too
// much gets 429 and when to come back.

import type { Clock } from '#base/clock.ts'
import type { AccountId } from '#base/ids.ts'
import { RATE_WINDOW_MS } from './limits.ts'

export interface Allowance {
  readonly allowed: boolean
  /** Requests in a window. */
  readonly limit: number
  readonly remaining: number
  /** Until the next window begins. */
  readonly resetSecs: number
}

export class RequestRate {
  readonly #clock: Clock
  readonly #perWindow: number
  readonly #used = new Map<AccountId, { readonly endsAtMs: number; count: number }>()

  /** @param perSecond 0: no limit */
  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock
    this.#perWindow = (perSecond * RATE_WINDOW_MS) / 1000
  }

  /** Counts one request; null when there is no limit. */
  take(account: AccountId): Allowance | null {
    if (this.#perWindow === 0) return null
    const nowMs = this.#clock.nowMs()
    let used = this.#used.get(account)
    if (used === undefined || used.endsAtMs <= nowMs) {
      used = { endsAtMs: nowMs + RATE_WINDOW_MS, count: 0 }
      this.#used.set(account, used)
    }
    const allowed = used.count < this.#perWindow
    if (allowed) used.count++
    return {
      allowed,
      limit: this.#perWindow,
      remaining: this.#perWindow - used.count,
      resetSecs: Math.max(1, Math.ceil((used.endsAtMs - nowMs) / 1000)),
    }
  }
}
