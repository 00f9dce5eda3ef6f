// The REST API of 2010-04-01 as the official SDK meets it (twilio-voice §1, §2, §7, §11), over a real port.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT_SID, openTwilioHouse, refuses, type TwilioHouse } from './twilio-house.ts'

let house: TwilioHouse

before(async () => {
  house = await openTwilioHouse()
})
after(() => house.close())

const RFC_2822 = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/

test('AUTH-01, AC-01: an account fetches itself with its token', async () => {
  const account = await house.client.api.v2010.accounts(ACCOUNT_SID).fetch()
  assert.equal(account.sid, ACCOUNT_SID)
  assert.equal(account.status, 'active')
  assert.equal(account.authToken, 'token')
  assert.equal(account.ownerAccountSid, ACCOUNT_SID)
  assert.ok(account.dateCreated instanceof Date)
  const { json } = await house.raw('GET', `/2010-04-01/Accounts/${ACCOUNT_SID}.json`)
  assert.match(json.date_created, RFC_2822)
  assert.equal(json.uri, `/2010-04-01/Accounts/${ACCOUNT_SID}.json`)
  assert.equal(json.subresource_uris.calls, `/2010-04-01/Accounts/${ACCOUNT_SID}/Calls.json`)
})

test('AUTH-03, ERR-01: without or with wrong credentials 401, code 20003, and how to authenticate', async () => {
  // rows: SDK-17
  const path = `/2010-04-01/Accounts/${ACCOUNT_SID}.json`
  for (const auth of [null, `${ACCOUNT_SID}:wrong`, ` ${ACCOUNT_SID}:token`, `AC${'9'.repeat(32)}:token`, 'x']) {
    const reply = await house.raw('GET', path, { auth })
    assert.equal(reply.status, 401)
    assert.match(reply.headers.get('www-authenticate') ?? '', /^Basic /)
    assert.match(reply.json.message, /^Authentication Error/)
    assert.deepEqual([reply.json.code, reply.json.status], [20003, 401])
    assert.match(reply.json.more_info, /20003$/)
  }
  await refuses(house.as(ACCOUNT_SID, 'wrong').api.v2010.accounts(ACCOUNT_SID).fetch(), 401, 20003)
  const bearer = await house.raw('GET', path, { auth: null, headers: { authorization: 'Bearer x' } })
  assert.deepEqual([bearer.status, bearer.json.code], [401, 20003], 'SDK-17')
})

test('ERR-01: what does not exist is 404/20404 naming the path, a method that is not taken 405/20004', async () => {
  const nowhere = await house.raw('GET', `/2010-04-01/Accounts/${ACCOUNT_SID}/Nothing.json`)
  assert.deepEqual([nowhere.status, nowhere.json.code], [404, 20404])
  assert.match(nowhere.json.message, /\/Nothing\.json was not found/)
  const wrong = await house.raw('DELETE', `/2010-04-01/Accounts/${ACCOUNT_SID}/Keys.json`)
  assert.deepEqual([wrong.status, wrong.json.code], [405, 20004])
})

test('FMT-06: without an ending JSON too; .xml and .csv are not spoken', async () => {
  assert.equal((await house.raw('GET', `/2010-04-01/Accounts/${ACCOUNT_SID}`)).json.sid, ACCOUNT_SID)
  assert.equal((await house.raw('GET', `/2010-04-01/Accounts/${ACCOUNT_SID}/Keys.csv`)).json.code, 20404)
})

