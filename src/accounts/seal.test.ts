import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { Seal, type Sealed } from './seal.ts'

const chance = seededChance(7)
const seal = new Seal(chance.bytes(32), chance)

test('what is sealed comes back, differs each time, and shows nothing of itself', () => {
  const one = seal.close('geheim ☎')
  assert.equal(seal.open(one), 'geheim ☎')
  assert.notEqual(seal.close('geheim ☎'), one)
  assert.ok(!Buffer.from(one.slice(3), 'base64url').includes('geheim'))
})

test('another key, a changed octet and plain text open nothing', () => {
  const sealed = seal.close('secret')
  assert.equal(new Seal(chance.bytes(32), chance).open(sealed), null)
  const octets = Buffer.from(sealed.slice(3), 'base64url')
  octets[octets.length - 1]! ^= 1
  assert.equal(seal.open(`v1.${octets.toString('base64url')}` as Sealed), null)
  assert.equal(seal.open('secret' as Sealed), null)
  assert.equal(seal.open('v1.AAAA' as Sealed), null)
})
