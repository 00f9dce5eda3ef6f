import assert from 'node:assert/strict'
import { test } from 'node:test'
import { field, SipRequest } from './message.ts'
import { bodyParts, partType, writeMultipart } from './multipart.ts'

function message(contentType: string, body: Uint8Array): SipRequest {
  return new SipRequest('INVITE', 'sip:a@b', [field('Content-Type', contentType)], body)
}

test('RFC 2046 §5.1: what is written in parts is read in parts, octet for octet', () => {
  const xml = Buffer.from('<a>grün\r\n--not the boundary</a>', 'utf8')
  const { contentType, body } = writeMultipart(
    [
      { contentType: 'application/sdp', disposition: null, body: Buffer.from('v=0\r\n') },
      { contentType: 'application/rs-metadata+xml', disposition: 'recording-session', body: xml },
    ],
    'edge',
  )
  const parts = bodyParts(message(contentType, body))
  assert.deepEqual(parts.map(partType), ['application/sdp', 'application/rs-metadata+xml'])
  assert.equal(Buffer.from(parts[0]!.body).toString(), 'v=0\r\n')
  assert.equal(parts[1]!.disposition, 'recording-session')
  assert.deepEqual(Buffer.from(parts[1]!.body), xml)
})

test('a preamble, a quoted boundary and an epilogue are borne; a body without end or boundary gives what there is', () => {
  const text = 'hello\r\n--b c\r\nContent-type:text/plain\r\n\r\none\r\n--b c--\r\n--b c\r\n\r\nafter'
  const parts = bodyParts(message('multipart/mixed; boundary="b c"', Buffer.from(text)))
  assert.deepEqual(
    parts.map((part) => Buffer.from(part.body).toString()),
    ['one'],
  )
  assert.equal(bodyParts(message('multipart/mixed', Buffer.from(text))).length, 0)
  const cut = bodyParts(message('multipart/mixed;boundary=x', Buffer.from('--x\r\nContent-Type: a/b\r\n\r\ncut off')))
  assert.equal(Buffer.from(cut[0]!.body).toString(), 'cut off')
  assert.equal(bodyParts(message('application/sdp', Buffer.from('v=0')))[0]!.contentType, 'application/sdp')
})
