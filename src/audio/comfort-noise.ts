// The hiss that tells a listener the line is alive while the other side sends nothing (RFC 3389: the first octet of a
// comfort noise payload is the level in -dBov; spectral shape is left out, the hiss is merely softened).

import { amplitudeOfDbov } from './goertzel.ts'

export class ComfortNoise {
  #state = 0x2545f491
  #last = 0
  #amplitude = 0

  /** @param levelDbov at most 0; quieter than -70 is silence */
  setLevel(levelDbov: number): void {
    // A first-order low-pass halves the power of white noise of peak A, which is A²/3.
    this.#amplitude = levelDbov <= -70 ? 0 : amplitudeOfDbov(Math.min(levelDbov, -30)) * Math.sqrt(3)
  }

  fill(frame: Int16Array, count: number): void {
    if (this.#amplitude === 0) {
      frame.fill(0, 0, count)
      return
    }
    let state = this.#state
    let last = this.#last
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
      last = (last + (state / 2_147_483_648) * this.#amplitude) / 2
      frame[i] = last
    }
    this.#state = state
    this.#last = last
  }
}

/** The level in an RFC 3389 §3.1 payload; null when it is empty. */
export function comfortNoiseLevelDbov(payload: Uint8Array, offset: number, length: number): number | null {
  return length < 1 ? null : -(payload[offset]! & 0x7f)
}
