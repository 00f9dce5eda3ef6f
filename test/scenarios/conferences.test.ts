// Rooms in Call Control's words: who hears whom in every role, who waits, what beeps, what ends a room and what becomes
// of those in it, what plays to whom and how it is told (telnyx-voice §8, §10, §12.7).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { encodeWav } from '#audio/wav.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { openScenario, type Received, type Scenario } from './house.ts'

const HUMS_HZ = [700, 900, 1200] as const
const MUSIC_HZ = 520
const BEEP_HZ = 1000
const MUSIC = 'http://files.test/music.wav'

interface Line {
  readonly leg: string
  readonly call: PhoneCall
}

async function open(): Promise<Scenario> {
  const scenario = await openScenario({ speech: true })
  const music = Int16Array.from({ length: 16_000 }, (_, at) => 8000 * Math.sin((2 * Math.PI * MUSIC_HZ * at) / 8000))
  scenario.files.set(MUSIC, encodeWav(music, 8000))
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
      await scenario.rest('POST', `/v2/calls/${event.payload.call_control_id}/actions/answer`, {})
    return 200
  }
  return scenario
}

async function callIn(scenario: Scenario, hz: number): Promise<Line> {
  const call = await scenario.callIn(`hums${hz}`, hz)
  await scenario.clock.advance(100)
  return {
    leg: String(scenario.received.findLast((event) => event.type === 'call.answered')!.payload.call_control_id),
    call,
  }
}

/** As many callers as there are hums, each answered and in no room yet. */
async function callers(scenario: Scenario, count = 3): Promise<Line[]> {
  const lines: Line[] = []
  for (const hz of HUMS_HZ.slice(0, count)) lines.push(await callIn(scenario, hz))
  return lines
}

async function create(scenario: Scenario, leg: string, more: object = {}): Promise<string> {
  const reply = await scenario.rest('POST', '/v2/conferences', { call_control_id: leg, name: 'room', ...more })
  assert.equal(reply.status, 200, JSON.stringify(reply.json))
  return reply.json.data.id
}

async function act(scenario: Scenario, action: string, body: object = {}): Promise<void> {
  const reply = await scenario.rest('POST', `/v2/conferences/room/actions/${action}`, body)
  assert.equal(reply.status, 200, `${action}: ${JSON.stringify(reply.json)}`)
}

async function refused(scenario: Scenario, action: string, body: object, code: string): Promise<void> {
  const reply = await scenario.rest('POST', `/v2/conferences/room/actions/${action}`, body)
  assert.equal(reply.json.errors?.[0]?.code, code, JSON.stringify(reply.json))
}

/** Which hums each line hears. */
function matrix(lines: readonly Line[]): number[][] {
  return lines.map(({ call }) => call.party.hears([...HUMS_HZ]))
}

function of(scenario: Scenario, type: string, leg?: string): Received[] {
  return scenario.received.filter(
    (event) => event.type === type && (leg === undefined || event.payload.call_control_id === leg),
  )
}

/** Whether the tone was loud in any 100 ms since an instant. */
function heardSince(call: PhoneCall, hz: number, sinceMs: number): boolean {
  const packets = call.party.packets.filter((packet) => packet.atMs >= sinceMs)
  for (let at = 0; at + 5 <= packets.length; at++) {
    const window = Int16Array.from(packets.slice(at, at + 5).flatMap((packet) => [...packet.samples]))
    if (toneLevelDbov(window, hz, 8000) > -30) return true
  }
  return false
}

async function close(scenario: Scenario, lines: readonly Line[]): Promise<void> {
  for (const { call } of lines) if (call.state !== 'ended') call.hangUp()
  await scenario.clock.advance(2000)
  await scenario.close()
}

