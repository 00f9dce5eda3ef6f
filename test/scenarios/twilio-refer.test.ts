// Transfers (twilio-voice §4.10): the document asks a telephone to call somebody else, and telephones ask that of us.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whoHearsWhom } from '#testkit/ears.ts'
import type { Phone, PhoneCall } from '#testkit/phone.ts'
import { openTwilioScenario, type TwilioScenario, twiml } from './twilio-app.ts'

const SOUNDS = [
  { name: 'caller', frequenciesHz: [400] },
  { name: 'agent', frequenciesHz: [700] },
  { name: 'third', frequenciesHz: [1000] },
]

/** A telephone that hums and rings a while before it answers. */
async function telephone(scenario: TwilioScenario, name: string, humHz: number, ringMs = 0): Promise<Phone> {
  const phone = await scenario.phone(name)
  phone.onCall((call) => {
    call.party.hum(humHz)
    call.ring()
    scenario.clock.at(scenario.clock.nowMs() + ringMs, () => call.answer())
  })
  return phone
}

/** What somebody was told of its transfer, once it was. */
function outcomeOf(call: PhoneCall, to: string): { status: number | null } {
  const outcome: { status: number | null } = { status: null }
  void call.refer(to).then((status) => {
    outcome.status = status
  })
  return outcome
}

test('REF-01, REF-02: a Refer has the telephone call somebody else, with headers; the action hears 202 and 200', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const target = await telephone(scenario, 'target', 1000, 1_000)
  scenario.on(
    '/voice',
    twiml(
      `<Refer action="/referred"><Sip>${target.uri}?X-Ticket=4%202&amp;User-to-User=ab%3Bencoding%3Dhex</Sip></Refer>`,
    ),
  )
  scenario.on('/referred', twiml('<Pause length="20"/>'))
  const { phone, call } = await scenario.dialIn('caller', 400)
  const seen: string[] = []
  call.onRefer = (referral) => {
    seen.push(String(referral.request.get('refer-to')))
    void phone.follow(referral, target.address)
  }
  const action = await scenario.untilAsked('/referred')
  assert.deepEqual(seen, [`<${target.uri}?X-Ticket=4%202&User-to-User=ab%3Bencoding%3Dhex>`])
  const { ReferCallStatus, ReferSipResponseCode, NotifySipResponseCode, CallStatus } = action.params
  assert.deepEqual(
    { ReferCallStatus, ReferSipResponseCode, NotifySipResponseCode, CallStatus },
    {
      ReferCallStatus: 'in-progress',
      ReferSipResponseCode: '202',
      NotifySipResponseCode: '200',
      CallStatus: 'in-progress',
    },
  )
  assert.equal(target.calls[0]!.state, 'up')
  assert.match(String(target.calls[0]!.invite!.get('x-ticket')), /^4 2$/)
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('REF-02: a telephone that will not, one whose target is busy, and nobody named', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const busy = await scenario.phone('busy')
  busy.onCall((one) => one.reject(486))
  scenario.on('/voice', twiml(`<Refer action="/referred"><Sip>${busy.uri}</Sip></Refer>`))
  scenario.on('/referred', twiml('<Hangup/>'))
  const refusing = (await scenario.dialIn('refusing', 400)).call
  refusing.onRefer = (referral) => referral.report(405)
  const refused = (await scenario.untilAsked('/referred')).params
  assert.deepEqual([refused.ReferCallStatus, refused.ReferSipResponseCode], ['failed', '405'])
  assert.ok(!('NotifySipResponseCode' in refused))
  await clock.until(() => refusing.state === 'ended')

  const { phone, call } = await scenario.dialIn('willing', 400)
  call.onRefer = (referral) => void phone.follow(referral, busy.address)
  const told = (await scenario.untilAsked('/referred', 2)).params
  assert.deepEqual(
    [told.ReferCallStatus, told.ReferSipResponseCode, told.NotifySipResponseCode],
    ['busy', '202', '486'],
  )
  await clock.until(() => call.state === 'ended')

  scenario.on('/voice', twiml('<Refer action="/referred"/>'))
  const nobody = (await scenario.dialIn('nobody', 400)).call
  const failed = (await scenario.untilAsked('/referred', 3)).params
  assert.equal(failed.ReferCallStatus, 'failed')
  await clock.until(() => nobody.state === 'ended')
  await scenario.close()
})

