// Digit strings as customers write them: `0-9 A-D * #`, with `w` for half a second and `W` for a second of pause
// (telnyx-voice §12.5; the same alphabet serves the other language).

import type { DigitStep } from '#media/protocol.ts'

const SHORT_PAUSE_MS = 500
const LONG_PAUSE_MS = 1000

/** Whether a digit string holds only what can be sent. */
export function areDigits(text: string): boolean {
  return /^[0-9A-Da-d*#wW]+$/.test(text)
}

/** The steps a media worker takes; `w` and `W` become pauses. */
export function digitSteps(digits: string, digitMs: number): readonly DigitStep[] {
  return [...digits].map((one) => {
    if (one === 'w') return { type: 'pause', durationMs: SHORT_PAUSE_MS }
    if (one === 'W') return { type: 'pause', durationMs: LONG_PAUSE_MS }
    return { type: 'digit', digit: one.toUpperCase(), durationMs: digitMs }
  })
}
