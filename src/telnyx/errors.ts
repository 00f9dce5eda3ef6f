// This language's error bodies (telnyx-voice §3). One catalogue: every refusal of the hall has its code, status and
// wording here, and a new refusal does not compile until it has.

import type { AccountsError } from '#accounts/model.ts'
import type { Refusal } from '#calls/commands.ts'
import { callControlId, resourceTime } from './spelling.ts'

export interface ApiError {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  /** RFC 6901 pointer into the body, or a query parameter. */
  readonly source?: { readonly pointer: string } | { readonly parameter: string }
  /** Seconds to wait before trying again. */
  readonly retryAfterSecs?: number
}

/** The body of a failure. All errors of one request go in one array. */
export function errorBody(errors: readonly ApiError[]): object {
  return {
    errors: errors.map(({ code, title, detail, source }) => ({
      code,
      title,
      detail,
      ...(source === undefined ? {} : { source }),
      meta: { url: `https://developers.telnyx.com/docs/overview/errors/${code}` },
    })),
  }
}

function error(status: number, code: string, title: string, detail: string, pointer?: string): ApiError {
  return { status, code, title, detail, ...(pointer === undefined ? {} : { source: { pointer } }) }
}

type Entry<R extends Refusal> = (refusal: R) => ApiError
type Catalogue = { readonly [T in Refusal['type']]: Entry<Extract<Refusal, { readonly type: T }>> }

const callPointer = '/call_control_id'

/** Channels of the user, of the outbound voice profile, of the connection (telnyx-voice §3.3). */
const limitCodes = { account: '90041', profile: '90042', connection: '90043' } as const

