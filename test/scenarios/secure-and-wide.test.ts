// Encrypted and wide-band calls through the whole house: SIP, SDP, keys, media worker, REST and webhooks.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { loadOpus } from '#audio/opus.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { APP_URL, NUMBER, openScenario, type Scenario } from './house.ts'

const A = 700
const B = 900
/** Above what a narrow-band codec carries. */
const HIGH = 5200

before(() => loadOpus())

function declared(application: object, more: object = {}) {
  return {
    applications: [{ name: 'demo', dialect: 'telnyx', webhook_url: APP_URL, caller_id: '+15550111', ...application }],
    numbers: [{ number: NUMBER, application: 'demo' }],
    ...more,
  }
}

/** Answers and puts everybody into one room. */
function intoOneRoom(scenario: Scenario, answer: object = {}): void {
  let room: string | null = null
  scenario.onWebhook = async (event) => {
    const leg = event.payload.call_control_id
    if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
      await scenario.rest('POST', `/v2/calls/${leg}/actions/answer`, answer)
    if (event.type !== 'call.answered') return 200
    if (room === null) {
      const created = await scenario.rest('POST', '/v2/conferences', { call_control_id: leg, name: 'room' })
      room = created.json.data.id
    } else await scenario.rest('POST', `/v2/conferences/${room}/actions/join`, { call_control_id: leg })
    return 200
  }
}

/** A few real turns: the Opus codec is made outside the hand-wound clock. */
async function settle(scenario: Scenario): Promise<void> {
  await scenario.clock.advance(200)
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
  await scenario.clock.advance(2000)
}

/** Every key that any SDP on the wire held, and how long the RTP to and from a party was. */
function watch(scenario: Scenario) {
  const keys: string[] = []
  const lengths = new Map<number, Set<number>>()
  scenario.net.watch(({ from, to, bytes }) => {
    if (bytes[0]! >> 6 === 2) {
      for (const { port } of [from, to]) lengths.set(port, (lengths.get(port) ?? new Set()).add(bytes.length))
    } else
      keys.push(
        ...[
          ...Buffer.from(bytes)
            .toString('latin1')
            .matchAll(/inline:(\S+)/g),
        ].map((one) => one[1]!),
      )
  })
  return { keys, lengthsOf: (call: PhoneCall) => lengths.get(call.party.local.port) ?? new Set<number>() }
}

async function dial(scenario: Scenario, to: string, more: object = {}) {
  return scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    from: '+15550111',
    to,
    ...more,
  })
}

test('an encrypted caller and a plain one share a room; a hold keeps the keys, and nobody else learns them', async () => {
  const scenario = await openScenario({ declared: declared({ allow_srtp_without_tls: true }) })
  const { clock, sip } = scenario
  intoOneRoom(scenario)
  const wire = watch(scenario)
  const secure = await (await scenario.phone('secure', { encryption: 'required' })).call(NUMBER, sip)
  secure.party.hum(A)
  await clock.until(() => secure.state === 'up')
  const plain = await (await scenario.phone('plain')).call(NUMBER, sip)
  plain.party.hum(B)
  await clock.until(() => plain.state === 'up')
  await clock.advance(2000)
  assert.deepEqual([secure.party.secured, plain.party.secured], [true, false])
  assert.deepEqual([secure.party.hears([A, B]), plain.party.hears([A, B])], [[B], [A]])
  assert.ok(!wire.lengthsOf(secure).has(172) && wire.lengthsOf(plain).has(172), 'all of it has tags')

  secure.hold(true)
  await clock.advance(1000)
  assert.deepEqual(secure.party.hears([A, B], 300), [], 'it holds, and hears nothing')
  secure.hold(false)
  await clock.advance(1500)
  assert.deepEqual([secure.party.hears([A, B]), plain.party.hears([A, B])], [[B], [A]])

  secure.hangUp()
  plain.hangUp()
  await clock.advance(1000)
  const told = JSON.stringify(scenario.received)
  assert.ok(wire.keys.length >= 5)
  for (const key of wire.keys) assert.ok(!told.includes(key), 'no webhook holds a key')
  await scenario.close()
})

test('without TLS and without leave to do so, an encrypted caller is refused with 488 before anybody is told', async () => {
  const scenario = await openScenario()
  const call = await (await scenario.phone('secure', { encryption: 'required' })).call(NUMBER, scenario.sip)
  await scenario.clock.until(() => call.state === 'ended')
  assert.equal(call.end?.status, 488)
  assert.match(call.end?.message?.get('warning') ?? '', /^302 .*TLS/)
  assert.equal(scenario.received.length, 0)
  const either = await (await scenario.phone('either', { encryption: 'opportunistic' })).call(NUMBER, scenario.sip)
  intoOneRoom(scenario)
  await scenario.clock.advance(500)
  either.hangUp()
  await scenario.close()
})

