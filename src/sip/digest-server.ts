// The server side of digest (RFC 7616 §3.3, §5): challenges without a table. A nonce carries its own birth time, some
// chance and a seal over both, so a flood of challenges costs no memory; only nonces that were really used are remembered,
// for their count window. Guessing is bounded by a failure budget per source and per user, after which we fall silent.

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Chance } from '#base/chance.ts'
import { type DigestAlgorithm, digestHa1, digestResponse, parseAlgorithm, parseDigest } from './digest.ts'
import { field, type HeaderField, type SipRequest } from './message.ts'
import { type Params, param, quote } from './params.ts'

/** How long a nonce is good; after it a right answer gets `stale=true` and a new one. */
const NONCE_LIFETIME_MS = 120_000
/** Counts below the highest seen that may still arrive once (UDP reorders). */
const NC_WINDOW = 32
/** Used nonces remembered at once; the oldest go first. */
const MAX_USED_NONCES = 20_000
/** Wrong answers allowed per source or user in a window, then silence until it ends. */
const MAX_FAILURES = 20
const FAILURE_WINDOW_MS = 60_000
const MAX_FAILURE_RECORDS = 20_000

/** What is known of a user: HA1 per algorithm, or the password itself. */
export interface DigestSecret {
  readonly password?: string
  readonly ha1?: Partial<Readonly<Record<DigestAlgorithm, string>>>
}

export type DigestVerdict =
  | { readonly type: 'allowed'; readonly username: string }
  /** Answer 401 or 407 with these fields. `wrong` is who gave a wrong password; null: nobody gave any, or an old one. */
  | { readonly type: 'challenge'; readonly headers: readonly HeaderField[]; readonly wrong: string | null }
  /** Too many wrong answers: say nothing. */
  | { readonly type: 'silence' }

export interface DigesterOptions {
  readonly realm: string
  readonly chance: Chance
  readonly wallMs: () => number
  /** One by default: more than one challenge breaks several telephones (research/sip §4.4). */
  readonly algorithms?: readonly DigestAlgorithm[]
}

interface UsedNonce {
  highest: number
  /** Bit i: the count `highest - i` was seen. */
  seen: number
}

export class Digester {
  readonly realm: string
  readonly #options: DigesterOptions
  readonly #algorithms: readonly DigestAlgorithm[]
  readonly #key: Uint8Array
  readonly #opaque: string
  readonly #used = new Map<string, UsedNonce>()
  readonly #failures = new Map<string, { count: number; untilMs: number }>()

  constructor(options: DigesterOptions) {
    this.realm = options.realm
    this.#options = options
    this.#algorithms = options.algorithms ?? ['MD5']
    this.#key = options.chance.bytes(32)
    this.#opaque = Buffer.from(options.chance.bytes(8)).toString('hex')
  }

  /**
   * Judges the credentials of a request. `secretOf` answers null for an unknown user, who is treated exactly like a wrong
   * password. `source` is the sender's address, for the failure budget; names of one `scope` share theirs.
   */
  check(
    request: SipRequest,
    kind: 'authorization' | 'proxy-authorization',
    secretOf: (username: string) => DigestSecret | null,
    source: string,
    scope = '',
  ): DigestVerdict {
    const proxy = kind === 'proxy-authorization'
    const answer = this.#findAnswer(request, kind)
    if (answer === null) return this.#exhausted(source) ? { type: 'silence' } : this.#challenge(proxy, false)
    const username = param(answer, 'username') ?? ''
    const guessed = `user ${scope} ${username}`
    if (this.#exhausted(source) || this.#exhausted(guessed)) return { type: 'silence' }

    const verdict = this.#judge(request, answer, username, secretOf(username))
    if (verdict === 'right') return { type: 'allowed', username }
    if (verdict === 'stale') return this.#challenge(proxy, true)
    this.#countFailure(source)
    this.#countFailure(guessed)
    return this.#challenge(proxy, false, username)
  }

  #findAnswer(request: SipRequest, kind: string): Params | null {
    for (const value of request.all(kind)) {
      const params = parseDigest(value)
      if (params !== null && param(params, 'realm') === this.realm) return params
    }
    return null
  }

