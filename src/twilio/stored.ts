// Reads and changes of the store and of accounts/, as this language's failures when they cannot be.

import type { AccountsError } from '#accounts/model.ts'
import { err, type Result } from '#base/result.ts'
import { readFrom } from '#storage/store.ts'
import { type ApiError, accountsError, errors } from './errors.ts'

export async function stored<T>(read: () => Promise<T>): Promise<Result<T, ApiError>> {
  const found = await readFrom(read)
  return found.ok ? found : err(errors.unavailable())
}

/** A change of accounts/; `what` was to be changed. */
export function madeOf<T>(done: Result<T, AccountsError>, what: string): Result<T, ApiError> {
  return done.ok ? done : err(accountsError(done.error, what))
}
