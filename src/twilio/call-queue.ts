// ST-06: calls made over REST leave one after the other, as many a second as the operator allows each account. Who comes
// later waits longer, and is told how long.

import type { Clock } from '#base/clock.ts'
import type { AccountId } from '#base/ids.ts'

export class CallQueue {
  readonly #clock: Clock
  readonly #gapMs: number
  /** When the next call of an account may leave. */
  readonly #nextAtMs = new Map<AccountId, number>()

  /** @param callsPerSecond 0: as many as anybody likes */
  constructor(clock: Clock, callsPerSecond: number) {
    this.#clock = clock
    this.#gapMs = callsPerSecond === 0 ? 0 : 1000 / callsPerSecond
  }

  /** Takes a place; how long a call waits in it. */
  place(account: AccountId): number {
    if (this.#gapMs === 0) return 0
    const nowMs = this.#clock.nowMs()
    const atMs = Math.max(nowMs, this.#nextAtMs.get(account) ?? nowMs)
    this.#nextAtMs.set(account, atMs + this.#gapMs)
    return Math.round(atMs - nowMs)
  }
}
