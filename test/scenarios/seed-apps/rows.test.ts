// The acceptance list of the seed's demo apps (telnyx-seed-apps §11), row by row, on the pretended network: who hears
// whom is measured by tone. Rows that need a real web server or the modern SDK are in the files beside this one.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOggEncoder } from 'wasm-media-encoders'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { encodeWav } from '#audio/wav.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { openScenario, type Scenario } from '../house.ts'
import { formEncoded, NodeApp, PhpApp, PythonApp, RubyApp, verifies } from './apps.ts'

const BEEP_HZ = 1000
const MUSIC_HZ = 520
const WAITING_URL = 'http://files.test/waiting.wav'

function tone(hz: number, ms: number, rateHz = 8000): Int16Array {
  return Int16Array.from({ length: (ms * rateHz) / 1000 }, (_, at) => 8000 * Math.sin((2 * Math.PI * hz * at) / rateHz))
}

/** Whether a tone was ever loud in any 100 ms of what a call kept since `keepHearing`. */
function everHeard(call: PhoneCall, hz: number, sinceMs = 0): boolean {
  const packets = call.party.packets.filter((packet) => packet.atMs >= sinceMs)
  for (let at = 0; at + 5 <= packets.length; at++) {
    const window = Int16Array.from(packets.slice(at, at + 5).flatMap((packet) => [...packet.samples]))
    if (toneLevelDbov(window, hz, 8000) > -30) return true
  }
  return false
}

function legsOf(scenario: Scenario): string[] {
  return scenario.received
    .filter((event) => event.type === 'call.initiated' && event.attempt === 1)
    .map((event) => String(event.payload.call_control_id))
}

for (const kind of ['Python', 'PHP'] as const) {
  test(`row 1: two callers of the ${kind} app reach one room, hear each other, and hear the beep of every entry`, async () => {
    const scenario = await openScenario({ speech: true })
    const app = kind === 'Python' ? new PythonApp(scenario) : new PhpApp(scenario)
    const first = await scenario.callIn('one', 700)
    await scenario.clock.until(() => scenario.types().includes('conference.participant.joined'))
    await scenario.clock.advance(3000)
    const beforeSecondMs = scenario.clock.nowMs()
    const second = await scenario.callIn('two', 900)
    await scenario.clock.until(
      () => scenario.types().filter((type) => type === 'conference.participant.joined').length === 2,
    )
    await scenario.clock.advance(3000)
    assert.deepEqual(first.party.hears([700, 900]), [900])
    assert.deepEqual(second.party.hears([700, 900]), [700])
    assert.ok(everHeard(first, BEEP_HZ, beforeSecondMs), 'the first caller hears the second one enter')
    assert.ok(everHeard(second, BEEP_HZ), 'the second caller hears its own entry')
    const beforeLeavingMs = scenario.clock.nowMs()
    second.hangUp()
    await scenario.clock.advance(1500)
    assert.ok(everHeard(first, BEEP_HZ, beforeLeavingMs), 'and its exit')
    if (kind === 'Python')
      assert.deepEqual(app.lines(), [
        'POST /v2/calls/v3%3A…/actions/answer {}',
        'POST /v2/conferences {"beep_enabled":"always","call_control_id":"v3:…","name":"demo-conference"}',
        'POST /v2/calls/v3%3A…/actions/answer {}',
        'POST /v2/conferences/<id>/actions/join {"call_control_id":"v3:…"}',
      ])
    else {
      assert.deepEqual(app.lines(), [
        'POST /v2/calls/v3%3A…/actions/answer []',
        'POST /v2/calls/v3%3A…/actions/speak {"payload":"joining conference","voice":"female","language":"en-GB"}',
        'POST /v2/conferences {"call_control_id":"v3:…","name":"conf-<13 hex>","beep_enabled":"always"}',
        'POST /v2/calls/v3%3A…/actions/answer []',
        'POST /v2/calls/v3%3A…/actions/speak {"payload":"joining conference","voice":"female","language":"en-GB"}',
        'POST /v2/conferences/<id>/actions/join {"call_control_id":"v3:…"}',
      ])
      assert.equal((app as PhpApp).rejected, 0)
      const spoken = scenario.received.filter((event) => event.type === 'call.speak.ended')
      assert.deepEqual(
        spoken.map((event) => event.payload.status),
        ['completed', 'completed'],
      )
    }
    assert.ok(app.sent.every((one) => one.status === 200))
    first.hangUp()
    await scenario.clock.advance(1000)
    await scenario.close()
  })
}

