// The endpoints of a Dial (twilio-voice §4.3, §4.4, §8): credentials, transports, ten of mixed kinds, numbers, and what
// happens on the way to the bridge.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { field } from '#sip/message.ts'
import { hearing } from '#testkit/ears.ts'
import type { Phone, PhoneCall } from '#testkit/phone.ts'
import { wavOf } from './tones.ts'
import { APP, openTwilioScenario, TWILIO_NUMBER, type TwilioScenario, twiml } from './twilio-app.ts'

const CALLER = { name: 'caller', frequenciesHz: [400] }
const CALLEE = { name: 'callee', frequenciesHz: [700] }
const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

async function up(scenario: TwilioScenario, phone: Phone, index = 0): Promise<PhoneCall> {
  await scenario.clock.until(() => phone.calls[index]?.state === 'up')
  const call = phone.calls[index]!
  call.party.hum(700)
  return call
}

/** A telephone that lets in whoever knows `kate`'s password. */
function guarded(phone: Phone, status: 401 | 407, password: string): { refused: number } {
  const count = { refused: 0 }
  const [ask, answer] =
    status === 401 ? ['WWW-Authenticate', 'authorization'] : ['Proxy-Authenticate', 'proxy-authorization']
  phone.onCall((call) => {
    const given = call.invite!.headers.find((one) => one.name.toLowerCase() === answer)?.value ?? ''
    const part = (name: string): string => new RegExp(`\\b${name}="?([^",]+)`).exec(given)?.[1] ?? ''
    const ha1 = md5(`kate:desk:${password}`)
    const ha2 = md5(`INVITE:${part('uri')}`)
    const expected = md5(`${ha1}:n0nce:${part('nc')}:${part('cnonce')}:auth:${ha2}`)
    if (part('username') === 'kate' && part('response') === expected) return call.answer()
    count.refused++
    call.reject(status, [field(ask!, 'Digest realm="desk", nonce="n0nce", algorithm=MD5, qop="auth"')])
  })
  return count
}

test('ACC-02, INV-03, SA-02: username and password answer a 401 and a 407, once; a wrong password is a failure', async () => {
  for (const [status, password, outcome] of [
    [401, 'right', 'completed'],
    [407, 'right', 'completed'],
    [401, 'wrong', 'failed'],
    [407, 'wrong', 'failed'],
  ] as const) {
    const scenario = await openTwilioScenario()
    const kate = await scenario.phone('kate')
    const count = guarded(kate, status, password)
    scenario.on('/voice', twiml(`<Dial action="/after"><Sip username="kate" password="right">${kate.uri}</Sip></Dial>`))
    scenario.on('/after', twiml('<Hangup/>'))
    const { call } = await scenario.dialIn('caller', 400)
    if (outcome === 'completed') {
      const last = await (async () => {
        await scenario.clock.until(() => kate.calls.some((one) => one.state === 'up'))
        return kate.calls.find((one) => one.state === 'up')!
      })()
      await scenario.clock.advance(1_000)
      last.hangUp()
    }
    const after = await scenario.untilAsked('/after')
    assert.equal(after.params.DialCallStatus, outcome)
    assert.equal(after.params.DialSipResponseCode, outcome === 'completed' ? '200' : String(status))
    assert.equal(count.refused, outcome === 'completed' ? 1 : 2)
    await scenario.clock.until(() => call.state === 'ended')
    await scenario.close()
  }
})

