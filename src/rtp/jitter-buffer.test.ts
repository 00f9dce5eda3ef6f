import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { JitterBuffer } from './jitter-buffer.ts'

interface Arrival {
  readonly atMs: number
  readonly index: number
}

/** Plays a list of arrivals against a beat of 20 ms; returns what each beat found (packet index, or the word). */
function play(arrivals: Arrival[], untilMs: number, phaseMs = 7, timestampOf = (index: number) => index * 160) {
  const buffer = new JitterBuffer(8000)
  const sorted = [...arrivals].sort((a, b) => a.atMs - b.atMs)
  const heard: (number | string)[] = []
  const delaysMs: number[] = []
  const sentAtMs = (index: number) => index * 20
  let next = 0
  for (let nowMs = phaseMs; nowMs < untilMs; nowMs += 20) {
    while (next < sorted.length && sorted[next]!.atMs <= nowMs) {
      const { index, atMs } = sorted[next++]!
      const payload = Uint8Array.from([index & 0xff, (index >> 8) & 0xff, index >> 16])
      buffer.insert((65_500 + index) & 0xffff, (4_294_000_000 + timestampOf(index)) >>> 0, 160, 0, payload, 0, 3, atMs)
    }
    for (;;) {
      const pulled = buffer.pull(nowMs, 160)
      if (pulled === 'packet' || pulled === 'skip') {
        const at = buffer.payloadOffset
        const bytes = buffer.payloadBytes
        const index = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
        heard.push(index)
        delaysMs.push(nowMs - sentAtMs(index))
      } else heard.push(pulled)
      if (pulled !== 'skip') break
    }
  }
  return { heard, delaysMs, buffer }
}

const count = (heard: (number | string)[], what: string) => heard.filter((one) => one === what).length
const packets = (heard: (number | string)[]) => heard.filter((one) => typeof one === 'number')

test('steady packets are all played in order across both wraps, with less than 50 ms of delay', () => {
  const arrivals = Array.from({ length: 1000 }, (_, index) => ({ index, atMs: index * 20 }))
  const { heard, delaysMs } = play(arrivals, 20_000)
  assert.deepEqual(
    packets(heard).slice(0, 995),
    arrivals.slice(0, 995).map((one) => one.index),
  )
  assert.equal(count(heard.slice(3), 'conceal'), 0)
  assert.ok(Math.max(...delaysMs) < 50)
})

test('a lost packet is concealed once and the next one is not delayed by it', () => {
  const arrivals = Array.from({ length: 200 }, (_, index) => ({ index, atMs: index * 20 })).filter(
    (one) => one.index % 20 !== 10,
  )
  const { heard, delaysMs } = play(arrivals, 3990)
  assert.equal(count(heard, 'conceal'), 10)
  assert.ok(Math.max(...delaysMs) < 70, `${Math.max(...delaysMs)}`)
})

test('doubles and packets 35 ms out of order are put right', () => {
  const chance = seededChance(2)
  const arrivals: Arrival[] = []
  for (let index = 0; index < 2000; index++) {
    const atMs = index * 20 + (chance.uniform() < 0.05 ? 35 : 0)
    arrivals.push({ index, atMs })
    if (chance.uniform() < 0.05) arrivals.push({ index, atMs: atMs + 1 })
  }
  const { heard } = play(arrivals, 40_000)
  const played = packets(heard) as number[]
  for (let i = 1; i < played.length; i++) assert.ok(played[i]! > played[i - 1]!)
  assert.ok(played.length > 1980, `${played.length} of 2000`)
})

test('30 ms of jitter with 5 % loss: under 1 % more is lost, and the delay stays bearable', () => {
  const chance = seededChance(5)
  const normal = () => chance.uniform() + chance.uniform() + chance.uniform() + chance.uniform() - 2
  const arrivals: Arrival[] = []
  for (let index = 0; index < 6000; index++) {
    if (chance.uniform() < 0.05) continue
    arrivals.push({ index, atMs: index * 20 + Math.abs(normal()) * 52 })
  }
  const { heard, delaysMs } = play(arrivals, 120_000)
  assert.ok(packets(heard).length > arrivals.length * 0.985, `${packets(heard).length} of ${arrivals.length}`)
  delaysMs.sort((a, b) => a - b)
  assert.ok(delaysMs[Math.floor(delaysMs.length * 0.95)]! < 120, `${delaysMs[Math.floor(delaysMs.length * 0.95)]}`)
})