test('row 2: the first Node caller hears the greeting, then hold audio; the second releases it; its leaving restores it', async () => {
  const scenario = await openScenario({ speech: true })
  scenario.files.set(WAITING_URL, encodeWav(tone(MUSIC_HZ, 2000), 8000))
  const app = new NodeApp(scenario, WAITING_URL)
  const first = await scenario.callIn('one', 700)
  await scenario.clock.until(() => scenario.types().includes('call.speak.started'))
  await scenario.clock.advance(300)
  assert.deepEqual(first.party.hears([MUSIC_HZ], 200), [], 'no music over the greeting')
  await scenario.clock.until(() => scenario.types().includes('call.speak.ended'))
  await scenario.clock.advance(1000)
  assert.deepEqual(first.party.hears([700, 900, MUSIC_HZ]), [MUSIC_HZ])
  const second = await scenario.callIn('two', 900)
  await scenario.clock.advance(4000)
  assert.deepEqual(first.party.hears([700, 900, MUSIC_HZ]), [900])
  assert.deepEqual(second.party.hears([700, 900, MUSIC_HZ]), [700])
  second.hangUp()
  await scenario.clock.advance(1000)
  assert.deepEqual(first.party.hears([700, 900, MUSIC_HZ]), [MUSIC_HZ])
  assert.equal(
    scenario.types().some((type) => type.includes('playback')),
    false,
    'hold audio is not told',
  )
  assert.ok(app.sent.every((one) => one.status === 200))
  first.hangUp()
  await scenario.clock.advance(15_000)
  await scenario.close()
})

test('rows 3, 4 and 5: the Node admin routes, a number pulled in with its own client state, and a dual MP3 recording', async () => {
  const scenario = await openScenario({ speech: true })
  scenario.files.set(WAITING_URL, encodeWav(tone(MUSIC_HZ, 2000), 8000))
  const app = new NodeApp(scenario, WAITING_URL)
  const first = await scenario.callIn('one', 700)
  await scenario.clock.advance(500)
  const second = await scenario.callIn('two', 900)
  await scenario.clock.advance(4000)
  const [one, two] = legsOf(scenario) as [string, string]

  assert.equal((await app.mute(one)).status, 200)
  await scenario.clock.advance(1000)
  assert.deepEqual([first.party.hears([900]), second.party.hears([700])], [[900], []])
  assert.equal((await app.unmute(one)).status, 200)
  assert.equal((await app.hold(two)).status, 200)
  await scenario.clock.advance(1000)
  assert.deepEqual([first.party.hears([900, MUSIC_HZ]), second.party.hears([700, MUSIC_HZ])], [[], [MUSIC_HZ]])
  assert.equal((await app.unhold(two)).status, 200)

  // pull: `from` is the word "conf"; the new leg is "answered" by the app while it still rings.
  const third = await scenario.phone('three')
  third.onCall((call) => call.ring())
  const pulled = await app.pull(third.uri)
  assert.equal(pulled.status, 200)
  assert.equal(pulled.json.data.record_type, 'call')
  assert.equal(pulled.json.data.is_alive, false)
  await scenario.clock.until(() => third.calls.length === 1)
  await scenario.clock.advance(500)
  const three = String(pulled.json.data.call_control_id)
  const initiated = scenario.event('call.initiated', three)!
  assert.deepEqual([initiated.payload.direction, initiated.payload.state], ['outgoing', 'bridging'])
  const answers = app.sent.filter((sent) => sent.path.includes(`${three}/actions/answer`))
  assert.deepEqual(
    answers.map((sent) => [sent.status, sent.body]),
    [[200, '{"client_state":"b3V0Z29pbmc="}']],
  )
  assert.equal(scenario.event('call.answered', three), undefined, 'answering a ringing outgoing leg answers nothing')
  assert.match(third.calls[0]!.invite!.from!.uri.text, /15550111/, 'the application’s caller id stands in for the word')
  third.calls[0]!.answer()
  third.calls[0]!.party.hum(1200)
  await scenario.clock.advance(4000)
  const answered = scenario.event('call.answered', three)!
  assert.equal(answered.payload.client_state, 'b3V0Z29pbmc=')
  assert.equal(app.participants.get(three), third.uri)
  assert.deepEqual(first.party.hears([700, 900, 1200]), [900, 1200])
  assert.deepEqual(second.party.hears([700, 900, 1200]), [700, 1200])
  assert.deepEqual(third.calls[0]!.party.hears([700, 900, 1200]), [700, 900])

  assert.equal((await app.recordStart(one)).status, 200)
  await scenario.clock.advance(3000)
  assert.equal((await app.recordStop(one)).status, 200)
  await scenario.clock.until(() => scenario.types().includes('call.recording.saved'), 600_000)
  const saved = scenario.event('call.recording.saved')!.payload
  assert.deepEqual([saved.call_control_id, saved.channels, saved.format], [one, 'dual', 'mp3'])
  const urls = saved.recording_urls as Record<string, string>
  assert.deepEqual(Object.keys(urls), ['mp3'])
  const file = await scenario.house.http.inject({ method: 'GET', url: urls.mp3!.replace('http://switch.test', '') })
  assert.equal(file.statusCode, 200)
  assert.equal(file.headers['content-type'], 'audio/mpeg')
  assert.ok(file.rawPayload.length > 3000, 'three seconds of two channels')
  for (const call of [first, second, third.calls[0]!]) call.hangUp()
  await scenario.clock.advance(15_000)
  await scenario.close()
})

