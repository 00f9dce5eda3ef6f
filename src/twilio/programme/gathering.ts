// Gather (twilio-voice §4.6): prompts, then keys, until there are enough, the finishing key comes, or nothing more does; or
// what the caller says (listening.ts), whichever comes first. The first key ends the prompts; the wait for a key begins
// when they have ended and anew with each key (GAT-05).

import type { Parameters } from '../signature.ts'
import type { GatherVerb, Prompt } from '../twiml/verbs.ts'
import { Listening } from './listening.ts'
import type { ProgrammeDoors } from './programme-doors.ts'
import { beginPrompt } from './speaking.ts'
import { type Begun, type Input, next, type Outcome, running, type Task, type Turn } from './turn.ts'

/** `timeout="auto"`: as the default. */
const AUTO_TIMEOUT_S = 5

export function beginGather(verb: GatherVerb, turn: Turn, doors: ProgrammeDoors): Begun {
  const gather = new Gather(verb, verb.speech ? new Listening(verb, doors) : null)
  gather.begin(turn)
  return running(gather)
}

class Gather implements Task {
  readonly #verb: GatherVerb
  readonly #prompts: Prompt[]
  #prompt: Task | null = null
  #digits = ''
  #listening: Listening | null

  constructor(verb: GatherVerb, listening: Listening | null) {
    this.#verb = verb
    this.#listening = listening
    this.#prompts = [...verb.prompts]
  }

  begin(turn: Turn): void {
    this.#listening?.begin(turn)
    this.#nextPrompt(turn)
  }

  on(input: Input, turn: Turn): Outcome {
    if (input.type === 'fact' && input.fact.type === 'call.digit' && input.fact.call.id === turn.call.id)
      return this.#verb.dtmf && this.#listening?.heard !== true ? this.#digit(input.fact.digit, turn) : null
    if (input.type === 'timer' && input.name === 'gather')
      return this.#listening?.lastWord(turn) === true ? null : this.#finish(turn, null)
    const said = this.#listening?.on(input, turn) ?? null
    if (said !== null) {
      turn.clearTimer('gather')
      // GAT-08.
      if (this.#verb.bargeIn || said === 'done') this.#hush(turn)
    }
    if (said === 'done') return this.#finish(turn, null)
    if (this.#prompt !== null && this.#prompt.on(input, turn) !== null) this.#nextPrompt(turn)
    return null
  }

  abort(turn: Turn): void {
    turn.clearTimer('gather')
    this.#listening?.end(turn)
    this.#prompt?.abort(turn, null)
    this.#prompt = null
  }

  #hush(turn: Turn): void {
    this.#prompt?.abort(turn, null)
    this.#prompt = null
    this.#prompts.length = 0
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
    // Whoever speaks already is waited for by its silence.
    if (this.#listening?.heard === true) return
    turn.setTimer('gather', (this.#verb.timeoutS ?? AUTO_TIMEOUT_S) * 1000)
  }

  #digit(digit: string, turn: Turn): Outcome {
    // GAT-08: a key ends the prompts; GAT-01: and whatever is said from now on does not count.
    this.#hush(turn)
    this.#listening?.end(turn)
    this.#listening = null
    if (digit === this.#verb.finishOnKey) return this.#finish(turn, digit)
    this.#digits += digit
    if (this.#verb.numDigits !== null && this.#digits.length >= this.#verb.numDigits) return this.#finish(turn, null)
    this.#wait(turn)
    return null
  }

  /** GAT-02: no keys, or the finishing key alone, is no input. */
  #finish(turn: Turn, finishedOn: string | null): Outcome {
    turn.clearTimer('gather')
    this.#listening?.end(turn)
    const said = this.#listening?.parameters() ?? null
    if (said !== null)
      return { type: 'go', target: { url: this.#verb.action ?? '', method: this.#verb.method }, parameters: said }
    if (this.#digits === '' && !this.#verb.actionOnEmptyResult) return next
    const parameters: Parameters = [
      ['Digits', this.#digits],
      ...(finishedOn === null ? [] : ([['FinishedOnKey', finishedOn]] as const)),
    ]
    return { type: 'go', target: { url: this.#verb.action ?? '', method: this.#verb.method }, parameters }
  }
}
