// `<Dial><Application>` (twilio-voice APP-01): a program at the far end of another one's call, heard by the caller's telephone.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccountId } from '#base/ids.ts'
import { hearing, whoHearsWhom } from '#testkit/ears.ts'
import { ACCOUNT } from './house.ts'
import { wavOf } from './tones.ts'
import { APP, notes, openTwilioScenario, SID, TOKEN, TWILIO_NUMBER, type TwilioScenario, twiml } from './twilio-app.ts'

const CALLER = { name: 'caller', frequenciesHz: [400] }
const AGENT = { name: 'agent', frequenciesHz: [700] }
const MUSIC = { name: 'music', frequenciesHz: [1100, 1700] }
const OTHER = { name: 'other', frequenciesHz: [900] }
const SOUNDS = [CALLER, AGENT, MUSIC, OTHER]

/** An application of the main account whose voice URL is `/child`. */
async function application(scenario: TwilioScenario, more: Readonly<Record<string, string>> = {}): Promise<string> {
  scenario.files.set(`${APP}/music.wav`, wavOf([1100, 1700], 4))
  scenario.files.set(`${APP}/other.wav`, wavOf([900], 4))
  const { status, json } = await scenario.api('POST', '/Applications.json', {
    FriendlyName: 'child',
    VoiceUrl: `${APP}/child`,
    ...more,
  })
  assert.equal(status, 201)
  return json.sid
}

/** A Dial of it. */
function dial(sid: string, { attributes = '', noun = '', inside = '' } = {}): string {
  return twiml(
    `<Dial action="/after" ${attributes}><Application ${noun}><ApplicationSid>${sid}</ApplicationSid>${inside}</Application></Dial>`,
  )
}

test('APP-01: the application is asked as for a call that came in, and the caller hears what it plays and says what it gathers', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const sid = await application(scenario, { StatusCallback: `${APP}/status` })
  scenario.on(
    '/voice',
    dial(sid, {
      inside: '<Parameter name="AccountNumber" value="12345"/><Parameter name="With space" value="a &amp; b"/>',
    }),
  )
  scenario.on('/child', twiml('<Gather numDigits="3" action="/digits" timeout="20"><Play>/music.wav</Play></Gather>'))
  scenario.on('/digits', twiml('<Play>/other.wav</Play><Hangup/>'))
  scenario.on('/after', twiml('<Pause length="2"/>'))
  const { call } = await scenario.dialIn('caller', 400)
  const { params: asked } = await scenario.untilAsked('/child')
  const parent = scenario.at('/voice')[0]!.params
  assert.deepEqual(
    [
      asked.From,
      asked.To,
      asked.Direction,
      asked.CallStatus,
      asked.ParentCallSid,
      asked.AccountSid,
      asked.ApplicationSid,
    ],
    [parent.From, sid, 'inbound', 'ringing', parent.CallSid, SID, sid],
  )
  assert.deepEqual([asked.CustomerId, asked.Param_AccountNumber, asked['Param_With space']], [SID, '12345', 'a & b'])
  assert.notEqual(asked.CallSid, parent.CallSid)
  await clock.until(() => call.state === 'up')
  await clock.advance(2_000)
  assert.deepEqual(hearing(call.party, SOUNDS), ['music'])
  call.party.dial('407')
  const { params: digits } = await scenario.untilAsked('/digits')
  assert.deepEqual([digits.CallSid, digits.Digits, digits.CallStatus], [asked.CallSid, '407', 'in-progress'])
  assert.equal(digits.CustomerId, undefined)
  await clock.advance(2_000)
  assert.deepEqual(hearing(call.party, SOUNDS), ['other'])
  const after = await scenario.untilAsked('/after')
  assert.equal(after.params.DialCallSid, asked.CallSid)
  assert.equal(after.params.DialCallStatus, 'completed')
  assert.equal(after.params.DialBridged, 'true')
  assert.ok(Number(after.params.DialCallDuration) >= 6, after.params.DialCallDuration)
  assert.equal(after.params.CallStatus, 'in-progress')
  const status = await scenario.untilAsked('/status')
  assert.deepEqual([status.params.CallSid, status.params.CallStatus], [asked.CallSid, 'completed'])
  await clock.until(() => call.state === 'ended')
  assert.deepEqual(await notes(scenario), [])
  await scenario.close()
})

