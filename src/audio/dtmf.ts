// Digits as sounds (ITU-T Q.23, Q.24): each is one of four low and one of four high frequencies at once. `renderDigit`
// makes them; `DtmfDetector` finds them in speech, music and noise without being talked into digits that nobody dialled.

import { amplitudeOfDbov } from './goertzel.ts'

export const DTMF_DIGITS = '123A456B789C*0#D'
const LOW_HZ = [697, 770, 852, 941] as const
const HIGH_HZ = [1209, 1336, 1477, 1633] as const

/** Level of each of the two tones we send: about -9 dBm0, with the high group 1 dB stronger as telephones do. */
const SEND_LOW_DBOV = -14
const SEND_HIGH_DBOV = -13
const EDGE_MS = 3

/** The two frequencies of a digit; null when it is none. */
export function digitFrequencies(digit: string): readonly [number, number] | null {
  const index = DTMF_DIGITS.indexOf(digit.toUpperCase())
  return index < 0 || digit.length !== 1 ? null : [LOW_HZ[index >> 2]!, HIGH_HZ[index & 3]!]
}

/** Computes `count` samples of a digit that lasts `lengthSamples`, from its sample `first`; silence after its end. */
export function renderDigit(
  digit: string,
  sampleRateHz: number,
  lengthSamples: number,
  first: number,
  count: number,
  to: Int16Array,
): void {
  const pair = digitFrequencies(digit)
  const low = amplitudeOfDbov(SEND_LOW_DBOV)
  const high = amplitudeOfDbov(SEND_HIGH_DBOV)
  const edge = (EDGE_MS * sampleRateHz) / 1000
  for (let i = 0; i < count; i++) {
    const at = first + i
    if (pair === null || at >= lengthSamples) {
      to[i] = 0
      continue
    }
    const fromEdge = Math.min(at, lengthSamples - 1 - at)
    const envelope = fromEdge < edge ? fromEdge / edge : 1
    const angle = (2 * Math.PI * at) / sampleRateHz
    to[i] = Math.round(envelope * (low * Math.sin(angle * pair[0]) + high * Math.sin(angle * pair[1])))
  }
}

/**
 * Listening goes in hops of 12.75 ms, each judged together with the one before it: a window of 25.5 ms. It is long enough
 * to tell a dialled frequency from a voice's harmonic nearby, and any digit of 40 ms (Q.24) holds one window whole.
 * The price is that frequencies may be off by 0.7 % rather than Q.24's 1.5 %; whatever dials today makes them exactly.
 */
const HOP_MS = 12.75
/** Each tone at least about -36 dBov. */
const LEAST_AMPLITUDE = 500
/** One tone over the other at most 8 dB, either way. */
const MOST_TWIST = 6.3
/** The strongest of a group over the others of it: 8 dB. */
const GROUP_DOMINANCE = 6.3
/** Part of the window's energy that the two tones hold: speech spreads, digits do not. Also refuses tones of 20 ms. */
const PURITY = 0.92
/** One hop of the window over the other in energy: dialled tones are steady, voices swell. */
const MOST_SWELL = 2.5
/** Windows in a row without it that end a digit, unless silence ends it sooner: a lost packet does not make two digits. */
const MISSES_TO_END = 2
/** A hop this much quieter than the digit was (12 dB) is a pause. */
const PAUSE = 1 / 16

export class DtmfDetector {
  readonly #hopSamples: number
  readonly #coefficients = new Float64Array(8)
  /** cos and sin of one sample's angle, of a hop's less one, and of a hop's, for each tone. */
  readonly #turns = new Float64Array(8 * 6)
  readonly #s1 = new Float64Array(8)
  readonly #s2 = new Float64Array(8)
  /** The last hop's spectrum at the eight tones (re, im), and the window's power there. */
  readonly #last = new Float64Array(16)
  readonly #power = new Float64Array(8)
  readonly #onDigit: (digit: string, durationMs: number) => void
  #filled = 0
  #energy = 0
  #lastEnergy = 0
  #current = -1
  #currentEnergy = 0
  #windows = 0
  #misses = 0

