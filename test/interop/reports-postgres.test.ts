// The lists that are read from the store page by page, on PostgreSQL: it is stricter about types and empty lists than
// SQLite is. Runs when a server is reachable, as store-postgres.test.ts says.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import pg from 'pg'
import { Register } from '../../src/accounts/register.ts'
import { Seal } from '../../src/accounts/seal.ts'
import { seededChance } from '../../src/base/chance.ts'
import { type AccountId, IdMaker } from '../../src/base/ids.ts'
import { silentLog } from '../../src/base/log.ts'
import { createHttp, mount } from '../../src/http/mount.ts'
import { openStore } from '../../src/storage/store.ts'
import { insertRow } from '../../src/storage/write.ts'
import type { TelnyxDoors } from '../../src/telnyx/doors.ts'
import { telnyxMount } from '../../src/telnyx/face.ts'
import { HandClock } from '../../src/testkit/clock.ts'
import { reachablePostgres } from './postgres.ts'

const url = await reachablePostgres()

test('event log, deliveries, details and transcriptions are read from PostgreSQL', { skip: url === null }, async () => {
  const clock = new HandClock()
  const chance = seededChance(3)
  const ids = new IdMaker(clock, chance)
  const schema = `reports_${randomBytes(6).toString('hex')}`
  const opened = await openStore({ type: 'postgres', url: url!, schema }, clock)
  assert.ok(opened.ok)
  const store = opened.value
  try {
    const register = new Register({ store, clock, ids, chance, seal: new Seal(chance.bytes(32), chance) })
    const account = 'a'.repeat(32) as AccountId
    await register.addAccount({ id: account, name: 'main', createdAtWallMs: 0 })
    await register.addApiKey(account, 'KEY1', 'main')
    const doors = {
      store,
      register,
      clock,
      ids,
      chance,
      log: silentLog,
      requestsPerSecond: 0,
    } as unknown as TelnyxDoors
    const http = createHttp({ log: silentLog })
    mount(
      http,
      telnyxMount(doors, () => ({ mp3: null, wav: null })),
      silentLog,
    )
    const at_ms = Math.floor(clock.wallMs())
    const call = 'b'.repeat(32)
    await store.commit([
      insertRow('command_log', {
        id: '1',
        account_id: account,
        application_id: null,
        call_id: call,
        group_id: call,
        name: 'answer',
        at_ms,
        data: '{}',
      }),
      insertRow('recording_transcriptions', {
        id: call,
        account_id: account,
        recording_id: call,
        state: 'completed',
        text: 'hello',
        duration_ms: null,
        created_at_ms: at_ms,
        updated_at_ms: at_ms,
      }),
    ])
    const leg = 'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb'
    for (const [path, rows] of [
      ['/call_events', 1],
      [`/call_events?filter[leg_id]=${leg}&filter[type]=command&filter[connection_id]=`, 0],
      [`/call_events?filter[application_session_id]=${leg}`, 1],
      ['/call_events?filter[type]=webhook&filter[from]=x&filter[occurred_at][gte]=2000-01-01', 0],
      ['/webhook_deliveries?filter[attempts][contains]=x&filter[webhook][contains]=y&filter[status][eq]=failed', 0],
      ['/recording_transcriptions?filter[created_at][gte]=2000-01-01', 1],
      ...['call-control', 'sip-trunking', 'conference', 'conference-participant', 'recording'].map(
        (kind) => [`/detail_records?filter[record_type]=${kind}`, 0] as const,
      ),
      ['/recordings', 0],
      ['/telephony_credentials', 0],
    ] as const) {
      const reply = await http.inject({ method: 'GET', url: `/v2${path}`, headers: { authorization: 'Bearer KEY1' } })
      assert.equal(reply.statusCode, 200, `${path}: ${reply.body}`)
      const body = reply.json() as { data: unknown[]; meta: { total_results: number } }
      assert.deepEqual([body.data.length, body.meta.total_results], [rows, rows], path)
    }
    await http.close()
  } finally {
    await store.close()
    const client = new pg.Client({ connectionString: url! })
    await client.connect()
    await client.query(`drop schema "${schema}" cascade`)
    await client.end()
  }
})
