// TeXML (twilio-voice §12): the same documents behind the other vendor's faces, with the official Telnyx SDK: applications,
// numbers that lead to them, calls placed and redirected, requests signed with Ed25519.

import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { test } from 'node:test'
import { toUuid } from '#base/ids.ts'
import type { OutboundRequest } from '#base/outbound.ts'
import { ok } from '#base/result.ts'
import { hearing } from '#testkit/ears.ts'
import { ACCOUNT, NUMBER, openScenario, type Scenario } from './house.ts'
import { sdkOf } from './sdk-in-house.ts'
import { twiml } from './twilio-app.ts'

const APP = 'http://app.test'

interface Asked {
  readonly path: string
  readonly params: Readonly<Record<string, string>>
}

/** An application that checks the signature of everything it is asked. */
function serve(scenario: Scenario, documents: Readonly<Record<string, string>>): Asked[] {
  const asked: Asked[] = []
  const key = createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(scenario.publicKey, 'base64')]),
    format: 'der',
    type: 'spki',
  })
  scenario.onRequest = (request: OutboundRequest) => {
    const { headers } = request
    const body = Buffer.from(request.body ?? [])
    const signed = Buffer.concat([Buffer.from(`${headers['telnyx-timestamp']}|`), body])
    assert.ok(
      verify(null, signed, key, Buffer.from(headers['telnyx-signature-ed25519'] ?? '', 'base64')),
      `the signature of ${request.url} is not valid`,
    )
    assert.equal(headers['x-twilio-signature'], undefined)
    const { pathname } = new URL(request.url)
    asked.push({ path: pathname, params: Object.fromEntries(new URLSearchParams(body.toString())) })
    return Promise.resolve(
      ok({
        status: 200,
        headers: { 'content-type': 'text/xml' },
        body: Buffer.from(documents[pathname] ?? ''),
        truncated: false,
        url: request.url,
      }),
    )
  }
  return asked
}

test('TX-01 to 05: an application over the SDK, a number that leads to it, a call run by its documents and signed its way', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const client = sdkOf(scenario)
  const asked = serve(scenario, {
    '/texml': twiml('<Gather numDigits="1" action="/digit"><Pause length="1"/></Gather>'),
    '/digit': twiml('<Hangup/>'),
  })
  const made = await client.texmlApplications.create({
    friendly_name: 'documents',
    voice_url: `${APP}/texml`,
    status_callback: `${APP}/status`,
  })
  const application = made.data!
  assert.equal(application.record_type, 'texml_application')
  assert.equal(application.voice_method, 'post')
  const changed = await client.texmlApplications.update(application.id!, {
    friendly_name: 'renamed',
    voice_url: `${APP}/texml`,
  })
  assert.equal(changed.data!.friendly_name, 'renamed')
  assert.equal((await client.texmlApplications.retrieve(application.id!)).data!.voice_url, `${APP}/texml`)
  const listed = []
  for await (const one of client.texmlApplications.list()) listed.push(one.id)
  assert.deepEqual(listed, [application.id])
  // Call Control's own list does not show it.
  const others = []
  for await (const one of client.callControlApplications.list()) others.push(one.id)
  assert.ok(!others.includes(application.id!))
  const numbers = []
  for await (const one of client.phoneNumbers.list()) numbers.push(one)
  await client.phoneNumbers.update(numbers[0]!.id!, { connection_id: application.id! })

  const call = await scenario.callIn('carol', 400)
  await clock.advance(1_500)
  call.party.dial('7')
  await clock.until(() => call.state === 'ended')
  await clock.advance(1_000)
  assert.deepEqual(
    asked.map(({ path }) => path),
    ['/texml', '/digit', '/status'],
  )
  const [first, digit, status] = asked.map(({ params }) => params)
  assert.match(first!.CallSid!, /^v3:/)
  assert.equal(first!.AccountSid, toUuid(ACCOUNT))
  assert.equal(first!.To, NUMBER)
  assert.equal(first!.Direction, 'inbound')
  assert.equal(first!.ApiVersion, 'v2/texml')
  assert.equal(first!.ConnectionId, application.id)
  assert.match(first!.CallSidLegacy!, /^[0-9a-f-]{36}$/)
  assert.equal(digit!.Digits, '7')
  assert.equal(status!.CallStatus, 'completed')
  assert.match(status!.Timestamp!, /^\d{4}-\d\d-\d\dT.*Z$/)
  await client.texmlApplications.delete(application.id!)
  await scenario.close()
})

