import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeWav } from '#audio/wav.ts'
import { field } from '#sip/message.ts'
import { openScenario, type Scenario, type ScenarioOptions } from './house.ts'

/** A caller (440 Hz) bridged by the application with a telephone (620 Hz), and a third one that nobody called yet. */
async function bridged(options: ScenarioOptions = {}) {
  const scenario = await openScenario(options)
  const { clock } = scenario
  const agent = await scenario.phone('agent')
  const third = await scenario.phone('third')
  third.onCall((call) => {
    call.party.hum(880)
    call.ring()
    clock.at(clock.nowMs() + 2_000, () => call.answer())
  })
  scenario.onWebhook = async ({ type, payload }) => {
    if (type === 'call.initiated' && payload.direction === 'incoming' && payload.from === 'caller')
      await scenario.rest('POST', `/v2/calls/${payload.call_control_id}/actions/answer`, {})
    if (type === 'call.answered' && payload.call_control_id === scenario.received[0]?.payload.call_control_id)
      await scenario.rest('POST', `/v2/calls/${payload.call_control_id}/actions/transfer`, { to: agent.uri })
    return 200
  }
  const caller = await scenario.callIn('caller', 440)
  await clock.until(() => scenario.types().filter((type) => type === 'call.bridged').length === 2)
  const one = agent.calls[0]!
  one.party.hum(620)
  await clock.advance(500)
  return { scenario, clock, caller, agent, one, third }
}

function legs(scenario: Scenario, type: string): unknown[] {
  return scenario.received.filter((event) => event.type === type).map((event) => event.payload.call_control_id)
}

test('blind transfer: a telephone has its caller connected with somebody else, is told how it goes, and leaves', async () => {
  const { scenario, clock, caller, one, third } = await bridged()
  const outcome = one.refer(third.uri, [])
  let status = 0
  void outcome.then((value) => {
    status = value
  })
  await clock.advance(1_000)
  assert.equal(third.calls[0]!.state, 'ringing')
  assert.equal(status, 0)
  await clock.until(() => third.calls[0]!.state === 'up')
  await clock.advance(500)
  assert.equal(status, 200)
  assert.equal(one.state, 'up', 'the referrer gets time to leave by itself')
  await clock.advance(2_500)
  assert.equal(one.state, 'ended')
  await clock.advance(1_000)
  assert.deepEqual(caller.party.hears([440, 620, 880]), [880])
  assert.deepEqual(third.calls[0]!.party.hears([440, 620, 880]), [440])
  // What an application sees: one more call of the same session, answered and bridged, and the referrer gone.
  const [callerLeg, agentLeg, thirdLeg] = legs(scenario, 'call.initiated')
  assert.deepEqual(legs(scenario, 'call.answered'), [callerLeg, agentLeg, thirdLeg])
  assert.deepEqual(legs(scenario, 'call.bridged').slice(2).toSorted(), [callerLeg, thirdLeg].toSorted())
  assert.deepEqual(legs(scenario, 'call.hangup'), [agentLeg])
  const told = scenario.event('call.initiated', thirdLeg)!.payload
  assert.equal(told.from, 'caller')
  assert.equal(told.call_session_id, scenario.event('call.initiated', callerLeg)!.payload.call_session_id)
  caller.hangUp()
  await clock.until(() => third.calls[0]!.state === 'ended')
  await scenario.close()
})

test('race 11: the referrer hangs up before the target answers; the caller hears ringing, and is connected', async () => {
  const { scenario, clock, caller, one, third } = await bridged()
  void one.refer(third.uri)
  await clock.advance(300)
  one.hangUp()
  await clock.advance(300)
  assert.equal(caller.state, 'up', 'the caller is not left')
  await clock.advance(1_000)
  assert.ok(caller.party.hears([440, 480]).length > 0, 'ringback')
  await clock.until(() => third.calls[0]!.state === 'up')
  await clock.advance(1_000)
  assert.deepEqual(third.calls[0]!.party.hears([440, 620, 880]), [440])
  third.calls[0]!.hangUp()
  await clock.until(() => caller.state === 'ended')
  await scenario.close()
})

