// Secrets at rest: AES-256-GCM under a key that lies beside the database, not in it, so that a copied database or backup
// gives no password away. What is sealed says with which scheme: `v1.` and base64url of nonce, tag and text.

import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Chance } from '#base/chance.ts'

const SCHEME = 'v1.'
const NONCE_OCTETS = 12
const TAG_OCTETS = 16
export const SEAL_KEY_OCTETS = 32

/** A sealed secret: safe to store, to log by accident, and useless without the key. */
export type Sealed = string & { readonly sealed: true }

export class Seal {
  readonly #key: Uint8Array
  readonly #chance: Chance

  /** @param key 32 octets */
  constructor(key: Uint8Array, chance: Chance) {
    if (key.length !== SEAL_KEY_OCTETS) throw new RangeError(`a seal's key has ${SEAL_KEY_OCTETS} octets`)
    this.#key = key
    this.#chance = chance
  }

  close(secret: string): Sealed {
    const nonce = this.#chance.bytes(NONCE_OCTETS)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
    return (SCHEME + Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')) as Sealed
  }

  /** Null when it was sealed with another key or tampered with. */
  open(sealed: Sealed): string | null {
    if (!sealed.startsWith(SCHEME)) return null
    const octets = Buffer.from(sealed.slice(SCHEME.length), 'base64url')
    if (octets.length < NONCE_OCTETS + TAG_OCTETS) return null
    const decipher = createDecipheriv('aes-256-gcm', this.#key, octets.subarray(0, NONCE_OCTETS))
    decipher.setAuthTag(octets.subarray(NONCE_OCTETS, NONCE_OCTETS + TAG_OCTETS))
    try {
      const text = Buffer.concat([decipher.update(octets.subarray(NONCE_OCTETS + TAG_OCTETS)), decipher.final()])
      return text.toString('utf8')
    } catch {
      return null
    }
  }
}
