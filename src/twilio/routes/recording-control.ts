// Recordings in the making (RC-05, RC-06, PT-10): begun on a call, paused, resumed and stopped; of a conference, paused and
// resumed. `Twilio.CURRENT` names the only one that runs.

import { z } from 'zod'
import type { CallId, ConferenceId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { CallCommand, ConferenceCommand } from '#calls/commands.ts'
import type { Recording } from '#calls/model.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import { LANGUAGE, type TwilioActor, type TwilioDoors } from '../doors.ts'
import { type ApiError, errors, fail, refusalError } from '../errors.ts'
import { coded, method, url, word, words } from '../fields.ts'
import { MAX_RECORDING_MS } from '../limits.ts'
import type { RecordingNotes } from '../notes.ts'
import { recordingResource } from '../recording-resource.ts'
import { A, route, type TwilioRequest } from '../route.ts'
import { readSid } from '../spelling.ts'
import { statusTarget } from '../voice-settings.ts'

const CURRENT = 'Twilio.CURRENT'

const createBody = z.object({
  RecordingChannels: word(['mono', 'dual']).optional(),
  RecordingTrack: word(['inbound', 'outbound', 'both']).optional(),
  Trim: word(['trim-silence', 'do-not-trim']).optional(),
  RecordingStatusCallback: url(21609).optional(),
  RecordingStatusCallbackMethod: method().optional(),
  RecordingStatusCallbackEvent: words(['in-progress', 'completed', 'absent']).optional(),
})

const status = coded(20001, "Status must be 'in-progress', 'paused' or 'stopped'.")
const updateBody = z.object({
  Status: word(['in-progress', 'paused', 'stopped'], status),
  PauseBehavior: word(['silence', 'skip']).optional(),
})

type CreateBody = z.infer<typeof createBody>
type UpdateBody = z.infer<typeof updateBody>

export function recordingControlRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const execute = (actor: TwilioActor, command: CallCommand | ConferenceCommand) =>
    doors.engine.execute({ account: actor.account, language: LANGUAGE }, command)

  const create = async (request: TwilioRequest<CreateBody>): Promise<Reply> => {
    const { actor, body } = request
    const call = readSid<'call'>('call', request.params.above)
    const live = call === null ? null : doors.engine.call(actor.account, call)
    if (live === null) return fail(errors.notFound(request.path))
    const track = body.RecordingTrack ?? 'both'
    const {
      RecordingStatusCallback: url,
      RecordingStatusCallbackMethod: by,
      RecordingStatusCallbackEvent: events,
    } = body
    const callback = statusTarget(url, by, events)
    const notes: RecordingNotes = { source: 'StartCallRecordingAPI', ...(callback === null ? {} : { callback }) }
    const done = await execute(actor, {
      type: 'record',
      call: live.id,
      options: {
        format: 'wav',
        channels: body.RecordingChannels === 'dual' && track === 'both' ? 2 : 1,
        track,
        maxDurationMs: MAX_RECORDING_MS,
        silenceTimeoutMs: 0,
        beep: false,
        trimSilence: body.Trim === 'trim-silence',
        fileName: null,
      },
      notes: { ...notes },
    })
    if (!done.ok) return fail(refusalError(done.error))
    return { status: 201, json: shown(done.value.recording!, 'call') }
  }

  const shown = (recording: Recording, of: 'call' | 'conference'): object =>
    recordingResource(recording, doors.baseUrl(), { of, detailed: true })

  /** The one a path means, while it runs. */
  const find = (request: TwilioRequest, belongs: (recording: Recording) => boolean): Result<Recording, ApiError> => {
    const { sid: named = '' } = request.params
    const running = doors.engine
      .runningRecordings()
      .filter((one) => one.account === request.actor.account && belongs(one))
      .filter((one) => one.state === 'recording' || one.state === 'paused')
    if (named === CURRENT) {
      if (running.length > 1)
        return err(errors.coded(400, 21220, `${running.length} recordings run: name the one you mean by its sid.`))
      return running[0] === undefined ? err(errors.notFound(request.path)) : ok(running[0])
    }
    const one = running.find(({ id }) => id === readSid('recording', named))
    return one === undefined ? err(errors.notFound(request.path)) : ok(one)
  }

  const updateOfCall = async (request: TwilioRequest<UpdateBody>): Promise<Reply> => {
    const call = readSid<'call'>('call', request.params.above)
    const found = find(request, (one) => one.call === call && one.conference === null)
    if (call === null || !found.ok) return fail(found.ok ? errors.notFound(request.path) : found.error)
    const done = await execute(request.actor, commandOf(request.body, call, found.value))
    return done.ok ? reply(found.value, request.body, 'call') : fail(refusalError(done.error))
  }

  const updateOfConference = async (request: TwilioRequest<UpdateBody>): Promise<Reply> => {
    const conference = readSid<'conference'>('conference', request.params.above)
    const found = find(request, (one) => one.conference === conference)
    if (conference === null || !found.ok) return fail(found.ok ? errors.notFound(request.path) : found.error)
    // PT-10.
    if (request.body.Status === 'stopped')
      return fail(errors.invalid('The recording of a conference ends with it: it can be paused and resumed.'))
    const done = await execute(request.actor, roomCommandOf(request.body, conference, found.value))
    return done.ok ? reply(found.value, request.body, 'conference') : fail(refusalError(done.error))
  }

  /** RC-03: the reply to a command tells what it did. */
  const reply = (before: Recording, body: UpdateBody, of: 'call' | 'conference'): Reply => {
    const now = doors.engine.runningRecordings().find((one) => one.id === before.id) ?? before
    const json = shown(now, of)
    return { status: 200, json: { ...json, status: body.Status } }
  }

  return [
    route({
      method: 'POST',
      path: `${A}/Calls/:above/Recordings`,
      summary: 'Begin to record a live call',
      body: createBody,
      handler: create,
    }),
    route({
      method: 'POST',
      path: `${A}/Calls/:above/Recordings/:sid`,
      summary: 'Pause, resume or stop a recording of a call',
      body: updateBody,
      handler: updateOfCall,
    }),
    route({
      method: 'POST',
      path: `${A}/Conferences/:above/Recordings/:sid`,
      summary: 'Pause or resume the recording of a conference',
      body: updateBody,
      handler: updateOfConference,
    }),
  ]
}

const verbs = { 'in-progress': 'resume', paused: 'pause', stopped: 'stop' } as const

function commandOf(body: UpdateBody, call: CallId, recording: Recording): CallCommand {
  const silent = body.PauseBehavior !== 'skip'
  return { type: `${verbs[body.Status]}-recording`, call, recording: recording.id, silent }
}

function roomCommandOf(body: UpdateBody, conference: ConferenceId, recording: Recording): ConferenceCommand {
  const silent = body.PauseBehavior !== 'skip'
  return { type: `${verbs[body.Status]}-conference-recording`, conference, recording: recording.id, silent }
}
