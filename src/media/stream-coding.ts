// A stream's audio between the beat's frames and an application's octets: coding each way, at the rates applications want.
// G.711 and L16 come at any rate; G.722 is 16 kHz; Opus says its own rate and is ours at 16 kHz.

import { Resampler } from '#audio/resample.ts'
import { type Codec, type Decoder, type Encoder, g722, opus, type PlainCodec, pcma, pcmu, plainL16 } from './codec.ts'
import { BEAT_MS } from './limits.ts'
import type { StreamFormat } from './protocol.ts'

/** The rate of the samples themselves. */
export function samplingRateOf(format: StreamFormat): number {
  return format.codec === 'G722' || format.codec === 'opus' ? 16_000 : format.sampleRateHz
}

function plainOf(format: StreamFormat): PlainCodec | null {
  switch (format.codec) {
    case 'PCMU':
      return pcmu.plain
    case 'PCMA':
      return pcma.plain
    case 'L16':
      return plainL16
    case 'G722':
    case 'opus':
      return null
  }
}

/** Frames of one track in a format. */
export class TrackCoder {
  readonly #rateHz: number
  readonly #samples: number
  readonly #encoder: Encoder
  readonly #octets: Uint8Array
  readonly #resampled: Int16Array
  #resampler: { readonly fromHz: number; readonly resampler: Resampler } | null = null

  constructor(format: StreamFormat) {
    this.#rateHz = samplingRateOf(format)
    this.#samples = (this.#rateHz * BEAT_MS) / 1000
    this.#encoder = plainOf(format) ?? (format.codec === 'opus' ? opus : g722).encoder(null)
    this.#octets = new Uint8Array(Math.max(this.#samples * 2, opus.mostPacketOctets))
    this.#resampled = new Int16Array(this.#samples + 1)
  }

  /** One frame of 20 ms as octets, valid until the next; empty while a codec is not ready. */
  encode(frame: Int16Array, fromHz: number): Uint8Array {
    const from = fromHz === this.#rateHz ? frame : this.#atOwnRate(frame, fromHz)
    return this.#octets.subarray(0, this.#encoder.encode(from, 0, this.#samples, this.#octets, 0))
  }

  free(): void {
    this.#encoder.free()
  }

  #atOwnRate(frame: Int16Array, fromHz: number): Int16Array {
    const samples = (fromHz * BEAT_MS) / 1000
    if (this.#resampler?.fromHz !== fromHz)
      this.#resampler = { fromHz, resampler: new Resampler(fromHz, this.#rateHz, samples) }
    this.#resampler.resampler.process(frame, samples, this.#resampled)
    return this.#resampled
  }
}

/** An application's octets as samples, a piece at a time. */
export class ChunkDecoder {
  readonly sampleRateHz: number
  readonly #codec: Codec | null
  readonly #plain: PlainCodec | null
  readonly #decoder: Decoder

  constructor(format: StreamFormat) {
    this.sampleRateHz = samplingRateOf(format)
    this.#plain = plainOf(format)
    this.#codec = this.#plain === null ? (format.codec === 'opus' ? opus : g722) : null
    this.#decoder = this.#plain ?? this.#codec!.decoder()
  }

  /** How long a chunk sounds; 0: it is none. */
  durationMs(chunk: Uint8Array): number {
    if (this.#plain !== null) return (Math.floor(chunk.length / this.#plain.octetsPerSample) * 1000) / this.sampleRateHz
    const codec = this.#codec!
    return (codec.units(chunk, 0, chunk.length) * 1000) / codec.clockRateHz
  }

  /** How many octets of a chunk make so many samples; all of it when a chunk cannot be cut. */
  octetsFor(samples: number, left: number): number {
    if (this.#plain !== null) return Math.min(left, samples * this.#plain.octetsPerSample)
    return this.#codec === opus ? left : Math.min(left, Math.ceil(samples / 2))
  }

  decode(chunk: Uint8Array, offset: number, octets: number, to: Int16Array, toOffset: number): number {
    return this.#decoder.decode(chunk, offset, octets, to, toOffset)
  }

  free(): void {
    this.#decoder.free()
  }
}
