// Queues with their members, recordings with their audio, over REST with the official SDK (twilio-voice §7.3, §7.4). Calls
// are put there by a program of the other language: what waits and what was recorded is the account's.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseWav } from '#audio/wav.ts'
import type { CallId } from '#base/ids.ts'
import { insertRow } from '#storage/write.ts'
import { readCallControlId } from '#telnyx/spelling.ts'
import { ACCOUNT } from './house.ts'
import { ACCOUNT_SID, openTwilioHouse, refuses, type TwilioHouse } from './twilio-house.ts'

let house: TwilioHouse

before(async () => {
  house = await openTwilioHouse({
    declared: {
      applications: [{ name: 'demo', dialect: 'telnyx', webhook_url: 'http://app.test/webhook' }],
      numbers: [{ number: '+15550100', application: 'demo' }],
    },
  })
  const { scenario } = house
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated') await command(event.payload.call_control_id, 'answer')
    return 200
  }
})
after(() => house.close())

async function command(call: unknown, action: string, body: object = {}): Promise<void> {
  const path = `/v2/calls/${encodeURIComponent(String(call))}/actions/${action}`
  assert.equal((await house.scenario.rest('POST', path, body)).status, 200)
}

/** Calls in and says which call it is. */
async function callIn(user: string): Promise<string> {
  await house.scenario.callIn(user, 500)
  return String(house.scenario.received.filter((one) => one.type === 'call.initiated').at(-1)!.payload.call_control_id)
}

const callSid = (control: string) => `CA${readCallControlId(control)}`

test('QU-01, QU-02, TYP-04: queues are made, listed, renamed, resized and deleted', async () => {
  const { client } = house
  const made = await client.queues.create({ friendlyName: 'support' })
  assert.match(made.sid, /^QU[0-9a-f]{32}$/)
  assert.deepEqual([made.maxSize, made.currentSize, made.averageWaitTime], [1000, 0, 0])
  const { json } = await house.raw('GET', `/2010-04-01/Accounts/${ACCOUNT_SID}/Queues/${made.sid}.json`)
  assert.deepEqual([typeof json.max_size, typeof json.current_size], ['number', 'number'])
  await refuses(client.queues.create({ friendlyName: 'support' }), 400, 22003)
  await refuses(client.queues.create({ friendlyName: 'x'.repeat(65) }), 400, 20001)
  await refuses(client.queues.create({ friendlyName: 'huge', maxSize: 5001 }), 400, 20001)
  const changed = await client.queues(made.sid).update({ friendlyName: 'sales', maxSize: 7 })
  assert.deepEqual([changed.sid, changed.friendlyName, changed.maxSize], [made.sid, 'sales', 7])
  assert.equal(house.scenario.house.engine.queueByName(ACCOUNT, 'sales')?.maxSize, 7)
  assert.equal(house.scenario.house.engine.queueByName(ACCOUNT, 'support'), null)
  await client.queues.create({ friendlyName: 'support' })
  await refuses(client.queues(made.sid).update({ friendlyName: 'support' }), 400, 22003)
  assert.equal((await client.queues.list()).length, 2)
  assert.equal(await client.queues(made.sid).remove(), true)
  await refuses(client.queues(made.sid).fetch(), 404, 20404)
})

test('QU-03, QU-05: members stand in their order, are found by call and as Front; an empty queue has none', async () => {
  const { client, scenario } = house
  const [queue] = await client.queues.list()
  await refuses(client.queues(queue!.sid).members('Front').fetch(), 404, 20404)
  const [first, second] = [await callIn('bob'), await callIn('carol')]
  await command(first, 'enqueue', { queue_name: 'support' })
  await scenario.clock.advance(5_000)
  await command(second, 'enqueue', { queue_name: 'support' })
  await scenario.clock.advance(2_000)
  const members = await client.queues(queue!.sid).members.list({ pageSize: 1 })
  assert.deepEqual(
    members.map((one) => [one.callSid, one.position, one.waitTime]),
    [
      [callSid(first), 1, 7],
      [callSid(second), 2, 2],
    ],
  )
  assert.equal((await client.queues(queue!.sid).members('Front').fetch()).callSid, callSid(first))
  assert.equal((await client.queues(queue!.sid).members(callSid(second)).fetch()).position, 2)
  await refuses(
    client
      .queues(queue!.sid)
      .members(`CA${'0'.repeat(32)}`)
      .fetch(),
    404,
    20404,
  )
  assert.equal((await client.queues(queue!.sid).fetch()).currentSize, 2)
  await refuses(client.queues(queue!.sid).remove(), 400, 22002)
  await refuses(client.queues(queue!.sid).members('Front').update({ url: 'nowhere' }), 400, 21205)
  await command(first, 'leave_queue')
  assert.equal((await client.queues(queue!.sid).members('Front').fetch()).callSid, callSid(second))
})

