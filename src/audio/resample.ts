// Sample rates between anything a file may have and what a telephone speaks: a polyphase windowed sinc. For a ratio
// L/M (reduced) the prototype low-pass has L phases; output n stands at input position n*M/L and takes one phase.
//
//   input   x  x  x  x  x  x          out[n] = sum over k of  h[phase(n)][k] * x[base(n) + k]
//   output   y    y    y              base(n) = floor(n*M/L) - taps/2 + 1,  phase(n) = (n*M) mod L
//
// The pass band is flat to within 0.2 dB up to 0.4 of the lower rate and mirror images lie 55 dB down
// (resample.test.ts measures both). `Resampler` streams frame by frame without allocating; `resampleAt` computes any
// stretch of a longer recording, so that prompts can be loaded a second at a time in any order.

/** Taps per phase when the rate rises; falling rates take proportionally more. */
const TAPS = 48
/** Where the pass band ends, as a part of the lower rate's half. */
const CUTOFF = 0.945
/** Kaiser window: about 60 dB of attenuation. */
const KAISER_BETA = 6.2

export interface ResampleFilter {
  readonly up: number
  readonly down: number
  readonly taps: number
  /** `up` rows of `taps` coefficients. */
  readonly rows: Float32Array
}

const filters = new Map<number, ResampleFilter>()

/** The filter from one rate to another; made once per pair. */
export function resampleFilter(fromHz: number, toHz: number): ResampleFilter {
  const divisor = greatestCommonDivisor(fromHz, toHz)
  const up = toHz / divisor
  const down = fromHz / divisor
  const key = up * 0x100000 + down
  let filter = filters.get(key)
  if (filter === undefined) {
    filter = design(up, down)
    filters.set(key, filter)
  }
  return filter
}

/** How many input samples on either side a stretch needs. */
export function resampleMargin(filter: ResampleFilter): number {
  return filter.taps / 2 + 1
}

/**
 * Computes `count` output samples from absolute output index `firstOut`.
 * `input[0]` stands at absolute input index `inputStart`; what lies outside `input` counts as silence.
 */
export function resampleAt(
  filter: ResampleFilter,
  input: Int16Array,
  inputStart: number,
  inputLength: number,
  firstOut: number,
  count: number,
  output: Int16Array,
  outputOffset = 0,
): void {
  const { up, down, taps, rows } = filter
  for (let i = 0; i < count; i++) {
    const scaled = (firstOut + i) * down
    const whole = Math.floor(scaled / up)
    const row = (scaled - whole * up) * taps
    const base = whole - taps / 2 + 1 - inputStart
    const from = base < 0 ? -base : 0
    const to = base + taps > inputLength ? inputLength - base : taps
    let sum = 0
    for (let k = from; k < to; k++) sum += rows[row + k]! * input[base + k]!
    output[outputOffset + i] = toSample(sum)
  }
}

/** One direction of one stream, e.g. 16 kHz to 8 kHz, a frame at a time. Adds half a filter length of delay. */
export class Resampler {
  readonly #filter: ResampleFilter
  readonly #buffer: Float32Array
  #held = 0
  #phase = 0

  /** @param maxInput the longest frame `process` will be given */
  constructor(fromHz: number, toHz: number, maxInput: number) {
    this.#filter = resampleFilter(fromHz, toHz)
    this.#buffer = new Float32Array(this.#filter.taps * 2 + maxInput + this.#filter.down)
    this.#held = this.#filter.taps - 1
  }

  /** Returns how many samples were written to `output`. */
  process(input: Int16Array, inputLength: number, output: Int16Array): number {
    const { up, down, taps, rows } = this.#filter
    const buffer = this.#buffer
    let held = this.#held
    for (let i = 0; i < inputLength; i++) buffer[held + i] = input[i]!
    held += inputLength
    let base = 0
    let phase = this.#phase
    let written = 0
    while (base + taps <= held) {
      const row = phase * taps
      let sum = 0
      for (let k = 0; k < taps; k++) sum += rows[row + k]! * buffer[base + k]!
      output[written++] = toSample(sum)
      phase += down
      while (phase >= up) {
        phase -= up
        base++
      }
    }
    buffer.copyWithin(0, base, held)
    this.#held = held - base
    this.#phase = phase
    return written
  }

  /** Forgets what was heard. */
  reset(): void {
    this.#buffer.fill(0)
    this.#held = this.#filter.taps - 1
    this.#phase = 0
  }
}

function toSample(value: number): number {
  const rounded = Math.round(value)
  return rounded > 32_767 ? 32_767 : Math.max(rounded, -32_768)
}

function design(up: number, down: number): ResampleFilter {
  let taps = Math.ceil(TAPS * Math.max(1, down / up))
  taps += taps & 1
  const rows = new Float32Array(up * taps)
  // In units of the input rate: the lower of the two rates' halves.
  const cutoff = (CUTOFF * Math.min(1, up / down)) / 2
  const half = taps / 2
  for (let phase = 0; phase < up; phase++) {
    let sum = 0
    for (let k = 0; k < taps; k++) {
      const distance = k - half + 1 - phase / up
      const value = sinc(2 * cutoff * distance) * kaiser(distance / half)
      rows[phase * taps + k] = value
      sum += value
    }
    // Each phase passes a constant unchanged, or steady tones would shimmer.
    for (let k = 0; k < taps; k++) rows[phase * taps + k]! /= sum
  }
  return { up, down, taps, rows }
}

function sinc(x: number): number {
  return Math.abs(x) < 1e-9 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel(KAISER_BETA)
}

/** Modified Bessel function of the first kind, order zero, by its series. */
function bessel(x: number): number {
  let sum = 1
  let term = 1
  for (let k = 1; k < 40; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
