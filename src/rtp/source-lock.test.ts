import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceLock } from './source-lock.ts'

const named = { host: '10.0.0.5', port: 4000 }
const nat = { host: '198.51.100.9', port: 31_000 }
const thief = { host: '203.0.113.66', port: 6666 }

test('the signalled address is accepted with its first packet and then nobody else', () => {
  const lock = new SourceLock()
  lock.signal(named, true)
  assert.equal(lock.judge(named, 1, 1, 0), 'accept-and-move')
  for (let i = 0; i < 100; i++) assert.equal(lock.judge(thief, 9, i, 10 + i), 'drop')
  assert.deepEqual(lock.target, named)
})

test('a phone behind a NAT is heard after four packets in order', () => {
  const lock = new SourceLock()
  lock.signal(named, true)
  const verdicts = [65_534, 65_535, 0, 1, 2].map((sequence, i) => lock.judge(nat, 1, sequence, i * 20))
  assert.deepEqual(verdicts, ['drop', 'drop', 'drop', 'accept-and-move', 'accept'])
  assert.deepEqual(lock.target, nat)
})

test('spraying from many ports or with jumping numbers never wins', () => {
  const lock = new SourceLock()
  lock.signal(named, true)
  for (let i = 0; i < 500; i++) {
    assert.equal(lock.judge({ host: thief.host, port: 6000 + (i % 3) }, 9, i, i), 'drop')
    assert.equal(lock.judge(thief, 9, i * 7, i), 'drop')
  }
  assert.deepEqual(lock.target, named)
})

test('the signalled address takes the lock back from an early claim, not later', () => {
  const lock = new SourceLock()
  lock.signal(named, true)
  for (let i = 0; i < 4; i++) lock.judge(thief, 9, i, i * 20)
  assert.deepEqual(lock.target, thief)
  assert.equal(lock.judge(named, 1, 1, 500), 'accept-and-move')
  assert.deepEqual(lock.target, named)
  const late = new SourceLock()
  late.signal(named, true)
  for (let i = 0; i < 400; i++) late.judge(nat, 9, i, i * 20)
  assert.equal(late.judge(named, 1, 1, 8000), 'drop')
})

test('without latching only the signalled address is ever heard', () => {
  const lock = new SourceLock()
  lock.signal(named, false)
  for (let i = 0; i < 50; i++) assert.equal(lock.judge(nat, 1, i, i * 20), 'drop')
})

test('new signalling opens the lock; a source silent for five seconds may be replaced', () => {
  const lock = new SourceLock()
  lock.signal(named, true)
  lock.judge(named, 1, 1, 0)
  lock.signal({ ...named }, true)
  assert.deepEqual(lock.locked, named)
  for (let i = 0; i < 6; i++) lock.judge(nat, 2, i, 6000 + i * 20)
  assert.deepEqual(lock.target, nat)
  lock.signal({ host: '10.0.0.6', port: 4000 }, true)
  assert.equal(lock.locked, null)
})
