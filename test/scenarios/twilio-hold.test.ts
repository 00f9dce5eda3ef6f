// Hold and resume both ways of the article (twilio-voice §10): by conference, and by separate legs with a queue. Who hears
// whom is measured before, during and after, and hold music by its tones.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whoHearsWhom } from '#testkit/ears.ts'
import { wavOf } from './tones.ts'
import { APP, openTwilioScenario, TWILIO_NUMBER, twiml } from './twilio-app.ts'

const SOUNDS = [
  { name: 'customer', frequenciesHz: [400] },
  { name: 'agent', frequenciesHz: [700] },
  { name: 'music', frequenciesHz: [1100, 1700] },
]

test('HOLD-01 to 06: a participant is held with music and taken back; the other hears nothing of it meanwhile', async () => {
  // rows: PT-01, PT-03, CF-01, WH-08, CONF-01
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on(
    '/voice',
    twiml(
      '<Dial><Conference statusCallback="/room" statusCallbackEvent="start end join leave hold">room</Conference></Dial>',
    ),
  )
  scenario.files.set(`${APP}/hold.wav`, wavOf([1100, 1700], 2))
  const customer = (await scenario.dialIn('customer', 400)).call
  const agent = (await scenario.dialIn('agent', 700)).call
  await clock.until(() => customer.state === 'up' && agent.state === 'up')
  await clock.advance(2_000)
  const parties = { customer: customer.party, agent: agent.party }
  const talking = { customer: ['agent'], agent: ['customer'] }
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), talking)

  const listed = await scenario.api('GET', '/Conferences.json?FriendlyName=room&Status=in-progress')
  assert.equal(listed.status, 200)
  const room = listed.json.conferences[0]
  const participants = await scenario.api('GET', `/Conferences/${room.sid}/Participants.json`)
  assert.equal(participants.json.participants.length, 2)
  const sid = scenario.at('/voice')[0]!.params.CallSid!
  const path = `/Conferences/${room.sid}/Participants/${sid}.json`

  const held = await scenario.api('POST', path, { Hold: 'true', HoldUrl: `${APP}/hold.wav` })
  assert.equal(held.status, 200)
  assert.equal(held.json.hold, true)
  assert.equal(held.json.call_sid, sid)
  await clock.advance(6_000)
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), { customer: ['music'], agent: [] })
  const resumed = await scenario.api('POST', path, { Hold: 'false' })
  assert.equal(resumed.json.hold, false)
  await clock.advance(2_000)
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), talking)

  // HOLD-06: by a document, too.
  scenario.on('/music', twiml('<Play>/tone.wav</Play>'))
  scenario.files.set(`${APP}/tone.wav`, wavOf([1100, 1700], 1))
  await scenario.api('POST', path, { Hold: 'true', HoldUrl: `${APP}/music`, HoldMethod: 'POST' })
  await clock.advance(6_000)
  assert.deepEqual(whoHearsWhom(parties, SOUNDS, 400), { customer: ['music'], agent: [] })
  assert.ok(scenario.at('/music').length >= 3, 'the document is asked for again while the hold lasts')
  await scenario.api('POST', path, { Hold: 'false' })
  await clock.advance(2_000)
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), talking)

  // HOLD-04.
  const gone = await scenario.api('POST', `/Conferences/${room.sid}/Participants/CA${'0'.repeat(32)}.json`, {
    Hold: 'true',
  })
  assert.deepEqual([gone.status, gone.json.code], [404, 20404])
  agent.hangUp()
  customer.hangUp()
  await clock.until(() => customer.state === 'ended' && agent.state === 'ended')
  await clock.advance(1_000)
  const over = await scenario.api('POST', path, { Hold: 'true' })
  assert.deepEqual([over.status, over.json.code], [404, 20404])
  await scenario.close()
})

test('LEG-01 to 07: the customer waits in a queue with music and is taken up again by the agent, on the same call', async () => {
  // rows: ENQ-01 to 05, QN-01, WH-07
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const agent = await scenario.phone('agent')
  scenario.on('/voice', twiml(`<Dial><Sip>${agent.uri}</Sip></Dial><Redirect>/parent-alone</Redirect>`))
  scenario.on('/parent-alone', twiml('<Pause length="30"/>'))
  scenario.on('/enqueue', twiml('<Enqueue waitUrl="/music" action="/dequeued">\n    support\n  </Enqueue>'))
  scenario.on('/music', twiml('<Play>/tone.wav</Play>'))
  scenario.files.set(`${APP}/tone.wav`, wavOf([1100, 1700], 1))
  scenario.on('/hold-agent', twiml('<Pause length="60"/>'))
  scenario.on('/resume', twiml('<Dial><Queue>support</Queue></Dial>'))
  scenario.on('/dequeued', twiml('<Hangup/>'))
  const customer = (await scenario.dialIn('customer', 400)).call
  await clock.until(() => agent.calls[0]?.state === 'up')
  const agentCall = agent.calls[0]!
  agentCall.party.hum(700)
  await clock.advance(2_000)
  const parties = { customer: customer.party, agent: agentCall.party }
  const talking = { customer: ['agent'], agent: ['customer'] }
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), talking)

  const calls = (await scenario.api('GET', '/Calls.json')).json.calls
  const child = calls.find((one: { direction: string }) => one.direction === 'outbound-dial')
  const parent = calls.find((one: { direction: string }) => one.direction === 'inbound')
  assert.equal(child.parent_call_sid, parent.sid)
  // The agent first, or it would be hung up with the bridge.
  const kept = await scenario.api('POST', `/Calls/${child.sid}.json`, { Url: `${APP}/hold-agent` })
  assert.equal(kept.status, 200)
  await scenario.untilAsked('/parent-alone')
  const queued = await scenario.api('POST', `/Calls/${parent.sid}.json`, { Url: `${APP}/enqueue` })
  assert.equal(queued.status, 200)
  await scenario.untilAsked('/music', 3)
  await clock.advance(500)
  assert.deepEqual(whoHearsWhom(parties, SOUNDS, 300), { customer: ['music'], agent: [] })
  const wait = scenario.at('/music')[2]!.params
  assert.equal(wait.QueuePosition, '1')
  assert.equal(wait.CurrentQueueSize, '1')
  assert.equal(wait.MaxQueueSize, '1000')
  assert.equal(wait.CallSid, parent.sid)

  await scenario.api('POST', `/Calls/${child.sid}.json`, { Url: `${APP}/resume` })
  await clock.advance(3_000)
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), talking)
  assert.equal(customer.state, 'up')
  agentCall.hangUp()
  const dequeued = await scenario.untilAsked('/dequeued')
  assert.equal(dequeued.params.QueueResult, 'bridged')
  assert.equal(dequeued.params.CallSid, parent.sid)
  assert.equal(scenario.at('/voice')[0]!.params.To, TWILIO_NUMBER)
  await clock.until(() => customer.state === 'ended')
  await scenario.close()
})
