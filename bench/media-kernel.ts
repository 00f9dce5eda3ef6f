// What the media worker costs: CPU microseconds per leg and 20 ms, all of it (receive, jitter buffer, decode, mix, encode,
// send), on real sockets, with the load generator in a process of its own. Run it as
//
//   taskset -c 0 node bench/media-kernel.ts [scenario …] [--legs N] [--seconds S] [--portable]
//
// `--json` prints figures for main.ts, `--portable` takes Node's own sockets. Scenarios: rooms (of ten), room100, bridge, playback, recording, streaming (to a WebSocket), silent; and rooms of ten again in SRTP (counter mode, GCM), G.722
// and Opus. The generator pins itself to the other core.

import { execFileSync, fork } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { loadOpus } from '../src/audio/opus.ts'
import { encodeWav } from '../src/audio/wav.ts'
import { silentLog } from '../src/base/log.ts'
import { type SrtpKey, type SrtpKeys, srtpSuites } from '../src/base/srtp-key.ts'
import type { MediaCommand, MediaEvent, SessionDescription } from '../src/media/protocol.ts'
import { MediaWorker } from '../src/media/worker.ts'
import { RealChance } from '../src/net/chance.ts'
import { RealClock } from '../src/net/clock.ts'
import { RealDisk } from '../src/net/disk.ts'
import { nativeUdp } from '../src/net/native-udp.ts'
import { UdpNet } from '../src/net/udp.ts'
import { GuardedWebSockets } from '../src/net/web-socket.ts'
import { streamFrames } from '../src/telnyx/stream-frames.ts'
import type { LoadCodec, WindowFigures } from './rtp-generator.ts'

/** The most a leg may cost per 20 ms, from docs: our floor and our aim. */
const FLOORS = {
  rooms: { floor: 20, aim: 11 },
  room100: { floor: 18, aim: 10 },
  bridge: { floor: 16, aim: 10 },
  playback: { floor: 20, aim: 10 },
  recording: { floor: 20, aim: 12 },
  /** A WebSocket frame of text costs more than the packet. */
  streaming: { floor: 60, aim: 40 },
  silent: { floor: 0.8, aim: 0.2 },
  /** 650 legs at half a core. */
  srtp: { floor: 26, aim: 15.4 },
  'srtp-gcm': { floor: 26, aim: 15.4 },
  g722: { floor: 110, aim: 80 },
  /** 45 legs at half a core. */
  opus: { floor: 260, aim: 222 },
  /** No engine at all: bare sockets that send back what they get. What this machine charges for input and output now. */
  sockets: { floor: 99, aim: 99 },
} as const

export type Scenario = keyof typeof FLOORS

export interface KernelResult extends WindowFigures {
  readonly scenario: Scenario
  readonly legs: number
  readonly cpuPercent: number
  /** How much of it the kernel spent. */
  readonly systemPart: number
  readonly usPerLegTick: number
  readonly floor: number
  readonly aim: number
  readonly lateP99Ms: number
  readonly kilobytesPerLeg: number
}

const SETTLE_MS = 2500
/** As in src/server/media-process.ts. */
const LEG_BUFFERS = { receiveBufferOctets: 65_536, sendBufferOctets: 65_536 }

/** What the legs of a scenario speak. */
function voiceOf(scenario: Scenario): { readonly codec: LoadCodec; readonly srtp: SrtpKeys | null } {
  const codec = scenario === 'g722' ? 'G722' : scenario === 'opus' ? 'opus' : 'PCMU'
  const suite = scenario === 'srtp' ? 'AES_CM_128_HMAC_SHA1_80' : scenario === 'srtp-gcm' ? 'AEAD_AES_128_GCM' : null
  if (suite === null) return { codec, srtp: null }
  const { keyOctets, saltOctets } = srtpSuites[suite]
  const key = (fill: number): SrtpKey => ({
    suite,
    keyAndSalt: Buffer.alloc(keyOctets + saltOctets, fill).toString('base64'),
    mkiOctets: 0,
  })
  return { codec, srtp: { send: key(1), receive: key(2) } }
}

/** The price of the sockets alone, for comparison within one run. */
async function echo(ports: readonly number[]): Promise<number[]> {
  return Promise.all(
    ports.map(
      (port) =>
        new Promise<number>((resolve) => {
          const socket = createSocket('udp4')
          socket.on('message', (bytes) => socket.send(bytes))
          socket.on('error', () => {})
          socket.bind(0, '127.0.0.1', () => socket.connect(port, '127.0.0.1', () => resolve(socket.address().port)))
        }),
    ),
  )
}

