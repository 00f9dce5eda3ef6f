// A process is killed while it commits. Whatever it had said was committed is there afterwards, whole units only, and the
// database opens at once. (That commits also survive the power going is SQLite's: WAL with synchronous=FULL, which
// store.test.ts reads back.)

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { HandClock } from '#testkit/clock.ts'
import { openStore } from './store.ts'

/** Commits pairs of rows without end, many at a time, and prints the number of each pair once its commit has settled. */
const WRITER = `
  const { openStore } = await import(${JSON.stringify(new URL('./store.ts', import.meta.url).href)})
  const { insertRow } = await import(${JSON.stringify(new URL('./write.ts', import.meta.url).href)})
  const clock = { nowMs: () => 0, wallMs: () => 0, at: () => ({ cancel() {} }) }
  const store = (await openStore({ type: 'sqlite', path: process.argv[1] }, clock)).value
  let next = Number(process.argv[2])
  const write = async () => {
    for (;;) {
      const n = next++
      const unit = ['a', 'b'].map((half) => insertRow('settings', { name: n + half, value: 'x'.repeat(300) }))
      if ((await store.commit(unit)).ok) process.stdout.write(n + '\\n')
    }
  }
  for (let i = 0; i < 20; i++) write()
`

test('reliability R1.1: after a kill everything acknowledged is there, and nothing by halves', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookswitch-crash-'))
  const path = join(folder, 'test.db')
  const chance = seededChance(11)
  const acknowledged = new Set<number>()
  for (let round = 0; round < 4; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, path, String(round * 1_000_000)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    const killAfter = 50 + Math.floor(chance.uniform() * 400)
    let seen = 0
    child.stdout.on('data', (piece: Buffer) => {
      text += piece.toString()
      seen = text.split('\n').length - 1
      if (seen >= killAfter) child.kill('SIGKILL')
    })
    await new Promise((resolve) => child.on('close', resolve))
    // The last line may have been cut by the kill.
    for (const line of text.split('\n').slice(0, -1)) acknowledged.add(Number(line))
    assert.ok(seen >= killAfter)
    const opened = await openStore({ type: 'sqlite', path }, new HandClock())
    assert.ok(opened.ok)
    const rows = await opened.value.db.selectFrom('settings').select('name').execute()
    await opened.value.close()
    const names = new Set(rows.map((row) => row.name))
    for (const n of acknowledged) assert.ok(names.has(`${n}a`) && names.has(`${n}b`), `${n} was acknowledged`)
    for (const name of names) {
      const other = name.endsWith('a') ? `${name.slice(0, -1)}b` : `${name.slice(0, -1)}a`
      assert.ok(names.has(other), `${name} came without its other half`)
    }
  }
  rmSync(folder, { recursive: true })
})
