// Which test proves which row of the second language: one counts when its name, or a `// rows:` comment inside it, quotes the
// row's id, alone or in a range (`DIAL-01 to 04`, `HOLD-01 to HOLD-06`).

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** They ask every route something, whatever it answers: what a row says is proven elsewhere. */
const ASKS_ALL = /(?:isolation|refusals|states|limits)\.test\.ts$/
const ID = /\b((?:SIP-P|[A-Z][A-Z0-9]{1,4})-R?)(\d+)(?:\s+to\s+(?:\1)?(\d+))?/g

export interface TestFile {
  readonly path: string
  readonly text: string
}

/** The tests of this language: scenarios first, then what is nearer to the wire, then units. */
export function twilioTests(): readonly TestFile[] {
  const files = globSync(['test/{scenarios,conformance,interop}/**/*.test.ts', 'src/twilio/**/*.test.ts'], {
    cwd: root,
  })
  const rank = (path: string) => ['scenarios/', 'conformance/', 'interop/', 'src/'].findIndex((at) => path.includes(at))
  return files
    .filter((path) => !ASKS_ALL.test(path))
    .sort(
      (a, b) => Number(a.includes('texml')) - Number(b.includes('texml')) || rank(a) - rank(b) || a.localeCompare(b),
    )
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
    .filter(({ path, text }) => /twilio|twiml/i.test(path) || /from '[^']*twilio[^']*'/.test(text))
}

/** `DIAL-01 to 04` → DIAL-01, DIAL-02, DIAL-03, DIAL-04. */
export function idsIn(words: string): readonly string[] {
  return [...words.matchAll(ID)].flatMap(([, prefix, first, last]) => {
    const ids: string[] = []
    for (let at = Number(first); at <= Number(last ?? first); at++) {
      ids.push(prefix + String(at).padStart(first!.length, '0'))
    }
    return ids
  })
}

/** The path of the first test that quotes each id. */
export function proofs(files: readonly TestFile[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { path, text } of files) {
    const names = [...text.matchAll(/^\s*test\(\s*(['"`])(.*?)\1/gm)].map((match) => match[2]!)
    const comments = [...text.matchAll(/\/\/ rows: (.*)/g)].map((match) => match[1]!)
    for (const id of [...names, ...comments].flatMap(idsIn)) if (!found.has(id)) found.set(id, path)
  }
  return found
}
