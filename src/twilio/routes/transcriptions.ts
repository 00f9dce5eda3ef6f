// What was said in recordings (RC-10): of the account or of one recording. Rows are made by whoever transcribes.

import type { AnyRoute, Reply } from '#http/route.ts'
import type { RecordingTranscriptionRow } from '#storage/schema.ts'
import { deleteRow } from '#storage/write.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { errors, fail } from '../errors.ts'
import { listReply, readPage } from '../paging.ts'
import { A, route, type TwilioRequest } from '../route.ts'
import { API_VERSION, readSid, restTime, seconds, sid, uri } from '../spelling.ts'
import { stored } from '../stored.ts'
import { pageFrom } from '../stored-list.ts'

export function transcriptionRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const { store } = doors
  const rowsOf = (request: TwilioRequest) => {
    const { recording_sid: named } = request.params
    const rows = store.db.selectFrom('recording_transcriptions').where('account_id', '=', request.actor.account)
    return named === undefined ? rows : rows.where('recording_id', '=', readSid('recording', named) ?? '')
  }
  const list = async (request: TwilioRequest): Promise<Reply> => {
    const ask = readPage(request.query)
    if (!ask.ok) return fail(ask.error)
    const page = await pageFrom(rowsOf(request).selectAll(), 'created_at_ms', ask.value, (row) => row)
    if (!page.ok) return fail(page.error)
    const keyOf = (row: RecordingTranscriptionRow) => ({ at: row.created_at_ms, id: row.id })
    return listReply(request, 'transcriptions', ask.value, page.value, keyOf, resource)
  }
  const found = async (
    request: TwilioRequest,
    then: (row: RecordingTranscriptionRow) => Promise<Reply>,
  ): Promise<Reply> => {
    const id = readSid('transcription', request.params.sid) ?? ''
    const row = await stored(() => rowsOf(request).selectAll().where('id', '=', id).executeTakeFirst())
    if (!row.ok) return fail(row.error)
    return row.value === undefined ? fail(errors.notFound(request.path)) : then(row.value)
  }
  return [`${A}/Transcriptions`, `${A}/Recordings/:recording_sid/Transcriptions`].flatMap((path) => [
    route<unknown>({ method: 'GET', path, summary: 'List transcriptions of recordings, newest first', handler: list }),
    route<unknown>({
      method: 'GET',
      path: `${path}/:sid`,
      summary: 'Look up a transcription of a recording',
      handler: (request) => found(request, async (row) => ({ status: 200, json: resource(row) })),
    }),
    route<unknown>({
      method: 'DELETE',
      path: `${path}/:sid`,
      summary: 'Delete a transcription of a recording',
      handler: (request) =>
        found(request, async (row) => {
          const done = await store.commit([deleteRow('recording_transcriptions', { id: row.id })])
          return done.ok ? { status: 204 } : fail(errors.unavailable())
        }),
    }),
  ])
}

function resource(row: RecordingTranscriptionRow): object {
  const named = sid('transcription', row.id)
  return {
    sid: named,
    account_sid: sid('account', row.account_id),
    recording_sid: sid('recording', row.recording_id),
    api_version: API_VERSION,
    status: row.state,
    type: 'fast',
    transcription_text: row.text,
    duration: row.duration_ms === null ? null : seconds(row.duration_ms),
    price: null,
    price_unit: 'USD',
    date_created: restTime(row.created_at_ms),
    date_updated: restTime(row.updated_at_ms),
    uri: uri(row.account_id, 'Transcriptions', named),
  }
}
