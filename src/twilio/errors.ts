// This language's error bodies (twilio-voice §11, ERR-01). One catalogue: every refusal of the hall has its code, status
// and wording here, and a new refusal does not compile until it has.

import type { AccountsError } from '#accounts/model.ts'
import type { Refusal } from '#calls/commands.ts'
import type { Reply } from '#http/route.ts'

export interface ApiError {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
  /** Seconds to wait before trying again. */
  readonly retryAfterSecs?: number
}

function error(status: number, code: number, message: string): ApiError {
  return { status, code, message }
}

/** Where a code is explained. */
export function moreInfo(code: number): string {
  return `https://www.twilio.com/docs/errors/${code}`
}

/** An error reply. */
export function fail({ status, code, message, details, retryAfterSecs }: ApiError): Reply {
  return {
    status,
    json: { code, message, more_info: moreInfo(code), status, ...(details === undefined ? {} : { details }) },
    headers: {
      // AUTH-03.
      ...(status === 401 ? { 'www-authenticate': 'Basic realm="Twilio API"' } : {}),
      ...(retryAfterSecs === undefined ? {} : { 'retry-after': String(retryAfterSecs) }),
    },
  }
}

type Entry<R extends Refusal> = (refusal: R) => ApiError
type Catalogue = { readonly [T in Refusal['type']]: Entry<Extract<Refusal, { readonly type: T }>> }

const notInProgress = (): ApiError => error(400, 21220, 'Call is not in-progress.')
const invalid = (message: string): ApiError => error(400, 20001, message)
const noSuch = (what: string): ApiError => error(404, 20404, `${what} was not found.`)

const catalogue: Catalogue = {
  'call-unknown': () => noSuch('The requested call'),
  'call-ended': notInProgress,
  'call-not-answered': notInProgress,
  'call-not-ringing': notInProgress,
  'not-owner': () => noSuch('The requested call'),
  'no-audio-yet': notInProgress,
  'not-bridged': () => error(400, 21220, 'Call is not connected to another one.'),
  'already-bridged': () => error(400, 21220, 'Call is connected to another one.'),
  'same-call': () => invalid('A call cannot be connected with itself.'),
  'refer-running': () => error(400, 21220, 'The call is being transferred by its far end.'),
  'overlay-without-playback': () => invalid('Nothing plays that this could be laid over.'),
  'stream-running': () => error(400, 31920, 'A stream of this call runs already.'),
  'no-stream': () => noSuch('The requested stream'),
  'not-forked': () => noSuch('The requested stream'),
  'transcription-running': () => error(400, 32650, 'A transcription of this call runs already.'),
  'not-transcribing': () => noSuch('The requested transcription'),
  'recording-unknown': () => noSuch('The requested recording'),
  'recording-wrong-state': () => error(400, 21220, 'The recording is not in a state for this.'),
  'recording-session-running': ({ name }) => invalid(`A SIPREC session named '${name}' runs on this call already.`),
  'recording-session-unknown': () => noSuch('The requested SIPREC session'),
  'bad-address': ({ to }) => error(400, 21211, `The 'To' number ${to} is not a valid phone number.`),
  'destination-not-allowed': ({ to }) =>
    error(400, 21215, `Calls to ${to} are not allowed: add a trunk that serves it, or allow the address.`),
  'encryption-impossible': ({ to }) => error(400, 32011, `SRTP to ${to} needs SIP over TLS.`),
  'no-route': ({ to }) =>
    error(400, 21214, `The 'To' address ${to} cannot be reached: no trunk serves it and no such user is registered.`),
  'conference-unknown': () => noSuch('The requested conference'),
  'conference-ended': () => noSuch('The requested conference'),
  'conference-name-taken': () => invalid('A conference of this name is running.'),
  'conference-full': () => error(400, 16020, 'The conference takes no more participants.'),
  'label-taken': ({ label }) => error(400, 16026, `The label '${label}' is in use in this conference.`),
  'conference-empty': () => error(400, 16030, 'The conference has no participants.'),
  'already-in-conference': () => error(400, 16026, 'This call is in the conference already.'),
  'not-in-conference': () => noSuch('The requested participant'),
  'not-supervising': () => invalid('This call does not coach anybody.'),
  'queue-unknown': () => noSuch('The requested queue'),
  'queue-name-taken': () => error(400, 22003, 'A queue of this FriendlyName exists already.'),
  'queue-full': () => error(400, 22001, 'The queue is full.'),
  'queue-empty': () => noSuch('A member of the queue'),
  'queue-not-empty': () => error(400, 22002, 'The queue is not empty.'),
  'queue-size-fixed': ({ maxSize }) => invalid(`The queue takes ${maxSize} calls.`),
  'already-in-queue': () => invalid('This call is in the queue already.'),
  'not-in-queue': () => noSuch('The requested member'),
  'queue-head-ended': () => noSuch('A member of the queue'),
  'limit-reached': ({ limit }) => error(400, 10004, `Call concurrency limit exceeded: ${limit}.`),
  barred: ({ to, reason }) => error(400, 21215, `${to} cannot be called: ${reason}.`),
  spent: ({ limit }) => error(400, 21215, `The limit of ${limit} a day is used up; it begins anew at midnight UTC.`),
  unavailable: ({ retryAfterMs }) => ({
    ...error(503, 20503, 'The switch cannot take new work just now; nothing was done. Try again shortly.'),
    retryAfterSecs: Math.max(1, Math.ceil(retryAfterMs / 1000)),
  }),
}

