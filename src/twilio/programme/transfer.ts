// A telephone in a Dial asks that the one it talks to be connected with somebody else (SIP REFER; twilio-voice REF-04 to 07).
// The application is asked at the Dial's `referUrl`; its document runs on whoever remains.
//
//   asking ──document──► apart ──somebody else is there──► gone
//      └──────none───────────┴──────document over──────────► restored
//
// Without answerOnBridge the one who asked is let go with the document; with it, it is kept until the document has reached
// somebody, and gets its partner back otherwise.

import type { CallId } from '#base/ids.ts'
import type { Fact } from '#calls/events.ts'
import type { Document, Target } from '../twiml/verbs.ts'
import type { Ending, Input, Runner, Turn } from './turn.ts'

/** REF-04. */
export const MAX_REFER_TO_CHARACTERS = 256

const TRYING = 100
const DONE = 200
const UNREACHABLE = 503
const GIVEN_UP = 487

/** What the Dial makes of it. `together`: nothing changed for it; `apart`: it waits; `gone`: its other side is not its own any more. */
export type Standing = 'together' | 'apart' | 'gone' | 'restored' | { readonly over: Ending }

export interface Referral {
  /** The telephone that asked. */
  readonly transferor: CallId
  /** Whom it talks to. One of the two is the call of the Dial. */
  readonly remaining: CallId
  readonly referral: number
  /** As the telephone wrote it. */
  readonly to: string
}

export class Transfer {
  readonly #referral: Referral
  readonly #keep: boolean
  readonly #runner: (url: string) => Runner
  #stage: 'asking' | 'apart' | 'gone' = 'asking'
  #wish = 0
  #running: Runner | null = null

  /** @param keep whether the transferor stays until somebody else is there */
  constructor(referral: Referral, keep: boolean, runner: (url: string) => Runner) {
    this.#referral = referral
    this.#keep = keep
    this.#runner = runner
  }

  begin(target: Target, turn: Turn): void {
    this.#report(TRYING, turn)
    this.#wish = turn.obtain(target, [['ReferTransferTarget', this.#referral.to]], 'main', this.#referral.remaining)
  }

  on(input: Input, turn: Turn): Standing {
    switch (this.#stage) {
      case 'asking':
        return this.#asking(input, turn)
      case 'apart':
        return this.#apart(input, turn)
      case 'gone':
        return this.#run(input, turn) ?? 'gone'
    }
  }

  /** The Dial is over before this is. */
  abort(turn: Turn): void {
    if (this.#stage !== 'gone') this.#report(GIVEN_UP, turn)
    this.#running?.abort(turn)
    if (this.#stage === 'apart' && !this.#ownRemains(turn)) this.#letGo(turn)
  }

  /** Whether the other side of the Dial goes on without it. */
  get lostChild(): boolean {
    return this.#stage !== 'asking'
  }

  #asking(input: Input, turn: Turn): Standing {
    if (input.type === 'no-document' && input.wish === this.#wish) {
      this.#report(UNREACHABLE, turn)
      return 'restored'
    }
    if (input.type !== 'document' || input.wish !== this.#wish) return 'together'
    return this.#part(input.document, input.url, turn)
  }

  #part(document: Document, url: string | null, turn: Turn): Standing {
    const { transferor, remaining } = this.#referral
    const other = this.#ownRemains(turn) ? transferor : remaining
    turn.command({ type: 'after-bridge', call: other, afterBridge: 'park' })
    turn.command({ type: 'unbridge', call: turn.call.id })
    this.#stage = 'apart'
    if (!this.#keep) this.#succeed(turn)
    if (!this.#ownRemains(turn)) {
      turn.say({ type: 'take-over', on: remaining, document, url })
      if (!this.#keep) this.#letGo(turn)
      return this.#stage
    }
    this.#running = this.#runner(url ?? '')
    const ending = this.#running.load(document, url, turn)
    return ending === null ? this.#stage : this.#ended(ending, turn)
  }

  #apart(input: Input, turn: Turn): Standing {
    const { transferor, remaining } = this.#referral
    if (input.type === 'fact') {
      const { fact } = input
      if (fact.type === 'call.ended' && fact.call.id === transferor && this.#ownRemains(turn)) {
        // Nobody is left who could take the other back.
        this.#stage = 'gone'
        return this.#run(input, turn) ?? 'gone'
      }
      if (fact.type === 'call.ended' && fact.call.id === remaining && !this.#ownRemains(turn)) {
        this.#report(GIVEN_UP, turn)
        return 'restored'
      }
      if (reached(fact, remaining, transferor)) {
        this.#succeed(turn)
        if (!this.#ownRemains(turn)) this.#letGo(turn)
        return this.#run(input, turn) ?? 'gone'
      }
    }
    if (input.type === 'whisper-ended' && input.call === remaining) return this.#restore(turn)
    return this.#run(input, turn) ?? 'apart'
  }

  #run(input: Input, turn: Turn): Standing | null {
    const ending = this.#running?.on(input, turn) ?? null
    return ending === null ? null : this.#ended(ending, turn)
  }

  #ended(ending: Ending, turn: Turn): Standing {
    this.#running = null
    return this.#stage === 'gone' ? { over: ending } : this.#restore(turn)
  }

  /** REF-06: the two talk on. */
  #restore(turn: Turn): Standing {
    const { transferor, remaining } = this.#referral
    this.#report(UNREACHABLE, turn)
    const other = this.#ownRemains(turn) ? transferor : remaining
    turn.command({
      type: 'bridge',
      call: turn.call.id,
      with: other,
      afterBridge: 'park',
      muteDigits: 'none',
      ringback: null,
      unlessBridged: false,
      record: null,
    })
    turn.command({ type: 'after-bridge', call: other, afterBridge: 'hang-up' })
    return 'restored'
  }

  #succeed(turn: Turn): void {
    this.#stage = 'gone'
    this.#report(DONE, turn)
    turn.command({ type: 'hang-up', call: this.#referral.transferor, headers: [] })
  }

  #letGo(turn: Turn): void {
    turn.say({ type: 'let-go', on: this.#referral.remaining })
  }

  #ownRemains(turn: Turn): boolean {
    return this.#referral.remaining === turn.call.id
  }

  #report(status: number, turn: Turn): void {
    const { transferor: call, referral } = this.#referral
    turn.command({ type: 'report-transfer', call, referral, status })
  }
}

/** Whether the document has brought the one that remains to somebody. */
function reached(fact: Fact, remaining: CallId, transferor: CallId): boolean {
  if (!('call' in fact) || fact.call?.id !== remaining) return false
  if (fact.type === 'call.bridged') return fact.peer !== transferor
  return fact.type === 'conference.joined' || fact.type === 'queue.entered'
}
