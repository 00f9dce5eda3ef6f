// Enqueue (twilio-voice §4.5): the call waits in a queue with its document or music, until somebody takes it, it leaves,
// hangs up or is redirected; then its action is told how it went.
//
//   entering ─► waiting ─► taken ─► bridged ─► over
//                  └────────┴──────────┴──────► over (left, redirected, gone)

import { type QueueId, toSid } from '#base/ids.ts'
import type { Fact } from '#calls/events.ts'
import type { Queue } from '#calls/model.ts'
import { DEFAULT_QUEUE_SIZE } from '../limits.ts'
import type { Parameters } from '../signature.ts'
import type { EnqueueVerb, Verb } from '../twiml/verbs.ts'
import { Standing } from './standing.ts'
import { type Aside, type Begun, type Input, next, type Outcome, over, running, type Task, type Turn } from './turn.ts'

/** ENQ-06. */
type Result =
  | 'bridged'
  | 'bridging-in-process'
  | 'error'
  | 'hangup'
  | 'leave'
  | 'redirected'
  | 'redirected-from-bridged'
  | 'queue-full'
  | 'system-error'

export function beginEnqueue(verb: EnqueueVerb, turn: Turn, aside: () => Aside): Begun {
  // ENQ-07: there is no TaskRouter here.
  if (verb.name === null || verb.name === '') return over(outcomeOf(verb, [['QueueResult', 'error']]))
  const enqueue = new Enqueue(verb, aside)
  enqueue.begin(turn, verb.name)
  return running(enqueue)
}

function outcomeOf(verb: EnqueueVerb, parameters: Parameters): NonNullable<Outcome> {
  return verb.action === null ? next : { type: 'go', target: { url: verb.action, method: verb.method }, parameters }
}

class Enqueue implements Task {
  readonly #verb: EnqueueVerb
  readonly #standing: Standing
  #stage: 'entering' | 'waiting' | 'taken' | 'bridged' = 'entering'
  #token = 0
  #queue: QueueId | null = null
  #enteredMs = 0
  #waitedS = 0
  /** What a REST request or a Leave means by taking it out. */
  #leaving: Result = 'leave'

  constructor(verb: EnqueueVerb, aside: () => Aside) {
    this.#verb = verb
    this.#standing = new Standing(aside)
  }

  begin(turn: Turn, name: string): void {
    this.#token = turn.command({
      type: 'enqueue',
      call: turn.call.id,
      queueName: name,
      maxSize: null,
      sizeIfNew: this.#verb.maxQueueSize ?? DEFAULT_QUEUE_SIZE,
      maxWaitMs: null,
      keepAfterHangup: false,
      audio: null,
    })
  }

  on(input: Input, turn: Turn): Outcome {
    switch (input.type) {
      case 'accepted':
        return input.token === this.#token && input.accepted.queue !== null
          ? this.#entered(input.accepted.queue, turn)
          : null
      case 'refused': {
        if (input.token !== this.#token) break
        const result: Result = input.refusal.type === 'queue-full' ? 'queue-full' : 'system-error'
        if (result === 'system-error')
          turn.note('error', 12400, `The queue '${this.#verb.name}' could not be entered: ${input.refusal.type}.`)
        return this.#over(result, turn)
      }
      case 'not-taken':
        return this.#stage === 'taken' ? this.#over('error', turn) : null
      case 'fact': {
        const outcome = this.#fact(input.fact, turn)
        if (outcome !== null) return outcome
        break
      }
      default:
    }
    return this.#waitOver(this.#standing.on(input, this.#about(turn), turn), turn)
  }

  abort(turn: Turn, _following: Verb | null): void {
    const { state, place } = turn.call
    this.#standing.end(turn)
    if (state !== 'ended' && place.type === 'queue') turn.command({ type: 'leave-queue', call: turn.call.id })
    if (this.#verb.action === null) return
    const result: Result =
      state === 'ended' ? 'hangup' : this.#stage === 'bridged' ? 'redirected-from-bridged' : 'redirected'
    turn.ask({ url: this.#verb.action, method: this.#verb.method }, this.#parameters(result, turn))
  }

  #entered(queue: Queue, turn: Turn): null {
    if (this.#stage !== 'entering') return null
    this.#stage = 'waiting'
    this.#queue = queue.id
    this.#enteredMs = turn.nowMs
    const { wait } = this.#verb
    if (wait === 'music') this.#standing.music('queue-wait', turn)
    else if (wait !== 'silence') this.#standing.begin(wait, this.#about(turn, queue), 'queue-wait', 'again', turn)
    return null
  }

  #fact(fact: Fact, turn: Turn): Outcome {
    if (!('call' in fact) || fact.call?.id !== turn.call.id) return null
    switch (fact.type) {
      case 'queue.left':
        this.#waitedS = Math.round(fact.waitMs / 1000)
        this.#standing.end(turn)
        if (fact.reason === 'bridged' || fact.reason === 'bridging') {
          this.#stage = 'taken'
          return null
        }
        return this.#over(fact.reason === 'hang-up' ? 'hangup' : this.#leaving, turn)
      case 'call.bridged':
        this.#stage = 'bridged'
        return null
      case 'call.unbridged':
        return this.#stage === 'bridged' ? this.#over('bridged', turn) : null
      case 'call.ended':
        return this.#over(this.#stage === 'bridged' ? 'bridged' : 'hangup', turn)
      default:
        return null
    }
  }

  /** The waiting document was over for good: by a Leave, a Hangup, or because it could not be had. */
  #waitOver(ending: ReturnType<Standing['on']>, turn: Turn): Outcome {
    switch (ending) {
      case null:
        return null
      case 'leave':
        turn.command({ type: 'leave-queue', call: turn.call.id })
        return null
      case 'hang-up':
        // ENQ-09: its end is told to the action.
        turn.command({ type: 'hang-up', call: turn.call.id, headers: [] })
        return null
      default:
        this.#leaving = 'error'
        turn.command({ type: 'leave-queue', call: turn.call.id })
        return null
    }
  }

  #over(result: Result, turn: Turn): NonNullable<Outcome> {
    this.#standing.end(turn)
    return outcomeOf(this.#verb, this.#parameters(result, turn))
  }

  /** ENQ-04, afresh for every request. */
  #about(turn: Turn, entered: Queue | null = null): Parameters {
    const queue = turn.queue ?? entered
    if (queue === null) return []
    const index = queue.entries.findIndex((one) => one.call === turn.call.id)
    const own = queue.entries[index]
    const waits = queue.entries.map((one) => turn.wallMs - one.enqueuedAtWallMs)
    const meanMs = waits.length === 0 ? 0 : waits.reduce((sum, one) => sum + one, 0) / waits.length
    return [
      ['QueuePosition', String(index + 1)],
      ['QueueSid', toSid('QU', queue.id)],
      ['QueueTime', String(own === undefined ? 0 : Math.round((turn.wallMs - own.enqueuedAtWallMs) / 1000))],
      ['AvgQueueTime', String(Math.round(meanMs / 1000))],
      ['CurrentQueueSize', String(queue.entries.length)],
      ['MaxQueueSize', String(queue.maxSize)],
    ]
  }

  /** ENQ-05. */
  #parameters(result: Result, turn: Turn): Parameters {
    if (this.#queue === null) return [['QueueResult', result]]
    const waitedS = this.#stage === 'waiting' ? Math.round((turn.nowMs - this.#enteredMs) / 1000) : this.#waitedS
    return [
      ['QueueResult', result],
      ['QueueSid', toSid('QU', this.#queue)],
      ['QueueTime', String(waitedS)],
    ]
  }
}
