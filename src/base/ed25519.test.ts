import assert from 'node:assert/strict'
import { test } from 'node:test'
import Telnyx from 'telnyx'
import { makeEd25519Key, readEd25519Key } from './ed25519.ts'

const BODY = JSON.stringify({
  data: { record_type: 'event', event_type: 'call.initiated', id: '1', payload: { from: 'Grüße 電話' } },
})

function signed(body: string, timestamp: number, privateKey: string) {
  const signer = readEd25519Key(privateKey)
  assert.ok(signer.ok)
  return {
    'telnyx-timestamp': String(timestamp),
    'telnyx-signature-ed25519': signer.value.sign(timestamp, Buffer.from(body)),
  }
}

test('telnyx-voice §9.4: the official verifier takes our signature and no other body, time or key', async () => {
  const key = makeEd25519Key()
  const client = new Telnyx({ apiKey: 'KEY', publicKey: key.publicKey })
  const nowSeconds = Math.floor(Date.now() / 1000)
  const headers = signed(BODY, nowSeconds, key.privateKey)
  const event = await client.webhooks.unwrap(BODY, { headers })
  assert.equal((event as { data?: { event_type?: string } }).data?.event_type, 'call.initiated')
  const refused = [
    [BODY.replace('call.initiated', 'call.hangup'), headers],
    [BODY, { ...headers, 'telnyx-timestamp': String(nowSeconds + 1) }],
    [BODY, signed(BODY, nowSeconds, makeEd25519Key().privateKey)],
    [BODY, signed(BODY, nowSeconds - 301, key.privateKey)],
  ] as const
  for (const [body, bad] of refused) {
    await assert.rejects(async () => client.webhooks.unwrap(body, { headers: bad }))
  }
})

test('a key has the documented shape and reads back', () => {
  const key = makeEd25519Key()
  assert.equal(key.publicKey.length, 44)
  assert.equal(Buffer.from(key.publicKey, 'base64').length, 32)
  const read = readEd25519Key(key.privateKey)
  assert.ok(read.ok)
  assert.equal(read.value.publicKey, key.publicKey)
  assert.equal(Buffer.from(read.value.sign(1, Buffer.from('')), 'base64').length, 64)
  assert.equal(readEd25519Key('short').ok, false)
})

test('RFC 8032 §7.1: the public key follows from the seed as in test 1', () => {
  const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
  const read = readEd25519Key(seed.toString('base64'))
  assert.ok(read.ok)
  assert.equal(
    Buffer.from(read.value.publicKey, 'base64').toString('hex'),
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  )
})
