import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRtcp, parseRtp, RtpView, sequenceDistance, writeRtpHeader } from './packet.ts'

const view = new RtpView()

test('RFC 3550 §5.1: what is written reads back', () => {
  const bytes = new Uint8Array(172)
  writeRtpHeader(bytes, true, 101, 65_535, 4_000_000_000, 0xdeadbeef)
  assert.ok(parseRtp(bytes, view))
  assert.deepEqual(
    { ...view },
    {
      marker: true,
      payloadType: 101,
      sequence: 65_535,
      timestamp: 4_000_000_000,
      ssrc: 0xdeadbeef,
      payloadOffset: 12,
      payloadLength: 160,
    },
  )
})

test('CSRCs, a header extension and padding are stepped over', () => {
  const bytes = new Uint8Array(12 + 8 + 4 + 8 + 20 + 4)
  writeRtpHeader(bytes, false, 0, 1, 2, 3)
  bytes[0] = 0x80 | 0x20 | 0x10 | 2
  bytes[12 + 8 + 3] = 2
  bytes[bytes.length - 1] = 4
  assert.ok(parseRtp(bytes, view))
  assert.equal(view.payloadOffset, 32)
  assert.equal(view.payloadLength, 20)
})

test('lies about length are refused: too short, extension or padding beyond the end, wrong version', () => {
  const good = new Uint8Array(20)
  writeRtpHeader(good, false, 0, 1, 2, 3)
  const spoiled = (change: (bytes: Uint8Array) => void): boolean => {
    const bytes = good.slice()
    change(bytes)
    return parseRtp(bytes, view)
  }
  assert.equal(parseRtp(good.subarray(0, 11), view), false)
  assert.equal(
    spoiled((b) => void b.set([0x8f], 0)),
    false,
  )
  assert.equal(
    spoiled((b) => void b.set([0x90, 0, 0, 1], 0)),
    true,
  )
  assert.equal(
    spoiled((b) => b.set([0x90], 0) ?? b.set([0xff, 0xff], 14)),
    false,
  )
  assert.equal(
    spoiled((b) => b.set([0xa0], 0) ?? b.set([9], 19)),
    false,
  )
  assert.equal(
    spoiled((b) => b.set([0xa0], 0) ?? b.set([0], 19)),
    false,
  )
  assert.equal(
    spoiled((b) => void b.set([0x40], 0)),
    false,
  )
})

test('RFC 5761 §4: RTP and RTCP on one port are told apart', () => {
  assert.equal(isRtcp(Uint8Array.from([0x80, 200])), true)
  assert.equal(isRtcp(Uint8Array.from([0x80, 0x80])), false)
  assert.equal(isRtcp(Uint8Array.from([0x80])), false)
})

test('sequence numbers are compared around the circle', () => {
  assert.equal(sequenceDistance(2, 65_534), 4)
  assert.equal(sequenceDistance(65_534, 2), -4)
})
