// Media streaming against a real WebSocket server on real sockets: thousands of frames compared sample by sample with what was
// sent as RTP, what comes back compared with what was said, and how long either takes.

import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { decodeG711, encodeG711 } from '#audio/g711.ts'
import type { DatagramNet } from '#base/wire.ts'
import { UdpNet } from '#net/udp.ts'
import type { HeardPacket } from '#testkit/rtp-party.ts'
import { application } from './application.ts'
import { type Ground, type Json, localSwitch, peerTest, until } from './peers.ts'

const STREAM_MS = 20_000
const RTP_HEADER = 12
/** A beat, a jitter buffer's start and a loaded machine; the figures themselves are printed. */
const MOST_MEDIAN_MS = 90

interface Frame {
  readonly atMs: number
  readonly said: Json
}

/** A server that keeps every frame with its time. */
async function server(ground: Ground) {
  const frames: Frame[] = []
  const sockets: WebSocket[] = []
  const headers: Record<string, unknown>[] = []
  const listening = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  listening.on('connection', (socket, request) => {
    sockets.push(socket)
    headers.push(request.headers)
    socket.on('message', (text) => frames.push({ atMs: performance.now(), said: JSON.parse(String(text)) as Json }))
  })
  await new Promise((resolve) => listening.once('listening', resolve))
  ground.after(() => {
    for (const socket of sockets) socket.terminate()
    listening.close()
  })
  const url = `ws://127.0.0.1:${(listening.address() as AddressInfo).port}/media`
  return { frames, sockets, headers, url }
}

/** Sockets that remember when which audio was sent. */
function timed(sentAtMs: Map<string, number>): DatagramNet {
  const net = new UdpNet()
  return {
    async bind(local, handlers) {
      const bound = await net.bind(local, handlers)
      if (!bound.ok) return bound
      const socket = bound.value
      return {
        ok: true,
        value: {
          local: socket.local,
          send(bytes, to) {
            if (bytes.length === RTP_HEADER + 160)
              sentAtMs.set(samplesKey(bytes.subarray(RTP_HEADER)), performance.now())
            socket.send(bytes, to)
          },
          close: () => socket.close(),
        },
      }
    },
  }
}

/** As samples, because G.711 has two zeros. */
function samplesKey(octets: Uint8Array): string {
  const samples = new Int16Array(octets.length)
  decodeG711('PCMU', octets, 0, octets.length, samples, 0)
  return Buffer.from(samples.buffer).toString('base64')
}

/** Samples of which no two stretches are alike. */
function noise(count: number): Int16Array {
  let seed = 7
  return Int16Array.from({ length: count }, () => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff
    return (seed >> 16) - 16_384
  })
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

peerTest('a real WebSocket server hears a call as it is, and is heard', [], async (ground) => {
  const app = await application(ground)
  const ear = await server(ground)
  const house = await localSwitch(ground, {
    applications: [{ name: 'demo', dialect: 'telnyx', webhook_url: app.url }],
    numbers: [{ number: '+15550100', application: 'demo' }],
  })
  const sentAtMs = new Map<string, number>()
  const phone = await ground.phone('alice', { datagrams: timed(sentAtMs) })
  const call = await phone.call('+15550100', house.sip)
  await until(() => app.ledger.some(({ type }) => type === 'call.initiated'), 'the call is told')
  const leg = app.ledger[0]!.leg!
  const answered = await house.rest('POST', `/calls/${leg}/actions/answer`, {
    stream_url: ear.url,
    stream_track: 'inbound_track',
    stream_auth_token: 'sesame',
    stream_bidirectional_mode: 'rtp',
  })
  assert.equal(answered.status, 200)
  await until(() => call.state === 'up', 'the call is up')
  call.party.play(noise(8 * STREAM_MS + 80_000))
  const media = () => ear.frames.filter(({ said }) => said.event === 'media')
  await until(() => media().length >= STREAM_MS / 20, 'a thousand frames', { withinMs: STREAM_MS + 15_000 })
  assert.equal(ear.headers[0]?.authorization, 'Bearer sesame')

  const heard = media()
  const known = heard.map(({ atMs, said }) => {
    const at = sentAtMs.get(samplesKey(Buffer.from(said.media.payload, 'base64')))
    return at === undefined ? null : atMs - at
  })
  const delays = known.filter((one) => one !== null)
  // Before the noise began, something else was sent.
  const first = known.findIndex((one) => one !== null)
  const lost = known.slice(first).filter((one) => one === null).length
  assert.ok(lost <= heard.length / 200, `${lost} of ${heard.length} frames are not what was sent`)
  heard.forEach(({ said }, i) => {
    assert.equal(said.media.chunk, String(i + 1))
  })
  const toApp = [quantile(delays, 0.5), quantile(delays, 0.99)] as const
  assert.ok(toApp[0] < MOST_MEDIAN_MS, `median ${toApp[0]} ms`)

  // Back: a chunk that sounds like nothing else, in a call that is otherwise sent nothing.
  const socket = ear.sockets[0]!
  const packets: HeardPacket[] = []
  call.party.onHeard = (packet) => packets.push(packet)
  const backMs: number[] = []
  const stopMs: number[] = []
  for (let round = 0; round < 10; round++) {
    await until(() => packets.length === 0 || performance.now() - lastLoud(packets) > 300, 'silence')
    packets.length = 0
    const octets = new Uint8Array(8000)
    encodeG711('PCMU', noise(8000), 0, 8000, octets, 0)
    const at = performance.now()
    socket.send(JSON.stringify({ event: 'media', media: { payload: Buffer.from(octets).toString('base64') } }))
    await until(() => packets.some(loud), 'the caller hears it')
    backMs.push(performance.now() - at)
    const clearedAtMs = performance.now()
    socket.send(JSON.stringify({ event: 'mark', mark: { name: `round ${round}` } }))
    socket.send(JSON.stringify({ event: 'clear' }))
    await until(() => ear.frames.some(({ said }) => said.mark?.name === `round ${round}`), 'the mark comes back')
    await until(() => performance.now() - clearedAtMs > 300, 'a while')
    stopMs.push(Math.max(0, lastLoud(packets) - clearedAtMs))
  }
  assert.ok(quantile(stopMs, 0.5) < 60, `silent after ${quantile(stopMs, 0.5)} ms`)
  console.log(
    `streaming, one way: caller to application p50 ${toApp[0].toFixed(1)} p99 ${toApp[1].toFixed(1)} ms over ${delays.length} frames; ` +
      `application to caller p50 ${quantile(backMs, 0.5).toFixed(1)} ms; clear to silence p50 ${quantile(stopMs, 0.5).toFixed(1)} ms`,
  )

  call.hangUp()
  await until(() => ear.frames.at(-1)?.said.event === 'stop', 'the stream stops')
  await until(() => app.ledger.some(({ type }) => type === 'call.hangup'), 'the end is told')
  const types = app.ledger.map(({ type }) => type)
  assert.ok(types.indexOf('streaming.started') < types.indexOf('streaming.stopped'))
  assert.ok(types.indexOf('streaming.stopped') < types.indexOf('call.hangup'))
})

function loud(packet: HeardPacket): boolean {
  return packet.samples.some((one) => Math.abs(one) > 4000)
}

function lastLoud(packets: readonly HeardPacket[]): number {
  return packets.findLast(loud)?.atMs ?? 0
}
