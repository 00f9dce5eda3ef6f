import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compressTable, decodeG711, encodeG711, expandTable, silenceOctet } from './g711.ts'

for (const law of ['PCMU', 'PCMA'] as const) {
  test(`${law}: every octet survives decoding and encoding again`, () => {
    const octets = Uint8Array.from({ length: 256 }, (_, i) => i)
    const samples = new Int16Array(256)
    decodeG711(law, octets, 0, 256, samples)
    const back = new Uint8Array(256)
    encodeG711(law, samples, 0, 256, back)
    for (let code = 0; code < 256; code++) {
      // Mu-law has two zeros; both are silence.
      if (law === 'PCMU' && code === 0x7f) assert.equal(back[code], 0xff)
      else assert.equal(back[code], code)
    }
  })

  test(`${law}: the error stays below a sixteenth of the sample`, () => {
    for (let sample = -32_000; sample <= 32_000; sample += 7) {
      const again = expandTable(law)[compressTable(law)[sample & 0xffff]!]!
      assert.ok(Math.abs(again - sample) <= Math.abs(sample) / 16 + 8, `${sample} became ${again}`)
    }
  })
}

test('G.711 known points: silence, and the loudest samples', () => {
  assert.equal(compressTable('PCMU')[0], silenceOctet('PCMU'))
  assert.equal(compressTable('PCMA')[0], silenceOctet('PCMA'))
  assert.equal(expandTable('PCMU')[0x80], 32_124)
  assert.equal(expandTable('PCMU')[0x00], -32_124)
  assert.equal(expandTable('PCMA')[0xaa], 32_256)
  assert.equal(expandTable('PCMA')[0x2a], -32_256)
  assert.equal(compressTable('PCMU')[32_767], 0x80)
  assert.equal(compressTable('PCMU')[-32_768 & 0xffff], 0x00)
})
