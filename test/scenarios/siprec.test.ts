// Calls copied to a recording server: what the server hears on which stream, what it is told, and what the application is.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import type { Header } from '#legs/leg.ts'
import { field } from '#sip/message.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { RecordingServer, type RecordingServerSetup, type ServedRecording } from '#testkit/recording-server.ts'
import { NUMBER, openScenario, type Scenario, type ScenarioOptions } from './house.ts'
import { sdkOf } from './sdk-in-house.ts'

const CALLER = 440
const AGENT = 620
const THIRD = 880
const ALL = [CALLER, AGENT, THIRD]

interface Stage {
  readonly scenario: Scenario
  readonly clock: Scenario['clock']
  readonly server: RecordingServer
  /** A caller that was answered, and hums. */
  readonly caller: PhoneCall
  readonly leg: string
  command(action: string, body?: object): ReturnType<Scenario['rest']>
  start(body?: object): Promise<ServedRecording>
  heard(recording: ServedRecording): readonly number[][]
  close(): Promise<void>
}

async function serverOf(scenario: Scenario, more: Partial<RecordingServerSetup> = {}): Promise<RecordingServer> {
  const { clock, net } = scenario
  return RecordingServer.open({ clock, chance: seededChance(5), datagrams: net, streams: net, ...more })
}

async function stage(
  more: Partial<RecordingServerSetup> = {},
  options: ScenarioOptions = {},
  headers: readonly Header[] = [],
  opened: Scenario | null = null,
): Promise<Stage> {
  const scenario = opened ?? (await openScenario(options))
  const { clock } = scenario
  scenario.onWebhook = async ({ type, payload }) => {
    if (type === 'call.initiated' && payload.direction === 'incoming')
      await scenario.rest('POST', `/v2/calls/${payload.call_control_id}/actions/answer`, {})
    return 200
  }
  const server = await serverOf(scenario, more)
  const made = await scenario.rest('POST', '/v2/siprec_connectors', {
    name: 'recorder',
    host: server.address.host,
    port: server.address.port,
  })
  assert.equal(made.status, 201)
  const phone = await scenario.phone('caller', { displayName: 'Ann <& Sons>' })
  const caller = await phone.call(
    NUMBER,
    scenario.sip,
    headers.map(({ name, value }) => field(name, value)),
  )
  caller.party.hum(CALLER)
  await clock.until(() => scenario.event('call.answered') !== undefined)
  const leg = String(scenario.event('call.answered')!.payload.call_control_id)
  const command: Stage['command'] = (action, body = {}) =>
    scenario.rest('POST', `/v2/calls/${leg}/actions/${action}`, body)
  return {
    scenario,
    clock,
    server,
    caller,
    leg,
    command,
    async start(body = {}) {
      const before = server.recordings.length
      const reply = await command('siprec_start', { connector_name: 'recorder', ...body })
      assert.deepEqual([reply.status, reply.json.data], [200, { result: 'ok' }], JSON.stringify(reply.json))
      await clock.until(() => server.recordings.length > before)
      await clock.advance(500)
      return server.recordings.at(-1)!
    },
    heard: (recording) => recording.labels.map((label) => recording.ear(label).hears(ALL, 400)),
    async close() {
      if (caller.state !== 'ended') caller.hangUp()
      await clock.advance(1_000)
      for (const recording of server.recordings) assert.deepEqual(recording.problems, [])
      server.close()
      await scenario.close()
    },
  }
}

/** Bridges the caller with a telephone that hums. */
async function bridge({ scenario, clock, leg }: Stage, user: string, hz: number): Promise<PhoneCall> {
  const phone = await scenario.phone(user)
  const before = scenario.types().filter((type) => type === 'call.bridged').length
  const reply = await scenario.rest('POST', `/v2/calls/${leg}/actions/transfer`, { to: phone.uri })
  assert.equal(reply.status, 200)
  await clock.until(() => scenario.types().filter((type) => type === 'call.bridged').length === before + 2)
  phone.calls[0]!.party.hum(hz)
  await clock.advance(800)
  return phone.calls[0]!
}