test('roles: a barge is ordinary, a monitor is never heard, a whisper is heard by its list alone', async () => {
  const scenario = await open()
  const lines = await callers(scenario)
  const [one, two, three] = lines as [Line, Line, Line]
  await create(scenario, one.leg)
  await act(scenario, 'join', { call_control_id: two.leg })
  await act(scenario, 'join', { call_control_id: three.leg, supervisor_role: 'monitor' })
  await scenario.clock.advance(1000)
  assert.deepEqual(matrix(lines), [[900], [700], [700, 900]], 'monitor')
  await act(scenario, 'update', {
    call_control_id: three.leg,
    supervisor_role: 'whisper',
    whisper_call_control_ids: [two.leg],
  })
  await scenario.clock.advance(1000)
  assert.deepEqual(matrix(lines), [[900], [700, 1200], [700, 900]], 'whisper')
  const whispering = await scenario.rest('GET', '/v2/conferences/room/participants?filter[whispering]=true')
  assert.deepEqual(
    whispering.json.data.map((member: { whisper_call_control_ids: string[] }) => member.whisper_call_control_ids),
    [[two.leg]],
  )
  await act(scenario, 'update', {
    call_control_id: three.leg,
    supervisor_role: 'whisper',
    whisper_call_control_ids: [],
  })
  await scenario.clock.advance(1000)
  assert.deepEqual(matrix(lines), [[900], [700], [700, 900]], 'a whisper to nobody is a monitor')
  await act(scenario, 'update', { call_control_id: three.leg, supervisor_role: 'barge' })
  await scenario.clock.advance(1000)
  assert.deepEqual(
    matrix(lines),
    [
      [900, 1200],
      [700, 1200],
      [700, 900],
    ],
    'barge',
  )
  await close(scenario, lines)
})

test('mute is for the mouth, hold for mouth and ears; both are undone for those named, or for all', async () => {
  const scenario = await open()
  const lines = await callers(scenario)
  const [one, two, three] = lines as [Line, Line, Line]
  await create(scenario, one.leg)
  await act(scenario, 'join', { call_control_id: two.leg })
  await act(scenario, 'join', { call_control_id: three.leg })
  await act(scenario, 'mute', { call_control_ids: [one.leg] })
  await act(scenario, 'hold', { call_control_ids: [two.leg] })
  await scenario.clock.advance(1000)
  assert.deepEqual(matrix(lines), [[1200], [], []])
  assert.ok(two.call.party.loudness() < -60, 'held without audio is silence')
  // A leg that is gone is passed over as long as another one is there (§14.3).
  await act(scenario, 'unmute', { call_control_ids: ['v3:gone', one.leg] })
  await act(scenario, 'unhold', { call_control_ids: [two.leg], audio_url: MUSIC })
  await scenario.clock.advance(1000)
  assert.deepEqual(matrix(lines), [
    [900, 1200],
    [700, 1200],
    [700, 900],
  ])
  await act(scenario, 'hold', { audio_url: MUSIC })
  await scenario.clock.advance(1000)
  for (const { call } of lines) assert.deepEqual(call.party.hears([...HUMS_HZ, MUSIC_HZ]), [MUSIC_HZ])
  await refused(scenario, 'unhold', {}, '10004')
  await close(scenario, lines)
})

test('start_conference_on_create=false: everyone waits with the room’s audio until one enters who starts it', async () => {
  const scenario = await open()
  const lines = await callers(scenario)
  const [one, two, three] = lines as [Line, Line, Line]
  const id = await create(scenario, one.leg, { start_conference_on_create: false, hold_audio_url: MUSIC })
  await act(scenario, 'join', { call_control_id: two.leg })
  await scenario.clock.advance(1500)
  for (const { call } of [one, two]) assert.deepEqual(call.party.hears([...HUMS_HZ, MUSIC_HZ]), [MUSIC_HZ])
  assert.equal((await scenario.rest('GET', `/v2/conferences/${id}`)).json.data.status, 'init')
  await act(scenario, 'join', { call_control_id: three.leg, start_conference_on_enter: true })
  await scenario.clock.advance(1000)
  assert.deepEqual(matrix(lines), [
    [900, 1200],
    [700, 1200],
    [700, 900],
  ])
  assert.equal((await scenario.rest('GET', `/v2/conferences/${id}`)).json.data.status, 'in_progress')
  await close(scenario, lines)
})

