// Connect (twilio-voice §4.11, STR-01): the caller speaks with an application over a two-way stream, until the application
// closes it or the call ends.

import type { StreamId } from '#base/ids.ts'
import type { StreamOrder } from '../stream-order.ts'
import { STREAM_COMPANY, streamProblem, streamSpec, streamUrl } from '../streams.ts'
import type { ConnectVerb, StreamNoun } from '../twiml/verbs.ts'
import type { ProgrammeDoors } from './programme-doors.ts'
import { type Begun, type Input, next, type Outcome, over, running, type Task, type Turn } from './turn.ts'

/** Tells a stream that was closed from one that ended with its call, whose end is told after it. */
const CLOSED = 'connect closed'

export function beginConnect(verb: ConnectVerb, turn: Turn, doors: ProgrammeDoors): Begun {
  if (verb.lacking !== null)
    turn.note('warning', 12200, `This switch has no <${verb.lacking}>; the Connect was passed over.`)
  if (verb.stream === null) return over(afterwards(verb))
  const order = streamOrder(verb.stream, turn)
  const problem = streamProblem(order)
  if (problem !== null) {
    turn.note(problem.level, problem.code, problem.message)
    return over(afterwards(verb))
  }
  return running(new Connect(verb, order, turn, doors))
}

class Connect implements Task {
  readonly #verb: ConnectVerb
  readonly #stream: StreamId
  readonly #token: number

  constructor(verb: ConnectVerb, order: StreamOrder, turn: Turn, doors: ProgrammeDoors) {
    this.#verb = verb
    this.#stream = turn.streamId()
    const { account, id: call } = turn.call
    const spec = streamSpec(order, true, (url) => doors.streamHeaders(account, url))
    this.#token = turn.command({ type: 'start-stream', call, spec, stream: this.#stream, beside: STREAM_COMPANY })
  }

  on(input: Input, turn: Turn): Outcome {
    switch (input.type) {
      case 'refused':
        if (input.token !== this.#token) return null
        turn.note('error', 12400, `The stream of a Connect could not begin: ${input.refusal.type}.`)
        return afterwards(this.#verb)
      case 'timer':
        return input.name === CLOSED ? afterwards(this.#verb) : null
      case 'fact': {
        const { fact } = input
        if (fact.type === 'call.ended' && fact.call.id === turn.call.id)
          return this.#verb.action === null ? null : afterwards(this.#verb)
        const closed = fact.type === 'stream.stopped' || fact.type === 'stream.failed'
        if (closed && fact.stream.id === this.#stream) turn.setTimer(CLOSED, 0)
        return null
      }
      default:
        return null
    }
  }

  abort(turn: Turn): void {
    turn.clearTimer(CLOSED)
    if (turn.call.state !== 'ended') turn.command({ type: 'stop-stream', call: turn.call.id, stream: this.#stream })
  }
}

function afterwards(verb: ConnectVerb): NonNullable<Outcome> {
  if (verb.action === null) return next
  return { type: 'go', target: { url: verb.action, method: verb.method }, parameters: [] }
}

/** What a noun asks for, with absolute URLs (STR-02). */
export function streamOrder(noun: StreamNoun, turn: Turn): StreamOrder {
  const { name, track, statusCallback, parameters, wire } = noun
  return {
    url: streamUrl(turn.url(noun.url)),
    name,
    track,
    statusCallback: statusCallback === null ? null : turn.target(statusCallback),
    parameters,
    ...(wire === undefined ? {} : { wire }),
  }
}