test('both tracks of a bridge reach the recorder, each on its stream, and it knows who is who', async () => {
  const house = await stage()
  const { scenario, clock, caller, leg } = house
  const agent = await bridge(house, 'agent', AGENT)
  const client = sdkOf(scenario)
  const reply = Promise.resolve(
    client.calls.actions.startSiprec(leg, { connector_name: 'recorder', client_state: 'c2lwcmVj' }),
  )
  await clock.until(() => scenario.event('siprec.started') !== undefined)
  assert.equal((await reply).data!.result, 'ok')
  await clock.advance(1_000)
  const [recording] = house.server.recordings
  assert.ok(recording !== undefined)
  assert.deepEqual(house.heard(recording), [[CALLER], [AGENT]])
  assert.deepEqual([caller.party.hears(ALL), agent.party.hears(ALL)], [[AGENT], [CALLER]], 'they still hear each other')

  const started = scenario.event('siprec.started')!.payload
  const answered = scenario.event('call.answered', leg)!.payload
  assert.deepEqual(started, {
    call_control_id: leg,
    call_leg_id: answered.call_leg_id,
    call_session_id: answered.call_session_id,
    connection_id: answered.connection_id,
    client_state: 'c2lwcmVj',
  })

  const { conversation } = recording
  const [one, two] = conversation.parties
  assert.deepEqual([one!.name, one!.sends, one!.hears], ['Ann <& Sons>', ['1'], ['2']])
  assert.match(one!.address, /^sip:caller@/)
  assert.deepEqual([two!.sends, two!.hears], [['2'], ['1']])
  assert.match(two!.address, /^sip:agent@/)
  const hex = String(answered.call_leg_id).replaceAll('-', '')
  assert.equal(one!.id, Buffer.from(hex, 'hex').toString('base64'))
  assert.equal(conversation.sipSessionId.split(';')[0], hex)
  const session = Buffer.from(String(answered.call_session_id).replaceAll('-', ''), 'hex').toString('base64')
  assert.equal(conversation.groupId, session)
  assert.deepEqual(recording.labels, ['1', '2'])
  assert.equal(recording.invite.get('session-expires'), '1800')
  assert.equal(recording.invite.get('x-call-control-id'), leg)
  assert.deepEqual(conversation.parameters, [])

  const stop = Promise.resolve(client.calls.actions.stopSiprec(leg, {}))
  await clock.until(() => scenario.event('siprec.stopped') !== undefined)
  assert.equal((await stop).data!.result, 'ok')
  assert.deepEqual(scenario.event('siprec.stopped')!.payload, { ...started, hangup_cause: 'normal_clearing' })
  assert.equal(recording.state, 'ended')
  assert.equal(recording.end?.message?.get('reason'), 'Q.850;cause=16')
  assert.equal(caller.state, 'up')
  agent.hangUp()
  await house.close()
})

test('one track is one stream: inbound is what the party says, outbound what it is sent', async () => {
  const house = await stage()
  const agent = await bridge(house, 'agent', AGENT)
  for (const [body, tones] of [
    [{ siprec_track: 'inbound_track' }, [[CALLER]]],
    [{ siprec_track: 'outbound_track' }, [[AGENT]]],
    [{ direction: 'inbound' }, [[CALLER]]],
  ] as const) {
    const recording = await house.start(body)
    await house.clock.advance(500)
    assert.deepEqual(house.heard(recording), tones)
    assert.equal((await house.command('siprec_stop')).status, 200)
    await house.clock.until(() => recording.state === 'ended')
    await house.clock.advance(200)
  }
  agent.hangUp()
  await house.close()
})

test('a transfer changes who is told to be on the second stream, and who is heard there', async () => {
  const house = await stage()
  const agent = await bridge(house, 'agent', AGENT)
  const recording = await house.start()
  const third = await bridge(house, 'third', THIRD)
  await house.clock.advance(500)
  assert.deepEqual(house.heard(recording), [[CALLER], [THIRD]])
  const parties = recording.conversation.parties.map((one) => [
    /:(\w+)@/.exec(one.address)?.[1],
    one.left,
    one.sends.join(),
  ])
  assert.deepEqual(
    parties.toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))),
    [
      ['agent', true, ''],
      ['caller', false, '1'],
      ['third', false, '2'],
    ],
  )
  assert.equal(new Set(recording.told.map((one) => one.sessionId)).size, 1, 'ids are for life')
  assert.equal(agent.state, 'ended')
  third.hangUp()
  await house.close()
})

