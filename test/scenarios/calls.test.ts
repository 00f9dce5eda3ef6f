// Single calls and pairs of calls in Call Control's words: how they end, what collects digits, what plays, what bridges
// and transfers leave behind, and where webhooks go (telnyx-voice §8-§12).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeWav } from '#audio/wav.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { NUMBER, openScenario, type Received, type Scenario } from './house.ts'

const PROMPT_HZ = 520
const OTHER_HZ = 620
const PROMPT = 'http://files.test/prompt.wav'
const SORRY = 'http://files.test/sorry.wav'

function tone(hz: number, ms: number): Uint8Array {
  return encodeWav(
    Int16Array.from({ length: ms * 8 }, (_, at) => 8000 * Math.sin((2 * Math.PI * hz * at) / 8000)),
    8000,
  )
}

interface Line {
  readonly leg: string
  readonly call: PhoneCall
}

/** A scenario whose application answers every call that comes in, and does what else the test adds. */
async function answering(declared?: object): Promise<Scenario> {
  const scenario = await openScenario(declared === undefined ? {} : { declared })
  scenario.files.set(PROMPT, tone(PROMPT_HZ, 3000))
  scenario.files.set(SORRY, tone(OTHER_HZ, 500))
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
      await act(scenario, String(event.payload.call_control_id), 'answer')
    return 200
  }
  return scenario
}

async function act(scenario: Scenario, leg: string, action: string, body: object = {}, status = 200): Promise<unknown> {
  const method = action === 'client_state_update' ? 'PUT' : 'POST'
  const reply = await scenario.rest(method, `/v2/calls/${leg}/actions/${action}`, body)
  assert.equal(reply.status, status, `${action}: ${JSON.stringify(reply.json)}`)
  return status === 200 ? reply.json.data : reply.json.errors[0].code
}

async function callIn(scenario: Scenario, user: string, hz: number): Promise<Line> {
  const call = await scenario.callIn(user, hz)
  await scenario.clock.advance(100)
  const answered = of(scenario, 'call.answered').at(-1)!
  return { leg: String(answered.payload.call_control_id), call }
}

function of(scenario: Scenario, type: string, leg?: string): Received[] {
  return scenario.received.filter(
    (event) => event.type === type && (leg === undefined || event.payload.call_control_id === leg),
  )
}

async function dial(scenario: Scenario, to: string, more: object = {}): Promise<string> {
  const reply = await scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    from: '+15550123',
    to,
    ...more,
  })
  assert.equal(reply.status, 200, JSON.stringify(reply.json))
  return reply.json.data.call_control_id
}

function hangup(scenario: Scenario, leg: string): readonly unknown[] {
  const { hangup_cause, hangup_source, sip_hangup_cause } = of(scenario, 'call.hangup', leg)[0]?.payload ?? {}
  return [hangup_cause, hangup_source, sip_hangup_cause]
}

async function end(scenario: Scenario, ...lines: readonly { readonly call: PhoneCall }[]): Promise<void> {
  for (const { call } of lines) if (call.state !== 'ended') call.hangUp()
  await scenario.clock.advance(2000)
  await scenario.close()
}

test('the reply to a dial is there before its call.initiated is sent', async () => {
  const scenario = await openScenario()
  const phone = await scenario.phone('callee')
  await dial(scenario, phone.uri)
  assert.deepEqual(scenario.types(), [])
  await scenario.clock.advance(100)
  assert.equal(scenario.types()[0], 'call.initiated')
  for (const call of phone.calls) call.hangUp()
  await scenario.clock.advance(500)
  await scenario.close()
})

