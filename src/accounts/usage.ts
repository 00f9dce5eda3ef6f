// What calls out have cost and how often numbers were called since midnight UTC, by outbound profile. Counted from events
// as they are told; read back from the store at start, so that a restart is no new day.

import type { ApplicationId } from '#base/ids.ts'
import type { Usage } from './outbound-policy.ts'
import type { Register } from './register.ts'

const DAY_MS = 24 * 60 * 60_000
const MINUTE_MS = 60_000

export interface UsedCall {
  readonly id: string
  readonly application: ApplicationId
  readonly to: string
  readonly createdAtWallMs: number
  readonly answeredAtWallMs: number | null
  readonly endedAtWallMs: number | null
}

export class UsageToday implements Usage {
  readonly #register: Register
  #day = -1
  readonly #spent = new Map<string, number>()
  readonly #calls = new Map<string, number>()
  /** Answered and not ended: they cost while they last. */
  readonly #running = new Map<string, { readonly profile: string; readonly call: UsedCall }>()

  constructor(register: Register) {
    this.#register = register
  }

  /** A call out was made. */
  began(call: UsedCall): void {
    const profile = this.#profileOf(call)
    if (profile === null) return
    this.#turnTo(call.createdAtWallMs)
    const key = `${profile} ${call.to}`
    this.#calls.set(key, (this.#calls.get(key) ?? 0) + 1)
  }

  answered(call: UsedCall): void {
    const profile = this.#profileOf(call)
    if (profile !== null) this.#running.set(call.id, { profile, call })
  }

  ended(call: UsedCall): void {
    this.#running.delete(call.id)
    const profile = this.#profileOf(call)
    if (profile === null || call.endedAtWallMs === null) return
    this.#turnTo(call.endedAtWallMs)
    this.#spent.set(profile, (this.#spent.get(profile) ?? 0) + this.#cost(call, call.endedAtWallMs))
  }

  spentToday(profile: string, nowWallMs: number): number {
    this.#turnTo(nowWallMs)
    let sum = this.#spent.get(profile) ?? 0
    for (const one of this.#running.values()) if (one.profile === profile) sum += this.#cost(one.call, nowWallMs)
    return sum
  }

  callsToday(profile: string, to: string, nowWallMs: number): number {
    this.#turnTo(nowWallMs)
    return this.#calls.get(`${profile} ${to}`) ?? 0
  }

  #profileOf(call: UsedCall): string | null {
    return this.#register.application(call.application)?.outboundProfile ?? null
  }

  /** The part of a call that lies in today. */
  #cost(call: UsedCall, untilWallMs: number): number {
    if (call.answeredAtWallMs === null) return 0
    const fromWallMs = Math.max(call.answeredAtWallMs, this.#day * DAY_MS)
    return (Math.max(0, untilWallMs - fromWallMs) / MINUTE_MS) * this.#register.rateOf(call.to)
  }

  #turnTo(wallMs: number): void {
    const day = Math.floor(wallMs / DAY_MS)
    if (day <= this.#day) return
    this.#day = day
    this.#spent.clear()
    this.#calls.clear()
  }
}
