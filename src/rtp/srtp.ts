// SRTP and SRTCP of one session (RFC 3711, RFC 7714): a sender and a receiver, each with one master key. Both work in place
// on the packet and never throw on what comes from the network. Open srtp-transform.ts for what happens to the octets; here
// is which index a packet has, whether it was seen before, and whose it is.
//
// No state is kept for a source before one of its packets was authentic, so forged packets cost memory nothing. The sender
// has a replay window as well: to send another packet under a number used before would give away both (§9.1).

import type { SrtpKey } from '#base/srtp-key.ts'
import { MAX_SRTP_SOURCES } from './limits.ts'
import { packetIndex, ReplayWindow } from './replay-window.ts'
import { makeTransform, RTCP_CLEAR_OCTETS, type SrtpTransform } from './srtp-transform.ts'

/** The most that SRTP or SRTCP adds to a packet of ours, over all suites. */
export const SRTP_MOST_OCTETS = 20
/** SRTCP indexes have 31 bits; beyond them there must be a new key (§9.2). */
const LAST_RTCP_INDEX = 0x7fffffff

/** Protects what we send. */
export class SrtpSender {
  /** What a packet of RTP grows by. */
  readonly tagOctets: number
  readonly #transform: SrtpTransform
  #ssrc = -1
  #sent = new ReplayWindow()
  #rtcpIndex = 0

  private constructor(transform: SrtpTransform) {
    this.#transform = transform
    this.tagOctets = transform.rtpTagOctets
  }

  /** Null when the key is none. */
  static make(key: SrtpKey): SrtpSender | null {
    const transform = makeTransform(key)
    return transform === null ? null : new SrtpSender(transform)
  }

