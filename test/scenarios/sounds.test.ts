// What a call hears and what is collected from it, field by field (telnyx-voice §12.3, §12.4): queues and overlays, sides of
// a bridge, loops, sources, prompts, bounds with their codes; ringing of every country.

import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { encodeWav } from '#audio/wav.ts'
import { ringing } from '#calls/ringing.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { openScenario, type Received } from './house.ts'
import { fails, sdkOf } from './sdk-in-house.ts'

const [LOW, MIDDLE, HIGH] = [520, 760, 1130]
const TONES = [LOW, MIDDLE, HIGH]

const scenario = await openScenario({ speech: true })
const { clock, files } = scenario
const client = sdkOf(scenario)
const { actions } = client.calls
after(() => scenario.close())

function tone(hz: number, ms: number): Uint8Array {
  return encodeWav(
    Int16Array.from({ length: ms * 8 }, (_, at) => 6000 * Math.sin((2 * Math.PI * hz * at) / 8000)),
    8000,
  )
}
const [low, middle, high] = TONES.map((hz) => {
  const url = `http://files.test/${hz}.wav`
  files.set(url, tone(hz, 4000))
  return url
}) as [string, string, string]

scenario.onWebhook = async (event) => {
  if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
    await actions.answer(String(event.payload.call_control_id), {})
  return 200
}
beforeEach(() => {
  scenario.received.length = 0
})

interface Line {
  readonly leg: string
  readonly call: PhoneCall
}

let callers = 0

async function callIn(): Promise<Line> {
  const user = `caller${callers++}`
  const phone = await scenario.phone(user)
  const call = await phone.call('+15550100', scenario.sip)
  const look = () =>
    scenario.received.find((one) => one.type === 'call.answered' && String(one.payload.from).includes(user))
  await clock.until(() => look() !== undefined)
  return { leg: String(look()!.payload.call_control_id), call }
}

function told(type: string, leg?: string): Received[] {
  return scenario.received.filter(
    (one) => one.type === type && (leg === undefined || one.payload.call_control_id === leg),
  )
}

/** `playback.ended cancelled` and the like, in order. */
function story(leg: string): string[] {
  return scenario.received
    .filter((one) => one.payload.call_control_id === leg && /speak|playback|gather/.test(one.type))
    .map(({ type, payload }) =>
      [type.replace('call.', ''), payload.status].filter((word) => word !== undefined).join(' '),
    )
}

async function hears(line: Line, afterMs = 1500): Promise<number[]> {
  await clock.advance(afterMs)
  return line.call.party.hears(TONES)
}

async function hangUp(...lines: readonly Line[]): Promise<void> {
  for (const { call } of lines) call.hangUp()
  await clock.advance(500)
}

test('sounds queue; stop on a new one skips the running one or drops all', async () => {
  const line = await callIn()
  await actions.startPlayback(line.leg, { audio_url: low })
  await actions.startPlayback(line.leg, { audio_url: middle, loop: 2 })
  assert.deepEqual(await hears(line), [LOW])
  await actions.startPlayback(line.leg, { audio_url: high, stop: 'current' })
  assert.deepEqual(await hears(line), [HIGH], 'the new one takes the place of the one it skipped')
  assert.deepEqual(await hears(line, 4000), [MIDDLE])
  assert.deepEqual(await hears(line, 4000), [MIDDLE], 'twice, and told once')
  await actions.startPlayback(line.leg, { audio_url: low, loop: 'infinity' })
  await actions.startPlayback(line.leg, { audio_url: high, stop: 'all' })
  assert.deepEqual(await hears(line), [HIGH])
  await actions.stopPlayback(line.leg, {})
  await clock.advance(500)
  assert.deepEqual(story(line.leg), [
    'playback.started',
    'playback.ended cancelled',
    'playback.started',
    'playback.ended completed',
    'playback.started',
    'playback.ended cancelled',
    'playback.ended cancelled',
    'playback.started',
    'playback.ended cancelled',
  ])
  assert.equal((await actions.stopPlayback(line.leg, {})).data!.result, 'ok', 'an idle call is no error')
  await hangUp(line)
})

