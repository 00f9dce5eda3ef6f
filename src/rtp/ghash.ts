// GHASH (NIST SP 800-38D §6.4) for AES-GCM: multiplication by a fixed element of GF(2^128), a byte at a time with a table
// of 256 products made once per key (Shoup's method). Words are big-endian; bit 0 of the field is the highest bit.

/** What falls off at the low end when a product is shifted by a byte, folded back: the same for all keys. */
const REDUCTION = new Int32Array(256)
for (let byte = 0; byte < 256; byte++) {
  let value = 0
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) value ^= 0xe1000000 >>> (7 - bit)
  REDUCTION[byte] = value
}

export class Ghash {
  /** H times every byte, four words each. */
  readonly #table = new Int32Array(1024)
  #z0 = 0
  #z1 = 0
  #z2 = 0
  #z3 = 0

  /** @param h the block of zeros, encrypted */
  constructor(h: Uint8Array) {
    const word = (at: number) => (h[at]! << 24) | (h[at + 1]! << 16) | (h[at + 2]! << 8) | h[at + 3]!
    let [a, b, c, d] = [word(0), word(4), word(8), word(12)]
    const table = this.#table
    // Byte 0x80 is the field's one; every lower bit is one more multiplication by x.
    for (let bit = 0x80; bit > 0; bit >>= 1) {
      table[bit * 4] = a
      table[bit * 4 + 1] = b
      table[bit * 4 + 2] = c
      table[bit * 4 + 3] = d
      const carry = d & 1
      d = (d >>> 1) | (c << 31)
      c = (c >>> 1) | (b << 31)
      b = (b >>> 1) | (a << 31)
      a = (a >>> 1) ^ (carry ? 0xe1000000 : 0)
    }
    for (let byte = 1; byte < 256; byte++) {
      const low = byte & -byte
      if (low === byte) continue
      for (let k = 0; k < 4; k++) table[byte * 4 + k] = table[(byte ^ low) * 4 + k]! ^ table[low * 4 + k]!
    }
  }

  begin(): void {
    this.#z0 = this.#z1 = this.#z2 = this.#z3 = 0
  }

  /** Takes `bytes[from, to)`, filled up with zeros to whole blocks. */
  update(bytes: Uint8Array, from: number, to: number): void {
    let at = from
    for (; at + 16 <= to; at += 16) {
      this.#block(wordOf(bytes, at), wordOf(bytes, at + 4), wordOf(bytes, at + 8), wordOf(bytes, at + 12))
    }
    if (at === to) return
    const rest = [0, 0, 0, 0]
    for (let i = 0; at < to; i++, at++) rest[i >> 2]! |= bytes[at]! << (24 - (i & 3) * 8)
    this.#block(rest[0]!, rest[1]!, rest[2]!, rest[3]!)
  }

  /** Takes the two lengths that end every message, and writes the hash. */
  finish(octetsOfHeader: number, octetsOfText: number, to: Uint8Array): void {
    this.#block(0, octetsOfHeader * 8, 0, octetsOfText * 8)
    const words = [this.#z0, this.#z1, this.#z2, this.#z3]
    for (let i = 0; i < 16; i++) to[i] = words[i >> 2]! >>> (24 - (i & 3) * 8)
  }

  #block(x0: number, x1: number, x2: number, x3: number): void {
    const table = this.#table
    const y0 = this.#z0 ^ x0
    const y1 = this.#z1 ^ x1
    const y2 = this.#z2 ^ x2
    const y3 = this.#z3 ^ x3
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    // Horner's rule, from the last byte: shift by one byte, then add the product of the next.
    for (let i = 15; i >= 0; i--) {
      const word = i >= 12 ? y3 : i >= 8 ? y2 : i >= 4 ? y1 : y0
      const byte = (word >>> ((3 - (i & 3)) * 8)) & 0xff
      const fold = REDUCTION[d & 0xff]!
      d = (d >>> 8) | (c << 24)
      c = (c >>> 8) | (b << 24)
      b = (b >>> 8) | (a << 24)
      a = (a >>> 8) ^ fold
      const at = byte * 4
      a ^= table[at]!
      b ^= table[at + 1]!
      c ^= table[at + 2]!
      d ^= table[at + 3]!
    }
    this.#z0 = a
    this.#z1 = b
    this.#z2 = c
    this.#z3 = d
  }
}

function wordOf(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
