// The TwiML examples on the pretended network, every request signed and checked: an IVR with queue and voicemail, a screening
// of calls; and the web server they share.

import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import twilio, { type Twilio } from 'twilio'
import { whoHearsWhom } from '#testkit/ears.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { ScreeningApp } from '../../examples/call-screening/app.ts'
import { serveTwiml, type TwimlApp } from '../../examples/common/twiml.ts'
import { IvrApp } from '../../examples/ivr-twilio/app.ts'
import { APP, openTwilioScenario, SID, TOKEN, TWILIO_NUMBER, type TwilioScenario } from './twilio-app.ts'

const SOUNDS = [
  { name: 'caller', frequenciesHz: [700] },
  { name: 'agent', frequenciesHz: [900] },
]

async function open(t: TestContext): Promise<{ readonly scenario: TwilioScenario; readonly client: Twilio }> {
  const scenario = await openTwilioScenario({
    speech: true,
    declared: {
      applications: [{ name: 'demo', dialect: 'twilio', webhook_url: `${APP}/webhook` }],
      numbers: [{ number: TWILIO_NUMBER, application: 'demo' }],
    },
  })
  t.after(() => scenario.close())
  await scenario.house.http.listen({ host: '127.0.0.1', port: 0 })
  const client = twilio(SID, TOKEN)
  client.api.baseUrl = `http://127.0.0.1:${(scenario.house.http.server.address() as AddressInfo).port}`
  return { scenario, client }
}

/** The application answers as its web server would. */
function answers(scenario: TwilioScenario, app: TwimlApp, ...paths: readonly string[]): void {
  for (const path of paths) scenario.on(path, ({ params }) => app.document(path, params) ?? { status: 404 })
  for (const [path, file] of Object.entries(app.files ?? {})) scenario.files.set(APP + path, file())
}

/** Leaves a message: talks, then falls silent until the other end hangs up. */
async function leaveMessage(scenario: TwilioScenario, call: PhoneCall): Promise<void> {
  await scenario.clock.advance(8_000)
  call.party.hum(700)
  await scenario.clock.advance(4_000)
  call.party.hum(null)
  await scenario.clock.until(() => call.state === 'ended', 60_000)
}

test('an IVR in TwiML: one waits and is put through, two leaves a message, too long a wait leaves one too', async (t) => {
  // rows: ENQ-08, REC-02
  const { scenario, client } = await open(t)
  const app = new IvrApp({ client, agents: ['anna'], patienceSecs: 20 })
  answers(scenario, app, '/webhook', '/menu', '/wait', '/connecting', '/left', '/message')
  const { clock } = scenario
  const first = (await scenario.dialIn('bob', 700)).call
  await clock.until(() => first.state === 'up')
  await clock.advance(1_500)
  first.party.dial('1')
  assert.equal((await scenario.untilAsked('/wait')).params.QueuePosition, '1')
  await clock.advance(4_000)
  assert.ok(first.party.loudness(1000) > -45, 'music while waiting')
  const [waiting] = (await app.command('queue')) as { position: number; callSid: string }[]
  assert.deepEqual([waiting!.position, waiting!.callSid], [1, scenario.at('/wait')[0]!.params.CallSid])
  first.party.hum(700)
  const anna = (await scenario.dialIn('anna', 900)).call
  await scenario.untilAsked('/connecting')
  await clock.advance(6_000)
  first.party.hum(700)
  anna.party.hum(900)
  await clock.advance(2_000)
  assert.deepEqual(whoHearsWhom({ caller: first.party, agent: anna.party }, SOUNDS), {
    caller: ['agent'],
    agent: ['caller'],
  })
  anna.hangUp()
  assert.equal((await scenario.untilAsked('/left')).params.QueueResult, 'bridged')
  await clock.until(() => first.state === 'ended')

  const second = (await scenario.dialIn('carol', 700)).call
  await clock.until(() => second.state === 'up')
  await clock.advance(1_500)
  second.party.dial('7')
  await scenario.untilAsked('/menu', 2)
  await clock.advance(3_000)
  second.party.dial('2')
  await scenario.untilAsked('/menu', 3)
  await leaveMessage(scenario, second)
  assert.equal(app.messages.length, 1)
  assert.match(app.messages[0]!, /\/Recordings\/RE[0-9a-f]{32}$/)

  const third = (await scenario.dialIn('dave', 700)).call
  await clock.until(() => third.state === 'up')
  await clock.advance(1_500)
  third.party.dial('1')
  await scenario.untilAsked('/left', 2)
  assert.equal(scenario.at('/left')[1]!.params.QueueResult, 'leave')
  await leaveMessage(scenario, third)
  assert.equal(app.messages.length, 2)

  const again = (await scenario.dialIn('anna', 900)).call
  await clock.until(() => again.state === 'ended', 60_000)
})

