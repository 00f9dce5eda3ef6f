import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamFramer } from './framing.ts'

const message = (body: string, length = body.length) =>
  `OPTIONS sip:a@b SIP/2.0\r\nVia: x\r\nContent-Length: ${length}\r\n\r\n${body}`

test('RFC 3261 §18.3: messages come out whole however the stream is cut', () => {
  const text = Buffer.from(`${message('hello')}\r\n\r\n${message('')}\r\n${message('x'.repeat(300))}`)
  for (let size = 1; size < 60; size++) {
    const framer = new StreamFramer()
    const frames: string[] = []
    for (let at = 0; at < text.length; at += size) {
      for (const frame of framer.push(text.subarray(at, at + size)))
        frames.push(frame.type === 'message' ? `${frame.bytes.length}` : frame.type)
    }
    assert.deepEqual(frames, [
      String(message('hello').length),
      'ping',
      String(message('').length),
      String(message('x'.repeat(300)).length),
    ])
    assert.equal(framer.waiting, false)
  }
})

test('a stream without one usable Content-Length is broken for good', () => {
  for (const head of ['X: 1', 'l: 5\r\nContent-Length: 6', 'l: -1', 'l: 5x', 'l: 99999999']) {
    const framer = new StreamFramer()
    assert.deepEqual(
      framer.push(Buffer.from(`OPTIONS sip:a SIP/2.0\r\n${head}\r\n\r\n`)).map((frame) => frame.type),
      ['broken'],
      head,
    )
    assert.deepEqual(framer.push(Buffer.from(message(''))), [])
  }
})

test('a head that never ends is broken at the limit', () => {
  const framer = new StreamFramer()
  let frames: readonly { type: string }[] = []
  for (let i = 0; i < 70 && frames.length === 0; i++) frames = framer.push(Buffer.alloc(1_024, 65))
  assert.deepEqual(
    frames.map((frame) => frame.type),
    ['broken'],
  )
})
