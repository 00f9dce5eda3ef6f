// The house's floors: a room imports only from floors below its own (docs/ARCHITECTURE.md draws this table).
// Run by `npm run check`; prints every import that goes the wrong way.

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

/** Floor of each room. A room may import rooms of lower floors, never of its own floor or above. */
export const floors: Readonly<Record<string, number>> = {
  base: 0,
  net: 1,
  sip: 1,
  sdp: 1,
  rtp: 1,
  audio: 1,
  http: 1,
  storage: 1,
  buckets: 1,
  media: 2,
  webrtc: 2,
  speech: 2,
  accounts: 2,
  webhooks: 2,
  legs: 3,
  calls: 4,
  telnyx: 5,
  twilio: 5,
  admin: 5,
  server: 6,
  // The binary starts the switch; everything else it does as a client of admin/.
  cli: 7,
}

/** Rooms that stand outside the floors and what they may import. */
export const outside: Readonly<Record<string, readonly string[]>> = {
  testkit: ['base', 'net', 'sip', 'sdp', 'rtp', 'audio', 'http', 'webrtc'],
}

/** Doors that only some may use although the floors would allow or forbid it, each with its reason. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  // The telephone for scripts is a test telephone on real sockets.
  cli: ['testkit'],
}

/** Node modules that mean sockets, files, processes or real time, and the rooms that may hold them. */
const outward =
  /^node:(dgram|net|tls|http|https|fs|fs\/promises|child_process|worker_threads|dns|dns\/promises|timers|timers\/promises)$/
const outwardRooms = new Set(['net', 'storage', 'server', 'cli'])
/** `node:net` is also where `isIP` and `BlockList` live: pure functions that touch no socket. */
const pureNames = /^\{\s*(type )?(isIP|isIPv4|isIPv6|BlockList)(,\s*(type )?(isIP|isIPv4|isIPv6|BlockList))*\s*\}$/

const clockwork = /\b(Date\.now|Math\.random|setTimeout|setInterval|setImmediate)\s*\(|\bfetch\s*\(/

export function checkRooms(root: string): readonly string[] {
  const problems: string[] = []
  const source = join(root, 'src')
  for (const file of filesBelow(source)) {
    const path = relative(source, file)
    const room = path.split('/')[0]!
    const text = readFileSync(file, 'utf8')
    const isTest = path.endsWith('.test.ts') || path.endsWith('-conduct.ts')
    for (const match of text.matchAll(
      /(?:import|export)\s+(?:type\s+)?([^'"]*?)\s*from\s*'([^']+)'|import\s*\(\s*'([^']+)'\s*\)/g,
    )) {
      const names = match[1] ?? ''
      const from = match[2] ?? match[3] ?? ''
      if (from.startsWith('#')) {
        const to = from.slice(1).split('/')
        problems.push(...crossing(path, room, to, isTest))
      } else if (from.startsWith('.')) {
        const target = relative(source, resolve(source, path, '..', from))
        if (target.split('/')[0] !== room) problems.push(`${path}: write '#${target}' instead of '${from}'`)
      } else if (outward.test(from) && !outwardRooms.has(room) && !isTest && !pureNames.test(names.trim())) {
        problems.push(`${path}: '${from}' belongs to net/, storage/ or server/`)
      }
    }
    if (!isTest && !outwardRooms.has(room) && room !== 'testkit') {
      for (const [index, line] of text.split('\n').entries()) {
        if (clockwork.test(line) && !/^\s*(\/\/|\*)/.test(line))
          problems.push(`${path}:${index + 1}: time and chance are handed in: ${line.trim()}`)
      }
    }
  }
  return problems
}

function crossing(path: string, room: string, to: readonly string[], isTest: boolean): readonly string[] {
  const target = to[0]!
  if (target === room) return [`${path}: write './…' inside the own room`]
  if (to.length > 2 && !isTest) return [`${path}: '#${to.join('/')}' is a back room of ${target}/`]
  if (isTest && (target === 'testkit' || room === 'testkit')) return []
  if (exceptions[room]?.includes(target)) return []
  const allowed = outside[room]
  if (allowed !== undefined) return allowed.includes(target) ? [] : [`${path}: ${room}/ may not import ${target}/`]
  const own = floors[room]
  const other = floors[target]
  if (own === undefined) return [`${path}: ${room}/ is not in the table of rooms`]
  if (other === undefined) return [`${path}: ${target}/ is not in the table of rooms`]
  // Tests may stand on a real neighbour instead of inventing one.
  if (other < own || (isTest && other === own)) return []
  return [`${path}: ${room}/ (floor ${own}) may not import ${target}/ (floor ${other})`]
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (entry.name.endsWith('.ts')) yield path
  }
}
