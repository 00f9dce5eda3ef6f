// What is done to the sound of one session: noise is taken out of what its party says or is sent from its room, and either
// is made higher or lower, each through a filter of its own.

import type { NoiseEngineName, NoiseEngines, NoiseFilter } from '#audio/denoiser.ts'
import { PitchShifter } from '#audio/pitch.ts'
import { BEAT_MS } from './limits.ts'

export interface SuppressionWish {
  readonly direction: 'inbound' | 'outbound' | 'both'
  readonly engine: NoiseEngineName
}

export interface PitchWish {
  readonly direction: 'inbound' | 'outbound' | 'both'
  /** 2: an octave up. */
  readonly ratio: number
}

export class Suppression {
  readonly #engines: NoiseEngines | null
  #wish: SuppressionWish | null = null
  #said: NoiseFilter | null = null
  #sent: NoiseFilter | null = null
  #pitch: PitchWish | null = null
  #saidPitch: PitchShifter | null = null
  #sentPitch: PitchShifter | null = null
  #frame = new Int16Array(0)
  #saidIndex = -1

  /** @param engines null: this worker has none, and every wish is overheard */
  constructor(engines: NoiseEngines | null) {
    this.#engines = engines
  }

  /** Whether packets of the party cannot be passed on as they are. */
  get said(): boolean {
    return this.#said !== null || this.#saidPitch !== null
  }

  /** Whether packets of others cannot be passed on to it. */
  get sent(): boolean {
    return this.#sent !== null || this.#sentPitch !== null
  }

  /** @param wish null: nothing is suppressed any more */
  want(wish: SuppressionWish | null, saidHz: 8000 | 16000, sentHz: 8000 | 16000): void {
    this.#closeFilters()
    this.#wish = wish
    if (wish === null || this.#engines === null) return
    const engine = this.#engines[wish.engine]
    if (wish.direction !== 'outbound') this.#said = engine.make(saidHz)
    if (wish.direction !== 'inbound') this.#sent = engine.make(sentHz)
    this.#frame = new Int16Array((sentHz * BEAT_MS) / 1000)
  }

  /** Makes what is said or sent higher or lower. */
  shift(wish: PitchWish, saidHz: 8000 | 16000, sentHz: 8000 | 16000): void {
    this.#pitch = wish
    this.#saidPitch = wish.direction === 'outbound' ? null : new PitchShifter(saidHz, wish.ratio)
    this.#sentPitch = wish.direction === 'inbound' ? null : new PitchShifter(sentHz, wish.ratio)
    this.#frame = new Int16Array((sentHz * BEAT_MS) / 1000)
  }

  /** Filters are made for a rate: another codec wants others. */
  renew(saidHz: 8000 | 16000, sentHz: 8000 | 16000): void {
    if (this.#wish !== null) this.want(this.#wish, saidHz, sentHz)
    if (this.#pitch !== null) this.shift(this.#pitch, saidHz, sentHz)
  }

  /** Cleans in place what the party said in beat `index`; a second time in one beat is free. */
  cleanSaid(frame: Int16Array, count: number, index: number): void {
    if (!this.said || index === this.#saidIndex) return
    this.#saidIndex = index
    this.#said?.process(frame, count)
    this.#saidPitch?.process(frame, count)
  }

  /** What its room sends it, cleaned: a frame of our own. */
  cleanSent(frame: Int16Array): Int16Array {
    this.#frame.set(frame)
    this.#sent?.process(this.#frame, this.#frame.length)
    this.#sentPitch?.process(this.#frame, this.#frame.length)
    return this.#frame
  }

  close(): void {
    this.#closeFilters()
    this.#saidPitch = null
    this.#sentPitch = null
  }

  #closeFilters(): void {
    this.#said?.close()
    this.#sent?.close()
    this.#said = null
    this.#sent = null
  }
}