/** The error a refusal becomes. */
export function refusalError(refusal: Refusal): ApiError {
  return (catalogue[refusal.type] as Entry<Refusal>)(refusal)
}

/** The error it is when accounts/ does not take a change; `what` is what was to be changed. */
export function accountsError(cause: AccountsError, what: string): ApiError {
  switch (cause.type) {
    case 'unknown':
      return noSuch(what)
    case 'unavailable':
      return errors.unavailable()
    case 'full':
      return error(400, 20009, `An account keeps at most ${cause.limit} of these.`)
    case 'taken':
    case 'invalid':
      return invalid(`${cause.reason}.`)
  }
}

export const errors = {
  /** A code of the catalogue with words of its own. */
  coded: error,
  /** AUTH-03. */
  unauthorized: (why: string): ApiError => error(401, 20003, `Authentication Error - ${why}`),
  /** 20404, naming the path. */
  notFound: (path: string): ApiError => error(404, 20404, `The requested resource ${path} was not found`),
  noSuch,
  notAllowed: (method: string, path: string): ApiError =>
    error(405, 20004, `Method not allowed: ${path} does not take ${method}`),
  noSuchFormat: (suffix: string): ApiError =>
    error(404, 20404, `This switch writes JSON only: ask for .json instead of ${suffix}`),
  invalid,
  missing: (parameter: string): ApiError => invalid(`Parameter '${parameter}' is required.`),
  unsupported: (what: string): ApiError => error(501, 20501, `${what} are not supported by this switch.`),
  unreadable: (): ApiError => invalid('The body is neither a form (application/x-www-form-urlencoded) nor JSON.'),
  tooLarge: (): ApiError => error(413, 20001, 'The body is larger than this resource takes.'),
  tooMany: (retryAfterSecs: number): ApiError => ({ ...error(429, 20429, 'Too Many Requests'), retryAfterSecs }),
  badPageToken: (): ApiError => error(400, 21481, 'Invalid PageToken.'),
  inactive: (): ApiError => error(400, 10001, 'Account is not active.'),
  unavailable: (): ApiError => refusalError({ type: 'unavailable', retryAfterMs: 1000 }),
  internal: (): ApiError => error(500, 20500, 'The switch failed to carry this out; its log says why.'),
} as const
