// A recorder writes what it hears to a WAV file as it happens. Every few hundred milliseconds a stretch goes to the disk
// and then the header is renewed, so that a file is playable at any moment and a crash costs less than a second. A slow
// disk fills buffers, a broken one ends this recording; the beat never waits.

import { VoiceActivity } from '#audio/voice-activity.ts'
import { WAV_HEADER_OCTETS, writeWavHeader } from '#audio/wav.ts'
import type { Disk, DiskError, OpenFile } from '#base/disk.ts'
import { AtRate } from './at-rate.ts'
import { BEAT_MS, MAX_RECORDER_BUFFERS, MAX_WAV_OCTETS, RECORDER_FLUSH_MS } from './limits.ts'
import { failureOf } from './prompt.ts'
import type { MediaCommand, MediaFailure, RecorderId } from './protocol.ts'

export type RecordCommand = Extract<MediaCommand, { type: 'record' }>
export type RecorderEndReason = 'stopped' | 'max-duration' | 'silence' | 'source-closed' | 'failed'

export interface RecorderEnd {
  readonly reason: RecorderEndReason
  readonly failure: MediaFailure | null
  readonly durationMs: number
  readonly octets: number
}

export class Recorder {
  readonly id: RecorderId
  readonly want: RecordCommand
  paused = false
  /** Silence is written while it is paused. */
  silent = false
  /** While the beep sounds, nothing is written. */
  waiting: boolean
  /** Set on the beat; the worker finishes the file afterwards. */
  ending: { readonly reason: RecorderEndReason; readonly failure: MediaFailure | null } | null = null
  readonly #disk: Disk
  readonly #onEnding: (recorder: Recorder) => void
  readonly #channels: 1 | 2
  readonly #flushSamples: number
  readonly #mostSamples: number
  #file: OpenFile | null = null
  #buffer: Int16Array
  #filled = 0
  #spare: Int16Array[] = []
  #queue: { readonly buffer: Int16Array; readonly samples: number }[] = []
  #writing: Promise<void> | null = null
  #writtenOctets = 0
  /** Sample frames taken so far. */
  #taken = 0
  readonly #left: AtRate
  readonly #right: AtRate
  #activity: VoiceActivity | null = null
  #spoken = false
  #silentMs = 0
  readonly #header = new Uint8Array(WAV_HEADER_OCTETS)

  /** @param onEnding called once, when it has decided to end; {@link finish} does the rest */
  constructor(want: RecordCommand, disk: Disk, onEnding: (recorder: Recorder) => void) {
    this.#onEnding = onEnding
    this.id = want.recorder
    this.want = want
    this.waiting = want.beep
    this.#disk = disk
    this.#channels = want.channels
    this.#left = new AtRate(want.sampleRateHz)
    this.#right = new AtRate(want.sampleRateHz)
    this.#flushSamples = Math.round((want.sampleRateHz * RECORDER_FLUSH_MS) / 1000) * want.channels
    this.#mostSamples =
      want.maxDurationMs > 0
        ? Math.round((want.maxDurationMs * want.sampleRateHz) / 1000)
        : Math.floor(MAX_WAV_OCTETS / 2 / want.channels)
    this.#buffer = new Int16Array(this.#flushSamples)
    if (want.silenceTimeoutMs > 0) this.#activity = new VoiceActivity()
  }

  /** Opens the file; the header is there before anything else. */
  async open(): Promise<MediaFailure | null> {
    const created = await this.#disk.create(this.want.path)
    if (!created.ok) return failureOf(created.error)
    this.#file = created.value
    const failure = await this.#writeHeader()
    if (failure === null) this.#pump()
    return failure
  }