test('screened calls: taken with one, declined by another key, and nobody there', async (t) => {
  // rows: WSP-01, WSP-03, WSP-05, SA-01
  const { scenario } = await open(t)
  const phone = await scenario.phone('owner')
  const app = new ScreeningApp({ owner: phone.uri, timeoutSecs: 5 })
  answers(scenario, app, '/webhook', '/screen', '/decide', '/after', '/message')
  const { clock } = scenario
  phone.onCall((call) => (phone.calls.length < 3 ? call.answer() : call.ring()))

  const first = (await scenario.dialIn('bob', 700)).call
  await scenario.untilAsked('/screen')
  await clock.advance(2_000)
  assert.equal(first.state, 'ringing', 'the caller hears ringing until it is decided')
  phone.calls[0]!.party.dial('1')
  await scenario.untilAsked('/decide')
  await clock.until(() => first.state === 'up')
  first.party.hum(700)
  phone.calls[0]!.party.hum(900)
  await clock.advance(3_000)
  assert.deepEqual(whoHearsWhom({ caller: first.party, agent: phone.calls[0]!.party }, SOUNDS), {
    caller: ['agent'],
    agent: ['caller'],
  })
  phone.calls[0]!.hangUp()
  assert.equal((await scenario.untilAsked('/after')).params.DialBridged, 'true')
  await clock.until(() => first.state === 'ended')

  const second = (await scenario.dialIn('carol', 700)).call
  await scenario.untilAsked('/screen', 2)
  await clock.advance(2_000)
  phone.calls[1]!.party.dial('2')
  await scenario.untilAsked('/after', 2)
  assert.equal(scenario.at('/after')[1]!.params.DialBridged, 'false')
  await leaveMessage(scenario, second)
  assert.equal(app.messages.length, 1)

  const third = (await scenario.dialIn('dave', 700)).call
  await scenario.untilAsked('/after', 3)
  assert.equal(scenario.at('/after')[2]!.params.DialCallStatus, 'no-answer')
  await leaveMessage(scenario, third)
  assert.equal(app.messages.length, 2)
})

test('the web server of the examples answers what is signed for its URL, and nothing else', async (t) => {
  const app = new ScreeningApp({ owner: 'sip:owner@127.0.0.1' })
  const server = serveTwiml(app, {
    authToken: TOKEN,
    get publicUrl() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const ask = (token: string, fields: Record<string, string>) =>
    fetch(`${base}/webhook`, {
      method: 'POST',
      headers: { 'x-twilio-signature': twilio.getExpectedTwilioSignature(token, `${base}/webhook`, fields) },
      body: new URLSearchParams(fields),
    })
  const reply = await ask(TOKEN, { From: '+15550123', CallSid: 'CA1' })
  assert.equal(reply.status, 200)
  assert.match(await reply.text(), /<Dial .*<Sip url="\/screen">sip:owner@127\.0\.0\.1<\/Sip>/)
  assert.equal((await ask('another', { From: '+15550123' })).status, 403)
  assert.deepEqual(await (await fetch(`${base}/messages`)).json(), [])
})
