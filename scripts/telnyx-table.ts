// Writes the conformance tables of docs/telnyx.md: `node scripts/telnyx-table.ts`. Endpoints come from the API's rows, what is
// built from the routes themselves, the SDK's name for each from its own source, and the proof from the tests that use it.

import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyRoute } from '#http/route.ts'
import type { TelnyxActor, TelnyxDoors } from '#telnyx/doors.ts'
import { eventTypes } from '#telnyx/event-types.ts'
import { telnyxMount } from '#telnyx/face.ts'
import { endpoints, events, type Method, type Tier } from './telnyx-rows.ts'

const root = join(import.meta.dirname, '..')
const page = join(root, 'docs', 'telnyx.md')
const START = '<!-- routes -->\n'
const END = '<!-- /routes -->'

type State = 'works' | 'partly' | 'not'

export interface ConformanceRow {
  readonly tier: Tier | 'extra'
  /** `POST /calls` or an event's type. */
  readonly name: string
  readonly sdk: string
  readonly state: State
  /** Test file that uses it, or why it is not there. */
  readonly proof: string
}

/** What is there but not whole, and what of it is missing. */
const PARTLY: Readonly<Record<string, string>> = {}

/** Why an endpoint is not there, where it is more than not built yet. */
const REFUSED = 'answers 501 with 10038'

interface TestFile {
  readonly path: string
  readonly text: string
}

/** `/calls/{call_control_id}/actions/answer` and `/calls/:id/actions/answer` alike. */
function shape(path: string): string {
  return path
    .replace(/\$?\{[^}]*\}/g, '*')
    .replace(/:[a-z_]+/g, '*')
    .replace(/\/$/, '')
}

/** They ask every route something, whatever it answers: what an endpoint does is proven elsewhere. */
const ASKS_ALL = /(?:isolation|states|limits)\.test\.ts$/

function testFiles(): readonly TestFile[] {
  return (
    globSync('test/{scenarios,interop,conformance}/**/*.test.ts', { cwd: root })
      // Tests of the other language call things by the same names: `client.queues.list`.
      .filter((path) => !path.includes('twilio'))
      .filter((path) => !ASKS_ALL.test(path))
      .sort((a, b) => Number(b.includes('scenarios')) - Number(a.includes('scenarios')) || a.localeCompare(b))
      // So do TeXML's resources, below accounts of their own.
      .map((path) => ({
        path,
        text: readFileSync(join(root, path), 'utf8').replaceAll(/texml\.accounts\.[\w.]+/g, 'texml.accounts'),
      }))
  )
}

/** The SDK's methods by endpoint shape, read from its source: `POST …/actions/answer` → `calls.actions.answer`. */
function sdkMethods(): ReadonlyMap<string, string> {
  const folder = join(root, 'node_modules', 'telnyx', 'resources')
  const methods = new Map<string, string>()
  for (const file of globSync('**/*.mjs', { cwd: folder })) {
    const chain = file
      .replace(/\.mjs$/, '')
      .split('/')
      .map((part) => part.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()))
    if (chain.at(-1) === 'index') continue
    // A folder's own class lies in it under its name: calls/calls.mjs.
    const own = chain.at(-1) === chain.at(-2) ? chain.slice(0, -1) : chain
    const text = readFileSync(join(folder, file), 'utf8')
    const pattern =
      /\n {4}([a-zA-Z0-9_]+)\([^)]*\) \{(?:(?!\n {4}[a-zA-Z_])[\s\S])*?_client\.(getAPIList|get|post|put|patch|delete)\((?:path )?[`'](\/[^`']*)[`']/g
    for (const match of text.matchAll(pattern)) {
      const method = match[2] === 'getAPIList' ? 'GET' : match[2]!.toUpperCase()
      methods.set(`${method} ${shape(match[3]!)}`, [...own, match[1]].join('.'))
    }
  }
  return methods
}

