// What there is to choose from (telnyx-voice §11.10, §11.12): voices, recognisers, suppressors of noise. Only what this
// switch has: every other name an application uses is still taken, as the commands' own rules say.

import type { DeclaredRecogniser } from '#base/recogniser.ts'
import type { AnyRoute } from '#http/route.ts'
import { namedVoices } from '#speech/voices.ts'
import type { TelnyxActor } from '../doors.ts'
import { route } from '../route.ts'

export function catalogueRoutes(recognisers: readonly DeclaredRecogniser[]): readonly AnyRoute<TelnyxActor>[] {
  return [
    route<unknown>({
      method: 'GET',
      path: '/text-to-speech/voices',
      summary: 'List voices',
      handler: async ({ query }) => {
        const provider = typeof query.provider === 'string' ? query.provider : null
        const plain = (['female', 'male'] as const).map((gender) => ({
          id: gender,
          voice_id: gender,
          name: gender,
          provider: 'telnyx',
          language: 'en-US',
          gender,
        }))
        const named = namedVoices().map(({ name, language, gender }) => ({
          id: `AWS.Polly.${name}`,
          voice_id: name,
          name,
          provider: 'aws',
          language,
          gender,
        }))
        const voices = [...plain, ...named].filter((one) => provider === null || one.provider === provider)
        return { status: 200, json: { voices } }
      },
    }),
    route<unknown>({
      method: 'GET',
      path: '/speech-to-text/providers',
      summary: 'List recognisers of speech',
      handler: async ({ query }) => {
        const wanted = typeof query.service_type === 'string' ? query.service_type : null
        const provider = typeof query.provider === 'string' ? query.provider : null
        const data = recognisers
          .flatMap((one) => one.engines.map((engine) => engineOf(one, engine, wanted)))
          .filter((one) => one.service_types.length > 0 && (provider === null || one.provider === provider))
        return {
          status: 200,
          json: { data, meta: { total: data.length } },
        }
      },
    }),
    route<unknown>({
      method: 'GET',
      path: '/noise_suppression_engines',
      summary: 'List engines that suppress noise',
      handler: async () => ({ status: 200, json: { data: noiseEngines } }),
    }),
  ]
}

/** A declared recogniser as one of the API's engines. */
function engineOf(recogniser: DeclaredRecogniser, engine: string, wanted: string | null) {
  const types = recogniser.access.kind === 'file' ? ['in_call', 'file_based'] : ['in_call', 'streaming']
  return {
    provider: engine === '*' ? recogniser.name : engine.toLowerCase(),
    model: recogniser.access.model ?? recogniser.name,
    hosted: false,
    service_types: types
      .filter((type) => wanted === null || type === wanted)
      .map((type) => ({ type, languages: recogniser.languages })),
  }
}

const noiseEngines = [{ value: 'denoiser', label: 'Denoiser (RNNoise)', default_attenuation_level: 100 }]
