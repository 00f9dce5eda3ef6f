// Who is let in when there is too much: overload must not outlive its cause (RFC 5390, RFC 6357 §4). A switch that takes every
// call answers all of them late, callers repeat themselves, and the repetitions keep it busy after the crowd has gone. So part
// of the new calls is refused early, with 503 and Retry-After, as soon as one of three things says that work waits: the control
// loop has had no pause, it came late to its timers, or the media beat is late.
//
// The part grows by steps while that holds and shrinks by steps when it no longer does, so nothing has to be switched
// back on. Looked at when a call comes, at most every `LOOK_EVERY_MS`: an idle switch looks at nothing.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks'

/** The shortest time over which a load is judged. */
const LOOK_EVERY_MS = 150
/**
 * Above any of these there is too much … A loop that paused at all had nothing waiting at that moment, so only one without a
 * pause counts as busy; the rest is what the measure itself loses.
 */
const BUSY_FRACTION = 0.995
const LOOP_LATE_MS = 60
const MEDIA_LATE_MS = 25
/** … and below this part of all of them it is over; in between everything stays as it is. */
const CALM = 0.97
/**
 * So many looks in a row must be bad. What waits cannot have waited longer than the loop has gone without a pause, so this may
 * last until just before a caller repeats itself (T1, 500 ms): a step from a quiet to a full load is served, not refused.
 */
const BAD_LOOKS = 3
/** How the refused part grows and shrinks at each look: carefully into it, quickly out of it. */
const GROW = 0.2
const SHRINK = 0.4
const SHRINK_LEAST = 0.02
/** Some are always let in: otherwise nothing would show that it is over. */
const MOST_REFUSED = 0.95
/**
 * Media load reports come every second while there is sound. The beat counts as late when reports said so for at least this
 * long: one hiccup of the machine is no crowd. And it no longer does when none said so for the second time.
 */
const MEDIA_LATE_FOR_MS = 900
const MEDIA_CALM_AFTER_MS = 1_500
/** What a refused caller is told to wait. */
const RETRY_AFTER_S = 5
const PROBE_RESOLUTION_MS = 50

/** What the control process says of itself since the last question. */
export interface LoopProbe {
  /** Share of the time in which the loop did not wait for anything. */
  busyFraction(): number
  /** How late its timers were, 99th percentile. */
  lateMs(): number
}

export class Admission {
  readonly #nowMs: () => number
  readonly #probe: LoopProbe
  #lookedAtMs: number
  #refused = 0
  #owed = 0
  #badLooks = 0
  #mediaLateMs = 0
  #mediaLateSinceMs = Number.NEGATIVE_INFINITY
  #mediaLateAtMs = Number.NEGATIVE_INFINITY

  constructor(nowMs: () => number, probe: LoopProbe) {
    this.#nowMs = nowMs
    this.#probe = probe
    this.#lookedAtMs = nowMs()
  }

  /** A media worker's report: how late its beat was, 99th percentile. */
  mediaLate(lateP99Ms: number): void {
    if (lateP99Ms <= MEDIA_LATE_MS) return
    const nowMs = this.#nowMs()
    if (nowMs - this.#mediaLateAtMs > MEDIA_CALM_AFTER_MS) this.#mediaLateSinceMs = nowMs
    this.#mediaLateAtMs = nowMs
    this.#mediaLateMs = lateP99Ms
  }

  /** The part of new calls refused now, 0 to 1. */
  get refusing(): number {
    return this.#refused
  }

  /** Null lets a new call in; a number of seconds refuses it. */
  admit(): number | null {
    const nowMs = this.#nowMs()
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) this.#look(nowMs)
    // Evenly spread, not by lot.
    this.#owed += this.#refused
    if (this.#owed < 1) return null
    this.#owed -= 1
    return RETRY_AFTER_S
  }

  #look(nowMs: number): void {
    // After a pause nothing of what was seen holds any more: each look not taken was a calm one.
    const looks = Math.floor((nowMs - this.#lookedAtMs) / LOOK_EVERY_MS)
    this.#lookedAtMs = nowMs
    const lasts = this.#mediaLateAtMs - this.#mediaLateSinceMs >= MEDIA_LATE_FOR_MS
    const media = lasts && nowMs - this.#mediaLateAtMs < MEDIA_CALM_AFTER_MS ? this.#mediaLateMs / MEDIA_LATE_MS : 0
    const load = Math.max(this.#probe.busyFraction() / BUSY_FRACTION, this.#probe.lateMs() / LOOP_LATE_MS, media)
    // Fewer are a burst, which the buffers are for.
    this.#badLooks = load > 1 ? this.#badLooks + 1 : 0
    if (this.#badLooks >= BAD_LOOKS) this.#refused = Math.min(MOST_REFUSED, this.#refused + GROW)
    else if (load < CALM) this.#refused = Math.max(0, this.#refused * SHRINK ** looks - SHRINK_LEAST)
    if (this.#refused === 0) this.#owed = 0
  }
}

/** This process's own loop. */
export function loopProbe(): LoopProbe {
  const delay = monitorEventLoopDelay({ resolution: PROBE_RESOLUTION_MS })
  delay.enable()
  let before = performance.eventLoopUtilization()
  return {
    busyFraction() {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, before)
      before = now
      return utilization
    },
    lateMs() {
      const late = delay.count === 0 ? 0 : delay.percentile(99) / 1e6 - PROBE_RESOLUTION_MS
      delay.reset()
      return Math.max(0, late)
    },
  }
}
