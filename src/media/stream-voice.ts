// What an application says to a call through its stream: chunks in the order they came, decoded a frame at a time on the
// beat, heard over whatever the listeners hear anyway. Marks lie between the chunks and are told when everything before
// them has been heard.
//
//   chunk ── chunk ── mark a ── file (being decoded) ── mark b ──►  one frame per beat  ──►  listeners, each at its rate

import { Resampler } from '#audio/resample.ts'
import { BEAT_MS, LONGEST_VOICE_CHUNK_MS, MAX_VOICE_ITEMS, MAX_VOICE_OCTETS, VOICE_HEAD_START_MS } from './limits.ts'
import type { Playable, SoundBlock } from './player.ts'
import type { StreamFormat } from './protocol.ts'
import { SharedFrame } from './shared-frame.ts'
import { ChunkDecoder } from './stream-coding.ts'

/** One Opus packet decodes to this at most. */
const LONGEST_PIECE_MS = 120

type Item =
  | { readonly type: 'chunk'; readonly bytes: Uint8Array; at: number }
  /** Samples at our rate; null while they are made. */
  | { readonly type: 'samples'; samples: Int16Array | null; at: number; readonly octets: number }
  | { readonly type: 'mark'; readonly name: string }

export type SayResult = 'taken' | 'empty' | 'too-long' | 'full'

export class StreamVoice implements Playable {
  readonly replace = false
  readonly gain = 1
  readonly frameInBlock = 0
  readonly started = true
  sounding = false
  ended = false
  /** Frames heard so far. */
  playedFrames = 0
  readonly #decoder: ChunkDecoder
  readonly #onMark: (name: string) => void
  readonly #rateHz: number
  readonly #frame: Int16Array
  readonly #queue: Item[] = []
  #octets = 0
  #queuedMs = 0
  /** Decoded samples that did not fit into the last frame. */
  readonly #rest: Int16Array
  #restAt = 0
  #restEnd = 0
  /** Passed in the frame that is being heard now: told with the next. */
  readonly #due: string[] = []
  readonly #ears = new Map<number, Ear>()
  #index = -1
  /** When something came after silence; null: it is sounding, or there is nothing. */
  #gatheringSinceMs: number | null = null

  constructor(format: StreamFormat, onMark: (name: string) => void) {
    this.#decoder = new ChunkDecoder(format)
    this.#rateHz = this.#decoder.sampleRateHz
    this.#onMark = onMark
    this.#frame = new Int16Array(Math.round((this.#rateHz * BEAT_MS) / 1000))
    this.#rest = new Int16Array((this.#rateHz * LONGEST_PIECE_MS) / 1000)
  }

