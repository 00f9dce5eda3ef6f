// What a client gets when it asks wrongly, too often or twice (telnyx-voice §3, §5, §8).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openScenario } from './house.ts'

test('bodies that are no object of JSON are refused with their own codes, and odd paths with 404 in this language', async () => {
  const scenario = await openScenario()
  for (const [body, type, status, code] of [
    ['{"a":', 'application/json', 400, '10023'],
    ['[1]', 'application/json', 400, '10023'],
    ['"text"', 'application/json', 400, '10023'],
    ['<a/>', 'application/xml', 415, '10014'],
  ] as const) {
    const reply = await scenario.rest('POST', '/v2/calls', body, { 'content-type': type })
    assert.deepEqual([reply.status, reply.json.errors[0].code], [status, code], body)
  }
  for (const path of ['/v2/nothing', '/v2/calls/v3:x/actions/fly', '/v2/%ZZ']) {
    const reply = await scenario.rest('POST', path, {})
    assert.equal(reply.status, 404, path)
    assert.equal(typeof reply.json.errors[0].code, 'string')
  }
  const keyless = await scenario.rest('GET', '/v2/conferences', undefined, { authorization: '' })
  assert.deepEqual([keyless.status, keyless.json.errors[0].code], [401, '10009'])
  await scenario.close()
})

test('all that is wrong with one body is said at once, each with its pointer', async () => {
  const scenario = await openScenario()
  const reply = await scenario.rest('POST', '/v2/calls', {
    from: '',
    timeout_secs: 1,
    time_limit_secs: 'soon',
    webhook_url: 'nowhere',
    webhook_url_method: 'PUT',
  })
  const said = reply.json.errors.map((one: { code: string; source: { pointer: string } }) => [
    one.source.pointer,
    one.code,
  ])
  assert.deepEqual(Object.fromEntries(said), {
    '/connection_id': '10004',
    '/from': '10025',
    '/to': '10004',
    '/timeout_secs': '90028',
    '/time_limit_secs': '90029',
    '/webhook_url': '10003',
    '/webhook_url_method': '10032',
  })
  assert.equal(reply.status, 422)
  await scenario.close()
})

test('a dial that asks for what it cannot have is refused rather than placed without', async () => {
  const scenario = await openScenario()
  const phone = await scenario.phone('callee')
  for (const [more, status, code] of [
    [{ media_encryption: 'SRTP' }, 422, '10011'],
    [{ supervise_call_control_id: 'v3:x' }, 422, '90015'],
  ] as const) {
    const body = { connection_id: scenario.connectionId, from: '+15550123', to: phone.uri, ...more }
    const reply = await scenario.rest('POST', '/v2/calls', body)
    assert.deepEqual([reply.status, reply.json.errors[0].code], [status, code])
  }
  await scenario.clock.advance(500)
  assert.equal(phone.calls.length, 0)
  await scenario.close()
})

test('more than 150 dials in five seconds are refused with 90103 until the window has passed', async () => {
  const scenario = await openScenario()
  const dial = () =>
    scenario.rest('POST', '/v2/calls', { connection_id: scenario.connectionId, from: '+15550123', to: '+4930123456' })
  for (let dials = 0; dials < 150; dials++) assert.equal((await dial()).json.errors[0].code, '10017')
  const refused = await dial()
  assert.deepEqual([refused.status, refused.json.errors[0].code], [429, '90103'])
  await scenario.clock.advance(5100)
  assert.equal((await dial()).status, 422)
  await scenario.close()
})

test('command_id: a repetition gets the first reply and does nothing, on another leg it is another command', async () => {
  const scenario = await openScenario()
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated')
      await scenario.rest('POST', `/v2/calls/${event.payload.call_control_id}/actions/answer`, {})
    return 200
  }
  const one = await scenario.callIn('one', 700)
  const two = await scenario.callIn('two', 900)
  await scenario.clock.advance(200)
  const legs = scenario.received
    .filter((event) => event.type === 'call.answered')
    .map((event) => String(event.payload.call_control_id))
  const send = (leg: string) =>
    scenario.rest('POST', `/v2/calls/${leg}/actions/send_dtmf`, { digits: '5', command_id: 'same' })
  const replies = [await send(legs[0]!), await send(legs[0]!), await send(legs[1]!)]
  assert.deepEqual(
    replies.map((reply) => [reply.status, reply.json]),
    Array.from({ length: 3 }, () => [200, { data: { result: 'ok' } }]),
  )
  await scenario.clock.advance(1500)
  assert.deepEqual([one.party.digits, two.party.digits], ['5', '5'])
  // A refused command is not remembered: it may succeed the next time.
  const name = { name: 'room', command_id: 'room' }
  const early = await scenario.rest('POST', '/v2/conferences', { ...name, call_control_id: 'v3:nobody' })
  assert.equal(early.status, 422)
  const late = await scenario.rest('POST', '/v2/conferences', { ...name, call_control_id: legs[0] })
  assert.equal(late.status, 200)
  one.hangUp()
  two.hangUp()
  await scenario.clock.advance(1000)
  await scenario.close()
})

test('while draining, new calls and dials are refused as 503 with a time to come back, and live calls go on', async () => {
  const scenario = await openScenario()
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated')
      await scenario.rest('POST', `/v2/calls/${event.payload.call_control_id}/actions/answer`, {})
    return 200
  }
  const live = await scenario.callIn('one', 700)
  scenario.house.engine.drain()
  const phone = await scenario.phone('two')
  const refused = await phone.call('+15550100', scenario.sip)
  await scenario.clock.advance(1000)
  assert.equal(refused.statuses.at(-1), 503)
  const reply = await scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    from: '+15550123',
    to: phone.uri,
  })
  assert.deepEqual([reply.status, reply.json.errors[0].code], [503, '10007'])
  const leg = scenario.event('call.answered')!.payload.call_control_id
  assert.equal((await scenario.rest('POST', `/v2/calls/${leg}/actions/hangup`, {})).status, 200)
  await scenario.clock.advance(1000)
  assert.equal(live.state, 'ended')
  await scenario.close()
})
