import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptAnswer, answerOffer, holdsUs, type LocalAudio, makeOffer, offeredCodecNames } from './offer-answer.ts'
import { parseSdp } from './parse.ts'
import { printSdp } from './print.ts'

const phone = [
  'v=0',
  'o=alice 2890844526 2890844526 IN IP4 198.51.100.5',
  's=-',
  'c=IN IP4 198.51.100.5',
  't=0 0',
  'm=audio 49170 RTP/AVP 18 8 0 96 13',
  'a=rtpmap:18 G729/8000',
  'a=rtpmap:96 telephone-event/8000',
  'a=fmtp:96 0-16',
  'm=video 51372 RTP/AVP 31',
  'a=rtpmap:31 H261/90000',
  '',
].join('\r\n')

const local: LocalAudio = {
  address: { host: '192.0.2.1', port: 20_000 },
  codecs: ['PCMU', 'PCMA'],
  preferOurs: false,
  direction: 'sendrecv',
  telephoneEvent: true,
  comfortNoise: true,
}
const origin = { sessionId: '1', version: 1 }

function parsed(text: string) {
  const result = parseSdp(text)
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

function answered(text: string, changes: Partial<LocalAudio> = {}) {
  const result = answerOffer(parsed(text), { ...local, ...changes }, origin)
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

test('RFC 3264 §6: the answer keeps every section in place and refuses the unwanted with port 0', () => {
  const { answer } = answered(phone)
  assert.deepEqual(
    answer.media.map((section) => [section.kind, section.port]),
    [
      ['audio', 20_000],
      ['video', 0],
    ],
  )
})

test('the offerer’s order decides, unless the application names codecs', () => {
  assert.equal(answered(phone).agreed.send.codec, 'PCMA')
  assert.equal(answered(phone, { preferOurs: true }).agreed.send.codec, 'PCMU')
})

test('static types need no rtpmap, and dynamic ones keep the offerer’s number', () => {
  const { agreed, answer } = answered(phone)
  assert.deepEqual(agreed.telephoneEvent, { sendType: 96, receiveType: 96, clockRateHz: 8000 })
  assert.equal(agreed.comfortNoiseType, 13)
  assert.deepEqual(answer.media[0]!.formats, ['8', '0', '13', '96'])
})

for (const [offered, wanted, expected] of [
  ['sendrecv', 'sendrecv', 'sendrecv'],
  ['sendonly', 'sendrecv', 'recvonly'],
  ['recvonly', 'sendrecv', 'sendonly'],
  ['inactive', 'sendrecv', 'inactive'],
  ['sendrecv', 'sendonly', 'sendonly'],
  ['sendonly', 'sendonly', 'inactive'],
] as const) {
  test(`RFC 3264 §6.1: offered ${offered}, wanting ${wanted}, we answer ${expected}`, () => {
    const { agreed, answer } = answered(phone.replace('a=rtpmap:18', `a=${offered}\r\na=rtpmap:18`), {
      direction: wanted,
    })
    assert.equal(agreed.direction, expected)
    assert.ok(answer.media[0]!.attributes.some((one) => one.name === expected))
  })
}

test('the old hold by a null address is a hold, and nothing is sent there', () => {
  const held = phone.replace('c=IN IP4 198.51.100.5', 'c=IN IP4 0.0.0.0')
  assert.equal(holdsUs(parsed(held)), true)
  const { agreed } = answered(held)
  assert.equal(agreed.remote, null)
  assert.equal(agreed.direction, 'recvonly')
})

test('no codec in common and no audio at all are told apart', () => {
  const only729 = phone.replace('18 8 0 96 13', '18')
  const first = answerOffer(parsed(only729), local, origin)
  assert.equal(!first.ok && first.error.type, 'no-common-codec')
  const second = answerOffer(parsed(phone.replace('m=audio 49170 RTP/AVP', 'm=audio 49170 RTP/SAVP')), local, origin)
  assert.equal(!second.ok && second.error.type, 'no-audio')
})

test('a section’s own connection line beats the session’s', () => {
  const own = phone.replace('a=rtpmap:18', 'c=IN IP4 203.0.113.9\r\na=rtpmap:18')
  assert.deepEqual(answered(own).agreed.remote, { host: '203.0.113.9', port: 49_170 })
})

test('an offer of ours is answered by ourselves to the same agreement', () => {
  const offer = makeOffer({ ...local, codecs: ['PCMU', 'PCMA', 'G722', 'opus'] }, origin)
  const { answer, agreed } = answered(printSdp(offer), { address: { host: '192.0.2.2', port: 30_000 } })
  const accepted = acceptAnswer(offer, parsed(printSdp(answer)))
  assert.ok(accepted.ok)
  assert.deepEqual(accepted.value.remote, { host: '192.0.2.2', port: 30_000 })
  assert.deepEqual(accepted.value.send, agreed.send)
  assert.deepEqual(accepted.value.telephoneEvent, { sendType: 101, receiveType: 101, clockRateHz: 8000 })
})

test('an answer may number dynamic types anew: we send under its numbers and receive under ours', () => {
  const offer = makeOffer({ ...local, codecs: ['opus', 'PCMU'] }, origin)
  const answer = [
    'v=0',
    'o=b 1 1 IN IP4 203.0.113.1',
    's=-',
    'c=IN IP4 203.0.113.1',
    't=0 0',
    'm=audio 4000 RTP/AVP 111 110',
    'a=rtpmap:111 opus/48000/2',
    'a=rtpmap:110 telephone-event/8000',
    '',
  ].join('\n')
  const accepted = acceptAnswer(offer, parsed(answer))
  assert.ok(accepted.ok)
  assert.equal(accepted.value.send.payloadType, 111)
  assert.equal(accepted.value.receive[0]!.payloadType, 96)
  assert.deepEqual(accepted.value.telephoneEvent, { sendType: 110, receiveType: 101, clockRateHz: 8000 })
})

test('an answer with another number of sections is none, and one with port 0 refuses', () => {
  const offer = makeOffer(local, origin)
  const two = acceptAnswer(offer, parsed(phone))
  assert.equal(!two.ok && two.error.type, 'not-an-answer')
  const refused = acceptAnswer(offer, parsed(phone.slice(0, phone.indexOf('m=video')).replace('49170', '0')))
  assert.equal(!refused.ok && refused.error.type, 'no-audio')
})

test('a peer that takes only short packets is sent 10 ms', () => {
  assert.equal(answered(phone.replace('a=rtpmap:18', 'a=maxptime:10\r\na=rtpmap:18')).agreed.send.ptimeMs, 10)
})

test('what is offered is listed without events and noise', () => {
  assert.deepEqual(offeredCodecNames(parsed(phone)), ['G729', 'PCMA', 'PCMU'])
})

for (const [what, text] of [
  ['nothing', ''],
  ['another version', phone.replace('v=0', 'v=1')],
  ['no origin', phone.replace(/o=.*\r\n/, '')],
  ['a port above 65535', phone.replace('49170', '65536')],
  ['a line without a type', `${phone}nonsense\r\n`],
  ['a connection of another network', phone.replace('c=IN', 'c=ATM')],
] as const) {
  test(`a description with ${what} is refused`, () => assert.equal(parseSdp(text).ok, false))
}
