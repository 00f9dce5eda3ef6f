// Media streams of TwiML and REST (twilio-voice §4.11, CALL-21 to 23): a call's audio to applications frame by frame, what an
// application says back, and what is told of it. The application's WebSocket server is a pretended one;
// test/interop/streaming.test.ts meets a real one.

import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import twilio from 'twilio'
import { decodeG711, encodeG711 } from '#audio/g711.ts'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { seededChance } from '#base/chance.ts'
import { RecordingServer } from '#testkit/recording-server.ts'
import type { ServedSocket } from '#testkit/web-socket.ts'
import { openTwilioScenario, SID, TOKEN, type TwilioScenario, twiml } from './twilio-app.ts'
import { refuses } from './twilio-house.ts'

const WSS = 'wss://agent.example.com/media'
const HEARD_DBOV = -30
const SILENT_DBOV = -45

const payloads = (socket: ServedSocket, track: string): Buffer[] =>
  socket.frames
    .filter((one) => one.event === 'media' && one.media.track === track)
    .map((one) => Buffer.from(one.media.payload, 'base64'))

function samplesOf(octets: Uint8Array): Int16Array {
  const samples = new Int16Array(octets.length)
  decodeG711('PCMU', octets, 0, octets.length, samples, 0)
  return samples
}

/** Level of a tone in the last 400 ms of a track. */
const level = (socket: ServedSocket, track: string, hz: number): number =>
  toneLevelDbov(samplesOf(Buffer.concat(payloads(socket, track).slice(-20))), hz, 8000)

/** `media` of so much of a tone. */
function said(hz: number, ms: number): object {
  const samples = Int16Array.from({ length: ms * 8 }, (_, i) => 8000 * Math.sin((2 * Math.PI * hz * i) / 8000))
  const octets = new Uint8Array(samples.length)
  encodeG711('PCMU', samples, 0, samples.length, octets, 0)
  return { event: 'media', streamSid: 'MZ', media: { payload: Buffer.from(octets).toString('base64') } }
}

const words = (scenario: TwilioScenario, path: string, name: string) =>
  scenario.at(path).map(({ params }) => params[name])

/** What went wrong on a call, by code. */
async function codes(scenario: TwilioScenario, callSid: string): Promise<readonly string[]> {
  const { json } = await scenario.api('GET', `/Calls/${callSid}/Notifications.json`)
  return json.notifications.map((one: { error_code: string }) => String(one.error_code))
}

async function serving(...urls: readonly string[]): Promise<TwilioScenario> {
  const scenario = await openTwilioScenario()
  for (const url of urls) scenario.sockets.servers.set(url, () => {})
  return scenario
}

