// A connection's own storage (telnyx-voice §11.4, §12.6) with the official SDK, against a store on a real socket that
// checks signatures as S3 does and keeps what it is given.

import assert from 'node:assert/strict'
import { createHash, createHmac, generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { decodeWav } from '#audio/wav.ts'
import { openScenario, type Scenario } from './house.ts'
import { fails, sdkOf } from './sdk-in-house.ts'

const SECRET = 'wJalrXUtnFEMI/K7MDENG'
const HUM_HZ = 700
const objects = new Map<string, Buffer>()
let asked = 0

/** The signature this request should carry, from what came over the wire alone. */
function expected(request: IncomingMessage, body: Buffer): string {
  const [, date, region, names] =
    /^AWS4-HMAC-SHA256 Credential=AKID\/(\d{8})\/([^/]+)\/s3\/aws4_request,\s*SignedHeaders=([^,]+),/.exec(
      request.headers.authorization ?? '',
    )!
  const lines = names!.split(';').map((name) => `${name}:${request.headers[name]}\n`)
  const hash = createHash('sha256').update(body).digest('hex')
  const canonical = `${request.method}\n${request.url}\n\n${lines.join('')}\n${names}\n${hash}`
  const digest = createHash('sha256').update(canonical).digest('hex')
  const text = `AWS4-HMAC-SHA256\n${request.headers['x-amz-date']}\n${date}/${region}/s3/aws4_request\n${digest}`
  let key: Buffer = Buffer.from(`AWS4${SECRET}`)
  for (const part of [date!, region!, 's3', 'aws4_request', text]) key = createHmac('sha256', key).update(part).digest()
  return key.toString('hex')
}

const store = createServer(async (request, reply) => {
  asked++
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const body = Buffer.concat(pieces)
  const given = /Signature=([0-9a-f]{64})$/.exec(request.headers.authorization ?? '')?.[1]
  const holds = request.method === 'PUT' && given === expected(request, body)
  if (holds) objects.set(request.url!, body)
  reply.statusCode = holds ? 200 : 403
  reply.end(holds ? '' : '<Error><Code>SignatureDoesNotMatch</Code></Error>')
})
before(() => new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve)))
after(() => store.close())

const endpoint = () => `http://127.0.0.1:${(store.address() as AddressInfo).port}/prefix`
const generic = (secret = SECRET) =>
  ({
    backend: 's3-generic',
    bucket: 'calls',
    region: 'eu-1',
    endpoint: endpoint(),
    aws_access_key_id: 'AKID',
    aws_secret_access_key: secret,
  }) as const

/** Records a call for two seconds; what is told of it. */
async function record(scenario: Scenario, format: 'wav' | 'mp3', more: object = {}) {
  const client = sdkOf(scenario)
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated') await client.calls.actions.answer(String(event.payload.call_control_id), {})
    return 200
  }
  const call = await scenario.callIn(`caller${scenario.received.length}`, HUM_HZ)
  const started = scenario.received.filter((one) => one.type === 'call.initiated').at(-1)!.payload
  const leg = String(started.call_control_id)
  await client.calls.actions.startRecording(leg, { format, channels: 'single', ...more })
  await scenario.clock.advance(2_000)
  call.hangUp()
  const told = () =>
    scenario.received.find((one) => one.type === 'call.recording.saved' && one.payload.call_control_id === leg)
  await scenario.clock.until(() => told() !== undefined, 600_000)
  const { payload } = told()!
  return { payload, url: (payload.recording_urls as Record<string, string>)[format]!, leg: String(started.call_leg_id) }
}

