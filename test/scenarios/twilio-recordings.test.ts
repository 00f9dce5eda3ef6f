// Recordings that documents and REST make (twilio-voice §4.7, DIAL-09 to 11, DACT-05, CPE-10, WH-40): what is in them, by
// tone and channel, and who is told.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { decodeWav } from '#audio/wav.ts'
import { wavOf } from './tones.ts'
import { APP, openTwilioScenario, SID, TOKEN, type TwilioScenario, twiml } from './twilio-app.ts'

const HUMS = { caller: 400, agent: 700 } as const

/** A finished recording: its channels, each with the hums in it, and its length. */
async function content(scenario: TwilioScenario, sid: string | undefined) {
  const reply = await scenario.house.http.inject({
    method: 'GET',
    url: `/2010-04-01/Accounts/${SID}/Recordings/${sid}.wav`,
    headers: { authorization: `Basic ${Buffer.from(`${SID}:${TOKEN}`).toString('base64')}` },
  })
  assert.equal(reply.statusCode, 200)
  const wav = decodeWav(reply.rawPayload)
  assert.ok(wav.ok)
  const { channels, sampleRateHz } = wav.value
  return {
    hums: channels.map((samples) =>
      Object.entries(HUMS)
        .filter(([, hz]) => toneLevelDbov(samples, hz, sampleRateHz) > -40)
        .map(([name]) => name),
    ),
    lengthMs: (channels[0]!.length * 1000) / sampleRateHz,
  }
}

/** A caller that hums into a Record, until the action is asked. */
async function recorded(scenario: TwilioScenario, attributes: string, act: (call: Line) => Promise<void>) {
  const { clock } = scenario
  scenario.on('/voice', twiml(`<Record action="/recorded" ${attributes}/><Redirect>/nothing</Redirect>`))
  const asked = scenario.asked.length
  const { call } = await scenario.dialIn(`caller${asked}`, HUMS.caller)
  await clock.until(() => call.state === 'up')
  const upMs = clock.nowMs()
  await act(call)
  const outcome = () => scenario.asked.slice(asked).find(({ path }) => path === '/recorded' || path === '/nothing')
  await clock.until(() => outcome() !== undefined)
  const { path, params, atMs, method } = outcome()!
  return { path, params, method, tookMs: atMs - upMs, call }
}
type Line = Awaited<ReturnType<TwilioScenario['dialIn']>>['call']

test('REC-01 to REC-05, REC-09: ended by silence, by a key, by the limit and by hanging up; what the action hears', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/recorded', twiml('<Hangup/>'))
  const silent = await recorded(scenario, 'timeout="3" playBeep="false"', async (call) => {
    await clock.advance(4_000)
    call.party.hum(null)
  })
  assert.ok(silent.tookMs > 6_500 && silent.tookMs < 8_500, `${silent.tookMs}`)
  assert.equal(silent.params.Digits, '')
  const { RecordingUrl, RecordingSid, RecordingDuration } = silent.params
  assert.equal(RecordingUrl, `http://switch.test/2010-04-01/Accounts/${SID}/Recordings/${RecordingSid}`)
  assert.equal(RecordingDuration, '4', 'REC-06: the silence at the end is cut off')

  const keyed = await recorded(scenario, 'finishOnKey="5" playBeep="false" method="GET"', async (call) => {
    await clock.advance(2_000)
    call.party.dial('1')
    await clock.advance(1_000)
    call.party.dial('5')
  })
  assert.deepEqual([keyed.params.Digits, keyed.method], ['5', 'GET'])
  assert.ok(keyed.tookMs > 3_000)

  const limited = await recorded(scenario, 'maxLength="3" playBeep="false"', async () => {})
  assert.equal(limited.params.RecordingDuration, '3')

  const gone = await recorded(scenario, 'playBeep="false"', async (call) => {
    await clock.advance(2_500)
    call.hangUp()
  })
  assert.deepEqual([gone.params.Digits, gone.params.CallStatus], ['hangup', 'completed'])
  await scenario.close()
})

