// Conferences (twilio-voice §7.2): rooms appear by documents and by participants that are called; here they are listed,
// looked up, announced to and ended.

import { z } from 'zod'
import { err, ok, type Result } from '#base/result.ts'
import type { Conference } from '#calls/model.ts'
import { conferenceFromRow } from '#calls/rows.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import { conferenceResource, conferenceStatus } from '../conference-resource.ts'
import { LANGUAGE, type TwilioActor, type TwilioDoors } from '../doors.ts'
import { type ApiError, errors, fail, refusalError } from '../errors.ts'
import { coded, method, url, word } from '../fields.ts'
import { filter, listReply, readPage, timeFilters } from '../paging.ts'
import { A, route, type TwilioRequest } from '../route.ts'
import { readSid } from '../spelling.ts'
import { stored } from '../stored.ts'
import { pageFrom } from '../stored-list.ts'

const updateBody = z.object({
  Status: word(['completed'], coded(20001, "Status must be 'completed'.")).optional(),
  AnnounceUrl: url(21205).optional(),
  AnnounceMethod: method().optional(),
})

const states = { init: 'waiting', 'in-progress': 'running', completed: 'ended' } as const

export function conferenceRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const find = (request: TwilioRequest) => findConference(doors, request)

  const list = async (request: TwilioRequest): Promise<Reply> => {
    const ask = readPage(request.query)
    if (!ask.ok) return fail(ask.error)
    const created = timeFilters(request.query, 'DateCreated')
    const updated = timeFilters(request.query, 'DateUpdated')
    if (!created.ok) return fail(created.error)
    if (!updated.ok) return fail(updated.error)
    const status = filter(request.query, 'Status')
    const name = filter(request.query, 'FriendlyName')
    let rows = doors.store.db.selectFrom('conferences').select('data').where('account_id', '=', request.actor.account)
    if (name !== undefined) rows = rows.where('name', '=', name)
    if (status !== undefined) rows = rows.where('state', '=', states[status as keyof typeof states] ?? 'none')
    for (const { sign, atMs } of created.value) rows = rows.where('created_at_ms', sign, atMs)
    for (const { sign, atMs } of updated.value) rows = rows.where('updated_at_ms', sign, atMs)
    const page = await pageFrom(rows, 'created_at_ms', ask.value, (row) => conferenceFromRow(row, []))
    if (!page.ok) return fail(page.error)
    const keyOf = (one: Conference) => ({ at: Math.floor(one.createdAtWallMs), id: one.id as string })
    return listReply(request, 'conferences', ask.value, page.value, keyOf, conferenceResource)
  }

  const fetch = async (request: TwilioRequest): Promise<Reply> => {
    const conference = await find(request)
    return conference.ok ? { status: 200, json: conferenceResource(conference.value) } : fail(conference.error)
  }

  const update = async (request: TwilioRequest<z.infer<typeof updateBody>>): Promise<Reply> => {
    const { actor, body } = request
    const found = await find(request)
    if (!found.ok) return fail(found.error)
    const conference = found.value
    // HOLD-04: a room that is over takes no more changes.
    if (conferenceStatus(conference) === 'completed') return fail(errors.notFound(request.path))
    if (body.AnnounceUrl != null)
      doors.announce(conference, { url: body.AnnounceUrl, method: body.AnnounceMethod ?? 'POST' }, null)
    if (body.Status === 'completed') {
      const ended = await doors.engine.execute(
        { account: actor.account, language: LANGUAGE },
        // CONF-05: those in it go on with their own documents.
        { type: 'end-conference', conference: conference.id, fate: 'park' },
      )
      if (!ended.ok) return fail(refusalError(ended.error))
    }
    const after = await find(request)
    return after.ok ? { status: 200, json: conferenceResource(after.value) } : fail(after.error)
  }

  const path = `${A}/Conferences`
  return [
    route({ method: 'GET', path, summary: 'List conferences, newest first', handler: list }),
    route({ method: 'GET', path: `${path}/:conference_sid`, summary: 'Look up a conference', handler: fetch }),
    route({
      method: 'POST',
      path: `${path}/:conference_sid`,
      summary: 'End a conference, or announce something to it',
      body: updateBody,
      handler: update,
    }),
  ]
}

/** The conference a path names, live or over. */
export async function findConference(
  doors: TwilioDoors,
  request: TwilioRequest,
): Promise<Result<Conference, ApiError>> {
  const { account } = request.actor
  const named = request.params.conference_sid
  const missing = errors.notFound(request.path)
  const id = readSid<'conference'>('conference', named)
  if (id === null) return err(missing)
  const live = doors.engine.conference(account, id)
  if (live !== null) return ok(live)
  const row = await stored(() =>
    doors.store.db
      .selectFrom('conferences')
      .select('data')
      .where('id', '=', id)
      .where('account_id', '=', account)
      .executeTakeFirst(),
  )
  if (!row.ok) return row
  return row.value === undefined ? err(missing) : ok(conferenceFromRow(row.value, []))
}