test('a dialled call that does not come about is told with its cause, its source and its SIP status', async () => {
  const scenario = await openScenario()
  for (const [what, expected] of [
    [486, ['user_busy', 'callee', '486']],
    [603, ['call_rejected', 'callee', '603']],
    [403, ['call_rejected', 'callee', '403']],
    [404, ['not_found', 'callee', '404']],
    [480, ['no_answer', 'callee', '480']],
    ['ring', ['timeout', 'unknown', '487']],
    ['hang-up', ['originator_cancel', 'caller', '487']],
    ['answer', ['normal_clearing', 'callee', '200']],
  ] as const) {
    const phone = await scenario.phone(`p${what}`)
    phone.onCall((call) => {
      if (typeof what === 'number') call.reject(what)
      else if (what === 'answer') call.answer()
      else call.ring()
    })
    const leg = await dial(scenario, phone.uri, { timeout_secs: 10 })
    await scenario.clock.until(() => phone.calls.length === 1)
    await scenario.clock.advance(500)
    if (what === 'hang-up') await act(scenario, leg, 'hangup')
    if (what === 'answer') phone.calls[0]!.hangUp()
    await scenario.clock.until(() => of(scenario, 'call.hangup', leg).length === 1)
    assert.deepEqual(hangup(scenario, leg), expected, String(what))
    await act(scenario, leg, 'hangup', {}, 422)
  }
  await scenario.close()
})

test('a call in that ends before or after its answer is told with its cause and its source', async () => {
  const scenario = await openScenario()
  for (const [what, expected] of [
    ['cancel', ['originator_cancel', 'caller', '487']],
    ['reject-busy', ['user_busy', 'callee', '486']],
    ['reject', ['call_rejected', 'callee', '603']],
    ['bye', ['normal_clearing', 'caller', '200']],
    ['hang-up', ['normal_clearing', 'callee', '200']],
  ] as const) {
    const phone = await scenario.phone(what)
    const before = scenario.received.length
    const call = await phone.call(NUMBER, scenario.sip)
    await scenario.clock.until(() => scenario.received.length > before)
    const leg = String(scenario.received.at(-1)!.payload.call_control_id)
    if (what === 'cancel') call.hangUp()
    else if (what.startsWith('reject'))
      await act(scenario, leg, 'reject', { cause: what === 'reject' ? 'CALL_REJECTED' : 'USER_BUSY' })
    else {
      await act(scenario, leg, 'answer')
      await scenario.clock.advance(500)
      if (what === 'bye') call.hangUp()
      else await act(scenario, leg, 'hangup')
    }
    await scenario.clock.until(() => of(scenario, 'call.hangup', leg).length === 1)
    assert.deepEqual(hangup(scenario, leg), expected, what)
    await scenario.clock.advance(100)
  }
  await scenario.close()
})

test('time_limit_secs counts from the answer and ends the call as time_limit', async () => {
  const scenario = await openScenario()
  const phone = await scenario.phone('callee')
  phone.onCall((call) => call.ring())
  const leg = await dial(scenario, phone.uri, { time_limit_secs: 30 })
  await scenario.clock.until(() => phone.calls.length === 1)
  await scenario.clock.advance(10_000)
  phone.calls[0]!.answer()
  await scenario.clock.advance(29_500)
  assert.equal(of(scenario, 'call.hangup', leg).length, 0)
  await scenario.clock.advance(1000)
  assert.deepEqual(hangup(scenario, leg), ['time_limit', 'caller', '200'])
  assert.equal(phone.calls[0]!.state, 'ended')
  await scenario.close()
})

test('first_command_timeout ends a call that nobody commanded, and only that', async () => {
  const scenario = await openScenario({
    declared: {
      applications: [
        { name: 'demo', dialect: 'telnyx', webhook_url: 'http://app.test/webhook', first_command_timeout_secs: 5 },
      ],
      numbers: [{ number: NUMBER, application: 'demo' }],
    },
  })
  const ignored = await (await scenario.phone('ignored')).call(NUMBER, scenario.sip)
  await scenario.clock.advance(4000)
  const served = await (await scenario.phone('served')).call(NUMBER, scenario.sip)
  await scenario.clock.advance(500)
  const legs = of(scenario, 'call.initiated').map((event) => String(event.payload.call_control_id))
  await act(scenario, legs[1]!, 'client_state_update', { client_state: 'eA==' })
  await scenario.clock.advance(10_000)
  assert.equal(ignored.state, 'ended')
  assert.equal(of(scenario, 'call.hangup', legs[0]).length, 1)
  assert.notEqual(served.state, 'ended')
  await end(scenario, { call: served })
})