test('STR-01, STR-03 to 05, STR-07, WH-62: two streams run beside the document, each with its track, until they are stopped by name', async () => {
  const all = 'wss://all.example.com/'
  const scenario = await serving(WSS, all)
  const { clock, sockets } = scenario
  scenario.on(
    '/voice',
    twiml(`<Start>
      <Stream url="${WSS}" name="mine" statusCallback="/told">
        <Parameter name="Who" value="Ann &amp; Sons"/><Parameter name="Room" value="7"/>
      </Stream>
      <Stream url="${all}" track="both_tracks" statusCallback="/all" statusCallbackMethod="GET"/>
    </Start><Dial action="/after"><Sip>sip:alice@127.0.0.1:5070</Sip></Dial>`),
  )
  scenario.on(
    '/after',
    twiml('<Stop><Stream name="mine"/></Stop><Stop><Stream name="nobody"/></Stop><Pause length="5"/>'),
  )
  const alice = await scenario.phone('alice', { port: 5070 })
  const { call } = await scenario.dialIn('carol', 440)
  await clock.until(() => alice.calls[0]?.state === 'up')
  alice.calls[0]!.party.hum(700)
  await clock.advance(2_000)
  const [one, both] = sockets.connections as [ServedSocket, ServedSocket]
  assert.equal(sockets.connections.length, 2)

  // SIG-05: the handshake is signed, over the URL as it was asked for.
  for (const { request } of [one, both])
    assert.ok(twilio.validateRequest(TOKEN, request.headers['X-Twilio-Signature'] ?? '', request.url, {}), request.url)
  const callSid = scenario.at('/voice')[0]!.params.CallSid!
  const [hello, start, first, second] = one.frames
  assert.deepEqual(hello, { event: 'connected', protocol: 'Call', version: '1.0.0' })
  const { streamSid } = start
  assert.match(streamSid, /^MZ[0-9a-f]{32}$/)
  assert.deepEqual(start, {
    event: 'start',
    sequenceNumber: '1',
    start: {
      accountSid: SID,
      streamSid,
      callSid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: { Who: 'Ann & Sons', Room: '7' },
    },
    streamSid,
  })
  assert.deepEqual(
    [first.event, first.sequenceNumber, first.media.chunk, first.streamSid],
    ['media', '2', '1', streamSid],
  )
  assert.deepEqual([second.sequenceNumber, second.media.chunk, second.media.track], ['3', '2', 'inbound'])
  assert.equal(Number(second.media.timestamp) - Number(first.media.timestamp), 20)
  assert.ok(
    payloads(one, 'inbound').every(({ length }) => length === 160),
    'frames of 20 ms',
  )
  assert.equal(payloads(one, 'outbound').length, 0)
  assert.ok(level(one, 'inbound', 440) > HEARD_DBOV)

  assert.deepEqual(both.frames[1].start.tracks, ['inbound', 'outbound'])
  assert.ok(level(both, 'inbound', 440) > HEARD_DBOV && level(both, 'inbound', 700) < SILENT_DBOV)
  assert.ok(level(both, 'outbound', 700) > HEARD_DBOV && level(both, 'outbound', 440) < SILENT_DBOV)
  const chunks = both.frames.filter((frame) => frame.media?.track === 'outbound').map((frame) => frame.media.chunk)
  assert.deepEqual(chunks.slice(0, 3), ['1', '2', '3'], 'each track counts for itself')
  const numbers = both.frames.slice(1).map((frame) => Number(frame.sequenceNumber))
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
    'no number is left out',
  )

  call.party.dial('5')
  await clock.until(() => one.frames.some(({ event }) => event === 'dtmf'))
  const dtmf = one.frames.find(({ event }) => event === 'dtmf')
  assert.deepEqual(dtmf.dtmf, { track: 'inbound_track', digit: '5' })
  // A one-way stream does not listen.
  one.send(said(900, 400))
  one.send({ event: 'mark', mark: { name: 'x' } })
  await clock.advance(500)
  assert.ok(call.party.level(900, 300) < SILENT_DBOV)
  assert.ok(!one.frames.some(({ event }) => event === 'mark'))

  alice.calls[0]!.hangUp()
  await scenario.untilAsked('/after')
  await clock.until(() => one.closed !== null)
  assert.deepEqual(one.frames.at(-1), {
    event: 'stop',
    sequenceNumber: one.frames.at(-1).sequenceNumber,
    stop: { accountSid: SID, callSid },
    streamSid,
  })
  assert.equal(both.closed, null, 'the other one goes on')
  call.hangUp()
  await clock.until(() => both.closed !== null)
  await clock.advance(1_000)
  assert.deepEqual(words(scenario, '/told', 'StreamEvent'), ['stream-started', 'stream-stopped'])
  const [told] = scenario.at('/told')
  const { Timestamp, ...others } = told!.params
  assert.match(Timestamp!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'FMT-03')
  assert.deepEqual(others, {
    AccountSid: SID,
    CallSid: callSid,
    StreamSid: streamSid,
    StreamName: 'mine',
    StreamEvent: 'stream-started',
  })
  assert.deepEqual(words(scenario, '/all', 'StreamEvent'), ['stream-started', 'stream-stopped'])
  assert.deepEqual(scenario.at('/all')[0]!.method, 'GET')
  assert.equal(words(scenario, '/all', 'StreamName')[0], both.frames[1].streamSid, 'the name is the sid by default')
  assert.deepEqual(await codes(scenario, callSid), ['12200'], 'a Stop that stopped nothing is noted')
  await scenario.close()
})