test('end_conference_on_exit hangs everyone up; the soft one parks them; each leaves before the room ends', async () => {
  for (const hard of [true, false]) {
    const scenario = await open()
    const lines = await callers(scenario)
    const [one, two, three] = lines as [Line, Line, Line]
    const id = await create(scenario, one.leg)
    const option = hard ? { end_conference_on_exit: true } : { soft_end_conference_on_exit: true }
    await act(scenario, 'join', { call_control_id: two.leg, ...option })
    await act(scenario, 'join', { call_control_id: three.leg })
    await scenario.clock.advance(500)
    two.call.hangUp()
    await scenario.clock.advance(1500)
    assert.deepEqual(
      lines.map(({ call }) => call.state),
      hard ? ['ended', 'ended', 'ended'] : ['up', 'ended', 'up'],
    )
    assert.equal(of(scenario, 'conference.participant.left').length, 3)
    assert.equal(of(scenario, 'conference.ended')[0]!.payload.reason, 'host_left')
    const { json } = await scenario.rest('GET', `/v2/conferences/${id}`)
    assert.deepEqual(
      [json.data.status, json.data.end_reason, json.data.ended_by.call_control_id],
      ['completed', 'host_left', two.leg],
    )
    if (!hard) {
      assert.deepEqual(matrix([one, three]), [[], []])
      await create(scenario, one.leg)
    }
    await close(scenario, lines)
  }
})

test('a room whose maker is long gone is still told as ended, by command and by the last who leaves', async () => {
  for (const how of ['command', 'leaving'] as const) {
    const scenario = await open()
    const lines = await callers(scenario)
    const [one, two, three] = lines as [Line, Line, Line]
    const id = await create(scenario, one.leg)
    await act(scenario, 'join', { call_control_id: two.leg })
    await act(scenario, 'join', { call_control_id: three.leg })
    one.call.hangUp()
    await scenario.clock.advance(1000)
    if (how === 'command') await act(scenario, 'end')
    else for (const { call } of [two, three]) call.hangUp()
    await scenario.clock.advance(1500)
    assert.deepEqual(
      of(scenario, 'conference.ended').map((event) => [event.payload.conference_id, event.payload.reason]),
      [[id, 'all_left']],
    )
    assert.equal(of(scenario, 'conference.participant.left').length, 3)
    await close(scenario, lines)
  }
})

test('a room ends at its duration and hangs up those in it', async () => {
  const scenario = await open()
  const lines = await callers(scenario, 2)
  await create(scenario, lines[0]!.leg, { duration_minutes: 1 })
  await act(scenario, 'join', { call_control_id: lines[1]!.leg })
  await scenario.clock.advance(58_000)
  assert.equal(of(scenario, 'conference.ended').length, 0)
  await scenario.clock.advance(4000)
  assert.equal(of(scenario, 'conference.ended')[0]!.payload.reason, 'time_exceeded')
  assert.deepEqual(
    lines.map(({ call }) => call.state),
    ['ended', 'ended'],
  )
  await close(scenario, lines)
})

test('leave parks the leg and it may come back; a second joining, a full room and an ended one are refused', async () => {
  const scenario = await open()
  const lines = await callers(scenario)
  const [one, two, three] = lines as [Line, Line, Line]
  const id = await create(scenario, one.leg, { max_participants: 2 })
  // Members are listed in the order of joining, and of one millisecond nobody is first.
  await scenario.clock.advance(10)
  await act(scenario, 'join', { call_control_id: two.leg })
  await refused(scenario, 'join', { call_control_id: two.leg }, '90044')
  await refused(scenario, 'join', { call_control_id: three.leg }, '90032')
  await act(scenario, 'leave', { call_control_id: two.leg })
  await refused(scenario, 'leave', { call_control_id: two.leg }, '90018')
  await scenario.clock.advance(1000)
  assert.deepEqual(matrix([one, two]), [[], []])
  await act(scenario, 'join', { call_control_id: two.leg })
  await scenario.clock.advance(1000)
  assert.deepEqual(matrix([one, two]), [[900], [700]])
  const members = await scenario.rest('GET', `/v2/conferences/${id}/participants`)
  assert.deepEqual(
    members.json.data.map((member: { status: string }) => member.status),
    ['joined', 'left', 'joined'],
  )
  await act(scenario, 'end')
  // The commanded end is answered before any of its webhooks leaves, and everyone is hung up.
  assert.equal(of(scenario, 'conference.ended').length, 0)
  await scenario.clock.advance(1000)
  assert.deepEqual([one.call.state, two.call.state, three.call.state], ['ended', 'ended', 'up'])
  const reply = await scenario.rest('POST', `/v2/conferences/${id}/actions/join`, { call_control_id: three.leg })
  assert.equal(reply.json.errors[0].code, '90019')
  await close(scenario, lines)
})

