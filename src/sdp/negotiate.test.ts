import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  acceptAnswer,
  answerOffer,
  type LocalSide,
  makeOffer,
  offeredCodecs,
  startNegotiation,
  withdrawOffer,
} from './negotiate.ts'
import { parseSdp } from './parse.ts'

const local: LocalSide = {
  address: { host: '192.0.2.1', port: 20_000 },
  rtcpPort: 20_001,
  codecs: ['PCMU', 'PCMA', 'G722', 'opus'],
  insist: false,
  direction: 'sendrecv',
  security: null,
}

function sdp(...lines: string[]): Buffer {
  const head = ['v=0', 'o=- 1 1 IN IP4 192.0.2.9', 's=-', 'c=IN IP4 192.0.2.9', 't=0 0']
  return Buffer.from(`${[...head, ...lines].join('\r\n')}\r\n`)
}
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

function answered(offer: Uint8Array, side = local, negotiation = startNegotiation('7')) {
  const result = answerOffer(negotiation, offer, side)
  assert.ok(result.ok, JSON.stringify(result))
  return { ...result.value, text: text(result.value.sdp) }
}

test('RFC 3551: static payload types work without rtpmap', () => {
  const { agreed } = answered(sdp('m=audio 4000 RTP/AVP 8 0 13'))
  assert.equal(agreed.send.codec, 'PCMA')
  assert.deepEqual(
    agreed.receive.map((b) => [b.payloadType, b.codec]),
    [
      [8, 'PCMA'],
      [0, 'PCMU'],
    ],
  )
  assert.deepEqual([agreed.comfortNoiseType, agreed.telephoneEvent], [13, null])
  assert.deepEqual(agreed.remote, { host: '192.0.2.9', port: 4000 })
})

test('the offerer chooses the order unless codecs were asked for by name', () => {
  const offer = sdp('m=audio 4000 RTP/AVP 9 8 0')
  assert.equal(answered(offer).agreed.send.codec, 'G722')
  assert.equal(answered(offer, { ...local, codecs: ['PCMU', 'G722'], insist: true }).agreed.send.codec, 'PCMU')
  assert.deepEqual(offeredCodecs(offer), ['G722', 'PCMA', 'PCMU'])
})

test('RFC 3264 §6: extra m-lines are refused in place with port 0', () => {
  const offer = sdp(
    'm=video 5000 RTP/AVP 96',
    'a=rtpmap:96 VP8/90000',
    'm=audio 4000 RTP/AVP 0',
    'm=image 6000 udptl t38',
  )
  const media = parseSdp(answered(offer).text)
  assert.ok(media.ok)
  assert.deepEqual(
    media.value.media.map((m) => [m.kind, m.port, m.protocol]),
    [
      ['video', 0, 'RTP/AVP'],
      ['audio', 20_000, 'RTP/AVP'],
      ['image', 0, 'udptl'],
    ],
  )
})

test('RFC 3264 §6.1: dynamic types of the offer are used in the answer', () => {
  const { agreed, text: out } = answered(
    sdp(
      'm=audio 4000 RTP/AVP 97 98 99',
      'a=rtpmap:97 opus/48000/2',
      'a=rtpmap:98 telephone-event/48000',
      'a=rtpmap:99 telephone-event/8000',
    ),
  )
  assert.deepEqual([agreed.send.payloadType, agreed.send.codec], [97, 'opus'])
  assert.deepEqual(agreed.telephoneEvent, { sendType: 98, receiveType: 98, clockRateHz: 48000 })
  assert.match(out, /m=audio 20000 RTP\/AVP 97 98\r\n/)
})

test('RFC 3264 §6.1: an answer may number codecs its own way; each direction keeps its own', () => {
  const { negotiation, sdp: offer } = makeOffer(startNegotiation('7'), local)
  assert.match(text(offer), /m=audio 20000 RTP\/AVP 0 8 9 107 101 110 13\r\n/)
  const result = acceptAnswer(
    negotiation,
    sdp('m=audio 4000 RTP/AVP 120 121', 'a=rtpmap:120 opus/48000/2', 'a=rtpmap:121 telephone-event/48000'),
  )
  assert.ok(result.ok)
  assert.equal(result.value.agreed.send.payloadType, 120)
  assert.deepEqual(
    result.value.agreed.receive.map((b) => b.payloadType),
    [107, 120],
  )
  assert.deepEqual(result.value.agreed.telephoneEvent, { sendType: 121, receiveType: 110, clockRateHz: 48000 })
})

for (const [theirs, ours, mine, held] of [
  ['sendrecv', 'sendrecv', 'sendrecv', false],
  ['sendonly', 'sendrecv', 'recvonly', true],
  ['recvonly', 'sendrecv', 'sendonly', false],
  ['inactive', 'sendrecv', 'inactive', true],
  ['sendrecv', 'sendonly', 'sendonly', false],
  ['sendonly', 'sendonly', 'inactive', true],
  ['recvonly', 'sendonly', 'sendonly', false],
] as const) {
  test(`RFC 3264 §6.1: offered ${theirs}, wanting ${ours}, the answer is ${mine}`, () => {
    const { agreed, text: out } = answered(sdp('m=audio 4000 RTP/AVP 0', `a=${theirs}`), { ...local, direction: ours })
    assert.deepEqual([agreed.direction, agreed.heldByPeer], [mine, held])
    assert.ok(out.includes(`a=${mine}\r\n`))
  })
}

