// The sounds of the house, as tone plans: beep, busy (ITU-T E.180, North American plan), and ringing of any country.

import type { ToneSpec } from '#media/protocol.ts'
import { BEEP_LEVEL_DBOV, RINGBACK_LEVEL_DBOV } from './limits.ts'
import { type RingingCountry, ringing } from './ringing.ts'

const beep: ToneSpec = { steps: [{ frequenciesHz: [1000], durationMs: 250, levelDbov: BEEP_LEVEL_DBOV }] }

const busy: ToneSpec = {
  steps: [
    { frequenciesHz: [480, 620], durationMs: 500, levelDbov: RINGBACK_LEVEL_DBOV },
    { frequenciesHz: [], durationMs: 500, levelDbov: RINGBACK_LEVEL_DBOV },
  ],
}

const tones = { beep, busy } as const

/** The plan of one of our own tones. */
export function toneOf(name: keyof typeof tones): ToneSpec {
  return tones[name]
}

/** What a caller hears while somebody is rung there. */
export function ringingOf(country: RingingCountry): ToneSpec {
  const { frequenciesHz, onOffMs } = ringing[country]
  return {
    steps: onOffMs.map((durationMs, at) => ({
      frequenciesHz: at % 2 === 0 ? frequenciesHz : [],
      durationMs,
      levelDbov: RINGBACK_LEVEL_DBOV,
    })),
  }
}
