// The official SDK as its users have it: only `client.api.baseUrl` is set (SDK-01), over a real port, while telephones talk on
// the pretended network. Every resource of a call's life, and what the SDK makes of refusals.

import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import twilio, { type Twilio } from 'twilio'
import { whoHearsWhom } from '#testkit/ears.ts'
import type { Phone } from '#testkit/phone.ts'
import { wavOf } from './tones.ts'
import { APP, openTwilioScenario, SID, TOKEN, TWILIO_NUMBER, type TwilioScenario, twiml } from './twilio-app.ts'
import { refuses } from './twilio-house.ts'

const SOUNDS = [
  { name: 'one', frequenciesHz: [400] },
  { name: 'two', frequenciesHz: [700] },
  { name: 'three', frequenciesHz: [900] },
  { name: 'music', frequenciesHz: [1100, 1700] },
]

interface Open {
  readonly scenario: TwilioScenario
  readonly client: Twilio
  readonly base: string
}

async function open(t: TestContext): Promise<Open> {
  const scenario = await openTwilioScenario()
  t.after(() => scenario.close())
  await scenario.house.http.listen({ host: '127.0.0.1', port: 0 })
  const base = `http://127.0.0.1:${(scenario.house.http.server.address() as AddressInfo).port}`
  const client = twilio(SID, TOKEN)
  client.api.baseUrl = base
  return { scenario, client, base }
}

/** A telephone that answers at once and hums. */
async function answering(scenario: TwilioScenario, user: string, hz: number): Promise<Phone> {
  const phone = await scenario.phone(user)
  phone.onCall((call) => {
    call.answer()
    call.party.hum(hz)
  })
  return phone
}

test('CALL-01 to 05, CALL-08, CALL-09: calls by URL, by document and by application, told to whom they concern', async (t) => {
  // rows: SDK-01, SDK-06, SDK-07, SDK-08, SDK-12, WH-03, ST-01, FMT-01, FMT-02, FMT-04, FMT-05, FMT-09, TYP-01
  const { scenario, client } = await open(t)
  const { clock } = scenario
  const desk = await scenario.phone('desk')
  desk.onCall((call) => {
    call.ring()
    clock.at(clock.nowMs() + 500, () => call.answer())
  })
  scenario.on('/on-answer', twiml('<Pause length="3"/>'))
  const byUrl = await client.calls.create({
    to: desk.uri,
    from: TWILIO_NUMBER,
    url: `${APP}/on-answer`,
    method: 'GET',
    statusCallback: `${APP}/status`,
    statusCallbackEvent: ['initiated', 'ringing answered', 'completed'],
    timeout: 20,
    timeLimit: 60,
    sendDigits: 'w12',
  })
  assert.match(byUrl.sid, /^CA[0-9a-f]{32}$/)
  assert.deepEqual(
    [byUrl.status, byUrl.direction, byUrl.from, byUrl.to, byUrl.duration, byUrl.price, byUrl.apiVersion],
    ['queued', 'outbound-api', TWILIO_NUMBER, desk.uri, null, null, '2010-04-01'],
  )
  assert.equal(byUrl.uri, `/2010-04-01/Accounts/${SID}/Calls/${byUrl.sid}.json`)
  assert.ok(Object.values(byUrl.subresourceUris).every((uri) => /^\/2010-04-01\/Accounts\/.*\.json$/.test(uri)))
  assert.ok(byUrl.dateCreated instanceof Date && !Number.isNaN(byUrl.dateCreated.getTime()))
  const asked = await scenario.untilAsked('/on-answer')
  assert.deepEqual(
    [asked.method, asked.params.CallSid, asked.params.CallStatus, asked.params.Direction],
    ['GET', byUrl.sid, 'in-progress', 'outbound-api'],
  )
  assert.equal((await client.calls(byUrl.sid).fetch()).status, 'in-progress')
  await scenario.untilAsked('/status', 4)
  assert.deepEqual(
    scenario.at('/status').map(({ params }) => params.CallStatus),
    ['initiated', 'ringing', 'in-progress', 'completed'],
  )
  const over = await client.calls(byUrl.sid).fetch()
  assert.deepEqual([over.status, over.duration], ['completed', '3'])
  assert.ok(over.endTime! >= over.startTime!)

  const byText = await client.calls.create({ to: desk.uri, from: TWILIO_NUMBER, twiml: twiml('<Pause length="1"/>') })
  await clock.until(() => desk.calls[1]?.state === 'ended')
  await clock.advance(500)
  assert.equal((await client.calls(byText.sid).fetch()).status, 'completed')

  const app = await client.applications.create({
    friendlyName: 'three',
    voiceUrl: `${APP}/of-application`,
    statusCallback: `${APP}/of-application-ended`,
  })
  scenario.on('/of-application', twiml('<Hangup/>'))
  // CALL-03: what the application says goes before what the request says.
  const byApp = await client.calls.create({
    to: desk.uri,
    from: TWILIO_NUMBER,
    applicationSid: app.sid,
    statusCallback: `${APP}/not-asked`,
  })
  assert.equal((await scenario.untilAsked('/of-application-ended')).params.CallSid, byApp.sid)
  assert.equal(scenario.at('/of-application').length, 1)
  assert.equal(scenario.at('/not-asked').length, 0)
})

