// Transcription of live calls (telnyx-voice §12.14) by recognisers of our own that name the tone they hear: which track was
// heard, in which order, is in the text.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { levelDbov, toneLevelDbov } from '#audio/goertzel.ts'
import { decodeWav } from '#audio/wav.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import type { ServedSocket } from '#testkit/web-socket.ts'
import { NUMBER, openScenario } from './house.ts'

const TONES = [400, 700, 1000, 1300] as const

/** The tones in it, as words. */
function toneWords(samples: Int16Array, rateHz: number): string {
  return TONES.filter((hz) => toneLevelDbov(samples, hz, rateHz) > -35)
    .map((hz) => `tone ${hz}`)
    .join(' and ')
}

/** An OpenAI-compatible server: a WAV as multipart in, `{"text": …}` out. */
const posts: { readonly fields: string; readonly authorization: string | undefined; readonly ms: number }[] = []
const web = createServer((request, reply) => {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    const body = Buffer.concat(pieces)
    const boundary = /boundary=(.+)$/.exec(String(request.headers['content-type']))![1]!
    const from = body.indexOf('\r\n\r\n', body.indexOf('; filename="')) + 4
    const wav = decodeWav(body.subarray(from, body.lastIndexOf(`\r\n--${boundary}--`)))
    assert.ok(wav.ok && request.url === '/v1/audio/transcriptions')
    const samples = wav.value.channels[0]!
    posts.push({
      fields: body.subarray(0, from).toString('latin1'),
      authorization: request.headers.authorization,
      ms: (samples.length * 1000) / wav.value.sampleRateHz,
    })
    reply.setHeader('content-type', 'application/json')
    reply.end(JSON.stringify({ text: toneWords(samples, wav.value.sampleRateHz) }))
  })
})
await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
const fileUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
const STREAM_URL = 'ws://listen.test/v1/listen'

const scenario = await openScenario({
  recognisers: [
    {
      name: 'live',
      access: { kind: 'stream', url: STREAM_URL, key: 'sesame', model: null },
      engines: ['Deepgram'],
      languages: [],
    },
    {
      name: 'files',
      access: { kind: 'file', url: fileUrl, key: 'open', model: 'tones-1' },
      engines: ['Telnyx', 'Google'],
      languages: ['en', 'de'],
    },
  ],
})
after(async () => {
  await scenario.close()
  web.close()
})

/** Deepgram's words: an unfinished result every 200 ms of sound, a final one after 300 ms without. */
function recogniser(socket: ServedSocket): void {
  const url = new URL(socket.request.url)
  const rateHz = Number(url.searchParams.get('sample_rate'))
  let spoken: number[] = []
  let quiet = 0
  let told = 0
  const tell = (is_final: boolean): void => {
    const transcript = toneWords(Int16Array.from(spoken), rateHz)
    const alternatives = [{ transcript, confidence: 0.9 }]
    socket.send({ type: 'Results', is_final, speech_final: is_final, channel: { alternatives } })
  }
  const end = (): void => {
    if (spoken.length > rateHz / 10) tell(true)
    spoken = []
    told = 0
  }
  socket.onBinary = (bytes) => {
    const samples = new Int16Array(bytes.length / 2)
    for (let i = 0; i < samples.length; i++) samples[i] = Buffer.from(bytes).readInt16LE(i * 2)
    if (levelDbov(samples) < -45) {
      quiet += (samples.length * 1000) / rateHz
      if (quiet >= 300 && spoken.length > 0) end()
      return
    }
    quiet = 0
    spoken.push(...samples)
    if (spoken.length - told >= rateHz / 5) {
      told = spoken.length
      tell(false)
    }
  }
  socket.onText = (text) => {
    if ((JSON.parse(text) as { type: string }).type !== 'CloseStream') return
    end()
    socket.close(1000)
  }
}
scenario.sockets.servers.set(STREAM_URL, recogniser)

let answer: object = {}
scenario.onWebhook = async (event) => {
  if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
    await scenario.rest('POST', `/v2/calls/${event.payload.call_control_id}/actions/answer`, answer)
  return 200
}

let callers = 0
async function callIn(): Promise<{ readonly leg: string; readonly call: PhoneCall }> {
  const phone = await scenario.phone(`speaker${++callers}`)
  const call = await phone.call(NUMBER, scenario.sip)
  call.party.hum(null)
  await scenario.clock.until(() => call.state === 'up')
  await scenario.clock.advance(100)
  const answered = scenario.received.findLast((event) => event.type === 'call.answered')
  return { leg: String(answered!.payload.call_control_id), call }
}

const act = (leg: string, action: string, body: object = {}) =>
  scenario.rest('POST', `/v2/calls/${leg}/actions/${action}`, body)

