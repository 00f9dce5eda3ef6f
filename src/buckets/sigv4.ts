// AWS Signature Version 4 in the Authorization header, the payload in a single chunk ("Authenticating Requests (AWS
// Signature Version 4)", Amazon S3 API Reference). S3 encodes a path once, other services twice; this is S3's way.

import { createHash, createHmac } from 'node:crypto'

export interface Signing {
  readonly method: string
  /** Path and query encoded as they travel. */
  readonly url: URL
  /** All of them are signed; names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** SHA-256 of the body, hex. */
  readonly payloadHash: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly atWallMs: number
}

/** The headers as given, with those that carry the signature. */
export function signed(what: Signing): Readonly<Record<string, string>> {
  const time = `${new Date(what.atWallMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
  const scope = `${time.slice(0, 8)}/${what.region}/s3/aws4_request`
  const headers = { ...what.headers, 'x-amz-content-sha256': what.payloadHash, 'x-amz-date': time }
  const all = Object.entries({ ...headers, host: what.url.host }).sort(byName)
  const names = all.map(([name]) => name).join(';')
  const canonical = [
    what.method,
    what.url.pathname,
    [...what.url.searchParams]
      .map(([name, value]): [string, string] => [encoded(name), encoded(value)])
      .sort(byName)
      .map(([name, value]) => `${name}=${value}`)
      .join('&'),
    ...all.map(([name, value]) => `${name}:${value.trim().replaceAll(/ +/g, ' ')}`),
    '',
    names,
    what.payloadHash,
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
  const key = scope
    .split('/')
    .reduce<string | Buffer>((with_, part) => hmac(with_, part), `AWS4${what.secretAccessKey}`)
  const signature = hmac(key, text).toString('hex')
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${what.accessKeyId}/${scope},SignedHeaders=${names},Signature=${signature}`,
  }
}

/** RFC 3986: everything but unreserved characters. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
