import assert from 'node:assert/strict'
import { createCipheriv, createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { type SrtpKey, type SrtpSuite, srtpSuites } from '#base/srtp-key.ts'
import { AesCounter } from './aes-counter.ts'
import { writeRtpHeader } from './packet.ts'
import { packetIndex, ReplayWindow } from './replay-window.ts'
import { HmacSha1 } from './sha1.ts'
import { FORGED, REPLAYED, SRTP_MOST_OCTETS, SrtpReceiver, SrtpSender } from './srtp.ts'
import { deriveKey, GcmTransform } from './srtp-transform.ts'

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex')
const suites = Object.keys(srtpSuites) as SrtpSuite[]

function keyOf(suite: SrtpSuite, seed = 1, mkiOctets = 0): SrtpKey {
  const { keyOctets, saltOctets } = srtpSuites[suite]
  const bytes = Buffer.from(Array.from({ length: keyOctets + saltOctets }, (_, i) => (i * 37 + seed * 101) & 0xff))
  return { suite, keyAndSalt: bytes.toString('base64'), mkiOctets }
}

function pair(suite: SrtpSuite, seed = 1) {
  const sender = SrtpSender.make(keyOf(suite, seed))
  const receiver = SrtpReceiver.make(keyOf(suite, seed))
  assert.ok(sender !== null && receiver !== null)
  return { sender, receiver }
}

function packet(sequence: number, payload: Uint8Array, ssrc = 0xcafebabe): Buffer {
  const bytes = Buffer.alloc(12 + payload.length + SRTP_MOST_OCTETS)
  writeRtpHeader(bytes, false, 0, sequence & 0xffff, sequence * 160, ssrc)
  bytes.set(payload, 12)
  return bytes
}

function sealed(sender: SrtpSender, sequence: number, payload = Buffer.from('hello'), ssrc?: number): Buffer {
  const bytes = packet(sequence, payload, ssrc)
  const length = sender.protectRtp(bytes, 12 + payload.length)
  assert.ok(length > 0)
  return bytes.subarray(0, length)
}

test('RFC 3711 B.2: the keystream of AES counter mode', () => {
  const aes = new AesCounter(hex('2B7E151628AED2A6ABF7158809CF4F3C'))
  const stream = aes.keystream(hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000'), 48)
  assert.equal(
    stream?.toString('hex').toUpperCase(),
    'E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0',
  )
})

test('RFC 3711 B.3: session keys from the master key', () => {
  const key = hex('E1F97A0D3E018BE0D64FA32C06DE4139')
  const salt = hex('0EC675AD498AFEEBB6960B3AABE6')
  assert.deepEqual(deriveKey(key, salt, 0, 16), hex('C61E7A93744F39EE10734AFE3FF7A087'))
  assert.deepEqual(deriveKey(key, salt, 2, 14), hex('30CBBC08863D8C85D49DB34A9AE1'))
  assert.deepEqual(
    deriveKey(key, salt, 1, 94),
    hex(
      `CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE E049646C43D9327AD175578EF7227098
       6371C10C9A369AC2F94A8C5FBCDDDC25 6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2`,
    ),
  )
})

// From libsrtp's own validation, which every stack is held against.
test('one packet and one report under AES_CM_128_HMAC_SHA1_80, octet for octet', () => {
  const key: SrtpKey = {
    suite: 'AES_CM_128_HMAC_SHA1_80',
    keyAndSalt: hex('e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6').toString('base64'),
    mkiOctets: 0,
  }
  const sender = SrtpSender.make(key)!
  const receiver = SrtpReceiver.make(key)!
  const plain = hex('800f1234decafbadcafebabe abababababababababababababababab')
  const bytes = Buffer.concat([plain, Buffer.alloc(10)])
  assert.equal(sender.protectRtp(bytes, plain.length), 38)
  const secured = '800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb'
  assert.equal(bytes.toString('hex'), secured)
  assert.equal(receiver.unprotectRtp(bytes), plain.length)
  assert.deepEqual(bytes.subarray(0, plain.length), plain)

  const report = hex('81c8000bcafebabe abababababababababababababababab')
  const reportBytes = Buffer.concat([report, Buffer.alloc(14)])
  assert.equal(sender.protectRtcp(reportBytes, report.length), 38)
  assert.equal(
    reportBytes.toString('hex'),
    '81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798',
  )
  assert.equal(receiver.unprotectRtcp(reportBytes), report.length)
  assert.deepEqual(reportBytes.subarray(0, report.length), report)
})

const gallia = hex(
  `8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573`,
)
const quidProQuo = hex('517569642070726f2071756f')

for (const [name, key, expected] of [
  [
    '16.1.1: AEAD_AES_128_GCM',
    hex('000102030405060708090a0b0c0d0e0f'),
    `8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf
     8833899d 7f27beb1 6a9152cf 765ee439 0cce`,
  ],
  [
    '16.2.1: AEAD_AES_256_GCM',
    hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'),
    `8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f 1ba63799
     b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13`,
  ],
] as const) {
  test(`RFC 7714 §${name}`, () => {
    const transform = GcmTransform.ofSession(key, quidProQuo)
    const bytes = Buffer.concat([gallia, Buffer.alloc(16)])
    assert.ok(transform.sealRtp(bytes, 12, gallia.length, 0x5501a0b2, 0xf17b))
    assert.deepEqual(bytes, hex(expected))
    assert.ok(transform.openRtp(bytes, 12, gallia.length, 0x5501a0b2, 0xf17b))
    assert.deepEqual(bytes.subarray(0, gallia.length), gallia)
  })
}

test('RFC 7714 §17.1: SRTCP under AEAD_AES_128_GCM', () => {
  const transform = GcmTransform.ofSession(hex('000102030405060708090a0b0c0d0e0f'), quidProQuo)
  const report = hex(
    `81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef
     deadbeef`,
  )
  const bytes = Buffer.concat([report, Buffer.alloc(20)])
  assert.ok(transform.sealRtcp(bytes, report.length, 0x4d617273, 0x5d4))
  assert.deepEqual(
    bytes,
    hex(
      `81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded
       0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4`,
    ),
  )
  assert.ok(transform.openRtcp(bytes, report.length, 0x4d617273, 0x800005d4))
  assert.deepEqual(bytes.subarray(0, report.length), report)
})

test('HMAC-SHA1 and the keystream equal those of the platform for every length', () => {
  const key = Buffer.from('twenty octets of key')
  const hmac = new HmacSha1(key)
  const aes = new AesCounter(key.subarray(0, 16))
  for (let length = 0; length < 200; length++) {
    const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 7 + length) & 0xff))
    const extra = Buffer.alloc(4)
    extra.writeUInt32BE(length * 0x01000193)
    const own = Buffer.from(hmac.tag(bytes, length, extra.readUInt32BE()))
    assert.deepEqual(own, createHmac('sha1', key).update(bytes).update(extra).digest())
    assert.deepEqual(Buffer.from(hmac.tag(bytes, length, null)), createHmac('sha1', key).update(bytes).digest())
    const first = Buffer.from('salt of 14 oct\0\0')
    const stream = createCipheriv('aes-128-ctr', key.subarray(0, 16), first).update(Buffer.alloc(length))
    assert.deepEqual(aes.keystream(first, length)?.subarray(0, length), stream)
  }
})

