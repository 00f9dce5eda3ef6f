// Real randomness, drawn from the platform in blocks so that small requests stay cheap.

import { randomFillSync } from 'node:crypto'
import type { Chance } from '#base/chance.ts'

const BLOCK_OCTETS = 8192

export class RealChance implements Chance {
  readonly #block = Buffer.alloc(BLOCK_OCTETS)
  #used = BLOCK_OCTETS

  uniform(): number {
    const bytes = this.bytes(6)
    return Buffer.from(bytes.buffer, bytes.byteOffset, 6).readUIntBE(0, 6) / 2 ** 48
  }

  bytes(length: number): Uint8Array {
    if (length > BLOCK_OCTETS / 4) return randomFillSync(new Uint8Array(length))
    if (this.#used + length > BLOCK_OCTETS) {
      randomFillSync(this.#block)
      this.#used = 0
    }
    const out = Uint8Array.prototype.slice.call(this.#block, this.#used, this.#used + length)
    // What was handed out must not be readable here again.
    this.#block.fill(0, this.#used, this.#used + length)
    this.#used += length
    return out
  }
}
