// Path segments and body ids to the hall's ids. Conferences answer to their name as well; `+` in a segment may stand for
// a space (old SDKs encode paths like forms), but only when the text as it stands is unknown (telnyx-voice §14.2).

import type { Application } from '#accounts/model.ts'
import type { AccountId, ApplicationId, CallId, ConferenceId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import { LANGUAGE, type TelnyxDoors } from './doors.ts'
import { type ApiError, refusalError } from './errors.ts'
import { connectionId, readCallControlId, readUuid } from './spelling.ts'
import { isTexml } from './texml-program.ts'

export function resolveCall(text: string | undefined, pointer = '/call_control_id'): Result<CallId, ApiError> {
  const id = text === undefined ? null : readCallControlId(text)
  if (id !== null) return ok(id)
  return err({ ...refusalError({ type: 'call-unknown' }), source: { pointer } })
}

/** The ids of a list; unknown spellings are passed over as long as one is good (telnyx-voice §14.3). */
export function resolveCalls(texts: readonly string[] | undefined): Result<readonly CallId[] | null, ApiError> {
  if (texts === undefined || texts.length === 0) return ok(null)
  const ids = texts.flatMap((text) => readCallControlId(text) ?? [])
  return ids.length === 0
    ? err({ ...refusalError({ type: 'call-unknown' }), source: { pointer: '/call_control_ids' } })
    : ok(ids)
}

export function resolveConference(
  doors: TelnyxDoors,
  account: AccountId,
  segment: string,
): Result<ConferenceId, ApiError> {
  const id = readUuid<'conference'>(segment)
  if (id !== null) return ok(id)
  const found =
    doors.engine.conferenceByName(account, segment) ??
    doors.engine.conferenceByName(account, segment.replaceAll('+', ' '))
  return found === null ? err(refusalError({ type: 'conference-unknown' })) : ok(found.id)
}

/** The application a `connection_id` names; programs of another language have no such id. */
export function resolveApplication(doors: TelnyxDoors, account: AccountId, connection: string): ApplicationId | null {
  return named(doors, account, connection, (one) => one.dialect === LANGUAGE)
}

/** What a number may lead to: an application, or a program that answers with documents. */
export function resolveProgram(doors: TelnyxDoors, account: AccountId, connection: string): ApplicationId | null {
  return named(doors, account, connection, (one) => one.dialect === LANGUAGE || isTexml(one))
}

function named(
  doors: TelnyxDoors,
  account: AccountId,
  connection: string,
  meant: (application: Application) => boolean,
): ApplicationId | null {
  const own = doors.register.applications(account).filter(meant)
  return own.find((one) => connectionId(one.id) === connection)?.id ?? null
}
