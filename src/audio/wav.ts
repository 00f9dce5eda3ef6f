// WAV files (RIFF, Microsoft's multimedia specification): reading what people have, writing what survives a crash.
//
//   "RIFF" size "WAVE" | "fmt " size format | other chunks … | "data" size samples …
//
// Reading is tolerant (odd chunks, wrong or streaming sizes, WAVE_FORMAT_EXTENSIBLE) and bounded: only the first octets
// of a file are looked at. What we write is always the same 44 octets and then samples, so that a recorder can renew the
// header after each stretch and the file is playable at any moment.

import { err, ok, type Result } from '#base/result.ts'
import { expandTable } from './g711.ts'

/** How many octets of a file are searched for its `data` chunk; tags with pictures may be long. */
export const WAV_SEARCH_OCTETS = 256 * 1024
/** The length of the header we write. */
export const WAV_HEADER_OCTETS = 44

export type WavCoding = 'pcm16' | 'pcm8' | 'PCMU' | 'PCMA'

export interface WavFormat {
  readonly coding: WavCoding
  readonly channels: number
  readonly sampleRateHz: number
  /** Where the samples begin. */
  readonly dataOffset: number
  /** What the header claims; a file still being written may claim 0 or 0xffffffff: null then. */
  readonly dataOctets: number | null
  /** Octets of one sample of all channels. */
  readonly frameOctets: number
}

export type WavError =
  | { readonly type: 'not-wav' }
  | { readonly type: 'header-incomplete' }
  | { readonly type: 'unsupported'; readonly reason: string }

const MOST_CHANNELS = 8
const LOWEST_RATE_HZ = 4000
const HIGHEST_RATE_HZ = 192_000

/** Reads the header from the first octets of a file. `header-incomplete`: give more, if there are more. */
export function parseWav(bytes: Uint8Array): Result<WavFormat, WavError> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 12) return err({ type: 'header-incomplete' })
  if (tag(bytes, 0) !== 'RIFF' || tag(bytes, 8) !== 'WAVE') return err({ type: 'not-wav' })
  let format: Omit<WavFormat, 'dataOffset' | 'dataOctets'> | null = null
  let at = 12
  while (at + 8 <= bytes.length) {
    const name = tag(bytes, at)
    const size = view.getUint32(at + 4, true)
    const body = at + 8
    if (name === 'data') {
      if (format === null) return err({ type: 'unsupported', reason: 'samples come before their format' })
      const known = size !== 0 && size < 0xffff_ff00
      return ok({ ...format, dataOffset: body, dataOctets: known ? size : null })
    }
    if (name === 'fmt ') {
      if (size < 16) return err({ type: 'unsupported', reason: 'the format chunk is too short' })
      if (body + Math.min(size, 40) > bytes.length) return err({ type: 'header-incomplete' })
      const parsed = parseFormat(view, body, size)
      if (!parsed.ok) return parsed
      format = parsed.value
    }
    // Chunks are padded to an even length.
    at = body + size + (size & 1)
    if (at > WAV_SEARCH_OCTETS) return err({ type: 'unsupported', reason: 'no samples near the beginning' })
  }
  return err({ type: 'header-incomplete' })
}

function parseFormat(
  view: DataView,
  at: number,
  size: number,
): Result<Omit<WavFormat, 'dataOffset' | 'dataOctets'>, WavError> {
  let code = view.getUint16(at, true)
  const channels = view.getUint16(at + 2, true)
  const sampleRateHz = view.getUint32(at + 4, true)
  const bits = view.getUint16(at + 14, true)
  // WAVE_FORMAT_EXTENSIBLE keeps the real code in the first two octets of a GUID.
  if (code === 0xfffe && size >= 40) code = view.getUint16(at + 24, true)
  if (channels < 1 || channels > MOST_CHANNELS) {
    return err({ type: 'unsupported', reason: `${channels} channels` })
  }
  if (sampleRateHz < LOWEST_RATE_HZ || sampleRateHz > HIGHEST_RATE_HZ) {
    return err({ type: 'unsupported', reason: `a rate of ${sampleRateHz} Hz` })
  }
  const coding = codingOf(code, bits)
  if (coding === null) return err({ type: 'unsupported', reason: `format ${code} with ${bits} bits` })
  return ok({ coding, channels, sampleRateHz, frameOctets: channels * (coding === 'pcm16' ? 2 : 1) })
}

