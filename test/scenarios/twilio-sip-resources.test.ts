// SIP domains, credential lists, access lists and what is mapped to what, with the official SDK (twilio-voice §7.6).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ApplicationId } from '#base/ids.ts'
import { digestHa1 } from '#sip/digest.ts'
import { ACCOUNT_SID, openTwilioHouse, refuses, type TwilioHouse } from './twilio-house.ts'

let house: TwilioHouse

before(async () => {
  house = await openTwilioHouse()
})
after(() => house.close())

const PASSWORD = 'Sup3rSecretWord'

test('SD-01, SD-02, TYP-09: a domain is made with its URLs, changed, and deleted with its hidden program', async () => {
  const { client, scenario } = house
  const made = await client.sip.domains.create({
    domainName: 'Office.sip.twilio.com',
    friendlyName: 'office',
    voiceUrl: 'http://app.test/sip',
    voiceStatusCallbackUrl: 'http://app.test/done',
    sipRegistration: true,
  })
  assert.match(made.sid, /^SD[0-9a-f]{32}$/)
  assert.deepEqual(
    [
      made.domainName,
      made.authType,
      made.sipRegistration,
      made.secure,
      made.emergencyCallingEnabled,
      made.byocTrunkSid,
    ],
    ['office.sip.twilio.com', '', true, false, false, null],
  )
  assert.equal(made.voiceStatusCallbackUrl, 'http://app.test/done')
  assert.match(String(made.subresourceUris.credential_list_mappings), /\/CredentialListMappings\.json$/)
  const id = made.sid.slice(2) as ApplicationId
  const program = scenario.register.application(id)
  assert.deepEqual(
    [program?.extra.role, program?.webhookUrl, program?.extra.status_callback],
    ['domain', 'http://app.test/sip', 'http://app.test/done'],
  )
  assert.deepEqual(await client.applications.list(), [])
  const changed = await client.sip.domains(made.sid).update({ voiceUrl: '', voiceMethod: 'GET', secure: true })
  assert.deepEqual([changed.voiceUrl, changed.voiceMethod, changed.secure], [null, 'GET', true])
  assert.equal((await client.sip.domains.list()).length, 1)
  await refuses(client.sip.domains.create({ domainName: 'office.sip.twilio.com' }), 400, 21232)
  await refuses(client.sip.domains.create({ domainName: 'no host' }), 400, 20001)
  assert.equal(await client.sip.domains(made.sid).remove(), true)
  assert.equal(scenario.register.application(id), null)
  await refuses(client.sip.domains(made.sid).fetch(), 404, 20404)
})

test('SD-04: a domain’s name is taken for every account', async () => {
  const { client } = house
  const sub = await client.api.v2010.accounts.create({})
  await house.as(sub.sid, sub.authToken).sip.domains.create({ domainName: 'theirs.sip.twilio.com' })
  await refuses(client.sip.domains.create({ domainName: 'theirs.sip.twilio.com' }), 400, 21232)
})

test('CLS-01: of a password only the sealed digest is kept; weak ones are refused', async () => {
  const { client, scenario } = house
  const list = await client.sip.credentialLists.create({ friendlyName: 'phones' })
  assert.match(list.sid, /^CL[0-9a-f]{32}$/)
  const { credentials } = client.sip.credentialLists(list.sid)
  const made = await credentials.create({ username: 'alice', password: PASSWORD })
  assert.match(made.sid, /^CR[0-9a-f]{32}$/)
  assert.deepEqual([made.username, made.credentialListSid], ['alice', list.sid])
  const { text } = await house.raw(
    'GET',
    `/2010-04-01/Accounts/${ACCOUNT_SID}/SIP/CredentialLists/${list.sid}/Credentials.json`,
  )
  assert.ok(!/password|ha1/i.test(text))
  const kept = () => scenario.register.book.find('sip-credential', made.sid.slice(2))!.fields.ha1
  const ha1 = (password: string) => digestHa1('MD5', 'alice', 'hookswitch', password)
  assert.equal(scenario.register.seal.open(kept()), ha1(PASSWORD))
  await credentials(made.sid).update({ password: `${PASSWORD}2` })
  assert.equal(scenario.register.seal.open(kept()), ha1(`${PASSWORD}2`))
  for (const password of ['Sh0rt', 'alllowercase1', 'ALLUPPERCASE1', 'NoDigitsAtAllHere'])
    await refuses(credentials.create({ username: 'bob', password }), 400, 20001)
  await refuses(credentials.create({ username: 'x'.repeat(33), password: PASSWORD }), 400, 20001)
  await refuses(credentials.create({ username: 'alice', password: PASSWORD }), 400, 20001)
  assert.equal((await credentials.list()).length, 1)
  assert.equal((await client.sip.credentialLists(list.sid).update({ friendlyName: 'desks' })).friendlyName, 'desks')
  assert.equal(await client.sip.credentialLists(list.sid).remove(), true)
  assert.equal(scenario.register.book.find('sip-credential', made.sid.slice(2)), null)
  await refuses(credentials(made.sid).fetch(), 404, 20404)
})

