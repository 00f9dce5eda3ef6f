// A seeded mutation fuzzer for the SIP and SDP parsers: 100,000 inputs made by breaking good ones. Nothing may throw, and
// whatever is accepted must be written again and read again as the same. The seed is printed; HOOKSWITCH_FUZZ_SEED replays a
// run, HOOKSWITCH_FUZZ_INPUTS changes its length.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Chance, seededChance } from '#base/chance.ts'
import { answerOffer, startNegotiation } from '#sdp/negotiate.ts'
import { StreamFramer } from '#sip/framing.ts'
import { parseMessage } from '#sip/parse.ts'
import { checkRequest, checkRequestSyntax, checkResponse } from '#sip/validate.ts'
import { writeMessage } from '#sip/write.ts'

const seed = Number(process.env.HOOKSWITCH_FUZZ_SEED ?? 20_260_101)
const inputs = Number(process.env.HOOKSWITCH_FUZZ_INPUTS ?? 100_000)

const description = [
  'v=0',
  'o=- 1 1 IN IP4 192.0.2.10',
  's=-',
  'c=IN IP4 192.0.2.10',
  't=0 0',
  'm=audio 16384 RTP/AVP 0 8 97 101',
  'a=rtpmap:97 opus/48000/2',
  'a=fmtp:97 useinbandfec=1',
  'a=rtpmap:101 telephone-event/8000',
  'a=ptime:20',
  'a=rtcp:16390 IN IP4 192.0.2.10',
  'a=sendrecv',
  'm=video 0 RTP/AVP 96',
  '',
].join('\r\n')

const messages = [
  `INVITE sip:+15550100;phone-context=x@[2001:db8::1]:5070;transport=udp;lr SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5062;branch=z9hG4bKf1;rport, SIP/2.0/TCP [2001:db8::9]:5060;received=192.0.2.1;branch=z9hG4bK2\r\nMax-Forwards: 70\r\nFrom: "A \\"q\\" <b>" <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.net;user=phone>\r\nCall-ID: f1@192.0.2.10\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@192.0.2.10:5062>;q=0.5;expires=60\r\nRecord-Route: <sip:p1;lr>, "x, y" <sip:p2;lr>\r\nRoute: <sip:p3;lr>\r\nAuthorization: Digest username="a", realm="r", nonce="n", uri="sip:b", response="00", qop=auth, nc=00000001, cnonce="c"\r\nSession-Expires: 1800;refresher=uac\r\nSupported: timer\r\nSubject: folded\r\n value\r\nX-Any: ;;,,\r\nContent-Type: application/sdp\r\nContent-Length: ${description.length}\r\n\r\n${description}`,
  'SIP/2.0 401 Unauthorized\r\nv: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKf2\r\nf: sip:a@b;tag=1\r\nt: sip:b@c;tag=2\r\ni: x\r\nCSeq: 2 REGISTER\r\nWWW-Authenticate: Digest realm="r", nonce="n", algorithm=MD5, qop="auth,auth-int", stale=TRUE\r\nRetry-After: 5 (busy);duration=3\r\nl: 0\r\n\r\n',
  'REGISTER sip:house SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.10;branch=z9hG4bKf3\r\nFrom: <sip:a@house>;tag=1\r\nTo: <sip:a@house>\r\nCall-ID: y\r\nCSeq: 7 REGISTER\r\nContact: *\r\nExpires: 0\r\nContent-Length: 0\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'))

const spice = [
  '\r\n',
  '\r',
  '\n',
  '\0',
  '"',
  '\\',
  '<',
  '>',
  ';',
  ',',
  ':',
  '=',
  '@',
  '%',
  '%00',
  '%0d%0a',
  '[',
  ']',
  ' ',
  '\t',
  '\r\n ',
  '?',
  '*',
  '4294967296',
  '99999999999999999999',
  '-1',
  '+5',
  '__proto__',
  'constructor',
  '\xff\xfe',
  '\x7f',
  'Content-Length: 5\r\n',
  'l: 9\r\n',
  'Via: ',
  'tag=',
  'SIP/2.0',
  'z9hG4bK',
  '\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'))

function mutate(original: Buffer, chance: Chance): Buffer {
  let bytes = original
  const times = 1 + Math.floor(chance.uniform() * 4)
  const pick = (limit: number) => Math.floor(chance.uniform() * (limit + 1))
  for (let i = 0; i < times; i++) {
    const at = pick(bytes.length)
    const to = Math.min(bytes.length, at + pick(40))
    switch (Math.floor(chance.uniform() * 6)) {
      case 0: // another octet
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from([pick(255)]),
          bytes.subarray(Math.min(bytes.length, at + 1)),
        ])
        break
      case 1: // something dangerous in between
        bytes = Buffer.concat([bytes.subarray(0, at), spice[pick(spice.length - 1)]!, bytes.subarray(at)])
        break
      case 2: // a piece gone
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)])
        break
      case 3: // a piece twice
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)])
        break
      case 4: // cut off
        bytes = bytes.subarray(0, at)
        break
      default: {
        // a line moved or repeated
        const lines = bytes.toString('latin1').split('\r\n')
        lines.splice(pick(lines.length - 1), 0, lines[pick(lines.length - 1)]!)
        bytes = Buffer.from(lines.join('\r\n'), 'latin1')
      }
    }
    if (bytes.length > 100_000) bytes = bytes.subarray(0, 100_000)
  }
  return bytes
}

function trySip(bytes: Buffer, carrier: 'datagram' | 'stream'): void {
  const parsed = parseMessage(bytes, carrier)
  if (!parsed.ok) return
  const message = parsed.value
  if (message.type === 'response') checkResponse(message)
  else if (checkRequestSyntax(message).type === 'good') checkRequest(message)
  const again = parseMessage(writeMessage(message), 'datagram')
  assert.ok(again.ok, 'what was accepted can be written and read again')
  assert.equal(again.value.body.length, message.body.length)
  assert.deepEqual(again.value.get('call-id'), message.get('call-id'))
}

test(`${inputs} mutated SIP and SDP inputs, seed ${seed}`, (t) => {
  t.diagnostic(`replay with HOOKSWITCH_FUZZ_SEED=${seed}`)
  const chance = seededChance(seed)
  const sdp = Buffer.from(description)
  const local = {
    address: { host: '192.0.2.1', port: 20_000 },
    rtcpPort: 20_001,
    codecs: ['PCMU', 'opus'] as const,
    insist: false,
    direction: 'sendrecv' as const,
    security: null,
  }
  const startedNs = process.hrtime.bigint()
  for (let i = 0; i < inputs; i++) {
    const kind = i % 4
    const bytes = mutate(kind === 3 ? sdp : messages[kind]!, chance)
    try {
      if (kind === 3) answerOffer(startNegotiation('1'), bytes, local)
      else trySip(bytes, i % 8 < 4 ? 'datagram' : 'stream')
      if (kind === 0) {
        const framer = new StreamFramer()
        const cut = Math.floor(chance.uniform() * bytes.length)
        framer.push(bytes.subarray(0, cut))
        framer.push(bytes.subarray(cut))
      }
    } catch (cause) {
      throw new Error(`input ${i} of seed ${seed}: ${JSON.stringify(bytes.toString('latin1'))}`, { cause })
    }
  }
  assert.ok(Number(process.hrtime.bigint() - startedNs) / 1e9 < 30)
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})
