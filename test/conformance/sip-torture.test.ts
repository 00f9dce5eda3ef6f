// Every message of the SIP torture corpus (RFC 4475, RFC 5118 and our own) gets the verdict its manifest names. The corpus
// is data kept beside the repository; without it the test says so loudly instead of passing in silence.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { Digester } from '#sip/digest-server.ts'
import { StreamFramer } from '#sip/framing.ts'
import type { SipMessage } from '#sip/message.ts'
import { parseMessage } from '#sip/parse.ts'
import { checkRequest, checkRequestSyntax, checkResponse } from '#sip/validate.ts'
import { writeMessage } from '#sip/write.ts'

const corpus = join(import.meta.dirname, '../../../shared/corpora/sip-torture')
const present = existsSync(join(corpus, 'manifest.json'))

interface Case {
  readonly file: string
  readonly kind: 'request' | 'response'
  readonly validity: string
  readonly parse: string
  readonly endpoint: string
}

type Outcome = number | 'processed' | 'silence'

/** What the switch does with each message as a datagram. Where the manifest allows two answers, ours is the one here. */
const verdicts: Readonly<Record<string, Outcome>> = {
  'own/method-case.dat': 501,
  'own/compact-all.dat': 'processed',
  'own/cl-dup-compact.dat': 400,
  'own/cl-plus-sign.dat': 400,
  'own/cl-short-utf8.dat': 405,
  'own/proto-header.dat': 'processed',
  'own/bare-lf.dat': 400,
  'own/bare-cr-in-value.dat': 400,
  'own/nul-in-header.dat': 400,
  'own/uri-crlf-escape.dat': 'processed',
  'own/contact-star-expires.dat': 400,
  'own/contact-star-mixed.dat': 400,
  'own/invite-no-contact.dat': 400,
  'own/tel-uri.dat': 'processed',
  'own/comma-in-display.dat': 'processed',
  'own/refer-replaces.dat': 'processed',
  'own/session-interval-low.dat': 422,
  'own/identity-shaken.dat': 'processed',
  'own/siprec-invite.dat': 420,
  'own/many-headers.dat': 400,
  'own/tag-with-star.dat': 'processed',
  'rfc4475/wsinv.dat': 'processed',
  'rfc4475/intmeth.dat': 501,
  'rfc4475/esc01.dat': 'processed',
  'rfc4475/escnull.dat': 'processed',
  'rfc4475/esc02.dat': 501,
  'rfc4475/lwsdisp.dat': 'processed',
  'rfc4475/longreq.dat': 'processed',
  'rfc4475/dblreq.dat': 'processed',
  'rfc4475/semiuri.dat': 'processed',
  'rfc4475/transports.dat': 'processed',
  'rfc4475/mpart01.dat': 405,
  'rfc4475/unreason.dat': 'processed',
  'rfc4475/noreason.dat': 'processed',
  'rfc4475/badinv01.dat': 400,
  'rfc4475/clerr.dat': 400,
  'rfc4475/ncl.dat': 400,
  'rfc4475/scalar02.dat': 400,
  'rfc4475/scalarlg.dat': 'silence',
  'rfc4475/quotbal.dat': 400,
  'rfc4475/ltgtruri.dat': 400,
  'rfc4475/lwsruri.dat': 400,
  'rfc4475/lwsstart.dat': 400,
  'rfc4475/trws.dat': 400,
  'rfc4475/escruri.dat': 400,
  'rfc4475/baddate.dat': 'processed',
  'rfc4475/regbadct.dat': 400,
  'rfc4475/badaspec.dat': 400,
  'rfc4475/baddn.dat': 400,
  'rfc4475/badvers.dat': 505,
  'rfc4475/mismatch01.dat': 400,
  'rfc4475/mismatch02.dat': 400,
  'rfc4475/bigcode.dat': 'silence',
  'rfc4475/badbranch.dat': 'processed',
  'rfc4475/insuf.dat': 'silence',
  'rfc4475/unkscm.dat': 416,
  'rfc4475/novelsc.dat': 416,
  'rfc4475/unksm2.dat': 404,
  'rfc4475/bext01.dat': 420,
  'rfc4475/invut.dat': 415,
  'rfc4475/regaut01.dat': 401,
  'rfc4475/multi01.dat': 400,
  'rfc4475/mcl01.dat': 400,
  'rfc4475/bcast.dat': 'silence',
  'rfc4475/zeromf.dat': 'processed',
  'rfc4475/cparam01.dat': 'processed',
  'rfc4475/cparam02.dat': 'processed',
  'rfc4475/regescrt.dat': 'processed',
  'rfc4475/sdp01.dat': 406,
  'rfc4475/inv2543.dat': 'processed',
  'rfc5118/ipv6-good.dat': 'processed',
  'rfc5118/ipv6-bad.dat': 400,
  'rfc5118/port-ambiguous.dat': 'processed',
  'rfc5118/port-unambiguous.dat': 'processed',
  'rfc5118/via-received-param-with-delim.dat': 'processed',
  'rfc5118/via-received-param-no-delim.dat': 'processed',
  'rfc5118/ipv6-in-sdp.dat': 'processed',
  'rfc5118/mult-ip-in-header.dat': 'processed',
  'rfc5118/mult-ip-in-sdp.dat': 'processed',
  'rfc5118/ipv4-mapped-ipv6.dat': 'processed',
  'rfc5118/ipv6-bug-abnf-3-colons.dat': 'processed',
  'rfc5118/ipv6-correct-abnf-2-colons.dat': 'processed',
}

function read(file: string): Buffer {
  return readFileSync(join(corpus, file))
}

