// Conferences (twilio-voice §4.4 CONF, §5.5 CSE, §7.2 PT): who hears whom, who is told what, and how rooms end.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hearing, whoHearsWhom } from '#testkit/ears.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { wavOf } from './tones.ts'
import { APP, notes, openTwilioScenario, twiml } from './twilio-app.ts'

const HUMS = { ann: 400, ben: 700, cat: 1000, dan: 1300 } as const
type Name = keyof typeof HUMS
const MUSIC = { name: 'music', frequenciesHz: [1100, 1700] }
const SOUNDS = [...Object.entries(HUMS).map(([name, hz]) => ({ name, frequenciesHz: [hz] })), MUSIC]
const WORDS = 'start end join leave mute hold modify speaker announcement'

/** A room that everybody who calls joins; what each of them joins with. */
async function openRoom(per: Partial<Record<Name, string>> = {}, common = '', after = '') {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', ({ params }) =>
    twiml(
      `<Dial action="/after"><Conference beep="false" waitUrl="" ${common} ${per[params.From as Name] ?? ''}>room</Conference></Dial>${after}`,
    ),
  )
  scenario.on('/after', twiml('<Pause length="30"/>'))
  const calls: Partial<Record<Name, PhoneCall>> = {}
  const sids: Partial<Record<Name, string>> = {}
  return {
    scenario,
    clock: scenario.clock,
    calls: calls as Record<Name, PhoneCall>,
    sids: sids as Record<Name, string>,
    async join(...names: Name[]) {
      for (const name of names) {
        const { call } = await scenario.dialIn(name, HUMS[name])
        calls[name] = call
        await scenario.clock.until(() => call.state === 'up')
        await scenario.clock.advance(300)
        sids[name] = scenario.at('/voice').findLast(({ params }) => params.From === name)!.params.CallSid!
      }
      await scenario.clock.advance(1_500)
    },
    hears(): Readonly<Record<string, readonly string[]>> {
      const up = Object.entries(calls).filter(([, call]) => call.state === 'up')
      return whoHearsWhom(Object.fromEntries(up.map(([name, call]) => [name, call.party])), SOUNDS)
    },
    /** The room's path. */
    async path() {
      const { json } = await scenario.api('GET', '/Conferences.json?FriendlyName=room')
      return `/Conferences/${json.conferences[0].sid}`
    },
    told: () => scenario.at('/room').map(({ params }) => params),
    words: () => scenario.at('/room').map(({ params }) => params.StatusCallbackEvent),
  }
}

const CALLBACK = `statusCallback="/room" statusCallbackEvent="${WORDS}"`

test('CONF-01, CONF-19, CSE-01 to CSE-05, CSE-09, CSE-10, WH-30: two make a conference; joins, its start, leaves and its end are told in order', async () => {
  const room = await openRoom({}, CALLBACK)
  const { scenario, clock, calls, sids } = room
  await room.join('ann')
  const { json: waiting } = await scenario.api('GET', '/Conferences.json?Status=init')
  assert.equal(waiting.conferences.length, 1, 'one alone is no conference yet')
  await room.join('ben')
  assert.deepEqual(room.hears(), { ann: ['ben'], ben: ['ann'] })
  const { sid } = waiting.conferences[0]
  assert.equal((await scenario.api('GET', `/Conferences/${sid}.json`)).json.status, 'in-progress')
  calls.ann.hangUp()
  await clock.advance(1_000)
  calls.ben.hangUp()
  await clock.until(() => room.words().includes('conference-end'))
  const told = room.told()
  const words = told.map((one) => one.StatusCallbackEvent).filter((one) => !String(one).includes('speech'))
  assert.deepEqual(words, [
    'participant-join',
    'participant-join',
    'conference-start',
    'participant-leave',
    'participant-leave',
    'conference-end',
  ])
  assert.deepEqual(
    told.map((one) => Number(one.SequenceNumber)),
    told.map((_, index) => index + 1),
  )
  for (const one of told) {
    assert.deepEqual([one.ConferenceSid, one.FriendlyName], [sid, 'room'])
    assert.match(one.Timestamp!, /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} \+0000$/)
  }
  const join = told[0]!
  assert.deepEqual(
    [join.CallSid, join.Muted, join.Hold, join.Coaching, join.EndConferenceOnExit, join.StartConferenceOnEnter],
    [sids.ann, 'false', 'false', 'false', 'false', 'true'],
  )
  const leave = told.find((one) => one.StatusCallbackEvent === 'participant-leave')!
  assert.deepEqual(
    [leave.CallSid, leave.ParticipantCallStatus, leave.ReasonParticipantLeft],
    [sids.ann, 'completed', 'participant_hung_up'],
  )
  const end = told.at(-1)!
  assert.deepEqual([end.ReasonConferenceEnded, end.CallSidEndingConference], ['last-participant-left', sids.ben])
  assert.ok(end.Reason)
  const { json: over } = await scenario.api('GET', `/Conferences/${sid}.json`)
  assert.deepEqual([over.status, over.reason_conference_ended], ['completed', 'last-participant-left'])
  await room.join('cat', 'dan')
  const again = await scenario.api('GET', '/Conferences.json?Status=in-progress')
  assert.notEqual(again.json.conferences[0].sid, sid, 'CONF-01: the name of a finished room begins a new one')
  await scenario.close()
})

