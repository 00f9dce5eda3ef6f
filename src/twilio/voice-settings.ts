// Where an application of this language wants its calls' documents asked for: the fields of applications, numbers, SIP
// domains and declared applications alike.

import type { Application } from '#accounts/model.ts'
import type { Method, Target } from './twiml/verbs.ts'

export interface VoiceSettings {
  readonly target: Target
  readonly fallback: Target | null
}

/** Null: nobody has said where. */
export function instructionsOf(application: Application): VoiceSettings | null {
  const { webhookUrl, webhookFailoverUrl, webhookMethod, extra } = application
  if (webhookUrl === null || webhookUrl === '') return null
  return {
    target: { url: webhookUrl, method: webhookMethod },
    fallback:
      webhookFailoverUrl === null || webhookFailoverUrl === ''
        ? null
        : { url: webhookFailoverUrl, method: methodOf(extra.voice_fallback_method) },
  }
}

/** Who is told, once, how a call in ended (WH-21). */
export function endCallbackOf(application: Application): Target | null {
  const { status_callback: url, status_callback_method: method } = application.extra
  return typeof url === 'string' && url !== '' ? { url, method: methodOf(method) } : null
}

function methodOf(value: unknown): Method {
  return value === 'GET' ? 'GET' : 'POST'
}
