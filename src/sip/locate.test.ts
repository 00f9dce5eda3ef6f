// RFC 3263: transport, port and addresses of a URI, from its own words and from DNS.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { locate, type NaptrRecord, type Resolver, type SrvRecord } from './locate.ts'
import type { TransportKind } from './transport.ts'
import { parseUri, type SipUri } from './uri.ts'

interface Zone {
  readonly addresses?: Readonly<Record<string, readonly string[]>>
  readonly srv?: Readonly<Record<string, readonly SrvRecord[]>>
  readonly naptr?: Readonly<Record<string, readonly NaptrRecord[]>>
}

function resolverOf(zone: Zone, asked: string[] = []): Resolver {
  const look = async <T>(kind: string, list: Readonly<Record<string, readonly T[]>> | undefined, name: string) => {
    asked.push(`${kind} ${name}`)
    return list?.[name] ?? []
  }
  return {
    addresses: (host) => look('a', zone.addresses, host),
    srv: (name) => look('srv', zone.srv, name),
    naptr: (name) => look('naptr', zone.naptr, name),
  }
}

const ALL: ReadonlySet<TransportKind> = new Set(['udp', 'tcp', 'tls'])

async function targets(uri: string, zone: Zone, kinds = ALL, seed = 1, asked: string[] = []): Promise<string[]> {
  const parsed = parseUri(uri) as SipUri
  const found = await locate(parsed, resolverOf(zone, asked), seededChance(seed), kinds)
  return found.map(
    ({ kind, address, name }) => `${kind} ${address.host}:${address.port}${name === undefined ? '' : ` as ${name}`}`,
  )
}

const zone: Zone = {
  addresses: {
    'example.com': ['192.0.2.1'],
    'a.example.com': ['192.0.2.10', '192.0.2.11'],
    'b.example.com': ['192.0.2.20'],
    'plain.example': ['192.0.2.30'],
  },
  srv: {
    '_sip._udp.example.com': [
      { host: 'b.example.com', port: 5070, priority: 20, weight: 0 },
      { host: 'a.example.com', port: 5060, priority: 10, weight: 1 },
    ],
    '_sips._tcp.example.com': [{ host: 'a.example.com', port: 5061, priority: 0, weight: 0 }],
    '_sip._tcp.gone.example': [{ host: '.', port: 0, priority: 0, weight: 0 }],
  },
  naptr: {
    'example.com': [
      { service: 'SIP+D2U', flags: 's', replacement: '_sip._udp.example.com', order: 50, preference: 50 },
      { service: 'SIPS+D2T', flags: 'S', replacement: '_sips._tcp.example.com', order: 40, preference: 50 },
      { service: 'E2U+sip', flags: 'u', replacement: '', order: 1, preference: 1 },
    ],
  },
}

test('RFC 3263 §4.1: a numeric host is asked nothing, and the scheme decides the transport', async () => {
  const asked: string[] = []
  assert.deepEqual(await targets('sip:x@192.0.2.9', zone, ALL, 1, asked), ['udp 192.0.2.9:5060'])
  assert.deepEqual(await targets('sips:x@192.0.2.9', zone, ALL, 1, asked), ['tls 192.0.2.9:5061 as 192.0.2.9'])
  assert.deepEqual(await targets('sip:x@192.0.2.9;transport=TCP', zone, ALL, 1, asked), ['tcp 192.0.2.9:5060'])
  assert.deepEqual(await targets('sip:x@[2001:db8::1]:5080', zone, ALL, 1, asked), ['udp 2001:db8::1:5080'])
  assert.deepEqual(await targets('sip:x@localhost;transport=tls', zone, ALL, 1, asked), [
    'tls 127.0.0.1:5061 as localhost',
  ])
  assert.deepEqual(asked, [])
})

test('RFC 3263 §4.2: an explicit port asks for addresses only', async () => {
  const asked: string[] = []
  assert.deepEqual(await targets('sip:x@a.example.com:5080', zone, ALL, 1, asked), [
    'udp 192.0.2.10:5080',
    'udp 192.0.2.11:5080',
  ])
  assert.deepEqual(asked, ['a a.example.com'])
})

test('RFC 3263 §4.1: NAPTR chooses the transport, SRV the hosts, by order and priority', async () => {
  assert.deepEqual(await targets('sip:x@example.com', zone), [
    'tls 192.0.2.10:5061 as example.com',
    'tls 192.0.2.11:5061 as example.com',
    'udp 192.0.2.10:5060',
    'udp 192.0.2.11:5060',
    'udp 192.0.2.20:5070',
  ])
  // What we cannot speak is passed over.
  assert.deepEqual(await targets('sip:x@example.com', zone, new Set(['udp', 'tcp'])), [
    'udp 192.0.2.10:5060',
    'udp 192.0.2.11:5060',
    'udp 192.0.2.20:5070',
  ])
})

test('a named transport asks its own SRV; without SRV the default port is tried', async () => {
  const asked: string[] = []
  assert.deepEqual(await targets('sip:x@example.com;transport=udp', zone, ALL, 1, asked), [
    'udp 192.0.2.10:5060',
    'udp 192.0.2.11:5060',
    'udp 192.0.2.20:5070',
  ])
  assert.equal(asked[0], 'srv _sip._udp.example.com')
  assert.deepEqual(await targets('sips:x@plain.example', zone), ['tls 192.0.2.30:5061 as plain.example'])
  assert.deepEqual(await targets('sip:x@plain.example', zone), ['udp 192.0.2.30:5060'])
  assert.deepEqual(await targets('sip:x@nowhere.example', zone), [])
})

test('RFC 2782: a lone dot says that the service is not there', async () => {
  assert.deepEqual(await targets('sip:x@gone.example;transport=tcp', zone), [])
})

test('RFC 2782: among equals the weight decides how often each comes first', async () => {
  const records = [
    { host: 'a.example.com', port: 1, priority: 1, weight: 30 },
    { host: 'b.example.com', port: 2, priority: 1, weight: 10 },
  ]
  const weighted: Zone = {
    addresses: { 'a.example.com': ['192.0.2.1'], 'b.example.com': ['192.0.2.2'] },
    srv: { '_sip._udp.w.example': records },
  }
  let first = 0
  for (let seed = 1; seed <= 400; seed++) {
    const [best] = await targets('sip:w.example;transport=udp', weighted, ALL, seed * 7919)
    if (best === 'udp 192.0.2.1:1') first++
  }
  assert.ok(first > 250 && first < 350, `${first} of 400`)
})
