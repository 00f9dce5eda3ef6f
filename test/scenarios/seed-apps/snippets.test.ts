// Every call of the two SDK seed documents (telnyx-seed-apps §7), as they are printed, through the official SDK on the
// pretended network; what they cause arrives signed, and the SDK's own verifier takes it (§11 row 17).

import assert from 'node:assert/strict'
import { after, beforeEach, mock, test } from 'node:test'
import Telnyx from 'telnyx'
import { seededChance } from '#base/chance.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { RecordingServer } from '#testkit/recording-server.ts'
import { openScenario, type Received, rnnoise } from '../house.ts'
import { sdkOf } from '../sdk-in-house.ts'

await rnnoise.load()
const scenario = await openScenario({ requestsPerSecond: 100 })
const { clock } = scenario
const client = sdkOf(scenario)
const { actions } = client.calls
/** Events as the SDK's verifier gave them out. */
let told: Received[] = []
const unverified: string[] = []

scenario.onWebhook = async (event) => {
  try {
    const headers = { ...event.headers }
    const read = (await client.webhooks.unwrap(event.raw, { headers })) as unknown as { data: { event_type: string } }
    assert.equal(read.data.event_type, event.type)
    told.push(event)
  } catch (cause) {
    unverified.push(`${event.type}: ${cause}`)
  }
  if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
    await actions.answer(String(event.payload.call_control_id), {})
  return 200
}

beforeEach(() => {
  told = []
  // The verifier compares with the time of day, and the switch signs with its own clock's.
  mock.timers.reset()
  mock.timers.enable({ apis: ['Date'], now: clock.wallMs() })
})
after(async () => {
  mock.timers.reset()
  await scenario.close()
})

/** What the API promises for a command: a result that says ok, and nothing else (telnyx-voice §2). */
async function ok(command: PromiseLike<{ readonly data?: unknown }>): Promise<void> {
  assert.deepEqual((await command).data, { result: 'ok' })
}

interface Line {
  readonly leg: string
  readonly call: PhoneCall
}

let callers = 0

async function callIn(hz: number): Promise<Line> {
  const user = `caller${callers++}`
  const call = await scenario.callIn(user, hz)
  const look = () => told.find((one) => one.type === 'call.answered' && String(one.payload.from).includes(user))
  await clock.until(() => look() !== undefined)
  return { leg: String(look()!.payload.call_control_id), call }
}

async function event(type: string, leg: string): Promise<Received> {
  const look = () => told.find((one) => one.type === type && one.payload.call_control_id === leg)
  await clock.until(() => look() !== undefined)
  return look()!
}

test('update_client_state: every later event carries the new one', async () => {
  const { leg, call } = await callIn(700)
  assert.equal((await event('call.answered', leg)).payload.client_state, null)
  await ok(actions.updateClientState(leg, { client_state: 'aGF2ZSBhIG5pY2UgZGF5ID1d' }))
  call.hangUp()
  assert.equal((await event('call.hangup', leg)).payload.client_state, 'aGF2ZSBhIG5pY2UgZGF5ID1d')
})

test('refer: started, then completed when the far end got there', async () => {
  const { leg, call } = await callIn(700)
  const target = await scenario.phone('target')
  const caller = await scenario.phone('follower')
  call.onRefer = (referral) => void caller.follow(referral, target.address)
  await ok(actions.refer(leg, { sip_address: target.uri }))
  assert.equal((await event('call.refer.started', leg)).payload.sip_notify_response, 100)
  const completed = await event('call.refer.completed', leg)
  assert.equal(completed.payload.sip_notify_response, 200)
  for (const name of ['call_leg_id', 'call_session_id', 'connection_id', 'from', 'to'])
    assert.equal(typeof completed.payload[name], 'string', name)
  assert.equal(target.calls[0]!.state, 'up')
  await event('call.hangup', leg)
})

test('refer: started, then failed with the status that the far end gave', async () => {
  const { leg, call } = await callIn(700)
  call.onRefer = (referral) => {
    referral.report(100)
    referral.report(603)
  }
  await ok(
    actions.refer(leg, {
      sip_address: 'sip:username@sip.non-telnyx-address.com',
      client_state: 'aGF2ZSBhIG5pY2UgZGF5ID1d',
      command_id: '891510ac-f3e4-11e8-af5b-de00688a4901',
      custom_headers: [{ name: 'head_1', value: 'val_1' }],
      sip_auth_username: 'sip_auth_username',
      sip_auth_password: 'sip_auth_password',
      sip_headers: [{ name: 'User-to-User', value: '12345' }],
    }),
  )
  const failed = await event('call.refer.failed', leg)
  assert.deepEqual([failed.payload.sip_notify_response, failed.payload.client_state], [603, 'aGF2ZSBhIG5pY2UgZGF5ID1d'])
  assert.equal(call.state, 'up')
  call.hangUp()
  await event('call.hangup', leg)
})

