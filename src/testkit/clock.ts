// The hand-wound clock: time stands still until a test winds it. Hours of calls pass in milliseconds, in the same
// order every time. Promises settle between timers: `advance` lets the microtask queue run dry before it goes on.

import type { Clock, Timer } from '#base/clock.ts'
import { TimerHeap } from '#base/timer-heap.ts'

/** How often the turn is handed back between two timers, so that chains of awaited work can finish. */
const TURNS_BETWEEN_TIMERS = 2

export class HandClock implements Clock {
  readonly #heap = new TimerHeap()
  readonly #epochMs: number
  #nowMs = 0

  /** @param epochMs wall time at the start; 2026-01-01T00:00:00Z unless given */
  constructor(epochMs = 1_767_225_600_000) {
    this.#epochMs = epochMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#epochMs + this.#nowMs
  }

  at(atMs: number, callback: () => void): Timer {
    return this.#heap.add(Math.max(atMs, this.#nowMs), callback)
  }

  /** How many timers wait. A quiet house has none. */
  get waiting(): number {
    return this.#heap.size
  }

  /** Winds forward by `ms`, firing what falls due on the way, each at its own instant. */
  async advance(ms: number): Promise<void> {
    const targetMs = this.#nowMs + ms
    await settle()
    for (;;) {
      const nextAtMs = this.#heap.nextAtMs()
      if (nextAtMs === null || nextAtMs > targetMs) break
      this.#nowMs = Math.max(this.#nowMs, nextAtMs)
      let callback = this.#heap.takeDue(this.#nowMs)
      while (callback !== null) {
        callback()
        callback = this.#heap.takeDue(this.#nowMs)
      }
      await settle()
    }
    this.#nowMs = targetMs
  }

  /** Like {@link advance} without handing the turn back: for pure machines and tight loops over many ticks. */
  advanceNow(ms: number): void {
    const targetMs = this.#nowMs + ms
    for (;;) {
      const nextAtMs = this.#heap.nextAtMs()
      if (nextAtMs === null || nextAtMs > targetMs) break
      this.#nowMs = Math.max(this.#nowMs, nextAtMs)
      this.#heap.takeDue(this.#nowMs)?.()
    }
    this.#nowMs = targetMs
  }

  /** Winds in small steps until `condition` holds; throws after `limitMs` of pretended time. */
  async until(condition: () => boolean, limitMs = 60_000, stepMs = 10): Promise<void> {
    const deadlineMs = this.#nowMs + limitMs
    await settle()
    while (!condition()) {
      if (this.#nowMs >= deadlineMs) throw new Error(`still waiting after ${limitMs} pretended ms`)
      await this.advance(stepMs)
    }
  }
}

/** Hands the turn back until pending promises and immediates have run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS_BETWEEN_TIMERS; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
