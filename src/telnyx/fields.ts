// Groups of fields that many commands share (telnyx-voice §11.0), as schemas.

import { z } from 'zod'
import { flag, text, whole } from '#http/schema.ts'
import { eventTypes } from './event-types.ts'
import { MAX_CUSTOM_HEADERS, MAX_SPEECH_CHARACTERS, MAX_URL_CHARACTERS } from './limits.ts'
import { readTime } from './spelling.ts'

/** http or https, at most 2000 characters (10003). */
export const url = z
  .string()
  .refine(
    (value) => value.length <= MAX_URL_CHARACTERS && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    {
      message: 'url: malformed',
    },
  )

/** An ISO 8601 time, as wall-clock milliseconds. */
export const time = z
  .string()
  .refine((text) => readTime(text) !== null, { message: 'an ISO 8601 time' })
  .transform((text) => readTime(text)!)

/** Base64 text (90017). Padding may be missing: some clients strip it. */
export const clientState = z
  .string()
  .refine((value) => /^[A-Za-z0-9+/_-]*={0,2}$/.test(value), { message: 'must be base64' })

/** ⟨CS⟩ */
export const cs = { client_state: clientState.optional(), command_id: text(500).optional() }

const header = z.object({ name: z.string().min(1).max(128), value: z.string().max(2048) })

/** ⟨SIPX⟩ */
export const sipx = {
  custom_headers: z.array(header).max(MAX_CUSTOM_HEADERS).optional(),
  sip_headers: z
    .array(
      header.refine((one) => one.name.toLowerCase() === 'user-to-user', { message: 'only User-to-User may be set' }),
    )
    .max(MAX_CUSTOM_HEADERS)
    .optional(),
}

export const loop = z
  .preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
    z.union([z.number().int().min(1).max(100), z.literal('infinity')]),
  )
  .optional()

/** ⟨WH⟩ */
export const wh = {
  webhook_url: url.optional(),
  webhook_url_method: z.enum(['POST', 'GET']).optional(),
  webhook_urls: z
    .record(z.string(), url)
    .refine((map) => Object.keys(map).every((key) => eventTypes.has(key)), {
      message: 'every key must be an event type',
    })
    .optional(),
  webhook_urls_method: z.enum(['POST', 'GET']).optional(),
  webhook_retries_policies: z
    .record(
      z.string(),
      z.object({
        retries_ms: z
          .array(whole(0, 60_000))
          .max(5)
          .refine((list) => list.reduce((sum, one) => sum + one, 0) <= 60_000, {
            message: 'at most 60 seconds in all',
          }),
      }),
    )
    .optional(),
}

/** ⟨SOUND⟩ */
export const soundModifications = z
  .object({
    octaves: z.number().min(-1).max(1).optional(),
    pitch: z.number().positive().max(4).optional(),
    semitone: z.number().min(-14).max(14).optional(),
    track: z.enum(['inbound', 'outbound', 'both']).optional(),
  })
  .optional()

const fileName = z.string().min(1).max(40)

/** ⟨REC⟩ */
export const rec = {
  record: z.literal('record-from-answer').optional(),
  record_channels: z.enum(['single', 'dual']).optional(),
  record_custom_file_name: fileName.optional(),
  record_format: z.enum(['wav', 'mp3']).optional(),
  record_max_length: whole(0, 43_200).optional(),
  record_timeout_secs: whole(0, 14_400).optional(),
  record_track: z.enum(['both', 'inbound', 'outbound']).optional(),
  record_trim: z.literal('trim-silence').optional(),
}

export const recordStart = {
  channels: z.enum(['single', 'dual']),
  format: z.enum(['wav', 'mp3']),
  custom_file_name: fileName.optional(),
  max_length: whole(0, 14_400).optional(),
  play_beep: flag.optional(),
  recording_track: z.enum(['both', 'inbound', 'outbound']).optional(),
  timeout_secs: whole(0, 14_400).optional(),
  trim: z.literal('trim-silence').optional(),
}