test('GCM equals that of the platform for every length of header and text', () => {
  const key = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
  const transform = GcmTransform.ofSession(key, quidProQuo)
  for (let length = 0; length < 70; length++) {
    for (const header of [12, 16, 24]) {
      const plain = Buffer.from(Array.from({ length: header + length }, (_, i) => (i * 11 + length) & 0xff))
      const iv = Buffer.from(quidProQuo)
      for (let i = 0; i < 4; i++) iv[2 + i]! ^= 0x11 * (i + 1)
      iv[9]! ^= 3
      iv[10]! ^= 0xab
      iv[11]! ^= 0xcd
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(plain.subarray(0, header))
      const theirs = Buffer.concat([plain.subarray(0, header), cipher.update(plain.subarray(header)), cipher.final()])
      const ours = Buffer.concat([plain, Buffer.alloc(16)])
      assert.ok(transform.sealRtp(ours, header, plain.length, 0x11223344, 3 * 65_536 + 0xabcd))
      assert.deepEqual(ours, Buffer.concat([theirs, cipher.getAuthTag()]))
    }
  }
})

for (const suite of suites) {
  test(`${suite}: what is sealed is opened once; replayed and forged packets are counted and left out`, () => {
    const { sender, receiver } = pair(suite)
    const one = sealed(sender, 100)
    const again = Buffer.from(one)
    assert.ok(!one.includes('hello'))
    assert.equal(receiver.unprotectRtp(one), 17)
    assert.equal(one.toString('latin1', 12, 17), 'hello')
    assert.equal(receiver.unprotectRtp(again), REPLAYED)
    for (let i = 0; i < again.length; i++) {
      const forged = sealed(pair(suite).sender, 101)
      forged[i]! ^= 0x20
      const verdict = receiver.unprotectRtp(forged)
      assert.ok(verdict === FORGED || verdict === REPLAYED, `octet ${i}: ${verdict}`)
    }
    assert.equal(receiver.unprotectRtp(sealed(sender, 101)), 17, 'the true one is still welcome')
    assert.ok(receiver.forged > 0)
    assert.equal(pair(suite, 2).receiver.unprotectRtp(sealed(sender, 102)), FORGED, 'another key')
  })

  test(`${suite}: reports are sealed, counted up, and opened once`, () => {
    const { sender, receiver } = pair(suite)
    const report = () => Buffer.concat([hex('80c90001deadbeef'), Buffer.from('report!!'), Buffer.alloc(20)])
    const [one, two] = [report(), report()]
    const length = sender.protectRtcp(one, 16)
    assert.equal(sender.protectRtcp(two, 16), length)
    const [first, second] = [one.subarray(0, length), two.subarray(0, length)]
    assert.notDeepEqual(first, second)
    const again = Buffer.from(first)
    assert.equal(receiver.unprotectRtcp(second), 16)
    assert.equal(receiver.unprotectRtcp(first), 16)
    assert.equal(first.toString('latin1', 8, 16), 'report!!')
    assert.equal(receiver.unprotectRtcp(again), REPLAYED)
    const forged = report()
    sender.protectRtcp(forged, 16)
    forged[9]! ^= 1
    assert.equal(receiver.unprotectRtcp(forged.subarray(0, length)), FORGED)
  })

  test(`${suite}: RFC 3711 §3.3.1: the roll-over is followed through loss and reordering`, () => {
    const { sender, receiver } = pair(suite)
    const order = [65_530, 65_534, 65_533, 65_536, 65_535, 65_540, 65_538, 91_000, 120_000, 131_071, 131_073, 131_070]
    const packets = order.toSorted((a, b) => a - b).map((index) => [index, sealed(sender, index)] as const)
    for (const index of order) {
      const bytes = packets.find(([of]) => of === index)![1]
      assert.equal(receiver.unprotectRtp(bytes), 17, `index ${index}`)
    }
  })

  test(`${suite}: random octets are never let in and never throw`, () => {
    const { receiver } = pair(suite)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, looksRight) => {
        if (looksRight && bytes.length > 0) bytes[0] = 0x80
        assert.ok(receiver.unprotectRtp(Buffer.from(bytes)) < 0)
        assert.ok(receiver.unprotectRtcp(Buffer.from(bytes)) < 0)
      }),
    )
  })

  test(`${suite}: any payload, header with CSRCs and extension included, comes back`, () => {
    const { sender, receiver } = pair(suite)
    let sequence = 0
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1400 }), fc.nat(15), fc.option(fc.nat(3)), (payload, csrcs, words) => {
        const extension = words === null ? Buffer.alloc(0) : Buffer.from([0xbe, 0xde, 0, words, ...Array(words * 4)])
        const head = packet(sequence++, new Uint8Array(0)).subarray(0, 12)
        head[0] = 0x80 | csrcs | (words === null ? 0 : 0x10)
        const plain = Buffer.concat([head, Buffer.alloc(csrcs * 4, 7), extension, payload])
        const bytes = Buffer.concat([plain, Buffer.alloc(SRTP_MOST_OCTETS)])
        const length = sender.protectRtp(bytes, plain.length)
        assert.equal(receiver.unprotectRtp(bytes.subarray(0, length)), plain.length)
        assert.deepEqual(bytes.subarray(0, plain.length), plain)
      }),
    )
  })

  test(`${suite}: a key identifier in every packet is stepped over`, () => {
    const { sender } = pair(suite)
    const receiver = SrtpReceiver.make(keyOf(suite, 1, 2))!
    const bare = sealed(sender, 7)
    const tag = suite.startsWith('AEAD') ? 0 : sender.tagOctets
    const at = bare.length - tag
    const marked = Buffer.concat([bare.subarray(0, at), Buffer.from([0, 1]), bare.subarray(at)])
    assert.equal(receiver.unprotectRtp(marked), 17)
    assert.equal(marked.toString('latin1', 12, 17), 'hello')
  })
}