test('STR-01, STR-06: Connect speaks both ways until the application closes, then its action is asked', async () => {
  const scenario = await serving(WSS)
  const { clock } = scenario
  scenario.on(
    '/voice',
    twiml(
      `<Connect action="/closed"><Stream url="${WSS}" statusCallback="/told"><Parameter name="Bot" value="1"/></Stream></Connect><Hangup/>`,
    ),
  )
  scenario.on('/closed', twiml('<Pause length="60"/>'))
  const { call } = await scenario.dialIn('carol', 440)
  await clock.until(() => scenario.sockets.connections.length > 0)
  const socket = scenario.sockets.connections[0]!
  await clock.advance(1_000)
  assert.deepEqual(socket.frames[1].start.tracks, ['inbound'])
  assert.ok(level(socket, 'inbound', 440) > HEARD_DBOV)

  const saidAtMs = clock.nowMs()
  for (let i = 0; i < 5; i++) socket.send(said(900, 200))
  socket.send({ event: 'mark', mark: { name: 'said' } })
  await clock.advance(600)
  assert.ok(call.party.level(900, 300) > HEARD_DBOV, 'the caller hears it')
  const marked = () => socket.texts.find(({ text }) => text.includes('"mark"'))
  assert.equal(marked(), undefined, 'not said to the end yet')
  await clock.until(() => marked() !== undefined)
  const tookMs = marked()!.atMs - saidAtMs
  assert.ok(tookMs >= 1_000 && tookMs <= 1_085, `a second of audio took ${tookMs} ms`)
  assert.deepEqual(socket.frames.findLast(({ event }) => event === 'mark').mark, { name: 'said' })

  socket.send(said(1300, 10_000))
  socket.send({ event: 'mark', mark: { name: 'long' } })
  await clock.advance(500)
  assert.ok(call.party.level(1300, 300) > HEARD_DBOV)
  socket.send({ event: 'clear' })
  await clock.advance(500)
  assert.ok(call.party.level(1300, 300) < SILENT_DBOV, 'clear stops it')
  assert.deepEqual(socket.frames.findLast(({ event }) => event === 'mark').mark, { name: 'long' })
  // What means nothing is passed over; a key is told.
  const before = socket.frames.length
  socket.send('no json')
  socket.send({ event: 'dance' })
  call.party.dial('#')
  await clock.until(() => socket.frames.some(({ event }) => event === 'dtmf'))
  assert.ok(socket.frames.slice(before).every(({ event }) => event === 'media' || event === 'dtmf'))

  assert.deepEqual(scenario.at('/closed'), [], 'the document waits')
  socket.close(1000)
  const closed = await scenario.untilAsked('/closed')
  assert.equal(closed.params.CallStatus, 'in-progress')
  assert.deepEqual(words(scenario, '/told', 'StreamEvent'), ['stream-started', 'stream-stopped'])
  assert.equal(call.state, 'up')

  // Once more, and now the caller hangs up.
  const callSid = closed.params.CallSid!
  scenario.on('/again', twiml(`<Connect action="/over"><Stream url="${WSS}"/></Connect>`))
  await scenario.api('POST', `/Calls/${callSid}.json`, { Url: 'http://app.test/again' })
  await clock.until(() => scenario.sockets.connections.length === 2)
  await clock.advance(500)
  call.hangUp()
  const over = await scenario.untilAsked('/over')
  assert.equal(over.params.CallStatus, 'completed')
  assert.equal(scenario.sockets.connections[1]!.frames.at(-1).event, 'stop')
  await clock.advance(1_000)
  assert.equal(scenario.at('/over').length, 1)
  await scenario.close()
})

test('a Connect whose application is lost or not there goes on with the next verb; a redirect ends it', async () => {
  const scenario = await serving(WSS)
  const { clock } = scenario
  scenario.on(
    '/voice',
    twiml(`<Connect><Stream url="wss://nobody.example.com/" statusCallback="/told"/></Connect>
      <Connect><Stream url="${WSS}" statusCallback="/told"/></Connect><Redirect>/next</Redirect>`),
  )
  scenario.on('/next', twiml(`<Connect><Stream url="${WSS}"/></Connect>`))
  scenario.on('/other', twiml('<Pause length="60"/>'))
  const { call } = await scenario.dialIn('carol', 440)
  await clock.until(() => scenario.sockets.connections.length > 0)
  await clock.advance(300)
  scenario.sockets.connections[0]!.close()
  await scenario.untilAsked('/next')
  await clock.until(() => scenario.sockets.connections.length === 2)
  await clock.advance(100)
  const callSid = scenario.at('/next')[0]!.params.CallSid!
  await scenario.api('POST', `/Calls/${callSid}.json`, { Url: 'http://app.test/other' })
  await clock.until(() => scenario.sockets.connections[1]!.closed !== null)
  assert.equal(scenario.sockets.connections[1]!.frames.at(-1).event, 'stop')
  assert.equal(call.state, 'up')
  const events = words(scenario, '/told', 'StreamEvent')
  assert.deepEqual(events, ['stream-error', 'stream-started', 'stream-error'])
  assert.equal(words(scenario, '/told', 'StreamError')[0], 'ECONNREFUSED')
  assert.deepEqual((await codes(scenario, callSid)).toSorted(), ['31903', '31920'])
  await scenario.close()
})