  /** Takes one frame of each side, each at its rate (`null`: nothing was heard). With one channel both are mixed. */
  feed(left: Int16Array | null, right: Int16Array | null, leftHz: number, rightHz: number): void {
    if ((this.paused && !this.silent) || this.waiting || this.ending !== null) return
    const rate = this.want.sampleRateHz
    let count = (rate * BEAT_MS) / 1000
    const a = this.#left.frame(this.paused ? null : left, leftHz)
    const b = this.#right.frame(this.paused ? null : right, rightHz)
    if (this.#taken + count > this.#mostSamples) count = Math.max(0, this.#mostSamples - this.#taken)
    this.#put(a, b, count)
    this.#taken += count
    if (this.#activity !== null && !this.paused) this.#listen(a, b)
    if (this.#taken >= this.#mostSamples) this.#end('max-duration', null)
  }

  /** Ends it from outside. */
  stop(reason: RecorderEndReason, failure: MediaFailure | null = null): void {
    this.#end(reason, failure)
  }

  /** Writes what is left and closes the file. */
  async finish(): Promise<RecorderEnd> {
    const { reason, failure } = this.ending ?? { reason: 'stopped' as const, failure: null }
    let failed = failure
    if (this.#file !== null) {
      this.#flush()
      while (this.#writing !== null) await this.#writing
      failed = failed ?? this.ending?.failure ?? null
      if (failed === null) {
        const synced = await this.#file.sync()
        if (!synced.ok) failed = failureOf(synced.error)
      }
      await this.#file.close()
    }
    const octets = WAV_HEADER_OCTETS + this.#writtenOctets
    const durationMs = Math.round((this.#writtenOctets / 2 / this.#channels / this.want.sampleRateHz) * 1000)
    return { reason: failed !== null ? 'failed' : reason, failure: failed, durationMs, octets }
  }

  #put(a: Int16Array | null, b: Int16Array | null, count: number): void {
    const buffer = this.#buffer
    let at = this.#filled
    if (this.#channels === 2) {
      for (let i = 0; i < count; i++) {
        buffer[at++] = a === null ? 0 : a[i]!
        buffer[at++] = b === null ? 0 : b[i]!
      }
    } else if (a !== null && b !== null) {
      for (let i = 0; i < count; i++) {
        const value = a[i]! + b[i]!
        buffer[at++] = Math.max(-32_768, Math.min(32_767, value))
      }
    } else {
      const one = a ?? b
      if (one === null) buffer.fill(0, at, at + count)
      else for (let i = 0; i < count; i++) buffer[at + i] = one[i]!
      at += count
    }
    this.#filled = at
    if (this.#filled >= this.#flushSamples) this.#flush()
  }

  #listen(a: Int16Array | null, b: Int16Array | null): void {
    const frame = b ?? a
    const both = a !== null && b !== null && a !== b
    const spoken =
      (frame !== null && this.#activity!.process(frame, frame.length)) ||
      (both && a !== null && this.#activity!.process(a, a.length))
    if (spoken) {
      this.#spoken = true
      this.#silentMs = 0
    } else if (this.want.silenceFromStart === true ? frame !== null : this.#spoken) {
      this.#silentMs += BEAT_MS
      if (this.#silentMs >= this.want.silenceTimeoutMs) this.#end('silence', null)
    }
  }

  #end(reason: RecorderEndReason, failure: MediaFailure | null): void {
    if (this.ending !== null) return
    this.ending = { reason, failure }
    this.#onEnding(this)
  }

  #flush(): void {
    if (this.#filled === 0) return
    if (this.#queue.length >= MAX_RECORDER_BUFFERS) {
      this.#end('failed', { type: 'disk-failed', reason: 'the disk is too slow' })
      return
    }
    this.#queue.push({ buffer: this.#buffer, samples: this.#filled })
    this.#buffer = this.#spare.pop() ?? new Int16Array(this.#flushSamples)
    this.#filled = 0
    this.#pump()
  }

  #pump(): void {
    if (this.#writing !== null || this.#file === null || this.#queue.length === 0) return
    this.#writing = this.#writeAll().then(() => {
      this.#writing = null
    })
  }

  async #writeAll(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (this.ending?.failure) return
      // WAV is little-endian, as is every machine this runs on.
      const bytes = new Uint8Array(next.buffer.buffer, 0, next.samples * 2)
      const written = await this.#file!.write(bytes, WAV_HEADER_OCTETS + this.#writtenOctets)
      if (!written.ok) return this.#fail(written.error)
      this.#writtenOctets += bytes.length
      if (this.#spare.length < 2) this.#spare.push(next.buffer)
      const failure = await this.#writeHeader()
      if (failure !== null) return this.#end('failed', failure)
    }
  }

  #fail(error: DiskError): void {
    this.#end('failed', failureOf(error))
  }

  async #writeHeader(): Promise<MediaFailure | null> {
    writeWavHeader(this.#header, this.#channels, this.want.sampleRateHz, this.#writtenOctets)
    const written = await this.#file!.write(this.#header, 0)
    return written.ok ? null : failureOf(written.error)
  }
}
