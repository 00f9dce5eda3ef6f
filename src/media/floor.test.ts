import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Floor } from './floor.ts'

const LOUD = 2000
const HISS = 20

/** Runs a stretch in which the named members speak; returns who got the floor, and after how long. */
function stretch(floor: Floor<string>, ms: number, ...speaking: readonly string[]): string[] {
  const told: string[] = []
  for (let at = 0; at < ms; at += 20) {
    for (const member of ['ann', 'bob', 'eve']) floor.hear(member, speaking.includes(member) ? LOUD : HISS, 20)
    const now = floor.changed()
    if (now !== null) told.push(`${now} ${at + 20}`)
  }
  return told
}

test('whoever speaks for 400 ms has the floor, and keeps it through pauses', () => {
  const floor = new Floor<string>()
  assert.deepEqual(stretch(floor, 300, 'ann'), [])
  assert.deepEqual(stretch(floor, 300, 'ann'), ['ann 100'])
  assert.deepEqual(stretch(floor, 200), [])
  assert.deepEqual(stretch(floor, 2000, 'ann'), [])
})

test('a cough takes nothing; another speaker takes it once the holder is silent', () => {
  const floor = new Floor<string>()
  stretch(floor, 1000, 'ann')
  assert.deepEqual(stretch(floor, 200, 'ann', 'bob'), [])
  assert.deepEqual(stretch(floor, 1000, 'ann'), [])
  assert.deepEqual(stretch(floor, 1000, 'ann', 'bob'), [], 'talking at the same time')
  assert.deepEqual(stretch(floor, 1000, 'bob'), ['bob 320'])
})

test('who leaves gives it up', () => {
  const floor = new Floor<string>()
  stretch(floor, 1000, 'ann', 'bob')
  floor.leave('ann')
  floor.hear('bob', LOUD, 20)
  assert.equal(floor.changed(), 'bob')
})
