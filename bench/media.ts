// Sound through the whole switch: calls set up over SIP, then the load of rtp-generator.ts on the ports they were given.

import { fork, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Figure, FigureName } from './figures.ts'
import type { KernelResult, Scenario } from './media-kernel.ts'
import type { WindowFigures } from './rtp-generator.ts'
import type { Size } from './signalling.ts'
import { type PlacedCall, SipCaller } from './sip-caller.ts'
import { LOAD_CORE, pin, ROOMS, SWITCH_CORE, startSwitch } from './switch-process.ts'

/** What this machine charges for a datagram in and out, with nothing of ours in between, in us: figures of audio scale with it. */
export async function yardstick(): Promise<number> {
  return (await kernel('sockets', 400, 5)).usPerLegTick
}

async function kernel(scenario: Scenario, legs: number, seconds: number): Promise<KernelResult> {
  const script = fileURLToPath(new URL('./media-kernel.ts', import.meta.url))
  const args = [script, scenario, '--json', '--legs', String(legs), '--seconds', String(seconds)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  pin(child.pid!, SWITCH_CORE)
  let text = ''
  for await (const bytes of child.stdout) text += String(bytes)
  return JSON.parse(text) as KernelResult
}

/** The media worker alone, each leg to a WebSocket of its own: there is nothing of it in control. */
export async function streaming({ seconds, scale }: Size): Promise<Figure[]> {
  const legs = Math.max(4, Math.round(100 * scale))
  const result = await kernel('streaming', legs, seconds)
  const heard = (100 * result.received) / result.expected
  const notes = {
    legs,
    heard,
    late: result.lateP99Ms,
    failed: result.silentLegs,
    legsPerCore: 20_000 / result.usPerLegTick,
  }
  return [
    { name: 'streaming', value: result.usPerLegTick, notes },
    { name: 'streaming delay p50', value: result.delayP50Ms ?? Number.NaN, notes: {} },
    { name: 'streaming delay p99', value: result.delayP99Ms ?? Number.NaN, notes: {} },
  ]
}

const CALLS_PER_SECOND = 100
/** Warm means as much audio for few legs as for many: so many seconds of it before the window. */
const WARM_UP_LEG_SECONDS = 2_000

interface Sounding extends WindowFigures {
  readonly up: number
  readonly usPerLegTick: number
  readonly cpuPercent: number
  readonly kilobytesPerLeg: number
}

/** @param most legs of a full run @param numberOf which number the i-th caller dials @param twoLegs a bridge: every call is answered by a leg of ours, too */
async function sound(
  most: number,
  { seconds, scale, smoke }: Size,
  numberOf: (leg: number) => string,
  twoLegs = false,
) {
  const legs = Math.max(20, most * scale)
  const callee = await SipCaller.open(0)
  const engine = await startSwitch({ bridgeTo: callee.port })
  const caller = await SipCaller.open(engine.sipPort)
  const generator = fork(new URL('./rtp-generator.ts', import.meta.url))
  pin(generator.pid!, LOAD_CORE)
  try {
    generator.send({ legs })
    const { ports } = await next<{ ports: number[] }>(generator, 'ports')
    // Warm: code paths, and memory the allocator keeps.
    for (let i = 0; i < 20; i++) await (await caller.call('answer', 9))?.hangUp()
    const before = await engine.residentKilobytes()
    const placed = twoLegs ? legs / 2 : legs
    let ringing = placed
    callee.answerWith(() => ports[ringing++]!)
    const calls: (PlacedCall | null)[] = []
    for (let i = 0; i < placed; i++) {
      calls.push(await caller.call(numberOf(i), ports[i]!))
      await sleep(1000 / CALLS_PER_SECOND)
    }
    await sleep(500)
    const targets = calls.map((call) => call?.rtpPort ?? 9)
    // The called side learns its target from the offer it was sent.
    const targetsOfCallee = callee.offeredPorts
    generator.send({ targets: [...targets, ...targetsOfCallee], mark: twoLegs })
    await sleep(1000 * (smoke ? 1 : WARM_UP_LEG_SECONDS / legs))
    const cpu = await engine.cpuMs()
    generator.send({ window: seconds })
    const { figures } = await next<{ figures: WindowFigures }>(generator, 'figures')
    const used = (await engine.cpuMs()) - cpu
    const kilobytesPerLeg = ((await engine.residentKilobytes()) - before) / legs
    const up = calls.filter((call) => call !== null).length
    return {
      ...figures,
      up,
      usPerLegTick: (used * 1000) / (legs * 50 * seconds),
      cpuPercent: used / 10 / seconds,
      kilobytesPerLeg,
    } satisfies Sounding
  } finally {
    generator.send({ end: true })
    caller.close()
    callee.close()
    await engine.stop()
  }
}

function figure(name: FigureName, value: number, measured: Sounding): Figure {
  return { name, value, notes: { ...measured } }
}

export async function rooms(size: Size): Promise<Figure[]> {
  const measured = await sound(200, size, (leg) => `room${Math.floor(leg / 10) % ROOMS}`)
  return [
    figure('rooms of ten', measured.usPerLegTick, measured),
    figure('conference memory', measured.kilobytesPerLeg, measured),
  ]
}

export async function room100(size: Size): Promise<Figure[]> {
  const measured = await sound(100, size, () => 'room0')
  return [figure('room of 100', measured.usPerLegTick, measured)]
}

export async function bridge(size: Size): Promise<Figure[]> {
  const measured = await sound(400, size, () => 'bridge', true)
  return [
    figure('bridge', measured.usPerLegTick, measured),
    figure('bridge delay p50', measured.delayP50Ms ?? Number.NaN, measured),
    figure('bridge delay p99', measured.delayP99Ms ?? Number.NaN, measured),
  ]
}

export async function playback(size: Size): Promise<Figure[]> {
  const measured = await sound(400, size, () => 'play')
  return [figure('playback', measured.usPerLegTick, measured)]
}

export async function recording(size: Size): Promise<Figure[]> {
  const measured = await sound(400, size, () => 'record')
  return [figure('recording', measured.usPerLegTick, measured)]
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