test('an overlay is mixed over running audio, has a queue of its own, and is stopped apart', async () => {
  const line = await callIn()
  const overlay = (more: object = {}) => actions.startPlayback(line.leg, { audio_url: high, overlay: true, ...more })
  await fails(overlay(), 422, '10027')
  await actions.speak(line.leg, { payload: 'one two three four five six seven eight', voice: 'female' })
  await fails(overlay(), 422, '10027')
  await actions.startPlayback(line.leg, { audio_url: low, stop: 'all', loop: 'infinity' })
  await clock.advance(500)
  await fails(overlay({ target_legs: 'both' }), 422, '10027')
  await overlay({ loop: 'infinity' })
  assert.deepEqual(await hears(line), [LOW, HIGH])
  const started = told('call.playback.started', line.leg).map((one) => one.payload.overlay)
  assert.deepEqual(started, [false, true])
  await actions.stopPlayback(line.leg, { overlay: true })
  assert.deepEqual(await hears(line), [LOW])
  await overlay()
  await actions.stopPlayback(line.leg, { stop: 'overlay' })
  assert.deepEqual(await hears(line), [LOW])
  await actions.stopPlayback(line.leg, { stop: 'current' })
  assert.deepEqual(await hears(line), [])
  await hangUp(line)
})

test('target_legs: the sides of a bridge that hear it', async () => {
  const [one, other] = [await callIn(), await callIn()]
  const play = (target_legs: string) => actions.startPlayback(one.leg, { audio_url: low, target_legs, stop: 'all' })
  await fails(play('opposite'), 422, '10027')
  await actions.bridge(one.leg, { call_control_id_to_bridge_with: other.leg })
  await clock.advance(200)
  for (const [legs, expected] of [
    ['self', [[LOW], []]],
    ['opposite', [[], [LOW]]],
    ['both', [[LOW], [LOW]]],
  ] as const) {
    await play(legs)
    await clock.advance(1500)
    assert.deepEqual(
      [one, other].map(({ call }) => call.party.hears(TONES)),
      expected,
      legs,
    )
  }
  await actions.speak(one.leg, { payload: 'hello', voice: 'male', target_legs: 'both', stop: 'all' })
  await clock.advance(3000)
  assert.equal(told('call.speak.ended', one.leg)[0]!.payload.status, 'completed')
  await hangUp(one, other)
})

test('sources: base64 content and stored media; what is missing is told as such', async () => {
  const line = await callIn()
  await actions.startPlayback(line.leg, {
    playback_content: Buffer.from(tone(MIDDLE, 2000)).toString('base64'),
    audio_type: 'wav',
  })
  assert.deepEqual(await hears(line), [MIDDLE])
  const started = told('call.playback.started', line.leg)[0]!.payload
  assert.deepEqual([started.media_name, started.media_url], ['', ''])
  await fails(actions.startPlayback(line.leg, { playback_content: 'not base64!' }), 422, '10027')
  await fails(actions.startPlayback(line.leg, {}), 422, '10004')
  await fails(actions.startPlayback(line.leg, { audio_url: low, media_name: 'x' }), 422, '10027')
  await clock.advance(3000)
  scenario.received.length = 0
  await actions.startPlayback(line.leg, { media_name: 'nobody stored this' })
  await actions.startPlayback(line.leg, { audio_url: 'http://files.test/nothing.wav', cache_audio: false })
  await clock.advance(2000)
  const ends = told('call.playback.ended', line.leg).map(({ payload }) => payload)
  assert.deepEqual(
    ends.map(({ status, media_name, media_url }) => [status, media_name, media_url]),
    [
      ['file_not_found', 'nobody stored this', ''],
      ['file_not_found', '', 'http://files.test/nothing.wav'],
    ],
  )
  assert.ok(ends.every(({ status_detail }) => String(status_detail).length > 0))
  await hangUp(line)
})

test('a voice’s speed is heard; the basic level is plain American English in two voices', async () => {
  const line = await callIn()
  const say = async (more: object) => {
    scenario.received.length = 0
    await actions.speak(line.leg, { payload: 'one two three four five six', voice: 'female', ...more })
    await clock.until(() => told('call.speak.ended', line.leg).length > 0)
    const [started, ended] = [told('call.speak.started', line.leg)[0]!, told('call.speak.ended', line.leg)[0]!]
    assert.equal(started.payload.speak_id, ended.payload.speak_id)
    return ended.atMs - started.atMs
  }
  const usual = await say({ service_level: 'basic', language: 'en-US' })
  const fast = await say({ voice_settings: { type: 'telnyx', voice_speed: 2 } })
  assert.ok(fast < usual * 0.75, `${fast} ms against ${usual} ms`)
  await say({ payload: '<speak>one <break time="200ms"/> two</speak>', payload_type: 'ssml', voice: 'Polly.Brian' })
  const basic = { service_level: 'basic', payload: 'x', voice: 'female' } as const
  await fails(actions.speak(line.leg, { ...basic, language: 'de-DE' }), 422, '90013')
  await fails(actions.speak(line.leg, { ...basic, voice: 'Polly.Brian' }), 422, '90012')
  await fails(actions.speak(line.leg, { ...basic, payload_type: 'ssml' }), 422, '90011')
  await fails(actions.speak(line.leg, { ...basic, service_level: 'best' } as never), 422, '90030')
  await fails(actions.speak(line.leg, { ...basic, payload: 'x'.repeat(5001) }), 422, '90010')
  await fails(actions.speak(line.leg, { ...basic, loop: 0 }), 422, '90009')
  await hangUp(line)
})

