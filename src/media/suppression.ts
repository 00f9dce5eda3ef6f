// Noise suppression of one session: what its party says, and what it is sent from its room, each through a filter of its own.

import type { NoiseEngineName, NoiseEngines, NoiseFilter } from '#audio/denoiser.ts'
import { BEAT_MS } from './limits.ts'

export interface SuppressionWish {
  readonly direction: 'inbound' | 'outbound' | 'both'
  readonly engine: NoiseEngineName
}

export class Suppression {
  readonly #engines: NoiseEngines | null
  #wish: SuppressionWish | null = null
  #said: NoiseFilter | null = null
  #sent: NoiseFilter | null = null
  #frame = new Int16Array(0)
  #saidIndex = -1

  /** @param engines null: this worker has none, and every wish is overheard */
  constructor(engines: NoiseEngines | null) {
    this.#engines = engines
  }

  /** Whether packets of the party cannot be passed on as they are. */
  get said(): boolean {
    return this.#said !== null
  }

  /** Whether packets of others cannot be passed on to it. */
  get sent(): boolean {
    return this.#sent !== null
  }

  /** @param wish null: nothing is suppressed any more */
  want(wish: SuppressionWish | null, saidHz: 8000 | 16000, sentHz: 8000 | 16000): void {
    this.close()
    this.#wish = wish
    if (wish === null || this.#engines === null) return
    const engine = this.#engines[wish.engine]
    if (wish.direction !== 'outbound') this.#said = engine.make(saidHz)
    if (wish.direction !== 'inbound') this.#sent = engine.make(sentHz)
    this.#frame = new Int16Array((sentHz * BEAT_MS) / 1000)
  }

  /** Filters are made for a rate: another codec wants others. */
  renew(saidHz: 8000 | 16000, sentHz: 8000 | 16000): void {
    if (this.#wish !== null) this.want(this.#wish, saidHz, sentHz)
  }

  /** Cleans in place what the party said in beat `index`; a second time in one beat is free. */
  cleanSaid(frame: Int16Array, count: number, index: number): void {
    if (this.#said === null || index === this.#saidIndex) return
    this.#saidIndex = index
    this.#said.process(frame, count)
  }

  /** What its room sends it, cleaned: a frame of our own. */
  cleanSent(frame: Int16Array): Int16Array {
    this.#frame.set(frame)
    this.#sent?.process(this.#frame, this.#frame.length)
    return this.#frame
  }

  close(): void {
    this.#said?.close()
    this.#sent?.close()
    this.#said = null
    this.#sent = null
  }
}
