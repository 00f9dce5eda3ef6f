// API keys and signing keys. API keys are kept as SHA-256 (they are long and random, so a slow hash adds nothing);
// signing keys are kept whole, they must sign.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import type { Chance } from '#base/chance.ts'

/** PKCS#8 wrapping of a raw Ed25519 seed (RFC 8410 §7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const RAW_KEY_OCTETS = 32

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

export interface Ed25519Pair {
  /** Base64 of the 32 raw octets: what customers verify with. */
  readonly publicKey: string
  /** Base64 of the 32-octet seed. */
  readonly privateKey: string
}

export function newEd25519(): Ed25519Pair {
  const { privateKey } = generateKeyPairSync('ed25519')
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-RAW_KEY_OCTETS)
  return { publicKey: publicOf(privateKey), privateKey: seed.toString('base64') }
}

/** The pair of a given seed (base64 of 32 octets); null when it is not one. */
export function ed25519FromSeed(seed: string): Ed25519Pair | null {
  const key = privateKeyOf(seed)
  return key === null ? null : { publicKey: publicOf(key), privateKey: seed }
}

export function privateKeyOf(seed: string): KeyObject | null {
  const raw = Buffer.from(seed, 'base64')
  if (raw.length !== RAW_KEY_OCTETS) return null
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, raw]), format: 'der', type: 'pkcs8' })
}

function publicOf(privateKey: KeyObject): string {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return spki.subarray(-RAW_KEY_OCTETS).toString('base64')
}
