// Applications, numbers and caller ids over REST, with the official SDK (twilio-voice §7.5).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ApplicationId } from '#base/ids.ts'
import { ACCOUNT } from './house.ts'
import { ACCOUNT_SID, openTwilioHouse, refuses, type TwilioHouse } from './twilio-house.ts'

let house: TwilioHouse

before(async () => {
  house = await openTwilioHouse({
    declared: {
      applications: [
        {
          name: 'declared',
          dialect: 'twilio',
          webhook_url: 'http://app.test/declared',
          status_callback: 'http://app.test/s',
        },
        { name: 'other', dialect: 'telnyx', webhook_url: 'http://app.test/other' },
      ],
      numbers: [
        { number: '+15550100', application: 'declared' },
        { number: '+15550101', application: 'other' },
      ],
      available_numbers: ['+12125550170', '+18005550171', '+442079460172'],
    },
  })
})
after(() => house.close())

const program = (sid: string) => house.scenario.register.application(sid.slice(2) as ApplicationId)

test('APP-R1, TYP-07: applications are made, paged, filtered, looked up, changed and deleted', async () => {
  const { client } = house
  const made = await client.applications.create({
    friendlyName: 'ivr',
    voiceUrl: 'http://app.test/voice',
    voiceMethod: 'GET',
    voiceFallbackUrl: 'http://app.test/fallback',
    statusCallback: 'http://app.test/status',
    voiceCallerIdLookup: true,
    smsUrl: 'http://app.test/sms',
  })
  assert.match(made.sid, /^AP[0-9a-f]{32}$/)
  assert.deepEqual(
    [made.voiceMethod, made.voiceFallbackMethod, made.voiceCallerIdLookup, made.smsUrl, made.apiVersion],
    ['GET', 'POST', true, 'http://app.test/sms', '2010-04-01'],
  )
  const { json } = await house.raw('GET', made.uri)
  assert.equal(typeof json.public_application_connect_enabled, 'boolean')
  assert.deepEqual(program(made.sid)?.extra.status_callback, 'http://app.test/status')
  assert.equal((await client.applications.list({ friendlyName: 'ivr' })).length, 1)
  assert.equal((await client.applications.list({ pageSize: 1 })).length, 2, 'the declared one and this one')
  const changed = await client.applications(made.sid).update({ voiceUrl: '', publicApplicationConnectEnabled: true })
  assert.deepEqual([changed.voiceUrl, changed.voiceFallbackUrl], [null, 'http://app.test/fallback'])
  assert.equal(program(made.sid)?.extra.public_application_connect_enabled, true)
  await refuses(client.applications(made.sid).update({ voiceUrl: 'ftp://x' }), 400, 22105)
  await refuses(client.applications(made.sid).update({ voiceMethod: 'PUT' }), 400, 21209)
  await refuses(client.applications.create({ friendlyName: 'x'.repeat(65) }), 400, 20001)
  assert.equal(await client.applications(made.sid).remove(), true)
  await refuses(client.applications(made.sid).fetch(), 404, 20404)
})

test('APP-R1: declared applications are there; hidden ones and those of the other language are not, on either side', async () => {
  const { client, scenario } = house
  const [declared, ...rest] = await client.applications.list()
  assert.deepEqual([declared?.friendlyName, declared?.statusCallback, rest], ['declared', 'http://app.test/s', []])
  const other = scenario.register.applications(ACCOUNT).find((one) => one.name === 'other')!
  await refuses(client.applications(`AP${other.id}`).fetch(), 404, 20404)
  await refuses(client.applications(`AP${ACCOUNT}`).fetch(), 404, 20404)
  await client.incomingPhoneNumbers.create({ phoneNumber: '+15550188', voiceUrl: 'http://app.test/hidden' })
  const theirs = await scenario.rest('GET', '/v2/connections')
  assert.deepEqual(
    theirs.json.data.map((one: { connection_name: string }) => one.connection_name),
    ['other'],
  )
  const numbers = await scenario.rest('GET', '/v2/phone_numbers')
  const connections = numbers.json.data.map((one: { phone_number: string; connection_name: string }) => [
    one.phone_number,
    one.connection_name,
  ])
  assert.deepEqual(connections.toSorted(), [
    ['+15550100', null],
    ['+15550101', 'other'],
    ['+15550188', null],
  ])
  const patched = await scenario.rest('PATCH', '/v2/phone_numbers/%2B15550188', { customer_reference: 'x' })
  assert.equal(patched.status, 200)
  assert.equal(scenario.register.number('+15550188')?.application, scenario.register.number('+15550188')?.id)
})

