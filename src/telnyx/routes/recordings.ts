// Recordings: list with filters, look up, delete, and the download behind a signed link (telnyx-voice §11.4, §12.6).

import { z } from 'zod'
import type { AccountId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Recording } from '#calls/model.ts'
import { recordingFromRow, recordingWrite } from '#calls/rows.ts'
import type { AnyRoute } from '#http/route.ts'
import { readFrom } from '#storage/store.ts'
import { fail } from '../commander.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { type ApiError, errors, refusalError } from '../errors.ts'
import { filter, listBody, readPage } from '../paging.ts'
import type { RecordingLinks } from '../payloads.ts'
import { resolveApplication } from '../resolve.ts'
import { recordingResource } from '../resources.ts'
import { route } from '../route.ts'
import { readCallControlId, readUuid } from '../spelling.ts'

export function recordingRoutes(doors: TelnyxDoors, links: RecordingLinks): readonly AnyRoute<TelnyxActor>[] {
  const list = route({
    method: 'GET',
    path: '/recordings',
    summary: 'List recordings, newest first',
    handler: async ({ actor, query }) => {
      const page = readPage(query)
      if (!page.ok) return fail(page.error)
      let rows = doors.store.db
        .selectFrom('recordings')
        .where('account_id', '=', actor.account)
        .where('state', '=', 'completed')
      const call = filter(query, 'call_control_id')
      if (call !== undefined) rows = rows.where('call_id', '=', readCallControlId(call) ?? '')
      const leg = filter(query, 'call_leg_id')
      if (leg !== undefined) rows = rows.where('call_id', '=', readUuid(leg) ?? '')
      const session = filter(query, 'call_session_id')
      if (session !== undefined) rows = rows.where('group_id', '=', readUuid(session) ?? '')
      const conference = filter(query, 'conference_id')
      if (conference !== undefined) rows = rows.where('conference_id', '=', readUuid(conference) ?? '')
      const connection = filter(query, 'connection_id')
      if (connection !== undefined) {
        rows = rows.where('application_id', '=', resolveApplication(doors, actor.account, connection) ?? '')
      }
      const from = filter(query, 'from')
      if (from !== undefined) rows = rows.where('from_party', '=', from)
      const to = filter(query, 'to')
      if (to !== undefined) rows = rows.where('to_party', '=', to)
      for (const [name, column] of timeFilters) {
        for (const [operator, sign] of [
          ['gte', '>='],
          ['lte', '<='],
        ] as const) {
          const text = filter(query, name, operator)
          if (text === undefined) continue
          const atMs = Date.parse(text)
          if (Number.isNaN(atMs))
            return fail(errors.badParameter(`filter[${name}][${operator}]`, 'An ISO 8601 time is expected.'))
          rows = rows.where(column, sign, atMs)
        }
      }
      const found = await readFrom(async () => ({
        total: await rows.select((select) => select.fn.countAll<number>().as('n')).executeTakeFirst(),
        page: await rows
          .select('data')
          .orderBy('created_at_ms', 'desc')
          .orderBy('id', 'desc')
          .offset(page.value.offset)
          .limit(page.value.size)
          .execute(),
      }))
      if (!found.ok) return fail(refusalError({ type: 'unavailable', retryAfterMs: 1000 }))
      const data = found.value.page.map((row) => recordingResource(recordingFromRow(row), links))
      return { status: 200, json: listBody(data, page.value, Number(found.value.total?.n ?? 0)) }
    },
  })

  const retrieve = route({
    method: 'GET',
    path: '/recordings/:recording_id',
    summary: 'Look up a recording',
    handler: async ({ actor, params }) => {
      const recording = await find(doors, actor.account, params.recording_id ?? '')
      return recording.ok
        ? { status: 200, json: { data: recordingResource(recording.value, links) } }
        : fail(recording.error)
    },
  })

  const remove = route({
    method: 'DELETE',
    path: '/recordings/:recording_id',
    summary: 'Delete a recording',
    handler: async ({ actor, params }) => {
      const recording = await find(doors, actor.account, params.recording_id ?? '')
      if (!recording.ok) return fail(recording.error)
      const body = { data: recordingResource(recording.value, links) }
      const deleted = await erase(doors, recording.value)
      return deleted ? { status: 200, json: body } : fail(refusalError({ type: 'unavailable', retryAfterMs: 1000 }))
    },
  })

  const removeMany = (method: 'POST' | 'DELETE'): AnyRoute<TelnyxActor> =>
    route({
      method,
      path: '/recordings/actions/delete',
      summary: 'Delete several recordings',
      body: z.object({ ids: z.array(z.string()).min(1).max(250) }),
      handler: async ({ actor, body }) => {
        for (const id of body.ids) {
          const recording = await find(doors, actor.account, id)
          if (!recording.ok) return fail(recording.error)
          if (!(await erase(doors, recording.value)))
            return fail(refusalError({ type: 'unavailable', retryAfterMs: 1000 }))
        }
        return { status: 200, json: { status: 'ok' } }
      },
    })

  return [list, retrieve, remove, removeMany('POST'), removeMany('DELETE')]
}

const timeFilters = [
  ['created_at', 'created_at_ms'],
  ['start_time', 'started_at_ms'],
  ['end_time', 'ended_at_ms'],
] as const

async function find(doors: TelnyxDoors, account: AccountId, text: string): Promise<Result<Recording, ApiError>> {
  const id = readUuid(text)
  if (id === null) return err(errors.notFound('This recording'))
  const row = await readFrom(() =>
    doors.store.db
      .selectFrom('recordings')
      .select('data')
      .where('id', '=', id)
      .where('account_id', '=', account)
      .where('state', '=', 'completed')
      .executeTakeFirst(),
  )
  if (!row.ok) return err(refusalError({ type: 'unavailable', retryAfterMs: 1000 }))
  return row.value === undefined ? err(errors.notFound('This recording')) : ok(recordingFromRow(row.value))
}

/** Row first, file second: a crash in between leaves a file nobody can reach rather than a row that lies. */
async function erase(doors: TelnyxDoors, recording: Recording): Promise<boolean> {
  const committed = await doors.store.commit([recordingWrite({ ...recording, state: 'deleted' })])
  if (!committed.ok) return false
  await doors.removeRecording(recording.path)
  return true
}