test('CALL-10, CALL-16, CALL-17, PAGE-05, SDK-09, SDK-14: calls are listed newest first, filtered, paged, and forgotten when over', async (t) => {
  // rows: SDK-15, ERR-02
  const { scenario, client } = await open(t)
  const { clock } = scenario
  const desk = await answering(scenario, 'desk', 400)
  const sids: string[] = []
  for (let at = 0; at < 3; at++) {
    const made = await client.calls.create({ to: desk.uri, from: `+1555017${at}`, twiml: twiml('<Pause length="1"/>') })
    sids.unshift(made.sid)
    await clock.until(() => desk.calls[at]?.state === 'ended')
    await clock.advance(60_000)
  }
  const listed = (calls: readonly { sid: string }[]) => calls.map(({ sid }) => sid)
  assert.deepEqual(listed(await client.calls.list()), sids)
  assert.deepEqual(listed(await client.calls.list({ pageSize: 1 })), sids, 'page after page')
  assert.deepEqual(listed(await client.calls.list({ limit: 2 })), sids.slice(0, 2))
  assert.deepEqual(listed(await client.calls.list({ from: '+15550171' })), [sids[1]])
  assert.deepEqual(listed(await client.calls.list({ to: desk.uri, status: 'completed' })), sids)
  assert.deepEqual(listed(await client.calls.list({ status: 'busy' })), [])
  const second = await client.calls(sids[1]!).fetch()
  const after = new Date(second.startTime.getTime() + 1_000)
  assert.deepEqual(listed(await client.calls.list({ startTimeAfter: after })), [sids[0]])
  assert.deepEqual(listed(await client.calls.list({ startTimeBefore: after })), sids.slice(1))
  assert.deepEqual(listed(await client.calls.list({ endTimeAfter: new Date('2026-01-02') })), [])

  const live = await client.calls.create({ to: desk.uri, from: TWILIO_NUMBER, twiml: twiml('<Pause length="30"/>') })
  await clock.until(() => desk.calls[3]?.state === 'up')
  await assert.rejects(client.calls(live.sid).remove())
  assert.equal(await client.calls(sids[0]!).remove(), true)
  await refuses(client.calls(sids[0]!).fetch(), 404, 20404)
})