export async function runScenario(scenario: Scenario, legs: number, seconds: number): Promise<KernelResult> {
  const folder = await mkdtemp(join(tmpdir(), 'media-kernel-'))
  const disk = new RealDisk()
  const worker = new MediaWorker({
    clock: new RealClock(),
    chance: new RealChance(),
    net: (process.argv.includes('--portable') ? null : nativeUdp(LEG_BUFFERS)) ?? new UdpNet(LEG_BUFFERS),
    disk,
    log: silentLog,
    streaming: {
      sockets: new GuardedWebSockets({ allow: ['127.0.0.0/8'] }),
      languages: { telnyx: streamFrames },
      decodeMp3: null,
    },
    ports: { first: 40_000, last: 49_999 },
  })
  const opened = new Map<string, number>()
  let lateP99Ms = 0
  let waiting: (() => void) | null = null
  worker.onEvent((event: MediaEvent) => {
    if (event.type === 'session-opened') {
      opened.set(event.session, event.local.port)
      if (opened.size === legs) waiting?.()
    } else if (event.type === 'worker-load') lateP99Ms = Math.max(lateP99Ms, event.lateP99Ms)
    else if (event.type.endsWith('-failed')) console.error(event)
  })
  const tell = (command: MediaCommand) => worker.handle(command)

  const generator = fork(new URL('./rtp-generator.ts', import.meta.url))
  if (availableParallelism() >= 1) pin(generator.pid!, 1)
  const { codec, srtp } = voiceOf(scenario)
  if (codec === 'opus') await loadOpus()
  generator.send({ legs, codec, srtp })
  const { ports } = await next<{ ports: number[] }>(generator, 'ports')
  const before = process.memoryUsage().rss
  if (scenario === 'sockets') generator.send({ targets: await echo(ports), mark: true })
  else {
    for (let i = 0; i < legs; i++) tell({ type: 'open-session', session: `s${i}`, bindHost: '127.0.0.1' })
    await new Promise<void>((resolve) => {
      waiting = resolve
    })
    for (let i = 0; i < legs; i++) {
      tell({ type: 'configure-session', session: `s${i}`, description: describe(ports[i]!, codec, srtp) })
    }
    if (scenario === 'streaming') {
      generator.send({ streams: true })
      const { streamPort } = await next<{ streamPort: number }>(generator, 'streamPort')
      stream(legs, streamPort, tell)
    }
    await prepare(scenario, legs, tell, folder)
    if (scenario !== 'silent') {
      const targets = Array.from({ length: legs }, (_, i) => opened.get(`s${i}`)!)
      generator.send({ targets, mark: scenario === 'bridge' || scenario === 'streaming' })
    }
  }
  await sleep(SETTLE_MS)
  lateP99Ms = 0
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  generator.send({ window: seconds })
  const { figures } = await next<{ figures: WindowFigures }>(generator, 'figures')
  const used = process.cpuUsage(cpu)
  const elapsed = performance.now() - startedAt
  const microseconds = used.user + used.system
  const kilobytesPerLeg = (process.memoryUsage().rss - before) / 1024 / legs
  generator.send({ end: true })
  await worker.close()
  await rm(folder, { recursive: true })
  const { floor, aim } = FLOORS[scenario]
  return {
    scenario,
    legs,
    cpuPercent: microseconds / 10 / elapsed,
    systemPart: used.system / microseconds,
    usPerLegTick: microseconds / (legs * (elapsed / 20)),
    floor,
    aim,
    lateP99Ms,
    kilobytesPerLeg,
    ...figures,
  }
}

async function prepare(
  scenario: Scenario,
  legs: number,
  tell: (command: MediaCommand) => void,
  folder: string,
): Promise<void> {
  const room = (mix: string, from: number, count: number, peers: 2 | 'many') => {
    tell({ type: 'open-mix', mix, sampleRateHz: 16_000, peers })
    for (let i = from; i < from + count && i < legs; i++) {
      tell({ type: 'set-member', mix, session: `s${i}`, hears: 'everyone', heardBy: 'everyone', passDigits: true })
    }
  }
  switch (scenario) {
    case 'rooms':
    case 'srtp':
    case 'srtp-gcm':
    case 'g722':
    case 'opus':
      for (let i = 0; i < legs; i += 10) room(`m${i}`, i, 10, 'many')
      return
    case 'room100':
      for (let i = 0; i < legs; i += 100) room(`m${i}`, i, 100, 'many')
      return
    case 'bridge':
      for (let i = 0; i < legs; i += 2) room(`m${i}`, i, 2, 2)
      return
    case 'playback': {
      const path = join(folder, 'prompt.wav')
      const samples = Int16Array.from({ length: 960_000 }, (_, i) => 6000 * Math.sin(i * 0.3) * Math.sin(i / 4000))
      await new RealDisk().replace(path, encodeWav(samples, 8000))
      for (let i = 0; i < legs; i++) {
        tell({
          type: 'play',
          player: `p${i}`,
          target: { type: 'sessions', sessions: [`s${i}`] },
          source: { type: 'file', path, growing: false },
          times: 'forever',
          gainDb: 0,
          mode: 'over',
        })
        if (i % 2 === 1) await sleep(10)
      }
      return
    }
    case 'recording':
      for (let i = 0; i < legs; i++) {
        tell({
          type: 'record',
          recorder: `r${i}`,
          source: { type: 'session', session: `s${i}`, track: 'inbound' },
          channels: 1,
          sampleRateHz: 8000,
          path: join(folder, `r${i}.wav`),
          maxDurationMs: 0,
          silenceTimeoutMs: 0,
          beep: false,
        })
        if (i % 2 === 1) await sleep(10)
      }
      return
    case 'streaming':
    case 'silent':
    case 'sockets':
      return
  }
}