test('race 11: the target answers in the very turn in which the referrer hangs up', async () => {
  const { scenario, clock, caller, one, third } = await bridged()
  third.onCall((call) => {
    call.party.hum(880)
    clock.at(clock.nowMs() + 1_000, () => {
      call.answer()
      one.hangUp()
    })
  })
  void one.refer(third.uri)
  await clock.until(() => one.state === 'ended')
  await clock.advance(500)
  assert.equal(caller.state, 'up')
  await clock.advance(1_000)
  assert.deepEqual(caller.party.hears([440, 620, 880]), [880])
  await scenario.close()
})

test('a transfer that fails leaves the two together; with the referrer gone the caller is hung up on', async () => {
  const { scenario, clock, caller, one, third } = await bridged()
  third.onCall((call) => call.reject(486))
  assert.equal(await settled(clock, one.refer(third.uri)), 486)
  await clock.advance(1_000)
  assert.deepEqual(caller.party.hears([440, 620, 880]), [620])
  assert.equal(await settled(clock, one.refer('sip:x@192.0.2.1')), 403, 'a destination that is not allowed')
  assert.equal(await settled(clock, one.refer('sip:+15550999@127.0.0.1:5060')), 404, 'a number nobody serves')
  third.onCall((call) => clock.at(clock.nowMs() + 1_000, () => call.reject(486)))
  void one.refer(third.uri)
  await clock.advance(300)
  one.hangUp()
  await clock.until(() => caller.state === 'ended', 5_000)
  await scenario.close()
})

test('the moved caller hangs up while the target rings: the target stops ringing, the referrer is told', async () => {
  const { scenario, clock, caller, one, third } = await bridged()
  const outcome = one.refer(third.uri)
  await clock.advance(500)
  caller.hangUp()
  await clock.until(() => third.calls[0]!.state === 'ended')
  assert.equal(third.calls[0]!.end?.how, 'cancel')
  assert.equal(await settled(clock, outcome), 487)
  await scenario.close()
})

test('nobody to move: a telephone that talks to an application alone is declined', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  scenario.onWebhook = async ({ type, payload }) => {
    if (type === 'call.initiated')
      await scenario.rest('POST', `/v2/calls/${payload.call_control_id}/actions/answer`, {})
    return 200
  }
  const call = await scenario.callIn('caller', 440)
  assert.equal(await settled(clock, call.refer('sip:a@127.0.0.1')), 603)
  assert.equal(call.state, 'up')
  await scenario.close()
})

test('RFC 3515 §5.2: a trunk may not have calls transferred unless it was given leave', async () => {
  const declared = (refer: boolean) => ({
    applications: [{ name: 'demo', dialect: 'telnyx', webhook_url: 'http://app.test/webhook', caller_id: '+15550111' }],
    numbers: [{ number: '+15550100', application: 'demo' }],
    trunks: [{ name: 'carrier', allow_from: ['127.0.0.0/8'], uri: 'sip:127.0.0.1:5080', match: '^sip-never', refer }],
  })
  for (const [refer, status] of [
    [false, 403],
    [true, 200],
  ] as const) {
    const { scenario, clock, caller, third } = await bridged({ declared: declared(refer) })
    // The caller came over the trunk; the telephone it talks to is the one that is moved.
    assert.equal(await settled(clock, caller.refer(third.uri)), status)
    await scenario.close()
  }
})

test('attended transfer: REFER with the Replaces of a second call joins the two far sides inside the switch', async () => {
  const { scenario, clock, caller, agent, one, third } = await bridged()
  // The agent's consultation: a second call through the switch, which the application connects with the third.
  scenario.onWebhook = async ({ type, payload }) => {
    if (type === 'call.initiated' && payload.direction === 'incoming')
      await scenario.rest('POST', `/v2/calls/${payload.call_control_id}/actions/answer`, {})
    if (type === 'call.answered' && payload.direction === undefined && payload.from === 'agent')
      await scenario.rest('POST', `/v2/calls/${payload.call_control_id}/actions/transfer`, { to: third.uri })
    return 200
  }
  one.hold(true)
  const second = await agent.call('+15550100', scenario.sip)
  await clock.until(() => third.calls[0]?.state === 'up')
  await clock.advance(500)
  const replaces = encodeURIComponent(second.replaces())
  assert.equal(await settled(clock, one.refer(`${third.uri}?Replaces=${replaces}`)), 200)
  await clock.until(() => second.state === 'ended')
  await clock.advance(1_000)
  assert.deepEqual(caller.party.hears([440, 620, 880]), [880])
  assert.deepEqual(third.calls[0]!.party.hears([440, 620, 880]), [440])
  assert.equal(third.calls.length, 1, 'nobody is called again')
  await clock.advance(2_500)
  assert.equal(one.state, 'ended')
  await scenario.close()
})