test('REF-03: a caller that hangs up while the target rings: canceled, with the last that was told', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const target = await telephone(scenario, 'target', 1000, 30_000)
  scenario.on('/voice', twiml(`<Refer action="/referred"><Sip>${target.uri}</Sip></Refer>`))
  const { phone, call } = await scenario.dialIn('caller', 400)
  call.onRefer = (referral) => void phone.follow(referral, target.address)
  await clock.until(() => target.calls[0]?.state === 'ringing')
  await clock.advance(500)
  call.hangUp()
  const { params } = await scenario.untilAsked('/referred')
  assert.deepEqual(
    [params.ReferCallStatus, params.ReferSipResponseCode, params.NotifySipResponseCode],
    ['canceled', '202', '180'],
  )
  await scenario.close()
})

/** A caller dialled through to an agent. */
async function connected(dial: string) {
  const scenario = await openTwilioScenario()
  const agentPhone = await telephone(scenario, 'agent', 700)
  scenario.on('/voice', twiml(`<Dial action="/after" ${dial}><Sip>${agentPhone.uri}</Sip></Dial>`))
  scenario.on('/after', twiml('<Hangup/>'))
  const { call: caller } = await scenario.dialIn('caller', 400)
  await scenario.clock.until(() => caller.state === 'up' && agentPhone.calls[0]?.state === 'up')
  await scenario.clock.advance(1_000)
  const agent = agentPhone.calls[0]!
  const parties = { caller: caller.party, agent: agent.party }
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), { caller: ['agent'], agent: ['caller'] })
  return { scenario, clock: scenario.clock, caller, agent, parties }
}

test('REF-04, REF-05, REF-06, DIAL-13, WH-09: the callee refers: the document runs on the caller, and the callee is let go with it', async () => {
  const { scenario, clock, caller, agent } = await connected('referUrl="/refer"')
  const third = await telephone(scenario, 'third', 1000, 1_000)
  scenario.on('/refer', twiml(`<Dial><Sip>${third.uri}</Sip></Dial>`))
  const outcome = outcomeOf(agent, `${third.uri}?X-Case=7`)
  const { params } = await scenario.untilAsked('/refer')
  assert.equal(params.ReferTransferTarget, `<${third.uri}?X-Case=7>`)
  assert.equal(params.CallSid, scenario.at('/voice')[0]!.params.CallSid)
  await clock.until(() => agent.state === 'ended')
  assert.equal(outcome.status, 200)
  await clock.until(() => third.calls[0]?.state === 'up')
  await clock.advance(1_000)
  const parties = { caller: caller.party, third: third.calls[0]!.party }
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), { caller: ['third'], third: ['caller'] })
  third.calls[0]!.hangUp()
  await clock.until(() => caller.state === 'ended')
  assert.equal(scenario.at('/after').length, 0, 'the first Dial has no say any more')
  await scenario.close()
})

test('REF-04, REF-05: the caller refers: the document runs on the callee', async () => {
  const { scenario, clock, caller, agent } = await connected('referUrl="/refer" referMethod="GET"')
  const third = await telephone(scenario, 'third', 1000)
  scenario.on('/refer', twiml(`<Dial action="/second"><Sip>${third.uri}</Sip></Dial>`))
  scenario.on('/second', twiml('<Hangup/>'))
  const outcome = outcomeOf(caller, third.uri)
  const { params, method } = await scenario.untilAsked('/refer')
  assert.equal(method, 'GET')
  assert.equal(params.ParentCallSid, scenario.at('/voice')[0]!.params.CallSid)
  await clock.until(() => caller.state === 'ended')
  assert.equal(outcome.status, 200)
  await clock.until(() => third.calls[0]?.state === 'up')
  await clock.advance(1_000)
  const parties = { agent: agent.party, third: third.calls[0]!.party }
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), { agent: ['third'], third: ['agent'] })
  third.calls[0]!.hangUp()
  const second = await scenario.untilAsked('/second')
  assert.equal(second.params.DialCallStatus, 'completed')
  await clock.until(() => agent.state === 'ended')
  await scenario.close()
})

