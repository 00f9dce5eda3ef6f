// The beat: every 20 ms each session and room with something to do gets its turn. Turns are spread over the parts of the
// beat (phases), so that packets leave evenly; one deadline is waited for at a time, always an absolute instant, so that
// nothing drifts. When nobody has anything to do there is no timer at all.

import type { Clock, Timer } from '#base/clock.ts'
import { BEAT_MS, MAX_CATCH_UP_MS, PHASES } from './limits.ts'

export interface Beaten {
  /** Runs one frame. `dueMs` is when this turn should have come; `index` counts beats since the worker began. */
  beat(dueMs: number, index: number): void
}

const SLOT_MS = BEAT_MS / PHASES
/** Turns remembered for the load report. */
const REMEMBERED = 512

export class Beat {
  readonly #clock: Clock
  readonly #originMs: number
  readonly #onBroken: (one: Beaten, cause: unknown) => void
  readonly #before: () => void
  /** Copied on change, so that a turn may add and remove members while it runs. */
  readonly #phases: (readonly Beaten[])[] = Array.from({ length: PHASES }, () => [])
  readonly #turnOf = new Map<Beaten, { readonly phase: number; weight: number }>()
  readonly #weights = new Float64Array(PHASES)
  #timer: Timer | null = null
  #nextSlot = 0
  #running = false
  readonly #late = new Float32Array(REMEMBERED)
  readonly #work = new Float32Array(REMEMBERED)
  #turns = 0

  /**
   * @param onBroken a turn threw, which is a bug: the others keep their time, this one is to be ended
   * @param before runs ahead of the turns of each slot
   */
  constructor(clock: Clock, onBroken: (one: Beaten, cause: unknown) => void, before: () => void = () => {}) {
    this.#onBroken = onBroken
    this.#before = before
    this.#clock = clock
    this.#originMs = clock.nowMs()
  }

  /** Beats (with a fraction) from the worker's beginning to `nowMs`: what RTP timestamps are made of. */
  beatsAt(nowMs: number): number {
    return (nowMs - this.#originMs) / BEAT_MS
  }

  /** @param weight about how many packets it sends per beat; saying it again corrects it */
  join(one: Beaten, weight: number): void {
    const turn = this.#turnOf.get(one)
    if (turn !== undefined) {
      this.#weights[turn.phase]! += weight - turn.weight
      turn.weight = weight
      return
    }
    let phase = 0
    for (let i = 1; i < PHASES; i++) if (this.#weights[i]! < this.#weights[phase]!) phase = i
    this.#turnOf.set(one, { phase, weight })
    this.#weights[phase]! += weight
    this.#phases[phase] = [...this.#phases[phase]!, one]
    if (!this.#running) this.#arm(this.#slotAfter(this.#clock.nowMs()))
  }

  leave(one: Beaten): void {
    const turn = this.#turnOf.get(one)
    if (turn === undefined) return
    this.#turnOf.delete(one)
    this.#phases[turn.phase] = this.#phases[turn.phase]!.filter((other) => other !== one)
    this.#weights[turn.phase]! -= turn.weight
    if (this.#turnOf.size === 0) {
      this.#timer?.cancel()
      this.#timer = null
    }
  }

  /** How late turns came and how long they took since the last call, in ms. */
  takeLoad(): { lateP50Ms: number; lateP99Ms: number; lateMaxMs: number; workP99Ms: number } {
    const count = Math.min(this.#turns, REMEMBERED)
    this.#turns = 0
    if (count === 0) return { lateP50Ms: 0, lateP99Ms: 0, lateMaxMs: 0, workP99Ms: 0 }
    const late = this.#late.slice(0, count).sort()
    const work = this.#work.slice(0, count).sort()
    const at = (sorted: Float32Array, part: number) => sorted[Math.min(count - 1, Math.floor(count * part))]!
    return {
      lateP50Ms: at(late, 0.5),
      lateP99Ms: at(late, 0.99),
      lateMaxMs: late[count - 1]!,
      workP99Ms: at(work, 0.99),
    }
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#turnOf.clear()
    this.#phases.fill([])
  }

  #slotAfter(nowMs: number): number {
    return Math.floor((nowMs - this.#originMs) / SLOT_MS) + 1
  }

  /** Waits for the first slot from `from` on in which somebody has a turn. */
  #arm(from: number): void {
    this.#timer?.cancel()
    this.#timer = null
    for (let slot = from; slot < from + PHASES; slot++) {
      if (this.#phases[slot % PHASES]!.length === 0) continue
      this.#nextSlot = slot
      this.#timer = this.#clock.at(this.#originMs + slot * SLOT_MS, this.#onDue)
      return
    }
  }

  readonly #onDue = (): void => {
    this.#timer = null
    const nowMs = this.#clock.nowMs()
    this.#before()
    let slot = this.#nextSlot
    const dueMs = this.#originMs + slot * SLOT_MS
    const lateMs = nowMs - dueMs
    if (lateMs > MAX_CATCH_UP_MS) slot += Math.floor(lateMs / BEAT_MS) * PHASES
    this.#running = true
    try {
      const turn = this.#phases[slot % PHASES]!
      const index = Math.floor(slot / PHASES)
      for (let i = 0; i < turn.length; i++) {
        // Whoever was taken out by an earlier turn of this slot is done.
        if (!this.#turnOf.has(turn[i]!)) continue
        try {
          turn[i]!.beat(this.#originMs + slot * SLOT_MS, index)
        } catch (cause) {
          this.leave(turn[i]!)
          this.#onBroken(turn[i]!, cause)
        }
      }
    } finally {
      this.#running = false
      if (this.#turnOf.size > 0) this.#arm(slot + 1)
    }
    const at = this.#turns % REMEMBERED
    this.#late[at] = Math.max(0, lateMs)
    this.#work[at] = this.#clock.nowMs() - nowMs
    this.#turns++
  }
}