/** Dials in, and waits until the child plays its music. */
async function connected(scenario: TwilioScenario) {
  const { phone, call } = await scenario.dialIn('caller', 400)
  const child = await scenario.untilAsked('/child')
  await scenario.clock.until(() => call.state === 'up')
  await scenario.clock.advance(1_500)
  assert.deepEqual(hearing(call.party, SOUNDS), ['music'])
  return { phone, call, child: child.params.CallSid!, parent: scenario.at('/voice')[0]!.params.CallSid! }
}

const LONG = twiml('<Play>/music.wav</Play><Pause length="600"/>')

test('APP-01: copyParentTo, customerId and callerId say who is called, by whom, and for whom', async () => {
  const scenario = await openTwilioScenario()
  const sid = await application(scenario)
  scenario.on('/child', twiml('<Hangup/>'))
  const cases = [
    ['', '', [undefined, sid, SID]],
    ['', 'copyParentTo="true" customerId="Kunde 7"', [undefined, TWILIO_NUMBER, 'Kunde 7']],
    ['callerId="+15550177"', 'copyParentTo="false"', ['+15550177', sid, SID]],
    ['', `customerId="${'x'.repeat(256)}"`, [undefined, sid, 'x'.repeat(256)]],
  ] as const
  for (const [index, [attributes, noun, [from, to, customer]]] of cases.entries()) {
    scenario.on('/voice', dial(sid, { attributes, noun }))
    const { call } = await scenario.dialIn(`caller${index}`, 400)
    await scenario.clock.until(() => call.state === 'ended')
    const { params } = scenario.at('/child')[index]!
    assert.deepEqual([params.From, params.To, params.CustomerId], [from ?? `caller${index}`, to, customer])
    assert.deepEqual([params.Caller, params.Called], [params.From, params.To])
  }
  assert.deepEqual(await notes(scenario), [])
  await scenario.close()
})

test('APP-01: the child is in the lists as a call that came in, below its parent, and nothing else is', async () => {
  const scenario = await openTwilioScenario()
  const sid = await application(scenario)
  scenario.on('/voice', dial(sid))
  scenario.on('/child', LONG)
  const { call, child, parent } = await connected(scenario)
  assert.equal(scenario.house.engine.liveCalls().length, 2)
  const shown = (await scenario.api('GET', `/Calls/${child}.json`)).json
  assert.deepEqual(
    [shown.parent_call_sid, shown.direction, shown.status, shown.to, shown.from],
    [parent, 'inbound', 'in-progress', sid, 'caller'],
  )
  call.hangUp()
  await scenario.clock.until(() => scenario.house.engine.hall.calls.size === 0)
  const sids = async (query: string): Promise<readonly string[]> =>
    (await scenario.api('GET', `/Calls.json${query}`)).json.calls.map((one: { sid: string }) => one.sid)
  assert.deepEqual((await sids('')).toSorted(), [child, parent].toSorted())
  assert.deepEqual(await sids(`?ParentCallSid=${parent}`), [child])
  assert.deepEqual(await sids(`?To=${sid}`), [child])
  const events = (await scenario.api('GET', `/Calls/${child}/Events.json`)).json.events
  assert.equal(events.length, 1)
  const subjects = await scenario.store.db.selectFrom('events').select('subject_id').distinct().execute()
  assert.deepEqual(subjects.map((one) => `CA${one.subject_id}`).toSorted(), [child, parent].toSorted())
  await scenario.close()
})

test('APP-01: whoever hangs up ends both: the caller, REST on either call, a star, the time limit', async () => {
  const ends: Readonly<
    Record<
      string,
      (scenario: TwilioScenario, on: Awaited<ReturnType<typeof connected>>) => Promise<unknown> | undefined
    >
  > = {
    caller: (_, { call }) => void call.hangUp(),
    child: (scenario, { child }) => scenario.api('POST', `/Calls/${child}.json`, { Status: 'completed' }),
    parent: (scenario, { parent }) => scenario.api('POST', `/Calls/${parent}.json`, { Status: 'completed' }),
    star: (_, { call }) => void call.party.dial('*'),
    time: (scenario) => scenario.clock.advance(30_000),
  }
  for (const [who, end] of Object.entries(ends)) {
    const scenario = await openTwilioScenario()
    const { clock } = scenario
    const sid = await application(scenario, { StatusCallback: `${APP}/status` })
    const attributes = who === 'star' ? 'hangupOnStar="true"' : who === 'time' ? 'timeLimit="10"' : ''
    scenario.on('/voice', dial(sid, { attributes }))
    scenario.on('/child', LONG)
    scenario.on('/after', twiml('<Hangup/>'))
    const on = await connected(scenario)
    await end(scenario, on)
    const { params } = await scenario.untilAsked('/after')
    const gone = who === 'caller' || who === 'parent'
    assert.deepEqual(
      [params.DialCallSid, params.DialCallStatus, params.DialBridged, params.CallStatus],
      [on.child, 'completed', 'true', gone ? 'completed' : 'in-progress'],
      who,
    )
    await clock.until(() => on.call.state === 'ended' && scenario.house.engine.hall.calls.size === 0)
    const status = await scenario.untilAsked('/status')
    assert.deepEqual([status.params.CallSid, status.params.CallStatus], [on.child, 'completed'])
    if (who === 'time') assert.equal(params.DialCallDuration, '10')
    await scenario.close()
  }
})

