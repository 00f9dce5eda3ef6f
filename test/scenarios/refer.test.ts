import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openScenario, type Scenario } from './house.ts'

/** A call answered by the application, and what commands it. */
async function answered(scenario: Scenario) {
  const call = await (async () => {
    const phone = await scenario.phone('carrier')
    scenario.onWebhook = async (event) => {
      if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
        await scenario.rest('POST', `/v2/calls/${event.payload.call_control_id}/actions/answer`, {})
      return 200
    }
    const one = await phone.call('+15550100', scenario.sip)
    await scenario.clock.until(() => scenario.types().includes('call.answered'))
    return { phone, one }
  })()
  const id = scenario.event('call.answered')!.payload.call_control_id as string
  const act = (action: string, body: object) => scenario.rest('POST', `/v2/calls/${id}/actions/${action}`, body)
  return { ...call, id, act }
}

test('telnyx-voice §12.15: refer asks the far end to call somebody; started, completed, and the far end leaves', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const { phone, one, act, id } = await answered(scenario)
  const target = await scenario.phone('target')
  target.onCall((call) => {
    call.ring()
    clock.at(clock.nowMs() + 3_000, () => call.answer())
  })
  one.onRefer = (referral) => void phone.follow(referral, target.address)
  const reply = await act('refer', {
    sip_address: target.uri,
    client_state: 'YWI=',
    custom_headers: [{ name: 'X-Ticket', value: '42' }],
    sip_headers: [{ name: 'User-to-User', value: '00AB;encoding=hex' }],
  })
  assert.deepEqual(reply, { status: 200, json: { data: { result: 'ok' } } })
  await clock.until(() => scenario.types().includes('call.refer.completed'))
  assert.equal(target.calls[0]!.state, 'up')
  const started = scenario.event('call.refer.started')!
  assert.equal(started.payload.sip_notify_response, 100)
  assert.equal(started.payload.client_state, 'YWI=')
  assert.equal(started.payload.call_control_id, id)
  assert.equal(scenario.event('call.refer.completed')!.payload.sip_notify_response, 200)
  assert.equal(one.state, 'up', 'the far end gets time to hang up by itself')
  await clock.advance(2_500)
  assert.equal(one.state, 'ended', 'it forgot to, so the switch does')
  assert.deepEqual(scenario.types().slice(-3), ['call.refer.started', 'call.refer.completed', 'call.hangup'])
  await scenario.close()
})

test('refer carries the headers it may carry', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const { one, act } = await answered(scenario)
  const seen: string[] = []
  one.onRefer = (referral) => {
    seen.push(...['refer-to', 'x-ticket', 'user-to-user', 'referred-by'].map((name) => `${referral.request.get(name)}`))
    referral.report(200)
  }
  await act('refer', {
    sip_address: 'sip:agent@sbc.example.net',
    custom_headers: [
      { name: 'X-Ticket', value: '42' },
      { name: 'Call-ID', value: 'mine' },
    ],
    sip_headers: [{ name: 'User-to-User', value: '00AB;encoding=hex' }],
  })
  await clock.until(() => scenario.types().includes('call.refer.completed'))
  assert.deepEqual(seen.slice(0, 3), ['<sip:agent@sbc.example.net>', '42', '00AB;encoding=hex'])
  assert.match(seen[3]!, /^<sip:\+15550100@/)
  await scenario.close()
})

test('telnyx-voice §12.8: refer takes a call out of its queue and out of its conference', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const { act } = await answered(scenario)
  await act('enqueue', { queue_name: 'support' })
  await clock.until(() => scenario.types().includes('call.enqueued'))
  await act('refer', { sip_address: 'sip:agent@sbc.example.net' })
  await clock.until(() => scenario.types().includes('call.refer.failed'))
  assert.ok(scenario.types().indexOf('call.dequeued') > 0)
  const call_control_id = scenario.event('call.answered')!.payload.call_control_id
  await scenario.rest('POST', '/v2/conferences', { call_control_id, name: 'room' })
  await clock.until(() => scenario.types().includes('conference.participant.joined'))
  await act('refer', { sip_address: 'sip:agent@sbc.example.net' })
  await clock.until(() => scenario.types().includes('conference.participant.left'))
  await scenario.close()
})