/** Every leg to a WebSocket of its own, in the call's codec. */
function stream(legs: number, port: number, tell: (command: MediaCommand) => void): void {
  for (let i = 0; i < legs; i++) {
    tell({
      type: 'start-stream',
      stream: `${i}`.padStart(32, '0'),
      session: `s${i}`,
      wait: false,
      wish: {
        url: `ws://127.0.0.1:${port}/${i}`,
        headers: {},
        language: 'telnyx',
        about: { account: '0'.repeat(32), call: '0'.repeat(32), group: '0'.repeat(32), from: '', to: '', notes: {} },
        track: 'inbound',
        format: null,
        parameters: [],
        voice: null,
      },
    })
  }
}

const bindings = {
  PCMU: { payloadType: 0, codec: 'PCMU', clockRateHz: 8000, channels: 1, ptimeMs: 20 },
  G722: { payloadType: 9, codec: 'G722', clockRateHz: 8000, channels: 1, ptimeMs: 20 },
  opus: { payloadType: 107, codec: 'opus', clockRateHz: 48_000, channels: 2, ptimeMs: 20, fmtp: 'useinbandfec=1' },
} as const

function describe(port: number, codec: LoadCodec, srtp: SrtpKeys | null): SessionDescription {
  const binding = bindings[codec]
  return {
    remote: { host: '127.0.0.1', port },
    remoteRtcp: null,
    rtcpMux: true,
    send: binding,
    receive: [binding],
    telephoneEvent: { sendType: 101, receiveType: 101, clockRateHz: binding.clockRateHz },
    comfortNoiseType: null,
    direction: 'sendrecv',
    latch: true,
    inbandDigits: false,
    cname: 'bench@hookswitch',
    srtp,
  }
}

function pin(pid: number, core: number): void {
  try {
    execFileSync('taskset', ['-a', '-cp', String(core), String(pid)], { stdio: 'ignore' })
  } catch {
    // Without taskset, or with one core, the figures are only noisier.
  }
}

function next<T>(child: ReturnType<typeof fork>, key: string): Promise<T> {
  return new Promise((resolve) => {
    const listen = (message: unknown): void => {
      if (typeof message !== 'object' || message === null || !(key in message)) return
      child.off('message', listen)
      resolve(message as T)
    }
    child.on('message', listen)
  })
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function print(result: KernelResult): void {
  const round = (value: number | null) => (value === null ? '-' : value.toFixed(2))
  const verdict = result.usPerLegTick <= result.aim ? 'aim' : result.usPerLegTick <= result.floor ? 'floor' : 'MISSED'
  console.log(
    `${result.scenario.padEnd(10)} ${String(result.legs).padStart(5)} legs  ${round(result.cpuPercent)} % (kernel ${(result.systemPart * 100).toFixed(0)} %)  ` +
      `${round(result.usPerLegTick)} us/leg-tick (floor ${result.floor}, aim ${result.aim}: ${verdict})  ` +
      `heard ${((result.received * 100) / result.expected).toFixed(2)} %  below99 ${result.legsBelow99}  ` +
      `silent ${result.silentLegs}  gap p50/p99/max ${round(result.gapP50Ms)}/${round(result.gapP99Ms)}/${round(result.gapMaxMs)}  ` +
      `delay ${round(result.delayP50Ms)}/${round(result.delayP99Ms)}  rms ${result.rms}  late p99 ${round(result.lateP99Ms)}  ` +
      `legs per half core ${Math.floor(10_000 / result.usPerLegTick)}  ` +
      `${round(result.kilobytesPerLeg)} kB/leg  generator late ${round(result.lateMaxMs)}`,
  )
}

if (import.meta.main) {
  const args = process.argv.slice(2)
  const option = (name: string, otherwise: number) => {
    const index = args.indexOf(name)
    return index < 0 ? otherwise : Number(args.splice(index, 2)[1])
  }
  const legs = option('--legs', 400)
  const seconds = option('--seconds', 6)
  const json = args.includes('--json')
  if (json) args.splice(args.indexOf('--json'), 1)
  const scenarios = (args.length > 0 ? args : Object.keys(FLOORS)) as Scenario[]
  for (const scenario of scenarios) {
    const result = await runScenario(scenario, legs, seconds)
    if (json) console.log(JSON.stringify(result))
    else print(result)
  }
  process.exit(0)
}