/** Of `record_start` on a call. */
export const recordTranscription = {
  transcription: flag.optional(),
  transcription_engine: z.enum(['A', 'B', 'deepgram/nova-3']).optional(),
  transcription_language: text(35).optional(),
  transcription_max_speaker_count: whole(1, 100).optional(),
  transcription_min_speaker_count: whole(1, 100).optional(),
  transcription_profanity_filter: flag.optional(),
  transcription_speaker_diarization: flag.optional(),
}

export const media = { audio_url: url.optional(), media_name: text(500, 1).optional() }

/** How fast a voice speaks, in the words of those that have one for it; everything else about a voice is a cloud's own. */
const voiceSettings = z
  .object({ voice_speed: z.number().min(0.1).max(2).optional(), speed: z.number().min(0.1).max(2).optional() })
  .optional()

export const speech = {
  payload: z.string().min(1).max(MAX_SPEECH_CHARACTERS),
  payload_type: z.enum(['text', 'ssml']).optional(),
  voice: text(200, 1),
  language: text(35).optional(),
  service_level: z.enum(['basic', 'premium']).optional(),
  voice_settings: voiceSettings,
}

interface Spoken {
  readonly payload_type?: 'text' | 'ssml' | undefined
  readonly voice: string
  readonly language?: string | undefined
  readonly service_level?: 'basic' | 'premium' | undefined
}

/** The basic level is plain American English in one of two voices (telnyx-voice §12.3). */
export const withinServiceLevel = (body: Spoken, context: z.core.$RefinementCtx): void => {
  if (body.service_level !== 'basic') return
  const wrong = (field: string, message: string): void =>
    void context.addIssue({ code: 'custom', path: [field], message, input: body })
  if (body.payload_type === 'ssml') wrong('payload_type', 'service_level basic speaks text only')
  if ((body.language ?? 'en-US').toLowerCase() !== 'en-us') wrong('language', 'service_level basic speaks en-US only')
  if (!['male', 'female'].includes(body.voice.toLowerCase())) wrong('voice', 'service_level basic has male and female')
}

const digitSet = z.string().regex(/^[0-9*#]*$/, 'only 0-9, * and #')

export const gather = {
  minimum_digits: whole(1, 128).optional(),
  maximum_digits: whole(1, 128).optional(),
  inter_digit_timeout_millis: whole(1, 120_000).optional(),
  timeout_millis: whole(1, 600_000).optional(),
  terminating_digit: z
    .string()
    .regex(/^[0-9*#]?$/, 'one of 0-9, * and #')
    .optional(),
  valid_digits: digitSet.min(1).optional(),
}

/** At least as many digits may come as must come. */
export const digitsInOrder = (
  body: { readonly minimum_digits?: number | undefined; readonly maximum_digits?: number | undefined },
  context: z.core.$RefinementCtx,
): void => {
  if ((body.minimum_digits ?? 1) <= (body.maximum_digits ?? 128)) return
  const message = 'minimum_digits is more than maximum_digits'
  context.addIssue({ code: 'custom', path: ['minimum_digits'], message, input: body })
}

export const callIds = z.array(z.string()).max(1000)

export const beep = z.enum(['always', 'never', 'on_enter', 'on_exit'])

/** ⟨SIPAUTH⟩ */
export const sipAuth = { sip_auth_username: text(200).optional(), sip_auth_password: text(200).optional() }

/** ⟨SIPAUTH⟩, ⟨TRUNK⟩ as far as this switch takes them. */
export const sip = {
  ...sipAuth,
  sip_transport_protocol: z.enum(['UDP', 'TCP', 'TLS']).optional(),
  media_encryption: z.enum(['disabled', 'SRTP', 'DTLS']).optional(),
  privacy: z.enum(['id', 'none']).optional(),
  preferred_codecs: text(200).optional(),
}