test('REC-05: a beep comes first, and is not in the file', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/recorded', twiml('<Hangup/>'))
  let loud = -100
  const { params } = await recorded(scenario, 'timeout="2"', async (call) => {
    call.party.hum(null)
    await clock.advance(700)
    loud = call.party.loudness(700)
    call.party.hum(HUMS.caller)
    await clock.advance(2_000)
    call.party.hum(null)
  })
  assert.ok(loud > -45, `${loud}`)
  const { hums } = await content(scenario, params.RecordingSid)
  assert.deepEqual(hums, [['caller']])
  await scenario.close()
})

test('REC-06: trim-silence cuts both ends, do-not-trim keeps them', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/recorded', twiml('<Hangup/>'))
  const lengths: number[] = []
  for (const trim of ['trim-silence', 'do-not-trim']) {
    const { params } = await recorded(scenario, `trim="${trim}" timeout="4"`, async (call) => {
      call.party.hum(null)
      await clock.advance(2_000)
      call.party.hum(HUMS.caller)
      await clock.advance(2_000)
      call.party.hum(null)
    })
    lengths.push((await content(scenario, params.RecordingSid)).lengthMs)
  }
  const [trimmed, kept] = lengths
  assert.ok(trimmed! > 1_500 && trimmed! < 2_700, `${trimmed}`)
  assert.ok(kept! > 7_000, `${kept}`)
  await scenario.close()
})

test('REC-07, WH-40: recordingStatusCallback in-progress and completed, without the standard block', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/recorded', twiml('<Hangup/>'))
  const { params } = await recorded(
    scenario,
    'playBeep="false" recordingStatusCallback="/status" recordingStatusCallbackEvent="in-progress completed absent" recordingStatusCallbackMethod="GET"',
    async (call) => {
      await clock.advance(2_000)
      call.party.dial('#')
    },
  )
  const done = await scenario.untilAsked('/status', 2)
  assert.deepEqual(
    scenario.at('/status').map((one) => one.params.RecordingStatus),
    ['in-progress', 'completed'],
  )
  assert.ok(!('RecordingDuration' in scenario.at('/status')[0]!.params))
  assert.equal(done.method, 'GET')
  assert.deepEqual(
    [done.params.RecordingSid, done.params.CallSid, done.params.RecordingSource, done.params.RecordingChannels],
    [params.RecordingSid, params.CallSid, 'RecordVerb', '1'],
  )
  assert.equal(done.params.RecordingDuration, '2')
  assert.ok(Date.parse(done.params.RecordingStartTime!) > 0)
  assert.ok(!('From' in done.params) && !('CallStatus' in done.params))
  await scenario.close()
})

test('REC-01, REC-10: without an action the current document is asked; reached by an inline redirect that is 11100', async () => {
  const scenario = await openTwilioScenario({ speech: true })
  const { clock } = scenario
  scenario.on('/voice', ({ params }) =>
    params.RecordingUrl === undefined
      ? twiml('<Record maxLength="2" playBeep="false"/><Redirect>/never</Redirect>')
      : twiml('<Gather timeout="60"/>'),
  )
  const { call } = await scenario.dialIn('caller', HUMS.caller)
  const again = await scenario.untilAsked('/voice', 2)
  assert.match(again.params.RecordingUrl!, /Recordings\/RE/)
  assert.equal(scenario.at('/never').length, 0)
  const path = `/Calls/${again.params.CallSid}.json`
  assert.equal((await scenario.api('POST', path, { Twiml: twiml('<Record/>') })).status, 200)
  await clock.until(() => call.state === 'ended')
  const { json } = await scenario.api('GET', '/Notifications.json')
  assert.deepEqual(
    json.notifications.map((one: { error_code: string }) => one.error_code),
    ['11100'],
  )
  await scenario.close()
})

