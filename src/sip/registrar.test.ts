import assert from 'node:assert/strict'
import { test } from 'node:test'
import { field, SipRequest } from './message.ts'
import { Registrar } from './registrar.ts'
import type { Flow } from './transport.ts'

const flow = (id = 'udp:0:192.0.2.1:5060'): Flow => ({
  id,
  kind: 'udp',
  local: { host: '127.0.0.1', port: 5060 },
  remote: { host: '192.0.2.1', port: 40_000 },
})

function setUp() {
  const registrar = new Registrar()
  let cseq = 0
  const send = (
    contacts: string[],
    over: { expires?: string; cseq?: number; callId?: string; flow?: Flow; nowMs?: number } = {},
  ) => {
    cseq = over.cseq ?? cseq + 1
    const request = new SipRequest('REGISTER', 'sip:house', [
      field('Call-ID', over.callId ?? 'c1'),
      field('CSeq', `${cseq} REGISTER`),
      ...contacts.map((contact) => field('Contact', contact)),
      ...(over.expires === undefined ? [] : [field('Expires', over.expires)]),
    ])
    return registrar.register('alice', request, over.flow ?? flow(), over.nowMs ?? 0)
  }
  const users = (nowMs = 0) => registrar.bindings('alice', nowMs).map((binding) => binding.uri.text)
  return { registrar, send, users }
}

test('RFC 3261 §10.3: a binding is made, refreshed, told with its time left, and removed', () => {
  const { send, users, registrar } = setUp()
  const first = send(['<sip:a@10.0.0.1>;expires=120'])
  assert.deepEqual([first.status, first.headers[0]!.value], [200, '<sip:a@10.0.0.1>;expires=120'])
  assert.deepEqual(registrar.bindings('alice', 0)[0]!.target.address, { host: '192.0.2.1', port: 40_000 })
  assert.equal(send([], { nowMs: 20_000 }).headers[0]!.value, '<sip:a@10.0.0.1>;expires=100')
  assert.deepEqual(users(120_001), [])
  send(['<sip:a@10.0.0.1>', '<sip:b@10.0.0.1>;q=0.5'])
  assert.deepEqual(users(), ['sip:a@10.0.0.1', 'sip:b@10.0.0.1'])
  send(['<sip:a@10.0.0.1>;expires=0'])
  assert.deepEqual(users(), ['sip:b@10.0.0.1'])
  assert.equal(send(['*'], { expires: '0' }).status, 200)
  assert.equal(registrar.size, 0)
})

test('RFC 3261 §10.3: too brief is 423, out of order is 500, and neither changes anything', () => {
  const { send, users } = setUp()
  const brief = send(['<sip:a@10.0.0.1>', '<sip:b@10.0.0.1>;expires=5'])
  assert.deepEqual(
    [brief.status, brief.headers[0]!.name, brief.headers[0]!.value, users().length],
    [423, 'Min-Expires', '60', 0],
  )
  send(['<sip:a@10.0.0.1>'], { cseq: 9 })
  assert.equal(send(['<sip:a@10.0.0.1>;expires=0'], { cseq: 9 }).status, 500)
  assert.equal(send(['*'], { expires: '0', cseq: 3 }).status, 500)
  assert.deepEqual(users(), ['sip:a@10.0.0.1'])
  assert.equal(send(['<sip:a@10.0.0.1>;expires=0'], { cseq: 1, callId: 'after-a-restart' }).status, 200)
})

test('a record has a bound, and a closed stream takes its bindings along', () => {
  const { send, users, registrar } = setUp()
  for (let i = 0; i < 10; i++)
    assert.equal(send([`<sip:u${i}@10.0.0.1>`], { flow: flow(i < 3 ? 'tcp:1' : 'tcp:2') }).status, 200)
  assert.equal(send(['<sip:more@10.0.0.1>']).status, 403)
  registrar.dropFlow('tcp:1')
  assert.equal(users().length, 7)
})
