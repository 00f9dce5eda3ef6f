// Is this sound one steady tone? A beep of an answering machine, the calling or answering tone of a fax (ITU-T T.30 §4): one
// frequency that holds most of the power and does not move. Speech spreads over harmonics that move all the time.

const SIZE = 256
const RATE_HZ = 8000
const BIN_HZ = RATE_HZ / SIZE
/** Bins that count: telephone lines carry no more, and mains hum is no beep. */
const FIRST_BIN = Math.round(300 / BIN_HZ)
const LAST_BIN = Math.round(3500 / BIN_HZ)
/** Share of the power that the strongest bin and its neighbours must hold. */
const LEAST_SHARE = 0.8
/** How far the frequency may wander between frames. */
const MOST_DRIFT_HZ = 12
/** Mean power below which there is no tone: about -45 dBov. */
const LEAST_POWER = 184 * 184

export interface Tone {
  readonly frequencyHz: number
  readonly durationMs: number
}

/** Takes 20 ms frames at 8 kHz and says how long one tone has been sounding. */
export class SteadyTone {
  readonly #samples = new Float64Array(SIZE)
  readonly #real = new Float64Array(SIZE)
  readonly #imaginary = new Float64Array(SIZE)
  #frequencyHz = 0
  #durationMs = 0

  /**
   * @param frame 20 ms at 8 kHz, or null for nothing heard
   * @returns the tone that ended with this frame; null while none does
   */
  process(frame: Int16Array | null): Tone | null {
    const frequencyHz = frame === null ? null : this.#frequencyOf(frame)
    if (
      frequencyHz !== null &&
      (this.#durationMs === 0 || Math.abs(frequencyHz - this.#frequencyHz) <= MOST_DRIFT_HZ)
    ) {
      this.#frequencyHz = frequencyHz
      this.#durationMs += 20
      return null
    }
    const ended = this.#durationMs > 0 ? { frequencyHz: this.#frequencyHz, durationMs: this.#durationMs } : null
    this.#frequencyHz = frequencyHz ?? 0
    this.#durationMs = frequencyHz === null ? 0 : 20
    return ended
  }

  /** The tone that sounds now; null: none. */
  get sounding(): Tone | null {
    return this.#durationMs === 0 ? null : { frequencyHz: this.#frequencyHz, durationMs: this.#durationMs }
  }

  #frequencyOf(frame: Int16Array): number | null {
    const samples = this.#samples
    samples.copyWithin(0, frame.length)
    let power = 0
    for (let i = 0; i < frame.length; i++) {
      samples[SIZE - frame.length + i] = frame[i]!
      power += frame[i]! * frame[i]!
    }
    if (power / frame.length < LEAST_POWER) return null
    for (let i = 0; i < SIZE; i++) {
      this.#real[i] = samples[i]! * window[i]!
      this.#imaginary[i] = 0
    }
    transform(this.#real, this.#imaginary)
    let total = 0
    let best = FIRST_BIN
    for (let bin = 1; bin < SIZE / 2; bin++) {
      const here = this.#power(bin)
      total += here
      if (bin >= FIRST_BIN && bin <= LAST_BIN && here > this.#power(best)) best = bin
    }
    let around = 0
    for (let bin = best - 2; bin <= best + 2; bin++) around += this.#power(bin)
    if (around < LEAST_SHARE * total) return null
    // The top of the parabola through the three strongest bins.
    const [left, middle, right] = [best - 1, best, best + 1].map((bin) => Math.log(this.#power(bin) + 1))
    const shift = (left! - right!) / (2 * (left! - 2 * middle! + right!))
    return (best + (Number.isFinite(shift) ? shift : 0)) * BIN_HZ
  }

  #power(bin: number): number {
    return this.#real[bin]! * this.#real[bin]! + this.#imaginary[bin]! * this.#imaginary[bin]!
  }
}

/** Hann: a tone between two bins still stays within its neighbours. */
const window = Float64Array.from({ length: SIZE }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / SIZE))
const cosines = Float64Array.from({ length: SIZE / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / SIZE))
const sines = Float64Array.from({ length: SIZE / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / SIZE))

/** A Fourier transform in place (radix 2, decimation in time). */
function transform(real: Float64Array, imaginary: Float64Array): void {
  for (let i = 1, j = 0; i < SIZE; i++) {
    let bit = SIZE >> 1
    for (; j & bit; bit >>= 1) j ^= bit
    j ^= bit
    if (i < j) {
      const swap = real[i]!
      real[i] = real[j]!
      real[j] = swap
    }
  }
  for (let length = 2; length <= SIZE; length <<= 1) {
    const step = SIZE / length
    for (let start = 0; start < SIZE; start += length) {
      for (let k = 0; k < length / 2; k++) {
        const a = start + k
        const b = a + length / 2
        const re = real[b]! * cosines[k * step]! - imaginary[b]! * sines[k * step]!
        const im = real[b]! * sines[k * step]! + imaginary[b]! * cosines[k * step]!
        real[b] = real[a]! - re
        imaginary[b] = imaginary[a]! - im
        real[a] = real[a]! + re
        imaginary[a] = imaginary[a]! + im
      }
    }
  }
}
