// When and where an event is tried again: one pure function of what was tried and what came of it (telnyx-voice §9.5).
//
//   primary ──2xx──► delivered
//      │ 408, 429, 5xx, timeout, no connection: again, up to TRIES_PER_URL, then the failover URL likewise
//      │ any other 4xx, a refused address: not again here; one try on the failover URL
//      ▼
//   nothing left ──► dead (kept, and replayable)

import type { OutboundError, OutboundReply } from '#base/outbound.ts'
import type { Result } from '#base/result.ts'
import { LONGEST_RETRY_AFTER_MS, RETRY_DELAYS_MS, TRIES_PER_URL } from './limits.ts'

/** Where an event goes and how hard it is tried. Stored with the row. */
export interface OutboxPlan {
  readonly primary: string
  readonly failover: string | null
  readonly method: 'POST' | 'GET'
  /** To the status line; 0: the default. */
  readonly timeoutMs: number
  /** Until a fresh connection stands; absent: the client's own patience. */
  readonly connectMs?: number
  /** The customer's own delays between tries on the primary URL; null: ours. */
  readonly retryDelaysMs: readonly number[] | null
  /** What is worth another try; absent: 408, 429, 5xx, and whatever kept an answer from coming. */
  readonly retryOn?: readonly RetryCause[]
  readonly progress: Progress
}

/** Why an attempt failed, as coarse as customers choose it: no connection, no answer in time, an answer of that class. */
export type RetryCause = 'connection' | 'silence' | '4xx' | '5xx'

export interface Progress {
  readonly target: 'primary' | 'failover'
  /** Attempts on that URL so far. */
  readonly tried: number
  /** After an answer that asks for no repetition, the failover URL is tried once. */
  readonly once: boolean
}

export const UNTRIED: Progress = { target: 'primary', tried: 0, once: false }

export type Outcome =
  | { readonly type: 'delivered' }
  | { readonly type: 'try-again'; readonly retryAfterMs: number }
  | { readonly type: 'refused' }

export type NextStep =
  | { readonly type: 'delivered' }
  | { readonly type: 'again'; readonly delayMs: number; readonly exact: boolean; readonly progress: Progress }
  | { readonly type: 'dead' }

/** Judges by the status line alone. */
export function judge(result: Result<OutboundReply, OutboundError>): Outcome {
  if (!result.ok) {
    switch (result.error.type) {
      case 'bad-url':
      case 'refused-address':
      case 'too-many-redirects':
        return { type: 'refused' }
      case 'dns-failed':
      case 'connect-failed':
      case 'tls-failed':
      case 'timed-out':
      case 'broken-reply':
        return { type: 'try-again', retryAfterMs: 0 }
    }
  }
  const { status, headers } = result.value
  if (status >= 200 && status < 300) return { type: 'delivered' }
  if (status === 408 || status === 429 || status >= 500) {
    const seconds = /^\d{1,6}$/.test(headers['retry-after'] ?? '') ? Number(headers['retry-after']) : 0
    return { type: 'try-again', retryAfterMs: Math.min(seconds * 1_000, LONGEST_RETRY_AFTER_MS) }
  }
  return { type: 'refused' }
}

/** The same where the event says itself what is worth another try. */
export function judgeBy(causes: readonly RetryCause[], result: Result<OutboundReply, OutboundError>): Outcome {
  const outcome = judge(result)
  if (outcome.type === 'delivered') return outcome
  const cause = causeOf(result)
  return cause !== null && causes.includes(cause) ? { type: 'try-again', retryAfterMs: 0 } : { type: 'refused' }
}

function causeOf(result: Result<OutboundReply, OutboundError>): RetryCause | null {
  if (result.ok) return result.value.status >= 500 ? '5xx' : result.value.status >= 400 ? '4xx' : null
  if (result.error.type === 'connect-failed') return 'connection'
  return result.error.type === 'timed-out' ? 'silence' : null
}

/** What follows an attempt made with `plan.progress` as it was before it. */
export function nextStep(plan: OutboxPlan, outcome: Outcome): NextStep {
  if (outcome.type === 'delivered') return { type: 'delivered' }
  const { target, once } = plan.progress
  const tried = plan.progress.tried + 1
  const own = target === 'primary' ? plan.retryDelaysMs : null
  const tries = once ? 1 : own === null ? TRIES_PER_URL : own.length + 1
  if (outcome.type === 'try-again' && tried < tries) {
    const delayMs = own === null ? RETRY_DELAYS_MS[Math.min(tried, RETRY_DELAYS_MS.length) - 1]! : own[tried - 1]!
    return {
      type: 'again',
      delayMs: Math.max(delayMs, outcome.retryAfterMs),
      exact: own !== null,
      progress: { target, tried, once },
    }
  }
  if (target === 'failover' || plan.failover === null || plan.failover === plan.primary) return { type: 'dead' }
  return {
    type: 'again',
    delayMs: 0,
    exact: true,
    progress: { target: 'failover', tried: 0, once: outcome.type === 'refused' },
  }
}

/** The URL the next attempt goes to. */
export function targetUrl(plan: OutboxPlan): string {
  return plan.progress.target === 'failover' && plan.failover !== null ? plan.failover : plan.primary
}
