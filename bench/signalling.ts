// Calls without sound: what one costs, how many a second stay clean, what a waiting one holds, how soon the first is served,
// registrations, and overload with its end.

import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Figure } from './figures.ts'
import { type Challenge, SipCaller } from './sip-caller.ts'
import { PHONES, type SwitchProcess, startSwitch } from './switch-process.ts'

export interface Size {
  /** Window of each measurement. */
  readonly seconds: number
  /** Multiplies rates and counts; smaller for a smoke test. */
  readonly scale: number
  /** Each path is walked once, nothing is measured. */
  readonly smoke: boolean
}

/** Calls before the window: a switch lives for months, its first thousand calls are interpreted. */
const WARM_UP_CALLS = 2_000
const AFTER_MS = 1_500
/** The switch writes its compile cache this soon after a start. */
const KEEP_COMPILED_MS = 3_000
/** RTP port of callers who send nothing. */
const DISCARD = 9

interface Load {
  readonly cpuPerCallMs: number
  readonly failed: number
  readonly retransmissions: number
  readonly answerP99Ms: number
}

export async function answered(size: Size): Promise<Figure[]> {
  const engine = await startSwitch({})
  try {
    return await callFigures(engine, 'answer', size, 'answered', [800, 1000, 1200, 1500])
  } finally {
    await engine.stop()
  }
}

export async function bridged(size: Size): Promise<Figure[]> {
  const callee = await SipCaller.open(0)
  const engine = await startSwitch({ bridgeTo: callee.port })
  callee.answerWith(() => DISCARD)
  try {
    return await callFigures(engine, 'bridge', size, 'bridged', [300, 400, 500])
  } finally {
    callee.close()
    await engine.stop()
  }
}

async function callFigures(
  engine: SwitchProcess,
  number: string,
  size: Size,
  name: 'answered' | 'bridged',
  rates: readonly number[],
): Promise<Figure[]> {
  if (!size.smoke) await put(engine, number, 300, WARM_UP_CALLS / 300)
  // Wake-ups weigh more the fewer calls share them: told beside the figure, which is taken at the rate of its floor.
  const calm = await put(engine, number, 100 * size.scale, size.seconds)
  const usual = await put(engine, number, rates[0]! * size.scale, size.seconds)
  let clean = 0
  let cleanLoad: Load = calm
  let beyond: { readonly rate: number; readonly load: Load } | null = null
  for (const rate of size.smoke ? rates.slice(0, 1) : rates) {
    const load = await put(engine, number, rate * size.scale, size.seconds)
    if (load.failed > 0 || load.retransmissions > 0) {
      beyond = { rate: rate * size.scale, load }
      break
    }
    clean = rate * size.scale
    cleanLoad = load
  }
  return [
    {
      name: `${name} cpu`,
      value: usual.cpuPerCallMs,
      notes: { ...usual, at: `${rates[0]}/s`, 'at 100/s': calm.cpuPerCallMs },
    },
    {
      name: `${name} rate`,
      value: clean,
      notes: {
        ...(clean === 0 && beyond !== null ? beyond.load : cleanLoad),
        // What ended the search: the first rate that was not clean.
        beyond:
          beyond === null
            ? 'not reached'
            : `${beyond.rate}/s: ${beyond.load.failed} failed, ${beyond.load.retransmissions} repeated`,
      },
    },
  ]
}

/** Places calls at a rate, each ended as soon as it is answered. */
async function put(engine: SwitchProcess, number: string, rate: number, seconds: number): Promise<Load> {
  const caller = await SipCaller.open(engine.sipPort)
  const before = await engine.cpuMs()
  const answers: number[] = []
  const total = Math.max(1, Math.round(rate * seconds))
  await atRate(rate, total, async () => {
    const call = await caller.call(number, DISCARD)
    if (call === null) return
    answers.push(call.answerMs)
    await call.hangUp()
  })
  const { failed, retransmissions } = caller
  await sleep(AFTER_MS)
  const used = (await engine.cpuMs()) - before
  caller.close()
  answers.sort((a, b) => a - b)
  return {
    cpuPerCallMs: used / total,
    failed,
    retransmissions,
    answerP99Ms: answers[Math.floor(answers.length * 0.99)] ?? 0,
  }
}

/** Starts `total` pieces of work at a rate by absolute deadlines; settles when the last has ended. */
export async function atRate(rate: number, total: number, work: (index: number) => Promise<void>): Promise<void> {
  const startedAtMs = performance.now()
  const running: Promise<void>[] = []
  while (running.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAtMs) * rate) / 1000) + 1)
    while (running.length < due) running.push(work(running.length))
    await sleep(1)
  }
  await Promise.all(running)
}

