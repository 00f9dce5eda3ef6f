import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countryOf } from './destinations.ts'

test('numbers have their country, the North American plan by area code', () => {
  assert.equal(countryOf('+13125550100'), 'US')
  assert.equal(countryOf('+14165550100'), 'CA')
  assert.equal(countryOf('+18765550100'), 'JM')
  assert.equal(countryOf('+442079460000'), 'GB')
  assert.equal(countryOf('+49 30 901820'), 'DE')
})

test('the way it is dialled does not matter: without the plus, with 00 or 011', () => {
  for (const dialled of ['442079460000', '00442079460000', '011442079460000']) assert.equal(countryOf(dialled), 'GB')
})

test('no country, and no number', () => {
  assert.equal(countryOf('+870773111632'), null)
  for (const dialled of ['1001', 'alice', 'sip:alice@host', '*98', '']) assert.equal(countryOf(dialled), undefined)
})
