// What SRTP does to one packet once its key and index are known: the two families of RFC 3711 §4 (AES counter mode and
// HMAC-SHA1) and RFC 7714 (AES-GCM), in place, without making objects.
//
//   RTP     header | payload, encrypted | tag              (authenticated: all before the tag, and the roll-over counter)
//   RTCP    8 octets | rest, encrypted | E+index | tag     counter mode
//   RTCP    8 octets | rest, encrypted | tag | E+index     GCM
//
// Master key identifiers are taken off before packets come here (srtp.ts).

import { type SrtpKey, srtpSuites } from '#base/srtp-key.ts'
import { AesCounter, applyKeystream } from './aes-counter.ts'
import { Ghash } from './ghash.ts'
import { HmacSha1 } from './sha1.ts'

/** RFC 3711 §3.4: the E flag, in the word that carries the SRTCP index. */
const ENCRYPTED = 0x80000000
/** The part of RTCP that stays readable: header and SSRC. */
export const RTCP_CLEAR_OCTETS = 8
const INDEX_OCTETS = 4

export interface SrtpTransform {
  readonly rtpTagOctets: number
  /** Everything SRTCP adds: tag and index. */
  readonly rtcpTrailerOctets: number
  /** Encrypts `bytes[header, length)` and writes the tag after it. */
  sealRtp(bytes: Uint8Array, header: number, length: number, ssrc: number, index: number): boolean
  /** Checks, and only then decrypts; `length` is that without the tag. */
  openRtp(bytes: Uint8Array, header: number, length: number, ssrc: number, index: number): boolean
  sealRtcp(bytes: Uint8Array, length: number, ssrc: number, index: number): boolean
  /** Where the E flag and the index of a packet are; `length` is that without what SRTCP added. */
  rtcpIndexAt(length: number): number
  openRtcp(bytes: Uint8Array, length: number, ssrc: number, word: number): boolean
}

/** The transform of one master key; null when its text is not a key of its suite. */
export function makeTransform(key: SrtpKey): SrtpTransform | null {
  const { keyOctets, saltOctets } = srtpSuites[key.suite]
  const bytes = Buffer.from(key.keyAndSalt, 'base64')
  if (bytes.length !== keyOctets + saltOctets) return null
  const masterKey = bytes.subarray(0, keyOctets)
  const masterSalt = bytes.subarray(keyOctets)
  const transform =
    key.suite === 'AEAD_AES_128_GCM' || key.suite === 'AEAD_AES_256_GCM'
      ? new GcmTransform(
          new GcmKeys(deriveKey(masterKey, masterSalt, 0, keyOctets), deriveKey(masterKey, masterSalt, 2, 12)),
          new GcmKeys(deriveKey(masterKey, masterSalt, 3, keyOctets), deriveKey(masterKey, masterSalt, 5, 12)),
        )
      : new CounterTransform(masterKey, masterSalt, key.suite === 'AES_CM_128_HMAC_SHA1_80' ? 10 : 4)
  bytes.fill(0)
  return transform
}

/** RFC 3711 §4.3 with a key derivation rate of zero; RFC 7714 §11 for the shorter salt, which is filled up with zeros. */
export function deriveKey(masterKey: Uint8Array, masterSalt: Uint8Array, label: number, octets: number): Buffer {
  const first = new Uint8Array(16)
  first.set(masterSalt)
  first[7]! ^= label
  return Buffer.from(new AesCounter(masterKey).keystream(first, octets)!.subarray(0, octets))
}

class CounterTransform implements SrtpTransform {
  readonly rtpTagOctets: number
  /** RFC 4568 §6.2.2: even where RTP has the short tag, RTCP keeps the long one. */
  readonly rtcpTrailerOctets = INDEX_OCTETS + 10
  readonly #rtp: { readonly aes: AesCounter; readonly hmac: HmacSha1; readonly salt: Uint8Array }
  readonly #rtcp: { readonly aes: AesCounter; readonly hmac: HmacSha1; readonly salt: Uint8Array }
  readonly #counter = new Uint8Array(16)

  constructor(masterKey: Uint8Array, masterSalt: Uint8Array, tagOctets: number) {
    this.rtpTagOctets = tagOctets
    const keys = (label: number) => ({
      aes: new AesCounter(deriveKey(masterKey, masterSalt, label, 16)),
      hmac: new HmacSha1(deriveKey(masterKey, masterSalt, label + 1, 20)),
      salt: deriveKey(masterKey, masterSalt, label + 2, 14),
    })
    this.#rtp = keys(0)
    this.#rtcp = keys(3)
  }