test('KEY-01, AUTH-01: keys are made, used, renamed and taken away; the secret is shown once', async () => {
  const made = await house.client.newKeys.create({ friendlyName: 'ci' })
  assert.match(made.sid, /^SK[0-9a-f]{32}$/)
  assert.ok(made.secret.length >= 32)
  const keyed = house.as(made.sid, made.secret, ACCOUNT_SID)
  assert.equal((await keyed.keys(made.sid).fetch()).friendlyName, 'ci')
  assert.equal((await keyed.keys(made.sid).update({ friendlyName: 'cd' })).friendlyName, 'cd')
  const { json } = await house.raw('GET', `/2010-04-01/Accounts/${ACCOUNT_SID}/Keys/${made.sid}.json`)
  assert.deepEqual(Object.keys(json).sort(), ['date_created', 'date_updated', 'friendly_name', 'sid'])
  assert.equal(house.scenario.register.book.find('api-key', made.sid.slice(2))?.fields.secretHash.length, 64)
  assert.equal((await house.client.signingKeys.list())[0]?.sid, made.sid)
  await refuses(house.as(made.sid, 'wrong', ACCOUNT_SID).keys.list(), 401, 20003)
  assert.equal(await house.client.keys(made.sid).remove(), true)
  await refuses(keyed.keys.list(), 401, 20003)
})

test('PAGE-01 to PAGE-03: pages follow next_page_uri and carry filters; a bad token is 21481', async () => {
  const sub = await house.client.api.v2010.accounts.create({ friendlyName: 'pages' })
  const client = house.as(sub.sid, sub.authToken)
  for (let n = 0; n < 5; n++) await client.newSigningKeys.create({ friendlyName: `key ${n}` })
  const all = await client.keys.list({ pageSize: 2 })
  assert.deepEqual(
    all.map((one) => one.friendlyName),
    ['key 4', 'key 3', 'key 2', 'key 1', 'key 0'],
  )
  const first = await client.keys.page({ pageSize: 2 })
  const second = await first.nextPage()
  assert.deepEqual(
    second?.instances.map((one) => one.friendlyName),
    ['key 2', 'key 1'],
  )
  assert.deepEqual(
    (await second?.previousPage())?.instances.map((one) => one.friendlyName),
    ['key 4', 'key 3'],
  )
  const auth = `${sub.sid}:${sub.authToken}`
  const path = `/2010-04-01/Accounts/${sub.sid}/Keys.json`
  const { json } = await house.raw('GET', `${path}?PageSize=2&Colour=red`, { auth })
  assert.equal(json.first_page_uri, `${path}?Colour=red&PageSize=2&Page=0`)
  assert.match(
    json.next_page_uri,
    /^\/2010-04-01\/Accounts\/AC[0-9a-f]{32}\/Keys\.json\?Colour=red&PageSize=2&Page=1&PageToken=PA/,
  )
  assert.deepEqual([json.page, json.page_size, json.start, json.end, json.previous_page_uri], [0, 2, 0, 1, null])
  const last = await house.raw('GET', `${path}?PageSize=2&Page=2`, { auth })
  assert.deepEqual([last.json.keys.length, last.json.next_page_uri], [1, null])
  const empty = await house.raw('GET', path.replace('Keys', 'Messages'), { auth })
  assert.deepEqual([empty.json.messages, empty.json.start, empty.json.end], [[], 0, 0])
  const bad = await house.raw('GET', `${path}?PageToken=nonsense`, { auth })
  assert.deepEqual([bad.status, bad.json.code], [400, 21481])
})

test('AC-01, AUTH-02: an account within one is its own house; its owner may enter, others see nothing', async () => {
  const { accounts } = house.client.api.v2010
  const one = await accounts.create({ friendlyName: 'one' })
  const two = await accounts.create({ friendlyName: 'two' })
  assert.match(one.sid, /^AC[0-9a-f]{32}$/)
  assert.equal(one.ownerAccountSid, ACCOUNT_SID)
  assert.notEqual(one.authToken, two.authToken)
  const own = house.as(one.sid, one.authToken)
  assert.equal((await own.api.v2010.accounts(one.sid).fetch()).friendlyName, 'one')
  assert.equal((await own.api.v2010.accounts.list()).length, 1)
  assert.equal((await accounts.list({ friendlyName: 'two' }))[0]?.sid, two.sid)
  await refuses(own.api.v2010.accounts(two.sid).fetch(), 404, 20404)
  await refuses(own.api.v2010.accounts(ACCOUNT_SID).fetch(), 404, 20404)
  await refuses(own.api.v2010.accounts.create({}), 403, 20003)
  // The owner's credentials open what it owns.
  const key = await house.client.api.v2010.accounts(one.sid).newKeys.create({ friendlyName: 'theirs' })
  assert.equal((await own.keys.list())[0]?.sid, key.sid)
  assert.equal((await house.client.keys.list()).length, 0)
})

