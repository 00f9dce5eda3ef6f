// Our own plain API, the only one the command line and the console use: status, live calls, the event timeline,
// recordings, dead letters. One bearer token opens it; replies are plain JSON, errors are `{"error": "…"}`.

import { createHash, timingSafeEqual } from 'node:crypto'
import { err, ok } from '#base/result.ts'
import type { Call } from '#calls/model.ts'
import { recordingFromRow } from '#calls/rows.ts'
import { type AnyRoute, type Mount, type Reply, route } from '#http/route.ts'
import { readFrom } from '#storage/store.ts'
import { deadLetters } from '#webhooks/dead-letters.ts'
import type { AdminDoors } from './doors.ts'
import { timeline } from './timeline.ts'

/** Rows in one answer. */
const MAX_ROWS = 1000
const DEFAULT_ROWS = 50

export function adminMount(doors: AdminDoors): Mount<null> {
  return {
    prefix: '/admin',
    routes: routes(doors),
    authenticate: async (head) => {
      const [scheme, token] = (head.headers.authorization ?? '').split(' ')
      const right = scheme?.toLowerCase() === 'bearer' && token !== undefined && same(token, doors.token)
      return right
        ? ok(null)
        : err(fail(401, 'send "Authorization: Bearer <admin_token>"; it is in credentials.json of the data folder'))
    },
    invalid: (issues) => fail(422, issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')),
    unreadable: () => fail(400, 'the body is not JSON'),
    notFound: (head) => fail(404, `there is nothing at ${head.method} ${head.path}`),
    tooLarge: () => fail(413, 'the body is too large'),
    crashed: () => fail(500, 'this failed; the log says why'),
  }
}

function routes(doors: AdminDoors): readonly AnyRoute<null>[] {
  return [
    route<null, unknown>({
      method: 'GET',
      path: '/status',
      summary: 'How the switch is',
      handler: async () => {
        const delivery = doors.dispatcher.stats()
        return {
          status: 200,
          json: {
            version: doors.version,
            started_at: new Date(Math.floor(doors.startedAtWallMs)).toISOString(),
            uptime_seconds: Math.round((doors.clock.wallMs() - doors.startedAtWallMs) / 1000),
            draining: doors.engine.draining,
            faces: doors.faces(),
            calls: doors.engine.liveCalls().length,
            conferences: doors.engine.liveConferences().filter((one) => one.state !== 'ended').length,
            recordings: doors.engine.runningRecordings().length,
            store: doors.store.health,
            media: doors.mediaLoad(),
            webhooks: {
              pending: delivery.pending,
              delivered: delivery.delivered,
              dead: delivery.dead,
              first_attempt_p50_ms: delivery.firstAttemptP50Ms,
              first_attempt_p99_ms: delivery.firstAttemptP99Ms,
            },
            trunks: doors.register.trunks().map((trunk) => trunk.name),
            users: doors.register.users().length,
          },
        }
      },
    }),
    route<null, unknown>({
      method: 'GET',
      path: '/calls',
      summary: 'Live calls',
      handler: async () => ({
        status: 200,
        json: { calls: doors.engine.liveCalls().map((call) => shortCall(call, doors.clock.wallMs())) },
      }),
    }),
    route<null, unknown>({
      method: 'GET',
      path: '/recordings',
      summary: 'Recordings, newest first',
      handler: async ({ query }) => {
        const rows = await readFrom(() =>
          doors.store.db
            .selectFrom('recordings')
            .select('data')
            .where('state', 'in', ['completed', 'recording', 'paused', 'processing', 'failed'])
            .orderBy('created_at_ms', 'desc')
            .limit(limit(query.limit))
            .execute(),
        )
        if (!rows.ok) return fail(503, rows.error.reason)
        const recordings = rows.value.map(recordingFromRow).map((one) => ({
          id: one.id,
          call: one.call,
          conference: one.conference,
          state: one.state,
          format: one.options.format,
          channels: one.options.channels,
          from: one.from,
          to: one.to,
          started_at: new Date(Math.floor(one.startedAtWallMs)).toISOString(),
          duration_ms: one.durationMs,
          octets: one.octets,
          path: one.path,
          failure: one.failure,
        }))
        return { status: 200, json: { recordings } }
      },
    }),
    route<null, unknown>({
      method: 'GET',
      path: '/recordings/:id/file',
      summary: 'The file of a recording',
      handler: async ({ params }) => {
        const row = await readFrom(() =>
          doors.store.db
            .selectFrom('recordings')
            .select('data')
            .where('id', '=', params.id ?? '')
            .where('state', '=', 'completed')
            .executeTakeFirst(),
        )
        if (!row.ok) return fail(503, row.error.reason)
        const recording = row.value === undefined ? null : recordingFromRow(row.value)
        const file = recording === null ? null : await doors.readRecording(recording.path)
        if (recording === null || file === null) return fail(404, 'there is no such recording')
        return {
          status: 200,
          stream: file.stream,
          contentType: recording.options.format === 'mp3' ? 'audio/mpeg' : 'audio/wav',
          headers: { 'content-length': String(file.octets) },
        }
      },
    }),
    route<null, unknown>({
      method: 'GET',
      path: '/events',
      summary: 'The event timeline as it happens: one JSON object a line',
      handler: async ({ query, onReplied }) => {
        const live = timeline(doors.engine)
        onReplied(live.stop)
        const past = await readFrom(() =>
          doors.store.db
            .selectFrom('events')
            .selectAll()
            .orderBy('occurred_at_ms', 'desc')
            .limit(limit(query.past, 0))
            .execute(),
        )
        const rows = past.ok ? past.value.reverse() : []
        return {
          status: 200,
          contentType: 'application/x-ndjson',
          stream: live.after(
            rows.map((row) => ({
              at: new Date(row.occurred_at_ms).toISOString(),
              lane: row.subject_id,
              sequence: row.sequence,
              type: row.type,
              ...(JSON.parse(row.data) as object),
            })),
          ),
        }
      },
    }),
    route<null, unknown>({
      method: 'GET',
      path: '/webhooks/dead',
      summary: 'Webhooks that could not be delivered',
      handler: async ({ query }) => {
        const account = doors.register.accounts()[0]?.id ?? ''
        const rows = await deadLetters(doors.store, { account, limit: limit(query.limit) })
        if (!rows.ok) return fail(503, rows.error.reason)
        const dead = rows.value.map((row) => ({
          id: row.id,
          event_type: row.event_type,
          attempts: row.attempt,
          created_at: new Date(row.created_at_ms).toISOString(),
        }))
        return { status: 200, json: { dead } }
      },
    }),
    route<null, unknown>({
      method: 'POST',
      path: '/webhooks/:id/replay',
      summary: 'Deliver a webhook again',
      handler: async ({ params }) => {
        const replayed = await doors.dispatcher.replay(params.id ?? '')
        if (!replayed.ok) return fail(503, replayed.error.reason)
        return replayed.value
          ? { status: 202, json: { replayed: params.id } }
          : fail(404, 'there is no such webhook, or it is under way')
      },
    }),
  ]
}

function shortCall(call: Call, nowWallMs: number): object {
  return {
    id: call.id,
    direction: call.direction,
    from: call.from,
    to: call.to,
    state: call.state,
    place: call.place.type,
    codec: call.codec,
    seconds: Math.round((nowWallMs - call.createdAtWallMs) / 1000),
  }
}

function limit(value: unknown, otherwise = DEFAULT_ROWS): number {
  return typeof value === 'string' && /^\d{1,4}$/.test(value) ? Math.min(MAX_ROWS, Number(value)) : otherwise
}

function fail(status: number, text: string): Reply {
  return { status, json: { error: text } }
}

function same(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(a), hash(b))
}
