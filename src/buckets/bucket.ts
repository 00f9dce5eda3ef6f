// What the stores have in common: where a file goes, what it is, and what became of it.

import type { OutboundHttp } from '#base/outbound.ts'
import type { Result } from '#base/result.ts'

export interface S3Bucket {
  readonly type: 's3'
  /** Of a store that speaks S3's protocol; null: AWS, by the region. */
  readonly endpoint: string | null
  readonly region: string
  readonly name: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface AzureContainer {
  readonly type: 'azure'
  readonly account: string
  /** Base64. */
  readonly accountKey: string
  readonly name: string
}

export interface GcsBucket {
  readonly type: 'gcs'
  readonly name: string
  /** Of the service account's key file. */
  readonly clientEmail: string
  /** PEM. */
  readonly privateKey: string
  readonly tokenUrl: string
}

export type Bucket = S3Bucket | AzureContainer | GcsBucket

/** A file to be brought somewhere; it is opened once for every time it is read. */
export interface Parcel {
  /** The object's name in the bucket: letters, digits and `._-`. */
  readonly key: string
  readonly contentType: string
  readonly octets: number
  open(): AsyncIterable<Uint8Array>
}

/** Why it did not arrive; `again`: another try may succeed. */
export interface Undelivered {
  readonly reason: string
  readonly again: boolean
}

export interface BucketDoors {
  readonly http: OutboundHttp
  readonly wallMs: () => number
}

/** One try; the object's URI when it arrived. */
export type Try<B extends Bucket> = (
  bucket: B,
  parcel: Parcel,
  doors: BucketDoors,
) => Promise<Result<string, Undelivered>>
