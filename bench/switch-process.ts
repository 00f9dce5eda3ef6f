// The switch under measurement: a real `hookswitch start` with a data folder of its own, pinned to one core, and what the
// kernel says its processes used.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

/** CPU counters tick a hundred times a second (proc(5), CLK_TCK). */
const TICK_MS = 10
const START_TIMEOUT_MS = 15_000
/** Longer drains are not what is measured. */
const STOP_MS = 1_000
export const SWITCH_CORE = 0
export const LOAD_CORE = 1
export const ROOMS = 80
/** Users `phone0` … with the password `secret`. */
export const PHONES = 32

export interface SwitchProcess {
  readonly sipPort: number
  readonly baseUrl: string
  readonly apiKey: string
  readonly adminToken: string
  /** CPU of all its processes so far, in milliseconds. */
  cpuMs(): Promise<number>
  /** Resident memory of all its processes. */
  residentKilobytes(): Promise<number>
  stop(): Promise<void>
}

export interface SwitchOrder {
  /** Where bridged calls go. */
  readonly bridgeTo?: number
  /** Where the application's webhooks go. */
  readonly webhookUrl?: string
  /** Where the application that answers TwiML is. */
  readonly twimlUrl?: string
  /** Returns as soon as the process runs, before it serves. */
  readonly sipPort?: number
}

export async function startSwitch(order: SwitchOrder): Promise<SwitchProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'hookswitch-bench-'))
  const sipPort = order.sipPort ?? (await freePort())
  const httpPort = await freePort()
  const house = [
    ['answer', 'answer'],
    ['play', 'play'],
    ['record', 'record'],
    ['bridge', `bridge sip:bench@127.0.0.1:${order.bridgeTo ?? 9}`],
    ...Array.from({ length: ROOMS }, (_, i) => [`room${i}`, `room r${i}`]),
  ] as const
  const applications: Record<string, string>[] = house.map(([name, action]) => ({
    name: name!,
    dialect: 'house',
    action: action!,
  }))
  const numbers = house.map(([name]) => ({ number: name, application: name }))
  if (order.webhookUrl !== undefined) {
    applications.push({ name: 'story', dialect: 'telnyx', webhook_url: order.webhookUrl })
    numbers.push({ number: 'story', application: 'story' })
  }
  if (order.twimlUrl !== undefined) {
    applications.push({
      name: 'twiml',
      dialect: 'twilio',
      webhook_url: `${order.twimlUrl}/voice`,
      status_callback: `${order.twimlUrl}/told`,
    })
    numbers.push({ number: 'twiml', application: 'twiml' })
  }
  const config = join(folder, 'hookswitch.yaml')
  const users = Array.from({ length: PHONES }, (_, i) => ({ username: `phone${i}`, password: 'secret' }))
  // JSON is YAML.
  await writeFile(config, JSON.stringify({ applications, numbers, users }))
  const child = spawn(
    process.execPath,
    [
      ...(process.env.BENCH_NODE_OPTIONS?.split(' ') ?? []),
      new URL('../bin/hookswitch.js', import.meta.url).pathname,
      'start',
      ...['--config', config, '--data-dir', folder, '--sip-port', String(sipPort), '--http-port', String(httpPort)],
      ...['--log-level', 'error'],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  // A bench that breaks must not leave its switch behind; the workers end by themselves then.
  const killed = (): void => kill(child.pid!)
  process.once('exit', killed)
  child.once('exit', () => process.off('exit', killed))
  pin(child.pid!, SWITCH_CORE)
  const baseUrl = `http://127.0.0.1:${httpPort}`
  if (order.sipPort === undefined) await ready(child, baseUrl)
  const credentials = async (): Promise<Record<string, string>> =>
    JSON.parse(await readFile(join(folder, 'credentials.json'), 'utf8')) as Record<string, string>
  const known = order.sipPort === undefined ? await credentials() : {}
  return {
    sipPort,
    baseUrl,
    apiKey: known.telnyx_api_key ?? '',
    adminToken: known.admin_token ?? '',
    async cpuMs() {
      let ticks = 0
      for (const pid of await family(child.pid!)) {
        const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ')
        ticks += Number(fields[11]) + Number(fields[12])
      }
      return ticks * TICK_MS
    },
    async residentKilobytes() {
      let sum = 0
      for (const pid of await family(child.pid!)) {
        const status = await readFile(`/proc/${pid}/status`, 'utf8')
        sum += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0)
      }
      return sum
    },
    async stop() {
      const family_ = await family(child.pid!)
      if (child.exitCode === null) {
        const exited = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGTERM')
        await Promise.race([exited, sleep(STOP_MS, undefined, { ref: false })])
      }
      for (const pid of family_) kill(pid)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function ready(child: ChildProcess, baseUrl: string): Promise<void> {
  const giveUpAtMs = performance.now() + START_TIMEOUT_MS
  while (performance.now() < giveUpAtMs && child.exitCode === null) {
    const reply = await fetch(`${baseUrl}/readyz`).catch(() => null)
    if (reply?.status === 200) return
    await sleep(50)
  }
  throw new Error('the switch did not start; its lines above say why')
}

/** A process and its children. */
async function family(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return [pid, ...children.split(' ').filter(Boolean).map(Number)]
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already, as it should be.
  }
}

/** Puts a process on a core, when the machine has two and `taskset`. */
export function pin(pid: number, core: number): void {
  if (availableParallelism() < 2) return
  try {
    execFileSync('taskset', ['-a', '-cp', String(core), String(pid)], { stdio: 'ignore' })
  } catch {
    // The figures are only noisier.
  }
}

/** Below the range that outgoing connections draw from: such a port is still free when the switch comes to take it. */
const PORTS_FROM = 12_000
const PORTS = 7_000

async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS_FROM + Math.floor(Math.random() * PORTS)
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
}