test('STR-02: a query, an unencrypted public URL and a scheme that is none are refused and noted; ws is for near hosts', async () => {
  const scenario = await serving('ws://agent.test/media', 'ws://app.test/relative')
  const { clock } = scenario
  scenario.on(
    '/voice',
    twiml(`<Start>
      <Stream url="wss://agent.example.com/media?key=1"/><Stream url="ws://agent.example.com/media"/>
      <Stream url="https://agent.example.com/media"/>
      <Stream url="ws://agent.test/media"/>
    </Start><Pause length="10"/>`),
  )
  const { call } = await scenario.dialIn('carol', 440)
  await clock.until(() => call.state === 'up')
  await clock.advance(1_000)
  assert.deepEqual(
    scenario.sockets.connections.map(({ request }) => request.url),
    ['ws://agent.test/media'],
  )
  const callSid = scenario.at('/voice')[0]!.params.CallSid!
  const noted = await codes(scenario, callSid)
  assert.equal(noted.filter((code) => code === '31920').length, 2, String(noted))
  assert.ok(noted.length >= 3, String(noted))
  call.hangUp()
  await clock.advance(500)
  scenario.on('/voice', twiml('<Start><Stream url="/relative"/></Start><Pause length="10"/>'))
  const again = await scenario.dialIn('dave', 440)
  await clock.until(() => again.call.state === 'up')
  await clock.advance(500)
  // ENG-06: relative to the document, which came by plain http here.
  assert.equal(scenario.sockets.connections[1]?.request.url, 'ws://app.test/relative')
  await scenario.close()
})

test('CALL-21, TYP-06: streams over REST, four tracks at most, stopped by sid and by name', async () => {
  const scenario = await serving(WSS)
  const { clock, sockets } = scenario
  scenario.on('/voice', twiml('<Gather timeout="60"/>'))
  const { call } = await scenario.dialIn('carol', 440)
  await clock.until(() => call.state === 'up')
  const callSid = scenario.at('/voice')[0]!.params.CallSid!
  const streams = `/Calls/${callSid}/Streams`
  const made = await scenario.api('POST', `${streams}.json`, {
    Url: WSS,
    Name: 'rest stream',
    Track: 'inbound_track',
    StatusCallback: 'http://app.test/told',
    'Parameter1.Name': 'a',
    'Parameter1.Value': '1',
    'Parameter2.Name': 'b',
    'Parameter2.Value': 'two words',
  })
  assert.equal(made.status, 200, JSON.stringify(made.json))
  const { sid, date_updated, ...rest } = made.json
  assert.match(sid, /^MZ[0-9a-f]{32}$/)
  assert.match(date_updated, / \+0000$/)
  assert.deepEqual(rest, {
    account_sid: SID,
    call_sid: callSid,
    name: 'rest stream',
    status: 'in-progress',
    uri: `/2010-04-01/Accounts/${SID}/Calls/${callSid}/Streams/${sid}.json`,
  })
  await clock.advance(300)
  assert.deepEqual(sockets.connections[0]!.frames[1].start.customParameters, { a: '1', b: 'two words' })
  assert.equal(sockets.connections[0]!.frames[1].streamSid, sid)

  const both = await scenario.api('POST', `${streams}.json`, { Url: WSS, Track: 'both_tracks' })
  assert.equal(both.status, 200)
  assert.equal(both.json.name, both.json.sid)
  const fourth = await scenario.api('POST', `${streams}.json`, { Url: WSS, Name: 'rest stream' })
  assert.equal(fourth.status, 400, 'the name is taken')
  assert.equal((await scenario.api('POST', `${streams}.json`, { Url: WSS })).status, 200)
  const fifth = await scenario.api('POST', `${streams}.json`, { Url: WSS })
  assert.deepEqual([fifth.status, fifth.json.code], [400, 10004])
  const query = await scenario.api('POST', `${streams}.json`, { Url: `${WSS}?a=b` })
  assert.deepEqual([query.status, query.json.code], [400, 31920])
  assert.equal((await scenario.api('POST', `${streams}.json`, {})).status, 400)

  const stopped = await scenario.api('POST', `${streams}/rest%20stream.json`, { Status: 'stopped' })
  assert.deepEqual([stopped.status, stopped.json.status, stopped.json.sid], [200, 'stopped', sid])
  assert.equal((await scenario.api('POST', `${streams}/${both.json.sid}.json`, { Status: 'stopped' })).status, 200)
  assert.equal((await scenario.api('POST', `${streams}/${both.json.sid}.json`, { Status: 'stopped' })).status, 404)
  await clock.advance(300)
  assert.deepEqual(words(scenario, '/told', 'StreamEvent'), ['stream-started', 'stream-stopped'])
  call.hangUp()
  await clock.advance(500)
  assert.ok(sockets.connections.every(({ closed }) => closed !== null))
  const late = await scenario.api('POST', `${streams}.json`, { Url: WSS })
  assert.ok(late.status === 404 || late.json.code === 21220, JSON.stringify(late.json))
  await scenario.close()
})