test('gather: every bound has its code', async () => {
  const line = await callIn()
  for (const [body, code] of [
    [{ minimum_digits: 0 }, '90002'],
    [{ minimum_digits: 129 }, '90002'],
    [{ minimum_digits: 5, maximum_digits: 4 }, '90002'],
    [{ maximum_digits: 129 }, '90003'],
    [{ timeout_millis: 0 }, '90004'],
    [{ inter_digit_timeout_millis: 120_001 }, '90005'],
    [{ terminating_digit: 'x' }, '90006'],
    [{ terminating_digit: '##' }, '90006'],
    [{ valid_digits: '12a' }, '90007'],
    [{ initial_timeout_millis: 0 }, '90056'],
    [{ gather_id: 'x'.repeat(41) }, '10025'],
  ] as const)
    await fails(actions.gather(line.leg, body as never), 422, code)
  for (const [body, code] of [
    [{ maximum_tries: 0 }, '90008'],
    [{ maximum_tries: 129 }, '90008'],
    [{ minimum_digits: 3, maximum_digits: 2 }, '90002'],
  ] as const) {
    await fails(actions.gatherUsingAudio(line.leg, { audio_url: low, ...body }), 422, code)
    await fails(actions.gatherUsingSpeak(line.leg, { payload: 'x', voice: 'female', ...body }), 422, code)
  }
  await fails(actions.gatherUsingSpeak(line.leg, { payload: '', voice: 'female' }), 422, '90010')
  await hangUp(line)
})

test('gather: its id, its terminator, digits that are not valid, the time between digits, a second one', async () => {
  const line = await callIn()
  const outcome = async (keys: string, body: object, waitMs = 0) => {
    scenario.received.length = 0
    await actions.gather(line.leg, body)
    line.call.party.dial(keys)
    await clock.advance(1500 + waitMs)
    const { digits, status, gather_id } = told('call.gather.ended', line.leg)[0]?.payload ?? {}
    return [digits, status, gather_id]
  }
  assert.deepEqual(await outcome('12*', { terminating_digit: '*', gather_id: 'my-own' }), ['12', 'valid', 'my-own'])
  assert.deepEqual((await outcome('3', { valid_digits: '12', maximum_digits: 1 })).slice(0, 2), ['3', 'invalid'])
  assert.equal(told('call.dtmf.received', line.leg).length, 1, 'a digit is told even where it is not valid')
  assert.deepEqual((await outcome('1', { minimum_digits: 2, inter_digit_timeout_millis: 700 })).slice(0, 2), [
    '1',
    'invalid',
  ])
  assert.deepEqual((await outcome('', { initial_timeout_millis: 500 })).slice(0, 2), ['', 'timeout'])
  assert.deepEqual((await outcome('', { timeout_millis: 900 })).slice(0, 2), ['', 'timeout'])
  scenario.received.length = 0
  await actions.gather(line.leg, { gather_id: 'first' })
  await actions.gather(line.leg, { gather_id: 'second' })
  await actions.stopGather(line.leg, {})
  await clock.advance(500)
  assert.deepEqual(
    told('call.gather.ended', line.leg).map(({ payload }) => [payload.gather_id, payload.status]),
    [
      ['first', 'cancelled'],
      ['second', 'cancelled'],
    ],
  )
  await hangUp(line)
})

test('gather_using_audio and gather_using_speak: the invalid prompt, tries used up, no input at all', async () => {
  const line = await callIn()
  await actions.gatherUsingAudio(line.leg, {
    audio_url: low,
    invalid_audio_url: high,
    minimum_digits: 2,
    maximum_tries: 2,
    timeout_millis: 1000,
  })
  assert.deepEqual(await hears(line), [LOW])
  line.call.party.dial('1#')
  await clock.advance(700)
  assert.deepEqual(await hears(line), [HIGH], 'what was wrong')
  assert.deepEqual(await hears(line, 4000), [LOW], 'and the prompt again')
  line.call.party.dial('2#')
  await clock.advance(1500)
  assert.deepEqual(
    told('call.gather.ended', line.leg).map(({ payload }) => [payload.digits, payload.status]),
    [['2', 'invalid']],
  )
  scenario.received.length = 0
  await actions.gatherUsingSpeak(line.leg, { payload: 'well', voice: 'male', maximum_tries: 2, timeout_millis: 500 })
  await clock.until(() => told('call.gather.ended', line.leg).length > 0)
  await clock.advance(100)
  assert.deepEqual(story(line.leg), [
    'speak.started',
    'speak.ended completed',
    'speak.started',
    'speak.ended completed',
    'gather.ended timeout',
  ])
  await hangUp(line)
})

