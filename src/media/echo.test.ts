import assert from 'node:assert/strict'
import { test } from 'node:test'
import { House } from './house-conduct.ts'

const A = 440
const B = 700

test('a party hears itself until it is told otherwise, whatever codec it speaks', async () => {
  for (const codec of ['PCMU', 'PCMA', 'G722', 'opus'] as const) {
    const house = new House()
    const a = await house.guest('a', A, {}, { voice: { codec } })
    await house.clock.advance(1_500)
    assert.deepEqual(a.party.hears([A, B]), [], codec)
    house.tell({ type: 'echo-session', session: 'a', on: true })
    await house.clock.advance(1_500)
    assert.deepEqual(a.party.hears([A, B]), [A], codec)
    house.tell({ type: 'echo-session', session: 'a', on: false })
    await house.clock.advance(1_500)
    assert.deepEqual(a.party.hears([A, B]), [], codec)
    await house.worker.close()
  }
})

test('in a room it hears the others and not itself; out of it, itself again, and silence when it says nothing', async () => {
  const house = new House()
  const a = await house.guest('a', A)
  const b = await house.guest('b', B)
  house.tell({ type: 'echo-session', session: 'a', on: true })
  house.room('m', [a, b], 2)
  await house.clock.advance(1_500)
  assert.deepEqual(a.party.hears([A, B]), [B])
  house.tell({ type: 'close-mix', mix: 'm' })
  await house.clock.advance(1_500)
  assert.deepEqual([a.party.hears([A, B]), b.party.hears([A, B])], [[A], []])
  a.party.stop()
  await house.clock.advance(1_000)
  const { length } = a.party.packets
  await house.clock.advance(1_000)
  assert.equal(a.party.packets.length - length, 50, 'one packet a beat')
  assert.deepEqual(a.party.hears([A, B]), [])
  await house.worker.close()
})
