// One playing of a prompt: where it stands, how often it still repeats, how loud. Several sessions may listen, each asking
// once per beat; the player moves on once per beat, whoever asks first.

import type { PlainCodec } from './codec.ts'
import { BEAT_MS, GROWING_POLL_MS, GROWING_STALL_MS } from './limits.ts'
import { BLOCK_FRAMES, type Prompt, type PromptBlock } from './prompt.ts'
import type { MediaFailure, PlayerId, PlayerSource } from './protocol.ts'

export interface PlayerWant {
  readonly player: PlayerId
  readonly source: PlayerSource
  readonly times: number | 'forever'
  readonly gain: number
  readonly replace: boolean
}

/** A stretch of sound with this beat's frame in it. */
export interface SoundBlock {
  readonly samples: Int16Array
  /** The stretch in a codec, with frame `frame` of it made. */
  encodedFrame(codec: PlainCodec, frame: number): Uint8Array
}

/** What a session plays over, or instead of, its room: a prompt, or what an application says. */
export interface Playable {
  readonly replace: boolean
  readonly gain: number
  /** Where this beat's frame lies in its block. */
  readonly frameInBlock: number
  /** Whether this beat sounds at all. */
  readonly sounding: boolean
  readonly started: boolean
  readonly ended: boolean
  /** Moves to this beat, and gives the block with this beat's frame at a rate; null: silence, or nothing (`sounding`). */
  prepare(sampleRateHz: 8000 | 16000, index: number, dueMs: number): SoundBlock | null
}

export interface PlayerListener {
  /** The first frame is being sent. */
  onStarted(player: Player): void
  /** It is over by itself, or failed: `failure` says. */
  onEnded(player: Player): void
}

export class Player implements Playable {
  readonly id: PlayerId
  readonly replace: boolean
  readonly gain: number
  readonly source: PlayerSource
  /** Where this beat's frame lies in its block. */
  frameInBlock = 0
  /** Whether this beat sounds at all (a prompt still being fetched does not). */
  sounding = false
  ended = false
  failure: MediaFailure | null = null
  playedFrames = 0
  started = false
  readonly #repeats: number
  readonly #take: (sampleRateHz: 8000 | 16000) => Prompt | null
  readonly #listener: PlayerListener
  readonly #prompts = new Map<number, Prompt>()
  #main: Prompt | null = null
  #block: PromptBlock | null = null
  #silentFrames = 0
  #index = -1
  #position = 0
  #round = 0
  #pollAtMs = 0
  #waitingSinceMs: number | null = null

  /** @param take fetches the prompt at a rate, from the shelf; called once per rate */
  constructor(want: PlayerWant, take: (sampleRateHz: 8000 | 16000) => Prompt | null, listener: PlayerListener) {
    this.#listener = listener
    this.id = want.player
    this.replace = want.replace
    this.gain = want.gain
    this.source = want.source
    this.#repeats =
      want.times === 'forever' || want.source.type === 'hold-music' ? Number.POSITIVE_INFINITY : want.times
    this.#take = take
    if (want.source.type === 'silence') this.#silentFrames = Math.ceil(want.source.durationMs / BEAT_MS)
  }

  get playedMs(): number {
    return this.playedFrames * BEAT_MS
  }

  /** Every prompt it took, to be given back. */
  get prompts(): Iterable<Prompt> {
    return this.#prompts.values()
  }

  /** Moves to this beat, and gives the block with this beat's frame at a rate; null: silence, or nothing (`sounding`). */
  prepare(sampleRateHz: 8000 | 16000, index: number, dueMs: number): PromptBlock | null {
    if (index !== this.#index) this.#advance(index, sampleRateHz, dueMs)
    if (!this.sounding || this.#main === null) return null
    if (this.#main.sampleRateHz === sampleRateHz) return this.#block
    // A listener of the other rate has its own prompt, at the same place.
    return this.#promptAt(sampleRateHz)?.blockOf(this.#position, dueMs) ?? null
  }

  /** Begins fetching, so that the first beat finds something. */
  preload(sampleRateHz: 8000 | 16000, nowMs: number): void {
    if (this.source.type !== 'silence') this.#promptAt(sampleRateHz)?.load(0, nowMs)
  }

  #advance(index: number, sampleRateHz: 8000 | 16000, dueMs: number): void {
    this.#index = index
    if (this.ended) {
      this.sounding = false
      return
    }
    if (this.source.type === 'silence') {
      this.#advanceSilence()
      return
    }
    this.#main ??= this.#promptAt(sampleRateHz)
    const main = this.#main
    if (main === null) return this.#end({ type: 'unknown' })
    if (this.sounding) this.#position++
    for (;;) {
      if (main.failure !== null) return this.#end(main.failure)
      if (main.totalFrames !== null && this.#position >= main.totalFrames) {
        if (main.totalFrames === 0 && this.source.type === 'file') {
          return this.#end({ type: 'file-unusable', reason: 'the file holds no sound' })
        }
        this.#round++
        this.#position = 0
        if (this.#round >= this.#repeats || main.totalFrames === 0) {
          return this.#end(null)
        }
        continue
      }
      break
    }
    this.#find(main, dueMs)
  }

  #find(main: Prompt, dueMs: number): void {
    if (!this.sounding && this.started && dueMs < this.#pollAtMs) return
    const block = main.blockOf(this.#position, dueMs)
    this.frameInBlock = this.#position % BLOCK_FRAMES
    if (block === null) {
      // Not here yet: wait in place. Only a growing file may take its time.
      this.sounding = false
      this.#block = null
      this.#pollAtMs = dueMs + GROWING_POLL_MS
      if (this.#waitingSinceMs === null) this.#waitingSinceMs = dueMs
      const stillMs = dueMs - Math.max(this.#waitingSinceMs, main.progressAtMs)
      if (stillMs > GROWING_STALL_MS) this.#end({ type: 'file-unusable', reason: 'nothing more came' })
      return
    }
    this.#block = block
    this.#waitingSinceMs = null
    this.#sound()
  }

  #advanceSilence(): void {
    if (this.sounding) this.#position++
    if (this.#position >= this.#silentFrames) {
      this.#position = 0
      this.#round++
      if (this.#round >= this.#repeats || this.#silentFrames === 0) return this.#end(null)
    }
    this.#sound()
  }

  #sound(): void {
    this.sounding = true
    this.playedFrames++
    if (this.started) return
    this.started = true
    this.#listener.onStarted(this)
  }

  #end(failure: MediaFailure | null): void {
    this.failure = failure
    this.ended = true
    this.sounding = false
    this.#block = null
    this.#listener.onEnded(this)
  }

  #promptAt(sampleRateHz: 8000 | 16000): Prompt | null {
    let prompt = this.#prompts.get(sampleRateHz)
    if (prompt === undefined) {
      const taken = this.#take(sampleRateHz)
      if (taken === null) return null
      prompt = taken
      this.#prompts.set(sampleRateHz, prompt)
    }
    return prompt
  }
}