test('a conference gather may leave its prompt playing', async () => {
  const line = await callIn()
  const room = (await client.conferences.create({ call_control_id: line.leg, name: 'digits' })).data!
  await client.conferences.actions.gatherDtmfAudio(room.id, {
    call_control_id: line.leg,
    audio_url: low,
    gather_id: 'x'.repeat(100),
    stop_playback_on_dtmf: false,
    inter_digit_timeout_millis: 3000,
  })
  await clock.advance(500)
  line.call.party.dial('1')
  await clock.advance(300)
  assert.deepEqual(await hears(line, 500), [LOW])
  line.call.party.dial('2#')
  await clock.advance(1000)
  assert.deepEqual(
    told('call.gather.ended', line.leg).map(({ payload }) => [payload.digits, payload.gather_id]),
    [['12', 'x'.repeat(100)]],
  )
  await hangUp(line)
})

test('play_ringtone: every country rings in its own tone and rhythm until the other side answers', async () => {
  for (const country of ['us', 'uk', 'fr', 'us-old'] as const) {
    const line = await callIn()
    const phone = await scenario.phone(`slow-${country}`)
    // It never says that it rings.
    phone.onCall(() => {})
    const dialled = await client.calls.dial({ connection_id: scenario.connectionId, from: '+15550100', to: phone.uri })
    await actions.bridge(line.leg, {
      call_control_id_to_bridge_with: dialled.data!.call_control_id,
      play_ringtone: true,
      ringtone: country,
    })
    line.call.party.packets.length = 0
    await clock.advance(13_000)
    const { frequenciesHz, onOffMs } = ringing[country]
    const samples = Int16Array.from(line.call.party.packets.flatMap((packet) => [...packet.samples]))
    let loudMs = 0
    for (let at = 0; at + 160 <= samples.length; at += 160)
      if (frequenciesHz.every((hz) => toneLevelDbov(samples.subarray(at, at + 160), hz, 8000) > -32)) loudMs += 20
    const period = onOffMs.reduce((sum, one) => sum + one, 0)
    const on = onOffMs.reduce((sum, one, at) => sum + (at % 2 === 0 ? one : 0), 0)
    const expected = (13_000 * on) / period
    assert.ok(Math.abs(loudMs - expected) < 0.25 * expected + 400, `${country}: ${loudMs} ms, not ${expected}`)
    phone.calls[0]!.answer()
    await clock.advance(1000)
    assert.equal(told('call.bridged').length, 2)
    scenario.received.length = 0
    phone.calls[0]!.hangUp()
    await clock.advance(1000)
  }
  const line = await callIn()
  await fails(
    actions.bridge(line.leg, { call_control_id_to_bridge_with: line.leg, ringtone: 'xx' as never }),
    422,
    '10032',
  )
  await hangUp(line)
})

test('send_silence_when_idle: packets flow to a call that hears nothing; without it none do', async () => {
  for (const send_silence_when_idle of [true, false]) {
    const phone = await scenario.phone(`idle-${send_silence_when_idle}`)
    const body = { connection_id: scenario.connectionId, from: '+15550100', to: phone.uri, send_silence_when_idle }
    await client.calls.dial(body)
    await clock.until(() => phone.calls[0]?.state === 'up')
    await clock.advance(500)
    phone.calls[0]!.party.packets.length = 0
    await clock.advance(1000)
    const packets = phone.calls[0]!.party.packets.length
    assert.ok(send_silence_when_idle ? packets > 45 : packets === 0, `${packets} packets`)
    phone.calls[0]!.hangUp()
    await clock.advance(500)
  }
})

test('what this switch lacks is refused by name, not passed over', async () => {
  const to = 'sip:somebody@127.0.0.1'
  const body = { connection_id: scenario.connectionId, from: '+15550100', to }
  for (const field of [
    { assistant: { id: 'a' } },
    { conversation_relay_config: { url: 'wss://x.test' } },
    { deepfake_detection: { enabled: true } },
    { enable_dialogflow: true },
  ])
    await fails(client.calls.dial({ ...body, ...field } as never), 501, '10038')
  await fails(client.calls.dial({ ...body, from_display_name: 'Tom & "Jerry"' }), 422, '10027')
})