test('CONF-02, PT-05, PT-08: muted ones listen; muting and unmuting over REST, with events', async () => {
  const room = await openRoom({ ben: 'muted="true"' }, CALLBACK)
  const { scenario, clock, sids } = room
  await room.join('ann', 'ben', 'cat')
  assert.deepEqual(room.hears(), { ann: ['cat'], ben: ['ann', 'cat'], cat: ['ann'] })
  const path = await room.path()
  const change = async (name: Name, Muted: string) => {
    const { status, json } = await scenario.api('POST', `${path}/Participants/${sids[name]}.json`, { Muted })
    assert.deepEqual([status, json.muted], [200, Muted === 'true'])
    await clock.advance(1_500)
  }
  await change('ben', 'false')
  await change('cat', 'true')
  assert.deepEqual(room.hears(), { ann: ['ben'], ben: ['ann'], cat: ['ann', 'ben'] })
  assert.deepEqual(
    room.words().filter((one) => one?.includes('mute')),
    ['participant-unmute', 'participant-mute'],
  )
  const listed = await scenario.api('GET', `${path}/Participants.json?Muted=true`)
  assert.deepEqual(
    listed.json.participants.map((one: { call_sid: string }) => one.call_sid),
    [sids.cat],
    'PT-08',
  )
  await scenario.close()
})

test('CONF-03: a beep on entering, on leaving, both, or none', async () => {
  for (const [beep, enters, leaves] of [
    ['true', true, true],
    ['onEnter', true, false],
    ['onExit', false, true],
    ['false', false, false],
  ] as const) {
    const scenario = await openTwilioScenario()
    const { clock } = scenario
    scenario.on('/voice', ({ params }) =>
      twiml(`<Dial><Conference waitUrl="" beep="${params.From === 'late' ? beep : 'false'}">room</Conference></Dial>`),
    )
    const ann = (await scenario.dialIn('ann', 400)).call
    const ben = (await scenario.dialIn('ben', 700)).call
    await clock.until(() => ann.state === 'up' && ben.state === 'up')
    ben.party.hum(null)
    await clock.advance(2_000)
    assert.ok(ann.party.loudness(1_000) < -50)
    const late = (await scenario.dialIn('late', 900)).call
    late.party.hum(null)
    await clock.until(() => late.state === 'up')
    await clock.advance(1_000)
    assert.equal(ann.party.loudness(1_200) > -50, enters, `${beep} on entering`)
    await clock.advance(2_000)
    late.hangUp()
    await clock.advance(1_000)
    assert.equal(ann.party.loudness(1_000) > -50, leaves, `${beep} on leaving`)
    await scenario.close()
  }
})

