// What was made is found again, by the official SDK: lists, look-ups and downloads of resources whose making other tests
// watch; and a recording that the disk refuses is told.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { encodeWav } from '#audio/wav.ts'
import { openScenario } from './house.ts'
import { fails, sdkOf } from './sdk-in-house.ts'

const scenario = await openScenario()
const client = sdkOf(scenario)
after(() => scenario.close())

test('stored media is looked up, downloaded as it was, and deleted', async () => {
  const wav = encodeWav(
    Int16Array.from({ length: 800 }, (_, i) => i),
    8000,
  )
  scenario.files.set('http://files.test/hello.wav', wav)
  await client.media.upload({ media_url: 'http://files.test/hello.wav', media_name: 'hello' })
  const found = await client.media.retrieve('hello')
  assert.equal(found.data!.media_name, 'hello')
  const bytes = await (await client.media.download('hello')).arrayBuffer()
  assert.deepEqual(new Uint8Array(bytes), wav)
  assert.deepEqual(
    (await client.media.list()).data!.map((one) => one.media_name),
    ['hello'],
  )
  const other = encodeWav(
    Int16Array.from({ length: 400 }, (_, i) => -i),
    8000,
  )
  scenario.files.set('http://files.test/other.wav', other)
  await client.media.update('hello', { media_url: 'http://files.test/other.wav' })
  assert.deepEqual(new Uint8Array(await (await client.media.download('hello')).arrayBuffer()), other)
  await client.media.delete('hello')
  await fails(client.media.retrieve('hello'), 404, '10005')
})

test('connections, profiles and numbers are listed and looked up', async () => {
  const made = await client.credentialConnections.create({
    connection_name: 'desk',
    user_name: 'desk1234',
    password: 'a long password',
  })
  const id = made.data!.id!
  assert.deepEqual(
    (await client.credentialConnections.list()).data!.map((one) => one.id),
    [id],
  )
  assert.equal((await client.credentialConnections.retrieve(id)).data!.connection_name, 'desk')
  const profile = await client.outboundVoiceProfiles.create({ name: 'europe' })
  assert.deepEqual(
    (await client.outboundVoiceProfiles.list()).data!.map((one) => one.name),
    ['europe'],
  )
  assert.equal((await client.outboundVoiceProfiles.retrieve(profile.data!.id!)).data!.name, 'europe')
  const [number] = (await client.phoneNumbers.list()).data!
  assert.equal((await client.phoneNumbers.retrieve(number!.id!)).data!.phone_number, '+15550100')
  assert.equal((await client.phoneNumbers.voice.retrieve(number!.id!)).data!.phone_number, '+15550100')
})

test('IP and FQDN connections and their addresses are made, listed, looked up, changed and deleted', async () => {
  const ip = (await client.ipConnections.create({ connection_name: 'by address' })).data!.id!
  assert.deepEqual(
    (await client.ipConnections.list()).data!.map((one) => one.id),
    [ip],
  )
  assert.equal((await client.ipConnections.retrieve(ip)).data!.connection_name, 'by address')
  assert.equal((await client.ipConnections.update(ip, { connection_name: 'by ip' })).data!.connection_name, 'by ip')
  const address = (await client.ips.create({ connection_id: ip, ip_address: '192.0.2.7' })).data!.id!
  assert.deepEqual(
    (await client.ips.list()).data!.map((one) => one.ip_address),
    ['192.0.2.7'],
  )
  assert.equal((await client.ips.retrieve(address)).data!.port, 5060)
  assert.equal((await client.ips.update(address, { ip_address: '192.0.2.8' })).data!.ip_address, '192.0.2.8')
  assert.equal((await client.ips.delete(address)).data!.id, address)
  assert.equal((await client.ipConnections.delete(ip)).data!.id, ip)
  await fails(client.ipConnections.retrieve(ip), 404, '10005')

  const fqdn = (await client.fqdnConnections.create({ connection_name: 'by name' })).data!.id!
  assert.deepEqual(
    (await client.fqdnConnections.list()).data!.map((one) => one.id),
    [fqdn],
  )
  assert.equal((await client.fqdnConnections.retrieve(fqdn)).data!.connection_name, 'by name')
  assert.equal((await client.fqdnConnections.update(fqdn, { connection_name: 'named' })).data!.connection_name, 'named')
  const name = (await client.fqdns.create({ connection_id: fqdn, dns_record_type: 'a', fqdn: 'sip.example' })).data!.id!
  assert.deepEqual(
    (await client.fqdns.list()).data!.map((one) => one.fqdn),
    ['sip.example'],
  )
  assert.equal((await client.fqdns.retrieve(name)).data!.dns_record_type, 'a')
  assert.equal((await client.fqdns.update(name, { fqdn: 'sip2.example' })).data!.fqdn, 'sip2.example')
  assert.equal((await client.fqdns.delete(name)).data!.id, name)
  assert.equal((await client.fqdnConnections.delete(fqdn)).data!.id, fqdn)
  const orders = await scenario.rest('GET', '/v2/number_orders')
  assert.deepEqual(orders.json.data, [])
})

test('a recording that cannot be written is told as call.recording.error, and the call goes on', async () => {
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated')
      await scenario.rest('POST', `/v2/calls/${event.payload.call_control_id}/actions/answer`, {})
    return 200
  }
  const call = await scenario.callIn('bob', 700)
  await scenario.clock.advance(100)
  const leg = String(scenario.event('call.answered')!.payload.call_control_id)
  scenario.disk.full = true
  await client.calls.actions.startRecording(leg, { channels: 'single', format: 'wav' })
  await scenario.clock.advance(2000)
  scenario.disk.full = false
  assert.equal(scenario.event('call.recording.error', leg)!.payload.reason, 'Internal server error')
  assert.equal(call.state, 'up')
  call.hangUp()
  await scenario.clock.advance(1000)
})

test('recordings are deleted by the list, by either method', async () => {
  for (const method of ['POST', 'DELETE'] as const) {
    const before = scenario.received.length
    const call = await scenario.callIn(`recorded${method}`, 700)
    await scenario.clock.advance(100)
    const leg = String(
      scenario.received.slice(before).find((one) => one.type === 'call.answered')!.payload.call_control_id,
    )
    await client.calls.actions.startRecording(leg, { channels: 'single', format: 'wav' })
    await scenario.clock.advance(1000)
    call.hangUp()
    await scenario.clock.until(() => scenario.event('call.recording.saved', leg) !== undefined)
    const [recording] = (await client.recordings.list()).data!
    const body = { ids: [recording!.id!] }
    const { json } =
      method === 'POST'
        ? await scenario.rest('POST', '/v2/recordings/actions/delete', body)
        : await scenario.rest('DELETE', '/v2/recordings/actions/delete', body)
    assert.equal(json.status, 'ok')
    await fails(client.recordings.retrieve(recording!.id!), 404, '10005')
  }
})