test('TX-02, TX-03, TX-08: a call placed, looked up, redirected and ended over the SDK', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const client = sdkOf(scenario)
  const asked = serve(scenario, {
    '/texml': twiml('<Dial><Conference beep="false">room</Conference></Dial>'),
    '/elsewhere': twiml('<Pause length="20"/>'),
  })
  const application = (await client.texmlApplications.create({ friendly_name: 'out', voice_url: `${APP}/texml` })).data!
  const account = toUuid(ACCOUNT)
  const phones = await Promise.all(['one', 'two'].map((user) => scenario.phone(user)))
  const sids: string[] = []
  for (const [index, phone] of phones.entries()) {
    const placed = (await client.texml.accounts.calls.calls(account, {
      body: { ApplicationSid: application.id!, To: phone.uri, From: '+15550111', Url: `${APP}/texml` },
    })) as { readonly sid?: string }
    await clock.until(() => phone.calls[0]?.state === 'up')
    phone.calls[0]!.party.hum(400 + 300 * index)
    const calls = await client.texml.accounts.calls.retrieveCalls(account)
    sids.push(placed.sid ?? calls.calls![0]!.sid!)
  }
  await clock.advance(2_000)
  const sounds = [
    { name: 'one', frequenciesHz: [400] },
    { name: 'two', frequenciesHz: [700] },
  ]
  assert.deepEqual(hearing(phones[0]!.calls[0]!.party, sounds), ['two'])
  assert.deepEqual(hearing(phones[1]!.calls[0]!.party, sounds), ['one'])
  assert.match(sids[0]!, /^v3:/)
  const looked = await client.texml.accounts.calls.retrieve(sids[0]!, { account_sid: account })
  assert.equal(looked.status, 'in-progress')
  assert.equal(looked.direction, 'outbound')
  assert.equal(looked.account_sid, account)

  const rooms = (await client.texml.accounts.conferences.retrieveConferences(account)) as {
    readonly conferences?: readonly { readonly sid?: string; readonly friendly_name?: string }[]
  }
  const room = rooms.conferences![0]!
  assert.equal(room.friendly_name, 'room')
  const muted = await client.texml.accounts.conferences.participants.update(sids[0]!, {
    account_sid: account,
    conference_sid: room.sid!,
    Muted: true,
  })
  assert.equal(muted.muted, true)
  await clock.advance(1_500)
  assert.deepEqual(hearing(phones[1]!.calls[0]!.party, sounds), [])

  await client.texml.accounts.calls.update(sids[1]!, { account_sid: account, Url: `${APP}/elsewhere` })
  await clock.until(() => asked.some(({ path }) => path === '/elsewhere'))
  await client.texml.accounts.calls.update(sids[1]!, { account_sid: account, Status: 'completed' })
  await clock.until(() => phones[1]!.calls[0]!.state === 'ended')

  const byPath = await client.texml.calls.create(application.id!, { To: phones[1]!.uri, From: '+15550111' })
  assert.match(byPath.call_sid, /^v3:/)
  assert.equal(byPath.status, 'queued')
  await assert.rejects(
    Promise.resolve(client.texml.accounts.calls.retrieve(`v3:${'A'.repeat(22)}`, { account_sid: account })),
    (error: { status?: number }) => error.status === 404,
  )
  phones[0]!.calls[0]!.hangUp()
  await clock.advance(2_000)
  for (const call of phones[1]!.calls) call.hangUp()
  await clock.advance(2_000)
  await scenario.close()
})
