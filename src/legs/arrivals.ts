// Calls of ours that are on their way to ourselves (see `Arrival`). Each goes to an address that nobody can guess and that is
// good for one call: whoever comes to it is the leg it was made for, whatever its INVITE says. Here is what was promised and
// has not come yet.

import { type Chance, token } from '#base/chance.ts'
import type { CallId } from '#base/ids.ts'
import type { Arrival } from './leg.ts'
import { ARRIVAL_WAIT_MS, MAX_ARRIVALS } from './limits.ts'

/** More than 128 bits: nobody finds one by trying. */
const TOKEN_CHARACTERS = 26

export interface Expected extends Arrival {
  /** The leg that calls. */
  readonly caller: CallId
}

export class Arrivals {
  readonly #chance: Chance
  /** Oldest first: all wait equally long. */
  readonly #expected = new Map<string, { readonly expected: Expected; readonly untilMs: number }>()

  constructor(chance: Chance) {
    this.#chance = chance
  }

  get size(): number {
    return this.#expected.size
  }

  /** @returns the user part to call; null: too many are on their way */
  expect(expected: Expected, nowMs: number): string | null {
    this.#sweep(nowMs)
    if (this.#expected.size >= MAX_ARRIVALS) return null
    const user = token(this.#chance, TOKEN_CHARACTERS)
    this.#expected.set(user, { expected, untilMs: nowMs + ARRIVAL_WAIT_MS })
    return user
  }

  /** Whom a call to this user part is; once, and not after its time. */
  claim(user: string, nowMs: number): Expected | null {
    this.#sweep(nowMs)
    const found = this.#expected.get(user)
    this.#expected.delete(user)
    return found?.expected ?? null
  }

  #sweep(nowMs: number): void {
    for (const [user, { untilMs }] of this.#expected) {
      if (untilMs > nowMs) return
      this.#expected.delete(user)
    }
  }
}
