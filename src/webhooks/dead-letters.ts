// What could not be delivered, and every attempt that was made: for lists and for the delivery log.

import type { Result } from '#base/result.ts'
import type { DeliveryRow, OutboxRow } from '#storage/schema.ts'
import { readFrom, type Store, type StoreError } from '#storage/store.ts'

export interface DeadLetterQuery {
  readonly account: string
  readonly application?: string
  readonly limit: number
  /** Those older than this `seq`, for the next page. */
  readonly beforeSeq?: number
}

/** Newest first. */
export function deadLetters(store: Store, query: DeadLetterQuery): Promise<Result<readonly OutboxRow[], StoreError>> {
  return readFrom(() => {
    let select = store.db
      .selectFrom('outbox')
      .selectAll()
      .where('state', '=', 'dead')
      .where('account_id', '=', query.account)
    if (query.application !== undefined) select = select.where('application_id', '=', query.application)
    if (query.beforeSeq !== undefined) select = select.where('seq', '<', query.beforeSeq)
    return select.orderBy('seq', 'desc').limit(query.limit).execute()
  })
}

/** Every attempt made for an event, newest first (telnyx-voice §9.5, Log). */
export function attemptsOf(store: Store, id: string): Promise<Result<readonly DeliveryRow[], StoreError>> {
  return readFrom(() =>
    store.db.selectFrom('deliveries').selectAll().where('outbox_id', '=', id).orderBy('attempt', 'desc').execute(),
  )
}
