// Media streaming over WebSocket (telnyx-voice §12.12): a call's audio to an application frame by frame, what the application
// says back, and the events around it. The application is a pretended server; test/interop/streaming.test.ts meets a real one.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createMp3Encoder } from 'wasm-media-encoders'
import { decodeG711, encodeG711 } from '#audio/g711.ts'
import { G722Decoder } from '#audio/g722.ts'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { loadOpus, OpusDecoder } from '#audio/opus.ts'
import { fromControlId, type StreamId } from '#base/ids.ts'
import type { StreamSpec } from '#calls/model.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { RtpParty } from '#testkit/rtp-party.ts'
import type { ServedSocket } from '#testkit/web-socket.ts'
import { ACCOUNT, NUMBER, openScenario, type Scenario } from './house.ts'

const URL = 'ws://stream.test/media'
const HEARD_DBOV = -30

let scenario: Scenario
before(async () => {
  scenario = await openScenario()
  await loadOpus()
  scenario.sockets.servers.set(URL, () => {})
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
      await scenario.rest('POST', `/v2/calls/${event.payload.call_control_id}/actions/answer`, {})
    return 200
  }
})
after(() => scenario.close())

interface Line {
  readonly leg: string
  readonly call: PhoneCall
}

let callers = 0
async function callIn(humHz: number | null): Promise<Line> {
  const phone = await scenario.phone(`caller${++callers}`)
  const call = await phone.call(NUMBER, scenario.sip)
  call.party.hum(humHz)
  await scenario.clock.until(() => call.state === 'up')
  await scenario.clock.advance(100)
  const answered = scenario.received.findLast((event) => event.type === 'call.answered')
  return { leg: String(answered!.payload.call_control_id), call }
}

async function act(leg: string, action: string, body: object = {}) {
  return scenario.rest('POST', `/v2/calls/${leg}/actions/${action}`, body)
}

async function stream(line: Line, body: object = {}): Promise<ServedSocket> {
  const count = scenario.sockets.connections.length
  const reply = await act(line.leg, 'streaming_start', { stream_url: URL, ...body })
  assert.equal(reply.status, 200, JSON.stringify(reply.json))
  await scenario.clock.until(() => scenario.sockets.connections.length > count)
  await scenario.clock.advance(5)
  return scenario.sockets.connections.at(-1)!
}

async function hangUp(...lines: readonly Line[]): Promise<void> {
  for (const { call } of lines) call.hangUp()
  await scenario.clock.advance(500)
}

const payloads = (socket: ServedSocket, track: string): Buffer[] =>
  socket.frames
    .filter((one) => one.event === 'media' && one.media.track === track)
    .map((one) => Buffer.from(one.media.payload, 'base64'))

function ulaw(payload: Uint8Array): Int16Array {
  const samples = new Int16Array(payload.length)
  decodeG711('PCMU', payload, 0, payload.length, samples, 0)
  return samples
}

function tone(hz: number, ms: number, rateHz = 8000): Int16Array {
  return Int16Array.from({ length: (rateHz * ms) / 1000 }, (_, i) => 8000 * Math.sin((2 * Math.PI * hz * i) / rateHz))
}

function asUlaw(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length)
  encodeG711('PCMU', samples, 0, samples.length, bytes, 0)
  return bytes
}

const media = (bytes: Uint8Array): object => ({
  event: 'media',
  media: { payload: Buffer.from(bytes).toString('base64') },
})