test('CONF-04, CONF-08, CONF-09, WH-08: whoever does not start it waits with the document until somebody comes who does', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.files.set(`${APP}/music.wav`, wavOf([1100, 1700], 2))
  scenario.on('/wait', twiml('<Play>/music.wav</Play><Redirect method="GET">/wait</Redirect>'))
  scenario.on('/voice', ({ params }) =>
    twiml(
      `<Dial><Conference beep="false" waitUrl="/wait" waitMethod="GET" startConferenceOnEnter="${params.From === 'cat'}">room</Conference></Dial>`,
    ),
  )
  const call = async (name: Name) => {
    const { call: one } = await scenario.dialIn(name, HUMS[name])
    await clock.until(() => one.state === 'up')
    return one
  }
  const [ann, ben] = [await call('ann'), await call('ben')]
  await clock.advance(5_000)
  assert.deepEqual([hearing(ann.party, SOUNDS), hearing(ben.party, SOUNDS)], [['music'], ['music']])
  const wait = scenario.at('/wait')
  assert.ok(wait.length >= 4, 'it is a Redirect that makes it go on')
  assert.equal(wait[0]!.method, 'GET')
  assert.match(wait[0]!.params.ConferenceSid!, /^CF[0-9a-f]{32}$/)
  assert.equal(wait[0]!.params.FriendlyName, 'room')
  const cat = await call('cat')
  await clock.advance(2_000)
  assert.deepEqual(
    [hearing(ann.party, SOUNDS), hearing(ben.party, SOUNDS), hearing(cat.party, SOUNDS)],
    [
      ['ben', 'cat'],
      ['ann', 'cat'],
      ['ann', 'ben'],
    ],
  )
  const asked = scenario.at('/wait').length
  await clock.advance(5_000)
  assert.equal(scenario.at('/wait').length, asked, 'nobody waits any more')
  await scenario.close()
})

test('CONF-08: audio as waitUrl, music without one, silence for an empty one, and one that cannot be had', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const waits: Record<string, string> = {
    audio: 'waitUrl="/music.wav" waitMethod="GET"',
    none: '',
    empty: 'waitUrl=""',
    bad: 'waitUrl="/bad"',
  }
  scenario.on('/music.wav', { type: 'audio/wav', body: wavOf([1100, 1700], 4) })
  scenario.on('/bad', { status: 500 })
  scenario.files.set(`${APP}/music.wav`, wavOf([1100, 1700], 4))
  scenario.on('/voice', ({ params }) =>
    twiml(`<Dial action="/after"><Conference ${waits[params.From!]}>${params.From}</Conference></Dial>`),
  )
  scenario.on('/after', twiml('<Hangup/>'))
  const heard: Record<string, boolean> = {}
  for (const name of ['audio', 'none', 'empty']) {
    const { call } = await scenario.dialIn(name, 400)
    await clock.until(() => call.state === 'up')
    await clock.advance(3_000)
    heard[name] = call.party.loudness(2_000) > -45
    if (name === 'audio') assert.deepEqual(hearing(call.party, SOUNDS), ['music'])
    call.hangUp()
  }
  assert.deepEqual(heard, { audio: true, none: true, empty: false })
  await clock.advance(1_000)
  const before = scenario.at('/after').length
  const { call } = await scenario.dialIn('bad', 400)
  const { params } = await scenario.untilAsked('/after', before + 1)
  assert.equal(params.DialCallStatus, 'answered')
  await clock.until(() => call.state === 'ended')
  assert.ok((await notes(scenario)).includes('11200'))
  await scenario.close()
})

test('CONF-05, CSE-05: the one with endConferenceOnExit leaves; the others go on with their own actions', async () => {
  const room = await openRoom({ ann: 'endConferenceOnExit="true" participantLabel="host"' }, CALLBACK)
  const { scenario, clock, calls, sids } = room
  await room.join('ann', 'ben', 'cat')
  calls.ann.hangUp()
  await clock.until(() => scenario.at('/after').length === 3)
  await clock.advance(500)
  assert.deepEqual([calls.ben.state, calls.cat.state], ['up', 'up'])
  for (const { params } of scenario.at('/after')) {
    assert.equal(params.DialCallStatus, 'answered')
    assert.ok(!('DialCallSid' in params) && !('DialCallDuration' in params))
  }
  const end = room.told().find((one) => one.StatusCallbackEvent === 'conference-end')!
  assert.deepEqual(
    [end.ReasonConferenceEnded, end.CallSidEndingConference, end.ParticipantLabelEndingConference],
    ['participant-with-end-conference-on-exit-left', sids.ann, 'host'],
  )
  const left = room.told().filter((one) => one.StatusCallbackEvent === 'participant-leave')
  assert.deepEqual(
    left.map((one) => one.ReasonParticipantLeft),
    ['participant_hung_up', 'moderator_ended_conference', 'moderator_ended_conference'],
  )
  await scenario.close()
})