/** Hums for a while, then falls silent. */
async function say(call: PhoneCall, hz: number, ms = 800): Promise<void> {
  call.party.hum(hz)
  await scenario.clock.advance(ms)
  call.party.hum(null)
  await scenario.clock.advance(900)
  // The server is a real one, in real time.
  for (let i = 0; i < 10; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    await scenario.clock.advance(10)
  }
}

const heard = (leg: string) =>
  scenario.received
    .filter((one) => one.type === 'call.transcription' && one.payload.call_control_id === leg)
    .map((one) => one.payload.transcription_data as Readonly<Record<string, unknown>>)

test('a live recogniser hears each track apart, and unfinished results come when they are asked for', async () => {
  const [a, b] = [await callIn(), await callIn()]
  await act(a.leg, 'bridge', { call_control_id: b.leg })
  const started = await act(a.leg, 'transcription_start', {
    transcription_engine: 'Deepgram',
    transcription_engine_config: {
      transcription_engine: 'Deepgram',
      transcription_model: 'deepgram/nova-3',
      language: 'en-US',
      interim_results: true,
      keyterms: ['tone'],
    },
    transcription_tracks: 'both',
  })
  assert.equal(started.status, 200, JSON.stringify(started.json))
  const again = await act(a.leg, 'transcription_start', { transcription_engine: 'Deepgram' })
  assert.deepEqual([again.status, again.json.errors[0].code], [422, '90054'])
  await say(a.call, 400)
  await say(b.call, 700)
  await say(a.call, 1000)
  const finals = heard(a.leg).filter((one) => one.is_final === true)
  assert.deepEqual(
    finals.map((one) => [one.transcription_track, one.transcript, one.confidence]),
    [
      ['inbound', 'tone 400', 0.9],
      ['outbound', 'tone 700', 0.9],
      ['inbound', 'tone 1000', 0.9],
    ],
  )
  assert.ok(heard(a.leg).some((one) => one.is_final === false))
  const { url, headers } = scenario.sockets.connections.at(-1)!.request
  assert.equal(headers.authorization, 'Token sesame')
  const query = Object.fromEntries(new URL(url).searchParams)
  assert.deepEqual(query, {
    encoding: 'linear16',
    sample_rate: '8000',
    channels: '1',
    interim_results: 'true',
    model: 'nova-3',
    language: 'en-US',
    keyterm: 'tone',
  })
  // Stopped in the middle of a word: what was said is still told.
  a.call.party.hum(1300)
  await scenario.clock.advance(500)
  assert.equal((await act(a.leg, 'transcription_stop')).status, 200)
  await scenario.clock.advance(500)
  assert.deepEqual(heard(a.leg).at(-1), {
    confidence: 0.9,
    is_final: true,
    transcript: 'tone 1300',
    transcription_track: 'inbound',
  })
  const count = heard(a.leg).length
  await say(a.call, 400)
  assert.equal(heard(a.leg).length, count, 'nobody listens any more')
  const none = await act(a.leg, 'transcription_stop')
  assert.deepEqual([none.status, none.json.errors[0].code], [422, '90055'])
  a.call.hangUp()
  await scenario.clock.advance(500)
})

test('a recogniser of files is given one utterance after the other, cut where nobody speaks', async () => {
  const line = await callIn()
  const started = await act(line.leg, 'transcription_start', {
    transcription_engine: 'B',
    transcription_engine_config: { transcription_engine: 'B', language: 'de' },
  })
  assert.equal(started.status, 200, JSON.stringify(started.json))
  for (const hz of [700, 400, 1300]) await say(line.call, hz)
  await scenario.clock.until(() => heard(line.leg).length === 3)
  assert.deepEqual(
    heard(line.leg).map((one) => [one.transcript, one.is_final, one.transcription_track]),
    [
      ['tone 700', true, 'inbound'],
      ['tone 400', true, 'inbound'],
      ['tone 1300', true, 'inbound'],
    ],
  )
  assert.equal(posts.length, 3)
  for (const { fields, authorization, ms } of posts) {
    assert.equal(authorization, 'Bearer open')
    assert.match(fields, /name="model"\r\n\r\ntones-1\r\n/)
    assert.match(fields, /name="language"\r\n\r\nde\r\n/)
    assert.ok(ms > 800 && ms < 1800, `${ms} ms`)
  }
  line.call.hangUp()
  await scenario.clock.advance(500)
})

