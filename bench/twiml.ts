// TwiML: how many documents a core interprets, and how soon an application is asked and told.

import { createServer, type Server } from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Figure } from './figures.ts'
import { atRate, type Size } from './signalling.ts'
import { SipCaller } from './sip-caller.ts'
import { startSwitch } from './switch-process.ts'

/** Calls that redirect themselves without end while documents are counted. */
const LOOPING_CALLS = 32
const CALLS_PER_SECOND = 40
const WARM_UP_S = 1
const DISCARD = 9
const HANG_UP = '<?xml version="1.0"?><Response><Hangup/></Response>'

/** An application that answers documents: calls named `loop…` are sent in circles until the end. */
class Documents {
  served = 0
  looping = true
  readonly askedAtMs = new Map<string, number>()
  readonly toldAtMs = new Map<string, number>()
  readonly #server: Server

  private constructor() {
    this.#server = createServer((incoming, reply) => {
      const parts: Buffer[] = []
      incoming.on('data', (part: Buffer) => parts.push(part))
      incoming.on('end', () => {
        const form = new URLSearchParams(Buffer.concat(parts).toString())
        const from = form.get('From') ?? ''
        if (incoming.url === '/told') {
          this.toldAtMs.set(from, performance.now())
          return void reply.end()
        }
        this.served++
        if (!this.askedAtMs.has(from)) this.askedAtMs.set(from, performance.now())
        reply.setHeader('content-type', 'text/xml')
        reply.end(from.startsWith('loop') && this.looping ? this.#again() : HANG_UP)
      })
    })
    this.#server.keepAliveTimeout = 60_000
  }

  static open(): Promise<Documents> {
    const documents = new Documents()
    return new Promise((resolve) => documents.#server.listen(0, '127.0.0.1', () => resolve(documents)))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  #again(): string {
    return `<?xml version="1.0"?><Response><Redirect method="POST">${this.url}/voice</Redirect></Response>`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

export async function twiml(size: Size): Promise<Figure[]> {
  const documents = await Documents.open()
  const engine = await startSwitch({ twimlUrl: documents.url })
  const caller = await SipCaller.open(engine.sipPort)
  try {
    const loops = Math.max(2, Math.round(LOOPING_CALLS * size.scale))
    const running = Array.from({ length: loops }, (_, i) => caller.call('twiml', DISCARD, `loop${i}`))
    await sleep(size.smoke ? 200 : WARM_UP_S * 1000)
    const [servedBefore, cpuBefore] = [documents.served, await engine.cpuMs()]
    await sleep(size.seconds * 1000)
    const served = documents.served - servedBefore
    const cpuMs = (await engine.cpuMs()) - cpuBefore
    documents.looping = false
    await Promise.all(running)

    const asked: number[] = []
    const told: number[] = []
    let failed = 0
    const rate = Math.max(4, CALLS_PER_SECOND * size.scale)
    await atRate(rate, Math.max(4, Math.round(rate * size.seconds)), async (i) => {
      const name = `caller${i}`
      const sentAtMs = performance.now()
      const call = await caller.call('twiml', DISCARD, name)
      if (call === null) {
        failed++
        return
      }
      asked.push((documents.askedAtMs.get(name) ?? Number.NaN) - sentAtMs)
      const answeredAtMs = performance.now()
      while (!documents.toldAtMs.has(name)) await sleep(1)
      told.push(documents.toldAtMs.get(name)! - answeredAtMs)
    })
    asked.sort((a, b) => a - b)
    told.sort((a, b) => a - b)
    const at = (values: readonly number[], share: number): number =>
      values[Math.floor(values.length * share)] ?? Number.NaN
    return [
      {
        name: 'documents rate',
        value: (served * 1000) / Math.max(1, cpuMs),
        notes: { served, cpuMs, servedPerSecond: served / size.seconds, failed },
      },
      { name: 'voice request p50', value: at(asked, 0.5), notes: { failed } },
      {
        name: 'voice request p99',
        value: at(asked, 0.99),
        notes: { toldP50Ms: at(told, 0.5), toldP99Ms: at(told, 0.99) },
      },
    ]
  } finally {
    caller.close()
    await engine.stop()
    documents.close()
  }
}
