// Digits on their way to one party: as events (RFC 4733) or as sounds, one after the other, with pauses between. Asked once
// per beat; while it is busy with an event the voice is silent.

import { digitFrequencies, renderDigit } from '#audio/dtmf.ts'
import { EventSender, eventOfDigit } from '#rtp/telephone-event.ts'
import { BEAT_MS } from './limits.ts'
import type { DigitStep } from './protocol.ts'

export type DigitMode = 'telephone-event' | 'inband'

/** What this beat is for. `sound`: `frame` holds a digit's sound. `hush`: send no voice. */
export type DigitTurn = 'idle' | 'first' | 'update' | 'end' | 'hush' | 'sound'

interface Queued {
  readonly step: DigitStep
  readonly mode: DigitMode
  /** Tell control when this one, the last of its command, is out. */
  readonly last: boolean
}

const GAP_MS = 60

export class DigitQueue {
  readonly events = new EventSender()
  readonly #queue: Queued[] = []
  readonly #onSent: () => void
  readonly #onIdle: () => void
  #current: Queued | null = null
  #elapsedMs = 0

  /**
   * @param onSent the last step of a command is out
   * @param onIdle nothing is left to do
   */
  constructor(onSent: () => void, onIdle: () => void) {
    this.#onSent = onSent
    this.#onIdle = onIdle
  }

  get idle(): boolean {
    return this.#current === null && this.#queue.length === 0
  }

  get length(): number {
    return this.#queue.length
  }

  /** @param tell whether `onSent` is called after the last step */
  add(steps: readonly DigitStep[], mode: DigitMode, tell: boolean): void {
    steps.forEach((step, i) => {
      this.#queue.push({ step, mode, last: tell && i === steps.length - 1 })
    })
    if (steps.length === 0 && tell) this.#onSent()
  }

  /** Runs one beat; `frame` receives sound when the answer is `sound`. */
  turn(frame: Int16Array, count: number, sampleRateHz: number, dueMs: number): DigitTurn {
    if (this.#current === null) {
      const next = this.#queue.shift()
      if (next === undefined) return 'idle'
      this.#current = next
      this.#elapsedMs = 0
      if (next.step.type === 'digit' && next.mode === 'telephone-event') {
        const event = eventOfDigit(next.step.digit)
        if (event !== null) this.events.start(event, next.step.durationMs, dueMs)
      }
    }
    const { step, mode } = this.#current
    if (step.type === 'digit' && mode === 'telephone-event') {
      const turn = this.events.step(dueMs)
      if (turn !== 'idle') return turn === 'pause' ? 'hush' : turn
      this.#done()
      return this.turn(frame, count, sampleRateHz, dueMs)
    }
    const sounds = step.type === 'digit' && digitFrequencies(step.digit) !== null
    const lengthMs = Math.min(step.durationMs, 60_000) + (step.type === 'digit' ? GAP_MS : 0)
    if (this.#elapsedMs >= lengthMs) {
      this.#done()
      return this.turn(frame, count, sampleRateHz, dueMs)
    }
    if (sounds) {
      const length = Math.round((step.durationMs * sampleRateHz) / 1000)
      renderDigit(step.digit, sampleRateHz, length, (this.#elapsedMs * sampleRateHz) / 1000, count, frame)
    }
    this.#elapsedMs += BEAT_MS
    // A pause leaves the voice alone.
    return sounds ? 'sound' : step.type === 'digit' ? 'hush' : 'idle'
  }

  #done(): void {
    const told = this.#current?.last === true
    this.#current = null
    if (told) this.#onSent()
    if (this.idle) this.#onIdle()
  }
}
