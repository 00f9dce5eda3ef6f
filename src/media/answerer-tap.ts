// The detection of who answered, listening to what a party says.

import { type AnswererConfig, AnswererDetector, type AnswererEvent } from '#audio/answerer.ts'
import { Resampler } from '#audio/resample.ts'
import { BEAT_MS } from './limits.ts'
import type { Tap } from './tap.ts'

const RATE_HZ = 8000

export class AnswererTap implements Tap {
  readonly #detector: AnswererDetector
  readonly #narrow = new Int16Array((RATE_HZ * BEAT_MS) / 1000)
  #resampler: { readonly fromHz: number; readonly resampler: Resampler } | null = null

  constructor(config: AnswererConfig, tell: (event: AnswererEvent) => void) {
    this.#detector = new AnswererDetector(config, tell)
  }

  get done(): boolean {
    return this.#detector.done
  }

  hear(said: Int16Array | null, saidHz: number): void {
    this.#detector.process(said === null || saidHz === RATE_HZ ? said : this.#narrowed(said, saidHz))
  }

  #narrowed(said: Int16Array, fromHz: number): Int16Array {
    const samples = (fromHz * BEAT_MS) / 1000
    if (this.#resampler?.fromHz !== fromHz)
      this.#resampler = { fromHz, resampler: new Resampler(fromHz, RATE_HZ, samples) }
    this.#resampler.resampler.process(said, samples, this.#narrow)
    return this.#narrow
  }
}
