// A sound that can be played: a file, a tone, the hold music. It is kept in seconds (blocks), each decoded and resampled
// once and encoded once per law, however many callers hear it. Blocks are loaded ahead of whoever plays, off the beat.

import { HOLD_MUSIC_MS, renderHoldMusic } from '#audio/hold-music.ts'
import { resampleAt, resampleFilter, resampleMargin } from '#audio/resample.ts'
import { cadenceSamples, renderCadence } from '#audio/tones.ts'
import { parseWav, readWavSamples, WAV_SEARCH_OCTETS, type WavFormat } from '#audio/wav.ts'
import type { Disk, DiskError, OpenFile } from '#base/disk.ts'
import type { PlainCodec } from './codec.ts'
import { BEAT_MS } from './limits.ts'
import type { MediaFailure, ToneSpec } from './protocol.ts'

/** Frames in a block. */
export const BLOCK_FRAMES = 1000 / BEAT_MS
/** Octets read first; nearly every header fits. */
const HEADER_OCTETS = 4096

/** One second of sound. */
export class PromptBlock {
  readonly samples: Int16Array
  /** Frames that are there; a growing file fills its last block little by little. */
  frames = 0
  usedAtMs = 0
  readonly #frameSamples: number
  readonly #encoded = new Map<PlainCodec, { readonly bytes: Uint8Array; readonly done: Uint8Array }>()

  constructor(sampleRateHz: number) {
    this.samples = new Int16Array(sampleRateHz)
    this.#frameSamples = sampleRateHz / BLOCK_FRAMES
  }

  /** The block in a codec, with frame `frame` made; it starts at `frame * frameSamples * octetsPerSample`. */
  encodedFrame(codec: PlainCodec, frame: number): Uint8Array {
    let encoded = this.#encoded.get(codec)
    if (encoded === undefined) {
      const bytes = new Uint8Array(this.samples.length * codec.octetsPerSample)
      encoded = { bytes, done: new Uint8Array(BLOCK_FRAMES) }
      this.#encoded.set(codec, encoded)
    }
    if (encoded.done[frame] === 0) {
      const from = frame * this.#frameSamples
      codec.encode(this.samples, from, this.#frameSamples, encoded.bytes, from * codec.octetsPerSample)
      encoded.done[frame] = 1
    }
    return encoded.bytes
  }
}

export class Prompt {
  readonly sampleRateHz: 8000 | 16000
  /** Known once the whole length is known. */
  totalFrames: number | null = null
  failure: MediaFailure | null = null
  /** When it last became longer or more of it was read; a growing file that stands still is given up. */
  progressAtMs: number
  users = 0
  idleSinceMs: number
  readonly #source: PromptSource
  readonly #blocks = new Map<number, PromptBlock>()
  readonly #loading = new Set<number>()

  constructor(source: PromptSource, sampleRateHz: 8000 | 16000, nowMs: number) {
    this.#source = source
    this.sampleRateHz = sampleRateHz
    this.progressAtMs = nowMs
    this.idleSinceMs = nowMs
    this.totalFrames = source.totalFrames(sampleRateHz)
  }

  get blocks(): number {
    return this.#blocks.size
  }

  get usable(): boolean {
    return this.failure === null
  }

  /** The block that holds frame `index`, when the frame is there; starts loading it and the next one when not. */
  blockOf(index: number, nowMs: number): PromptBlock | null {
    const number = Math.floor(index / BLOCK_FRAMES)
    const block = this.#blocks.get(number)
    const inBlock = index % BLOCK_FRAMES
    if (block === undefined || block.frames <= inBlock) {
      this.load(number, nowMs)
      const now = this.#blocks.get(number)
      if (now === undefined || now.frames <= inBlock) return null
      now.usedAtMs = nowMs
      return now
    }
    block.usedAtMs = nowMs
    // Halfway through a second the next one is fetched.
    if (inBlock === BLOCK_FRAMES >> 1) this.load(number + 1, nowMs)
    return block
  }

