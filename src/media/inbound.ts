// What one party says, as a frame per beat: packets through the jitter buffer, decoded once, lost ones concealed, pauses
// filled with comfort noise when the party asked for it. Memory is taken when the first packet comes.

import { ComfortNoise } from '#audio/comfort-noise.ts'
import { Concealment } from '#audio/concealment.ts'
import { OPUS_LONGEST_MS } from '#audio/opus.ts'
import { Resampler } from '#audio/resample.ts'
import { JitterBuffer } from '#rtp/jitter-buffer.ts'
import type { RtpView } from '#rtp/packet.ts'
import type { Codec, Decoder } from './codec.ts'
import { BEAT_MS, LONGEST_PACKET_MS } from './limits.ts'

/** RFC 6716 §3.2.1: a frame has at most so many octets; packets that long are music, and welcome as well. */
const MOST_WHOLE_OCTETS = 1275

export class Inbound {
  readonly sampleRateHz: 8000 | 16000
  /** Samples of one frame. */
  readonly samples: number
  /** What was said in the beat last pulled; meaningless unless `active`. */
  readonly frame: Int16Array
  active = false
  concealedMs = 0
  readonly #jitter: JitterBuffer
  readonly #concealment: Concealment
  readonly #codecs: readonly (Codec | null)[]
  readonly #clockRateHz: number
  /** One per codec, made with its first packet. */
  readonly #decoders = new Map<Codec, Decoder>()
  /** That of the last packet, whose codec is nearly always the next one's, too. */
  #decoder: Decoder | null = null
  #decoding: Codec | null = null
  /** RTP clock units of one beat. */
  readonly #units: number
  /** Decoded samples of packets that are not one frame long. */
  readonly #rest: Int16Array
  #held = 0
  #pulledIndex = -1
  /** The last packet said that nobody talks: what is missing after it is not lost. */
  #quiet = false
  #noise: ComfortNoise | null = null
  #noisy = false
  #otherRate: { readonly frame: Int16Array; readonly resampler: Resampler; index: number } | null = null

  /** @param codecs by payload type; those of another sample rate or RTP clock are not for this one */
  constructor(codecs: readonly (Codec | null)[], sampleRateHz: 8000 | 16000, clockRateHz: number) {
    this.sampleRateHz = sampleRateHz
    this.#clockRateHz = clockRateHz
    this.samples = (sampleRateHz * BEAT_MS) / 1000
    this.#units = (clockRateHz * BEAT_MS) / 1000
    this.frame = new Int16Array(this.samples)
    this.#codecs = codecs.map((codec) => (codec != null && this.fits(codec) ? codec : null))
    const whole = this.#codecs.some((codec) => codec?.frameOctets === null)
    const longestMs = whole ? OPUS_LONGEST_MS : LONGEST_PACKET_MS
    this.#rest = new Int16Array((sampleRateHz * longestMs) / 1000 + this.samples)
    this.#concealment = new Concealment(sampleRateHz)
    const most = this.#codecs.reduce((most, codec) => Math.max(most, codec?.mostPacketOctets ?? 0), 0)
    // What others send in a long packet may be denser than what we do.
    this.#jitter = new JitterBuffer(clockRateHz, whole ? MOST_WHOLE_OCTETS : most)
  }

  /** Whether packets of this codec can be told apart from others only by their decoder. */
  fits(codec: Codec): boolean {
    return codec.sampleRateHz === this.sampleRateHz && codec.clockRateHz === this.#clockRateHz
  }

  get discarded(): number {
    return this.#jitter.discarded
  }

