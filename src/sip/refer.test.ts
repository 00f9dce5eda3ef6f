import assert from 'node:assert/strict'
import { test } from 'node:test'
import { field, SipRequest } from './message.ts'
import { readEvent, readReferTo, readSipfrag, readSubscriptionState, writeSipfrag } from './refer.ts'
import { readReplaces, writeReplaces } from './replaces.ts'

function refer(...values: string[]): SipRequest {
  return new SipRequest(
    'REFER',
    'sip:us@host',
    values.map((value) => field('Refer-To', value)),
  )
}

test('RFC 3515 §2.4.1: one Refer-To and no more; only INVITE is followed', () => {
  const plain = readReferTo(refer('<sip:bob@biloxi.example.com>'))
  assert.ok(plain.ok)
  assert.deepEqual(plain.value, { uri: 'sip:bob@biloxi.example.com', headers: [], replaces: null })
  const status = (request: SipRequest): number | null => {
    const read = readReferTo(request)
    return read.ok ? null : read.error.status
  }
  assert.equal(status(refer()), 400)
  assert.equal(status(refer('<sip:a@b>', '<sip:c@d>')), 400)
  assert.equal(status(refer('<sip:a@b>, <sip:c@d>')), 400)
  assert.equal(status(refer('<sip:a@b;method=SUBSCRIBE>')), 403)
  assert.equal(status(refer('<http://a.example/>')), 416)
  const invite = readReferTo(refer('<sip:a@b;method=INVITE;transport=tcp>'))
  assert.equal(invite.ok && invite.value.uri, 'sip:a@b;transport=tcp')
})

test('RFC 3261 §19.1.5: of the headers in a Refer-To URI only those on the list are taken, and no line break', () => {
  const read = readReferTo(
    refer(
      '<sip:bob@b.example?X-Ticket=42&User-to-User=00AB%3Bencoding%3Dhex&From=%3Csip:evil%40x%3E&Route=%3Csip:e%3E&X-Bad=a%0D%0AVia:%20x>',
    ),
  )
  assert.ok(read.ok)
  assert.equal(read.value.uri, 'sip:bob@b.example')
  assert.deepEqual(
    read.value.headers.map((one) => [one.id, one.value]),
    [
      ['x-ticket', '42'],
      ['user-to-user', '00AB;encoding=hex'],
    ],
  )
})

test('RFC 3891 §3: an escaped Replaces is read whole; a broken one refuses the REFER', () => {
  const read = readReferTo(
    refer('<sip:bob@b.example?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994>'),
  )
  assert.ok(read.ok)
  assert.deepEqual(read.value.replaces, {
    callId: '12345@192.168.118.3',
    toTag: '12345',
    fromTag: '5FFE-3994',
    earlyOnly: false,
  })
  assert.equal(readReferTo(refer('<sip:b@c?Replaces=12345%3Bto-tag%3D1>')).ok, false)
})

test('Replaces reads what it writes, and nothing half', () => {
  const one = { callId: '98732@sip.example.com', toTag: 'r33th4x0r', fromTag: 'ff87ff', earlyOnly: true }
  assert.deepEqual(readReplaces(writeReplaces(one)), one)
  assert.deepEqual(readReplaces('a ; from-tag=2 ;to-tag=1'), {
    callId: 'a',
    toTag: '1',
    fromTag: '2',
    earlyOnly: false,
  })
  for (const bad of [
    '',
    'a',
    'a;to-tag=1',
    'a;to-tag=1;from-tag',
    'a;to-tag=1;from-tag=2;to-tag=3',
    ';to-tag=1;from-tag=2',
  ])
    assert.equal(readReplaces(bad), null, bad)
})

test('sipfrag, Event and Subscription-State', () => {
  const request = new SipRequest(
    'NOTIFY',
    'sip:us@host',
    [field('Event', 'refer;id=93809824'), field('Subscription-State', 'terminated;reason=noresource')],
    writeSipfrag(603),
  )
  assert.equal(readSipfrag(request), 603)
  assert.deepEqual(readEvent(request), { name: 'refer', id: 93809824 })
  assert.deepEqual(readSubscriptionState(request), { terminated: true, expiresS: null })
  const active = new SipRequest('NOTIFY', 'sip:us@host', [
    field('o', 'Refer'),
    field('Subscription-State', 'active; expires=60'),
  ])
  assert.deepEqual(readEvent(active), { name: 'refer', id: null })
  assert.deepEqual(readSubscriptionState(active), { terminated: false, expiresS: 60 })
  assert.equal(readSipfrag(active), null)
})
