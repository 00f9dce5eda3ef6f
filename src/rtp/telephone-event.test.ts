import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { EventReceiver, EventSender, eventOfDigit, writeEvent } from './telephone-event.ts'

interface Sent {
  readonly atMs: number
  readonly timestamp: number
  readonly bytes: Uint8Array
}

/** Everything the sender puts on the wire for these digits. */
function send(digits: string, lengthMs: number): Sent[] {
  const sender = new EventSender()
  const out: Sent[] = []
  let nowMs = 0
  for (const digit of digits) {
    sender.start(eventOfDigit(digit)!, lengthMs, nowMs)
    const timestamp = (4_294_900_000 + nowMs * 8) >>> 0
    while (!sender.idle) {
      const step = sender.step(nowMs)
      if (step === 'first' || step === 'update' || step === 'end') {
        const bytes = new Uint8Array(4)
        writeEvent(bytes, 0, sender.event, step === 'end', sender.elapsedMs * 8)
        out.push({ atMs: nowMs, timestamp, bytes })
      }
      if (step !== 'idle') nowMs += 20
    }
  }
  return out
}

test('RFC 4733 §2.5: one timestamp, growing durations, three end packets', () => {
  const sent = send('5', 160)
  assert.deepEqual(new Set(sent.map((one) => one.timestamp)).size, 1)
  assert.deepEqual(
    sent.map((one) => [one.atMs, one.bytes[1]! >> 7, ((one.bytes[2]! << 8) | one.bytes[3]!) / 8]),
    [
      [0, 0, 20],
      [60, 0, 60],
      [120, 0, 120],
      [160, 1, 160],
      [180, 1, 160],
      [200, 1, 160],
    ],
  )
})

test('digits follow each other after at least 60 ms', () => {
  const sent = send('12', 100)
  const second = sent.find((one) => one.timestamp !== sent[0]!.timestamp)!
  assert.ok(second.atMs >= 160)
})

test('ten thousand digits at 10 % loss, 5 % double and 5 % reordered arrive once each', () => {
  const chance = seededChance(4733)
  let digits = ''
  for (let i = 0; i < 10_000; i++) digits += '0123456789*#ABCD'[Math.floor(chance.uniform() * 16)]
  const arrivals: Sent[] = []
  for (const one of send(digits, 100)) {
    if (chance.uniform() < 0.1) continue
    arrivals.push(chance.uniform() < 0.05 ? { ...one, atMs: one.atMs + 35 } : one)
    if (chance.uniform() < 0.05) arrivals.push({ ...one, atMs: one.atMs + 1 })
  }
  arrivals.sort((a, b) => a.atMs - b.atMs)
  let heard = ''
  const receiver = new EventReceiver(8000, (digit) => {
    heard += digit
  })
  for (const one of arrivals) {
    receiver.expire(one.atMs)
    receiver.receive(one.timestamp, one.bytes, 0, 4, one.atMs)
  }
  receiver.expire(Number.POSITIVE_INFINITY)
  // A digit is lost only when all of its six packets are: at 10 % that is one in a million.
  assert.equal(heard.length, digits.length)
  assert.equal(heard, digits)
})

test('a digit whose end is lost ends by silence, and one whose beginning is lost still counts', () => {
  const heard: string[] = []
  const receiver = new EventReceiver(8000, (digit, ms) => heard.push(`${digit}/${ms}`))
  const packet = (event: number, end: boolean, ms: number) => {
    const bytes = new Uint8Array(4)
    writeEvent(bytes, 0, event, end, ms * 8)
    return bytes
  }
  receiver.receive(1000, packet(1, false, 60), 0, 4, 0)
  receiver.expire(100)
  assert.deepEqual(heard, [])
  receiver.expire(130)
  receiver.receive(1000, packet(1, true, 80), 0, 4, 140)
  receiver.receive(9000, packet(2, true, 90), 0, 4, 1000)
  receiver.receive(9000, packet(2, true, 90), 0, 4, 1020)
  assert.deepEqual(heard, ['1/60', '2/90'])
})

test('a digit longer than 8 s goes on in segments and stays one digit', () => {
  const heard: string[] = []
  const receiver = new EventReceiver(8000, (digit, ms) => heard.push(`${digit}/${ms}`))
  const bytes = new Uint8Array(4)
  writeEvent(bytes, 0, 3, false, 0xffff)
  receiver.receive(500, bytes, 0, 4, 0)
  writeEvent(bytes, 0, 3, true, 8000)
  receiver.receive(500 + 0xffff, bytes, 0, 4, 50)
  assert.deepEqual(heard, ['3/9192'])
})

test('events that are no digits, and short payloads, are ignored', () => {
  const receiver = new EventReceiver(8000, () => assert.fail())
  receiver.receive(1, Uint8Array.from([99, 0x80, 1, 0]), 0, 4, 0)
  receiver.receive(1, Uint8Array.from([1, 0x80, 1]), 0, 3, 0)
  receiver.expire(1e9)
})
