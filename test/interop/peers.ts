// What every test against real peers needs: whether a peer is installed, free ports, a run directory of its own, programs
// started and ended by their process id, and a switch: in this process, or as the real binary in one of its own.
//
// A test whose peer is missing says so loudly and is skipped; with HOOKSWITCH_REQUIRE_ALL=1 it fails instead.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { silentLog } from '#base/log.ts'
import type { Address } from '#base/wire.ts'
import type { EngineEvent, FactType } from '#calls/events.ts'
import { RealChance } from '#net/chance.ts'
import { RealClock } from '#net/clock.ts'
import { TcpNet } from '#net/tcp.ts'
import { UdpNet } from '#net/udp.ts'
import type { Credentials } from '#server/credentials.ts'
import { readSettings } from '#server/settings.ts'
import { type RunningSwitch, startSwitch } from '#server/switch.ts'
import { Phone, type PhoneSetup } from '#testkit/phone.ts'

/** The command line, as npm's scripts run it. */
export const BINARY = fileURLToPath(new URL('../../bin/hookswitch.js', import.meta.url))
/** RTP ports of one switch; below the range the system gives out by itself. */
const RTP_SPAN = 2000
const RTP_FIRST = 12_000
const RTP_LAST = 32_000
const KILL_AFTER_MS = 5_000
/** Output of a peer that is kept. */
const MAX_OUTPUT = 4 * 1024 * 1024

export interface Peer {
  readonly pid: number
  /** Both streams, as they came. */
  output(): string
  /** Types a line, into peers that were started with a keyboard. */
  type(line: string): void
  /** The exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>
  signal(name: NodeJS.Signals): void
  /** SIGTERM, then SIGKILL; resolves when it is gone. */
  end(): Promise<void>
}

export interface Ground {
  /** A directory of this test's own, removed at its end. */
  readonly folder: string
  start(program: string, args: readonly string[], more?: SpawnMore): Peer
  /** Runs when the test is over, newest first, whatever happened. */
  after(end: () => Promise<unknown> | unknown): void
  phone(user: string, more?: Partial<PhoneSetup>): Promise<Phone>
}

export interface SpawnMore {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Whether it is typed to. */
  readonly keyboard?: boolean
}

/** A test that needs these programs (found in PATH) or files (with a slash). */
export function peerTest(
  name: string,
  needs: readonly string[],
  run: (ground: Ground) => Promise<void>,
  timeoutMs = 120_000,
): void {
  const missing = needs.filter((one) => !present(one))
  if (missing.length === 0) {
    test(name, { timeout: timeoutMs }, () => onGround(run))
    return
  }
  missed(name, `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed`)
}

/** Says that a test cannot run, and why: a failure where everything is required. */
export function missed(name: string, why: string): void {
  if (process.env.HOOKSWITCH_REQUIRE_ALL === '1') {
    test(name, () => assert.fail(why))
    return
  }
  console.error(`SKIPPED: ${name}: ${why}; this was NOT tested.`)
  test(name, { skip: why }, () => {})
}

export function present(program: string): boolean {
  if (program.includes('/')) return spawnSync('test', ['-e', program]).status === 0
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.some((folder) => spawnSync('test', ['-x', join(folder, program)]).status === 0)
}

