// One document after another on one call (twilio-voice §3): verbs from top to bottom, each to its end; an action's answer
// takes the place of the document that asked for it. Pure: documents and events in, effects out.

import { unreachable } from '#base/unreachable.ts'
import type { Parameters } from '../signature.ts'
import type { DialVerb, Document, DocumentContext, Target, Verb } from '../twiml/verbs.ts'
import { beginConnect } from './connecting.ts'
import { answerCommand, beginDial } from './dialing.ts'
import { handBack } from './dialing-application.ts'
import { beginDialConference } from './dialing-conference.ts'
import { beginDialQueue } from './dialing-queue.ts'
import { beginEcho } from './echoing.ts'
import { beginEnqueue } from './enqueueing.ts'
import { beginGather } from './gathering.ts'
import type { ProgrammeDoors } from './programme-doors.ts'
import { beginRecord } from './recording.ts'
import { beginRefer } from './referring.ts'
import { beginHttpRequest } from './requesting.ts'
import { beginPrompt } from './speaking.ts'
import { beginStart, beginStop } from './starting.ts'
import {
  type Begun,
  type Ending,
  type Input,
  next,
  type Origin,
  type Outcome,
  over,
  type Runner,
  running,
  type Task,
  type Turn,
} from './turn.ts'

export class Programme implements Runner {
  readonly #context: DocumentContext
  readonly #doors: ProgrammeDoors
  #document: Document | null = null
  #origin: Origin
  #index = 0
  #task: Task | null = null
  /** What the document waits for besides a verb. */
  #waiting: { readonly for: 'answer' } | { readonly for: 'document'; readonly wish: number } | null = null

  constructor(context: DocumentContext, origin: Origin, doors: ProgrammeDoors) {
    this.#context = context
    this.#origin = origin
    this.#doors = doors
  }

  /** Runs a document that is there already. */
  load(document: Document, url: string | null, turn: Turn): Ending | null {
    this.#document = document
    this.#origin = { url, method: this.#origin.method }
    this.#index = 0
    this.#task = null
    this.#waiting = null
    return this.#run(turn)
  }

