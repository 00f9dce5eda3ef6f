// Noise suppression: an engine takes away what is not voice, a frame at a time. One engine is shipped, RNNoise (a small
// recurrent network, Xiph); another would implement `NoiseEngine` and be named in
// `NoiseEngines`.

import type { Rnnoise } from '@jitsi/rnnoise-wasm/dist/rnnoise.js'
import { Resampler } from './resample.ts'

/** One direction of one stream. */
export interface NoiseFilter {
  /** Cleans a frame of 20 ms in place. */
  process(frame: Int16Array, count: number): void
  /** Gives back what it holds; it is not used afterwards. */
  close(): void
}

export interface NoiseEngine {
  readonly name: string
  /** A filter for a stream of this rate. It passes everything on until the engine is loaded. */
  make(sampleRateHz: 8000 | 16000): NoiseFilter
}

/** RNNoise knows one rate and one frame. */
const RATE_HZ = 48_000
const FRAME = 480
const FLOAT_OCTETS = 4

/**
 * RNNoise.
 *
 * @param read gives its WebAssembly, `@jitsi/rnnoise-wasm/dist/rnnoise.wasm`, when the first filter is made
 */
export class RnnoiseEngine implements NoiseEngine {
  readonly name = 'rnnoise'
  readonly #read: () => Promise<Uint8Array>
  #module: Promise<Rnnoise> | null = null

  constructor(read: () => Promise<Uint8Array>) {
    this.#read = read
  }

  /** Loads it ahead of the first call that wants it. */
  load(): Promise<Rnnoise> {
    this.#module ??= Promise.all([import('@jitsi/rnnoise-wasm/dist/rnnoise.js'), this.#read()]).then(
      ([{ default: create }, wasmBinary]) => create({ wasmBinary, locateFile: (name) => name }),
    )
    return this.#module
  }

  make(sampleRateHz: 8000 | 16000): NoiseFilter {
    return new RnnoiseFilter(sampleRateHz, this.load())
  }
}

class RnnoiseFilter implements NoiseFilter {
  readonly #up: Resampler
  readonly #down: Resampler
  /** 20 ms at 48 kHz. */
  readonly #wide = new Int16Array(2 * FRAME)
  #rnnoise: Rnnoise | null = null
  #state = 0
  #buffer = 0
  #closed = false

  constructor(sampleRateHz: number, loading: Promise<Rnnoise>) {
    this.#up = new Resampler(sampleRateHz, RATE_HZ, sampleRateHz / 50)
    this.#down = new Resampler(RATE_HZ, sampleRateHz, 2 * FRAME)
    void loading.then((rnnoise) => {
      if (this.#closed) return
      this.#rnnoise = rnnoise
      this.#state = rnnoise._rnnoise_create()
      this.#buffer = rnnoise._malloc(FRAME * FLOAT_OCTETS)
    })
  }

  process(frame: Int16Array, count: number): void {
    const rnnoise = this.#rnnoise
    if (rnnoise === null) return
    this.#up.process(frame, count, this.#wide)
    const at = this.#buffer / FLOAT_OCTETS
    for (let half = 0; half < 2; half++) {
      const from = half * FRAME
      // Memory may have grown, and its view with it, since the last frame.
      const floats = rnnoise.HEAPF32
      for (let i = 0; i < FRAME; i++) floats[at + i] = this.#wide[from + i]!
      rnnoise._rnnoise_process_frame(this.#state, this.#buffer, this.#buffer)
      for (let i = 0; i < FRAME; i++) this.#wide[from + i] = Math.max(-32_768, Math.min(32_767, floats[at + i]!))
    }
    this.#down.process(this.#wide, 2 * FRAME, frame)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#rnnoise === null) return
    this.#rnnoise._rnnoise_destroy(this.#state)
    this.#rnnoise._free(this.#buffer)
    this.#rnnoise = null
  }
}

/** The engines of a media worker, by name. */
export type NoiseEngineName = 'rnnoise'
export type NoiseEngines = Readonly<Record<NoiseEngineName, NoiseEngine>>
