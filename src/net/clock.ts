// The real clock: one heap of deadlines over one platform timer, so that thousands of waiting timers cost one wake-up.

import { performance } from 'node:perf_hooks'
import type { Clock, Timer } from '#base/clock.ts'
import { TimerHeap } from '#base/timer-heap.ts'

/** Platform timers fire up to this early; calling it due saves a second wake-up. */
const EARLY_MS = 0.5
/** The platform's timers do not take longer waits. */
const LONGEST_WAIT_MS = 2 ** 31 - 1

export class RealClock implements Clock {
  // A wake-up nobody waits for would keep the process from ending.
  readonly #heap = new TimerHeap(() => this.#disarm())
  #wakeAtMs = Number.POSITIVE_INFINITY
  #wake: NodeJS.Timeout | null = null

  nowMs(): number {
    return performance.now()
  }

  wallMs(): number {
    return performance.timeOrigin + performance.now()
  }

  at(atMs: number, callback: () => void): Timer {
    const timer = this.#heap.add(atMs, callback)
    if (atMs < this.#wakeAtMs) this.#arm(atMs)
    return timer
  }

  #arm(atMs: number): void {
    if (this.#wake !== null) clearTimeout(this.#wake)
    this.#wakeAtMs = atMs
    this.#wake = setTimeout(this.#onWake, Math.min(LONGEST_WAIT_MS, Math.max(0, atMs - this.nowMs())))
  }

  #disarm(): void {
    if (this.#wake === null) return
    clearTimeout(this.#wake)
    this.#wake = null
    this.#wakeAtMs = Number.POSITIVE_INFINITY
  }

  readonly #onWake = (): void => {
    this.#wake = null
    // Until the loop is done, callbacks that set new timers need not re-arm: everything is looked at again below.
    this.#wakeAtMs = Number.NEGATIVE_INFINITY
    try {
      const dueMs = this.nowMs() + EARLY_MS
      for (let callback = this.#heap.takeDue(dueMs); callback !== null; callback = this.#heap.takeDue(dueMs)) callback()
    } finally {
      // A callback that throws is a bug; the others must still get their turn.
      this.#wakeAtMs = Number.POSITIVE_INFINITY
      const nextAtMs = this.#heap.nextAtMs()
      if (nextAtMs !== null) this.#arm(nextAtMs)
    }
  }
}
