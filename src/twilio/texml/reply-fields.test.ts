import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldsOf, isExpected } from './reply-fields.ts'

test('TX-06: an answer is expected with its status, or with any 2xx', () => {
  const reading = { status: 404, fields: [] }
  assert.deepEqual(
    [isExpected(null, 204), isExpected(null, 404), isExpected(reading, 404), isExpected(reading, 200)],
    [true, false, true, false],
  )
})

test('TX-06: values are found by their paths; what is not there is left out', () => {
  const field = (path: string, name: string) => ({ path: path.split('.'), name })
  const fields = [
    field('records.0.Name', 'name'),
    field('total', 'total'),
    field('ok', 'ok'),
    field('records.0', 'whole'),
    field('none', 'none'),
    field('records.9.Name', 'far'),
    field('total.deeper', 'deeper'),
    field('constructor', 'inherited'),
    field('long', 'long'),
  ]
  const text = JSON.stringify({ records: [{ Name: 'Ann' }], total: 7, ok: false, none: null, long: 'x'.repeat(5_000) })
  assert.deepEqual(fieldsOf({ status: null, fields }, text), [
    ['name', 'Ann'],
    ['total', '7'],
    ['ok', 'false'],
    ['whole', '{"Name":"Ann"}'],
    ['long', 'x'.repeat(4_000)],
  ])
  assert.equal(fieldsOf({ status: null, fields }, '<html>'), null)
})
