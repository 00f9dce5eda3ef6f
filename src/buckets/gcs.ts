// Google Cloud Storage: a service account asks for a token with a JWT it signs itself (RFC 7523 §2.1, "Using OAuth 2.0 for
// Server to Server Applications"), then the file is PUT through the XML API.

import { sign } from 'node:crypto'
import { err, ok, type Result } from '#base/result.ts'
import type { BucketDoors, GcsBucket, Try, Undelivered } from './bucket.ts'
import { MAX_ERROR_OCTETS, REPLY_TIMEOUT_MS } from './limits.ts'
import { put, refused, unreached } from './put.ts'
import { encoded } from './sigv4.ts'

const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write'
const TOKEN_LIFETIME_S = 3600

export const toGcs: Try<GcsBucket> = async (bucket, parcel, doors) => {
  const token = await tokenOf(bucket, doors)
  if (!token.ok) return token
  const url = `https://storage.googleapis.com/${encoded(bucket.name)}/${encoded(parcel.key)}`
  const headers = { 'content-type': parcel.contentType, authorization: `Bearer ${token.value}` }
  const done = await put(url, headers, parcel, doors)
  return done.ok ? ok(`gs://${bucket.name}/${parcel.key}`) : done
}

async function tokenOf(bucket: GcsBucket, { http, wallMs }: BucketDoors): Promise<Result<string, Undelivered>> {
  const nowS = Math.floor(wallMs() / 1000)
  const claims = {
    iss: bucket.clientEmail,
    scope: SCOPE,
    aud: bucket.tokenUrl,
    iat: nowS,
    exp: nowS + TOKEN_LIFETIME_S,
  }
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`
  const assertion = `${text}.${sign('sha256', Buffer.from(text), bucket.privateKey).toString('base64url')}`
  const form = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })
  const reply = await http.request({
    method: 'POST',
    url: bucket.tokenUrl,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
    timeoutMs: REPLY_TIMEOUT_MS,
    maxBodyOctets: MAX_ERROR_OCTETS,
    maxRedirects: 0,
  })
  if (!reply.ok) return err(unreached(reply.error))
  if (reply.value.status !== 200) return err(refused(reply.value.status, reply.value.body))
  const token = /"access_token"\s*:\s*"([^"\\\s]+)"/.exec(Buffer.from(reply.value.body).toString('utf8'))?.[1]
  return token === undefined ? err({ reason: 'no access_token in the reply', again: false }) : ok(token)
}
