// Signatures against what Amazon publishes, and every store's request as the store would check it.

import assert from 'node:assert/strict'
import { createHash, createHmac, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { test } from 'node:test'
import type { OutboundReply, OutboundRequest } from '#base/outbound.ts'
import { err, ok } from '#base/result.ts'
import { HandClock } from '#testkit/clock.ts'
import type { Bucket, Parcel } from './bucket.ts'
import { deliver } from './deliver.ts'
import { signed } from './sigv4.ts'

const EMPTY = createHash('sha256').digest('hex')

/** "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk", Amazon S3 API Reference. */
const published = [
  {
    what: 'GET Object',
    method: 'GET',
    path: '/test.txt',
    headers: { range: 'bytes=0-9' },
    payloadHash: EMPTY,
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    what: 'PUT Object',
    method: 'PUT',
    path: '/test%24file.text',
    headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    payloadHash: createHash('sha256').update('Welcome to Amazon S3.').digest('hex'),
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    what: 'GET Bucket Lifecycle',
    method: 'GET',
    path: '/?lifecycle',
    headers: {},
    payloadHash: EMPTY,
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    what: 'Get Bucket (List Objects)',
    method: 'GET',
    path: '/?max-keys=2&prefix=J',
    headers: {},
    payloadHash: EMPTY,
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
]

for (const { what, method, path, headers, payloadHash, signature } of published) {
  test(`the published example ${what} gets its published signature`, () => {
    const { authorization } = signed({
      method,
      url: new URL(`https://examplebucket.s3.amazonaws.com${path}`),
      headers,
      payloadHash,
      region: 'us-east-1',
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      atWallMs: Date.UTC(2013, 4, 24),
    })
    assert.equal(authorization?.split('Signature=')[1], signature)
  })
}

const AT = Date.UTC(2026, 0, 2, 3, 4, 5)
const FILE = Buffer.from('a recording')
const parcel: Parcel = {
  key: 'leg-1700000000-ab.mp3',
  contentType: 'audio/mpeg',
  octets: FILE.length,
  async *open() {
    yield FILE.subarray(0, 4)
    yield FILE.subarray(4)
  },
}

type Asked = OutboundRequest & { readonly sent: string }

/** Brings the parcel somewhere; what was asked, and what came of it. `answers` in turn, the last one for ever. */
async function bring(bucket: Bucket, answers: readonly (number | 'refused')[], json = '') {
  const asked: Asked[] = []
  const clock = new HandClock(AT)
  const http = {
    async request(request: OutboundRequest) {
      const pieces: Uint8Array[] = []
      for await (const piece of request.upload?.open() ?? []) pieces.push(piece)
      const sent = Buffer.concat([request.body ?? Buffer.alloc(0), ...pieces]).toString()
      const answer = answers[Math.min(asked.length, answers.length - 1)]!
      asked.push({ ...request, sent })
      if (answer === 'refused') return err({ type: 'refused-address' as const, host: 'h', reason: 'private' })
      const reply: OutboundReply = { status: answer, headers: {}, body: Buffer.from(json), truncated: false, url: '' }
      return ok(reply)
    },
  }
  let over = false
  const delivering = deliver(bucket, parcel, { http, clock }).finally(() => {
    over = true
  })
  await clock.until(() => over)
  return { asked, done: await delivering }
}

const s3: Bucket = {
  type: 's3',
  endpoint: null,
  region: 'eu-central-1',
  name: 'my.bucket',
  accessKeyId: 'id',
  secretAccessKey: 'secret',
}

test('S3 is found by its region, a store of its own kind by its endpoint', async () => {
  const aws = await bring(s3, [200])
  assert.equal(aws.asked[0]?.url, 'https://s3.eu-central-1.amazonaws.com/my.bucket/leg-1700000000-ab.mp3')
  assert.equal(aws.asked[0]?.sent, 'a recording')
  assert.deepEqual(aws.done, ok('s3://my.bucket/leg-1700000000-ab.mp3'))
  const china = await bring({ ...s3, region: 'cn-north-1' }, [200])
  assert.match(china.asked[0]!.url, /^https:\/\/s3\.cn-north-1\.amazonaws\.com\.cn\//)
  const own = await bring({ ...s3, endpoint: 'https://x.test/storage/v1/s3/' }, [200])
  assert.equal(own.asked[0]?.url, 'https://x.test/storage/v1/s3/my.bucket/leg-1700000000-ab.mp3')
})

test('a store that fails is asked three times, one that says no once', async () => {
  const failing = await bring(s3, [503], '<Error><Code>SlowDown</Code></Error>')
  assert.deepEqual(failing.done, err({ reason: 'status 503, SlowDown', again: true }))
  assert.equal(failing.asked.length, 3)
  assert.equal((await bring(s3, [500, 200])).done.ok, true)
  for (const answer of [403, 'refused', 301] as const) assert.equal((await bring(s3, [answer])).asked.length, 1)
})

test('Azure Blob Storage gets a block blob, signed with the account’s key', async () => {
  const accountKey = Buffer.from('the key').toString('base64')
  const { asked, done } = await bring({ type: 'azure', account: 'myaccount', accountKey, name: 'calls' }, [201])
  const url = 'https://myaccount.blob.core.windows.net/calls/leg-1700000000-ab.mp3'
  assert.deepEqual(done, ok(url))
  const { headers, ...request } = asked[0]!
  assert.deepEqual([request.method, request.url, request.sent], ['PUT', url, 'a recording'])
  assert.equal(headers['x-ms-blob-type'], 'BlockBlob')
  const text =
    'PUT\n\n\n11\n\naudio/mpeg\n\n\n\n\n\n\nx-ms-blob-type:BlockBlob\nx-ms-date:Fri, 02 Jan 2026 03:04:05 GMT\n' +
    'x-ms-version:2020-04-08\n/myaccount/calls/leg-1700000000-ab.mp3'
  const signature = createHmac('sha256', 'the key').update(text).digest('base64')
  assert.equal(headers.authorization, `SharedKey myaccount:${signature}`)
})

test('Google Cloud Storage gets the file with a token that the service account asked for', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const bucket: Bucket = {
    type: 'gcs',
    name: 'calls',
    clientEmail: 'a@b.iam.gserviceaccount.com',
    privateKey: pem,
    tokenUrl: 'https://oauth2.googleapis.com/token',
  }
  const { asked, done } = await bring(bucket, [200], '{"access_token":"ya29.c.token","expires_in":3599}')
  assert.deepEqual(done, ok('gs://calls/leg-1700000000-ab.mp3'))
  const form = new URLSearchParams(asked[0]!.sent)
  assert.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer')
  const [head = '', claims = '', signature = ''] = form.get('assertion')!.split('.')
  const given = Buffer.from(signature, 'base64url')
  assert.ok(verify('sha256', Buffer.from(`${head}.${claims}`), createPublicKey(privateKey), given))
  const said = JSON.parse(Buffer.from(claims, 'base64url').toString())
  assert.deepEqual([said.iss, said.aud, said.exp - said.iat], [bucket.clientEmail, bucket.tokenUrl, 3600])
  assert.equal(said.iat, Math.floor(AT / 1000))
  assert.equal(asked[1]?.url, 'https://storage.googleapis.com/calls/leg-1700000000-ab.mp3')
  assert.equal(asked[1]?.headers.authorization, 'Bearer ya29.c.token')
  assert.equal(asked[1]?.sent, 'a recording')
  assert.equal((await bring(bucket, [401], '{"error": "invalid_grant"}')).done.ok, false)
})
