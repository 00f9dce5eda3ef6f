#!/usr/bin/env node
// The one binary. Old Nodes are told what is missing in words, instead of a syntax error.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(`Hookswitch needs Node 24 or newer; this is ${process.version}.`)
  console.error('From a clone, "npm start" brings its own; otherwise: npx -p node@24 -p hookswitch hookswitch')
  process.exit(2)
}
process.removeAllListeners('warning')
// What a call leaves behind is collected while it is little: left alone, the young generation of each thread grows to some fifty
// megabytes of garbage, more than 500 calls hold, and outgrows the processor's caches. It cannot be given as an option, because
// we are started as a file; V8 reads the factor each time it would grow.
const { setFlagsFromString } = await import('node:v8')
setFlagsFromString('--semi-space-growth-factor=1')
// Types stripped and code compiled once are kept for the next start, here and in the media workers: half of a start is that.
const { enableCompileCache, flushCompileCache, getCompileCacheDir } = await import('node:module')
enableCompileCache?.()
const cache = getCompileCacheDir?.()
if (cache !== undefined) process.env.NODE_COMPILE_CACHE ??= cache
// A process that is killed keeps it, too.
if (flushCompileCache !== undefined) setTimeout(flushCompileCache, 2_000).unref()
const { main } = await import('../src/cli/main.ts')
await main(process.argv.slice(2))
