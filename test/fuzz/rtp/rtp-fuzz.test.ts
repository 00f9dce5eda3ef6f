import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzzRtp } from './rtp-fuzz.ts'

test('a hundred thousand mangled packets break neither parsers, nor buffers, nor a live session', async () => {
  const outcome = await fuzzRtp(20_260_101, 100_000)
  // The mutations are only worth something while many still look like packets.
  assert.ok(outcome.rtpAccepted > 20_000 && outcome.rtcpAccepted > 5000, JSON.stringify(outcome))
})

test('the same seed is the same run', async () => {
  assert.deepEqual(await fuzzRtp(7, 2000), await fuzzRtp(7, 2000))
})
