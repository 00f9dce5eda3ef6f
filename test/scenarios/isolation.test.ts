// Two accounts on one switch. Generated from the table of routes, so that a new route is tried without anybody thinking of
// it: whoever asks for another account's thing is told exactly what an unknown id is told, and nothing changes; no list
// shows what is another's.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccountId } from '#base/ids.ts'
import type { AnyRoute } from '#http/route.ts'
import { insertRow } from '#storage/write.ts'
import type { TelnyxActor, TelnyxDoors } from '#telnyx/doors.ts'
import { telnyxMount } from '#telnyx/face.ts'
import { ACCOUNT, API_KEY, openScenario, type Scenario } from './house.ts'
import { sdkOf } from './sdk-in-house.ts'

const OTHER = 'f'.repeat(32) as AccountId
const OTHER_KEY = 'KEYffff_other'

const routes = telnyxMount({ clock: { nowMs: () => 0 }, requestsPerSecond: 0 } as unknown as TelnyxDoors, () => ({
  mp3: null,
  wav: null,
})).routes

/** What the other account owns, by the head of the paths it is reached by: its id, and one nobody has. */
type Things = Readonly<Record<string, readonly [id: string, unknown: string]>>

const UNKNOWN_UUID = '01900000-0000-7000-8000-000000000000'
const UNKNOWN_DECIMAL = '1234567890123456789'
const UNKNOWN_CALL = `v3:${'A'.repeat(22)}`

async function own(scenario: Scenario): Promise<Things> {
  const client = sdkOf(scenario)
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
      await client.calls.actions.answer(String(event.payload.call_control_id), {})
    return 200
  }
  await scenario.callIn('bob', 700)
  const call = String(scenario.event('call.initiated')!.payload.call_control_id)
  const room = (await client.conferences.create({ call_control_id: call, name: 'secret room' })).data!
  const participant = (await client.conferences.listParticipants(room.id)).data![0]!
  await client.queues.create({ queue_name: 'secret-queue' } as never)
  await scenario.callIn('carol', 900)
  const waiting = scenario.received.filter((one) => one.type === 'call.initiated').at(-1)!.payload
  await client.calls.actions.enqueue(String(waiting.call_control_id), { queue_name: 'secret-queue' })
  const { connectionId: connection_id } = scenario
  const credential = (await client.telephonyCredentials.create({ connection_id, name: 'secret login' })).data!
  const push = await scenario.rest('POST', '/v2/mobile_push_credentials', {
    type: 'ios',
    alias: 'secret push',
    certificate: 'c',
    private_key: 'k',
  })
  await client.siprecConnectors.create({ name: 'secret-recorder', host: 'h.test', port: 5060 })
  const login = { connection_name: 'secret desk', user_name: 'desk1234', password: 'longenough' }
  const desk = (await client.credentialConnections.create(login)).data!
  const pbx = (await client.ipConnections.create({ connection_name: 'secret pbx' })).data!
  const ip = (await client.ips.create({ ip_address: '127.0.0.77', connection_id: pbx.id! })).data!
  const site = (await client.fqdnConnections.create({ connection_name: 'secret site' })).data!
  const fqdn = (await client.fqdns.create({ fqdn: 'secret.test', dns_record_type: 'a', connection_id: site.id! })).data!
  const profile = (await client.outboundVoiceProfiles.create({ name: 'secret profile' })).data!
  const documents = (
    await client.texmlApplications.create({ friendly_name: 'secret documents', voice_url: 'http://app.test/secret' })
  ).data!
  const number = (await client.phoneNumbers.list()).data![0]!
  const order = (await client.numberOrders.create({ phone_numbers: [{ phone_number: '+13125550101' }] })).data!
  scenario.files.set('http://files.test/secret.wav', new Uint8Array(64))
  await client.media.upload({ media_url: 'http://files.test/secret.wav', media_name: 'secret-media' })
  const recording = '0190aaaa00007000800000000000aaaa'
  const recordingId = '0190aaaa-0000-7000-8000-00000000aaaa'
  await scenario.store.commit([
    insertRow('recording_transcriptions', {
      id: recording,
      account_id: ACCOUNT,
      recording_id: recording,
      state: 'completed',
      text: 'secret words',
      duration_ms: 1,
      created_at_ms: 1,
      updated_at_ms: 1,
    }),
  ])
  await client.calls.actions.startRecording(call, { format: 'wav', channels: 'single' })
  await scenario.clock.advance(1_000)
  await client.calls.actions.stopRecording(call, {})
  await scenario.clock.until(() => scenario.types().includes('call.recording.saved'))
  const recorded = (await client.recordings.list()).data![0]!
  await client.customStorageCredentials.create(connection_id, { backend: 's3', configuration: S3 })
  await scenario.clock.advance(5_000)
  const delivery = (await client.webhookDeliveries.list()).data![0]!
  return {
    '/calls/': [call, UNKNOWN_CALL],
    '/conferences/': [room.id, UNKNOWN_UUID],
    '/conferences/:conference_id/participants/': [participant.id, UNKNOWN_UUID],
    '/queues/': ['secret-queue', 'no-queue'],
    '/queues/:queue_name/calls/': [String(waiting.call_control_id), UNKNOWN_CALL],
    '/recordings/': [recorded.id!, UNKNOWN_UUID],
    '/recording_transcriptions/': [recordingId, UNKNOWN_UUID],
    '/call_control_applications/': [connection_id, UNKNOWN_DECIMAL],
    '/texml_applications/': [documents.id!, UNKNOWN_DECIMAL],
    '/connections/': [connection_id, UNKNOWN_DECIMAL],
    '/media/': ['secret-media', 'no-media'],
    '/custom_storage_credentials/': [connection_id, UNKNOWN_DECIMAL],
    '/telephony_credentials/': [credential.id!, UNKNOWN_UUID],
    '/mobile_push_credentials/': [push.json.data.id, UNKNOWN_UUID],
    '/siprec_connectors/': ['secret-recorder', 'no-recorder'],
    '/credential_connections/': [desk.id!, UNKNOWN_DECIMAL],
    '/ip_connections/': [pbx.id!, UNKNOWN_DECIMAL],
    '/fqdn_connections/': [site.id!, UNKNOWN_DECIMAL],
    '/ips/': [ip.id!, UNKNOWN_UUID],
    '/fqdns/': [fqdn.id!, UNKNOWN_UUID],
    '/outbound_voice_profiles/': [profile.id!, UNKNOWN_DECIMAL],
    '/phone_numbers/': [number.id!, UNKNOWN_DECIMAL],
    '/number_orders/': [order.id!, UNKNOWN_UUID],
    '/webhook_deliveries/': [delivery.id!, UNKNOWN_UUID],
  }
}

