// Group commit: while one transaction runs, everything handed over meanwhile waits and then goes into the next one
// together. A lone write starts in the same turn of the event loop (with whatever else that turn brought); under load
// groups start at least the backend's `gatherMs` apart, and the price of a sync is shared.

import { type Clock, pause } from '#base/clock.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Backend, StoreError, Unit } from './backend.ts'
import { MAX_QUEUED_UNITS, MAX_UNITS_IN_GROUP } from './limits.ts'

interface Waiting {
  readonly unit: Unit
  readonly settle: (result: Result<void, StoreError>) => void
}

export class CommitQueue {
  readonly #backend: Backend
  readonly #clock: Clock
  readonly #onOutcome: (failure: StoreError | null) => void
  #startedAtMs = Number.NEGATIVE_INFINITY
  #waiting: Waiting[] = []
  #running = false
  #scheduled = false
  #idle: (() => void)[] = []
  groups = 0
  units = 0

  /** @param onOutcome told after every group: null, or why the database was away */
  constructor(backend: Backend, clock: Clock, onOutcome: (failure: StoreError | null) => void) {
    this.#backend = backend
    this.#clock = clock
    this.#onOutcome = onOutcome
  }

  get length(): number {
    return this.#waiting.length
  }

  commit(unit: Unit): Promise<Result<void, StoreError>> {
    if (unit.length === 0) return Promise.resolve(DONE)
    if (this.#waiting.length >= MAX_QUEUED_UNITS) {
      return Promise.resolve(err({ type: 'unavailable', reason: `${MAX_QUEUED_UNITS} commits are waiting` }))
    }
    return new Promise((settle) => {
      this.#waiting.push({ unit, settle })
      this.#schedule()
    })
  }

  /** Resolves once nothing waits and nothing runs. */
  drained(): Promise<void> {
    if (!this.#running && this.#waiting.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #schedule(): void {
    if (this.#running || this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      const earlyMs = this.#startedAtMs + this.#backend.gatherMs - this.#clock.nowMs()
      if (earlyMs > 0) await pause(this.#clock, earlyMs)
      this.#startedAtMs = this.#clock.nowMs()
      const group =
        this.#waiting.length <= MAX_UNITS_IN_GROUP ? this.#waiting : this.#waiting.slice(0, MAX_UNITS_IN_GROUP)
      this.#waiting = group === this.#waiting ? [] : this.#waiting.slice(MAX_UNITS_IN_GROUP)
      const outcomes = await this.#backend.commit(group.map((waiting) => waiting.unit))
      this.groups++
      this.units += group.length
      this.#onOutcome(outcomes.find((outcome) => outcome?.type === 'unavailable') ?? null)
      for (let index = 0; index < group.length; index++) {
        const outcome = outcomes[index] ?? null
        group[index]!.settle(outcome === null ? DONE : err(outcome))
      }
    }
    this.#running = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }
}

const DONE = ok<void>(undefined)