test('PN-01, PN-03, TYP-08: a number is registered with its own URL, whose hidden program has its id', async () => {
  const { client, scenario } = house
  const made = await client.incomingPhoneNumbers.create({
    phoneNumber: '(212) 555-0123',
    friendlyName: 'desk',
    voiceUrl: 'http://app.test/desk',
    statusCallback: 'http://app.test/ended',
    addressSid: 'AD1',
  })
  assert.match(made.sid, /^PN[0-9a-f]{32}$/)
  assert.deepEqual(
    [made.phoneNumber, made.friendlyName, made.voiceUrl, made.status, made.type, made.capabilities.voice],
    ['+12125550123', 'desk', 'http://app.test/desk', 'in-use', 'local', true],
  )
  assert.deepEqual([made.voiceApplicationSid, made.trunkSid, made.addressSid, made.beta], [null, null, 'AD1', false])
  const own = program(made.sid)
  assert.deepEqual([own?.dialect, own?.webhookUrl, own?.extra.role], ['twilio', 'http://app.test/desk', 'number'])
  assert.equal(own?.extra.status_callback, 'http://app.test/ended')
  assert.equal(scenario.register.number('+12125550123')?.application, own?.id)
  await refuses(client.incomingPhoneNumbers.create({ phoneNumber: '+12125550123' }), 400, 21422)
  await refuses(client.incomingPhoneNumbers.create({ phoneNumber: 'nobody' }), 400, 21421)
  await refuses(client.incomingPhoneNumbers.create({}), 400, 21421)
  assert.equal(await client.incomingPhoneNumbers(made.sid).remove(), true)
  assert.equal(scenario.register.number('+12125550123'), null)
  assert.equal(program(made.sid), null, 'its program is gone with it')
})

test('PN-02: an application goes before the number’s own URL, a trunk before both, and each clears the other', async () => {
  const { client, scenario } = house
  const routed = () => scenario.register.number('+12125550124')?.application ?? null
  const app = await client.applications.create({ friendlyName: 'a', voiceUrl: 'http://app.test/a' })
  const number = await client.incomingPhoneNumbers.create({
    phoneNumber: '+12125550124',
    voiceUrl: 'http://app.test/own',
    voiceApplicationSid: app.sid,
  })
  assert.deepEqual([number.voiceApplicationSid, number.voiceUrl], [app.sid, 'http://app.test/own'])
  assert.equal(routed(), app.sid.slice(2))
  const one = client.incomingPhoneNumbers(number.sid)
  await one.update({ voiceUrl: 'http://app.test/own2' })
  assert.equal(routed(), app.sid.slice(2))
  await one.update({ voiceApplicationSid: '' })
  assert.equal(routed(), number.sid.slice(2))
  await one.update({ friendlyName: 'same way' })
  assert.equal(routed(), number.sid.slice(2))
  await one.update({ voiceUrl: '' })
  assert.equal(routed(), null)
  await one.update({ voiceApplicationSid: app.sid })
  const trunked = await one.update({ trunkSid: `TK${'1'.repeat(32)}` })
  assert.deepEqual([trunked.voiceApplicationSid, trunked.trunkSid, routed()], [null, `TK${'1'.repeat(32)}`, null])
  const back = await one.update({ voiceApplicationSid: app.sid })
  assert.deepEqual([back.voiceApplicationSid, back.trunkSid], [app.sid, null])
  await refuses(one.update({ voiceApplicationSid: `AP${'0'.repeat(32)}` }), 400, 22108)
})