  /** @param onDigit called when a digit has ended */
  constructor(sampleRateHz: number, onDigit: (digit: string, durationMs: number) => void) {
    this.#hopSamples = Math.round((HOP_MS * sampleRateHz) / 1000)
    this.#onDigit = onDigit
    for (let tone = 0; tone < 8; tone++) {
      const angle = (2 * Math.PI * (tone < 4 ? LOW_HZ[tone]! : HIGH_HZ[tone - 4]!)) / sampleRateHz
      this.#coefficients[tone] = 2 * Math.cos(angle)
      const turns = [angle, angle * (this.#hopSamples - 1), angle * this.#hopSamples]
      turns.forEach((turn, i) => {
        this.#turns[tone * 6 + i * 2] = Math.cos(turn)
        this.#turns[tone * 6 + i * 2 + 1] = Math.sin(turn)
      })
    }
  }

  /** Listens to the next samples. */
  process(samples: Int16Array, count: number): void {
    let at = 0
    while (at < count) {
      const take = Math.min(count - at, this.#hopSamples - this.#filled)
      this.#accumulate(samples, at, take)
      at += take
      this.#filled += take
      if (this.#filled === this.#hopSamples) this.#endHop()
    }
  }

  #accumulate(samples: Int16Array, from: number, count: number): void {
    let energy = 0
    for (let i = 0; i < count; i++) energy += samples[from + i]! * samples[from + i]!
    this.#energy += energy
    // Silence needs no filters, whose memory is still empty.
    if (this.#energy === 0) return
    for (let tone = 0; tone < 8; tone++) {
      const coefficient = this.#coefficients[tone]!
      let s1 = this.#s1[tone]!
      let s2 = this.#s2[tone]!
      for (let i = 0; i < count; i++) {
        const s0 = samples[from + i]! + coefficient * s1 - s2
        s2 = s1
        s1 = s0
      }
      this.#s1[tone] = s1
      this.#s2[tone] = s2
    }
  }

  #endHop(): void {
    const turns = this.#turns
    for (let tone = 0; tone < 8; tone++) {
      const t = tone * 6
      const s2 = this.#s2[tone]!
      // What the filter holds, turned back to the phase at the hop's first sample.
      const heldRe = this.#s1[tone]! - s2 * turns[t]!
      const heldIm = s2 * turns[t + 1]!
      const re = heldRe * turns[t + 2]! + heldIm * turns[t + 3]!
      const im = heldIm * turns[t + 2]! - heldRe * turns[t + 3]!
      // The window is the last hop and this one, which stands a hop's angle later.
      const sumRe = this.#last[tone * 2]! + re * turns[t + 4]! + im * turns[t + 5]!
      const sumIm = this.#last[tone * 2 + 1]! + im * turns[t + 4]! - re * turns[t + 5]!
      this.#power[tone] = sumRe * sumRe + sumIm * sumIm
      this.#last[tone * 2] = re
      this.#last[tone * 2 + 1] = im
    }
    this.#judge(this.#decide())
    this.#lastEnergy = this.#energy
    this.#energy = 0
    this.#filled = 0
    this.#s1.fill(0)
    this.#s2.fill(0)
  }

  /** The digit this window holds, as an index into the keypad, or -1. */
  #decide(): number {
    const power = this.#power
    const n = this.#hopSamples * 2
    // A sine of amplitude A has power (A n / 2)² here, and energy A² n / 2.
    const least = ((LEAST_AMPLITUDE * n) / 2) ** 2
    let low = 0
    let high = 4
    for (let i = 1; i < 4; i++) {
      if (power[i]! > power[low]!) low = i
      if (power[i + 4]! > power[high]!) high = i + 4
    }
    const lowPower = power[low]!
    const highPower = power[high]!
    if (lowPower < least || highPower < least) return -1
    if (lowPower > highPower * MOST_TWIST || highPower > lowPower * MOST_TWIST) return -1
    for (let i = 0; i < 4; i++) {
      if (i !== low && power[i]! * GROUP_DOMINANCE > lowPower) return -1
      if (i + 4 !== high && power[i + 4]! * GROUP_DOMINANCE > highPower) return -1
    }
    if (this.#energy > this.#lastEnergy * MOST_SWELL || this.#lastEnergy > this.#energy * MOST_SWELL) return -1
    if (((lowPower + highPower) * 2) / n < PURITY * (this.#energy + this.#lastEnergy)) return -1
    return low * 4 + (high - 4)
  }

  #judge(found: number): void {
    if (this.#current >= 0 && found === this.#current) {
      this.#windows += 1 + this.#misses
      this.#misses = 0
      this.#currentEnergy = Math.max(this.#currentEnergy, this.#energy)
      return
    }
    if (this.#current >= 0) {
      this.#misses++
      const paused = this.#energy < this.#currentEnergy * PAUSE
      if (found < 0 && !paused && this.#misses < MISSES_TO_END) return
      // A tone of n windows lasts about one hop more than n hops.
      this.#onDigit(DTMF_DIGITS[this.#current]!, Math.round((this.#windows + 1) * HOP_MS))
      this.#current = -1
    }
    if (found < 0) return
    this.#current = found
    this.#currentEnergy = this.#energy
    this.#windows = 1
    this.#misses = 0
  }
}
