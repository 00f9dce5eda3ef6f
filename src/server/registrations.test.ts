import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Register } from '#accounts/register.ts'
import { silentLog } from '#base/log.ts'
import { field, noBody, SipRequest } from '#sip/message.ts'
import { Registrar } from '#sip/registrar.ts'
import type { Flow } from '#sip/transport.ts'
import { openStore, type Store } from '#storage/store.ts'
import { HandClock } from '#testkit/clock.ts'
import { keepRegistrations } from './registrations.ts'

const register = {
  user: (name: string) => (name === 'gone' ? null : { account: 'acc', username: name }),
  domain: (name: string) =>
    name === 'office.test' ? { account: 'acc', members: (user: string) => (user === 'kate' ? 'ha1' : null) } : null,
} as unknown as Register

function flow(port: number, kind: 'udp' | 'tcp' = 'udp'): Flow {
  const local = { host: '127.0.0.1', port: 5060 }
  return { id: `${kind}:0:127.0.0.1:${port}`, kind, local, remote: { host: '127.0.0.1', port } }
}

let sequence = 0
function login(contact: string, expires = 600): SipRequest {
  return new SipRequest(
    'REGISTER',
    'sip:house',
    [
      field('From', '<sip:u@house>;tag=1'),
      field('To', '<sip:u@house>'),
      field('Call-ID', 'one'),
      field('CSeq', `${++sequence} REGISTER`),
      field('Contact', `<${contact}>`),
      field('Expires', String(expires)),
    ],
    noBody,
  )
}

async function switchOn(store: Store, clock: HandClock): Promise<Registrar> {
  const registrar = new Registrar()
  await keepRegistrations({ registrar, register, store, clock, log: silentLog })
  return registrar
}

async function opened(clock: HandClock): Promise<Store> {
  const store = await openStore({ type: 'sqlite', path: ':memory:' }, clock)
  assert.ok(store.ok)
  return store.value
}

const where = (registrar: Registrar, user: string, clock: HandClock): string[] =>
  registrar.bindings(user, clock.nowMs()).map((one) => `${one.uri.text} at ${one.target.address.port}`)

test('a telephone is reached after a restart where it registered, for as long as it was granted', async () => {
  const clock = new HandClock()
  const store = await opened(clock)
  const first = await switchOn(store, clock)
  first.register('alice', login('sip:alice@10.0.0.1'), flow(5070), clock.nowMs())
  first.register('alice', login('sip:alice@10.0.0.2'), flow(5071), clock.nowMs())
  first.register('bob', login('sip:bob@10.0.0.3'), flow(5072, 'tcp'), clock.nowMs())
  first.register('gone', login('sip:gone@10.0.0.4'), flow(5073), clock.nowMs())
  await store.commit([])
  const second = await switchOn(store, clock)
  assert.deepEqual(where(second, 'alice', clock), ['sip:alice@10.0.0.1 at 5070', 'sip:alice@10.0.0.2 at 5071'])
  assert.deepEqual(where(second, 'bob', clock), [], 'a stream died with its process')
  assert.equal(second.bindings('alice', clock.nowMs() + 601_000).length, 0)
  await store.close()
})

test('a move to another port and a logout are kept too', async () => {
  const clock = new HandClock()
  const store = await opened(clock)
  const first = await switchOn(store, clock)
  first.register('alice', login('sip:alice@10.0.0.1'), flow(5070), clock.nowMs())
  first.register('alice', login('sip:alice@10.0.0.1'), flow(5099), clock.nowMs())
  first.register('bob', login('sip:bob@10.0.0.2'), flow(5071), clock.nowMs())
  first.register('bob', login('sip:bob@10.0.0.2', 0), flow(5071), clock.nowMs())
  await store.commit([])
  const second = await switchOn(store, clock)
  assert.deepEqual(where(second, 'alice', clock), ['sip:alice@10.0.0.1 at 5099'])
  assert.deepEqual(where(second, 'bob', clock), [])
  await store.close()
})

test('so are those at a SIP domain, as long as it has them for members', async () => {
  const clock = new HandClock()
  const store = await opened(clock)
  const first = await switchOn(store, clock)
  first.register('kate@office.test', login('sip:kate@10.0.0.1'), flow(5070), clock.nowMs())
  first.register('left@office.test', login('sip:left@10.0.0.2'), flow(5071), clock.nowMs())
  first.register('kate@sold.test', login('sip:kate@10.0.0.3'), flow(5072), clock.nowMs())
  await store.commit([])
  const second = await switchOn(store, clock)
  assert.deepEqual(where(second, 'kate@office.test', clock), ['sip:kate@10.0.0.1 at 5070'])
  assert.deepEqual(where(second, 'left@office.test', clock), [])
  assert.deepEqual(where(second, 'kate@sold.test', clock), [])
  await store.close()
})