  sealRtp(bytes: Uint8Array, header: number, length: number, ssrc: number, index: number): boolean {
    if (!this.#crypt(this.#rtp.aes, this.#rtp.salt, bytes, header, length, ssrc, index)) return false
    const tag = this.#rtp.hmac.tag(bytes, length, rollOverOf(index))
    for (let i = 0; i < this.rtpTagOctets; i++) bytes[length + i] = tag[i]!
    return true
  }

  openRtp(bytes: Uint8Array, header: number, length: number, ssrc: number, index: number): boolean {
    const tag = this.#rtp.hmac.tag(bytes, length, rollOverOf(index))
    if (!matches(tag, bytes, length, this.rtpTagOctets)) return false
    return this.#crypt(this.#rtp.aes, this.#rtp.salt, bytes, header, length, ssrc, index)
  }

  sealRtcp(bytes: Uint8Array, length: number, ssrc: number, index: number): boolean {
    if (!this.#crypt(this.#rtcp.aes, this.#rtcp.salt, bytes, RTCP_CLEAR_OCTETS, length, ssrc, index)) return false
    writeWord(bytes, length, index | ENCRYPTED)
    const tag = this.#rtcp.hmac.tag(bytes, length + INDEX_OCTETS, null)
    for (let i = 0; i < 10; i++) bytes[length + INDEX_OCTETS + i] = tag[i]!
    return true
  }

  rtcpIndexAt(length: number): number {
    return length
  }

  openRtcp(bytes: Uint8Array, length: number, ssrc: number, word: number): boolean {
    const tag = this.#rtcp.hmac.tag(bytes, length + INDEX_OCTETS, null)
    if (!matches(tag, bytes, length + INDEX_OCTETS, 10)) return false
    if ((word & ENCRYPTED) === 0) return true
    const index = word & 0x7fffffff
    return this.#crypt(this.#rtcp.aes, this.#rtcp.salt, bytes, RTCP_CLEAR_OCTETS, length, ssrc, index)
  }

  /** §4.1.1: IV = (salt * 2^16) xor (SSRC * 2^64) xor (index * 2^16). */
  #crypt(
    aes: AesCounter,
    salt: Uint8Array,
    bytes: Uint8Array,
    from: number,
    to: number,
    ssrc: number,
    index: number,
  ): boolean {
    const counter = this.#counter
    const high = Math.floor(index / 4_294_967_296)
    for (let i = 0; i < 14; i++) counter[i] = salt[i]!
    xorWord(counter, 4, ssrc)
    counter[8]! ^= high >> 8
    counter[9]! ^= high
    xorWord(counter, 10, index)
    counter[14] = 0
    counter[15] = 0
    const stream = aes.keystream(counter, to - from)
    if (stream === null) return false
    applyKeystream(bytes, from, to, stream, 0)
    return true
  }
}

/** Session keys of one of the two flows. */
class GcmKeys {
  readonly aes: AesCounter
  readonly ghash: Ghash
  readonly salt: Uint8Array

  constructor(key: Uint8Array, salt: Uint8Array) {
    this.aes = new AesCounter(key)
    this.ghash = new Ghash(this.aes.block(new Uint8Array(16)))
    this.salt = salt
  }
}

const GCM_TAG_OCTETS = 16

export class GcmTransform implements SrtpTransform {
  readonly rtpTagOctets = GCM_TAG_OCTETS
  readonly rtcpTrailerOctets = GCM_TAG_OCTETS + INDEX_OCTETS
  readonly #rtp: GcmKeys
  readonly #rtcp: GcmKeys
  readonly #counter = new Uint8Array(16)
  readonly #tag = new Uint8Array(GCM_TAG_OCTETS)
  readonly #header = new Uint8Array(RTCP_CLEAR_OCTETS + INDEX_OCTETS)

  constructor(rtp: GcmKeys, rtcp: GcmKeys) {
    this.#rtp = rtp
    this.#rtcp = rtcp
  }

  /** From session keys, as the examples of RFC 7714 give them. */
  static ofSession(key: Uint8Array, salt: Uint8Array): GcmTransform {
    const keys = new GcmKeys(key, salt)
    return new GcmTransform(keys, keys)
  }

  sealRtp(bytes: Uint8Array, header: number, length: number, ssrc: number, index: number): boolean {
    this.#startRtp(ssrc, index)
    return this.#seal(this.#rtp, bytes, header, bytes, header, length)
  }

  openRtp(bytes: Uint8Array, header: number, length: number, ssrc: number, index: number): boolean {
    this.#startRtp(ssrc, index)
    return this.#open(this.#rtp, bytes, header, bytes, header, length)
  }

