// What was said in recordings (telnyx-voice §11.4): listed, looked up, deleted. Rows are made by whoever transcribes.

import type { AnyRoute } from '#http/route.ts'
import type { RecordingTranscriptionRow } from '#storage/schema.ts'
import { deleteRow } from '#storage/write.ts'
import { fail } from '../commander.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { errors, refusalError } from '../errors.ts'
import { allFilters, listBody, readPage } from '../paging.ts'
import { route } from '../route.ts'
import { readUuid, resourceTime, uuid } from '../spelling.ts'
import { onlyFilters, stored, timeFilters } from '../stored-list.ts'

export function recordingTranscriptionRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  const { store } = doors
  const find = (actor: TelnyxActor, id: string | undefined) =>
    stored(async () => {
      const row = await store.db
        .selectFrom('recording_transcriptions')
        .selectAll()
        .where('id', '=', readUuid(id ?? '') ?? '')
        .where('account_id', '=', actor.account)
        .executeTakeFirst()
      return row ?? null
    })
  const missing = errors.notFound('This recording transcription')
  const path = '/recording_transcriptions/:recording_transcription_id'
  return [
    route<unknown>({
      method: 'GET',
      path: '/recording_transcriptions',
      summary: 'List transcriptions of recordings, newest first',
      handler: async ({ actor, query }) => {
        const page = readPage(query)
        if (!page.ok) return fail(page.error)
        const unknown = onlyFilters(query, ['recording_id', 'created_at'])
        if (unknown !== null) return fail(unknown)
        const times = timeFilters(query, 'created_at')
        if (!times.ok) return fail(times.error)
        let rows = store.db.selectFrom('recording_transcriptions').where('account_id', '=', actor.account)
        const recording = allFilters(query).get('recording_id')?.[0]
        if (recording !== undefined) rows = rows.where('recording_id', '=', readUuid(recording) ?? '')
        for (const { sign, atMs } of times.value) rows = rows.where('created_at_ms', sign, atMs)
        const found = await stored(async () => ({
          total: await rows.select((select) => select.fn.countAll<number>().as('n')).executeTakeFirst(),
          shown: await rows
            .selectAll()
            .orderBy('created_at_ms', 'desc')
            .orderBy('id', 'desc')
            .offset(page.value.offset)
            .limit(page.value.size)
            .execute(),
        }))
        if (!found.ok) return fail(found.error)
        const body = listBody(found.value.shown.map(resource), page.value, Number(found.value.total?.n ?? 0))
        return { status: 200, json: body }
      },
    }),
    route<unknown>({
      method: 'GET',
      path,
      summary: 'Look up a transcription of a recording',
      handler: async ({ actor, params }) => {
        const found = await find(actor, params.recording_transcription_id)
        if (!found.ok) return fail(found.error)
        return found.value === null ? fail(missing) : { status: 200, json: { data: resource(found.value) } }
      },
    }),
    route<unknown>({
      method: 'DELETE',
      path,
      summary: 'Delete a transcription of a recording',
      handler: async ({ actor, params }) => {
        const found = await find(actor, params.recording_transcription_id)
        if (!found.ok) return fail(found.error)
        if (found.value === null) return fail(missing)
        const done = await store.commit([deleteRow('recording_transcriptions', { id: found.value.id })])
        return done.ok
          ? { status: 200, json: { data: resource(found.value) } }
          : fail(refusalError({ type: 'unavailable', retryAfterMs: 1000 }))
      },
    }),
  ]
}

function resource(row: RecordingTranscriptionRow): object {
  return {
    record_type: 'recording_transcription',
    id: uuid(row.id),
    recording_id: uuid(row.recording_id),
    status: row.state,
    transcription_text: row.text,
    duration_millis: row.duration_ms,
    created_at: resourceTime(row.created_at_ms),
    updated_at: resourceTime(row.updated_at_ms),
  }
}
