// What one party says or is sent, sent on by a session of its own: to a recording server, or whoever else is to hear a copy.
// The far end gets a steady stream: silence while nothing is said, and while the party is on hold.

import { AtRate } from './at-rate.ts'
import type { MediaSession } from './session.ts'
import type { Tap } from './tap.ts'

export class RelayTap implements Tap {
  readonly from: MediaSession
  readonly #to: MediaSession
  readonly #track: 'inbound' | 'outbound'
  #rate: AtRate
  #rateHz: number

  /** @param from whom is listened to; @param to who sends it on */
  constructor(from: MediaSession, to: MediaSession, track: 'inbound' | 'outbound') {
    this.from = from
    this.#to = to
    this.#track = track
    this.#rateHz = to.sampleRateHz
    this.#rate = new AtRate(to.sampleRateHz)
  }

  hear(
    said: Int16Array | null,
    saidHz: number,
    sent: Int16Array | null,
    sentHz: number,
    dueMs: number,
    index: number,
  ): void {
    const to = this.#to
    if (to.sampleRateHz !== this.#rateHz) {
      this.#rateHz = to.sampleRateHz
      this.#rate = new AtRate(this.#rateHz)
    }
    // What is made for a party that holds us does not leave the house.
    const outbound = this.from.canSend ? sent : null
    const frame = this.#track === 'inbound' ? this.#rate.frame(said, saidHz) : this.#rate.frame(outbound, sentHz)
    to.say(frame, index, dueMs)
  }
}
