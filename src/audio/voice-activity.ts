// Is somebody speaking? Energy above a floor that follows the background, with a little patience at the end of words.
// Cheap (one pass over the frame), which is what silence timeouts and loudest-speaker choices need.

import { meanPower } from './goertzel.ts'

/** Below this nothing counts as speech: about -50 dBov. */
const LEAST_POWER = 104 * 104
/** Speech stands this far over the background: 9 dB. */
const OVER_FLOOR = 8
/** How quickly the floor rises towards a louder background, per frame; it falls at once by half. */
const FLOOR_RISE = 1.02
/** Frames that still count as speech after the last loud one: 200 ms bridge the gaps inside words. */
const HANGOVER_FRAMES = 10
const HIGHEST_FLOOR = 2000 * 2000

export class VoiceActivity {
  #floor = LEAST_POWER / OVER_FLOOR
  #hangover = 0

  /** Whether this frame of 20 ms is speech (or follows it closely). */
  process(frame: Int16Array, count: number): boolean {
    const power = meanPower(frame, 0, count)
    if (power < this.#floor) this.#floor = Math.max(1, (this.#floor + power) / 2)
    else this.#floor = Math.min(HIGHEST_FLOOR, this.#floor * FLOOR_RISE + 1)
    if (power > LEAST_POWER && power > this.#floor * OVER_FLOOR) this.#hangover = HANGOVER_FRAMES
    else if (this.#hangover > 0) this.#hangover--
    return this.#hangover > 0
  }
}
