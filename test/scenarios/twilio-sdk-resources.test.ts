// Every resource method of the official SDK that other tests pass by: kept things looked up, changed, listed and removed.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openTwilioHouse, refuses, type TwilioHouse } from './twilio-house.ts'

let house: TwilioHouse

before(async () => {
  house = await openTwilioHouse()
})
after(() => house.close())

test('SM-01, SM-02, CLS-01, ACL-01: mappings and lists are looked up, listed and removed, one by one', async () => {
  const { client } = house
  const domain = (await client.sip.domains.create({ domainName: 'desk.sip.twilio.com' })).sid
  const list = (await client.sip.credentialLists.create({ friendlyName: 'people' })).sid
  assert.equal((await client.sip.credentialLists(list).fetch()).friendlyName, 'people')
  const credential = await client.sip
    .credentialLists(list)
    .credentials.create({ username: 'kate', password: 'Sup3rSecretWord' })
  const access = (await client.sip.ipAccessControlLists.create({ friendlyName: 'places' })).sid
  assert.equal((await client.sip.ipAccessControlLists(access).fetch()).friendlyName, 'places')
  const renamed = await client.sip.ipAccessControlLists(access).update({ friendlyName: 'sites' })
  assert.equal(renamed.friendlyName, 'sites')
  const address = await client.sip
    .ipAccessControlLists(access)
    .ipAddresses.create({ friendlyName: 'one', ipAddress: '192.0.2.1' })
  assert.equal((await client.sip.ipAccessControlLists(access).ipAddresses(address.sid).fetch()).ipAddress, '192.0.2.1')

  const at = client.sip.domains(domain)
  await at.auth.calls.credentialListMappings.create({ credentialListSid: list })
  await at.auth.calls.ipAccessControlListMappings.create({ ipAccessControlListSid: access })
  await at.auth.registrations.credentialListMappings.create({ credentialListSid: list })
  assert.equal((await client.sip.domains(domain).auth.calls.credentialListMappings(list).fetch()).sid, list)
  assert.equal((await client.sip.domains(domain).auth.calls.ipAccessControlListMappings.list()).length, 1)
  assert.equal((await client.sip.domains(domain).auth.registrations.credentialListMappings(list).fetch()).sid, list)
  assert.equal((await client.sip.domains(domain).credentialListMappings(list).fetch()).sid, list)
  assert.equal((await client.sip.domains(domain).ipAccessControlListMappings.list())[0]?.sid, access)
  assert.ok(await client.sip.domains(domain).ipAccessControlListMappings(access).remove())
  assert.equal((await client.sip.domains(domain).ipAccessControlListMappings.list()).length, 0)
  await at.auth.calls.ipAccessControlListMappings.create({ ipAccessControlListSid: access })
  assert.ok(await client.sip.domains(domain).auth.calls.ipAccessControlListMappings(access).remove())
  assert.ok(await client.sip.credentialLists(list).credentials(credential.sid).remove())
  await refuses(client.sip.credentialLists(list).credentials(credential.sid).fetch(), 404, 20404)
})

test('KEY-01, OC-01, PN-01, PN-05: keys, caller ids and numbers by every path', async () => {
  const { client } = house
  const key = await client.newSigningKeys.create({ friendlyName: 'ci' })
  assert.equal((await client.signingKeys(key.sid).fetch()).friendlyName, 'ci')
  assert.equal((await client.signingKeys(key.sid).update({ friendlyName: 'build' })).friendlyName, 'build')
  assert.ok(await client.signingKeys(key.sid).remove())
  await refuses(client.signingKeys(key.sid).fetch(), 404, 20404)
  await client.validationRequests.create({ phoneNumber: '+12125550177', friendlyName: 'mine' })
  const [caller] = await client.outgoingCallerIds.list()
  assert.equal((await client.outgoingCallerIds(caller!.sid).fetch()).phoneNumber, '+12125550177')
  const number = await client.incomingPhoneNumbers.local.create({ phoneNumber: '+12125550178' })
  assert.equal(number.phoneNumber, '+12125550178')
  assert.deepEqual(await client.availablePhoneNumbers('US').machineToMachine.list(), [])
  assert.deepEqual(await client.availablePhoneNumbers('US').national.list(), [])
  assert.deepEqual(await client.availablePhoneNumbers('US').sharedCost.list(), [])
  assert.deepEqual(await client.availablePhoneNumbers('US').voip.list(), [])
})
