// Finding out who answered (twilio-voice NUM-03, CALL-07, WH-50): the settings in our detector's words, its verdict in
// this language's.

import type { AnswererConfig } from '#audio/answerer.ts'
import type { Fact } from '#calls/events.ts'
import type { Detection } from './twiml/verbs.ts'

/** More than a greeting of a person ever has; the thresholds of the contract count time, not words. */
const MAX_WORDS = 12
const BETWEEN_WORDS_MS = 50
const SILENCE_LEVEL = 256

export function detectionOf(detection: Detection): AnswererConfig {
  const totalMs = detection.timeoutS * 1000
  return {
    initialSilenceMs: detection.silenceTimeoutMs,
    // NUM-03: an answer without any sound is nobody's.
    silentMeans: 'silence',
    greetingMs: detection.speechThresholdMs,
    afterGreetingSilenceMs: detection.speechEndThresholdMs,
    totalMs,
    maxWords: MAX_WORDS,
    maxWordMs: totalMs,
    betweenWordsSilenceMs: BETWEEN_WORDS_MS,
    silenceThreshold: SILENCE_LEVEL,
    afterwards:
      detection.mode === 'DetectMessageEnd' ? { silenceMs: detection.speechEndThresholdMs, withinMs: totalMs } : null,
  }
}

type Finding = Extract<Fact, { readonly type: 'answerer.detected' | 'answerer.greeting-ended' }>

/**
 * AnsweredBy (WH-50); null: not the word that was waited for yet.
 *
 * @param toTheEnd with DetectMessageEnd a machine is told of only once its greeting is over
 */
export function answeredBy(fact: Finding, toTheEnd: boolean): string | null {
  if (fact.type === 'answerer.greeting-ended') {
    return { beep: 'machine_end_beep', silence: 'machine_end_silence', timeout: 'machine_end_other' }[fact.how]
  }
  switch (fact.result) {
    case 'human':
      return 'human'
    case 'fax':
      return 'fax'
    case 'machine':
      return toTheEnd ? null : 'machine_start'
    case 'silence':
    case 'unsure':
      return 'unknown'
  }
}