function codingOf(code: number, bits: number): WavCoding | null {
  if (code === 1 && bits === 16) return 'pcm16'
  if (code === 1 && bits === 8) return 'pcm8'
  if (code === 6 && bits === 8) return 'PCMA'
  if (code === 7 && bits === 8) return 'PCMU'
  return null
}

/** Reads `frames` sample frames at `offset` in `bytes` as mono (channels averaged) into `to`. */
export function readWavSamples(
  format: WavFormat,
  bytes: Uint8Array,
  offset: number,
  frames: number,
  to: Int16Array,
  toOffset = 0,
): void {
  const { channels, coding, frameOctets } = format
  const table = coding === 'PCMU' || coding === 'PCMA' ? expandTable(coding) : null
  for (let i = 0; i < frames; i++) {
    let sum = 0
    let at = offset + i * frameOctets
    for (let channel = 0; channel < channels; channel++) {
      if (table !== null) sum += table[bytes[at++]!]!
      else if (coding === 'pcm8') sum += (bytes[at++]! - 128) << 8
      else {
        sum += ((bytes[at]! | (bytes[at + 1]! << 8)) << 16) >> 16
        at += 2
      }
    }
    to[toOffset + i] = channels === 1 ? sum : Math.trunc(sum / channels)
  }
}

/** Writes the 44 octets of a 16-bit PCM header for `dataOctets` of samples. */
export function writeWavHeader(to: Uint8Array, channels: 1 | 2, sampleRateHz: number, dataOctets: number): void {
  const view = new DataView(to.buffer, to.byteOffset, to.byteLength)
  putTag(to, 0, 'RIFF')
  view.setUint32(4, 36 + dataOctets, true)
  putTag(to, 8, 'WAVE')
  putTag(to, 12, 'fmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, channels, true)
  view.setUint32(24, sampleRateHz, true)
  view.setUint32(28, sampleRateHz * channels * 2, true)
  view.setUint16(32, channels * 2, true)
  view.setUint16(34, 16, true)
  putTag(to, 36, 'data')
  view.setUint32(40, dataOctets, true)
}

/** A whole file of 16-bit samples; `samples` are interleaved when there are two channels. */
export function encodeWav(samples: Int16Array, sampleRateHz: number, channels: 1 | 2 = 1): Uint8Array {
  const bytes = new Uint8Array(WAV_HEADER_OCTETS + samples.length * 2)
  writeWavHeader(bytes, channels, sampleRateHz, samples.length * 2)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < samples.length; i++) view.setInt16(WAV_HEADER_OCTETS + i * 2, samples[i]!, true)
  return bytes
}

export interface DecodedWav {
  readonly sampleRateHz: number
  /** One array per channel. */
  readonly channels: readonly Int16Array[]
}

/** Reads a whole file, channels apart: for tests, tools and short recordings. */
export function decodeWav(bytes: Uint8Array): Result<DecodedWav, WavError> {
  const parsed = parseWav(bytes)
  if (!parsed.ok) return parsed
  const format = parsed.value
  const available = bytes.length - format.dataOffset
  const octets = Math.min(available, format.dataOctets ?? available)
  const frames = Math.max(0, Math.floor(octets / format.frameOctets))
  const width = format.frameOctets / format.channels
  const channels = Array.from({ length: format.channels }, (_, channel) => {
    const samples = new Int16Array(frames)
    const one = { ...format, channels: 1, frameOctets: width }
    for (let i = 0; i < frames; i++) {
      readWavSamples(one, bytes, format.dataOffset + i * format.frameOctets + channel * width, 1, samples, i)
    }
    return samples
  })
  return ok({ sampleRateHz: format.sampleRateHz, channels })
}

function tag(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!)
}

function putTag(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = text.charCodeAt(i)
}
