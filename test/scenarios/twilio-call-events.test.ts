// What was said over HTTP about a call (CALL-18), what hangs below a call and is not built, and recordings that anybody may
// hear (AUTH-05).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { APP, openTwilioScenario, SID, twiml } from './twilio-app.ts'
import { openTwilioHouse, refuses } from './twilio-house.ts'

interface Event {
  readonly request: { readonly method: string; readonly url: string; readonly parameters: Record<string, string> }
  readonly response: Record<string, unknown>
}

test('CALL-18: a call’s events are the request that made it, its documents and its callbacks, in order', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const alice = await scenario.phone('alice')
  scenario.on('/begin', twiml('<Pause length="1"/><Redirect>/next</Redirect>'))
  scenario.on('/next', { status: 500, type: 'text/plain', body: 'broken' })
  const made = await scenario.api('POST', '/Calls.json', {
    To: alice.uri,
    From: '+15550177',
    Url: `${APP}/begin`,
    SipAuthUsername: 'me',
    SipAuthPassword: 'a secret',
    StatusCallback: `${APP}/status`,
  })
  assert.equal(made.status, 201)
  const path = `/Calls/${made.json.sid}/Events.json`
  await clock.until(() => alice.calls[0]?.state === 'ended')
  await scenario.untilAsked('/status')
  // What came of a delivery is written down in batches.
  await clock.advance(1_000)
  const { status, json } = await scenario.api('GET', path)
  assert.equal(status, 200)
  const events = json.events as readonly Event[]
  assert.deepEqual(
    events.map(({ request, response }) => [request.method, new URL(request.url).pathname, response.response_code]),
    [
      ['POST', `/2010-04-01/Accounts/${SID}/Calls.json`, 201],
      ['POST', '/begin', 200],
      ['POST', '/next', 500],
      ['POST', '/status', 200],
    ],
  )
  const [creation, first, second, told] = events
  assert.equal(creation?.request.parameters.From, '+15550177')
  assert.ok(!JSON.stringify(json).includes('a secret'))
  assert.equal(first?.request.parameters.CallSid, made.json.sid)
  assert.equal(first?.response.content_type, 'text/xml')
  assert.match(String(first?.response.response_body), /<Redirect>/)
  assert.equal(typeof first?.response.request_duration, 'number')
  assert.match(String(first?.response.date_created), / \+0000$/)
  assert.equal(second?.response.response_body, 'broken')
  assert.equal(told?.request.parameters.CallStatus, 'completed')
  const page = await scenario.api('GET', `${path}?PageSize=1`)
  assert.deepEqual([page.json.events.length, page.json.next_page_uri !== null], [1, true])
  const unknown = await scenario.api('GET', `/Calls/CA${'0'.repeat(32)}/Events.json`)
  assert.deepEqual([unknown.status, unknown.json.code], [404, 20404])
  await scenario.close()
})

test('payments and messages of one’s own are refused as what they are (501), feedback as what is gone (404)', async () => {
  const house = await openTwilioHouse({ declared: { users: [{ username: 'alice', password: 'secret' }] } })
  try {
    const { client, scenario } = house
    const alice = await scenario.phone('alice')
    const made = await client.calls.create({
      to: alice.uri,
      from: '+15550177',
      twiml: '<Response><Hangup/></Response>',
    })
    const call = client.calls(made.sid)
    assert.deepEqual(
      (await call.events.list()).map((one) => (one.response as { response_code: number }).response_code),
      [201],
    )
    await refuses(call.payments.create({ idempotencyKey: 'x', statusCallback: 'http://app.test/paid' }), 501, 20501)
    await refuses(call.userDefinedMessages.create({ content: '{}' }), 501, 20501)
    await refuses(call.userDefinedMessageSubscriptions.create({ callback: 'http://app.test/said' }), 501, 20501)
    await refuses(call.userDefinedMessageSubscriptions(`ZY${'0'.repeat(32)}`).remove(), 501, 20501)
    const unknown = client.calls(`CA${'0'.repeat(32)}`)
    await refuses(unknown.userDefinedMessages.create({ content: '{}' }), 404, 20404)
    const feedback = await house.raw('POST', `/2010-04-01/Accounts/${SID}/Calls/${made.sid}/Feedback.json`, {
      form: 'QualityScore=5',
    })
    assert.deepEqual([feedback.status, feedback.json.code], [404, 20404])
  } finally {
    await house.close()
  }
})

test('AUTH-05: the audio of a recording needs credentials, unless the switch makes it public', async () => {
  for (const publicRecordings of [false, true]) {
    const scenario = await openTwilioScenario({ publicRecordings })
    scenario.on('/voice', twiml('<Record action="/done" playBeep="false" timeout="0"/>'))
    scenario.on('/done', twiml('<Hangup/>'))
    const { call } = await scenario.dialIn('caller', 400)
    await scenario.clock.until(() => call.state === 'up')
    await scenario.clock.advance(3_000)
    call.hangUp()
    await scenario.clock.advance(3_000)
    const { recordings } = (await scenario.api('GET', '/Recordings.json')).json
    const path = `/2010-04-01/Accounts/${SID}/Recordings/${recordings[0].sid}`
    const ask = (url: string, headers: Record<string, string> = {}, method: 'GET' | 'DELETE' = 'GET') =>
      scenario.house.http.inject({ method, url, headers })
    for (const url of [path, `${path}.wav`]) {
      const heard = await ask(url)
      assert.equal(heard.statusCode, publicRecordings ? 200 : 401, url)
      assert.equal(heard.headers['content-type'], publicRecordings ? 'audio/x-wav' : 'application/json; charset=utf-8')
    }
    // What describes it stays its account's, and so does everything but hearing.
    assert.equal((await ask(`${path}.json`)).statusCode, 401)
    assert.equal((await ask(path, { accept: 'application/json' })).statusCode, 401)
    assert.equal((await ask(path, {}, 'DELETE')).statusCode, 401)
    assert.equal((await ask(path.replace('/Recordings/', '/Calls/'))).statusCode, 401)
    assert.equal((await ask(path, { authorization: 'Basic bm86bm8=' })).statusCode, 401)
    await scenario.close()
  }
})
