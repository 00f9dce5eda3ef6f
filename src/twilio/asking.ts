// Asking applications on behalf of live calls: documents to run, and requests whose answer nobody wants. Whatever was odd
// is noted for the customer.

import type { AccountId, CallId } from '#base/ids.ts'
import { type MetProblem, noteOf, obtain } from './documents.ts'
import type { FetchMemory } from './fetch-memory.ts'
import type { Fetcher } from './fetching.ts'
import type { Notifications } from './notifications.ts'
import type { Parameters } from './signature.ts'
import type { Document, DocumentContext, Problem, Target } from './twiml/verbs.ts'

/** Whose request it is. */
export interface Asker {
  readonly account: AccountId
  /** Null: a conference's. */
  readonly call: CallId | null
  readonly memory: FetchMemory
}

export interface Had {
  readonly document: Document
  readonly url: string
}

export class Asking {
  readonly #fetcher: Fetcher
  readonly #notifications: Notifications

  constructor(fetcher: Fetcher, notifications: Notifications) {
    this.#fetcher = fetcher
    this.#notifications = notifications
  }

  /** A document to run; null: there is none to be had. */
  async document(
    asker: Asker,
    target: Target,
    parameters: Parameters,
    context: DocumentContext,
    fallback: Target | null,
  ): Promise<Had | null> {
    const { account, memory } = asker
    const had = await obtain({ ...target, parameters, fallback, context, account, memory }, this.#fetcher)
    for (const noted of had.noted) this.#note(asker, noted)
    return had.type === 'document' ? had : null
  }

  /** A request whose answer is not used. */
  async tell(asker: Asker, target: Target, parameters: Parameters): Promise<void> {
    const { account, memory } = asker
    const asked = await this.#fetcher.ask({ ...target, parameters, account, memory })
    if (!asked.ok) this.#note(asker, asked.error)
  }

  /** Something odd that no request of ours brought. */
  note(account: AccountId, call: CallId | null, problem: Problem): void {
    void this.#notifications.note({ account, call, problem, request: null, response: null })
  }

  #note({ account, call }: Asker, problem: MetProblem): void {
    void this.#notifications.note(noteOf(problem, account, call))
  }
}
