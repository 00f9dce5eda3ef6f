// What customers keep with us to log in with and to be reached by (telnyx-voice §11.5, §11.7), with the official SDK:
// a telephony credential registers and is called, until it expires or is deleted; secrets do not come out again.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { ACCOUNT, NUMBER, openScenario } from './house.ts'
import { fails, sdkOf } from './sdk-in-house.ts'

test('a telephony credential registers, is dialled by its SIP address, calls, and stops at once when deleted', async () => {
  const scenario = await openScenario()
  const client = sdkOf(scenario)
  const created = (
    await client.telephonyCredentials.create({ connection_id: scenario.connectionId, name: 'browser 1', tag: 'web' })
  ).data!
  assert.equal(created.record_type, 'credential')
  assert.match(created.sip_username!, /^gencred[a-z0-9]{22}$/)
  assert.match(created.sip_password!, /^[0-9a-f]{32}$/)
  assert.equal(created.resource_id, `connection:${scenario.connectionId}`)
  assert.equal(created.expired, false)

  const phone = await scenario.phone(created.sip_username!, { password: created.sip_password! })
  const registering = phone.register(scenario.sip)
  await scenario.clock.advance(500)
  assert.equal(await registering, 200)
  const wrong = await scenario.phone(created.sip_username!, { password: 'guess' })
  const guessing = wrong.register(scenario.sip)
  await scenario.clock.advance(500)
  assert.equal(await guessing, 401)

  await client.calls.dial({
    connection_id: scenario.connectionId,
    from: '+15550111',
    to: `sip:${created.sip_username}@127.0.0.1`,
  })
  await scenario.clock.until(() => phone.calls.some((call) => call.state === 'up'))
  // As it is written for the service; there is no other place where this name could live.
  await client.calls.dial({
    connection_id: scenario.connectionId,
    from: '+15550111',
    to: `sip:${created.sip_username}@sip.telnyx.com`,
  })
  await scenario.clock.until(() => phone.calls.filter((call) => call.state === 'up').length === 2)

  const call = await phone.call(NUMBER, scenario.sip)
  await scenario.clock.until(() => scenario.received.some((one) => one.payload.direction === 'incoming'))
  call.hangUp()

  assert.equal((await client.telephonyCredentials.update(created.id!, { name: 'renamed' })).data!.name, 'renamed')
  assert.equal((await client.telephonyCredentials.delete(created.id!)).data!.id, created.id)
  await fails(client.telephonyCredentials.retrieve(created.id!), 404, '10005')
  const again = phone.register(scenario.sip)
  await scenario.clock.advance(500)
  assert.equal(await again, 401)
  await fails(
    client.calls.dial({
      connection_id: scenario.connectionId,
      from: '+15550111',
      to: `sip:${created.sip_username}@127.0.0.1`,
    }),
    422,
    '10017',
  )
  await scenario.close()
})

test('a telephony credential expires: no registration, no token, no change', async () => {
  const scenario = await openScenario()
  const client = sdkOf(scenario)
  const expiresAtMs = Math.floor(scenario.clock.wallMs()) + 60_000
  // Without a zone, as the API’s examples have it: UTC.
  const expires_at = new Date(expiresAtMs).toISOString().slice(0, -1)
  const created = (await client.telephonyCredentials.create({ connection_id: scenario.connectionId, expires_at })).data!
  const jwt = (await client.telephonyCredentials.createToken(created.id!)) as unknown as string
  const [head = '', body = '', signature = ''] = jwt.split('.')
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
  assert.deepEqual(JSON.parse(Buffer.from(head, 'base64url').toString()), { alg: 'HS512', typ: 'JWT' })
  assert.equal(claims.exp, Math.floor(expiresAtMs / 1000))
  assert.deepEqual([claims.aud, claims.iss, claims.typ], ['telnyx_telephony', 'telnyx_telephony', 'access'])
  // The key is kept: a second token is signed with the same one, and the database does not show it.
  const key = await scenario.register.loginKey(ACCOUNT)
  assert.equal(createHmac('sha512', key!).update(`${head}.${body}`).digest('base64url'), signature)
  const stored = await scenario.store.db.selectFrom('signing_keys').selectAll().where('kind', '=', 'login').execute()
  assert.equal(stored.length, 1)
  assert.ok(!JSON.stringify(stored).includes(Buffer.from(key!).toString('base64')))

  const phone = await scenario.phone(created.sip_username!, { password: created.sip_password! })
  const registering = phone.register(scenario.sip)
  await scenario.clock.advance(500)
  assert.equal(await registering, 200)
  await scenario.clock.advance(60_000)
  const again = phone.register(scenario.sip)
  await scenario.clock.advance(500)
  assert.equal(await again, 401)
  assert.equal((await client.telephonyCredentials.retrieve(created.id!)).data!.expired, true)
  await fails(client.telephonyCredentials.createToken(created.id!), 422, '10027')
  await fails(client.telephonyCredentials.update(created.id!, { name: 'x' }), 422, '10027')
  await fails(client.telephonyCredentials.create({ connection_id: scenario.connectionId, expires_at }), 422, '10027')
  await fails(client.telephonyCredentials.create({ connection_id: '1' }), 422, '10017')
  const open = await client.telephonyCredentials.list({ filter: { status: 'active' } })
  assert.equal(open.data!.length, 0)
  await scenario.close()
})