test('CALL-21 to 23, SDK-10: the official SDK starts and stops them', async () => {
  const scenario = await serving(WSS)
  const { clock, sockets } = scenario
  scenario.on('/voice', twiml('<Gather timeout="60"/>'))
  const { call } = await scenario.dialIn('carol', 440)
  await clock.until(() => call.state === 'up')
  await scenario.house.http.listen({ host: '127.0.0.1', port: 0 })
  const client = twilio(SID, TOKEN)
  client.api.baseUrl = `http://127.0.0.1:${(scenario.house.http.server.address() as AddressInfo).port}`
  const live = client.calls(scenario.at('/voice')[0]!.params.CallSid!)
  const made = await live.streams.create({
    url: WSS,
    name: 'from the SDK',
    track: 'both_tracks',
    'parameter1.name': 'Who',
    'parameter1.value': 'Ann & Sons',
  })
  assert.deepEqual(
    [made.status, made.name, made.callSid],
    ['in-progress', 'from the SDK', scenario.at('/voice')[0]!.params.CallSid],
  )
  assert.ok(made.dateUpdated instanceof Date && !Number.isNaN(made.dateUpdated.getTime()))
  await clock.advance(300)
  assert.deepEqual(sockets.connections[0]!.frames[1].start.customParameters, { Who: 'Ann & Sons' })
  const stopped = await live.streams('from the SDK').update({ status: 'stopped' })
  assert.deepEqual([stopped.status, stopped.sid], ['stopped', made.sid])
  await refuses(live.streams(made.sid).update({ status: 'stopped' }), 404, 20404)
  await refuses(live.streams.create({ url: 'ws://agent.example.com/' }), 400, 31920)
  await refuses(live.siprec.create({ connectorName: 'none' }), 400, 32700)
  await refuses(live.transcriptions.create({}), 400, 32650)
  await refuses(live.siprec('none').update({ status: 'stopped' }), 404, 20404)
  await refuses(live.transcriptions('none').update({ status: 'stopped' }), 404, 20404)
  call.hangUp()
  await clock.advance(500)
  await scenario.close()
})