/** A body that fits a route’s schema, so that the id is what decides. */
function bodyFor(route: AnyRoute<TelnyxActor>, things: Things, which: 0 | 1): Record<string, unknown> {
  const named: Record<string, unknown> = {
    ...samples,
    connection_id: things['/connections/']![which],
    call_control_id: things['/calls/']![which],
    call_control_ids: [things['/calls/']![which]],
    ids: [things['/recordings/']![which]],
    connector_name: things['/siprec_connectors/']![which],
  }
  if (route.body === undefined) return {}
  // What a handler demands although its schema does not: one of several fields.
  const oneOf = demanded.find(([end]) => route.path.endsWith(end))?.[1] ?? []
  const body: Record<string, unknown> = Object.fromEntries(oneOf.map((name) => [name, named[name]]))
  for (let round = 0; round < 5; round++) {
    const parsed = route.body.safeParse(body)
    if (parsed.success) break
    for (const issue of parsed.error.issues) {
      const name = String(issue.path[0] ?? 'type')
      body[name] = named[name] ?? 'x'
    }
  }
  return body
}

const demanded: readonly (readonly [end: string, fields: readonly string[]])[] = [
  ['/bridge', ['call_control_id']],
  ['/playback_start', ['audio_url']],
  ['/play', ['audio_url']],
  ['/gather_using_audio', ['audio_url']],
  ['/media/:media_name', ['media_url']],
  ['/siprec_start', ['connector_name']],
  ['/streaming_start', ['stream_url']],
  ['/fork_start', ['rx', 'tx']],
]

const S3 = {
  backend: 's3',
  bucket: 'b',
  region: 'eu-central-1',
  aws_access_key_id: 'id',
  aws_secret_access_key: 'secret key',
} as const

const samples: Record<string, unknown> = {
  to: '+13125550188',
  from: '+15550111',
  payload: 'hello',
  voice: 'male',
  format: 'wav',
  channels: 'single',
  digits: '1',
  digit: '1',
  audio_url: 'http://files.test/x.wav',
  media_url: 'http://files.test/secret.wav',
  stream_url: 'ws://files.test/stream',
  rx: 'udp:127.0.0.1:4000',
  tx: 'udp:127.0.0.1:4001',
  host: 'h.test',
  port: 5060,
  name: 'x-name',
  supervisor_role: 'barge',
  role: 'barge',
  client_state: 'YQ==',
  cause: 'CALL_REJECTED',
  queue_name: 'secret-queue',
  max_size: 10,
  sip_address: 'sip:x@127.0.0.1',
  backend: 's3',
  configuration: S3,
  content_type: 'text/plain',
  body: 'x',
}

/** Refusals of the body, not of what it names. */
const aboutTheBody = new Set(['10004', '10003', '10020', '10023', '10025', '10026', '10032', '10033'])

