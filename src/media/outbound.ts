// One party's outgoing stream: numbers, timestamps, packets. Timestamps follow the worker's beat, so that a stream that
// was interrupted goes on where time has gone (RFC 3550 §5.1). Packets are written in place in a small ring, because the
// wire may still hold the last one while the next is made.

import type { Chance } from '#base/chance.ts'
import { RTP_HEADER_OCTETS, type RtpView, sequenceDistance, timestampDistance, writeRtpHeader } from '#rtp/packet.ts'
import { EVENT_OCTETS, writeEvent } from '#rtp/telephone-event.ts'
import type { Codec } from './codec.ts'
import { BEAT_MS } from './limits.ts'
import type { CodecBinding } from './protocol.ts'

const RING = 4
/** Relayed packets may be longer than our own. */
const MOST_PAYLOAD_OCTETS = 1400
/** A relayed stream that jumps further than this is given new numbers, as if it were another. */
const RELAY_JUMP_MS = 2000

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
  #unitsPerBeat = 160
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

  configure(binding: CodecBinding | null, codec: Codec | null): void {
    const old = this.#binding
    this.codec = codec
    this.#binding = binding
    if (binding === null || codec === null) return
    if (
      old !== null &&
      old.payloadType === binding.payloadType &&
      old.codec === binding.codec &&
      old.ptimeMs === binding.ptimeMs &&
      old.clockRateHz === binding.clockRateHz
    ) {
      return
    }
    const unitsPerMs = codec.sampleRateHz / 1000
    this.#unitsPerBeat = unitsPerMs * BEAT_MS
    this.#frameOctets = this.#unitsPerBeat * codec.octetsPerSample
    const ptimeMs = Math.min(60, Math.max(10, Math.round(binding.ptimeMs / 10) * 10))
    this.#packetOctets = ptimeMs * unitsPerMs * codec.octetsPerSample
    const octets = RTP_HEADER_OCTETS + this.#packetOctets
    this.#ring = Array.from({ length: RING }, () => Buffer.alloc(octets))
    this.#scratch = new Uint8Array(this.#frameOctets)
    this.#filled = 0
    this.#marker = true
  }

  /** Sends one frame of samples at the codec's rate. */
  sendFrame(samples: Int16Array, offset: number, index: number, nowMs: number): void {
    const codec = this.codec
    if (codec === null) return
    this.#begin(index)
    if (this.#packetOctets === this.#frameOctets) {
      codec.encode(samples, offset, this.#unitsPerBeat, this.#ring[this.#slot]!, RTP_HEADER_OCTETS)
      this.#emit(nowMs)
      return
    }
    codec.encode(samples, offset, this.#unitsPerBeat, this.#scratch, 0)
    this.#append(this.#scratch, 0, nowMs)
  }

  /** Sends one frame that is already encoded in this session's codec. */
  sendEncoded(bytes: Uint8Array, offset: number, index: number, nowMs: number): void {
    if (this.codec === null) return
    this.#begin(index)
    if (this.#packetOctets === this.#frameOctets) {
      const packet = this.#ring[this.#slot]!
      const octets = this.#frameOctets
      for (let i = 0; i < octets; i++) packet[RTP_HEADER_OCTETS + i] = bytes[offset + i]!
      this.#emit(nowMs)
      return
    }
    this.#append(bytes, offset, nowMs)
  }

  /** Sends one frame of nothing. */
  sendSilence(index: number, nowMs: number): void {
    if (this.codec === null) return
    this.codec.silence(this.#scratch, 0, this.#frameOctets)
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
      const codecRate = this.codec?.sampleRateHz ?? 8000
      const units = Math.floor((index * BEAT_MS * codecRate) / 1000)
      this.#eventTimestamp = this.#notBackwards((this.#timestampBase + units) >>> 0)
    }
    const packet = Buffer.alloc(RTP_HEADER_OCTETS + EVENT_OCTETS)
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
    const rate = this.codec.sampleRateHz
    if (this.#relaySource !== source || jump > (RELAY_JUMP_MS * rate) / 1000) {
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
    let packet = this.#ring[this.#slot]!
    if (packet.length === RTP_HEADER_OCTETS + length) this.#slot = (this.#slot + 1) % RING
    else packet = Buffer.alloc(RTP_HEADER_OCTETS + length)
    const from = view.payloadOffset
    for (let i = 0; i < length; i++) packet[RTP_HEADER_OCTETS + i] = bytes[from + i]!
    writeRtpHeader(packet, view.marker || this.#marker, payloadType, sequence, timestamp, this.ssrc)
    this.#marker = false
    if (!this.#started || sequenceDistance(sequence, this.#sequence) >= 0) {
      this.#sequence = (sequence + 1) & 0xffff
      this.lastTimestamp = timestamp
    }
    this.#count(length, nowMs)
    this.#lastIndex = -2
    this.#send(packet)
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
    const octetsPerSample = this.codec!.octetsPerSample
    let taken = 0
    while (taken < this.#frameOctets) {
      const packet = this.#ring[this.#slot]!
      const take = Math.min(this.#frameOctets - taken, this.#packetOctets - this.#filled)
      for (let i = 0; i < take; i++) packet[RTP_HEADER_OCTETS + this.#filled + i] = bytes[offset + taken + i]!
      this.#filled += take
      taken += take
      if (this.#filled < this.#packetOctets) return
      this.#emit(nowMs)
      this.#filled = 0
      this.#fillTimestamp = (this.#fillTimestamp + this.#packetOctets / octetsPerSample) >>> 0
    }
  }

  #emit(nowMs: number): void {
    const packet = this.#ring[this.#slot]!
    this.#slot = (this.#slot + 1) % RING
    this.#write(packet, this.#marker, this.#binding!.payloadType, this.#fillTimestamp, this.#packetOctets, nowMs)
    this.#marker = false
  }

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
    this.#send(packet)
  }

  #count(octets: number, nowMs: number): void {
    this.#started = true
    this.packets++
    this.octets += octets
    this.lastSentMs = nowMs
  }
}
