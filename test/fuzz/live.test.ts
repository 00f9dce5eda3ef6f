// 20,000 mutated datagrams thrown at a live switch while two telephones talk through it: half at its SIP port, half at the
// RTP ports of the call. It must stay up, take a new call afterwards, and the telephones must not hear a gap of more than
// 40 ms. The seed is printed; HOOKSWITCH_FUZZ_SEED replays the run (what arrives when is the machine's).

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import { type Chance, seededChance } from '#base/chance.ts'
import type { Address } from '#base/wire.ts'
import { childSwitch, freePort, OwnPauses, onGround, rtpPorts, sleep, until } from '../interop/peers.ts'

const DATAGRAMS = 20_000
/** Sent in small bursts, so that a machine of two cores keeps its own time. */
const BURST = 20
const BURST_EVERY_MS = 8
const MOST_GAP_MS = 40
const STORMS = 3
const MOST_OCTETS = 1_400
const seed = Number(process.env.HOOKSWITCH_FUZZ_SEED ?? 20_260_202)

const description =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n'

/** Good messages to break: calls, logins, questions, answers to nothing. */
function sipTemplates(own: Address, sip: Address): readonly Buffer[] {
  const head = (method: string, uri: string, branch: string): string =>
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP ${own.host}:${own.port};branch=z9hG4bK${branch};rport\r\nMax-Forwards: 70\r\n` +
    `From: <sip:fuzz@${own.host}>;tag=f\r\nTo: <sip:+15550100@${sip.host}>\r\nCall-ID: fuzz-${branch}\r\nCSeq: 1 ${method}\r\nContact: <sip:fuzz@${own.host}:${own.port}>\r\n`
  const end = 'Content-Length: 0\r\n\r\n'
  return [
    `${head('INVITE', `sip:+15550100@${sip.host}:${sip.port}`, 'i')}Content-Type: application/sdp\r\nContent-Length: ${description.length}\r\n\r\n${description}`,
    head('REGISTER', `sip:${sip.host}`, 'r') + end,
    head('OPTIONS', `sip:${sip.host}`, 'o') + end,
    head('BYE', `sip:+15550100@${sip.host}:${sip.port};tag=x`, 'b') + end,
    head('CANCEL', `sip:+15550100@${sip.host}:${sip.port}`, 'i') + end,
    head('INFO', `sip:+15550100@${sip.host}:${sip.port}`, 'n') + end,
    `SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP ${sip.host}:${sip.port};branch=z9hG4bKno\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n${end}`,
    '\r\n\r\n',
  ].map((text) => Buffer.from(text, 'latin1'))
}

function rtpTemplates(): readonly Buffer[] {
  const audio = Buffer.alloc(172, 0xd5)
  audio.set([0x80, 0, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4])
  const digit = Buffer.from([0x80, 101, 0, 2, 0, 0, 1, 64, 1, 2, 3, 4, 5, 0x8a, 3, 32])
  const report = Buffer.from([
    0x81,
    200,
    0,
    12,
    1,
    2,
    3,
    4,
    ...Array.from({ length: 20 }, (_, i) => i),
    5,
    6,
    7,
    8,
    ...Array.from({ length: 20 }, (_, i) => i),
  ])
  const bye = Buffer.from([0x81, 203, 0, 1, 1, 2, 3, 4])
  const stun = Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, ...Array.from({ length: 12 }, (_, i) => i)])
  return [audio, digit, report, bye, stun, Buffer.from([0x16, 0xfe, 0xff, 0, 0]), Buffer.alloc(0)]
}

const spice = [
  '\r\n',
  '\0',
  '"',
  '<',
  ';',
  ',',
  '%00',
  '[',
  '4294967296',
  '-1',
  'Content-Length: 99\r\n',
  'Via: ',
  '\xff',
].map((text) => Buffer.from(text, 'latin1'))

function mutate(original: Buffer, chance: Chance): Buffer {
  const pick = (limit: number): number => Math.floor(chance.uniform() * (limit + 1))
  let bytes = original
  for (let times = pick(4); times >= 0; times--) {
    const at = pick(bytes.length)
    const to = Math.min(bytes.length, at + pick(30))
    switch (pick(4)) {
      case 0:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from([pick(255)]),
          bytes.subarray(Math.min(bytes.length, at + 1)),
        ])
        break
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), spice[pick(spice.length - 1)]!, bytes.subarray(at)])
        break
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)])
        break
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)])
        break
      default:
        bytes = bytes.subarray(0, at)
    }
  }
  return bytes.subarray(0, MOST_OCTETS)
}

test('20,000 broken datagrams neither crash a live switch nor tear its call’s audio', { timeout: 120_000 }, () =>
  onGround(async (ground) => {
    console.log(`seed ${seed}: HOOKSWITCH_FUZZ_SEED=${seed} replays`)
    const chance = seededChance(seed)
    const house = await childSwitch(ground, {
      name: 'switch',
      declared: {
        applications: [{ name: 'room', dialect: 'house', action: 'room fuzz' }],
        numbers: [{ number: '+15550100', application: 'room' }],
        media_workers: 1,
      },
      httpPort: await freePort(),
      sipPort: await freePort(),
      rtpPorts: rtpPorts(),
    })
    const alice = await (await ground.phone('alice')).call('+15550100', house.sip)
    const bob = await (await ground.phone('bob')).call('+15550100', house.sip)
    alice.party.hum(700)
    bob.party.hum(900)
    await Promise.all([alice.settled(), bob.settled()])
    await until(() => alice.party.level(900, 200) > -30 && bob.party.level(700, 200) > -30, 'they hear each other')
    await sleep(300)

    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', () => resolve()))
    // Answers are not read: a flooder does not either.
    socket.on('error', () => {})
    ground.after(() => socket.close())
    const own = { host: '127.0.0.1', port: socket.address().port }
    const [sip, rtp] = [sipTemplates(own, house.sip), rtpTemplates()]
    const media = [alice, bob].flatMap(({ party }) => [party.remote!.port, party.remote!.port + 1])
    const pauses = new OwnPauses()
    ground.after(() => pauses.stop())
    // A machine that is busy with other things tears audio too, but not three times in a row.
    let gaps: readonly number[] = []
    let levels: readonly number[] = []
    for (let storm = 1; storm <= STORMS; storm++) {
      const fromMs = performance.now()
      for (let sent = 0; sent < DATAGRAMS; sent += BURST) {
        for (let i = 0; i < BURST; i++) {
          const index = Math.floor(chance.uniform() * 1_000)
          if (i % 2 === 0) socket.send(mutate(sip[index % sip.length]!, chance), house.sip.port, house.sip.host)
          else socket.send(mutate(rtp[index % rtp.length]!, chance), media[i % media.length]!, '127.0.0.1')
        }
        await sleep(BURST_EVERY_MS)
      }
      const untilMs = performance.now()
      gaps = [alice, bob].map(({ party }) => pauses.widestGapMs(party.packets, fromMs, untilMs))
      levels = [alice.party.level(900, 1_000), bob.party.level(700, 1_000)]
      console.log(
        `${DATAGRAMS} datagrams in ${((untilMs - fromMs) / 1000).toFixed(1)} s: widest gap ${gaps.map((gap) => gap.toFixed(1)).join(' and ')} ms, ` +
          `the other at ${levels.map((level) => level.toFixed(1)).join(' and ')} dBov`,
      )
      if (gaps.every((gap) => gap <= MOST_GAP_MS)) break
    }
    for (const gap of gaps) assert.ok(gap <= MOST_GAP_MS, `a gap of ${gap} ms`)
    for (const level of levels) assert.ok(level > -30, `still heard (${level} dBov)`)
    assert.equal(alice.state, 'up')
    assert.equal(bob.state, 'up')

    // It is the same process, and it still takes calls.
    assert.equal((await fetch(`${house.http}/healthz`)).status, 200)
    const next = await (await ground.phone('carol')).call('+15550100', house.sip)
    await next.settled()
    assert.equal(next.state, 'up')
    next.hangUp()
    await until(() => next.state === 'ended', 'the new call ends')
    assert.doesNotMatch(house.peer.output(), /Error:|uncaught|media worker died/i)
    // Half-open calls of the storm would make it drain for long.
    house.peer.signal('SIGKILL')
  }),
)
