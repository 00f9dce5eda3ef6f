import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ntpMiddleOf, parseRtcp, RTCP_MOST_OCTETS, roundTripMs, writeRtcp } from './rtcp.ts'

const WALL_MS = 1_767_225_600_123
const BLOCK = {
  ssrc: 99,
  fractionLost: 25,
  cumulativeLost: 30,
  extendedHighest: 70_000,
  jitter: 17,
  lastSr: 0x12345678,
  delaySinceLastSr: 65_536,
}

test('a sender report with a block, a name and a goodbye reads back', () => {
  const bytes = new Uint8Array(RTCP_MOST_OCTETS)
  const sender = { wallMs: WALL_MS, rtpTimestamp: 12_345, packets: 500, octets: 80_000 }
  const length = writeRtcp(bytes, { ssrc: 42, sender, blocks: [BLOCK] }, 'leg@switch', true)
  assert.equal(length % 4, 0)
  const parsed = parseRtcp(bytes.subarray(0, length))
  assert.ok(parsed)
  const report = parsed.reports[0]!
  assert.equal(report.ssrc, 42)
  assert.deepEqual(report.blocks, [BLOCK])
  assert.ok(Math.abs(report.sender!.wallMs - WALL_MS) < 0.01)
  assert.equal(report.sender!.octets, 80_000)
  assert.equal(report.ntpMiddle, ntpMiddleOf(WALL_MS))
  assert.deepEqual(parsed.goodbye, [42])
})

test('§6.5: names of every length end in a zero and a whole word', () => {
  for (let length = 0; length <= 255; length++) {
    const bytes = new Uint8Array(RTCP_MOST_OCTETS)
    const octets = writeRtcp(bytes, { ssrc: 1, sender: null, blocks: [] }, 'x'.repeat(length), true)
    assert.deepEqual(parseRtcp(bytes.subarray(0, octets))?.goodbye, [1])
  }
})

test('§6.4.1: the round trip is what is left after the time the peer held our report', () => {
  const sentMs = WALL_MS
  const block = { ...BLOCK, lastSr: ntpMiddleOf(sentMs), delaySinceLastSr: Math.round(2.5 * 65_536) }
  assert.ok(Math.abs(roundTripMs(block, sentMs + 2500 + 80)! - 80) < 0.1)
  assert.equal(roundTripMs({ ...block, lastSr: 0 }, sentMs), null)
  assert.equal(roundTripMs(block, sentMs), null)
})

test('a cut packet gives what came before the cut', () => {
  const bytes = new Uint8Array(RTCP_MOST_OCTETS)
  const length = writeRtcp(bytes, { ssrc: 42, sender: null, blocks: [BLOCK] }, 'name', true)
  for (let cut = 0; cut < length; cut++) parseRtcp(bytes.subarray(0, cut))
  assert.equal(parseRtcp(bytes.subarray(0, 40))?.reports.length, 1)
  assert.equal(parseRtcp(bytes.subarray(0, 3)), null)
})
