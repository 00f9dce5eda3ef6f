import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PitchShifter } from './pitch.ts'

/** How often a wave that is mostly one tone goes up through zero in a second. */
function frequency(samples: Int16Array, rateHz: number): number {
  let ups = 0
  for (let i = 1; i < samples.length; i++) if (samples[i - 1]! < 0 && samples[i]! >= 0) ups++
  return (ups * rateHz) / samples.length
}

function power(samples: Int16Array): number {
  return samples.reduce((sum, one) => sum + one * one, 0) / samples.length
}

for (const rateHz of [8000, 16_000]) {
  for (const [ratio, hz] of [
    [2, 200],
    [0.5, 400],
    [1.5, 300],
    [2 ** (4 / 12), 250],
    [1, 440],
  ] as const) {
    test(`a tone of ${hz} Hz at ${rateHz} Hz becomes ${Math.round(hz * ratio)} Hz and stays as loud and as long`, () => {
      const shifter = new PitchShifter(rateHz, ratio)
      const input = Int16Array.from({ length: rateHz * 2 }, (_, i) => 8000 * Math.sin((2 * Math.PI * hz * i) / rateHz))
      const output = input.slice()
      for (let at = 0; at < output.length; at += rateHz / 50)
        shifter.process(output.subarray(at, at + rateHz / 50), rateHz / 50)
      const settled = output.subarray(rateHz / 2)
      const found = frequency(settled, rateHz)
      assert.ok(Math.abs(found - hz * ratio) < 0.08 * hz * ratio, `${found} Hz`)
      const change = 10 * Math.log10(power(settled) / power(input))
      assert.ok(Math.abs(change) < 4, `${change} dB`)
    })
  }
}

test('a tone whose halves meet in opposition is fainter by 3 dB at most, the worst there is', () => {
  const shifter = new PitchShifter(8000, 1.5)
  const input = Int16Array.from({ length: 16_000 }, (_, i) => 8000 * Math.sin((2 * Math.PI * 420 * i) / 8000))
  const output = input.slice()
  shifter.process(output, output.length)
  const change = 10 * Math.log10(power(output.subarray(4000)) / power(input))
  assert.ok(change > -3.5 && change < 0, `${change} dB`)
})
