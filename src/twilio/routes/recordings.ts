// Recordings (RC-01 to RC-04, RC-07, RC-08): of the account, of a call, of a conference; listed, looked up, heard and
// deleted. Whoever begins and pauses them is elsewhere.

import { err, ok, type Result } from '#base/result.ts'
import type { Recording } from '#calls/model.ts'
import { recordingFromRow, recordingWrite } from '#calls/rows.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import type { OctetRange, TwilioActor, TwilioDoors } from '../doors.ts'
import { type ApiError, errors, fail } from '../errors.ts'
import { KEEP_DELETED_MS } from '../limits.ts'
import { filter, listReply, readPage, timeFilters } from '../paging.ts'
import { recordingResource } from '../recording-resource.ts'
import { A, route, type TwilioRequest } from '../route.ts'
import { readSid } from '../spelling.ts'
import { stored } from '../stored.ts'
import { pageFrom } from '../stored-list.ts'

/** Where recordings hang: the path, and the column and sid by which they belong there. */
const places = [
  { of: 'account', path: `${A}/Recordings`, column: null, kind: null },
  { of: 'call', path: `${A}/Calls/:above/Recordings`, column: 'call_id', kind: 'call' },
  { of: 'conference', path: `${A}/Conferences/:above/Recordings`, column: 'conference_id', kind: 'conference' },
] as const
type Where = (typeof places)[number]

const mimeTypes = { wav: 'audio/x-wav', mp3: 'audio/mpeg' } as const
/** A path parameter that names no sid finds nothing. */
const NOTHING = ''