  /** Asks for a document; it runs when it comes. */
  request(target: Target, parameters: Parameters, turn: Turn): void {
    const wish = turn.at(this.#origin).obtain(target, parameters, this.#context)
    this.#waiting = { for: 'document', wish }
    this.#task = null
    this.#origin = { url: turn.at(this.#origin).url(target.url), method: target.method }
  }

  on(input: Input, turn: Turn): Ending | null {
    const here = turn.at(this.#origin)
    const waiting = this.#waiting
    if (waiting?.for === 'document') {
      if (input.type === 'document' && input.wish === waiting.wish) return this.load(input.document, input.url, turn)
      if (input.type === 'no-document' && input.wish === waiting.wish) return 'failed'
      return null
    }
    if (waiting?.for === 'answer') {
      if (input.type !== 'fact' || input.fact.type !== 'call.answered' || input.fact.call.id !== turn.call.id)
        return null
      this.#waiting = null
      return this.#run(turn)
    }
    if (this.#task === null) return null
    return this.#take(this.#task.on(input, here), turn)
  }

  /** Something else takes over: whatever runs ends. */
  abort(turn: Turn): void {
    const task = this.#task
    this.#task = null
    this.#waiting = null
    task?.abort(turn.at(this.#origin), this.#document?.verbs[this.#index + 1] ?? null)
    this.#document = null
  }

  /** The call is over. @returns whether something is still waited for, to tell of it */
  callEnded(input: Input, turn: Turn): boolean {
    const task = this.#task
    this.#waiting = null
    if (task === null) return false
    const here = turn.at(this.#origin)
    const outcome = task.on(input, here)
    if (outcome?.type === 'go') here.ask(outcome.target, outcome.parameters)
    if (outcome === null && task.lingers === true) return true
    this.#task = null
    if (outcome === null) task.abort(here, null)
    return false
  }

  #run(turn: Turn): Ending | null {
    const here = turn.at(this.#origin)
    while (this.#document !== null && this.#index < this.#document.verbs.length) {
      const verb = this.#document.verbs[this.#index]!
      if (turn.call.state === 'ended') return null
      if (turn.call.state === 'ringing-in' && wantsAnswer(verb, this.#index === 0)) return this.#answerFirst(here)
      const begun = this.#begin(verb, here)
      if (begun.task !== null) {
        this.#task = begun.task
        return null
      }
      const ending = this.#apply(begun.outcome, turn)
      if (ending !== 'go on') return ending
    }
    // ENG-13: an incoming call without anything to do is answered, then hung up.
    if (turn.call.state === 'ringing-in' && this.#context === 'main') return this.#answerFirst(here)
    return 'ended'
  }

  #answerFirst(turn: Turn): null {
    turn.command(answerCommand(turn.call.id))
    this.#waiting = { for: 'answer' }
    return null
  }

  #take(outcome: Outcome, turn: Turn): Ending | null {
    if (outcome === null) return null
    this.#task = null
    const ending = this.#apply(outcome, turn)
    return ending === 'go on' ? this.#run(turn) : ending
  }

  #apply(outcome: NonNullable<Outcome>, turn: Turn): Ending | null | 'go on' {
    switch (outcome.type) {
      case 'next':
        this.#index++
        return 'go on'
      case 'go': {
        if (this.#origin.url === null && !/^https?:\/\//i.test(outcome.target.url)) {
          // ENG-07.
          turn.note(
            'error',
            11100,
            `'${outcome.target.url}' is relative, but an inline document has no URL of its own.`,
          )
          return 'failed'
        }
        this.request(outcome.target, outcome.parameters, turn)
        return null
      }
      case 'run':
        return this.load(outcome.document, outcome.url, turn)
      case 'hang-up':
        return 'hang-up'
      case 'leave':
        return 'leave'
      default:
        return unreachable(outcome)
    }
  }

  #beginDial(verb: DialVerb, turn: Turn): Begun {
    switch (verb.to.type) {
      case 'conference':
        return beginDialConference(verb, verb.to, turn, this.#doors, (context) => this.#aside(context, turn.origin))
      case 'queue':
        return beginDialQueue(verb, verb.to, turn, this.#doors)
      default:
        return beginDial(verb, turn, this.#doors, (url) => this.#aside('main', { url, method: 'POST' }))
    }
  }

  #aside(context: DocumentContext, origin: Origin): Runner {
    return new Programme(context, origin, this.#doors)
  }

  #begin(verb: Verb, turn: Turn): Begun {
    switch (verb.type) {
      case 'say':
      case 'play':
      case 'pause':
        return beginPrompt(verb, turn)
      case 'gather':
        return beginGather(verb, turn, this.#doors)
      case 'record':
        return beginRecord(verb, turn, this.#doors)
      case 'dial':
        return this.#beginDial(verb, turn)
      case 'enqueue':
        return beginEnqueue(verb, turn, () => this.#aside('queue-wait', turn.origin))
      case 'connect':
        return beginConnect(verb, turn, this.#doors)
      case 'start':
        return beginStart(verb, turn, this.#doors)
      case 'stop':
        return beginStop(verb, turn)
      case 'redirect':
        return over({ type: 'go', target: { url: verb.url, method: verb.method }, parameters: [] })
      case 'hangup':
        handBack(verb.parameters, turn)
        return over({ type: 'hang-up' })
      case 'reject':
        handBack(verb.parameters, turn)
        return beginReject(verb.reason, turn)
      case 'pay':
        // PAY-01: payments are not offered.
        return over(
          verb.action === null
            ? next
            : {
                type: 'go',
                target: { url: verb.action, method: verb.method },
                parameters: [['Result', 'internal-error']],
              },
        )
      case 'refer':
        return beginRefer(verb, turn)
      case 'echo':
        return beginEcho(turn)
      case 'http-request':
        return beginHttpRequest(verb, turn, this.#context)
      case 'leave':
        if (this.#context === 'queue-wait') return over({ type: 'leave' })
        turn.note('warning', 12200, 'A Leave outside of a queue has nothing to leave.')
        return over(next)
      default:
        return unreachable(verb)
    }
  }
}

/** ENG-10: what the first verb says of answering. */
function wantsAnswer(verb: Verb, first: boolean): boolean {
  switch (verb.type) {
    case 'reject':
      return !first
    case 'pause':
      return !first
    case 'dial':
      return !(first && verb.answerOnBridge && verb.to.type === 'endpoints')
    case 'redirect':
    case 'http-request':
      return false
    default:
      return true
  }
}

/** FLOW-03: never answered; anywhere but first it hangs up. */
function beginReject(reason: 'rejected' | 'busy', turn: Turn): Begun {
  if (turn.call.state !== 'ringing-in') return over({ type: 'hang-up' })
  turn.command({ type: 'reject', call: turn.call.id, reason })
  return running({ on: () => null, abort() {} })
}
