// Both languages side by side in one switch: a call of the one and a call of the other meet in a SIP bridge, and each
// application hears of its own alone.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hearing } from '#testkit/ears.ts'
import { APP_URL } from './house.ts'
import { wavOf } from './tones.ts'
import { APP, openTwilioScenario, twiml } from './twilio-app.ts'

const TWILIO_NUMBER = '+15550100'
const TELNYX_NUMBER = '+15550200'
const SOUNDS = [
  { name: 'caller', frequenciesHz: [400] },
  { name: 'announcement', frequenciesHz: [1100] },
]

test('a Twilio call and a Telnyx call meet in a SIP bridge; each event goes to its owner only', async () => {
  const scenario = await openTwilioScenario({
    declared: {
      applications: [
        { name: 'twiml', dialect: 'twilio', webhook_url: `${APP}/voice` },
        { name: 'control', dialect: 'telnyx', webhook_url: APP_URL },
      ],
      numbers: [
        { number: TWILIO_NUMBER, application: 'twiml' },
        { number: TELNYX_NUMBER, application: 'control' },
      ],
    },
  })
  const { clock, sip } = scenario
  const asTwilio = scenario.onRequest
  scenario.onRequest = (request) => (request.url === APP_URL ? null : asTwilio(request))
  scenario.onWebhook = async ({ type, payload }) => {
    const path = `/v2/calls/${String(payload.call_control_id)}/actions`
    if (type === 'call.initiated') await scenario.rest('POST', `${path}/answer`, {})
    return 200
  }
  scenario.on(
    '/voice',
    twiml(
      `<Dial action="/after"><Sip statusCallback="${APP}/status" statusCallbackEvent="initiated ringing answered completed">sip:${TELNYX_NUMBER}@${sip.host}:${sip.port}</Sip></Dial>`,
    ),
  )
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => scenario.event('call.answered') !== undefined && call.state === 'up')
  await clock.advance(2_000)
  const controlled = scenario.event('call.answered')!.payload.call_control_id
  // What the one plays is heard by the other's caller.
  scenario.files.set('http://app.test/tone.wav', wavOf([1100], 3))
  await scenario.rest('POST', `/v2/calls/${String(controlled)}/actions/playback_start`, {
    audio_url: 'http://app.test/tone.wav',
  })
  await clock.advance(2_000)
  assert.deepEqual(hearing(call.party, SOUNDS, 400), ['announcement'])

  // Neither can command what is the other's, and neither hears of it.
  const twilioSid = scenario.at('/voice')[0]!.params.CallSid!
  const foreign = await scenario.rest(
    'POST',
    `/v2/calls/v3:${Buffer.from(twilioSid.slice(2), 'hex').toString('base64url')}/actions/hangup`,
    {},
  )
  assert.ok(foreign.status >= 400, `Call Control answered ${foreign.status} to a command for a TwiML call`)
  const telnyxLeg = String(scenario.event('call.answered')!.payload.call_leg_id).replaceAll('-', '')
  const unowned = await scenario.api('POST', `/Calls/CA${telnyxLeg}.json`, { Status: 'completed' })
  assert.equal(unowned.status, 404)
  assert.equal(call.state, 'up')

  await scenario.rest('POST', `/v2/calls/${String(controlled)}/actions/hangup`, {})
  const after = await scenario.untilAsked('/after')
  assert.equal(after.params.DialCallStatus, 'completed')
  await clock.until(() => call.state === 'ended')
  await clock.advance(2_000)
  const ownLegs = new Set(scenario.received.map(({ payload }) => payload.call_leg_id))
  assert.deepEqual(
    [...ownLegs].map((leg) => String(leg).replaceAll('-', '')),
    [telnyxLeg],
  )
  assert.deepEqual(
    scenario.types().filter((type) => type.startsWith('call.') && !type.startsWith('call.playback')),
    ['call.initiated', 'call.answered', 'call.hangup'],
  )
  const asked = new Set(scenario.asked.map(({ params }) => params.CallSid))
  assert.ok(!asked.has(`CA${telnyxLeg}`), 'the TwiML application heard of the other call')
  assert.deepEqual(
    scenario.at('/status').map(({ params }) => params.CallStatus),
    ['initiated', 'in-progress', 'completed'],
  )
  await scenario.close()
})
