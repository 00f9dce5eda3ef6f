// What no other tool keeps: every room has its nameplate, nothing is left half done, no source file is unused.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

const MAX_LINES = 850

export function checkTidy(root: string): readonly string[] {
  const problems: string[] = []
  const source = join(root, 'src')
  const files = [
    ...filesBelow(source),
    ...['bin', 'examples', 'bench', 'test', 'scripts'].flatMap((folder) => [...filesBelow(join(root, folder))]),
  ]
  const imported = new Set<string>()
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    const path = relative(root, file)
    for (const match of text.matchAll(/'(#[^']+\.[jt]s|\.{1,2}\/[^']+\.[jt]s)'/g)) {
      const from = match[1]!
      imported.add(from.startsWith('#') ? join(source, from.slice(1)) : resolve(file, '..', from))
    }
    if (/\b(TODO|FIXME|XXX)\b(?! \(issue)/.test(text) && path !== 'scripts/tidy.ts')
      problems.push(`${path}: a reminder names the issue that will remove it`)
    const lines = text.split('\n').length
    if (path.startsWith('src/') && lines > MAX_LINES) problems.push(`${path}: ${lines} lines; a file holds one concept`)
  }
  for (const file of filesBelow(source)) {
    const path = relative(root, file)
    if (!path.endsWith('.test.ts') && !path.endsWith('.d.ts') && !path.includes('/migrations/') && !imported.has(file))
      problems.push(`${path}: nobody imports it`)
  }
  for (const room of readdirSync(source)) {
    if (!existsSync(join(source, room, 'README.md'))) problems.push(`src/${room}: a room has a nameplate, README.md`)
  }
  return problems
}

function* filesBelow(folder: string): Generator<string> {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') yield* filesBelow(path)
    } else if (/\.[jt]s$/.test(entry.name)) yield path
  }
}
