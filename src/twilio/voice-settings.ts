// Where an application of this language wants its calls' documents asked for: the fields of applications, numbers, SIP
// domains and declared applications alike.

import type { Application } from '#accounts/model.ts'
import type { Method, StatusTarget, Target } from './twiml/verbs.ts'

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

/** A status callback as a request names it; null: nobody is to be told. */
export function statusTarget(
  url: string | null | undefined,
  method: Method | undefined,
  events: readonly string[] | undefined,
  otherwise: readonly string[] = ['completed'],
): StatusTarget | null {
  if (url == null) return null
  return { url, method: method ?? 'POST', events: events === undefined || events.length === 0 ? otherwise : events }
}