test('a bridge takes a leg out of its room, and a room takes a leg out of its bridge', async () => {
  const scenario = await open()
  const lines = await callers(scenario)
  const [one, two, three] = lines as [Line, Line, Line]
  await create(scenario, one.leg)
  await act(scenario, 'join', { call_control_id: two.leg })
  const bridged = await scenario.rest('POST', `/v2/calls/${two.leg}/actions/bridge`, {
    call_control_id: three.leg,
    park_after_unbridge: 'self',
  })
  assert.equal(bridged.status, 200)
  await scenario.clock.advance(1000)
  assert.deepEqual(matrix(lines), [[], [1200], [900]])
  assert.equal(of(scenario, 'conference.participant.left', two.leg).length, 1)
  await act(scenario, 'join', { call_control_id: three.leg })
  await scenario.clock.advance(1000)
  assert.deepEqual(matrix(lines), [[1200], [], [700]])
  assert.equal(two.call.state, 'up', 'parked')
  await close(scenario, lines)
})

test('beeps: by the room’s rule, overridden by who joins or leaves', async () => {
  for (const [room, own, enters, exits] of [
    ['always', undefined, true, true],
    ['never', undefined, false, false],
    ['on_enter', undefined, true, false],
    ['on_exit', undefined, false, true],
    ['always', 'never', false, false],
    ['never', 'always', true, true],
  ] as const) {
    const scenario = await open()
    const lines = await callers(scenario, 2)
    const [one, two] = lines as [Line, Line]
    two.call.party.hum(null)
    await create(scenario, one.leg, { beep_enabled: room })
    await scenario.clock.advance(1000)
    const enteredAtMs = scenario.clock.nowMs()
    await act(scenario, 'join', { call_control_id: two.leg, ...(own === undefined ? {} : { beep_enabled: own }) })
    await scenario.clock.advance(1000)
    const leftAtMs = scenario.clock.nowMs()
    assert.equal(heardSince(one.call, BEEP_HZ, enteredAtMs), enters, `${room}, ${own}: entering`)
    await act(scenario, 'leave', { call_control_id: two.leg })
    await scenario.clock.advance(1000)
    assert.equal(heardSince(one.call, BEEP_HZ, leftAtMs), exits, `${room}, ${own}: leaving`)
    await close(scenario, lines)
  }
})

test('play and speak: to the room they are told without a leg, to one participant with it', async () => {
  const scenario = await open()
  const lines = await callers(scenario)
  const [one, two, three] = lines as [Line, Line, Line]
  const id = await create(scenario, one.leg, { client_state: 'cm9vbQ==' })
  await act(scenario, 'join', { call_control_id: two.leg, client_state: 'dHdv' })
  await act(scenario, 'join', { call_control_id: three.leg })
  await act(scenario, 'play', { audio_url: MUSIC })
  await scenario.clock.advance(1000)
  for (const { call } of lines) assert.deepEqual(call.party.hears([MUSIC_HZ]), [MUSIC_HZ])
  assert.deepEqual(
    matrix(lines),
    [
      [900, 1200],
      [700, 1200],
      [700, 900],
    ],
    'the talk goes on under it',
  )
  await scenario.clock.advance(2000)
  await act(scenario, 'play', { audio_url: MUSIC, call_control_ids: [two.leg], loop: 3 })
  await scenario.clock.advance(1000)
  assert.deepEqual(
    lines.map(({ call }) => call.party.hears([MUSIC_HZ])),
    [[], [MUSIC_HZ], []],
  )
  await act(scenario, 'stop', { call_control_ids: [two.leg] })
  await act(scenario, 'speak', { payload: 'Hello all.', voice: 'female' })
  await act(scenario, 'speak', { payload: 'Hello you.', voice: 'male', call_control_ids: [three.leg] })
  await scenario.clock.advance(4000)
  const told = scenario.received
    .filter((event) => /playback|speak/.test(event.type))
    .map(({ type, payload }) => [type, payload.call_control_id ?? null, payload.conference_id, payload.media_url])
  const expected = [
    ['conference.playback.started', null, id, MUSIC],
    ['conference.playback.ended', null, id, MUSIC],
    ['conference.participant.playback.started', two.leg, id, MUSIC],
    ['conference.participant.playback.ended', two.leg, id, MUSIC],
    ['conference.speak.started', null, id, undefined],
    ['conference.speak.ended', null, id, undefined],
    ['conference.participant.speak.started', three.leg, id, undefined],
    ['conference.participant.speak.ended', three.leg, id, undefined],
  ]
  assert.deepEqual(told.map(String).sort(), expected.map(String).sort())
  const states = scenario.received
    .filter((event) => event.type.startsWith('conference.') && 'client_state' in event.payload)
    .map((event) => event.payload.client_state)
  assert.ok(
    states.every((state) => state === 'cm9vbQ=='),
    'the room’s events carry the room’s state',
  )
  assert.equal(of(scenario, 'call.answered', two.leg).length, 1)
  await close(scenario, lines)
})