test('RFC 3711 §9.1: no two packets leave under one number', () => {
  const { sender } = pair('AES_CM_128_HMAC_SHA1_80')
  sealed(sender, 10)
  sealed(sender, 300)
  for (const used of [10, 300]) assert.equal(sender.protectRtp(packet(used, Buffer.from('other')), 17), 0)
  assert.ok(sender.protectRtp(packet(299, Buffer.from('late')), 16) > 0, 'reordered, but never used')
})

test('a packet that has no room for its tag is not sent', () => {
  const { sender } = pair('AES_CM_128_HMAC_SHA1_80')
  assert.equal(sender.protectRtp(packet(1, Buffer.alloc(5)).subarray(0, 26), 17), 0)
})

test('a forged packet of an unknown source leaves nothing behind', () => {
  const { sender, receiver } = pair('AEAD_AES_128_GCM')
  const forged = sealed(pair('AEAD_AES_128_GCM', 9).sender, 60_000, Buffer.from('x'), 0xcafebabe)
  assert.equal(receiver.unprotectRtp(forged), FORGED)
  // Had its number been believed, this one would be taken for the next round.
  assert.equal(receiver.unprotectRtp(sealed(sender, 5)), 17)
})

test('a source that changed its SSRC and comes back is known again', () => {
  const { sender, receiver } = pair('AES_CM_128_HMAC_SHA1_80')
  const first = sealed(sender, 5, Buffer.from('a'), 1)
  const copy = Buffer.from(first)
  assert.ok(receiver.unprotectRtp(first) > 0)
  assert.ok(receiver.unprotectRtp(sealed(sender, 5, Buffer.from('b'), 2)) > 0)
  assert.equal(receiver.unprotectRtp(copy), REPLAYED)
})