  #judge(
    request: SipRequest,
    answer: Params,
    username: string,
    secret: DigestSecret | null,
  ): 'right' | 'wrong' | 'stale' {
    const nonce = param(answer, 'nonce') ?? ''
    const given = param(answer, 'response') ?? ''
    const uri = param(answer, 'uri') ?? ''
    const qopText = param(answer, 'qop')?.toLowerCase() ?? null
    const kind = parseAlgorithm(param(answer, 'algorithm'))
    const born = this.#birthOf(nonce)
    if (kind === null || !this.#algorithms.includes(kind.algorithm) || born === null) {
      // A nonce that is not ours (a restart, another node) deserves a new one, not a black mark.
      return born === null && kind !== null ? 'stale' : 'wrong'
    }
    if (qopText !== null && qopText !== 'auth' && qopText !== 'auth-int') return 'wrong'
    // RFC 7616 §3.4.6: the uri must be the one asked for; some telephones leave its parameters out.
    if (uri !== request.uriText && uri !== request.uriText.split(';', 1)[0]) return 'wrong'
    const nc = param(answer, 'nc') ?? ''
    if (qopText !== null && !/^[0-9a-f]{8}$/i.test(nc)) return 'wrong'

    // An unknown user costs the same arithmetic as a known one.
    const ha1 =
      secret?.ha1?.[kind.algorithm] ??
      digestHa1(kind.algorithm, username, this.realm, secret?.password ?? Buffer.from(this.#key).toString('hex'))
    const expected = digestResponse({
      algorithm: kind.algorithm,
      session: kind.session,
      qop: qopText,
      ha1,
      method: request.method,
      uri,
      nonce,
      nc,
      cnonce: param(answer, 'cnonce') ?? '',
      body: request.body,
    })
    const right = secret !== null && equalInConstantTime(expected, given.toLowerCase())
    if (!right) return 'wrong'
    if (this.#options.wallMs() - born > NONCE_LIFETIME_MS) return 'stale'
    if (qopText !== null && !this.#countNonce(nonce, Number.parseInt(nc, 16))) return 'stale'
    return 'right'
  }

  #challenge(proxy: boolean, stale: boolean, wrong: string | null = null): DigestVerdict {
    const nonce = this.#makeNonce()
    const headers = this.#algorithms.map((algorithm) =>
      field(
        proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate',
        `Digest realm=${quote(this.realm)}, nonce="${nonce}", opaque="${this.#opaque}", algorithm=${algorithm}, qop="auth"${
          stale ? ', stale=true' : ''
        }`,
      ),
    )
    return { type: 'challenge', headers, wrong }
  }

  #makeNonce(): string {
    const time = Math.floor(this.#options.wallMs()).toString(16).padStart(12, '0')
    const body = time + Buffer.from(this.#options.chance.bytes(6)).toString('hex')
    return body + this.#seal(body)
  }

  #seal(body: string): string {
    return createHmac('sha256', this.#key).update(body).digest('hex').slice(0, 24)
  }

  #birthOf(nonce: string): number | null {
    if (!/^[0-9a-f]{48}$/.test(nonce)) return null
    const body = nonce.slice(0, 24)
    return equalInConstantTime(this.#seal(body), nonce.slice(24)) ? Number.parseInt(body.slice(0, 12), 16) : null
  }

  /** Each count of a nonce is good once; a replay is refused (RFC 7616 §5.4). */
  #countNonce(nonce: string, nc: number): boolean {
    let used = this.#used.get(nonce)
    if (used === undefined) {
      if (this.#used.size >= MAX_USED_NONCES) this.#used.delete(this.#used.keys().next().value!)
      used = { highest: 0, seen: 0 }
      this.#used.set(nonce, used)
    }
    if (nc > used.highest) {
      const shift = nc - used.highest
      used.seen = shift >= NC_WINDOW ? 1 : ((used.seen << shift) | 1) >>> 0
      used.highest = nc
      return true
    }
    const behind = used.highest - nc
    if (behind >= NC_WINDOW) return false
    const bit = (1 << behind) >>> 0
    if ((used.seen & bit) !== 0) return false
    used.seen = (used.seen | bit) >>> 0
    return true
  }

  #exhausted(key: string): boolean {
    const record = this.#failures.get(key)
    if (record === undefined) return false
    if (record.untilMs > this.#options.wallMs()) return record.count >= MAX_FAILURES
    this.#failures.delete(key)
    return false
  }

  #countFailure(key: string): void {
    const nowMs = this.#options.wallMs()
    const record = this.#failures.get(key)
    if (record !== undefined && record.untilMs > nowMs) {
      record.count++
      return
    }
    if (this.#failures.size >= MAX_FAILURE_RECORDS) this.#failures.delete(this.#failures.keys().next().value!)
    this.#failures.set(key, { count: 1, untilMs: nowMs + FAILURE_WINDOW_MS })
  }
}

function equalInConstantTime(a: string, b: string): boolean {
  const left = Buffer.from(a, 'latin1')
  const right = Buffer.from(b, 'latin1')
  return left.length === right.length && timingSafeEqual(left, right)
}
