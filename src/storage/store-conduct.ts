// How every store behaves, told once and checked on each database: SQLite beside this file, PostgreSQL in test/interop/.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OutboxRow } from './schema.ts'
import { readFrom, type Store } from './store.ts'
import { deleteRow, insertRow, updateRow, upsertRow } from './write.ts'

/** Registers the tests. `open` gives a fresh, empty store each time. */
export function checkStore(name: string, open: () => Promise<{ store: Store; done: () => Promise<void> }>): void {
  const on = (sentence: string, body: (store: Store) => Promise<void>): void => {
    test(`${name}: ${sentence}`, async () => {
      const { store, done } = await open()
      try {
        await body(store)
      } finally {
        await done()
      }
    })
  }
  const setting = (key: string, value = '') => insertRow('settings', { name: key, value })
  const names = async (store: Store) =>
    (await store.db.selectFrom('settings').select('name').orderBy('name').execute()).map((row) => row.name)

  on('a commit that settled is seen by the next read', async (store) => {
    assert.ok((await store.commit([setting('a', 'one')])).ok)
    const read = await readFrom(() => store.db.selectFrom('settings').selectAll().execute())
    assert.ok(read.ok)
    assert.deepEqual(
      read.value.map((row) => ({ ...row })),
      [{ name: 'a', value: 'one' }],
    )
  })

  on('rows are replaced, changed and deleted by key', async (store) => {
    await store.commit([setting('a', '1'), setting('b', '1'), setting('c', '1')])
    const changed = await store.commit([
      upsertRow('settings', { name: 'a', value: '2' }),
      updateRow('settings', { name: 'b' }, { value: '3' }),
      deleteRow('settings', { name: 'c' }),
      upsertRow('settings', { name: 'd', value: '4' }),
    ])
    assert.ok(changed.ok)
    const rows = await store.db.selectFrom('settings').selectAll().orderBy('name').execute()
    assert.deepEqual(
      rows.map((row) => row.name + row.value),
      ['a2', 'b3', 'd4'],
    )
  })

  on('a unit that fails leaves nothing of itself and takes nobody of its group with it', async (store) => {
    await store.commit([setting('taken')])
    const results = await Promise.all([
      store.commit([setting('before')]),
      store.commit([setting('half'), setting('taken')]),
      store.commit([{ sql: 'insert into "no_such_table" values (1)', parameters: [] }]),
      store.commit([setting('after')]),
    ])
    assert.deepEqual(
      results.map((result) => (result.ok ? 'ok' : result.error.type)),
      ['ok', 'conflict', 'refused', 'ok'],
    )
    assert.deepEqual(await names(store), ['after', 'before', 'taken'])
    assert.equal(store.health.ok, true)
  })

  on('units of one group are applied in the order they were handed over', async (store) => {
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => store.commit([upsertRow('settings', { name: 'x', value: `${i}` })])),
    )
    const row = await store.db.selectFrom('settings').selectAll().executeTakeFirst()
    assert.equal(row?.value, '199')
    assert.ok(store.stats.groups < 200, 'they were grouped')
  })

  on('whole numbers beyond 32 bits and nulls come back as they went in', async (store) => {
    const row: OutboxRow = {
      id: 'e1',
      seq: 2 ** 40 + 1,
      lane: 'l',
      lane_seq: 1,
      account_id: 'a',
      application_id: null,
      language: 'telnyx',
      event_type: 'call.initiated',
      state: 'pending',
      attempt: 0,
      created_at_ms: 1_767_225_600_123,
      next_at_ms: 1_767_225_600_123,
      finished_at_ms: null,
      plan: '{}',
      body: '{"text":"Grüße, 電話 \\u0000 $1 ?"}',
    }
    assert.ok((await store.commit([insertRow('outbox', row)])).ok)
    assert.deepEqual({ ...(await store.db.selectFrom('outbox').selectAll().executeTakeFirstOrThrow()) }, row)
  })

  on('a statement compiled by kysely can be part of a unit', async (store) => {
    await store.commit([setting('a'), setting('b')])
    const { sql, parameters } = store.db.deleteFrom('settings').where('name', '>', 'a').compile()
    assert.ok((await store.commit([{ sql, parameters: parameters as string[] }])).ok)
    assert.deepEqual(await names(store), ['a'])
  })

  on('a wrong read is a value, not an exception', async (store) => {
    const read = await readFrom(() =>
      store.db
        .selectFrom('nowhere' as 'settings')
        .selectAll()
        .execute(),
    )
    assert.equal(read.ok, false)
  })

  on('a closed store refuses work', async (store) => {
    await store.close()
    const refused = await store.commit([setting('a')])
    assert.equal(refused.ok, false)
  })
}
