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
