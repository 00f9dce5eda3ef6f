// HMAC-SHA1 (RFC 2104 over FIPS 180-4) for the media beat: the two padded key blocks are compressed once per key, and a
// tag is made in memory that is there already. The platform's own hash objects cost ten times as much to make as to run.

const BLOCK_OCTETS = 64
const TAIL = new Uint8Array(BLOCK_OCTETS * 2)
/** Shared by all: one tag is made at a time. */
const words = new Int32Array(80)
const state = new Int32Array(5)

export class HmacSha1 {
  readonly #inner = new Int32Array(5)
  readonly #outer = new Int32Array(5)
  readonly #digest = new Uint8Array(20)

  /** @param key at most 64 octets, as every SRTP key is */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_OCTETS) throw new Error('a key longer than a block would have to be hashed first')
    const block = new Uint8Array(BLOCK_OCTETS)
    for (let i = 0; i < BLOCK_OCTETS; i++) block[i] = (key[i] ?? 0) ^ 0x36
    begin()
    compress(block, 0)
    this.#inner.set(state)
    for (let i = 0; i < BLOCK_OCTETS; i++) block[i]! ^= 0x36 ^ 0x5c
    begin()
    compress(block, 0)
    this.#outer.set(state)
    block.fill(0)
  }

  /**
   * The tag of `bytes[0, length)` followed by four octets (big-endian), which SRTP takes for its roll-over counter;
   * `extra` null: nothing follows. The 20 octets are overwritten by the next call.
   */
  tag(bytes: Uint8Array, length: number, extra: number | null): Uint8Array {
    state.set(this.#inner)
    let at = 0
    for (; at + BLOCK_OCTETS <= length; at += BLOCK_OCTETS) compress(bytes, at)
    let held = 0
    for (; at < length; at++) TAIL[held++] = bytes[at]!
    if (extra !== null) {
      TAIL[held++] = extra >>> 24
      TAIL[held++] = extra >>> 16
      TAIL[held++] = extra >>> 8
      TAIL[held++] = extra
    }
    finish(held, BLOCK_OCTETS + length + (extra === null ? 0 : 4))
    const digest = this.#digest
    writeState(digest)
    state.set(this.#outer)
    for (let i = 0; i < 20; i++) TAIL[i] = digest[i]!
    finish(20, BLOCK_OCTETS + 20)
    writeState(digest)
    return digest
  }
}

function begin(): void {
  state[0] = 0x67452301
  state[1] = 0xefcdab89 | 0
  state[2] = 0x98badcfe | 0
  state[3] = 0x10325476
  state[4] = 0xc3d2e1f0 | 0
}

/** Pads what lies in TAIL and compresses it; lengths here are far below 2^29 octets. */
function finish(held: number, total: number): void {
  TAIL[held++] = 0x80
  const end = held > BLOCK_OCTETS - 8 ? BLOCK_OCTETS * 2 : BLOCK_OCTETS
  while (held < end) TAIL[held++] = 0
  const bits = total * 8
  TAIL[end - 4] = bits >>> 24
  TAIL[end - 3] = bits >>> 16
  TAIL[end - 2] = bits >>> 8
  TAIL[end - 1] = bits
  compress(TAIL, 0)
  if (end > BLOCK_OCTETS) compress(TAIL, BLOCK_OCTETS)
}

function writeState(to: Uint8Array): void {
  for (let i = 0; i < 5; i++) {
    const word = state[i]!
    to[i * 4] = word >>> 24
    to[i * 4 + 1] = word >>> 16
    to[i * 4 + 2] = word >>> 8
    to[i * 4 + 3] = word
  }
}

function compress(block: Uint8Array, at: number): void {
  const w = words
  for (let i = 0; i < 16; i++) {
    const k = at + i * 4
    w[i] = (block[k]! << 24) | (block[k + 1]! << 16) | (block[k + 2]! << 8) | block[k + 3]!
  }
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!
    w[i] = (x << 1) | (x >>> 31)
  }
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let e = state[4]!
  for (let i = 0; i < 20; i++) {
    const t = (((a << 5) | (a >>> 27)) + ((b & c) | (~b & d)) + e + 0x5a827999 + w[i]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = t
  }
  for (let i = 20; i < 40; i++) {
    const t = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0x6ed9eba1 + w[i]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = t
  }
  for (let i = 40; i < 60; i++) {
    const t = (((a << 5) | (a >>> 27)) + ((b & c) | (b & d) | (c & d)) + e + (0x8f1bbcdc | 0) + w[i]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = t
  }
  for (let i = 60; i < 80; i++) {
    const t = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + (0xca62c1d6 | 0) + w[i]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = t
  }
  state[0]! += a
  state[1]! += b
  state[2]! += c
  state[3]! += d
  state[4]! += e
}