/** The user agent's own order: shape, syntax, meaning, then who asks (registrations only here). */
function receive(bytes: Uint8Array): { outcome: Outcome; message: SipMessage | null } {
  const parsed = parseMessage(bytes, 'datagram')
  if (!parsed.ok) return { outcome: parsed.error.request === null ? 'silence' : parsed.error.status, message: null }
  const message = parsed.value
  if (message.type === 'response') {
    return { outcome: checkResponse(message).type === 'good' ? 'processed' : 'silence', message }
  }
  const syntax = checkRequestSyntax(message)
  if (syntax.type !== 'good') return { outcome: syntax.type === 'refuse' ? syntax.status : 'silence', message }
  const meaning = checkRequest(message)
  if (meaning.type !== 'good') return { outcome: meaning.type === 'refuse' ? meaning.status : 'silence', message }
  if (message.get('authorization') !== undefined) {
    const digester = new Digester({ realm: 'example.com', chance: seededChance(1), wallMs: () => 0 })
    if (digester.check(message, 'authorization', () => null, '192.0.2.1').type !== 'allowed')
      return { outcome: 401, message }
  }
  return { outcome: 'processed', message }
}

if (!present) {
  test('SIP torture corpus', (t) => {
    t.skip(`THE CORPUS IS MISSING: ${corpus} (82 messages not tried)`)
  })
} else {
  const manifest = JSON.parse(read('manifest.json').toString('utf8')) as { messages: readonly Case[] }

  test('every message of the corpus has a verdict here and every verdict a message', () => {
    assert.deepEqual(manifest.messages.map((m) => m.file).sort(), Object.keys(verdicts).sort())
  })

  for (const item of manifest.messages) {
    test(`${item.file} (${item.validity}): ${item.endpoint}`, () => {
      const { outcome, message } = receive(read(item.file))
      assert.equal(outcome, verdicts[item.file])
      if (item.validity === 'valid') assert.notEqual(outcome, 400)
      if (item.validity === 'invalid-syntax') assert.notEqual(outcome, 'processed')
      if (message === null) return
      // What was accepted is written again in canonical form with every unknown field as it was.
      const again = parseMessage(writeMessage(message), 'datagram')
      assert.ok(again.ok)
      assert.deepEqual(
        again.value.headers.filter((h) => h.id !== 'content-length').map((h) => [h.name, h.value]),
        message.headers.filter((h) => h.id !== 'content-length').map((h) => [h.name, h.value]),
      )
      assert.deepEqual([...again.value.body], [...message.body])
    })
  }

  test('details the manifest asks for', () => {
    const message = (file: string): SipMessage => {
      const parsed = parseMessage(read(file), 'datagram')
      assert.ok(parsed.ok, file)
      return parsed.value
    }
    assert.equal(message('rfc4475/wsinv.dat').vias?.length, 3)
    assert.equal(message('rfc4475/mpart01.dat').body.length, 553)
    assert.equal(message('own/cl-short-utf8.dat').body.length, 10)
    assert.equal(message('rfc4475/noreason.dat').type, 'response')
    assert.equal(message('own/comma-in-display.dat').addresses('contact')?.length, 1)
    assert.equal(message('own/comma-in-display.dat').addresses('record-route')?.length, 2)
    assert.equal(message('rfc4475/escnull.dat').addresses('contact')?.length, 2)
    const semi = message('rfc4475/semiuri.dat')
    assert.ok(semi.type === 'request' && semi.uri?.type === 'sip')
    assert.equal(semi.uri.user, 'user;par=u%40example.net')
    assert.deepEqual(semi.uri.params, [])
    const c1 = message('rfc4475/cparam01.dat').contact
    assert.ok(c1?.uri.type === 'sip')
    assert.deepEqual([c1.uri.params.length, c1.params.length], [0, 1])
    const c2 = message('rfc4475/cparam02.dat').contact
    assert.ok(c2?.uri.type === 'sip')
    assert.deepEqual([c2.uri.params.length, c2.params.length], [1, 0])
    for (const [file, host, port] of [
      ['rfc5118/port-ambiguous.dat', '[2001:db8::10:5070]', null],
      ['rfc5118/port-unambiguous.dat', '[2001:db8::10]', 5070],
    ] as const) {
      const request = message(file)
      assert.ok(request.type === 'request' && request.uri?.type === 'sip')
      assert.deepEqual([request.uri.host, request.uri.port], [host, port])
    }
    message('own/proto-header.dat')
    assert.equal(({} as Record<string, unknown>).polluted, undefined)
    assert.equal(Object.prototype.toString.call({}), '[object Object]')
  })

  test('on a stream: dblreq is two messages, ncl, mcl01 and cl-dup-compact lose the framing, clerr waits for more', () => {
    assert.deepEqual(new StreamFramer().push(read('rfc4475/dblreq.dat')).filter((f) => f.type === 'message').length, 2)
    for (const file of ['rfc4475/ncl.dat', 'rfc4475/mcl01.dat', 'own/cl-dup-compact.dat']) {
      assert.equal(new StreamFramer().push(read(file)).at(-1)?.type, 'broken', file)
    }
    const framer = new StreamFramer()
    assert.deepEqual(framer.push(read('rfc4475/clerr.dat')), [])
    assert.ok(framer.waiting)
  })

  test('no message takes more than a few milliseconds', () => {
    for (const item of manifest.messages) {
      const bytes = read(item.file)
      receive(bytes)
      const startedNs = process.hrtime.bigint()
      receive(bytes)
      assert.ok(Number(process.hrtime.bigint() - startedNs) / 1e6 < 20, item.file)
    }
  })
}