/** A caller dialled through to an agent with a recording; the agent answers after `ringMs`. */
async function dialled(attributes: string, ringMs = 0) {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const agent = await scenario.phone('agent')
  agent.onCall((call) => {
    call.ring()
    call.party.hum(HUMS.agent)
    clock.at(clock.nowMs() + ringMs, () => call.answer())
  })
  scenario.on(
    '/voice',
    twiml(
      `<Dial action="/after" ${attributes} recordingStatusCallback="/recorded"><Sip statusCallback="/status">${agent.uri}</Sip></Dial>`,
    ),
  )
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', HUMS.caller)
  await clock.until(() => agent.calls[0]?.state === 'up')
  await clock.advance(3_000)
  agent.calls[0]!.hangUp()
  const after = (await scenario.untilAsked('/after')).params
  const status = (await scenario.untilAsked('/status')).params
  await clock.until(() => call.state === 'ended')
  const told = attributes.includes('do-not-record') ? null : (await scenario.untilAsked('/recorded')).params
  return { scenario, after, status, told }
}

test('DIAL-09, DIAL-10, DACT-05, CPE-10: a Dial recorded in one channel belongs to the parent; action and callbacks name it', async () => {
  const { scenario, after, status, told } = await dialled('record="record-from-answer"')
  assert.equal(after.RecordingSid, told!.RecordingSid)
  assert.match(after.RecordingUrl!, new RegExp(`${after.RecordingSid}$`))
  assert.equal(after.RecordingDuration, '3')
  assert.deepEqual([told!.RecordingSource, told!.CallSid, told!.RecordingChannels], ['DialVerb', after.CallSid, '1'])
  assert.deepEqual([status.RecordingSid, status.RecordingDuration], [told!.RecordingSid, '3'])
  const { hums, lengthMs } = await content(scenario, told!.RecordingSid)
  assert.deepEqual(hums, [['caller', 'agent']])
  assert.ok(lengthMs > 2_500 && lengthMs < 3_800, `${lengthMs}`)
  await scenario.close()
})

test('DIAL-09, RC-09: in two channels the parent is the first, the child the second', async () => {
  const { scenario, told } = await dialled('record="record-from-answer-dual"')
  assert.equal(told!.RecordingChannels, '2')
  assert.deepEqual((await content(scenario, told!.RecordingSid)).hums, [['caller'], ['agent']])
  await scenario.close()
})

test('DIAL-09, APP-01: of a call to an application, the caller is the first, what the application plays the second', async () => {
  const scenario = await openTwilioScenario()
  scenario.files.set(`${APP}/agent.wav`, wavOf([HUMS.agent], 4))
  const { json: made } = await scenario.api('POST', '/Applications.json', {
    VoiceUrl: `${APP}/child`,
    StatusCallback: `${APP}/status`,
  })
  scenario.on('/child', twiml('<Play>/agent.wav</Play>'))
  scenario.on(
    '/voice',
    twiml(`<Dial action="/after" record="record-from-answer-dual"><Application>${made.sid}</Application></Dial>`),
  )
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', HUMS.caller)
  const after = await scenario.untilAsked('/after')
  await scenario.clock.until(() => call.state === 'ended')
  await scenario.clock.advance(2_000)
  assert.deepEqual((await content(scenario, after.params.RecordingSid)).hums, [['caller'], ['agent']])
  // It is the dialler's: the application is not told of it.
  assert.equal(scenario.at('/status')[0]!.params.RecordingUrl, undefined)
  await scenario.close()
})

test('DIAL-09: from the ringing on', async () => {
  const { scenario, told } = await dialled('record="record-from-ringing-dual"', 4_000)
  const { hums, lengthMs } = await content(scenario, told!.RecordingSid)
  assert.deepEqual(hums, [['caller'], ['agent']])
  assert.ok(lengthMs > 6_500, `${lengthMs}`)
  await scenario.close()
})

