// The request that all stores take: the file as the body of a PUT, streamed. No redirects: the signature is for one host.

import { err, ok, type Result } from '#base/result.ts'
import type { BucketDoors, Parcel, Undelivered } from './bucket.ts'
import { LEAST_OCTETS_PER_SECOND, MAX_ERROR_OCTETS, REPLY_TIMEOUT_MS } from './limits.ts'

export async function put(
  url: string,
  headers: Readonly<Record<string, string>>,
  parcel: Parcel,
  { http }: BucketDoors,
): Promise<Result<void, Undelivered>> {
  const reply = await http.request({
    method: 'PUT',
    url,
    headers,
    upload: { octets: parcel.octets, open: () => parcel.open() },
    timeoutMs: REPLY_TIMEOUT_MS + Math.ceil((parcel.octets / LEAST_OCTETS_PER_SECOND) * 1000),
    maxBodyOctets: MAX_ERROR_OCTETS,
    maxRedirects: 0,
  })
  if (!reply.ok) return err(unreached(reply.error))
  const { status, body } = reply.value
  return status >= 200 && status < 300 ? ok(undefined) : err(refused(status, body))
}

export function unreached(error: { readonly type: string; readonly reason?: string }): Undelivered {
  const reason = error.reason === undefined ? error.type : `${error.type}: ${error.reason}`
  return { reason, again: error.type !== 'bad-url' && error.type !== 'refused-address' }
}

/** The code is told, the rest of the body is not: stores show in it what they signed. */
export function refused(status: number, body: Uint8Array): Undelivered {
  const text = Buffer.from(body).toString('utf8')
  const code = /<Code>(\w{1,64})<\/Code>/.exec(text)?.[1] ?? /"error":\s*"(\w{1,64})"/.exec(text)?.[1]
  return {
    reason: code === undefined ? `status ${status}` : `status ${status}, ${code}`,
    again: status >= 500 || status === 408 || status === 429,
  }
}
