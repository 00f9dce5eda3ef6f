// A call that a path names: a live one as it is this moment, one that is over from the store.

import type { AccountId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import { findCall as lookUp } from '#calls/finding.ts'
import type { Call } from '#calls/model.ts'
import { deleteRow } from '#storage/write.ts'
import type { TwilioDoors } from './doors.ts'
import { type ApiError, errors } from './errors.ts'
import { readSid } from './spelling.ts'

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
  const found = await lookUp(doors.engine, doors.store, account, id)
  if (!found.ok) return err(errors.unavailable())
  return found.value === null ? err(missing) : ok(found.value)
}

/** CALL-16. */
export async function forgetCall(doors: TwilioDoors, call: Call): Promise<Result<void, ApiError>> {
  if (call.state !== 'ended')
    return err(errors.coded(400, 20409, 'Only a call that is over can be deleted: end it first.'))
  const gone = await doors.store.commit([deleteRow('calls', { id: call.id })])
  return gone.ok ? ok(undefined) : err(errors.unavailable())
}