test('CONF-06, PT-01, PT-09: labels name participants; one in use is 16025 and the next verb runs, a bad one is 16023', async () => {
  const room = await openRoom(
    { ann: 'participantLabel="Ann"', ben: 'participantLabel="Ann"', cat: 'participantLabel="a/b"' },
    '',
    '<Redirect>/next</Redirect>',
  )
  const { scenario, sids } = room
  scenario.on('/next', twiml('<Pause length="60"/>'))
  await room.join('ann', 'ben')
  assert.equal(scenario.at('/next')[0]!.params.CallSid, sids.ben)
  assert.deepEqual(await notes(scenario), ['16025'])
  await room.join('cat')
  assert.deepEqual((await notes(scenario)).toSorted(), ['16023', '16025'])
  const path = await room.path()
  const { json } = await scenario.api('GET', `${path}/Participants/Ann.json`)
  assert.deepEqual([json.call_sid, json.label], [sids.ann, 'Ann'])
  assert.equal((await scenario.api('GET', `${path}/Participants.json`)).json.participants.length, 1)
  const taken = await scenario.api('POST', `${path}/Participants.json`, {
    From: '+15550100',
    To: 'sip:x@127.0.0.1',
    Label: 'Ann',
  })
  assert.deepEqual([taken.status, taken.json.code], [400, 16026], 'PT-09')
  const bad = await scenario.api('POST', `${path}/Participants.json`, {
    From: '+15550100',
    To: 'sip:x@127.0.0.1',
    Label: 'a/b',
  })
  assert.deepEqual([bad.status, bad.json.code], [400, 16024], 'PT-09')
  await scenario.close()
})

test('CONF-10: a full conference is 16020, and the caller goes on', async () => {
  const room = await openRoom({}, 'maxParticipants="2"')
  const { scenario, sids } = room
  await room.join('ann', 'ben', 'cat')
  const { params } = scenario.at('/after')[0]!
  assert.deepEqual([params.CallSid, params.DialCallStatus], [sids.cat, 'failed'])
  assert.deepEqual(await notes(scenario), ['16020'])
  assert.equal(room.calls.cat.state, 'up')
  await scenario.close()
})

test('CONF-11, CONF-12, CONF-15, WH-40: recorded from the start, without the waiting music; the callback tells of it', async () => {
  const room = await openRoom(
    {},
    'record="record-from-start" trim="do-not-trim" recordingStatusCallback="/recorded" recordingStatusCallbackEvent="in-progress completed"',
  )
  const { scenario, clock, calls } = room
  await room.join('ann')
  await clock.advance(5_000)
  assert.equal(scenario.at('/recorded').length, 0, 'nobody is recorded alone')
  await room.join('ben')
  const path = await room.path()
  const { json: running } = await scenario.api('GET', `${path}/Recordings.json`)
  assert.equal(running.recordings.length, 1)
  await clock.advance(2_000)
  calls.ann.hangUp()
  calls.ben.hangUp()
  const done = await scenario.untilAsked('/recorded', 2)
  assert.equal(scenario.at('/recorded')[0]!.params.RecordingStatus, 'in-progress')
  const { params } = done
  assert.deepEqual(
    [params.RecordingStatus, params.RecordingSource, params.RecordingChannels, params.RecordingTrack],
    ['completed', 'Conference', '1', 'both'],
  )
  assert.match(params.ConferenceSid!, /^CF/)
  assert.ok(!('CallSid' in params) && !('From' in params))
  assert.ok(Number(params.RecordingDuration) >= 3 && Number(params.RecordingDuration) <= 5, params.RecordingDuration)
  await scenario.close()
})

test('CONF-13, PT-05, CSE-08: a coach is heard by the coached alone; coaching changes over REST', async () => {
  const room = await openRoom({}, CALLBACK)
  const { scenario, clock, sids } = room
  await room.join('ann', 'ben')
  scenario.on('/voice', ({ params }) =>
    twiml(
      `<Dial action="/after"><Conference beep="false" coach="${params.From === 'cat' ? sids.ann : `CA${'0'.repeat(32)}`}">room</Conference></Dial>`,
    ),
  )
  await room.join('cat')
  assert.deepEqual(room.hears(), { ann: ['ben', 'cat'], ben: ['ann'], cat: ['ann', 'ben'] })
  const path = await room.path()
  const cat = `${path}/Participants/${sids.cat}.json`
  const { json } = await scenario.api('GET', cat)
  assert.deepEqual([json.coaching, json.call_sid_to_coach], [true, sids.ann])
  const joined = room.told().findLast((one) => one.StatusCallbackEvent === 'participant-join')!
  assert.deepEqual([joined.Coaching, joined.CallSidToCoach], ['true', sids.ann])
  const moved = await scenario.api('POST', cat, { Coaching: 'true', CallSidToCoach: sids.ben })
  assert.equal(moved.json.call_sid_to_coach, sids.ben)
  await clock.advance(1_500)
  assert.deepEqual(room.hears(), { ann: ['ben'], ben: ['ann', 'cat'], cat: ['ann', 'ben'] })
  await scenario.api('POST', cat, { Coaching: 'false' })
  await clock.advance(1_500)
  assert.deepEqual(room.hears(), { ann: ['ben', 'cat'], ben: ['ann', 'cat'], cat: ['ann', 'ben'] })
  assert.ok(room.words().filter((one) => one === 'participant-modify').length >= 2)
  assert.equal((await scenario.api('POST', cat, { Coaching: 'true' })).status, 400, 'whom?')

  await room.join('dan')
  const failed = scenario.at('/after').find(({ params }) => params.CallSid === sids.dan)!
  assert.equal(failed.params.DialCallStatus, 'failed')
  assert.deepEqual(await notes(scenario), ['13240'])
  await scenario.close()
})