test('a hold keeps silence flowing, and is told; so is its end', async () => {
  const house = await stage()
  const { clock, caller } = house
  const agent = await bridge(house, 'agent', AGENT)
  const recording = await house.start()
  caller.hold(true)
  caller.party.hum(null)
  await clock.advance(1_500)
  assert.deepEqual(house.heard(recording), [[], []])
  for (const label of recording.labels)
    assert.ok(recording.ear(label).heard(1_000).length >= 7_840, 'silence, not nothing')
  assert.deepEqual(
    recording.conversation.parties.map((one) => [one.sends, one.hears]),
    [
      [['1'], []],
      [[], ['1']],
    ],
  )
  caller.hold(false)
  caller.party.hum(CALLER)
  await clock.advance(1_500)
  assert.deepEqual(house.heard(recording), [[CALLER], [AGENT]])
  assert.deepEqual(recording.conversation.parties[0]!.hears, ['2'])
  agent.hangUp()
  await house.close()
})

test('everybody in a conference is told to be on the second stream', async () => {
  const house = await stage()
  const { scenario, clock, leg } = house
  const recording = await house.start()
  assert.deepEqual(
    recording.conversation.parties.map((one) => one.sends.join()),
    ['1', '2'],
    'alone with the application',
  )
  const room = await scenario.rest('POST', '/v2/conferences', { call_control_id: leg, name: 'room' })
  const other = await scenario.callIn('other', AGENT)
  await clock.until(() => scenario.received.filter((event) => event.type === 'call.answered').length === 2)
  const second = scenario.received.filter((event) => event.type === 'call.answered')[1]!.payload.call_control_id
  await scenario.rest('POST', `/v2/conferences/${room.json.data.id}/actions/join`, { call_control_id: second })
  await clock.advance(1_000)
  assert.deepEqual(house.heard(recording), [[CALLER], [AGENT]])
  const present = recording.conversation.parties.filter((one) => !one.left)
  assert.deepEqual(
    present.map((one) => [/:(\w+)@/.exec(one.address)?.[1], one.sends.join()]),
    [
      ['caller', '1'],
      ['other', '2'],
    ],
  )
  other.hangUp()
  await clock.advance(500)
  assert.equal(recording.conversation.parties.filter((one) => !one.left).length, 1)
  await house.close()
})

test('custom headers of the call go into the INVITE, or into the metadata', async () => {
  const house = await stage({}, {}, [
    { name: 'X-Customer', value: '<42> & "son"' },
    { name: 'X-Tier', value: 'gold' },
  ])
  const plain = await house.start()
  assert.deepEqual([plain.invite.get('x-customer'), plain.invite.get('x-tier')], ['<42> & "son"', 'gold'])
  assert.deepEqual(plain.conversation.parameters, [])
  await house.command('siprec_stop')
  await house.clock.until(() => plain.state === 'ended')
  await house.clock.advance(200)
  const told = await house.start({ include_metadata_custom_headers: true })
  assert.equal(told.invite.get('x-customer'), undefined)
  const parameters = Object.fromEntries(told.conversation.parameters.map(({ name, value }) => [name, value]))
  assert.equal(parameters['X-Customer'], '<42> & "son"')
  assert.equal(parameters['X-Call-Control-Id'], house.leg)
  await house.close()
})

test('the recorder hangs up, and the call goes on', async () => {
  const house = await stage()
  const recording = await house.start()
  recording.hangUp()
  await house.clock.until(() => house.scenario.event('siprec.stopped') !== undefined)
  assert.equal(house.scenario.event('siprec.stopped')!.payload.hangup_cause, 'normal_clearing')
  await house.clock.advance(1_000)
  assert.equal(house.caller.state, 'up')
  const stop = await house.command('siprec_stop')
  assert.deepEqual([stop.status, stop.json.errors[0].code], [422, '10027'])
  const again = await house.start()
  assert.equal(again.state, 'up', 'it may begin anew')
  await house.close()
})

test('a refusal, an unreachable recorder and one that never answers are told apart; the call goes on', async () => {
  const house = await stage()
  const { scenario, clock, server } = house
  const failures = () => scenario.received.filter((event) => event.type === 'siprec.failed')
  const causes: string[] = []
  for (const status of [486, 404, 403, 503, 500, 480]) {
    server.onRecording((recording) => recording.reject(status))
    const before = failures().length
    await house.start()
    await clock.until(() => failures().length > before)
    causes.push(String(failures().at(-1)!.payload.failure_cause))
  }
  assert.deepEqual(causes, ['user_busy', 'not_found', 'call_rejected', 'unspecified', 'unspecified', 'no_answer'])
  server.onRecording((recording) => recording.ring())
  await house.start()
  await clock.until(() => failures().length === 7)
  assert.equal(failures().at(-1)!.payload.failure_cause, 'no_answer')
  await scenario.rest('POST', '/v2/siprec_connectors', { name: 'nobody', host: '127.0.0.1', port: 5999 })
  assert.equal((await house.command('siprec_start', { connector_name: 'nobody' })).status, 200)
  await clock.until(() => failures().length === 8)
  assert.equal(failures().at(-1)!.payload.failure_cause, 'no_answer')
  assert.equal(scenario.event('siprec.started'), undefined)
  assert.equal(house.caller.state, 'up')
  await house.close()
})

