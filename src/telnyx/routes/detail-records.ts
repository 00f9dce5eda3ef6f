// Detail records (telnyx-voice §11.10): what there was, by kind, from what the store knows. `filter[record_type]` is
// mandatory; kinds this switch makes no records of are empty lists.

import { err, ok, type Result } from '#base/result.ts'
import { callFromRow, conferenceFromRow, participantFromRow, recordingFromRow } from '#calls/rows.ts'
import type { AnyRoute } from '#http/route.ts'
import { fail } from '../commander.ts'
import { costOf, money } from '../costs.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { type ApiError, errors } from '../errors.ts'
import { allFilters, listBody, type Page, readPage } from '../paging.ts'
import { route } from '../route.ts'
import { callControlId, connectionId, resourceTime, uuid } from '../spelling.ts'
import { some, stored } from '../stored-list.ts'

const MAX_SIZE = 50
const DAY_MS = 24 * 60 * 60_000

const kinds = [
  'ai-voice-assistant',
  'amd',
  'call-control',
  'conference',
  'conference-participant',
  'embedding',
  'fax',
  'inference',
  'inference-speech-to-text',
  'media_storage',
  'media-streaming',
  'messaging',
  'noise-suppression',
  'recording',
  'sip-trunking',
  'siprec-client',
  'stt',
  'tts',
  'verify',
  'webrtc',
  'wireless',
]

interface Span {
  readonly fromMs: number
  readonly untilMs: number
}
interface Found {
  readonly total: number
  readonly records: readonly object[]
}

export function detailRecordRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  return [
    route<unknown>({
      method: 'GET',
      path: '/detail_records',
      summary: 'List detail records of one kind, newest first',
      handler: async ({ actor, query }) => {
        const page = readPage(query, undefined, MAX_SIZE)
        if (!page.ok) return fail(page.error)
        const filters = allFilters(query)
        const kind = filters.get('record_type')?.[0]
        if (kind === undefined || !kinds.includes(kind)) {
          return fail(errors.badParameter('filter[record_type]', `filter[record_type] is one of ${kinds.join(', ')}.`))
        }
        const span = spanOf(filters.get('date_range')?.[0], doors.clock.wallMs())
        if (!span.ok) return fail(span.error)
        const found = await stored(() => read(doors, actor, kind, span.value, page.value))
        return found.ok
          ? { status: 200, json: listBody(found.value.records, page.value, found.value.total) }
          : fail(found.error)
      },
    }),
  ]
}

