// AES in counter mode for the media beat. One cipher object per key turns counter blocks into keystream (a plain block
// cipher has no state between calls), so that nothing is constructed per packet: making a cipher object costs ten times
// what its work does.

import { type Cipheriv, createCipheriv } from 'node:crypto'

const BLOCK_OCTETS = 16
/** The longest packet a datagram on an ordinary link carries, in blocks, and one more. */
const MOST_BLOCKS = 97

export class AesCounter {
  readonly #cipher: Cipheriv
  readonly #counters = Buffer.alloc(MOST_BLOCKS * BLOCK_OCTETS)
  /** The same, four words a block: a quarter of the writes. In memory they are little-endian, as is every machine this runs on. */
  readonly #words = new Int32Array(this.#counters.buffer, this.#counters.byteOffset, MOST_BLOCKS * 4)
  /** The counter blocks of every length that has been asked for, as views: a stream's packets are mostly of one length. */
  readonly #views: (Buffer | undefined)[] = []

  /** @param key 16 or 32 octets */
  constructor(key: Uint8Array) {
    this.#cipher = createCipheriv(key.length === 32 ? 'aes-256-ecb' : 'aes-128-ecb', key, null)
    this.#cipher.setAutoPadding(false)
  }

  /** One block encrypted. */
  block(input: Uint8Array): Buffer {
    return this.#cipher.update(input)
  }

  /**
   * Keystream for `octets` from a first counter block, whose last `counterOctets` (2 or 4, big-endian) count blocks and
   * start where they are. Null when that is more than a packet can hold.
   */
  keystream(first: Uint8Array, octets: number): Buffer | null {
    const blocks = (octets + BLOCK_OCTETS - 1) >> 4
    if (blocks > MOST_BLOCKS) return null
    const counters = this.#counters
    const words = this.#words
    const word0 = littleWord(first, 0)
    const word1 = littleWord(first, 4)
    const word2 = littleWord(first, 8)
    const head = first[12]! | (first[13]! << 8)
    const start = (first[14]! << 8) | first[15]!
    for (let i = 0, at = 0; i < blocks; i++, at += 4) {
      // RFC 3711 §4.1.1 and RFC 7714 §8: the last 16 (32) bits count; no packet has more than 2^16 blocks.
      const count = start + i
      words[at] = word0
      words[at + 1] = word1
      words[at + 2] = word2
      words[at + 3] = head | ((count & 0xff00) << 8) | (count << 24)
    }
    let view = this.#views[blocks]
    if (view === undefined) {
      view = counters.subarray(0, blocks << 4)
      this.#views[blocks] = view
    }
    return this.#cipher.update(view)
  }
}

function littleWord(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** `bytes[from, to)` xor keystream, in place. */
export function applyKeystream(bytes: Uint8Array, from: number, to: number, stream: Uint8Array, offset: number): void {
  for (let i = from, k = offset; i < to; i++, k++) bytes[i]! ^= stream[k]!
}