/** Runs with a directory and cleans up behind it. */
export async function onGround(run: (ground: Ground) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hookswitch-'))
  const ends: (() => Promise<unknown> | unknown)[] = []
  const ground: Ground = {
    folder,
    start(program, args, more = {}) {
      const peer = startPeer(program, args, { cwd: folder, ...more })
      ends.push(() => peer.end())
      return peer
    },
    after: (end) => ends.push(end),
    async phone(user, more = {}) {
      const phone = await Phone.open({
        clock: new RealClock(),
        chance: new RealChance(),
        datagrams: new UdpNet(),
        streams: new TcpNet(),
        user,
        ...more,
      })
      ends.push(() => phone.close())
      return phone
    },
  }
  try {
    await run(ground)
  } finally {
    for (const end of ends.reverse()) await end()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

function startPeer(program: string, args: readonly string[], more: SpawnMore): Peer {
  const child: ChildProcess = spawn(program, [...args], {
    cwd: more.cwd,
    stdio: [more.keyboard === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: { ...withoutOurs(process.env), ...more.env },
  })
  let text = ''
  const take = (chunk: Buffer): void => {
    if (text.length < MAX_OUTPUT) text += chunk.toString('latin1')
  }
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (cause) => {
      text += String(cause)
      resolve(null)
    })
    child.once('exit', (code) => resolve(code))
  })
  const gone = (): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null
  return {
    pid: child.pid ?? 0,
    output: () => text,
    type: (line) => void child.stdin?.write(`${line}\n`),
    ended,
    signal: (name) => {
      if (!gone()) child.kill(name)
    },
    async end() {
      if (gone()) return
      child.kill('SIGTERM')
      const hard = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS)
      await ended
      clearTimeout(hard)
    },
  }
}

/** The test runner's own variables confuse its children, and ours configure a switch. */
function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('HOOKSWITCH_') && name !== 'NODE_TEST_CONTEXT'),
  )
}

/** A port free for datagrams and for streams; `span` many in a row. */
export async function freePort(span = 1): Promise<number> {
  for (;;) {
    const first = RTP_LAST + Math.floor(Math.random() * 700)
    const free = await Promise.all(Array.from({ length: span }, (_, index) => isFree(first + index)))
    if (free.every((one) => one)) return first
  }
}

/** Whether nobody listens at a port. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => {
      const socket = createSocket('udp4')
      socket.once('error', () => server.close(() => resolve(false)))
      socket.bind(port, '127.0.0.1', () => socket.close(() => server.close(() => resolve(true))))
    })
  })
}

export function rtpPorts(): string {
  const first = RTP_FIRST + 2 * Math.floor((Math.random() * (RTP_LAST - RTP_FIRST - RTP_SPAN)) / 2)
  return `${first}-${first + RTP_SPAN - 1}`
}

// ---- a switch in this process

export interface LocalSwitch {
  readonly running: RunningSwitch
  readonly sip: Address
  /** Everything the hall told, in order. */
  readonly events: EngineEvent[]
  count(type: FactType): number
  /** One REST request; `path` below /v2. */
  rest(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly json: Json }>
}

/** Whatever JSON came back; tests look into it as they expect it. */
// biome-ignore lint/suspicious/noExplicitAny: a reply is read by the test that knows its shape
export type Json = any

/** The real switch with real sockets; stopped at the end of the test. */
export async function localSwitch(ground: Ground, declared: object, name = 'switch'): Promise<LocalSwitch> {
  const settings = readSettings(
    { httpPort: '0', sipPort: '0', dataDir: join(ground.folder, name), rtpPorts: rtpPorts(), mediaWorkers: '1' },
    {},
    declared,
  )
  assert.ok(settings.ok, settings.ok ? '' : settings.error.text)
  const started = await startSwitch(settings.value, silentLog)
  assert.ok(started.ok, started.ok ? '' : started.error)
  const running = started.value
  ground.after(() => running.stop(0))
  const events: EngineEvent[] = []
  running.house.engine.listen((event) => events.push(event))
  const [host = '', port = ''] = (running.faces.sip ?? '').split(':')
  return {
    running,
    sip: { host, port: Number(port) },
    events,
    count: (type) => events.filter(({ fact }) => fact.type === type).length,
    rest: (method, path, body) =>
      rest(running.faces.http ?? '', running.credentials.telnyx_api_key, method, path, body),
  }
}

