// Answering-machine detection in this language's words (telnyx-voice §12.9): the modes and their settings become one
// neutral detection, its findings become the events of the mode that was asked for.

import { z } from 'zod'
import type { AnswererConfig } from '#audio/answerer.ts'
import type { Fact } from '#calls/events.ts'
import { whole } from '#http/schema.ts'

const modes = ['premium', 'detect', 'detect_beep', 'detect_words', 'greeting_end', 'disabled'] as const
/** What is told of a call depends on the mode it was dialled with. */
export type DetectionMode = Exclude<(typeof modes)[number], 'disabled'>

const millis = whole(1, 120_000).optional()

/** ⟨AMD⟩ */
export const amd = {
  answering_machine_detection: z.enum(modes).optional(),
  answering_machine_detection_config: z
    .object({
      after_greeting_silence_millis: millis,
      between_words_silence_millis: millis,
      greeting_duration_millis: millis,
      greeting_silence_duration_millis: millis,
      greeting_total_analysis_time_millis: millis,
      initial_silence_millis: millis,
      maximum_number_of_words: whole(1, 100).optional(),
      maximum_word_length_millis: millis,
      silence_threshold: whole(0, 32_767).optional(),
      total_analysis_time_millis: millis,
    })
    .optional(),
}

type Fields = z.infer<z.ZodObject<typeof amd>>

const PREMIUM_TOTAL_MS = 30_000
/** Premium says `silence` well before its whole budget is gone. */
const PREMIUM_SILENCE_MS = 10_000
const BEEP_WITHIN_MS = 30_000
/** A business says its name; at home people say hello. */
const RESIDENCE_MOST_MS = 1_400

/** Null: nothing is detected. */
export function readDetection(body: Fields): { readonly mode: DetectionMode; readonly config: AnswererConfig } | null {
  const mode = body.answering_machine_detection
  if (mode === undefined || mode === 'disabled') return null
  const given = body.answering_machine_detection_config ?? {}
  const premium = mode === 'premium'
  return {
    mode,
    config: {
      // Only the two lengths matter to premium (telnyx-voice §12.9).
      initialSilenceMs: premium ? PREMIUM_SILENCE_MS : (given.initial_silence_millis ?? 3500),
      silentMeans: premium ? 'silence' : 'machine',
      greetingMs: given.greeting_duration_millis ?? 3500,
      afterGreetingSilenceMs: premium ? 800 : (given.after_greeting_silence_millis ?? 800),
      totalMs: given.total_analysis_time_millis ?? (premium ? PREMIUM_TOTAL_MS : 3500),
      maxWords: premium ? 5 : (given.maximum_number_of_words ?? 5),
      maxWordMs: premium ? 3500 : (given.maximum_word_length_millis ?? 3500),
      betweenWordsSilenceMs: premium ? 50 : (given.between_words_silence_millis ?? 50),
      silenceThreshold: premium ? 256 : (given.silence_threshold ?? 256),
      afterwards: afterwardsOf(mode, given),
    },
  }
}

function afterwardsOf(
  mode: DetectionMode,
  given: NonNullable<Fields['answering_machine_detection_config']>,
): AnswererConfig['afterwards'] {
  switch (mode) {
    case 'detect':
      return null
    case 'greeting_end':
      return {
        silenceMs: given.greeting_silence_duration_millis ?? 1500,
        withinMs: given.greeting_total_analysis_time_millis ?? 5000,
      }
    case 'premium':
    case 'detect_beep':
    case 'detect_words':
      return { silenceMs: null, withinMs: BEEP_WITHIN_MS }
  }
}

type Finding = Extract<Fact, { readonly type: 'answerer.detected' | 'answerer.greeting-ended' }>

/** Event type and result; null where the mode has nothing to tell. */
export function detectionWord(
  fact: Finding,
  mode: DetectionMode,
): { readonly eventType: string; readonly result: string } | null {
  const stem = mode === 'premium' ? 'call.machine.premium' : 'call.machine'
  if (fact.type === 'answerer.detected') {
    const result = mode === 'premium' ? premiumResult(fact) : standardResults[fact.result]
    return { eventType: `${stem}.detection.ended`, result }
  }
  const eventType = `${stem}.greeting.ended`
  if (fact.how === 'beep') return { eventType, result: 'beep_detected' }
  if (mode === 'premium') return { eventType, result: 'no_beep_detected' }
  if (mode === 'detect_beep') return null
  return { eventType, result: fact.how === 'silence' ? 'ended' : 'not_sure' }
}

const standardResults = {
  human: 'human',
  machine: 'machine',
  fax: 'machine',
  silence: 'not_sure',
  unsure: 'not_sure',
} as const

function premiumResult(fact: Extract<Finding, { readonly type: 'answerer.detected' }>): string {
  switch (fact.result) {
    case 'human':
      return fact.spokenMs <= RESIDENCE_MOST_MS ? 'human_residence' : 'human_business'
    case 'machine':
    case 'silence':
      return fact.result
    case 'fax':
      return 'fax_detected'
    case 'unsure':
      return 'not_sure'
  }
}