test('APP-01: its document may dial on: the caller and whoever it reaches hear each other', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const sid = await application(scenario)
  const agent = await scenario.phone('agent')
  scenario.on('/voice', dial(sid))
  scenario.on('/child', twiml(`<Dial action="/inner"><Sip>${agent.uri}</Sip></Dial>`))
  scenario.on('/inner', twiml('<Play>/music.wav</Play>'))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => agent.calls[0]?.state === 'up')
  const far = agent.calls[0]!
  far.party.hum(700)
  await clock.advance(2_000)
  assert.deepEqual(whoHearsWhom({ caller: call.party, agent: far.party }, SOUNDS), {
    caller: ['agent'],
    agent: ['caller'],
  })
  far.hangUp()
  const { params } = await scenario.untilAsked('/inner')
  assert.equal(params.CallSid, scenario.at('/child')[0]!.params.CallSid)
  await clock.advance(2_000)
  assert.deepEqual(hearing(call.party, SOUNDS), ['music'])
  await clock.until(() => scenario.at('/after').length > 0)
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('APP-01: with answerOnBridge the caller is answered when the child is; a Reject is busy, with words for the Dial', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const sid = await application(scenario)
  scenario.on('/voice', dial(sid, { attributes: 'answerOnBridge="true"' }))
  scenario.on(
    '/child',
    twiml('<Pause length="5"/><Play>/music.wav</Play><Hangup><Parameter name="Order" value="12 &amp; 13"/></Hangup>'),
  )
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await scenario.untilAsked('/child')
  await clock.advance(4_000)
  assert.notEqual(call.state, 'up')
  await clock.until(() => call.state === 'up')
  await clock.advance(1_500)
  assert.deepEqual(hearing(call.party, SOUNDS), ['music'])
  const first = await scenario.untilAsked('/after')
  assert.deepEqual([first.params.DialCallStatus, first.params.ReturnParam_Order], ['completed', '12 & 13'])
  await clock.until(() => call.state === 'ended')
  scenario.on('/child', twiml('<Reject reason="busy"><Parameter name="Why" value="full"/></Reject>'))
  const { call: second } = await scenario.dialIn('caller2', 400)
  const { params } = await scenario.untilAsked('/after', 2)
  assert.deepEqual(
    [params.DialCallStatus, params.DialBridged, params.DialCallDuration, params.ReturnParam_Why],
    ['busy', 'false', '0', 'full'],
  )
  assert.equal(params.DialCallSid, scenario.at('/child')[1]!.params.CallSid)
  await clock.until(() => second.state === 'ended')
  await scenario.close()
})

test('APP-01: an application that does not answer in time is no answer, and its call is over', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const sid = await application(scenario)
  scenario.on('/voice', dial(sid, { attributes: 'timeout="5"' }))
  scenario.on('/child', twiml('<Pause length="60"/>'))
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  const { params } = await scenario.untilAsked('/after')
  assert.equal(params.DialCallStatus, 'no-answer')
  await clock.until(() => call.state === 'ended' && scenario.house.engine.hall.calls.size === 0)
  const child = scenario.at('/child')[0]!.params.CallSid
  assert.equal((await scenario.api('GET', `/Calls/${child}.json`)).json.status, 'no-answer')
  await scenario.close()
})