test('PN-01, PN-04: lists by type and part of the number; a number by area code comes from the pool', async () => {
  const { client } = house
  const free = await client.incomingPhoneNumbers.tollFree.create({ phoneNumber: '+18885550155' })
  assert.equal((await client.incomingPhoneNumbers(free.sid).fetch()).type, 'toll-free')
  await client.incomingPhoneNumbers.mobile.create({ phoneNumber: '+15550177' })
  const found = async (filters: object) =>
    (await client.incomingPhoneNumbers.list(filters)).map((one) => one.phoneNumber)
  assert.deepEqual(await found({ phoneNumber: '888555' }), ['+18885550155'])
  assert.deepEqual(await found({ phoneNumber: '+1555017*' }), ['+15550177'])
  assert.deepEqual(await found({ friendlyName: '+15550100' }), ['+15550100'])
  assert.deepEqual(await found({ beta: true }), [])
  assert.equal((await client.incomingPhoneNumbers.mobile.list())[0]?.phoneNumber, '+15550177')
  assert.equal((await client.incomingPhoneNumbers.tollFree.list()).length, 1)
  const picked = await client.incomingPhoneNumbers.create({ areaCode: '212' })
  assert.equal(picked.phoneNumber, '+12125550170')
  await refuses(client.incomingPhoneNumbers.create({ areaCode: '212' }), 400, 21452)
})

test('PN-05: what may be had is the configured pool, by country and type', async () => {
  const { client } = house
  const countries = await client.availablePhoneNumbers.list()
  assert.deepEqual(countries.map((one) => one.countryCode).sort(), ['GB', 'US'])
  const local = await client.availablePhoneNumbers('GB').local.list({ contains: '20794' })
  assert.equal(local[0]?.phoneNumber, '+442079460172')
  assert.deepEqual(await client.availablePhoneNumbers('FR').mobile.list(), [])
  await refuses(client.availablePhoneNumbers('FR').fetch(), 404, 20404)
})

test('PN-01, AUTH-02: a number moves to an account one owns, and its calls go with it', async () => {
  const { client, scenario } = house
  const sub = await client.api.v2010.accounts.create({})
  const number = await client.incomingPhoneNumbers.create({ phoneNumber: '+15550190', voiceUrl: 'http://app.test/x' })
  const moved = await client.incomingPhoneNumbers(number.sid).update({ accountSid: sub.sid })
  assert.equal(moved.accountSid, sub.sid)
  assert.equal(program(number.sid)?.account, sub.sid.slice(2))
  assert.equal(scenario.register.number('+15550190')?.account, sub.sid.slice(2))
  await refuses(client.incomingPhoneNumbers(number.sid).fetch(), 404, 20404)
  const own = house.as(sub.sid, sub.authToken)
  assert.equal((await own.incomingPhoneNumbers.list())[0]?.sid, number.sid)
  await refuses(own.incomingPhoneNumbers(number.sid).update({ accountSid: ACCOUNT_SID }), 400, 20001)
  await refuses(own.applications(`AP${sub.sid.slice(2)}`).fetch(), 404, 20404)
})

test('OC-01: caller ids are verified at once, listed, renamed and given up', async () => {
  const { client } = house
  const asked = await client.validationRequests.create({ phoneNumber: '+442079460001', friendlyName: 'mine' })
  assert.match(asked.validationCode, /^\d{6}$/)
  const [one] = await client.outgoingCallerIds.list({ phoneNumber: '+442079460001' })
  assert.match(one?.sid ?? '', /^PN[0-9a-f]{32}$/)
  assert.equal((await client.outgoingCallerIds(one!.sid).update({ friendlyName: 'ours' })).friendlyName, 'ours')
  await refuses(client.validationRequests.create({ phoneNumber: '+442079460001' }), 400, 21450)
  assert.equal(await client.outgoingCallerIds(one!.sid).remove(), true)
  assert.deepEqual(await client.outgoingCallerIds.list(), [])
})
