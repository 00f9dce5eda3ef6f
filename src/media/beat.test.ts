import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '#base/clock.ts'
import { HandClock } from '#testkit/clock.ts'
import { Beat, type Beaten } from './beat.ts'

class Counter implements Beaten {
  readonly turns: { dueMs: number; index: number }[] = []
  beat(dueMs: number, index: number): void {
    this.turns.push({ dueMs, index })
  }
}

const neverBroken = (): void => assert.fail('a turn broke')

test('each member has one turn per 20 ms, at instants that never drift', () => {
  const clock = new HandClock()
  const beat = new Beat(clock, neverBroken)
  const one = new Counter()
  beat.join(one, 1)
  clock.advanceNow(60_000)
  assert.equal(one.turns.length, 3000)
  one.turns.forEach((turn, i) => {
    assert.equal(turn.dueMs - one.turns[0]!.dueMs, i * 20)
    assert.equal(turn.index - one.turns[0]!.index, i)
  })
})

test('members are spread over the parts of the beat by weight', () => {
  const clock = new HandClock()
  const beat = new Beat(clock, neverBroken)
  const members = Array.from({ length: 10 }, () => new Counter())
  for (const member of members) beat.join(member, 10)
  clock.advanceNow(40)
  const slots = new Map<number, number>()
  for (const member of members) {
    const slot = member.turns[0]!.dueMs % 20
    slots.set(slot, (slots.get(slot) ?? 0) + 1)
  }
  assert.deepEqual([...slots.values()], [2, 2, 2, 2, 2])
})

test('without members there is no timer', () => {
  const clock = new HandClock()
  const beat = new Beat(clock, neverBroken)
  const one = new Counter()
  assert.equal(clock.waiting, 0)
  beat.join(one, 1)
  assert.equal(clock.waiting, 1)
  beat.leave(one)
  assert.equal(clock.waiting, 0)
})

test('a short delay is caught up with, a long one is dropped', () => {
  let nowMs = 0
  let due: { atMs: number; run: () => void } | null = null
  const clock: Clock = {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    at(atMs, run) {
      due = { atMs, run }
      return {
        cancel() {
          due = null
        },
      }
    },
  }
  const beat = new Beat(clock, neverBroken)
  const one = new Counter()
  beat.join(one, 1)
  const runAt = (ms: number) => {
    nowMs = ms
    while (due !== null && (due as { atMs: number }).atMs <= nowMs) (due as { run: () => void }).run()
  }
  runAt(1000)
  const before = one.turns.at(-1)!.index
  runAt(1060)
  assert.equal(one.turns.at(-1)!.index - before, 3)
  const turns = one.turns.length
  runAt(3060)
  assert.ok(one.turns.length - turns <= 3, `${one.turns.length - turns} turns after a stall`)
  assert.equal(one.turns.at(-1)!.index - before, 103)
})

test('a member whose turn throws is taken out, and the others go on', () => {
  const clock = new HandClock()
  const broken: Beaten[] = []
  const beat = new Beat(clock, (one) => broken.push(one))
  const bad: Beaten = {
    beat() {
      throw new Error('a bug')
    },
  }
  const good = new Counter()
  beat.join(bad, 1)
  beat.join(good, 1)
  clock.advanceNow(200)
  assert.deepEqual(broken, [bad])
  assert.equal(good.turns.length, 10)
})
