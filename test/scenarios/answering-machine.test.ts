// Answering-machine detection over the line: dialled with each mode, the callee plays a made answer, and the events of the
// mode arrive (telnyx-voice §12.9).

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { encodeWav } from '#audio/wav.ts'
import { madeAnswers } from '../conformance/made-answers.ts'
import { openScenario, type Scenario } from './house.ts'

const PROMPT = 'http://files.test/prompt.wav'

const answers = await madeAnswers()
const scenario: Scenario = await openScenario()
after(() => scenario.close())
// Longer than any greeting.
scenario.files.set(PROMPT, encodeWav(new Int16Array(8000 * 30).fill(1000), 8000))

/** Dials somebody who plays an answer; the machine events that came of it. */
async function dialled(mode: string, kind: string, more: object = {}): Promise<readonly string[]> {
  const answer = answers.find((one) => one.kind === kind)!
  const phone = await scenario.phone(`${mode}-${kind.replaceAll(' ', '-')}-${scenario.received.length}`)
  const reply = await scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    from: '+15550100',
    to: phone.uri,
    answering_machine_detection: mode,
    ...more,
  })
  assert.equal(reply.status, 200, JSON.stringify(reply.json))
  await scenario.clock.until(() => phone.calls[0]?.state === 'up')
  phone.calls[0]!.party.play(answer.samples)
  await scenario.clock.advance(45_000)
  phone.calls[0]!.hangUp()
  await scenario.clock.advance(1000)
  return scenario.received
    .filter((event) => event.payload.call_control_id === reply.json.data.call_control_id)
    .filter((event) => event.type.startsWith('call.machine.'))
    .map((event) => `${event.type.replace('call.machine.', '')} ${event.payload.result}`)
}

test('detect tells who answered, and no more', async () => {
  assert.deepEqual(await dialled('detect', 'person at home'), ['detection.ended human'])
  assert.deepEqual(await dialled('detect', 'machine with beep'), ['detection.ended machine'])
})

test('detect_beep, detect_words and greeting_end wait for the end of a machine’s greeting', async () => {
  assert.deepEqual(await dialled('detect_beep', 'machine with beep'), [
    'detection.ended machine',
    'greeting.ended beep_detected',
  ])
  assert.deepEqual(await dialled('detect_beep', 'machine without beep'), ['detection.ended machine'])
  assert.deepEqual(await dialled('detect_words', 'machine without beep'), [
    'detection.ended machine',
    'greeting.ended not_sure',
  ])
  const patient = { answering_machine_detection_config: { greeting_total_analysis_time_millis: 30_000 } }
  assert.deepEqual(await dialled('greeting_end', 'machine without beep', patient), [
    'detection.ended machine',
    'greeting.ended ended',
  ])
})

test('premium tells homes, businesses, machines, faxes and silence apart', async () => {
  assert.deepEqual(await dialled('premium', 'person at home'), ['premium.detection.ended human_residence'])
  assert.deepEqual(await dialled('premium', 'person at work'), ['premium.detection.ended human_business'])
  assert.deepEqual(await dialled('premium', 'machine with beep'), [
    'premium.detection.ended machine',
    'premium.greeting.ended beep_detected',
  ])
  assert.deepEqual(await dialled('premium', 'fax'), ['premium.detection.ended fax_detected'])
  assert.deepEqual(await dialled('premium', 'silence'), ['premium.detection.ended silence'])
})

test('nobody is listened to without being asked', async () => {
  assert.deepEqual(await dialled('disabled', 'machine with beep'), [])
})

test('a machine ends what plays and collects digits as cancelled_amd; what comes after is heard', async () => {
  const answer = answers.find((one) => one.kind === 'machine with beep')!
  const phone = await scenario.phone('cut-short')
  const dialled = await scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    from: '+15550100',
    to: phone.uri,
    answering_machine_detection: 'detect',
    audio_url: PROMPT,
  })
  const leg = dialled.json.data.call_control_id
  await scenario.clock.until(() => phone.calls[0]?.state === 'up')
  phone.calls[0]!.party.play(answer.samples)
  const act = (action: string, body: object) => scenario.rest('POST', `/v2/calls/${leg}/actions/${action}`, body)
  const since = scenario.received.length
  await act('playback_start', { audio_url: PROMPT })
  await act('gather', { initial_timeout_millis: 60_000 })
  const story = () =>
    scenario.received
      .slice(since)
      .filter((one) => one.payload.call_control_id === leg && one.payload.status !== undefined)
      .map((one) => `${one.type} ${one.payload.status}`)
  await scenario.clock.until(() => story().length === 3)
  assert.deepEqual(story(), [
    'call.gather.ended cancelled_amd',
    'call.playback.ended cancelled_amd',
    'call.playback.ended cancelled_amd',
  ])
  assert.equal(scenario.event('call.machine.detection.ended', leg)!.payload.result, 'machine')
  await act('playback_start', { audio_url: PROMPT })
  await scenario.clock.until(() => story().length === 4)
  assert.equal(story()[3], 'call.playback.ended completed')
  phone.calls[0]!.hangUp()
  await scenario.clock.advance(1000)
})