  sealRtcp(bytes: Uint8Array, length: number, ssrc: number, index: number): boolean {
    const word = index | ENCRYPTED
    this.#startRtcp(bytes, ssrc, word)
    const from = RTCP_CLEAR_OCTETS
    if (!this.#seal(this.#rtcp, this.#header, this.#header.length, bytes, from, length)) return false
    writeWord(bytes, length + GCM_TAG_OCTETS, word)
    return true
  }

  rtcpIndexAt(length: number): number {
    return length + GCM_TAG_OCTETS
  }

  openRtcp(bytes: Uint8Array, length: number, ssrc: number, word: number): boolean {
    // RFC 7714 §9.3 allows RTCP that is only authenticated; nobody sends it, and we never asked for it.
    if ((word & ENCRYPTED) === 0) return false
    this.#startRtcp(bytes, ssrc, word)
    return this.#open(this.#rtcp, this.#header, this.#header.length, bytes, RTCP_CLEAR_OCTETS, length)
  }

  /** RFC 7714 §8.1: 00 00, SSRC, roll-over counter, sequence number, xor the salt. */
  #startRtp(ssrc: number, index: number): void {
    this.#startCounter(this.#rtp.salt, ssrc)
    xorWord(this.#counter, 6, rollOverOf(index))
    this.#counter[10]! ^= index >> 8
    this.#counter[11]! ^= index
  }

  /** §9.1: 00 00, SSRC, 00 00, index without the flag; the word with the flag is authenticated (§9.2). */
  #startRtcp(bytes: Uint8Array, ssrc: number, word: number): void {
    this.#startCounter(this.#rtcp.salt, ssrc)
    xorWord(this.#counter, 8, word & 0x7fffffff)
    for (let i = 0; i < RTCP_CLEAR_OCTETS; i++) this.#header[i] = bytes[i]!
    writeWord(this.#header, RTCP_CLEAR_OCTETS, word)
  }

  #startCounter(salt: Uint8Array, ssrc: number): void {
    const counter = this.#counter
    for (let i = 0; i < 12; i++) counter[i] = salt[i]!
    xorWord(counter, 2, ssrc)
    counter[12] = 0
    counter[13] = 0
    counter[14] = 0
    counter[15] = 1
  }

  #seal(keys: GcmKeys, head: Uint8Array, headOctets: number, bytes: Uint8Array, from: number, to: number): boolean {
    // The first block of keystream hides the tag, the rest the text.
    const stream = keys.aes.keystream(this.#counter, to - from + 16)
    if (stream === null) return false
    applyKeystream(bytes, from, to, stream, 16)
    this.#hash(keys, head, headOctets, bytes, from, to)
    for (let i = 0; i < GCM_TAG_OCTETS; i++) bytes[to + i] = this.#tag[i]! ^ stream[i]!
    return true
  }

  #open(keys: GcmKeys, head: Uint8Array, headOctets: number, bytes: Uint8Array, from: number, to: number): boolean {
    const stream = keys.aes.keystream(this.#counter, to - from + 16)
    if (stream === null) return false
    this.#hash(keys, head, headOctets, bytes, from, to)
    for (let i = 0; i < GCM_TAG_OCTETS; i++) this.#tag[i]! ^= stream[i]!
    if (!matches(this.#tag, bytes, to, GCM_TAG_OCTETS)) return false
    applyKeystream(bytes, from, to, stream, 16)
    return true
  }

  #hash(keys: GcmKeys, head: Uint8Array, headOctets: number, bytes: Uint8Array, from: number, to: number): void {
    keys.ghash.begin()
    keys.ghash.update(head, 0, headOctets)
    keys.ghash.update(bytes, from, to)
    keys.ghash.finish(headOctets, to - from, this.#tag)
  }
}

function rollOverOf(index: number): number {
  return Math.floor(index / 65_536)
}

function xorWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at]! ^= word >>> 24
  bytes[at + 1]! ^= word >>> 16
  bytes[at + 2]! ^= word >>> 8
  bytes[at + 3]! ^= word
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24
  bytes[at + 1] = word >>> 16
  bytes[at + 2] = word >>> 8
  bytes[at + 3] = word
}

/** Compares in a time that does not depend on where the difference is. */
function matches(tag: Uint8Array, bytes: Uint8Array, at: number, octets: number): boolean {
  let difference = 0
  for (let i = 0; i < octets; i++) difference |= tag[i]! ^ bytes[at + i]!
  return difference === 0
}
