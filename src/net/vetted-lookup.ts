// Names that customers give, resolved inside the connection's own lookup: each address is vetted, and the connection goes
// to what was vetted. There is no second lookup for a rebinding name server to answer differently. Numeric hosts never
// reach a lookup and are vetted before.

import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { addressVetter, type VetAddress } from './vet-address.ts'

export type LookupError =
  | { readonly type: 'refused-address'; readonly host: string; readonly reason: string }
  | { readonly type: 'dns-failed'; readonly host: string }

export interface LookupOptions {
  /** CIDR ranges reachable although they are private or otherwise special. */
  readonly allow: readonly string[]
  /** Resolves a name to all its addresses; the system's resolver unless given. */
  readonly resolve?: (host: string) => Promise<readonly LookupAddress[]>
}

export class VettedNames {
  readonly #vet: VetAddress
  readonly #resolve: (host: string) => Promise<readonly LookupAddress[]>

  constructor(options: LookupOptions) {
    const vet = addressVetter(options.allow)
    if (!vet.ok) throw new RangeError(`"${vet.error.badRange}" is not an address range like 10.0.0.0/8`)
    this.#vet = vet.value
    this.#resolve = options.resolve ?? resolveBySystem
  }

  /** Why a numeric host may not be reached; null for good ones, and for names. */
  vetLiteral(url: URL): LookupError | null {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) === 0) return null
    const reason = this.#vet(host)
    return reason === null ? null : { type: 'refused-address', host, reason }
  }

  /** The lookup of one connection: resolves, vets, and hands over only what passed. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    this.#resolve(host).then(
      (addresses) => {
        let reason = 'it has no address'
        const good = addresses.filter(({ address }) => {
          const refusal = this.#vet(address)
          if (refusal !== null) reason = refusal
          return refusal === null
        })
        if (addresses.length === 0) callback(new LookupFailure({ type: 'dns-failed', host }), [])
        else if (good.length === 0) callback(new LookupFailure({ type: 'refused-address', host, reason }), [])
        else if (options.all === true) callback(null, good)
        else callback(null, good[0]!.address, good[0]!.family)
      },
      () => callback(new LookupFailure({ type: 'dns-failed', host }), []),
    )
  }
}

/** What a connection's error is when its lookup failed. */
export class LookupFailure extends Error {
  readonly error: LookupError

  constructor(error: LookupError) {
    super(error.type)
    this.error = error
  }
}

function resolveBySystem(host: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (cause, addresses) => (cause === null ? resolve(addresses) : reject(cause)))
  })
}
