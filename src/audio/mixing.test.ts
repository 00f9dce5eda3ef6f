import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toneLevelDbov } from './goertzel.ts'
import { addFrame, LimiterState, limitInto, withoutFrame } from './mixing.ts'

const FRAME = 160

function tone(frequencyHz: number, amplitude: number, frames: number): Int16Array {
  return Int16Array.from({ length: frames * FRAME }, (_, i) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * frequencyHz * i) / 8000)),
  )
}

test('everyone but oneself: own voice is gone, the others are whole', () => {
  const voices = [400, 700, 1100].map((hz) => tone(hz, 6000, 1))
  const sum = new Int32Array(FRAME)
  for (const voice of voices) addFrame(sum, voice, FRAME)
  const rest = new Int32Array(FRAME)
  withoutFrame(rest, sum, voices[1]!, FRAME)
  const heard = new Int16Array(FRAME)
  limitInto(heard, rest, FRAME, new LimiterState())
  assert.deepEqual(
    [...heard],
    [...voices[0]!].map((value, i) => value + voices[2]![i]!),
  )
})

test('a sum too loud for 16 bits is turned down without new frequencies', () => {
  const frames = 50
  const a = tone(400, 30_000, frames)
  const b = tone(1100, 30_000, frames)
  const out = new Int16Array(frames * FRAME)
  const sum = new Int32Array(FRAME)
  const state = new LimiterState()
  for (let f = 0; f < frames; f++) {
    sum.fill(0)
    addFrame(sum, a.subarray(f * FRAME), FRAME)
    addFrame(sum, b.subarray(f * FRAME), FRAME)
    limitInto(out.subarray(f * FRAME, (f + 1) * FRAME), sum, FRAME, state)
  }
  const steady = out.subarray(10 * FRAME)
  assert.ok(steady.every((value) => Math.abs(value) < 32_767))
  // 2*400 - 1100 and 2*1100 - 400 are where clipping would be heard.
  for (const product of [300, 1800, 1200, 2600]) {
    assert.ok(toneLevelDbov(steady, product, 8000) < -55, `${product} Hz at ${toneLevelDbov(steady, product, 8000)}`)
  }
  assert.ok(toneLevelDbov(steady, 400, 8000) > -12)
})

test('the gain comes back after the shouting', () => {
  const state = new LimiterState()
  const out = new Int16Array(FRAME)
  limitInto(out, new Int32Array(FRAME).fill(100_000), FRAME, state)
  assert.ok(state.gain < 0.5)
  for (let i = 0; i < 30; i++) limitInto(out, new Int32Array(FRAME).fill(1000), FRAME, state)
  assert.equal(state.gain, 1)
  assert.equal(out[FRAME - 1], 1000)
})