test('AC-01: a suspended account opens nothing until it is active again; a closed one never', async () => {
  const { accounts } = house.client.api.v2010
  const sub = await accounts.create({})
  const own = house.as(sub.sid, sub.authToken)
  await refuses(own.api.v2010.accounts(sub.sid).update({ status: 'closed' }), 400, 20001)
  assert.equal((await accounts(sub.sid).update({ status: 'suspended' })).status, 'suspended')
  await refuses(own.keys.list(), 401, 20003)
  await refuses(accounts(sub.sid).newKeys.create({}), 400, 10001)
  assert.equal((await accounts(sub.sid).keys.list()).length, 0, 'its owner still looks')
  await accounts(sub.sid).update({ status: 'active' })
  assert.equal((await own.keys.list()).length, 0)
  await accounts(sub.sid).update({ status: 'closed' })
  await refuses(own.keys.list(), 401, 20003)
  await refuses(accounts(sub.sid).update({ status: 'active' }), 400, 20001)
  await refuses(house.client.api.v2010.accounts(ACCOUNT_SID).update({ status: 'closed' }), 400, 20001)
})

test('AC-02, TOK-01, US-01: balance, tokens, and lists of what there is nothing of', async () => {
  assert.equal((await house.client.balance.fetch()).currency, 'USD')
  const token = await house.client.tokens.create({ ttl: 60 })
  assert.equal(token.ttl, '60')
  assert.deepEqual(token.iceServers, [])
  assert.deepEqual(await house.client.messages.list(), [])
  assert.deepEqual(await house.client.usage.records.today.list(), [])
})

test('CALL-19: notifications are listed, filtered by log and day, and looked up with what was asked and answered', async () => {
  const { scenario, client } = house
  const { Notifications } = await import('#twilio/notifications.ts')
  const { store, clock } = scenario
  const { IdMaker } = await import('#base/ids.ts')
  const { seededChance } = await import('#base/chance.ts')
  const { silentLog } = await import('#base/log.ts')
  const ids = new IdMaker(clock, seededChance(77))
  const notifications = new Notifications({ store, clock, ids, log: silentLog })
  const account = ACCOUNT_SID.slice(2) as never
  const call = ids.make<'call'>()
  await notifications.note({
    account,
    call,
    problem: { level: 'error', code: 11200, message: 'HTTP retrieval failure' },
    request: { url: 'http://app.test/voice', method: 'POST', variables: { CallSid: `CA${call}` } },
    response: { headers: { 'content-type': 'text/html' }, body: '<h1>no</h1>' },
  })
  await notifications.note({
    account,
    call: null,
    problem: { level: 'warning', code: 12200, message: 'Schema validation warning' },
    request: null,
    response: null,
  })
  const [warning, error] = await client.notifications.list()
  assert.deepEqual([warning?.log, warning?.errorCode, warning?.callSid], ['1', '12200', null])
  assert.deepEqual([error?.log, error?.errorCode, error?.callSid], ['0', '11200', `CA${call}`])
  assert.match(error?.messageText ?? '', /ErrorCode=11200/)
  assert.deepEqual((await client.notifications.list({ log: 0 })).length, 1)
  assert.deepEqual((await client.notifications.list({ messageDateBefore: new Date(0) })).length, 0)
  const fetched = await client.calls(`CA${call}`).notifications(error!.sid).fetch()
  assert.equal(fetched.responseBody, '<h1>no</h1>')
  assert.equal(fetched.requestVariables, `CallSid=CA${call}`)
  assert.equal((await client.calls(`CA${call}`).notifications.list()).length, 1)
  await refuses(client.notifications(`NO${'0'.repeat(32)}`).fetch(), 404, 20404)
})
