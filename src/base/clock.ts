// Time is handed in. Machines read `nowMs`, name deadlines as absolute instants, and never start a timer of the
// platform themselves. The real clock lives in net/, a hand-wound one in testkit/.

/** A pending timer. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Monotonic milliseconds with a fraction; only differences mean anything. */
  nowMs(): number
  /** Milliseconds since the Unix epoch. Only for what leaves the house: payloads, rows, logs. */
  wallMs(): number
  /** Calls back once at or after the monotonic instant `atMs`; at once (but never inside this call) when it is past. */
  at(atMs: number, callback: () => void): Timer
}

/** The common case: a timer `delayMs` from now. */
export function after(clock: Clock, delayMs: number, callback: () => void): Timer {
  return clock.at(clock.nowMs() + delayMs, callback)
}

/** Resolves after `delayMs`. For shells only; machines name deadlines as effects. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => after(clock, delayMs, resolve))
}

/** Wall time as ISO-8601 UTC with microseconds, the form webhooks use (`wallMs` may carry a fraction). */
export function isoMicros(wallMs: number): string {
  const whole = Math.floor(wallMs)
  const micros = Math.floor((wallMs - whole) * 1000)
  return `${new Date(whole).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`
}
