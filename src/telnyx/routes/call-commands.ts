// Commands on one call (telnyx-voice §11.1): answer, hang up, reject, speak, play, gather, digits, recording.

import { z } from 'zod'
import type { GatherId } from '#base/ids.ts'
import { areDigits } from '#calls/digits.ts'
import type { Call } from '#calls/model.ts'
import type { AnyRoute, Reply, RouteRequest } from '#http/route.ts'
import { flag, text, whole } from '#http/schema.ts'
import { codecList } from '../codec-names.ts'
import { type Commander, fail, type Order } from '../commander.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { errors } from '../errors.ts'
import {
  clientState,
  cs,
  digitsInOrder,
  gather,
  loop,
  media,
  rec,
  recordStart,
  recordTranscription,
  sipx,
  soundModifications,
  speech,
  url,
  wh,
  withinServiceLevel,
} from '../fields.ts'
import { MAX_SPEECH_CHARACTERS } from '../limits.ts'
import {
  playbackOf,
  readAudio,
  readHeaders,
  readNotes,
  readPitch,
  readRecordFromAnswer,
  readRecording,
  readSpeech,
} from '../reading.ts'
import { route } from '../route.ts'
import { readUuid, uuid } from '../spelling.ts'
import { readStream, streamFields } from '../streaming.ts'
import { readRecordTranscription, readTranscriptionOnAnswer, transcriptionOnAnswer } from '../transcription.ts'
import { unbuilt, unbuiltError } from '../unbuilt-fields.ts'
import { runOnCall } from './on-call.ts'

type Request<Body> = RouteRequest<TelnyxActor, Body>
interface CommandFields {
  readonly client_state?: string | undefined
  readonly command_id?: string | undefined
}

const preempt = { current: 'current', all: 'all' } as const
const stop = z.enum(['current', 'all']).optional()
const recordingId = z.uuid().optional()

const answerBody = z.object({
  ...cs,
  ...sipx,
  ...rec,
  ...wh,
  ...streamFields,
  ...transcriptionOnAnswer,
  ...unbuilt,
  billing_group_id: z.uuid().optional(),
  preferred_codecs: text(200).optional(),
  send_silence_when_idle: flag.optional(),
  sound_modifications: soundModifications,
})

const gatherSpeakBody = z
  .object({
    ...cs,
    ...gather,
    ...speech,
    maximum_tries: whole(1, 128).optional(),
    invalid_payload: z.string().min(1).max(MAX_SPEECH_CHARACTERS).optional(),
  })
  .superRefine(digitsInOrder)
  .superRefine(withinServiceLevel)

const gatherAudioBody = z
  .object({
    ...cs,
    ...gather,
    ...media,
    maximum_tries: whole(1, 128).optional(),
    invalid_audio_url: url.optional(),
    invalid_media_name: text(500, 1).optional(),
  })
  .superRefine(digitsInOrder)