/** Resolves once no file of a stream is being decoded. */
async function decoded(): Promise<void> {
  for (;;) {
    const files = await scenario.disk.list('/tmp')
    if (!files.ok || files.value.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A minute of samples that tell their place: no two stretches are alike. */
function marked(): Int16Array {
  let seed = 42
  return Int16Array.from({ length: 8000 * 60 }, () => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff
    return (seed >> 16) - 16_384
  })
}

test('a minute of a call arrives frame by frame, every sample as it was said', async () => {
  const line = await callIn(null)
  const said = marked()
  line.call.party.play(said)
  await scenario.clock.advance(200)
  const socket = await stream(line, {
    stream_auth_token: 'sesame',
    custom_parameters: [{ name: 'flavour', value: 'mint' }],
    client_state: 'c3RhdGU=',
  })
  await scenario.clock.advance(45_000)
  assert.equal(socket.request.headers.authorization, 'Bearer sesame')
  const [connected, start, ...rest] = socket.frames
  assert.deepEqual(connected, { event: 'connected', version: '1.0.0' })
  const event = scenario.event('streaming.started', line.leg)!
  assert.equal(event.payload.stream_url, URL)
  assert.deepEqual(start, {
    event: 'start',
    sequence_number: '1',
    stream_id: event.payload.stream_id,
    start: {
      user_id: '01234567-89ab-cdef-0123-456789abcdef',
      call_control_id: line.leg,
      call_session_id: event.payload.call_session_id,
      from: scenario.event('call.answered', line.leg)!.payload.from,
      to: NUMBER,
      tags: [],
      client_state: 'c3RhdGU=',
      media_format: { encoding: 'PCMU', sample_rate: 8000, channels: 1 },
      custom_parameters: { flavour: 'mint' },
    },
  })
  assert.ok(rest.length > 2200, `${rest.length} frames`)
  rest.forEach((frame, i) => {
    assert.equal(frame.event, 'media')
    assert.equal(frame.sequence_number, String(i + 2))
    assert.equal(frame.media.chunk, String(i + 1))
    assert.equal(frame.media.track, 'inbound')
    // The beat is 20 ms; the first frame comes within the beat after the start.
    assert.ok(Math.abs(Number(frame.media.timestamp) - Number(rest[0].media.timestamp) - i * 20) <= 1)
  })
  // As samples: a law has two zeros, and either may stand for the other.
  const bytes = (samples: Int16Array) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
  const heard = bytes(ulaw(Buffer.concat(payloads(socket, 'inbound'))))
  const sent = bytes(ulaw(asUlaw(said)))
  const at = sent.indexOf(heard.subarray(0, 320))
  assert.ok(at >= 0, 'the first frame is somewhere in what was said')
  assert.ok(heard.equals(sent.subarray(at, at + heard.length)), 'and everything after it follows without a gap')

  line.call.party.dial('5')
  await scenario.clock.advance(500)
  const digit = socket.frames.find((one) => one.event === 'dtmf')
  assert.equal(digit?.dtmf.digit, '5')
  assert.match(digit.occurred_at, /^\d{4}-.*Z$/)

  const again = await act(line.leg, 'streaming_start', { stream_url: URL })
  assert.deepEqual([again.status, again.json.errors[0].code], [422, '90045'])
  await hangUp(line)
  assert.deepEqual(socket.frames.at(-1).stop, {
    user_id: '01234567-89ab-cdef-0123-456789abcdef',
    call_control_id: line.leg,
  })
  assert.equal(socket.closed?.code, 1000)
  const types = scenario.received.filter((one) => one.payload.call_control_id === line.leg).map((one) => one.type)
  assert.deepEqual(types.slice(-3), ['call.dtmf.received', 'streaming.stopped', 'call.hangup'])
})

test('both tracks: what the party says and what it is sent, told apart', async () => {
  const [line, other] = [await callIn(400), await callIn(700)]
  await act(line.leg, 'bridge', { call_control_id: other.leg })
  const socket = await stream(line, { stream_track: 'both_tracks', stream_codec: 'PCMA' })
  await scenario.clock.advance(2000)
  const level = (track: string, hz: number) => {
    const octets = Buffer.concat(payloads(socket, track).slice(-40))
    const samples = new Int16Array(octets.length)
    decodeG711('PCMA', octets, 0, octets.length, samples, 0)
    return toneLevelDbov(samples, hz, 8000)
  }
  assert.equal(socket.frames[1].start.media_format.encoding, 'PCMA')
  assert.ok(level('inbound', 400) > HEARD_DBOV && level('inbound', 700) < -45)
  assert.ok(level('outbound', 700) > HEARD_DBOV && level('outbound', 400) < -45)
  assert.equal((await act(line.leg, 'streaming_stop')).status, 200)
  await scenario.clock.advance(300)
  assert.equal(socket.frames.at(-1).event, 'stop')
  const none = await act(line.leg, 'streaming_stop')
  assert.deepEqual([none.status, none.json.errors[0].code], [422, '90048'])
  await hangUp(line, other)
})

test('L16, G.722 and Opus carry the call as well', async () => {
  const line = await callIn(600)
  for (const [codec, rate] of [
    ['L16', 16_000],
    ['G722', 16_000],
    ['OPUS', 16_000],
  ] as const) {
    const socket = await stream(line, { stream_codec: codec, stream_bidirectional_sampling_rate: 16_000 })
    await scenario.clock.advance(1500)
    assert.deepEqual(socket.frames[1].start.media_format, { encoding: codec, sample_rate: rate, channels: 1 })
    const decoder = codec === 'OPUS' ? new OpusDecoder() : null
    await new Promise((resolve) => setTimeout(resolve, 50))
    const g722 = new G722Decoder()
    const samples = payloads(socket, 'inbound').flatMap((payload) => {
      const to = new Int16Array(2000)
      if (codec === 'L16')
        return [...payload.swap16()].length > 0 ? [...new Int16Array(Uint8Array.from(payload).buffer)] : []
      const count = decoder?.decode(payload, 0, payload.length, to, 0) ?? g722.decode(payload, 0, payload.length, to, 0)
      return [...to.subarray(0, count)]
    })
    const tail = Int16Array.from(samples.slice(-8000))
    assert.ok(toneLevelDbov(tail, 600, 16_000) > -20, `${codec}: ${toneLevelDbov(tail, 600, 16_000)} dBov`)
    await act(line.leg, 'streaming_stop')
    await scenario.clock.advance(100)
  }
  const refused = await act(line.leg, 'streaming_start', { stream_url: URL, stream_codec: 'AMR-WB' })
  assert.deepEqual([refused.status, refused.json.errors[0].code], [403, '10038'])
  await hangUp(line)
})

test('what the application says is heard, marks come back when it was, and clear stops it at once', async () => {
  const line = await callIn(null)
  const socket = await stream(line, { stream_bidirectional_mode: 'rtp', stream_track: 'both_tracks' })
  socket.send({ event: 'mark', mark: { name: 'idle' } })
  await scenario.clock.advance(5)
  assert.deepEqual(socket.frames.at(-1).mark, { name: 'idle' })

  const { clock } = scenario
  const saidAtMs = clock.nowMs()
  for (let i = 0; i < 5; i++) socket.send(media(asUlaw(tone(500, 200).subarray(0, 1600))))
  socket.send({ event: 'mark', mark: { name: 'said' } })
  await clock.advance(600)
  assert.ok(line.call.party.level(500, 300) > HEARD_DBOV, 'the caller hears it')
  const markedAt = () => socket.texts.find(({ text }) => text.includes('"said"'))?.atMs
  assert.equal(markedAt(), undefined, 'not said to the end yet')
  await clock.until(() => markedAt() !== undefined)
  const tookMs = markedAt()! - saidAtMs
  assert.ok(tookMs >= 1000 && tookMs <= 1085, `a second of audio took ${tookMs} ms`)

  socket.send(media(asUlaw(tone(900, 10_000))))
  socket.send({ event: 'mark', mark: { name: 'long' } })
  await clock.advance(1000)
  assert.ok(line.call.party.level(900, 300) > HEARD_DBOV)
  const clearedAtMs = clock.nowMs()
  socket.send({ event: 'clear' })
  await clock.advance(1000)
  const last = line.call.party.packets.findLast((packet) => toneLevelDbov(packet.samples, 900, 8000) > HEARD_DBOV)!
  assert.ok(last.atMs - clearedAtMs <= 21, `silent after ${last.atMs - clearedAtMs} ms`)
  assert.deepEqual(socket.frames.findLast((one) => one.event === 'mark').mark, { name: 'long' })

  for (const [said, code] of [
    ['no json', 100_003],
    [{ event: 'media', media: { payload: '!!!' } }, 100_004],
    [{ event: 'dance' }, 100_003],
  ] as const) {
    socket.send(said)
    await clock.advance(5)
    const frame = socket.frames.findLast((one) => one.event === 'error')
    assert.equal(frame.payload.code, code)
    assert.equal(frame.stream_id, socket.frames[1].stream_id)
  }
  await hangUp(line)
})

test('rates, and who of two hears it', async () => {
  const [line, other] = [await callIn(null), await callIn(null)]
  await act(line.leg, 'bridge', { call_control_id: other.leg })
  const heard = async (body: object, samples: Int16Array): Promise<readonly boolean[]> => {
    const socket = await stream(line, { stream_bidirectional_mode: 'rtp', stream_bidirectional_codec: 'L16', ...body })
    const bytes = Buffer.from(samples.slice().buffer).swap16()
    socket.send(media(bytes))
    await scenario.clock.advance(800)
    await act(line.leg, 'streaming_stop')
    const result = [line, other].map(({ call }) => call.party.level(650, 400) > HEARD_DBOV)
    await scenario.clock.advance(1500)
    return result
  }
  assert.deepEqual(await heard({}, tone(650, 1000)), [false, true])
  const self = { stream_bidirectional_target_legs: 'self', stream_bidirectional_sampling_rate: 24_000 }
  assert.deepEqual(await heard(self, tone(650, 1000, 24_000)), [true, false])
  const both = { stream_bidirectional_target_legs: 'both', stream_bidirectional_sampling_rate: 22_050 }
  assert.deepEqual(await heard(both, tone(650, 1000, 22_050)), [true, true])
  await hangUp(line, other)
})

test('MP3 files are queued, one a second', async () => {
  const line = await callIn(null)
  const socket = await stream(line)
  const encoder = await createMp3Encoder()
  encoder.configure({ sampleRate: 16_000, channels: 1, bitrate: 64 })
  const samples = Float32Array.from(tone(1000, 1500, 16_000), (one) => one / 32_768)
  const body = Buffer.concat([Buffer.from(encoder.encode([samples])), Buffer.from(encoder.finalize())])
  socket.send(media(body))
  socket.send(media(body))
  socket.send({ event: 'mark', mark: { name: 'file' } })
  await scenario.clock.advance(5)
  // Decoding takes real time, whatever the wound clock says.
  await decoded()
  await scenario.clock.advance(900)
  assert.ok(line.call.party.level(1000, 300) > HEARD_DBOV)
  assert.equal(socket.frames.find((one) => one.event === 'error').payload.code, 100_005)
  assert.equal(socket.frames.filter((one) => one.event === 'mark').length, 0)
  await scenario.clock.advance(1200)
  assert.deepEqual(socket.frames.findLast((one) => one.event === 'mark')?.mark, { name: 'file' })
  await hangUp(line)
})

test('a server that is not there fails the stream; a lost one is called again; a slow one costs frames, not memory', async () => {
  const line = await callIn(500)
  const params = { stream_url: 'ws://nowhere.test/x', stream_track: 'both_tracks' }
  assert.equal((await act(line.leg, 'streaming_start', params)).status, 200)
  await scenario.clock.advance(100)
  const { payload } = scenario.event('streaming.failed', line.leg)!
  assert.equal(payload.failure_reason, 'connection_failed')
  assert.deepEqual(payload.stream_params, { stream_url: 'ws://nowhere.test/x', track: 'both_tracks' })
  assert.equal(payload.stream_type, 'websocket')

  const first = await stream(line)
  await scenario.clock.advance(500)
  first.close()
  await scenario.clock.advance(700)
  const second = scenario.sockets.connections.at(-1)!
  assert.notEqual(second, first)
  assert.equal(second.frames[1].event, 'start')
  assert.equal(second.frames[1].stream_id, first.frames[1].stream_id)

  second.backlogOctets = 1 << 20
  await scenario.clock.advance(1)
  const before = second.frames.length
  await scenario.clock.advance(1000)
  assert.equal(second.frames.length, before, 'nothing is sent to who does not read')
  second.backlogOctets = 0
  await scenario.clock.advance(200)
  const next = second.frames[before]
  assert.ok(Number(next.media.chunk) > Number(second.frames[before - 1].media.chunk) + 45, 'the gap can be seen')

  second.close(1000)
  await scenario.clock.advance(200)
  assert.ok(scenario.event('streaming.stopped', line.leg), 'a proper goodbye ends the stream')
  await hangUp(line)
})

test('several streams at once, when whoever starts them says so: each its own track, ended by id, by name, or all', async () => {
  const [line, other] = [await callIn(440), await callIn(700)]
  await act(line.leg, 'bridge', { call_control_id: other.leg })
  const { engine } = scenario.house
  const call = fromControlId<'call'>(line.leg)!
  const actor = { account: ACCOUNT, language: 'telnyx' }
  const start = async (name: string, track: StreamSpec['track'], voice: StreamSpec['voice'] = null) => {
    const spec: StreamSpec = {
      url: URL,
      headers: {},
      language: 'twilio',
      track,
      format: { codec: 'PCMU', sampleRateHz: 8000 },
      parameters: [],
      voice,
      name,
      reconnect: false,
    }
    return engine.execute(actor, { type: 'start-stream', call, spec, beside: { maxTracks: 4 } })
  }
  const first = scenario.sockets.connections.length
  const speaking = { mode: 'raw', format: { codec: 'PCMU', sampleRateHz: 8000 }, targets: 'self' } as const
  const opened = [await start('in', 'inbound'), await start('out', 'outbound'), await start('both', 'both')]
  assert.deepEqual(
    opened.map(({ ok }) => ok),
    [true, true, true],
  )
  const crowded = await start('fifth', 'inbound')
  assert.equal(!crowded.ok && crowded.error.type, 'limit-reached')
  const twoWay = await start('agent', 'inbound', speaking)
  assert.deepEqual(twoWay.ok || twoWay.error, true, 'a stream that speaks takes no track away')
  const second = await start('agent 2', 'inbound', speaking)
  assert.equal(!second.ok && second.error.type, 'stream-running')
  const alone = await act(line.leg, 'streaming_start', { stream_url: URL })
  assert.equal(alone.status, 422, 'this language has one stream on a call')

  await scenario.clock.advance(400)
  const sockets = scenario.sockets.connections.slice(first)
  assert.equal(sockets.length, 4)
  const heard = sockets.map((socket) => [payloads(socket, 'inbound').length, payloads(socket, 'outbound').length])
  for (const [index, [inbound, outbound]] of heard.entries()) {
    assert.equal(inbound! > 15, index !== 1, `${index}: ${heard}`)
    assert.equal(outbound! > 15, index === 1 || index === 2, `${index}: ${heard}`)
  }
  const octets = Buffer.concat(payloads(sockets[0]!, 'inbound').slice(5, 15))
  assert.ok(toneLevelDbov(ulaw(octets), 440, 8000) > HEARD_DBOV)

  const stop = (stream: StreamId | null, name?: string) =>
    engine.execute(actor, { type: 'stop-stream', call, stream, ...(name === undefined ? {} : { name }) })
  assert.equal((await stop(null, 'nobody')).ok, false)
  assert.equal((await stop(null, 'out')).ok, true)
  const both = opened[2]
  assert.equal((await stop((both?.ok === true && both.value.stream?.id) || null)).ok, true)
  await scenario.clock.advance(50)
  assert.deepEqual(
    sockets.map(({ closed }) => closed !== null),
    [false, true, true, false],
  )
  // Its place is free again; a lost connection stays lost where the wish says so.
  assert.equal((await start('again', 'both')).ok, true)
  await scenario.clock.advance(20)
  scenario.sockets.connections.at(-1)!.close()
  await scenario.clock.advance(5_000)
  assert.equal(scenario.sockets.connections.length, first + 5)
  assert.equal(scenario.event('streaming.failed', line.leg)?.payload.call_control_id, line.leg)
  assert.equal((await stop(null)).ok, true)
  await hangUp(line, other)
  assert.ok(sockets.every(({ closed }) => closed !== null))
  assert.equal(
    scenario.received.filter(
      ({ type, payload }) => type === 'streaming.stopped' && payload.call_control_id === line.leg,
    ).length,
    4,
  )
})

test('on answer and on dial, before the far end is even called', async () => {
  const bob = await scenario.phone('bob')
  const invited: number[] = []
  bob.onCall((call) => {
    invited.push(scenario.clock.nowMs())
    scenario.clock.at(scenario.clock.nowMs() + 500, () => call.answer())
  })
  const count = scenario.sockets.connections.length
  const reply = await scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    to: bob.uri,
    from: '+15550111',
    stream_url: URL,
    stream_establish_before_call_originate: true,
  })
  assert.equal(reply.status, 200, JSON.stringify(reply.json))
  await scenario.clock.advance(400)
  const socket = scenario.sockets.connections[count] as ServedSocket
  assert.equal(invited.length, 1)
  assert.ok((socket.texts[0]?.atMs ?? Infinity) <= (invited[0] ?? 0), 'the socket stood first')
  assert.deepEqual(socket.frames, [{ event: 'connected', version: '1.0.0' }])
  await scenario.clock.advance(1000)
  assert.equal(socket.frames[1]?.event, 'start')
  const leg = reply.json.data.call_control_id
  await act(leg, 'hangup')
  await scenario.clock.advance(500)
  assert.equal(socket.frames.at(-1)?.event, 'stop')

  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
      await act(String(event.payload.call_control_id), 'answer', { stream_url: URL, stream_track: 'inbound_track' })
    return 200
  }
  const line = await callIn(500)
  await scenario.clock.advance(300)
  assert.equal(scenario.sockets.connections.at(-1)!.frames[1].start.call_control_id, line.leg)
  await hangUp(line)
})

