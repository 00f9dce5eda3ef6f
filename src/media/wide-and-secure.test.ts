import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { loadOpus } from '#audio/opus.ts'
import { decodeWav } from '#audio/wav.ts'
import type { SrtpKeys, SrtpSuite } from '#base/srtp-key.ts'
import { srtpSuites } from '#base/srtp-key.ts'
import type { PartyCodec } from '#testkit/rtp-party.ts'
import { describe, type Guest, House } from './house-conduct.ts'

const A = 440
const B = 700
/** Only a wide-band codec carries this. */
const HIGH = 5200

before(() => loadOpus())

/** Keys as the switch has them, and as the peer does. */
function keys(suite: SrtpSuite, seed: number): { readonly ours: SrtpKeys; readonly theirs: SrtpKeys } {
  const { keyOctets, saltOctets } = srtpSuites[suite]
  const key = (fill: number) => ({
    suite,
    keyAndSalt: Buffer.alloc(keyOctets + saltOctets, fill).toString('base64'),
    mkiOctets: 0,
  })
  const [a, b] = [key(seed), key(seed + 1)]
  return { ours: { send: a, receive: b }, theirs: { send: b, receive: a } }
}

function secureGuest(house: House, id: string, hz: number, suite: SrtpSuite, seed: number, codec: PartyCodec = 'PCMU') {
  const { ours, theirs } = keys(suite, seed)
  return house.guest(id, hz, { srtp: ours }, { voice: { codec, srtp: theirs } })
}

function wideGuest(house: House, id: string, hz: number, codec: PartyCodec): Promise<Guest> {
  return house.guest(id, hz, {}, { voice: { codec } })
}

/** Opus is made outside the hand-wound clock: a few real turns. */
async function settle(house: House): Promise<void> {
  await house.clock.advance(100)
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}

for (const suite of Object.keys(srtpSuites) as SrtpSuite[]) {
  test(`${suite}: a secured party and a plain one hear each other; nothing leaves the secured one's port in the clear`, async () => {
    const house = new House()
    const plain = await house.guest('plain', A)
    const secure = await secureGuest(house, 'secure', B, suite, 7)
    const lengths = new Set<number>()
    house.net.watch(({ from, bytes }) => {
      if (from.port === secure.local.port) lengths.add(bytes.length)
    })
    house.room('m', [plain, secure], 2)
    await house.clock.advance(12_000)
    assert.deepEqual(plain.party.hears([A, B]), [B])
    assert.deepEqual(secure.party.hears([A, B]), [A])
    assert.ok(!lengths.has(172), 'every packet has its tag')
    const stats = house.worker
    house.tell({ type: 'measure-session', session: 'secure' })
    const { packetsForged, packetsReplayed, packetsReceived } = house.of('session-stats').at(-1)!.stats
    assert.deepEqual([packetsForged, packetsReplayed], [0, 0])
    assert.ok(packetsReceived > 500)
    assert.ok(secure.party.reports.length >= 1, 'its reports can be read')
    await stats.close()
  })
}

test('packets that are forged, replayed, or in the clear are dropped and counted', async () => {
  const house = new House()
  const suite = 'AES_CM_128_HMAC_SHA1_80'
  const one = await secureGuest(house, 'one', A, suite, 3)
  const two = await house.guest('two', null)
  house.room('m', [one, two])
  const sent: Uint8Array[] = []
  house.net.watch(({ from, bytes }) => {
    if (from.port === one.party.local.port) sent.push(bytes.slice())
  })
  await house.clock.advance(500)
  const heard = sent.slice()
  for (const bytes of heard.slice(0, 10)) one.party.sendRaw(bytes, one.local)
  const forged = heard.at(-1)!.slice()
  // A number not used yet, and one octet of sound changed.
  forged[2] = (forged[2]! + 1) & 0xff
  one.party.sendRaw(forged, one.local)
  one.party.sendRaw(heard.at(-1)!.subarray(0, 172), one.local)
  one.party.sendRaw(Buffer.from([0x80, 0]), one.local)
  await house.clock.advance(500)
  house.tell({ type: 'measure-session', session: 'one' })
  const { stats } = house.of('session-stats').at(-1)!
  assert.deepEqual([stats.packetsReplayed, stats.packetsForged], [11, 2])
  assert.deepEqual(two.party.hears([A, B], 300), [A])
  await house.worker.close()
})

