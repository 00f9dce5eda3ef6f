import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SrtpKeys } from '#base/srtp-key.ts'
import type { PartyCodec } from '#testkit/rtp-party.ts'
import { describe, type Guest, House } from './house-conduct.ts'

const A = 440
const B = 700
const HIGH = 5200

function ear(house: House, id: string, codec: PartyCodec = 'PCMU'): Promise<Guest> {
  return house.guest(id, null, { direction: 'sendonly' }, { voice: { codec } })
}

function feed(house: House, session: string, from: string, track: 'inbound' | 'outbound'): void {
  house.tell({ type: 'feed-session', session, from, track })
}

test('two ears outside hear a party of a bridge, one what it says, one what it is sent; the bridge goes on', async () => {
  const house = new House()
  const a = await house.guest('a', A)
  const b = await house.guest('b', B)
  house.room('m', [a, b], 2)
  const said = await ear(house, 'said', 'PCMA')
  const sent = await ear(house, 'sent')
  feed(house, 'said', 'a', 'inbound')
  feed(house, 'sent', 'a', 'outbound')
  await house.clock.advance(1500)
  assert.deepEqual([said.party.hears([A, B]), sent.party.hears([A, B])], [[A], [B]])
  assert.deepEqual([a.party.hears([A, B]), b.party.hears([A, B])], [[B], [A]])
  const { packets } = said.party
  for (let i = 1; i < packets.length; i++) {
    assert.equal((packets[i]!.sequence - packets[i - 1]!.sequence) & 0xffff, 1)
    assert.equal((packets[i]!.timestamp - packets[i - 1]!.timestamp) | 0, 160)
  }
  const count = packets.length
  await house.clock.advance(1000)
  assert.equal(packets.length - count, 50, 'one packet a beat')
  await house.worker.close()
})

test('silence keeps flowing while a party is on hold, and while nobody talks', async () => {
  const house = new House()
  const a = await house.guest('a', A)
  const b = await house.guest('b', B)
  house.room('m', [a, b], 2)
  const said = await ear(house, 'said')
  const sent = await ear(house, 'sent')
  feed(house, 'said', 'a', 'inbound')
  feed(house, 'sent', 'a', 'outbound')
  await house.clock.advance(1000)
  house.tell({
    type: 'configure-session',
    session: 'a',
    description: describe(a.party.local, 'PCMU', { direction: 'inactive' }),
  })
  a.party.stop()
  await house.clock.advance(1500)
  for (const one of [said, sent]) {
    assert.deepEqual(one.party.hears([A, B]), [])
    assert.ok(one.party.heard(1000).length >= 7_840, 'it has not fallen silent on the wire')
  }
  await house.worker.close()
})

test('a party in a wide-band codec is heard at the rate of the ear', async () => {
  const house = new House()
  await house.guest('wide', HIGH, {}, { voice: { codec: 'G722' } })
  const narrow = await ear(house, 'narrow')
  const wide = await ear(house, 'far', 'G722')
  feed(house, 'narrow', 'wide', 'inbound')
  feed(house, 'far', 'wide', 'inbound')
  await house.clock.advance(1500)
  assert.deepEqual(wide.party.hears([HIGH]), [HIGH])
  assert.ok(narrow.party.heard(500).length >= 3_840)
  await house.worker.close()
})

test('an ear under SRTP gets nothing in the clear', async () => {
  const house = new House()
  const key = (fill: number) => ({
    suite: 'AES_CM_128_HMAC_SHA1_80' as const,
    keyAndSalt: Buffer.alloc(30, fill).toString('base64'),
    mkiOctets: 0,
  })
  const srtp: SrtpKeys = { send: key(1), receive: key(2) }
  const lengths = new Set<number>()
  await house.guest('a', A)
  const secure = await house.guest(
    'secure',
    null,
    { direction: 'sendonly', srtp },
    { voice: { srtp: { send: srtp.receive, receive: srtp.send } } },
  )
  house.net.watch(({ from, bytes }) => {
    if (from.port === secure.local.port) lengths.add(bytes.length)
  })
  feed(house, 'secure', 'a', 'inbound')
  await house.clock.advance(1000)
  assert.deepEqual(secure.party.hears([A, B]), [A])
  assert.ok(!lengths.has(172))
  await house.worker.close()
})

test('an ear that is closed, or fed by another, is forgotten by the party; unknown sessions are said to be so', async () => {
  const house = new House()
  await house.guest('a', A)
  await house.guest('b', B)
  const one = await ear(house, 'one')
  feed(house, 'one', 'a', 'inbound')
  await house.clock.advance(500)
  feed(house, 'one', 'b', 'inbound')
  await house.clock.advance(1000)
  assert.deepEqual(one.party.hears([A, B]), [B])
  house.tell({ type: 'close-session', session: 'b' })
  const count = one.party.packets.length
  await house.clock.advance(1000)
  assert.ok(one.party.packets.length - count <= 2, 'nobody is left to be heard')
  house.tell({ type: 'close-session', session: 'one' })
  feed(house, 'one', 'a', 'inbound')
  feed(house, 'a', 'nobody', 'inbound')
  assert.deepEqual(
    house.of('session-failed').map((event) => [event.session, event.failure.type]),
    [
      ['one', 'unknown'],
      ['nobody', 'unknown'],
    ],
  )
  await house.worker.close()
})
