import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import twilio from 'twilio'
import { sign, signHandshake, withBodyHash } from './signature.ts'

const KEY = '12345'

test('SIG-01, SIG-02: the published vector of a form', () => {
  const form = [
    ['To', '+18005551212'],
    ['CallSid', 'CA1234567890ABCDE'],
    ['Caller', '+14158675310'],
    ['Digits', '1234'],
    ['From', '+14158675310'],
  ] as const
  assert.equal(sign(KEY, 'https://example.com/myapp.php?foo=1&bar=2', form), 'L/OH5YylLD5NRKLltdqwSvS0BnU=')
})

test('SIG-06: the published vector of a JSON body', () => {
  const url = withBodyHash('https://example.com/myapp', '{"CallSid":"CA1234567890ABCDE","Caller":"+12349013030"}')
  const hash = '5ccde7145dfb8f56479710896586cb9d5911809d83afbe34627818790db0aec9'
  assert.equal(url, `https://example.com/myapp?bodySHA256=${hash}`)
  assert.equal(sign(KEY, url, []), 'hPXmLwIy3Fgqv1i9KPmH/HhQ6zo=')
})

test('SIG-04: fragment, credentials and the port of https are not signed; the port of http is', () => {
  const bare = sign(KEY, 'https://example.com/a?b=1', [])
  assert.equal(sign(KEY, 'https://u:p@example.com:8443/a?b=1#rc=2', []), bare)
  assert.equal(sign(KEY, 'https://u:p%40@[::1]:8443/a', []), sign(KEY, 'https://[::1]/a', []))
  assert.notEqual(sign(KEY, 'http://example.com:8080/a', []), sign(KEY, 'http://example.com/a', []))
})

test('SIG-05: a handshake is signed over its wss URL alone', () => {
  const signature = signHandshake(KEY, 'wss://example.com/media')
  assert.ok(twilio.validateRequest(KEY, signature, 'wss://example.com/media', {}))
})

const url = fc.oneof(
  fc.webUrl({ withQueryParameters: true }),
  fc.constantFrom(
    "http://127.0.0.1:3000/a?x=%20+'",
    'https://example.com:8443/a',
    'https://example.com/?a=b&a=c',
    'http://h:80/',
  ),
)
const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,12}$/)
const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', ' spaced ', '+1', '日本', 'a&b=c'))

test("SIG-02, SIG-03, SIG-07: whatever is sent, the official validator agrees, and objects to another token's signature", () => {
  fc.assert(
    fc.property(url, fc.array(fc.tuple(name, value), { maxLength: 12 }), (where, form) => {
      const params = Object.create(null) as Record<string, string | string[]>
      for (const [key, one] of form) {
        const known = params[key]
        params[key] = known === undefined ? one : [...(Array.isArray(known) ? known : [known]), one]
      }
      assert.ok(twilio.validateRequest(KEY, sign(KEY, where, form), where, params))
      assert.ok(!twilio.validateRequest(KEY, sign('54321', where, form), where, params))
    }),
  )
})

test('SIG-06: the official validator agrees about bodies', () => {
  fc.assert(
    fc.property(url, fc.string({ unit: 'grapheme' }), (where, body) => {
      const hashed = withBodyHash(where, body)
      assert.ok(twilio.validateRequestWithBody(KEY, sign(KEY, hashed, []), hashed, body))
    }),
  )
})