test('SRC-01, CALL-22: Siprec copies the call to the connector that is named, and tells how it goes', async () => {
  const scenario = await serving(WSS)
  const { clock, net } = scenario
  const server = await RecordingServer.open({ clock, chance: seededChance(5), datagrams: net, streams: net })
  const { host, port } = server.address
  const connector = await scenario.rest('POST', '/v2/siprec_connectors', { name: 'recorder', host, port })
  assert.equal(connector.status, 201)
  scenario.on(
    '/voice',
    twiml(`<Start>
      <Siprec connectorName="recorder" name="mine" track="both_tracks" statusCallback="/told"><Parameter name="Team" value="blue"/></Siprec>
      <Siprec connectorName="nobody"/>
    </Start><Dial action="/after"><Sip>sip:alice@127.0.0.1:5070</Sip></Dial>`),
  )
  scenario.on('/after', twiml('<Stop><Siprec name="mine"/></Stop><Pause length="30"/>'))
  const alice = await scenario.phone('alice', { port: 5070 })
  const { call } = await scenario.dialIn('carol', 440)
  await clock.until(() => alice.calls[0]?.state === 'up')
  alice.calls[0]!.party.hum(700)
  await clock.advance(2_000)
  const [recording] = server.recordings
  assert.ok(recording !== undefined && server.recordings.length === 1)
  const heard = recording.labels.map((label) => recording.ear(label).hears([440, 700], 400))
  assert.deepEqual(heard, [[440], [700]])
  const callSid = scenario.at('/voice')[0]!.params.CallSid!
  assert.deepEqual(recording.conversation.parameters, [{ name: 'Team', value: 'blue' }])
  assert.deepEqual(recording.problems, [])
  alice.calls[0]!.hangUp()
  await scenario.untilAsked('/after')
  await scenario.untilAsked('/told', 2)
  assert.deepEqual(words(scenario, '/told', 'SiprecEvent'), ['siprec-started', 'siprec-stopped'])
  const [told] = scenario.at('/told')
  assert.match(told!.params.SiprecSid!, /^SR[0-9a-f]{32}$/)
  assert.deepEqual([told!.params.SiprecName, told!.params.CallSid], ['mine', callSid])
  assert.match(told!.params.Timestamp!, /Z$/)
  assert.deepEqual(await codes(scenario, callSid), ['32700'])

  const made = await scenario.api('POST', `/Calls/${callSid}/Siprec.json`, {
    ConnectorName: 'recorder',
    StatusCallback: 'http://app.test/rest',
  })
  assert.deepEqual([made.status, made.json.status, made.json.name], [200, 'in-progress', made.json.sid])
  await scenario.untilAsked('/rest')
  assert.equal(scenario.at('/rest')[0]!.params.SiprecSid, made.json.sid)
  // STR-03: a recording server is sent two of the four tracks.
  const streamed = async (Track: string) => scenario.api('POST', `/Calls/${callSid}/Streams.json`, { Url: WSS, Track })
  assert.equal((await streamed('both_tracks')).status, 200)
  assert.equal((await streamed('inbound_track')).json.code, 10004)
  const none = await scenario.api('POST', `/Calls/${callSid}/Siprec.json`, { ConnectorName: 'nobody' })
  assert.deepEqual([none.status, none.json.code], [400, 32700])
  const path = `/Calls/${callSid}/Siprec/${made.json.sid}.json`
  const stopped = await scenario.api('POST', path, { Status: 'stopped' })
  assert.deepEqual([stopped.status, stopped.json.status], [200, 'stopped'])
  await scenario.untilAsked('/rest', 2)
  call.hangUp()
  await clock.advance(500)
  server.close()
  await scenario.close()
})

test('SRC-02: a recording runs beside the document until it is stopped', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on(
    '/voice',
    twiml(`<Start><Recording channels="dual" recordingStatusCallback="/recorded" recordingStatusCallbackEvent="in-progress completed"/></Start>
      <Gather timeout="3"/><Stop><Recording/></Stop><Gather timeout="30"/>`),
  )
  const { call } = await scenario.dialIn('carol', 440)
  await scenario.untilAsked('/recorded', 2)
  assert.equal(call.state, 'up')
  assert.deepEqual(words(scenario, '/recorded', 'RecordingStatus'), ['in-progress', 'completed'])
  const { params } = scenario.at('/recorded')[1]!
  assert.deepEqual(
    [params.RecordingSource, params.RecordingChannels, params.RecordingTrack],
    ['StartCallRecordingTwiML', '2', 'both'],
  )
  assert.ok(['3', '4'].includes(params.RecordingDuration!), params.RecordingDuration)
  call.hangUp()
  await clock.advance(500)
  await scenario.close()
})

test('SRC-02: of several recordings a Stop ends the one it names; a name that none has is noted', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on(
    '/voice',
    twiml(`<Start><Recording name="first" recordingStatusCallback="/first"/></Start>
      <Start><Recording name="second" recordingStatusCallback="/second"/></Start>
      <Gather timeout="3"/><Stop><Recording name="third"/></Stop><Stop><Recording name="second"/></Stop><Gather timeout="30"/>`),
  )
  const { call } = await scenario.dialIn('carol', 440)
  await scenario.untilAsked('/second')
  await clock.advance(1_000)
  assert.equal(call.state, 'up')
  assert.deepEqual(words(scenario, '/first', 'RecordingStatus'), [])
  const { notifications } = (await scenario.api('GET', '/Notifications.json')).json
  assert.ok(notifications.some((one: { message_text: string }) => one.message_text.includes('third')))
  call.hangUp()
  await scenario.untilAsked('/first')
  await scenario.close()
})

