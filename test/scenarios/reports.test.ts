// What can be read afterwards, with the official SDK: the event log, the delivery log, detail records, transcriptions, and
// what there is to choose from (telnyx-voice §11.4, §11.10).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insertRow } from '#storage/write.ts'
import { ACCOUNT, openScenario, type Scenario } from './house.ts'
import { fails, sdkOf } from './sdk-in-house.ts'

/** One call in, answered with a secret on the way, joined to a room, hung up. */
async function oneCall(scenario: Scenario) {
  const client = sdkOf(scenario)
  let leg = ''
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated') {
      leg = String(event.payload.call_control_id)
      await client.calls.actions.answer(leg, {})
    }
    return 200
  }
  const call = await scenario.callIn('bob', 700)
  const room = await client.conferences.create({ call_control_id: leg, name: 'room' })
  await scenario.clock.advance(5_000)
  const told = scenario.event('call.initiated')!.payload
  call.hangUp()
  await scenario.clock.until(() => scenario.types().includes('call.hangup'))
  await scenario.clock.advance(2_000)
  return { client, leg: String(told.call_leg_id), session: String(told.call_session_id), room: room.data! }
}

test('call events: commands and webhooks of a leg or session, newest first, by type and name; a day unless asked', async () => {
  const scenario = await openScenario()
  const { client, leg, session } = await oneCall(scenario)
  const all = (await client.callEvents.list({ filter: { leg_id: leg } })).data!
  const names = all.map((one) => `${one.type} ${one.name}`)
  // All of it within a few milliseconds: what came first is told by the order of making.
  assert.deepEqual(names.toReversed(), [
    'webhook call.initiated',
    'command answer',
    'webhook call.answered',
    'command create_conference',
    'webhook conference.created',
    'webhook conference.participant.joined',
    'webhook conference.participant.left',
    'webhook call.hangup',
    'webhook conference.ended',
  ])
  assert.ok(all.every((one) => one.record_type === 'call_event' && one.call_leg_id === leg))
  assert.ok(all.every((one) => one.call_session_id === session))
  const hook = all.find((one) => one.name === 'call.hangup')!.metadata as {
    status: string
    event: { event_type: string }
  }
  assert.deepEqual([hook.status, hook.event.event_type], ['delivered', 'call.hangup'])

  const commands = (await client.callEvents.list({ filter: { type: 'command', application_session_id: session } }))
    .data!
  assert.deepEqual(commands.map((one) => one.name).sort(), ['answer', 'create_conference'])
  const named = await client.callEvents.list({ filter: { name: 'call.answered' } })
  assert.equal(named.data!.length, 1)
  const paged: string[] = []
  for await (const one of client.callEvents.list({ page_size: 2 } as never)) paged.push(one.name)
  assert.ok(paged.length >= names.length)
  assert.equal(paged.length, (await client.callEvents.list()).data!.length)
  await fails(client.callEvents.list({ filter: { leg: leg } as never }), 400, '10031')
  await scenario.clock.advance(24 * 60 * 60_000)
  assert.equal((await client.callEvents.list()).data!.length, 0)
  assert.equal((await client.callEvents.list({ filter: { leg_id: leg } })).data!.length, all.length)
  await scenario.close()
})

