// Throws mangled RTP, RTCP, telephone events and whole datagrams at the parsers, the jitter buffer and a live media
// session. Nothing may throw, reach outside the packet, or grow. Every run prints its seed; the same seed is the same run:
//
//   node test/fuzz/rtp/rtp-fuzz.ts [--seed N] [--inputs N]

import assert from 'node:assert/strict'
import { type Chance, seededChance } from '#base/chance.ts'
import { silentLog } from '#base/log.ts'
import { MediaWorker } from '#media/worker.ts'
import { JitterBuffer } from '#rtp/jitter-buffer.ts'
import { parseRtp, RtpView, writeRtpHeader } from '#rtp/packet.ts'
import { ReceiveStats } from '#rtp/receive-stats.ts'
import { parseRtcp, RTCP_MOST_OCTETS, writeRtcp } from '#rtp/rtcp.ts'
import { EventReceiver } from '#rtp/telephone-event.ts'
import { HandClock } from '#testkit/clock.ts'
import { MemoryDisk } from '#testkit/disk.ts'
import { VirtualNet } from '#testkit/network.ts'

/** The longest datagram tried. */
const MOST_OCTETS = 1600

export interface FuzzOutcome {
  readonly seed: number
  readonly inputs: number
  readonly rtpAccepted: number
  readonly rtcpAccepted: number
  readonly digits: number
}

/** Runs `inputs` mutations; throws with the seed and the input in its message when something breaks. */
export async function fuzzRtp(seed: number, inputs: number): Promise<FuzzOutcome> {
  const chance = seededChance(seed)
  const seeds = templates()
  const view = new RtpView()
  const jitter = new JitterBuffer(8000)
  const stats = new ReceiveStats(8000)
  let digits = 0
  const events = new EventReceiver(8000, () => digits++)
  let rtpAccepted = 0
  let rtcpAccepted = 0
  const live = await liveSession(seed)
  for (let i = 0; i < inputs; i++) {
    const bytes = mutate(seeds[Math.floor(chance.uniform() * seeds.length)]!, chance)
    const nowMs = i * 3
    try {
      if (parseRtp(bytes, view)) {
        rtpAccepted++
        assert.ok(view.payloadOffset >= 12 && view.payloadLength >= 0)
        assert.ok(view.payloadOffset + view.payloadLength <= bytes.length)
        stats.receive(view.ssrc, view.sequence, view.timestamp, view.payloadLength, nowMs)
        jitter.insert(view.sequence, view.timestamp, 160, 0, bytes, view.payloadOffset, view.payloadLength, nowMs)
        events.receive(view.timestamp, bytes, view.payloadOffset, view.payloadLength, nowMs)
      }
      if (i % 7 === 0) jitter.pull(nowMs, 160)
      if (i % 11 === 0) events.expire(nowMs)
      if (parseRtcp(bytes) !== null) rtcpAccepted++
      assert.ok(stats.lost >= 0 && stats.jitterMs >= 0 && Number.isFinite(stats.jitterMs))
      assert.ok(jitter.depthMs >= 0)
      live.throwAt(bytes)
      if (i % 4 === 0) live.clock.advanceNow(20)
    } catch (cause) {
      throw new Error(`seed ${seed}, input ${i}: ${Buffer.from(bytes).toString('hex')}`, { cause })
    }
  }
  assert.equal(live.worker.sessionCount, 1)
  await live.worker.close()
  return { seed, inputs, rtpAccepted, rtcpAccepted, digits }
}