test('client_state: of the dial from its first event, replaced by commands, kept by null, and quietly by its own command', async () => {
  const scenario = await answering()
  const phone = await scenario.phone('callee')
  const leg = await dial(scenario, phone.uri, { client_state: 'b25l' })
  await scenario.clock.until(() => of(scenario, 'call.answered', leg).length === 1)
  const seen = (): unknown[] =>
    scenario.received
      .filter((event) => event.payload.call_control_id === leg)
      .map((event) => event.payload.client_state)
  assert.deepEqual(seen(), ['b25l', 'b25l'])
  await act(scenario, leg, 'gather', { client_state: 'dHdv' })
  await act(scenario, leg, 'gather_stop', { client_state: null })
  await scenario.clock.advance(100)
  assert.deepEqual(seen(), ['b25l', 'b25l', 'dHdv'])
  await act(scenario, leg, 'client_state_update', { client_state: 'dGhyZWU=' })
  await act(scenario, leg, 'gather', { client_state: 'broken!' }, 422)
  await act(scenario, leg, 'hangup')
  await scenario.clock.advance(500)
  assert.equal(seen().at(-1), 'dGhyZWU=')
  await scenario.close()
})

test('webhook_url and webhook_urls lead this leg’s later events elsewhere, by GET when asked', async () => {
  const scenario = await openScenario()
  const phone = await scenario.phone('callee')
  const leg = await dial(scenario, phone.uri, {
    webhook_url: 'http://app.test/leg',
    webhook_urls: { 'call.answered': 'http://app.test/answered', 'call.hangup': 'http://app.test/over' },
    webhook_urls_method: 'GET',
  })
  await scenario.clock.until(() => phone.calls[0]?.state === 'up')
  await act(scenario, leg, 'hangup')
  await scenario.clock.advance(500)
  assert.deepEqual(
    scenario.received.map(({ url, method, type }) => [url.split('?')[0], method, type]),
    [
      ['http://app.test/leg', 'POST', 'call.initiated'],
      ['http://app.test/answered', 'GET', 'call.answered'],
      ['http://app.test/over', 'GET', 'call.hangup'],
    ],
  )
  assert.equal(scenario.received[1]!.payload.call_control_id, leg)
  await scenario.close()
})

test('a gather: the first digit cuts the prompt, the terminator ends it, each digit is told', async () => {
  const scenario = await answering()
  const { leg, call } = await callIn(scenario, 'one', 700)
  await act(scenario, leg, 'gather_using_audio', { audio_url: PROMPT, terminating_digit: '*' })
  await scenario.clock.advance(1000)
  assert.deepEqual(call.party.hears([PROMPT_HZ], 300), [PROMPT_HZ])
  call.party.dial('12*')
  await scenario.clock.advance(400)
  assert.deepEqual(call.party.hears([PROMPT_HZ], 100), [])
  await scenario.clock.advance(1000)
  const { digits, status } = of(scenario, 'call.gather.ended', leg)[0]!.payload
  assert.deepEqual([digits, status], ['12', 'valid'])
  assert.deepEqual(
    of(scenario, 'call.dtmf.received', leg).map((event) => event.payload.digit),
    ['1', '2', '*'],
  )
  assert.equal(of(scenario, 'call.playback.ended', leg)[0]!.payload.status, 'cancelled')
  await end(scenario, { call })
})

