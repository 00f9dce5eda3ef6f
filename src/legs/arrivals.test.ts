import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import type { AccountId, ApplicationId, CallId } from '#base/ids.ts'
import { Arrivals, type Expected } from './arrivals.ts'
import { ARRIVAL_WAIT_MS, MAX_ARRIVALS } from './limits.ts'

const expected: Expected = {
  leg: 'child' as CallId,
  account: 'account' as AccountId,
  application: 'application' as ApplicationId,
  from: '+15550111',
  fromName: null,
  to: '+15550100',
  caller: 'caller' as CallId,
}

test('an arrival is claimed by its address, once', () => {
  const arrivals = new Arrivals(seededChance(1))
  const one = arrivals.expect(expected, 0)!
  const other = arrivals.expect({ ...expected, leg: 'other' as CallId }, 0)!
  assert.match(one, /^[a-z0-9]{26}$/i)
  assert.notEqual(one, other)
  assert.equal(arrivals.claim('+15550100', 1), null)
  assert.deepEqual(arrivals.claim(one, 1), expected)
  assert.equal(arrivals.claim(one, 1), null)
  assert.equal(arrivals.claim(other, 1)?.leg, 'other')
  assert.equal(arrivals.size, 0)
})

test('an arrival that does not come in time is forgotten', () => {
  const arrivals = new Arrivals(seededChance(1))
  const early = arrivals.expect(expected, 0)!
  const late = arrivals.expect(expected, 1_000)!
  assert.equal(arrivals.claim(early, ARRIVAL_WAIT_MS), null)
  assert.equal(arrivals.size, 1)
  assert.deepEqual(arrivals.claim(late, ARRIVAL_WAIT_MS), expected)
})

test('so many arrivals are on their way at once, and no more until their time is over', () => {
  const arrivals = new Arrivals(seededChance(1))
  for (let count = 0; count < MAX_ARRIVALS; count++) assert.notEqual(arrivals.expect(expected, 0), null)
  assert.equal(arrivals.expect(expected, ARRIVAL_WAIT_MS - 1), null)
  assert.notEqual(arrivals.expect(expected, ARRIVAL_WAIT_MS), null)
  assert.equal(arrivals.size, 1)
})
