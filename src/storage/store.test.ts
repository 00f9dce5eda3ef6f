import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { ok } from '#base/result.ts'
import { HandClock } from '#testkit/clock.ts'
import type { Backend, StoreError, Unit } from './backend.ts'
import type { Migration } from './migration.ts'
import { openStore, readFrom, Store } from './store.ts'
import { checkStore } from './store-conduct.ts'
import { insertRow } from './write.ts'

checkStore('SQLite in this thread', async () => {
  const opened = await openStore({ type: 'sqlite-in-process' }, new HandClock())
  assert.ok(opened.ok)
  return { store: opened.value, done: () => opened.value.close() }
})

checkStore('SQLite in a thread of its own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookswitch-store-'))
  const opened = await openStore({ type: 'sqlite', path: join(folder, 'test.db') }, new HandClock())
  assert.ok(opened.ok)
  return {
    store: opened.value,
    done: async () => {
      await opened.value.close()
      rmSync(folder, { recursive: true })
    },
  }
})

test('a file is opened with write-ahead log and full sync, and keeps its rows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookswitch-store-'))
  const path = join(folder, 'test.db')
  for (const round of ['first', 'second']) {
    const opened = await openStore({ type: 'sqlite', path }, new HandClock())
    assert.ok(opened.ok)
    const committed = await opened.value.commit([insertRow('settings', { name: round, value: 'x' })])
    assert.ok(committed.ok)
    await opened.value.close()
  }
  assert.equal(statSync(path).mode & 0o777, 0o600, 'nobody else reads it')
  const plain = new DatabaseSync(path)
  assert.equal(plain.prepare('pragma journal_mode').get()?.journal_mode, 'wal')
  assert.equal(plain.prepare('select count(*) as n from settings').get()?.n, 2)
  plain.close()
  rmSync(folder, { recursive: true })
})

test('the database of another program is refused and left alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookswitch-store-'))
  const path = join(folder, 'other.db')
  const plain = new DatabaseSync(path)
  plain.exec('create table theirs (a)')
  plain.close()
  const opened = await openStore({ type: 'sqlite', path }, new HandClock())
  assert.ok(!opened.ok)
  assert.match(opened.error.reason, /another program/)
  rmSync(folder, { recursive: true })
})

test('a file that is no database, and a folder that is not there, are refused as values', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookswitch-store-'))
  const junk = join(folder, 'junk.db')
  const { writeFileSync } = await import('node:fs')
  writeFileSync(junk, 'this is not a database, by a long way, and longer than a header is: '.repeat(20))
  for (const path of [junk, join(folder, 'nowhere', 'test.db')]) {
    const opened = await openStore({ type: 'sqlite', path }, new HandClock())
    assert.ok(!opened.ok)
    assert.equal(opened.error.type, 'unavailable')
  }
  rmSync(folder, { recursive: true })
})

test('a migration that fails half-way leaves the database as it was', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookswitch-store-'))
  const path = join(folder, 'test.db')
  const good: Migration = {
    name: '0001-good',
    up: (schema) => [schema.createTable('one').addColumn('a', 'text')],
  }
  const bad: Migration = {
    name: '0002-bad',
    up: (schema) => [
      schema.createTable('two').addColumn('a', 'text'),
      schema.createTable('one').addColumn('a', 'text'),
    ],
  }
  const opened = await openStore({ type: 'sqlite', path }, new HandClock(), [good, bad])
  assert.ok(!opened.ok)
  const plain = new DatabaseSync(path)
  const tables = plain.prepare("select name from sqlite_schema where type = 'table' order by name").all()
  assert.deepEqual(
    tables.map((row) => row.name),
    ['one', 'schema_versions'],
  )
  plain.close()
  const newer = await openStore({ type: 'sqlite', path }, new HandClock(), [])
  assert.ok(!newer.ok)
  assert.match(newer.error.reason, /newer version/)
  rmSync(folder, { recursive: true })
})

/** A backend whose commits the test lets through one by one. */
function gatedBackend() {
  const groups: Unit[][] = []
  const gates: ((outcomes?: (StoreError | null)[]) => void)[] = []
  const backend: Backend = {
    kind: 'sqlite',
    gatherMs: 0,
    commit: (units) =>
      new Promise((resolve) => {
        groups.push([...units])
        gates.push((outcomes) => resolve(outcomes ?? units.map(() => null)))
      }),
    query: async () => ok({ rows: [], changes: 0 }),
    probe: async () => probed,
    close: async () => {},
  }
  let probed: StoreError | null = null
  return { backend, groups, gates, setProbe: (value: StoreError | null) => (probed = value) }
}

const write = (name: string) => [insertRow('settings', { name, value: '' })]
const nameOf = (unit: Unit) => unit[0]?.parameters[0]
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('everything handed over while a commit runs goes into one next transaction, in order', async () => {
  const { backend, groups, gates } = gatedBackend()
  const store = new Store(backend, new HandClock())
  const settled: string[] = []
  const commit = (name: string) => void store.commit(write(name)).then(() => settled.push(name))
  commit('a')
  await turn()
  for (const name of ['b', 'c', 'd']) commit(name)
  await turn()
  assert.deepEqual(
    groups.map((group) => group.map(nameOf)),
    [['a']],
  )
  assert.deepEqual(settled, [])
  gates[0]!()
  await turn()
  assert.deepEqual(
    groups.map((group) => group.map(nameOf)),
    [['a'], ['b', 'c', 'd']],
  )
  assert.deepEqual(settled, ['a'])
  gates[1]!()
  await turn()
  assert.deepEqual(settled, ['a', 'b', 'c', 'd'])
})

test('a database that is away makes the store unwell until a probe or a write succeeds', async () => {
  const clock = new HandClock()
  const { backend, gates, setProbe } = gatedBackend()
  const store = new Store(backend, clock)
  const away: StoreError = { type: 'unavailable', reason: 'database or disk is full' }
  const first = store.commit(write('a'))
  await turn()
  setProbe(away)
  gates[0]!([away])
  assert.deepEqual(await first, { ok: false, error: away })
  assert.deepEqual(store.health, { ok: false, reason: 'database or disk is full' })
  await clock.advance(5_000)
  assert.equal(store.health.ok, false)
  setProbe(null)
  await clock.advance(1_000)
  assert.equal(store.health.ok, true)
  assert.equal(clock.waiting, 0)
})

test('a full disk is told as unavailable, and writing works again once there is room', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookswitch-store-'))
  const clock = new HandClock()
  const opened = await openStore({ type: 'sqlite-in-process', path: join(folder, 'test.db') }, clock)
  assert.ok(opened.ok)
  const store = opened.value
  // SQLite's own page limit fails with the same code as a full disk does.
  const limited = await readFrom(() =>
    store.db.executeQuery({ sql: 'pragma max_page_count = 1', parameters: [] } as never),
  )
  assert.ok(limited.ok)
  const big = await store.commit([insertRow('settings', { name: 'big', value: 'x'.repeat(200_000) })])
  assert.ok(!big.ok)
  assert.equal(big.error.type, 'unavailable')
  assert.equal(store.health.ok, false)
  await readFrom(() => store.db.executeQuery({ sql: 'pragma max_page_count = 100000', parameters: [] } as never))
  await clock.advance(1_500)
  assert.equal(store.health.ok, true)
  assert.ok((await store.commit([insertRow('settings', { name: 'big', value: 'x'.repeat(200_000) })])).ok)
  await store.close()
  rmSync(folder, { recursive: true })
})
