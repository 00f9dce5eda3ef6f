import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filled, filledRequest } from './templates.ts'

const CALL = [
  ['From', '+15550100'],
  ['CallerId', 'Ann "A" <b>'],
] as const

test('TX-06: variables are the parameters of the call, escaped as Mustache escapes', () => {
  assert.equal(
    filled('{"from": "{{From}}", "n": "{{ CallerId }}"}', CALL),
    '{"from": "+15550100", "n": "Ann &quot;A&quot; &lt;b&gt;"}',
  )
  assert.equal(filled('{{{CallerId}}} {{&CallerId}}', CALL), 'Ann "A" <b> Ann "A" <b>')
  assert.equal(filled('a{{Nobody}}b{{#secret}}key{{/secret}}c{{toString}}', CALL), 'abc')
  assert.equal(
    filled('/find?n={{#url_encode}}{{From}} {{CallerId}}{{/url_encode}}&x={{From}}', CALL),
    '/find?n=%2B15550100%20Ann%20%22A%22%20%3Cb%3E&x=+15550100',
  )
  assert.equal(filled('{{From', CALL), '{{From')
})

test('TX-06: a header that a variable would break is left out', () => {
  const request = {
    url: '/',
    method: 'POST',
    body: null,
    headers: [
      { name: 'X-A', value: '{{A}}' },
      { name: 'X-B', value: '{{B}}' },
    ],
  } as const
  const made = filledRequest(request, [
    ['A', 'a\r\nX-C: c'],
    ['B', 'b'],
  ])
  assert.deepEqual(made.headers, [{ name: 'X-B', value: 'b' }])
})
