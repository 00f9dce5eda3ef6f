// Access tokens: what a browser or an app logs in with instead of a password, for a day at most (telnyx-voice §11.7, §13).
// A JSON Web Token (RFC 7519) signed with HMAC-SHA-512 (RFC 7515, `HS512`) under the account's login key.

import { createHmac } from 'node:crypto'

export const ACCESS_TOKEN_LIFETIME_MS = 24 * 60 * 60_000
const ISSUER = 'telnyx_telephony'

export interface TokenClaims {
  /** The account, as UUID. */
  readonly account: string
  /** The credential this token stands for, as UUID. */
  readonly credential: string
  /** Unique to this token. */
  readonly id: string
  readonly issuedAtWallMs: number
  readonly expiresAtWallMs: number
}

export function makeAccessToken(key: Uint8Array, claims: TokenClaims): string {
  const issued = Math.floor(claims.issuedAtWallMs / 1000)
  const signed = [
    { alg: 'HS512', typ: 'JWT' },
    {
      aud: ISSUER,
      exp: Math.floor(claims.expiresAtWallMs / 1000),
      iat: issued,
      iss: ISSUER,
      jti: claims.id,
      nbf: issued - 1,
      sub: claims.account,
      tel_token: claims.credential,
      typ: 'access',
    },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${createHmac('sha512', key).update(signed).digest('base64url')}`
}
