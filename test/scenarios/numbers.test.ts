// Phone numbers over the API, with the official SDK (telnyx-voice §11.9): the inventory, where a number leads, what it
// does by itself, and how more are ordered.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { APP_URL, NUMBER, openScenario } from './house.ts'
import { fails, sdkOf } from './sdk-in-house.ts'

async function open() {
  const scenario = await openScenario({
    declared: {
      applications: [
        { name: 'demo', dialect: 'telnyx', webhook_url: APP_URL },
        { name: 'other', dialect: 'telnyx', webhook_url: 'http://app.test/other' },
      ],
      numbers: [{ number: NUMBER, application: 'demo' }],
      trunks: [{ name: 'carrier', match: '^\\+', uri: 'sip:127.0.0.9:5090' }],
      available_numbers: ['+13125550101', '+13125550102', '+442079460001'],
    },
  })
  const carrier = await scenario.phone('carrier', { host: '127.0.0.9', port: 5090 })
  const client = sdkOf(scenario)
  const connections = (await client.callControlApplications.list()).data!
  const other = connections.find((one) => one.application_name === 'other')!.id!
  return { scenario, client, carrier, other }
}

test('the inventory is listed, and a number leads to another application from the next call on', async () => {
  const { scenario, client, other } = await open()
  const [number] = (await client.phoneNumbers.list()).data!
  assert.deepEqual(
    [number!.record_type, number!.phone_number, number!.connection_name, number!.status],
    ['phone_number', NUMBER, 'demo', 'active'],
  )
  const updated = await client.phoneNumbers.update(number!.id!, {
    connection_id: other,
    tags: ['sales'],
    customer_reference: 'c-1',
  })
  assert.deepEqual([updated.data!.connection_id, updated.data!.tags], [other, ['sales']])
  const call = await (await scenario.phone('bob')).call(NUMBER, scenario.sip)
  await scenario.clock.until(() => scenario.received.length > 0)
  assert.equal(scenario.received[0]!.url, 'http://app.test/other')
  call.hangUp()
  assert.equal((await client.phoneNumbers.list({ filter: { tag: 'sales' } } as never)).data!.length, 1)
  assert.equal((await client.phoneNumbers.list({ filter: { without_tags: 'true' } } as never)).data!.length, 0)
  assert.equal((await client.phoneNumbers.slimList({ filter: { phone_number: '550100' } })).data!.length, 1)
  await fails(client.phoneNumbers.update(number!.id!, { connection_id: '1' }), 422, '10017')
  await scenario.rest('PATCH', `/v2/phone_numbers/${number!.id}`, { connection_id: null })
  const lost = await (await scenario.phone('carol')).call(NUMBER, scenario.sip)
  await scenario.clock.until(() => lost.end !== null)
  assert.equal(lost.statuses.at(-1), 404)
  await scenario.close()
})

test('a number forwards always, or when its connection fails', async () => {
  const { scenario, client, carrier } = await open()
  const { id } = (await client.phoneNumbers.list()).data![0]!
  const set = await client.phoneNumbers.voice.update(id!, {
    call_forwarding: { call_forwarding_enabled: true, forwarding_type: 'always', forwards_to: '+13125550188' },
  })
  assert.equal(set.data!.record_type, 'voice_settings')
  assert.equal(set.data!.call_forwarding!.forwards_to, '+13125550188')
  const call = await (await scenario.phone('bob')).call(NUMBER, scenario.sip)
  await scenario.clock.until(() => call.state === 'up' && carrier.calls[0]?.state === 'up')
  assert.match(carrier.calls[0]!.invite!.uriText, /13125550188/)
  call.hangUp()

  const login = { connection_name: 'desk', user_name: 'desk1234', password: 'longenough' }
  const desk = (await client.credentialConnections.create(login)).data!
  await client.phoneNumbers.update(id!, { connection_id: desk.id! })
  await client.phoneNumbers.voice.update(id!, { call_forwarding: { forwarding_type: 'on-failure' } })
  // Nobody is registered.
  const again = await (await scenario.phone('carol')).call(NUMBER, scenario.sip)
  await scenario.clock.until(() => again.state === 'up' && carrier.calls[1]?.state === 'up')
  again.hangUp()
  await client.phoneNumbers.voice.update(id!, { call_forwarding: { call_forwarding_enabled: false } })
  const refused = await (await scenario.phone('dave')).call(NUMBER, scenario.sip)
  await scenario.clock.until(() => refused.end !== null)
  assert.ok(refused.statuses.at(-1)! >= 400)
  await scenario.close()
})

test('a number records its answered calls; numbers paid by channel share the channels there are', async () => {
  const { scenario, client } = await open()
  const { id } = (await client.phoneNumbers.list()).data![0]!
  await client.phoneNumbers.voice.update(id!, {
    call_recording: { inbound_call_recording_enabled: true, inbound_call_recording_format: 'wav' },
    usage_payment_method: 'channel',
  })
  assert.equal((await client.phoneNumbers.voice.list()).data![0]!.usage_payment_method, 'channel')
  assert.equal((await client.inboundChannels.update({ channels: 1 })).data!.channels, 1)
  assert.equal((await client.inboundChannels.list()).data!.channels, 1)
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated') await client.calls.actions.answer(String(event.payload.call_control_id), {})
    return 200
  }
  const call = await (await scenario.phone('bob')).call(NUMBER, scenario.sip)
  await scenario.clock.until(() => call.state === 'up')
  const second = await (await scenario.phone('carol')).call(NUMBER, scenario.sip)
  await scenario.clock.until(() => second.end !== null)
  assert.equal(second.statuses.at(-1), 486)
  await scenario.clock.advance(2_000)
  call.hangUp()
  await scenario.clock.until(() => scenario.types().includes('call.recording.saved'))
  assert.equal((await client.recordings.list()).data!.length, 1)
  await scenario.close()
})

test('numbers are found, ordered once, called, and given back', async () => {
  const { scenario, client, other } = await open()
  const found = await client.availablePhoneNumbers.list({
    filter: { country_code: 'US', national_destination_code: '312' },
  })
  assert.deepEqual(
    found.data!.map((one) => one.phone_number),
    ['+13125550101', '+13125550102'],
  )
  const order = (
    await client.numberOrders.create({ connection_id: other, phone_numbers: [{ phone_number: '+13125550102' }] })
  ).data!
  assert.deepEqual([order.record_type, order.status, order.phone_numbers_count], ['number_order', 'success', 1])
  await fails(client.numberOrders.create({ phone_numbers: [{ phone_number: '+13125550102' }] }), 422, '10017')
  await fails(client.numberOrders.create({ phone_numbers: [{ phone_number: '+15550199' }] }), 422, '10017')
  assert.equal((await client.numberOrders.retrieve(order.id!)).data!.connection_id, other)
  const call = await (await scenario.phone('bob')).call('+13125550102', scenario.sip)
  await scenario.clock.until(() => scenario.received.length > 0)
  assert.equal(scenario.received[0]!.payload.to, '+13125550102')
  call.hangUp()
  const [mine] = (await client.phoneNumbers.list({ filter: { phone_number: '+13125550102' } })).data!
  await client.phoneNumbers.delete(mine!.id!)
  assert.equal((await client.availablePhoneNumbers.list({ filter: { limit: 10 } })).data!.length, 3)
  await scenario.close()
})