test('SRC-03, CALL-23: what is said on a call is told as text; without a recogniser that is noted', async () => {
  const listen = 'ws://listen.test/v1/listen'
  const scenario = await openTwilioScenario({
    recognisers: [
      {
        name: 'live',
        access: { kind: 'stream', url: listen, key: 'sesame', model: null },
        engines: ['google'],
        languages: ['en', 'de-DE'],
      },
    ],
  })
  const { clock, sockets } = scenario
  sockets.servers.set(listen, (socket) => {
    let octets = 0
    socket.onBinary = (bytes) => {
      octets += bytes.length
      if (octets < 16_000) return
      octets = 0
      const alternatives = [{ transcript: 'half a second', confidence: 0.9 }]
      socket.send({ type: 'Results', is_final: true, speech_final: true, channel: { alternatives } })
    }
  })
  scenario.on(
    '/voice',
    twiml(`<Start><Transcription name="words" track="inbound_track" languageCode="de-DE" inboundTrackLabel="caller" statusCallbackUrl="/text"/></Start>
      <Start><Transcription transcriptionEngine="deepgram"/></Start>
      <Gather timeout="3"/><Stop><Transcription name="words"/></Stop><Gather timeout="60"/>`),
  )
  const { call } = await scenario.dialIn('carol', 440)
  await clock.until(() => words(scenario, '/text', 'TranscriptionEvent').includes('transcription-stopped'))
  const told = scenario.at('/text').map(({ params }) => params)
  const callSid = told[0]!.CallSid!
  assert.equal(told[0]!.TranscriptionEvent, 'transcription-started')
  assert.deepEqual(
    [told[0]!.Track, told[0]!.LanguageCode, told[0]!.Name, told[0]!.InboundTrackLabel, told[0]!.TranscriptionEngine],
    ['inbound_track', 'de-DE', 'words', 'caller', 'google'],
  )
  const content = told.filter(({ TranscriptionEvent }) => TranscriptionEvent === 'transcription-content')
  assert.ok(content.length >= 2, String(content.length))
  assert.deepEqual(JSON.parse(content[0]!.TranscriptionData!), { transcript: 'half a second', confidence: 0.9 })
  assert.deepEqual([content[0]!.Track, content[0]!.Final], ['inbound_track', 'true'])
  assert.match(told[0]!.TranscriptionSid!, /^GT[0-9a-f]{32}$/)
  assert.equal(new Set(told.map(({ TranscriptionSid }) => TranscriptionSid)).size, 1)
  assert.deepEqual(
    told.map(({ SequenceId }) => SequenceId),
    told.map((_, index) => String(index + 1)),
  )
  assert.deepEqual(await codes(scenario, callSid), ['32650'], 'nobody answers for deepgram')

  const path = `/Calls/${callSid}/Transcriptions`
  const lacking = await scenario.api('POST', `${path}.json`, { TranscriptionEngine: 'deepgram' })
  assert.deepEqual([lacking.status, lacking.json.code], [400, 32650])
  const foreign = await scenario.api('POST', `${path}.json`, { LanguageCode: 'fr-FR' })
  assert.deepEqual([foreign.status, foreign.json.code], [400, 32650])
  const made = await scenario.api('POST', `${path}.json`, {
    Name: 'rest words',
    StatusCallbackUrl: 'http://app.test/rest-text',
  })
  assert.deepEqual(
    [made.status, made.json.name, made.json.status],
    [200, 'rest words', 'in-progress'],
    JSON.stringify(made.json),
  )
  const twice = await scenario.api('POST', `${path}.json`, {})
  assert.equal(twice.status, 400)
  await clock.advance(2_000)
  const stopped = await scenario.api('POST', `${path}/rest%20words.json`, { Status: 'stopped' })
  assert.deepEqual([stopped.status, stopped.json.status, stopped.json.sid], [200, 'stopped', made.json.sid])
  await clock.advance(500)
  const rest = scenario.at('/rest-text').map(({ params }) => params)
  assert.equal(rest[0]!.TranscriptionSid, made.json.sid)
  assert.ok(rest.some(({ TranscriptionEvent }) => TranscriptionEvent === 'transcription-content'))
  call.hangUp()
  await clock.advance(500)
  await scenario.close()
})
