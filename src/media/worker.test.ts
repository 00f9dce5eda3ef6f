import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { decodeWav, encodeWav } from '#audio/wav.ts'
import { after } from '#base/clock.ts'
import type { Address, DatagramHandlers, DatagramNet } from '#base/wire.ts'
import { writeRtpHeader } from '#rtp/packet.ts'
import type { HandClock } from '#testkit/clock.ts'
import { fairWeather } from '#testkit/network.ts'
import { RtpParty } from '#testkit/rtp-party.ts'
import { describe, type Guest, House } from './house-conduct.ts'
import type { MediaCommand, SessionDescription } from './protocol.ts'

const A = 440
const B = 700
const C = 1000
const D = 1400
const ALL = [A, B, C, D]

function tone(hz: number, ms: number, rateHz = 8000): Int16Array {
  return Int16Array.from({ length: (ms * rateHz) / 1000 }, (_, i) => 8000 * Math.sin((2 * Math.PI * hz * i) / rateHz))
}

test('a bridge of one codec passes packets on as they arrive, with no beat and under a millisecond of delay', async () => {
  const house = new House()
  const a = await house.guest('a', A)
  const b = await house.guest('b', B)
  house.room('m', [a, b], 2)
  await house.clock.advance(1000)
  const sentAtMs: number[] = []
  house.net.watch((datagram) => {
    if (datagram.from.port === a.party.local.port) sentAtMs.push(house.clock.nowMs())
  })
  const before = b.party.packets.length
  await house.clock.advance(1000)
  assert.deepEqual(a.party.hears(ALL), [B])
  assert.deepEqual(b.party.hears(ALL), [A])
  const arrived = b.party.packets.slice(before)
  assert.equal(arrived.length, 50)
  for (const [i, packet] of arrived.entries()) assert.ok(packet.atMs - sentAtMs[i]! < 1)
  await house.clock.advance(0.5)
  // Two talking parties, the rounds, and nothing else wait.
  assert.equal(house.clock.waiting, 3)
})

/** A wire that lets datagrams wait for each other as it is told to. */
class Gathering implements DatagramNet {
  readonly asked: number[] = []
  readonly #net: DatagramNet
  readonly #clock: HandClock
  #waiting: { readonly atMs: number; readonly tell: (waitedMs: number) => void }[] = []
  #mostMs = 0

  constructor(net: DatagramNet, clock: HandClock) {
    this.#net = net
    this.#clock = clock
  }

