import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from './chance.ts'
import type { Clock } from './clock.ts'
import { fromControlId, fromUuid, IdMaker, nodeOf, toControlId, toUuid } from './ids.ts'

function maker(wall: { ms: number }, node = 0): IdMaker {
  return new IdMaker({ wallMs: () => wall.ms } as Clock, seededChance(1), node)
}

test('ids of one millisecond go up in the order they were made, by steps nobody can foresee', () => {
  const ids = maker({ ms: 1_767_225_600_000 })
  const made = Array.from({ length: 20_000 }, () => ids.make<'call'>())
  assert.deepEqual(made.toSorted(), made)
  assert.equal(new Set(made).size, made.length)
  const low = made.map((id) => Number.parseInt(id.slice(24), 16))
  const steps = new Set(low.slice(1).map((one, at) => one - low[at]!))
  assert.ok(steps.size > 19_900)
})

test('ids are version 7 UUIDs with the variant of RFC 9562, and go up although the clock is set back', () => {
  const wall = { ms: 1_767_225_600_000 }
  const ids = maker(wall, 0xabc)
  const first = ids.make<'call'>()
  wall.ms -= 60_000
  const second = ids.make<'call'>()
  wall.ms += 120_000
  const third = ids.make<'call'>()
  assert.ok(first < second && second < third)
  for (const id of [first, second, third]) {
    assert.match(id, /^[0-9a-f]{12}7abc[89ab][0-9a-f]{15}$/)
    assert.equal(nodeOf(id), 0xabc)
    assert.equal(fromUuid(toUuid(id)), id)
    assert.equal(fromControlId(toControlId(id)), id)
  }
  assert.equal(Number.parseInt(third.slice(0, 12), 16), wall.ms)
})
