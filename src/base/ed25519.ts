// Ed25519 signatures (RFC 8032) as the Telnyx dialect uses them (telnyx-voice §9.4): signed is `<timestamp>|<raw body>`, the
// public key is shown as base64 of its 32 octets, the signature travels as base64 of its 64.

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { err, ok, type Result } from './result.ts'

/** What stands before the 32 octets of a key in DER (RFC 8410 §7 and §4). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_PREFIX_OCTETS = 12

export interface Ed25519Key {
  /** Base64 of the 32 raw octets: what a customer configures. */
  readonly publicKey: string
  /** Base64 of the 32-octet seed: what is stored. */
  readonly privateKey: string
}

/** Makes a key pair. */
export function makeEd25519Key(): Ed25519Key {
  const { privateKey } = generateKeyPairSync('ed25519')
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PRIVATE_PREFIX.length)
  return { publicKey: publicText(privateKey), privateKey: seed.toString('base64') }
}

/** Reads a stored or configured private key: base64 of the 32-octet seed, or of seed and public key (64 octets). */
export function readEd25519Key(privateKey: string): Result<Ed25519Signer, { readonly reason: string }> {
  const octets = Buffer.from(privateKey, 'base64')
  if (octets.length !== 32 && octets.length !== 64) {
    return err({ reason: `an ed25519 private key has 32 octets, not ${octets.length}` })
  }
  const der = Buffer.concat([PRIVATE_PREFIX, octets.subarray(0, 32)])
  return ok(new Ed25519Signer(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })))
}

/** Signs with one account's key. About 50 us a signature. */
export class Ed25519Signer {
  readonly publicKey: string
  readonly #key: KeyObject

  constructor(key: KeyObject) {
    this.#key = key
    this.publicKey = publicText(key)
  }

  /** Base64 of the signature over `<timestamp>|<body>`. */
  sign(timestampSeconds: number, body: Uint8Array): string {
    return sign(null, Buffer.concat([Buffer.from(`${timestampSeconds}|`), body]), this.#key).toString('base64')
  }
}

function publicText(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX_OCTETS).toString('base64')
}