test('a gather: invalid input plays the invalid prompt and tries again, then it is invalid', async () => {
  const scenario = await answering()
  const { leg, call } = await callIn(scenario, 'one', 700)
  await act(scenario, leg, 'gather_using_audio', {
    audio_url: PROMPT,
    invalid_audio_url: SORRY,
    maximum_tries: 2,
    minimum_digits: 3,
    valid_digits: '123',
  })
  await scenario.clock.advance(500)
  call.party.dial('12#')
  await scenario.clock.advance(900)
  assert.ok(call.party.level(OTHER_HZ, 400) > -40, 'the invalid prompt is heard')
  await scenario.clock.advance(1000)
  assert.deepEqual(call.party.hears([PROMPT_HZ], 300), [PROMPT_HZ])
  call.party.dial('129#')
  await scenario.clock.advance(2000)
  const { digits, status } = of(scenario, 'call.gather.ended', leg)[0]!.payload
  assert.deepEqual([digits, status], ['129', 'invalid'])
  await end(scenario, { call })
})

test('a gather: without input the prompt comes back until the tries are used up, then it is a timeout', async () => {
  const scenario = await answering()
  const { leg, call } = await callIn(scenario, 'one', 700)
  await act(scenario, leg, 'gather_using_audio', { audio_url: PROMPT, maximum_tries: 3, timeout_millis: 2000 })
  await scenario.clock.advance(16_000)
  assert.equal(of(scenario, 'call.playback.started', leg).length, 3)
  const { digits, status } = of(scenario, 'call.gather.ended', leg)[0]!.payload
  assert.deepEqual([digits, status], ['', 'timeout'])
  await end(scenario, { call })
})

test('a plain gather: initial, inter-digit and total time, replaced by a second one, ended by the hangup', async () => {
  const scenario = await answering()
  const { leg, call } = await callIn(scenario, 'one', 700)
  const outcome = (id: string): unknown[] => {
    const found = of(scenario, 'call.gather.ended', leg).find((event) => event.payload.gather_id === id)
    return [found?.payload.digits, found?.payload.status]
  }
  await act(scenario, leg, 'gather', { gather_id: 'initial', initial_timeout_millis: 1000 })
  await scenario.clock.advance(1200)
  assert.deepEqual(outcome('initial'), ['', 'timeout'])
  await act(scenario, leg, 'gather', { gather_id: 'between', inter_digit_timeout_millis: 1000 })
  call.party.dial('12')
  await scenario.clock.advance(2000)
  assert.deepEqual(outcome('between'), ['12', 'valid'])
  await act(scenario, leg, 'gather', { gather_id: 'total', timeout_millis: 3000, minimum_digits: 4 })
  call.party.dial('12')
  await scenario.clock.advance(3200)
  assert.deepEqual(outcome('total'), ['12', 'invalid'])
  await act(scenario, leg, 'gather', { gather_id: 'replaced' })
  await act(scenario, leg, 'gather', { gather_id: 'second' })
  call.party.dial('3')
  await scenario.clock.advance(500)
  assert.deepEqual(outcome('replaced'), ['', 'cancelled'])
  call.hangUp()
  await scenario.clock.advance(500)
  assert.deepEqual(outcome('second'), ['3', 'call_hangup'])
  const order = scenario.received.filter((event) => event.payload.call_control_id === leg).map((event) => event.type)
  assert.deepEqual(order.slice(-2), ['call.gather.ended', 'call.hangup'])
  await scenario.close()
})

