// Transcriptions of a live call over REST (CALL-23): one at a time, begun, and ended by sid or by name.

import { z } from 'zod'
import type { AnyRoute, Reply } from '#http/route.ts'
import { LANGUAGE, type TwilioActor, type TwilioDoors } from '../doors.ts'
import { errors, fail, refusalError } from '../errors.ts'
import { flag, method, text, url, word } from '../fields.ts'
import { MAX_KEPT_CHARACTERS, MAX_STREAM_NAME_CHARACTERS } from '../limits.ts'
import { A, route, type TwilioRequest } from '../route.ts'
import { readSid, restTime, sid, uri } from '../spelling.ts'
import { TRACKS } from '../stream-order.ts'
import { type TranscriptionNotes, transcriptionSpec } from '../transcriptions.ts'
import { stopBody } from './streams.ts'

const createBody = z.object({
  Name: text(MAX_STREAM_NAME_CHARACTERS).optional(),
  Track: word(TRACKS).optional(),
  StatusCallbackUrl: url(21609).optional(),
  StatusCallbackMethod: method().optional(),
  InboundTrackLabel: text(MAX_STREAM_NAME_CHARACTERS).optional(),
  OutboundTrackLabel: text(MAX_STREAM_NAME_CHARACTERS).optional(),
  PartialResults: flag.optional(),
  LanguageCode: text(MAX_STREAM_NAME_CHARACTERS).optional(),
  TranscriptionEngine: text(MAX_STREAM_NAME_CHARACTERS).optional(),
  SpeechModel: text(MAX_STREAM_NAME_CHARACTERS).optional(),
  Hints: text(MAX_KEPT_CHARACTERS).optional(),
})

/** Fields that are attributes of the verb as well. */
const attributeNames = {
  InboundTrackLabel: 'inboundTrackLabel',
  OutboundTrackLabel: 'outboundTrackLabel',
  TranscriptionEngine: 'transcriptionEngine',
  SpeechModel: 'speechModel',
  Hints: 'hints',
} as const

export function callTranscriptionRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const actorOf = ({ account }: TwilioActor) => ({ account, language: LANGUAGE })

  const create = async (request: TwilioRequest<z.infer<typeof createBody>>): Promise<Reply> => {
    const { actor, body } = request
    const call = readSid<'call'>('call', request.params.call_sid)
    if (call === null) return fail(errors.notFound(request.path))
    const given = Object.entries(attributeNames).flatMap(([field, name]) => {
      const value = body[field as keyof typeof attributeNames]
      return value === undefined || value === '' ? [] : [[name, value] as const]
    })
    const spec = transcriptionSpec(
      {
        name: body.Name || null,
        track: body.Track ?? 'both_tracks',
        languageCode: body.LanguageCode || null,
        partialResults: body.PartialResults ?? false,
        statusCallback:
          body.StatusCallbackUrl == null
            ? null
            : { url: body.StatusCallbackUrl, method: body.StatusCallbackMethod ?? 'POST' },
        attributes: Object.fromEntries(given),
      },
      doors.recognisers,
    )
    if (!spec.ok) return fail(errors.coded(400, spec.error.code, spec.error.message))
    const transcription = doors.ids.make<'transcription'>()
    const command = { type: 'start-transcription', call, spec: spec.value, transcription } as const
    const started = await doors.engine.execute(actorOf(actor), command)
    if (!started.ok) return fail(refusalError(started.error))
    return { status: 200, json: resource(request, transcription, body.Name || null, 'in-progress') }
  }

  const update = async (request: TwilioRequest<z.infer<typeof stopBody>>): Promise<Reply> => {
    const call = readSid<'call'>('call', request.params.call_sid)
    const named = request.params.transcription_sid ?? ''
    const running = call === null ? null : (doors.engine.hall.calls.get(call)?.transcription ?? null)
    const name = (running?.notes as TranscriptionNotes | undefined)?.name ?? null
    const meant = running !== null && (running.id === readSid('liveTranscription', named) || name === named)
    if (call === null || !meant) return fail(errors.notFound(request.path))
    const stopped = await doors.engine.execute(actorOf(request.actor), { type: 'stop-transcription', call })
    if (!stopped.ok) return fail(refusalError(stopped.error))
    return { status: 200, json: resource(request, running.id, name, 'stopped') }
  }

  const resource = (
    request: TwilioRequest,
    transcription: string,
    name: string | null,
    status: 'in-progress' | 'stopped',
  ) => {
    const transcriptionSid = sid('liveTranscription', transcription)
    const callSid = request.params.call_sid!
    return {
      sid: transcriptionSid,
      account_sid: sid('account', request.actor.account),
      call_sid: callSid,
      name: name ?? transcriptionSid,
      status,
      date_updated: restTime(doors.clock.wallMs()),
      uri: uri(request.actor.account, 'Calls', callSid, 'Transcriptions', transcriptionSid),
    }
  }

  return [
    route({
      method: 'POST',
      path: `${A}/Calls/:call_sid/Transcriptions`,
      summary: 'Make text of a call while it goes on',
      body: createBody,
      handler: create,
    }),
    route({
      method: 'POST',
      path: `${A}/Calls/:call_sid/Transcriptions/:transcription_sid`,
      summary: 'Make text no more',
      body: stopBody,
      handler: update,
    }),
  ]
}