test('send_dtmf: every digit and pause of the example arrives, letters too', async () => {
  const { leg, call } = await callIn(700)
  await ok(actions.sendDtmf(leg, { digits: '1www2WABCDw9' }))
  await clock.until(() => call.party.digits === '12ABCD9')
  call.hangUp()
  await event('call.hangup', leg)
})

test('start and stop noise suppression: an empty body will do', async () => {
  const { leg, call } = await callIn(700)
  await ok(actions.startNoiseSuppression(leg, {}))
  await clock.advance(500)
  await ok(actions.stopNoiseSuppression(leg, {}))
  // Clients that leave an empty object out altogether mean the same.
  await ok(actions.startNoiseSuppression(leg, undefined as never))
  await ok(actions.stopNoiseSuppression(leg, undefined as never))
  call.hangUp()
  await event('call.hangup', leg)
})

test('start and stop SIPREC: nothing but the account’s only connector; started, stopped, and failed when nobody answers', async () => {
  const { leg, call } = await callIn(700)
  const { net } = scenario
  await assert.rejects(async () => actions.startSiprec(leg, {}), Telnyx.UnprocessableEntityError)
  const server = await RecordingServer.open({ clock, chance: seededChance(5), datagrams: net, streams: net })
  await client.siprecConnectors.create({ name: 'recorder', ...server.address })
  await ok(actions.startSiprec(leg, {}))
  const started = await event('siprec.started', leg)
  assert.equal(typeof started.payload.call_session_id, 'string')
  await clock.advance(1000)
  assert.equal(server.recordings.length, 1)
  await ok(actions.stopSiprec(leg, {}))
  assert.equal((await event('siprec.stopped', leg)).payload.hangup_cause, 'normal_clearing')
  server.close()
  await ok(actions.startSiprec(leg, {}))
  assert.match(String((await event('siprec.failed', leg)).payload.failure_cause), /^[a-z_]+$/)
  await client.siprecConnectors.delete('recorder')
  call.hangUp()
  await event('call.hangup', leg)
})

test('switch_supervisor_role: to barge, and both sides hear the supervisor; to whisper and monitor', async () => {
  const [customer, agent] = [await callIn(700), await callIn(900)]
  await ok(actions.bridge(customer.leg, { call_control_id_to_bridge_with: agent.leg }))
  const phone = await scenario.phone('boss')
  const dialled = await client.calls.dial({
    connection_id: scenario.connectionId,
    from: '+15550100',
    to: phone.uri,
    supervise_call_control_id: customer.leg,
    supervisor_role: 'monitor',
  })
  await clock.until(() => phone.calls[0]?.state === 'up')
  const boss = phone.calls[0]!
  boss.party.hum(1200)
  const heard = async () => {
    await clock.advance(2000)
    return [customer.call, agent.call].map(({ party }) => party.hears([1200]).length)
  }
  assert.deepEqual(await heard(), [0, 0])
  for (const [role, hears] of [
    ['barge', [1, 1]],
    ['whisper', [1, 0]],
    ['monitor', [0, 0]],
  ] as const) {
    await ok(actions.switchSupervisorRole(dialled.data!.call_control_id, { role }))
    assert.deepEqual(await heard(), hears, role)
  }
  for (const call of [boss, customer.call]) call.hangUp()
  await event('call.hangup', agent.leg)
})

test('mobile push credentials: created for both systems, listed page by page, retrieved, deleted', async () => {
  const { mobilePushCredentials: credentials } = client
  const ios = await credentials.create({
    createMobilePushCredentialRequest: {
      type: 'ios',
      alias: 'LucyIosCredential',
      certificate: '-----BEGIN CERTIFICATE----- MIIGVDCCBTKCAQEAsNlRJVZn9ZvXcECQm65czs... -----END CERTIFICATE-----',
      private_key:
        '-----BEGIN RSA PRIVATE KEY----- MIIEpQIBAAKCAQEAsNlRJVZn9ZvXcECQm65czs... -----END RSA PRIVATE KEY-----',
    },
  })
  await clock.advance(10)
  const android = await credentials.create({
    createMobilePushCredentialRequest: {
      type: 'android',
      alias: 'LucyAndroidCredential',
      project_account_json_file: {
        private_key: 'BBBB0J56jd8kda:APA91vjb11BCjvxx3Jxja...',
        client_email: 'a@b.example',
      },
    },
  })
  for (const { data } of [ios, android]) {
    assert.equal(data!.record_type, 'push_credential')
    for (const name of ['alias', 'created_at', 'id', 'type', 'updated_at'] as const)
      assert.equal(typeof data![name], 'string', name)
  }
  const seen: string[] = []
  for await (const one of credentials.list({ 'page[size]': 1 })) seen.push(one.id)
  assert.deepEqual(seen, [android.data!.id, ios.data!.id])
  assert.equal((await credentials.retrieve(ios.data!.id)).data!.alias, 'LucyIosCredential')
  await credentials.delete(ios.data!.id)
  await credentials.delete(android.data!.id)
  assert.deepEqual((await credentials.list()).data, [])
})