export function callCommandRoutes(doors: TelnyxDoors, commander: Commander): readonly AnyRoute<TelnyxActor>[] {
  const { ids } = doors

  const onCall = <Body extends CommandFields>(
    request: Request<Body>,
    order: (call: Call['id']) => Omit<Order, 'commandId' | 'scope'> | Reply,
  ): Promise<Reply> => runOnCall(commander, request, order)

  const answer = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/answer',
    summary: 'Answer a call',
    body: answerBody,
    handler: (request) =>
      onCall(request, (call) => {
        const refused = unbuiltError(request.body)
        if (refused !== null) return fail(refused)
        const live = doors.engine.call(request.actor.account, call)
        // Demo apps answer every call.initiated, outgoing ones too, and answer again on a repeated webhook: both are
        // taken and change nothing but the client state (telnyx-seed-apps §2 rows 7 and 8, telnyx-voice §14.3).
        const harmless =
          live !== null && live.state !== 'ended' && (live.direction === 'outgoing' || live.state === 'answered')
        if (harmless)
          return { command: { type: 'note', call, notes: readNotes(live.notes, request.body) ?? live.notes } }
        const stream = readStream(request.body)
        if (!stream.ok) return fail(stream.error)
        const transcription = readTranscriptionOnAnswer(doors.recognisers, request.body)
        if (!transcription.ok) return fail(transcription.error)
        const record = readRecordFromAnswer(ids, request.body)
        return {
          command: {
            type: 'answer',
            call,
            headers: readHeaders(request.body),
            codecs: codecList(request.body.preferred_codecs),
            record,
            silenceWhenIdle: request.body.send_silence_when_idle ?? false,
            pitch: readPitch(request.body.sound_modifications),
            stream: stream.value,
            transcription: transcription.value,
          },
          data: () => ({
            result: 'ok',
            ...(record?.plannedId === undefined ? {} : { recording_id: uuid(record.plannedId) }),
          }),
          // Answering twice in a row, before the first answer went through, is the same repetition.
          forgive: (refusal) => refusal.type === 'call-not-ringing',
        }
      }),
  })

  const hangup = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/hangup',
    summary: 'Hang up a call',
    body: z.object({ ...cs, ...sipx }),
    handler: (request) =>
      onCall(request, (call) => ({ command: { type: 'hang-up', call, headers: readHeaders(request.body) } })),
  })

  const reject = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/reject',
    summary: 'Reject a ringing call',
    body: z.object({ ...cs, cause: z.enum(['CALL_REJECTED', 'USER_BUSY']) }),
    handler: (request) =>
      onCall(request, (call) => ({
        command: { type: 'reject', call, reason: request.body.cause === 'USER_BUSY' ? 'busy' : 'rejected' },
      })),
  })

  const update = (method: 'PUT' | 'POST'): AnyRoute<TelnyxActor> =>
    route({
      method,
      path: '/calls/:call_control_id/actions/client_state_update',
      summary: 'Replace the client state',
      body: z.object({ client_state: clientState }),
      handler: (request) =>
        onCall(request, (call) => {
          const live = doors.engine.call(request.actor.account, call)
          return { command: { type: 'note', call, notes: readNotes(live?.notes ?? {}, request.body) ?? {} } }
        }),
    })

  const speak = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/speak',
    summary: 'Speak text',
    body: z
      .object({ ...cs, ...speech, loop, stop, target_legs: z.enum(['self', 'opposite', 'both']).optional() })
      .superRefine(withinServiceLevel),
    handler: (request) =>
      onCall(request, (call) => ({
        command: {
          type: 'play',
          call,
          playback: playbackOf(ids, readSpeech(request.body), request.body.loop),
          listeners: request.body.target_legs ?? 'self',
          preempt: request.body.stop === undefined ? 'nothing' : preempt[request.body.stop],
        },
      })),
  })

  const playbackStart = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/playback_start',
    summary: 'Play audio',
    body: z.object({
      ...cs,
      ...media,
      playback_content: z.string().optional(),
      audio_type: z.enum(['mp3', 'wav']).optional(),
      cache_audio: flag.optional(),
      loop,
      overlay: flag.optional(),
      stop,
      target_legs: z.enum(['self', 'opposite', 'both']).optional(),
    }),
    handler: (request) =>
      onCall(request, (call) => {
        const audio = readAudio(request.body)
        if (!audio.ok) return fail(audio.error)
        if (audio.value === null) return fail(errors.missing('/audio_url'))
        const overlay = request.body.overlay ?? false
        if (overlay && (request.body.target_legs ?? 'self') !== 'self')
          return fail(errors.unprocessable('/target_legs', 'An overlay is heard by this call alone: target_legs self.'))
        return {
          command: {
            type: 'play',
            call,
            playback: playbackOf(ids, audio.value, request.body.loop, overlay),
            listeners: request.body.target_legs ?? 'self',
            preempt: request.body.stop === undefined ? 'nothing' : preempt[request.body.stop],
          },
        }
      }),
  })

  const playbackStop = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/playback_stop',
    summary: 'Stop what plays',
    body: z.object({ ...cs, overlay: flag.optional(), stop: z.enum(['current', 'all', 'overlay']).optional() }),
    handler: (request) =>
      onCall(request, (call) => ({
        command: {
          type: 'stop-play',
          call,
          which: request.body.stop === 'current' ? 'current' : 'all',
          overlay: request.body.stop === 'overlay' || (request.body.overlay ?? false),
        },
      })),
  })

  const plainGather = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/gather',
    summary: 'Collect digits',
    body: z
      .object({
        ...cs,
        ...gather,
        gather_id: text(40, 1).optional(),
        initial_timeout_millis: whole(1, 120_000).optional(),
      })
      .superRefine(digitsInOrder),
    handler: (request) =>
      onCall(request, (call) => ({
        command: {
          type: 'gather',
          call,
          spec: {
            ...common(request.body),
            id: gatherId(request.body.gather_id),
            initialTimeoutMs: request.body.initial_timeout_millis ?? 5000,
            totalTimeoutMs: request.body.timeout_millis ?? 60_000,
            prompt: null,
            invalidPrompt: null,
            maxTries: 1,
          },
        },
      })),
  })

  const gatherUsingSpeak = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/gather_using_speak',
    summary: 'Speak, then collect digits',
    body: gatherSpeakBody,
    handler: (request) =>
      onCall(request, (call) => {
        const { body } = request
        const invalid = body.invalid_payload
        return {
          command: {
            type: 'gather',
            call,
            spec: {
              ...common(body),
              id: gatherId(undefined),
              initialTimeoutMs: body.timeout_millis ?? 60_000,
              totalTimeoutMs: null,
              prompt: playbackOf(ids, readSpeech(body), 1),
              invalidPrompt:
                invalid === undefined ? null : playbackOf(ids, readSpeech({ ...body, payload: invalid }), 1),
              maxTries: body.maximum_tries ?? 3,
            },
          },
        }
      }),
  })

  const gatherUsingAudio = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/gather_using_audio',
    summary: 'Play audio, then collect digits',
    body: gatherAudioBody,
    handler: (request) =>
      onCall(request, (call) => {
        const { body } = request
        const prompt = readAudio(body)
        const invalid = readAudio({ audio_url: body.invalid_audio_url, media_name: body.invalid_media_name })
        if (!prompt.ok) return fail(prompt.error)
        if (!invalid.ok) return fail(invalid.error)
        return {
          command: {
            type: 'gather',
            call,
            spec: {
              ...common(body),
              id: gatherId(undefined),
              initialTimeoutMs: body.timeout_millis ?? 60_000,
              totalTimeoutMs: null,
              prompt: prompt.value === null ? null : playbackOf(ids, prompt.value, 1),
              invalidPrompt: invalid.value === null ? null : playbackOf(ids, invalid.value, 1),
              maxTries: body.maximum_tries ?? 3,
            },
          },
        }
      }),
  })

  const gatherStop = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/gather_stop',
    summary: 'Stop collecting digits',
    body: z.object(cs),
    handler: (request) => onCall(request, (call) => ({ command: { type: 'stop-gather', call } })),
  })

  const sendDtmf = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/send_dtmf',
    summary: 'Send digits',
    body: z.object({
      ...cs,
      digits: text(500, 1).refine(areDigits, { message: 'only 0-9, A-D, *, #, w and W' }),
      duration_millis: whole(100, 500).optional(),
    }),
    handler: (request) =>
      onCall(request, (call) => ({
        command: {
          type: 'send-digits',
          call,
          digits: request.body.digits,
          digitMs: request.body.duration_millis ?? 250,
        },
      })),
  })

  const switchRole = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/switch_supervisor_role',
    summary: 'Change what a supervisor is heard by',
    body: z.object({ ...cs, role: z.enum(['barge', 'whisper', 'monitor']) }),
    handler: (request) =>
      onCall(request, (call) => ({ command: { type: 'switch-supervisor-role', call, role: request.body.role } })),
  })

  const recordingStart = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/record_start',
    summary: 'Start recording',
    body: z.object({ ...cs, ...recordStart, ...recordTranscription }),
    handler: (request) =>
      onCall(request, (call) => {
        const transcription = readRecordTranscription(doors.recognisers, request.body)
        if (!transcription.ok) return fail(transcription.error)
        const options = { ...readRecording(request.body), transcription: transcription.value }
        return {
          command: { type: 'record', call, options, notes: {} },
          data: (accepted) => ({
            result: 'ok',
            ...(accepted.recording === null ? {} : { recording_id: uuid(accepted.recording.id) }),
          }),
        }
      }),
  })

  const changeRecording = (
    action: string,
    type: 'stop-recording' | 'pause-recording' | 'resume-recording',
  ): AnyRoute<TelnyxActor> =>
    route({
      method: 'POST',
      path: `/calls/:call_control_id/actions/${action}`,
      summary: action.replace('record_', '').concat(' a recording'),
      body: z.object({ ...cs, recording_id: recordingId }),
      handler: (request) =>
        onCall(request, (call) => ({
          command: {
            type,
            call,
            recording:
              request.body.recording_id === undefined ? null : readUuid<'recording'>(request.body.recording_id),
          },
        })),
    })

  return [
    answer,
    hangup,
    reject,
    update('PUT'),
    update('POST'),
    speak,
    playbackStart,
    playbackStop,
    plainGather,
    gatherUsingSpeak,
    gatherUsingAudio,
    gatherStop,
    sendDtmf,
    switchRole,
    recordingStart,
    changeRecording('record_stop', 'stop-recording'),
    changeRecording('record_pause', 'pause-recording'),
    changeRecording('record_resume', 'resume-recording'),
  ]

  function gatherId(given: string | undefined): GatherId {
    return (given ?? ids.make<'gather'>()) as GatherId
  }
}

interface GatherFields {
  readonly minimum_digits?: number | undefined
  readonly maximum_digits?: number | undefined
  readonly inter_digit_timeout_millis?: number | undefined
  readonly terminating_digit?: string | undefined
  readonly valid_digits?: string | undefined
}

/** What all gathers share (telnyx-voice §12.4). */
export function common(body: GatherFields): {
  readonly minDigits: number
  readonly maxDigits: number
  readonly terminators: string
  readonly validDigits: string
  readonly interDigitTimeoutMs: number
  readonly digitEndsPrompt: boolean
} {
  return {
    minDigits: body.minimum_digits ?? 1,
    maxDigits: body.maximum_digits ?? 128,
    terminators: body.terminating_digit ?? '#',
    validDigits: body.valid_digits ?? '0123456789#*',
    interDigitTimeoutMs: body.inter_digit_timeout_millis ?? 5000,
    digitEndsPrompt: true,
  }
}