test('ACC-04, SIP-03, SIP-04, FMT-12: TCP, and TLS with its own port; region and edge stay out of the request', async () => {
  const scenario = await openTwilioScenario({
    tls: true,
    declared: {
      applications: [
        { name: 'demo', dialect: 'twilio', webhook_url: `${APP}/voice` },
        { name: 'inner', dialect: 'twilio', webhook_url: `${APP}/inner` },
      ],
      numbers: [
        { number: TWILIO_NUMBER, application: 'demo' },
        { number: '+15550300', application: 'inner' },
      ],
    },
  })
  const { clock, sip } = scenario
  const kate = await scenario.phone('kate', { transport: 'tcp' })
  scenario.on('/inner', twiml('<Pause length="5"/>'))
  scenario.on('/after', twiml('<Hangup/>'))
  const uri = `sip:kate@${kate.address.host}:${kate.address.port}`
  for (const [index, tail] of [
    ';transport=tcp',
    ';transport=TCP;region=ie1',
    ';transport=tcp;edge=frankfurt',
  ].entries()) {
    scenario.on('/voice', twiml(`<Dial action="/after"><Sip>${uri}${tail}</Sip></Dial>`))
    const { call } = await scenario.dialIn('caller', 400)
    const callee = await up(scenario, kate, index)
    assert.match(callee.invite!.headers.find((one) => one.name.toLowerCase() === 'via')!.value, /SIP\/2\.0\/TCP/)
    assert.doesNotMatch(callee.invite!.uriText, /region|edge/)
    callee.hangUp()
    await clock.until(() => call.state === 'ended')
  }
  // The switch itself answers TLS: at its own port when none is named, and at a port that is.
  for (const [index, address] of [`${sip.host};transport=tls`, `${sip.host}:5061;transport=tls`].entries()) {
    scenario.on('/voice', twiml(`<Dial action="/after"><Sip>sip:+15550300@${address}</Sip></Dial>`))
    const { call } = await scenario.dialIn('caller', 400)
    await scenario.untilAsked('/inner', index + 1)
    await clock.advance(1_000)
    assert.equal(call.state, 'up')
    call.hangUp()
    await clock.until(() => call.state === 'ended')
    await clock.advance(1_000)
  }
  await scenario.close()
})

test('ACC-09, SCB-06, PAR-01, NUM-01, NUM-02, PAR-09: ten of mixed kinds ring at once, the eleventh is left out', async () => {
  const scenario = await openTwilioScenario({
    declared: {
      applications: [{ name: 'demo', dialect: 'twilio', webhook_url: `${APP}/voice` }],
      numbers: [{ number: TWILIO_NUMBER, application: 'demo' }],
      users: [{ username: 'alice', password: 'secret' }],
      trunks: [{ name: 'carrier', match: '^\\+1888', uri: 'sip:127.0.0.8:5090' }],
    },
  })
  const { clock, sip } = scenario
  const carrier = await scenario.phone('carrier', { host: '127.0.0.8', port: 5090 })
  const alice = await scenario.phone('alice', { password: 'secret' })
  let registered = 0
  void alice.register(sip).then((status) => {
    registered = status
  })
  await clock.until(() => registered === 200)
  const desks = await Promise.all(Array.from({ length: 9 }, (_, index) => scenario.phone(`desk${index}`)))
  for (const phone of [carrier, alice, ...desks]) phone.onCall((call) => call.ring())
  const sips = desks.map((desk) => `<Sip>${desk.uri}</Sip>`).join('')
  scenario.on(
    '/voice',
    twiml(`<Dial action="/after"><Number sendDigits="1w2">+18885550123</Number><Client>alice</Client>${sips}</Dial>`),
  )
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.advance(1_000)
  const ringing = [carrier, alice, ...desks].map((phone) => phone.calls.length)
  assert.deepEqual(ringing, [1, 1, ...Array.from({ length: 8 }, () => 1), 0])
  assert.match(carrier.calls[0]!.invite!.uriText, /\+18885550123@/)
  carrier.calls[0]!.answer()
  await up(scenario, carrier)
  await clock.advance(2_500)
  assert.equal(carrier.calls[0]!.party.digits, '12')
  assert.deepEqual(hearing(call.party, [CALLEE]), ['callee'])
  assert.ok([alice, ...desks.slice(0, 8)].every((phone) => phone.calls[0]!.state === 'ended'))
  const notes = await scenario.api('GET', '/Notifications.json')
  assert.deepEqual(
    notes.json.notifications.map((one: { error_code: string }) => one.error_code),
    ['13220'],
  )
  carrier.calls[0]!.hangUp()
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('PAR-10, CPE-15, TR-13: whoever answers first wins, machine or not; one that answers without ringing is numbered 0 and 1', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const machine = await scenario.phone('machine')
  const person = await scenario.phone('person')
  person.onCall((call) => call.ring())
  const told = (path: string): string =>
    `statusCallback="${APP}${path}" statusCallbackEvent="initiated answered completed"`
  scenario.on(
    '/voice',
    twiml(`<Dial><Sip ${told('/machine')}>${machine.uri}</Sip><Sip ${told('/person')}>${person.uri}</Sip></Dial>`),
  )
  const { call } = await scenario.dialIn('caller', 400)
  const winner = await up(scenario, machine)
  await clock.advance(1_000)
  winner.hangUp()
  await clock.until(() => call.state === 'ended')
  await clock.advance(1_000)
  assert.deepEqual(
    scenario.at('/machine').map(({ params }) => [params.CallStatus, params.SequenceNumber]),
    [
      ['initiated', '0'],
      ['in-progress', '1'],
      ['completed', '2'],
    ],
  )
  // TR-13, CPE-06: the ringing nobody asked for was counted.
  assert.deepEqual(
    scenario.at('/person').map(({ params }) => [params.CallStatus, params.SequenceNumber]),
    [
      ['initiated', '0'],
      ['canceled', '2'],
    ],
  )
  await scenario.close()
})

test('WSP-02, WSP-05, WSP-07: what a screening document is told, the caller hears ringing meanwhile, and hangs up', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const desk = await scenario.phone('desk')
  desk.onCall((call) => {
    call.ring()
    call.answer([field('X-Desk', 'seven')])
  })
  scenario.on('/voice', twiml(`<Dial><Sip url="/screen">${desk.uri}</Sip></Dial>`))
  scenario.on('/screen', twiml('<Pause length="20"/>'))
  const { call } = await scenario.dialIn('caller', 400)
  const callee = await up(scenario, desk)
  const { params } = await scenario.untilAsked('/screen')
  assert.equal(params['SipHeader_X-Desk'], 'seven')
  assert.equal(params.SipDomain, desk.address.host)
  assert.equal(params.SipCallId, callee.invite!.callId)
  assert.equal(params.Called, params.To)
  assert.equal(params.SipDomainSid, undefined)
  await clock.advance(3_000)
  // The ringing of the United States: 440 and 480 Hz, two seconds of six.
  const ringing = { name: 'ringing', frequenciesHz: [440, 480] }
  let heard = false
  for (let round = 0; round < 8 && !heard; round++) {
    await clock.advance(500)
    heard = hearing(call.party, [ringing], 400).length === 1
  }
  assert.ok(heard, 'the caller hears ringing while the document runs')
  assert.deepEqual(hearing(callee.party, [CALLER]), [])
  call.hangUp()
  await clock.until(() => callee.state === 'ended')
  await scenario.close()
})