test('the end of the call is the end of its recordings, told before the hangup', async () => {
  const house = await stage()
  const { scenario, clock } = house
  const recording = await house.start()
  house.caller.hangUp()
  await clock.until(() => scenario.event('call.hangup') !== undefined)
  await clock.until(() => recording.state === 'ended')
  const types = scenario.types()
  assert.ok(types.indexOf('siprec.stopped') < types.indexOf('call.hangup'), types.join(' '))
  assert.equal(types.filter((type) => type === 'siprec.stopped').length, 1)
  assert.equal(scenario.event('siprec.stopped')!.payload.hangup_cause, 'normal_clearing')
  await house.close()
})

test('a stop before the answer cancels; a hangup before it does, too', async () => {
  for (const end of ['siprec_stop', 'hangup']) {
    const house = await stage()
    const { scenario, clock, server } = house
    server.onRecording((recording) => recording.ring())
    const recording = await house.start()
    assert.equal((await house.command(end)).status, 200)
    await clock.until(() => scenario.event('siprec.failed') !== undefined)
    assert.equal(scenario.event('siprec.failed')!.payload.failure_cause, 'originator_cancel')
    await clock.until(() => recording.state === 'ended')
    assert.equal(recording.end?.how, 'cancel')
    await house.close()
  }
})

test('a command said twice is one recording; another recorder runs beside it; other settings are refused', async () => {
  const house = await stage()
  const { scenario, clock, server } = house
  const second = await serverOf(scenario)
  await scenario.rest('POST', '/v2/siprec_connectors', { name: 'second', host: '127.0.0.1', port: second.address.port })
  await house.start({ command_id: 'one' })
  for (const body of [{ command_id: 'one' }, { command_id: 'two' }, {}])
    assert.equal((await house.command('siprec_start', { connector_name: 'recorder', ...body })).status, 200)
  const other = await house.command('siprec_start', { connector_name: 'recorder', siprec_track: 'inbound_track' })
  assert.deepEqual([other.status, other.json.errors[0].code], [422, '10027'])
  assert.equal((await house.command('siprec_start', { connector_name: 'second' })).status, 200)
  await clock.until(() => second.recordings.length === 1)
  await clock.advance(1_000)
  assert.equal(server.recordings.length, 1)
  assert.deepEqual(house.heard(second.recordings[0]!), [[CALLER], []])
  assert.equal((await house.command('siprec_stop')).status, 200)
  await clock.until(() => scenario.types().filter((type) => type === 'siprec.stopped').length === 2)
  second.close()
  await house.close()
})

test('session timers: asked for as the command says, refreshed at half time, given up when nobody answers', async () => {
  const house = await stage()
  const { scenario, clock } = house
  const none = await house.start({ session_timeout_secs: 0 })
  assert.equal(none.invite.get('session-expires'), undefined)
  await house.command('siprec_stop')
  await clock.until(() => none.state === 'ended')
  await clock.advance(200)
  const recording = await house.start({ session_timeout_secs: 90 })
  assert.equal(recording.invite.get('session-expires'), '90')
  await clock.advance(400_000)
  assert.equal(recording.state, 'up', 'it outlives its interval, for it is refreshed')
  house.server.close()
  await clock.until(() => scenario.received.filter((event) => event.type === 'siprec.stopped').length === 2, 120_000)
  assert.equal(
    scenario.received.findLast((event) => event.type === 'siprec.stopped')!.payload.hangup_cause,
    'unspecified',
  )
  assert.equal(house.caller.state, 'up')
  await house.close()
})