  /** Files one audio packet. */
  insert(view: RtpView, bytes: Uint8Array, nowMs: number): void {
    const codec = this.#codecs[view.payloadType]
    if (codec == null) return
    const units = codec.units(bytes, view.payloadOffset, view.payloadLength)
    if (units === 0) return
    this.#noisy = false
    this.#jitter.insert(
      view.sequence,
      view.timestamp,
      units,
      view.payloadType,
      bytes,
      view.payloadOffset,
      view.payloadLength,
      nowMs,
    )
  }

  /** The party fell silent and sent how its silence sounds (RFC 3389). */
  comfortNoise(levelDbov: number): void {
    this.#noise ??= new ComfortNoise()
    this.#noise.setLevel(levelDbov)
    this.#noisy = true
  }

  /** Makes `frame` and `active` those of beat `index`; asking twice in one beat is free. */
  pull(dueMs: number, index: number): void {
    if (index === this.#pulledIndex) return
    this.#pulledIndex = index
    if (this.#held === 0) this.active = this.#pullFrame(dueMs)
    else this.active = this.#pullPieces(dueMs)
    if (!this.active && this.#noisy && this.#noise !== null) {
      this.#noise.fill(this.frame, this.samples)
      this.active = true
    }
  }

  /** The frame at another rate, for rooms that mix at it. */
  frameAt(sampleRateHz: number, index: number): Int16Array {
    if (sampleRateHz === this.sampleRateHz) return this.frame
    const samples = (sampleRateHz * BEAT_MS) / 1000
    if (this.#otherRate === null || this.#otherRate.frame.length !== samples) {
      const resampler = new Resampler(this.sampleRateHz, sampleRateHz, this.samples)
      this.#otherRate = { frame: new Int16Array(samples), resampler, index: -1 }
    }
    if (this.#otherRate.index !== index) {
      this.#otherRate.index = index
      this.#otherRate.resampler.process(this.frame, this.samples, this.#otherRate.frame)
    }
    return this.#otherRate.frame
  }

  /** Forgets what is on its way: nobody listens any more. */
  reset(): void {
    this.#jitter.reset()
    this.#held = 0
    this.active = false
    this.#noisy = false
  }

  /** Gives back what the codecs hold. */
  close(): void {
    for (const decoder of this.#decoders.values()) decoder.free()
    this.#decoders.clear()
    this.#decoding = null
    this.#decoder = null
  }

  /** The usual case: a packet is a frame. */
  #pullFrame(dueMs: number): boolean {
    const pulled = this.#jitter.pull(dueMs, this.#units)
    switch (pulled) {
      case 'waiting':
      case 'pause':
        return false
      case 'conceal':
        return this.#conceal()
      case 'packet':
      case 'skip': {
        if (this.#jitter.payloadUnits !== this.#units) {
          this.#append()
          return this.#pullPieces(dueMs)
        }
        if (this.#decode(this.frame, 0) === 0) return this.#conceal()
        if (pulled === 'skip') this.#fold(dueMs)
        this.#concealment.good(this.frame, this.samples)
        return true
      }
    }
  }

  #pullPieces(dueMs: number): boolean {
    while (this.#held < this.samples) {
      const pulled = this.#jitter.pull(dueMs, this.#units)
      if (pulled === 'packet' || pulled === 'skip') {
        // A packet that cannot be decoded leaves a gap.
        if (this.#append() === 0) return false
        continue
      }
      if (pulled === 'conceal') {
        this.#held = 0
        return this.#conceal()
      }
      if (this.#held === 0) return false
      this.#rest.fill(0, this.#held, this.samples)
      this.#held = this.samples
    }
    for (let i = 0; i < this.samples; i++) this.frame[i] = this.#rest[i]!
    this.#rest.copyWithin(0, this.samples, this.#held)
    this.#held -= this.samples
    this.#concealment.good(this.frame, this.samples)
    return true
  }

  #append(): number {
    const samples = this.#decode(this.#rest, this.#held)
    this.#held += samples
    return samples
  }

  /** Decodes the pulled packet; returns the samples written. */
  #decode(to: Int16Array, toOffset: number): number {
    const jitter = this.#jitter
    const codec = this.#codecs[jitter.payloadType]
    if (codec == null) return 0
    const decoder = codec === this.#decoding ? this.#decoder! : this.#turnTo(codec)
    this.#quiet = codec.isSilence(jitter.payloadLength)
    return decoder.decode(jitter.payloadBytes, jitter.payloadOffset, jitter.payloadLength, to, toOffset)
  }

  #turnTo(codec: Codec): Decoder {
    let decoder = this.#decoders.get(codec)
    if (decoder === undefined) {
      decoder = codec.decoder()
      this.#decoders.set(codec, decoder)
    }
    this.#decoding = codec
    this.#decoder = decoder
    return decoder
  }

  #conceal(): boolean {
    if (!this.#quiet) this.concealedMs += BEAT_MS
    if (this.#decoder?.conceal !== undefined) {
      const next = this.#jitter.next()
      if (this.#decoder.conceal(this.frame, next)) return true
    }
    return this.#concealment.conceal(this.frame, this.samples)
  }

  /** Two frames become one, the first fading into the second: it happens once in minutes, when clocks differ. */
  #fold(dueMs: number): void {
    if (this.#jitter.pull(dueMs, this.#units) !== 'packet') return
    const count = Math.min(this.#decode(this.#rest, 0), this.samples)
    for (let i = 0; i < count; i++) {
      this.frame[i] = this.frame[i]! + ((this.#rest[i]! - this.frame[i]!) * i) / count
    }
  }
}