test('ACL-01, TYP-10: networks are kept in lists', async () => {
  const { client } = house
  const list = await client.sip.ipAccessControlLists.create({ friendlyName: 'offices' })
  const { ipAddresses } = client.sip.ipAccessControlLists(list.sid)
  const made = await ipAddresses.create({ friendlyName: 'hq', ipAddress: '198.51.100.7' })
  assert.match(made.sid, /^IP[0-9a-f]{32}$/)
  assert.deepEqual([made.ipAddress, made.cidrPrefixLength], ['198.51.100.7', 32])
  const { json } = await house.raw('GET', made.uri)
  assert.equal(typeof json.cidr_prefix_length, 'number')
  assert.equal((await ipAddresses(made.sid).update({ cidrPrefixLength: 24 })).cidrPrefixLength, 24)
  await refuses(ipAddresses.create({ friendlyName: 'v6', ipAddress: '2001:db8::1' }), 400, 20001)
  await refuses(ipAddresses.create({ friendlyName: 'x', ipAddress: '198.51.100.7', cidrPrefixLength: 33 }), 400, 20001)
  assert.equal(await ipAddresses(made.sid).remove(), true)
  assert.deepEqual(await ipAddresses.list(), [])
})

test('SM-01, SM-02, SD-03: lists are mapped once, on the new and the legacy paths alike, and name the auth type', async () => {
  const { client } = house
  const domain = await client.sip.domains.create({ domainName: 'mapped.sip.twilio.com' })
  const logins = await client.sip.credentialLists.create({ friendlyName: 'logins' })
  const nets = await client.sip.ipAccessControlLists.create({ friendlyName: 'nets' })
  const at = client.sip.domains(domain.sid)
  const auth = at.auth
  const authType = async () => (await at.fetch()).authType

  const mapped = await auth.calls.credentialListMappings.create({ credentialListSid: logins.sid })
  assert.deepEqual([mapped.sid, mapped.friendlyName], [logins.sid, 'logins'])
  assert.equal(await authType(), 'CREDENTIAL_LIST')
  await refuses(auth.calls.credentialListMappings.create({ credentialListSid: logins.sid }), 400, 21231)
  await refuses(at.credentialListMappings.create({ credentialListSid: logins.sid }), 400, 21231)
  const [legacy] = await at.credentialListMappings.list()
  assert.deepEqual([legacy?.sid, legacy?.domainSid], [logins.sid, domain.sid])
  assert.match(legacy?.uri ?? '', /\/CredentialListMappings\/CL/)

  await at.ipAccessControlListMappings.create({ ipAccessControlListSid: nets.sid })
  assert.equal((await auth.calls.ipAccessControlListMappings(nets.sid).fetch()).friendlyName, 'nets')
  assert.equal(await authType(), 'CREDENTIAL_LIST,IP_ACL')

  await auth.registrations.credentialListMappings.create({ credentialListSid: logins.sid })
  assert.equal((await auth.registrations.credentialListMappings.list()).length, 1)
  await refuses(auth.calls.credentialListMappings.create({ credentialListSid: `CL${'0'.repeat(32)}` }), 404, 20404)

  assert.equal(await auth.calls.credentialListMappings(logins.sid).remove(), true)
  assert.equal(await authType(), 'IP_ACL')
  assert.equal((await auth.registrations.credentialListMappings.list()).length, 1, 'another door')
  await client.sip.ipAccessControlLists(nets.sid).remove()
  assert.equal(await authType(), '')
  await refuses(client.sip.domains(`SD${'0'.repeat(32)}`).credentialListMappings.list(), 404, 20404)
})