test('CALL-11 to 14: a live call is redirected by URL and by document, and ended; a ringing one is cancelled', async (t) => {
  // rows: ST-05, ST-07, FLOW-01
  const { scenario, client } = await open(t)
  const { clock } = scenario
  scenario.on('/voice', twiml('<Gather timeout="120"/>'))
  scenario.on('/next', twiml('<Redirect method="GET">/further?step=2</Redirect>'))
  scenario.on('/further', twiml('<Pause length="60"/>'))
  const { call } = await scenario.dialIn('one', 400)
  await clock.until(() => call.state === 'up')
  const { CallSid: sid = '' } = scenario.at('/voice')[0]!.params
  const moved = await client.calls(sid).update({ url: `${APP}/next`, method: 'POST' })
  assert.deepEqual([moved.sid, moved.status], [sid, 'in-progress'])
  const further = await scenario.untilAsked('/further')
  assert.deepEqual([further.method, further.params.step, further.params.CallSid], ['GET', '2', sid])
  await client.calls(sid).update({ twiml: twiml(`<Redirect>${APP}/inline</Redirect>`) })
  scenario.on('/inline', twiml('<Pause length="60"/>'))
  assert.equal((await scenario.untilAsked('/inline')).method, 'POST')
  await refuses(client.calls(sid).update({ url: `${APP}/next`, twiml: twiml('') }), 400, 20001)
  assert.equal((await client.calls(sid).update({ status: 'canceled' })).status, 'in-progress', 'CALL-13')
  await client.calls(sid).update({ status: 'completed' })
  await clock.until(() => call.state === 'ended')
  await clock.advance(500)
  assert.equal((await client.calls(sid).fetch()).status, 'completed')
  await refuses(client.calls(sid).update({ url: `${APP}/next` }), 400, 21220)

  const desk = await scenario.phone('desk')
  desk.onCall((ringing) => ringing.ring())
  const ringing = await client.calls.create({
    to: desk.uri,
    from: TWILIO_NUMBER,
    twiml: twiml('<Pause/>'),
    statusCallback: `${APP}/cancelled`,
  })
  await clock.until(() => desk.calls[0]?.state === 'ringing')
  await refuses(client.calls(ringing.sid).update({ twiml: twiml('<Pause/>') }), 400, 21220)
  await client.calls(ringing.sid).update({ status: 'canceled' })
  assert.equal((await scenario.untilAsked('/cancelled')).params.CallStatus, 'canceled')
  assert.equal((await client.calls(ringing.sid).fetch()).status, 'canceled')
})