test('a recorder that pauses is sent nothing, and is sent all again when it goes on', async () => {
  const house = await stage()
  const { clock } = house
  const recording = await house.start({ siprec_track: 'inbound_track' })
  recording.pause(true)
  await clock.advance(1_000)
  assert.equal(recording.ear('1').heard(500).length, 0)
  recording.pause(false)
  await clock.advance(1_000)
  assert.deepEqual(house.heard(recording), [[CALLER]])
  await house.close()
})

test('over TCP, and in the codec the recorder takes', async () => {
  for (const [transport, codecs] of [
    ['tcp', ['PCMA']],
    ['udp', ['PCMA', 'PCMU']],
  ] as const) {
    const house = await stage({ transport, codecs })
    const recording = await house.start({ sip_transport: transport })
    await house.clock.advance(500)
    assert.deepEqual(house.heard(recording)[0], [CALLER])
    assert.equal(recording.ear('1').codec, 'PCMA')
    assert.match(recording.invite.topVia!.transport, /TCP|UDP/)
    await house.close()
  }
})

test('secure: signalling over TLS, and not a packet of sound in the clear; no webhook holds a key', async () => {
  const scenario = await openScenario({ tls: true })
  const house = await stage(
    { transport: 'tls', host: '127.0.0.9', port: 5061, secure: scenario.net.secure },
    {},
    [],
    scenario,
  )
  const lengths = new Set<number>()
  const keys: string[] = []
  scenario.net.watch(({ to, bytes }) => {
    if (to.host === '127.0.0.9' && bytes[0]! >> 6 === 2) lengths.add(bytes.length)
  })
  const recording = await house.start({ secure: true })
  await house.clock.advance(1_000)
  assert.deepEqual(house.heard(recording), [[CALLER], []])
  assert.equal(recording.invite.topVia!.transport, 'TLS')
  const offer = Buffer.from(recording.invite.body).toString('latin1')
  assert.equal(offer.match(/^m=audio \d+ RTP\/SAVP /gm)?.length, 2)
  keys.push(...[...offer.matchAll(/inline:(\S+)/g)].map((one) => one[1]!))
  assert.equal(new Set(keys).size, keys.length, 'every stream has keys of its own')
  assert.ok(lengths.size > 0 && !lengths.has(172), 'all of it has tags')
  for (const label of recording.labels) assert.ok(recording.ear(label).secured)
  const told = JSON.stringify(scenario.received)
  for (const key of keys) assert.ok(!told.includes(key))
  await house.close()
})

test('secure, and the recorder has no keys to give: no recording at all', async () => {
  const scenario = await openScenario({ tls: true })
  const more = { transport: 'tls', host: '127.0.0.9', port: 5061, secure: scenario.net.secure } as const
  const house = await stage({ ...more, keyless: true }, {}, [], scenario)
  await house.start({ secure: true })
  await house.clock.until(() => scenario.event('siprec.failed') !== undefined)
  assert.equal(scenario.event('siprec.failed')!.payload.failure_cause, 'unspecified')
  await house.close()
})

test('what cannot be: no such connector, none named, secure on another port, an unanswered call', async () => {
  const house = await stage()
  const { scenario } = house
  const code = async (body: object) => {
    const { status, json } = await house.command('siprec_start', body)
    return [status, json.errors?.[0].code, json.errors?.[0].source?.pointer]
  }
  assert.deepEqual(await code({ connector_name: 'else' }), [404, '10005', undefined])
  assert.deepEqual(await code({ connector_name: 'recorder', secure: true }), [422, '10027', '/secure'])
  assert.deepEqual((await code({ connector_name: 'recorder', session_timeout_secs: 89 })).slice(0, 1), [422])
  assert.deepEqual((await code({ connector_name: 'recorder', sip_transport: 'sctp' })).slice(0, 2), [422, '10032'])
  assert.equal((await house.command('siprec_start')).status, 200, 'the only one need not be named')
  await scenario.rest('POST', '/v2/siprec_connectors', { name: 'two', host: '127.0.0.1', port: 5999 })
  assert.deepEqual(await code({}), [422, '10004', '/connector_name'])
  const phone = await scenario.phone('ringing')
  phone.onCall((call) => call.ring())
  const dialled = await scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    from: NUMBER,
    to: phone.uri,
  })
  const ringing = `/v2/calls/${dialled.json.data.call_control_id}/actions/siprec_start`
  const early = await scenario.rest('POST', ringing, { connector_name: 'recorder' })
  assert.deepEqual([early.status, early.json.errors[0].code], [422, '90034'])
  await house.close()
})