test('CONF-14: the first to join says who is told what; later ones are not listened to', async () => {
  const room = await openRoom({
    ann: 'statusCallback="/room" statusCallbackEvent="join" statusCallbackMethod="GET"',
    ben: 'statusCallback="/other" statusCallbackEvent="join leave end"',
  })
  await room.join('ann', 'ben')
  room.calls.ben.hangUp()
  await room.clock.advance(2_000)
  assert.deepEqual(room.words(), ['participant-join', 'participant-join'])
  assert.equal(room.scenario.at('/room')[0]!.method, 'GET')
  assert.equal(room.scenario.at('/other').length, 0)
  await room.scenario.close()
})

test('CONF-07, CONF-16 to CONF-18: attributes that mean nothing here are taken without a warning', async () => {
  const room = await openRoom(
    {},
    'jitterBufferSize="small" region="ie1" recordingConfigurationId="x" eventCallbackUrl="/events"',
  )
  await room.join('ann')
  assert.deepEqual(await notes(room.scenario), [])
  const { json } = await room.scenario.api('GET', '/Conferences.json')
  assert.equal(json.conferences[0].region, 'ie1')
  await room.scenario.close()
})

test('CONF-20, DIAL-07, PT-07: left by star, by REST and by redirect; the Dial ends with answered, the room goes on', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on(
    '/voice',
    twiml(
      `<Dial action="/after" hangupOnStar="true"><Conference waitUrl="" beep="false" ${CALLBACK}>room</Conference></Dial>`,
    ),
  )
  scenario.on('/after', twiml('<Pause length="30"/>'))
  scenario.on('/elsewhere', twiml('<Pause length="30"/>'))
  const calls: PhoneCall[] = []
  for (const name of ['ann', 'ben', 'cat', 'dan'] as const) {
    const { call } = await scenario.dialIn(name, HUMS[name])
    await clock.until(() => call.state === 'up')
    calls.push(call)
  }
  await clock.advance(1_000)
  const sids = scenario.at('/voice').map(({ params }) => params.CallSid!)
  const room = (await scenario.api('GET', '/Conferences.json')).json.conferences[0].sid
  calls[1]!.party.dial('*')
  const star = await scenario.untilAsked('/after')
  assert.deepEqual([star.params.CallSid, star.params.DialCallStatus], [sids[1], 'answered'])
  const removed = await scenario.api('DELETE', `/Conferences/${room}/Participants/${sids[2]}.json`)
  assert.equal(removed.status, 204)
  const rest = await scenario.untilAsked('/after', 2)
  assert.deepEqual([rest.params.CallSid, rest.params.DialCallStatus], [sids[2], 'answered'])
  await scenario.api('POST', `/Calls/${sids[3]}.json`, { Url: `${APP}/elsewhere` })
  await scenario.untilAsked('/elsewhere')
  assert.equal((await scenario.untilAsked('/after', 3)).params.CallSid, sids[3], 'DACT-10')
  await clock.advance(1_000)
  assert.deepEqual(
    calls.map((one) => one.state),
    ['up', 'up', 'up', 'up'],
  )
  const { json } = await scenario.api('GET', `/Conferences/${room}/Participants.json`)
  assert.deepEqual(
    json.participants.map((one: { call_sid: string }) => one.call_sid),
    [sids[0]],
  )
  const left = scenario.at('/room').filter(({ params }) => params.StatusCallbackEvent === 'participant-leave')
  for (const { params } of left)
    assert.deepEqual(
      [params.ParticipantCallStatus, params.ReasonParticipantLeft],
      ['in-progress', 'participant_updated_via_api'],
    )
  await scenario.close()
})