test('a session whose keys are none is silent and deaf rather than in the clear', async () => {
  const house = new House()
  const bad = { suite: 'AES_CM_128_HMAC_SHA1_80', keyAndSalt: 'AAAA', mkiOctets: 0 } as const
  const one = await house.guest('one', A, { srtp: { send: bad, receive: bad } })
  const two = await house.guest('two', B)
  house.room('m', [one, two])
  await house.clock.advance(1000)
  assert.deepEqual([one.party.packets.length, two.party.hears([A])], [0, []])
  await house.worker.close()
})

test('the same keys go on over a new description, new keys begin afresh', async () => {
  const house = new House()
  const suite = 'AEAD_AES_128_GCM'
  const one = await secureGuest(house, 'one', A, suite, 3)
  const two = await house.guest('two', B)
  house.room('m', [one, two])
  await house.clock.advance(500)
  const again = (srtp: SrtpKeys) =>
    house.tell({ type: 'configure-session', session: 'one', description: describe(one.party.local, 'PCMU', { srtp }) })
  again(keys(suite, 3).ours)
  await house.clock.advance(500)
  assert.deepEqual([one.party.hears([A, B], 300), two.party.hears([A, B], 300)], [[B], [A]])
  const fresh = keys(suite, 50)
  again(fresh.ours)
  one.party.configure({ codec: 'PCMU', payloadType: 0, eventType: 101, srtp: fresh.theirs })
  await house.clock.advance(500)
  assert.deepEqual([one.party.hears([A, B], 300), two.party.hears([A, B], 300)], [[B], [A]])
  await house.worker.close()
})

test('two secured parties of one codec are passed on as they come, each under its own keys, digits too', async () => {
  const house = new House()
  const one = await secureGuest(house, 'one', A, 'AES_CM_128_HMAC_SHA1_80', 3)
  const two = await secureGuest(house, 'two', B, 'AEAD_AES_256_GCM', 9)
  house.room('m', [one, two], 2)
  await house.clock.advance(1000)
  assert.deepEqual([one.party.hears([A, B]), two.party.hears([A, B])], [[B], [A]])
  one.party.dial('17#')
  await house.clock.advance(1500)
  assert.equal(two.party.digits, '17#')
  assert.deepEqual(
    house.of('digit').map((event) => event.digit),
    ['1', '7', '#'],
  )
  await house.worker.close()
})