for (const kind of ['PHP', 'Node'] as const) {
  test(`rows 6 and 7: an emptied room of the ${kind} app is told as ended, and the next caller gets a new one`, async () => {
    const scenario = await openScenario({ speech: true })
    scenario.files.set(WAITING_URL, encodeWav(tone(MUSIC_HZ, 2000), 8000))
    const app = kind === 'PHP' ? new PhpApp(scenario) : new NodeApp(scenario, WAITING_URL)
    const rooms = (): unknown[] =>
      scenario.received
        .filter((event) => event.type === 'conference.created' && event.attempt === 1)
        .map((event) => event.payload.conference_id)
    for (const round of [1, 2]) {
      const call = await scenario.callIn(`caller${round}`, 700)
      await scenario.clock.until(() => rooms().length === round)
      await scenario.clock.advance(1000)
      call.hangUp()
      await scenario.clock.until(() => scenario.types().filter((type) => type === 'conference.ended').length >= round)
      // Right after the end: the next round begins with the next beat.
    }
    assert.equal(new Set(rooms()).size, 2)
    const creations = app.sent.filter((sent) => /^\/v2\/conferences\/?$/.test(sent.path))
    assert.deepEqual(
      creations.map((sent) => sent.status),
      [200, 200],
    )
    const ended = scenario.received.find((event) => event.type === 'conference.ended')!
    assert.equal(ended.payload.reason, 'all_left')
    await scenario.clock.advance(20_000)
    await scenario.close()
  })
}

for (const kind of ['Python', 'PHP', 'Ruby'] as const) {
  test(`row 8: two callers of the ${kind} app within 50 ms end in one room`, async () => {
    const scenario = await openScenario({ speech: true })
    const app =
      kind === 'Python' ? new PythonApp(scenario) : kind === 'PHP' ? new PhpApp(scenario) : new RubyApp(scenario)
    app.thinkMs = 60
    // The PHP app makes its names by chance; two rooms are then two names, and nothing collides. As its lock file's
    // web server takes one request at a time, the second handler starts after the first one is through.
    if (kind === 'PHP') oneAtATime(app)
    const [a, b] = await Promise.all([scenario.phone('a'), scenario.phone('b')])
    const first = await a.call('+15550100', scenario.sip)
    await scenario.clock.advance(40)
    const second = await b.call('+15550100', scenario.sip)
    first.party.hum(700)
    second.party.hum(900)
    await scenario.clock.advance(6000)
    assert.deepEqual(first.party.hears([700, 900]), [900])
    assert.deepEqual(second.party.hears([700, 900]), [700])
    assert.equal(scenario.types().filter((type) => type === 'conference.created').length, 1)
    if (kind !== 'PHP') {
      const refused = app.sent.filter((sent) => sent.status === 422)
      assert.deepEqual(
        refused.map((sent) => sent.json.errors[0].code),
        ['90033'],
      )
      const answered = scenario.received.filter((event) => event.type === 'call.answered')
      assert.deepEqual(
        answered.map((event) => event.attempt),
        [1, 1, 2],
      )
      assert.equal(new Set(answered.map((event) => event.id)).size, 2)
    }
    first.hangUp()
    second.hangUp()
    await scenario.clock.advance(5000)
    await scenario.close()
  })
}

