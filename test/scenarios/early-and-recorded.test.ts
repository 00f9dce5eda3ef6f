// What happens before an answer, what is recorded, and how digits travel by other ways than RTP events (telnyx-voice §8,
// §12.1-§12.6).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { decodeWav, encodeWav } from '#audio/wav.ts'
import { field } from '#sip/message.ts'
import { NUMBER, openScenario, type Received, type Scenario } from './house.ts'

const PROMPT_HZ = 520
const PROMPT = 'http://files.test/prompt.wav'

async function open(declared?: object): Promise<Scenario> {
  const scenario = await openScenario(declared === undefined ? {} : { declared })
  const samples = Int16Array.from({ length: 24_000 }, (_, at) => 8000 * Math.sin((2 * Math.PI * PROMPT_HZ * at) / 8000))
  scenario.files.set(PROMPT, encodeWav(samples, 8000))
  return scenario
}

function of(scenario: Scenario, type: string, leg?: string): Received[] {
  return scenario.received.filter(
    (event) => event.type === type && (leg === undefined || event.payload.call_control_id === leg),
  )
}

async function ring(scenario: Scenario, user = 'one') {
  const before = of(scenario, 'call.initiated').length
  const phone = await scenario.phone(user)
  const call = await phone.call(NUMBER, scenario.sip)
  call.party.hum(700)
  await scenario.clock.until(() => of(scenario, 'call.initiated').length > before)
  return { call, leg: String(of(scenario, 'call.initiated').at(-1)!.payload.call_control_id) }
}

async function act(scenario: Scenario, leg: string, action: string, body: object = {}) {
  const reply = await scenario.rest('POST', `/v2/calls/${leg}/actions/${action}`, body)
  assert.equal(reply.status, 200, `${action}: ${JSON.stringify(reply.json)}`)
  return reply.json.data
}

async function saved(scenario: Scenario, type = 'call.recording.saved') {
  await scenario.clock.until(() => of(scenario, type).length > 0, 600_000)
  const { payload } = of(scenario, type)[0]!
  const url = Object.values(payload.recording_urls as Record<string, string>)[0]!
  const file = await scenario.house.http.inject({ method: 'GET', url: url.replace('http://switch.test', '') })
  assert.equal(file.statusCode, 200, file.body)
  const wav = decodeWav(file.rawPayload)
  assert.ok(wav.ok)
  return { payload, ...wav.value, seconds: wav.value.channels[0]!.length / wav.value.sampleRateHz }
}

test('a prompt before the answer is heard as early media, and the call still rings', async () => {
  const scenario = await open()
  const { call, leg } = await ring(scenario)
  await act(scenario, leg, 'playback_start', { audio_url: PROMPT })
  await scenario.clock.advance(1500)
  assert.ok(call.statuses.includes(183))
  assert.equal(call.state, 'ringing')
  assert.deepEqual(call.party.hears([PROMPT_HZ]), [PROMPT_HZ])
  await act(scenario, leg, 'answer')
  await scenario.clock.advance(500)
  assert.equal(call.state, 'up')
  assert.deepEqual(call.party.hears([PROMPT_HZ], 300), [PROMPT_HZ], 'and goes on')
  call.hangUp()
  await scenario.clock.advance(1000)
  await scenario.close()
})

test('a transfer before the answer: the target answers, then the caller is answered and both hear each other', async () => {
  const scenario = await open()
  const { call, leg } = await ring(scenario)
  const target = await scenario.phone('target')
  await act(scenario, leg, 'transfer', { to: target.uri })
  await scenario.clock.until(() => of(scenario, 'call.bridged').length === 2)
  target.calls[0]!.party.hum(900)
  await scenario.clock.advance(1000)
  assert.equal(call.state, 'up')
  assert.deepEqual([call.party.hears([900]), target.calls[0]!.party.hears([700])], [[900], [700]])
  call.hangUp()
  await scenario.clock.advance(1000)
  assert.equal(target.calls[0]!.state, 'ended')
  await scenario.close()
})