  bind(local: Address, handlers: DatagramHandlers) {
    return this.#net.bind(local, {
      ...handlers,
      onDatagram: (bytes, from) => {
        const kept = bytes.slice()
        this.#waiting.push({
          atMs: this.#clock.nowMs(),
          tell: (waitedMs) => handlers.onDatagram(kept, from, waitedMs),
        })
        if (this.#mostMs === 0) this.tellNow()
        else after(this.#clock, this.#mostMs, () => this.tellNow())
      },
    })
  }

  gather(mostMs: number): void {
    if (mostMs !== this.#mostMs) this.asked.push(mostMs)
    this.#mostMs = mostMs
  }

  tellNow(): void {
    const told = this.#waiting
    this.#waiting = []
    for (const { atMs, tell } of told) tell(this.#clock.nowMs() - atMs)
  }
}

test('packets of a room are gathered and none is late for it; those of a bridge are passed on at once', async () => {
  let wire: Gathering | undefined
  const house = new House(1, 60_000, (net, clock) => {
    wire = new Gathering(net, clock)
    return wire
  })
  const [a, b, c] = [await house.guest('a', A), await house.guest('b', B), await house.guest('c', C)]
  house.room('m', [a, b, c])
  await house.clock.advance(3000)
  assert.deepEqual(wire!.asked, [4])
  assert.deepEqual(a.party.hears(ALL), [B, C])
  house.tell({ type: 'close-session', session: 'a' })
  const [d, e] = [await house.guest('d', A), await house.guest('e', B)]
  house.room('n', [d, e], 2)
  assert.equal(wire!.asked.at(-1), 0)
  await house.clock.advance(1000)
  assert.deepEqual(d.party.hears(ALL), [B])
  house.tell({ type: 'close-session', session: 'd' })
  await house.clock.advance(1000)
  assert.equal(wire!.asked.at(-1), 4)
})

test('jitter is that of the network, however long packets waited to be read', async () => {
  const jitters: number[] = []
  for (const wire of [undefined, (net: DatagramNet, clock: HandClock) => new Gathering(net, clock)]) {
    const house = new House(1, 60_000, wire)
    const guests = [await house.guest('a', A), await house.guest('b', B), await house.guest('c', C)]
    house.net.setWeather({ ...fairWeather, jitterMs: 6 })
    house.room('m', guests)
    await house.clock.advance(5000)
    house.tell({ type: 'close-session', session: 'a' })
    await house.clock.advance(1)
    jitters.push(house.of('session-closed')[0]!.stats.jitterMs)
  }
  const [plain, gathered] = jitters
  assert.ok(plain! > 0.5, `${plain} ms`)
  assert.ok(Math.abs(gathered! - plain!) < 0.1, `${gathered} instead of ${plain} ms`)
})

test('a bridge of two codecs translates', async () => {
  const house = new House()
  const a = await house.guest('a', A)
  const b = await house.guest('b', B, {}, { voice: { codec: 'PCMA' } })
  house.room('m', [a, b], 2)
  await house.clock.advance(1500)
  assert.deepEqual(a.party.hears(ALL), [B])
  assert.deepEqual(b.party.hears(ALL), [A])
  assert.equal(a.party.packets.at(-1)!.payloadType, 0)
  assert.equal(b.party.packets.at(-1)!.payloadType, 8)
})

test('a stream stays one stream when a bridge goes from passing on to mixing and back', async () => {
  const house = new House()
  const a = await house.guest('a', A)
  const b = await house.guest('b', B)
  house.room('m', [a, b], 2)
  await house.clock.advance(1000)
  house.play('p', 'b', { type: 'tone', tone: { steps: [{ frequenciesHz: [C], durationMs: 1000, levelDbov: -20 }] } })
  await house.clock.advance(800)
  assert.deepEqual(b.party.hears(ALL), [A, C])
  await house.clock.advance(1500)
  assert.deepEqual(b.party.hears(ALL), [A])
  const packets = b.party.packets
  for (let i = 1; i < packets.length; i++) {
    assert.equal((packets[i]!.sequence - packets[i - 1]!.sequence) & 0xffff, 1, `packet ${i}`)
    assert.ok(((packets[i]!.timestamp - packets[i - 1]!.timestamp) | 0) > 0, `packet ${i}`)
    assert.equal(packets[i]!.ssrc, packets[0]!.ssrc)
  }
})

test('in a room of four everyone hears everyone but oneself', async () => {
  const house = new House()
  const guests = await Promise.all(ALL.map((hz, i) => house.guest(`g${i}`, hz)))
  house.room('m', guests)
  await house.clock.advance(1500)
  for (const [i, guest] of guests.entries()) {
    assert.deepEqual(
      guest.party.hears(ALL),
      ALL.filter((_, k) => k !== i),
    )
    assert.equal(guest.party.heard(1000).length, 8000)
  }
})

test('mute, deaf, monitor, whisper and barge are audiences', async () => {
  const house = new House()
  const agent = await house.guest('agent', A)
  const customer = await house.guest('customer', B)
  const boss = await house.guest('boss', C)
  house.room('m', [agent, customer])
  house.member('m', 'boss', 'everyone', 'nobody')
  await house.clock.advance(1200)
  assert.deepEqual(boss.party.hears(ALL), [A, B], 'a monitor hears both')
  assert.deepEqual(agent.party.hears(ALL), [B])
  assert.deepEqual(customer.party.hears(ALL), [A])
  house.member('m', 'boss', 'everyone', ['agent'])
  await house.clock.advance(1200)
  assert.deepEqual(agent.party.hears(ALL), [B, C], 'a whisper reaches the agent')
  assert.deepEqual(customer.party.hears(ALL), [A], 'and nobody else')
  house.member('m', 'boss')
  house.member('m', 'agent', 'everyone', 'nobody')
  await house.clock.advance(1200)
  assert.deepEqual(customer.party.hears(ALL), [C], 'barged in, agent muted')
  assert.deepEqual(agent.party.hears(ALL), [B, C])
  house.member('m', 'customer', 'nobody', 'everyone')
  await house.clock.advance(1200)
  assert.deepEqual(customer.party.hears(ALL), [])
  house.member('m', 'customer', ['agent'], 'everyone')
  house.member('m', 'agent')
  await house.clock.advance(1200)
  assert.deepEqual(customer.party.hears(ALL), [A])
})

test('two rooms do not hear each other, and a session moved hears its new room', async () => {
  const house = new House()
  const [a, b, c, d] = await Promise.all(ALL.map((hz, i) => house.guest(`g${i}`, hz)))
  house.room('m', [a!, b!])
  house.room('n', [c!, d!])
  await house.clock.advance(1000)
  assert.deepEqual(a!.party.hears(ALL), [B])
  assert.deepEqual(c!.party.hears(ALL), [D])
  house.member('n', 'g0')
  await house.clock.advance(1000)
  assert.deepEqual(a!.party.hears(ALL), [C, D])
  assert.deepEqual(b!.party.hears(ALL), [])
})

test('a large room hears the loudest three', async () => {
  const house = new House()
  const guests: Guest[] = []
  for (let i = 0; i < 16; i++) {
    const guest = await house.guest(`g${i}`, 400 + i * 150)
    guest.party.hum(400 + i * 150, i < 3 ? -16 : -40)
    guests.push(guest)
  }
  house.room('m', guests)
  await house.clock.advance(2000)
  const tones = guests.map((_, i) => 400 + i * 150)
  assert.deepEqual(guests[10]!.party.hears(tones, 500, -45), tones.slice(0, 3))
  assert.deepEqual(guests[0]!.party.hears(tones, 500, -45), tones.slice(1, 3))
})

test('hold music replaces the room for one listener and gives it back', async () => {
  const house = new House()
  const [a, b, c] = await Promise.all([A, B, C].map((hz, i) => house.guest(`g${i}`, hz)))
  house.room('m', [a!, b!, c!])
  house.play('music', 'g0', { type: 'hold-music' }, { times: 'forever', mode: 'replace' })
  await house.clock.advance(2000)
  assert.ok(a!.party.loudness(1500) > -40)
  assert.ok(a!.party.level(B, 1500) < -45 && a!.party.level(C, 1500) < -45)
  assert.deepEqual(b!.party.hears(ALL), [A, C])
  house.tell({ type: 'stop-player', player: 'music' })
  await house.clock.advance(1000)
  assert.deepEqual(a!.party.hears(ALL), [B, C])
  assert.equal(house.of('player-ended')[0]!.reason, 'stopped')
})

test('a file of 22.05 kHz is played twice at its pitch and ends on time', async () => {
  const house = new House()
  await house.disk.replace('prompt.wav', encodeWav(tone(C, 1500, 22_050), 22_050))
  const a = await house.guest('a', null)
  house.play('p', 'a', { type: 'file', path: 'prompt.wav', growing: false }, { times: 2 })
  await house.clock.advance(2500)
  assert.deepEqual(a.party.hears(ALL, 1000), [C])
  assert.equal(house.of('player-started').length, 1)
  assert.equal(house.of('player-ended').length, 0)
  await house.clock.advance(700)
  const ended = house.of('player-ended')[0]!
  assert.deepEqual([ended.reason, ended.playedMs], ['completed', 3000])
  assert.equal(a.party.packets.filter((packet) => packet.samples.some((sample) => Math.abs(sample) > 500)).length, 150)
})

test('a prompt played to many is heard by each from its own beginning, and over a whole room at once', async () => {
  const house = new House()
  await house.disk.replace('p.wav', encodeWav(tone(C, 5000), 8000))
  const a = await house.guest('a', null)
  const b = await house.guest('b', null)
  house.play('p1', 'a', { type: 'file', path: 'p.wav', growing: false })
  await house.clock.advance(1000)
  house.play('p2', 'b', { type: 'file', path: 'p.wav', growing: false }, { gainDb: -12 })
  await house.clock.advance(1000)
  assert.ok(Math.abs(a.party.level(C) - b.party.level(C) - 12) < 0.5)
  await house.clock.advance(5000)
  assert.deepEqual(
    house.of('player-ended').map((event) => event.playedMs),
    [5000, 5000],
  )
  house.room('m', [a, b])
  house.tell({
    type: 'play',
    player: 'p3',
    target: { type: 'mix', mix: 'm' },
    source: { type: 'file', path: 'p.wav', growing: false },
    times: 1,
    gainDb: 0,
    mode: 'over',
  })
  await house.clock.advance(1000)
  assert.deepEqual(a.party.hears(ALL), [C])
  assert.deepEqual(b.party.hears(ALL), [C])
})

test('a growing file is played as it comes and ends with its mark', async () => {
  const house = new House()
  const whole = encodeWav(tone(B, 3000), 8000)
  const a = await house.guest('a', null)
  house.play('p', 'a', { type: 'file', path: 'grow.wav', growing: true })
  await house.clock.advance(100)
  const file = await house.disk.create('grow.wav')
  assert.ok(file.ok)
  for (let at = 0; at < whole.length; at += 4000) {
    await file.value.write(whole.subarray(at, at + 4000), at)
    await house.clock.advance(300)
  }
  assert.ok(house.of('player-ended').length === 0)
  await house.disk.replace('grow.wav.done', new Uint8Array(0))
  await house.clock.advance(1000)
  const ended = house.of('player-ended')[0]!
  assert.deepEqual([ended.reason, ended.playedMs], ['completed', 3000])
  assert.equal(a.party.packets.filter((packet) => packet.samples.some((sample) => Math.abs(sample) > 500)).length, 150)
})

test('a growing file that stands still for 15 s is given up', async () => {
  const house = new House()
  const a = await house.guest('a', null)
  house.play('p', 'a', { type: 'file', path: 'grow.wav', growing: true })
  await house.clock.advance(1000)
  await house.disk.replace('grow.wav', encodeWav(tone(B, 1000), 8000))
  await house.clock.advance(14_000)
  assert.equal(house.of('player-ended').length, 0)
  await house.clock.advance(4000)
  const ended = house.of('player-ended')[0]!
  assert.deepEqual([ended.reason, ended.failure?.type, ended.playedMs], ['failed', 'file-unusable', 1000])
  assert.ok(a.party.packets.length > 45)
})

test('a missing file and one that is no sound fail with a reason, and the call goes on', async () => {
  const house = new House()
  await house.disk.replace('bad.wav', new TextEncoder().encode('<html>not found</html>'))
  await house.guest('a', null)
  house.play('p1', 'a', { type: 'file', path: 'none.wav', growing: false })
  house.play('p2', 'a', { type: 'file', path: 'bad.wav', growing: false })
  house.play('p3', 'nobody', { type: 'hold-music' })
  await house.clock.advance(200)
  const byPlayer = Object.fromEntries(house.of('player-ended').map((event) => [event.player, event.failure?.type]))
  assert.deepEqual(byPlayer, { p1: 'file-missing', p2: 'file-unusable', p3: 'unknown' })
  assert.equal(house.worker.sessionCount, 1)
})

test('a dual recording of a call has what was said left and what was heard right', async () => {
  const house = new House()
  const a = await house.guest('a', A)
  const b = await house.guest('b', B)
  house.room('m', [a, b], 2)
  await house.clock.advance(200)
  house.tell({ ...recording('r', { type: 'session', session: 'a', track: 'both' }), channels: 2 })
  await house.clock.advance(3000)
  house.tell({ type: 'stop-recorder', recorder: 'r' })
  await house.clock.advance(50)
  const ended = house.of('recorder-ended')[0]!
  assert.equal(ended.reason, 'stopped')
  const wav = await wavOf(house, 'r.wav')
  assert.ok(Math.abs(wav.channels[0]!.length - 24_000) <= 320, `${wav.channels[0]!.length}`)
  assert.equal(ended.durationMs, wav.channels[0]!.length / 8)
  assert.deepEqual(wav.channels.map(tones), [[A], [B]])
  assert.deepEqual(a.party.hears(ALL), [B], 'recording disturbs nobody')
})

test('a recording of a room: everyone in one channel, or the first left and the others right', async () => {
  const house = new House()
  const [a, b, c] = await Promise.all([A, B, C].map((hz, i) => house.guest(`g${i}`, hz)))
  house.room('m', [a!, b!, c!])
  await house.clock.advance(300)
  house.tell(recording('one', { type: 'mix', mix: 'm', first: null }))
  house.tell({ ...recording('two', { type: 'mix', mix: 'm', first: 'g1' }), channels: 2, sampleRateHz: 16_000 })
  await house.clock.advance(2000)
  house.tell({ type: 'close-mix', mix: 'm' })
  await house.clock.advance(50)
  assert.deepEqual(
    house.of('recorder-ended').map((event) => event.reason),
    ['source-closed', 'source-closed'],
  )
  assert.deepEqual((await wavOf(house, 'one.wav')).channels.map(tones), [[A, B, C]])
  const two = await wavOf(house, 'two.wav')
  assert.equal(two.sampleRateHz, 16_000)
  assert.deepEqual(
    two.channels.map((samples) => tones(samples, 16_000)),
    [[B], [A, C]],
  )
})

test('a recording is a playable file at every moment, to within half a second', async () => {
  const house = new House()
  await house.guest('a', A)
  await house.clock.advance(200)
  house.tell(recording('r', { type: 'session', session: 'a', track: 'inbound' }))
  for (let elapsedMs = 100; elapsedMs <= 3000; elapsedMs += 100) {
    await house.clock.advance(100)
    const wav = await wavOf(house, 'r.wav')
    assert.ok(wav.channels[0]!.length / 8 > elapsedMs - 500, `${wav.channels[0]!.length / 8} ms at ${elapsedMs}`)
  }
})

test('a recorder pauses, goes on, and stops at its longest duration', async () => {
  const house = new House()
  const a = await house.guest('a', A)
  await house.clock.advance(200)
  house.tell({ ...recording('r', { type: 'session', session: 'a', track: 'inbound' }), maxDurationMs: 2000 })
  await house.clock.advance(1000)
  house.tell({ type: 'pause-recorder', recorder: 'r' })
  a.party.hum(B)
  await house.clock.advance(1000)
  a.party.hum(C)
  await house.clock.advance(100)
  house.tell({ type: 'resume-recorder', recorder: 'r' })
  await house.clock.advance(2000)
  const ended = house.of('recorder-ended')[0]!
  assert.deepEqual([ended.reason, ended.durationMs], ['max-duration', 2000])
  const samples = (await wavOf(house, 'r.wav')).channels[0]!
  assert.deepEqual(tones(samples.subarray(0, 7000)), [A])
  assert.deepEqual(tones(samples.subarray(9000)), [C])
})

test('a recorder with a silence timeout ends after speech has ended, not before it began', async () => {
  const house = new House()
  const a = await house.guest('a', null)
  await house.clock.advance(200)
  house.tell({ ...recording('r', { type: 'session', session: 'a', track: 'inbound' }), silenceTimeoutMs: 1000 })
  await house.clock.advance(3000)
  assert.equal(house.of('recorder-ended').length, 0)
  a.party.hum(A)
  await house.clock.advance(1000)
  a.party.hum(null)
  await house.clock.advance(1500)
  assert.equal(house.of('recorder-ended')[0]!.reason, 'silence')
})

test('a recorder with a beep lets it be heard first and does not record it', async () => {
  const house = new House()
  const a = await house.guest('a', null)
  await house.clock.advance(200)
  house.tell({ ...recording('r', { type: 'session', session: 'a', track: 'both' }), beep: true })
  await house.clock.advance(280)
  assert.ok(a.party.level(1000, 260) > -25, `${a.party.level(1000, 260)}`)
  await house.clock.advance(1000)
  assert.equal(house.of('recorder-started').length, 1)
  assert.equal(house.of('player-ended').length, 0)
  house.tell({ type: 'stop-recorder', recorder: 'r' })
  await house.clock.advance(50)
  assert.deepEqual(tones((await wavOf(house, 'r.wav')).channels[0]!), [])
})

test('a full disk ends the recording, and the call goes on', async () => {
  const house = new House()
  const a = await house.guest('a', A)
  const b = await house.guest('b', B)
  house.room('m', [a, b])
  house.tell(recording('r', { type: 'mix', mix: 'm', first: null }))
  await house.clock.advance(1000)
  house.disk.full = true
  await house.clock.advance(1000)
  const ended = house.of('recorder-ended')[0]!
  assert.deepEqual([ended.reason, ended.failure?.type], ['failed', 'disk-full'])
  assert.deepEqual(a.party.hears(ALL), [B])
  assert.ok((await wavOf(house, 'r.wav')).channels[0]!.length > 4000)
})

test('digits sent as events reach the phone once each, and digits dialled reach control', async () => {
  const house = new House()
  const a = await house.guest('a', A)
  const steps = [...'123#'].map((digit) => ({ type: 'digit' as const, digit, durationMs: 100 }))
  house.tell({ type: 'send-digits', session: 'a', steps, mode: 'telephone-event' })
  a.party.dial('90*')
  await house.clock.advance(2000)
  assert.equal(a.party.digits, '123#')
  assert.equal(house.of('digits-sent').length, 1)
  assert.deepEqual(
    house.of('digit').map((event) => [event.digit, event.source]),
    [
      ['9', 'telephone-event'],
      ['0', 'telephone-event'],
      ['*', 'telephone-event'],
    ],
  )
})

for (const peers of [2, 'many'] as const) {
  test(`digits dialled on one side of a bridge (peers ${peers}) reach the other side once each`, async () => {
    const house = new House()
    const a = await house.guest('a', A)
    const b = await house.guest('b', B)
    house.room('m', [a, b], peers)
    await house.clock.advance(500)
    a.party.dial('4711')
    await house.clock.advance(3000)
    assert.equal(b.party.digits, '4711')
    assert.equal(house.of('digit').length, 4)
    assert.deepEqual(b.party.hears(ALL), [A])
  })
}

test('digits cross a bad network exactly once: 10 % loss, doubles and reordering', async () => {
  const house = new House(11)
  const a = await house.guest('a', A)
  const b = await house.guest('b', B)
  house.room('m', [a, b], 2)
  await house.clock.advance(500)
  house.net.setWeather({ delayMs: 20, jitterMs: 10, loss: 0.1, duplicate: 0.05, reorder: 0.05 })
  const digits = '0123456789*#'.repeat(4)
  a.party.dial(digits)
  await house.clock.advance(12_000)
  assert.equal(
    house
      .of('digit')
      .map((event) => event.digit)
      .join(''),
    digits,
  )
})

test('digits in the audio are found where asked for, and sent as sound to a phone without events', async () => {
  const house = new House()
  const a = await house.guest('a', null, { inbandDigits: true })
  const b = await house.guest('b', null, { telephoneEvent: null })
  house.room('m', [a, b])
  house.tell({
    type: 'send-digits',
    session: 'b',
    steps: [{ type: 'digit', digit: '5', durationMs: 200 }],
    mode: 'telephone-event',
  })
  await house.clock.advance(230)
  assert.ok(b.party.level(770, 200) > -25 && b.party.level(1336, 200) > -25)
  await house.clock.advance(500)
  a.party.play(b.party.heard(800))
  await house.clock.advance(1500)
  assert.deepEqual(
    house.of('digit').map((event) => [event.digit, event.source]),
    [['5', 'inband']],
  )
})

test('a room keeps its tones through loss, jitter, reordering and doubles', async () => {
  const house = new House(5)
  const guests = await Promise.all([A, B, C].map((hz, i) => house.guest(`g${i}`, hz)))
  house.room('m', guests)
  house.net.setWeather({ delayMs: 30, jitterMs: 30, loss: 0.03, duplicate: 0.02, reorder: 0.02 })
  await house.clock.advance(8000)
  assert.deepEqual(guests[0]!.party.hears(ALL, 3000), [B, C])
  assert.deepEqual(guests[2]!.party.hears(ALL, 3000), [A, B])
  house.tell({ type: 'measure-session', session: 'g0' })
  const stats = house.of('session-stats').at(-1)!.stats
  assert.ok(stats.packetsLost > 3 && stats.packetsLost < 30, `${stats.packetsLost} lost`)
  assert.ok(stats.jitterMs > 3 && stats.jitterMs < 20)
  assert.ok(stats.roundTripMs === null || stats.roundTripMs < 200)
})

for (const ppm of [200, -200]) {
  test(`a phone whose clock is ${ppm} ppm off is recorded for a minute without losing step`, async () => {
    const house = new House()
    await house.guest('a', A, {}, { ppm })
    await house.clock.advance(200)
    house.tell(recording('r', { type: 'session', session: 'a', track: 'inbound' }))
    await house.clock.advance(60_000)
    house.tell({ type: 'stop-recorder', recorder: 'r' })
    await house.clock.advance(50)
    const samples = (await wavOf(house, 'r.wav')).channels[0]!
    assert.ok(Math.abs(samples.length / 8 - 60_000) <= 26, `${samples.length / 8} ms`)
    house.tell({ type: 'measure-session', session: 'a' })
    assert.ok(house.of('session-stats')[0]!.stats.concealedMs <= 60)
  })
}

test('a phone behind a NAT is found, its neighbour that sprays is not heard', async () => {
  const house = new House()
  const a = await house.guest('a', A)
  const b = await house.guest('b', B, { remote: { host: '10.0.0.9', port: 5000 } })
  const thief = await RtpParty.open(house.net, house.clock)
  house.room('m', [a, b])
  await house.clock.advance(1000)
  thief.hum(D)
  thief.start(b.local)
  await house.clock.advance(2000)
  assert.deepEqual(b.party.hears(ALL), [A])
  assert.deepEqual(a.party.hears(ALL), [B])
  assert.equal(thief.packets.length, 0)
  assert.equal(house.of('session-heard').filter((event) => event.session === 'b').length, 1)
})

test('hold: nothing is sent to a party that must not be sent to, nothing heard from one that should be silent', async () => {
  const house = new House()
  const a = await house.guest('a', A)
  const b = await house.guest('b', B)
  house.room('m', [a, b], 2)
  await house.clock.advance(500)
  const hold = (direction: SessionDescription['direction']) =>
    house.tell({
      type: 'configure-session',
      session: 'a',
      description: describe(a.party.local, 'PCMU', { direction }),
    })
  hold('inactive')
  await house.clock.advance(200)
  const before = a.party.packets.length
  await house.clock.advance(1000)
  assert.equal(a.party.packets.length, before)
  assert.deepEqual(b.party.hears(ALL), [])
  hold('sendrecv')
  await house.clock.advance(1000)
  assert.deepEqual(a.party.hears(ALL), [B])
  assert.deepEqual(b.party.hears(ALL), [A])
})

test('a party that stops sending is told of once, and again after it had come back', async () => {
  const house = new House(1, 5000)
  const a = await house.guest('a', A)
  await house.clock.advance(1000)
  a.party.stop()
  await house.clock.advance(20_000)
  assert.equal(house.of('session-silent').length, 1)
  assert.ok(house.of('session-silent')[0]!.silentMs >= 5000)
  a.party.start(a.local)
  await house.clock.advance(1000)
  a.party.stop()
  await house.clock.advance(10_000)
  assert.equal(house.of('session-silent').length, 2)
})

test('reports go out about every five seconds, and end with a BYE', async () => {
  const house = new House()
  const a = await house.guest('a', A)
  await house.clock.advance(30_000)
  assert.ok(a.party.reports.length >= 4 && a.party.reports.length <= 11, `${a.party.reports.length}`)
  const block = a.party.reports.at(-1)!.reports[0]!.blocks[0]!
  assert.equal(block.ssrc, a.party.ssrc)
  assert.equal(block.cumulativeLost, 0)
  house.tell({ type: 'close-session', session: 'a' })
  await house.clock.advance(10)
  assert.equal(a.party.reports.at(-1)!.goodbye.length, 1)
  const stats = house.of('session-closed')[0]!.stats
  assert.ok(stats.packetsReceived >= 1499 && stats.packetsLost === 0)
})

test('answered calls with nothing to say have no beat: only the rounds wait, and go when the last session does', async () => {
  const house = new House()
  for (let i = 0; i < 20; i++) await house.guest(`g${i}`, null)
  await house.clock.advance(100.5)
  assert.equal(house.clock.waiting, 21)
  house.tell({ type: 'open-mix', mix: 'm', sampleRateHz: 8000, peers: 'many' })
  house.member('m', 'g0')
  assert.equal(house.clock.waiting, 21, 'alone in a room')
  for (let i = 0; i < 20; i++) house.tell({ type: 'close-session', session: `g${i}` })
  await house.clock.advance(1100)
  assert.equal(house.clock.waiting, 20, 'only the phones are left')
})

test('packets of 30 ms go out whole, with timestamps to match', async () => {
  const house = new House()
  const thirty = { payloadType: 0, codec: 'PCMU', clockRateHz: 8000, channels: 1, ptimeMs: 30 } as const
  const a = await house.guest('a', A, { send: thirty })
  const b = await house.guest('b', B)
  house.room('m', [a, b])
  await house.clock.advance(2000)
  assert.deepEqual(a.party.hears(ALL), [B])
  const packets = a.party.packets.slice(-20)
  for (let i = 1; i < packets.length; i++) {
    assert.equal(packets[i]!.samples.length, 240)
    assert.equal((packets[i]!.timestamp - packets[i - 1]!.timestamp) >>> 0, 240)
  }
})

/** A phone that speaks in packets of its own length, in L16 or mu-law, and keeps what it hears. */
async function oddPhone(house: House, session: string, rateHz: 8000 | 16_000, ptimeMs: number, hz: number) {
  const heard: number[] = []
  const bound = await house.net.bind(
    { host: '127.0.0.1', port: 0 },
    {
      onDatagram(bytes) {
        if ((bytes[1]! & 0x7f) !== 96) return
        for (let at = 12; at + 1 < bytes.length; at += 2) heard.push((((bytes[at]! << 8) | bytes[at + 1]!) << 16) >> 16)
      },
    },
  )
  assert.ok(bound.ok)
  house.tell({ type: 'open-session', session, bindHost: '127.0.0.1' })
  await house.clock.advance(1)
  const to = house.of('session-opened').find((event) => event.session === session)!.local
  const linear = { payloadType: 96, codec: 'L16', clockRateHz: rateHz, channels: 1, ptimeMs: 20 } as const
  const description = describe(bound.value.local, 'PCMU', { send: linear, receive: [linear], telephoneEvent: null })
  house.tell({ type: 'configure-session', session, description })
  const samples = (rateHz * ptimeMs) / 1000
  let sent = 0
  const speak = (): void => {
    const packet = new Uint8Array(12 + samples * 2)
    writeRtpHeader(packet, false, 96, sent & 0xffff, sent * samples, 77)
    const view = new DataView(packet.buffer)
    for (let i = 0; i < samples; i++) {
      view.setInt16(12 + i * 2, 8000 * Math.sin((2 * Math.PI * hz * (sent * samples + i)) / rateHz))
    }
    bound.value.send(packet, to)
    sent++
    house.clock.at(house.clock.nowMs() + ptimeMs, speak)
  }
  speak()
  return { heard: (count: number) => Int16Array.from(heard.slice(-count)) }
}

test('a wide-band room keeps 5 kHz for those who can hear it and spares the telephone its mirror image', async () => {
  const house = new House()
  const x = await oddPhone(house, 'x', 16_000, 20, 5000)
  const y = await oddPhone(house, 'y', 16_000, 20, 1000)
  const c = await house.guest('c', A)
  house.tell({ type: 'open-mix', mix: 'm', sampleRateHz: 16_000, peers: 'many' })
  for (const session of ['x', 'y', 'c']) house.member('m', session)
  await house.clock.advance(2000)
  const level = (samples: Int16Array, hz: number) => toneLevelDbov(samples, hz, 16_000)
  assert.ok(level(y.heard(8000), 5000) > -20 && level(y.heard(8000), A) > -25 && level(y.heard(8000), 1000) < -45)
  assert.ok(level(x.heard(8000), 1000) > -20 && level(x.heard(8000), 5000) < -45)
  assert.ok(c.party.level(1000) > -20)
  assert.ok(c.party.level(3000) < -50, `${c.party.level(3000)}`)
})

for (const ptimeMs of [10, 30, 60]) {
  test(`a phone that sends packets of ${ptimeMs} ms is heard without holes`, async () => {
    const house = new House()
    await oddPhone(house, 'x', 8000, ptimeMs, 1000)
    const c = await house.guest('c', null)
    house.room('m', [c])
    house.member('m', 'x')
    await house.clock.advance(3000)
    assert.ok(Math.abs(c.party.level(1000, 2000) - c.party.loudness(2000)) < 0.3)
    assert.ok(Math.abs(c.party.level(1000, 2000) - 20 * Math.log10(8000 / Math.SQRT2 / 32_768)) < 0.3)
    house.tell({ type: 'measure-session', session: 'x' })
    const stats = house.of('session-stats')[0]!.stats
    assert.ok(stats.concealedMs <= 60 && stats.packetsLost === 0, JSON.stringify(stats))
  })
}

test('what is unknown is answered, never passed over', async () => {
  const house = new House()
  house.tell(
    { type: 'close-session', session: 'x' },
    { type: 'stop-player', player: 'x' },
    { type: 'stop-recorder', recorder: 'x' },
    { type: 'set-member', mix: 'x', session: 'x', hears: 'everyone', heardBy: 'everyone', passDigits: false },
    { ...recording('y', { type: 'session', session: 'x', track: 'both' }) },
    { type: 'hello' },
  )
  assert.deepEqual(
    house.events.map((event) => event.type),
    ['session-failed', 'player-ended', 'recorder-ended', 'mix-closed', 'recorder-ended', 'worker-hello'],
  )
})

test('ports are even, rest after use, and are given back', async () => {
  const house = new House()
  const seen = new Set<number>()
  for (let i = 0; i < 40; i++) {
    house.tell({ type: 'open-session', session: `s${i}`, bindHost: '127.0.0.1' })
    await house.clock.advance(1)
    const opened = house.of('session-opened').at(-1)!
    assert.equal(opened.local.port % 2, 0)
    assert.equal(opened.rtcpPort, opened.local.port + 1)
    assert.ok(!seen.has(opened.local.port), 'a port at rest was given out')
    seen.add(opened.local.port)
    house.tell({ type: 'close-session', session: `s${i}` })
  }
})

test('a worker that drains ends when its last session does', async () => {
  const house = new House()
  await house.guest('a', A)
  let drained = false
  house.worker.onDrained(() => {
    drained = true
  })
  house.tell({ type: 'drain', withinMs: 60_000 })
  await house.clock.advance(1000)
  assert.equal(drained, false)
  house.tell({ type: 'close-session', session: 'a' })
  await house.clock.advance(10)
  assert.equal(drained, true)
})

function recording(recorder: string, source: Extract<MediaCommand, { type: 'record' }>['source']) {
  return {
    type: 'record' as const,
    recorder,
    source,
    channels: 1 as 1 | 2,
    sampleRateHz: 8000 as 8000 | 16000,
    path: `${recorder}.wav`,
    maxDurationMs: 0,
    silenceTimeoutMs: 0,
    beep: false,
  }
}

async function wavOf(house: House, path: string) {
  const bytes = await house.disk.readAll(path, 1 << 26)
  assert.ok(bytes.ok)
  const wav = decodeWav(bytes.value)
  assert.ok(wav.ok)
  return wav.value
}

function tones(samples: Int16Array, rateHz: number | unknown = 8000): number[] {
  const rate = rateHz === 16_000 ? 16_000 : 8000
  return ALL.filter((hz) => toneLevelDbov(samples, hz, rate) > -30)
}
