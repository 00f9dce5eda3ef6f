// What was said over HTTP about a call (CALL-18): the documents its application was asked for and the API requests that
// changed it. Status callbacks are in the delivery log already. Written beside the call and never waited for: an exchange
// that cannot be stored is lost.

import type { Clock } from '#base/clock.ts'
import type { AccountId, CallId, IdMaker } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import type { CallExchangeRow, DeliveryRow } from '#storage/schema.ts'
import type { Store } from '#storage/store.ts'
import { insertRow } from '#storage/write.ts'
import { MAX_EXCHANGES_PER_WINDOW, MAX_NOTED_CHARACTERS } from './limits.ts'
import { NoteQuota } from './note-quota.ts'

/** One request and what came back. */
export interface CallExchange {
  readonly method: string
  readonly url: string
  readonly parameters: Readonly<Record<string, string>>
  /** Null: nothing came back. */
  readonly status: number | null
  readonly durationMs: number
  readonly contentType: string | null
  /** The beginning of it; null where it is not kept. */
  readonly body: string | null
}

/** One in a call's list. */
export interface LoggedExchange extends CallExchange {
  readonly id: string
  readonly atWallMs: number
}

export interface CallLogDoors {
  readonly store: Store
  readonly clock: Clock
  readonly ids: IdMaker
  readonly log: Log
}

export class CallLog {
  readonly #doors: CallLogDoors
  readonly #quota: NoteQuota

  constructor(doors: CallLogDoors) {
    this.#doors = doors
    this.#quota = new NoteQuota(doors.clock, MAX_EXCHANGES_PER_WINDOW)
  }

  /** Writes one down. Resolves once it is stored, or lost. */
  async note(account: AccountId, call: CallId, exchange: CallExchange): Promise<void> {
    const { store, clock, ids, log } = this.#doors
    if (this.#quota.take(account) !== 'kept') return
    const parameters = Object.fromEntries(
      Object.entries(exchange.parameters)
        .filter(([name]) => !/password/i.test(name))
        .map(([name, value]) => [name, value.slice(0, MAX_NOTED_CHARACTERS)]),
    )
    const committed = await store.commit([
      insertRow('call_exchanges', {
        id: ids.make(),
        account_id: account,
        call_id: call,
        at_ms: Math.floor(clock.wallMs()),
        data: JSON.stringify({
          ...exchange,
          parameters,
          body: exchange.body?.slice(0, MAX_NOTED_CHARACTERS) ?? null,
        }),
      }),
    ])
    if (!committed.ok) log.warn({ account, call }, 'an exchange of a call could not be stored')
  }
}

export function exchangeFromRow(row: CallExchangeRow): LoggedExchange {
  return { ...(JSON.parse(row.data) as CallExchange), id: row.id, atWallMs: row.at_ms }
}

/** An attempt to deliver a status callback; its reply's body is not kept. */
export function exchangeOfDelivery(row: DeliveryRow): LoggedExchange {
  const { method, requestBody, replyHeaders } = JSON.parse(row.data) as {
    readonly method: string
    readonly requestBody: string
    readonly replyHeaders: Readonly<Record<string, string>>
  }
  const said = method === 'GET' ? (URL.parse(row.url)?.searchParams ?? []) : new URLSearchParams(requestBody)
  return {
    id: row.id,
    atWallMs: row.started_at_ms,
    method,
    url: row.url,
    parameters: Object.fromEntries(said),
    status: row.status,
    durationMs: row.finished_at_ms - row.started_at_ms,
    contentType: replyHeaders['content-type'] ?? null,
    body: null,
  }
}