test('attended transfer while the second call still rings: the target finds the caller there', async () => {
  const { scenario, clock, caller, agent, one, third } = await bridged()
  third.onCall((call) => {
    call.party.hum(880)
    call.ring()
    clock.at(clock.nowMs() + 5_000, () => call.answer())
  })
  scenario.onWebhook = async ({ type, payload }) => {
    if (type === 'call.initiated' && payload.direction === 'incoming')
      await scenario.rest('POST', `/v2/calls/${payload.call_control_id}/actions/answer`, {})
    if (type === 'call.answered' && payload.from === 'agent')
      await scenario.rest('POST', `/v2/calls/${payload.call_control_id}/actions/transfer`, { to: third.uri })
    return 200
  }
  const second = await agent.call('+15550100', scenario.sip)
  await clock.until(() => third.calls[0]?.state === 'ringing')
  const outcome = one.refer(`${third.uri}?Replaces=${encodeURIComponent(second.replaces())}`)
  await clock.until(() => second.state === 'ended')
  assert.equal(await settled(clock, outcome), 200)
  await clock.advance(1_000)
  assert.deepEqual(caller.party.hears([440, 620, 880]), [880])
  await scenario.close()
})

test('attended transfer to a call that is not ours: its Replaces goes along, and the target takes the caller in', async () => {
  const { scenario, clock, caller, agent, one, third } = await bridged()
  const consulted = await agent.call(third.uri, third.address)
  await clock.until(() => consulted.state === 'up')
  const replaces = consulted.replaces()
  const outcome = one.refer(`${third.uri}?Replaces=${encodeURIComponent(replaces)}&X-Why=consulted`)
  await clock.until(() => third.calls.length === 2)
  const taken = third.calls[1]!
  taken.party.hum(880)
  assert.equal(taken.invite!.get('replaces'), replaces)
  assert.deepEqual(taken.invite!.tokens('require'), ['replaces'])
  assert.equal(taken.invite!.get('x-why'), 'consulted')
  assert.equal(await settled(clock, outcome), 200)
  assert.equal(consulted.state, 'ended')
  await clock.advance(1_000)
  assert.deepEqual(caller.party.hears([440, 620, 880]), [880])
  assert.deepEqual(taken.party.hears([440, 620, 880]), [440])
  await scenario.close()
})

test('RFC 3891: an INVITE with Replaces takes over the place of one of our calls', async () => {
  const { scenario, clock, caller, agent, one } = await bridged()
  const desk = await scenario.phone('desk')
  const taker = await desk.call(`sip:hookswitch@127.0.0.1:5060`, scenario.sip, [
    field('Replaces', one.replaces()),
    field('Require', 'replaces'),
  ])
  taker.party.hum(880)
  await clock.until(() => taker.state === 'up')
  await clock.until(() => one.state === 'ended')
  await clock.advance(1_000)
  assert.deepEqual(caller.party.hears([440, 620, 880]), [880])
  assert.deepEqual(taker.party.hears([440, 620, 880]), [440])
  assert.equal(agent.calls.length, 1)
  const bad = async (value: string): Promise<number> => {
    const call = await desk.call('sip:hookswitch@127.0.0.1:5060', scenario.sip, [field('Replaces', value)])
    await clock.until(() => call.state === 'ended')
    return call.end!.status!
  }
  assert.equal(await bad(one.replaces()), 481, 'that one is over')
  assert.equal(await bad('nonsense'), 400)
  assert.equal(await bad(`${taker.replaces()};early-only`), 486)
  const crossed = taker.replaces().replace(/to-tag=([^;]*);from-tag=(.*)/, 'to-tag=$2;from-tag=$1')
  assert.equal(await bad(crossed), 481, 'both tags, each in its place')
  await scenario.close()
})

