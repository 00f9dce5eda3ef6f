// A call that a path names: a live one as it is this moment, one that is over from the store.

import type { AccountId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Call } from '#calls/model.ts'
import { callFromRow } from '#calls/rows.ts'
import { deleteRow } from '#storage/write.ts'
import type { TwilioDoors } from './doors.ts'
import { type ApiError, errors } from './errors.ts'
import { readSid } from './spelling.ts'
import { stored } from './stored.ts'

/** @param path of the request, for the refusal to name */
export async function findCall(
  doors: TwilioDoors,
  account: AccountId,
  named: string | undefined,
  path: string,
): Promise<Result<Call, ApiError>> {
  const id = readSid<'call'>('call', named)
  const missing = errors.notFound(path)
  if (id === null) return err(missing)
  const live = doors.engine.call(account, id)
  if (live !== null) return ok(live)
  const row = await stored(() =>
    doors.store.db
      .selectFrom('calls')
      .select('data')
      .where('id', '=', id)
      .where('account_id', '=', account)
      .executeTakeFirst(),
  )
  if (!row.ok) return row
  return row.value === undefined ? err(missing) : ok(callFromRow(row.value))
}

/** CALL-16. */
export async function forgetCall(doors: TwilioDoors, call: Call): Promise<Result<void, ApiError>> {
  if (call.state !== 'ended')
    return err(errors.coded(400, 20409, 'Only a call that is over can be deleted: end it first.'))
  const gone = await doors.store.commit([deleteRow('calls', { id: call.id })])
  return gone.ok ? ok(undefined) : err(errors.unavailable())
}
