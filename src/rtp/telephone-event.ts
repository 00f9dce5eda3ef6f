// Digits as events (RFC 4733): a payload of four octets says which, whether it has ended, how loud, and how long so far.
//
//   |     event     |E|R| volume    |          duration             |
//
// All packets of one digit carry the timestamp of its beginning; that is what makes it one digit, however many of its
// packets are lost, doubled or late.

import {
  EVENT_END_PACKETS,
  EVENT_GAP_MS,
  EVENT_LEAST_MS,
  EVENT_LOST_END_MS,
  EVENT_MEMORY,
  EVENT_UPDATE_MS,
} from './limits.ts'
import { timestampDistance } from './packet.ts'

/** Event codes 0 to 16 (RFC 4733 §3.2); 16 is the hook flash. */
export const EVENT_DIGITS = '0123456789*#ABCD!'
export const EVENT_OCTETS = 4
const VOLUME_DBM0 = 10

export function eventOfDigit(digit: string): number | null {
  const event = digit.length === 1 ? EVENT_DIGITS.indexOf(digit.toUpperCase()) : -1
  return event < 0 ? null : event
}

export function writeEvent(to: Uint8Array, offset: number, event: number, end: boolean, durationUnits: number): void {
  to[offset] = event
  to[offset + 1] = (end ? 0x80 : 0) | VOLUME_DBM0
  to[offset + 2] = durationUnits >> 8
  to[offset + 3] = durationUnits
}

/** What the sender wants done on this beat. `pause`: send no audio either. `idle`: the line is free. */
export type EventStep = 'idle' | 'first' | 'update' | 'end' | 'pause'

/** One digit on its way out; asked once per beat. */
export class EventSender {
  #event = 0
  #startMs = 0
  #lengthMs = 0
  #lastSentMs = 0
  #endsLeft = 0
  #freeAtMs = 0
  #active = false
  /** What to write: the event, and how long it has lasted, in ms (at least one beat). */
  event = 0
  elapsedMs = 0

  get idle(): boolean {
    return !this.#active
  }

  start(event: number, lengthMs: number, nowMs: number): void {
    this.#event = event
    this.#lengthMs = Math.max(EVENT_LEAST_MS, lengthMs)
    this.#startMs = nowMs
    this.#endsLeft = EVENT_END_PACKETS
    this.#active = true
    this.#lastSentMs = Number.NEGATIVE_INFINITY
    this.event = event
  }

  step(nowMs: number): EventStep {
    if (!this.#active) return 'idle'
    this.event = this.#event
    const sinceMs = nowMs - this.#startMs
    if (this.#lastSentMs === Number.NEGATIVE_INFINITY) {
      this.#lastSentMs = nowMs
      this.elapsedMs = 20
      return 'first'
    }
    if (sinceMs >= this.#lengthMs - 1) {
      this.elapsedMs = this.#lengthMs
      if (this.#endsLeft > 0) {
        this.#endsLeft--
        if (this.#endsLeft === EVENT_END_PACKETS - 1) this.#freeAtMs = nowMs + EVENT_GAP_MS
        return 'end'
      }
      if (nowMs < this.#freeAtMs) return 'pause'
      this.#active = false
      return 'idle'
    }
    if (nowMs - this.#lastSentMs < EVENT_UPDATE_MS - 1) return 'pause'
    this.#lastSentMs = nowMs
    this.elapsedMs = sinceMs
    return 'update'
  }
}

/** Finds digits in what arrives. A digit is told once, when it ends or when nothing more is heard of it. */
export class EventReceiver {
  readonly clockRateHz: number
  readonly #onDigit: (digit: string, durationMs: number) => void
  #active = false
  #event = 0
  #timestamp = 0
  #units = 0
  #segments = 0
  #lastAtMs = 0
  /** Beginnings of the digits told last, as a ring. */
  readonly #told = new Float64Array(EVENT_MEMORY).fill(-1)
  #toldNext = 0

  constructor(clockRateHz: number, onDigit: (digit: string, durationMs: number) => void) {
    this.clockRateHz = clockRateHz
    this.#onDigit = onDigit
  }

  /** When silence ends a digit whose end was lost; null when none is open. */
  get openUntilMs(): number | null {
    return this.#active ? this.#lastAtMs + EVENT_LOST_END_MS : null
  }

  receive(timestamp: number, bytes: Uint8Array, offset: number, length: number, nowMs: number): void {
    if (length < EVENT_OCTETS) return
    const event = bytes[offset]!
    if (event >= EVENT_DIGITS.length) return
    const end = (bytes[offset + 1]! & 0x80) !== 0
    const units = (bytes[offset + 2]! << 8) | bytes[offset + 3]!
    if (this.#active && timestamp !== this.#timestamp) {
      const ahead = timestampDistance(timestamp, this.#timestamp)
      // §2.5.1.3: a digit longer than 0xffff units goes on as another segment, where the first one ends.
      if (event === this.#event && this.#units === 0xffff && ahead === 0xffff) {
        this.#segments += 0xffff
        this.#timestamp = timestamp
        this.#units = 0
      } else if (ahead < 0) return
      else this.#tell()
    }
    if (!this.#active) {
      if (this.#wasTold(timestamp)) return
      this.#active = true
      this.#event = event
      this.#timestamp = timestamp
      this.#units = 0
      this.#segments = 0
    }
    if (units > this.#units) this.#units = units
    this.#lastAtMs = nowMs
    if (end) this.#tell()
  }

  /** Ends a digit whose end packets were all lost. Called now and then, e.g. on the beat. */
  expire(nowMs: number): void {
    if (this.#active && nowMs >= this.#lastAtMs + EVENT_LOST_END_MS) this.#tell()
  }

  #tell(): void {
    this.#active = false
    this.#told[this.#toldNext] = this.#timestamp
    this.#toldNext = (this.#toldNext + 1) % EVENT_MEMORY
    const durationMs = ((this.#segments + this.#units) * 1000) / this.clockRateHz
    this.#onDigit(EVENT_DIGITS[this.#event]!, Math.max(EVENT_LEAST_MS, Math.round(durationMs)))
  }

  #wasTold(timestamp: number): boolean {
    for (const told of this.#told) if (told === timestamp) return true
    return false
  }
}