async function read(doors: TelnyxDoors, actor: TelnyxActor, kind: string, span: Span, page: Page): Promise<Found> {
  const { db } = doors.store
  const { account } = actor
  const free = { cost: '0.0', rate: '0.0', currency: 'USD', is_telnyx_billable: false, user_id: uuid(account) }
  switch (kind) {
    case 'call-control':
    case 'sip-trunking': {
      // A call of a SIP connection went by trunk, all others were commanded.
      const trunking = doors.register
        .applications(account)
        .filter((one) => (one.connection !== undefined) === (kind === 'sip-trunking'))
        .map((one) => one.id)
      const rows = db
        .selectFrom('calls')
        .where('account_id', '=', account)
        .where('application_id', 'in', some(trunking))
        .where('started_at_ms', '>=', span.fromMs)
        .where('started_at_ms', '<', span.untilMs)
      const total = await rows.select((select) => select.fn.countAll<number>().as('n')).executeTakeFirst()
      const shown = await rows
        .select('data')
        .orderBy('started_at_ms', 'desc')
        .orderBy('id', 'desc')
        .offset(page.offset)
        .limit(page.size)
        .execute()
      return {
        total: Number(total?.n ?? 0),
        records: shown.map((row) => {
          const call = callFromRow(row)
          const ended = call.endedAtWallMs
          const { seconds, billedSeconds, rate, amount } = costOf(doors.register, call, doors.clock.wallMs())
          return {
            record_type: kind,
            id: uuid(call.id),
            uuid: uuid(call.id),
            call_control_id: callControlId(call.id),
            call_leg_id: uuid(call.id),
            call_session_id: uuid(call.group),
            connection_id: connectionId(call.application),
            connection_name: doors.register.application(call.application)?.name ?? null,
            direction: call.direction === 'incoming' ? 'inbound' : 'outbound',
            cli: call.from,
            cld: call.to,
            originating_number: call.from,
            destination_number: call.to,
            call_sec: Math.floor(seconds),
            billed_sec: billedSeconds,
            ...free,
            cost: money(amount),
            rate: String(rate),
            rate_measured_in: 'minutes',
            created_at: resourceTime(call.createdAtWallMs),
            started_at: resourceTime(call.createdAtWallMs),
            answered_at: call.answeredAtWallMs === null ? null : resourceTime(call.answeredAtWallMs),
            finished_at: ended === null ? null : resourceTime(ended),
            completed_at: ended === null ? null : resourceTime(ended),
            hangup_cause: call.end?.cause ?? null,
            sip_hangup_cause: call.end?.sipStatus === undefined ? null : String(call.end.sipStatus),
          }
        }),
      }
    }
    case 'conference': {
      const rows = db
        .selectFrom('conferences')
        .where('account_id', '=', account)
        .where('created_at_ms', '>=', span.fromMs)
        .where('created_at_ms', '<', span.untilMs)
      const total = await rows.select((select) => select.fn.countAll<number>().as('n')).executeTakeFirst()
      const shown = await rows
        .select('data')
        .orderBy('created_at_ms', 'desc')
        .orderBy('id', 'desc')
        .offset(page.offset)
        .limit(page.size)
        .execute()
      const conferences = shown.map((row) => conferenceFromRow(row, []))
      const members = await db
        .selectFrom('participants')
        .select(['conference_id', 'joined_at_ms', 'left_at_ms'])
        .where('conference_id', 'in', some(conferences.map((one) => one.id)))
        .execute()
      const now = doors.clock.wallMs()
      return {
        total: Number(total?.n ?? 0),
        records: conferences.map((one) => {
          const own = members.filter((member) => member.conference_id === one.id)
          const endedAtMs = one.endedAtWallMs ?? now
          return {
            record_type: kind,
            id: uuid(one.id),
            name: one.name,
            call_leg_id: uuid(one.owner),
            call_session_id: uuid(one.ownerGroup),
            connection_id: connectionId(one.application),
            call_sec: seconds(one.createdAtWallMs, endedAtMs),
            participant_count: own.length,
            participant_call_sec: own.reduce(
              (sum, member) => sum + seconds(member.joined_at_ms, member.left_at_ms ?? endedAtMs),
              0,
            ),
            region: 'local',
            started_at: resourceTime(one.createdAtWallMs),
            ended_at: one.endedAtWallMs === null ? null : resourceTime(one.endedAtWallMs),
            expires_at: resourceTime(one.expiresAtWallMs),
            is_telnyx_billable: false,
            user_id: uuid(account),
          }
        }),
      }
    }
    case 'conference-participant': {
      const rows = db
        .selectFrom('participants')
        .where('account_id', '=', account)
        .where('joined_at_ms', '>=', span.fromMs)
        .where('joined_at_ms', '<', span.untilMs)
      const total = await rows.select((select) => select.fn.countAll<number>().as('n')).executeTakeFirst()
      const shown = await rows
        .selectAll()
        .orderBy('joined_at_ms', 'desc')
        .orderBy('id', 'desc')
        .offset(page.offset)
        .limit(page.size)
        .execute()
      const calls = await db
        .selectFrom('calls')
        .select(['id', 'group_id', 'from_party', 'to_party'])
        .where('id', 'in', some(shown.map((row) => row.call_id)))
        .execute()
      const callOf = new Map(calls.map((call) => [call.id, call]))
      return {
        total: Number(total?.n ?? 0),
        records: shown.map((row) => {
          const one = participantFromRow(row)
          const call = callOf.get(row.call_id)
          const secs = seconds(row.joined_at_ms, row.left_at_ms ?? doors.clock.wallMs())
          return {
            record_type: kind,
            id: uuid(one.id),
            conference_id: uuid(row.conference_id),
            call_leg_id: uuid(row.call_id),
            call_session_id: call === undefined ? null : uuid(call.group_id),
            originating_number: call?.from_party ?? null,
            destination_number: call?.to_party ?? null,
            call_sec: secs,
            billed_sec: secs,
            ...free,
            rate_measured_in: 'minutes',
            joined_at: resourceTime(row.joined_at_ms),
            left_at: row.left_at_ms === null ? null : resourceTime(row.left_at_ms),
          }
        }),
      }
    }
    case 'recording': {
      const rows = db
        .selectFrom('recordings')
        .where('account_id', '=', account)
        .where('state', '=', 'completed')
        .where('created_at_ms', '>=', span.fromMs)
        .where('created_at_ms', '<', span.untilMs)
      const total = await rows.select((select) => select.fn.countAll<number>().as('n')).executeTakeFirst()
      const shown = await rows
        .select('data')
        .orderBy('created_at_ms', 'desc')
        .orderBy('id', 'desc')
        .offset(page.offset)
        .limit(page.size)
        .execute()
      return {
        total: Number(total?.n ?? 0),
        records: shown.map((row) => {
          const one = recordingFromRow(row)
          return {
            record_type: kind,
            id: uuid(one.id),
            recording_id: uuid(one.id),
            call_leg_id: one.call === null ? null : uuid(one.call),
            call_session_id: one.group === null ? null : uuid(one.group),
            conference_id: one.conference === null ? null : uuid(one.conference),
            connection_id: connectionId(one.application),
            call_sec: Math.ceil((one.durationMs ?? 0) / 1000),
            duration_millis: one.durationMs,
            ...free,
            rate_measured_in: 'minutes',
            started_at: resourceTime(one.startedAtWallMs),
            finished_at: one.endedAtWallMs === null ? null : resourceTime(one.endedAtWallMs),
          }
        }),
      }
    }
    default:
      return { total: 0, records: [] }
  }
}

function seconds(fromMs: number, untilMs: number): number {
  return Math.max(0, Math.floor((untilMs - fromMs) / 1000))
}

/** UTC days, weeks from Monday, and months; all there is when none is named. */
function spanOf(range: string | undefined, nowWallMs: number): Result<Span, ApiError> {
  if (range === undefined) return ok({ fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER })
  const day = Math.floor(nowWallMs / DAY_MS) * DAY_MS
  const monday = day - ((new Date(day).getUTCDay() + 6) % 7) * DAY_MS
  const month = (offset: number): number => {
    const date = new Date(day)
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1)
  }
  const spans: Readonly<Record<string, readonly [number, number]>> = {
    yesterday: [day - DAY_MS, day],
    today: [day, day + DAY_MS],
    tomorrow: [day + DAY_MS, day + 2 * DAY_MS],
    last_week: [monday - 7 * DAY_MS, monday],
    this_week: [monday, monday + 7 * DAY_MS],
    next_week: [monday + 7 * DAY_MS, monday + 14 * DAY_MS],
    last_month: [month(-1), month(0)],
    this_month: [month(0), month(1)],
    next_month: [month(1), month(2)],
  }
  const span = spans[range]
  return span === undefined
    ? err(errors.badParameter('filter[date_range]', `filter[date_range] is one of ${Object.keys(spans).join(', ')}.`))
    : ok({ fromMs: span[0], untilMs: span[1] })
}
