// Compiles native/media-sockets.c where there is a C compiler; without one Hookswitch uses Node's own sockets, which cost more
// and do the same (docs/media.md, "Sockets"). Once per version of the source. Plain JavaScript that an old Node runs, like ensure.js.
//
//   npm run native      says what it did
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const source = join(root, 'native', 'media-sockets.c')
const folder = join(root, 'native', 'build', `${process.platform}-${process.arch}`)
const target = join(folder, 'media-sockets.node')
const mark = join(folder, 'source.sha256')
const FLAGS = ['-O2', '-Wall', '-Wextra', '-Werror', '-fPIC', '-shared']
const TIMEOUT_MS = 60_000

/**
 * @returns {{ compiled: boolean, text: string }} whether the object is there, and what to tell
 */
export function compileNative() {
  if (process.platform !== 'linux') return { compiled: false, text: 'compiled on Linux only (it uses epoll)' }
  const digest = createHash('sha256').update(readFileSync(source)).digest('hex')
  if (existsSync(target) && existsSync(mark) && readFileSync(mark, 'utf8') === digest) {
    return { compiled: true, text: `up to date: ${target}` }
  }
  // An object of other source must not be loaded.
  rmSync(target, { force: true })
  const headers = headersOfNode()
  if (headers === null) return { compiled: false, text: "Node's headers (node_api.h, uv.h) were not found" }
  const compiler = process.env.CC || 'cc'
  const draft = `${target}.${process.pid}`
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    return { compiled: false, text: `${folder} cannot be written: ${cause.message}` }
  }
  const done = spawnSync(compiler, [...FLAGS, '-I', headers, source, '-o', draft], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  })
  if (done.error) return { compiled: false, text: `no C compiler (${compiler}): install gcc and run "npm run native"` }
  if (done.status !== 0) {
    rmSync(draft, { force: true })
    return { compiled: false, text: `${compiler} failed:\n${done.stderr}` }
  }
  renameSync(draft, target)
  writeFileSync(mark, digest)
  return { compiled: true, text: `compiled: ${target}` }
}

/** The `node` package brings the headers of the Node it brings; so does most any other Node beside its binary. */
function headersOfNode() {
  const names = [join(dirname(dirname(process.execPath)), 'include', 'node')]
  try {
    const own = dirname(createRequire(import.meta.url).resolve('node/package.json'))
    const name = `node-${process.platform}-${process.arch}`
    names.unshift(join(own, 'node_modules', name, 'include', 'node'), join(dirname(own), name, 'include', 'node'))
  } catch {
    // Installed without its own Node.
  }
  return names.find((name) => existsSync(join(name, 'node_api.h')) && existsSync(join(name, 'uv.h'))) ?? null
}

if (
  process.argv[1] !== undefined &&
  existsSync(process.argv[1]) &&
  realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
) {
  const { compiled, text } = compileNative()
  console.log(`${compiled ? 'native media sockets' : "native media sockets: no, Node's own are used"}: ${text}`)
}