test('playbacks queue up; stop current skips, stop all empties; an overlay is mixed over and stopped alone', async () => {
  const scenario = await answering()
  const { leg, call } = await callIn(scenario, 'one', 700)
  const play = (url: string, more: object = {}) => act(scenario, leg, 'playback_start', { audio_url: url, ...more })
  assert.equal(await act(scenario, leg, 'playback_start', { audio_url: SORRY, overlay: true }, 422), '10027')
  await play(PROMPT)
  await play(SORRY, { loop: 'infinity' })
  await scenario.clock.advance(1000)
  assert.deepEqual(call.party.hears([PROMPT_HZ, OTHER_HZ]), [PROMPT_HZ])
  await play(SORRY, { overlay: true, loop: 'infinity' })
  await scenario.clock.advance(600)
  assert.deepEqual(call.party.hears([PROMPT_HZ, OTHER_HZ], 300), [PROMPT_HZ, OTHER_HZ])
  await act(scenario, leg, 'playback_stop', { overlay: true })
  await scenario.clock.advance(400)
  assert.deepEqual(call.party.hears([PROMPT_HZ, OTHER_HZ], 200), [PROMPT_HZ])
  await act(scenario, leg, 'playback_stop', { stop: 'current' })
  await scenario.clock.advance(600)
  assert.deepEqual(call.party.hears([PROMPT_HZ, OTHER_HZ], 300), [OTHER_HZ])
  await play(PROMPT, { stop: 'all' })
  await scenario.clock.advance(500)
  assert.deepEqual(call.party.hears([PROMPT_HZ, OTHER_HZ], 200), [PROMPT_HZ])
  await act(scenario, leg, 'playback_stop')
  await scenario.clock.advance(500)
  assert.ok(call.party.loudness(200) < -60)
  await act(scenario, leg, 'playback_stop')
  assert.equal(await act(scenario, leg, 'playback_start', { audio_url: SORRY, target_legs: 'both' }, 422), '10027')
  const statuses = of(scenario, 'call.playback.ended', leg).map((event) => event.payload.status)
  assert.deepEqual(statuses, ['cancelled', 'cancelled', 'cancelled', 'cancelled'])
  await end(scenario, { call })
})

test('target_legs: a bridged call plays to itself, to the other, or to both', async () => {
  const scenario = await answering()
  const one = await callIn(scenario, 'one', 700)
  const two = await callIn(scenario, 'two', 900)
  await act(scenario, one.leg, 'bridge', { call_control_id: two.leg })
  await scenario.clock.advance(500)
  for (const [legs, first, second] of [
    ['self', [900, PROMPT_HZ], [700]],
    ['opposite', [900], [700, PROMPT_HZ]],
    ['both', [900, PROMPT_HZ], [700, PROMPT_HZ]],
  ] as const) {
    await act(scenario, one.leg, 'playback_start', { audio_url: PROMPT, target_legs: legs })
    await scenario.clock.advance(1000)
    const heard = [one, two].map(({ call }) => call.party.hears([700, 900, PROMPT_HZ]))
    assert.deepEqual(heard, [first, second], legs)
    await act(scenario, one.leg, 'playback_stop')
    await scenario.clock.advance(100)
  }
  await end(scenario, one, two)
})

test('after a bridge the other side is hung up, or parked, or held with music, as its own command said', async () => {
  for (const [more, state] of [
    [{}, 'hung up'],
    [{ park_after_unbridge: 'self' }, 'parked'],
    [{ hold_after_unbridge: true }, 'held'],
  ] as const) {
    const scenario = await answering()
    const one = await callIn(scenario, 'one', 700)
    const two = await callIn(scenario, 'two', 900)
    await act(scenario, one.leg, 'bridge', { call_control_id: two.leg, ...more })
    await scenario.clock.advance(1000)
    assert.deepEqual([one.call.party.hears([900]), two.call.party.hears([700])], [[900], [700]])
    assert.equal(of(scenario, 'call.bridged').length, 2)
    two.call.hangUp()
    await scenario.clock.advance(2000)
    assert.equal(one.call.state, state === 'hung up' ? 'ended' : 'up', state)
    if (state === 'parked') assert.ok(one.call.party.loudness() < -60)
    if (state === 'held') assert.ok(one.call.party.loudness(1500) > -50, 'music')
    await end(scenario, one)
  }
})

