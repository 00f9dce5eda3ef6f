// Frames of one direction on their way to the rate somebody else works at. Parties change their codec, and with it their rate,
// in the middle of a call, so the rate they come at is said with every frame.

import { Resampler } from '#audio/resample.ts'
import { BEAT_MS } from './limits.ts'

const BEATS_PER_SECOND = 1000 / BEAT_MS

export class AtRate {
  readonly #toHz: number
  #fromHz: number
  #resampler: Resampler | null = null
  #out = new Int16Array(0)
  #silence = new Int16Array(0)

  constructor(toHz: number) {
    this.#toHz = toHz
    this.#fromHz = toHz
  }

  /** The frame at our rate; null for null, unless the resampler still has an end of the last sound to give. */
  frame(input: Int16Array | null, fromHz: number): Int16Array | null {
    if (fromHz !== this.#fromHz) this.#comeAt(fromHz)
    if (this.#resampler === null) return input
    this.#resampler.process(input ?? this.#silence, fromHz / BEATS_PER_SECOND, this.#out)
    return this.#out
  }

  #comeAt(fromHz: number): void {
    this.#fromHz = fromHz
    this.#resampler = fromHz === this.#toHz ? null : new Resampler(fromHz, this.#toHz, fromHz / BEATS_PER_SECOND)
    this.#out = new Int16Array(this.#resampler === null ? 0 : this.#toHz / BEATS_PER_SECOND)
    this.#silence = new Int16Array(this.#resampler === null ? 0 : fromHz / BEATS_PER_SECOND)
  }
}
