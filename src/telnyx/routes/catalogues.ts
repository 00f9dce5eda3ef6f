// What there is to choose from (telnyx-voice §11.10, §11.12): voices, recognisers, suppressors of noise. Only what this
// switch has: every other name an application uses is still taken, as the commands' own rules say.

import type { AnyRoute } from '#http/route.ts'
import { namedVoices } from '#speech/voices.ts'
import type { TelnyxActor } from '../doors.ts'
import { route } from '../route.ts'

export function catalogueRoutes(): readonly AnyRoute<TelnyxActor>[] {
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
      handler: async () => ({ status: 200, json: { data: [], meta: emptyMeta } }),
    }),
    route<unknown>({
      method: 'GET',
      path: '/noise_suppression_engines',
      summary: 'List engines that suppress noise',
      handler: async () => ({ status: 200, json: { data: [] } }),
    }),
  ]
}

const emptyMeta = { total_pages: 0, total_results: 0, page_number: 1, page_size: 20 }