test('APP-01: the status callbacks of the noun tell of the child, and its screening document runs before the bridge', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const sid = await application(scenario)
  const events = 'statusCallbackEvent="initiated answered completed"'
  scenario.on('/voice', dial(sid, { noun: `url="/screen" statusCallback="/told" ${events}` }))
  scenario.on('/screen', twiml('<Pause length="2"/>'))
  scenario.on('/child', twiml('<Pause length="1"/><Pause length="4"/><Play>/music.wav</Play>'))
  const { call } = await scenario.dialIn('caller', 400)
  const screen = await scenario.untilAsked('/screen')
  const child = scenario.at('/child')[0]!.params.CallSid
  const parent = scenario.at('/voice')[0]!.params.CallSid
  assert.deepEqual([screen.params.CallSid, screen.params.ParentCallSid], [child, parent])
  await clock.advance(1_000)
  assert.deepEqual(hearing(call.party, SOUNDS), [])
  await clock.until(() => call.state === 'ended')
  await scenario.untilAsked('/told', 3)
  assert.deepEqual(
    scenario.at('/told').map(({ params }) => [params.CallSid, params.ParentCallSid, params.CallStatus, params.To]),
    ['initiated', 'in-progress', 'completed'].map((status) => [child, parent, status, sid]),
  )
  await scenario.close()
})

test('APP-01: an application nobody has, and one without a voice URL, fail the Dial and are told of; the call goes on', async () => {
  const scenario = await openTwilioScenario()
  const silent = await application(scenario, { VoiceUrl: '' })
  const cases = [
    [`AP${'0'.repeat(32)}`, '21218'],
    ['nonsense', '21218'],
    [silent, '11100'],
    ['', '13220'],
  ] as const
  for (const [index, [sid, code]] of cases.entries()) {
    scenario.on('/voice', dial(sid))
    scenario.on('/after', twiml('<Play>/music.wav</Play>'))
    const { call } = await scenario.dialIn(`caller${index}`, 400)
    const { params } = await scenario.untilAsked('/after', index + 1)
    assert.deepEqual(
      [params.DialCallStatus, params.DialCallSid, params.CallStatus],
      ['failed', undefined, 'in-progress'],
    )
    await scenario.clock.advance(2_000)
    assert.deepEqual(hearing(call.party, SOUNDS), ['music'])
    await scenario.clock.until(() => call.state === 'ended')
    assert.deepEqual((await notes(scenario)).length, index + 1)
    assert.equal((await notes(scenario)).includes(code), true, code)
  }
  await scenario.close()
})

test('APP-01: another account’s application is reached only when it lets itself be, and is that account’s call', async () => {
  const scenario = await openTwilioScenario()
  const { clock, register } = scenario
  const { json: other } = await scenario.api('POST', '/2010-04-01/Accounts.json', { FriendlyName: 'other' })
  const account = other.sid.slice(2) as AccountId
  // The application of the scenario knows one token.
  await register.setAuthToken(account, TOKEN)
  const below = `/2010-04-01/Accounts/${other.sid}`
  const { json: made } = await scenario.api('POST', `${below}/Applications.json`, {
    FriendlyName: 'child',
    VoiceUrl: `${APP}/child`,
  })
  scenario.files.set(`${APP}/music.wav`, wavOf([1100, 1700], 4))
  scenario.on('/voice', dial(made.sid))
  scenario.on('/child', twiml('<Gather numDigits="1" action="/digits"><Play>/music.wav</Play></Gather>'))
  scenario.on('/after', twiml('<Hangup/>'))
  const { call: refused } = await scenario.dialIn('caller1', 400)
  const first = await scenario.untilAsked('/after')
  assert.equal(first.params.DialCallStatus, 'failed')
  await clock.until(() => refused.state === 'ended')
  assert.deepEqual(await notes(scenario), ['21218'])
  assert.equal(scenario.at('/child').length, 0)

  const changed = await scenario.api('POST', `${below}/Applications/${made.sid}.json`, {
    PublicApplicationConnectEnabled: 'true',
  })
  assert.equal(changed.json.public_application_connect_enabled, true)
  const { call } = await scenario.dialIn('caller2', 400)
  const { params } = await scenario.untilAsked('/child')
  assert.deepEqual(
    [params.AccountSid, params.CustomerId, params.From, params.To],
    [other.sid, SID, 'caller2', made.sid],
  )
  await clock.until(() => call.state === 'up')
  await clock.advance(1_500)
  assert.deepEqual(hearing(call.party, SOUNDS), ['music'])
  call.party.dial('5')
  const digits = await scenario.untilAsked('/digits')
  assert.deepEqual([digits.params.Digits, digits.params.AccountSid], ['5', other.sid])
  const after = await scenario.untilAsked('/after', 2)
  assert.deepEqual([after.params.DialCallSid, after.params.DialCallStatus], [params.CallSid, 'completed'])
  await clock.until(() => call.state === 'ended' && scenario.house.engine.hall.calls.size === 0)
  const listed = async (at: string): Promise<readonly string[]> =>
    (await scenario.api('GET', `${at}/Calls.json?ParentCallSid=${params.ParentCallSid}`)).json.calls.map(
      (one: { sid: string }) => one.sid,
    )
  assert.deepEqual(await listed(below), [params.CallSid])
  assert.deepEqual(await listed(`/2010-04-01/Accounts/AC${ACCOUNT}`), [])
  await scenario.close()
})