  /** Fetches a block unless it is whole, on its way, or beyond the end. */
  load(number: number, nowMs: number): void {
    if (this.failure !== null || this.#loading.has(number)) return
    if (this.totalFrames !== null && number * BLOCK_FRAMES >= this.totalFrames) return
    const old = this.#blocks.get(number)
    if (old !== undefined && this.#whole(number, old)) return
    const block = old ?? new PromptBlock(this.sampleRateHz)
    if (this.#source.fillNow !== null) {
      this.#source.fillNow(block, number, this.sampleRateHz)
      block.frames = BLOCK_FRAMES
      block.usedAtMs = nowMs
      this.#blocks.set(number, block)
      return
    }
    this.#loading.add(number)
    const broken = (cause: unknown): Filled => {
      const reason = cause instanceof Error ? cause.message : String(cause)
      return { frames: 0, totalFrames: null, failure: { type: 'disk-failed', reason } }
    }
    const filling = this.#source.fillLater!(block, number, this.sampleRateHz).catch(broken)
    void filling.then((filled) => {
      this.#loading.delete(number)
      if (filled.failure !== null) {
        this.failure = filled.failure
        return
      }
      if (filled.totalFrames !== null) this.totalFrames = filled.totalFrames
      if (filled.frames > block.frames) {
        block.frames = filled.frames
        block.usedAtMs = nowMs
        this.progressAtMs = nowMs
        this.#blocks.set(number, block)
      }
    })
  }

  /** Forgets seconds nobody heard since `beforeMs`. */
  forget(beforeMs: number): void {
    for (const [number, block] of this.#blocks) if (block.usedAtMs < beforeMs) this.#blocks.delete(number)
  }

  close(): void {
    this.#blocks.clear()
    this.#source.close()
  }

  #whole(number: number, block: PromptBlock): boolean {
    if (block.frames >= BLOCK_FRAMES) return true
    return this.totalFrames !== null && number * BLOCK_FRAMES + block.frames >= this.totalFrames
  }
}

export interface Filled {
  readonly frames: number
  readonly totalFrames: number | null
  readonly failure: MediaFailure | null
}

/** Where a prompt's samples come from: at once (`fillNow`) or from a disk (`fillLater`). */
export interface PromptSource {
  totalFrames(sampleRateHz: number): number | null
  readonly fillNow: ((block: PromptBlock, number: number, sampleRateHz: number) => void) | null
  readonly fillLater: ((block: PromptBlock, number: number, sampleRateHz: number) => Promise<Filled>) | null
  close(): void
}

export function toneSource(tone: ToneSpec): PromptSource {
  return {
    totalFrames: (rate) => Math.ceil((cadenceSamples(tone, rate) * BLOCK_FRAMES) / rate),
    fillNow: (block, number, rate) => renderCadence(tone, rate, number * rate, rate, block.samples),
    fillLater: null,
    close() {},
  }
}

export function holdMusicSource(): PromptSource {
  return {
    totalFrames: () => HOLD_MUSIC_MS / BEAT_MS,
    fillNow: (block, number, rate) => renderHoldMusic(rate, number * rate, rate, block.samples),
    fillLater: null,
    close() {},
  }
}

/** A WAV file. `growing`: it may still become longer, until `<path>.done` exists. */
export class FileSource implements PromptSource {
  readonly fillNow = null
  readonly #disk: Disk
  readonly #path: string
  readonly #growing: boolean
  #file: OpenFile | null = null
  #opening: Promise<MediaFailure | null> | null = null
  #format: WavFormat | null = null
  #closed = false

  constructor(disk: Disk, path: string, growing: boolean) {
    this.#disk = disk
    this.#path = path
    this.#growing = growing
  }

  totalFrames(): null {
    return null
  }

  readonly fillLater = async (block: PromptBlock, number: number, sampleRateHz: number): Promise<Filled> => {
    // Asked before the size: whatever is written before the mark is in the size.
    const complete = !this.#growing || (await this.#isDone())
    const failure = await this.#open()
    if (failure !== null) {
      const early = !complete && (failure.type === 'file-missing' || failure.type === 'file-unusable')
      if (!early) return { frames: 0, totalFrames: null, failure }
      this.#opening = null
      return { frames: 0, totalFrames: null, failure: null }
    }
    const file = this.#file!
    const format = this.#format!
    const size = await file.size()
    if (!size.ok) return { frames: 0, totalFrames: null, failure: failureOf(size.error) }
    const present = Math.max(0, size.value - format.dataOffset)
    const claimed = complete && format.dataOctets !== null ? Math.min(present, format.dataOctets) : present
    const frames = Math.floor(claimed / format.frameOctets)
    return this.#read(block, number, sampleRateHz, file, format, frames, complete)
  }

  close(): void {
    this.#closed = true
    void this.#file?.close()
    this.#file = null
  }

  async #read(
    block: PromptBlock,
    number: number,
    toHz: number,
    file: OpenFile,
    format: WavFormat,
    available: number,
    complete: boolean,
  ): Promise<Filled> {
    const fromHz = format.sampleRateHz
    const filter = fromHz === toHz ? null : resampleFilter(fromHz, toHz)
    const margin = filter === null ? 0 : resampleMargin(filter)
    const from = Math.max(0, number * fromHz - margin)
    const until = Math.min(available, (number + 1) * fromHz + margin)
    const totalSamples = Math.floor((available * toHz) / fromHz)
    const totalFrames = complete ? Math.ceil((totalSamples * BLOCK_FRAMES) / toHz) : null
    if (until <= from) return { frames: 0, totalFrames, failure: null }
    const read = await file.read(format.dataOffset + from * format.frameOctets, (until - from) * format.frameOctets)
    if (!read.ok) return { frames: 0, totalFrames, failure: failureOf(read.error) }
    const got = Math.floor(read.value.length / format.frameOctets)
    const mono = new Int16Array(got)
    readWavSamples(format, read.value, 0, got, mono)
    // Samples that can be computed: the last ones of a file that still grows wait for what comes after them.
    const end = complete && from + got >= available ? totalSamples : Math.floor(((from + got - margin) * toHz) / fromHz)
    const count = Math.max(0, Math.min(toHz, end - number * toHz))
    if (filter === null) block.samples.set(mono.subarray(number * fromHz - from, number * fromHz - from + count))
    else resampleAt(filter, mono, from, got, number * toHz, count, block.samples)
    const frames = (count * BLOCK_FRAMES) / toHz
    // The last frame of the file is filled up with silence; of a growing one only whole frames count.
    return { frames: complete ? Math.ceil(frames) : Math.floor(frames), totalFrames, failure: null }
  }

  #open(): Promise<MediaFailure | null> {
    this.#opening ??= this.#openOnce()
    return this.#opening
  }

