// The store's conduct on PostgreSQL. Runs when a server is reachable: HOOKSWITCH_TEST_DATABASE_URL, or the local default.
// Every test has a schema of its own and drops it.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import pg from 'pg'
import { openStore } from '../../src/storage/store.ts'
import { checkStore } from '../../src/storage/store-conduct.ts'
import { HandClock } from '../../src/testkit/clock.ts'

const CANDIDATES = process.env.HOOKSWITCH_TEST_DATABASE_URL
  ? [process.env.HOOKSWITCH_TEST_DATABASE_URL]
  : ['postgres://root@127.0.0.1:5432/test', 'postgres:///test?host=/var/run/postgresql&user=root']

async function reachable(): Promise<string | null> {
  for (const url of CANDIDATES) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 })
    try {
      await client.connect()
      await client.end()
      return url
    } catch {
      // The next one, then.
    }
  }
  return null
}

const url = await reachable()
if (url === null) {
  console.error(
    'SKIPPED: no PostgreSQL is reachable; the store was NOT tested on it. Set HOOKSWITCH_TEST_DATABASE_URL.',
  )
  test('the store on PostgreSQL', { skip: 'no PostgreSQL is reachable' }, () => {})
} else {
  checkStore('PostgreSQL', async () => {
    const schema = `hookswitch_test_${randomBytes(6).toString('hex')}`
    const opened = await openStore({ type: 'postgres', url, schema }, new HandClock())
    assert.ok(opened.ok, opened.ok ? '' : opened.error.reason)
    return {
      store: opened.value,
      done: async () => {
        await opened.value.close()
        const client = new pg.Client({ connectionString: url })
        await client.connect()
        await client.query(`drop schema ${schema} cascade`)
        await client.end()
      },
    }
  })

  test('PostgreSQL that cannot be reached is told as unavailable', async () => {
    const opened = await openStore({ type: 'postgres', url: 'postgres://root@127.0.0.1:1/test' }, new HandClock())
    assert.ok(!opened.ok)
    assert.equal(opened.error.type, 'unavailable')
  })
}
