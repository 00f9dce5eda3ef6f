// Lanes keep the order of what belongs together: the events of one call, of one conference. In a lane one first attempt is
// under way at a time. It makes room for the next when it is answered, or when it has been on the wire for
// LANE_GRACE_MS: order is a courtesy to working endpoints, and a hanging one must not hold up the rest of its call
// (telnyx-voice §9.6; seed-apps §2 row 10). Retries run beside the lane.
//
// A lane can be held: nothing new starts in it until the hold is released. A route holds the lanes of its call while it works, so
// that its reply is on the wire before any webhook it causes (seed-apps §2 row 5).

import { after, type Clock, type Timer } from '#base/clock.ts'
import { LANE_GRACE_MS, LONGEST_HOLD_MS, RELEASE_GAP_MS } from './limits.ts'

interface Lane<Item> {
  queue: Item[]
  /** How much of `queue` has been taken. */
  taken: number
  current: Item | null
  grace: Timer | null
  holds: number
}

export class Lanes<Item> {
  readonly #clock: Clock
  readonly #start: (item: Item) => void
  readonly #lanes = new Map<string, Lane<Item>>()

  /** @param start begins the first attempt of an item; it says `started` when it leaves and `finished` when it is over */
  constructor(clock: Clock, start: (item: Item) => void) {
    this.#clock = clock
    this.#start = start
  }

  /** Lanes with something in them. */
  get size(): number {
    return this.#lanes.size
  }

  enqueue(name: string, item: Item): void {
    const lane = this.#laneOf(name)
    lane.queue.push(item)
    this.#pump(name, lane)
  }

  /** The item's first attempt is on the wire: from now on its lane waits no longer than the grace. */
  started(name: string, item: Item): void {
    const lane = this.#lanes.get(name)
    if (lane === undefined || lane.current !== item) return
    lane.grace = after(this.#clock, LANE_GRACE_MS, () => this.finished(name, item))
  }

  finished(name: string, item: Item): void {
    const lane = this.#lanes.get(name)
    if (lane === undefined || lane.current !== item) return
    lane.grace?.cancel()
    lane.grace = null
    lane.current = null
    this.#pump(name, lane)
  }

  /** Nothing starts in the lane until the returned function was called and RELEASE_GAP_MS passed. */
  hold(name: string): () => void {
    const lane = this.#laneOf(name)
    lane.holds++
    let open = true
    const end = (): void => {
      if (!open) return
      open = false
      limit.cancel()
      lane.holds--
      this.#pump(name, lane)
    }
    const limit = after(this.#clock, LONGEST_HOLD_MS, end)
    let asked = false
    return () => {
      if (asked) return
      asked = true
      after(this.#clock, RELEASE_GAP_MS, end)
    }
  }

  #laneOf(name: string): Lane<Item> {
    let lane = this.#lanes.get(name)
    if (lane === undefined) {
      lane = { queue: [], taken: 0, current: null, grace: null, holds: 0 }
      this.#lanes.set(name, lane)
    }
    return lane
  }

  #pump(name: string, lane: Lane<Item>): void {
    if (lane.current !== null || lane.holds > 0) return
    if (lane.taken === lane.queue.length) {
      this.#lanes.delete(name)
      return
    }
    const item = lane.queue[lane.taken++]!
    // Long lanes are rare; shifting them one by one would be slow, keeping them for good would leak.
    if (lane.taken > 64 && lane.taken * 2 > lane.queue.length) {
      lane.queue = lane.queue.slice(lane.taken)
      lane.taken = 0
    }
    lane.current = item
    this.#start(item)
  }
}
