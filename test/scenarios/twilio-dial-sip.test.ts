// `<Dial><Sip>` to the letter (twilio-voice §8), the seven examples of its reference page among them (ACC-01 to ACC-08),
// with telephones that hum.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { field } from '#sip/message.ts'
import { hearing } from '#testkit/ears.ts'
import type { Phone, PhoneCall } from '#testkit/phone.ts'
import { APP, openTwilioScenario, type TwilioScenario, twiml } from './twilio-app.ts'

const CALLER = { name: 'caller', frequenciesHz: [400] }
const CALLEE = { name: 'callee', frequenciesHz: [700] }

async function up(scenario: TwilioScenario, phone: Phone, humHz = 700): Promise<PhoneCall> {
  await scenario.clock.until(() => phone.calls[0]?.state === 'up')
  const call = phone.calls[0]!
  call.party.hum(humHz)
  return call
}

function headersOf(call: PhoneCall | undefined, name: string): readonly string[] {
  return call?.invite?.headers.filter((one) => one.name.toLowerCase() === name).map((one) => one.value) ?? []
}

test('ACC-01, ACC-03: one endpoint with custom headers, decoded once, and what the answer carries', async () => {
  // rows: SIP-01, SIP-06, SIP-07, SIP-08, SIP-10, INV-01, DACT-02, DACT-06 to 08, SCB-05
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const kate = await scenario.phone('kate')
  kate.onCall((call) => call.answer([field('X-Answered-By', 'desk 7')]))
  const bare = kate.uri.replace('sip:', '')
  const query = 'x-mycustomheader=foo&amp;x-multi=a%2Cb%3Bc%3Dd&amp;User-to-User=123456789%3Bencoding%3Dhex'
  scenario.on('/voice', twiml(`<Dial action="/after"><Sip>\n  ${bare}?${query}\n</Sip></Dial>`))
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  const callee = await up(scenario, kate)
  await clock.advance(2_000)
  assert.deepEqual(hearing(call.party, [CALLER, CALLEE]), ['callee'])
  assert.deepEqual(hearing(callee.party, [CALLER, CALLEE]), ['caller'])
  assert.deepEqual(headersOf(callee, 'x-mycustomheader'), ['foo'])
  assert.deepEqual(headersOf(callee, 'x-multi'), ['a,b;c=d'])
  assert.deepEqual(headersOf(callee, 'user-to-user'), ['123456789;encoding=hex'])
  const parent = scenario.at('/voice')[0]!.params.CallSid!
  const child = (await scenario.api('GET', `/Calls.json?ParentCallSid=${parent}`)).json.calls[0]
  // INV-01: the sid is the child's.
  assert.deepEqual(headersOf(callee, 'x-twilio-callsid'), [child.sid])
  assert.deepEqual(headersOf(callee, 'x-twilio-accountsid'), [child.account_sid])
  callee.hangUp()
  const after = await scenario.untilAsked('/after')
  assert.equal(after.params.DialCallStatus, 'completed')
  assert.equal(after.params['DialSipHeader_X-Answered-By'], 'desk 7')
  assert.equal(after.params.DialSipResponseCode, '200')
  assert.ok(after.params.DialSipCallId)
  assert.equal(after.params.DialCallSid, child.sid)
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('ACC-05: recorded, screened on the callee alone, and ended by the caller with a star', async () => {
  // rows: SA-01, WSP-01, WH-06, STD-05, DIAL-02, DIAL-07, DACT-05, INV-02, INV-06
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const desk = await scenario.phone('desk')
  scenario.on(
    '/voice',
    twiml(
      `<Dial action="/after" method="GET" record="record-from-answer-dual" timeout="10" hangupOnStar="true" callerId="+15550177"><Sip url="/screen">${desk.uri}</Sip></Dial>`,
    ),
  )
  scenario.on('/screen', twiml('<Pause length="2"/>'))
  scenario.on('/after', twiml('<Pause length="1"/>'))
  const { call } = await scenario.dialIn('caller', 400)
  const callee = await up(scenario, desk)
  const screen = await scenario.untilAsked('/screen')
  assert.equal(screen.params.CallStatus, 'in-progress')
  assert.equal(screen.params.Direction, 'outbound-dial')
  assert.equal(screen.params.ParentCallSid, scenario.at('/voice')[0]!.params.CallSid)
  assert.ok(screen.params.SipCallId)
  await clock.advance(1_000)
  // WSP-01: not connected while it runs.
  assert.deepEqual(hearing(callee.party, [CALLER]), [])
  await clock.advance(3_000)
  assert.deepEqual(hearing(callee.party, [CALLER]), ['caller'])
  assert.match(callee.invite!.from!.uri.text, /^sip:\+15550177@/)
  call.party.dial('*')
  const after = await scenario.untilAsked('/after')
  assert.equal(after.method, 'GET')
  assert.equal(after.params.DialCallStatus, 'completed')
  assert.match(after.params.RecordingUrl ?? '', /\/2010-04-01\/Accounts\/AC[0-9a-f]{32}\/Recordings\/RE[0-9a-f]{32}$/)
  assert.equal(callee.state, 'ended')
  assert.equal(call.state, 'up')
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('ACC-06: four events, by POST and by GET, numbered from 0, with the duration on the last alone', async () => {
  // rows: SCB-01, SCB-04, SA-03, SA-04, WH-20, FMT-03, ST-03, CPE-01, CPE-03 to 05, CPE-07
  for (const method of ['POST', 'GET'] as const) {
    const scenario = await openTwilioScenario()
    const { clock } = scenario
    const desk = await scenario.phone('desk')
    desk.onCall((call) => {
      call.ring()
      clock.at(clock.nowMs() + 500, () => call.answer())
    })
    scenario.on(
      '/voice',
      twiml(
        `<Dial><Sip statusCallback="${APP}/status" statusCallbackMethod="${method}" statusCallbackEvent="initiated ringing answered completed">${desk.uri}</Sip></Dial>`,
      ),
    )
    const { call } = await scenario.dialIn('caller', 400)
    const callee = await up(scenario, desk)
    await clock.advance(2_000)
    callee.hangUp()
    await scenario.untilAsked('/status', 4)
    await clock.until(() => call.state === 'ended')
    await clock.advance(1_000)
    const told = scenario.at('/status')
    assert.deepEqual(
      told.map(({ params, method: by }) => [by, params.CallStatus, params.SequenceNumber, params.CallDuration]),
      [
        [method, 'initiated', '0', undefined],
        [method, 'ringing', '1', undefined],
        [method, 'in-progress', '2', undefined],
        [method, 'completed', '3', '2'],
      ],
    )
    for (const { params } of told) {
      assert.equal(params.CallbackSource, 'call-progress-events')
      assert.match(params.Timestamp ?? '', /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/)
      assert.equal(params.ParentCallSid, scenario.at('/voice')[0]!.params.CallSid)
    }
    await scenario.close()
  }
})

test('ACC-07: three at once; the first to answer is connected, the others are cancelled and told so', async () => {
  // rows: PAR-02, PAR-06, SCB-02, CPE-02, CPE-06, CPE-09
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const phones = await Promise.all(['one', 'two', 'three'].map((user) => scenario.phone(user)))
  for (const [index, phone] of phones.entries()) {
    phone.onCall((call) => {
      call.ring()
      if (index === 1) clock.at(clock.nowMs() + 1_000, () => call.answer())
    })
  }
  const nouns = phones.map((phone, index) => `<Sip statusCallback="${APP}/s${index}">${phone.uri}</Sip>`).join('')
  scenario.on('/voice', twiml(`<Dial action="/after">${nouns}</Dial>`))
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => phones.every((phone) => phone.calls.length === 1))
  const callee = await up(scenario, phones[1]!)
  await clock.advance(2_000)
  assert.deepEqual(hearing(call.party, [CALLEE]), ['callee'])
  for (const index of [0, 2]) {
    assert.equal(phones[index]!.calls[0]!.state, 'ended')
    const told = scenario.at(`/s${index}`)
    assert.deepEqual(
      told.map(({ params }) => [params.CallStatus, params.SipResponseCode, params.SequenceNumber]),
      [['canceled', '487', '2']],
    )
  }
  callee.hangUp()
  const after = await scenario.untilAsked('/after')
  assert.equal(after.params.DialCallStatus, 'completed')
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('ACC-08: one after the other: busy, no answer, no answer, and the Dial fails with the last', async () => {
  // rows: PAR-04, PAR-05, DIAL-15, DIAL-17, INV-05
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const phones = await Promise.all(['one', 'two', 'three'].map((user) => scenario.phone(user)))
  phones[0]!.onCall((call) => call.reject(486, [field('X-Why', 'lunch')]))
  for (const phone of phones.slice(1)) phone.onCall((call) => call.ring())
  const nouns = phones.map((phone) => `<Sip>${phone.uri}</Sip>`).join('')
  scenario.on('/voice', twiml(`<Dial action="/after" sequential="true" timeout="5">${nouns}</Dial>`))
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => phones[1]!.calls.length === 1)
  assert.equal(phones[2]!.calls.length, 0)
  await clock.advance(9_000)
  assert.equal(phones[2]!.calls.length, 0, 'the timeout has a margin of five seconds (DIAL-17)')
  await clock.advance(2_000)
  assert.equal(phones[2]!.calls.length, 1)
  const after = await scenario.untilAsked('/after')
  assert.equal(after.params.DialCallStatus, 'no-answer')
  assert.equal(after.params.DialSipResponseCode, '487')
  assert.equal(after.params.DialBridged, 'false')
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('a busy party, and one that is not there: how the action tells (§9.1, DACT-07, DACT-08)', async () => {
  for (const [status, word] of [
    [486, 'busy'],
    [600, 'busy'],
    [603, 'busy'],
    [480, 'no-answer'],
    [404, 'failed'],
    [403, 'failed'],
    [500, 'failed'],
  ] as const) {
    const scenario = await openTwilioScenario()
    const desk = await scenario.phone('desk')
    desk.onCall((call) => call.reject(status, [field('X-Why', 'lunch')]))
    scenario.on('/voice', twiml(`<Dial action="/after"><Sip>${desk.uri}</Sip></Dial>`))
    scenario.on('/after', twiml('<Hangup/>'))
    const { call } = await scenario.dialIn('caller', 400)
    const { params } = await scenario.untilAsked('/after')
    assert.deepEqual(
      [params.DialCallStatus, params.DialSipResponseCode, params['DialSipHeader_X-Why']],
      [word, String(status), 'lunch'],
    )
    await scenario.clock.until(() => call.state === 'ended')
    await scenario.close()
  }
})

test('ACC-10: a screening document with a Dial, one that hangs up, and one that cannot be had', async () => {
  // rows: WSP-03, WSP-04, WSP-06, ENG-12
  for (const [screen, status] of [
    [twiml('<Dial>+15550199</Dial>'), 'completed'],
    [twiml('<Hangup/>'), 'completed'],
    [{ status: 500 }, 'completed'],
  ] as const) {
    const scenario = await openTwilioScenario()
    const desk = await scenario.phone('desk')
    scenario.on('/voice', twiml(`<Dial action="/after"><Sip url="/screen">${desk.uri}</Sip></Dial>`))
    scenario.on('/screen', screen)
    scenario.on('/after', twiml('<Hangup/>'))
    const { call } = await scenario.dialIn('caller', 400)
    const after = await scenario.untilAsked('/after')
    assert.equal(after.params.DialCallStatus, status)
    assert.equal(after.params.DialBridged, 'false')
    assert.equal(desk.calls[0]!.state, 'ended')
    await scenario.clock.until(() => call.state === 'ended')
    await scenario.close()
  }
})

test('ACC-12, LEG-03: the child redirected while connected runs its document; the action has no duration', async () => {
  // rows: SCB-03, CALL-15, DACT-03, WH-05
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const desk = await scenario.phone('desk')
  scenario.on('/voice', twiml(`<Dial action="/after"><Sip>${desk.uri}</Sip></Dial>`))
  scenario.on('/after', twiml('<Pause length="5"/>'))
  scenario.on('/elsewhere', twiml('<Pause length="5"/>'))
  const { call } = await scenario.dialIn('caller', 400)
  const callee = await up(scenario, desk)
  await clock.advance(2_000)
  const parent = scenario.at('/voice')[0]!.params.CallSid!
  const child = (await scenario.api('GET', `/Calls.json?ParentCallSid=${parent}`)).json.calls[0]
  const redirected = await scenario.api('POST', `/Calls/${child.sid}.json`, { Url: `${APP}/elsewhere` })
  assert.equal(redirected.status, 200)
  const elsewhere = await scenario.untilAsked('/elsewhere')
  assert.equal(elsewhere.params.CallSid, child.sid)
  const after = await scenario.untilAsked('/after')
  assert.equal(after.params.DialCallStatus, 'completed')
  assert.equal(after.params.DialCallDuration, undefined)
  assert.equal(callee.state, 'up')
  assert.equal(call.state, 'up')
  await clock.until(() => call.state === 'ended' && callee.state === 'ended')
  await scenario.close()
})

test('DACT-10: the parent redirected while connected: its action is requested, its answer not used, the child hung up', async () => {
  // rows: LEG-02, CALL-14
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const desk = await scenario.phone('desk')
  scenario.on('/voice', twiml(`<Dial action="/after"><Sip>${desk.uri}</Sip></Dial>`))
  scenario.on('/after', twiml('<Redirect>/never</Redirect>'))
  scenario.on('/elsewhere', twiml('<Pause length="5"/>'))
  const { call } = await scenario.dialIn('caller', 400)
  const callee = await up(scenario, desk)
  await clock.advance(2_000)
  const parent = scenario.at('/voice')[0]!.params.CallSid!
  await scenario.api('POST', `/Calls/${parent}.json`, { Url: `${APP}/elsewhere` })
  await scenario.untilAsked('/elsewhere')
  await scenario.untilAsked('/after')
  await clock.advance(1_000)
  assert.equal(callee.state, 'ended')
  assert.equal(call.state, 'up')
  assert.equal(scenario.at('/never').length, 0)
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('DIAL-03: with answerOnBridge the caller rings until somebody answers', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const desk = await scenario.phone('desk')
  desk.onCall((call) => {
    call.ring()
    clock.at(clock.nowMs() + 3_000, () => call.answer())
  })
  scenario.on('/voice', twiml(`<Dial answerOnBridge="true"><Sip>${desk.uri}</Sip></Dial>`))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.advance(2_000)
  assert.equal(call.state, 'ringing')
  assert.ok(call.statuses.includes(180))
  const callee = await up(scenario, desk)
  await clock.advance(2_000)
  assert.equal(call.state, 'up')
  assert.deepEqual(hearing(call.party, [CALLEE]), ['callee'])
  call.hangUp()
  await clock.until(() => callee.state === 'ended')
  await scenario.close()
})
