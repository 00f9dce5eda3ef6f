// What a receiver knows of one source: loss, order, restarts and jitter (RFC 3550 §6.4.1, appendices A.1, A.3, A.8).

import { MAX_DROPOUT, MAX_MISORDER } from './limits.ts'

export type Arrival = 'new-source' | 'in-order' | 'gap' | 'late' | 'duplicate' | 'suspicious'

/** How many sequence numbers back a packet is recognised as heard before. */
const WINDOW = 128

export class ReceiveStats {
  ssrc = 0
  started = false
  packets = 0
  octets = 0
  /** Packets of earlier sources, so that totals survive a change of SSRC. */
  #lostBefore = 0
  #highest = 0
  #base = 0
  #receivedOfSource = 0
  #expectedPrior = 0
  #receivedPrior = 0
  #badSequence = -1
  #transit = 0
  #transitKnown = false
  #jitter = 0
  maxJitterMs = 0
  #clockRateHz: number
  /** One flag per recent sequence number. */
  readonly #seen = new Uint8Array(WINDOW)

  constructor(clockRateHz: number) {
    this.#clockRateHz = clockRateHz
  }

  /** The source speaks another codec from now on, whose timestamps count otherwise. */
  countAt(clockRateHz: number): void {
    if (clockRateHz === this.#clockRateHz) return
    this.#jitter *= clockRateHz / this.#clockRateHz
    this.#clockRateHz = clockRateHz
    this.forgetTransit()
  }

  /** Files one packet. `suspicious`: far away from what is expected; two such in a row are a restart. */
  receive(ssrc: number, sequence: number, timestamp: number, octets: number, nowMs: number): Arrival {
    if (!this.started || ssrc !== this.ssrc) {
      if (this.started) this.#lostBefore = this.lost
      this.#restart(ssrc, sequence)
      this.#count(octets)
      this.#measure(timestamp, nowMs)
      return 'new-source'
    }
    const delta = (sequence - (this.#highest & 0xffff)) & 0xffff
    let arrival: Arrival
    if (delta === 0) arrival = 'duplicate'
    else if (delta < MAX_DROPOUT) {
      for (let i = 1; i < delta && i <= WINDOW; i++) this.#seen[(this.#highest + i) % WINDOW] = 0
      this.#highest += delta
      this.#seen[this.#highest % WINDOW] = 1
      arrival = delta === 1 ? 'in-order' : 'gap'
    } else if (delta <= 0x10000 - MAX_MISORDER) {
      if (sequence !== this.#badSequence) {
        this.#badSequence = (sequence + 1) & 0xffff
        return 'suspicious'
      }
      this.#lostBefore = this.lost
      this.#restart(ssrc, sequence)
      arrival = 'new-source'
    } else {
      const extended = this.#highest - (0x10000 - delta)
      if (extended < this.#base) arrival = 'late'
      else {
        const slot = ((extended % WINDOW) + WINDOW) % WINDOW
        arrival = this.#seen[slot] === 1 ? 'duplicate' : 'late'
        this.#seen[slot] = 1
      }
    }
    this.#badSequence = -1
    if (arrival === 'duplicate') {
      this.packets++
      this.octets += octets
      return arrival
    }
    this.#count(octets)
    if (arrival === 'in-order' || arrival === 'gap') this.#measure(timestamp, nowMs)
    return arrival
  }

  /** The next packet is not compared with the last for jitter: after a pause, its timestamp says nothing about delay. */
  forgetTransit(): void {
    this.#transitKnown = false
  }

  get extendedHighest(): number {
    return this.#highest >>> 0
  }

  /** Packets that never came, over all sources; never negative. */
  get lost(): number {
    return this.#lostBefore + Math.max(0, this.#expected - this.#receivedOfSource)
  }

  /** In RTP clock units. */
  get jitterUnits(): number {
    return Math.floor(this.#jitter)
  }

  get jitterMs(): number {
    return (this.#jitter * 1000) / this.#clockRateHz
  }

  /** Loss since the last call in 1/256 (A.3), for a report block. */
  takeFractionLost(): number {
    const expected = this.#expected - this.#expectedPrior
    const received = this.#receivedOfSource - this.#receivedPrior
    this.#expectedPrior = this.#expected
    this.#receivedPrior = this.#receivedOfSource
    const lost = expected - received
    return expected <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / expected))
  }

  get #expected(): number {
    return this.started ? this.#highest - this.#base + 1 : 0
  }

  #restart(ssrc: number, sequence: number): void {
    this.started = true
    this.ssrc = ssrc
    this.#base = sequence
    this.#highest = sequence
    this.#receivedOfSource = 0
    this.#expectedPrior = 0
    this.#receivedPrior = 0
    this.#badSequence = -1
    this.#transitKnown = false
    this.#seen.fill(0)
    this.#seen[sequence % WINDOW] = 1
  }

  #count(octets: number): void {
    this.packets++
    this.#receivedOfSource++
    this.octets += octets
  }

  #measure(timestamp: number, nowMs: number): void {
    const arrival = (nowMs * this.#clockRateHz) / 1000
    const transit = arrival - timestamp
    if (this.#transitKnown) {
      // Around the circle of timestamps.
      let distance = (transit - this.#transit) % 4_294_967_296
      if (distance > 2_147_483_648) distance -= 4_294_967_296
      else if (distance < -2_147_483_648) distance += 4_294_967_296
      const magnitude = distance < 0 ? -distance : distance
      // A jump of more than two seconds is a new timestamp base, not jitter.
      if (magnitude < this.#clockRateHz * 2) {
        this.#jitter += (magnitude - this.#jitter) / 16
        const jitterMs = (this.#jitter * 1000) / this.#clockRateHz
        if (jitterMs > this.maxJitterMs) this.maxJitterMs = jitterMs
      }
    }
    this.#transit = transit
    this.#transitKnown = true
  }
}
