// Which ports sessions get: an even one for RTP, the odd one after it for RTCP (RFC 3550 §11), drawn at random so that
// they cannot be guessed, and left to rest after use so that late packets of one call do not enter the next.

import type { Chance } from '#base/chance.ts'
import { PORT_QUARANTINE_MS } from './limits.ts'

export interface PortRange {
  readonly first: number
  readonly last: number
}

export class PortPool {
  readonly #chance: Chance
  readonly #free: number[] = []
  readonly #resting: { readonly port: number; readonly freeAtMs: number }[] = []

  constructor(range: PortRange, chance: Chance) {
    this.#chance = chance
    for (let port = range.first + (range.first & 1); port + 1 <= range.last; port += 2) this.#free.push(port)
  }

  /** An even port, or null when all are in use or at rest. */
  take(nowMs: number): number | null {
    while (this.#resting.length > 0 && this.#resting[0]!.freeAtMs <= nowMs) this.#free.push(this.#resting.shift()!.port)
    if (this.#free.length === 0) return null
    const index = Math.floor(this.#chance.uniform() * this.#free.length)
    const port = this.#free[index]!
    this.#free[index] = this.#free[this.#free.length - 1]!
    this.#free.pop()
    return port
  }

  release(port: number, nowMs: number): void {
    this.#resting.push({ port, freeAtMs: nowMs + PORT_QUARANTINE_MS })
  }

  get free(): number {
    return this.#free.length
  }
}
