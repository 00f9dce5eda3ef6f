// Participants (twilio-voice §7.2, §10.1): those in a conference, by call or label; called into one, muted, held, announced
// to, coached, and put out.

import { z } from 'zod'
import type { ConferenceId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { ConferenceCommand } from '#calls/commands.ts'
import type { BeepWhen, Call, Conference, Participant } from '#calls/model.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import { callStatus } from '../call-status.ts'
import { type InvitedParticipant, invitedResource, participantResource } from '../conference-resource.ts'
import { LANGUAGE, type TwilioActor, type TwilioDoors } from '../doors.ts'
import { type ApiError, errors, fail, refusalError } from '../errors.ts'
import { coded, flag, method, text, url, whole, word, words } from '../fields.ts'
import { MAX_CALL_S, MAX_LABEL_CHARACTERS, MAX_PARTICIPANTS, MAX_ROOM_NAME_CHARACTERS } from '../limits.ts'
import { notesOf } from '../notes.ts'
import { cutPage, filter, listReply, readPage } from '../paging.ts'
import { A, route, type TwilioRequest } from '../route.ts'
import { readSid, sid } from '../spelling.ts'
import type { ConferenceTarget, DialVerb, Document } from '../twiml/verbs.ts'
import { statusTarget } from '../voice-settings.ts'
import { callFields, dialSpec, ownPlan } from './call-creation.ts'
import { findConference } from './conferences.ts'

const NOT_A_LABEL = coded(16024, 'Label takes up to 128 characters without a slash, and cannot look like a CallSid.')
const label = text(MAX_LABEL_CHARACTERS, 1, NOT_A_LABEL).refine(
  (one) => !one.includes('/') && !/^CA[0-9a-f]{32}$/i.test(one),
  {
    message: NOT_A_LABEL,
  },
)
const conferenceEvents = ['start', 'end', 'join', 'leave', 'mute', 'hold', 'modify', 'speaker', 'announcement'] as const
const recordingEvents = ['in-progress', 'completed', 'absent'] as const
/** An empty text means silence; a missing one the music. */
const waitUrl = z.union([z.literal(''), url()])

const createBody = z.object({
  ...callFields,
  Label: label.optional(),
  Muted: flag.optional(),
  Beep: word(['true', 'false', 'onEnter', 'onExit']).optional(),
  StartConferenceOnEnter: flag.optional(),
  EndConferenceOnExit: flag.optional(),
  WaitUrl: waitUrl.optional(),
  WaitMethod: method().optional(),
  EarlyMedia: flag.optional(),
  MaxParticipants: whole(2, MAX_PARTICIPANTS).optional(),
  ConferenceRecord: word(['true', 'false', 'record-from-start', 'do-not-record']).optional(),
  ConferenceTrim: word(['trim-silence', 'do-not-trim']).optional(),
  ConferenceStatusCallback: url(21609).optional(),
  ConferenceStatusCallbackMethod: method().optional(),
  ConferenceStatusCallbackEvent: words(conferenceEvents).optional(),
  ConferenceRecordingStatusCallback: url(21609).optional(),
  ConferenceRecordingStatusCallbackMethod: method().optional(),
  ConferenceRecordingStatusCallbackEvent: words(recordingEvents).optional(),
  Coaching: flag.optional(),
  CallSidToCoach: text(34).optional(),
  JitterBufferSize: word(['large', 'medium', 'small', 'off']).optional(),
  Region: text(64).optional(),
  AmdStatusCallback: url(21609).optional(),
  AmdStatusCallbackMethod: method().optional(),
})

const updateBody = z.object({
  Muted: flag.catch(false).optional(),
  Hold: flag.optional(),
  HoldUrl: url().optional(),
  HoldMethod: method().optional(),
  AnnounceUrl: url().optional(),
  AnnounceMethod: method().optional(),
  WaitUrl: waitUrl.optional(),
  WaitMethod: method().optional(),
  BeepOnExit: flag.optional(),
  EndConferenceOnExit: flag.optional(),
  Coaching: flag.optional(),
  CallSidToCoach: text(34).optional(),
})

type CreateBody = z.infer<typeof createBody>
type UpdateBody = z.infer<typeof updateBody>

interface Found {
  readonly conference: Conference
  readonly participant: Participant
}

export function participantRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const execute = (actor: TwilioActor, command: ConferenceCommand) =>
    doors.engine.execute({ account: actor.account, language: LANGUAGE }, command)

  const live = async (request: TwilioRequest): Promise<Result<Conference, ApiError>> => {
    const found = await findConference(doors, request)
    if (!found.ok) return found
    // PT-01: those of a room that is over are not there.
    return found.value.state === 'ended' ? err(errors.notFound(request.path)) : found
  }

  const find = async (request: TwilioRequest): Promise<Result<Found, ApiError>> => {
    const conference = await live(request)
    if (!conference.ok) return conference
    const { participant_id: named = '' } = request.params
    const id = readSid<'call'>('call', named)
    const participant = conference.value.participants.find((one) =>
      id === null ? one.label === named : one.call === id,
    )
    return participant === undefined
      ? err(errors.notFound(request.path))
      : ok({ conference: conference.value, participant })
  }

  const list = async (request: TwilioRequest): Promise<Reply> => {
    const conference = await live(request)
    if (!conference.ok) return fail(conference.error)
    const ask = readPage(request.query)
    if (!ask.ok) return fail(ask.error)
    const wants = (name: string, has: boolean): boolean => {
      const wanted = filter(request.query, name)
      return wanted === undefined || wanted.toLowerCase() === String(has)
    }
    const records = conference.value.participants.filter(
      (one) => wants('Muted', one.muted) && wants('Hold', one.held) && wants('Coaching', one.role === 'whisper'),
    )
    const keyOf = (one: Participant) => ({ at: Math.floor(one.joinedAtWallMs), id: one.id as string })
    const page = cutPage(records, keyOf, ask.value, 'down')
    return listReply(request, 'participants', ask.value, page, keyOf, (one) =>
      participantResource(conference.value, one),
    )
  }

  const fetch = async (request: TwilioRequest): Promise<Reply> => {
    const found = await find(request)
    if (found.ok) return { status: 200, json: participantResource(found.value.conference, found.value.participant) }
    const invited = invitedOf(doors, request)
    return invited === null ? fail(found.error) : { status: 200, json: invitedResource(invited) }
  }

  const create = async (request: TwilioRequest<CreateBody>): Promise<Reply> => {
    const { actor, body } = request
    const { conference_sid: named = '' } = request.params
    const room = readSid<'conference'>('conference', named)
    const known =
      room === null ? doors.engine.conferenceByName(actor.account, named) : doors.engine.conference(actor.account, room)
    if (room !== null && (known === null || known.state === 'ended')) return fail(errors.notFound(request.path))
    if (named.length > MAX_ROOM_NAME_CHARACTERS)
      return fail(errors.invalid(`A conference's name takes at most ${MAX_ROOM_NAME_CHARACTERS} characters.`))
    const taken = known?.participants.some((one) => one.label !== null && one.label === body.Label) === true
    if (taken) return fail(errors.coded(400, 16026, `The label '${body.Label}' is in use in this conference.`))
    if (body.Coaching === true && body.CallSidToCoach === undefined) return fail(errors.missing('CallSidToCoach'))
    const name = known?.name ?? named
    const id = known?.id ?? doors.plannedRoom(actor.account, name)
    const document = documentOf(name, id, body)
    const spec = dialSpec(doors, actor, body, {
      ...ownPlan(actor, body),
      instructions: { type: 'document', document },
    })
    if (!spec.ok) return fail(spec.error)
    request.onReplied(doors.hold([spec.value.id]))
    const dialled = await doors.engine.execute(
      { account: actor.account, language: LANGUAGE },
      { type: 'dial', spec: spec.value },
    )
    if (!dialled.ok) return fail(refusalError(dialled.error))
    return { status: 201, json: invitedResource(invited(dialled.value.call!, targetOf(document)!, 'queued')) }
  }

  const update = async (request: TwilioRequest<UpdateBody>): Promise<Reply> => {
    const found = await find(request)
    if (!found.ok) return fail(found.error)
    const { conference, participant } = found.value
    const { actor, body } = request
    const refused = await change(actor, conference, participant, body)
    if (refused !== null) return fail(refused)
    const after = await find(request)
    return after.ok
      ? { status: 200, json: participantResource(after.value.conference, after.value.participant) }
      : fail(after.error)
  }

  const change = async (
    actor: TwilioActor,
    room: Conference,
    participant: Participant,
    body: UpdateBody,
  ): Promise<ApiError | null> => {
    const about = { conference: room.id, calls: [participant.call] } as const
    const commands: ConferenceCommand[] = []
    if (body.Muted !== undefined && body.Muted !== participant.muted)
      commands.push({ type: body.Muted ? 'mute-participants' : 'unmute-participants', ...about })
    if (body.Coaching === true && body.CallSidToCoach === undefined) return errors.missing('CallSidToCoach')
    const coached = body.CallSidToCoach === undefined ? null : readSid<'call'>('call', body.CallSidToCoach)
    if (body.CallSidToCoach !== undefined && !room.participants.some((one) => one.call === coached))
      return errors.coded(400, 13240, `CallSidToCoach ${body.CallSidToCoach} is not in this conference.`)
    const beep: BeepWhen | null = body.BeepOnExit === undefined ? null : body.BeepOnExit ? 'always' : 'on-enter'
    if (body.Coaching !== undefined || body.EndConferenceOnExit !== undefined || beep !== null) {
      commands.push({
        type: 'update-participant',
        conference: room.id,
        call: participant.call,
        role: body.Coaching === undefined ? null : body.Coaching ? 'whisper' : 'ordinary',
        whisperTo: body.Coaching === undefined ? null : body.Coaching && coached !== null ? [coached] : [],
        endOnExit: body.EndConferenceOnExit === undefined ? null : body.EndConferenceOnExit ? 'park' : 'no',
        beep,
      })
    }
    if (body.Hold === true && !participant.held) commands.push({ type: 'hold-participants', ...about, audio: null })
    if (body.Hold === false && participant.held) commands.push({ type: 'unhold-participants', ...about })
    for (const command of commands) {
      const done = await execute(actor, command)
      if (!done.ok) return refusalError(done.error)
    }
    // PT-03, PT-04: holding again with another URL changes what is heard.
    if (body.Hold === true) {
      const audio = body.HoldUrl == null ? 'music' : { url: body.HoldUrl, method: body.HoldMethod ?? ('GET' as const) }
      doors.tellParticipant(participant.call, { type: 'hold', audio })
    } else if (body.Hold === false) doors.tellParticipant(participant.call, { type: 'hold', audio: null })
    if (body.AnnounceUrl != null) {
      const target = { url: body.AnnounceUrl, method: body.AnnounceMethod ?? ('POST' as const) }
      doors.announce(room, target, doors.engine.call(actor.account, participant.call))
    }
    if (body.WaitUrl !== undefined) {
      const wait =
        body.WaitUrl === '' || body.WaitUrl === null
          ? ('silence' as const)
          : { url: body.WaitUrl, method: body.WaitMethod ?? ('POST' as const) }
      doors.tellParticipant(participant.call, { type: 'wait-changed', wait })
    }
    return null
  }

  /** PT-07. */
  const remove = async (request: TwilioRequest): Promise<Reply> => {
    const found = await find(request)
    if (!found.ok) return fail(found.error)
    const { conference, participant } = found.value
    const done = await execute(request.actor, {
      type: 'leave-conference',
      conference: conference.id,
      call: participant.call,
      beep: null,
    })
    return done.ok ? { status: 204 } : fail(refusalError(done.error))
  }

  const path = `${A}/Conferences/:conference_sid/Participants`
  return [
    route({ method: 'POST', path, summary: 'Call somebody into a conference', body: createBody, handler: create }),
    route({ method: 'GET', path, summary: 'List who is in a conference', handler: list }),
    route({ method: 'GET', path: `${path}/:participant_id`, summary: 'Look up a participant', handler: fetch }),
    route({
      method: 'POST',
      path: `${path}/:participant_id`,
      summary: 'Mute, hold, announce to or coach a participant',
      body: updateBody,
      handler: update,
    }),
    route({ method: 'DELETE', path: `${path}/:participant_id`, summary: 'Put a participant out', handler: remove }),
  ]
}

