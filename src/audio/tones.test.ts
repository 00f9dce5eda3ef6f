import assert from 'node:assert/strict'
import { test } from 'node:test'
import { levelDbov, toneLevelDbov } from './goertzel.ts'
import { HOLD_MUSIC_MS, renderHoldMusic } from './hold-music.ts'
import { cadenceSamples, renderCadence, ringback } from './tones.ts'

test('a cadence sounds its frequencies at their level and is silent between', () => {
  const samples = new Int16Array(cadenceSamples(ringback, 8000))
  assert.equal(samples.length, 48_000)
  renderCadence(ringback, 8000, 0, samples.length, samples)
  const on = samples.subarray(400, 15_600)
  assert.ok(Math.abs(toneLevelDbov(on, 440, 8000) + 22) < 0.3)
  assert.ok(Math.abs(toneLevelDbov(on, 480, 8000) + 22) < 0.3)
  assert.equal(levelDbov(samples.subarray(16_000)), -127)
})

test('a stretch of a cadence equals the same stretch of the whole', () => {
  const whole = new Int16Array(48_000)
  renderCadence(ringback, 8000, 0, 48_000, whole)
  const part = new Int16Array(160)
  renderCadence(ringback, 8000, 15_920, 160, part)
  assert.deepEqual(part, whole.subarray(15_920, 16_080))
})

test('hold music is the same every time, never silent for long, never too loud, and loops without a click', () => {
  const round = (HOLD_MUSIC_MS * 8000) / 1000
  const samples = new Int16Array(round)
  renderHoldMusic(8000, 0, round, samples)
  const again = new Int16Array(800)
  renderHoldMusic(8000, round - 400, 800, again)
  assert.deepEqual(again.subarray(0, 400), samples.subarray(round - 400))
  assert.deepEqual(again.subarray(400), samples.subarray(0, 400))
  const inside = largestStep(samples)
  assert.ok(largestStep(again) <= inside, `a step of ${largestStep(again)} at the seam, ${inside} elsewhere`)
  for (let at = 0; at + 4000 <= round; at += 4000) {
    const level = levelDbov(samples, at, 4000)
    assert.ok(level > -45 && level < -12, `${level} dBov at ${at / 8} ms`)
  }
})

function largestStep(samples: Int16Array): number {
  let largest = 0
  for (let i = 1; i < samples.length; i++) largest = Math.max(largest, Math.abs(samples[i]! - samples[i - 1]!))
  return largest
}
