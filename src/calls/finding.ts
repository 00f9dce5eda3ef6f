// A call by its id: a live one as it is this moment, one that is over from the store.

import type { AccountId, CallId } from '#base/ids.ts'
import { ok, type Result } from '#base/result.ts'
import { readFrom, type Store, type StoreError } from '#storage/store.ts'
import type { Engine } from './engine.ts'
import type { Call } from './model.ts'
import { callFromRow } from './rows.ts'

/** Null: this account has no such call. */
export async function findCall(
  engine: Pick<Engine, 'call'>,
  store: Pick<Store, 'db'>,
  account: AccountId,
  id: CallId,
): Promise<Result<Call | null, StoreError>> {
  const live = engine.call(account, id)
  if (live !== null) return ok(live)
  const row = await readFrom(() =>
    store.db
      .selectFrom('calls')
      .select('data')
      .where('id', '=', id)
      .where('account_id', '=', account)
      .executeTakeFirst(),
  )
  if (!row.ok) return row
  return ok(row.value === undefined ? null : callFromRow(row.value))
}
