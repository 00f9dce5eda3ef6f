// The load of research/anchors-measured §7, points 3 to 6: N legs, each its own socket, each sending 172-octet packets of
// mu-law speech every 20 ms by absolute deadline, spread over twenty slots of one millisecond, and listening to what comes
// back. Runs as a process of its own, so that its CPU is not the engine's.
//
//   parent -> generator: { legs, targets: [port …] }   then { window: seconds } … { end }
//   generator -> parent: { ports: [port …] }           then the figures of the window

import { createSocket, type Socket } from 'node:dgram'
import { performance } from 'node:perf_hooks'
import { encodeG711, expandTable } from '../src/audio/g711.ts'

const SLOTS = 20
const FRAMES = 256
/** Marks a packet whose send time can be read back (bridges only: mixing would destroy it). */
const MARK = 0xa5

interface Leg {
  readonly socket: Socket
  readonly packet: Buffer
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

const frames = speech()
const legs: Leg[] = []
let measuring = false
let gaps: number[] = []
let delays: number[] = []
let lateMaxMs = 0
const expand = expandTable('PCMU')

// An engine that died must not leave its load behind.
process.on('disconnect', () => process.exit(0))
process.on('message', (message: { legs?: number; targets?: number[]; window?: number; end?: true; mark?: boolean }) => {
  if (message.legs !== undefined) void open(message.legs)
  if (message.targets !== undefined) start(message.targets, message.mark ?? false)
  if (message.window !== undefined) measure(message.window)
  if (message.end) process.exit(0)
})

async function open(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    const packet = Buffer.alloc(172)
    packet[0] = 0x80
    packet.writeUInt32BE(0x1000 + i, 8)
    const leg: Leg = {
      socket,
      packet,
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
  leg.timestamp = (leg.timestamp + 160) >>> 0
  packet.writeUInt16BE(leg.sequence, 2)
  packet.writeUInt32BE(leg.timestamp, 4)
  packet.set(frames[leg.frame++ % FRAMES]!, 12)
  if (marking) {
    packet[12] = MARK
    packet[13] = MARK
    packet.writeDoubleBE(performance.now(), 14)
  }
  leg.socket.send(packet, (cause) => {
    if (cause !== null) return
  })
}

function hear(leg: Leg, bytes: Buffer): void {
  if (!measuring || bytes.length !== 172) return
  const now = performance.now()
  if (leg.lastAtMs > 0) gaps.push(Math.abs(now - leg.lastAtMs - 20))
  leg.lastAtMs = now
  leg.received++
  for (let i = 12; i < 172; i += 8) leg.squares += expand[bytes[i]!]! ** 2
  leg.samples += 20
  if (marking && bytes[12] === MARK && bytes[13] === MARK) delays.push(now - bytes.readDoubleBE(14))
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
function speech(): Uint8Array[] {
  const samples = new Int16Array(FRAMES * 160)
  let seed = 1
  let phase = 0
  for (let i = 0; i < samples.length; i++) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) | 0
    phase += (175 + 25 * Math.sin((2 * Math.PI * i) / 9000)) / 8000
    let value = 0
    for (let harmonic = 1; harmonic <= 12; harmonic++) value += Math.sin(2 * Math.PI * phase * harmonic) / harmonic
    const envelope = 0.55 + 0.45 * Math.sin((2 * Math.PI * i) / 2500)
    samples[i] = value * envelope * 4300 + (seed / 2 ** 31) * 300
  }
  return Array.from({ length: FRAMES }, (_, i) => {
    const octets = new Uint8Array(160)
    encodeG711('PCMU', samples, i * 160, 160, octets)
    return octets
  })
}
