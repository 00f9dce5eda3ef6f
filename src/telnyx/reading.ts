// From checked fields to the hall's words: audio, recordings, headers, notes.

import type { z } from 'zod'
import type { IdMaker } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { AudioSource, BeepWhen, Notes, PitchChange, Playback, RecordingOptions } from '#calls/model.ts'
import type { Header } from '#legs/leg.ts'
import { type ApiError, errors } from './errors.ts'
import type { soundModifications } from './fields.ts'
import { type CallNotes, withNotes } from './notes.ts'

export interface MediaFields {
  readonly audio_url?: string | undefined
  readonly media_name?: string | undefined
  readonly playback_content?: string | undefined
  readonly cache_audio?: boolean | undefined
  readonly audio_type?: 'mp3' | 'wav' | undefined
}

/** The one source of audio a command names; null when it names none, an error when it names several. */
export function readAudio(fields: MediaFields): Result<AudioSource | null, ApiError> {
  const named = (['audio_url', 'media_name', 'playback_content'] as const).filter((one) => fields[one] !== undefined)
  if (named.length > 1) {
    return err(errors.unprocessable(`/${named[1]}`, `Give one of ${named.join(' and ')}, not both.`))
  }
  if (fields.audio_url !== undefined)
    return ok({ type: 'url', url: fields.audio_url, cache: fields.cache_audio ?? true })
  if (fields.media_name !== undefined) return ok({ type: 'media', name: fields.media_name })
  if (fields.playback_content === undefined) return ok(null)
  const bytes = Buffer.from(fields.playback_content, 'base64')
  if (bytes.length === 0 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(fields.playback_content))
    return err(errors.unprocessable('/playback_content', 'playback_content is not base64 audio.'))
  return ok({ type: 'bytes', bytes, contentType: fields.audio_type === 'wav' ? 'audio/wav' : 'audio/mpeg' })
}

export interface SpeechFields {
  readonly payload: string
  readonly payload_type?: 'text' | 'ssml' | undefined
  readonly voice: string
  readonly language?: string | undefined
  readonly voice_settings?:
    | { readonly voice_speed?: number | undefined; readonly speed?: number | undefined }
    | undefined
}

