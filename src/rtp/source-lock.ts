// Whose packets count. A session trusts the address that signalling named; a phone behind a NAT speaks from another, which
// it may claim by speaking steadily while the named one is silent (symmetric RTP, RFC 4961; research/reliability M1, M2).
// Once locked, nobody else is heard or sent to until signalling says something new, or the source has been silent so
// long that its NAT may have forgotten it.

import type { Address } from '#base/wire.ts'
import { LATCH_PACKETS, LATCH_WINDOW_MS, RELATCH_SILENCE_MS } from './limits.ts'

export type Verdict = 'accept' | 'drop' | 'accept-and-move'

export class SourceLock {
  #signalled: Address | null = null
  #latch = false
  #locked: Address | null = null
  #lockedAtMs = 0
  #lastHeardMs = 0
  #candidate: Address | null = null
  #candidateSsrc = 0
  #candidateSequence = 0
  #candidatePackets = 0
  #candidateSinceMs = 0

  /** Where to send, and whom we hear: the locked source, or the signalled address before anyone was heard. */
  get target(): Address | null {
    return this.#locked ?? this.#signalled
  }

  get locked(): Address | null {
    return this.#locked
  }

  /** Signalling spoke. The same words again change nothing; a new address opens the lock. */
  signal(remote: Address | null, latch: boolean): void {
    const same =
      remote === this.#signalled ||
      (remote !== null &&
        this.#signalled !== null &&
        remote.host === this.#signalled.host &&
        remote.port === this.#signalled.port)
    this.#latch = latch
    if (same) return
    this.#signalled = remote
    this.#locked = null
    this.#candidate = null
  }

  /** Whether the socket may be tied to the locked address: nobody else could be right any more. */
  settled(nowMs: number): boolean {
    if (this.#locked === null) return false
    return this.#isSignalled(this.#locked) || nowMs - this.#lockedAtMs >= LATCH_WINDOW_MS
  }

  /** Whether a settled lock should listen to others again. */
  stale(nowMs: number): boolean {
    return this.#latch && this.#locked !== null && nowMs - this.#lastHeardMs >= RELATCH_SILENCE_MS
  }

  /** Judges one packet. `accept-and-move`: from now on packets go there. */
  judge(from: Address, ssrc: number, sequence: number, nowMs: number): Verdict {
    const locked = this.#locked
    if (locked !== null && from.port === locked.port && from.host === locked.host) {
      this.#lastHeardMs = nowMs
      return 'accept'
    }
    if (this.#isSignalled(from)) {
      // The named address wins against an early claim; later only when the claimant fell silent.
      if (locked === null || nowMs - this.#lockedAtMs < LATCH_WINDOW_MS || this.stale(nowMs))
        return this.#lock(from, nowMs)
      return 'drop'
    }
    if (!this.#latch || (locked !== null && !this.stale(nowMs))) return 'drop'
    const candidate = this.#candidate
    const continues =
      candidate !== null &&
      candidate.port === from.port &&
      candidate.host === from.host &&
      this.#candidateSsrc === ssrc &&
      ((this.#candidateSequence + 1) & 0xffff) === sequence &&
      nowMs - this.#candidateSinceMs < LATCH_WINDOW_MS
    this.#candidateSequence = sequence
    if (!continues) {
      this.#candidate = { host: from.host, port: from.port }
      this.#candidateSsrc = ssrc
      this.#candidatePackets = 1
      this.#candidateSinceMs = nowMs
      return 'drop'
    }
    this.#candidatePackets++
    return this.#candidatePackets >= LATCH_PACKETS ? this.#lock(from, nowMs) : 'drop'
  }

  #lock(from: Address, nowMs: number): Verdict {
    this.#locked = { host: from.host, port: from.port }
    this.#lockedAtMs = nowMs
    this.#lastHeardMs = nowMs
    this.#candidate = null
    return 'accept-and-move'
  }

  #isSignalled(address: Address): boolean {
    const signalled = this.#signalled
    return signalled !== null && address.port === signalled.port && address.host === signalled.host
  }
}
