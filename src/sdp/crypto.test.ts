import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { type Encryption, readCrypto } from './crypto.ts'
import {
  acceptAnswer,
  answerOffer,
  type LocalSide,
  makeOffer,
  type Negotiation,
  startNegotiation,
} from './negotiate.ts'
import { parseSdp } from './parse.ts'

const KEY = Buffer.alloc(30, 7).toString('base64')
const OTHER = Buffer.alloc(30, 9).toString('base64')
const GCM = Buffer.alloc(28, 5).toString('base64')

function side(encryption: Encryption | null, seed = 1): LocalSide {
  const chance = seededChance(seed)
  return {
    address: { host: '192.0.2.1', port: 20_000 },
    rtcpPort: 20_001,
    codecs: ['PCMU'],
    insist: false,
    direction: 'sendrecv',
    security: encryption === null ? null : { encryption, bytes: (length) => chance.bytes(length) },
  }
}

function sdp(...lines: string[]): Buffer {
  const head = ['v=0', 'o=- 1 1 IN IP4 192.0.2.9', 's=-', 'c=IN IP4 192.0.2.9', 't=0 0']
  return Buffer.from(`${[...head, ...lines].join('\r\n')}\r\n`)
}

const audio = (profile: string, ...crypto: string[]) =>
  sdp(`m=audio 4000 ${profile} 0`, ...crypto.map((line) => `a=crypto:${line}`))

function linesOf(bytes: Uint8Array): string[] {
  return Buffer.from(bytes)
    .toString()
    .split('\r\n')
    .filter((line) => line.startsWith('a=crypto') || line.startsWith('m=audio'))
}

function answer(offer: Uint8Array, encryption: Encryption | null, negotiation: Negotiation = startNegotiation('7')) {
  return answerOffer(negotiation, offer, side(encryption))
}

const reason = (result: ReturnType<typeof answer>) =>
  result.ok ? 'agreed' : result.error.type === 'encryption' ? result.error.reason : result.error.type

function crypto(value: string) {
  const parsed = parseSdp(audio('RTP/SAVP', value).toString())
  assert.ok(parsed.ok)
  return readCrypto(parsed.value.media[0]!)
}

test('RFC 4568 §9.1: crypto lines in every spelling', () => {
  const key = { suite: 'AES_CM_128_HMAC_SHA1_80', keyAndSalt: KEY, mkiOctets: 0 }
  assert.deepEqual(crypto(`1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`), [{ tag: 1, key }])
  assert.deepEqual(crypto(`7 aes_cm_128_hmac_sha1_80  inline:${KEY}|2^31`), [{ tag: 7, key }])
  assert.deepEqual(crypto(`1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|1048576|1:4`), [
    { tag: 1, key: { ...key, mkiOctets: 4 } },
  ])
  assert.deepEqual(crypto(`1 AES_CM_128_HMAC_SHA1_80 inline:${KEY} WSH=128 -NEW=1 KDR=0`), [{ tag: 1, key }])
  assert.equal(crypto(`1 AEAD_AES_128_GCM inline:${GCM}`).length, 1)
  for (const unusable of [
    `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY} UNENCRYPTED_SRTP`,
    `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY} KDR=1`,
    `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY};inline:${OTHER}`,
    `1 AES_CM_128_HMAC_SHA1_80 inline:${GCM}`,
    `1 F8_128_HMAC_SHA1_80 inline:${KEY}`,
    `1 toString inline:${KEY}`,
    `1 AES_CM_128_HMAC_SHA1_80 uri:https://keys.example/1`,
    'x',
    '',
  ])
    assert.deepEqual(crypto(unusable), [], unusable)
})

test('RFC 4568 §5.1.2: the first line we speak is answered under its tag, with a key of our own', () => {
  const offer = audio(
    'RTP/SAVP',
    `3 F8_128_HMAC_SHA1_80 inline:${KEY}`,
    `5 AEAD_AES_128_GCM inline:${GCM}`,
    `6 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`,
  )
  const result = answer(offer, 'accepted')
  assert.ok(result.ok)
  const { srtp } = result.value.agreed
  assert.deepEqual(srtp?.receive, { suite: 'AEAD_AES_128_GCM', keyAndSalt: GCM, mkiOctets: 0 })
  assert.notEqual(srtp.send.keyAndSalt, GCM)
  assert.deepEqual(linesOf(result.value.sdp), [
    'm=audio 20000 RTP/SAVP 0',
    `a=crypto:5 AEAD_AES_128_GCM inline:${srtp.send.keyAndSalt}`,
  ])
})

