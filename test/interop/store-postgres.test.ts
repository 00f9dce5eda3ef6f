// The store's conduct on PostgreSQL. Runs when a server is reachable: HOOKSWITCH_TEST_DATABASE_URL, or the local default.
// Every test has a schema of its own and drops it.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import pg from 'pg'
import { seededChance } from '../../src/base/chance.ts'
import { silentLog } from '../../src/base/log.ts'
import { ok } from '../../src/base/result.ts'
import { RealClock } from '../../src/net/clock.ts'
import { openStore } from '../../src/storage/store.ts'
import { checkStore } from '../../src/storage/store-conduct.ts'
import { HandClock } from '../../src/testkit/clock.ts'
import { deadLetters } from '../../src/webhooks/dead-letters.ts'
import { Dispatcher } from '../../src/webhooks/dispatcher.ts'
import { reachablePostgres } from './postgres.ts'

const url = await reachablePostgres()
if (url === null) {
  console.error(
    'SKIPPED: no PostgreSQL is reachable; the store was NOT tested on it. Set HOOKSWITCH_TEST_DATABASE_URL.',
  )
  test('the store on PostgreSQL', { skip: 'no PostgreSQL is reachable' }, () => {})
} else {
  const open = async () => {
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
  }

  checkStore('PostgreSQL', open)

  test('the outbox lives on PostgreSQL: delivery, restart, dead letters, replay, purge', async () => {
    const { store, done } = await open()
    const told: string[] = []
    let status = 404
    const life = async () => {
      const dispatcher = new Dispatcher({
        store,
        clock: new RealClock(),
        chance: seededChance(1),
        log: silentLog,
        http: {
          request: async ({ url }) => {
            told.push(url)
            return ok({ status, headers: {}, body: new Uint8Array(0), truncated: false, url })
          },
        },
        languages: {
          testing: {
            render: (row, method, attempt) => ({
              method,
              url: `${row.id}#${attempt}`,
              headers: {},
              body: new Uint8Array(0),
            }),
            sign: () => ({}),
          },
        },
      })
      const recovered = await dispatcher.recover()
      assert.ok(recovered.ok)
      return { dispatcher, recovered: recovered.value }
    }
    const quiet = async (dispatcher: Dispatcher): Promise<void> => {
      while (dispatcher.stats().pending > 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const prepare = (dispatcher: Dispatcher, id: string) =>
      dispatcher.prepare({
        id,
        lane: 'lane',
        sequence: 1,
        account: 'acc',
        application: 'app',
        language: 'testing',
        eventType: 'x',
        primary: 'http://app.example/',
        failover: null,
        method: 'POST',
        timeoutMs: null,
        retryDelaysMs: null,
        body: '',
      })

    const first = await life()
    const dead = prepare(first.dispatcher, 'dead')
    await store.commit(dead.writes)
    dead.committed()
    await quiet(first.dispatcher)
    await first.dispatcher.close()
    // Committed, and the process was gone before it could tell anybody.
    await store.commit([...prepare(first.dispatcher, 'p1').writes, ...prepare(first.dispatcher, 'p2').writes])

    status = 200
    const second = await life()
    assert.equal(second.recovered, 2)
    await quiet(second.dispatcher)
    const letters = await deadLetters(store, { account: 'acc', limit: 10 })
    assert.deepEqual(letters.ok && letters.value.map((row) => row.id), ['dead'])
    assert.deepEqual(await second.dispatcher.replayApplication('app'), ok(1))
    await quiet(second.dispatcher)
    assert.deepEqual(told, ['dead#1', 'p1#1', 'p2#1', 'dead#2'])
    await second.dispatcher.close()
    assert.deepEqual(await second.dispatcher.purge('delivered', Date.now() + 1_000), ok(3))
    assert.equal((await store.db.selectFrom('deliveries').selectAll().execute()).length, 0)
    await done()
  })

  test('PostgreSQL that cannot be reached is told as unavailable', async () => {
    const opened = await openStore({ type: 'postgres', url: 'postgres://root@127.0.0.1:1/test' }, new HandClock())
    assert.ok(!opened.ok)
    assert.equal(opened.error.type, 'unavailable')
  })
}
