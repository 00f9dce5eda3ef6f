// S3 and what speaks its protocol: PutObject, the bucket in the path, because buckets with dots fit no certificate and
// many stores know no other way.

import { createHash } from 'node:crypto'
import { ok } from '#base/result.ts'
import type { S3Bucket, Try } from './bucket.ts'
import { put } from './put.ts'
import { encoded, signed } from './sigv4.ts'

export const toS3: Try<S3Bucket> = async (bucket, parcel, doors) => {
  const hash = createHash('sha256')
  for await (const piece of parcel.open()) hash.update(piece)
  const base = (bucket.endpoint ?? awsEndpoint(bucket.region)).replace(/\/+$/, '')
  const url = new URL(`${base}/${encoded(bucket.name)}/${encoded(parcel.key)}`)
  const headers = signed({
    method: 'PUT',
    url,
    headers: { 'content-type': parcel.contentType },
    payloadHash: hash.digest('hex'),
    region: bucket.region,
    accessKeyId: bucket.accessKeyId,
    secretAccessKey: bucket.secretAccessKey,
    atWallMs: doors.wallMs(),
  })
  const done = await put(url.href, headers, parcel, doors)
  return done.ok ? ok(`s3://${bucket.name}/${parcel.key}`) : done
}

/** China is a partition of its own, with its own names. */
function awsEndpoint(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
}