export function readSpeech(fields: SpeechFields): AudioSource {
  const speed = fields.voice_settings?.voice_speed ?? fields.voice_settings?.speed ?? 1
  const hurried = speed !== 1 && fields.payload_type !== 'ssml'
  return {
    type: 'speech',
    text: hurried
      ? `<speak><prosody rate="${Math.round(speed * 100)}%">${escaped(fields.payload)}</prosody></speak>`
      : fields.payload,
    markup: hurried ? 'ssml' : (fields.payload_type ?? 'text'),
    voice: fields.voice,
    language: fields.language ?? null,
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** A playback of a source, announced by events. */
export function playbackOf(
  ids: IdMaker,
  source: AudioSource,
  times: number | 'infinity' | undefined,
  overlay = false,
): Playback {
  return {
    id: ids.make<'playback'>(),
    kind: source.type === 'speech' ? 'speech' : 'audio',
    source,
    times: times === 'infinity' ? 'forever' : (times ?? 1),
    overlay,
    announced: true,
  }
}

export interface RecordFields {
  readonly channels: 'single' | 'dual'
  readonly format: 'wav' | 'mp3'
  readonly custom_file_name?: string | undefined
  readonly max_length?: number | undefined
  readonly play_beep?: boolean | undefined
  readonly recording_track?: 'both' | 'inbound' | 'outbound' | undefined
  readonly timeout_secs?: number | undefined
  readonly trim?: 'trim-silence' | undefined
}

export function readRecording(fields: RecordFields): RecordingOptions {
  const track = fields.recording_track ?? 'both'
  return {
    format: fields.format,
    // A single track is mono, whatever `channels` says (telnyx-voice §12.6).
    channels: fields.channels === 'dual' && track === 'both' ? 2 : 1,
    track,
    maxDurationMs: (fields.max_length ?? 0) * 1000,
    silenceTimeoutMs: (fields.timeout_secs ?? 0) * 1000,
    beep: fields.play_beep ?? false,
    trimSilence: fields.trim !== undefined,
    fileName: fields.custom_file_name ?? null,
  }
}

/** ⟨REC⟩: record from the answer, when asked for. Its id is known already: dial and answer reply with it. */
export function readRecordFromAnswer(
  ids: IdMaker,
  fields: {
    readonly record?: 'record-from-answer' | undefined
    readonly record_channels?: 'single' | 'dual' | undefined
    readonly record_custom_file_name?: string | undefined
    readonly record_format?: 'wav' | 'mp3' | undefined
    readonly record_max_length?: number | undefined
    readonly record_timeout_secs?: number | undefined
    readonly record_track?: 'both' | 'inbound' | 'outbound' | undefined
    readonly record_trim?: 'trim-silence' | undefined
  },
): RecordingOptions | null {
  if (fields.record === undefined) return null
  const options = readRecording({
    channels: fields.record_channels ?? 'dual',
    format: fields.record_format ?? 'mp3',
    custom_file_name: fields.record_custom_file_name,
    max_length: fields.record_max_length,
    recording_track: fields.record_track,
    timeout_secs: fields.record_timeout_secs,
    trim: fields.record_trim,
  })
  return { ...options, plannedId: ids.make<'recording'>() }
}

export function readHeaders(fields: {
  readonly custom_headers?: readonly Header[] | undefined
  readonly sip_headers?: readonly Header[] | undefined
}): readonly Header[] {
  return [...(fields.custom_headers ?? []), ...(fields.sip_headers ?? [])]
}

/** ⟨SIPAUTH⟩: what answers a challenge. */
export function readSipAuth(fields: {
  readonly sip_auth_username?: string | undefined
  readonly sip_auth_password?: string | undefined
}): { readonly username: string; readonly password: string } | null {
  const { sip_auth_username: username, sip_auth_password: password } = fields
  return username === undefined ? null : { username, password: password ?? '' }
}

/** Hosts of the service that name users of ours, when an application comes over with its addresses as they were. */
const serviceHosts = /^sips?:([^@;?]+)@(?:sip|rtc|sipdev)\.telnyx\.com\b/i

/** A destination; one written for the service (`sip:gencred…@sip.telnyx.com`) is the user or number of that name here. */
export function readDestination(to: string): string {
  const user = serviceHosts.exec(to)?.[1]
  return user === undefined ? to : decodeSegment(user)
}

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export function readBeep(when: 'always' | 'never' | 'on_enter' | 'on_exit'): BeepWhen {
  return when === 'on_enter' ? 'on-enter' : when === 'on_exit' ? 'on-exit' : when
}

/** Lowest and highest a voice is made. */
const PITCH_BOUNDS = [0.25, 4] as const

/** ⟨SOUND⟩: its three ways of saying how much higher add up; null when nothing changes. */
export function readPitch(fields: z.infer<typeof soundModifications>): PitchChange | null {
  if (fields === undefined) return null
  const { octaves = 0, pitch = 1, semitone = 0, track = 'outbound' } = fields
  const [least, most] = PITCH_BOUNDS
  const ratio = Math.min(most, Math.max(least, pitch * 2 ** (octaves + semitone / 12)))
  return ratio === 1 ? null : { direction: track, ratio }
}

export interface NoteFields {
  readonly billing_group_id?: string | undefined
  readonly client_state?: string | undefined
  readonly webhook_url?: string | undefined
  readonly webhook_url_method?: 'POST' | 'GET' | undefined
  readonly webhook_urls?: Readonly<Record<string, string>> | undefined
  readonly webhook_urls_method?: 'POST' | 'GET' | undefined
  readonly webhook_retries_policies?: Readonly<Record<string, { readonly retries_ms: readonly number[] }>> | undefined
}

/** What a command leaves behind on its call; null when it changes nothing. */
export function readNotes(old: Notes, fields: NoteFields): Notes | null {
  const changes: { -readonly [K in keyof CallNotes]: CallNotes[K] } = {}
  if (fields.client_state !== undefined) changes.clientState = fields.client_state
  if (fields.billing_group_id !== undefined) changes.billingGroup = fields.billing_group_id
  if (fields.webhook_url !== undefined) changes.webhookUrl = fields.webhook_url
  if (fields.webhook_url_method !== undefined) changes.webhookMethod = fields.webhook_url_method
  if (fields.webhook_urls !== undefined) changes.webhookUrls = fields.webhook_urls
  if (fields.webhook_urls_method !== undefined) changes.webhookUrlsMethod = fields.webhook_urls_method
  if (fields.webhook_retries_policies !== undefined) {
    changes.retryDelaysMs = Object.fromEntries(
      Object.entries(fields.webhook_retries_policies).map(([event, policy]) => [event, policy.retries_ms]),
    )
  }
  return Object.keys(changes).length === 0 ? null : withNotes(old, changes)
}