/** 500 answered calls that say nothing: memory and CPU. */
export async function waiting(size: Size): Promise<Figure[]> {
  const engine = await startSwitch({})
  const caller = await SipCaller.open(engine.sipPort)
  try {
    if (!size.smoke) await put(engine, 'answer', 200, 5)
    const before = await engine.residentKilobytes()
    const count = Math.max(2, 500 * size.scale)
    const calls: Awaited<ReturnType<SipCaller['call']>>[] = []
    await atRate(100, count, async () => void calls.push(await caller.call('answer', DISCARD)))
    await sleep(2_000)
    const up = calls.filter((call) => call !== null).length
    const cpu = await engine.cpuMs()
    await sleep(size.seconds * 1000)
    const used = (await engine.cpuMs()) - cpu
    const held = (await engine.residentKilobytes()) - before
    await Promise.all(calls.map((call) => call?.hangUp()))
    return [
      { name: 'call memory', value: held / up, notes: { up } },
      { name: 'silence', value: used / 10 / size.seconds, notes: { up } },
    ]
  } finally {
    caller.close()
    await engine.stop()
  }
}

/** From the start of the process to the first 200 for an INVITE that is sent again every 20 ms. */
export async function start(size: Size): Promise<Figure[]> {
  const probe = await SipCaller.open(0)
  const sipPort = probe.port
  probe.close()
  const times: number[] = []
  // An installation's first start compiles and keeps what it compiled; the later ones are measured.
  if (!size.smoke) {
    const first = await startSwitch({})
    await sleep(KEEP_COMPILED_MS)
    await first.stop()
  }
  for (let run = 0; run < (size.smoke ? 1 : 3); run++) {
    const startedAtMs = performance.now()
    const engine = await startSwitch({ sipPort })
    const callers: SipCaller[] = []
    try {
      const first = await new Promise<number>((resolve) => {
        const timer = setInterval(async () => {
          const caller = await SipCaller.open(sipPort)
          callers.push(caller)
          const call = await caller.call('answer', DISCARD)
          if (call === null) return
          clearInterval(timer)
          resolve(call.answeredAtMs - startedAtMs)
          await call.hangUp()
        }, 20)
      })
      times.push(first / 1000)
    } finally {
      for (const caller of callers) caller.close()
      await engine.stop()
    }
  }
  times.sort((a, b) => a - b)
  return [{ name: 'start', value: times[times.length >> 1]!, notes: { fastest: times[0]!, slowest: times.at(-1)! } }]
}

/** Phones that register again and again, as many at once as keep the core busy; CPU decides. */
export async function register(size: Size): Promise<Figure[]> {
  const engine = await startSwitch({})
  const phones = await Promise.all(Array.from({ length: PHONES }, () => SipCaller.open(engine.sipPort)))
  try {
    const run = async (seconds: number): Promise<number> => {
      const endAtMs = performance.now() + seconds * 1000
      const done = await Promise.all(
        phones.map(async (phone, index) => {
          let count = 0
          let challenge: Challenge | null = null
          while (performance.now() < endAtMs) {
            challenge = await phone.register(`phone${index}`, 'secret', challenge)
            if (challenge === null) break
            count++
          }
          return count
        }),
      )
      return done.reduce((sum, count) => sum + count, 0)
    }
    await run(Math.min(3, size.seconds))
    const before = await engine.cpuMs()
    const served = await run(size.seconds)
    const cpuMs = (await engine.cpuMs()) - before
    const failed = phones.reduce((sum, phone) => sum + phone.failed, 0)
    const notes = { served, servedPerSecond: served / size.seconds, usEach: (cpuMs * 1000) / served, failed }
    return [{ name: 'register', value: (served * 1000) / Math.max(1, cpuMs), notes }]
  } finally {
    for (const phone of phones) phone.close()
    await engine.stop()
  }
}

/** Twice the clean rate for five seconds, then the clean rate at once: what was refused, and what fails afterwards. */
export async function overload(size: Size): Promise<Figure[]> {
  const engine = await startSwitch({})
  try {
    const rate = 800 * size.scale
    if (!size.smoke) await put(engine, 'answer', rate / 2, WARM_UP_CALLS / (rate / 2))
    const storm = await SipCaller.open(engine.sipPort)
    let served = 0
    const over = atRate(rate * 2, rate * 2 * Math.min(5, size.seconds), async () => {
      const call = await storm.call('answer', DISCARD)
      if (call === null) return
      served++
      await call.hangUp()
    })
    await sleep(Math.min(5, size.seconds) * 1000)
    const after = await put(engine, 'answer', rate, size.seconds)
    await over
    storm.close()
    return [
      {
        name: 'overload recovery',
        value: (after.failed * 100) / (rate * size.seconds),
        notes: { ...after, stormServed: served, stormRefused: storm.failed, stormRepeated: storm.retransmissions },
      },
    ]
  } finally {
    await engine.stop()
  }
}