test('record-from-answer: the id is in the reply of answer and dial, and the file holds both sides apart', async () => {
  const scenario = await open()
  const { call, leg } = await ring(scenario)
  const answer = await act(scenario, leg, 'answer', { record: 'record-from-answer', record_format: 'wav' })
  await scenario.clock.advance(500)
  await act(scenario, leg, 'playback_start', { audio_url: PROMPT })
  await scenario.clock.advance(3000)
  call.hangUp()
  const recording = await saved(scenario)
  assert.equal(recording.payload.recording_id, answer.recording_id)
  assert.equal(recording.payload.channels, 'dual')
  const [left, right] = recording.channels as [Int16Array, Int16Array]
  assert.ok(toneLevelDbov(left.subarray(8000), 700, 8000) > -25, 'the caller on the first')
  assert.ok(toneLevelDbov(right.subarray(8000), PROMPT_HZ, 8000) > -25, 'we on the second')
  assert.ok(toneLevelDbov(left.subarray(8000), PROMPT_HZ, 8000) < -50)
  const order = scenario.received.filter((event) => event.payload.call_control_id === leg).map((event) => event.type)
  assert.deepEqual(order.slice(-2), ['call.hangup', 'call.recording.saved'])
  const callee = await scenario.phone('callee')
  const dialled = await scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    from: '+15550123',
    to: callee.uri,
    record: 'record-from-answer',
  })
  assert.match(dialled.json.data.recording_id, /^[0-9a-f-]{36}$/)
  await scenario.clock.advance(1000)
  callee.calls[0]!.hangUp()
  await scenario.clock.until(() => of(scenario, 'call.recording.saved').length === 2, 600_000)
  assert.equal(of(scenario, 'call.recording.saved')[1]!.payload.recording_id, dialled.json.data.recording_id)
  await scenario.close()
})

test('a recording stops at max_length, or after silence once somebody spoke', async () => {
  for (const [options, least, most] of [
    [{ max_length: 3 }, 2.8, 3.2],
    [{ timeout_secs: 2 }, 2.5, 4.5],
  ] as const) {
    const scenario = await open()
    const { call, leg } = await ring(scenario)
    await act(scenario, leg, 'answer')
    await scenario.clock.advance(300)
    await act(scenario, leg, 'record_start', { format: 'wav', channels: 'single', play_beep: false, ...options })
    await scenario.clock.advance(1500)
    call.party.hum(null)
    const recording = await saved(scenario)
    assert.equal(recording.channels.length, 1)
    assert.ok(recording.seconds > least && recording.seconds < most, `${recording.seconds} s`)
    assert.equal(call.state, 'up')
    call.hangUp()
    await scenario.clock.advance(1000)
    await scenario.close()
  }
})

test('a dual recording of a room has its creator on one channel and the others on the second', async () => {
  const scenario = await open()
  const first = await ring(scenario, 'one')
  const second = await ring(scenario, 'two')
  second.call.party.hum(900)
  for (const { leg } of [first, second]) await act(scenario, leg, 'answer')
  await scenario.clock.advance(500)
  const made = await scenario.rest('POST', '/v2/conferences', { call_control_id: first.leg, name: 'room' })
  const room = made.json.data.id
  await scenario.rest('POST', `/v2/conferences/${room}/actions/join`, { call_control_id: second.leg })
  const started = await scenario.rest('POST', `/v2/conferences/${room}/actions/record_start`, {
    format: 'wav',
    channels: 'dual',
    play_beep: true,
  })
  assert.equal(started.status, 200)
  await scenario.clock.advance(3000)
  for (const { call } of [first, second]) call.hangUp()
  const recording = await saved(scenario, 'conference.recording.saved')
  assert.equal(recording.payload.conference_id, room)
  const [left, right] = recording.channels.map((one) => one.subarray(8000)) as [Int16Array, Int16Array]
  assert.ok(toneLevelDbov(left, 700, 8000) > -25 && toneLevelDbov(left, 900, 8000) < -50)
  assert.ok(toneLevelDbov(right, 900, 8000) > -25 && toneLevelDbov(right, 700, 8000) < -50)
  await scenario.close()
})

