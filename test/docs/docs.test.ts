// What the pages say holds: links lead somewhere, configuration examples are taken, every setting is in the table, every
// room is drawn.

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { declarations } from '#accounts/config.ts'
import { readRecognisers } from '#server/recognisers.ts'
import { readSettings } from '#server/settings.ts'
import { floors } from '../../scripts/rooms.ts'
import { endpointRows, eventRows, pageWithTable } from '../../scripts/telnyx-table.ts'
import { pageWithRows, rowSections, unprovenNow } from '../../scripts/twilio-table.ts'
import { unproven } from '../../scripts/twilio-unproven.ts'

const root = join(import.meta.dirname, '..', '..')
const pages = ['README.md', 'CHANGELOG.md', ...globSync('{docs,examples,bench,src}/**/*.md', { cwd: root })]

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

function blocks(page: string, language: string): string[] {
  return [...read(page).matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1]!)
}

for (const page of pages) {
  test(`${page}: every link into the repository leads somewhere`, () => {
    for (const [, target] of read(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue
      assert.ok(existsSync(join(root, dirname(page), target!)), `${page} links to ${target}`)
    }
  })
}

for (const page of ['README.md', 'docs/configuration.md', 'docs/twilio.md']) {
  test(`${page}: every configuration example is taken as it stands`, () => {
    const examples = blocks(page, 'yaml')
    assert.ok(examples.length > 0)
    for (const example of examples) {
      const file = parse(example) as object
      const settings = readSettings({}, {}, file)
      assert.ok(settings.ok)
      assert.equal(declarations.safeParse(settings.value.declared).success, true)
      assert.equal(readRecognisers(settings.value.transcription, { DEEPGRAM_API_KEY: 'x' }).ok, true)
    }
  })
}

test('docs/configuration.md lists every variable the program knows, and no other', () => {
  const source = read('src/server/settings.ts')
  const known = new Set([...source.matchAll(/env: '([A-Z_]+)'/g)].map((match) => `HOOKSWITCH_${match[1]}`))
  const listed = new Set(
    [...read('docs/configuration.md').matchAll(/`(HOOKSWITCH_[A-Z_]+)`/g)].map((match) => match[1]!),
  )
  listed.delete('HOOKSWITCH_CONFIG')
  assert.deepEqual([...listed].sort(), [...known].sort())
})

test('docs/ARCHITECTURE.md draws every room that stands', () => {
  const page = read('docs/ARCHITECTURE.md')
  for (const room of Object.keys(floors)) {
    if (existsSync(join(root, 'src', room))) assert.match(page, new RegExp(`\\b${room}/`), `${room}/ is not drawn`)
  }
})

test('README.md names only commands that exist', () => {
  const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts
  for (const [, script] of read('README.md').matchAll(/`npm run ([a-z:-]+)`/g)) assert.ok(script! in scripts, script)
  const cli = read('src/cli/main.ts')
  for (const [, command] of read('README.md').matchAll(/npx hookswitch ([a-z]+)/g)) {
    assert.ok(cli.includes(`'${command}'`), command)
  }
})

test('docs/telnyx.md lists the routes as they are (node scripts/telnyx-table.ts writes it)', () => {
  assert.equal(read('docs/telnyx.md'), pageWithTable(read('docs/telnyx.md')))
})

test('every SEED and CORE endpoint and event of Call Control works, and a test drives it', () => {
  const due = [...endpointRows(), ...eventRows()].filter(({ tier }) => tier === 'SEED' || tier === 'CORE')
  assert.ok(due.length > 100)
  assert.deepEqual(
    due.filter(({ state }) => state !== 'works').map(({ name, proof }) => `${name}: ${proof}`),
    [],
  )
})

test('docs/twilio.md lists every row, method and element, and says of none that it works unless a test proves it', () => {
  // What has been proven since may still stand there as missing: node scripts/twilio-table.ts writes it anew.
  const now = marksOf(pageWithRows(read('docs/twilio.md')))
  const written = marksOf(read('docs/twilio.md'))
  assert.deepEqual([...written.keys()], [...now.keys()])
  const works = (marks: ReadonlyMap<string, string>) => [...marks.keys()].filter((name) => marks.get(name) === 'works')
  assert.deepEqual(
    works(written).filter((name) => !works(now).includes(name)),
    [],
  )
})

/** Name and state of every line in the tables. */
function marksOf(page: string): ReadonlyMap<string, string> {
  return new Map(
    [...page.matchAll(/^\| `?([^|`]+)`? \|.* [✔◐✘○] (works|partly|not proven|not) \|/gm)].map((m) => [m[1]!, m[2]!]),
  )
}

test('SEED and CORE rows without proof are on the list of scripts/twilio-unproven.ts, which only shrinks', () => {
  assert.deepEqual(
    unprovenNow().filter((id) => !unproven.includes(id)),
    [],
  )
})

test('every WIDE row of the second language works, or says why not', () => {
  const rows = rowSections().flatMap((section) => section.rows)
  assert.ok(rows.length > 450)
  assert.deepEqual(
    rows.filter(({ tier, state }) => tier === 'WIDE' && state === 'not proven').map(({ name }) => name),
    [],
  )
})
