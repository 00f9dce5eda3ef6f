import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HandClock } from './clock.ts'
import { whoHearsWhom } from './ears.ts'
import { VirtualNet } from './network.ts'
import { RtpParty } from './rtp-party.ts'

test('each ear says which hums reach it, and a chord only counts whole', async () => {
  const clock = new HandClock()
  const net = new VirtualNet(clock)
  const alice = await RtpParty.open(net, clock)
  const bob = await RtpParty.open(net, clock)
  alice.hum(700)
  bob.hum(900)
  alice.start(bob.local)
  bob.start(alice.local)
  await clock.advance(2_000)
  const sounds = [
    { name: 'alice', frequenciesHz: [700] },
    { name: 'bob', frequenciesHz: [900] },
    { name: 'chord', frequenciesHz: [700, 900] },
  ]
  assert.deepEqual(whoHearsWhom({ alice, bob }, sounds), { alice: ['bob'], bob: ['alice'] })
  bob.hum(null)
  await clock.advance(2_000)
  assert.deepEqual(whoHearsWhom({ alice, bob }, sounds), { alice: [], bob: ['alice'] })
  alice.close()
  bob.close()
})
