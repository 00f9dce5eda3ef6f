// How soon what a command asks for is on the wire: a recording session from `siprec_start` to the recorder's 200, a transfer from
// `refer` to the REFER at the telephone. One after the other on calls that are up, so that nothing waits for anything else.

import { performance } from 'node:perf_hooks'
import { RealChance } from '#net/chance.ts'
import { RealClock } from '#net/clock.ts'
import { TcpNet } from '#net/tcp.ts'
import { UdpNet } from '#net/udp.ts'
import { Phone, type PhoneCall } from '#testkit/phone.ts'
import { RecordingServer } from '#testkit/recording-server.ts'
import { Application } from './application.ts'
import type { Figure } from './figures.ts'
import type { Size } from './signalling.ts'
import { startSwitch } from './switch-process.ts'

const WARM_UP = 20
const ROUNDS = 100
const GIVE_UP_MS = 5_000

const wire = () => ({
  clock: new RealClock(),
  chance: new RealChance(),
  datagrams: new UdpNet(),
  streams: new TcpNet(),
})

/** Waits for one thing: what it was and when it came; null when it does not come. */
class Awaited {
  #come: ((value: { readonly id: string; readonly atMs: number }) => void) | null = null

  next(): Promise<{ readonly id: string; readonly atMs: number } | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), GIVE_UP_MS)
      this.#come = (value) => {
        clearTimeout(timer)
        resolve(value)
      }
    })
  }

  came(id: string): void {
    this.#come?.({ id, atMs: performance.now() })
  }
}

interface Town {
  readonly application: Application
  /** The id of the call that is up, and its telephone. */
  call(): Promise<{ readonly id: string; readonly phone: PhoneCall } | null>
  readonly stopped: Awaited
  close(): Promise<void>
}

async function town(): Promise<Town> {
  const answered = new Awaited()
  const stopped = new Awaited()
  const application = await Application.open(({ type, payload }) => {
    const id = payload.call_control_id ?? ''
    if (type === 'call.initiated') void application.command(`/calls/${id}/actions/answer`, {})
    if (type === 'call.answered') answered.came(id)
    if (type === 'siprec.stopped') stopped.came(id)
  })
  const engine = await startSwitch({ webhookUrl: application.webhookUrl })
  application.baseUrl = engine.baseUrl
  application.apiKey = engine.apiKey
  const phone = await Phone.open({ ...wire(), user: 'bench' })
  return {
    application,
    stopped,
    async call() {
      const up = answered.next()
      const call = await phone.call('story', { host: '127.0.0.1', port: engine.sipPort })
      const about = await up
      return about === null ? null : { id: about.id, phone: call }
    },
    async close() {
      phone.close()
      application.close()
      await engine.stop()
    },
  }
}

function figure(name: 'siprec set-up' | 'refer set-up', times: number[], failed: number): Figure {
  times.sort((a, b) => a - b)
  const at = (part: number) => times[Math.floor(times.length * part)] ?? Number.NaN
  return { name, value: at(0.5), notes: { p99Ms: at(0.99), times: times.length, failed } }
}

export async function siprec(size: Size): Promise<Figure[]> {
  const house = await town()
  const server = await RecordingServer.open(wire())
  const taken = new Awaited()
  server.onRecording((recording) => {
    recording.answer()
    taken.came('')
  })
  try {
    const { host, port } = server.address
    await house.application.command('/siprec_connectors', { name: 'bench', host, port })
    const call = await house.call()
    const times: number[] = []
    let failed = call === null ? 1 : 0
    for (let round = 0; call !== null && round < (size.smoke ? 2 : WARM_UP + ROUNDS); round++) {
      const actions = `/calls/${call.id}/actions`
      const answer = taken.next()
      const sentAtMs = performance.now()
      await house.application.command(`${actions}/siprec_start`, { connector_name: 'bench' })
      const came = await answer
      if (came === null) failed++
      else if (size.smoke || round >= WARM_UP) times.push(came.atMs - sentAtMs)
      const over = house.stopped.next()
      await house.application.command(`${actions}/siprec_stop`, {})
      if ((await over) === null) failed++
    }
    failed += server.recordings.filter(({ problems }) => problems.length > 0).length
    return [figure('siprec set-up', times, failed)]
  } finally {
    server.close()
    await house.close()
  }
}

export async function refer(size: Size): Promise<Figure[]> {
  const house = await town()
  const asked = new Awaited()
  try {
    const times: number[] = []
    let failed = 0
    for (let round = 0; round < (size.smoke ? 2 : WARM_UP + ROUNDS); round++) {
      const call = await house.call()
      if (call === null) {
        failed++
        continue
      }
      call.phone.onRefer = (referral) => {
        asked.came('')
        referral.report(200)
      }
      const order = asked.next()
      const sentAtMs = performance.now()
      await house.application.command(`/calls/${call.id}/actions/refer`, { sip_address: 'sip:other@127.0.0.1' })
      const came = await order
      if (came === null) failed++
      else if (size.smoke || round >= WARM_UP) times.push(came.atMs - sentAtMs)
      call.phone.hangUp()
      await call.phone.over()
    }
    return [figure('refer set-up', times, failed)]
  } finally {
    await house.close()
  }
}