/** A single-threaded web server: handlers run one after another. */
function oneAtATime(app: PhpApp | PythonApp | RubyApp): void {
  let last: Promise<unknown> = Promise.resolve()
  app.scenario.onWebhook = (event) => {
    const answer = last.then(() => app.answer(event))
    last = answer
    return answer
  }
}

test('row 9: signatures hold for the classic checks, and a retry minutes later is signed afresh', async () => {
  const scenario = await openScenario()
  const seen: { readonly attempt: number; readonly fresh: boolean; readonly timeless: boolean }[] = []
  scenario.onWebhook = (event) => {
    if (event.type !== 'call.initiated') return 200
    seen.push({
      attempt: event.attempt,
      fresh: verifies(event, scenario.publicKey, scenario.clock.wallMs()),
      timeless: verifies(event, scenario.publicKey, null),
    })
    assert.equal(verifies({ ...event, raw: `${event.raw} ` }, scenario.publicKey, null), false)
    assert.match(event.headers['telnyx-timestamp']!, /^[1-9]\d*$/)
    return 503
  }
  const phone = await scenario.phone('one')
  const call = await phone.call('+15550100', scenario.sip)
  await scenario.clock.advance(400_000)
  assert.deepEqual(
    seen.map((one) => one.attempt),
    [1, 2, 3],
  )
  // Dead by now. Put back by the operator, six minutes after it happened, it must still pass the 300 s of the classic checks.
  const id = scenario.event('call.initiated')!.id
  assert.deepEqual(await scenario.house.dispatcher.replay(id), { ok: true, value: true })
  await scenario.clock.advance(1000)
  assert.ok(seen.length > 3)
  assert.ok(seen.every((one) => one.fresh && one.timeless))
  call.hangUp()
  await scenario.clock.advance(1000)
  await scenario.close()
})

for (const [name, body, headers] of [
  ['[]', '[]', { 'content-type': 'application/json' }],
  ['{}', '{}', { 'content-type': 'application/json' }],
  ['an empty body under a JSON type', '', { 'content-type': 'application/json' }],
  ['no body and no type', '', {}],
  ['JSON without a type', '{"client_state":null}', {}],
] as const) {
  test(`row 10: answer takes ${name}`, async () => {
    const scenario = await openScenario()
    const phone = await scenario.phone('one')
    const call = await phone.call('+15550100', scenario.sip)
    await scenario.clock.until(() => scenario.types().includes('call.initiated'))
    const leg = scenario.event('call.initiated')!.payload.call_control_id
    const reply = await scenario.house.http.inject({
      method: 'POST',
      url: `/v2/calls/${leg}/actions/answer`,
      headers: { authorization: 'Bearer KEY0123_scenario', ...headers },
      ...(body === '' ? {} : { payload: body }),
    })
    assert.equal(reply.statusCode, 200, reply.body)
    assert.deepEqual(JSON.parse(reply.body), { data: { result: 'ok' } })
    await scenario.clock.advance(500)
    assert.equal(call.state, 'up')
    call.hangUp()
    await scenario.clock.advance(500)
    await scenario.close()
  })
}

