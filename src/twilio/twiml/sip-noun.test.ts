import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDocument } from './document.ts'
import { readSipUri } from './sip-noun.ts'
import type { SipNoun } from './verbs.ts'

function good(text: string): SipNoun {
  const { noun, findings } = readSipUri(text)
  assert.deepEqual(findings, [], text)
  assert.ok(noun !== null)
  return noun
}

function codes(text: string): readonly number[] {
  return readSipUri(text).findings.map(({ code }) => code)
}

test('SIP-01, SIP-10: the scheme may be missing, space around it is nothing', () => {
  assert.equal(good('\n kate@example.com \n').uri, 'sip:kate@example.com')
  assert.equal(good('SIP:kate@example.com:5080').uri, 'sip:kate@example.com:5080')
  assert.equal(good('+1415;npdi=yes@gw.example').uri, 'sip:+1415;npdi=yes@gw.example')
  assert.equal(good('sip:kate@[2001:db8::1]').host, '[2001:db8::1]')
  for (const bad of ['sips:kate@example.com', 'kate', '@example.com', 'sip:kate@', 'sip:ka te@example.com', '']) {
    assert.equal(readSipUri(bad).noun, null, bad)
    assert.deepEqual(codes(bad), [13243], bad)
  }
  assert.deepEqual(codes('kate@example.com:99999'), [13243])
})

test('SIP-02: the URI stays below 255 characters, its headers below 1024', () => {
  const uri = (length: number) => `sip:${'k'.repeat(length - 16)}@example.com`
  assert.equal(uri(254).length, 254)
  assert.ok(readSipUri(uri(254)).noun !== null)
  assert.ok(readSipUri(`${uri(254)}?x-a=${'b'.repeat(1_023 - 4)}`).noun !== null)
  assert.deepEqual(codes(uri(255)), [13243])
  assert.deepEqual(codes(`sip:kate@example.com?x-a=${'b'.repeat(1_024 - 4)}`), [13243])
})

test('SIP-03, SIP-04, SIP-05: transport in any case; region and edge stay out of the URI', () => {
  const noun = good('sip:kate@example.com;transport=TLS;region=ie1;edge=dublin-ix;user=phone')
  assert.equal(noun.uri, 'sip:kate@example.com;transport=tls;user=phone')
  assert.deepEqual([noun.transport, noun.region, noun.edge], ['tls', 'ie1', 'dublin-ix'])
  assert.equal(good('kate@example.com').transport, 'udp')
  assert.deepEqual(codes('kate@example.com;transport=sctp'), [13243])
})

test('SIP-06, SIP-07, SIP-08: headers are decoded once, in order, repeated ones too', () => {
  const { headers } = good(
    'sip:kate@example.com?x-mycustomheader=foo&X-Title=Title%3DManager%2C%3B&User-to-User=123456789%3Bencoding%3Dhex' +
      '&x-a=1+1&x-a=2&x-mail=a@b&remote-party-id=%22K%22',
  )
  assert.deepEqual(headers, [
    { name: 'x-mycustomheader', value: 'foo' },
    { name: 'X-Title', value: 'Title=Manager,;' },
    { name: 'User-to-User', value: '123456789;encoding=hex' },
    { name: 'x-a', value: '1+1' },
    { name: 'x-a', value: '2' },
    { name: 'x-mail', value: 'a@b' },
    { name: 'remote-party-id', value: '"K"' },
  ])
})

test('SIP-06, SIP-07: headers that may not be set, or break a line, are left out', () => {
  const { noun, findings } = readSipUri('kate@example.com?Subject=hi&x-a=1%0d%0aRoute:%20x&x-b=%zz&x%20c=1&x-d=ok')
  assert.deepEqual(noun?.headers, [{ name: 'x-d', value: 'ok' }])
  assert.deepEqual(
    findings.map(({ code }) => code),
    [13252, 13252, 13252, 13252],
  )
})

test('SIP-09: what is partly bad is used as far as it goes', () => {
  const { noun, findings } = readSipUri('sip:kate@example.com;region=mars1;b<d;ok=1?x-a')
  assert.equal(noun?.uri, 'sip:kate@example.com;ok=1')
  assert.deepEqual(
    findings.map(({ code }) => code),
    [32110, 32110, 32110],
  )
})

test('SIP-11: Uri children are tried by priority, then weight, with their own credentials and common headers', () => {
  const document = readDocument(
    `<Response><Dial><Sip username="all" password="s">
       <Uri priority="2">c@example.com</Uri>
       <Uri priority="1" weight="9" username="own" password="p">b@example.com</Uri>
       <Uri priority="1" weight="1">a@example.com?x-a=1</Uri>
       <Headers><Header name="x-h" value="v"/><Header name="Via" value="no"/></Headers>
     </Sip></Dial></Response>`,
    'main',
  )
  assert.ok(document.ok)
  const [dial] = document.value.verbs
  assert.ok(dial?.type === 'dial' && dial.to.type === 'endpoints' && dial.to.endpoints[0]?.type === 'sip')
  assert.deepEqual(
    dial.to.endpoints[0].uris.map(({ uri, username, headers }) => [uri, username, headers.map(({ name }) => name)]),
    [
      ['sip:a@example.com', 'all', ['x-a', 'x-h']],
      ['sip:b@example.com', 'own', ['x-h']],
      ['sip:c@example.com', 'all', ['x-h']],
    ],
  )
  assert.deepEqual(
    document.value.warnings.map(({ code }) => code),
    [13252],
  )
})