test('bridge to a call that still rings: ringback, then both hear each other on its answer', async () => {
  const scenario = await answering()
  const one = await callIn(scenario, 'one', 700)
  const phone = await scenario.phone('two')
  phone.onCall((call) => call.ring())
  const leg = await dial(scenario, phone.uri)
  await scenario.clock.until(() => phone.calls.length === 1)
  await act(scenario, one.leg, 'bridge', { call_control_id: leg, play_ringtone: true })
  await scenario.clock.advance(1000)
  assert.deepEqual(one.call.party.hears([440, 480]), [440, 480])
  phone.calls[0]!.answer()
  phone.calls[0]!.party.hum(900)
  await scenario.clock.advance(1500)
  assert.deepEqual(one.call.party.hears([440, 480, 900]), [900])
  assert.deepEqual(phone.calls[0]!.party.hears([700]), [700])
  await end(scenario, one)
})

test('mute_dtmf keeps digits from the other side but not from the application', async () => {
  for (const [mute, first, second] of [
    ['none', '2', '1'],
    ['self', '2', ''],
    ['opposite', '', '1'],
    ['both', '', ''],
  ] as const) {
    const scenario = await answering()
    const one = await callIn(scenario, 'one', 700)
    const two = await callIn(scenario, 'two', 900)
    await act(scenario, one.leg, 'bridge', { call_control_id: two.leg, mute_dtmf: mute })
    await scenario.clock.advance(300)
    one.call.party.dial('1')
    two.call.party.dial('2')
    await scenario.clock.advance(1500)
    assert.deepEqual([one.call.party.digits, two.call.party.digits], [first, second], mute)
    assert.equal(of(scenario, 'call.dtmf.received').length, 2)
    await end(scenario, one, two)
  }
})

test('mute_dtmf self means the commanded call, also when that one still rings', async () => {
  const scenario = await answering()
  const one = await callIn(scenario, 'one', 700)
  const phone = await scenario.phone('two')
  phone.onCall((call) => call.ring())
  const leg = await dial(scenario, phone.uri)
  await scenario.clock.until(() => phone.calls.length === 1)
  await act(scenario, leg, 'bridge', { call_control_id: one.leg, mute_dtmf: 'self' })
  phone.calls[0]!.answer()
  await scenario.clock.advance(500)
  one.call.party.dial('1')
  phone.calls[0]!.party.dial('2')
  await scenario.clock.advance(1500)
  assert.deepEqual([one.call.party.digits, phone.calls[0]!.party.digits], ['', '1'])
  await end(scenario, one)
})

test('transfer: the new leg has its own client state and the same session; a failure leaves the origin alone', async () => {
  const scenario = await answering()
  const one = await callIn(scenario, 'one', 700)
  const phone = await scenario.phone('target')
  phone.onCall((call) => call.reject(486))
  await act(scenario, one.leg, 'transfer', {
    to: phone.uri,
    client_state: 'b3JpZ2lu',
    target_leg_client_state: 'dGFyZ2V0',
  })
  await scenario.clock.until(() => of(scenario, 'call.hangup').length === 1)
  const target = of(scenario, 'call.hangup')[0]!.payload
  assert.deepEqual([target.client_state, target.hangup_cause], ['dGFyZ2V0', 'user_busy'])
  assert.equal(target.call_session_id, of(scenario, 'call.initiated', one.leg)[0]!.payload.call_session_id)
  assert.equal(one.call.state, 'up')
  await act(scenario, one.leg, 'playback_start', { audio_url: PROMPT })
  await scenario.clock.advance(500)
  assert.equal(of(scenario, 'call.playback.started', one.leg)[0]!.payload.client_state, 'b3JpZ2lu')
  phone.onCall((call) => call.answer())
  await act(scenario, one.leg, 'transfer', { to: phone.uri, audio_url: SORRY, park_after_unbridge: 'self' })
  await scenario.clock.until(() => phone.calls[1]?.state === 'up')
  const second = phone.calls[1]!
  second.party.hum(900)
  await scenario.clock.advance(400)
  assert.ok(second.party.level(OTHER_HZ, 300) > -40, 'the announcement comes before the bridge')
  await scenario.clock.advance(1500)
  assert.deepEqual([one.call.party.hears([900]), second.party.hears([700])], [[900], [700]])
  second.hangUp()
  await scenario.clock.advance(1000)
  assert.equal(one.call.state, 'up', 'parked')
  await end(scenario, one)
})

