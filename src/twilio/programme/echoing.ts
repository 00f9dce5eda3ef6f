// Echo (FLOW-04): callers hear themselves until they hang up or something else takes over; no verb after it ever runs.

import { type Begun, type Input, next, type Outcome, running, type Task, type Turn } from './turn.ts'

export function beginEcho(turn: Turn): Begun {
  return running(new Echo(turn))
}

class Echo implements Task {
  readonly #token: number

  constructor(turn: Turn) {
    this.#token = turn.command({ type: 'echo', call: turn.call.id, on: true })
  }

  on(input: Input): Outcome {
    return input.type === 'refused' && input.token === this.#token ? next : null
  }

  abort(turn: Turn): void {
    if (turn.call.state !== 'ended') turn.command({ type: 'echo', call: turn.call.id, on: false })
  }
}