test('PT-01 to 08, CF-01 to 03: participants are called in, held, muted, coached, told something and put out', async (t) => {
  // rows: SDK-11, FMT-11, TYP-02, TYP-03, CONF-19, CONF-20, WH-08, WH-30, CSE-01, CSE-02, CSE-03, CSE-05
  const { scenario, client } = await open(t)
  const { clock } = scenario
  const phones = [
    await answering(scenario, 'one', 400),
    await answering(scenario, 'two', 700),
    await answering(scenario, 'three', 900),
  ]
  scenario.files.set(`${APP}/hold.wav`, wavOf([1100, 1700], 2))
  scenario.files.set(`${APP}/news.wav`, wavOf([1100, 1700], 2))
  scenario.on('/news', twiml('<Play>/news.wav</Play>'))
  const room = client.conferences('My Room')
  for (const [at, phone] of phones.entries()) {
    const made = await room.participants.create({
      to: phone.uri,
      from: TWILIO_NUMBER,
      label: ['first', 'second one', 'third'][at]!,
      beep: 'false',
      conferenceStatusCallback: `${APP}/room`,
      conferenceStatusCallbackEvent: ['start', 'end', 'join', 'leave', 'mute', 'hold'],
      statusCallback: `${APP}/leg`,
    })
    assert.deepEqual([made.status, made.queueTime, made.muted, made.hold], ['queued', '0', false, false])
    await clock.until(() => phone.calls[0]?.state === 'up')
    await clock.advance(1_000)
  }
  const parties = Object.fromEntries(phones.map((phone, at) => [SOUNDS[at]!.name, phone.calls[0]!.party]))
  const heard = async () => {
    await clock.advance(2_000)
    return whoHearsWhom(parties, SOUNDS)
  }
  const everybody = { one: ['two', 'three'], two: ['one', 'three'], three: ['one', 'two'] }
  assert.deepEqual(await heard(), everybody)

  const [conference] = await client.conferences.list({ friendlyName: 'My Room', status: 'in-progress' })
  const { sid } = conference!
  assert.match(sid, /^CF[0-9a-f]{32}$/)
  assert.deepEqual(
    [conference!.friendlyName, conference!.reasonConferenceEnded, (await client.conferences(sid).fetch()).status],
    ['My Room', null, 'in-progress'],
  )
  const { participants } = client.conferences(sid)
  const all = await participants.list()
  assert.deepEqual(all.map((one) => one.label).toSorted(), ['first', 'second one', 'third'])
  const second = participants('second one')
  const callSid = (await second.fetch()).callSid
  assert.equal((await participants(callSid).fetch()).label, 'second one')

  const held = await second.update({ hold: true, holdUrl: `${APP}/hold.wav` })
  assert.deepEqual([held.hold, held.muted, held.callSid], [true, false, callSid])
  assert.deepEqual(
    (await participants.list({ hold: true })).map((one) => one.callSid),
    [callSid],
  )
  assert.deepEqual(await heard(), { one: ['three'], two: ['music'], three: ['one'] })
  assert.equal((await second.update({ hold: false })).hold, false)
  assert.deepEqual(await heard(), everybody)

  assert.equal((await second.update({ muted: true })).muted, true)
  assert.equal((await participants.list({ muted: true })).length, 1)
  assert.deepEqual(await heard(), { one: ['three'], two: ['one', 'three'], three: ['one'] })
  await second.update({ muted: false })

  const first = (await participants('first').fetch()).callSid
  await refuses(second.update({ coaching: true }), 400, 20001)
  const coach = await second.update({ coaching: true, callSidToCoach: first })
  assert.deepEqual([coach.coaching, coach.callSidToCoach], [true, first])
  assert.equal((await participants.list({ coaching: true })).length, 1)
  assert.deepEqual(await heard(), { one: ['two', 'three'], two: ['one', 'three'], three: ['one'] })
  await second.update({ coaching: false })
  assert.deepEqual(await heard(), everybody)

  await second.update({ announceUrl: `${APP}/news` })
  await clock.advance(1_000)
  assert.ok(whoHearsWhom(parties, SOUNDS, 400).two!.includes('music'))
  assert.ok(!whoHearsWhom(parties, SOUNDS, 400).one!.includes('music'))
  await clock.advance(3_000)
  await client.conferences(sid).update({ announceUrl: `${APP}/news`, announceMethod: 'GET' })
  await clock.advance(1_000)
  for (const ears of Object.values(whoHearsWhom(parties, SOUNDS, 400))) assert.ok(ears.includes('music'))
  await clock.advance(3_000)

  assert.equal(await participants('third').remove(), true)
  await clock.advance(1_000)
  await refuses(participants('third').fetch(), 404, 20404)
  assert.equal((await participants.list()).length, 2)
  const ended = await client.conferences(sid).update({ status: 'completed' })
  assert.deepEqual([ended.status, ended.reasonConferenceEnded], ['completed', 'conference-ended-via-api'])
  await clock.advance(1_000)
  await refuses(participants.list(), 404, 20404)
  await refuses(client.conferences(sid).update({ status: 'completed' }), 404, 20404)
  assert.equal((await client.conferences.list({ status: 'completed' })).length, 1)
  const told = scenario.at('/room').map(({ params }) => params.StatusCallbackEvent)
  assert.equal(told.filter((word) => word === 'participant-join').length, 3)
  for (const word of ['conference-start', 'participant-hold', 'participant-unhold', 'participant-mute'])
    assert.ok(told.includes(word), word)
  assert.equal(told.at(-1), 'conference-end')
  const last = scenario.at('/room').at(-1)!.params
  assert.deepEqual([last.ConferenceSid, last.FriendlyName], [sid, 'My Room'])
  assert.equal(last.ReasonConferenceEnded, 'conference-ended-via-api')
})

test('QU-01 to 05: queues, their members, and taking one out with a document', async (t) => {
  // rows: ENQ-10
  const { scenario, client } = await open(t)
  const { clock } = scenario
  scenario.on('/voice', twiml('<Enqueue action="/left" waitUrl="">sales</Enqueue>'))
  scenario.on('/left', twiml('<Pause/>'))
  scenario.on('/taken', twiml('<Pause length="30"/>'))
  const one = (await scenario.dialIn('one', 400)).call
  await clock.until(() => one.state === 'up')
  await clock.advance(5_000)
  const two = (await scenario.dialIn('two', 700)).call
  await clock.until(() => two.state === 'up')
  await clock.advance(1_000)
  const [queue] = await client.queues.list()
  assert.deepEqual([queue!.friendlyName, queue!.currentSize, queue!.maxSize], ['sales', 2, 1000])
  const { members } = client.queues(queue!.sid)
  const waiting = await members.list()
  assert.deepEqual(
    waiting.map(({ position, callSid }) => [position, callSid]),
    scenario.at('/voice').map(({ params }, at) => [at + 1, params.CallSid]),
  )
  assert.ok(waiting[0]!.waitTime >= 6)
  assert.equal((await members('Front').fetch()).callSid, waiting[0]!.callSid)
  const taken = await members(waiting[1]!.callSid).update({ url: `${APP}/taken`, method: 'GET' })
  assert.equal(taken.callSid, waiting[1]!.callSid)
  assert.equal((await scenario.untilAsked('/taken')).params.CallSid, waiting[1]!.callSid)
  const left = await scenario.untilAsked('/left')
  assert.deepEqual([left.params.QueueResult, left.params.CallSid], ['redirected', waiting[1]!.callSid])
  assert.equal(two.state, 'up')
  await members('Front').update({ url: `${APP}/taken` })
  await clock.advance(1_000)
  await refuses(members('Front').fetch(), 404, 20404)
  assert.equal((await client.queues(queue!.sid).fetch()).currentSize, 0)
  assert.equal(await client.queues(queue!.sid).remove(), true)
})

