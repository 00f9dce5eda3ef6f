// ST-06: calls made over REST leave one after the other, and say how long they wait.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { APP, openTwilioScenario, type TwilioScenario, twiml } from './twilio-app.ts'

const dial = (scenario: TwilioScenario, to: string) =>
  scenario.api('POST', '/Calls.json', {
    To: to,
    From: '+15550177',
    Url: `${APP}/hello`,
    StatusCallback: `${APP}/status`,
  })

test('ST-06, CPE-14: two a second: the third waits a second, and one that is given up waiting calls nobody', async () => {
  const scenario = await openTwilioScenario({ callsPerSecond: 2 })
  const { clock } = scenario
  scenario.on('/hello', twiml('<Hangup/>'))
  const desk = await scenario.phone('desk')
  const atMs: number[] = []
  desk.onCall((call) => {
    atMs.push(clock.nowMs())
    call.answer()
  })
  const startMs = clock.nowMs()
  const made = []
  for (let index = 0; index < 5; index++) made.push(await dial(scenario, desk.uri))
  assert.deepEqual(
    made.map(({ json }) => [json.status, json.queue_time]),
    [0, 500, 1000, 1500, 2000].map((wait) => ['queued', String(wait)]),
  )
  const waiting = await scenario.api('GET', `/Calls/${made[3]!.json.sid}.json`)
  assert.equal(waiting.json.status, 'queued')
  await scenario.api('POST', `/Calls/${made[3]!.json.sid}.json`, { Status: 'canceled' })
  await scenario.untilAsked('/status', 4)
  assert.deepEqual(
    atMs.map((one) => Math.round((one - startMs) / 500) * 500),
    [0, 500, 1000, 2000],
  )
  assert.equal((await scenario.api('GET', `/Calls/${made[3]!.json.sid}.json`)).json.status, 'canceled')
  // Its turn comes and goes: whoever asks later does not wait for those before.
  await clock.advance(5_000)
  assert.equal((await dial(scenario, desk.uri)).json.queue_time, '0')
  await scenario.untilAsked('/status', 5)
  await clock.advance(5_000)
  // Nobody heard of the one that never went out.
  const told = scenario.at('/status').map(({ params }) => params.CallSid)
  assert.ok(told.length === 5 && !told.includes(made[3]!.json.sid))
  await scenario.close()
})

test('DIAL-04 over REST: a From that nobody can be called with is refused', async () => {
  const scenario = await openTwilioScenario()
  const { status, json } = await scenario.api('POST', '/Calls.json', {
    To: '+15550142',
    From: 'not a number',
    Url: `${APP}/hello`,
  })
  assert.deepEqual([status, json.code], [400, 21212])
  await scenario.close()
})