test('CF-03, CSE-05: a conference ended over REST: everybody’s action hears answered', async () => {
  const room = await openRoom({}, CALLBACK)
  const { scenario, clock } = room
  await room.join('ann', 'ben', 'cat')
  const ended = await scenario.api('POST', `${await room.path()}.json`, { Status: 'completed' })
  assert.deepEqual([ended.status, ended.json.status], [200, 'completed'])
  await clock.until(() => scenario.at('/after').length === 3)
  for (const { params } of scenario.at('/after')) assert.equal(params.DialCallStatus, 'answered')
  await clock.advance(500)
  assert.deepEqual(
    Object.values(room.calls).map((one) => one.state),
    ['up', 'up', 'up'],
  )
  const end = room.told().find((one) => one.StatusCallbackEvent === 'conference-end')!
  assert.equal(end.ReasonConferenceEnded, 'conference-ended-via-api')
  const left = room.told().filter((one) => one.StatusCallbackEvent === 'participant-leave')
  assert.deepEqual(
    left.map((one) => one.ReasonParticipantLeft),
    ['conference_ended_via_api', 'conference_ended_via_api', 'conference_ended_via_api'],
  )
  await scenario.close()
})

test('CF-03, PT-05, CSE-06: announced to all, and to one alone', async () => {
  const room = await openRoom({}, CALLBACK)
  const { scenario, clock, sids } = room
  scenario.files.set(`${APP}/tone.wav`, wavOf([1100, 1700], 3))
  scenario.on('/announce', twiml('<Play>/tone.wav</Play>'))
  await room.join('ann', 'ben')
  const path = await room.path()
  const all = await scenario.api('POST', `${path}.json`, { AnnounceUrl: `${APP}/announce` })
  assert.equal(all.status, 200)
  await clock.advance(2_000)
  assert.deepEqual(room.hears(), { ann: ['ben', 'music'], ben: ['ann', 'music'] })
  await clock.until(() => room.words().includes('announcement-end'))
  assert.equal(
    room.told().find((one) => one.StatusCallbackEvent === 'announcement-end')!.AnnounceUrl,
    `${APP}/announce`,
  )
  assert.match(scenario.at('/announce')[0]!.params.ConferenceSid!, /^CF/)
  await clock.advance(2_000)
  const one = await scenario.api('POST', `${path}/Participants/${sids.ann}.json`, {
    AnnounceUrl: `${APP}/announce`,
    AnnounceMethod: 'GET',
  })
  assert.equal(one.status, 200)
  await clock.advance(2_000)
  assert.deepEqual(room.hears(), { ann: ['ben', 'music'], ben: ['ann'] })
  await clock.until(() => room.words().filter((word) => word === 'announcement-end').length === 2)
  assert.equal(room.told().findLast((told) => told.StatusCallbackEvent === 'announcement-end')!.CallSid, sids.ann)
  await clock.advance(2_000)
  scenario.on('/nothing.wav', { status: 404 })
  await scenario.api('POST', `${path}.json`, { AnnounceUrl: `${APP}/nothing.wav`, AnnounceMethod: 'GET' })
  await clock.until(() => room.words().includes('announcement-fail'))
  assert.ok(room.told().find((told) => told.StatusCallbackEvent === 'announcement-fail')!.ReasonAnnouncementFailed)
  await scenario.close()
})

test('PT-03, PT-04: held alone, held before the start, held anew with other music, muted and held apart', async () => {
  const room = await openRoom({}, CALLBACK)
  const { scenario, clock, sids } = room
  scenario.files.set(`${APP}/one.wav`, wavOf([1100, 1700], 2))
  scenario.files.set(`${APP}/two.wav`, wavOf([1900], 2))
  await room.join('ann')
  const path = await room.path()
  const change = async (name: Name, form: Record<string, string>) => {
    const { json } = await scenario.api('POST', `${path}/Participants/${sids[name]}.json`, form)
    await clock.advance(2_500)
    return [json.hold, json.muted]
  }
  assert.deepEqual(await change('ann', { Hold: 'true', HoldUrl: `${APP}/one.wav` }), [true, false])
  await room.join('ben')
  assert.deepEqual(room.hears(), { ann: ['music'], ben: [] }, 'PT-04: the room begins, one is held')
  await change('ann', { Hold: 'true', HoldUrl: `${APP}/two.wav` })
  assert.deepEqual(hearing(room.calls.ann.party, [...SOUNDS, { name: 'two', frequenciesHz: [1900] }]), ['two'])
  assert.deepEqual(await change('ann', { Muted: 'true' }), [true, true])
  assert.deepEqual(await change('ann', { Hold: 'false' }), [false, true])
  assert.deepEqual(room.hears(), { ann: ['ben'], ben: [] })
  assert.deepEqual(await change('ann', { Muted: 'false', HoldUrl: `${APP}/one.wav` }), [false, false])
  assert.deepEqual(room.hears(), { ann: ['ben'], ben: ['ann'] })
  assert.deepEqual(
    room.words().filter((one) => one?.includes('hold')),
    ['participant-hold', 'participant-unhold'],
  )
  await scenario.close()
})