test('telephony credentials are listed in pages and by filter; an unknown filter is refused', async () => {
  const scenario = await openScenario()
  const client = sdkOf(scenario)
  for (let at = 0; at < 5; at++) {
    await client.telephonyCredentials.create({
      connection_id: scenario.connectionId,
      name: `n${at}`,
      tag: at < 2 ? 'first' : 'rest',
    })
    await scenario.clock.advance(10)
  }
  const seen: string[] = []
  for await (const one of client.telephonyCredentials.list({ page_size: 2 } as never)) seen.push(one.name!)
  assert.deepEqual(seen, ['n4', 'n3', 'n2', 'n1', 'n0'])
  const tagged = await client.telephonyCredentials.list({ filter: { tag: 'first' } })
  assert.deepEqual(tagged.data!.map((one) => one.name).sort(), ['n0', 'n1'])
  await fails(client.telephonyCredentials.list({ filter: { nmae: 'n1' } } as never), 400, '10031')
  await scenario.close()
})

test('push credentials: kept sealed, listed, deleted; no private key in any reply or in the database', async () => {
  const scenario = await openScenario()
  const client = sdkOf(scenario)
  const ios = await client.mobilePushCredentials.create({
    createMobilePushCredentialRequest: {
      type: 'ios',
      alias: 'iphone',
      certificate: 'CERT',
      private_key: 'VERY-SECRET-1',
    },
  } as never)
  const android = await scenario.rest('POST', '/v2/mobile_push_credentials', {
    type: 'android',
    alias: 'pixel',
    project_account_json_file: { project_id: 'p', client_email: 'a@b.test', private_key: 'VERY-SECRET-2' },
  })
  assert.equal(android.status, 200)
  assert.equal(android.json.data.project_account_json_file.client_email, 'a@b.test')
  const listed = await client.mobilePushCredentials.list({ filter: { type: 'android' } })
  assert.deepEqual(
    listed.data!.map((one) => one.alias),
    ['pixel'],
  )
  const stored = JSON.stringify(await scenario.store.db.selectFrom('resources').selectAll().execute())
  assert.doesNotMatch(stored + JSON.stringify([ios, android, listed.data]), /VERY-SECRET/)
  await client.mobilePushCredentials.delete(ios.data!.id)
  await fails(client.mobilePushCredentials.retrieve(ios.data!.id), 404, '10005')
  await scenario.close()
})

test('SIPREC connectors: named, replaced, deleted; their errors carry whole numbers', async () => {
  const scenario = await openScenario()
  const client = sdkOf(scenario)
  const created = await client.siprecConnectors.create({ name: 'recorder 1', host: 'rec.test', port: 5060 })
  assert.equal(created.data!.record_type, 'siprec_connector')
  await fails(client.siprecConnectors.create({ name: 'recorder 1', host: 'rec.test', port: 5060 }), 422, 10012)
  await fails(client.siprecConnectors.create({ name: 'two', host: 'rec.test' } as never), 422, 10004)
  const replaced = await client.siprecConnectors.update('recorder 1', { name: 'main', host: 'other.test', port: 5061 })
  assert.deepEqual([replaced.data!.name, replaced.data!.port], ['main', 5061])
  assert.equal((await client.siprecConnectors.retrieve('main')).data!.host, 'other.test')
  assert.equal((await scenario.rest('GET', '/v2/siprec_connectors')).json.data.length, 1)
  await client.siprecConnectors.delete('main')
  await fails(client.siprecConnectors.retrieve('main'), 404, 10005)
  const old = await client.siprecConnectors.create({ name: 'old', host: 'h', port: 1 })
  assert.equal(old.data!.app_subdomain, null)
  const put = await scenario.rest('PUT', '/v2/siprec_connectors', { name: 'old', host: 'h2', port: 2 })
  assert.deepEqual([put.status, put.json.data.host], [200, 'h2'])
  assert.equal((await scenario.rest('DELETE', '/v2/siprec_connectors', { name: 'old' })).status, 204)
  await scenario.close()
})