test('what is spoken or played to one leg of a room stays with that leg, and hold audio waits behind it', async () => {
  const scenario = await open()
  const lines = await callers(scenario, 2)
  const [one, two] = lines as [Line, Line]
  two.call.party.hum(null)
  // As the demo apps do: the greeting first, the room right behind it.
  const greeting = {
    payload: 'Welcome to this conference, it is good to have you.',
    voice: 'female',
    language: 'en-GB',
  }
  await create(scenario, one.leg)
  one.call.party.hum(null)
  await scenario.rest('POST', `/v2/calls/${two.leg}/actions/speak`, greeting)
  await act(scenario, 'join', { call_control_id: two.leg })
  await act(scenario, 'hold', { call_control_ids: [two.leg], audio_url: MUSIC })
  await scenario.clock.advance(1000)
  assert.ok(two.call.party.loudness(700) > -40, 'the greeting goes on')
  assert.deepEqual(two.call.party.hears([MUSIC_HZ], 300), [])
  assert.ok(one.call.party.loudness(700) < -60, 'and is nobody else’s')
  await scenario.clock.until(() => of(scenario, 'call.speak.ended', two.leg).length === 1)
  assert.equal(of(scenario, 'call.speak.ended', two.leg)[0]!.payload.status, 'completed')
  await scenario.clock.advance(800)
  assert.deepEqual(two.call.party.hears([MUSIC_HZ], 300), [MUSIC_HZ])
  assert.ok(one.call.party.loudness(700) < -60)
  await close(scenario, lines)
})

test('the owner that joins again with a client_state changes the room’s; another does not', async () => {
  const scenario = await open()
  const lines = await callers(scenario, 2)
  const [one, two] = lines as [Line, Line]
  await create(scenario, one.leg, { client_state: 'b25l' })
  await act(scenario, 'join', { call_control_id: two.leg, client_state: 'dHdv' })
  await scenario.clock.advance(200)
  assert.equal(of(scenario, 'conference.participant.joined', two.leg)[0]!.payload.client_state, 'b25l')
  await act(scenario, 'leave', { call_control_id: one.leg })
  await act(scenario, 'join', { call_control_id: one.leg, client_state: 'bmV3' })
  await scenario.clock.advance(200)
  assert.equal(of(scenario, 'conference.participant.joined', one.leg)[1]!.payload.client_state, 'bmV3')
  await close(scenario, lines)
})

test('a dial with conference_config enters the room on its answer, with the options it names', async () => {
  const scenario = await open()
  const lines = await callers(scenario, 2)
  const [one, two] = lines as [Line, Line]
  const id = await create(scenario, one.leg)
  await act(scenario, 'join', { call_control_id: two.leg })
  const phone = await scenario.phone('three')
  const dialled = await scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    from: '+15550123',
    to: phone.uri,
    conference_config: { id, mute: true, end_conference_on_exit: true },
  })
  assert.equal(dialled.status, 200, JSON.stringify(dialled.json))
  await scenario.clock.until(() => phone.calls[0]?.state === 'up')
  const third = phone.calls[0]!
  third.party.hum(1200)
  await scenario.clock.advance(1000)
  assert.deepEqual(matrix([one, two, { leg: '', call: third }]), [[900], [700], [700, 900]])
  third.hangUp()
  await scenario.clock.advance(1500)
  assert.deepEqual([one.call.state, two.call.state], ['ended', 'ended'])
  await close(scenario, lines)
})

test('digits of a participant are told and not heard by the others as sound or as keys', async () => {
  const scenario = await open()
  const lines = await callers(scenario, 2)
  const [one, two] = lines as [Line, Line]
  await create(scenario, one.leg)
  await act(scenario, 'join', { call_control_id: two.leg })
  await scenario.clock.advance(500)
  two.call.party.dial('5')
  await scenario.clock.advance(1000)
  assert.equal(of(scenario, 'call.dtmf.received', two.leg)[0]!.payload.digit, '5')
  assert.equal(one.call.party.digits, '')
  await close(scenario, lines)
})
