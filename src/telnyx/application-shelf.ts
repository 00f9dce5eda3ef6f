// Applications and connections into accounts/ and out of it, whichever of this API's resources they are shown as.

import type { Application } from '#accounts/model.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { TelnyxDoors } from './doors.ts'
import { type ApiError, accountsError } from './errors.ts'

/** @param what failures name: `This application` */
export function applicationShelf({ register }: Pick<TelnyxDoors, 'register'>, what: string) {
  return {
    /** Keeps what could be made, and passes on why it could not. */
    async put(made: Result<Application, ApiError>): Promise<Result<Application, ApiError>> {
      if (!made.ok) return made
      const done = await register.putApplication(made.value)
      return done.ok ? made : err(accountsError(done.error, what))
    },
    async remove({ id }: Application): Promise<Result<void, ApiError>> {
      const done = await register.removeApplication(id)
      return done.ok ? ok(undefined) : err(accountsError(done.error, what))
    },
  }
}