test('PT-06, PT-02, CPE-01: somebody is called into a conference with a label, and told of', async () => {
  const room = await openRoom({}, CALLBACK)
  const { scenario, clock } = room
  await room.join('ann')
  const bob = await scenario.phone('bob')
  bob.onCall((call) => {
    call.party.hum(700)
    call.ring()
  })
  const path = await room.path()
  const made = await scenario.api('POST', `${path}/Participants.json`, {
    From: '+15550100',
    To: bob.uri,
    Label: 'Bob',
    Muted: 'true',
    Beep: 'false',
    EndConferenceOnExit: 'true',
    StatusCallback: `${APP}/status`,
    StatusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
  })
  assert.deepEqual([made.status, made.json.status, made.json.label, made.json.muted], [201, 'queued', 'Bob', true])
  assert.deepEqual(
    [made.json.end_conference_on_exit, made.json.start_conference_on_enter, made.json.coaching],
    [true, true, false],
  )
  await clock.until(() => bob.calls[0]?.state === 'ringing')
  const ringing = await scenario.api('GET', `${path}/Participants/${made.json.call_sid}.json`)
  assert.equal(ringing.json.status, 'ringing')
  bob.calls[0]!.answer()
  await clock.advance(2_000)
  const parties = { ann: room.calls.ann.party, ben: bob.calls[0]!.party }
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), { ann: [], ben: ['ann'] })
  const { json } = await scenario.api('GET', `${path}/Participants/Bob.json`)
  assert.deepEqual([json.call_sid, json.status, json.muted], [made.json.call_sid, 'connected', true])
  assert.equal(room.told().findLast((one) => one.StatusCallbackEvent === 'participant-join')!.ParticipantLabel, 'Bob')
  bob.calls[0]!.hangUp()
  await clock.until(() => scenario.at('/status').length === 4)
  assert.deepEqual(
    scenario
      .at('/status')
      .map(({ params }) => params.CallStatus)
      .toSorted(),
    ['completed', 'in-progress', 'initiated', 'ringing'],
  )
  await scenario.untilAsked('/after')
  await scenario.close()
})

test('CSE-11: one who was called and did not come: participant-leave with participant_add_failed, without a join', async () => {
  const room = await openRoom({}, CALLBACK)
  const { scenario, clock } = room
  await room.join('ann')
  const bob = await scenario.phone('bob')
  bob.onCall((call) => call.reject(486))
  const path = await room.path()
  const made = await scenario.api('POST', `${path}/Participants.json`, { From: '+15550100', To: bob.uri, Label: 'Bob' })
  await clock.until(() => room.words().includes('participant-leave'))
  const leave = room.told().find((one) => one.StatusCallbackEvent === 'participant-leave')!
  assert.deepEqual(
    [leave.CallSid, leave.ReasonParticipantLeft, leave.ParticipantCallStatus, leave.ParticipantLabel],
    [made.json.call_sid, 'participant_add_failed', 'busy', 'Bob'],
  )
  assert.equal(room.words().filter((one) => one === 'participant-join').length, 1)
  await scenario.close()
})