test('an engine nobody answers for, and a language it does not know, are refused', async () => {
  const line = await callIn()
  const soniox = await act(line.leg, 'transcription_start', { transcription_engine: 'Soniox' })
  assert.deepEqual(
    [soniox.status, soniox.json.errors[0].code, soniox.json.errors[0].source.pointer],
    [403, '10038', '/transcription_engine'],
  )
  const klingon = await act(line.leg, 'transcription_start', {
    transcription_engine_config: { language: 'tlh' },
  })
  assert.deepEqual(
    [klingon.status, klingon.json.errors[0].code, klingon.json.errors[0].source.pointer],
    [422, '10032', '/transcription_engine_config/language'],
  )
  const old = await act(line.leg, 'transcription_start', { language: 'tlh' })
  assert.equal(old.json.errors[0].source.pointer, '/language')
  const nonsense = await act(line.leg, 'transcription_start', { transcription_engine: 'Pigeon' })
  assert.deepEqual([nonsense.status, nonsense.json.errors[0].code], [422, '10032'])
  line.call.hangUp()
  await scenario.clock.advance(500)
})

test('with the answer, from its first word', async () => {
  answer = { transcription: true, transcription_config: { transcription_engine: 'Deepgram' } }
  const line = await callIn()
  await say(line.call, 1000)
  assert.deepEqual(
    heard(line.leg).map((one) => one.transcript),
    ['tone 1000'],
  )
  answer = {}
  line.call.hangUp()
  await scenario.clock.advance(500)
})

test('a recogniser that is lost is called again; one that stays away leaves room for another', async () => {
  const line = await callIn()
  const config = { transcription_engine: 'Deepgram' }
  await act(line.leg, 'transcription_start', config)
  await scenario.clock.advance(200)
  scenario.sockets.connections.at(-1)!.close()
  await scenario.clock.advance(500)
  await say(line.call, 700)
  assert.deepEqual(
    heard(line.leg).map((one) => one.transcript),
    ['tone 700'],
  )
  scenario.sockets.servers.delete(STREAM_URL)
  scenario.sockets.connections.at(-1)!.close()
  await scenario.clock.advance(10_000)
  scenario.sockets.servers.set(STREAM_URL, recogniser)
  assert.equal((await act(line.leg, 'transcription_start', config)).status, 200)
  await say(line.call, 400)
  assert.equal(heard(line.leg).at(-1)?.transcript, 'tone 400')
  line.call.hangUp()
  await scenario.clock.advance(500)
})

test('a recording is made text of once it is finished, kept, and told', async () => {
  const line = await callIn()
  const refused = await act(line.leg, 'record_start', {
    format: 'wav',
    channels: 'single',
    transcription: true,
    transcription_engine: 'deepgram/nova-3',
  })
  assert.deepEqual(
    [refused.status, refused.json.errors[0].code, refused.json.errors[0].source.pointer],
    [403, '10038', '/transcription_engine'],
  )
  const begun = await act(line.leg, 'record_start', {
    format: 'wav',
    channels: 'single',
    transcription: true,
    transcription_language: 'en-US',
  })
  assert.equal(begun.status, 200, JSON.stringify(begun.json))
  line.call.party.hum(1300)
  await scenario.clock.advance(1500)
  line.call.hangUp()
  await scenario.clock.advance(200)
  const told = () => scenario.event('call.recording.transcription.saved', line.leg)
  for (let i = 0; i < 200 && told() === undefined; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    await scenario.clock.advance(20)
  }
  const payload = told()!.payload
  assert.deepEqual([payload.transcription_text, payload.status], ['tone 1300', 'completed'])
  const types = scenario.received.filter((one) => one.payload.call_control_id === line.leg).map((one) => one.type)
  assert.deepEqual(types.slice(-3), ['call.hangup', 'call.recording.saved', 'call.recording.transcription.saved'])
  const { json } = await scenario.rest(
    'GET',
    `/v2/recording_transcriptions?filter[recording_id]=${String(payload.recording_id)}`,
  )
  assert.equal(json.data.length, 1)
  assert.equal(json.data[0].id, payload.recording_transcription_id)
  assert.deepEqual([json.data[0].status, json.data[0].transcription_text], ['completed', 'tone 1300'])
  assert.match(posts.at(-1)!.fields, /filename="recording.wav"/)
})

test('the recognisers are listed as the engines they answer for', async () => {
  const { json } = await scenario.rest('GET', '/v2/speech-to-text/providers?service_type=in_call')
  assert.deepEqual(
    json.data.map((one: { provider: string; model: string }) => `${one.provider} ${one.model}`),
    ['deepgram live', 'telnyx tones-1', 'google tones-1'],
  )
  const files = await scenario.rest('GET', '/v2/speech-to-text/providers?service_type=file_based&provider=google')
  assert.deepEqual(files.json.data[0].service_types, [{ type: 'file_based', languages: ['en', 'de'] }])
})