test('telephony credentials: created, listed page by page, retrieved, updated with nothing, deleted and shown', async () => {
  const { telephonyCredentials: credentials } = client
  const { connectionId: connection_id } = scenario
  const expires_at = '2027-01-01T00:00:00Z'
  const created = (await credentials.create({ connection_id, name: 'lucy', tag: 'web', expires_at })).data!
  await clock.advance(10)
  const second = (await credentials.create({ connection_id })).data!
  assert.equal(created.record_type, 'credential')
  assert.equal(created.expired, false)
  assert.equal(created.resource_id, `connection:${connection_id}`)
  for (const name of ['created_at', 'expires_at', 'sip_password', 'sip_username', 'updated_at', 'user_id'] as const)
    assert.equal(typeof created[name], 'string', name)
  const seen: string[] = []
  for await (const one of credentials.list({ 'page[size]': 1 })) seen.push(one.id!)
  assert.deepEqual(seen, [second.id, created.id])
  assert.equal((await credentials.retrieve(created.id!)).data!.name, 'lucy')
  const unchanged = (await credentials.update(created.id!, {})).data!
  assert.deepEqual([unchanged.name, unchanged.sip_username], ['lucy', created.sip_username])
  assert.equal(
    (await credentials.update(created.id!, { name: 'renamed', connection_id, expires_at })).data!.name,
    'renamed',
  )
  const deleted = (await credentials.delete(created.id!)).data!
  assert.deepEqual([deleted.id, deleted.record_type, deleted.name], [created.id, 'credential', 'renamed'])
  await credentials.delete(second.id!)
})

/** A request that fails: the SDK's own class for its status, and the code. */
async function fails(asked: PromiseLike<unknown>, type: new (...args: never[]) => Error, code: string): Promise<void> {
  const failure = await Promise.resolve(asked).then(
    () => null,
    (error: unknown) => error as { error: { errors: { code: string }[] } },
  )
  assert.ok(failure instanceof type, `${failure} is no ${type.name}`)
  assert.equal(failure.error.errors[0]!.code, code)
}

test('the errors the documents speak of are the classes the SDK has for them', async () => {
  const stranger = sdkOf(scenario, 'KEY_nobody')
  await fails(stranger.telephonyCredentials.list(), Telnyx.AuthenticationError, '10009')
  const forbidden = client.calls.dial({
    connection_id: scenario.connectionId,
    from: '+15550100',
    to: 'sip:somebody@192.0.2.1',
  })
  await fails(forbidden, Telnyx.PermissionDeniedError, '10010')
  const nowhere = '6a09cdc3-8948-47f0-aa62-74ac943d6c58'
  await fails(client.telephonyCredentials.retrieve(nowhere), Telnyx.NotFoundError, '10005')
  await fails(client.mobilePushCredentials.retrieve(nowhere), Telnyx.NotFoundError, '10005')
  await fails(actions.sendDtmf('v3:nobody', { digits: '1' }), Telnyx.UnprocessableEntityError, '90015')
  await fails(client.telephonyCredentials.create({ connection_id: '1' }), Telnyx.UnprocessableEntityError, '10017')
  await fails(
    client.mobilePushCredentials.create({ createMobilePushCredentialRequest: { type: 'ios' } } as never),
    Telnyx.UnprocessableEntityError,
    '10004',
  )
  const many = Array.from({ length: 1100 }, () =>
    client.telephonyCredentials.list().then(
      () => null,
      (error: InstanceType<typeof Telnyx.RateLimitError>) => error,
    ),
  )
  const limited = (await Promise.all(many)).filter((error) => error !== null)
  assert.ok(limited.length > 0 && limited.every((error) => error instanceof Telnyx.RateLimitError))
  assert.match(limited[0]!.headers.get('retry-after')!, /^\d+$/)
  await clock.advance(10_000)
})

test('the SDK verified every event of this file', () => {
  assert.deepEqual(unverified, [])
})
