// `<Dial><Application>` (twilio-voice APP-01): a program at the far end of another one's call, heard by the caller's telephone.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccountId } from '#base/ids.ts'
import { hearing, whoHearsWhom } from '#testkit/ears.ts'
import { wavOf } from './tones.ts'
import { APP, openTwilioScenario, SID, TOKEN, TWILIO_NUMBER, type TwilioScenario, twiml } from './twilio-app.ts'

const CALLER = { name: 'caller', frequenciesHz: [400] }
const AGENT = { name: 'agent', frequenciesHz: [700] }
const MUSIC = { name: 'music', frequenciesHz: [1100, 1700] }
const OTHER = { name: 'other', frequenciesHz: [900] }
const SOUNDS = [CALLER, AGENT, MUSIC, OTHER]

async function notes(scenario: TwilioScenario): Promise<readonly string[]> {
  const { json } = await scenario.api('GET', '/Notifications.json?PageSize=100')
  return json.notifications.map((one: { error_code: string }) => one.error_code)
}

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
