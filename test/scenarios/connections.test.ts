// SIP connections made over the API, with the official SDK and telephones: they register, call in and out, ring, park, and
// keep to the limits of their channels and of their outbound voice profile (telnyx-voice §11.8).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { APP_URL, NUMBER, openScenario, type Scenario } from './house.ts'
import { fails, sdkOf } from './sdk-in-house.ts'

const HOOK = 'http://app.test/connection'

/** A house with a carrier for numbers with a plus, played by a telephone. */
async function open(rates: object[] = []) {
  const scenario = await openScenario({
    declared: {
      applications: [{ name: 'demo', dialect: 'telnyx', webhook_url: APP_URL, caller_id: '+15550111' }],
      numbers: [{ number: NUMBER, application: 'demo' }],
      trunks: [{ name: 'carrier', match: '^\\+', uri: 'sip:127.0.0.9:5090', allow_from: ['127.0.0.9'] }],
      rates,
    },
  })
  const carrier = await scenario.phone('carrier', { host: '127.0.0.9', port: 5090 })
  return { scenario, client: sdkOf(scenario), carrier }
}

async function registered(scenario: Scenario, user: string, password: string, status = 200) {
  const phone = await scenario.phone(user, { password })
  const registering = phone.register(scenario.sip)
  await scenario.clock.advance(500)
  assert.equal(await registering, status)
  return phone
}

const login = { connection_name: 'desk', user_name: 'desk1234', password: 'longenough' }

test('a credential connection registers, calls out by itself, is rung by its number, and is told of both', async () => {
  const { scenario, client, carrier } = await open()
  const made = (
    await client.credentialConnections.create({
      ...login,
      webhook_event_url: HOOK,
      outbound: { ani_override: '+15550123' },
    })
  ).data!
  assert.equal(made.record_type, 'credential_connection')
  assert.deepEqual([made.user_name, made.password, made.active], ['desk1234', 'longenough', true])
  assert.deepEqual(made.inbound!.timeout_2xx_secs, 90)
  await fails(client.credentialConnections.create(login), 422, '10012')

  const before = await client.credentialConnections.actions.checkRegistrationStatus(made.id!)
  assert.equal(before.data!.status, 'Not Registered')
  const desk = await registered(scenario, 'desk1234', 'longenough')
  const after = await client.credentialConnections.actions.checkRegistrationStatus(made.id!)
  assert.deepEqual(
    [after.data!.status, after.data!.transport, after.data!.port],
    ['Registered', 'UDP', desk.address.port],
  )

  // Out: the telephone dials, the carrier hears it and both talk.
  const out = await desk.call('+13125550188', scenario.sip)
  out.party.hum(700)
  await scenario.clock.until(() => out.state === 'up' && carrier.calls[0]?.state === 'up')
  carrier.calls[0]!.party.hum(900)
  await scenario.clock.until(() => String(out.party.hears([700, 900], 300)) === '900')
  await scenario.clock.until(() => String(carrier.calls[0]!.party.hears([700, 900], 300)) === '700')
  assert.match(carrier.calls[0]!.invite!.from!.uri.text, /15550123/)
  out.hangUp()
  await scenario.clock.until(() => carrier.calls[0]!.state === 'ended')
  const told = scenario.received.filter((one) => one.url === HOOK).map((one) => one.type)
  assert.equal(told.filter((type) => type === 'call.initiated').length, 2)
  assert.ok(told.includes('call.bridged') && told.includes('call.hangup'))

  // In: the number of the connection rings the telephone.
  const number = (await scenario.rest('GET', '/v2/phone_numbers')).json.data[0]
  const moved = await scenario.rest('PATCH', `/v2/phone_numbers/${number.id}`, { connection_id: made.id })
  assert.equal(moved.json.data.connection_id, made.id)
  const caller = await (await scenario.phone('bob')).call(NUMBER, scenario.sip)
  await scenario.clock.until(() => caller.state === 'up' && desk.calls.at(-1)!.state === 'up')
  caller.hangUp()
  await scenario.clock.until(() => desk.calls.at(-1)!.state === 'ended')

  // Nobody is there any more: the caller is told.
  assert.equal((await client.credentialConnections.delete(made.id!)).data!.id, made.id)
  await registered(scenario, 'desk1234', 'longenough', 401)
  await scenario.close()
})