test('CPE-13: whoever could not be added failed for a reason, which its own callback and the room’s tell alike', async () => {
  // rows: CSE-11
  const room = await openRoom({}, CALLBACK)
  const { scenario, clock } = room
  await room.join('ann')
  const path = await room.path()
  const bob = await scenario.phone('bob')
  bob.onCall((call) => call.reject(404))
  for (const [To, code, message] of [
    [bob.uri, '34003', /refused the call: 404/],
    ['client:nobody', '32009', /no telephone is registered/],
    ['sip:bob@127.0.0.77:5999', '32011', /could not be reached/],
  ] as const) {
    const made = await scenario.api('POST', `${path}/Participants.json`, {
      From: '+15550100',
      To,
      StatusCallback: 'http://app.test/progress',
    })
    assert.equal(made.status, 201, To)
    const about = (one: { readonly CallSid?: string }) => one.CallSid === made.json.call_sid
    await clock.until(() => room.told().some(about) && scenario.at('/progress').some(({ params }) => about(params)))
    const leave = room.told().find(about)!
    const progress = scenario.at('/progress').find(({ params }) => about(params))!.params
    assert.deepEqual([leave.ParticipantCallStatus, progress.CallStatus], ['failed', 'failed'], To)
    for (const told of [leave, progress]) {
      assert.equal(told.ErrorCode, code)
      assert.match(told.ErrorMessage ?? '', message)
    }
  }
  // Busy is an answer, no failure.
  bob.onCall((call) => call.reject(486))
  const busy = await scenario.api('POST', `${path}/Participants.json`, { From: '+15550100', To: bob.uri })
  await clock.until(() => room.told().some((one) => one.CallSid === busy.json.call_sid))
  const leave = room.told().find((one) => one.CallSid === busy.json.call_sid)!
  assert.deepEqual([leave.ParticipantCallStatus, leave.ErrorCode], ['busy', undefined])
  await scenario.close()
})

test('CSE-07, CONF-16: the old callback hears of the end of a room’s recording, unless there is a newer one', async () => {
  for (const newer of [false, true]) {
    const attributes = newer ? 'recordingStatusCallback="/recorded"' : ''
    const room = await openRoom({}, `record="record-from-start" eventCallbackUrl="/old" ${attributes}`)
    const { scenario, clock } = room
    await room.join('ann', 'ben')
    await clock.advance(3_000)
    for (const call of Object.values(room.calls)) call.hangUp()
    await scenario.untilAsked(newer ? '/recorded' : '/old')
    await clock.advance(1_000)
    assert.equal(scenario.at('/old').length, newer ? 0 : 1)
    if (!newer) {
      const { params, method } = scenario.at('/old')[0]!
      assert.deepEqual([method, params.EventName], ['POST', 'conference-record-end'])
      assert.match(params.ConferenceSid ?? '', /^CF/)
      assert.match(params.RecordingUrl ?? '', /\/Recordings\/RE[0-9a-f]{32}$/)
      assert.ok(Number(params.Duration) >= 2 && Number(params.RecordingFileSize) > 10_000)
    }
    await scenario.close()
  }
})

test('PT-10: a conference’s recording is paused and resumed', async () => {
  const room = await openRoom({}, 'record="record-from-start"')
  const { scenario, clock } = room
  await room.join('ann', 'ben')
  const path = await room.path()
  const change = (Status: string) => scenario.api('POST', `${path}/Recordings/Twilio.CURRENT.json`, { Status })
  const paused = await change('paused')
  assert.deepEqual([paused.status, paused.json.status], [200, 'paused'])
  await clock.advance(1_000)
  assert.equal((await change('in-progress')).json.status, 'in-progress')
  assert.equal((await change('stopped')).status, 400)
  const { json } = await scenario.api('GET', `${path}/Recordings.json`)
  const one = await scenario.api('GET', `${path}/Recordings/${json.recordings[0].sid}.json`)
  assert.equal(one.status, 200)
  await scenario.close()
})

test('PT-05: waitUrl, BeepOnExit and EndConferenceOnExit are changed over REST', async () => {
  const room = await openRoom({}, CALLBACK)
  const { scenario, clock, sids } = room
  scenario.files.set(`${APP}/tone.wav`, wavOf([1100, 1700], 5))
  scenario.on('/wait', twiml('<Play>/tone.wav</Play>'))
  await room.join('ann')
  const path = await room.path()
  await scenario.api('POST', `${path}/Participants/${sids.ann}.json`, { WaitUrl: `${APP}/wait` })
  await clock.advance(2_000)
  assert.deepEqual(hearing(room.calls.ann.party, SOUNDS), ['music'])
  await room.join('ben')
  const changed = await scenario.api('POST', `${path}/Participants/${sids.ann}.json`, {
    EndConferenceOnExit: 'true',
    BeepOnExit: 'true',
  })
  assert.equal(changed.json.end_conference_on_exit, true)
  await clock.advance(500)
  assert.ok(room.words().includes('participant-modify'))
  room.calls.ann.hangUp()
  await clock.until(() => room.words().includes('conference-end'))
  await scenario.close()
})
