// Two vendors speak this language: the one it comes from, and the one who calls it TeXML (twilio-voice §12). The document is
// the same, and what runs it; how requests are signed and how ids are spelled differs. Whose application it is decides.

import type { Application } from '#accounts/model.ts'
import type { Register } from '#accounts/register.ts'
import { type Ed25519Signer, readEd25519Key } from '#base/ed25519.ts'
import type { AccountId, ApplicationId } from '#base/ids.ts'
import { type Parameters, sign } from './signature.ts'

export type Vendor = 'twilio' | 'telnyx'

export function vendorOf(application: Application | null): Vendor {
  return application?.extra.role === 'texml' ? 'telnyx' : 'twilio'
}

/** A request as it goes over the wire. */
export interface Unsigned {
  readonly url: string
  /** What a form POST carries; empty for GET. */
  readonly form: Parameters
  readonly body: Uint8Array
}

/** How an application knows a request is ours: headers made afresh for each. */
export class Signatures {
  readonly #register: Register
  readonly #wallMs: () => number
  readonly #signers = new Map<AccountId, Ed25519Signer>()

  constructor(register: Register, wallMs: () => number) {
    this.#register = register
    this.#wallMs = wallMs
  }

  /** @param application whose request it is; null: the account's */
  headers(account: AccountId, application: ApplicationId | null, request: Unsigned): Readonly<Record<string, string>> {
    const owner = application === null ? null : this.#register.application(application)
    return vendorOf(owner) === 'telnyx' ? this.#ed25519(account, request) : this.#hmac(account, request)
  }

  /** SIG-01 to SIG-04. */
  #hmac(account: AccountId, { url, form }: Unsigned): Readonly<Record<string, string>> {
    return { 'x-twilio-signature': sign(this.#register.authToken(account) ?? '', url, form) }
  }

  /** TX-05. */
  #ed25519(account: AccountId, { body }: Unsigned): Readonly<Record<string, string>> {
    const signer = this.#signer(account)
    if (signer === null) return {}
    const timestamp = Math.floor(this.#wallMs() / 1000)
    return {
      'telnyx-timestamp': String(timestamp),
      'telnyx-signature-ed25519': signer.sign(timestamp, body),
    }
  }

  #signer(account: AccountId): Ed25519Signer | null {
    const pair = this.#register.signingPair(account)
    if (pair === null) return null
    const known = this.#signers.get(account)
    if (known !== undefined && known.publicKey === pair.publicKey) return known
    const read = readEd25519Key(pair.privateKey)
    if (!read.ok) return null
    this.#signers.set(account, read.value)
    return read.value
  }
}
