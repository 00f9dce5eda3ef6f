// One party's outgoing stream: numbers, timestamps, packets. Timestamps follow the worker's beat, so that a stream that
// was interrupted goes on where time has gone (RFC 3550 §5.1). Packets are written in place in a small ring, because the
// wire may still hold the last one while the next is made. Under SRTP a slot has room for the tag, and packets are protected
// in place just before they leave.

import type { Chance } from '#base/chance.ts'
import { RTP_HEADER_OCTETS, type RtpView, sequenceDistance, timestampDistance, writeRtpHeader } from '#rtp/packet.ts'
import type { SrtpSender } from '#rtp/srtp.ts'
import { EVENT_OCTETS, writeEvent } from '#rtp/telephone-event.ts'
import type { Codec, Encoder } from './codec.ts'
import { BEAT_MS } from './limits.ts'
import type { CodecBinding } from './protocol.ts'

const RING = 4
const silence = new Int16Array((16_000 * BEAT_MS) / 1000)
/** Relayed packets may be longer than our own. */
const MOST_PAYLOAD_OCTETS = 1400
/** A relayed stream that jumps further than this is given new numbers, as if it were another. */
const RELAY_JUMP_MS = 2000
/** So does one that goes back further than reordering explains: its numbers must never be used twice. */
const RELAY_MISORDER = 100

export class Outbound {
  readonly ssrc: number
  packets = 0
  octets = 0
  lastSentMs = Number.NEGATIVE_INFINITY
  /** RTP timestamp and instant of the last packet, for sender reports. */
  lastTimestamp = 0
  codec: Codec | null = null
  readonly #send: (packet: Uint8Array) => void
  #binding: CodecBinding | null = null
  #encoder: Encoder | null = null
  #seal: SrtpSender | null = null
  /** Room behind the payload for the tag of SRTP. */
  #tailOctets = 0
  #unitsPerBeat = 160
  #unitsPerPacket = 160
  #frameSamples = 160
  /** Octets of a frame and of a packet; 0: every packet is one frame, of any length. */
  #frameOctets = 160
  #packetOctets = 160
  #ring: Uint8Array[] = []
  #slot = 0
  #scratch: Uint8Array = new Uint8Array(0)
  #sequence: number
  #timestampBase: number
  #started = false
  #marker = true
  #lastIndex = -2
  /** Octets already in the packet being filled, and the timestamp of its first sample. */
  #filled = 0
  #fillTimestamp = 0
  #relaySource = -1
  #relaySequence = 0
  #relayTimestamp = 0
  #relayLast = 0
  #eventTimestamp = 0

  constructor(chance: Chance, send: (packet: Uint8Array) => void) {
    this.ssrc = Math.floor(chance.uniform() * 4_294_967_296) >>> 0
    this.#sequence = Math.floor(chance.uniform() * 32_768)
    this.#timestampBase = Math.floor(chance.uniform() * 4_294_967_296) >>> 0
    this.#send = send
  }

