// Transcription of live calls (telnyx-voice §11.1, §12.14).

import { z } from 'zod'
import type { AnyRoute } from '#http/route.ts'
import { type Commander, fail } from '../commander.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { cs } from '../fields.ts'
import { route } from '../route.ts'
import { readTranscription, transcriptionFields } from '../transcription.ts'
import { runOnCall } from './on-call.ts'

export function transcriptionRoutes(doors: TelnyxDoors, commander: Commander): readonly AnyRoute<TelnyxActor>[] {
  const start = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/transcription_start',
    summary: 'Transcribe a call while it is spoken',
    body: z.object({ ...cs, ...transcriptionFields }),
    handler: (request) =>
      runOnCall(commander, request, (call) => {
        const spec = readTranscription(doors.recognisers, request.body)
        return spec.ok ? { command: { type: 'start-transcription', call, spec: spec.value } } : fail(spec.error)
      }),
  })

  const stop = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/transcription_stop',
    summary: 'Transcribe no more',
    body: z.object(cs),
    handler: (request) => runOnCall(commander, request, (call) => ({ command: { type: 'stop-transcription', call } })),
  })

  return [start, stop]
}
