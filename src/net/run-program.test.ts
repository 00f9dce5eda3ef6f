import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RealPrograms } from './run-program.ts'

const run = (script: string, input = '', timeoutMs = 5_000, maxOutputOctets = 1_000) =>
  new RealPrograms().run({
    program: process.execPath,
    args: ['-e', script],
    input: Buffer.from(input),
    timeoutMs,
    maxOutputOctets,
  })

test('a program reads its input and its output comes back', async () => {
  const result = await run('process.stdin.pipe(process.stdout)', 'héllo')
  assert.equal(result.ok && Buffer.from(result.value).toString(), 'héllo')
})

test('a missing program, a failing one, a slow one and a talkative one are values', async () => {
  const missing = await new RealPrograms().run({
    program: 'no-such-program-here',
    args: [],
    input: new Uint8Array(0),
    timeoutMs: 1_000,
    maxOutputOctets: 10,
  })
  assert.equal(!missing.ok && missing.error.type, 'missing')
  const failing = await run('process.exit(3)')
  assert.equal(!failing.ok && failing.error.type, 'failed')
  const slow = await run('setInterval(() => {}, 1000)', '', 150)
  assert.equal(!slow.ok && slow.error.type, 'timed-out')
  const talkative = await run('process.stdout.write("x".repeat(5000))')
  assert.equal(!talkative.ok && talkative.error.type, 'too-much')
})
