import assert from 'node:assert/strict'
import { test } from 'node:test'
import { G722Decoder, G722Encoder } from './g722.ts'
import { levelDbov, toneLevelDbov } from './goertzel.ts'

const RATE_HZ = 16_000

function through(samples: Int16Array): Int16Array {
  const encoder = new G722Encoder()
  const decoder = new G722Decoder()
  const out = new Int16Array(samples.length)
  const octets = new Uint8Array(160)
  for (let at = 0; at + 320 <= samples.length; at += 320) {
    assert.equal(encoder.encode(samples, at, 320, octets, 0), 160)
    assert.equal(decoder.decode(octets, 0, 160, out, at), 320)
  }
  return out
}

function tone(hz: number, amplitude: number, seconds = 1): Int16Array {
  return Int16Array.from(
    { length: RATE_HZ * seconds },
    (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / RATE_HZ),
  )
}

/** How far the sound lies above what the codec added, with the filters' delay of 22 samples taken out. */
function signalToNoiseDb(samples: Int16Array): number {
  const out = through(samples)
  let signal = 0
  let noise = 0
  for (let i = 1600; i < samples.length; i++) {
    signal += samples[i - 22]! ** 2
    noise += (out[i]! - samples[i - 22]!) ** 2
  }
  return 10 * Math.log10(signal / noise)
}

// ITU-T G.722 §1.2.2 asks for a quality that these figures lie well inside of; what is measured is that both halves adapt alike.
for (const [hz, leastDb] of [
  [200, 32],
  [1000, 32],
  [3000, 28],
  [5500, 14],
  [6500, 14],
] as const) {
  test(`a tone of ${hz} Hz passes at its level, ${leastDb} dB above the noise or more`, () => {
    const samples = tone(hz, 8000)
    const level = toneLevelDbov(through(samples).subarray(1600), hz, RATE_HZ)
    assert.ok(Math.abs(level - toneLevelDbov(samples, hz, RATE_HZ)) < 0.5, `${level} dBov`)
    const ratio = signalToNoiseDb(samples)
    assert.ok(ratio > leastDb, `${ratio.toFixed(1)} dB`)
  })
}

test('silence stays silent, and full scale neither wraps nor throws', () => {
  assert.ok(levelDbov(through(new Int16Array(RATE_HZ)).subarray(1600)) < -70)
  const loud = Int16Array.from({ length: RATE_HZ }, (_, i) => ((i >> 4) & 1 ? 32_767 : -32_768))
  const out = through(loud)
  let wrong = 0
  for (let i = 1600; i < out.length; i++) if (Math.sign(out[i]!) !== Math.sign(loud[i - 22]!)) wrong++
  assert.ok(wrong / out.length < 0.15, 'a square wave keeps its sides but for the edges')
})

test('a decoder that begins in the middle finds its way within a moment', () => {
  const encoder = new G722Encoder()
  const decoder = new G722Decoder()
  const octets = new Uint8Array(160)
  const samples = tone(1000, 8000)
  const out = new Int16Array(samples.length)
  for (let at = 0; at < samples.length; at += 320) {
    encoder.encode(samples, at, 320, octets, 0)
    if (at >= 3200) decoder.decode(octets, 0, 160, out, at)
  }
  assert.ok(Math.abs(toneLevelDbov(out.subarray(8000), 1000, RATE_HZ) - toneLevelDbov(samples, 1000, RATE_HZ)) < 1)
})