test('RC-05, RC-06, CALL-20, WH-40: a call is recorded, paused, resumed, stopped, and heard as WAV and MP3', async (t) => {
  // rows: RC-07, TYP-05, AUTH-05
  const { scenario, client, base } = await open(t)
  const { clock } = scenario
  scenario.on('/voice', twiml('<Gather timeout="60"/>'))
  const { call: live } = await scenario.dialIn('two', 700)
  await clock.until(() => live.state === 'up')
  const { CallSid: liveSid = '' } = scenario.at('/voice')[0]!.params
  const { recordings } = client.calls(liveSid)
  const made = await recordings.create({
    recordingChannels: 'dual',
    recordingStatusCallback: `${APP}/recorded`,
    recordingStatusCallbackEvent: ['in-progress', 'completed'],
  })
  assert.match(made.sid, /^RE[0-9a-f]{32}$/)
  assert.deepEqual(
    [made.status, made.channels, made.source, made.duration, made.callSid],
    ['in-progress', 2, 'StartCallRecordingAPI', null, liveSid],
  )
  await clock.advance(2_000)
  assert.equal(
    (await recordings('Twilio.CURRENT').update({ status: 'paused', pauseBehavior: 'skip' })).status,
    'paused',
  )
  await clock.advance(5_000)
  assert.equal((await recordings(made.sid).update({ status: 'in-progress' })).status, 'in-progress')
  await clock.advance(2_000)
  assert.equal((await recordings('Twilio.CURRENT').update({ status: 'stopped' })).status, 'stopped')
  await refuses(recordings('Twilio.CURRENT').update({ status: 'stopped' }), 404, 20404)
  await scenario.untilAsked('/recorded', 2)
  const [begun, done] = scenario.at('/recorded').map(({ params }) => params)
  assert.deepEqual([begun!.RecordingStatus, done!.RecordingStatus], ['in-progress', 'completed'])
  assert.deepEqual([done!.RecordingSid, done!.RecordingDuration, done!.RecordingChannels], [made.sid, '4', '2'])
  const kept = await recordings(made.sid).fetch()
  assert.deepEqual([kept.status, kept.duration], ['completed', '4'])
  assert.deepEqual(
    (await recordings.list()).map((one) => one.sid),
    [made.sid],
  )
  const media = `${base}/2010-04-01/Accounts/${SID}/Recordings/${made.sid}`
  const headers = { authorization: `Basic ${Buffer.from(`${SID}:${TOKEN}`).toString('base64')}` }
  for (const [ending, type] of [
    ['.wav', 'audio/x-wav'],
    ['.mp3', 'audio/mpeg'],
  ] as const) {
    const reply = await fetch(media + ending, { headers })
    assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, type])
    assert.ok((await reply.arrayBuffer()).byteLength > 4_000)
    assert.equal((await fetch(media + ending)).status, 401)
  }
  assert.equal(await recordings(made.sid).remove(), true)
})

