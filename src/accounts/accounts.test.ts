import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { type AccountId, IdMaker } from '#base/ids.ts'
import { openStore } from '#storage/store.ts'
import { HandClock } from '#testkit/clock.ts'
import { contains, parseNetwork } from './cidr.ts'
import { applyDeclarations, declarations } from './config.ts'
import { newApiKey } from './keys.ts'
import { Register } from './register.ts'
import { Seal } from './seal.ts'

const account = 'a'.repeat(32) as AccountId

async function open() {
  const clock = new HandClock()
  const chance = seededChance(1)
  const ids = new IdMaker(clock, chance)
  const store = await openStore({ type: 'sqlite-in-process' }, clock)
  if (!store.ok) throw new Error(JSON.stringify(store.error))
  const seal = new Seal(chance.bytes(32), chance)
  const doors = { store: store.value, clock, ids, chance, seal }
  const register = new Register(doors)
  await register.load()
  return { register, doors, ids, chance, close: () => store.value.close() }
}

const yaml = {
  applications: [{ name: 'demo', dialect: 'telnyx', webhook_url: 'http://127.0.0.1:5000/webhook' }],
  numbers: [{ number: '+15550100', application: 'demo' }],
  trunks: [
    { name: 'wide', match: '^\\+', uri: 'sip:198.51.100.7', allow_from: ['198.51.100.0/24'] },
    { name: 'narrow', uri: 'sip:198.51.100.8', allow_from: ['198.51.100.8'] },
  ],
  users: [{ username: 'alice', password: 'secret' }],
}

test('declarations are applied, survive a restart, and applying them again changes nothing', async () => {
  const { register, doors, ids, close } = await open()
  assert.deepEqual(await applyDeclarations(register, account, declarations.parse(yaml), ids, 1), {
    ok: true,
    value: undefined,
  })
  const again = new Register(doors)
  await again.load()
  assert.equal(again.number('+15550100')?.application, register.applications(account)[0]?.id)
  assert.equal(again.number('15550100')?.number, '+15550100')
  assert.equal(again.user('alice')?.password, 'secret')
  await applyDeclarations(again, account, declarations.parse(yaml), ids, 999)
  assert.equal(again.applications(account)[0]?.updatedAtWallMs, 1)
  await close()
})

test('the longest matching network names the trunk', async () => {
  const { register, ids, close } = await open()
  await applyDeclarations(register, account, declarations.parse(yaml), ids, 1)
  assert.equal(register.trunkOfAddress('198.51.100.9')?.name, 'wide')
  assert.equal(register.trunkOfAddress('198.51.100.8')?.name, 'narrow')
  assert.equal(register.trunkOfAddress('203.0.113.1'), null)
  assert.deepEqual(
    register.trunksFor(account, '+1555').map((trunk) => trunk.name),
    ['wide'],
  )
  await close()
})

test('a bad declaration names its place in the file', async () => {
  const { register, ids, close } = await open()
  const bad = declarations.parse({ ...yaml, trunks: [{ name: 't', allow_from: ['nonsense'] }] })
  const result = await applyDeclarations(register, account, bad, ids, 1)
  assert.equal(!result.ok && 'pointer' in result.error && result.error.pointer, '/trunks/0/allow_from/0')
  assert.equal(declarations.safeParse({ aplications: [] }).success, false)
  await close()
})

test('SIPREC connectors are declared by name and URI; one made over an API keeps what only its language knows', async () => {
  const { register, ids, close } = await open()
  const extra = { app_subdomain: 'desk' }
  await register.book.add(account, 'siprec-connector', { name: 'old', host: '192.0.2.1', port: 5060, extra })
  const declared = declarations.parse({
    siprec_connectors: [
      { name: 'archive', uri: 'sip:recorder.example.com' },
      { name: 'vault', uri: 'sips:[2001:db8::9]' },
      { name: 'old', uri: 'sip:198.51.100.9:5070' },
    ],
  })
  for (const wallMs of [1, 2]) assert.ok((await applyDeclarations(register, account, declared, ids, wallMs)).ok)
  const kept = register.book.list(account, 'siprec-connector').map(({ fields }) => fields)
  assert.deepEqual(kept, [
    { name: 'old', host: '198.51.100.9', port: 5070, extra },
    { name: 'archive', host: 'recorder.example.com', port: 5060, extra: {} },
    { name: 'vault', host: '2001:db8::9', port: 5061, extra: {} },
  ])
  const bad = declarations.parse({ siprec_connectors: [{ name: 'archive', uri: 'sip:recorder.example.com:70000' }] })
  const result = await applyDeclarations(register, account, bad, ids, 3)
  assert.equal(!result.ok && 'pointer' in result.error && result.error.pointer, '/siprec_connectors/0/uri')
  assert.equal(
    declarations.safeParse({ siprec_connectors: [{ name: 'a', uri: 'http://recorder.example.com' }] }).success,
    false,
  )
  await close()
})

test('a key opens its account and no other text does', async () => {
  const { register, chance, close } = await open()
  const key = newApiKey(chance)
  await register.addApiKey(account, key, 'first')
  assert.equal(register.accountOfKey(key), account)
  assert.equal(register.accountOfKey(`${key}x`), null)
  await close()
})

test('networks of both families are understood, nonsense is not', () => {
  assert.equal(contains(parseNetwork('10.0.0.0/8')!, '10.9.9.9'), true)
  assert.equal(contains(parseNetwork('2001:db8::/32')!, '2001:db8::1'), true)
  assert.equal(parseNetwork('10.0.0.0/33'), null)
  assert.equal(parseNetwork('example.com'), null)
})

test('a trunk keeps every one of its addresses apart', () => {
  const { trunks } = declarations.parse({ trunks: [{ name: 'two', uri: ['sip:192.0.2.1', 'sip:192.0.2.2'] }] })
  assert.deepEqual(trunks[0]!.uri, ['sip:192.0.2.1', 'sip:192.0.2.2'])
})
