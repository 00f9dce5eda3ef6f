// Commands on a conference (telnyx-voice §11.2, §12.7).

import { z } from 'zod'
import type { CallId, ConferenceId, GatherId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { ConferenceCommand } from '#calls/commands.ts'
import { areDigits } from '#calls/digits.ts'
import type { BeepWhen, JoinOptions, Role } from '#calls/model.ts'
import type { AnyRoute, Reply, RouteRequest } from '#http/route.ts'
import { flag, text, whole } from '#http/schema.ts'
import { type Commander, fail } from '../commander.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { type ApiError, errors, refusalError } from '../errors.ts'
import { beep, callIds, clientState, cs, digitsInOrder, gather, loop, media, speech, url } from '../fields.ts'
import { CONFERENCE_LIFETIME_MS, DEFAULT_MAX_PARTICIPANTS } from '../limits.ts'
import { playbackOf, readAudio, readBeep, readNotes, readRecording, readSpeech } from '../reading.ts'
import { resolveCall, resolveCalls, resolveConference } from '../resolve.ts'
import { conferenceResource } from '../resources.ts'
import { route } from '../route.ts'
import { readUuid, uuid } from '../spelling.ts'
import { common } from './call-commands.ts'

const role = z.enum(['barge', 'monitor', 'none', 'whisper'])
const region = text(50).optional()
const hold = { hold_audio_url: url.optional(), hold_media_name: text(500, 1).optional() }

const createBody = z.object({
  ...cs,
  ...hold,
  call_control_id: text(100),
  name: text(500, 1),
  beep_enabled: beep.optional(),
  comfort_noise: flag.optional(),
  duration_minutes: whole(1, 240).optional(),
  max_participants: whole(2, 800).optional(),
  region,
  start_conference_on_create: flag.optional(),
})

const joinFields = {
  beep_enabled: beep.optional(),
  end_conference_on_exit: flag.optional(),
  soft_end_conference_on_exit: flag.optional(),
  hold: flag.optional(),
  ...hold,
  mute: flag.optional(),
  start_conference_on_enter: flag.optional(),
  supervisor_role: role.optional(),
  whisper_call_control_ids: callIds.optional(),
}

const joinBody = z.object({ ...cs, ...joinFields, call_control_id: text(100), region })
const joinFromLegBody = z.object({
  ...cs,
  ...joinFields,
  conference_id: text(100).optional(),
  conference_name: text(500).optional(),
})

const someCalls = { call_control_ids: callIds.optional(), region }

type Request<Body> = RouteRequest<TelnyxActor, Body>
type Meant = (conference: ConferenceId) => Exclude<ConferenceCommand, { readonly type: 'create-conference' }> | Reply

export function conferenceCommandRoutes(doors: TelnyxDoors, commander: Commander): readonly AnyRoute<TelnyxActor>[] {
  const { ids } = doors

  async function onConference(
    request: Request<{ readonly command_id?: string | undefined; readonly client_state?: string | undefined }>,
    make: Meant,
    data?: Parameters<Commander['run']>[1]['data'],
  ): Promise<Reply> {
    const conference = resolveConference(doors, request.actor.account, request.params.conference_id ?? '')
    if (!conference.ok) return fail(conference.error)
    const command = make(conference.value)
    if ('status' in command) return command
    return commander.run(request, {
      command,
      commandId: request.body.command_id,
      scope: 'account',
      notes: (record) => readNotes(record.notes, { client_state: request.body.client_state }),
      ...(data === undefined ? {} : { data }),
    })
  }

  /** A command for the participants that `call_control_ids` names, or for all of them. */
  function onParticipants(
    request: Parameters<typeof onConference>[0] &
      Request<{ readonly call_control_ids?: readonly string[] | undefined }>,
    make: (conference: ConferenceId, calls: readonly CallId[] | null) => ReturnType<Meant>,
  ): Promise<Reply> {
    const calls = resolveCalls(request.body.call_control_ids)
    return onConference(request, (conference) => (calls.ok ? make(conference, calls.value) : fail(calls.error)))
  }

  const create = async (request: Request<z.infer<typeof createBody>>): Promise<Reply> => {
    const { body } = request
    const call = resolveCall(body.call_control_id)
    if (!call.ok) return fail(call.error)
    const audio = readAudio({ audio_url: body.hold_audio_url, media_name: body.hold_media_name })
    if (!audio.ok) return fail(audio.error)
    return commander.run(request, {
      command: {
        type: 'create-conference',
        call: call.value,
        name: body.name,
        beep: readBeep(body.beep_enabled ?? 'never'),
        maxParticipants: body.max_participants ?? DEFAULT_MAX_PARTICIPANTS,
        startOnCreate: body.start_conference_on_create ?? true,
        holdAudio: audio.value,
        durationMs: body.duration_minutes === undefined ? CONFERENCE_LIFETIME_MS : body.duration_minutes * 60_000,
        notes: body.client_state === undefined ? {} : { clientState: body.client_state },
      },
      notes: (record) => readNotes(record.notes, { client_state: body.client_state }),
      commandId: body.command_id,
      scope: 'account',
      data: (accepted) => conferenceResource(accepted.conference!),
    })
  }

  const join = route({
    method: 'POST',
    path: '/conferences/:conference_id/actions/join',
    summary: 'Join a conference',
    body: joinBody,
    handler: (request) => joinAs(request, request.params.conference_id ?? '', request.body.call_control_id),
  })

  async function joinAs(request: Request<z.infer<typeof joinFromLegBody>>, named: string, leg: string): Promise<Reply> {
    const conference = resolveConference(doors, request.actor.account, named)
    if (!conference.ok) return fail(conference.error)
    const call = resolveCall(leg)
    if (!call.ok) return fail(call.error)
    const options = joinOptions(request.body)
    if (!options.ok) return fail(options.error)
    return commander.run(request, {
      command: {
        type: 'join-conference',
        conference: conference.value,
        call: call.value,
        options: options.value,
        ownerNotes: request.body.client_state === undefined ? null : { clientState: request.body.client_state },
      },
      notes: (record) => readNotes(record.notes, { client_state: request.body.client_state }),
      commandId: request.body.command_id,
      scope: 'account',
    })
  }

  // Printed tutorials create and join "under" a leg (telnyx-voice §14.3).
  const joinFromLeg = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/join',
    summary: 'Join a conference (tutorial path)',
    body: joinFromLegBody,
    handler: (request) => {
      const { body } = request
      const named = body.conference_id ?? body.conference_name ?? newestConference(doors, request.actor)
      if (named === null) return Promise.resolve(fail(refusalError({ type: 'conference-unknown' })))
      return joinAs(request, named, request.params.call_control_id ?? '')
    },
  })

  const leave = route({
    method: 'POST',
    path: '/conferences/:conference_id/actions/leave',
    summary: 'Leave a conference',
    body: z.object({ call_control_id: text(100), beep_enabled: beep.optional(), command_id: cs.command_id, region }),
    handler: (request) =>
      onConference(request, (conference) => {
        const call = resolveCall(request.body.call_control_id)
        if (!call.ok) return fail(call.error)
        const when = request.body.beep_enabled
        return {
          type: 'leave-conference',
          conference,
          call: call.value,
          beep: when === undefined ? null : readBeep(when),
        }
      }),
  })

  const some = (action: 'mute' | 'unmute'): AnyRoute<TelnyxActor> =>
    route({
      method: 'POST',
      path: `/conferences/:conference_id/actions/${action}`,
      summary: `${action === 'mute' ? 'Mute' : 'Unmute'} participants`,
      body: z.object({ ...someCalls, ...cs }),
      handler: (request) =>
        onParticipants(request, (conference, calls) => {
          return {
            type: action === 'mute' ? 'mute-participants' : 'unmute-participants',
            conference,
            calls,
          }
        }),
    })

  const holdRoute = route({
    method: 'POST',
    path: '/conferences/:conference_id/actions/hold',
    summary: 'Put participants on hold',
    body: z.object({ ...someCalls, ...media, ...cs }),
    handler: (request) =>
      onParticipants(request, (conference, calls) => {
        const audio = readAudio(request.body)
        if (!audio.ok) return fail(audio.error)
        return { type: 'hold-participants', conference, calls, audio: audio.value }
      }),
  })

  const unhold = route({
    method: 'POST',
    path: '/conferences/:conference_id/actions/unhold',
    summary: 'Take participants off hold',
    body: z.object({ ...cs, call_control_ids: callIds, region }),
    handler: (request) =>
      onParticipants(request, (conference, calls) => {
        return { type: 'unhold-participants', conference, calls }
      }),
  })

  const play = route({
    method: 'POST',
    path: '/conferences/:conference_id/actions/play',
    summary: 'Play audio to a conference',
    body: z.object({ ...someCalls, ...media, ...cs, loop }),
    handler: (request) =>
      onParticipants(request, (conference, calls) => {
        const audio = readAudio(request.body)
        if (!audio.ok) return fail(audio.error)
        if (audio.value === null) return fail(errors.missing('/audio_url'))
        return {
          type: 'play-to-conference',
          conference,
          calls,
          playback: playbackOf(ids, audio.value, request.body.loop),
        }
      }),
  })

  const speak = route({
    method: 'POST',
    path: '/conferences/:conference_id/actions/speak',
    summary: 'Speak to a conference',
    body: z.object({ ...someCalls, ...speech, ...cs }),
    handler: (request) =>
      onParticipants(request, (conference, calls) => {
        const playback = playbackOf(ids, readSpeech(request.body), 1)
        return { type: 'play-to-conference', conference, calls, playback }
      }),
  })

  const stop = route({
    method: 'POST',
    path: '/conferences/:conference_id/actions/stop',
    summary: 'Stop what plays in a conference',
    body: z.object({ ...someCalls, ...cs }),
    handler: (request) =>
      onParticipants(request, (conference, calls) => {
        return { type: 'stop-conference-play', conference, calls }
      }),
  })

  const recordStart = route({
    method: 'POST',
    path: '/conferences/:conference_id/actions/record_start',
    summary: 'Record a conference',
    body: z.object({
      ...cs,
      format: z.enum(['wav', 'mp3']),
      channels: z.enum(['single', 'dual']).optional(),
      custom_file_name: text(40, 1).optional(),
      play_beep: flag.optional(),
      trim: z.literal('trim-silence').optional(),
      region,
    }),
    handler: (request) =>
      onConference(
        request,
        (conference) => ({
          type: 'record-conference',
          conference,
          options: readRecording({ ...request.body, channels: request.body.channels ?? 'single' }),
          notes: {},
        }),
        (accepted) => ({
          result: 'ok',
          ...(accepted.recording === null ? {} : { recording_id: uuid(accepted.recording.id) }),
        }),
      ),
  })

  const recordChange = (
    action: string,
    type: 'stop-conference-recording' | 'pause-conference-recording' | 'resume-conference-recording',
  ): AnyRoute<TelnyxActor> =>
    route({
      method: 'POST',
      path: `/conferences/:conference_id/actions/${action}`,
      summary: `${action.replace('record_', '')} the recording of a conference`,
      body: z.object({ ...cs, recording_id: z.uuid().optional(), region }),
      handler: (request) =>
        onConference(request, (conference) => ({
          type,
          conference,
          recording: request.body.recording_id === undefined ? null : readUuid<'recording'>(request.body.recording_id),
        })),
    })

  const update = route({
    method: 'POST',
    path: '/conferences/:conference_id/actions/update',
    summary: 'Change a participant’s supervisor role',
    body: z.object({
      call_control_id: text(100),
      supervisor_role: role,
      whisper_call_control_ids: callIds.optional(),
      command_id: cs.command_id,
      region,
    }),
    handler: (request) =>
      onConference(request, (conference) => {
        const call = resolveCall(request.body.call_control_id)
        if (!call.ok) return fail(call.error)
        const whisperTo = resolveCalls(request.body.whisper_call_control_ids)
        if (!whisperTo.ok) return fail(whisperTo.error)
        return {
          type: 'update-participant',
          conference,
          call: call.value,
          role: roles[request.body.supervisor_role],
          // A whisper without a list is a monitor (telnyx-voice §12.7): an old list does not live on.
          whisperTo: whisperTo.value ?? [],
          endOnExit: null,
          beep: null,
        }
      }),
  })

  const end = route({
    method: 'POST',
    path: '/conferences/:conference_id/actions/end',
    summary: 'End a conference',
    body: z.object(cs),
    handler: (request) => onConference(request, (conference) => ({ type: 'end-conference', conference })),
  })

  const sendDtmf = route({
    method: 'POST',
    path: '/conferences/:conference_id/actions/send_dtmf',
    summary: 'Send digits to participants',
    body: z.object({
      ...someCalls,
      ...cs,
      digits: text(500, 1).refine(areDigits, { message: 'only 0-9, A-D, *, #, w and W' }),
      duration_millis: whole(100, 500).optional(),
    }),
    handler: (request) =>
      onParticipants(request, (conference, calls) => {
        return {
          type: 'send-conference-digits',
          conference,
          calls,
          digits: request.body.digits,
          digitMs: request.body.duration_millis ?? 250,
        }
      }),
  })

  const gatherUsingAudio = route({
    method: 'POST',
    path: '/conferences/:conference_id/actions/gather_using_audio',
    summary: 'Collect digits from one participant',
    body: z
      .object({
        ...gather,
        ...media,
        call_control_id: text(100),
        client_state: clientState.optional(),
        command_id: cs.command_id,
        gather_id: text(100, 1).optional(),
        initial_timeout_millis: whole(1, 120_000).optional(),
        invalid_audio_url: url.optional(),
        invalid_media_name: text(500, 1).optional(),
        maximum_tries: whole(1, 128).optional(),
        stop_playback_on_dtmf: flag.optional(),
      })
      .superRefine(digitsInOrder),
    handler: async (request) => {
      const { body } = request
      const conference = resolveConference(doors, request.actor.account, request.params.conference_id ?? '')
      if (!conference.ok) return fail(conference.error)
      const call = resolveCall(body.call_control_id)
      if (!call.ok) return fail(call.error)
      const room = doors.engine.conference(request.actor.account, conference.value)
      if (room === null) return fail(refusalError({ type: 'conference-unknown' }))
      if (!room.participants.some((one) => one.call === call.value))
        return fail(refusalError({ type: 'not-in-conference' }))
      const prompt = readAudio(body)
      if (!prompt.ok) return fail(prompt.error)
      const invalid = readAudio({ audio_url: body.invalid_audio_url, media_name: body.invalid_media_name })
      if (!invalid.ok) return fail(invalid.error)
      return commander.run(request, {
        command: {
          type: 'gather',
          call: call.value,
          spec: {
            ...common(body),
            digitEndsPrompt: body.stop_playback_on_dtmf ?? true,
            id: (body.gather_id ?? ids.make<'gather'>()) as GatherId,
            initialTimeoutMs: body.initial_timeout_millis ?? body.timeout_millis ?? 60_000,
            totalTimeoutMs: null,
            prompt: prompt.value === null ? null : playbackOf(ids, prompt.value, 1),
            invalidPrompt: invalid.value === null ? null : playbackOf(ids, invalid.value, 1),
            maxTries: body.maximum_tries ?? 3,
          },
        },
        notes: (record) => readNotes(record.notes, { client_state: body.client_state }),
        commandId: body.command_id,
        scope: 'account',
      })
    },
  })

  return [
    route({ method: 'POST', path: '/conferences', summary: 'Create a conference', body: createBody, handler: create }),
    route({
      method: 'POST',
      path: '/calls/:call_control_id/actions/create_conf',
      summary: 'Create a conference (tutorial path)',
      body: createBody.partial({ call_control_id: true }),
      handler: (request) =>
        create({
          ...request,
          body: {
            ...request.body,
            call_control_id: request.body.call_control_id ?? request.params.call_control_id ?? '',
          },
        }),
    }),
    join,
    joinFromLeg,
    leave,
    some('mute'),
    some('unmute'),
    holdRoute,
    unhold,
    play,
    speak,
    stop,
    recordStart,
    recordChange('record_stop', 'stop-conference-recording'),
    recordChange('record_pause', 'pause-conference-recording'),
    recordChange('record_resume', 'resume-conference-recording'),
    update,
    end,
    sendDtmf,
    gatherUsingAudio,
  ]
}