test('recordings of a connection with its own storage lie there, signed for, and are told of by their URI', async () => {
  const scenario = await openScenario()
  const client = sdkOf(scenario)
  const { connectionId } = scenario
  await fails(client.customStorageCredentials.retrieve(connectionId), 404, '10005')
  const created = await client.customStorageCredentials.create(connectionId, {
    backend: 's3-generic',
    configuration: generic(),
  })
  assert.deepEqual(created, {
    record_type: 'custom_storage_credentials',
    connection_id: connectionId,
    data: { backend: 's3-generic', configuration: { ...generic(), aws_secret_access_key: '[hidden]' } },
  })
  assert.deepEqual(await client.customStorageCredentials.retrieve(connectionId), created)
  const rows = await scenario.store.db.selectFrom('resources').selectAll().execute()
  assert.ok(!JSON.stringify(rows).includes(SECRET))

  const { payload, url, leg } = await record(scenario, 'wav')
  const beganS = Math.floor(Date.parse(String(payload.recording_started_at)) / 1000)
  assert.match(url, new RegExp(`^s3://calls/${leg}-${beganS}-[0-9a-f]{12}\\.wav$`))
  const wav = decodeWav(objects.get(url.replace('s3://', '/prefix/'))!)
  assert.ok(wav.ok)
  assert.ok(toneLevelDbov(wav.value.channels[0]!.subarray(1600, 9600), HUM_HZ, 8000) > -30)
  const resource = (await client.recordings.retrieve(String(payload.recording_id))).data!
  assert.deepEqual(resource.download_urls, { wav: url })
  // Nothing is left here.
  const kept = await scenario.store.db.selectFrom('recordings').selectAll().execute()
  for (const row of kept) {
    const { path } = JSON.parse(row.data)
    assert.equal((await scenario.disk.open(`/data/recordings/${path}`, 'read')).ok, false)
  }
  // A name of the customer's own; the object outlives the record.
  const named = await record(scenario, 'mp3', { custom_file_name: 'support' })
  assert.match(named.url, /^s3:\/\/calls\/support-\d+-[0-9a-f]{12}\.mp3$/)
  assert.ok(objects.has(named.url.replace('s3://', '/prefix/')))
  await client.recordings.delete(String(payload.recording_id))

  await client.customStorageCredentials.delete(connectionId)
  await fails(client.customStorageCredentials.retrieve(connectionId), 404, '10005')
  assert.match((await record(scenario, 'wav')).url, /^http:\/\/switch\.test\/downloads\//)
  await scenario.close()
})

test('a recording that the store does not take stays here, with our links', async () => {
  const scenario = await openScenario()
  const client = sdkOf(scenario)
  const { connectionId } = scenario
  await client.customStorageCredentials.create(connectionId, { backend: 's3-generic', configuration: generic('wrong') })
  asked = 0
  const refused = await record(scenario, 'wav')
  assert.equal(asked, 1)
  const download = async (url: string) =>
    scenario.house.http.inject({ method: 'GET', url: url.replace('http://switch.test', '') })
  assert.equal((await download(refused.url)).statusCode, 200)
  // Nobody there at all: three tries.
  await client.customStorageCredentials.update(connectionId, {
    backend: 's3-generic',
    configuration: { ...generic(), endpoint: 'http://unreachable.test/' },
  })
  assert.equal((await download((await record(scenario, 'wav')).url)).statusCode, 200)
  await scenario.close()
})

test('configurations that could not work are refused', async () => {
  const scenario = await openScenario()
  const client = sdkOf(scenario)
  const { connectionId } = scenario
  const { customStorageCredentials: credentials } = client
  const configuration = generic()
  await fails(credentials.create('1234567890123456789', { backend: 's3-generic', configuration }), 404, '10005')
  await fails(credentials.update(connectionId, { backend: 's3-generic', configuration }), 404, '10005')
  await fails(credentials.delete(connectionId), 404, '10005')
  await fails(credentials.create(connectionId, { backend: 'gcs', configuration }), 422, '10027')
  await fails(credentials.create(connectionId, { backend: 'gcs', configuration: { backend: 'gcs' } }), 422, '10004')
  const gcs = (credentialsText: string) =>
    ({ backend: 'gcs', configuration: { backend: 'gcs', bucket: 'b', credentials: credentialsText } }) as const
  await fails(credentials.create(connectionId, gcs('{"client_email":"a@b.c","private_key":"x"}')), 422, '10027')
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const private_key = pair.privateKey.export({ format: 'pem', type: 'pkcs8' })
  const made = await credentials.create(connectionId, gcs(JSON.stringify({ client_email: 'a@b.c', private_key })))
  assert.deepEqual(made.data.configuration, { backend: 'gcs', bucket: 'b', credentials: '[hidden]' })
  await fails(credentials.create(connectionId, { backend: 's3-generic', configuration }), 422, '10012')
  const azure = { backend: 'azure', bucket: 'b', account_name: 'acct', account_key: 'a2V5' } as const
  const changed = await credentials.update(connectionId, { backend: 'azure', configuration: azure })
  assert.deepEqual(changed.data.configuration, { ...azure, account_key: '[hidden]' })
  await scenario.close()
})