test('a connection that parks its calls waits for commands; a busy telephone is told as busy', async () => {
  const { scenario, client, carrier } = await open()
  const { id } = (
    await client.credentialConnections.create({
      ...login,
      webhook_event_url: APP_URL,
      outbound: { call_parking_enabled: true },
    })
  ).data!
  const desk = await registered(scenario, 'desk1234', 'longenough')
  const out = await desk.call('+13125550188', scenario.sip)
  await scenario.clock.until(() => scenario.types().includes('call.initiated'))
  await scenario.clock.advance(2_000)
  const leg = scenario.event('call.initiated')!.payload.call_control_id as string
  assert.deepEqual([carrier.calls.length, out.state], [0, 'calling'])
  await client.calls.actions.answer(leg, {})
  await scenario.clock.until(() => out.state === 'up')
  out.hangUp()

  await client.credentialConnections.update(id!, { outbound: { call_parking_enabled: false } })
  carrier.onCall((call) => call.reject(486))
  const again = await desk.call('+13125550188', scenario.sip)
  await scenario.clock.until(() => again.end !== null)
  assert.equal(again.statuses.at(-1), 486)
  await scenario.close()
})

test('an IP connection: its address calls in without a password, its number goes to its address; both at once', async () => {
  const { scenario, client, carrier } = await open()
  const made = (await client.ipConnections.create({ connection_name: 'pbx', webhook_event_url: HOOK })).data!
  const ip = (await client.ips.create({ ip_address: '127.0.0.7', port: 5070, connection_id: made.id! })).data!
  assert.equal(ip.record_type, 'ip')
  await fails(client.ips.create({ ip_address: '127.0.0.7', connection_id: made.id! }), 422, '10012')
  const pbx = await scenario.phone('1001', { host: '127.0.0.7', port: 5070 })
  const out = await pbx.call('+13125550188', scenario.sip)
  await scenario.clock.until(() => out.state === 'up' && carrier.calls[0]?.state === 'up')
  out.hangUp()
  const number = (await scenario.rest('GET', '/v2/phone_numbers')).json.data[0]
  await scenario.rest('PATCH', `/v2/phone_numbers/${number.id}`, { connection_id: made.id })
  const caller = await carrier.call(NUMBER, scenario.sip)
  await scenario.clock.until(() => caller.state === 'up')
  assert.match(pbx.calls.at(-1)!.invite!.uriText, /^sip:\+15550100@127\.0\.0\.7/)
  caller.hangUp()
  await client.ips.delete(ip.id!)
  await scenario.clock.advance(1_000)
  // No address any more: it is a stranger on loopback again, and no number of ours is called.
  const late = await pbx.call('+13125550188', scenario.sip)
  await scenario.clock.until(() => late.end !== null)
  assert.equal(late.statuses.at(-1), 404)
  await scenario.close()
})

test('an FQDN connection: calls to its number go to its name', async () => {
  const { scenario, client } = await open()
  const made = (await client.fqdnConnections.create({ connection_name: 'site' })).data!
  const fqdn = (
    await client.fqdns.create({ fqdn: '127.0.0.8', dns_record_type: 'a', port: 5080, connection_id: made.id! })
  ).data!
  assert.deepEqual([fqdn.record_type, fqdn.port], ['fqdn', 5080])
  const site = await scenario.phone('site', { host: '127.0.0.8', port: 5080 })
  const number = (await scenario.rest('GET', '/v2/phone_numbers')).json.data[0]
  await scenario.rest('PATCH', `/v2/phone_numbers/${number.id}`, { connection_id: made.id })
  const caller = await (await scenario.phone('bob')).call(NUMBER, scenario.sip)
  await scenario.clock.until(() => caller.state === 'up' && site.calls[0]?.state === 'up')
  const listed = await client.connections.list({ filter: { fqdn: '127.0.0.8' } })
  assert.deepEqual(
    listed.data!.map((one) => [one.id, one.record_type]),
    [[made.id, 'fqdn_connection']],
  )
  assert.deepEqual((await client.connections.list()).data!.map((one) => one.record_type).sort(), [
    'call_control_application',
    'fqdn_connection',
  ])
  assert.equal((await client.callControlApplications.list()).data!.length, 1)
  await fails(client.callControlApplications.retrieve(made.id!), 404, '10005')
  await scenario.close()
})