test('INV-04: early media of the network is heard by the caller; a redirection elsewhere is a failure', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const moved = await scenario.phone('moved')
  moved.onCall((call) => call.reject(302, [field('Contact', '<sip:elsewhere@127.0.0.77>')]))
  scenario.on('/voice', twiml(`<Dial action="/after"><Sip>${moved.uri}</Sip></Dial>`))
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  const after = await scenario.untilAsked('/after')
  assert.deepEqual([after.params.DialCallStatus, after.params.DialSipResponseCode], ['failed', '302'])
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('CPE-08, CPE-10, CPE-09: the last callback tells of minutes, the recording and the SIP outcome', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const desk = await scenario.phone('desk')
  scenario.on(
    '/voice',
    twiml(`<Dial record="record-from-answer"><Sip statusCallback="${APP}/told">${desk.uri}</Sip></Dial>`),
  )
  const { call } = await scenario.dialIn('caller', 400)
  const callee = await up(scenario, desk)
  await clock.advance(61_000)
  callee.hangUp()
  const { params } = await scenario.untilAsked('/told')
  assert.deepEqual(
    [params.CallStatus, params.CallDuration, params.Duration, params.SipResponseCode],
    ['completed', '61', '2', '200'],
  )
  assert.match(params.RecordingUrl ?? '', /\/Recordings\/RE[0-9a-f]{32}$/)
  assert.match(params.RecordingSid ?? '', /^RE[0-9a-f]{32}$/)
  assert.equal(params.RecordingDuration, '61')
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('WH-11, TR-07: media is fetched without the parameters and without a signature', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Play>/tone.wav</Play>'))
  scenario.on('/tone.wav', { type: 'audio/wav', body: wavOf([1100], 1) })
  const { call } = await scenario.dialIn('caller', 400)
  await scenario.clock.until(() => call.state === 'ended')
  const [media] = scenario.at('/tone.wav')
  assert.equal(media!.method, 'GET')
  assert.deepEqual(media!.params, {})
  assert.equal(media!.headers['x-twilio-signature'], undefined)
  await scenario.close()
})
