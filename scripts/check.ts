// `npm run check`: types, lint and format, rooms, tidiness. The same command here and in CI.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import pc from 'picocolors'
import { checkRooms } from './rooms.ts'
import { checkTidy } from './tidy.ts'

const root = join(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules', '.bin', name)

interface Outcome {
  readonly name: string
  readonly problems: string
  readonly ok: boolean
}

function run(name: string, command: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (bytes) => (output += bytes))
    child.stderr.on('data', (bytes) => (output += bytes))
    child.on('close', (code) => resolve({ name, problems: output.trim(), ok: code === 0 }))
  })
}

function own(name: string, problems: readonly string[]): Outcome {
  return { name, problems: problems.join('\n'), ok: problems.length === 0 }
}

const outcomes = await Promise.all([
  run('types', bin('tsc'), ['--noEmit']),
  run('lint and format', bin('biome'), ['check', '--error-on-warnings', '.']),
  own('rooms', checkRooms(root)),
  own('tidy', checkTidy(root)),
])

for (const { name, problems, ok } of outcomes) {
  console.log(`${ok ? pc.green('✔') : pc.red('✖')} ${name}`)
  if (!ok) console.log(problems.replaceAll(/^/gm, '    '))
}
process.exitCode = outcomes.every((one) => one.ok) ? 0 : 1