for (const ppm of [200, -200]) {
  test(`a sender ${ppm} ppm off for an hour neither runs the buffer dry nor lets the delay grow`, () => {
    const arrivals = Array.from({ length: 180_000 }, (_, index) => ({ index, atMs: index * 20 * (1 + ppm / 1e6) }))
    const { heard, delaysMs, buffer } = play(arrivals, 3_599_000)
    // One frame too many or too few every 100 s.
    assert.ok(count(heard, 'conceal') <= 40, `${count(heard, 'conceal')} concealed`)
    assert.ok(buffer.discarded <= 2)
    assert.ok(packets(heard).length > 179_800)
    const drift = delaysMs.map((delay, i) => delay - (i * 20 * ppm) / 1e6)
    assert.ok(Math.max(...drift.slice(-1000)) < 80, `${Math.max(...drift.slice(-1000))}`)
  })
}

test('a held-up burst of 200 ms is caught up with inside seconds', () => {
  const arrivals = Array.from({ length: 1500 }, (_, index) => ({
    index,
    atMs: index >= 100 && index < 110 ? 110 * 20 : index * 20,
  }))
  const { delaysMs } = play(arrivals, 30_000)
  assert.ok(delaysMs.at(-1)! < 80, `${delaysMs.at(-1)} ms after 28 s`)
})

test('a talker that pauses is not concealed for long, and is heard at once when it goes on', () => {
  const arrivals: Arrival[] = []
  for (let index = 0; index < 300; index++) if (index < 100 || index >= 200) arrivals.push({ index, atMs: index * 20 })
  // Silence suppression: sequence numbers go on without a hole, timestamps jump.
  const renumbered = arrivals.map((one) => ({ ...one, index: one.index < 100 ? one.index : one.index - 100 }))
  const { heard } = play(renumbered, 6000, 7, (index) => (index < 100 ? index : index + 100) * 160)
  assert.ok(count(heard, 'conceal') <= 3)
  assert.equal(packets(heard).length, 199)
})

test('an outage of a second is over within 60 ms of the first packet after it', () => {
  const arrivals: Arrival[] = []
  for (let index = 0; index < 300; index++) if (index < 100 || index >= 150) arrivals.push({ index, atMs: index * 20 })
  const { heard } = play(arrivals, 6000)
  const resumed = heard.indexOf(150)
  assert.ok(resumed * 20 + 7 - 150 * 20 <= 60)
})

test('a timestamp jump starts afresh within 200 ms', () => {
  const arrivals = Array.from({ length: 200 }, (_, index) => ({ index, atMs: index * 20 }))
  const { heard } = play(arrivals, 4000, 7, (index) => (index < 100 ? 0 : 2 ** 31) + index * 160)
  assert.ok(packets(heard).length > 190)
})

test('a payload longer than a slot is refused', () => {
  const buffer = new JitterBuffer(8000)
  assert.equal(buffer.insert(1, 1, 160, 0, new Uint8Array(2000), 0, 2000, 0), false)
  assert.equal(buffer.discarded, 1)
})

test('a packet from before the beginning is taken only while everything still fits', () => {
  const buffer = new JitterBuffer(8000)
  const payload = new Uint8Array(160)
  buffer.insert(100, 16_000, 160, 0, payload, 0, 160, 0)
  buffer.insert(131, 20_960, 160, 0, payload, 0, 160, 0)
  assert.equal(buffer.insert(90, 14_400, 160, 0, payload, 0, 160, 1), false)
  assert.equal(buffer.insert(100 - 1, 15_840, 160, 0, payload, 0, 160, 1), false)
  assert.equal(buffer.discarded, 2)
  for (let nowMs = 20; nowMs < 2000; nowMs += 20) buffer.pull(nowMs, 160)
  assert.equal(buffer.depthMs, 0)
})