test('row 11: %3A, : and trailing slashes name the same leg and path; + stands for a space in a room’s name', async () => {
  const scenario = await openScenario()
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated')
      await scenario.rest('POST', `/v2/calls/${event.payload.call_control_id}/actions/answer`, {})
    return 200
  }
  const call = await scenario.callIn('one', 700)
  const other = await scenario.callIn('two', 900)
  const [leg, second] = legsOf(scenario) as [string, string]
  const raw = await scenario.rest('GET', `/v2/calls/${leg}`)
  const encoded = await scenario.rest('GET', `/v2/calls/${formEncoded(leg)}`)
  assert.match(leg, /^[\w:=-]+$/)
  assert.equal(raw.status, 200)
  assert.equal(raw.json.data.call_leg_id, encoded.json.data.call_leg_id)
  const created = await scenario.rest('POST', '/v2/conferences/', { call_control_id: leg, name: 'my room' })
  assert.equal(created.status, 200)
  assert.equal(created.json.data.record_type, 'conference')
  const joined = await scenario.rest('POST', '/v2/conferences/my+room/actions/join', { call_control_id: second })
  assert.equal(joined.status, 200)
  const listed = await scenario.rest('GET', '/v2/conferences/?filter[name]=my+room')
  const encodedFilter = await scenario.rest('GET', '/v2/conferences?filter%5Bname%5D=my+room')
  assert.equal(listed.json.data[0].id, created.json.data.id)
  assert.deepEqual(encodedFilter.json, listed.json)
  // Old PHP writes truth values as text.
  const strings = await scenario.rest('POST', '/v2/conferences/my%20room/actions/leave', { call_control_id: second })
  assert.equal(strings.status, 200)
  const again = await scenario.rest('POST', `/v2/conferences/${created.json.data.id}/actions/join`, {
    call_control_id: second,
    mute: 'true',
    hold: 'false',
  })
  assert.equal(again.status, 200)
  const members = await scenario.rest('GET', `/v2/conferences/${created.json.data.id}/participants?filter[muted]=true`)
  assert.deepEqual(
    members.json.data
      .filter((one: { status: string }) => one.status === 'joined')
      .map((one: { call_control_id: string }) => one.call_control_id),
    [second],
  )
  call.hangUp()
  other.hangUp()
  await scenario.clock.advance(1000)
  await scenario.close()
})

test('row 12: a handler that never answers conference.ended does not delay a call.initiated 10 ms later', async () => {
  const scenario = await openScenario()
  const app = new NodeApp(scenario, WAITING_URL)
  const call = await scenario.callIn('one', 700)
  await scenario.clock.until(() => app.conference !== 'no-conf')
  await scenario.clock.advance(500)
  call.hangUp()
  await scenario.clock.until(() => scenario.types().includes('conference.ended'), 5000, 1)
  await scenario.clock.advance(10)
  const phone = await scenario.phone('two')
  const calledAtMs = scenario.clock.nowMs()
  const next = await phone.call('+15550100', scenario.sip)
  await scenario.clock.until(() => legsOf(scenario).length === 2, 1000, 1)
  assert.ok(scenario.received.at(-1)!.atMs - calledAtMs < 50)
  next.hangUp()
  await scenario.clock.advance(20_000)
  const attempts = scenario.received.filter((event) => event.type === 'conference.ended')
  assert.deepEqual(
    attempts.slice(0, 3).map((event) => event.attempt),
    [1, 2, 3],
  )
  await scenario.close()
})

test('row 14: the Ruby app on Thin answers call.hangup with 500, then 200 to the same event, attempt 2', async () => {
  const scenario = await openScenario()
  const app = new RubyApp(scenario)
  const first = await scenario.callIn('one', 700)
  const second = await scenario.callIn('two', 900)
  await scenario.clock.advance(1000)
  second.hangUp()
  await scenario.clock.advance(3000)
  const two = legsOf(scenario)[1]
  const hangups = scenario.received.filter(
    (event) => event.type === 'call.hangup' && event.payload.call_control_id === two,
  )
  assert.deepEqual(
    hangups.map((event) => event.attempt),
    [1, 2],
  )
  assert.equal(new Set(hangups.map((event) => event.id)).size, 1)
  assert.equal(app.legs.length, 1)
  first.hangUp()
  await scenario.clock.advance(3000)
  await scenario.close()
})

test('row 14: on WEBrick a 500 after the work was done repeats the handler and spoils nothing', async () => {
  const scenario = await openScenario()
  const app = new RubyApp(scenario, { server: 'webrick' })
  const first = await scenario.callIn('one', 700)
  await scenario.clock.advance(10_000)
  const answers = app.sent.filter((sent) => sent.path.endsWith('/answer'))
  assert.deepEqual(
    answers.map((sent) => sent.status),
    [200, 200, 200],
  )
  const ids = new Set(scenario.received.filter((event) => event.type === 'call.answered').map((event) => event.id))
  assert.equal(ids.size, 1, 'only one call.answered')
  const joins = app.sent.filter((sent) => sent.path.endsWith('/join'))
  assert.ok(joins.length > 0)
  assert.ok(joins.every((sent) => sent.json.errors[0].code === '90044'))
  assert.equal(first.state, 'up')
  first.hangUp()
  await scenario.clock.advance(5000)
  await scenario.close()
})