test('APP-01: when its voice URL fails its fallback is asked, with the same words; without one the caller hears an apology', async () => {
  const scenario = await openTwilioScenario({ speech: true })
  const { clock } = scenario
  const sid = await application(scenario, { VoiceFallbackUrl: `${APP}/fallback` })
  scenario.on('/voice', dial(sid, { inside: '<Parameter name="a" value="b"/>' }))
  scenario.on('/child', { status: 500 })
  scenario.on('/fallback', twiml('<Play>/music.wav</Play>'))
  const { call } = await scenario.dialIn('caller', 400)
  const { params } = await scenario.untilAsked('/fallback')
  assert.deepEqual([params.ErrorCode, params.Param_a, params.CustomerId], ['11200', 'b', SID])
  await clock.until(() => call.state === 'ended')
  await scenario.api('POST', `/Applications/${sid}.json`, { VoiceFallbackUrl: '' })
  const { call: second } = await scenario.dialIn('caller2', 400)
  await scenario.untilAsked('/child', 2)
  await clock.until(() => second.state === 'up')
  await clock.advance(1_500)
  assert.ok(second.party.loudness(1_000) > -40, 'something is said')
  const after = await scenario.untilAsked('/after', 2)
  assert.equal(after.params.DialCallStatus, 'completed')
  await clock.until(() => second.state === 'ended')
  await scenario.close()
})

test('APP-01: the parent sent elsewhere lets the child go; the child sent elsewhere stays with its parent', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const sid = await application(scenario)
  scenario.on('/voice', dial(sid))
  scenario.on('/child', LONG)
  scenario.on('/other', twiml('<Play>/other.wav</Play><Pause length="600"/>'))
  const { call, child, parent } = await connected(scenario)
  await scenario.api('POST', `/Calls/${child}.json`, { Url: `${APP}/other` })
  await clock.advance(2_000)
  assert.deepEqual(hearing(call.party, SOUNDS), ['other'])
  assert.equal(scenario.at('/after').length, 0)
  await scenario.api('POST', `/Calls/${parent}.json`, { Url: `${APP}/child` })
  const { params } = await scenario.untilAsked('/after')
  assert.deepEqual([params.DialCallSid, params.DialCallStatus], [child, 'completed'])
  await clock.advance(2_000)
  assert.deepEqual(hearing(call.party, SOUNDS), ['music'])
  assert.equal((await scenario.api('GET', `/Calls/${child}.json`)).json.status, 'completed')
  assert.equal(scenario.house.engine.hall.calls.size, 1)
  call.hangUp()
  await clock.until(() => scenario.house.engine.hall.calls.size === 0)
  await scenario.close()
})

test('APP-01: a telephone cannot transfer its call with an application', async () => {
  const scenario = await openTwilioScenario()
  const sid = await application(scenario)
  scenario.on('/voice', dial(sid, { attributes: 'referUrl="/refer"' }))
  scenario.on('/child', LONG)
  const { call } = await connected(scenario)
  const answered = call.refer('sip:somebody@elsewhere.test')
  await scenario.clock.advance(2_000)
  assert.equal(await answered, 603)
  assert.deepEqual(await notes(scenario), ['13802'])
  assert.equal(scenario.at('/refer').length, 0)
  call.hangUp()
  await scenario.clock.until(() => scenario.house.engine.hall.calls.size === 0)
  await scenario.close()
})

test('APP-01: applications that dial each other in circles come to an end', async () => {
  const scenario = await openTwilioScenario()
  const sid = await application(scenario)
  scenario.on('/voice', twiml(`<Dial answerOnBridge="true"><Application>${sid}</Application></Dial>`))
  scenario.on('/child', twiml(`<Dial answerOnBridge="true"><Application>${sid}</Application></Dial>`))
  const { call } = await scenario.dialIn('caller', 400)
  await scenario.clock.until(() => call.state === 'ended')
  await scenario.clock.until(() => scenario.house.engine.hall.calls.size === 0)
  const rounds = scenario.at('/child').length
  assert.ok(rounds > 10 && rounds <= 70, `${rounds} calls`)
  await scenario.close()
})