for (const codec of ['G722', 'opus'] as const) {
  test(`${codec}: two wide-band parties in a room hear each other above 4 kHz, and a narrow one hears what it can`, async () => {
    const house = new House()
    const one = await wideGuest(house, 'one', HIGH, codec)
    const two = await wideGuest(house, 'two', A, codec)
    const narrow = await house.guest('narrow', B)
    house.room('m', [one, two, narrow])
    await settle(house)
    await house.clock.advance(2000)
    assert.deepEqual(two.party.hears([A, B, HIGH]), [B, HIGH])
    assert.deepEqual(one.party.hears([A, B, HIGH]), [A, B])
    assert.deepEqual(narrow.party.hears([A, B]), [A])
    assert.ok(Math.abs(two.party.level(B) - narrow.party.level(A)) < 4, 'nobody is much louder than the others')
    await house.worker.close()
  })

  test(`${codec}: a bridge to G.711 is translated both ways, and to its own kind passed on`, async () => {
    const house = new House()
    const wide = await wideGuest(house, 'wide', A, codec)
    const narrow = await house.guest('narrow', B)
    house.room('m', [wide, narrow], 2)
    await settle(house)
    await house.clock.advance(1500)
    assert.deepEqual([wide.party.hears([A, B]), narrow.party.hears([A, B])], [[B], [A]])
    wide.party.dial('5')
    await house.clock.advance(700)
    assert.equal(narrow.party.digits, '5')

    const same = new House()
    const [one, two] = [await wideGuest(same, 'one', HIGH, codec), await wideGuest(same, 'two', A, codec)]
    same.room('m', [one, two], 2)
    await settle(same)
    await same.clock.advance(1500)
    assert.deepEqual([one.party.hears([A, HIGH]), two.party.hears([A, HIGH])], [[A], [HIGH]])
    const [first, last] = [two.party.packets.at(-20)!, two.party.packets.at(-1)!]
    const step = codec === 'opus' ? 960 : 160
    assert.equal(last.timestamp - first.timestamp, 19 * step, 'timestamps count the clock of the codec')
    await house.worker.close()
    await same.worker.close()
  })

  test(`${codec}: what is played and recorded keeps the wide band`, async () => {
    const house = new House()
    const guest = await wideGuest(house, 'g', HIGH, codec)
    await settle(house)
    house.play('p', 'g', {
      type: 'tone',
      tone: { steps: [{ frequenciesHz: [6000], durationMs: 3000, levelDbov: -16 }] },
    })
    house.tell({
      type: 'record',
      recorder: 'r',
      source: { type: 'session', session: 'g', track: 'both' },
      channels: 2,
      sampleRateHz: 16_000,
      path: 'r.wav',
      maxDurationMs: 0,
      silenceTimeoutMs: 0,
      beep: false,
    })
    await house.clock.advance(2000)
    assert.deepEqual(guest.party.hears([HIGH, 6000], 500, -35), [6000])
    house.tell({ type: 'stop-recorder', recorder: 'r' })
    await house.clock.advance(100)
    const bytes = await house.disk.readAll('r.wav', 1 << 20)
    assert.ok(bytes.ok)
    const wav = decodeWav(bytes.value)
    assert.ok(wav.ok)
    const [said, sent] = wav.value.channels
    assert.ok(toneLevelDbov(said!.subarray(8000), HIGH, 16_000) > -30)
    assert.ok(toneLevelDbov(sent!.subarray(8000), 6000, 16_000) > -30)
    await house.worker.close()
  })

  test(`${codec}: with one packet in ten lost the tone stays, and no gap is silent`, async () => {
    const house = new House(5)
    const one = await wideGuest(house, 'one', A, codec)
    const two = await house.guest('two', null)
    house.room('m', [one, two])
    await settle(house)
    house.net.setWeather(({ from }) => ({
      delayMs: 5,
      jitterMs: 0,
      loss: from.port === one.party.local.port ? 0.1 : 0,
      duplicate: 0,
      reorder: 0,
    }))
    await house.clock.advance(6000)
    const level = two.party.level(A, 4000)
    assert.ok(level > -22, `${level} dBov`)
    house.tell({ type: 'measure-session', session: 'one' })
    const { stats } = house.of('session-stats').at(-1)!
    assert.ok(stats.packetsLost > 10 && stats.concealedMs >= stats.packetsLost * 15, JSON.stringify(stats))
    await house.worker.close()
  })
}

test('RFC 3264 §6.1: a party may change among the codecs agreed on, in the middle', async () => {
  const house = new House()
  const one = await wideGuest(house, 'one', A, 'G722')
  const two = await house.guest('two', null)
  house.room('m', [one, two])
  await house.clock.advance(1000)
  assert.deepEqual(two.party.hears([A], 300), [A])
  one.party.configure({ codec: 'PCMU', payloadType: 0, eventType: 101, srtp: null })
  await house.clock.advance(1000)
  assert.deepEqual(two.party.hears([A], 300), [A])
  one.party.configure({ codec: 'opus', payloadType: 107, eventType: 101, srtp: null })
  await settle(house)
  await house.clock.advance(1500)
  assert.deepEqual(two.party.hears([A], 300), [A])
  await house.worker.close()
})

test('Opus with discontinuous transmission: a pause is no loss, and speech after it is whole', async () => {
  const house = new House()
  const one = await wideGuest(house, 'one', A, 'opus')
  const two = await house.guest('two', null)
  house.room('m', [one, two])
  await settle(house)
  await house.clock.advance(1000)
  one.party.stop()
  house.tell({ type: 'measure-session', session: 'one' })
  const before = house.of('session-stats').at(-1)!.stats.concealedMs
  await house.clock.advance(1500)
  one.party.start(one.local)
  await house.clock.advance(1000)
  assert.deepEqual(two.party.hears([A], 500), [A])
  house.tell({ type: 'measure-session', session: 'one' })
  const { stats } = house.of('session-stats').at(-1)!
  assert.equal(stats.packetsLost, 0)
  assert.ok(stats.concealedMs - before <= 80, `${stats.concealedMs - before} ms`)
  await house.worker.close()
})

test('a hundred Opus calls, one after the other, give back what they took', async () => {
  const house = new House()
  for (let i = 0; i < 100; i++) {
    const guest = await wideGuest(house, `s${i}`, A, 'opus')
    await house.clock.advance(40)
    house.tell({ type: 'close-session', session: `s${i}` })
    guest.party.close()
  }
  await settle(house)
  assert.equal(house.worker.sessionCount, 0)
  await house.worker.close()
})