  /** Protects `bytes[0, length)`; returns the new length, 0 when it must not be sent. Needs `tagOctets` of room behind. */
  protectRtp(bytes: Uint8Array, length: number): number {
    const header = rtpHeaderOctets(bytes, length)
    if (header < 0 || length + this.tagOctets > bytes.length) return 0
    const ssrc = ssrcAt(bytes, 8)
    if (ssrc !== this.#ssrc) {
      this.#ssrc = ssrc
      this.#sent = new ReplayWindow()
    }
    const index = packetIndex(this.#sent.highest, (bytes[2]! << 8) | bytes[3]!)
    if (index < 0 || !this.#sent.fresh(index)) return 0
    if (!this.#transform.sealRtp(bytes, header, length, ssrc, index)) return 0
    this.#sent.take(index)
    return length + this.tagOctets
  }

  /** The same for RTCP, which grows by at most {@link SRTP_MOST_OCTETS}. */
  protectRtcp(bytes: Uint8Array, length: number): number {
    const whole = length + this.#transform.rtcpTrailerOctets
    if (length < RTCP_CLEAR_OCTETS || whole > bytes.length || this.#rtcpIndex >= LAST_RTCP_INDEX) return 0
    this.#rtcpIndex++
    return this.#transform.sealRtcp(bytes, length, ssrcAt(bytes, 4), this.#rtcpIndex) ? whole : 0
  }
}

interface Source {
  readonly rtp: ReplayWindow
  readonly rtcp: ReplayWindow
}

/** Why a packet is not let in: it is not the peer's, or the peer's from before. */
export const FORGED = -1
export const REPLAYED = -2

/** Checks and opens what arrives. */
export class SrtpReceiver {
  /** Packets that were not authentic, broken ones among them. */
  forged = 0
  replayed = 0
  readonly #transform: SrtpTransform
  readonly #mkiOctets: number
  readonly #sources = new Map<number, Source>()
  #lastSsrc = -1
  #last: Source | null = null

  private constructor(transform: SrtpTransform, mkiOctets: number) {
    this.#transform = transform
    this.#mkiOctets = mkiOctets
  }

  /** Null when the key is none. */
  static make(key: SrtpKey): SrtpReceiver | null {
    const transform = makeTransform(key)
    return transform === null ? null : new SrtpReceiver(transform, key.mkiOctets)
  }

  /** Opens a packet in place; returns its length in the clear, or {@link FORGED} or {@link REPLAYED} and leaves it alone. */
  unprotectRtp(bytes: Uint8Array): number {
    const tagOctets = this.#transform.rtpTagOctets
    const sealed = this.#withoutMki(bytes, tagOctets, this.#gcm ? bytes.length : bytes.length - tagOctets)
    const length = sealed - tagOctets
    const header = rtpHeaderOctets(bytes, length)
    if (header < 0) return this.#forgedOne()
    const ssrc = ssrcAt(bytes, 8)
    const known = this.#find(ssrc)
    const index = packetIndex(known?.rtp.highest ?? -1, (bytes[2]! << 8) | bytes[3]!)
    if (index < 0) return this.#forgedOne()
    if (known !== null && !known.rtp.fresh(index)) return this.#replayedOne()
    if (!this.#transform.openRtp(bytes, header, length, ssrc, index)) return this.#forgedOne()
    this.#keep(ssrc, known).rtp.take(index)
    return length
  }

  /** The same for RTCP. */
  unprotectRtcp(bytes: Uint8Array): number {
    const trailer = this.#transform.rtcpTrailerOctets
    const sealed = this.#withoutMki(bytes, trailer, this.#gcm ? bytes.length : bytes.length - 10)
    const length = sealed - trailer
    if (length < RTCP_CLEAR_OCTETS) return this.#forgedOne()
    const ssrc = ssrcAt(bytes, 4)
    const word = ssrcAt(bytes, this.#transform.rtcpIndexAt(length))
    const index = word & LAST_RTCP_INDEX
    const known = this.#find(ssrc)
    if (known !== null && !known.rtcp.fresh(index)) return this.#replayedOne()
    if (!this.#transform.openRtcp(bytes, length, ssrc, word)) return this.#forgedOne()
    this.#keep(ssrc, known).rtcp.take(index)
    return length
  }

  get #gcm(): boolean {
    return this.#transform.rtpTagOctets === 16
  }

  /**
   * Takes the key identifier out, which lies before the tag in counter mode (RFC 3711 §3.1) and last in GCM; `end` is
   * where it ends. Returns the length without it.
   */
  #withoutMki(bytes: Uint8Array, trailer: number, end: number): number {
    const octets = this.#mkiOctets
    if (octets === 0) return bytes.length
    if (bytes.length < trailer + octets) return 0
    bytes.copyWithin(end - octets, end)
    return bytes.length - octets
  }

  #find(ssrc: number): Source | null {
    if (ssrc === this.#lastSsrc) return this.#last
    return this.#sources.get(ssrc) ?? null
  }

  #keep(ssrc: number, known: Source | null): Source {
    if (ssrc === this.#lastSsrc && this.#last !== null) return this.#last
    const source = known ?? { rtp: new ReplayWindow(), rtcp: new ReplayWindow() }
    // The one used longest ago goes first: re-inserted, this one is the youngest.
    this.#sources.delete(ssrc)
    if (this.#sources.size >= MAX_SRTP_SOURCES) this.#sources.delete(this.#sources.keys().next().value!)
    this.#sources.set(ssrc, source)
    this.#lastSsrc = ssrc
    this.#last = source
    return source
  }

  #forgedOne(): number {
    this.forged++
    return FORGED
  }

  #replayedOne(): number {
    this.replayed++
    return REPLAYED
  }
}

/** Octets before the payload: fixed header, CSRCs, extension (RFC 3550 §5.1). -1 when they do not fit. */
function rtpHeaderOctets(bytes: Uint8Array, length: number): number {
  if (length < 12 || bytes[0]! >> 6 !== 2) return -1
  let at = 12 + (bytes[0]! & 0x0f) * 4
  if (bytes[0]! & 0x10) {
    if (at + 4 > length) return -1
    at += 4 + ((bytes[at + 2]! << 8) | bytes[at + 3]!) * 4
  }
  return at > length ? -1 : at
}

function ssrcAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}
