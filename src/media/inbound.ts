// What one party says, as a frame per beat: packets through the jitter buffer, decoded once, lost ones concealed, pauses
// filled with comfort noise when the party asked for it. Memory is taken when the first packet comes.

import { ComfortNoise } from '#audio/comfort-noise.ts'
import { Concealment } from '#audio/concealment.ts'
import { Resampler } from '#audio/resample.ts'
import { JitterBuffer } from '#rtp/jitter-buffer.ts'
import type { RtpView } from '#rtp/packet.ts'
import type { Codec } from './codec.ts'
import { BEAT_MS } from './limits.ts'

/** The longest packet we take. */
const LONGEST_PACKET_MS = 60

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
  /** Decoded samples of packets that are not one frame long. */
  readonly #rest: Int16Array
  #held = 0
  #pulledIndex = -1
  #noise: ComfortNoise | null = null
  #noisy = false
  #otherRate: { readonly frame: Int16Array; readonly resampler: Resampler; index: number } | null = null

  /** @param codecs by payload type, all of one sample rate */
  constructor(codecs: readonly (Codec | null)[], sampleRateHz: 8000 | 16000) {
    this.sampleRateHz = sampleRateHz
    this.samples = (sampleRateHz * BEAT_MS) / 1000
    this.frame = new Int16Array(this.samples)
    this.#codecs = codecs
    this.#rest = new Int16Array((sampleRateHz * LONGEST_PACKET_MS) / 1000 + this.samples)
    this.#concealment = new Concealment(sampleRateHz)
    const octetsPerSample = codecs.reduce((most, codec) => Math.max(most, codec?.octetsPerSample ?? 1), 1)
    this.#jitter = new JitterBuffer(sampleRateHz, ((sampleRateHz * LONGEST_PACKET_MS) / 1000) * octetsPerSample)
  }

  get discarded(): number {
    return this.#jitter.discarded
  }

  /** Files one audio packet. */
  insert(view: RtpView, bytes: Uint8Array, nowMs: number): void {
    const codec = this.#codecs[view.payloadType]
    if (codec == null) return
    const units = Math.floor(view.payloadLength / codec.octetsPerSample)
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

  /** The usual case: a packet is a frame. */
  #pullFrame(dueMs: number): boolean {
    const jitter = this.#jitter
    const pulled = jitter.pull(dueMs, this.samples)
    switch (pulled) {
      case 'waiting':
      case 'pause':
        return false
      case 'conceal':
        return this.#conceal()
      case 'packet':
      case 'skip': {
        const codec = this.#codecs[jitter.payloadType]
        if (codec == null) return false
        const samples = Math.floor(jitter.payloadLength / codec.octetsPerSample)
        if (samples !== this.samples) {
          this.#append(codec)
          return this.#pullPieces(dueMs)
        }
        codec.decode(jitter.payloadBytes, jitter.payloadOffset, jitter.payloadLength, this.frame, 0)
        if (pulled === 'skip') this.#fold(dueMs)
        this.#concealment.good(this.frame, this.samples)
        return true
      }
    }
  }

  #pullPieces(dueMs: number): boolean {
    while (this.#held < this.samples) {
      const pulled = this.#jitter.pull(dueMs, this.samples)
      if (pulled === 'packet' || pulled === 'skip') {
        const codec = this.#codecs[this.#jitter.payloadType]
        if (codec == null) return false
        this.#append(codec)
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

  #append(codec: Codec): void {
    const jitter = this.#jitter
    this.#held += codec.decode(jitter.payloadBytes, jitter.payloadOffset, jitter.payloadLength, this.#rest, this.#held)
  }

  #conceal(): boolean {
    this.concealedMs += BEAT_MS
    return this.#concealment.conceal(this.frame, this.samples)
  }

  /** Two frames become one, the first fading into the second: it happens once in minutes, when clocks differ. */
  #fold(dueMs: number): void {
    const jitter = this.#jitter
    if (jitter.pull(dueMs, this.samples) !== 'packet') return
    const codec = this.#codecs[jitter.payloadType]
    if (codec == null) return
    const samples = codec.decode(jitter.payloadBytes, jitter.payloadOffset, jitter.payloadLength, this.#rest, 0)
    const count = Math.min(samples, this.samples)
    for (let i = 0; i < count; i++) {
      this.frame[i] = this.frame[i]! + ((this.#rest[i]! - this.frame[i]!) * i) / count
    }
  }
}
