// Media streaming in this language's words (telnyx-voice §11.0 ⟨STREAM⟩, §12.12): fields of a request become one stream as
// the hall knows it.

import { z } from 'zod'
import { err, ok, type Result } from '#base/result.ts'
import type { Address } from '#base/wire.ts'
import type { StreamSpec } from '#calls/model.ts'
import { text } from '#http/schema.ts'
import type { StreamFormat } from '#media/protocol.ts'
import { LANGUAGE } from './doors.ts'
import { type ApiError, errors } from './errors.ts'
import { MAX_CUSTOM_PARAMETERS, MAX_STREAM_TOKEN_CHARACTERS, MAX_URL_CHARACTERS } from './limits.ts'

const CODECS = ['PCMU', 'PCMA', 'G722', 'OPUS', 'AMR-WB', 'L16'] as const
const RATES = [8000, 16_000, 22_050, 24_000, 48_000] as const
const DEFAULT_RATE_HZ = 8000

/** ws or wss, at most 2000 characters (10003). */
const streamUrl = z
  .string()
  .refine(
    (value) => value.length <= MAX_URL_CHARACTERS && URL.canParse(value) && /^wss?:$/.test(new URL(value).protocol),
    { message: 'url: ws' },
  )

/** ⟨STREAM⟩ and what belongs to it. */
export const streamFields = {
  stream_url: streamUrl.optional(),
  stream_track: z.enum(['inbound_track', 'outbound_track', 'both_tracks']).optional(),
  stream_codec: z.enum([...CODECS, 'default']).optional(),
  stream_bidirectional_mode: z.enum(['mp3', 'rtp']).optional(),
  stream_bidirectional_codec: z.enum(CODECS).optional(),
  stream_bidirectional_sampling_rate: z
    .preprocess((value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value), z.literal(RATES))
    .optional(),
  stream_bidirectional_target_legs: z.enum(['both', 'self', 'opposite']).optional(),
  stream_auth_token: text(MAX_STREAM_TOKEN_CHARACTERS).optional(),
  custom_parameters: z
    .array(z.object({ name: text(500, 1), value: text(4000) }))
    .max(MAX_CUSTOM_PARAMETERS)
    .optional(),
}

type Fields = z.infer<z.ZodObject<typeof streamFields>>

/** Null: nothing is to be streamed. */
export function readStream(body: Fields): Result<StreamSpec | null, ApiError> {
  if (body.stream_url === undefined) return ok(null)
  const rateHz = body.stream_bidirectional_sampling_rate ?? DEFAULT_RATE_HZ
  const heard = readFormat(body.stream_codec ?? 'default', rateHz, '/stream_codec')
  if (!heard.ok) return heard
  const said = readFormat(body.stream_bidirectional_codec ?? 'PCMU', rateHz, '/stream_bidirectional_codec')
  if (!said.ok) return said
  return ok({
    url: body.stream_url,
    headers: body.stream_auth_token === undefined ? {} : { authorization: `Bearer ${body.stream_auth_token}` },
    language: LANGUAGE,
    track: tracks[body.stream_track ?? 'inbound_track'],
    // G.711 is what the call carries, at its own rate; only samples as they are come at any.
    format: heard.value === null || heard.value.codec === 'L16' ? heard.value : { ...heard.value, sampleRateHz: 8000 },
    parameters: body.custom_parameters ?? [],
    voice: {
      mode: body.stream_bidirectional_mode === 'rtp' ? 'raw' : 'mp3',
      format: said.value!,
      targets: body.stream_bidirectional_target_legs ?? 'opposite',
    },
  })
}

const tracks = { inbound_track: 'inbound', outbound_track: 'outbound', both_tracks: 'both' } as const

/** The word for a track. */
export function trackWord(track: StreamSpec['track']): string {
  return `${track}_track${track === 'both' ? 's' : ''}`
}

function readFormat(
  codec: (typeof CODECS)[number] | 'default',
  sampleRateHz: StreamFormat['sampleRateHz'],
  pointer: string,
): Result<StreamFormat | null, ApiError> {
  if (codec === 'default') return ok(null)
  if (codec === 'AMR-WB')
    return err(
      errors.coded(
        403,
        '10038',
        'Feature not available',
        'This switch does not speak AMR-WB: use L16, G722 or OPUS for wide-band audio.',
        pointer,
      ),
    )
  return ok({ codec: codec === 'OPUS' ? 'opus' : codec, sampleRateHz })
}

/** `udp:203.0.113.7:4000`, brackets around IPv6; null when it is none. */
export function readUdpTarget(text: string): Address | null {
  const match = /^udp:(?:\/\/)?(?:\[([0-9a-fA-F:]+)\]|(\d{1,3}(?:\.\d{1,3}){3})):(\d{1,5})$/.exec(text.trim())
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65_535) return null
  return { host: (match[1] ?? match[2])!, port }
}