export function recordingRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const { store } = doors

  const list = async (request: TwilioRequest, place: Where): Promise<Reply> => {
    const { query } = request
    const ask = readPage(query)
    if (!ask.ok) return fail(ask.error)
    const times = timeFilters(query, 'DateCreated')
    if (!times.ok) return fail(times.error)
    let rows = store.db.selectFrom('recordings').where('account_id', '=', request.actor.account)
    if (place.column !== null)
      rows = rows.where(place.column, '=', readSid(place.kind, request.params.above) ?? NOTHING)
    const call = filter(query, 'CallSid')
    if (call !== undefined) rows = rows.where('call_id', '=', readSid('call', call) ?? NOTHING)
    const conference = filter(query, 'ConferenceSid')
    if (conference !== undefined) rows = rows.where('conference_id', '=', readSid('conference', conference) ?? NOTHING)
    // RC-08: what was deleted is shown for a while, to who asks for it.
    const keptSinceMs = doors.clock.wallMs() - KEEP_DELETED_MS
    rows =
      filter(query, 'IncludeSoftDeleted')?.toLowerCase() === 'true'
        ? rows.where((where) => where.or([where('state', '!=', 'deleted'), where('created_at_ms', '>', keptSinceMs)]))
        : rows.where('state', '!=', 'deleted')
    for (const { sign, atMs } of times.value) rows = rows.where('created_at_ms', sign, atMs)
    const page = await pageFrom(rows.select('data'), 'created_at_ms', ask.value, recordingFromRow)
    if (!page.ok) return fail(page.error)
    const keyOf = (one: Recording) => ({ at: Math.floor(one.startedAtWallMs), id: one.id })
    return listReply(request, 'recordings', ask.value, page.value, keyOf, (one) =>
      recordingResource(one, doors.baseUrl(), { of: place.of }),
    )
  }

  const find = async (request: TwilioRequest, place: Where): Promise<Result<Recording, ApiError>> => {
    const id = readSid('recording', request.params.sid)
    let rows = store.db
      .selectFrom('recordings')
      .where('id', '=', id ?? NOTHING)
      .where('account_id', '=', request.actor.account)
      .where('state', '!=', 'deleted')
    if (place.column !== null)
      rows = rows.where(place.column, '=', readSid(place.kind, request.params.above) ?? NOTHING)
    const row = await stored(() => rows.select('data').executeTakeFirst())
    if (!row.ok) return row
    return row.value === undefined ? err(errors.notFound(request.path)) : ok(recordingFromRow(row.value))
  }

  /** RC-07: as it was recorded, or with the channels asked for; in part, when a range is named (RFC 9110 §14). */
  const media = async (request: TwilioRequest, recording: Recording, format: 'wav' | 'mp3'): Promise<Reply> => {
    const missing = fail(errors.notFound(request.path))
    if (recording.state !== 'completed' || recording.carriedTo !== null) return missing
    const wanted = filter(request.query, 'RequestedChannels')
    if (wanted !== undefined && wanted !== '1' && wanted !== '2')
      return fail(errors.invalid('RequestedChannels is 1 or 2.'))
    if (wanted === '2' && recording.options.channels === 1)
      return fail(errors.invalid('RequestedChannels: this recording has one channel.'))
    // A conference is heard in one channel unless two are asked for.
    const mono =
      recording.options.channels === 2 && (wanted === '1' || (wanted === undefined && recording.conference !== null))
    const path = await doors.renderRecording(recording.path, format, mono)
    const whole = path === null ? null : await doors.readRecording(path)
    if (path === null || whole === null) return missing
    const common = { 'accept-ranges': 'bytes' }
    const range = readRange(request.headers.range, whole.octets)
    if (range === 'whole') {
      const headers = { ...common, 'content-length': String(whole.octets) }
      return { status: 200, stream: whole.stream, contentType: mimeTypes[format], headers }
    }
    // Not read after all; closing the iterator closes the file.
    await whole.stream[Symbol.asyncIterator]().return?.()
    if (range === 'none') return { status: 416, headers: { ...common, 'content-range': `bytes */${whole.octets}` } }
    const part = await doors.readRecording(path, range)
    if (part === null) return missing
    return {
      status: 206,
      stream: part.stream,
      contentType: mimeTypes[format],
      headers: {
        ...common,
        'content-length': String(range.to - range.from + 1),
        'content-range': `bytes ${range.from}-${range.to}/${whole.octets}`,
      },
    }
  }

  const lookUp = async (request: TwilioRequest, place: Where): Promise<Reply> => {
    const recording = await find(request, place)
    if (!recording.ok) return fail(recording.error)
    const { suffix } = request
    // FMT-06: without an ending it is the audio, unless JSON is all that is accepted.
    const asked = suffix === '' && !/json/.test(request.headers.accept ?? '') ? '.wav' : suffix
    if (asked === '.wav' || asked === '.mp3') return media(request, recording.value, asked === '.wav' ? 'wav' : 'mp3')
    return { status: 200, json: recordingResource(recording.value, doors.baseUrl(), { of: place.of }) }
  }

  const remove = async (request: TwilioRequest, place: Where): Promise<Reply> => {
    const recording = await find(request, place)
    if (!recording.ok) return fail(recording.error)
    const { state, path } = recording.value
    if (state === 'recording' || state === 'paused' || state === 'processing')
      return fail(errors.coded(400, 21220, 'The recording is still running: stop it first.'))
    // Row first, file second: a crash in between leaves a file nobody can reach rather than a row that lies.
    const committed = await store.commit([recordingWrite({ ...recording.value, state: 'deleted' })])
    if (!committed.ok) return fail(errors.unavailable())
    await doors.removeRecording(path)
    return { status: 204 }
  }

  return places.flatMap((place) => {
    const item = `${place.path}/:sid`
    const what = place.of === 'account' ? '' : ` of a ${place.of}`
    return [
      route<unknown>({
        method: 'GET',
        path: place.path,
        summary: `List recordings${what}, newest first`,
        handler: (request) => list(request, place),
      }),
      route<unknown>({
        method: 'GET',
        path: item,
        summary: `Look up a recording${what}, or hear it`,
        handler: (request) => lookUp(request, place),
      }),
      route<unknown>({
        method: 'DELETE',
        path: item,
        summary: `Delete a recording${what}`,
        handler: (request) => remove(request, place),
      }),
    ]
  })
}

/** One range of octets; `none`: it lies outside. What is malformed, or several, is answered with the whole. */
export function readRange(header: string | undefined, octets: number): OctetRange | 'whole' | 'none' {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '')
  if (match === null) return 'whole'
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return 'whole'
  if (first === '') {
    const count = Math.min(Number(last), octets)
    return count === 0 ? 'none' : { from: octets - count, to: octets - 1 }
  }
  const from = Number(first)
  const to = Math.min(last === '' ? octets - 1 : Number(last), octets - 1)
  if (last !== '' && Number(last) < from) return 'whole'
  return from >= octets ? 'none' : { from, to }
}
