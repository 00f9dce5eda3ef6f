// What is done to a finished recording: silence at its ends cut off, two channels mixed into one, and MP3 made of it. Works through the file in
// stretches; a recording of hours costs no memory.

import { createMp3Encoder } from 'wasm-media-encoders'
import { parseWav, WAV_HEADER_OCTETS, WAV_SEARCH_OCTETS, type WavFormat, writeWavHeader } from '#audio/wav.ts'
import type { Disk, DiskError, OpenFile } from '#base/disk.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { DecodeError } from './decode.ts'
import { READ_OCTETS, TRIM_LEVEL_DBOV, TRIM_MARGIN_MS } from './limits.ts'

/** Constant rates that suit telephone speech. */
const MP3_KBPS_PER_CHANNEL = 32
/** The stretch over which loudness is judged. */
const TRIM_BLOCK_MS = 20

export interface Transcoded {
  readonly durationMs: number
  readonly octets: number
}

/** @param from a WAV file of 16-bit samples, as our recorder writes them */
export async function transcode(
  disk: Disk,
  from: string,
  to: string,
  format: 'wav' | 'mp3',
  trim: boolean,
  mono = false,
): Promise<Result<Transcoded, DecodeError>> {
  const opened = await disk.open(from, 'read')
  if (!opened.ok) return opened
  const file = opened.value
  try {
    const head = await file.read(0, WAV_SEARCH_OCTETS)
    if (!head.ok) return head
    const parsed = parseWav(head.value)
    if (!parsed.ok || parsed.value.coding !== 'pcm16' || parsed.value.channels > 2) {
      return err({ type: 'wrong-type', reason: 'it is no recording of ours' })
    }
    const wav = parsed.value
    const size = await file.size()
    if (!size.ok) return size
    const available = Math.max(0, size.value - wav.dataOffset)
    const octets = Math.min(available, wav.dataOctets ?? available)
    let range = { from: 0, to: Math.floor(octets / wav.frameOctets) }
    if (trim) {
      const found = await loudRange(file, wav, range.to)
      if (!found.ok) return found
      range = found.value
    }
    const target = await disk.create(to)
    if (!target.ok) return target
    const written = await (format === 'mp3' ? writeMp3 : writeWav)(
      file,
      wav,
      range,
      target.value,
      mono ? 1 : (wav.channels as 1 | 2),
    )
    const synced = written.ok ? await target.value.sync() : written
    await target.value.close()
    if (!written.ok || !synced.ok) {
      await disk.remove(to)
      return written.ok ? err((synced as { error: DiskError }).error) : written
    }
    return ok({ durationMs: ((range.to - range.from) / wav.sampleRateHz) * 1_000, octets: written.value })
  } finally {
    await file.close()
  }
}

interface FrameRange {
  readonly from: number
  readonly to: number
}

type Piece = Result<Int16Array, DiskError>

/** The samples of a range, channels interleaved, stretch by stretch. */
async function* stretches(file: OpenFile, wav: WavFormat, range: FrameRange): AsyncGenerator<Piece> {
  const frames = Math.floor(READ_OCTETS / wav.frameOctets)
  for (let at = range.from; at < range.to; at += frames) {
    const count = Math.min(frames, range.to - at)
    const bytes = await file.read(wav.dataOffset + at * wav.frameOctets, count * wav.frameOctets)
    if (!bytes.ok) {
      yield bytes
      return
    }
    // A copy, since samples must begin at an even address.
    yield ok(new Int16Array(bytes.value.slice().buffer, 0, Math.floor(bytes.value.length / 2)))
  }
}

async function loudRange(file: OpenFile, wav: WavFormat, frames: number): Promise<Result<FrameRange, DiskError>> {
  const block = Math.max(1, Math.round((wav.sampleRateHz * TRIM_BLOCK_MS) / 1_000)) * wav.channels
  const limit = (32_768 * 10 ** (TRIM_LEVEL_DBOV / 20)) ** 2
  let first = -1
  let last = 0
  let frame = 0
  for await (const piece of stretches(file, wav, { from: 0, to: frames })) {
    if (!piece.ok) return piece
    const samples = piece.value
    for (let at = 0; at < samples.length; at += block) {
      const end = Math.min(at + block, samples.length)
      let energy = 0
      for (let i = at; i < end; i++) energy += samples[i]! * samples[i]!
      if (energy / (end - at) > limit) {
        if (first < 0) first = frame + at / wav.channels
        last = frame + end / wav.channels
      }
    }
    frame += samples.length / wav.channels
  }
  // Silence from end to end stays as it is: an empty file would surprise more than a silent one.
  if (first < 0) return ok({ from: 0, to: frames })
  const margin = Math.round((wav.sampleRateHz * TRIM_MARGIN_MS) / 1_000)
  return ok({ from: Math.max(0, Math.floor(first) - margin), to: Math.min(frames, Math.ceil(last) + margin) })
}

async function writeWav(
  file: OpenFile,
  wav: WavFormat,
  range: FrameRange,
  to: OpenFile,
  channels: 1 | 2,
): Promise<Result<number, DiskError>> {
  const octets = (range.to - range.from) * (wav.frameOctets / wav.channels) * channels
  const header = new Uint8Array(WAV_HEADER_OCTETS)
  writeWavHeader(header, channels, wav.sampleRateHz, octets)
  let at = WAV_HEADER_OCTETS
  let written = await to.write(header, 0)
  if (!written.ok) return written
  for await (const piece of stretches(file, wav, range)) {
    if (!piece.ok) return piece
    const samples = channels < wav.channels ? mixed(piece.value) : piece.value
    written = await to.write(new Uint8Array(samples.buffer, 0, samples.byteLength), at)
    if (!written.ok) return written
    at += samples.byteLength
  }
  return ok(at)
}

async function writeMp3(
  file: OpenFile,
  wav: WavFormat,
  range: FrameRange,
  to: OpenFile,
  channels: 1 | 2,
): Promise<Result<number, DiskError>> {
  const encoder = await createMp3Encoder()
  encoder.configure({
    sampleRate: wav.sampleRateHz,
    channels,
    bitrate: channels === 1 ? MP3_KBPS_PER_CHANNEL : ((MP3_KBPS_PER_CHANNEL * 2) as 64),
  })
  let at = 0
  const put = async (bytes: Uint8Array): Promise<Result<void, DiskError>> => {
    if (bytes.length === 0) return ok(undefined)
    // The encoder owns its output buffer and uses it again.
    const written = await to.write(bytes.slice(), at)
    at += bytes.length
    return written
  }
  for await (const piece of stretches(file, wav, range)) {
    if (!piece.ok) return piece
    const written = await put(
      encoder.encode(split(channels < wav.channels ? mixed(piece.value) : piece.value, channels)),
    )
    if (!written.ok) return written
  }
  const last = await put(encoder.finalize())
  return last.ok ? ok(at) : last
}

/** Both channels of each frame in one. */
function mixed(samples: Int16Array): Int16Array<ArrayBuffer> {
  const out = new Int16Array(Math.floor(samples.length / 2))
  for (let i = 0; i < out.length; i++) {
    const sum = samples[i * 2]! + samples[i * 2 + 1]!
    out[i] = Math.max(-32_768, Math.min(32_767, sum))
  }
  return out
}

function split(samples: Int16Array, channels: 1 | 2): Float32Array[] {
  const frames = Math.floor(samples.length / channels)
  return Array.from({ length: channels }, (_, channel) => {
    const out = new Float32Array(frames)
    for (let i = 0; i < frames; i++) out[i] = samples[i * channels + channel]! / 32_768
    return out
  })
}
