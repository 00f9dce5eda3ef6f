// What this language remembers on the hall's records: client state and webhook overrides (telnyx-voice §8, §9.2).

import type { Call, Conference, Notes } from '#calls/model.ts'
import type { DetectionMode } from './detection.ts'

export interface CallNotes {
  /** Base64, as the customer gave it; echoed in every later webhook. */
  readonly clientState?: string
  readonly webhookUrl?: string
  readonly webhookMethod?: 'POST' | 'GET'
  /** By event type. */
  readonly webhookUrls?: Readonly<Record<string, string>>
  readonly webhookUrlsMethod?: 'POST' | 'GET'
  /** Delays of the retries, by event type. */
  readonly retryDelaysMs?: Readonly<Record<string, readonly number[]>>
  /** `retry_on_timeout: false`: our own limit on ringing is told as `no_answer` (telnyx-voice §12.1). */
  readonly timeoutIsNoAnswer?: boolean
  /** Echoed in `call.cost`. */
  readonly billingGroup?: string
  /** How answering-machine detection was asked for: its events depend on it. */
  readonly detection?: DetectionMode
}

export function callNotes(call: Pick<Call, 'notes'>): CallNotes {
  return call.notes as CallNotes
}

export function conferenceNotes(conference: Pick<Conference, 'notes'>): CallNotes {
  return conference.notes as CallNotes
}

/** Notes with changes; absent changes leave what was there. */
export function withNotes(old: Notes, changes: CallNotes): Notes {
  return { ...old, ...changes }
}
