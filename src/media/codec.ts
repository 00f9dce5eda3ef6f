// The codecs a session can speak today: G.711 in both laws, and plain samples (L16, RFC 3551 §4.5.11). G.722 and Opus
// have names in the protocol and no entry here yet: a session configured with them sends and hears nothing.

import { decodeG711, encodeG711, type G711Law, silenceOctet } from '#audio/g711.ts'
import type { AudioCodecName, CodecBinding } from './protocol.ts'

export interface Codec {
  readonly name: AudioCodecName
  readonly sampleRateHz: 8000 | 16000
  readonly octetsPerSample: 1 | 2
  /** Returns how many samples were written. */
  decode(from: Uint8Array, offset: number, octets: number, to: Int16Array, toOffset: number): number
  encode(from: Int16Array, offset: number, samples: number, to: Uint8Array, toOffset: number): void
  silence(to: Uint8Array, offset: number, octets: number): void
}

export const pcmu = lawCodec('PCMU')
export const pcma = lawCodec('PCMA')
const linear8 = linearCodec(8000)
const linear16 = linearCodec(16_000)

/** The codec behind a binding; null when there is none (yet). */
export function codecOf(binding: CodecBinding | null): Codec | null {
  if (binding === null || binding.channels !== 1) return null
  switch (binding.codec) {
    case 'PCMU':
      return binding.clockRateHz === 8000 ? pcmu : null
    case 'PCMA':
      return binding.clockRateHz === 8000 ? pcma : null
    case 'L16':
      return binding.clockRateHz === 8000 ? linear8 : binding.clockRateHz === 16_000 ? linear16 : null
    default:
      return null
  }
}

function lawCodec(law: G711Law): Codec {
  return {
    name: law,
    sampleRateHz: 8000,
    octetsPerSample: 1,
    decode(from, offset, octets, to, toOffset) {
      const samples = Math.min(octets, to.length - toOffset)
      decodeG711(law, from, offset, samples, to, toOffset)
      return samples
    },
    encode: (from, offset, samples, to, toOffset) => encodeG711(law, from, offset, samples, to, toOffset),
    silence: (to, offset, octets) => to.fill(silenceOctet(law), offset, offset + octets),
  }
}

function linearCodec(sampleRateHz: 8000 | 16000): Codec {
  return {
    name: 'L16',
    sampleRateHz,
    octetsPerSample: 2,
    decode(from, offset, octets, to, toOffset) {
      const samples = Math.min(octets >> 1, to.length - toOffset)
      for (let i = 0; i < samples; i++) to[toOffset + i] = (from[offset + i * 2]! << 8) | from[offset + i * 2 + 1]!
      return samples
    },
    encode(from, offset, samples, to, toOffset) {
      for (let i = 0; i < samples; i++) {
        to[toOffset + i * 2] = from[offset + i]! >> 8
        to[toOffset + i * 2 + 1] = from[offset + i]!
      }
    },
    silence: (to, offset, octets) => to.fill(0, offset, offset + octets),
  }
}
