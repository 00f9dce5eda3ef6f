// Dials a second for one account, over a rolling window (telnyx-voice §5).

import type { Clock } from '#base/clock.ts'
import type { AccountId } from '#base/ids.ts'
import { DIAL_WINDOW_MS, DIALS_PER_WINDOW } from './limits.ts'

export class DialRate {
  readonly #clock: Clock
  /** Instants of recent dials, oldest first. */
  readonly #recent = new Map<AccountId, number[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts one dial; false: it is one too many and not counted. */
  take(account: AccountId): boolean {
    const nowMs = this.#clock.nowMs()
    const recent = (this.#recent.get(account) ?? []).filter((atMs) => atMs > nowMs - DIAL_WINDOW_MS)
    this.#recent.set(account, recent)
    if (recent.length >= DIALS_PER_WINDOW) return false
    recent.push(nowMs)
    return true
  }
}