test('webhook deliveries: each with its attempts, newest first; failures carry the log’s own codes; no signature secret', async () => {
  const scenario = await openScenario()
  const client = sdkOf(scenario)
  scenario.onWebhook = (event) => (event.type === 'call.hangup' ? 500 : 200)
  const call = await (await scenario.phone('bob')).call('+15550100', scenario.sip)
  await scenario.clock.until(() => scenario.types().includes('call.initiated'))
  call.hangUp()
  await scenario.clock.until(() => scenario.types().includes('call.hangup'))
  await scenario.clock.advance(60_000)
  const all = (await client.webhookDeliveries.list()).data!
  assert.deepEqual(
    all.map((one) => [one.status, one.webhook!.event_type]),
    [
      ['failed', 'call.hangup'],
      ['delivered', 'call.initiated'],
    ],
  )
  const failed = (await client.webhookDeliveries.list({ filter: { status: { eq: 'failed' } } })).data![0]!
  assert.ok(failed.attempts!.length >= 3)
  assert.deepEqual([failed.attempts![0]!.errors, failed.attempts![0]!.http!.response!.status], [[75500], 500])
  assert.equal((await client.webhookDeliveries.retrieve(failed.id!)).data!.id, failed.id)
  assert.equal((await client.webhookDeliveries.list({ filter: { event_type: 'call.initiated' } })).data!.length, 1)
  await fails(client.webhookDeliveries.retrieve('nothing'), 404, '10005')
  await scenario.close()
})

test('detail records: calls, conferences and their members; the kind is mandatory; pages of 50 at most', async () => {
  const scenario = await openScenario()
  const { client, leg, room } = await oneCall(scenario)
  // biome-ignore lint/suspicious/noExplicitAny: records differ by kind.
  const list = async (filter: object): Promise<any[]> => (await client.detailRecords.list({ filter } as never)).data!
  const [call] = await list({ record_type: 'call-control', date_range: 'today' })
  assert.deepEqual([call.record_type, call.call_leg_id, call.direction], ['call-control', leg, 'inbound'])
  assert.ok(call.call_sec >= 5)
  const [conference] = await list({ record_type: 'conference' })
  assert.deepEqual([conference.id, conference.participant_count], [room.id, 1])
  const [member] = await list({ record_type: 'conference-participant' })
  assert.deepEqual([member.conference_id, member.call_leg_id], [room.id, leg])
  assert.deepEqual(await list({ record_type: 'call-control', date_range: 'yesterday' }), [])
  assert.deepEqual(await list({ record_type: 'amd' }), [])
  await fails(client.detailRecords.list(), 400, '10015')
  await fails(client.detailRecords.list({ filter: { record_type: 'amd' }, page_size: 51 } as never), 400, '10015')
  await scenario.close()
})

test('transcriptions of recordings are listed, looked up, deleted', async () => {
  const scenario = await openScenario()
  const client = sdkOf(scenario)
  const id = 'a'.repeat(32)
  const recording = 'b'.repeat(32)
  await scenario.store.commit([
    insertRow('recording_transcriptions', {
      id,
      account_id: ACCOUNT,
      recording_id: recording,
      state: 'completed',
      text: 'hello there',
      duration_ms: 1200,
      created_at_ms: 1,
      updated_at_ms: 1,
    }),
  ])
  const [one] = (await client.recordingTranscriptions.list()).data!
  assert.deepEqual(
    [one!.record_type, one!.transcription_text, one!.status],
    ['recording_transcription', 'hello there', 'completed'],
  )
  const other = { recording_id: '00000000-0000-0000-0000-000000000000' }
  assert.equal((await client.recordingTranscriptions.list({ filter: other })).data!.length, 0)
  assert.equal((await client.recordingTranscriptions.retrieve(one!.id!)).data!.recording_id, one!.recording_id)
  assert.equal((await client.recordingTranscriptions.delete(one!.id!)).data!.id, one!.id)
  await fails(client.recordingTranscriptions.retrieve(one!.id!), 404, '10005')
  await scenario.close()
})

test('voices, recognisers and engines are listed', async () => {
  const scenario = await openScenario()
  const client = sdkOf(scenario)
  const { voices } = await client.textToSpeech.listVoices({ provider: 'aws' })
  assert.ok(voices!.some((one) => one.name === 'Amy' && one.language === 'en-GB'))
  assert.deepEqual((await client.speechToText.listProviders()).data, [])
  assert.deepEqual(
    (await client.noiseSuppressionEngines.list()).data.map((one) => one.value),
    ['denoiser'],
  )
  await scenario.close()
})
