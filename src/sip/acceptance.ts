// A 2xx of ours to an INVITE, repeated until its ACK comes: T1 doubling to T2, over streams too, for 64*T1 (RFC 3261
// §13.3.1.4). The transaction below is done with it; this is the user's duty.

import { after, type Clock, type Timer } from '#base/clock.ts'
import type { SipResponse } from './message.ts'
import { giveUpMs, type SipTimers } from './timers.ts'
import type { ServerTransaction } from './transaction-layer.ts'

export class Acceptance {
  /** Of the INVITE; its ACK has the same. */
  readonly cseq: number
  readonly #clock: Clock
  readonly #timers: SipTimers
  readonly #transaction: ServerTransaction
  readonly #response: SipResponse
  readonly #giveUpAtMs: number
  readonly #gaveUp: () => void
  #waitMs: number
  #timer: Timer

  constructor(
    world: { readonly clock: Clock; readonly timers: SipTimers },
    transaction: ServerTransaction,
    response: SipResponse,
    gaveUp: () => void,
  ) {
    const { clock, timers } = world
    this.#clock = clock
    this.#timers = timers
    this.#transaction = transaction
    this.#response = response
    this.#gaveUp = gaveUp
    this.cseq = response.cseq!.number
    this.#waitMs = timers.t1Ms
    this.#giveUpAtMs = clock.nowMs() + giveUpMs(timers)
    this.#timer = after(clock, timers.t1Ms, () => this.#repeat())
    transaction.respond(response)
  }

  cancel(): void {
    this.#timer.cancel()
  }

  #repeat(): void {
    const nowMs = this.#clock.nowMs()
    if (nowMs >= this.#giveUpAtMs) return this.#gaveUp()
    this.#transaction.respond(this.#response)
    this.#waitMs = Math.min(this.#waitMs * 2, this.#timers.t2Ms)
    this.#timer = this.#clock.at(Math.min(nowMs + this.#waitMs, this.#giveUpAtMs), () => this.#repeat())
  }
}