test('PT-10, CONF-11, CONF-15: the recording of a conference is paused and resumed, and ends with it', async (t) => {
  const { scenario, client } = await open(t)
  const { clock } = scenario
  scenario.on(
    '/voice',
    twiml(
      `<Dial><Conference record="record-from-start" recordingStatusCallback="${APP}/recorded">board</Conference></Dial>`,
    ),
  )
  const one = (await scenario.dialIn('one', 400)).call
  const two = (await scenario.dialIn('two', 700)).call
  await clock.until(() => one.state === 'up' && two.state === 'up')
  await clock.advance(3_000)
  const [room] = await client.conferences.list({ status: 'in-progress' })
  const { recordings } = client.conferences(room!.sid)
  const [running] = await recordings.list()
  assert.equal(running!.source, 'Conference')
  assert.equal((await recordings('Twilio.CURRENT').update({ status: 'paused' })).status, 'paused')
  await clock.advance(1_000)
  assert.equal((await recordings(running!.sid).update({ status: 'in-progress' })).status, 'in-progress')
  await refuses(recordings(running!.sid).update({ status: 'stopped' }), 400, 20001)
  await clock.advance(1_000)
  one.hangUp()
  two.hangUp()
  const { params } = await scenario.untilAsked('/recorded')
  assert.deepEqual(
    [params.RecordingSid, params.ConferenceSid, params.RecordingStatus, params.RecordingSource],
    [running!.sid, room!.sid, 'completed', 'Conference'],
  )
  assert.equal((await recordings(running!.sid).fetch()).status, 'completed')
  assert.equal(await recordings(running!.sid).remove(), true)
})

test('SDK-13, TYP-12: refusals are thrown with their status, code and where it is explained', async (t) => {
  const { client, base } = await open(t)
  const refusals: readonly (readonly [() => Promise<unknown>, number, number])[] = [
    [() => client.calls(`CA${'0'.repeat(32)}`).fetch(), 404, 20404],
    [() => client.calls.create({ to: 'sip:x@127.0.0.1', from: TWILIO_NUMBER }), 400, 21205],
    [() => client.calls.create({ to: '', from: TWILIO_NUMBER, twiml: '<Response/>' }), 400, 21201],
    [() => client.calls.create({ to: 'sip:x@127.0.0.1', from: '', twiml: '<Response/>' }), 400, 21213],
    [() => client.calls.create({ to: 'no number', from: TWILIO_NUMBER, twiml: '<Response/>' }), 400, 21211],
    [
      () => client.calls.create({ to: 'sip:x@127.0.0.1', from: '1', twiml: '<Response/>', sendDigits: 'x' }),
      400,
      21206,
    ],
    [() => client.calls.create({ to: 'sip:x@127.0.0.1', from: '1', applicationSid: 'AP1' }), 400, 21218],
    [() => client.queues('QUnone').fetch(), 404, 20404],
  ]
  for (const [ask, status, code] of refusals) await refuses(ask(), status, code)
  const wrong = twilio(SID, `${TOKEN} `)
  wrong.api.baseUrl = base
  await refuses(wrong.calls.list(), 401, 20003)
})

test('SDK-02: a client of one’s own that rewrites the host reaches the switch, too', async (t) => {
  const { base } = await open(t)
  const plain = new twilio.RequestClient()
  const client = twilio(SID, TOKEN, {
    httpClient: {
      request: (options: { uri: string }) =>
        plain.request({ ...options, uri: options.uri.replace('https://api.twilio.com', base) } as never),
    } as never,
  })
  assert.equal((await client.api.v2010.accounts(SID).fetch()).sid, SID)
})

test('SDK-03, SDK-04: which hosts the SDK leaves whole, as docs/twilio.md warns', async () => {
  const hosts = async (base: string, more: object = {}) => {
    let asked = ''
    const client = twilio(SID, TOKEN, {
      ...more,
      httpClient: {
        request: async ({ uri }: { uri: string }) => {
          asked = new URL(uri).host
          return { statusCode: 200, body: { calls: [] }, headers: {} }
        },
      } as never,
    })
    client.api.baseUrl = base
    await client.calls.list()
    return asked
  }
  for (const whole of ['127.0.0.1:8080', 'localhost:8080', 'pbx.example.com', 'a.b.c.example.com'])
    assert.equal(await hosts(`http://${whole}`), whole)
  assert.equal(await hosts('http://pbx.local'), 'pbx.local.pbx.local')
  assert.notEqual(await hosts('http://a.b.c.d.example.com'), 'a.b.c.d.example.com')
  // What it makes of an address is no host at all, and stays undone.
  assert.equal(await hosts('http://127.0.0.1:8080', { edge: 'sydney' }), '127.0.0.1:8080')
  for (const more of [{ edge: 'sydney' }, { region: 'au1' }])
    assert.notEqual(await hosts('http://localhost:8080', more), 'localhost:8080')
})
