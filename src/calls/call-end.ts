// From the wire's reasons to the customer's (research/sip §6, RFC 3398). Commands and rules of ours that end a call
// leave their intent behind, so that a BYE caused by a time limit is told as that.

import type { LegEnd } from '#legs/leg.ts'
import type { CallEnd } from './model.ts'

/** Why we ended a call ourselves; null when we did not. */
export type Intent = 'hang-up' | 'reject-busy' | 'reject' | 'time-limit' | null

export function callEnd(end: LegEnd, intent: Intent, answered: boolean): CallEnd {
  return {
    cause: cause(end, intent, answered),
    by: end.by,
    sipStatus: end.sipStatus,
    sipReason: end.sipReason,
    q850: end.q850,
    headers: end.headers,
  }
}

function cause(end: LegEnd, intent: Intent, answered: boolean): CallEnd['cause'] {
  if (intent === 'time-limit') return 'time-limit'
  if (intent === 'reject-busy') return 'busy'
  if (intent === 'reject') return 'rejected'
  if (answered) return end.how === 'failed' || end.how === 'unreachable' ? 'failed' : 'normal'
  switch (end.how) {
    case 'bye':
      return 'normal'
    case 'cancel':
      return 'cancelled'
    case 'no-answer-in-time':
      return 'ring-timeout'
    case 'unreachable':
      return end.sipStatus === 408 || end.sipStatus === 504 ? 'no-answer' : 'failed'
    case 'failed':
      return intent === 'hang-up' ? 'cancelled' : 'failed'
    case 'refused':
      return byStatus(end.sipStatus, end.q850)
  }
}

/** A Q.850 cause from the peer wins over its SIP status (RFC 3326). */
function byStatus(status: number | null, q850: number | null): CallEnd['cause'] {
  switch (q850) {
    case 17:
      return 'busy'
    case 18:
    case 19:
      return 'no-answer'
    case 21:
      return 'rejected'
    case 1:
    case 22:
    case 28:
      return 'not-found'
    default:
  }
  switch (status) {
    case 486:
    case 600:
      return 'busy'
    case 408:
    case 480:
      return 'no-answer'
    case 401:
    case 402:
    case 403:
    case 407:
    case 603:
      return 'rejected'
    case 404:
    case 410:
    case 484:
    case 485:
    case 604:
      return 'not-found'
    case 487:
      return 'cancelled'
    default:
      return 'failed'
  }
}
