// Which packet indexes were seen (RFC 3711 §3.3.2): the highest, and a bit for each of those just below it.

import { REPLAY_WINDOW } from './limits.ts'

export class ReplayWindow {
  /** -1: nothing yet. */
  highest = -1
  readonly #bits = new Uint8Array(REPLAY_WINDOW)

  /** Whether an index is new and not too old to tell. */
  fresh(index: number): boolean {
    if (index > this.highest) return true
    return this.highest - index < REPLAY_WINDOW && this.#bits[index % REPLAY_WINDOW] === 0
  }

  /** Remembers an index that is {@link fresh}. */
  take(index: number): void {
    if (index > this.highest) {
      const ahead = index - this.highest
      if (ahead >= REPLAY_WINDOW) this.#bits.fill(0)
      else for (let i = 1; i < ahead; i++) this.#bits[(this.highest + i) % REPLAY_WINDOW] = 0
      this.highest = index
    }
    this.#bits[index % REPLAY_WINDOW] = 1
  }
}

/**
 * RFC 3711 §3.3.1: the 48-bit index a 16-bit sequence number stands for, given the highest index so far (-1: none). Below
 * zero when there can be no such packet.
 */
export function packetIndex(highest: number, sequence: number): number {
  if (highest < 0) return sequence
  const last = highest % 65_536
  let rollOver = (highest - last) / 65_536
  if (last < 32_768) {
    if (sequence - last > 32_768) rollOver--
  } else if (last - 32_768 > sequence) rollOver++
  return rollOver * 65_536 + sequence
}
