// Provisional answers of ours to one INVITE: sent as they are, or reliably (RFC 3262 §3) when the caller requires it, or
// supports it and there is a description to lose. A reliable one is repeated until its PRACK; only one is out at a time,
// and no 2xx overtakes one that carries a description. The last one is said again every minute (RFC 3261 §13.3.1.1).

import type { Chance } from '#base/chance.ts'
import { after, type Clock, type Timer } from '#base/clock.ts'
import { MAX_PROVISIONALS_WAITING, PROVISIONAL_REFRESH_MS } from './limits.ts'
import { field, type HeaderField, type SipRequest } from './message.ts'
import { makeResponse } from './respond.ts'
import { giveUpMs, type SipTimers } from './timers.ts'
import type { ServerTransaction } from './transaction-layer.ts'
import { supports } from './validate.ts'

interface Provisional {
  readonly status: number
  readonly headers: readonly HeaderField[]
  readonly body: Uint8Array | null
}

export interface ProvisionalWorld {
  readonly clock: Clock
  readonly chance: Chance
  readonly timers: SipTimers
}

export class Provisionals {
  readonly #world: ProvisionalWorld
  readonly #transaction: ServerTransaction
  readonly #invite: SipRequest
  readonly #toTag: string
  readonly #gaveUp: () => void
  #rseq: number | null = null
  #out: { readonly rseq: number; readonly described: boolean; timer: Timer } | null = null
  readonly #waiting: Provisional[] = []
  #refresh: Timer | null = null
  #whenSettled: (() => void) | null = null
  #described = false

  constructor(
    world: ProvisionalWorld,
    transaction: ServerTransaction,
    invite: SipRequest,
    toTag: string,
    /** Nobody acknowledged for 64*T1 (RFC 3262 §3: the INVITE is refused). */
    gaveUp: () => void,
  ) {
    this.#world = world
    this.#transaction = transaction
    this.#invite = invite
    this.#toTag = toTag
    this.#gaveUp = gaveUp
  }

  /** Whether a description went reliably and arrived: the offer is answered, and a 2xx need not say it again. */
  get answered(): boolean {
    return this.#described && this.#out?.described !== true
  }

  send(one: Provisional): void {
    if (this.#out !== null) {
      if (this.#waiting.length < MAX_PROVISIONALS_WAITING) this.#waiting.push(one)
      return
    }
    this.#say(one)
  }

  /** A PRACK: the status it deserves (RFC 3262 §3: 481 when it names nothing that is out). */
  prack(request: SipRequest): number {
    const named = /^([0-9]{1,10})[ \t]+([0-9]{1,10})[ \t]+(\S+)$/.exec(request.get('rack') ?? '')
    const out = this.#out
    const cseq = this.#invite.cseq!.number
    if (named === null || out === null) return 481
    if (Number(named[1]) !== out.rseq || Number(named[2]) !== cseq || named[3] !== 'INVITE') return 481
    out.timer.cancel()
    this.#out = null
    return 200
  }

  /** What waited for a PRACK that is answered now. */
  goOn(): void {
    const next = this.#out === null ? this.#waiting.shift() : undefined
    if (next !== undefined) this.#say(next)
    this.#settle()
  }

  /** Runs at once, or as soon as a description that is out has arrived. */
  settled(run: () => void): void {
    this.#whenSettled = run
    this.#settle()
  }

  stop(): void {
    this.#out?.timer.cancel()
    this.#out = null
    this.#refresh?.cancel()
    this.#waiting.length = 0
    this.#whenSettled = null
  }

  #settle(): void {
    if (this.#out?.described === true || this.#waiting.some((one) => one.body !== null)) return
    const run = this.#whenSettled
    this.#whenSettled = null
    run?.()
  }

  #say(one: Provisional): void {
    const required = this.#invite.tokens('require').some((tag) => tag.toLowerCase() === '100rel')
    const reliable = required || (one.body !== null && supports(this.#invite, '100rel'))
    // RFC 3262 §3: the first number is drawn from 1 to 2^31 - 1; ours leaves room to count.
    const rseq = reliable ? (this.#rseq ?? Math.floor(this.#world.chance.uniform() * 2 ** 30)) + 1 : 0
    if (reliable) this.#rseq = rseq
    const response = makeResponse(this.#invite, one.status, {
      toTag: this.#toTag,
      headers: [...one.headers, ...(reliable ? [field('Require', '100rel'), field('RSeq', String(rseq))] : [])],
      ...(one.body === null ? {} : { body: one.body }),
    })
    const say = (): void => this.#transaction.respond(response)
    say()
    if (reliable) {
      if (one.body !== null) this.#described = true
      const { clock, timers } = this.#world
      const giveUpAtMs = clock.nowMs() + giveUpMs(timers)
      let waitMs = timers.t1Ms
      const out = { rseq, described: one.body !== null, timer: after(clock, waitMs, repeat) }
      this.#out = out
      const gaveUp = this.#gaveUp
      // RFC 3262 §3: T1 doubling without a cap, for 64*T1.
      function repeat(): void {
        const nowMs = clock.nowMs()
        if (nowMs >= giveUpAtMs) return gaveUp()
        say()
        waitMs *= 2
        out.timer = clock.at(Math.min(nowMs + waitMs, giveUpAtMs), repeat)
      }
    }
    this.#refresh?.cancel()
    // Said again without its description: that has its own way of arriving.
    const again = reliable ? { ...one, body: null } : one
    this.#refresh = after(this.#world.clock, PROVISIONAL_REFRESH_MS, () => this.send(again))
  }
}