  /** @param seal protects what leaves; null: it leaves in the clear */
  configure(binding: CodecBinding | null, codec: Codec | null, seal: SrtpSender | null): void {
    const old = this.#binding
    const tailOctets = seal?.tagOctets ?? 0
    const sameTail = tailOctets === this.#tailOctets
    this.#seal = seal
    this.#tailOctets = tailOctets
    this.codec = codec
    this.#binding = binding
    if (binding === null || codec === null) return
    const sameVoice = old !== null && old.codec === binding.codec && old.fmtp === binding.fmtp && this.#encoder !== null
    if (
      sameVoice &&
      sameTail &&
      old.payloadType === binding.payloadType &&
      old.ptimeMs === binding.ptimeMs &&
      old.clockRateHz === binding.clockRateHz
    ) {
      return
    }
    if (!sameVoice) {
      this.#encoder?.free()
      this.#encoder = codec.encoder(binding.fmtp ?? null)
    }
    this.#unitsPerBeat = (codec.clockRateHz * BEAT_MS) / 1000
    this.#frameSamples = (codec.sampleRateHz * BEAT_MS) / 1000
    const ptimeMs = Math.min(60, Math.max(10, Math.round(binding.ptimeMs / 10) * 10))
    this.#unitsPerPacket = codec.frameOctets === null ? this.#unitsPerBeat : (codec.clockRateHz * ptimeMs) / 1000
    this.#frameOctets = codec.frameOctets ?? 0
    this.#packetOctets = (this.#frameOctets * ptimeMs) / BEAT_MS
    const octets = RTP_HEADER_OCTETS + (codec.frameOctets === null ? codec.mostPacketOctets : this.#packetOctets)
    this.#ring = Array.from({ length: RING }, () => Buffer.alloc(octets + tailOctets))
    this.#scratch = new Uint8Array(this.#frameOctets)
    this.#filled = 0
    this.#marker = true
  }

  /** Gives back what the codec holds. */
  close(): void {
    this.#encoder?.free()
    this.#encoder = null
    this.codec = null
  }

  /** Sends one frame of samples at the codec's rate. */
  sendFrame(samples: Int16Array, offset: number, index: number, nowMs: number): void {
    const encoder = this.#encoder
    if (this.codec === null || encoder === null) return
    this.#begin(index)
    if (this.#packetOctets === this.#frameOctets) {
      const packet = this.#ring[this.#slot]!
      const octets = encoder.encode(samples, offset, this.#frameSamples, packet, RTP_HEADER_OCTETS)
      if (octets > 0) this.#emit(octets, nowMs)
      return
    }
    encoder.encode(samples, offset, this.#frameSamples, this.#scratch, 0)
    this.#append(this.#scratch, 0, nowMs)
  }

  /** Sends one frame that is already encoded in this session's codec, which has no memory. */
  sendEncoded(bytes: Uint8Array, offset: number, index: number, nowMs: number): void {
    if (this.codec === null) return
    this.#begin(index)
    if (this.#packetOctets === this.#frameOctets) {
      const packet = this.#ring[this.#slot]!
      const octets = this.#frameOctets
      // A shared frame is whole: nothing to cut.
      const frame = offset === 0 && bytes.length === octets ? bytes : bytes.subarray(offset, offset + octets)
      packet.set(frame, RTP_HEADER_OCTETS)
      this.#emit(octets, nowMs)
      return
    }
    this.#append(bytes, offset, nowMs)
  }

  /** Sends one frame of nothing. */
  sendSilence(index: number, nowMs: number): void {
    const plain = this.codec?.plain
    if (plain == null) {
      this.sendFrame(silence, 0, index, nowMs)
      return
    }
    plain.silence(this.#scratch, 0, this.#frameOctets)
    this.sendEncoded(this.#scratch, 0, index, nowMs)
  }

  /** Sends one packet of a digit (RFC 4733). All packets of a digit carry the timestamp of its first. */
  sendEvent(
    payloadType: number,
    clockRateHz: number,
    step: 'first' | 'update' | 'end',
    event: number,
    elapsedMs: number,
    index: number,
    nowMs: number,
  ): void {
    this.#relaySource = -1
    this.#filled = 0
    if (step === 'first') {
      this.#eventTimestamp = this.#notBackwards((this.#timestampBase + index * this.#unitsPerBeat) >>> 0)
    }
    const packet = Buffer.alloc(RTP_HEADER_OCTETS + EVENT_OCTETS + this.#tailOctets)
    const units = Math.min(0xffff, Math.round((elapsedMs * clockRateHz) / 1000))
    writeEvent(packet, RTP_HEADER_OCTETS, event, step === 'end', units)
    this.#write(packet, step === 'first', payloadType, this.#eventTimestamp, EVENT_OCTETS, nowMs)
    this.#marker = true
    this.#lastIndex = index
  }

  /**
   * Passes a packet of another session on, renumbered into this stream. Gaps and order stay as they are: the far ear has a
   * jitter buffer of its own.
   */
  relay(view: RtpView, bytes: Uint8Array, payloadType: number, source: number, beats: number, nowMs: number): void {
    const length = view.payloadLength
    if (this.codec === null || length > MOST_PAYLOAD_OCTETS) return
    const jump = Math.abs(timestampDistance(view.timestamp, this.#relayLast))
    const rate = this.codec.clockRateHz
    const back = sequenceDistance(this.#sequence, (view.sequence + this.#relaySequence) & 0xffff)
    if (this.#relaySource !== source || jump > (RELAY_JUMP_MS * rate) / 1000 || back > RELAY_MISORDER) {
      this.#relaySource = source
      this.#relaySequence = (this.#sequence - view.sequence) & 0xffff
      const here = this.#notBackwards((this.#timestampBase + Math.floor(beats * this.#unitsPerBeat)) >>> 0)
      this.#relayTimestamp = (here - view.timestamp) >>> 0
      this.#marker = true
      this.#filled = 0
    }
    this.#relayLast = view.timestamp
    const sequence = (view.sequence + this.#relaySequence) & 0xffff
    const timestamp = (view.timestamp + this.#relayTimestamp) >>> 0
    const octets = RTP_HEADER_OCTETS + length
    let packet = this.#ring[this.#slot]!
    if (packet.length === octets + this.#tailOctets) this.#slot = (this.#slot + 1) % RING
    else packet = Buffer.alloc(octets + this.#tailOctets)
    const from = view.payloadOffset
    packet.set(bytes.subarray(from, from + length), RTP_HEADER_OCTETS)
    writeRtpHeader(packet, view.marker || this.#marker, payloadType, sequence, timestamp, this.ssrc)
    this.#marker = false
    if (!this.#started || sequenceDistance(sequence, this.#sequence) >= 0) {
      this.#sequence = (sequence + 1) & 0xffff
      this.lastTimestamp = timestamp
    }
    this.#count(length, nowMs)
    this.#lastIndex = -2
    this.#sendSealed(packet, octets)
  }

  /** The timestamp of this stream at an instant, for sender reports. */
  timestampAt(beats: number): number {
    return (this.#timestampBase + Math.floor(beats * this.#unitsPerBeat)) >>> 0
  }

  #begin(index: number): void {
    this.#relaySource = -1
    if (index !== this.#lastIndex + 1) {
      this.#marker = true
      this.#filled = 0
    }
    this.#lastIndex = index
    if (this.#filled === 0) {
      this.#fillTimestamp = this.#notBackwards((this.#timestampBase + index * this.#unitsPerBeat) >>> 0)
    }
  }

  /** Never sends the past again: a relayed stream may have run ahead of our own beat. */
  #notBackwards(timestamp: number): number {
    if (!this.#started) return timestamp
    const ahead = timestampDistance(timestamp, this.lastTimestamp)
    if (ahead > 0) return timestamp
    const lift = this.#unitsPerBeat - ahead
    this.#timestampBase = (this.#timestampBase + lift) >>> 0
    return (timestamp + lift) >>> 0
  }

  #append(bytes: Uint8Array, offset: number, nowMs: number): void {
    let taken = 0
    while (taken < this.#frameOctets) {
      const packet = this.#ring[this.#slot]!
      const take = Math.min(this.#frameOctets - taken, this.#packetOctets - this.#filled)
      for (let i = 0; i < take; i++) packet[RTP_HEADER_OCTETS + this.#filled + i] = bytes[offset + taken + i]!
      this.#filled += take
      taken += take
      if (this.#filled < this.#packetOctets) return
      this.#emit(this.#packetOctets, nowMs)
      this.#filled = 0
      this.#fillTimestamp = (this.#fillTimestamp + this.#unitsPerPacket) >>> 0
    }
  }

  #emit(octets: number, nowMs: number): void {
    const packet = this.#ring[this.#slot]!
    this.#slot = (this.#slot + 1) % RING
    this.#write(packet, this.#marker, this.#binding!.payloadType, this.#fillTimestamp, octets, nowMs)
    this.#marker = false
  }

  /** @param octets of payload, which is there already */
  #write(
    packet: Uint8Array,
    marker: boolean,
    payloadType: number,
    timestamp: number,
    octets: number,
    nowMs: number,
  ): void {
    writeRtpHeader(packet, marker, payloadType, this.#sequence, timestamp, this.ssrc)
    this.#sequence = (this.#sequence + 1) & 0xffff
    this.lastTimestamp = timestamp
    this.#count(octets, nowMs)
    this.#sendSealed(packet, RTP_HEADER_OCTETS + octets)
  }

  #sendSealed(packet: Uint8Array, octets: number): void {
    const length = this.#seal === null ? octets : this.#seal.protectRtp(packet, octets)
    // 0: it would reuse a number of this key; it counts as lost.
    if (length > 0) this.#send(length === packet.length ? packet : packet.subarray(0, length))
  }

  #count(octets: number, nowMs: number): void {
    this.#started = true
    this.packets++
    this.octets += octets
    this.lastSentMs = nowMs
  }
}
