// Two accounts on one switch (AUTH-02). Generated from the table of routes: whoever asks for another account's thing, below
// its own path or below the other's, is told what an unknown sid is told, and nothing changes; no list shows what is
// another's.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TwilioDoors } from '#twilio/doors.ts'
import { twilioMount } from '#twilio/face.ts'
import { ACCOUNT_SID, openTwilioHouse, type TwilioHouse } from './twilio-house.ts'

const { routes } = twilioMount({
  clock: { nowMs: () => 0 },
  requestsPerSecond: 0,
  register: {},
} as unknown as TwilioDoors)

/** What the main account owns, by the path below the account that it is reached by. */
async function own({ client }: TwilioHouse): Promise<Readonly<Record<string, string>>> {
  const application = await client.applications.create({ friendlyName: 'secret', voiceUrl: 'http://app.test/secret' })
  const number = await client.incomingPhoneNumbers.create({ phoneNumber: '+15550166' })
  const key = await client.newKeys.create({ friendlyName: 'secret' })
  const queue = await client.queues.create({ friendlyName: 'secret' })
  await client.validationRequests.create({ phoneNumber: '+442079460009', friendlyName: 'secret' })
  const [callerId] = await client.outgoingCallerIds.list()
  const domain = await client.sip.domains.create({ domainName: 'secret.sip.test', friendlyName: 'secret' })
  const logins = await client.sip.credentialLists.create({ friendlyName: 'secret' })
  const login = await client.sip
    .credentialLists(logins.sid)
    .credentials.create({ username: 'secret', password: 'Sup3rSecretWord' })
  const nets = await client.sip.ipAccessControlLists.create({ friendlyName: 'secret' })
  const net = await client.sip
    .ipAccessControlLists(nets.sid)
    .ipAddresses.create({ friendlyName: 'secret', ipAddress: '198.51.100.9' })
  return {
    Applications: application.sid,
    IncomingPhoneNumbers: number.sid,
    Keys: key.sid,
    SigningKeys: key.sid,
    Queues: queue.sid,
    OutgoingCallerIds: callerId!.sid,
    'SIP/Domains': domain.sid,
    'SIP/CredentialLists': logins.sid,
    [`SIP/CredentialLists/${logins.sid}/Credentials`]: login.sid,
    'SIP/IpAccessControlLists': nets.sid,
    [`SIP/IpAccessControlLists/${nets.sid}/IpAddresses`]: net.sid,
  }
}

test('AUTH-02: nothing of an account is found, changed or deleted by another one', async () => {
  const house = await openTwilioHouse()
  try {
    const things = await own(house)
    const other = await house.client.api.v2010.accounts.create({ friendlyName: 'stranger' })
    const auth = `${other.sid}:${other.authToken}`
    let asked = 0
    for (const [path, sid] of Object.entries(things)) {
      const before = await house.raw('GET', `/2010-04-01/Accounts/${ACCOUNT_SID}/${path}/${sid}.json`)
      assert.equal(before.status, 200, path)
      for (const account of [other.sid, ACCOUNT_SID]) {
        for (const method of ['GET', 'POST', 'DELETE']) {
          const item = `/2010-04-01/Accounts/${account}/${path}/${sid}.json`
          // A whole form, so that it is not the form that is refused.
          const form = method === 'POST' ? { form: 'FriendlyName=mine&Password=An0therSecret&IpAddress=192.0.2.1' } : {}
          const reply = await house.raw(method, item, { auth, ...form })
          assert.deepEqual([reply.status, reply.json?.code], [404, 20404], `${method} ${item}`)
          asked++
        }
        const list = await house.raw('GET', `/2010-04-01/Accounts/${account}/${path}.json`, { auth })
        assert.ok(!list.text.includes('secret') && !list.text.includes(sid), `${path} of ${account}`)
      }
      const after = await house.raw('GET', `/2010-04-01/Accounts/${ACCOUNT_SID}/${path}/${sid}.json`)
      assert.deepEqual(after.json, before.json, path)
    }
    assert.equal(asked, Object.keys(things).length * 6)
  } finally {
    await house.close()
  }
})

test('AUTH-02: every route below an account refuses whoever has no part in it', async () => {
  const house = await openTwilioHouse()
  try {
    const other = await house.client.api.v2010.accounts.create({})
    const auth = `${other.sid}:${other.authToken}`
    const below = routes.filter((one) => one.path.startsWith('/Accounts/:account_sid'))
    assert.ok(below.length > 80)
    for (const { method, path } of below) {
      const url = `/2010-04-01${path.replace(':account_sid', ACCOUNT_SID).replaceAll(/:[a-z_]+/g, 'x')}.json`
      const reply = await house.raw(method, url, { auth, ...(method === 'POST' ? { form: '' } : {}) })
      assert.deepEqual([reply.status, reply.json?.code], [404, 20404], `${method} ${url}`)
      const nobody = await house.raw(method, url, { auth: null, ...(method === 'POST' ? { form: '' } : {}) })
      assert.deepEqual([nobody.status, nobody.json?.code], [401, 20003], `${method} ${url}`)
    }
  } finally {
    await house.close()
  }
})
