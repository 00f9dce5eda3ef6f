import assert from 'node:assert/strict'
import { test } from 'node:test'
import { levelDbov, toneLevelDbov } from './goertzel.ts'
import { Resampler, resampleAt, resampleFilter } from './resample.ts'

function sine(frequencyHz: number, rateHz: number, count: number, amplitude = 10_000): Int16Array {
  return Int16Array.from({ length: count }, (_, i) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * frequencyHz * i) / rateHz)),
  )
}

function stream(input: Int16Array, fromHz: number, toHz: number): Int16Array {
  const frame = fromHz / 50
  const resampler = new Resampler(fromHz, toHz, frame)
  const out: number[] = []
  const piece = new Int16Array(toHz / 50 + 8)
  for (let at = 0; at + frame <= input.length; at += frame) {
    const n = resampler.process(input.subarray(at, at + frame), frame, piece)
    for (let i = 0; i < n; i++) out.push(piece[i]!)
  }
  return Int16Array.from(out)
}

const SOURCE_LEVEL = levelDbov(sine(1000, 8000, 8000))

test('8 to 16 kHz is flat in the telephone band and leaves no mirror image', () => {
  for (const hz of [100, 300, 1000, 2000, 3000, 3400]) {
    const out = stream(sine(hz, 8000, 8000), 8000, 16_000).subarray(2000, 14_000)
    assert.ok(Math.abs(toneLevelDbov(out, hz, 16_000) - SOURCE_LEVEL) < 0.3, `${hz} Hz changed its level`)
    assert.ok(toneLevelDbov(out, 8000 - hz, 16_000) < SOURCE_LEVEL - 50, `${hz} Hz left an image`)
  }
})

test('16 to 8 kHz is flat in the telephone band and stops what would fold back', () => {
  for (const hz of [100, 300, 1000, 2000, 3000, 3400]) {
    const out = stream(sine(hz, 16_000, 16_000), 16_000, 8000).subarray(1000, 7000)
    assert.ok(Math.abs(toneLevelDbov(out, hz, 8000) - SOURCE_LEVEL) < 0.3, `${hz} Hz changed its level`)
  }
  for (const hz of [4500, 5000, 6000, 7500]) {
    const out = stream(sine(hz, 16_000, 16_000), 16_000, 8000).subarray(1000, 7000)
    assert.ok(levelDbov(out) < SOURCE_LEVEL - 50, `${hz} Hz folded back at ${levelDbov(out)} dBov`)
  }
})

test('file rates come down to 8 and 16 kHz at the right pitch and level', () => {
  for (const fromHz of [8000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000]) {
    for (const toHz of [8000, 16_000]) {
      const input = sine(1000, fromHz, fromHz)
      const out = new Int16Array(toHz)
      resampleAt(resampleFilter(fromHz, toHz), input, 0, input.length, 0, toHz, out)
      const middle = out.subarray(toHz / 10, (toHz * 9) / 10)
      assert.ok(Math.abs(toneLevelDbov(middle, 1000, toHz) - SOURCE_LEVEL) < 0.3, `${fromHz} to ${toHz}`)
    }
  }
})

test('a recording resampled in two stretches equals the one made at once', () => {
  const filter = resampleFilter(22_050, 8000)
  const input = sine(700, 22_050, 22_050)
  const whole = new Int16Array(8000)
  resampleAt(filter, input, 0, input.length, 0, 8000, whole)
  const parts = new Int16Array(8000)
  resampleAt(filter, input.subarray(0, 12_000), 0, 12_000, 0, 4000, parts, 0)
  resampleAt(filter, input.subarray(10_000), 10_000, 12_050, 4000, 4000, parts, 4000)
  assert.deepEqual(parts, whole)
})

test('a stream keeps its length: 20 ms in, 20 ms out', () => {
  const out = stream(sine(500, 16_000, 16_000 * 2), 16_000, 8000)
  assert.ok(Math.abs(out.length - 16_000) <= 20, `${out.length} samples`)
})
