// Digest authentication (RFC 7616, RFC 8760; RFC 2069 when a challenge has no qop): the arithmetic both sides share, and
// the client side, which answers challenges.

import { createHash } from 'node:crypto'
import { type Params, param, parseHeaderParams, quote } from './params.ts'

export type DigestAlgorithm = 'MD5' | 'SHA-256' | 'SHA-512-256'

const hashNames: Readonly<Record<DigestAlgorithm, string>> = {
  MD5: 'md5',
  'SHA-256': 'sha256',
  'SHA-512-256': 'sha512-256',
}

export interface DigestQuestion {
  readonly algorithm: DigestAlgorithm
  readonly session: boolean
  readonly qop: 'auth' | 'auth-int' | null
  /** H(username:realm:password) of the algorithm, hex. */
  readonly ha1: string
  readonly method: string
  readonly uri: string
  readonly nonce: string
  readonly nc: string
  readonly cnonce: string
  readonly body: Uint8Array
}

function hash(algorithm: DigestAlgorithm, text: string | Uint8Array): string {
  const hasher = createHash(hashNames[algorithm])
  return (typeof text === 'string' ? hasher.update(text, 'utf8') : hasher.update(text)).digest('hex')
}

/** H(username:realm:password): what may be stored instead of a password. */
export function digestHa1(algorithm: DigestAlgorithm, username: string, realm: string, password: string): string {
  return hash(algorithm, `${username}:${realm}:${password}`)
}

/** The `response` value (RFC 7616 §3.4.1). */
export function digestResponse(q: DigestQuestion): string {
  const ha1 = q.session ? hash(q.algorithm, `${q.ha1}:${q.nonce}:${q.cnonce}`) : q.ha1
  const a2 = q.qop === 'auth-int' ? `${q.method}:${q.uri}:${hash(q.algorithm, q.body)}` : `${q.method}:${q.uri}`
  const ha2 = hash(q.algorithm, a2)
  return q.qop === null
    ? hash(q.algorithm, `${ha1}:${q.nonce}:${ha2}`)
    : hash(q.algorithm, `${ha1}:${q.nonce}:${q.nc}:${q.cnonce}:${q.qop}:${ha2}`)
}

/** Reads `Digest a="b", c=d`; null for other schemes and broken ones. */
export function parseDigest(value: string): Params | null {
  const match = /^digest[ \t]+/i.exec(value)
  if (match === null) return null
  // The same grammar as header parameters, with commas for semicolons outside of quotes.
  let text = ''
  let quoted = false
  for (let at = match[0].length; at < value.length; at++) {
    const c = value[at]!
    if (c === '\\' && quoted) {
      text += c + (value[++at] ?? '')
      continue
    }
    if (c === '"') quoted = !quoted
    text += c === ',' && !quoted ? ';' : c
  }
  if (quoted) return null
  return parseHeaderParams(`;${text.replace(/;[ \t]*$/, '')}`, 0)
}

/** Splits `MD5-sess` and the like; null when unknown. An absent algorithm is MD5. */
export function parseAlgorithm(
  text: string | null | undefined,
): { algorithm: DigestAlgorithm; session: boolean } | null {
  const upper = (text ?? 'MD5').toUpperCase()
  const session = upper.endsWith('-SESS')
  const name = session ? upper.slice(0, -5) : upper
  return name === 'MD5' || name === 'SHA-256' || name === 'SHA-512-256' ? { algorithm: name, session } : null
}

export interface Credentials {
  readonly username: string
  readonly password: string
}

/** The client's memory of one challenge, so that its nonce can be used again with a rising count (RFC 7616 §3.4.6). */
export interface AnsweredChallenge {
  readonly proxy: boolean
  readonly realm: string
  readonly nonce: string
  readonly opaque: string | null
  readonly algorithm: DigestAlgorithm
  readonly algorithmText: string | null
  readonly session: boolean
  readonly qop: 'auth' | 'auth-int' | null
  readonly nc: number
}

/** Picks the strongest challenge we know among the fields of a 401 or 407, one per realm. */
export function readChallenges(
  values: readonly string[],
  proxy: boolean,
): { challenge: AnsweredChallenge; stale: boolean }[] {
  const strength: Readonly<Record<DigestAlgorithm, number>> = { MD5: 0, 'SHA-256': 1, 'SHA-512-256': 2 }
  const best = new Map<string, { challenge: AnsweredChallenge; stale: boolean }>()
  for (const value of values) {
    const params = parseDigest(value)
    if (params === null) continue
    const realm = param(params, 'realm')
    const nonce = param(params, 'nonce')
    const kind = parseAlgorithm(param(params, 'algorithm'))
    if (typeof realm !== 'string' || typeof nonce !== 'string' || kind === null) continue
    const offered = param(params, 'qop')
      ?.toLowerCase()
      .split(',')
      .map((item) => item.trim())
    const qop =
      offered === undefined
        ? null
        : offered.includes('auth')
          ? 'auth'
          : offered.includes('auth-int')
            ? 'auth-int'
            : null
    if (offered !== undefined && qop === null) continue
    const challenge: AnsweredChallenge = {
      proxy,
      realm,
      nonce,
      opaque: param(params, 'opaque') ?? null,
      algorithm: kind.algorithm,
      algorithmText: param(params, 'algorithm') ?? null,
      session: kind.session,
      qop,
      nc: 0,
    }
    const known = best.get(realm)
    if (known !== undefined && strength[known.challenge.algorithm] >= strength[kind.algorithm]) continue
    best.set(realm, { challenge, stale: param(params, 'stale')?.toLowerCase() === 'true' })
  }
  return [...best.values()]
}

/** The Authorization value for one request, and the challenge with its count moved on. */
export function answerChallenge(
  challenge: AnsweredChallenge,
  credentials: Credentials,
  request: { method: string; uri: string; body: Uint8Array },
  cnonce: string,
): { name: 'Authorization' | 'Proxy-Authorization'; value: string; challenge: AnsweredChallenge } {
  const used = { ...challenge, nc: challenge.nc + 1 }
  const nc = used.nc.toString(16).padStart(8, '0')
  const response = digestResponse({
    algorithm: used.algorithm,
    session: used.session,
    qop: used.qop,
    ha1: digestHa1(used.algorithm, credentials.username, used.realm, credentials.password),
    method: request.method,
    uri: request.uri,
    nonce: used.nonce,
    nc,
    cnonce,
    body: request.body,
  })
  let value = `Digest username=${quote(credentials.username)}, realm=${quote(used.realm)}, nonce=${quote(used.nonce)}`
  value += `, uri=${quote(request.uri)}, response="${response}"`
  if (used.algorithmText !== null) value += `, algorithm=${used.algorithmText}`
  if (used.opaque !== null) value += `, opaque=${quote(used.opaque)}`
  if (used.qop !== null) value += `, qop=${used.qop}, nc=${nc}`
  if (used.qop !== null || used.session) value += `, cnonce=${quote(cnonce)}`
  return { name: used.proxy ? 'Proxy-Authorization' : 'Authorization', value, challenge: used }
}