test('RC-01 to RC-04, RC-07, RC-08: a recording is listed, heard as WAV and MP3, in part, in one channel, and deleted', async () => {
  // rows: RC-11, AUTH-05
  const { client, scenario } = house
  const control = await callIn('dave')
  await command(control, 'record_start', { format: 'wav', channels: 'dual' })
  await scenario.clock.advance(2_000)
  const [running] = await client.recordings.list()
  assert.deepEqual([running?.status, running?.duration], ['processing', null], 'RC-03')
  await refuses(client.recordings(running!.sid).remove(), 400, 21220)
  const audio = `/2010-04-01/Accounts/${ACCOUNT_SID}/Recordings/${running!.sid}`
  assert.equal((await house.raw('GET', `${audio}.wav`)).status, 404, 'not finished')
  await scenario.clock.advance(1_000)
  await command(control, 'record_stop')
  await scenario.clock.until(() => scenario.event('call.recording.saved') !== undefined)

  const recording = await client.recordings(running!.sid).fetch()
  assert.deepEqual(
    [recording.status, recording.duration, recording.channels, recording.source, recording.callSid],
    ['completed', '3', 2, 'StartCallRecordingAPI', callSid(control)],
  )
  assert.deepEqual([recording.conferenceSid, recording.price, recording.errorCode], [null, null, null])
  assert.match(recording.mediaUrl, new RegExp(`/Recordings/${recording.sid}$`))
  const { json } = await house.raw('GET', `${audio}.json`)
  assert.deepEqual([typeof json.channels, typeof json.duration], ['number', 'string'])
  assert.equal((await client.recordings.list({ callSid: callSid(control) })).length, 1)
  assert.equal((await client.recordings.list({ callSid: `CA${'0'.repeat(32)}` })).length, 0)
  assert.equal(
    (await client.recordings.list({ dateCreatedAfter: new Date(scenario.clock.wallMs() + 60_000) })).length,
    0,
  )
  const [ofCall] = await client.calls(callSid(control)).recordings.list()
  assert.deepEqual([ofCall?.sid, ofCall?.track], [recording.sid, 'both'])

  const wav = await house.raw('GET', `${audio}.wav`)
  assert.deepEqual([wav.status, wav.headers.get('content-type')], [200, 'audio/x-wav'])
  assert.deepEqual((await house.raw('GET', audio)).bytes, wav.bytes, 'FMT-06: no ending is the audio')
  assert.equal((await house.raw('GET', audio, { headers: { accept: 'application/json' } })).json.sid, recording.sid)
  const shape = (bytes: Uint8Array) => {
    const parsed = parseWav(bytes)
    assert.ok(parsed.ok)
    return [parsed.value.channels, parsed.value.coding]
  }
  assert.deepEqual(shape(wav.bytes), [2, 'pcm16'])
  const mono = await house.raw('GET', `${audio}.wav?RequestedChannels=1`)
  assert.deepEqual(shape(mono.bytes), [1, 'pcm16'])
  assert.ok(Math.abs(mono.bytes.length - wav.bytes.length / 2) < 64)
  const mp3 = await house.raw('GET', `${audio}.mp3`)
  assert.equal(mp3.headers.get('content-type'), 'audio/mpeg')
  assert.equal(mp3.bytes[0], 0xff)
  assert.deepEqual((await house.raw('GET', `${audio}.mp3`)).bytes, mp3.bytes, 'again, from what was made')
  assert.equal((await house.raw('GET', `${audio}.wav?RequestedChannels=3`)).status, 400)

  const part = await house.raw('GET', `${audio}.wav`, { headers: { range: 'bytes=44-143' } })
  assert.deepEqual([part.status, part.headers.get('content-range')], [206, `bytes 44-143/${wav.bytes.length}`])
  assert.deepEqual(part.bytes, wav.bytes.subarray(44, 144))
  const tail = await house.raw('GET', `${audio}.wav`, { headers: { range: 'bytes=-10' } })
  assert.deepEqual(tail.bytes, wav.bytes.subarray(-10))
  const beyond = await house.raw('GET', `${audio}.wav`, { headers: { range: `bytes=${wav.bytes.length}-` } })
  assert.equal(beyond.status, 416)
  assert.equal((await house.raw('GET', `${audio}.wav`, { auth: null })).status, 401, 'AUTH-05')

  assert.deepEqual(await client.recordings(recording.sid).addOnResults.list(), [], 'RC-11')
  assert.equal(await client.recordings(recording.sid).remove(), true)
  await refuses(client.recordings(recording.sid).fetch(), 404, 20404)
  assert.equal((await house.raw('GET', `${audio}.mp3`)).status, 404)
  assert.deepEqual(await client.recordings.list(), [])
  assert.equal((await client.recordings.list({ includeSoftDeleted: true }))[0]?.status, 'deleted')
})

test('RC-07: two channels of a recording that has one are refused', async () => {
  const { scenario } = house
  const control = await callIn('erin')
  await command(control, 'record_start', { format: 'wav', channels: 'single' })
  await scenario.clock.advance(1_000)
  await command(control, 'record_stop')
  await scenario.clock.until(() => scenario.received.filter((one) => one.type === 'call.recording.saved').length === 2)
  const [recording] = await house.client.recordings.list()
  const audio = `/2010-04-01/Accounts/${ACCOUNT_SID}/Recordings/${recording!.sid}.wav`
  assert.equal((await house.raw('GET', `${audio}?RequestedChannels=2`)).status, 400)
  assert.equal((await house.raw('GET', `${audio}?RequestedChannels=1`)).status, 200)
})

test('RC-10: what was said in recordings is listed, looked up and deleted', async () => {
  const { client, scenario } = house
  const recording = 'a'.repeat(32)
  const id = 'b'.repeat(32) as CallId
  await scenario.store.commit([
    insertRow('recording_transcriptions', {
      id,
      account_id: ACCOUNT,
      recording_id: recording,
      state: 'completed',
      text: 'hello there',
      duration_ms: 4000,
      created_at_ms: 1000,
      updated_at_ms: 2000,
    }),
  ])
  const [one] = await client.transcriptions.list()
  assert.deepEqual(
    [one?.sid, one?.transcriptionText, one?.duration, one?.type, one?.recordingSid],
    [`TR${id}`, 'hello there', '4', 'fast', `RE${recording}`],
  )
  assert.equal((await client.recordings(`RE${recording}`).transcriptions(`TR${id}`).fetch()).status, 'completed')
  assert.equal(await client.transcriptions(`TR${id}`).remove(), true)
  await refuses(client.transcriptions(`TR${id}`).fetch(), 404, 20404)
})
