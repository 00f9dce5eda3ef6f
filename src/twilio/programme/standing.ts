// What somebody hears while nothing else goes on with it: a document that is run once or over and over, or the house's
// music. At most one at a time.

import type { Parameters } from '../signature.ts'
import type { DocumentContext, Target } from '../twiml/verbs.ts'
import type { Aside, Ending, Input, Turn } from './turn.ts'

/** A document that is over at once is not asked for again sooner than this. */
const LEAST_ROUND_MS = 1_000
const AGAIN = 'again'

type Plan = { readonly target: Target; readonly context: DocumentContext; readonly rounds: 'once' | 'again' }

export class Standing {
  readonly #aside: (context: DocumentContext) => Aside
  #plan: Plan | null = null
  #running: Aside | null = null
  #music: DocumentContext | null = null
  #begunMs = 0

  constructor(aside: (context: DocumentContext) => Aside) {
    this.#aside = aside
  }

  /** Which document stands; null: none. */
  get context(): DocumentContext | null {
    return this.#plan?.context ?? this.#music
  }

  /** @param about goes along with every request for it */
  begin(target: Target, about: Parameters, context: DocumentContext, rounds: 'once' | 'again', turn: Turn): void {
    this.end(turn)
    // Its address is the one the verb wrote, whatever the document redirects to later (ENQ-03).
    this.#plan = { target: turn.target(target), context, rounds }
    this.#round(about, turn)
  }

  /** The house's music, until it ends. */
  music(context: DocumentContext, turn: Turn): void {
    this.end(turn)
    this.#music = context
    turn.command({
      type: 'play',
      call: turn.call.id,
      playback: {
        id: turn.playbackId(),
        kind: 'audio',
        source: { type: 'hold-music' },
        times: 'forever',
        overlay: false,
        announced: false,
      },
      listeners: 'self',
      preempt: 'nothing',
    })
  }

  /** @returns how its document is over, when that is for somebody else to act on */
  on(input: Input, about: Parameters, turn: Turn): Ending | null {
    const plan = this.#plan
    if (plan === null) return null
    if (input.type === 'timer' && input.name === AGAIN) {
      this.#round(about, turn)
      return null
    }
    const ending = this.#running?.on(input, turn) ?? null
    if (ending === null) return null
    this.#running = null
    if (ending !== 'ended' || plan.rounds === 'once') {
      this.#plan = null
      return ending
    }
    const leftMs = LEAST_ROUND_MS - (turn.nowMs - this.#begunMs)
    if (leftMs > 0) turn.setTimer(AGAIN, leftMs)
    else this.#round(about, turn)
    return null
  }

  end(turn: Turn): void {
    if (this.#plan !== null) turn.clearTimer(AGAIN)
    this.#plan = null
    this.#running?.abort(turn)
    this.#running = null
    if (this.#music !== null && turn.call.state !== 'ended')
      turn.command({ type: 'stop-play', call: turn.call.id, which: 'all', overlay: false })
    this.#music = null
  }

  #round(about: Parameters, turn: Turn): void {
    const plan = this.#plan
    if (plan === null) return
    this.#begunMs = turn.nowMs
    this.#running = this.#aside(plan.context)
    this.#running.request(plan.target, about, turn)
  }
}
