import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import {
  answerChallenge,
  type DigestAlgorithm,
  digestHa1,
  digestResponse,
  parseAlgorithm,
  readChallenges,
} from './digest.ts'
import { Digester } from './digest-server.ts'
import { field, type HeaderField, noBody, SipRequest } from './message.ts'

const vectors = join(import.meta.dirname, '../../../shared/corpora/sip-torture/digest-vectors.json')

test('digest vectors of the corpus', (t) => {
  if (!existsSync(vectors)) return t.skip('THE DIGEST VECTORS ARE MISSING')
  for (const v of JSON.parse(readFileSync(vectors, 'utf8')).vectors) {
    const kind = parseAlgorithm(v.algorithm)
    assert.ok(kind)
    const ha1 = digestHa1(kind.algorithm as DigestAlgorithm, v.username, v.realm, v.password)
    const response = digestResponse({
      ...kind,
      qop: v.qop,
      ha1,
      method: v.method,
      uri: v.uri,
      nonce: v.nonce,
      nc: v.nc,
      cnonce: v.cnonce,
      body: Buffer.from(v.body),
    })
    assert.equal(response, v.response, `${v.algorithm} ${v.qop}`)
  }
})

function setUp() {
  let nowMs = 1_000_000
  const digester = new Digester({ realm: 'house', chance: seededChance(7), wallMs: () => nowMs })
  const request = (headers: HeaderField[] = []) => new SipRequest('REGISTER', 'sip:house', headers)
  const secretOf = (name: string) => (name === 'alice' ? { password: 'secret' } : null)
  const check = (headers: HeaderField[], source = '192.0.2.1') =>
    digester.check(request(headers), 'authorization', secretOf, source)
  const challenge = () => {
    const verdict = check([])
    assert.equal(verdict.type, 'challenge')
    return readChallenges(verdict.type === 'challenge' ? verdict.headers.map((h) => h.value) : [], false)[0]!.challenge
  }
  const answer = (from: ReturnType<typeof challenge>, username = 'alice', password = 'secret') =>
    answerChallenge(from, { username, password }, { method: 'REGISTER', uri: 'sip:house', body: noBody }, 'c0ffee')
  return {
    check,
    challenge,
    answer,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

test('RFC 7616: a right answer is allowed once per count, and again with the next count', () => {
  const { check, challenge, answer } = setUp()
  const first = answer(challenge())
  assert.equal(check([field('Authorization', first.value)]).type, 'allowed')
  assert.equal(check([field('Authorization', first.value)]).type, 'challenge')
  assert.equal(check([field('Authorization', answer(first.challenge).value)]).type, 'allowed')
})

test('RFC 7616 §3.3: an old nonce with the right password is stale, with the wrong one it is not', () => {
  const { check, challenge, answer, pass } = setUp()
  const nonce = challenge()
  pass(600_000)
  const stale = check([field('Authorization', answer(nonce).value)])
  assert.ok(stale.type === 'challenge' && stale.headers[0]!.value.includes('stale=true'))
  const wrong = check([field('Authorization', answer(nonce, 'alice', 'guess').value)])
  assert.ok(wrong.type === 'challenge' && !wrong.headers[0]!.value.includes('stale'))
})

test('an unknown user is told the same as a wrong password, and guessing ends in silence', () => {
  const { check, challenge, answer, pass } = setUp()
  let verdict = check([field('Authorization', answer(challenge(), 'mallory', 'x').value)])
  assert.equal(verdict.type, 'challenge')
  for (let i = 0; i < 30; i++) verdict = check([field('Authorization', answer(challenge0(), 'mallory', `x${i}`).value)])
  assert.equal(verdict.type, 'silence')
  assert.equal(check([], '192.0.2.9').type, 'challenge')
  pass(61_000)
  assert.equal(check([]).type, 'challenge')

  function challenge0() {
    const fresh = check([], '192.0.2.200')
    return readChallenges(fresh.type === 'challenge' ? fresh.headers.map((h) => h.value) : [], false)[0]!.challenge
  }
})
