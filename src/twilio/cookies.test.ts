import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CookieJar } from './cookies.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')

function jar(from: string, ...fields: string[]): CookieJar {
  const made = new CookieJar()
  made.take(fields, new URL(from), NOW)
  return made
}

test('RFC 6265 §5.4: host, domain, path and security decide where a cookie goes', () => {
  const cookies = jar(
    'https://app.example.com/voice/in',
    'own=1',
    'wide=2; Domain=.example.com; Path=/',
    'safe=3; Secure; Path=/',
    'deep=4; Path=/voice/in',
  )
  assert.equal(cookies.for(new URL('https://app.example.com/voice/in')), 'deep=4; own=1; wide=2; safe=3')
  assert.equal(cookies.for(new URL('http://app.example.com/')), 'wide=2')
  assert.equal(cookies.for(new URL('https://other.example.com/voice/')), 'wide=2')
  assert.equal(cookies.for(new URL('https://example.org/')), null)
})

test('RFC 6265 §5.3: an end in the past forgets, a foreign domain is not taken', () => {
  const cookies = jar(
    'https://a.example.com/',
    'a=1',
    'b=2',
    'c=3; Domain=com',
    'd=4; Domain=b.example.com',
    '=5',
    'e\u0001=6',
  )
  cookies.take(
    ['a=; Max-Age=0', 'b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'f=7; Max-Age=60'],
    new URL('https://a.example.com/'),
    NOW,
  )
  assert.equal(cookies.for(new URL('https://a.example.com/')), 'f=7')
})

test('a jar is bounded: the oldest make room', () => {
  const cookies = jar(
    'https://example.com/',
    ...Array.from({ length: 60 }, (_, index) => `c${index}=${index}`),
    `big=${'x'.repeat(5_000)}`,
  )
  const names = cookies.for(new URL('https://example.com/'))!.split('; ')
  assert.equal(names.length, 50)
  assert.equal(names[0], 'c10=10')
})