test('an outbound voice profile: countries, window, use, calls at once and a day’s spending are enforced', async () => {
  const { scenario, client, carrier } = await open([{ prefix: '+1', per_minute: 0.5 }])
  const profile = (await client.outboundVoiceProfiles.create({ name: 'north america' })).data!
  assert.deepEqual(profile.whitelisted_destinations, ['US', 'CA'])
  const connection_id = scenario.connectionId
  await client.callControlApplications.update(connection_id, {
    application_name: 'demo',
    webhook_event_url: APP_URL,
    outbound: { outbound_voice_profile_id: profile.id! },
  })
  assert.equal((await client.outboundVoiceProfiles.retrieve(profile.id!)).data!.connections_count, 1)
  const dial = (to: string) => client.calls.dial({ connection_id, from: '+15550111', to })
  const change = (fields: object) => client.outboundVoiceProfiles.update(profile.id!, { name: 'n a', ...fields })

  await dial('+14165550188')
  await scenario.clock.until(() => carrier.calls[0]?.state === 'up')
  for (const to of ['+442079460000', '+18765550100', '+870773111632']) await fails(dial(to), 403, '10010')
  await change({ whitelisted_destinations: ['GB'] })
  await dial('+442079460000')
  await fails(dial('+14165550188'), 403, '10010')
  await change({ whitelisted_destinations: ['US', 'CA'], concurrent_call_limit: 2 })
  await fails(dial('+14165550188'), 422, '90042')
  await change({ concurrent_call_limit: null })
  await fails(client.outboundVoiceProfiles.delete(profile.id!), 422, '10021')

  await change({ enabled: false })
  await fails(dial('+14165550188'), 403, '10010')
  await change({ enabled: true, max_destination_rate: 0.1 })
  await fails(dial('+14165550188'), 403, '10010')
  await change({ max_destination_rate: null })
  const now = new Date(scenario.clock.wallMs())
  const time = (minutes: number) => new Date(now.getTime() + minutes * 60_000).toISOString().slice(11, 16)
  await change({ calling_window: { start_time: time(60), end_time: time(120) } })
  await fails(dial('+14165550188'), 403, '10010')
  await change({ calling_window: { start_time: time(-60), end_time: time(60), calls_per_cld: 2 } })
  await dial('+14165550188')
  await fails(dial('+14165550188'), 403, '10010')
  await change({ calling_window: { start_time: null, end_time: null } })

  // Two calls of half a unit a minute have lasted for a minute and more: what runs counts as well.
  await change({ daily_spend_limit: '1.00', daily_spend_limit_enabled: true })
  await dial('+13125550188')
  await scenario.clock.advance(90_000)
  await fails(dial('+13125550188'), 403, '10039')
  await change({ daily_spend_limit: '100.00' })
  await dial('+13125550188')
  await scenario.close()
})

test('channel limits of an application hold both ways', async () => {
  const { scenario, client } = await open()
  await client.callControlApplications.update(scenario.connectionId, {
    application_name: 'demo',
    webhook_event_url: APP_URL,
    inbound: { channel_limit: 1 },
    outbound: { channel_limit: 0 },
  })
  await fails(
    client.calls.dial({ connection_id: scenario.connectionId, from: '+15550111', to: '+13125550188' }),
    422,
    '90043',
  )
  const one = await (await scenario.phone('bob')).call(NUMBER, scenario.sip)
  await scenario.clock.until(() => scenario.types().includes('call.initiated'))
  const two = await (await scenario.phone('carol')).call(NUMBER, scenario.sip)
  await scenario.clock.until(() => two.end !== null)
  assert.equal(two.statuses.at(-1), 486)
  one.hangUp()
  await scenario.clock.until(() => scenario.types().includes('call.hangup'))
  assert.equal(scenario.types().filter((type) => type === 'call.initiated').length, 1)
  await scenario.close()
})

test('the login of a connection is called by its SIP address as far as its preference lets it', async () => {
  const { scenario, client } = await open()
  const { id } = (await client.credentialConnections.create(login)).data!
  const desk = await registered(scenario, 'desk1234', 'longenough')
  const bob = await scenario.phone('bob')
  const refused = await bob.call('desk1234', scenario.sip)
  await scenario.clock.until(() => refused.end !== null)
  assert.equal(refused.statuses.at(-1), 404)
  await client.credentialConnections.update(id!, { sip_uri_calling_preference: 'unrestricted' })
  const call = await bob.call('desk1234', scenario.sip)
  await scenario.clock.until(() => call.state === 'up' && desk.calls[0]?.state === 'up')
  await scenario.close()
})

test('refer_enabled decides whether a connection’s telephones may have calls transferred', async () => {
  const { scenario, client, carrier } = await open()
  carrier.onCall((call) => call.answer())
  const made = (await client.credentialConnections.create(login)).data! as { id?: string; refer_enabled?: boolean }
  assert.equal(made.refer_enabled, true, 'as for telephones of the configuration')
  const desk = await registered(scenario, 'desk1234', 'longenough')
  const third = await scenario.phone('third')
  for (const [refer_enabled, expected] of [
    [false, 403],
    [true, 200],
  ] as const) {
    const path = `/v2/credential_connections/${made.id}`
    assert.equal((await scenario.rest('PATCH', path, { refer_enabled })).json.data.refer_enabled, refer_enabled)
    const out = await desk.call('+13125550188', scenario.sip)
    await scenario.clock.until(() => out.state === 'up')
    await scenario.clock.advance(500)
    let status = 0
    void out.refer(third.uri).then((value) => {
      status = value
    })
    await scenario.clock.until(() => status !== 0)
    assert.equal(status, expected)
    if (out.state !== 'ended') out.hangUp()
    for (const call of third.calls) call.hangUp()
    await scenario.clock.advance(4000)
  }
  await scenario.close()
})
