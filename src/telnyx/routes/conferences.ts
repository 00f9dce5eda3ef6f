// Questions about conferences and their participants (telnyx-voice §11.2).

import { z } from 'zod'
import type { AccountId, ConferenceId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Conference, Participant } from '#calls/model.ts'
import { conferenceFromRow, participantFromRow } from '#calls/rows.ts'
import type { AnyRoute } from '#http/route.ts'
import { flag } from '#http/schema.ts'
import { readFrom } from '#storage/store.ts'
import { fail } from '../commander.ts'
import { LANGUAGE, type TelnyxActor, type TelnyxDoors } from '../doors.ts'
import { type ApiError, errors, refusalError } from '../errors.ts'
import { beep } from '../fields.ts'
import { filter, listBody, readPage } from '../paging.ts'
import { readBeep } from '../reading.ts'
import { resolveConference } from '../resolve.ts'
import { conferenceResource, participantResource } from '../resources.ts'
import { route } from '../route.ts'
import { readUuid } from '../spelling.ts'

interface Member {
  readonly participant: Participant
  readonly left: boolean
}

const states: Readonly<Record<string, string>> = { init: 'waiting', in_progress: 'running', completed: 'ended' }

export function conferenceRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  const list = route({
    method: 'GET',
    path: '/conferences',
    summary: 'List conferences, those that expire last first',
    handler: async (request) => {
      const page = readPage(request.query)
      if (!page.ok) return fail(page.error)
      const name = filter(request.query, 'name')
      const status = filter(request.query, 'status')
      let query = doors.store.db.selectFrom('conferences').where('account_id', '=', request.actor.account)
      if (name !== undefined) query = query.where('name', '=', name)
      if (status !== undefined) query = query.where('state', '=', states[status] ?? 'none')
      const rows = await readFrom(async () => ({
        total: await query.select((select) => select.fn.countAll<number>().as('n')).executeTakeFirst(),
        page: await query
          .select(['data'])
          .orderBy('created_at_ms', 'desc')
          .orderBy('id', 'desc')
          .offset(page.value.offset)
          .limit(page.value.size)
          .execute(),
      }))
      if (!rows.ok) return fail(refusalError({ type: 'unavailable', retryAfterMs: 1000 }))
      const data = rows.value.page.map((row) => conferenceResource(conferenceFromRow(row, [])))
      return { status: 200, json: listBody(data, page.value, Number(rows.value.total?.n ?? 0)) }
    },
  })

  const retrieve = route({
    method: 'GET',
    path: '/conferences/:conference_id',
    summary: 'Look up a conference',
    handler: async (request) => {
      const found = await find(doors, request.actor.account, request.params.conference_id ?? '')
      return found.ok ? { status: 200, json: { data: conferenceResource(found.value) } } : fail(found.error)
    },
  })

  const participants = route({
    method: 'GET',
    path: '/conferences/:conference_id/participants',
    summary: 'List participants',
    handler: async (request) => {
      const page = readPage(request.query)
      if (!page.ok) return fail(page.error)
      const found = await find(doors, request.actor.account, request.params.conference_id ?? '')
      if (!found.ok) return fail(found.error)
      const members = await membersOf(doors, found.value)
      if (!members.ok) return fail(members.error)
      const wanted = members.value.filter(
        ({ participant }) =>
          matches(filter(request.query, 'muted'), participant.muted) &&
          matches(filter(request.query, 'on_hold'), participant.held) &&
          matches(filter(request.query, 'whispering'), participant.role === 'whisper'),
      )
      const shown = wanted.slice(page.value.offset, page.value.offset + page.value.size)
      const data = shown.map(({ participant, left }) => participantResource(found.value, participant, left))
      return { status: 200, json: listBody(data, page.value, wanted.length) }
    },
  })

  const participant = route({
    method: 'GET',
    path: '/conferences/:conference_id/participants/:participant_id',
    summary: 'Look up a participant',
    handler: async (request) => {
      const found = await findMember(doors, request.actor.account, request.params)
      if (!found.ok) return fail(found.error)
      const { conference, member } = found.value
      return { status: 200, json: { data: participantResource(conference, member.participant, member.left) } }
    },
  })

  const patch = route({
    method: 'PATCH',
    path: '/conferences/:conference_id/participants/:participant_id',
    summary: 'Change a participant',
    body: z.object({
      beep_enabled: beep.optional(),
      end_conference_on_exit: flag.optional(),
      soft_end_conference_on_exit: flag.optional(),
    }),
    handler: async (request) => {
      const found = await findMember(doors, request.actor.account, request.params)
      if (!found.ok) return fail(found.error)
      const { conference, member } = found.value
      const { body } = request
      const ends = body.end_conference_on_exit
      const softly = body.soft_end_conference_on_exit
      const result = await doors.engine.execute(
        { account: request.actor.account, language: LANGUAGE },
        {
          type: 'update-participant',
          conference: conference.id,
          call: member.participant.call,
          role: null,
          whisperTo: null,
          endOnExit:
            ends === undefined && softly === undefined
              ? null
              : ends === true
                ? 'hang-up'
                : softly === true
                  ? 'park'
                  : 'no',
          beep: body.beep_enabled === undefined ? null : readBeep(body.beep_enabled),
        },
      )
      if (!result.ok) return fail(refusalError(result.error))
      const live = doors.engine.conference(request.actor.account, conference.id)
      const now = live?.participants.find((one) => one.id === member.participant.id) ?? member.participant
      return { status: 200, json: { data: participantResource(conference, now, false) } }
    },
  })

  return [list, retrieve, participants, participant, patch]
}