test('RFC 3264 §8.4: the old hold with c=0.0.0.0 is understood', () => {
  const offer = Buffer.from(text(sdp('m=audio 4000 RTP/AVP 0')).replace('c=IN IP4 192.0.2.9', 'c=IN IP4 0.0.0.0'))
  const { agreed } = answered(offer)
  assert.deepEqual([agreed.heldByPeer, agreed.remote, agreed.direction], [true, null, 'recvonly'])
})

test('RFC 8866 §5.2: the o= version rises with a change and stays without one', () => {
  const offer = sdp('m=audio 4000 RTP/AVP 0')
  const first = answered(offer)
  const same = answered(offer, local, first.negotiation)
  const held = answered(sdp('m=audio 4000 RTP/AVP 0', 'a=sendonly'), local, same.negotiation)
  assert.match(first.text, /o=- 7 1 IN IP4 192\.0\.2\.1/)
  assert.equal(same.text, first.text)
  assert.match(held.text, /o=- 7 2 IN/)
})

test('rtcp-mux and a=rtcp are read, and mux is answered only when offered', () => {
  const muxed = answered(sdp('m=audio 4000 RTP/AVP 0', 'a=rtcp-mux', 'a=rtcp:4711 IN IP4 192.0.2.77'))
  assert.deepEqual([muxed.agreed.rtcpMux, muxed.agreed.remoteRtcp], [true, { host: '192.0.2.77', port: 4711 }])
  assert.ok(muxed.text.includes('a=rtcp-mux'))
  assert.ok(!answered(sdp('m=audio 4000 RTP/AVP 0')).text.includes('rtcp-mux'))
})

test('refusals: nothing in common, secure profiles, vanished lines, broken text', () => {
  const refuse = (offer: Uint8Array) => {
    const result = answerOffer(startNegotiation('7'), offer, local)
    return result.ok ? 'agreed' : result.error.type
  }
  assert.equal(refuse(sdp('m=audio 4000 RTP/AVP 18')), 'nothing-in-common')
  assert.equal(refuse(sdp('m=audio 4000 RTP/SAVP 0')), 'encryption')
  assert.equal(refuse(sdp('m=audio 4000 UDP/TLS/RTP/SAVPF 0')), 'encryption')
  assert.equal(refuse(sdp('m=audio 0 RTP/AVP 0')), 'nothing-in-common')
  assert.equal(refuse(sdp('m=audio 99999 RTP/AVP 0')), 'bad-sdp')
  assert.equal(refuse(Buffer.from('hello')), 'bad-sdp')
  const { negotiation } = answered(sdp('m=audio 4000 RTP/AVP 0', 'm=video 0 RTP/AVP 96'))
  const fewer = answerOffer(negotiation, sdp('m=audio 4000 RTP/AVP 0'), local)
  assert.ok(!fewer.ok)
})

test('RFC 6337: an answer that does not fit its offer changes nothing', () => {
  const { negotiation } = makeOffer(startNegotiation('7'), local)
  for (const answer of [
    sdp(),
    sdp('m=audio 0 RTP/AVP 0'),
    sdp('m=audio 1 RTP/AVP 0', 'm=video 2 RTP/AVP 96'),
    sdp('m=audio 1 RTP/AVP 18'),
  ]) {
    assert.ok(!acceptAnswer(negotiation, answer).ok)
  }
  assert.ok(!acceptAnswer(withdrawOffer(negotiation), sdp('m=audio 1 RTP/AVP 0')).ok)
})

test('ptime of the offer is what we send, within 10 to 60 ms', () => {
  assert.equal(answered(sdp('m=audio 4000 RTP/AVP 0', 'a=ptime:30')).agreed.send.ptimeMs, 30)
  assert.equal(answered(sdp('m=audio 4000 RTP/AVP 0', 'a=ptime:240')).agreed.send.ptimeMs, 60)
  assert.equal(answered(sdp('m=audio 4000 RTP/AVP 0')).agreed.send.ptimeMs, 20)
})

test('IPv6 and per-media c= lines', () => {
  const { agreed } = answered(
    Buffer.from(
      'v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::2\r\n',
    ),
  )
  assert.deepEqual(agreed.remote, { host: '2001:db8::2', port: 4000 })
})

test('RFC 3264 §8.3.2: a later offer of ours keeps the numbers in use and the refused lines in place', () => {
  const { negotiation } = answered(
    sdp(
      'm=video 5000 RTP/AVP 96',
      'm=audio 4000 RTP/AVP 110 120',
      'a=rtpmap:110 opus/48000/2',
      'a=rtpmap:120 telephone-event/48000',
    ),
  )
  const held = makeOffer(negotiation, { ...local, direction: 'sendonly' })
  const parsed = parseSdp(text(held.sdp))
  assert.ok(parsed.ok)
  const [video, audio] = parsed.value.media
  assert.deepEqual([video?.kind, video?.port, audio?.port], ['video', 0, 20_000])
  assert.deepEqual(audio?.formats, ['0', '8', '9', '110', '101', '120', '13'])
  assert.match(text(held.sdp), /o=- 7 2 IN/)
  const result = acceptAnswer(
    held.negotiation,
    sdp('m=video 0 RTP/AVP 96', 'm=audio 4000 RTP/AVP 0 101', 'a=rtpmap:101 telephone-event/8000', 'a=recvonly'),
  )
  assert.ok(result.ok)
  assert.deepEqual([result.value.agreed.direction, result.value.agreed.telephoneEvent?.receiveType], ['sendonly', 101])
})