for (const who of ['callee', 'caller'] as const) {
  test(`REF-06: with answerOnBridge the ${who} that refers is kept until the target answers`, async () => {
    const { scenario, clock, caller, agent } = await connected('answerOnBridge="true" referUrl="/refer"')
    const third = await telephone(scenario, 'third', 1000, 3_000)
    scenario.on('/refer', twiml(`<Dial><Sip>${third.uri}</Sip></Dial>`))
    const [asking, staying, name] = who === 'callee' ? [agent, caller, 'caller'] : [caller, agent, 'agent']
    const outcome = outcomeOf(asking, third.uri)
    await clock.until(() => third.calls[0]?.state === 'ringing')
    await clock.advance(1_000)
    assert.deepEqual([asking.state, outcome.status], ['up', null])
    await clock.until(() => third.calls[0]?.state === 'up')
    await clock.until(() => asking.state === 'ended')
    assert.equal(outcome.status, 200)
    await clock.advance(1_000)
    const parties = { staying: staying.party, third: third.calls[0]!.party }
    assert.deepEqual(whoHearsWhom(parties, SOUNDS), { staying: ['third'], third: [name] })
    third.calls[0]!.hangUp()
    await clock.until(() => staying.state === 'ended')
    await scenario.close()
  })

  test(`REF-06: the ${who} gets its partner back when the target is busy, and when referUrl cannot be reached`, async () => {
    const { scenario, clock, caller, agent, parties } = await connected('answerOnBridge="true" referUrl="/refer"')
    const third = await scenario.phone('third')
    third.onCall((call) => {
      call.ring()
      clock.at(clock.nowMs() + 2_000, () => call.reject(486))
    })
    scenario.on('/refer', twiml(`<Dial><Sip>${third.uri}</Sip></Dial>`))
    const asking = who === 'callee' ? agent : caller
    const busy = outcomeOf(asking, third.uri)
    await clock.until(() => busy.status !== null)
    assert.ok(busy.status! >= 400)
    await clock.advance(1_500)
    assert.deepEqual(whoHearsWhom(parties, SOUNDS), { caller: ['agent'], agent: ['caller'] })
    scenario.on('/refer', { status: 500 })
    const unreachable = outcomeOf(asking, third.uri)
    await clock.until(() => unreachable.status !== null)
    assert.equal(unreachable.status, 503)
    await clock.advance(1_500)
    assert.deepEqual(whoHearsWhom(parties, SOUNDS), { caller: ['agent'], agent: ['caller'] })
    agent.hangUp()
    const after = await scenario.untilAsked('/after')
    assert.deepEqual([after.params.DialCallStatus, after.params.DialBridged], ['completed', 'true'])
    await clock.until(() => caller.state === 'ended')
    await scenario.close()
  })
}

test('REF-07: without referUrl the order is declined, noted as 13802, and the two talk on; so is one that is too long', async () => {
  const { scenario, clock, caller, agent, parties } = await connected('')
  const outcome = outcomeOf(agent, 'sip:third@127.0.0.1')
  await clock.until(() => outcome.status !== null)
  assert.equal(outcome.status, 603)
  await clock.advance(1_000)
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), { caller: ['agent'], agent: ['caller'] })
  const { json } = await scenario.api('GET', '/Notifications.json')
  assert.ok(json.notifications.some((one: { error_code: string }) => one.error_code === '13802'))
  caller.hangUp()
  await clock.until(() => agent.state === 'ended')
  await scenario.close()
  const long = await connected('referUrl="/refer"')
  const refused = outcomeOf(long.agent, `sip:third@127.0.0.1?X-Long=${'a'.repeat(250)}`)
  await long.clock.until(() => refused.status !== null)
  assert.deepEqual([refused.status, long.scenario.at('/refer').length], [400, 0])
  await long.scenario.close()
})

test('REF-04: nobody is transferred out of a conference', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Dial referUrl="/refer"><Conference>room</Conference></Dial>'))
  const one = (await scenario.dialIn('one', 400)).call
  const two = (await scenario.dialIn('two', 700)).call
  await scenario.clock.until(() => one.state === 'up' && two.state === 'up')
  await scenario.clock.advance(500)
  const outcome = outcomeOf(one, 'sip:third@127.0.0.1')
  await scenario.clock.until(() => outcome.status !== null)
  assert.deepEqual([outcome.status, scenario.at('/refer').length], [603, 0])
  await scenario.close()
})
