// Calls run by TwiML (twilio-voice §3, §4): documents fetched, verbs heard, actions asked, redirects by REST.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hearing } from '#testkit/ears.ts'
import { openTwilioScenario, TWILIO_NUMBER, twiml } from './twilio-app.ts'

const CAROL = { name: 'carol', frequenciesHz: [400] }
const ALICE = { name: 'alice', frequenciesHz: [700] }

test('an incoming call asks for its document, is answered, gathers digits and hangs up (WH-01, GAT-02, ENG-05)', async () => {
  // rows: GAT-07, GAT-17, STD-03, STD-04, WH-04
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Gather numDigits="2" action="/digits" timeout="5"><Pause length="1"/></Gather>'))
  scenario.on('/digits', twiml('<Pause length="1"/><Hangup/>'))
  const { call } = await scenario.dialIn('carol', 400)
  await scenario.clock.until(() => call.state === 'up')
  const first = scenario.at('/voice')[0]!
  assert.equal(first.params.CallStatus, 'ringing')
  assert.equal(first.params.To, TWILIO_NUMBER)
  assert.equal(first.params.From, 'carol')
  assert.equal(first.params.Direction, 'inbound')
  await scenario.clock.advance(2_000)
  call.party.dial('42')
  const digits = await scenario.untilAsked('/digits')
  assert.equal(digits.params.Digits, '42')
  assert.equal(digits.params.CallStatus, 'in-progress')
  await scenario.clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('Dial connects two parties, and its action hears how that went (DIAL-01, DACT-01 to 04)', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', ({ params }) => {
    assert.equal(params.CallStatus, 'ringing')
    return twiml(`<Dial action="/after"><Sip>${alice.uri}</Sip></Dial>`)
  })
  scenario.on('/after', twiml('<Hangup/>'))
  const alice = await scenario.phone('alice')
  const { call } = await scenario.dialIn('carol', 400)
  await scenario.clock.until(() => alice.calls[0]?.state === 'up')
  const callee = alice.calls[0]!
  callee.party.hum(700)
  await scenario.clock.advance(3_000)
  assert.deepEqual(hearing(call.party, [CAROL, ALICE]), ['alice'])
  assert.deepEqual(hearing(callee.party, [CAROL, ALICE]), ['carol'])
  callee.hangUp()
  const after = await scenario.untilAsked('/after')
  assert.equal(after.params.DialCallStatus, 'completed')
  assert.equal(after.params.DialBridged, 'true')
  assert.equal(after.params.DialCallDuration, '3')
  assert.equal(after.params.DialSipResponseCode, '200')
  await scenario.clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('a Play of a RecordingUrl is heard, without anybody’s password (REC-09, PLAY-01)', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/voice', twiml('<Record action="/recorded" maxLength="3" playBeep="false"/>'))
  scenario.on('/recorded', ({ params }) => twiml(`<Play>${params.RecordingUrl}</Play>`))
  const { call } = await scenario.dialIn('carol', 400)
  const recorded = await scenario.untilAsked('/recorded')
  assert.equal(recorded.params.RecordingDuration, '3')
  call.party.hum(null)
  await clock.advance(2_000)
  assert.deepEqual(hearing(call.party, [CAROL]), ['carol'])
  await clock.until(() => call.state === 'ended')
  const notes = await scenario.api('GET', '/Notifications.json')
  assert.deepEqual(notes.json.notifications, [])
  await scenario.close()
})