test('RFC 8643: a caller with keys under the plain profile is encrypted where that is allowed, plain where not', async () => {
  for (const allowed of [true, false]) {
    const scenario = await openScenario({ declared: declared({ allow_srtp_without_tls: allowed }) })
    intoOneRoom(scenario)
    const call = await (await scenario.phone('p', { encryption: 'opportunistic' })).call(NUMBER, scenario.sip)
    await scenario.clock.until(() => call.state === 'up')
    assert.equal(call.party.secured, allowed)
    await scenario.clock.advance(500)
    call.hangUp()
    await scenario.close()
  }
})

test('a connection that demands SRTP refuses callers without', async () => {
  const scenario = await openScenario({
    declared: declared({ allow_srtp_without_tls: true, encrypted_media: 'SRTP' }),
  })
  const call = await (await scenario.phone('plain')).call(NUMBER, scenario.sip)
  await scenario.clock.until(() => call.state === 'ended')
  assert.equal(call.end?.status, 488)
  assert.match(call.end?.message?.get('warning') ?? '', /^302 .*encrypted/)
  await scenario.close()
})

test('media_encryption SRTP and ;secure= make a dial encrypted, or no call at all', async () => {
  const scenario = await openScenario({ declared: declared({ allow_srtp_without_tls: true }) })
  const { clock } = scenario
  const wire = watch(scenario)
  const able = await scenario.phone('able', { encryption: 'accepted' })
  const unable = await scenario.phone('unable')
  for (const [to, more] of [
    [able.uri, { media_encryption: 'SRTP' }],
    [`${able.uri};secure=true`, {}],
    [`${able.uri};secure=srtp`, { media_encryption: 'disabled' }],
  ] as const) {
    const reply = await dial(scenario, to, more)
    assert.equal(reply.status, 200, JSON.stringify(reply.json))
    await clock.until(() => able.calls.at(-1)?.state === 'up')
    const call = able.calls.at(-1)!
    call.party.hum(A)
    await clock.advance(500)
    assert.ok(call.party.secured)
    assert.ok(!wire.lengthsOf(call).has(172))
    assert.doesNotMatch(call.invite?.uriText ?? '', /secure/, 'the parameter is for us')
    call.hangUp()
    await clock.advance(500)
  }
  const plain = await dial(scenario, able.uri)
  assert.equal(plain.status, 200)
  await clock.until(() => able.calls.at(-1)?.state === 'up')
  assert.ok(!able.calls.at(-1)!.party.secured)
  able.calls.at(-1)!.hangUp()

  const refused = await dial(scenario, unable.uri, { media_encryption: 'SRTP' })
  assert.equal(refused.status, 200)
  const leg = refused.json.data.call_control_id
  await clock.until(() => scenario.event('call.hangup', leg) !== undefined)
  assert.equal(scenario.event('call.hangup', leg)?.payload.sip_hangup_cause, '488')
  assert.equal(scenario.event('call.answered', leg), undefined)

  for (const [to, media_encryption] of [
    [able.uri, 'DTLS'],
    [`${able.uri};secure=dtls`, 'disabled'],
    [`${able.uri};secure=maybe`, 'disabled'],
  ]) {
    const reply = await dial(scenario, to!, { media_encryption })
    assert.equal(reply.status, 422, to)
  }
  await scenario.close()
})

test('a dial that would show its keys is refused by the API', async () => {
  const scenario = await openScenario()
  const phone = await scenario.phone('able', { encryption: 'accepted' })
  const reply = await dial(scenario, phone.uri, { media_encryption: 'SRTP' })
  assert.equal(reply.status, 422)
  assert.deepEqual([reply.json.errors[0].code, reply.json.errors[0].source.pointer], ['10011', '/media_encryption'])
  await scenario.close()
})

test('a trunk with encrypted_media SRTP: calls out are encrypted unasked, calls in must be', async () => {
  const scenario = await openScenario({
    declared: declared(
      {},
      {
        trunks: [
          {
            name: 'carrier',
            match: '^\\+1999',
            uri: 'sip:127.0.0.1:5099',
            encrypted_media: 'SRTP',
            allow_srtp_without_tls: true,
          },
        ],
      },
    ),
  })
  const carrier = await scenario.phone('carrier', { port: 5099, encryption: 'accepted' })
  const reply = await dial(scenario, '+19995550100')
  assert.equal(reply.status, 200, JSON.stringify(reply.json))
  await scenario.clock.until(() => carrier.calls.at(-1)?.state === 'up')
  assert.ok(carrier.calls.at(-1)!.party.secured)
  await scenario.close()
})

