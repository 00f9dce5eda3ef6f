// `npm run package`: puts together in `dist/` what is published. Node strips types everywhere but below node_modules, so there
// TypeScript goes out as JavaScript: the same files with the types blanked out, so that lines and columns stay, and with imports of
// `.ts` turned into `.js`. Then `npm publish dist`, or `npm install …/dist` anywhere.
//
//   node scripts/package.ts [folder]

import { cp, glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import pc from 'picocolors'

const root = join(import.meta.dirname, '..')
const target = resolve(process.argv[2] ?? join(root, 'dist'))

/** Strings that name a module of ours: `./x.ts`, `../x.ts`, `#room/x.ts`. */
const MODULE_NAME = /(['`])((?:\.{1,2}\/|#)[^'`\n]*)\.ts\1/g

await rm(target, { recursive: true, force: true })
const code = (await all(['bin/*.js', 'scripts/native.js', '{src,examples}/**/*.ts'])).filter(isShipped)
for (const file of code) {
  const text = await readFile(join(root, file), 'utf8')
  const isTyped = file.endsWith('.ts')
  const plain = isTyped ? stripTypeScriptTypes(text) : text
  await put(isTyped ? `${file.slice(0, -3)}.js` : file, plain.replace(MODULE_NAME, '$1$2.js$1'))
}
for (const file of await all(['native/*.{c,md}', '*.md', 'LICENSE', '{docs,src,examples}/**/*.md'])) {
  await mkdir(dirname(join(target, file)), { recursive: true })
  await cp(join(root, file), join(target, file))
}
await put('package.json', `${JSON.stringify(await manifest(), null, 2)}\n`)
console.log(`${pc.green('✔')} ${target}: ${code.length} files of code; "npm publish ${target}" publishes it`)

function isShipped(file: string): boolean {
  return !file.endsWith('.test.ts') && !file.endsWith('.d.ts')
}

async function all(patterns: readonly string[]): Promise<readonly string[]> {
  const files: string[] = []
  for await (const file of glob([...patterns], { cwd: root })) files.push(file)
  return files.sort()
}

async function put(file: string, text: string): Promise<void> {
  const path = join(target, file)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text, { mode: file.startsWith('bin/') ? 0o755 : 0o644 })
}

/** Ours, without what only a clone needs. */
async function manifest(): Promise<Record<string, unknown>> {
  const ours = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    readonly scripts: Record<string, string>
  }
  const { postinstall, native } = ours.scripts
  return { ...ours, private: false, scripts: { postinstall, native }, devDependencies: undefined }
}
