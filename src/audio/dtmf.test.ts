import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { DTMF_DIGITS, DtmfDetector, digitFrequencies, renderDigit } from './dtmf.ts'
import { compressTable, expandTable } from './g711.ts'
import { renderHoldMusic } from './hold-music.ts'

function detect(samples: Int16Array, rateHz = 8000): { digit: string; durationMs: number }[] {
  const found: { digit: string; durationMs: number }[] = []
  const detector = new DtmfDetector(rateHz, (digit, durationMs) => found.push({ digit, durationMs }))
  const frame = rateHz / 50
  for (let at = 0; at + frame <= samples.length; at += frame) detector.process(samples.subarray(at, at + frame), frame)
  return found
}

function dialled(digits: string, onMs: number, offMs: number, rateHz = 8000): Int16Array {
  const on = (onMs * rateHz) / 1000
  const off = (offMs * rateHz) / 1000
  const samples = new Int16Array(digits.length * (on + off) + rateHz / 10)
  ;[...digits].forEach((digit, i) => {
    renderDigit(digit, rateHz, on, 0, on, samples.subarray(i * (on + off) + 37, i * (on + off) + 37 + on))
  })
  return samples
}

/** A voice-like sound: a buzz with wandering pitch through two wandering resonances, with pauses. */
function babble(seconds: number, seed: number): Int16Array {
  const chance = seededChance(seed)
  const out = new Int16Array(seconds * 8000)
  let phase = 0
  let pitchHz = 130
  let first = 500
  let second = 1500
  let loud = 1
  for (let i = 0; i < out.length; i++) {
    if (i % 400 === 0) {
      pitchHz = Math.min(300, Math.max(80, pitchHz + (chance.uniform() - 0.5) * 40))
      first = 300 + chance.uniform() * 700
      second = 900 + chance.uniform() * 1400
      if (i % 4000 === 0) loud = chance.uniform() < 0.2 ? 0 : 0.3 + chance.uniform()
    }
    phase += pitchHz / 8000
    let value = 0
    for (let harmonic = 1; harmonic * pitchHz < 3400; harmonic++) {
      const hz = harmonic * pitchHz
      const weight = 1 / (1 + ((hz - first) / 90) ** 2) + 0.7 / (1 + ((hz - second) / 120) ** 2) + 0.01
      value += weight * Math.sin(2 * Math.PI * harmonic * phase)
    }
    out[i] = Math.max(-32_000, Math.min(32_000, loud * (5000 * value + 300 * (chance.uniform() - 0.5))))
  }
  return out
}

test('every digit of the keypad is heard once, at 8 and 16 kHz, as short as 40 ms', () => {
  for (const rateHz of [8000, 16_000]) {
    for (const onMs of [40, 50, 70, 100, 250]) {
      const found = detect(dialled(DTMF_DIGITS, onMs, 60, rateHz), rateHz)
      assert.equal(found.map((one) => one.digit).join(''), DTMF_DIGITS, `${onMs} ms at ${rateHz} Hz`)
      for (const one of found) assert.ok(Math.abs(one.durationMs - onMs) <= 20, `${onMs} ms measured ${one.durationMs}`)
    }
  }
})

test('digits survive both laws of G.711, noise at 20 dB and 6 dB of twist either way', () => {
  const chance = seededChance(7)
  for (const law of ['PCMU', 'PCMA'] as const) {
    for (const [lowGain, highGain] of [
      [1, 0.5],
      [0.5, 1],
      [1, 1],
    ] as const) {
      const samples = new Int16Array(16 * 1200 + 800)
      ;[...DTMF_DIGITS].forEach((digit, index) => {
        const [low, high] = digitFrequencies(digit)!
        for (let i = 0; i < 640; i++) {
          const angle = (2 * Math.PI * i) / 8000
          samples[index * 1200 + i] = 5000 * (lowGain * Math.sin(angle * low) + highGain * Math.sin(angle * high))
        }
      })
      for (let i = 0; i < samples.length; i++) {
        const noisy = samples[i]! + (chance.uniform() - 0.5) * 1200
        samples[i] = expandTable(law)[compressTable(law)[noisy & 0xffff]!]!
      }
      const heard = detect(samples)
        .map((one) => one.digit)
        .join('')
      assert.equal(heard, DTMF_DIGITS, `${law} with ${lowGain} / ${highGain}`)
    }
  }
})

test('a digit of 20 ms is too short, and 10 dB of twist is too much', () => {
  assert.deepEqual(detect(dialled('159D', 20, 80)), [])
  const samples = new Int16Array(1600)
  for (let i = 0; i < 800; i++) {
    const angle = (2 * Math.PI * i) / 8000
    samples[i] = 9000 * Math.sin(angle * 697) + 2600 * Math.sin(angle * 1209)
  }
  assert.deepEqual(detect(samples), [])
})

test('four minutes of voices and a round of hold music hold no digit', () => {
  for (const seed of [3, 4]) assert.deepEqual(detect(babble(120, seed)), [], `seed ${seed}`)
  const music = new Int16Array(153_600)
  renderHoldMusic(8000, 0, music.length, music)
  assert.deepEqual(detect(music), [])
})
