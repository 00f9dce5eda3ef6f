// Makes a fresh clone ready: installs what package-lock.json names when it is not there yet. Plain JavaScript that an
// old Node runs, because the right Node is one of the things it installs.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileNative } from './native.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')
const mark = join(root, 'node_modules', '.hookswitch-lock')

const ready = existsSync(mark) && readFileSync(mark, 'utf8') === lock
if (!ready) {
  console.log('Installing what Hookswitch needs (once, about half a minute) …')
  const npm = process.env.npm_execpath
  const [command, args] = npm ? [process.execPath, [npm, 'install']] : ['npm', ['install']]
  const done = spawnSync(command, [...args, '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (done.status !== 0) {
    console.error('The installation failed: see the lines above. Check the network and try again.')
    process.exit(1)
  }
  writeFileSync(mark, lock)
}
// Nothing depends on it: `hookswitch doctor` says why where there is none.
compileNative()