test('what belongs to another account is what nobody knows, on every route, and stays as it was', async () => {
  const scenario = await openScenario({
    declared: {
      applications: [
        { name: 'demo', dialect: 'telnyx', webhook_url: 'http://app.test/webhook', caller_id: '+15550111' },
      ],
      numbers: [{ number: '+15550100', application: 'demo' }],
      available_numbers: ['+13125550101', '+13125550102'],
    },
  })
  await scenario.register.addAccount({ id: OTHER, name: 'other', createdAtWallMs: 0 })
  await scenario.register.addApiKey(OTHER, OTHER_KEY, 'other')
  const things = await own(scenario)
  const ask = async (key: string, method: string, path: string, body: unknown) => {
    const reply = await scenario.house.http.inject({
      method: method as 'GET',
      url: `/v2${path}`,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      payload: JSON.stringify(body),
    })
    return { status: reply.statusCode, text: reply.body }
  }
  const state = async () => {
    const kept: Record<string, unknown> = {}
    for (const table of [
      'applications',
      'numbers',
      'resources',
      'calls',
      'conferences',
      'participants',
      'recordings',
      'recording_transcriptions',
      'media_files',
      'queues',
      'outbox',
    ] as const) {
      kept[table] = await scenario.store.db.selectFrom(table).selectAll().where('account_id', '=', ACCOUNT).execute()
    }
    return JSON.stringify(kept)
  }
  const before = await state()
  const secrets = Object.values(things).map(([id]) => id)

  let tried = 0
  for (const route of routes) {
    if (route.path.endsWith('/*') || route.summary.endsWith('(not built)')) continue
    if (!route.path.includes(':')) continue
    const at = (which: 0 | 1, outer: 0 | 1): string => {
      let path = ''
      for (const part of route.path.slice(1).split('/')) {
        if (!part.startsWith(':')) path += `/${part}`
        else {
          const head = `${route.path.slice(0, route.path.indexOf(part))}`
          const thing = things[head]
          assert.ok(thing !== undefined, `${route.method} ${route.path}: this test owns nothing at ${head}`)
          const inner = route.path.lastIndexOf(':') === route.path.indexOf(part)
          path += `/${encodeURIComponent(thing[inner ? which : outer])}`
        }
      }
      return path
    }
    const asked = async (which: 0 | 1) => {
      const path = at(which, which)
      const reply = await ask(OTHER_KEY, route.method, path, bodyFor(route, things, which))
      let text = reply.text
      for (const pair of Object.values(things))
        for (const id of pair) text = text.replaceAll(id, 'ID').replaceAll(encodeURIComponent(id), 'ID')
      return { status: reply.status, text }
    }
    const theirs = await asked(0)
    const unknown = await asked(1)
    const where = `${route.method} ${route.path}`
    assert.deepEqual(theirs, unknown, where)
    // Commands answer 422 for an unknown call, everything else 404.
    assert.ok(
      theirs.status >= 400 || theirs.text.includes('"data":[]'),
      `${where} answered ${theirs.status} ${theirs.text}`,
    )
    for (const match of theirs.text.matchAll(/"code":"?(\d+)"?/g)) {
      assert.ok(!aboutTheBody.has(match[1]!), `${where}: the body of this test does not fit: ${theirs.text}`)
    }
    tried++
  }
  assert.ok(tried > 80, `${tried} routes tried`)

  for (const route of routes) {
    if (route.method !== 'GET' || route.path.includes(':') || route.path.includes('*')) continue
    const query = route.path === '/detail_records' ? '?filter%5Brecord_type%5D=call-control' : ''
    const reply = await ask(OTHER_KEY, 'GET', route.path + query, {})
    for (const secret of secrets) assert.ok(!reply.text.includes(secret), `${route.path} shows ${secret}`)
    assert.doesNotMatch(reply.text, /secret/, route.path)
  }
  // Nor may a body name what is another's.
  for (const [path, body] of [
    ['/calls', { connection_id: scenario.connectionId, from: '+15550111', to: '+13125550188' }],
    ['/conferences', { call_control_id: things['/calls/']![0], name: 'x' }],
    ['/telephony_credentials', { connection_id: scenario.connectionId }],
    ['/ips', { ip_address: '127.0.0.78', connection_id: things['/ip_connections/']![0] }],
    ['/fqdns', { fqdn: 'x.test', dns_record_type: 'a', connection_id: things['/fqdn_connections/']![0] }],
    ['/number_orders', { connection_id: scenario.connectionId, phone_numbers: [{ phone_number: '+13125550102' }] }],
    ['/recordings/actions/delete', { ids: [things['/recordings/']![0]] }],
    ['/ip_connections', { outbound: { outbound_voice_profile_id: things['/outbound_voice_profiles/']![0] } }],
  ] as const) {
    const reply = await ask(OTHER_KEY, 'POST', path, body)
    assert.ok(reply.status === 422 || reply.status === 404, `POST ${path} answered ${reply.status}`)
  }
  await scenario.house.engine.hall.durable()
  assert.equal(await state(), before)
  assert.equal((await ask(API_KEY, 'GET', `/calls/${encodeURIComponent(things['/calls/']![0])}`, {})).status, 200)
  await scenario.close()
})
