// A voice made higher or lower without being made faster: two readers follow the writer through a short delay line at
// another speed, each faded out while it jumps back and the other is at its loudest. Cheap, a fixed 25 ms late on average,
// and good for voices; music suffers: a steady tone that meets itself in opposition at a jump is heard to flutter.

/** How far the readers fall behind before they jump: long enough for the deepest voices. */
const WINDOW_MS = 50

export class PitchShifter {
  readonly #ratio: number
  readonly #line: Float32Array
  readonly #window: number
  #at = 0
  /** Where the first reader is in its way from one jump to the next, 0 to 1; the second is half a way ahead. */
  #phase = 0

  /** @param ratio 2: an octave up, 0.5: an octave down */
  constructor(sampleRateHz: number, ratio: number) {
    this.#ratio = ratio
    this.#window = (sampleRateHz * WINDOW_MS) / 1000
    this.#line = new Float32Array(2 ** Math.ceil(Math.log2(this.#window + 2)))
  }

  /** Shifts a frame in place. */
  process(frame: Int16Array, count: number): void {
    const line = this.#line
    const mask = line.length - 1
    const step = (1 - this.#ratio) / this.#window
    for (let i = 0; i < count; i++) {
      line[this.#at] = frame[i]!
      const other = this.#phase < 0.5 ? this.#phase + 0.5 : this.#phase - 0.5
      const fade = 0.5 - 0.5 * Math.cos(2 * Math.PI * this.#phase)
      const value = fade * this.#read(this.#phase, mask) + (1 - fade) * this.#read(other, mask)
      frame[i] = Math.round(value)
      this.#at = (this.#at + 1) & mask
      this.#phase += step
      this.#phase -= Math.floor(this.#phase)
    }
  }

  #read(phase: number, mask: number): number {
    const behind = phase * this.#window
    const whole = Math.floor(behind)
    const part = behind - whole
    const newer = this.#line[(this.#at - whole) & mask]!
    const older = this.#line[(this.#at - whole - 1) & mask]!
    return newer + (older - newer) * part
  }
}
