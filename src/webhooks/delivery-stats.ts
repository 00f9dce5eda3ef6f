// Plain numbers for /metrics: what was delivered, what waits, and how long a committed event took to its first attempt.

import { LATENCY_SAMPLES } from './limits.ts'

export interface DeliveryStats {
  /** Events not yet delivered nor given up, in memory and in the database. */
  readonly pending: number
  readonly inMemory: number
  readonly inFlight: number
  readonly lanes: number
  /** True while part of the backlog is only in the database. */
  readonly spilled: boolean
  readonly attempts: number
  readonly failedAttempts: number
  readonly delivered: number
  readonly dead: number
  /** From commit to the first attempt, over the latest events. */
  readonly firstAttemptP50Ms: number
  readonly firstAttemptP99Ms: number
  readonly firstAttemptMaxMs: number
  /** Events whose first attempt began within so many milliseconds, since the start; cumulative. */
  readonly firstAttemptBuckets: readonly { readonly withinMs: number; readonly count: number }[]
  readonly firstAttempts: number
  readonly firstAttemptSumMs: number
}

const BUCKETS_MS: readonly number[] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 30_000]

export class LatencyRecord {
  readonly #samples = new Float64Array(LATENCY_SAMPLES)
  readonly #buckets = new Float64Array(BUCKETS_MS.length)
  #count = 0
  #sumMs = 0

  add(latencyMs: number): void {
    this.#samples[this.#count % LATENCY_SAMPLES] = latencyMs
    this.#count++
    this.#sumMs += latencyMs
    for (let i = BUCKETS_MS.length - 1; i >= 0 && latencyMs <= BUCKETS_MS[i]!; i--) this.#buckets[i]!++
  }

  read(): Pick<
    DeliveryStats,
    | 'firstAttemptP50Ms'
    | 'firstAttemptP99Ms'
    | 'firstAttemptMaxMs'
    | 'firstAttemptBuckets'
    | 'firstAttempts'
    | 'firstAttemptSumMs'
  > {
    const sorted = this.#samples.slice(0, Math.min(this.#count, LATENCY_SAMPLES)).sort()
    const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
    return {
      firstAttemptP50Ms: at(0.5),
      firstAttemptP99Ms: at(0.99),
      firstAttemptMaxMs: at(1),
      firstAttemptBuckets: BUCKETS_MS.map((withinMs, i) => ({ withinMs, count: this.#buckets[i]! })),
      firstAttempts: this.#count,
      firstAttemptSumMs: this.#sumMs,
    }
  }
}