/** A conference by id or live name; ended ones by id. */
async function find(doors: TelnyxDoors, account: AccountId, segment: string): Promise<Result<Conference, ApiError>> {
  const id = resolveConference(doors, account, segment)
  if (!id.ok) return id
  return findById(doors, account, id.value)
}

async function findById(
  doors: TelnyxDoors,
  account: AccountId,
  id: ConferenceId,
): Promise<Result<Conference, ApiError>> {
  const live = doors.engine.conference(account, id)
  if (live !== null) return ok(live)
  const row = await readFrom(() =>
    doors.store.db
      .selectFrom('conferences')
      .select('data')
      .where('id', '=', id)
      .where('account_id', '=', account)
      .executeTakeFirst(),
  )
  if (!row.ok) return err(refusalError({ type: 'unavailable', retryAfterMs: 1000 }))
  return row.value === undefined
    ? err(refusalError({ type: 'conference-unknown' }))
    : ok(conferenceFromRow(row.value, []))
}

/** Everyone who is or was in it, in order of joining. */
async function membersOf(doors: TelnyxDoors, conference: Conference): Promise<Result<readonly Member[], ApiError>> {
  const rows = await readFrom(() =>
    doors.store.db
      .selectFrom('participants')
      .select(['data', 'state'])
      .where('conference_id', '=', conference.id)
      .orderBy('joined_at_ms')
      .orderBy('id')
      .execute(),
  )
  if (!rows.ok) return err(refusalError({ type: 'unavailable', retryAfterMs: 1000 }))
  const live = new Map(conference.participants.map((one) => [one.id, one]))
  return ok(
    rows.value.map((row) => {
      const stored = participantFromRow(row)
      const now = live.get(stored.id)
      return { participant: now ?? stored, left: now === undefined }
    }),
  )
}

async function findMember(
  doors: TelnyxDoors,
  account: AccountId,
  params: Readonly<Record<string, string>>,
): Promise<Result<{ readonly conference: Conference; readonly member: Member }, ApiError>> {
  const conference = await find(doors, account, params.conference_id ?? '')
  if (!conference.ok) return conference
  const members = await membersOf(doors, conference.value)
  if (!members.ok) return members
  const id = readUuid(params.participant_id ?? '')
  const member = members.value.find(
    ({ participant }) => participant.id === id || participant.label === params.participant_id,
  )
  return member === undefined ? err(errors.notFound('This participant')) : ok({ conference: conference.value, member })
}

function matches(wanted: string | undefined, actual: boolean): boolean {
  return wanted === undefined || (wanted === 'true') === actual
}
