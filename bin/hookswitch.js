#!/usr/bin/env node
// The one binary. Old Nodes are told what is missing in words, instead of a syntax error.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(`Hookswitch needs Node 24 or newer; this is ${process.version}.`)
  console.error('From a clone, "npm start" brings its own; otherwise: npx -p node@24 -p hookswitch hookswitch')
  process.exit(2)
}
process.removeAllListeners('warning')
// The young generation is large enough once most is loaded. Left alone it would fill, under load, with some fifty megabytes of
// garbage: more than 500 calls hold. It cannot be given as an option, because we are started as a file; V8 reads the factor each
// time it would grow. Sooner, the start would take half a second more.
const LOADED_MS = 800
const { setFlagsFromString } = await import('node:v8')
setTimeout(() => setFlagsFromString('--semi-space-growth-factor=1'), LOADED_MS).unref()
// Types stripped and code compiled once are kept for the next start, here and in the media workers: half of a start is that.
const { enableCompileCache, flushCompileCache, getCompileCacheDir } = await import('node:module')
enableCompileCache?.()
const cache = getCompileCacheDir?.()
if (cache !== undefined) process.env.NODE_COMPILE_CACHE ??= cache
// A process that is killed keeps it, too.
if (flushCompileCache !== undefined) setTimeout(flushCompileCache, 2_000).unref()
const { main } = await import('../src/cli/main.ts')
await main(process.argv.slice(2))
