// Gather (twilio-voice §4.6): prompts, then keys, until there are enough, the finishing key comes, or nothing more does.
// The first key ends the prompts; the wait for a key begins when they have ended and anew with each key (GAT-05).

import type { Parameters } from '../signature.ts'
import type { GatherVerb, Prompt } from '../twiml/verbs.ts'
import { beginPrompt } from './speaking.ts'
import { type Begun, type Input, next, type Outcome, running, type Task, type Turn } from './turn.ts'

/** `timeout="auto"`: as the default. */
const AUTO_TIMEOUT_S = 5

export function beginGather(verb: GatherVerb, turn: Turn): Begun {
  const gather = new Gather(verb)
  gather.begin(turn)
  return running(gather)
}

class Gather implements Task {
  readonly #verb: GatherVerb
  readonly #prompts: Prompt[]
  #prompt: Task | null = null
  #digits = ''

  constructor(verb: GatherVerb) {
    this.#verb = verb
    this.#prompts = [...verb.prompts]
  }

  begin(turn: Turn): void {
    this.#nextPrompt(turn)
  }

  on(input: Input, turn: Turn): Outcome {
    if (input.type === 'fact' && input.fact.type === 'call.digit' && input.fact.call.id === turn.call.id)
      return this.#verb.dtmf ? this.#digit(input.fact.digit, turn) : null
    if (input.type === 'timer' && input.name === 'gather') return this.#finish(turn, null)
    if (this.#prompt !== null && this.#prompt.on(input, turn) !== null) this.#nextPrompt(turn)
    return null
  }

  abort(turn: Turn): void {
    turn.clearTimer('gather')
    this.#prompt?.abort(turn, null)
    this.#prompt = null
  }

  #nextPrompt(turn: Turn): void {
    this.#prompt = null
    while (this.#prompts.length > 0) {
      const begun = beginPrompt(this.#prompts.shift()!, turn)
      if (begun.task === null) continue
      this.#prompt = begun.task
      return
    }
    this.#wait(turn)
  }

  #wait(turn: Turn): void {
    turn.setTimer('gather', (this.#verb.timeoutS ?? AUTO_TIMEOUT_S) * 1000)
  }

  #digit(digit: string, turn: Turn): Outcome {
    // GAT-08: a key ends the prompts.
    this.#prompt?.abort(turn, null)
    this.#prompt = null
    this.#prompts.length = 0
    if (digit === this.#verb.finishOnKey) return this.#finish(turn, digit)
    this.#digits += digit
    if (this.#verb.numDigits !== null && this.#digits.length >= this.#verb.numDigits) return this.#finish(turn, null)
    this.#wait(turn)
    return null
  }

  /** GAT-02: no keys, or the finishing key alone, is no input. */
  #finish(turn: Turn, finishedOn: string | null): Outcome {
    turn.clearTimer('gather')
    if (this.#digits === '' && !this.#verb.actionOnEmptyResult) return next
    const parameters: Parameters = [
      ['Digits', this.#digits],
      ...(finishedOn === null ? [] : ([['FinishedOnKey', finishedOn]] as const)),
    ]
    return { type: 'go', target: { url: this.#verb.action ?? '', method: this.#verb.method }, parameters }
  }
}
