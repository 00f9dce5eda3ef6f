// HttpRequest (TX-06): a request to anybody's server. One that is waited for is told to its action, whose document takes over;
// without an action, or when it answers nothing, the next verb runs.

import type { Parameters } from '../signature.ts'
import { fieldsOf, isExpected } from '../texml/reply-fields.ts'
import type { DocumentContext, HttpRequestVerb } from '../twiml/verbs.ts'
import { type Begun, type Input, next, type Outcome, over, running, type Task, type Turn } from './turn.ts'

export function beginHttpRequest(verb: HttpRequestVerb, turn: Turn, context: DocumentContext): Begun {
  if (verb.waits) return running(new Requesting(verb, turn, context))
  turn.exchange(verb)
  return over(next)
}

class Requesting implements Task {
  readonly #verb: HttpRequestVerb
  readonly #context: DocumentContext
  /** What is waited for: the answer, then the action's. */
  #wish: number

  constructor(verb: HttpRequestVerb, turn: Turn, context: DocumentContext) {
    this.#verb = verb
    this.#context = context
    this.#wish = turn.exchange(verb)
  }

  on(input: Input, turn: Turn): Outcome {
    if (!('wish' in input) || input.wish !== this.#wish) return null
    switch (input.type) {
      case 'exchanged': {
        const { action } = this.#verb
        const parameters = this.#parameters(input, turn)
        if (action === null) return next
        this.#wish = turn.obtain({ url: action, method: 'POST' }, parameters, this.#context)
        return null
      }
      case 'document':
        return input.document.verbs.length === 0 ? next : { type: 'run', document: input.document, url: input.url }
      case 'no-document':
        return next
    }
  }

  abort(): void {}

  #parameters({ answer }: Extract<Input, { readonly type: 'exchanged' }>, turn: Turn): Parameters {
    const { reply, url } = this.#verb
    if (answer === null) return []
    if (!isExpected(reply, answer.status)) {
      const wanted = reply?.status ?? 'a 2xx'
      turn.note('warning', 11200, `The HttpRequest to ${url} was answered with ${answer.status}, not ${wanted}.`)
      return []
    }
    if (reply === null || reply.fields.length === 0) return []
    const fields = fieldsOf(reply, answer.body)
    if (fields === null) turn.note('warning', 12300, `The HttpRequest to ${url} was not answered with JSON.`)
    return fields ?? []
  }
}
