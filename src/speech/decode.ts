// What a customer's file is, told by its first octets and by nothing else (reliability F4: neither name nor content type
// count), and how it becomes samples: WAV by our own reader, MP3 and Ogg Vorbis by WebAssembly decoders, a stretch at a
// time, so that a decoder bomb costs no memory.

import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis'
import { MPEGDecoder } from 'mpg123-decoder'
import { parseWav, readWavSamples, WAV_SEARCH_OCTETS } from '#audio/wav.ts'
import type { DiskError, OpenFile } from '#base/disk.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { GrowingWav } from './growing-wav.ts'
import { READ_OCTETS } from './limits.ts'

export type DecodeError = { readonly type: 'wrong-type'; readonly reason: string } | DiskError

/** A file, or a download that is followed as it arrives. */
export type Readable = Pick<OpenFile, 'read' | 'size'>

export type SoundType = 'wav' | 'mp3' | 'ogg'

/** @param head the first octets of a file, 64 or more if it has them */
export function sniff(head: Uint8Array): SoundType | null {
  const text = (at: number, length: number): string => Buffer.from(head.subarray(at, at + length)).toString('latin1')
  if (text(0, 4) === 'RIFF' && text(8, 4) === 'WAVE') return 'wav'
  // RFC 3533 §6: the first packet of a page begins after its segment table.
  if (text(0, 4) === 'OggS') return text(28 + (head[26] ?? 0) - 1, 7) === '\x01vorbis' ? 'ogg' : null
  if (text(0, 3) === 'ID3') return 'mp3'
  // ISO 11172-3 §2.4.2.3: eleven bits of sync, a layer that exists, a bit rate and a sampling rate that exist.
  const [first = 0, second = 0, third = 0] = head
  const synced = first === 0xff && (second & 0xe0) === 0xe0
  const sane = (second & 0x18) !== 0x08 && (second & 0x06) !== 0 && (third & 0xf0) !== 0xf0 && (third & 0x0c) !== 0x0c
  return synced && sane ? 'mp3' : null
}

/** Decodes a whole file into `to`, as far as `to` takes it. */
export async function decodeFile(file: Readable, to: GrowingWav): Promise<Result<void, DecodeError>> {
  const head = await file.read(0, WAV_SEARCH_OCTETS)
  if (!head.ok) return head
  switch (sniff(head.value)) {
    case 'wav':
      return decodeWavFile(file, head.value, to)
    case 'mp3':
      return decodeMp3(file, to)
    case 'ogg':
      return decodeOgg(file, to)
    case null:
      return err({ type: 'wrong-type', reason: 'it is neither WAV, MP3 nor Ogg Vorbis' })
  }
}

async function decodeWavFile(file: Readable, head: Uint8Array, to: GrowingWav): Promise<Result<void, DecodeError>> {
  const parsed = parseWav(head)
  if (!parsed.ok) {
    const { error } = parsed
    return err({
      type: 'wrong-type',
      reason: error.type === 'unsupported' ? `WAV with ${error.reason}` : 'it is no whole WAV file',
    })
  }
  const format = parsed.value
  const size = await file.size()
  if (!size.ok) return size
  const end = Math.min(size.value, format.dataOctets === null ? size.value : format.dataOffset + format.dataOctets)
  const stretch = READ_OCTETS - (READ_OCTETS % format.frameOctets)
  for (let at = format.dataOffset; at < end && !to.full; at += stretch) {
    const bytes = await file.read(at, Math.min(stretch, end - at))
    if (!bytes.ok) return bytes
    const frames = Math.floor(bytes.value.length / format.frameOctets)
    if (frames === 0) break
    const samples = new Int16Array(frames)
    readWavSamples(format, bytes.value, 0, frames, samples)
    const written = await to.append(samples, format.sampleRateHz)
    if (!written.ok) return written
  }
  return ok(undefined)
}

interface Decoded {
  readonly channelData: readonly Float32Array[]
  readonly samplesDecoded: number
  readonly sampleRate: number
}

async function decodeMp3(file: Readable, to: GrowingWav): Promise<Result<void, DecodeError>> {
  const decoder = new MPEGDecoder({ enableGapless: false })
  await decoder.ready
  try {
    return await pump(file, to, async (bytes) => (bytes === null ? null : decoder.decode(bytes)))
  } finally {
    decoder.free()
  }
}

async function decodeOgg(file: Readable, to: GrowingWav): Promise<Result<void, DecodeError>> {
  const decoder = new OggVorbisDecoder()
  await decoder.ready
  try {
    return await pump(file, to, (bytes) => (bytes === null ? decoder.flush() : decoder.decode(bytes)))
  } finally {
    decoder.free()
  }
}

/** @param decode takes the next stretch, or null at the end of the file */
async function pump(
  file: Readable,
  to: GrowingWav,
  decode: (bytes: Uint8Array | null) => Promise<Decoded | null>,
): Promise<Result<void, DecodeError>> {
  for (let at = 0; !to.full; at += READ_OCTETS) {
    const bytes = await file.read(at, READ_OCTETS)
    if (!bytes.ok) return bytes
    const last = bytes.value.length === 0
    let decoded: Decoded | null
    try {
      decoded = await decode(last ? null : bytes.value)
    } catch (cause) {
      return err({
        type: 'wrong-type',
        reason: `it cannot be decoded: ${cause instanceof Error ? cause.message : cause}`,
      })
    }
    if (decoded !== null && decoded.samplesDecoded > 0) {
      const written = await to.append(monoOf(decoded), decoded.sampleRate)
      if (!written.ok) return written
    }
    if (last) break
  }
  if (to.durationMs === 0) return err({ type: 'wrong-type', reason: 'there is no audio in it' })
  return ok(undefined)
}

function monoOf({ channelData, samplesDecoded }: Decoded): Int16Array {
  const mono = new Int16Array(samplesDecoded)
  for (let i = 0; i < samplesDecoded; i++) {
    let sum = 0
    for (const channel of channelData) sum += channel[i]!
    const value = Math.round((sum / channelData.length) * 32_767)
    mono[i] = value > 32_767 ? 32_767 : Math.max(value, -32_768)
  }
  return mono
}
