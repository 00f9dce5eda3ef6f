// The embedded synthesiser: flite (Carnegie Mellon's, BSD licence) as one WebAssembly file, run once per sentence, about
// fifty times faster than it is spoken. It knows English only; text of other languages is read as an Englishman would, its
// accents dropped, and scripts it cannot read are left out.

import { decodeWav } from '#audio/wav.ts'
import { MAX_SENTENCE_OCTETS } from './limits.ts'
import type { Manner } from './utterance.ts'
import type { Voice } from './voices.ts'
import { runWasiProgram, type WasmProgram } from './wasi.ts'

export interface Samples {
  readonly samples: Int16Array
  readonly sampleRateHz: number
}

/** Null: there is nothing in the text that it could say. */
export function fliteSpeak(program: WasmProgram, text: string, voice: Voice, manner: Manner): Samples | null {
  const readable = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/ß/g, 'ss')
    .replace(/[^\x20-\x7e]/g, ' ')
    .trim()
  if (!/[a-z0-9]/i.test(readable)) return null
  const name = voiceName(voice)
  // One voice does not know how to shift its pitch: it speaks slower and is then played faster.
  const faster = SHIFTS_PITCH.has(name) ? 1 : Math.round(manner.pitch / PITCH_STEP) * PITCH_STEP
  const outcome = runWasiProgram(
    program,
    [
      'flite',
      '-voice',
      name,
      '--setf',
      `duration_stretch=${(faster / manner.rate).toFixed(3)}`,
      '--setf',
      `f0_shift=${manner.pitch.toFixed(3)}`,
      '-t',
      readable,
      '-o',
      '/speech.wav',
    ],
    MAX_SENTENCE_OCTETS,
  )
  const decoded = decodeWav(outcome.file)
  if (outcome.exitCode !== 0 || !decoded.ok) throw new Error(`flite said: ${outcome.printed || outcome.exitCode}`)
  return { samples: decoded.value.channels[0]!, sampleRateHz: Math.round(decoded.value.sampleRateHz * faster) }
}

const SHIFTS_PITCH: ReadonlySet<string> = new Set(['slt', 'awb'])
/** Coarse enough that resampling needs few filters. */
const PITCH_STEP = 0.05

/** A woman and a man from the United States, a man from Scotland. */
function voiceName(voice: Voice): string {
  if (voice.gender === 'female') return 'slt'
  return voice.language === 'en-GB' || voice.language === 'en-IE' ? 'awb' : 'rms'
}