test('a refusal is told as failed with its status, and the call goes on', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const { one, act } = await answered(scenario)
  await act('refer', { sip_address: 'sip:agent@sbc.example.net' })
  await clock.until(() => scenario.types().includes('call.refer.failed'))
  assert.equal(scenario.event('call.refer.failed')!.payload.sip_notify_response, 603)
  assert.equal(scenario.event('call.refer.started'), undefined)
  await clock.advance(10_000)
  assert.equal(one.state, 'up')
  // Once more is possible: this time the target is busy.
  one.onRefer = (referral) => {
    referral.report(100)
    referral.report(180)
    clock.at(clock.nowMs() + 1_000, () => referral.report(486))
  }
  await act('refer', { sip_address: 'sip:agent@sbc.example.net' })
  const again = await act('refer', { sip_address: 'sip:other@sbc.example.net' })
  assert.equal(again.status, 422, 'one at a time')
  await clock.until(() => scenario.received.filter((event) => event.type === 'call.refer.failed').length === 2)
  assert.equal(scenario.received.at(-1)!.payload.sip_notify_response, 486)
  assert.equal(one.state, 'up')
  await scenario.close()
})

test('a far end that takes the order and says nothing more: sixty seconds, then failed; its hang-up means done', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const { one, act } = await answered(scenario)
  one.onRefer = (referral) => referral.report(100)
  await act('refer', { sip_address: 'sip:agent@sbc.example.net' })
  await clock.until(() => scenario.types().includes('call.refer.started'))
  // Its NOTIFY named 300 s.
  await clock.advance(290_000)
  assert.equal(scenario.event('call.refer.failed'), undefined)
  await clock.advance(20_000)
  assert.equal(scenario.event('call.refer.failed')!.payload.sip_notify_response, 408)
  assert.equal(one.state, 'up')
  await act('refer', { sip_address: 'sip:agent@sbc.example.net' })
  await clock.advance(500)
  one.hangUp()
  await clock.until(() => scenario.types().includes('call.hangup'))
  assert.deepEqual(scenario.types().slice(-3), ['call.refer.started', 'call.refer.completed', 'call.hangup'])
  await scenario.close()
})

test('refer refuses what is no SIP URI, a call that rings and one that is over', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const { one, act } = await answered(scenario)
  assert.equal((await act('refer', {})).json.errors[0].code, '10004')
  assert.equal((await act('refer', { sip_address: 'agent' })).status, 422)
  assert.equal((await act('refer', { sip_address: 'sip:a@b>\r\nX: y' })).status, 422)
  const phone = await scenario.phone('slow')
  phone.onCall((call) => call.ring())
  const dialled = await scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    from: '+15550111',
    to: phone.uri,
  })
  const ringing = dialled.json.data.call_control_id
  const early = await scenario.rest('POST', `/v2/calls/${ringing}/actions/refer`, { sip_address: 'sip:a@b.example' })
  assert.equal(early.json.errors[0].code, '90034')
  one.hangUp()
  await clock.until(() => scenario.types().includes('call.hangup'))
  assert.equal((await act('refer', { sip_address: 'sip:a@b.example' })).json.errors[0].code, '90018')
  await scenario.close()
})

test('telnyx-voice §11.1 send_sip_info: a body goes out, and one that comes in is told', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const { one, act, id } = await answered(scenario)
  const sent = await act('send_sip_info', { content_type: 'application/vnd.x-note', body: 'hold the line' })
  assert.equal(sent.status, 200)
  await clock.advance(200)
  assert.deepEqual(one.infos, [{ contentType: 'application/vnd.x-note', body: 'hold the line' }])
  one.info('application/json; charset=utf-8', '{"a":1}')
  await clock.until(() => scenario.types().includes('call.sip_info.received'))
  const { payload } = scenario.event('call.sip_info.received')!
  assert.equal(payload.content_type, 'application/json')
  assert.equal(payload.body, '{"a":1}')
  assert.equal(payload.call_control_id, id)
  assert.equal((await act('send_sip_info', { content_type: 'nonsense', body: 'x' })).status, 422)
  assert.equal((await act('send_sip_info', { content_type: 'text/plain', body: 'x'.repeat(1401) })).status, 422)
  assert.equal((await act('send_sip_info', { content_type: 'text/plain' })).json.errors[0].code, '10004')
  await scenario.close()
})
