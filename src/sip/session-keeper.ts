// The clock of one call's session timer (RFC 4028): asks, grants, refreshes half-way when that is ours to do, and gives the
// session up when nobody refreshed it. The rules are session-timer.ts.

import { after, type Clock, type Timer } from '#base/clock.ts'
import { MIN_SESSION_EXPIRES_S, REFRESH_RETRY_MS, SESSION_EXPIRES_S } from './limits.ts'
import type { HeaderField, SipRequest, SipResponse } from './message.ts'
import { askFor, deadlines, grant, granted, leastTaken, type SessionTimer } from './session-timer.ts'

export interface SessionDoors {
  /** Sends an UPDATE or re-INVITE that changes nothing; its 2xx comes back to {@link SessionKeeper.granted}. */
  refresh(): void
  /** Nobody refreshed: the peer is taken for gone. */
  expired(): void
}

export class SessionKeeper {
  readonly #clock: Clock
  readonly #doors: SessionDoors
  #timer: SessionTimer | null = null
  /** Null: none is asked for. */
  #wishS: number | null = SESSION_EXPIRES_S
  #minS = MIN_SESSION_EXPIRES_S
  #refreshTimer: Timer | null = null
  #expiryTimer: Timer | null = null

  constructor(clock: Clock, doors: SessionDoors) {
    this.#clock = clock
    this.#doors = doors
  }

  /** Asks for an interval of its own, or for none. */
  wish(intervalS: number | null): void {
    this.#wishS = intervalS
  }

  /** What a request of ours that may refresh asks for. */
  ask(): readonly HeaderField[] {
    const wishS = this.#timer?.intervalS ?? this.#wishS
    return wishS === null ? [] : askFor(this.#timer, wishS, this.#minS)
  }

  /** A 422: true when asking again, for longer, may help (RFC 4028 §7.3). */
  tooSmall(response: SipResponse): boolean {
    if (response.status !== 422) return false
    const least = leastTaken(response, this.#minS)
    if (least === null) return false
    this.#minS = least
    return true
  }

  /** A 2xx to a request of ours. */
  granted(response: SipResponse): void {
    this.#run(granted(response))
  }

  /** The headers of our 2xx to a request of theirs. */
  grant(request: SipRequest): readonly HeaderField[] {
    const { timer, headers } = grant(request, this.#timer)
    this.#run(timer)
    return headers
  }

  /** A refresh could not be sent, or was refused for now: again shortly, until the session is over. */
  again(): void {
    if (this.#timer?.ours !== true) return
    this.#refreshTimer?.cancel()
    this.#refreshTimer = after(this.#clock, REFRESH_RETRY_MS, () => this.#doors.refresh())
  }

  stop(): void {
    this.#refreshTimer?.cancel()
    this.#expiryTimer?.cancel()
  }

  #run(timer: SessionTimer | null): void {
    this.stop()
    this.#timer = timer
    if (timer === null) return
    const { refreshAtMs, byeAtMs } = deadlines(timer, this.#clock.nowMs())
    if (timer.ours) this.#refreshTimer = this.#clock.at(refreshAtMs, () => this.#doors.refresh())
    this.#expiryTimer = this.#clock.at(byeAtMs, () => this.#doors.expired())
  }
}