test('keys that are too short or too long are none', () => {
  for (const suite of suites) {
    for (const keyAndSalt of ['', 'AAAA', Buffer.alloc(60).toString('base64')]) {
      assert.equal(SrtpSender.make({ suite, keyAndSalt, mkiOctets: 0 }), null)
      assert.equal(SrtpReceiver.make({ suite, keyAndSalt, mkiOctets: 0 }), null)
    }
  }
})

test('RFC 3711 appendix A: the index is the nearest to the highest one', () => {
  assert.equal(packetIndex(-1, 40_000), 40_000)
  assert.equal(packetIndex(65_535, 0), 65_536)
  assert.equal(packetIndex(65_536, 65_535), 65_535)
  assert.equal(packetIndex(0, 65_535), -1, 'before the beginning')
  assert.equal(packetIndex(2 ** 40, 5), 2 ** 40 + 5)
})

test('the replay window agrees with a set of everything seen', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400), { maxLength: 300 }), (indexes) => {
      const window = new ReplayWindow()
      const seen = new Set<number>()
      let highest = -1
      for (const index of indexes) {
        const expected = index > highest || (highest - index < 128 && !seen.has(index))
        assert.equal(window.fresh(index), expected)
        if (!expected) continue
        window.take(index)
        seen.add(index)
        highest = Math.max(highest, index)
      }
    }),
  )
})
