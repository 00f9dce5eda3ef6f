// The sounds of the house, as tone plans: beep, ringback and busy (ITU-T E.180, North American plan).

import type { ToneSpec } from '#media/protocol.ts'
import { BEEP_LEVEL_DBOV, RINGBACK_LEVEL_DBOV } from './limits.ts'

const beep: ToneSpec = { steps: [{ frequenciesHz: [1000], durationMs: 250, levelDbov: BEEP_LEVEL_DBOV }] }

const ringback: ToneSpec = {
  steps: [
    { frequenciesHz: [440, 480], durationMs: 2000, levelDbov: RINGBACK_LEVEL_DBOV },
    { frequenciesHz: [], durationMs: 4000, levelDbov: RINGBACK_LEVEL_DBOV },
  ],
}

const busy: ToneSpec = {
  steps: [
    { frequenciesHz: [480, 620], durationMs: 500, levelDbov: RINGBACK_LEVEL_DBOV },
    { frequenciesHz: [], durationMs: 500, levelDbov: RINGBACK_LEVEL_DBOV },
  ],
}

const tones = { beep, ringback, busy } as const

/** The plan of one of our own tones. */
export function toneOf(name: keyof typeof tones): ToneSpec {
  return tones[name]
}
