// Calls as such (telnyx-voice §11.1, §12.1, §12.2): dial, look up, bridge, transfer, and the odd paths that printed
// tutorials use (§14.3).

import { z } from 'zod'
import type { ApplicationId, CallId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { DialSpec } from '#calls/commands.ts'
import { areDigits } from '#calls/digits.ts'
import { findCall as lookUp } from '#calls/finding.ts'
import { type Call, type JoinOptions, type Notes, nothingOnAnswer, type RoomPlan } from '#calls/model.ts'
import { type RingingCountry, ringing } from '#calls/ringing.ts'
import type { AnyRoute, Reply, RouteRequest } from '#http/route.ts'
import { flag, text, whole } from '#http/schema.ts'
import { codecList } from '../codec-names.ts'
import { type Commander, fail } from '../commander.ts'
import { amd, readDetection } from '../detection.ts'
import { DialRate } from '../dial-rate.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { readEncryption } from '../encryption.ts'
import { type ApiError, errors, refusalError } from '../errors.ts'
import { beep, callIds, clientState, cs, media, rec, sip, sipx, soundModifications, wh } from '../fields.ts'
import {
  CONFERENCE_LIFETIME_MS,
  DEFAULT_DIAL_TIMEOUT_SECS,
  DEFAULT_MAX_PARTICIPANTS,
  DEFAULT_TIME_LIMIT_SECS,
  MAX_DIGITS_ON_ANSWER,
} from '../limits.ts'
import {
  readAudio,
  readBeep,
  readDestination,
  readHeaders,
  readNotes,
  readPitch,
  readRecordFromAnswer,
  readSipAuth,
} from '../reading.ts'
import { resolveApplication, resolveCall, resolveConference } from '../resolve.ts'
import { callResource, dialledResource } from '../resources.ts'
import { route } from '../route.ts'
import { readStream, streamFields } from '../streaming.ts'
import { readTranscriptionOnAnswer, transcriptionOnAnswer } from '../transcription.ts'
import { unbuilt, unbuiltError } from '../unbuilt-fields.ts'
import { joinOptions } from './conference-commands.ts'

const digitsOnAnswer = text(MAX_DIGITS_ON_ANSWER).refine(areDigits, { message: 'only 0-9, A-D, *, #, w and W' })
/** Letters, digits, space and a few signs (telnyx-voice §12.1). */
const displayName = text(128).refine((name) => /^[\p{L}\p{M}\p{N} \-_~!.+]*$/u.test(name), {
  message: 'only letters, digits, spaces and -_~!.+',
})
const supervisorRole = z.enum(['barge', 'whisper', 'monitor'])
const muteDtmf = z.enum(['none', 'both', 'self', 'opposite']).optional()
const parkAfter = z.literal('self').optional()

const newLeg = {
  ...cs,
  ...sipx,
  ...sip,
  ...rec,
  ...wh,
  ...amd,
  ...media,
  ...unbuilt,
  sound_modifications: soundModifications,
  from_display_name: displayName.optional(),
  sip_region: z.enum(['US', 'Europe', 'Canada', 'Australia', 'Middle East']).optional(),
  timeout_secs: whole(5, 600).optional(),
  time_limit_secs: whole(30, 14_400).optional(),
  send_digits_on_answer: digitsOnAnswer.optional(),
  park_after_unbridge: parkAfter,
}

const dialBody = z.object({
  ...newLeg,
  ...streamFields,
  ...transcriptionOnAnswer,
  stream_establish_before_call_originate: flag.optional(),
  connection_id: text(40, 1),
  from: text(500, 1),
  to: z.union([text(1000, 1), z.array(text(1000, 1)).min(1).max(10)]),
  billing_group_id: z.uuid().optional(),
  send_silence_when_idle: flag.optional(),
  link_to: text(100).optional(),
  bridge_intent: flag.optional(),
  bridge_on_answer: flag.optional(),
  retry_on_timeout: flag.optional(),
  supervise_call_control_id: text(100).optional(),
  supervisor_role: supervisorRole.optional(),
  prevent_double_bridge: flag.optional(),
  conference_config: z
    .object({
      id: text(100).optional(),
      conference_name: text(500).optional(),
      beep_enabled: beep.optional(),
      early_media: flag.optional(),
      end_conference_on_exit: flag.optional(),
      soft_end_conference_on_exit: flag.optional(),
      hold: flag.optional(),
      hold_audio_url: media.audio_url,
      hold_media_name: media.media_name,
      mute: flag.optional(),
      start_conference_on_create: flag.optional(),
      start_conference_on_enter: flag.optional(),
      supervisor_role: z.enum(['barge', 'monitor', 'none', 'whisper']).optional(),
      whisper_call_control_ids: callIds.optional(),
    })
    .optional(),
})

const transferBody = z.object({
  ...newLeg,
  to: text(1000, 1),
  from: text(500, 1).optional(),
  early_media: flag.optional(),
  mute_dtmf: muteDtmf,
  target_leg_client_state: clientState.optional(),
})

const bridgeBody = z.object({
  ...cs,
  ...rec,
  call_control_id: text(100).optional(),
  queue: text(255).optional(),
  video_room_id: text(100).optional(),
  hold_after_unbridge: flag.optional(),
  park_after_unbridge: parkAfter,
  mute_dtmf: muteDtmf,
  play_ringtone: flag.optional(),
  prevent_double_bridge: flag.optional(),
  ringtone: z.enum(Object.keys(ringing) as [RingingCountry, ...RingingCountry[]]).optional(),
})

type DialBody = z.infer<typeof dialBody>

export function callRoutes(doors: TelnyxDoors, commander: Commander): readonly AnyRoute<TelnyxActor>[] {
  const rate = new DialRate(doors.clock)

  const dial = async (request: RouteRequest<TelnyxActor, DialBody>): Promise<Reply> => {
    const { actor, body } = request
    const refused = unbuiltError(body)
    if (refused !== null) return fail(refused)
    const application = resolveApplication(doors, actor.account, body.connection_id)
    const known = application === null ? null : doors.register.application(application)
    if (application === null || known === null || !known.active || known.webhookUrl === null)
      return fail(errors.noConnection())
    if (!rate.take(actor.account))
      return fail(errors.coded(429, '90103', 'Dial rate exceeded', 'At most 30 dials per second.'))
    const spec = dialSpec(doors, actor, body, application, known.callerId)
    if (!spec.ok) return fail(spec.error)
    return commander.run(request, {
      command: { type: 'dial', spec: spec.value },
      commandId: body.command_id,
      scope: 'account',
      data: (accepted) => dialledResource(accepted.call!, spec.value.onAnswer.record?.plannedId ?? null),
    })
  }

  const retrieve = route({
    method: 'GET',
    path: '/calls/:call_control_id',
    summary: 'Look up a call',
    handler: async (request) => {
      const id = resolveCall(request.params.call_control_id)
      if (!id.ok) return fail(id.error)
      const call = await findCall(doors, request.actor.account, id.value)
      if (!call.ok) return fail(call.error)
      return { status: 200, json: { data: callResource(call.value, doors.clock.wallMs()) } }
    },
  })

  const bridge = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/bridge',
    summary: 'Join two calls',
    body: bridgeBody,
    handler: async (request) => {
      const { body } = request
      const call = resolveCall(request.params.call_control_id)
      if (!call.ok) return fail(call.error)
      if (body.video_room_id !== undefined) return fail(errors.notSupported('Bridging to a video room'))
      if (body.queue !== undefined && body.call_control_id !== undefined)
        return fail(errors.unprocessable('/queue', 'Name either call_control_id or queue, not both.'))
      const other = body.queue === undefined ? resolveCall(body.call_control_id) : null
      if (other === null ? body.queue === undefined : body.call_control_id === undefined)
        return fail(errors.missing('/call_control_id'))
      if (other?.ok === false) return fail(other.error)
      const options = {
        call: call.value,
        afterBridge:
          body.park_after_unbridge === 'self' ? 'park' : body.hold_after_unbridge === true ? 'hold' : 'hang-up',
        muteDigits: body.mute_dtmf ?? 'none',
        ringback: body.play_ringtone === true ? (body.ringtone ?? 'us') : null,
        record: readRecordFromAnswer(doors.ids, body),
      } as const
      return commander.run(request, {
        command:
          other === null
            ? { type: 'bridge-queue', queueName: body.queue!, ...options }
            : { type: 'bridge', with: other.value, unlessBridged: body.prevent_double_bridge ?? false, ...options },
        notes: (record) => readNotes(record.notes, body),
        commandId: body.command_id,
        scope: call.value,
      })
    },
  })

  const transfer = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/transfer',
    summary: 'Dial somebody and bridge on answer',
    body: transferBody,
    handler: async (request) => {
      const { actor, body } = request
      const refused = unbuiltError(body)
      if (refused !== null) return fail(refused)
      const id = resolveCall(request.params.call_control_id)
      if (!id.ok) return fail(id.error)
      const live = doors.engine.call(actor.account, id.value)
      if (live === null) {
        const found = await findCall(doors, actor.account, id.value)
        return fail(found.ok ? refusalError({ type: 'call-ended' }) : found.error)
      }
      const secured = readEncryption([body.to], body.media_encryption)
      if (!secured.ok) return fail(secured.error)
      const announce = readAudio(body)
      if (!announce.ok) return fail(announce.error)
      const callerId = doors.register.application(live.application)?.callerId ?? null
      // The new leg's notes are its own: webhook overrides are inherited, client state is `target_leg_client_state`.
      const notes = newLegNotes({ ...body, client_state: body.target_leg_client_state })
      return commander.run(request, {
        command: {
          type: 'transfer',
          call: id.value,
          spec: {
            ...legSpec(doors, body, actor, live.application, body.from ?? live.to, callerId),
            to: readDestination(secured.value.to[0]!),
            encryption: secured.value.encryption,
            alsoTo: [],
            linkTo: id.value,
            afterBridge: 'hang-up',
            notes,
          },
          afterBridge: body.park_after_unbridge === 'self' ? 'park' : 'hang-up',
          muteDigits: body.mute_dtmf ?? 'none',
          earlyMedia: body.early_media ?? true,
          announce: announce.value,
        },
        notes: (record) => readNotes(record.notes, { client_state: body.client_state }),
        commandId: body.command_id,
        scope: id.value,
      })
    },
  })

  return [
    route({ method: 'POST', path: '/calls', summary: 'Dial', body: dialBody, handler: dial }),
    // A printed tutorial dials "under" a leg; the leg does not matter (telnyx-voice §14.3).
    route({
      method: 'POST',
      path: '/calls/:call_control_id/actions/dial',
      summary: 'Dial (tutorial path)',
      body: dialBody,
      handler: dial,
    }),
    retrieve,
    bridge,
    transfer,
  ]
}