const roles = { barge: 'ordinary', none: 'ordinary', monitor: 'monitor', whisper: 'whisper' } as const satisfies Record<
  string,
  Role
>

interface JoinFields {
  readonly beep_enabled?: z.infer<typeof beep> | undefined
  readonly end_conference_on_exit?: boolean | undefined
  readonly soft_end_conference_on_exit?: boolean | undefined
  readonly hold?: boolean | undefined
  readonly hold_audio_url?: string | undefined
  readonly hold_media_name?: string | undefined
  readonly mute?: boolean | undefined
  readonly start_conference_on_enter?: boolean | undefined
  readonly supervisor_role?: keyof typeof roles | undefined
  readonly whisper_call_control_ids?: readonly string[] | undefined
}

/** The join options of a body; also those inside a dial's `conference_config`. */
export function joinOptions(body: JoinFields): Result<JoinOptions, ApiError> {
  const audio = readAudio({ audio_url: body.hold_audio_url, media_name: body.hold_media_name })
  if (!audio.ok) return audio
  const whisperTo = resolveCalls(body.whisper_call_control_ids)
  if (!whisperTo.ok) return err(whisperTo.error)
  const beepWhen: BeepWhen | null = body.beep_enabled === undefined ? null : readBeep(body.beep_enabled)
  return ok({
    muted: body.mute ?? false,
    held: body.hold ?? false,
    holdAudio: audio.value,
    beep: beepWhen,
    startOnEnter: body.start_conference_on_enter ?? false,
    endOnExit:
      body.end_conference_on_exit === true ? 'hang-up' : body.soft_end_conference_on_exit === true ? 'park' : 'no',
    role: roles[body.supervisor_role ?? 'none'],
    whisperTo: whisperTo.value ?? [],
    label: null,
  })
}

/** The account's newest live conference, by name-free convention of the tutorial text. */
function newestConference(doors: TelnyxDoors, actor: TelnyxActor): string | null {
  const own = doors.engine.liveConferences().filter((one) => one.account === actor.account && one.state !== 'ended')
  const newest = own.sort((a, b) => b.createdAtWallMs - a.createdAtWallMs)[0]
  return newest === undefined ? null : uuid(newest.id)
}