test('DIAL-09, DIAL-11: true is record-from-answer; one track has one channel; do-not-record has none', async () => {
  const { scenario, told } = await dialled('record="true" recordingTrack="inbound"')
  assert.deepEqual([told!.RecordingTrack, told!.RecordingChannels], ['inbound', '1'])
  assert.deepEqual((await content(scenario, told!.RecordingSid)).hums, [['caller']])
  await scenario.close()
  const outbound = await dialled('record="record-from-answer-dual" recordingTrack="outbound"')
  assert.deepEqual((await content(outbound.scenario, outbound.told!.RecordingSid)).hums, [['agent']])
  await outbound.scenario.close()
  const none = await dialled('record="do-not-record"')
  assert.ok(!('RecordingUrl' in none.after) && !('RecordingSid' in none.status))
  assert.equal((await none.scenario.api('GET', '/Recordings.json')).json.recordings.length, 0)
  await none.scenario.close()
})

test('CALL-06, WH-40, CPE-10: a call placed with Record is recorded from its answer on, by channel', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const bob = await scenario.phone('bob')
  bob.onCall((call) => {
    call.party.hum(HUMS.caller)
    call.answer()
  })
  scenario.on('/voice', twiml('<Gather timeout="2"/><Hangup/>'))
  await scenario.api('POST', '/Calls.json', {
    To: bob.uri,
    From: '+15550100',
    Url: `${APP}/voice`,
    Record: 'true',
    RecordingChannels: 'dual',
    RecordingStatusCallback: `${APP}/recorded`,
    RecordingStatusCallbackEvent: ['in-progress', 'completed'],
    StatusCallback: `${APP}/status`,
  })
  await clock.until(() => bob.calls[0]?.state === 'ended')
  const { params } = await scenario.untilAsked('/recorded', 2)
  assert.deepEqual([params.RecordingSource, params.RecordingChannels], ['OutboundAPI', '2'])
  assert.equal((await scenario.untilAsked('/status')).params.RecordingSid, params.RecordingSid)
  assert.deepEqual((await content(scenario, params.RecordingSid)).hums, [['caller'], []])
  await scenario.close()
})

test('RC-05, RC-06, WH-40, CALL-20: REST records a live call, pauses it with silence and without, and stops it', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/voice', twiml('<Gather timeout="60"/>'))
  const { call } = await scenario.dialIn('caller', HUMS.caller)
  await clock.until(() => call.state === 'up')
  const path = `/Calls/${scenario.at('/voice')[0]!.params.CallSid}/Recordings`
  const lengths: number[] = []
  for (const PauseBehavior of ['silence', 'skip']) {
    const made = await scenario.api('POST', `${path}.json`, { RecordingStatusCallback: `${APP}/recorded` })
    assert.deepEqual([made.status, made.json.source], [201, 'StartCallRecordingAPI'])
    await clock.advance(2_000)
    const paused = await scenario.api('POST', `${path}/Twilio.CURRENT.json`, { Status: 'paused', PauseBehavior })
    assert.equal(paused.json.status, 'paused')
    await clock.advance(3_000)
    await scenario.api('POST', `${path}/${made.json.sid}.json`, { Status: 'in-progress' })
    await clock.advance(1_000)
    const stopped = await scenario.api('POST', `${path}/Twilio.CURRENT.json`, { Status: 'stopped' })
    assert.equal(stopped.status, 200)
    const { params } = await scenario.untilAsked('/recorded', lengths.length + 1)
    assert.equal(params.RecordingSource, 'StartCallRecordingAPI')
    lengths.push((await content(scenario, made.json.sid)).lengthMs)
  }
  assert.ok(lengths[0]! > 5_500 && lengths[1]! < 3_600, `${lengths}`)
  call.hangUp()
  await clock.until(() => call.state === 'ended')
  const late = await scenario.api('POST', `${path}.json`)
  assert.ok([400, 404].includes(late.status))
  await scenario.close()
})
