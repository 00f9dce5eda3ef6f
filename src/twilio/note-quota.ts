// How much may be written down for one account: a program in a loop fills no disk.

import type { Clock } from '#base/clock.ts'
import type { AccountId } from '#base/ids.ts'
import { NOTES_WINDOW_MS } from './limits.ts'

export class NoteQuota {
  readonly #clock: Clock
  readonly #most: number
  /** By account, within the running window. */
  readonly #written = new Map<AccountId, number>()
  #windowEndsAtMs = 0

  /** @param most of each account, in a window */
  constructor(clock: Clock, most: number) {
    this.#clock = clock
    this.#most = most
  }

  /** Counts one. `full`: it is the first too many of its window; `over`: a later one. */
  take(account: AccountId): 'kept' | 'full' | 'over' {
    const nowMs = this.#clock.nowMs()
    if (nowMs >= this.#windowEndsAtMs) {
      this.#written.clear()
      this.#windowEndsAtMs = nowMs + NOTES_WINDOW_MS
    }
    const count = (this.#written.get(account) ?? 0) + 1
    this.#written.set(account, count)
    if (count <= this.#most) return 'kept'
    return count === this.#most + 1 ? 'full' : 'over'
  }
}
