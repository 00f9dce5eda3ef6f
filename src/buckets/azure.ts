// Azure Blob Storage: Put Blob as one block blob, authorized with the account's key ("Authorize with Shared Key", REST
// API of Azure Storage).

import { createHmac } from 'node:crypto'
import { ok } from '#base/result.ts'
import type { AzureContainer, Try } from './bucket.ts'
import { put } from './put.ts'
import { encoded } from './sigv4.ts'

/** From 2016-05-31 on, blobs up to 5000 MiB go in one piece as of 2019-12-12. */
const VERSION = '2020-04-08'

export const toAzure: Try<AzureContainer> = async (bucket, parcel, doors) => {
  const path = `/${encoded(bucket.name)}/${encoded(parcel.key)}`
  const url = `https://${bucket.account}.blob.core.windows.net${path}`
  const own = {
    'x-ms-blob-type': 'BlockBlob',
    'x-ms-date': new Date(doors.wallMs()).toUTCString(),
    'x-ms-version': VERSION,
  }
  const text = [
    'PUT',
    '', // Content-Encoding
    '', // Content-Language
    parcel.octets === 0 ? '' : String(parcel.octets),
    '', // Content-MD5
    parcel.contentType,
    '', // Date: x-ms-date stands for it
    '', // If-Modified-Since
    '', // If-Match
    '', // If-None-Match
    '', // If-Unmodified-Since
    '', // Range
    ...Object.entries(own).map(([name, value]) => `${name}:${value}`),
    `/${bucket.account}${path}`,
  ].join('\n')
  const signature = createHmac('sha256', Buffer.from(bucket.accountKey, 'base64')).update(text).digest('base64')
  const headers = {
    ...own,
    'content-type': parcel.contentType,
    authorization: `SharedKey ${bucket.account}:${signature}`,
  }
  const done = await put(url, headers, parcel, doors)
  return done.ok ? ok(url) : done
}