/** What a called participant does when it answers: a Dial into the conference. */
function documentOf(name: string, id: ConferenceId, body: CreateBody): Document {
  const wait: ConferenceTarget['wait'] =
    body.WaitUrl === undefined
      ? 'music'
      : body.WaitUrl === '' || body.WaitUrl === null
        ? 'silence'
        : { url: body.WaitUrl, method: body.WaitMethod ?? 'POST' }
  const target: ConferenceTarget = {
    type: 'conference',
    name,
    id,
    muted: body.Muted ?? false,
    beep: body.Beep ?? 'true',
    startOnEnter: body.StartConferenceOnEnter ?? true,
    endOnExit: body.EndConferenceOnExit ?? false,
    label: body.Label ?? null,
    jitterBufferSize: body.JitterBufferSize ?? 'large',
    wait,
    maxParticipants: body.MaxParticipants ?? MAX_PARTICIPANTS,
    record: body.ConferenceRecord === 'true' || body.ConferenceRecord === 'record-from-start',
    trim: body.ConferenceTrim !== 'do-not-trim',
    coach: body.Coaching === true ? (body.CallSidToCoach ?? null) : null,
    region: body.Region ?? null,
    statusCallback: statusTarget(
      body.ConferenceStatusCallback,
      body.ConferenceStatusCallbackMethod,
      body.ConferenceStatusCallbackEvent,
      ['start', 'end'],
    ),
    recordingCallback: statusTarget(
      body.ConferenceRecordingStatusCallback,
      body.ConferenceRecordingStatusCallbackMethod,
      body.ConferenceRecordingStatusCallbackEvent,
    ),
    eventCallbackUrl: null,
  }
  const dial: DialVerb = {
    type: 'dial',
    action: null,
    method: 'POST',
    answerOnBridge: false,
    callerId: null,
    displayName: null,
    hangupOnStar: false,
    record: null,
    recordingTrack: 'both',
    recordingCallback: null,
    trim: false,
    refer: null,
    ringTone: null,
    sequential: false,
    timeLimitS: MAX_CALL_S,
    timeoutS: 30,
    to: target,
  }
  return { verbs: [dial], warnings: [] }
}

function targetOf(document: Document): ConferenceTarget | null {
  const first = document.verbs[0]
  return first?.type === 'dial' && first.to.type === 'conference' ? first.to : null
}

/** A call that was made for this conference and is not in it yet. */
function invitedOf(doors: TwilioDoors, request: TwilioRequest): InvitedParticipant | null {
  const { conference_sid: room, participant_id: named = '' } = request.params
  const conference = readSid<'conference'>('conference', room)
  for (const call of doors.engine.liveCalls()) {
    if (call.account !== request.actor.account) continue
    const { instructions } = notesOf(call)
    const target = instructions?.type === 'document' ? targetOf(instructions.document) : null
    if (target === null || target.id !== conference) continue
    if (sid('call', call.id) !== named && target.label !== named) continue
    return invited(call, target, callStatus(call) === 'ringing' ? 'ringing' : 'connecting')
  }
  return null
}

function invited(call: Call, target: ConferenceTarget, status: InvitedParticipant['status']): InvitedParticipant {
  return {
    conference: target.id ?? (call.id as string as ConferenceId),
    call,
    label: target.label,
    muted: target.muted,
    startOnEnter: target.startOnEnter,
    endOnExit: target.endOnExit,
    coach: target.coach,
    status,
  }
}
