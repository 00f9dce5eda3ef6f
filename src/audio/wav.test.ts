import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { decodeWav, encodeWav, parseWav, readWavSamples } from './wav.ts'

const RAMP = Int16Array.from({ length: 100 }, (_, i) => i * 300 - 15_000)

function file(format: Uint8Array, data: Uint8Array, before: Uint8Array = new Uint8Array(0), claimed = data.length) {
  const bytes = new Uint8Array(12 + 8 + format.length + before.length + 8 + data.length)
  const view = new DataView(bytes.buffer)
  const put = (at: number, text: string) => bytes.set(new TextEncoder().encode(text), at)
  put(0, 'RIFF')
  view.setUint32(4, bytes.length - 8, true)
  put(8, 'WAVEfmt ')
  view.setUint32(16, format.length, true)
  bytes.set(format, 20)
  bytes.set(before, 20 + format.length)
  const at = 20 + format.length + before.length
  put(at, 'data')
  view.setUint32(at + 4, claimed, true)
  bytes.set(data, at + 8)
  return bytes
}

function format(code: number, channels: number, rateHz: number, bits: number, length = 16): Uint8Array {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, length === 40 ? 0xfffe : code, true)
  view.setUint16(2, channels, true)
  view.setUint32(4, rateHz, true)
  view.setUint16(12, (channels * bits) / 8, true)
  view.setUint16(14, bits, true)
  if (length === 40) view.setUint16(24, code, true)
  return bytes
}

test('what we write reads back the same, mono and stereo', () => {
  const mono = decodeWav(encodeWav(RAMP, 8000))
  assert.ok(mono.ok)
  assert.deepEqual(mono.value, { sampleRateHz: 8000, channels: [RAMP] })
  const stereo = decodeWav(encodeWav(RAMP, 16_000, 2))
  assert.ok(stereo.ok)
  assert.deepEqual([...stereo.value.channels[0]!.subarray(0, 3)], [RAMP[0], RAMP[2], RAMP[4]])
  assert.deepEqual([...stereo.value.channels[1]!.subarray(0, 3)], [RAMP[1], RAMP[3], RAMP[5]])
})

test('the extensible format, A-law, mu-law and 8-bit files are read, with a list chunk of odd length before the samples', () => {
  const list = Uint8Array.from([76, 73, 83, 84, 3, 0, 0, 0, 1, 2, 3, 0])
  for (const [code, bits, loud] of [
    [7, 8, -32_124],
    [6, 8, -5504],
    [1, 8, -32_768],
  ] as const) {
    for (const length of [16, 18, 40]) {
      const parsed = decodeWav(file(format(code, 1, 11_025, bits, length), new Uint8Array(10), list))
      assert.ok(parsed.ok, `${code}`)
      assert.equal(parsed.value.sampleRateHz, 11_025)
      assert.equal(parsed.value.channels[0]![0], loud)
      assert.equal(parsed.value.channels[0]!.length, 10)
    }
  }
})

test('stereo is averaged when a prompt is read', () => {
  const bytes = encodeWav(Int16Array.from([1000, 3000, -4, -8]), 8000, 2)
  const parsed = parseWav(bytes)
  assert.ok(parsed.ok)
  const out = new Int16Array(2)
  readWavSamples(parsed.value, bytes, parsed.value.dataOffset, 2, out)
  assert.deepEqual([...out], [2000, -6])
})

test('a streaming size means "until the end"; a claimed size beyond the file is cut to what is there', () => {
  for (const claimed of [0, 0xffffffff, 5000]) {
    const parsed = decodeWav(file(format(1, 1, 8000, 16), new Uint8Array(20), undefined, claimed))
    assert.ok(parsed.ok)
    assert.equal(parsed.value.channels[0]!.length, 10)
  }
})

test('files that are none, or that we cannot play, say so', () => {
  assert.deepEqual(parseWav(new TextEncoder().encode('<html>not found</html>')), {
    ok: false,
    error: { type: 'not-wav' },
  })
  const odd = parseWav(file(format(3, 1, 8000, 32), new Uint8Array(8)))
  assert.ok(!odd.ok && odd.error.type === 'unsupported')
  const early = parseWav(encodeWav(RAMP, 8000).subarray(0, 30))
  assert.ok(!early.ok && early.error.type === 'header-incomplete')
})

test('no mangled header makes the reader throw', () => {
  const chance = seededChance(3)
  const good = encodeWav(RAMP, 8000, 2)
  for (let run = 0; run < 20_000; run++) {
    const bytes = good.slice(0, 1 + Math.floor(chance.uniform() * good.length))
    for (let i = 0; i < 4; i++)
      bytes[Math.floor(chance.uniform() * Math.min(48, bytes.length))] = chance.uniform() * 256
    decodeWav(bytes)
  }
})
