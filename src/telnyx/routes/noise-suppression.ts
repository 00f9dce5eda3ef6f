// Noise suppression on a call (telnyx-voice §12.13). One engine is ours, under the name Denoiser; the others belong to
// vendors and are refused, unless the operator lets ours stand in for them.

import { z } from 'zod'
import type { AnyRoute } from '#http/route.ts'
import { text } from '#http/schema.ts'
import { type Commander, fail } from '../commander.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { errors } from '../errors.ts'
import { cs } from '../fields.ts'
import { route } from '../route.ts'
import { runOnCall } from './on-call.ts'

/** Names of the API, with its old single letters. */
const ENGINES = [
  'Denoiser',
  'DeepFilterNet',
  'Krisp',
  'AiCoustics',
  'aic_l_quail',
  'aic_l_rook',
  'aic_s_quail',
  'aic_s_rook',
  'quail_voice_focus_s',
  'quail_voice_focus_xs',
  'A',
  'B',
  'C',
  'D',
] as const
const OURS: ReadonlySet<string> = new Set(['Denoiser', 'A'])

const startBody = z.object({
  ...cs,
  direction: z.enum(['inbound', 'outbound', 'both']).optional(),
  noise_suppression_engine: z.enum(ENGINES).optional(),
  noise_suppression_engine_config: z
    .object({
      attenuation_limit: z.number().min(0).max(100).optional(),
      enhancement_level: z.number().min(0).max(1).optional(),
      family: z.enum(['sparrow', 'quail']).optional(),
      mode: z.enum(['standard', 'advanced']).optional(),
      model: text(100).optional(),
      size: z.enum(['s', 'l', 'xs', 'xxs', 'vf_l', 'vf_1_1_l']).optional(),
      suppression_level: z.number().min(0).max(100).optional(),
      voice_gain: z.number().min(0.1).max(4).optional(),
    })
    .optional(),
})

export function noiseSuppressionRoutes(doors: TelnyxDoors, commander: Commander): readonly AnyRoute<TelnyxActor>[] {
  const start = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/suppression_start',
    summary: 'Suppress noise',
    body: startBody,
    handler: (request) =>
      runOnCall(commander, request, (call) => {
        const { body } = request
        const engine = body.noise_suppression_engine ?? 'Denoiser'
        if (!OURS.has(engine) && !doors.noiseFallback)
          return fail(
            errors.coded(
              403,
              '10038',
              'Feature not available',
              `This switch has no ${engine}: use Denoiser, or let it stand in with noise_suppression_fallback: true.`,
              '/noise_suppression_engine',
            ),
          )
        const direction = body.direction ?? 'inbound'
        return { command: { type: 'suppress-noise', call, direction, engine: 'rnnoise' } }
      }),
  })

  const stop = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/suppression_stop',
    summary: 'Suppress noise no more',
    body: z.object(cs),
    handler: (request) =>
      runOnCall(commander, request, (call) => ({
        command: { type: 'suppress-noise', call, direction: null, engine: 'rnnoise' },
      })),
  })

  return [start, stop]
}
