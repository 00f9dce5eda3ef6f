// What is heard in place of a lost packet: the last pitch period again, fading, in the manner of G.711 appendix I. The
// first good frame after it is faded in, so that neither edge clicks. After 60 ms there is nothing left to repeat.

/** Pitch lags searched, in ms: 66 to 400 Hz. */
const SHORTEST_LAG_MS = 2.5
const LONGEST_LAG_MS = 15
/** How far back the search compares, and how much history is kept. */
const COMPARE_MS = 10
const HISTORY_MS = 30
/** Per frame of 20 ms the repetition gets this much quieter, after the first. */
const FADE_PER_FRAME = 0.45
const MOST_FRAMES = 3
const CROSSFADE_MS = 4

export class Concealment {
  readonly #history: Int16Array
  readonly #rate: number
  #lag = 0
  #phase = 0
  #frames = 0
  #gain = 0

  constructor(sampleRateHz: number) {
    this.#rate = sampleRateHz / 1000
    this.#history = new Int16Array(HISTORY_MS * this.#rate)
  }

  /** Must see every good frame; changes its first samples after a loss. */
  good(frame: Int16Array, count: number): void {
    if (this.#frames > 0) this.#fadeIn(frame, count)
    this.#frames = 0
    this.#remember(frame, count)
  }

  /** Fills a frame for what was lost. False once there is nothing to repeat and the frame is silence. */
  conceal(frame: Int16Array, count: number): boolean {
    if (this.#frames === 0) {
      this.#lag = this.#findLag()
      this.#phase = 0
      this.#gain = 1
    }
    this.#frames++
    if (this.#frames > MOST_FRAMES || this.#lag === 0) {
      frame.fill(0, 0, count)
      return false
    }
    const from = this.#gain
    const until = this.#frames === 1 ? 0.8 : this.#frames === MOST_FRAMES ? 0 : from * FADE_PER_FRAME
    for (let i = 0; i < count; i++) {
      frame[i] = this.#next() * (from + ((until - from) * i) / count)
    }
    this.#gain = until
    return true
  }

  #next(): number {
    const history = this.#history
    const value = history[history.length - this.#lag + this.#phase]!
    this.#phase = this.#phase + 1 === this.#lag ? 0 : this.#phase + 1
    return value
  }

  #fadeIn(frame: Int16Array, count: number): void {
    const length = Math.min(count, CROSSFADE_MS * this.#rate)
    for (let i = 0; i < length; i++) {
      const old = this.#lag > 0 ? this.#next() * this.#gain : 0
      frame[i] = old + ((frame[i]! - old) * i) / length
    }
  }

  #remember(frame: Int16Array, count: number): void {
    const history = this.#history
    if (count >= history.length) {
      for (let i = 0; i < history.length; i++) history[i] = frame[count - history.length + i]!
      return
    }
    history.copyWithin(0, count)
    const base = history.length - count
    for (let i = 0; i < count; i++) history[base + i] = frame[i]!
  }

  #findLag(): number {
    const history = this.#history
    const compare = COMPARE_MS * this.#rate
    const start = history.length - compare
    let best = 0
    let bestScore = 0
    for (let lag = SHORTEST_LAG_MS * this.#rate; lag <= LONGEST_LAG_MS * this.#rate; lag++) {
      let product = 0
      let energy = 1
      for (let i = start; i < history.length; i += 2) {
        const past = history[i - lag]!
        product += past * history[i]!
        energy += past * past
      }
      const score = product <= 0 ? 0 : (product * product) / energy
      if (score > bestScore * 1.02) {
        bestScore = score
        best = lag
      }
    }
    // Noise has no pitch: repeat the longest stretch, which sounds least like a tone.
    return best === 0 && bestScore === 0 ? (history[history.length - 1] === 0 ? 0 : LONGEST_LAG_MS * this.#rate) : best
  }
}