  async #openOnce(): Promise<MediaFailure | null> {
    const opened = await this.#disk.open(this.#path, 'read')
    if (!opened.ok) return failureOf(opened.error)
    let octets = HEADER_OCTETS
    for (;;) {
      const head = await opened.value.read(0, octets)
      if (!head.ok) {
        await opened.value.close()
        return failureOf(head.error)
      }
      const parsed = parseWav(head.value)
      if (parsed.ok) {
        this.#format = parsed.value
        break
      }
      if (parsed.error.type === 'header-incomplete' && head.value.length === octets && octets < WAV_SEARCH_OCTETS) {
        octets = WAV_SEARCH_OCTETS
        continue
      }
      await opened.value.close()
      const reason = parsed.error.type === 'unsupported' ? parsed.error.reason : 'not a WAV file'
      return { type: 'file-unusable', reason }
    }
    if (this.#closed) await opened.value.close()
    this.#file = opened.value
    return null
  }

  async #isDone(): Promise<boolean> {
    const mark = await this.#disk.open(`${this.#path}.done`, 'read')
    if (mark.ok) await mark.value.close()
    return mark.ok
  }
}

export function failureOf(error: DiskError): MediaFailure {
  switch (error.type) {
    case 'not-found':
      return { type: 'file-missing', path: error.path }
    case 'disk-full':
      return { type: 'disk-full' }
    case 'disk-failed':
      return { type: 'disk-failed', reason: error.reason }
  }
}