test('row 16: the Ruby demo holds with Ogg; an unreachable URL leaves silence, and the command is still 200', async () => {
  const scenario = await openScenario({ speech: true })
  const url = 'http://files.test/hold.ogg'
  scenario.files.set(url, await ogg(tone(MUSIC_HZ, 3000, 44_100), 44_100))
  new RubyApp(scenario, { demo: true })
  const first = await scenario.callIn('one', 700)
  await scenario.clock.advance(500)
  const second = await scenario.callIn('two', 900)
  await scenario.clock.advance(4000)
  const legs = legsOf(scenario)
  const room = scenario.event('conference.created')!.payload.conference_id
  const hold = (audio_url: string) =>
    scenario.rest('POST', `/v2/conferences/${room}/actions/hold`, { call_control_ids: legs, audio_url })
  assert.equal((await hold(url)).status, 200)
  await scenario.clock.advance(5000)
  for (const call of [first, second]) assert.deepEqual(call.party.hears([700, 900, MUSIC_HZ]), [MUSIC_HZ])
  assert.equal((await hold('http://unreachable.test/hold.ogg')).status, 200)
  await scenario.clock.advance(2000)
  for (const call of [first, second]) assert.ok(call.party.loudness() < -60, 'held in silence')
  const members = await scenario.rest('GET', `/v2/conferences/${room}/participants?filter[on_hold]=true`)
  assert.equal(members.json.meta.total_results, 2)
  const released = await scenario.rest('POST', `/v2/conferences/${room}/actions/unhold`, { call_control_ids: legs })
  assert.equal(released.status, 200)
  await scenario.clock.advance(1000)
  assert.deepEqual(first.party.hears([700, 900]), [900])
  first.hangUp()
  second.hangUp()
  await scenario.clock.advance(5000)
  await scenario.close()
})

/** A small Ogg Vorbis file. */
async function ogg(samples: Int16Array, sampleRate: number): Promise<Uint8Array> {
  const encoder = await createOggEncoder()
  encoder.configure({ sampleRate, channels: 1, vbrQuality: 3 })
  const floats = Float32Array.from(samples, (sample) => sample / 32_768)
  const body = encoder.encode([floats]).slice()
  return Buffer.concat([body, encoder.finalize()])
}

test('the tutorial text’s odd paths work: create_conf, join without a room, dial under a leg', async () => {
  const scenario = await openScenario()
  scenario.onWebhook = async (event) => {
    const leg = event.payload.call_control_id
    if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
      await scenario.rest('POST', `/v2/calls/${leg}/actions/answer`, { client_state: null })
    return 200
  }
  const first = await scenario.callIn('one', 700)
  const second = await scenario.callIn('two', 900)
  const [one, two] = legsOf(scenario) as [string, string]
  const created = await scenario.rest('POST', `/v2/calls/${one}/actions/create_conf`, {
    call_control_id: one,
    name: 'myconf',
    client_state: 'Y29uZi1jcmVhdGVk',
  })
  assert.equal(created.status, 200)
  assert.equal(typeof created.json.data.id, 'string')
  const joined = await scenario.rest('POST', `/v2/calls/${two}/actions/join`, {
    call_control_id: two,
    client_state: 'YWdlbnQtaW4=',
  })
  assert.equal(joined.status, 200)
  const third = await scenario.phone('three')
  const dialled = await scenario.rest('POST', `/v2/calls/${one}/actions/dial`, {
    to: third.uri,
    from: 'conf',
    connection_id: scenario.connectionId,
  })
  assert.equal(dialled.status, 200)
  await scenario.clock.advance(1000)
  assert.deepEqual(first.party.hears([700, 900]), [900])
  assert.equal(third.calls.length, 1)
  for (const call of [first, second, third.calls[0]!]) call.hangUp()
  await scenario.clock.advance(1000)
  await scenario.close()
})