/** A call of this account: live, or ended and still in the store. */
export async function findCall(
  doors: TelnyxDoors,
  account: TelnyxActor['account'],
  id: CallId,
): Promise<Result<Call, ApiError>> {
  const found = await lookUp(doors.engine, doors.store, account, id)
  if (!found.ok) return err(refusalError({ type: 'unavailable', retryAfterMs: 1000 }))
  return found.value === null ? err(refusalError({ type: 'call-unknown' })) : ok(found.value)
}

function dialSpec(
  doors: TelnyxDoors,
  actor: TelnyxActor,
  body: DialBody,
  application: ApplicationId,
  callerId: string | null,
): Result<DialSpec, ApiError> {
  const announce = readAudio(body)
  if (!announce.ok) return announce
  const secured = readEncryption(typeof body.to === 'string' ? [body.to] : body.to, body.media_encryption)
  if (!secured.ok) return secured
  const [wholeTo, ...alsoTo] = secured.value.to as [string, ...string[]]
  // `number,digits`: the digits are sent on answer (telnyx-voice §12.1); a SIP URI may hold commas of its own.
  const comma = wholeTo.startsWith('sip:') || wholeTo.startsWith('sips:') ? -1 : wholeTo.indexOf(',')
  const to = readDestination(comma < 0 ? wholeTo : wholeTo.slice(0, comma))
  const tail = comma < 0 ? undefined : wholeTo.slice(comma + 1)
  if (tail !== undefined && !areDigits(tail))
    return err(
      errors.coded(422, '90014', 'Invalid digits', 'Only 0-9, A-D, *, #, w and W may follow the comma.', '/to'),
    )
  let linkTo: CallId | null = null
  if (body.link_to !== undefined) {
    const linked = resolveCall(body.link_to, '/link_to')
    if (!linked.ok) return linked
    linkTo = linked.value
  }
  let supervision: DialSpec['supervision'] = null
  if (body.supervise_call_control_id !== undefined) {
    const supervised = resolveCall(body.supervise_call_control_id, '/supervise_call_control_id')
    if (!supervised.ok) return supervised
    const live = doors.engine.call(actor.account, supervised.value)
    if (live === null || live.state === 'ended')
      return err({
        ...refusalError({ type: live === null ? 'call-unknown' : 'call-ended' }),
        source: { pointer: '/supervise_call_control_id' },
      })
    supervision = { of: supervised.value, role: body.supervisor_role ?? 'barge' }
  }
  let conference: DialSpec['onAnswer']['conference'] = null
  let room: DialSpec['onAnswer']['room'] = null
  if (body.conference_config !== undefined) {
    const { id, conference_name: name } = body.conference_config
    const named = id ?? name
    if (named === undefined) return err(errors.missing('/conference_config/id'))
    const options = joinOptions(body.conference_config)
    if (!options.ok) return options
    const resolved = resolveConference(doors, actor.account, named)
    if (resolved.ok) {
      if (doors.engine.conference(actor.account, resolved.value) === null)
        return err({ ...refusalError({ type: 'conference-unknown' }), source: { pointer: '/conference_config/id' } })
      conference = { conference: resolved.value, options: options.value }
    }
    // Only what is named by an id must be there by now; a name makes a room when there is none.
    else if (id !== undefined || name === undefined) return resolved
    else
      room = { options: options.value, plan: roomPlan(name, body.conference_config, options.value, body.client_state) }
  }
  const stream = readStream(body)
  if (!stream.ok) return stream
  const transcription = readTranscriptionOnAnswer(doors.recognisers, body)
  if (!transcription.ok) return transcription
  const spec = legSpec(doors, body, actor, application, body.from, callerId)
  const linked = linkTo === null ? null : doors.engine.call(actor.account, linkTo)
  return ok({
    ...spec,
    from: body.bridge_intent === true && linked !== null ? linked.from : spec.from,
    to,
    alsoTo: alsoTo.map(readDestination),
    encryption: secured.value.encryption,
    supervision,
    linkTo,
    transcription: transcription.value,
    stream:
      stream.value === null
        ? null
        : { spec: stream.value, early: body.stream_establish_before_call_originate ?? false },
    afterBridge: body.park_after_unbridge === 'self' ? 'park' : 'hang-up',
    onAnswer: {
      ...spec.onAnswer,
      silenceWhenIdle: body.send_silence_when_idle ?? false,
      play: announce.value,
      digits: body.send_digits_on_answer ?? tail ?? null,
      conference,
      room,
      bridge:
        body.bridge_on_answer === true && linkTo !== null
          ? { call: linkTo, muteDigits: 'none', earlyMedia: true, unlessBridged: body.prevent_double_bridge ?? false }
          : null,
    },
    notes: { ...newLegNotes(body), ...(body.retry_on_timeout === false ? { timeoutIsNoAnswer: true } : {}) },
  })
}

