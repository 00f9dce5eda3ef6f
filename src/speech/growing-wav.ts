// A WAV file that can be played while it is still being written: its header claims an unknown length until the end, and a
// sibling `<path>.done` says that nothing more will come (media/protocol.ts, `PlayerSource`). Whatever rates come in, what is
// written is mono at one rate.

import { Resampler } from '#audio/resample.ts'
import { WAV_HEADER_OCTETS, writeWavHeader } from '#audio/wav.ts'
import type { Disk, DiskError, OpenFile } from '#base/disk.ts'
import { err, ok, type Result } from '#base/result.ts'
import { MAX_DECODED_MS, START_AFTER_MS } from './limits.ts'

const UNKNOWN_LENGTH = 0xffff_ffff
/** Samples resampled at a time. */
const BLOCK_SAMPLES = 4_096

export class GrowingWav {
  readonly path: string
  readonly #disk: Disk
  readonly #file: OpenFile
  readonly #rateHz: number
  readonly #onStarted: () => void
  #resampler: Resampler | null = null
  #inputRateHz = 0
  #samples = 0
  #started = false

  private constructor(disk: Disk, file: OpenFile, path: string, rateHz: number, onStarted: () => void) {
    this.#disk = disk
    this.#file = file
    this.path = path
    this.#rateHz = rateHz
    this.#onStarted = onStarted
  }

  /** @param onStarted called once, when enough is there for playing to begin; not at all for a short file */
  static async create(
    disk: Disk,
    path: string,
    rateHz: number,
    onStarted: () => void,
  ): Promise<Result<GrowingWav, DiskError>> {
    const file = await disk.create(path)
    if (!file.ok) return file
    const header = new Uint8Array(WAV_HEADER_OCTETS)
    writeWavHeader(header, 1, rateHz, UNKNOWN_LENGTH)
    const written = await file.value.write(header, 0)
    if (!written.ok) {
      await file.value.close()
      return written
    }
    return ok(new GrowingWav(disk, file.value, path, rateHz, onStarted))
  }

  get durationMs(): number {
    return (this.#samples / this.#rateHz) * 1_000
  }

  /** True when no more is taken: what follows is cut off. */
  get full(): boolean {
    return this.durationMs >= MAX_DECODED_MS
  }

  async append(samples: Int16Array, sampleRateHz: number): Promise<Result<void, DiskError>> {
    if (samples.length === 0 || this.full) return ok(undefined)
    const converted = this.#convert(samples, sampleRateHz)
    const bytes = new Uint8Array(converted.buffer, converted.byteOffset, converted.byteLength)
    const written = await this.#file.write(bytes, WAV_HEADER_OCTETS + this.#samples * 2)
    if (!written.ok) return written
    this.#samples += converted.length
    if (!this.#started && this.durationMs >= START_AFTER_MS) {
      this.#started = true
      this.#onStarted()
    }
    return ok(undefined)
  }

  silence(durationMs: number): Promise<Result<void, DiskError>> {
    return this.append(new Int16Array(Math.round((durationMs * this.#rateHz) / 1_000)), this.#rateHz)
  }

  /** Writes the true length and the mark that it is complete. */
  finish(): Promise<Result<void, DiskError>> {
    return this.#end()
  }

  /** Ends it where it is: a player that began with it comes to an end too; if none could have, nothing is left of it. */
  async abandon(): Promise<void> {
    await this.#end()
    if (this.#started) return
    await this.#disk.remove(this.path)
    await this.#disk.remove(`${this.path}.done`)
  }

  async #end(): Promise<Result<void, DiskError>> {
    const header = new Uint8Array(WAV_HEADER_OCTETS)
    writeWavHeader(header, 1, this.#rateHz, this.#samples * 2)
    const written = await this.#file.write(header, 0)
    await this.#file.close()
    const marked = await this.#disk.replace(`${this.path}.done`, new Uint8Array(0))
    return written.ok ? marked : err(written.error)
  }

  #convert(samples: Int16Array, sampleRateHz: number): Int16Array {
    if (sampleRateHz === this.#rateHz) return samples
    if (this.#resampler === null || this.#inputRateHz !== sampleRateHz) {
      this.#resampler = new Resampler(sampleRateHz, this.#rateHz, BLOCK_SAMPLES)
      this.#inputRateHz = sampleRateHz
    }
    const output = new Int16Array(Math.ceil((samples.length * this.#rateHz) / sampleRateHz) + BLOCK_SAMPLES)
    const block = new Int16Array(Math.ceil((BLOCK_SAMPLES * this.#rateHz) / sampleRateHz) + 64)
    let written = 0
    for (let at = 0; at < samples.length; at += BLOCK_SAMPLES) {
      const part = samples.subarray(at, at + BLOCK_SAMPLES)
      const count = this.#resampler.process(part, part.length, block)
      output.set(block.subarray(0, count), written)
      written += count
    }
    return output.slice(0, written)
  }
}
