// Many timers over one wake-up: a binary heap of absolute deadlines. Real and hand-wound clocks share it, so that
// both fire in the same order: by deadline, then by the order in which they were set.

import type { Timer } from './clock.ts'

interface Entry {
  readonly atMs: number
  readonly order: number
  callback: (() => void) | null
}

/** A cancelled entry stays until it surfaces or until it makes up most of the heap; then the heap is rebuilt. */
const REBUILD_WHEN_DEAD_OVER = 1024

export class TimerHeap {
  #entries: Entry[] = []
  #order = 0
  #dead = 0
  readonly #onEmptied: () => void

  /** @param onEmptied called when the last timer that was still to fire is cancelled */
  constructor(onEmptied: () => void = () => {}) {
    this.#onEmptied = onEmptied
  }

  /** How many timers are still to fire. */
  get size(): number {
    return this.#entries.length - this.#dead
  }

  add(atMs: number, callback: () => void): Timer {
    const entry: Entry = { atMs, order: this.#order++, callback }
    this.#entries.push(entry)
    this.#rise(this.#entries.length - 1)
    return {
      cancel: () => {
        if (entry.callback === null) return
        entry.callback = null
        this.#dead++
        if (this.#dead > REBUILD_WHEN_DEAD_OVER && this.#dead * 2 > this.#entries.length) this.#rebuild()
        if (this.#dead === this.#entries.length) this.#onEmptied()
      },
    }
  }

  /** The next deadline, or null when nothing waits. */
  nextAtMs(): number | null {
    this.#dropDead()
    return this.#entries[0]?.atMs ?? null
  }

  /** Takes the first callback due at or before `nowMs`, or null. One at a time, so that a callback may cancel its neighbours. */
  takeDue(nowMs: number): (() => void) | null {
    this.#dropDead()
    const first = this.#entries[0]
    if (first === undefined || first.atMs > nowMs) return null
    this.#removeFirst()
    const callback = first.callback
    first.callback = null
    return callback
  }

  #dropDead(): void {
    while (this.#entries.length > 0 && this.#entries[0]!.callback === null) {
      this.#removeFirst()
      this.#dead--
    }
  }

  #removeFirst(): void {
    const last = this.#entries.pop()!
    if (this.#entries.length === 0) return
    this.#entries[0] = last
    this.#sink(0)
  }

  #rebuild(): void {
    this.#entries = this.#entries.filter((entry) => entry.callback !== null).sort(before)
    this.#dead = 0
  }

  #rise(from: number): void {
    const entries = this.#entries
    const entry = entries[from]!
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (before(entry, entries[parent]!) >= 0) break
      entries[index] = entries[parent]!
      index = parent
    }
    entries[index] = entry
  }

  #sink(from: number): void {
    const entries = this.#entries
    const entry = entries[from]!
    let index = from
    for (;;) {
      let child = index * 2 + 1
      if (child >= entries.length) break
      if (child + 1 < entries.length && before(entries[child + 1]!, entries[child]!) < 0) child++
      if (before(entries[child]!, entry) >= 0) break
      entries[index] = entries[child]!
      index = child
    }
    entries[index] = entry
  }
}

function before(a: Entry, b: Entry): number {
  return a.atMs - b.atMs || a.order - b.order
}
