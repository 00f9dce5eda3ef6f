// Asking applications on behalf of live calls: documents to run, and requests whose answer nobody wants. Whatever was odd
// is noted for the customer.

import type { Clock } from '#base/clock.ts'
import type { AccountId, ApplicationId, CallId } from '#base/ids.ts'
import type { Result } from '#base/result.ts'
import type { CallLog } from './call-log.ts'
import { type Asks, inlineDocument, type MetProblem, noteOf, obtain } from './documents.ts'
import type { FetchMemory } from './fetch-memory.ts'
import type { Exchange, Fetcher, FetchFailure } from './fetching.ts'
import type { Notifications } from './notifications.ts'
import type { Answer, FreeRequest } from './programme/turn.ts'
import type { Parameters } from './signature.ts'
import type { Manner } from './twiml/manner.ts'
import type { Document, DocumentContext, Problem, Target } from './twiml/verbs.ts'

/** Whose request it is. */
export interface Asker {
  readonly account: AccountId
  readonly application: ApplicationId | null
  /** Null: a conference's. */
  readonly call: CallId | null
  readonly memory: FetchMemory
}

export interface Had {
  readonly document: Document
  readonly url: string
}

export interface AskingDoors {
  readonly fetcher: Fetcher
  readonly notifications: Notifications
  readonly callLog: CallLog
  readonly clock: Clock
  /** How documents of an application are read. */
  readonly manner: (application: ApplicationId | null) => Manner
}

export class Asking {
  readonly #fetcher: Fetcher
  readonly #notifications: Notifications
  readonly #callLog: CallLog
  readonly #clock: Clock
  readonly #manner: AskingDoors['manner']

  constructor(doors: AskingDoors) {
    this.#fetcher = doors.fetcher
    this.#notifications = doors.notifications
    this.#callLog = doors.callLog
    this.#clock = doors.clock
    this.#manner = doors.manner
  }

  /** A document to run; null: there is none to be had. */
  async document(
    asker: Asker,
    target: Target,
    parameters: Parameters,
    context: DocumentContext,
    fallback: Target | null,
  ): Promise<Had | null> {
    const { account, application, memory } = asker
    const manner = this.#manner(application)
    const wish = { ...target, parameters, fallback, context, manner, account, application, memory }
    const had = await obtain(wish, this.#logged(asker))
    for (const noted of had.noted) this.#note(asker, noted)
    return had.type === 'document' ? had : null
  }

  /** A document that came with a request, for a call of an application. */
  inline(application: ApplicationId | null, text: string): ReturnType<typeof inlineDocument> {
    return inlineDocument(text, this.#manner(application))
  }

  /** A request whose answer is not used. */
  async tell(asker: Asker, target: Target, parameters: Parameters): Promise<void> {
    const { account, application, memory } = asker
    const asked = await this.#logged(asker).ask({ ...target, parameters, account, application, memory })
    if (!asked.ok) this.#note(asker, asked.error)
  }

  /** A request of a document's own to anybody (TX-06). @returns null when nothing came back, which is noted */
  async send(asker: Asker, request: FreeRequest): Promise<Answer | null> {
    const sent = await this.#noted(asker, () => this.#fetcher.send(request))
    if (sent.ok) return sent.value
    this.#note(asker, sent.error)
    return null
  }

  /** Something odd that no request of ours brought. */
  note(account: AccountId, call: CallId | null, problem: Problem): void {
    void this.#notifications.note({ account, call, problem, request: null, response: null })
  }

  /** Asks, and writes down what was said (CALL-18). */
  #logged(asker: Asker): Asks {
    return { ask: (asked) => this.#noted(asker, () => this.#fetcher.ask(asked)) }
  }

  async #noted<T extends { readonly exchange: Exchange }>(
    { account, call }: Asker,
    exchanging: () => Promise<Result<T, FetchFailure>>,
  ): Promise<Result<T, FetchFailure>> {
    const startedMs = this.#clock.nowMs()
    const had = await exchanging()
    if (call === null) return had
    const { url, method, parameters, status, headers, body } = had.ok ? had.value.exchange : had.error.exchange
    void this.#callLog.note(account, call, {
      method,
      url,
      parameters: Object.fromEntries(parameters),
      status,
      durationMs: this.#clock.nowMs() - startedMs,
      contentType: headers['content-type'] ?? null,
      body: status === null ? null : body,
    })
    return had
  }

  #note({ account, call }: Asker, problem: MetProblem): void {
    void this.#notifications.note(noteOf(problem, account, call))
  }
}