/** The room a dialled call makes when it is the first there. */
function roomPlan(
  name: string,
  config: NonNullable<DialBody['conference_config']>,
  options: JoinOptions,
  clientState: string | undefined,
): RoomPlan {
  return {
    name,
    beep: readBeep(config.beep_enabled ?? 'never'),
    maxParticipants: DEFAULT_MAX_PARTICIPANTS,
    startOnCreate: config.start_conference_on_create ?? true,
    holdAudio: options.holdAudio,
    durationMs: CONFERENCE_LIFETIME_MS,
    notes: clientState === undefined ? {} : { clientState },
  }
}

function newLegNotes(body: LegBody): Notes {
  const detection = readDetection(body)
  return { ...readNotes({}, body), ...(detection === null ? {} : { detection: detection.mode }) }
}

type LegBody = z.infer<z.ZodObject<typeof newLeg>>

/** What dial and transfer share. A `from` that is no number becomes the name shown (telnyx-voice §14.3). */
function legSpec(
  doors: TelnyxDoors,
  body: LegBody,
  actor: TelnyxActor,
  application: ApplicationId,
  from: string,
  callerId: string | null,
): Omit<DialSpec, 'to' | 'alsoTo' | 'encryption' | 'linkTo' | 'afterBridge' | 'notes'> {
  const isAddress = /^\+?\d{3,20}$/.test(from) || /^sips?:/.test(from)
  return {
    account: actor.account,
    application,
    from: isAddress ? from : (callerId ?? from),
    fromName: body.from_display_name ?? (isAddress ? null : from),
    headers: readHeaders(body),
    auth: readSipAuth(body),
    codecs: codecList(body.preferred_codecs),
    transport: body.sip_transport_protocol === undefined ? null : transports[body.sip_transport_protocol],
    privacy: body.privacy === 'id',
    ringTimeoutMs: (body.timeout_secs ?? DEFAULT_DIAL_TIMEOUT_SECS) * 1000,
    supervision: null,
    timeLimitMs: (body.time_limit_secs ?? DEFAULT_TIME_LIMIT_SECS) * 1000,
    onAnswer: {
      ...nothingOnAnswer,
      digits: body.send_digits_on_answer ?? null,
      detect: readDetection(body)?.config ?? null,
      machineEndsSounds: true,
      pitch: readPitch(body.sound_modifications),
      record: readRecordFromAnswer(doors.ids, body),
    },
  }
}

const transports = { UDP: 'udp', TCP: 'tcp', TLS: 'tls' } as const
