// The fields by which a program is written down, the same for applications and numbers (APP-R1, PN-01): where calls go,
// who is told of them, and what is only kept because programs read it back.

import { z } from 'zod'
import type { Application } from '#accounts/model.ts'
import { extraOf } from './applications.ts'
import { flag, method, text, url } from './fields.ts'
import { MAX_KEPT_CHARACTERS } from './limits.ts'

/** Messages are none of ours: their fields are kept. */
export const messageFields = {
  SmsUrl: url(22105).optional(),
  SmsMethod: method().optional(),
  SmsFallbackUrl: url(22105).optional(),
  SmsFallbackMethod: method().optional(),
  SmsStatusCallback: url(22105).optional(),
  MessageStatusCallback: url(22105).optional(),
  SmsApplicationSid: text(MAX_KEPT_CHARACTERS).optional(),
}

export const voiceFields = {
  ApiVersion: text(MAX_KEPT_CHARACTERS).optional(),
  VoiceUrl: url(22105).optional(),
  VoiceMethod: method().optional(),
  VoiceFallbackUrl: url(22105).optional(),
  VoiceFallbackMethod: method().optional(),
  StatusCallback: url(22105).optional(),
  StatusCallbackMethod: method().optional(),
  VoiceCallerIdLookup: flag.optional(),
  ...messageFields,
}

const fields = z.object(voiceFields)
export type VoiceFields = z.infer<typeof fields>

/** A program with what a form says of it. */
export function withVoice(old: Application, form: VoiceFields, nowWallMs: number): Application {
  const extra = extraOf(old)
  const kept: Record<string, unknown> = {}
  for (const name of Object.keys(messageFields) as (keyof typeof messageFields)[]) {
    if (form[name] !== undefined) kept[snake(name)] = form[name]
  }
  return {
    ...old,
    webhookUrl: form.VoiceUrl === undefined ? old.webhookUrl : form.VoiceUrl,
    webhookMethod: form.VoiceMethod ?? old.webhookMethod,
    webhookFailoverUrl: form.VoiceFallbackUrl === undefined ? old.webhookFailoverUrl : form.VoiceFallbackUrl,
    updatedAtWallMs: nowWallMs,
    extra: {
      ...extra,
      ...kept,
      voice_fallback_method: form.VoiceFallbackMethod ?? extra.voice_fallback_method,
      status_callback: form.StatusCallback === undefined ? extra.status_callback : form.StatusCallback,
      status_callback_method: form.StatusCallbackMethod ?? extra.status_callback_method,
      voice_caller_id_lookup: form.VoiceCallerIdLookup ?? extra.voice_caller_id_lookup,
    },
  }
}

/** What applications and numbers both show of their program; null: there is none (yet). */
export function shownVoice(program: Application | null): object {
  const extra: Readonly<Record<string, unknown>> = program === null ? {} : extraOf(program)
  return {
    voice_url: program?.webhookUrl ?? null,
    voice_method: program?.webhookMethod ?? 'POST',
    voice_fallback_url: program?.webhookFailoverUrl ?? null,
    voice_fallback_method: extra.voice_fallback_method ?? 'POST',
    status_callback: extra.status_callback ?? null,
    status_callback_method: extra.status_callback_method ?? 'POST',
    voice_caller_id_lookup: extra.voice_caller_id_lookup ?? false,
    sms_url: extra.sms_url ?? null,
    sms_method: extra.sms_method ?? 'POST',
    sms_fallback_url: extra.sms_fallback_url ?? null,
    sms_fallback_method: extra.sms_fallback_method ?? 'POST',
  }
}

/** `VoiceUrl` as `voice_url` (FMT-09). */
export function snake(name: string): string {
  return name.replaceAll(/(?<!^)([A-Z])/g, '_$1').toLowerCase()
}
