// API keys. They are kept as SHA-256: being long and random, a slow hash would add nothing.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { Chance } from '#base/chance.ts'

export function hashKey(key: string): string {
  return createHash('sha256').update(key, 'utf8').digest('hex')
}

/** Compares hashes without telling how much of them fits. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex')
  const right = Buffer.from(b, 'hex')
  return left.length === right.length && timingSafeEqual(left, right)
}

/** A new key in the shape customers know: `KEY`, hex, `_`, text. */
export function newApiKey(chance: Chance): string {
  const head = Buffer.from(chance.bytes(16)).toString('hex').toUpperCase()
  return `KEY${head}_${Buffer.from(chance.bytes(16)).toString('base64url').replaceAll(/[-_]/g, 'x')}`
}