test('link_to with bridge_on_answer joins the linked call; prevent_double_bridge hangs up instead when it is taken', async () => {
  const scenario = await answering()
  const one = await callIn(scenario, 'one', 700)
  const [two, three] = [await scenario.phone('two'), await scenario.phone('three')]
  const link = { link_to: one.leg, bridge_on_answer: true, bridge_intent: true, prevent_double_bridge: true }
  await dial(scenario, two.uri, link)
  await scenario.clock.until(() => of(scenario, 'call.bridged').length === 2)
  two.calls[0]!.party.hum(900)
  await scenario.clock.advance(1000)
  assert.deepEqual(one.call.party.hears([900]), [900])
  const late = await dial(scenario, three.uri, link)
  await scenario.clock.until(() => of(scenario, 'call.hangup', late).length === 1)
  assert.equal(one.call.state, 'up')
  assert.deepEqual(one.call.party.hears([900]), [900])
  await end(scenario, one)
})

test('send_digits_on_answer and a comma in `to` press keys once the call is up', async () => {
  const scenario = await openScenario({
    declared: {
      applications: [{ name: 'demo', dialect: 'telnyx', webhook_url: 'http://app.test/webhook' }],
      users: [{ username: 'alice', password: 'secret' }],
    },
  })
  const alice = await scenario.phone('alice', { password: 'secret' })
  const registered = alice.register(scenario.sip)
  await scenario.clock.advance(500)
  assert.equal(await registered, 200)
  await dial(scenario, 'sip:alice@127.0.0.1', { send_digits_on_answer: '1W2' })
  await scenario.clock.until(() => alice.calls[0]?.state === 'up')
  await scenario.clock.advance(3000)
  assert.equal(alice.calls[0]!.party.digits, '12')
  await end(scenario, { call: alice.calls[0]! })
})

test('the far end’s hold and its end are told, and not for a hold of ours', async () => {
  const scenario = await answering()
  const { leg, call } = await callIn(scenario, 'one', 700)
  call.hold(true)
  await scenario.clock.advance(500)
  assert.equal(of(scenario, 'call.hold', leg).length, 1)
  call.hold(false)
  await scenario.clock.advance(500)
  assert.equal(of(scenario, 'call.unhold', leg).length, 1)
  await end(scenario, { call })
})

test('with 5 % of the packets lost every digit arrives once, both ways', async () => {
  const scenario = await answering()
  const { leg, call } = await callIn(scenario, 'one', 700)
  // SIP keeps fair weather: its own repetitions are tested elsewhere.
  scenario.net.setWeather(({ from, to }) => ({
    delayMs: 5,
    jitterMs: 10,
    loss: from.port === scenario.sip.port || to.port === scenario.sip.port ? 0 : 0.05,
    duplicate: 0.01,
    reorder: 0.01,
  }))
  const keys = '0123456789*#1122334455'
  call.party.dial(keys)
  await act(scenario, leg, 'send_dtmf', { digits: keys, duration_millis: 100 })
  await scenario.clock.advance(10_000)
  assert.equal(
    of(scenario, 'call.dtmf.received', leg)
      .map((event) => event.payload.digit)
      .join(''),
    keys,
  )
  assert.equal(call.party.digits, keys)
  await end(scenario, { call })
})