for (const codec of ['G722', 'opus'] as const) {
  test(`${codec}: two callers in a room hear each other in wide band, a narrow one joins them, digits arrive`, async () => {
    const scenario = await openScenario()
    const { clock, sip } = scenario
    intoOneRoom(scenario)
    const calls: PhoneCall[] = []
    for (const [user, hz, own] of [
      ['one', HIGH, codec],
      ['two', A, codec],
      ['narrow', B, 'PCMU'],
    ] as const) {
      const call = await (await scenario.phone(user, { codec: own })).call(NUMBER, sip)
      call.party.hum(hz)
      await clock.until(() => call.state === 'up')
      calls.push(call)
    }
    await settle(scenario)
    const [one, two, narrow] = calls
    assert.equal(one!.party.codec, codec)
    assert.deepEqual(two!.party.hears([A, B, HIGH]), [B, HIGH])
    assert.deepEqual(one!.party.hears([A, B, HIGH]), [A, B])
    assert.deepEqual(narrow!.party.hears([A, B]), [A])
    one!.party.dial('42')
    await clock.advance(1000)
    const digits = scenario.received.filter((event) => event.type === 'call.dtmf.received')
    assert.deepEqual(
      digits.map((event) => event.payload.digit),
      ['4', '2'],
    )
    for (const call of calls) call.hangUp()
    await clock.advance(500)
    await scenario.close()
  })

  test(`${codec}: preferred_codecs of a dial chooses it, and the bridge to a narrow caller is translated`, async () => {
    const scenario = await openScenario()
    const { clock } = scenario
    const phone = await scenario.phone('wide', { codec })
    scenario.onWebhook = async (event) => {
      if (event.type === 'call.initiated' && event.payload.direction === 'incoming') {
        const leg = event.payload.call_control_id
        await scenario.rest('POST', `/v2/calls/${leg}/actions/answer`, {})
        const moved = await scenario.rest('POST', `/v2/calls/${leg}/actions/transfer`, {
          to: phone.uri,
          preferred_codecs: codec.toUpperCase(),
        })
        assert.equal(moved.status, 200, JSON.stringify(moved.json))
      }
      return 200
    }
    const caller = await scenario.callIn('narrow', A)
    await clock.until(() => phone.calls[0]?.state === 'up')
    const called = phone.calls[0]!
    called.party.hum(B)
    await settle(scenario)
    assert.match(Buffer.from(called.invite!.body).toString(), codec === 'opus' ? /RTP\/AVP 107 / : /RTP\/AVP 9 101/)
    assert.deepEqual([caller.party.hears([A, B]), called.party.hears([A, B])], [[B], [A]])
    caller.party.dial('7')
    await clock.advance(800)
    assert.equal(called.party.digits, '7')
    caller.hangUp()
    await clock.advance(500)
    await scenario.close()
  })
}

test('encrypted wide band: keys and codec together, recorded at 16 kHz', async () => {
  const scenario = await openScenario({ declared: declared({ allow_srtp_without_tls: true }) })
  scenario.onWebhook = async (event) => {
    const leg = event.payload.call_control_id
    if (event.type === 'call.initiated') await scenario.rest('POST', `/v2/calls/${leg}/actions/answer`, {})
    if (event.type === 'call.answered')
      await scenario.rest('POST', `/v2/calls/${leg}/actions/record_start`, { format: 'wav', channels: 'single' })
    return 200
  }
  const phone = await scenario.phone('p', { codec: 'opus', encryption: 'required' })
  const call = await phone.call(NUMBER, scenario.sip)
  call.party.hum(HIGH)
  await scenario.clock.until(() => call.state === 'up')
  await settle(scenario)
  call.hangUp()
  await scenario.clock.until(() => scenario.event('call.recording.saved') !== undefined)
  const url = scenario.event('call.recording.saved')?.payload.recording_urls as { wav: string }
  assert.ok(url.wav.length > 0)
  await scenario.close()
})

test('encrypted_media and inbound.codecs of a connection made over the API hold for its logins, both ways', async () => {
  const scenario = await openScenario({ srtpWithoutTls: true })
  const made = await scenario.rest('POST', '/v2/credential_connections', {
    connection_name: 'desk',
    user_name: 'deskphone1',
    password: 'a-long-secret',
    webhook_event_url: APP_URL,
    encrypted_media: 'SRTP',
    inbound: { codecs: ['G722', 'G711U'] },
  })
  assert.equal(made.status, 201, JSON.stringify(made.json))
  assert.equal(made.json.data.encrypted_media, 'SRTP')
  const credentials = { password: 'a-long-secret', codec: 'G722' } as const
  const plain = await scenario.phone('deskphone1', credentials)
  const refused = await plain.call(NUMBER, scenario.sip)
  await scenario.clock.until(() => refused.state === 'ended')
  assert.equal(refused.end?.status, 488)
  const phone = await scenario.phone('deskphone1', { ...credentials, encryption: 'accepted' })
  const registered = phone.register(scenario.sip)
  await scenario.clock.advance(500)
  assert.equal(await registered, 200)
  const reply = await dial(scenario, 'deskphone1')
  assert.equal(reply.status, 200, JSON.stringify(reply.json))
  await scenario.clock.until(() => phone.calls.at(-1)?.state === 'up')
  assert.ok(phone.calls.at(-1)!.party.secured)
  assert.match(Buffer.from(phone.calls.at(-1)!.invite!.body).toString(), /RTP\/SAVP 9 0 /)
  const freed = await scenario.rest('PATCH', `/v2/credential_connections/${made.json.data.id}`, {
    encrypted_media: null,
  })
  assert.equal(freed.json.data.encrypted_media, null, JSON.stringify(freed.json))
  await scenario.close()
})
