import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StreamOpening } from '#media/stream-language.ts'
import { streamFrames } from './stream-frames.ts'

const STREAM = '0a'.repeat(16)
const CALL = '0b'.repeat(16)
const ACCOUNT = '0c'.repeat(16)

const opening: StreamOpening = {
  stream: STREAM,
  about: { account: ACCOUNT, call: CALL, group: CALL, from: '+15550111', to: '+15550100', notes: {} },
  format: { codec: 'PCMU', sampleRateHz: 8000 },
  tracks: ['inbound', 'outbound'],
  parameters: [{ name: 'Who', value: 'Zoë "Z" O’Neil' }],
}

const said = (text: string | null) => JSON.parse(text ?? 'null')

test('STR-05: what is said to an application, word by word', () => {
  assert.deepEqual(said(streamFrames.connected()), { event: 'connected', protocol: 'Call', version: '1.0.0' })
  assert.deepEqual(said(streamFrames.start(opening, 1)), {
    event: 'start',
    sequenceNumber: '1',
    start: {
      accountSid: `AC${ACCOUNT}`,
      streamSid: `MZ${STREAM}`,
      callSid: `CA${CALL}`,
      tracks: ['inbound', 'outbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: { Who: 'Zoë "Z" O’Neil' },
    },
    streamSid: `MZ${STREAM}`,
  })
  assert.deepEqual(said(streamFrames.media(opening, 'outbound', 3, 60, Uint8Array.of(255, 0, 127), 5)), {
    event: 'media',
    sequenceNumber: '5',
    media: { track: 'outbound', chunk: '3', timestamp: '60', payload: '/wB/' },
    streamSid: `MZ${STREAM}`,
  })
  assert.deepEqual(said(streamFrames.digit(opening, '#', 100, 0, 6)), {
    event: 'dtmf',
    sequenceNumber: '6',
    dtmf: { track: 'inbound_track', digit: '#' },
    streamSid: `MZ${STREAM}`,
  })
  assert.deepEqual(said(streamFrames.mark(opening, 'said', 7)), {
    event: 'mark',
    sequenceNumber: '7',
    mark: { name: 'said' },
    streamSid: `MZ${STREAM}`,
  })
  assert.deepEqual(said(streamFrames.stop(opening, 8)), {
    event: 'stop',
    sequenceNumber: '8',
    stop: { accountSid: `AC${ACCOUNT}`, callSid: `CA${CALL}` },
    streamSid: `MZ${STREAM}`,
  })
})

test('STR-06: audio, marks and clear are read; anything else is passed over without a word', () => {
  const read = (message: object) => streamFrames.read(JSON.stringify({ streamSid: `MZ${STREAM}`, ...message }))
  assert.deepEqual(read({ event: 'media', media: { payload: '/wB/' } }), {
    type: 'audio',
    payload: Buffer.from([255, 0, 127]),
  })
  assert.deepEqual(read({ event: 'mark', mark: { name: 'a' } }), { type: 'mark', name: 'a' })
  assert.deepEqual(read({ event: 'clear' }), { type: 'clear' })
  const nonsense = [
    { event: 'media' },
    { event: 'media', media: null },
    { event: 'media', media: { payload: 'not base64!' } },
    { event: 'mark', mark: {} },
    { event: 'start' },
    {},
  ]
  for (const message of nonsense) {
    const word = read(message)
    assert.equal(word.type, 'wrong', JSON.stringify(message))
    if (word.type === 'wrong') assert.equal(streamFrames.problem(opening, word.problem, 1), null)
  }
  for (const text of ['', 'null', '[]', '{"event":']) assert.equal(streamFrames.read(text).type, 'wrong', text)
})
