// The outbox: an event on its way to a customer is a row, written in the same transaction as the state it tells of. What
// was committed will be delivered; what was not never happened (reliability D4).

import type { Clock } from '#base/clock.ts'
import type { OutboxRow } from '#storage/schema.ts'
import { insertRow, type Write } from '#storage/write.ts'
import { DEFAULT_TIMEOUT_MS, LONGEST_TIMEOUT_MS, MAX_POLICY_DELAYS, MAX_POLICY_SUM_MS } from './limits.ts'
import { type OutboxPlan, type RetryCause, UNTRIED } from './schedule.ts'

/** An event to be told to a customer. */
export interface Draft {
  /** The event's id: stable over retries, failover and replay. */
  readonly id: string
  /** Events of one lane are first tried in order: a call's id, a conference's id. */
  readonly lane: string
  /** Its place in the lane. */
  readonly sequence: number
  readonly account: string
  readonly application: string | null
  /** Whose `Language` renders and signs it. */
  readonly language: string
  readonly eventType: string
  readonly primary: string
  readonly failover: string | null
  readonly method: 'POST' | 'GET'
  /** To the status line; null or 0: the default. */
  readonly timeoutMs: number | null
  /** Until a fresh connection stands; absent: the client's own patience. */
  readonly connectMs?: number
  /** The customer's retry policy for this event; null: the default schedule. */
  readonly retryDelaysMs: readonly number[] | null
  /** What is worth another try; absent: 408, 429, 5xx, and whatever kept an answer from coming. */
  readonly retryOn?: readonly RetryCause[]
  /** What the language renders requests from, stored as it is. */
  readonly body: string
}

/** An event under way. */
export interface OutboxItem {
  readonly row: OutboxRow
  plan: OutboxPlan
  /** Attempts made so far. */
  attempt: number
  /** Monotonic, when it was handed to the dispatcher. */
  committedAtMs: number
}

export class Outbox {
  readonly #clock: Clock
  #nextSeq = 1

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Continues after the rows that are there. */
  continueAfter(seq: number): void {
    this.#nextSeq = Math.max(this.#nextSeq, seq + 1)
  }

  /** Makes the item and what has to be committed for it. */
  draw(draft: Draft): { readonly item: OutboxItem; readonly write: Write } {
    const nowMs = Math.floor(this.#clock.wallMs())
    const plan: OutboxPlan = {
      primary: draft.primary,
      failover: draft.failover,
      method: draft.method,
      timeoutMs: Math.min(
        draft.timeoutMs === null || draft.timeoutMs <= 0 ? DEFAULT_TIMEOUT_MS : draft.timeoutMs,
        LONGEST_TIMEOUT_MS,
      ),
      ...(draft.connectMs === undefined ? {} : { connectMs: draft.connectMs }),
      retryDelaysMs: draft.retryDelaysMs === null ? null : boundedPolicy(draft.retryDelaysMs),
      ...(draft.retryOn === undefined ? {} : { retryOn: draft.retryOn }),
      progress: UNTRIED,
    }
    const row: OutboxRow = {
      id: draft.id,
      seq: this.#nextSeq++,
      lane: draft.lane,
      lane_seq: draft.sequence,
      account_id: draft.account,
      application_id: draft.application,
      language: draft.language,
      event_type: draft.eventType,
      state: 'pending',
      attempt: 0,
      created_at_ms: nowMs,
      next_at_ms: nowMs,
      finished_at_ms: null,
      plan: JSON.stringify(plan),
      body: draft.body,
    }
    return { item: { row, plan, attempt: 0, committedAtMs: 0 }, write: insertRow('outbox', row) }
  }
}

/** A stored row as an item again. */
export function itemOf(row: OutboxRow, nowMs: number): OutboxItem {
  return { row, plan: JSON.parse(row.plan) as OutboxPlan, attempt: row.attempt, committedAtMs: nowMs }
}

function boundedPolicy(delaysMs: readonly number[]): readonly number[] {
  const kept: number[] = []
  let sumMs = 0
  for (const delayMs of delaysMs.slice(0, MAX_POLICY_DELAYS)) {
    sumMs += Math.max(0, delayMs)
    if (sumMs > MAX_POLICY_SUM_MS) break
    kept.push(Math.max(0, delayMs))
  }
  return kept
}