  /** Adds a chunk of the format. */
  say(bytes: Uint8Array): SayResult {
    const durationMs = this.#decoder.durationMs(bytes)
    if (durationMs === 0) return 'empty'
    if (durationMs > LONGEST_VOICE_CHUNK_MS) return 'too-long'
    if (this.#full(bytes.length)) return 'full'
    this.#octets += bytes.length
    this.#queuedMs += durationMs
    this.#queue.push({ type: 'chunk', bytes, at: 0 })
    return 'taken'
  }

  /** Keeps a place for samples that are still being made; null when there is none. Call the returned function with them. */
  sayLater(octets: number): ((samples: Int16Array | null) => void) | null {
    if (this.#full(octets)) return null
    const item: Extract<Item, { type: 'samples' }> = { type: 'samples', samples: null, at: 0, octets }
    this.#octets += octets
    this.#queue.push(item)
    return (samples) => {
      if (!this.#queue.includes(item)) return
      item.samples = samples ?? new Int16Array(0)
      this.#queuedMs += (item.samples.length * 1000) / this.#rateHz
    }
  }

  /** Tells the name back when everything said before has been heard; at once when nothing is waiting. */
  mark(name: string): void {
    if (this.#queue.length === 0 && !this.sounding) return this.#onMark(name)
    if (this.#queue.length < MAX_VOICE_ITEMS) this.#queue.push({ type: 'mark', name })
  }

  /** Forgets what was not heard yet; marks among it are told now. */
  clear(): void {
    const names = [...this.#due]
    for (const item of this.#queue) if (item.type === 'mark') names.push(item.name)
    this.#queue.length = 0
    this.#due.length = 0
    this.#octets = 0
    this.#queuedMs = 0
    this.#restAt = 0
    this.#restEnd = 0
    this.#gatheringSinceMs = null
    this.sounding = false
    for (const name of names) this.#onMark(name)
  }

  close(): void {
    this.ended = true
    this.sounding = false
    this.#queue.length = 0
    this.#decoder.free()
  }

  prepare(sampleRateHz: 8000 | 16000, index: number, dueMs: number): SoundBlock | null {
    if (index !== this.#index) {
      this.#index = index
      this.#advance(dueMs)
    }
    if (!this.sounding) return null
    let ear = this.#ears.get(sampleRateHz)
    if (ear === undefined) {
      ear = new Ear(this.#rateHz, sampleRateHz)
      this.#ears.set(sampleRateHz, ear)
    }
    return ear.hear(this.#frame, index)
  }

  #advance(dueMs: number): void {
    // The frame before this one has been heard by now.
    while (this.#due.length > 0) this.#onMark(this.#due.shift()!)
    const wasSounding = this.sounding
    this.sounding = false
    if (this.ended || !this.#ready(dueMs, wasSounding)) return
    const filled = this.#fill()
    if (filled === 0) return
    if (filled < this.#frame.length) this.#frame.fill(0, filled)
    this.sounding = true
    this.playedFrames++
  }

  /** Whether to sound now: speech goes on, or enough of it has come, or it has waited long enough. */
  #ready(dueMs: number, wasSounding: boolean): boolean {
    this.#passMarks()
    const head = this.#queue[0]
    const held = this.#restEnd > this.#restAt
    if (!held && (head === undefined || (head.type === 'samples' && head.samples === null))) {
      this.#gatheringSinceMs = null
      return false
    }
    if (wasSounding) return true
    this.#gatheringSinceMs ??= dueMs
    if (this.#queuedMs < VOICE_HEAD_START_MS && dueMs - this.#gatheringSinceMs < VOICE_HEAD_START_MS) return false
    this.#gatheringSinceMs = null
    return true
  }

  /** Marks at the head have nothing before them any more. */
  #passMarks(): void {
    if (this.#restEnd > this.#restAt) return
    for (let head = this.#queue[0]; head?.type === 'mark'; head = this.#queue[0]) {
      this.#queue.shift()
      this.#onMark(head.name)
    }
  }

  #fill(): number {
    const want = this.#frame.length
    let have = 0
    while (have < want) {
      if (this.#restEnd > this.#restAt) {
        const count = Math.min(want - have, this.#restEnd - this.#restAt)
        for (let i = 0; i < count; i++) this.#frame[have + i] = this.#rest[this.#restAt + i]!
        this.#restAt += count
        have += count
        continue
      }
      const item = this.#queue[0]
      if (item === undefined) break
      if (item.type === 'mark') {
        this.#due.push(item.name)
        this.#queue.shift()
      } else if (item.type === 'samples') {
        if (item.samples === null) break
        const count = Math.min(want - have, item.samples.length - item.at)
        for (let i = 0; i < count; i++) this.#frame[have + i] = item.samples[item.at + i]!
        item.at += count
        have += count
        this.#queuedMs -= (count * 1000) / this.#rateHz
        if (item.at >= item.samples.length) this.#drop(item.octets)
      } else this.#decodePiece(item, want - have)
    }
    return have
  }

  #decodePiece(item: Extract<Item, { type: 'chunk' }>, samples: number): void {
    const octets = this.#decoder.octetsFor(samples, item.bytes.length - item.at)
    if (octets === 0) return this.#drop(item.bytes.length)
    this.#restAt = 0
    this.#restEnd = this.#decoder.decode(item.bytes, item.at, octets, this.#rest, 0)
    item.at += octets
    this.#queuedMs -= (this.#restEnd * 1000) / this.#rateHz
    if (item.at >= item.bytes.length) this.#drop(item.bytes.length)
  }

  #drop(octets: number): void {
    this.#queue.shift()
    this.#octets -= octets
    if (this.#queue.length === 0) this.#queuedMs = 0
  }

  #full(more: number): boolean {
    return this.#octets + more > MAX_VOICE_OCTETS || this.#queue.length >= MAX_VOICE_ITEMS
  }
}

/** The voice at one listener's rate: made once per beat, however many listen. */
class Ear implements SoundBlock {
  readonly #shared: SharedFrame
  readonly #resampler: Resampler | null
  #index = -1

  constructor(fromHz: number, toHz: number) {
    this.#shared = new SharedFrame((toHz * BEAT_MS) / 1000)
    const samples = Math.round((fromHz * BEAT_MS) / 1000)
    this.#resampler = fromHz === toHz ? null : new Resampler(fromHz, toHz, samples)
  }

  get samples(): Int16Array {
    return this.#shared.samples
  }

  hear(frame: Int16Array, index: number): this {
    if (index === this.#index) return this
    this.#index = index
    if (this.#resampler === null) this.#shared.samples.set(frame)
    else this.#resampler.process(frame, frame.length, this.#shared.samples)
    this.#shared.renew()
    return this
  }

  encodedFrame(codec: Parameters<SharedFrame['encodedIn']>[0]): Uint8Array {
    return this.#shared.encodedIn(codec)
  }
}