/** A session in a room, fed from its own peer's address, so that everything behind the source lock is reached. */
async function liveSession(seed: number) {
  const clock = new HandClock()
  const net = new VirtualNet(clock, seed)
  const peer = await net.bind({ host: '127.0.0.1', port: 5000 }, { onDatagram() {} })
  assert.ok(peer.ok)
  const worker = new MediaWorker({
    clock,
    chance: seededChance(seed),
    net,
    disk: new MemoryDisk(),
    log: silentLog,
    ports: { first: 30_000, last: 30_001 },
  })
  const pcmu = { payloadType: 0, codec: 'PCMU', clockRateHz: 8000, channels: 1, ptimeMs: 20 } as const
  const pcma = { payloadType: 8, codec: 'PCMA', clockRateHz: 8000, channels: 1, ptimeMs: 20 } as const
  worker.handle({ type: 'open-session', session: 's', bindHost: '127.0.0.1' })
  await clock.advance(1)
  worker.handle({
    type: 'configure-session',
    session: 's',
    description: {
      remote: { host: '127.0.0.1', port: 5000 },
      remoteRtcp: null,
      rtcpMux: true,
      send: pcmu,
      receive: [pcmu, pcma],
      telephoneEvent: { sendType: 101, receiveType: 101, clockRateHz: 8000 },
      comfortNoiseType: 13,
      direction: 'sendrecv',
      latch: true,
      inbandDigits: true,
      cname: 'fuzz',
      srtp: null,
    },
  })
  const source = { type: 'session', session: 's', track: 'both' } as const
  worker.handle({
    type: 'record',
    recorder: 'r',
    source,
    channels: 2,
    sampleRateHz: 8000,
    path: 'r.wav',
    maxDurationMs: 5000,
    silenceTimeoutMs: 0,
    beep: false,
  })
  return { clock, worker, throwAt: (bytes: Uint8Array) => peer.value.send(bytes, { host: '127.0.0.1', port: 30_000 }) }
}

function templates(): Uint8Array[] {
  const audio = new Uint8Array(172)
  writeRtpHeader(audio, false, 0, 1000, 160_000, 7)
  const event = new Uint8Array(16)
  writeRtpHeader(event, true, 101, 1001, 160_000, 7)
  event.set([5, 0x8a, 3, 32], 12)
  const noise = new Uint8Array(13)
  writeRtpHeader(noise, false, 13, 1002, 160_160, 7)
  noise[12] = 60
  const extended = new Uint8Array(12 + 8 + 8 + 160 + 4)
  writeRtpHeader(extended, false, 8, 1003, 160_320, 7)
  extended[0] = 0x80 | 0x30 | 2
  extended[23] = 1
  extended[extended.length - 1] = 4
  const report = new Uint8Array(RTCP_MOST_OCTETS)
  const block = {
    ssrc: 7,
    fractionLost: 1,
    cumulativeLost: 2,
    extendedHighest: 3,
    jitter: 4,
    lastSr: 5,
    delaySinceLastSr: 6,
  }
  const sender = { wallMs: 1_767_225_600_000, rtpTimestamp: 1, packets: 2, octets: 3 }
  const length = writeRtcp(report, { ssrc: 7, sender, blocks: [block] }, 'fuzz@house', true)
  return [audio, event, noise, extended, report.slice(0, length)]
}

/** A few changes of the kinds that break parsers: bits, extremes, cuts, repeats, pure noise. */
function mutate(template: Uint8Array, chance: Chance): Uint8Array {
  const below = (limit: number) => Math.floor(chance.uniform() * limit)
  let bytes: Uint8Array = template.slice()
  for (let changes = below(5); changes >= 0; changes--) {
    if (bytes.length === 0) return bytes
    // Headers are where lies hurt.
    const at = chance.uniform() < 0.7 ? below(Math.min(32, bytes.length)) : below(bytes.length)
    switch (below(7)) {
      case 0:
        bytes[at] = bytes[at]! ^ (1 << below(8))
        break
      case 1:
        bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)]!
        break
      case 2:
        bytes = bytes.slice(0, at)
        break
      case 3: {
        const grown = new Uint8Array(Math.min(MOST_OCTETS, bytes.length * 2))
        grown.set(bytes.subarray(0, grown.length))
        grown.set(bytes.subarray(0, Math.max(0, grown.length - bytes.length)), Math.min(bytes.length, grown.length))
        bytes = grown
        break
      }
      case 4:
        bytes.set(chance.bytes(Math.min(4, bytes.length - at)), at)
        break
      case 5: {
        // The next packet of a stream: what reaches deepest.
        if (bytes.length < 8) break
        const view = new DataView(bytes.buffer)
        view.setUint16(2, below(65_536))
        view.setUint32(4, below(2 ** 32))
        break
      }
      default:
        if (chance.uniform() < 0.05) bytes = chance.bytes(below(MOST_OCTETS))
    }
  }
  return bytes
}

if (import.meta.main) {
  const args = process.argv.slice(2)
  const option = (name: string, otherwise: number) => {
    const index = args.indexOf(name)
    return index < 0 ? otherwise : Number(args[index + 1])
  }
  const seed = option('--seed', Date.now() & 0x7fffffff)
  console.log(`seed ${seed}`)
  console.log(await fuzzRtp(seed, option('--inputs', 100_000)))
}