const catalogue: Catalogue = {
  'call-unknown': () =>
    error(422, '90015', 'Invalid Call Control ID', 'There is no call with this call_control_id.', callPointer),
  'call-ended': () =>
    error(
      422,
      '90018',
      'Call has already ended',
      'This call is no longer active and takes no more commands.',
      callPointer,
    ),
  'call-not-answered': () =>
    error(
      422,
      '90034',
      'Call has not been answered yet',
      'This command needs an answered call: wait for call.answered.',
      callPointer,
    ),
  'call-not-ringing': () =>
    error(
      422,
      '90102',
      'Call cannot be answered',
      'Only an incoming call that still rings can be answered or rejected.',
      callPointer,
    ),
  'not-owner': () =>
    error(
      422,
      '10027',
      'Call is controlled elsewhere',
      'An application of another API owns this call; command it there.',
      callPointer,
    ),
  'no-audio-yet': () =>
    error(422, '90020', 'Call has no audio yet', 'Recording needs audio: wait for call.answered.', callPointer),
  'not-bridged': () =>
    error(422, '10027', 'Call is not bridged', 'target_legs opposite and both need a bridged call.', '/target_legs'),
  'already-bridged': () =>
    error(
      422,
      '10027',
      'Call is already bridged',
      'prevent_double_bridge is set and the other call is in a bridge.',
      callPointer,
    ),
  'same-call': () =>
    error(422, '90015', 'Invalid Call Control ID', 'A call cannot be bridged with itself.', callPointer),
  'refer-running': () =>
    error(
      422,
      '10027',
      'Call is being referred',
      'The far end was asked to call somebody else: wait for call.refer.completed or call.refer.failed.',
      callPointer,
    ),
  'overlay-without-playback': () =>
    error(
      422,
      '10027',
      'Nothing to overlay',
      'An overlay needs a running playback that is not an overlay.',
      '/overlay',
    ),
  'stream-running': () =>
    error(422, '90045', 'Streaming in use', 'A stream or fork of this call runs already: stop it first.', callPointer),
  'no-stream': () =>
    error(422, '90048', 'Streaming not in use', 'No such stream of this call is running.', callPointer),
  'not-forked': () => error(422, '90031', 'Call is not forked', 'This call is not being forked.', callPointer),
  'transcription-running': () =>
    error(
      422,
      '90054',
      'Transcription already running',
      'This call is being transcribed: stop that first.',
      callPointer,
    ),
  'not-transcribing': () =>
    error(422, '90055', 'Transcription cannot be stopped', 'This call is not being transcribed.', callPointer),
  'recording-unknown': () =>
    error(404, '10005', 'Resource not found', 'There is no such recording running here.', '/recording_id'),
  'recording-wrong-state': () =>
    error(422, '10027', 'Recording state', 'The recording is not in a state for this command.', '/recording_id'),
  'recording-session-running': (refusal) =>
    error(
      422,
      '10027',
      'SIPREC session is running',
      `This call is recorded to '${refusal.name}' already, with other settings: stop that one first.`,
      '/connector_name',
    ),
  'recording-session-unknown': () =>
    error(422, '10027', 'No SIPREC session', 'No SIPREC session runs on this call.', callPointer),
  'bad-address': (refusal) =>
    error(
      422,
      '10016',
      'Phone number must be in +E164 format',
      `'${refusal.to}' is neither a +E.164 number nor a SIP URI.`,
      '/to',
    ),
  'destination-not-allowed': (refusal) =>
    error(
      403,
      '10010',
      'Destination not allowed',
      `Calls to '${refusal.to}' are not allowed: add a trunk that matches it or allow the address.`,
      '/to',
    ),
  'encryption-impossible': (refusal) =>
    error(
      422,
      '10011',
      'Media encryption not possible',
      `SRTP to '${refusal.to}' needs signalling over TLS: its keys travel in the SDP.`,
      '/media_encryption',
    ),
  'no-route': (refusal) =>
    error(
      422,
      '10017',
      'No route to destination',
      `No trunk matches '${refusal.to}' and no such user is registered.`,
      '/to',
    ),
  'conference-unknown': () =>
    error(404, '90058', 'Conference not found', 'There is no conference with this id or name.'),
  'conference-ended': () =>
    error(422, '90019', 'Conference has already ended', 'This conference is over; create a new one.'),
  'conference-name-taken': () =>
    error(
      422,
      '90033',
      'Conference name in use',
      'A conference with this name is active: join it, or choose another name.',
      '/name',
    ),
  'label-taken': ({ label }) => error(422, '90033', 'Label in use', `Another participant is named ${label}.`),
  'conference-full': () =>
    error(422, '90032', 'Maximum participants reached', 'The conference takes no more participants.'),
  'conference-empty': () =>
    error(422, '90033', 'No active participants', 'The conference has no participants to hear this.'),
  'already-in-conference': () =>
    error(422, '90044', 'Call already in conference', 'This call is in the conference already.', callPointer),
  'not-in-conference': () =>
    error(
      422,
      '90018',
      'Call is not in the conference',
      'None of the named calls is in this conference.',
      '/call_control_ids',
    ),
  'not-supervising': () =>
    error(
      422,
      '10027',
      'Call is not a supervisor',
      'Only an answered call dialled with supervise_call_control_id has a supervisor role.',
      callPointer,
    ),
  'queue-unknown': (refusal) => error(404, '10005', 'Resource not found', `There is no queue '${refusal.name}'.`),
  'queue-name-taken': () =>
    error(422, '10012', 'Duplicate resource', 'A queue with this name exists already.', '/queue_name'),
  'queue-full': () => error(422, '90036', 'Queue full', 'The queue takes no more calls: raise its max_size or wait.'),
  'queue-empty': () => error(422, '10027', 'Queue empty', 'No call waits in this queue.', '/queue'),
  'queue-not-empty': () =>
    error(400, '90050', 'Queue not empty', 'Calls are in this queue: only an empty queue can be deleted.'),
  'queue-size-fixed': (refusal) =>
    error(
      422,
      '90037',
      'Maximum size cannot be changed',
      `The queue has max_size ${refusal.maxSize}; change it with POST /v2/queues/{queue_name}.`,
      '/max_size',
    ),
  'already-in-queue': () =>
    error(422, '90038', 'Call already in queue', 'This call is in the queue already.', callPointer),
  'not-in-queue': () => error(422, '90035', 'Call is not in a queue', 'This call is not in the queue.', callPointer),
  'queue-head-ended': ({ entry }) =>
    error(
      422,
      '90018',
      'Call has already ended',
      `The first call in the queue hung up (from ${entry.from} to ${entry.to}, ${callControlId(entry.call)}, waiting since ${resourceTime(entry.enqueuedAtWallMs)}). It is out of the queue now: call back, or bridge the next one.`,
      '/queue',
    ),
  'limit-reached': (refusal) =>
    error(422, limitCodes[refusal.of ?? 'account'], 'Limit reached', `Limit reached: ${refusal.limit}.`),
  barred: (refusal) =>
    error(403, '10010', 'Destination not allowed', `'${refusal.to}' cannot be called: ${refusal.reason}.`, '/to'),
  spent: (refusal) =>
    error(
      403,
      '10039',
      'Daily spend limit reached',
      `The outbound voice profile’s limit of ${refusal.limit} a day is used up; it begins anew at midnight UTC.`,
      '/connection_id',
    ),
  unavailable: (refusal) => ({
    ...error(
      503,
      '10007',
      'Service unavailable',
      'The switch cannot take new work just now; nothing was done. Try again shortly.',
    ),
    retryAfterSecs: Math.max(1, Math.ceil(refusal.retryAfterMs / 1000)),
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
      return errors.notFound(what)
    case 'unavailable':
      return refusalError({ type: 'unavailable', retryAfterMs: 1000 })
    case 'full':
      return error(403, '10039', 'Limit reached', `An account keeps at most ${cause.limit} of these.`)
    case 'taken':
      return errors.duplicate(cause.pointer, cause.reason)
    case 'invalid':
      return errors.unprocessable(cause.pointer, cause.reason)
  }
}

export const errors = {
  unauthorized: (): ApiError =>
    error(
      401,
      '10009',
      'Authentication failed',
      'Send "Authorization: Bearer <API key>"; `hookswitch credentials` shows the key.',
    ),
  notFound: (what: string): ApiError => error(404, '10005', 'Resource not found', `${what} does not exist.`),
  unknownRoute: (method: string, path: string): ApiError =>
    error(404, '10005', 'Resource not found', `There is nothing at ${method} ${path}.`),
  notJson: (): ApiError => error(400, '10023', 'Invalid JSON', 'The request body is not valid JSON.'),
  missing: (pointer: string): ApiError =>
    error(422, '10004', 'Missing required parameter', `The '${pointer.slice(1)}' parameter is required.`, pointer),
  wrongType: (pointer: string, detail: string): ApiError => error(422, '10026', 'Invalid type', detail, pointer),
  notInEnum: (pointer: string, detail: string): ApiError =>
    error(422, '10032', 'Invalid enumerated value', detail, pointer),
  outOfRange: (pointer: string, detail: string): ApiError =>
    error(422, '10033', 'Value outside of range', detail, pointer),
  badLength: (pointer: string, detail: string): ApiError =>
    error(422, '10025', 'Invalid value length', detail, pointer),
  unprocessable: (pointer: string, detail: string): ApiError =>
    error(422, '10027', 'Unprocessable entity', detail, pointer),
  duplicate: (pointer: string, detail: string): ApiError => error(422, '10012', 'Duplicate resource', detail, pointer),
  noSuch: (pointer: string, detail: string): ApiError =>
    error(422, '10017', 'Associated resource does not exist', detail, pointer),
  inUse: (detail: string): ApiError => error(422, '10021', 'Resource in use', detail),
  unknownFilter: (parameter: string): ApiError => ({
    ...error(400, '10031', 'Unknown filter', `There is no ${parameter} here.`),
    source: { parameter },
  }),
  coded: error,
  badUrl: (pointer: string): ApiError =>
    error(422, '10003', 'Invalid URL', 'The URL is malformed, not http(s), or longer than 2000 characters.', pointer),
  badStreamUrl: (pointer: string): ApiError =>
    error(422, '10003', 'Invalid URL', 'The URL is malformed, not ws(s), or longer than 2000 characters.', pointer),
  noConnection: (): ApiError =>
    error(
      422,
      '10015',
      'Invalid connection_id',
      'connection_id names no active Call Control application with a webhook URL.',
      '/connection_id',
    ),
  noDtls: (): ApiError =>
    error(
      422,
      '10011',
      'Media encryption not possible',
      'DTLS needs a browser on the other side, which this switch does not speak with yet; ask for SRTP.',
      '/media_encryption',
    ),
  badParameter: (parameter: string, detail: string): ApiError => ({
    ...error(400, '10015', 'Bad request', detail),
    source: { parameter },
  }),
  tooLarge: (): ApiError =>
    error(413, '10015', 'Request too large', 'The request body is larger than this endpoint takes.'),
  rateLimited: (retryAfterSecs: number): ApiError => ({
    ...error(429, '10011', 'Too many requests', 'Slow down and try again.'),
    retryAfterSecs,
  }),
  notSupported: (what: string): ApiError =>
    error(501, '10038', 'Not supported by this switch', `${what} is part of the API but not built into this switch.`),
  internal: (): ApiError =>
    error(500, '10007', 'Unexpected error', 'The switch failed to carry this out; its log says why.'),
} as const