/** The first test that speaks of an endpoint: by the SDK's method, by its action's name, or by its path. */
function proofOf(method: Method, path: string, sdk: string | undefined, files: readonly TestFile[]): string | null {
  const action = /^\/(?:calls|conferences)\/.*\/actions\/([a-z_]+)$/.exec(path)?.[1]
  const patterns: RegExp[] = []
  if (sdk !== undefined) patterns.push(new RegExp(`${sdk.split('.').slice(-2).join('\\.')}\\(`))
  if (action !== undefined) {
    // As an argument of whatever the test calls to send it, on one line; rooms and calls share names of actions.
    const room = path.startsWith('/conferences')
    const sends = room ? '(?:act|refused)\\(scenario, ' : '(?<!\\.)\\b\\w+\\([^\\n]*'
    patterns.push(
      new RegExp(`${sends}'${action}'[,)]`),
      new RegExp(`/${room ? 'conferences' : 'calls'}/[^'"\`\\s]+/actions/${action}\\b`),
    )
  } else {
    const text = shape(path)
      .split('/')
      .map((part) => (part === '*' ? '[^/\'"`?]+' : part.replaceAll('.', '\\.')))
      .join('/')
    patterns.push(new RegExp(`'${method}',\\s*['"\`](?:/v2)?${text}(?:['"\`?]|\\$\\{query)`))
  }
  for (const pattern of patterns) {
    const found = files.find((file) => pattern.test(file.text))
    if (found !== undefined) return found.path
  }
  return null
}

export function endpointRows(): readonly ConformanceRow[] {
  // Listing routes asks nothing of the rooms behind them.
  const mount = telnyxMount({ clock: { nowMs: () => 0 } } as unknown as TelnyxDoors, () => ({ mp3: null, wav: null }))
  const routes = new Map<string, AnyRoute<TelnyxActor>>()
  for (const route of mount.routes) routes.set(`${route.method} ${shape(route.path)}`, route)
  const sdk = sdkMethods()
  const files = testFiles()
  const rows: ConformanceRow[] = []
  const listed = new Set<string>()
  for (const [tier, method, path] of endpoints) {
    const key = `${method} ${shape(path)}`
    listed.add(key)
    const route = routes.get(key)
    const built = route !== undefined && !route.summary.endsWith('(not built)')
    const name = `${method} ${path}`
    const partly = PARTLY[name]
    const proof = proofOf(method, path, sdk.get(key), files)
    rows.push({
      tier,
      name,
      sdk: sdk.get(key) ?? '',
      state: !built ? 'not' : partly === undefined && proof !== null ? 'works' : 'partly',
      proof: !built ? (route === undefined ? 'not known here: 404' : REFUSED) : (partly ?? proof ?? 'no test uses it'),
    })
  }
  for (const [key, route] of routes) {
    if (listed.has(key) || route.summary.endsWith('(not built)') || route.path.endsWith('/*')) continue
    const name = `${route.method} ${route.path.replaceAll(/:([a-z_]+)/g, '{$1}')}`
    const proof = proofOf(route.method, route.path, sdk.get(key), files)
    rows.push({
      tier: 'extra',
      name,
      sdk: sdk.get(key) ?? '',
      state: proof === null ? 'partly' : 'works',
      proof: proof ?? 'no test uses it',
    })
  }
  return rows
}

export function eventRows(): readonly ConformanceRow[] {
  const files = testFiles()
  return events.map(([tier, type]) => {
    const proof = files.find(
      (file) => file.text.includes(`'${type}'`) || file.text.includes(`${type.replace('call.machine.', '')} `),
    )
    const told = eventTypes.has(type)
    return {
      tier,
      name: type,
      sdk: '',
      state: told && proof !== undefined ? 'works' : 'not',
      proof: !told ? 'never told' : (proof?.path ?? 'no test hears it'),
    }
  })
}

function table(): string {
  const mark = { works: '✔ works', partly: '◐ partly', not: '✘ not' } as const
  const proof = (row: ConformanceRow): string =>
    row.proof.endsWith('.ts') ? `[${row.proof.replace(/^test\//, '')}](../${row.proof})` : row.proof
  return [
    '',
    '| Tier | Endpoint | SDK | State | Test, or why not |',
    '|---|---|---|---|---|',
    ...endpointRows().map(
      (row) => `| ${row.tier} | \`${row.name}\` | ${row.sdk} | ${mark[row.state]} | ${proof(row)} |`,
    ),
    '',
    '| Tier | Event | State | Test, or why not |',
    '|---|---|---|---|',
    ...eventRows().map((row) => `| ${row.tier} | \`${row.name}\` | ${mark[row.state]} | ${proof(row)} |`),
    '',
    '',
  ].join('\n')
}

export function pageWithTable(text: string): string {
  const from = text.indexOf(START) + START.length
  return text.slice(0, from) + table() + text.slice(text.indexOf(END))
}

if (import.meta.main) writeFileSync(page, pageWithTable(readFileSync(page, 'utf8')))
