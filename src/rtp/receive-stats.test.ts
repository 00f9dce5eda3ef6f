import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReceiveStats } from './receive-stats.ts'

test('RFC 3550 A.3: loss is counted across the wrap of sequence numbers', () => {
  const stats = new ReceiveStats(8000)
  for (let i = 0; i < 300; i++) {
    if (i % 10 !== 5) stats.receive(7, (65_400 + i) & 0xffff, i * 160, 160, i * 20)
  }
  assert.equal(stats.packets, 270)
  assert.equal(stats.lost, 30)
  assert.equal(stats.takeFractionLost(), 25)
  assert.equal(stats.takeFractionLost(), 0)
})

test('late packets repair loss, doubles do not', () => {
  const stats = new ReceiveStats(8000)
  for (const sequence of [1, 2, 4, 5]) stats.receive(7, sequence, sequence * 160, 160, sequence * 20)
  assert.equal(stats.lost, 1)
  assert.equal(stats.receive(7, 4, 640, 160, 110), 'duplicate')
  assert.equal(stats.receive(7, 3, 480, 160, 120), 'late')
  assert.equal(stats.receive(7, 3, 480, 160, 121), 'duplicate')
  assert.equal(stats.lost, 0)
})

test('A.1: one stray packet is suspicious, a second in order is a restart; another SSRC is a new source', () => {
  const stats = new ReceiveStats(8000)
  stats.receive(7, 100, 0, 160, 0)
  assert.equal(stats.receive(7, 30_000, 0, 160, 20), 'suspicious')
  assert.equal(stats.receive(7, 101, 160, 160, 20), 'in-order')
  assert.equal(stats.receive(7, 30_000, 0, 160, 40), 'suspicious')
  assert.equal(stats.receive(7, 30_001, 160, 160, 60), 'new-source')
  assert.equal(stats.receive(8, 5, 0, 160, 80), 'new-source')
  assert.equal(stats.lost, 0)
})

test('A.8: steady packets have no jitter; packets 10 ms off either way settle near 10 ms', () => {
  const steady = new ReceiveStats(8000)
  const shaky = new ReceiveStats(8000)
  for (let i = 0; i < 500; i++) {
    steady.receive(1, i, (4_294_900_000 + i * 160) >>> 0, 160, i * 20)
    shaky.receive(1, i, i * 160, 160, i * 20 + (i % 2) * 10)
  }
  assert.ok(steady.jitterMs < 0.01, `${steady.jitterMs}`)
  assert.ok(Math.abs(shaky.jitterMs - 10) < 0.5, `${shaky.jitterMs}`)
  assert.ok(shaky.maxJitterMs <= 10.01)
})
