// The load of research/anchors-measured §7, points 3 to 6: N legs, each its own socket, each sending 172-octet packets of
// mu-law speech every 20 ms by absolute deadline, spread over twenty slots of one millisecond, and listening to what comes
// back. Runs as a process of its own, so that its CPU is not the engine's.
//
// What they speak may also be G.722 or Opus (encoded beforehand), and be protected by SRTP, every leg under its own numbers.
//
// Or nothing comes back as RTP, but as frames of a stream to a WebSocket (`streams`): then the generator is the application too.
//
//   parent -> generator: { legs, codec, srtp, targets: [port …] }   then { window: seconds } … { end }
//   generator -> parent: { ports: [port …] }           then the figures of the window

import { createSocket, type Socket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { performance } from 'node:perf_hooks'
import { WebSocketServer } from 'ws'
import { encodeG711, expandTable } from '../src/audio/g711.ts'
import { G722Encoder } from '../src/audio/g722.ts'
import { loadOpus, OpusEncoder } from '../src/audio/opus.ts'
import type { SrtpKeys } from '../src/base/srtp-key.ts'
import { SRTP_MOST_OCTETS, SrtpSender } from '../src/rtp/srtp.ts'

export type LoadCodec = 'PCMU' | 'G722' | 'opus'

const SLOTS = 20
const FRAMES = 256
/** Marks a packet whose send time can be read back (bridges only: mixing would destroy it). */
const MARK = 0xa5

interface Leg {
  readonly socket: Socket
  readonly packet: Buffer
  readonly seal: SrtpSender | null
  target: number
  frame: number
  sequence: number
  timestamp: number
  received: number
  lastAtMs: number
  squares: number
  samples: number
}

export interface WindowFigures {
  readonly received: number
  readonly expected: number
  readonly legsBelow99: number
  readonly silentLegs: number
  readonly gapP50Ms: number
  readonly gapP99Ms: number
  readonly gapMaxMs: number
  readonly delayP50Ms: number | null
  readonly delayP99Ms: number | null
  readonly rms: number
  readonly lateMaxMs: number
}

let frames: readonly Uint8Array[] = []
let codec: LoadCodec = 'PCMU'
let secured = false
const legs: Leg[] = []
let measuring = false
let gaps: number[] = []
let delays: number[] = []
let lateMaxMs = 0
const expand = expandTable('PCMU')

// An engine that died must not leave its load behind.
process.on('disconnect', () => process.exit(0))
interface Order {
  readonly legs?: number
  readonly codec?: LoadCodec
  /** As the engine's side has them. */
  readonly srtp?: SrtpKeys | null
  readonly targets?: number[]
  readonly window?: number
  readonly end?: true
  readonly mark?: boolean
  /** Serves WebSockets; the last part of a URL's path is the number of the leg. Answered with `streamPort`. */
  readonly streams?: true
}

process.on('message', (message: Order) => {
  if (message.legs !== undefined) void open(message.legs, message.codec ?? 'PCMU', message.srtp ?? null)
  if (message.targets !== undefined) start(message.targets, message.mark ?? false)
  if (message.window !== undefined) measure(message.window)
  if (message.streams) serveStreams()
  if (message.end) process.exit(0)
})

async function open(count: number, spoken: LoadCodec, srtp: SrtpKeys | null): Promise<void> {
  codec = spoken
  secured = srtp !== null
  frames = await speech(codec)
  for (let i = 0; i < count; i++) {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    const packet = Buffer.alloc(1500 + SRTP_MOST_OCTETS)
    packet[0] = 0x80
    packet[1] = payloadTypes[codec]
    packet.writeUInt32BE(0x1000 + i, 8)
    const leg: Leg = {
      socket,
      packet,
      seal: srtp === null ? null : SrtpSender.make(srtp.receive),
      target: 0,
      frame: i * 13,
      sequence: i & 0xffff,
      timestamp: i * 1000,
      received: 0,
      lastAtMs: 0,
      squares: 0,
      samples: 0,
    }
    socket.on('message', (bytes) => hear(leg, bytes))
    socket.on('error', () => {})
    legs.push(leg)
  }
  process.send!({ ports: legs.map((leg) => leg.socket.address().port) })
}

const payloadTypes = { PCMU: 0, G722: 9, opus: 107 } as const
let marking = false

function start(targets: number[], mark: boolean): void {
  marking = mark
  for (const [i, leg] of legs.entries()) {
    leg.target = targets[i]!
    leg.socket.connect(leg.target, '127.0.0.1')
  }
  const origin = performance.now() + 20
  let slot = 0
  const run = (): void => {
    const now = performance.now()
    while (origin + slot <= now + 0.3) {
      if (measuring) lateMaxMs = Math.max(lateMaxMs, now - origin - slot)
      for (let i = slot % SLOTS; i < legs.length; i += SLOTS) send(legs[i]!)
      slot++
    }
    setTimeout(run, Math.max(0, origin + slot - performance.now()))
  }
  setTimeout(run, 20)
}

function send(leg: Leg): void {
  const { packet } = leg
  leg.sequence = (leg.sequence + 1) & 0xffff
  leg.timestamp = (leg.timestamp + (codec === 'opus' ? 960 : 160)) >>> 0
  packet.writeUInt16BE(leg.sequence, 2)
  packet.writeUInt32BE(leg.timestamp, 4)
  const frame = frames[leg.frame++ % FRAMES]!
  packet.set(frame, 12)
  if (marking) {
    packet[12] = MARK
    packet[13] = MARK
    packet.writeDoubleBE(performance.now(), 14)
  }
  const length = 12 + frame.length
  const sealed = leg.seal === null ? length : leg.seal.protectRtp(packet, length)
  leg.socket.send(Buffer.from(packet.subarray(0, sealed)), (cause) => {
    if (cause !== null) return
  })
}

function hear(leg: Leg, bytes: Buffer): void {
  const sound = codec === 'PCMU' && !secured
  // Reports, and of what can be heard here anything but plain audio, do not count.
  if (!measuring || (bytes[1]! & 0x7f) !== payloadTypes[codec]) return
  const now = performance.now()
  if (leg.lastAtMs > 0) gaps.push(Math.abs(now - leg.lastAtMs - 20))
  leg.lastAtMs = now
  leg.received++
  // What is encoded or sealed is only counted.
  for (let i = 12; i < 172; i += 8) leg.squares += sound ? expand[bytes[i]!]! ** 2 : 1e6
  leg.samples += 20
  if (!marking || bytes[12] !== MARK || bytes[13] !== MARK) return
  const delayMs = now - bytes.readDoubleBE(14)
  // One of the law's two zeros in the mark comes back as the other when a stream encodes anew.
  if (delayMs >= 0 && delayMs < 10_000) delays.push(delayMs)
}

/** A frame of a stream counts as the packet it was. */
function serveStreams(): void {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  server.on('connection', (socket, request) => {
    const leg = legs[Number(request.url?.split('/').at(-1))]!
    const packet = Buffer.alloc(172)
    packet[1] = payloadTypes.PCMU
    socket.on('message', (bytes: Buffer) => {
      const text = bytes.toString('latin1')
      const at = text.indexOf('"payload":"')
      if (at < 0) return
      packet.write(text.slice(at + 11, text.indexOf('"', at + 11)), 12, 'base64')
      hear(leg, packet)
    })
  })
  server.once('listening', () => process.send!({ streamPort: (server.address() as AddressInfo).port }))
}

function measure(seconds: number): void {
  for (const leg of legs) {
    leg.received = 0
    leg.lastAtMs = 0
    leg.squares = 0
    leg.samples = 0
  }
  gaps = []
  delays = []
  lateMaxMs = 0
  measuring = true
  setTimeout(() => {
    measuring = false
    const each = seconds * 50
    const rms = legs.map((leg) => (leg.samples === 0 ? 0 : Math.sqrt(leg.squares / leg.samples)))
    gaps.sort((a, b) => a - b)
    delays.sort((a, b) => a - b)
    const at = (list: number[], part: number) => list[Math.min(list.length - 1, Math.floor(list.length * part))] ?? 0
    const figures: WindowFigures = {
      received: legs.reduce((sum, leg) => sum + leg.received, 0),
      expected: each * legs.length,
      legsBelow99: legs.filter((leg) => leg.received < each * 0.99 - 1).length,
      silentLegs: rms.filter((value) => value < 100).length,
      gapP50Ms: at(gaps, 0.5),
      gapP99Ms: at(gaps, 0.99),
      gapMaxMs: gaps.at(-1) ?? 0,
      delayP50Ms: delays.length === 0 ? null : at(delays, 0.5),
      delayP99Ms: delays.length === 0 ? null : at(delays, 0.99),
      rms: Math.round(rms.reduce((sum, value) => sum + value, 0) / Math.max(1, rms.length)),
      lateMaxMs,
    }
    process.send!({ figures })
  }, seconds * 1000)
}

/** A harmonic voice of 150 to 200 Hz with an envelope and noise, rms about 3,300. */
async function speech(spoken: LoadCodec): Promise<Uint8Array[]> {
  const rateHz = spoken === 'PCMU' ? 8000 : 16_000
  const count = rateHz / 50
  const samples = new Int16Array(FRAMES * count)
  let seed = 1
  let phase = 0
  for (let i = 0; i < samples.length; i++) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) | 0
    phase += (175 + 25 * Math.sin((2 * Math.PI * i) / 9000)) / rateHz
    let value = 0
    for (let harmonic = 1; harmonic <= 12; harmonic++) value += Math.sin(2 * Math.PI * phase * harmonic) / harmonic
    const envelope = 0.55 + 0.45 * Math.sin((2 * Math.PI * i) / 2500)
    samples[i] = value * envelope * 4300 + (seed / 2 ** 31) * 300
  }
  const encoded: Uint8Array[] = []
  const g722 = new G722Encoder()
  const opus = new OpusEncoder({ fec: true, maxBitrate: null, constantBitrate: false })
  if (spoken === 'opus') await loadOpus()
  await new Promise((resolve) => setImmediate(resolve))
  for (let i = 0; i < FRAMES; i++) {
    const octets = new Uint8Array(400)
    let length = 160
    if (spoken === 'PCMU') encodeG711('PCMU', samples, i * count, count, octets)
    else if (spoken === 'G722') g722.encode(samples, i * count, count, octets, 0)
    else length = opus.encode(samples, i * count, octets, 0)
    encoded.push(octets.slice(0, length))
  }
  opus.free()
  return encoded
}