test('a fork copies each direction as RTP to an address of its own, and ends a stream', async () => {
  const { clock } = scenario
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
      await act(String(event.payload.call_control_id), 'answer')
    return 200
  }
  const [line, other] = [await callIn(400), await callIn(700)]
  await act(line.leg, 'bridge', { call_control_id: other.leg })
  const socket = await stream(line)
  const [rx, tx] = [await RtpParty.open(scenario.net, clock), await RtpParty.open(scenario.net, clock)]
  const at = (party: RtpParty) => `udp:${party.local.host}:${party.local.port}`

  const refused = await act(line.leg, 'fork_start', { rx: 'udp:10.1.2.3:4000', tx: at(tx) })
  assert.deepEqual([refused.status, refused.json.errors[0].source.pointer], [422, '/rx'])
  assert.equal((await act(line.leg, 'fork_start', { rx: 'somewhere', tx: at(tx) })).status, 422)
  const none = await act(line.leg, 'fork_stop')
  assert.deepEqual([none.status, none.json.errors[0].code], [422, '90031'])

  assert.equal((await act(line.leg, 'fork_start', { rx: at(rx), tx: at(tx) })).status, 200)
  await clock.advance(2000)
  assert.equal(socket.frames.at(-1).event, 'stop')
  assert.ok(rx.level(400) > HEARD_DBOV && rx.level(700) < -45, 'what the party says')
  assert.ok(tx.level(700) > HEARD_DBOV && tx.level(400) < -45, 'what it is sent')
  const numbers = rx.packets.map((one) => [one.sequence, one.timestamp])
  assert.ok(numbers.length > 90)
  numbers.slice(1).forEach(([sequence, timestamp], i) => {
    assert.equal((sequence! - numbers[i]![0]!) & 0xffff, 1)
    assert.equal((timestamp! - numbers[i]![1]!) >>> 0, 160)
  })
  const again = await act(line.leg, 'streaming_start', { stream_url: URL })
  assert.equal(again.json.errors[0].code, '90045')
  assert.equal((await act(line.leg, 'fork_stop')).status, 200)
  await clock.advance(100)
  const count = rx.packets.length
  await clock.advance(500)
  assert.equal(rx.packets.length, count)
  const types = scenario.received
    .filter((one) => one.payload.call_control_id === line.leg && /stream|fork/.test(one.type))
    .map((one) => one.type)
  assert.deepEqual(types, ['streaming.started', 'streaming.stopped', 'call.fork.started', 'call.fork.stopped'])

  // One address for both directions.
  await act(line.leg, 'fork_start', { target: at(rx) })
  await clock.advance(1500)
  assert.equal(new Set(rx.packets.slice(-20).map((one) => one.ssrc)).size, 2)
  await hangUp(line, other)
  assert.equal(scenario.received.findLast((one) => /fork/.test(one.type))?.type, 'call.fork.stopped')
})
