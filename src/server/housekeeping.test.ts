import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MediaLibrary } from '#accounts/media-library.ts'
import { seededChance } from '#base/chance.ts'
import { type AccountId, IdMaker } from '#base/ids.ts'
import { silentLog } from '#base/log.ts'
import { ok } from '#base/result.ts'
import { openStore } from '#storage/store.ts'
import { insertRow } from '#storage/write.ts'
import { HandClock } from '#testkit/clock.ts'
import { MemoryDisk } from '#testkit/disk.ts'
import { Dispatcher } from '#webhooks/dispatcher.ts'
import { KEEP_DEAD_MS, KEEP_DELIVERED_MS, keepHouse } from './housekeeping.ts'

test('what is past its time is removed and nothing else', async () => {
  const clock = new HandClock()
  const opened = await openStore({ type: 'sqlite-in-process' }, clock)
  assert.ok(opened.ok)
  const store = opened.value
  let status = 200
  const http = { request: async () => ok({ status, headers: {}, body: Buffer.from('x'), truncated: false, url: '' }) }
  const dispatcher = new Dispatcher({
    store,
    http,
    clock,
    chance: seededChance(1),
    log: silentLog,
    languages: {
      testing: {
        render: (_row, method, _attempt, url) => ({ method, url, headers: {}, body: Buffer.from('') }),
        sign: () => ({}),
      },
    },
  })
  const ids = new IdMaker(clock, seededChance(1))
  const library = new MediaLibrary({ store, disk: new MemoryDisk(), http, clock, ids, folder: 'media' })
  const end = keepHouse({ store, dispatcher, library, clock, log: silentLog })
  const tell = async (id: string): Promise<void> => {
    const prepared = dispatcher.prepare({
      id,
      lane: id,
      sequence: 1,
      account: 'a',
      application: null,
      language: 'testing',
      eventType: 'x',
      primary: 'http://app.example/',
      failover: null,
      method: 'POST',
      timeoutMs: null,
      retryDelaysMs: null,
      body: '',
    })
    assert.ok((await store.commit(prepared.writes)).ok)
    prepared.committed()
  }
  const command = (key: string, expiresAtMs: number) =>
    insertRow('commands', {
      key,
      account_id: 'a',
      subject_id: null,
      request_hash: '',
      status: 200,
      reply: '',
      created_at_ms: 0,
      expires_at_ms: expiresAtMs,
    })
  const left = async (table: 'outbox' | 'deliveries' | 'commands' | 'call_exchanges') =>
    (await store.db.selectFrom(table).selectAll().execute()).length

  await tell('good')
  status = 404
  await tell('bad')
  await store.commit([command('old', clock.wallMs() + 1_000), command('new', clock.wallMs() + KEEP_DEAD_MS * 2)])
  const exchange = { id: 'x', account_id: 'a', call_id: 'c', at_ms: Math.floor(clock.wallMs()), data: '{}' }
  await store.commit([insertRow('call_exchanges', exchange)])
  await library.put('a' as AccountId, 'm', Buffer.from('x'), '', 60)
  await clock.advance(KEEP_DELIVERED_MS - 10 * 60_000)
  assert.deepEqual([await left('outbox'), await left('deliveries'), await left('commands')], [2, 2, 1])
  assert.equal(await left('call_exchanges'), 1)
  await clock.advance(20 * 60_000)
  assert.deepEqual([await left('outbox'), await left('deliveries'), await left('call_exchanges')], [1, 1, 0])
  await clock.advance(KEEP_DEAD_MS)
  assert.deepEqual([await left('outbox'), await left('deliveries'), await left('commands')], [0, 0, 1])
  end()
  assert.equal(clock.waiting, 0)
})
