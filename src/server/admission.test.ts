import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admission } from './admission.ts'

function desk() {
  const seen = { nowMs: 0, busy: 0, lateMs: 0 }
  const admission = new Admission(() => seen.nowMs, { busyFraction: () => seen.busy, lateMs: () => seen.lateMs })
  /** Offers calls for a while and says which part was let in. */
  const offer = (forMs: number, everyMs = 5): number => {
    let taken = 0
    const offered = forMs / everyMs
    for (let i = 0; i < offered; i++) {
      seen.nowMs += everyMs
      if (admission.admit() === null) taken++
    }
    return taken / offered
  }
  return { seen, admission, offer }
}

test('a switch with time to spare takes every call', () => {
  const { seen, offer } = desk()
  seen.busy = 0.8
  assert.equal(offer(5_000), 1)
})

test('a step to a full load is served while nobody can have waited until he repeats himself', () => {
  const { seen, offer } = desk()
  offer(1_000)
  seen.busy = 1
  assert.equal(offer(300), 1)
  seen.busy = 0.9
  assert.equal(offer(5_000), 1)
})

test('RFC 5390: a loop without a pause makes more and more callers wait, never all', () => {
  const { seen, admission, offer } = desk()
  seen.busy = 1
  assert.ok(offer(800) < 1)
  offer(2_000)
  assert.ok(admission.refusing > 0.9)
  const taken = offer(2_000)
  assert.ok(taken > 0.03 && taken < 0.1, String(taken))
})

test('when the crowd has gone every call is taken again soon', () => {
  const { seen, offer } = desk()
  seen.busy = 1
  offer(3_000)
  seen.busy = 0.7
  offer(600)
  assert.equal(offer(1_000), 1)
})

test('a pause without calls counts as calm', () => {
  const { seen, offer } = desk()
  seen.busy = 1
  offer(3_000)
  seen.busy = 0.1
  seen.nowMs += 60_000
  assert.equal(offer(1_000), 1)
})

test('between the marks nothing changes', () => {
  const { seen, admission, offer } = desk()
  seen.busy = 1
  offer(600)
  const before = admission.refusing
  assert.ok(before > 0)
  seen.busy = 0.98
  offer(2_000)
  assert.equal(admission.refusing, before)
})

test('late timers and a lasting lateness of the media beat refuse calls, one hiccup does not', () => {
  const late = desk()
  late.seen.lateMs = 200
  assert.ok(late.offer(1_000) < 0.8)
  const media = desk()
  media.admission.mediaLate(60)
  assert.equal(media.offer(1_000), 1)
  media.admission.mediaLate(60)
  assert.ok(media.offer(1_000) < 0.8)
  media.offer(5_000)
  assert.equal(media.offer(1_000), 1)
})