test('who must, may and will not encrypt: every pair of offer and policy', () => {
  const plain = audio('RTP/AVP')
  const secure = audio('RTP/SAVP', `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`)
  const either = audio('RTP/AVP', `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`)
  const keyless = audio('RTP/SAVP')
  const dtls = sdp('m=audio 4000 UDP/TLS/RTP/SAVPF 0', 'a=fingerprint:sha-256 00', 'a=setup:actpass')
  const said = (offer: Uint8Array) =>
    [null, 'accepted', 'required'].map((one) => reason(answer(offer, one as Encryption)))
  assert.deepEqual(said(plain), ['agreed', 'agreed', 'missing'])
  assert.deepEqual(said(secure), ['not-allowed', 'agreed', 'agreed'])
  assert.deepEqual(said(either), ['agreed', 'agreed', 'agreed'])
  assert.deepEqual(said(keyless), ['not-allowed', 'missing', 'missing'])
  assert.deepEqual(said(dtls), ['dtls', 'dtls', 'dtls'])
  const spoken = answer(either, null)
  assert.ok(spoken.ok && spoken.value.agreed.srtp === null && linesOf(spoken.value.sdp).length === 1)
})

test('RFC 8643: keys under the plain profile are answered under the plain profile', () => {
  const result = answer(audio('RTP/AVP', `1 AES_CM_128_HMAC_SHA1_32 inline:${KEY}`), 'accepted')
  assert.ok(result.ok)
  assert.equal(result.value.agreed.srtp?.send.suite, 'AES_CM_128_HMAC_SHA1_32')
  assert.equal(linesOf(result.value.sdp)[0], 'm=audio 20000 RTP/AVP 0')
})

test('of two audio lines, plain and secure, the one that fits is taken and the other refused in place', () => {
  const offer = sdp(
    'm=audio 4000 RTP/AVP 0',
    'm=audio 4002 RTP/SAVP 0',
    `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`,
  )
  const result = answer(offer, 'required')
  assert.ok(result.ok)
  assert.deepEqual(linesOf(result.value.sdp).slice(0, 2), ['m=audio 0 RTP/AVP 0', 'm=audio 20000 RTP/SAVP 0'])
  const plain = answer(offer, null)
  assert.ok(plain.ok)
  assert.deepEqual(linesOf(plain.value.sdp), ['m=audio 20000 RTP/AVP 0', 'm=audio 0 RTP/SAVP 0'])
})

for (const [encryption, profile] of [
  ['required', 'RTP/SAVP'],
  ['opportunistic', 'RTP/AVP'],
] as const) {
  test(`${encryption}: our offer has a key per suite under ${profile}; the answer chooses one`, () => {
    const { negotiation, sdp: offer } = makeOffer(startNegotiation('7'), side(encryption))
    const [media, ...keys] = linesOf(offer)
    assert.ok(media?.startsWith(`m=audio 20000 ${profile} `))
    assert.equal(keys.length, 4)
    assert.equal(new Set(keys.map((line) => line.split('inline:')[1])).size, 4, 'no key twice')
    const own = /inline:(\S+)/.exec(keys.find((line) => line.includes('SHA1_80'))!)?.[1]
    const taken = acceptAnswer(negotiation, audio(profile, `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`))
    assert.ok(taken.ok)
    assert.deepEqual(
      [taken.value.agreed.srtp?.send.keyAndSalt, taken.value.agreed.srtp?.receive.keyAndSalt],
      [own, KEY],
    )
    // A tag we never offered, another suite under ours, no key at all.
    for (const line of [`9 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`, `1 AES_CM_128_HMAC_SHA1_32 inline:${KEY}`, 'none']) {
      const refused = acceptAnswer(negotiation, audio(profile, line))
      if (encryption === 'required') assert.ok(!refused.ok && refused.error.type === 'encryption')
      else assert.ok(refused.ok && refused.value.agreed.srtp === null)
    }
  })
}

test('accepted: our own offers are plain', () => {
  assert.equal(linesOf(makeOffer(startNegotiation('7'), side('accepted')).sdp).length, 1)
})

test('RFC 4568 §7.1.4: a later offer of ours keeps profile and key; a later offer of theirs may renew theirs', () => {
  const first = answer(audio('RTP/SAVP', `2 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`), 'accepted')
  assert.ok(first.ok)
  const own = first.value.agreed.srtp!.send
  const held = makeOffer(first.value.negotiation, { ...side('accepted', 99), direction: 'sendonly' })
  const [media, ...keys] = linesOf(held.sdp)
  assert.ok(media?.includes(' RTP/SAVP '))
  assert.deepEqual(keys, [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${own.keyAndSalt}`])
  const taken = acceptAnswer(held.negotiation, audio('RTP/SAVP', `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`))
  assert.ok(taken.ok)
  assert.deepEqual(taken.value.agreed.srtp, first.value.agreed.srtp)

  const renewed = answer(
    audio('RTP/SAVP', `4 AES_CM_128_HMAC_SHA1_80 inline:${OTHER}`),
    'accepted',
    taken.value.negotiation,
  )
  assert.ok(renewed.ok)
  assert.deepEqual(renewed.value.agreed.srtp, { send: own, receive: { ...own, keyAndSalt: OTHER } })
  assert.ok(linesOf(renewed.value.sdp)[1]?.startsWith('a=crypto:4 '))
  const other = answer(audio('RTP/SAVP', `4 AEAD_AES_128_GCM inline:${GCM}`), 'accepted', taken.value.negotiation)
  assert.ok(other.ok && other.value.agreed.srtp?.send.suite === 'AEAD_AES_128_GCM')
})
