// `npm test`: everything that needs nothing but Node. `npm run test:interop`: the tests against real peers, each of which
// says loudly when its peer is missing (with HOOKSWITCH_REQUIRE_ALL=1 that is a failure).

import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import pc from 'picocolors'

const root = join(import.meta.dirname, '..')
const interop = process.argv.includes('--interop')
const named = process.argv.slice(2).filter((one) => !one.startsWith('--'))

const patterns = interop
  ? ['test/interop/**/*.test.ts']
  : ['src/**/*.test.ts', 'test/{scenarios,conformance,fuzz,crash,docs}/**/*.test.ts']
const files = named.length > 0 ? named : globSync(patterns, { cwd: root }).sort()
if (files.length === 0) {
  console.error(pc.red('No test files found.'))
  process.exit(1)
}

const startedAt = performance.now()
// Interop tests share ports, CPU and peers: one file at a time.
const args = ['--test', '--test-reporter=spec', ...(interop ? ['--test-concurrency=1'] : []), ...files]
const child = spawn(process.execPath, args, {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: {
    ...process.env,
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --disable-warning=ExperimentalWarning`.trim(),
  },
})
child.on('close', (code) => {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const verdict = code === 0 ? pc.green('all passed') : pc.red('some failed')
  console.log(`${pc.bold(interop ? 'interop' : 'tests')}: ${files.length} files, ${verdict}, ${seconds} s`)
  process.exitCode = code ?? 1
})
