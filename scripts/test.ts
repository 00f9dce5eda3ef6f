// `npm test`: everything that needs nothing but Node. `npm run test:interop`: the tests against real peers, each of which
// says loudly when its peer is missing (with HOOKSWITCH_REQUIRE_ALL=1 that is a failure).

import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import pc from 'picocolors'

const root = join(import.meta.dirname, '..')
const interop = process.argv.includes('--interop')
const named = process.argv.slice(2).filter((one) => !one.startsWith('--'))

/** Tests on a pretended clock: as many files at a time as there are cores. */
const together = ['src/**/*.test.ts', 'test/{scenarios,conformance,docs}/**/*.test.ts']
/** Those that listen to real audio in real time, or share ports and peers: one file at a time. */
const alone = interop ? ['test/interop/**/*.test.ts'] : ['test/{fuzz,crash}/**/*.test.ts']

const find = (patterns: readonly string[]) => globSync([...patterns], { cwd: root }).sort()
const batches =
  named.length > 0
    ? [{ files: named, atOnce: 1 }]
    : [
        { files: interop ? [] : find(together), atOnce: availableParallelism() },
        { files: find(alone), atOnce: 1 },
      ].filter(({ files }) => files.length > 0)
const count = batches.reduce((sum, { files }) => sum + files.length, 0)

const startedAt = performance.now()
let code = count === 0 ? 1 : 0
for (const { files, atOnce } of batches) {
  const ended = await run(files, atOnce)
  if (ended !== 0) code = ended
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
const verdict = count === 0 ? pc.red('none found') : code === 0 ? pc.green('all passed') : pc.red('some failed')
console.log(`${pc.bold(interop ? 'interop' : 'tests')}: ${count} files, ${verdict}, ${seconds} s`)
process.exitCode = code

function run(files: readonly string[], atOnce: number): Promise<number> {
  const child = spawn(process.execPath, ['--test', '--test-reporter=spec', `--test-concurrency=${atOnce}`, ...files], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --disable-warning=ExperimentalWarning`.trim(),
    },
  })
  return new Promise((resolve) => child.once('close', (ended) => resolve(ended ?? 1)))
}