export async function rest(
  base: string,
  key: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly json: Json }> {
  const response = await fetch(`${base}/v2${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, json: text === '' ? null : JSON.parse(text) }
}

// ---- a switch in a process of its own

export interface ChildSwitch {
  readonly peer: Peer
  readonly http: string
  readonly sip: Address
  readonly dataDir: string
  readonly credentials: Credentials
  /** Parsed reply of the admin API. */
  admin(path: string): Promise<Json>
  rest: LocalSwitch['rest']
}

export interface ChildSwitchOrder {
  readonly name: string
  /** The content of `hookswitch.yaml`; JSON is YAML too. */
  readonly declared: object
  readonly httpPort: number
  readonly sipPort: number
  readonly sipHost?: string
  readonly rtpPorts: string
  /** Another than `BINARY`. */
  readonly binary?: string
}

/** `bin/hookswitch.js start` on a configuration file and a data folder of its own, ready when it says so. */
export async function childSwitch(ground: Ground, order: ChildSwitchOrder): Promise<ChildSwitch> {
  const file = join(ground.folder, `${order.name}.yaml`)
  const dataDir = join(ground.folder, order.name)
  const sipHost = order.sipHost ?? '127.0.0.1'
  await writeFile(file, JSON.stringify(order.declared))
  const peer = ground.start(process.execPath, [
    order.binary ?? BINARY,
    'start',
    ...['--config', file, '--data-dir', dataDir],
    ...['--http-port', String(order.httpPort), '--sip-port', String(order.sipPort), '--rtp-ports', order.rtpPorts],
    ...['--sip-host', sipHost],
  ])
  const http = `http://127.0.0.1:${order.httpPort}`
  await until(async () => (await fetch(`${http}/readyz`).catch(() => null))?.ok === true, `${order.name} is ready`, {
    why: () => peer.output(),
  })
  const credentials = JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8')) as Credentials
  return {
    peer,
    http,
    sip: { host: sipHost, port: order.sipPort },
    dataDir,
    credentials,
    admin: async (path) => {
      const headers = { authorization: `Bearer ${credentials.admin_token}` }
      return (await fetch(`${http}/admin${path}`, { headers })).json()
    },
    rest: (method, path, body) => rest(http, credentials.telnyx_api_key, method, path, body),
  }
}

// ---- waiting and measuring

/** Waits for something real to happen; fails with what it waited for. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  more: { readonly withinMs?: number; readonly why?: () => string } = {},
): Promise<void> {
  const withinMs = more.withinMs ?? 15_000
  const giveUpAtMs = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > giveUpAtMs)
      assert.fail(`${what}: not within ${withinMs / 1000} s${more.why === undefined ? '' : `\n${more.why()}`}`)
    await sleep(20)
  }
}

/** For peers that live in real time; scenarios on a pretended network never need it. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/**
 * Watches this process's own pauses: telephones in a test share a busy machine with what they measure, and a packet that
 * waited for us was not late.
 */
export class OwnPauses {
  readonly #ticks: number[] = [performance.now()]
  readonly #timer = setInterval(() => this.#ticks.push(performance.now()), 5)

  /** The longest wait for a packet between two instants, less what we slept ourselves in that wait. */
  widestGapMs(packets: readonly { readonly atMs: number }[], fromMs: number, untilMs: number): number {
    const times = packets.map((packet) => packet.atMs).filter((atMs) => atMs >= fromMs && atMs <= untilMs)
    let widest = 0
    let last = fromMs
    for (const atMs of [...times, untilMs]) {
      widest = Math.max(widest, atMs - last - this.#sleptMs(last, atMs))
      last = atMs
    }
    return widest
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Time beyond an ordinary tick in which this process did not run. */
  #sleptMs(fromMs: number, untilMs: number): number {
    let slept = 0
    for (let index = 1; index < this.#ticks.length; index++) {
      const [before, now] = [this.#ticks[index - 1]!, this.#ticks[index]!]
      if (now <= fromMs || before >= untilMs) continue
      slept += Math.max(0, Math.min(now, untilMs) - Math.max(before, fromMs) - OWN_TICK_MS)
    }
    return slept
  }
}

/** An ordinary wait between two ticks of 5 ms. */
const OWN_TICK_MS = 10
