// One file to one bucket, tried again where that may help.

import { type Clock, pause } from '#base/clock.ts'
import type { OutboundHttp } from '#base/outbound.ts'
import type { Result } from '#base/result.ts'
import { toAzure } from './azure.ts'
import type { Bucket, BucketDoors, Parcel, Undelivered } from './bucket.ts'
import { toGcs } from './gcs.ts'
import { PAUSES_MS } from './limits.ts'
import { toS3 } from './s3.ts'

/** Brings a file into a bucket; its URI there, or why it stayed. */
export async function deliver(
  bucket: Bucket,
  parcel: Parcel,
  { http, clock }: { readonly http: OutboundHttp; readonly clock: Clock },
): Promise<Result<string, Undelivered>> {
  const doors: BucketDoors = { http, wallMs: () => clock.wallMs() }
  for (let tries = 0; ; tries++) {
    const done = await once(bucket, parcel, doors)
    const pauseMs = PAUSES_MS[tries]
    if (done.ok || !done.error.again || pauseMs === undefined) return done
    await pause(clock, pauseMs)
  }
}

function once(bucket: Bucket, parcel: Parcel, doors: BucketDoors): Promise<Result<string, Undelivered>> {
  switch (bucket.type) {
    case 's3':
      return toS3(bucket, parcel, doors)
    case 'azure':
      return toAzure(bucket, parcel, doors)
    case 'gcs':
      return toGcs(bucket, parcel, doors)
  }
}