test('RFC 3891 §3: a ringing call of ours may be picked up by another telephone', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const desk = await scenario.phone('desk')
  desk.onCall((call) => call.ring())
  await scenario.rest('POST', '/v2/calls', { connection_id: scenario.connectionId, from: '+15550111', to: desk.uri })
  await clock.until(() => desk.calls[0]?.state === 'ringing')
  const other = await scenario.phone('other')
  const picked = await other.call('sip:hookswitch@127.0.0.1:5060', scenario.sip, [
    field('Replaces', `${desk.calls[0]!.replaces()};early-only`),
  ])
  await clock.until(() => picked.state === 'up')
  await clock.until(() => desk.calls[0]!.state === 'ended')
  assert.equal(desk.calls[0]!.end?.how, 'cancel')
  await scenario.close()
})

/** Winds the clock until a promise of the pretended world is settled. */
async function settled(clock: Scenario['clock'], promise: Promise<number>): Promise<number> {
  let value: number | null = null
  void promise.then((one) => {
    value = one
  })
  await clock.until(() => value !== null)
  return value!
}

test('blind transfer to a number of ours rings that number’s application', async () => {
  const { scenario, clock, caller, one } = await bridged({
    declared: {
      applications: [
        { name: 'demo', dialect: 'telnyx', webhook_url: 'http://app.test/webhook', caller_id: '+15550111' },
        { name: 'help', dialect: 'telnyx', webhook_url: 'http://app.test/help' },
      ],
      numbers: [
        { number: '+15550100', application: 'demo' },
        { number: '+15550177', application: 'help' },
      ],
    },
  })
  const { onWebhook } = scenario
  scenario.files.set('http://files.test/help.wav', encodeWav(tone(1100), 8000))
  scenario.onWebhook = async (event) => {
    const act = (action: string, body: object) =>
      scenario.rest('POST', `/v2/calls/${event.payload.call_control_id}/actions/${action}`, body)
    if (!event.url.endsWith('/help')) return onWebhook(event)
    if (event.type === 'call.initiated') await act('answer', {})
    if (event.type === 'call.answered') await act('playback_start', { audio_url: 'http://files.test/help.wav' })
    return 200
  }
  assert.equal(await settled(clock, one.refer('sip:+15550177@127.0.0.1:5060')), 200)
  await clock.advance(3_000)
  assert.equal(one.state, 'ended')
  assert.deepEqual(caller.party.hears([440, 620, 1100]), [1100])
  const help = scenario.received.filter((event) => event.url.endsWith('/help'))
  assert.deepEqual(
    [help[0]!.type, help[0]!.payload.direction, help[0]!.payload.from, help[0]!.payload.to],
    // A name is no number: the network is shown the caller id of the application.
    ['call.initiated', 'incoming', '+15550111', '+15550177'],
  )
  assert.deepEqual(help[0]!.payload.custom_headers, [])
  caller.hangUp()
  await clock.until(
    () =>
      help.length > 0 && scenario.received.some((event) => event.type === 'call.hangup' && event.url.endsWith('/help')),
  )
  await clock.advance(1000)
  await scenario.close()
})

test('a number of ours that is transferred to itself goes in circles only until its hops are used up', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  scenario.onWebhook = async ({ type, payload }) => {
    if (type === 'call.initiated' && payload.direction === 'incoming')
      await scenario.rest('POST', `/v2/calls/${payload.call_control_id}/actions/transfer`, { to: '+15550100' })
    return 200
  }
  const phone = await scenario.phone('round')
  const call = await phone.call('+15550100', scenario.sip)
  await clock.advance(60_000)
  call.hangUp()
  await clock.advance(1000)
  const initiated = scenario.types().filter((type) => type === 'call.initiated').length
  assert.ok(initiated > 10 && initiated < 160, `${initiated} calls`)
  assert.equal(scenario.house.engine.liveCalls().length, 0)
  await scenario.close()
})

function tone(hz: number): Int16Array {
  return Int16Array.from({ length: 80_000 }, (_, at) => 6000 * Math.sin((2 * Math.PI * hz * at) / 8000))
}