test('digits come in by INFO as well, and go out as the application asks: in band, or by INFO', async () => {
  for (const dtmf_type of ['RFC 2833', 'Inband', 'SIP INFO'] as const) {
    const scenario = await open({
      applications: [{ name: 'demo', dialect: 'telnyx', webhook_url: 'http://app.test/webhook', dtmf_type }],
      numbers: [{ number: NUMBER, application: 'demo' }],
    })
    const infos: string[] = []
    scenario.net.watch(({ from, bytes }) => {
      const text = Buffer.from(bytes).toString('latin1')
      if (from.port === scenario.sip.port && text.startsWith('INFO ')) infos.push(/Signal=\s*(.)/.exec(text)![1]!)
    })
    const { call, leg } = await ring(scenario)
    await act(scenario, leg, 'answer')
    await scenario.clock.advance(300)
    call.sendInfo('7')
    await act(scenario, leg, 'send_dtmf', { digits: '5', duration_millis: 300 })
    await scenario.clock.advance(220)
    // 5 is 770 and 1336 Hz (ITU-T Q.23).
    const inBand = call.party.hears([770, 1336], 120).length === 2
    await scenario.clock.advance(1000)
    assert.equal(of(scenario, 'call.dtmf.received', leg)[0]!.payload.digit, '7')
    assert.deepEqual(
      [call.party.digits, inBand, infos.join('')],
      dtmf_type === 'RFC 2833' ? ['5', false, ''] : dtmf_type === 'Inband' ? ['', true, ''] : ['', false, '5'],
      dtmf_type,
    )
    call.hangUp()
    await scenario.clock.advance(500)
    await scenario.close()
  }
})

test('headers go both ways: from the INVITE to the events, from commands to the answer and the BYE', async () => {
  const scenario = await open()
  const seen: string[] = []
  scenario.net.watch(({ from, bytes }) => {
    const text = Buffer.from(bytes).toString('latin1')
    if (from.port === scenario.sip.port && /^(BYE |SIP\/2\.0 200)/.test(text))
      for (const match of text.matchAll(/^(X-[A-Za-z]+|User-to-User): (.*)\r$/gim)) seen.push(`${match[1]}=${match[2]}`)
  })
  const phone = await scenario.phone('one')
  const call = await phone.call(NUMBER, scenario.sip, [field('X-Customer', '42')])
  await scenario.clock.until(() => of(scenario, 'call.initiated').length === 1)
  const { payload } = of(scenario, 'call.initiated')[0]!
  assert.deepEqual(payload.custom_headers, [{ name: 'X-Customer', value: '42' }])
  const leg = String(payload.call_control_id)
  await act(scenario, leg, 'answer', {
    custom_headers: [{ name: 'X-Answer', value: 'yes' }],
    sip_headers: [{ name: 'User-to-User', value: '00' }],
  })
  await scenario.clock.advance(500)
  await act(scenario, leg, 'hangup', { custom_headers: [{ name: 'X-Bye', value: 'now' }] })
  await scenario.clock.advance(500)
  assert.equal(call.state, 'ended')
  assert.deepEqual([...new Set(seen)].sort(), ['User-to-User=00', 'X-Answer=yes', 'X-Bye=now'])
  await scenario.close()
})

test('retry_on_timeout=false: our own limit on ringing is told as no_answer', async () => {
  const scenario = await open()
  const phone = await scenario.phone('callee')
  phone.onCall((call) => call.ring())
  await scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    from: '+15550123',
    to: phone.uri,
    timeout_secs: 5,
    retry_on_timeout: false,
  })
  await scenario.clock.until(() => of(scenario, 'call.hangup').length === 1)
  assert.equal(of(scenario, 'call.hangup')[0]!.payload.hangup_cause, 'no_answer')
  await scenario.close()
})

test('an endpoint that refuses is left for the failover URL, where the same event arrives as a further attempt', async () => {
  const scenario = await open({
    applications: [
      {
        name: 'demo',
        dialect: 'telnyx',
        webhook_url: 'http://app.test/webhook',
        webhook_failover_url: 'http://app.test/failover',
      },
    ],
    numbers: [{ number: NUMBER, application: 'demo' }],
  })
  scenario.onWebhook = (event) => (event.url.endsWith('/failover') ? 200 : 404)
  const { call } = await ring(scenario)
  await scenario.clock.advance(2000)
  assert.deepEqual(
    scenario.received.slice(0, 2).map(({ url, attempt }) => [url, attempt]),
    [
      ['http://app.test/webhook', 1],
      ['http://app.test/failover', 2],
    ],
  )
  assert.equal(JSON.parse(scenario.received[1]!.raw).meta.delivered_to, 'http://app.test/failover')
  assert.equal(scenario.received[0]!.id, scenario.received[1]!.id)
  call.hangUp()
  await scenario.clock.advance(5000)
  await scenario.close()
})
