// Voice v1 with the official SDK (twilio-voice §7.7): what customers keep of carriers and networks, and which countries
// they may call.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { AccountId, CallId } from '#base/ids.ts'
import { ACCOUNT } from './house.ts'
import { APP, openTwilioScenario, SID, TOKEN, TWILIO_NUMBER, twiml } from './twilio-app.ts'
import { ACCOUNT_SID, openTwilioHouse, refuses, type TwilioHouse } from './twilio-house.ts'

let house: TwilioHouse
let origin = ''

before(async () => {
  house = await openTwilioHouse({
    baseUrl: () => origin,
    declared: {
      users: [{ username: 'alice', password: 'secret' }],
      trunks: [{ name: 'world', match: '^\\+', uri: 'sip:carrier.test' }],
    },
  })
  origin = house.base
})
after(() => house.close())

const call = (to: string, client = house.client) =>
  client.calls.create({ to, from: '+15550177', twiml: '<Response><Hangup/></Response>' })

test('V1-01, V1-02, FMT-02: a BYOC trunk and the policy it names are made, changed and deleted', async () => {
  const { voice } = house.client
  const policy = await voice.v1.connectionPolicies.create({ friendlyName: 'both sites' })
  assert.match(policy.sid, /^NY[0-9a-f]{32}$/)
  assert.equal(policy.links.targets, `${origin}/v1/ConnectionPolicies/${policy.sid}/Targets`)
  const made = await voice.v1.byocTrunks.create({
    friendlyName: 'carrier',
    voiceUrl: 'http://app.test/voice',
    statusCallbackUrl: 'http://app.test/status',
    cnamLookupEnabled: true,
    connectionPolicySid: policy.sid,
  })
  assert.match(made.sid, /^BY[0-9a-f]{32}$/)
  assert.deepEqual(
    [made.accountSid, made.friendlyName, made.voiceUrl, made.voiceMethod, made.statusCallbackUrl],
    [ACCOUNT_SID, 'carrier', 'http://app.test/voice', 'POST', 'http://app.test/status'],
  )
  assert.deepEqual(
    [made.cnamLookupEnabled, made.connectionPolicySid, made.fromDomainSid, made.url],
    [true, policy.sid, null, `${origin}/v1/ByocTrunks/${made.sid}`],
  )
  const raw = await house.raw('GET', `/v1/ByocTrunks/${made.sid}`)
  assert.match(raw.json.date_created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.ok(!Number.isNaN(made.dateCreated.getTime()))
  const changed = await voice.v1.byocTrunks(made.sid).update({ voiceUrl: '', voiceMethod: 'GET' })
  assert.deepEqual([changed.voiceUrl, changed.voiceMethod, changed.friendlyName], [null, 'GET', 'carrier'])
  await refuses(voice.v1.byocTrunks.create({ connectionPolicySid: `NY${'0'.repeat(32)}` }), 400, 20001)
  await refuses(voice.v1.byocTrunks.create({ voiceUrl: 'ftp://app.test' }), 400, 22105)
  assert.equal(await voice.v1.connectionPolicies(policy.sid).remove(), true)
  assert.equal((await voice.v1.byocTrunks(made.sid).fetch()).connectionPolicySid, null)
  assert.equal(await voice.v1.byocTrunks(made.sid).remove(), true)
  await refuses(voice.v1.byocTrunks(made.sid).fetch(), 404, 20404)
  assert.deepEqual(await voice.v1.byocTrunks.list(), [])
})

test('V1-02: targets stand below their policy, by priority and weight, and go with it', async () => {
  const { voice } = house.client
  const policy = await voice.v1.connectionPolicies.create({})
  const renamed = await voice.v1.connectionPolicies(policy.sid).update({ friendlyName: 'north' })
  assert.equal(renamed.friendlyName, 'north')
  const { targets } = voice.v1.connectionPolicies(policy.sid)
  const made = await targets.create({ target: 'sip:sbc.example.com' })
  assert.match(made.sid, /^NE[0-9a-f]{32}$/)
  assert.deepEqual(
    [made.connectionPolicySid, made.target, made.priority, made.weight, made.enabled],
    [policy.sid, 'sip:sbc.example.com', 10, 10, true],
  )
  assert.equal(made.url, `${origin}/v1/ConnectionPolicies/${policy.sid}/Targets/${made.sid}`)
  const changed = await targets(made.sid).update({ priority: 0, weight: 65_535, enabled: false })
  assert.deepEqual([changed.priority, changed.weight, changed.enabled], [0, 65_535, false])
  await refuses(targets.create({ target: 'sips:sbc.example.com' }), 400, 20001)
  await refuses(targets.create({ target: 'sip:a.example.com', weight: 0 }), 400, 20001)
  assert.equal((await targets.list()).length, 1)
  const other = await voice.v1.connectionPolicies.create({})
  await refuses(voice.v1.connectionPolicies(other.sid).targets(made.sid).fetch(), 404, 20404)
  assert.equal(await voice.v1.connectionPolicies(policy.sid).remove(), true)
  await refuses(targets.list(), 404, 20404)
  assert.equal(await voice.v1.connectionPolicies(other.sid).remove(), true)
})

test('V1-03: a network is recorded and mapped to a SIP domain', async () => {
  const { client } = house
  const { voice } = client
  const record = await voice.v1.ipRecords.create({ ipAddress: '198.51.100.0', cidrPrefixLength: 24 })
  assert.match(record.sid, /^IL[0-9a-f]{32}$/)
  assert.deepEqual([record.ipAddress, record.cidrPrefixLength, record.friendlyName], ['198.51.100.0', 24, null])
  assert.equal((await voice.v1.ipRecords(record.sid).update({ friendlyName: 'office' })).friendlyName, 'office')
  await refuses(voice.v1.ipRecords.create({ ipAddress: 'office' }), 400, 20001)
  const one = await client.sip.domains.create({ domainName: 'one.sip.twilio.com' })
  const two = await client.sip.domains.create({ domainName: 'two.sip.twilio.com' })
  const mapping = await voice.v1.sourceIpMappings.create({ ipRecordSid: record.sid, sipDomainSid: one.sid })
  assert.match(mapping.sid, /^IB[0-9a-f]{32}$/)
  assert.deepEqual([mapping.ipRecordSid, mapping.sipDomainSid], [record.sid, one.sid])
  await refuses(voice.v1.sourceIpMappings.create({ ipRecordSid: record.sid, sipDomainSid: two.sid }), 400, 20001)
  const moved = await voice.v1.sourceIpMappings(mapping.sid).update({ sipDomainSid: two.sid })
  assert.equal(moved.sipDomainSid, two.sid)
  assert.equal((await voice.v1.sourceIpMappings.list()).length, 1)
  assert.equal(await voice.v1.ipRecords(record.sid).remove(), true)
  await refuses(voice.v1.sourceIpMappings(mapping.sid).fetch(), 404, 20404)
})

test('PAGE-04, SDK-14: lists are walked by whole URLs, filters included', async () => {
  const { voice } = house.client
  for (const octet of [1, 2, 3, 4, 5]) await voice.v1.ipRecords.create({ ipAddress: `198.51.100.${octet}` })
  const listed = await voice.v1.ipRecords.list({ pageSize: 2 })
  assert.deepEqual(listed.map((one) => one.ipAddress.split('.')[3]).toSorted(), ['1', '2', '3', '4', '5'])
  const { json } = await house.raw('GET', '/v1/IpRecords?PageSize=2')
  assert.deepEqual(
    [json.meta.page, json.meta.page_size, json.meta.key, json.meta.previous_page_url],
    [0, 2, 'ip_records', null],
  )
  assert.ok(json.meta.next_page_url.startsWith(`${origin}/v1/IpRecords?PageSize=2&Page=1&PageToken=`))
  assert.equal(json.ip_records.length, 2)
  const countries = await house.raw('GET', '/v1/DialingPermissions/Countries?Continent=EUROPE&PageSize=1')
  assert.match(countries.json.meta.next_page_url, /Continent=EUROPE/)
  for (const one of listed) await voice.v1.ipRecords(one.sid).remove()
})

test('V1-04: countries are listed with their codes and continents, and all are allowed', async () => {
  const { countries } = house.client.voice.v1.dialingPermissions
  const all = await countries.list()
  assert.ok(all.length > 200)
  assert.ok(all.every((one) => one.lowRiskNumbersEnabled))
  const germany = await countries('DE').fetch()
  assert.deepEqual(
    [germany.name, germany.continent, germany.countryCodes, germany.lowRiskNumbersEnabled],
    ['Germany', 'EUROPE', ['+49'], true],
  )
  assert.deepEqual(await countries('DE').highriskSpecialPrefixes.list(), [])
  assert.deepEqual(
    (await countries.list({ countryCode: '1', continent: 'NORTH_AMERICA', isoCode: 'CA' })).map((one) => one.name),
    ['Canada'],
  )
  await refuses(countries('XX').fetch(), 404, 20404)
  await refuses(countries('XX').highriskSpecialPrefixes.list(), 404, 20404)
})

test('V1-04: a country that is switched off cannot be called (21215), one that is on again can', async () => {
  const { dialingPermissions } = house.client.voice.v1
  assert.equal((await call('+4930901820')).status, 'queued')
  const request = JSON.stringify([
    {
      iso_code: 'DE',
      low_risk_numbers_enabled: 'false',
      high_risk_special_numbers_enabled: 'false',
      high_risk_tollfraud_numbers_enabled: 'false',
    },
    { iso_code: 'fr', low_risk_numbers_enabled: false },
  ])
  const done = await dialingPermissions.bulkCountryUpdates.create({ updateRequest: request })
  assert.deepEqual([done.updateCount, done.updateRequest], [2, request])
  assert.equal((await dialingPermissions.countries('DE').fetch()).lowRiskNumbersEnabled, false)
  assert.deepEqual(
    (await dialingPermissions.countries.list({ lowRiskNumbersEnabled: false })).map((one) => one.isoCode),
    ['DE', 'FR'],
  )
  await refuses(call('+4930901820'), 400, 21215)
  assert.equal((await call('+442071838750')).status, 'queued')
  await refuses(dialingPermissions.bulkCountryUpdates.create({ updateRequest: 'all' }), 400, 20001)
  await refuses(dialingPermissions.bulkCountryUpdates.create({ updateRequest: '[{"iso_code":"XX"}]' }), 400, 20001)
  await dialingPermissions.bulkCountryUpdates.create({
    updateRequest: '[{"iso_code":"DE","low_risk_numbers_enabled":"true"}]',
  })
  assert.equal((await call('+4930901820')).status, 'queued')
})

test('V1-04: an account within another is judged by that one’s countries until its settings say otherwise', async () => {
  const { client } = house
  const sub = await client.api.v2010.accounts.create({})
  const own = house.as(sub.sid, sub.authToken)
  // Trunks are an account's own.
  const { register } = house.scenario
  const [world] = register.trunks()
  const id = sub.sid.slice(2) as AccountId
  assert.ok((await register.putTrunk({ ...world!, id: 'trunk-of-sub', account: id, name: 'sub' })).ok)
  assert.equal((await own.voice.v1.dialingPermissions.settings().fetch()).dialingPermissionsInheritance, true)
  await client.voice.v1.dialingPermissions.bulkCountryUpdates.create({
    updateRequest: '[{"iso_code":"JP","low_risk_numbers_enabled":"false"}]',
  })
  await refuses(call('+81312345678', own), 400, 21215)
  const settings = own.voice.v1.dialingPermissions.settings()
  const changed = await settings.update({ dialingPermissionsInheritance: false })
  assert.deepEqual([changed.dialingPermissionsInheritance, changed.url], [false, `${origin}/v1/Settings`])
  const raw = await house.raw('POST', '/v1/Settings', { form: '', auth: `${sub.sid}:${sub.authToken}` })
  assert.equal(raw.status, 202)
  assert.equal((await call('+81312345678', own)).status, 'queued')
  await refuses(call('+81312345678'), 400, 21215)
})

test('V1-04: a Dial into a country that is switched off fails, and the notifications say why (13227)', async () => {
  const scenario = await openTwilioScenario({
    declared: {
      applications: [{ name: 'demo', dialect: 'twilio', webhook_url: `${APP}/voice` }],
      numbers: [{ number: TWILIO_NUMBER, application: 'demo' }],
      trunks: [{ name: 'world', match: '^\\+', uri: 'sip:carrier.test' }],
    },
  })
  const form = { UpdateRequest: '[{"iso_code":"JP","low_risk_numbers_enabled":"false"}]' }
  const reply = await scenario.house.http.inject({
    method: 'POST',
    url: '/v1/DialingPermissions/BulkCountryUpdates',
    headers: {
      authorization: `Basic ${Buffer.from(`${SID}:${TOKEN}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    payload: new URLSearchParams(form).toString(),
  })
  assert.equal(reply.statusCode, 201)
  scenario.on('/voice', twiml('<Dial action="/after">+81312345678</Dial>'))
  scenario.on('/after', twiml('<Hangup/>'))
  await scenario.dialIn('caller', 400)
  const after = await scenario.untilAsked('/after')
  assert.equal(after.params.DialCallStatus, 'failed')
  await scenario.clock.advance(1_000)
  const { notifications } = (await scenario.api('GET', '/Notifications.json')).json
  assert.deepEqual(
    notifications.map((one: { error_code: string }) => one.error_code),
    ['13227'],
  )
  await scenario.close()
})

test('AUTH-02: what an account keeps below v1 is found by no other one', async () => {
  const { voice } = house.client
  const sub = await house.client.api.v2010.accounts.create({})
  const stranger = house.as(sub.sid, sub.authToken).voice.v1
  const trunk = await voice.v1.byocTrunks.create({ friendlyName: 'mine' })
  const policy = await voice.v1.connectionPolicies.create({})
  const target = await voice.v1.connectionPolicies(policy.sid).targets.create({ target: 'sip:sbc.example.com' })
  const record = await voice.v1.ipRecords.create({ ipAddress: '198.51.100.77' })
  await refuses(stranger.byocTrunks(trunk.sid).fetch(), 404, 20404)
  await refuses(stranger.byocTrunks(trunk.sid).update({ friendlyName: 'yours' }), 404, 20404)
  await refuses(stranger.byocTrunks.create({ connectionPolicySid: policy.sid }), 400, 20001)
  await refuses(stranger.connectionPolicies(policy.sid).remove(), 404, 20404)
  await refuses(stranger.connectionPolicies(policy.sid).targets(target.sid).fetch(), 404, 20404)
  await refuses(stranger.ipRecords(record.sid).remove(), 404, 20404)
  const lists = [
    await stranger.byocTrunks.list(),
    await stranger.connectionPolicies.list(),
    await stranger.ipRecords.list(),
  ]
  assert.deepEqual(lists, [[], [], []])
  assert.equal((await voice.v1.byocTrunks(trunk.sid).fetch()).friendlyName, 'mine')
})

test('V1-05: a call of a day is forgotten', async () => {
  const { client, scenario } = house
  const { archivedCalls } = client.voice.v1
  const alice = await scenario.phone('alice')
  const made = await call(alice.uri)
  const today = new Date(Math.floor(scenario.clock.wallMs()))
  await refuses(archivedCalls(today, made.sid).remove(), 400, 20409)
  await client.calls(made.sid).update({ status: 'completed' })
  await scenario.clock.until(() => scenario.house.engine.call(ACCOUNT, made.sid.slice(2) as CallId) === null)
  await refuses(archivedCalls(new Date(0), made.sid).remove(), 404, 20404)
  const yesterday = await house.raw('DELETE', `/v1/Archives/1999-12-31/Calls/${made.sid}`)
  assert.equal(yesterday.status, 404)
  assert.equal(await archivedCalls(today, made.sid).remove(), true)
  await refuses(client.calls(made.sid).fetch(), 404, 20404)
  const again = await house.raw('DELETE', `/v1/Archives/${today.toISOString().slice(0, 10)}/Calls/${made.sid}`)
  assert.equal(again.status, 404)
})

test('AUTH-01, AUTH-03, ERR-01: keys open v1 as well; what is not there says so in JSON', async () => {
  const key = await house.client.newKeys.create({ friendlyName: 'v1' })
  const { byocTrunks } = house.as(key.sid, key.secret, ACCOUNT_SID).voice.v1
  const made = await byocTrunks.create({})
  assert.equal((await house.client.voice.v1.byocTrunks(made.sid).fetch()).sid, made.sid)
  const unknown = await house.raw('GET', '/v1/ByocTrunks', { auth: null })
  assert.deepEqual([unknown.status, unknown.json.code], [401, 20003])
  const nothing = await house.raw('GET', '/v1/Trunks')
  assert.deepEqual([nothing.status, nothing.json.code], [404, 20404])
  const not = await house.raw('DELETE', '/v1/Settings')
  assert.deepEqual([not.status, not.json.code], [405, 20004])
})
