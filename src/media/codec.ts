// The codecs a session can speak: G.711 in both laws, G.722, Opus, and plain samples (L16, RFC 3551 §4.5.11).
//
// A `Codec` is the format, one object each, compared by identity. What runs is a `Voice` made from it, one per stream and
// direction: G.722 and Opus remember what went before. The others remember nothing, so one voice (`plain`) serves everybody,
// and what was encoded once fits every listener.

import { decodeG711, encodeG711, type G711Law, silenceOctet } from '#audio/g711.ts'
import { G722Decoder, G722Encoder } from '#audio/g722.ts'
import { decodeL16, encodeL16 } from '#audio/l16.ts'
import {
  isOpusSilence,
  OPUS_CLOCK_HZ,
  OPUS_MOST_OCTETS,
  OPUS_SAMPLE_RATE_HZ,
  OpusDecoder,
  OpusEncoder,
  opusUnits,
} from '#audio/opus.ts'
import { BEAT_MS, LONGEST_PACKET_MS } from './limits.ts'
import type { AudioCodecName, CodecBinding } from './protocol.ts'

/** One direction out. `samples` are those of one frame; returns the octets written, 0: nothing to send yet. */
export interface Encoder {
  encode(from: Int16Array, offset: number, samples: number, to: Uint8Array, toOffset: number): number
  free(): void
}

/** One direction in. Returns how many samples were written; never throws, whatever the octets. */
export interface Decoder {
  decode(from: Uint8Array, offset: number, octets: number, to: Int16Array, toOffset: number): number
  /**
   * Codecs that know better than to repeat the last sound for a lost frame; `next` is the packet after it, when it is here
   * and may hold the lost one again. False: it did nothing.
   */
  conceal?(to: Int16Array, next: Uint8Array | null): boolean
  free(): void
}

/** A codec without memory. */
export interface PlainCodec extends Encoder, Decoder {
  readonly octetsPerSample: 1 | 2
  silence(to: Uint8Array, offset: number, octets: number): void
}

export interface Codec {
  readonly name: AudioCodecName
  readonly sampleRateHz: 8000 | 16000
  /** What RTP timestamps count: 8000 for G.722 (RFC 3551 §4.5.2), 48000 for Opus (RFC 7587 §4.1). */
  readonly clockRateHz: 8000 | 16000 | 48000
  /** Octets of one frame of 20 ms, when they are always so many and can be cut anywhere; null: packets are whole. */
  readonly frameOctets: number | null
  readonly mostPacketOctets: number
  readonly plain: PlainCodec | null
  /** How long a packet sounds, in RTP clock units; 0: it is none. */
  units(bytes: Uint8Array, offset: number, octets: number): number
  /** Whether a packet only says that nobody talks. */
  isSilence(octets: number): boolean
  encoder(fmtp: string | null): Encoder
  decoder(): Decoder
}

export const pcmu = plainCodec('PCMU', 8000, lawCodec('PCMU'))
export const pcma = plainCodec('PCMA', 8000, lawCodec('PCMA'))
/** Samples as they are, at any rate. */
export const plainL16 = linearCodec()
const linear8 = plainCodec('L16', 8000, plainL16)
const linear16 = plainCodec('L16', 16_000, plainL16)

/** An octet is a pair of samples and one tick of the clock. */
export const g722: Codec = {
  name: 'G722',
  sampleRateHz: 16_000,
  clockRateHz: 8000,
  frameOctets: 160,
  mostPacketOctets: (8000 * LONGEST_PACKET_MS) / 1000,
  plain: null,
  units: (_bytes, _offset, octets) => octets,
  isSilence: () => false,
  encoder() {
    const g722 = new G722Encoder()
    return {
      encode: (from, offset, samples, to, toOffset) => g722.encode(from, offset, samples, to, toOffset),
      free() {},
    }
  },
  decoder() {
    const g722 = new G722Decoder()
    return {
      decode(from, offset, octets, to, toOffset) {
        return g722.decode(from, offset, Math.min(octets, (to.length - toOffset) >> 1), to, toOffset)
      },
      free() {},
    }
  },
}

export const opus: Codec = {
  name: 'opus',
  sampleRateHz: OPUS_SAMPLE_RATE_HZ,
  clockRateHz: OPUS_CLOCK_HZ,
  frameOctets: null,
  mostPacketOctets: OPUS_MOST_OCTETS,
  plain: null,
  units: opusUnits,
  isSilence: isOpusSilence,
  encoder(fmtp) {
    const made = new OpusEncoder(readWish(fmtp))
    return {
      encode: (from, offset, _samples, to, toOffset) => made.encode(from, offset, to, toOffset),
      free: () => made.free(),
    }
  },
  decoder: () => new OpusDecoder(),
}

/** The codec behind a binding; null when there is none. */
export function codecOf(binding: CodecBinding | null): Codec | null {
  if (binding === null) return null
  switch (binding.codec) {
    case 'PCMU':
      return binding.clockRateHz === 8000 && binding.channels === 1 ? pcmu : null
    case 'PCMA':
      return binding.clockRateHz === 8000 && binding.channels === 1 ? pcma : null
    case 'G722':
      return binding.channels === 1 ? g722 : null
    case 'opus':
      // RFC 7587 §4.1: always called stereo; what is inside may be mono all the same, and ours is.
      return binding.clockRateHz === OPUS_CLOCK_HZ ? opus : null
    case 'L16':
      if (binding.channels !== 1) return null
      return binding.clockRateHz === 8000 ? linear8 : binding.clockRateHz === 16_000 ? linear16 : null
  }
}

function readWish(fmtp: string | null) {
  const value = (name: string) => new RegExp(`(?:^|;)\\s*${name}\\s*=\\s*([0-9]+)`, 'i').exec(fmtp ?? '')?.[1] ?? null
  const most = value('maxaveragebitrate')
  return {
    fec: value('useinbandfec') === '1',
    maxBitrate: most === null ? null : Number(most),
    constantBitrate: value('cbr') === '1',
  }
}

function plainCodec(name: AudioCodecName, rate: 8000 | 16000, plain: PlainCodec): Codec {
  return {
    name,
    sampleRateHz: rate,
    clockRateHz: rate,
    frameOctets: ((rate * BEAT_MS) / 1000) * plain.octetsPerSample,
    mostPacketOctets: ((rate * LONGEST_PACKET_MS) / 1000) * plain.octetsPerSample,
    plain,
    units: (_bytes, _offset, octets) => Math.floor(octets / plain.octetsPerSample),
    isSilence: () => false,
    encoder: () => plain,
    decoder: () => plain,
  }
}

function lawCodec(law: G711Law): PlainCodec {
  return {
    octetsPerSample: 1,
    decode(from, offset, octets, to, toOffset) {
      const samples = Math.min(octets, to.length - toOffset)
      decodeG711(law, from, offset, samples, to, toOffset)
      return samples
    },
    encode(from, offset, samples, to, toOffset) {
      encodeG711(law, from, offset, samples, to, toOffset)
      return samples
    },
    silence: (to, offset, octets) => to.fill(silenceOctet(law), offset, offset + octets),
    free() {},
  }
}

function linearCodec(): PlainCodec {
  return {
    octetsPerSample: 2,
    decode: decodeL16,
    encode: encodeL16,
    silence: (to, offset, octets) => to.fill(0, offset, offset + octets),
    free() {},
  }
}
