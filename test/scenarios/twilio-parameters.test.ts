// What every request tells (twilio-voice §5.2), how addresses and absent values are written (§2), and the odd corners of
// calls that other tests pass by.

import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import twilio from 'twilio'
import { field } from '#sip/message.ts'
import { NUMBER } from './house.ts'
import { APP, openTwilioScenario, SID, TOKEN, TWILIO_NUMBER, twiml } from './twilio-app.ts'

test('STD-01, STD-06, STD-07, STD-09, STD-12: sids, version, who forwarded, places, and the application', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Hangup/>'))
  const made = await scenario.api('POST', '/Applications.json', { FriendlyName: 'desk', VoiceUrl: `${APP}/voice` })
  const numbers = await scenario.api('GET', '/IncomingPhoneNumbers.json')
  const [number] = numbers.json.incoming_phone_numbers
  await scenario.api('POST', `/IncomingPhoneNumbers/${number.sid}.json`, { VoiceApplicationSid: made.json.sid })
  const phone = await scenario.phone('carol', { displayName: 'Carol' })
  const call = await phone.call(TWILIO_NUMBER, scenario.sip, [
    field('Diversion', '<sip:+15550188@carrier.test>;reason=no-answer'),
  ])
  const { params } = await scenario.untilAsked('/voice')
  assert.match(params.CallSid ?? '', /^CA[0-9a-f]{32}$/)
  assert.equal(params.AccountSid, SID)
  assert.equal(params.ApiVersion, '2010-04-01')
  assert.equal(params.ForwardedFrom, '+15550188')
  assert.equal(params.ApplicationSid, made.json.sid)
  assert.equal(params.CallerName, 'Carol')
  assert.deepEqual([params.Caller, params.Called], [params.From, params.To])
  for (const who of ['From', 'To', 'Caller', 'Called'])
    for (const place of ['City', 'State', 'Zip', 'Country']) assert.equal(params[`${who}${place}`], '')
  await scenario.clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('FMT-07, FMT-10: callers without a number as they are, American numbers in any writing, absent fields null or empty', async () => {
  const scenario = await openTwilioScenario({
    declared: {
      applications: [{ name: 'demo', dialect: 'twilio', webhook_url: `${APP}/voice` }],
      numbers: [{ number: NUMBER, application: 'demo' }],
      trunks: [{ name: 'carrier', match: '^\\+1212', uri: 'sip:127.0.0.8:5090' }],
    },
  })
  const { clock } = scenario
  scenario.on('/voice', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('anonymous', 400)
  assert.equal((await scenario.untilAsked('/voice')).params.From, 'anonymous')
  await clock.until(() => call.state === 'ended')
  const carrier = await scenario.phone('carrier', { host: '127.0.0.8', port: 5090 })
  const placed = await scenario.api('POST', '/Calls.json', {
    To: '(212) 555-0123',
    From: '+15550111',
    Twiml: twiml(''),
  })
  assert.equal(placed.json.to, '+12125550123')
  await clock.until(() => carrier.calls.length === 1)
  assert.match(carrier.calls[0]!.invite!.uriText, /\+12125550123@/)
  const { json } = await scenario.api('GET', `/Calls/${placed.json.sid}.json`)
  for (const name of ['parent_call_sid', 'answered_by', 'forwarded_from', 'price', 'trunk_sid'])
    assert.equal(json[name], null)
  // An empty URL takes the old one away.
  const made = await scenario.api('POST', '/Applications.json', { FriendlyName: 'bare', VoiceUrl: '' })
  assert.equal(made.status, 201)
  assert.ok(made.json.voice_url === null || made.json.voice_url === '')
  await clock.until(() => carrier.calls[0]!.state === 'ended')
  await clock.advance(2_000)
  await scenario.close()
})

test('TYP-11: of a notification everything is text', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Nonsense/><Hangup/>'))
  const { call } = await scenario.dialIn('carol', 400)
  await scenario.clock.until(() => call.state === 'ended')
  const { json } = await scenario.api('GET', '/Notifications.json')
  const [note] = json.notifications
  assert.deepEqual([note.error_code, note.log], ['12200', '1'])
  for (const [name, value] of Object.entries(note)) assert.ok(value === null || typeof value === 'string', name)
  await scenario.close()
})

test('PAR-07: with enhanced SIP features off a Dial has one Sip noun and nothing beside it', async () => {
  const scenario = await openTwilioScenario({ enhancedSip: false })
  const desk = await scenario.phone('desk')
  scenario.on('/voice', twiml(`<Dial action="/after"><Sip>${desk.uri}</Sip><Number>+15550199</Number></Dial>`))
  scenario.on('/after', twiml(`<Dial action="/second"><Sip>${desk.uri}</Sip></Dial>`))
  scenario.on('/second', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('carol', 400)
  const after = await scenario.untilAsked('/after')
  assert.deepEqual([after.params.DialCallStatus, after.params.DialCallSid], ['failed', undefined])
  await scenario.clock.until(() => desk.calls[0]?.state === 'up')
  desk.calls[0]!.hangUp()
  assert.equal((await scenario.untilAsked('/second')).params.DialCallStatus, 'completed')
  await scenario.clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('DIAL-18: trim takes the silence away that a Dial was recorded with', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const durations: number[] = []
  for (const trim of ['do-not-trim', 'trim-silence']) {
    const desk = await scenario.phone(`desk-${trim}`)
    scenario.on('/voice', twiml(`<Dial record="record-from-answer" trim="${trim}"><Sip>${desk.uri}</Sip></Dial>`))
    const phone = await scenario.phone(`caller-${trim}`)
    const call = await phone.call(TWILIO_NUMBER, scenario.sip)
    await clock.until(() => desk.calls[0]?.state === 'up')
    await clock.advance(6_000)
    call.party.hum(400)
    await clock.advance(2_000)
    desk.calls[0]!.hangUp()
    await clock.until(() => call.state === 'ended')
    await clock.advance(2_000)
    const { json } = await scenario.api('GET', '/Recordings.json')
    durations.push(Number(json.recordings[0].duration))
  }
  assert.ok(durations[0]! >= 7 && durations[1]! <= 4, `${durations[0]} s untrimmed, ${durations[1]} s trimmed`)
  await scenario.close()
})

test('ST-08: no call is longer than four hours', async () => {
  const scenario = await openTwilioScenario()
  const refused = await scenario.api('POST', '/Calls.json', {
    To: '+12125550123',
    From: '+15550111',
    Twiml: twiml('<Hangup/>'),
    TimeLimit: '14401',
  })
  assert.equal(refused.status, 400)
  const desk = await scenario.phone('desk')
  scenario.on('/voice', twiml(`<Dial timeLimit="99999"><Sip>${desk.uri}</Sip></Dial>`))
  const { call } = await scenario.dialIn('carol', 400)
  await scenario.clock.until(() => desk.calls[0]?.state === 'up')
  const [child] = scenario.house.engine.liveCalls().filter((one) => one.direction === 'outgoing')
  assert.equal(child!.timeLimitMs, 14_400_000)
  call.hangUp()
  await scenario.clock.until(() => desk.calls[0]?.state === 'ended')
  await scenario.close()
})

test('SIG-08: the official middleware lets our requests in, and nobody else’s', async () => {
  const scenario = await openTwilioScenario()
  const hook = twilio.webhook(TOKEN)
  const seen: [string, number][] = []
  const server = createServer(async (incoming, reply) => {
    const body = Object.fromEntries(new URLSearchParams(await textOf(incoming)))
    // As much of express as the middleware looks at.
    const request = {
      protocol: 'http',
      originalUrl: incoming.url,
      url: incoming.url,
      headers: incoming.headers,
      body,
      header: (name: string) => incoming.headers[name.toLowerCase()],
      get: (name: string) => incoming.headers[name.toLowerCase()],
    }
    const finish = (status: number, text: string): void => {
      seen.push([incoming.url ?? '', status])
      reply.writeHead(status, { 'content-type': 'text/xml' }).end(text)
    }
    let status = 200
    const response = {
      type: () => response,
      status: (code: number) => {
        status = code
        return response
      },
      send: (text: string) => finish(status, text),
    }
    hook(request as never, response as never, () => finish(200, incoming.url === '/status' ? '' : twiml('<Hangup/>')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const desk = await scenario.phone('desk')
  await scenario.api('POST', '/Calls.json', {
    To: desk.uri,
    From: '+15550111',
    Url: `${base}/voice?a=b`,
    StatusCallback: `${base}/status`,
  })
  await scenario.clock.until(() => seen.length === 2)
  assert.deepEqual(seen.sort(), [
    ['/status', 200],
    ['/voice?a=b', 200],
  ])
  assert.equal((await fetch(`${base}/voice`, { method: 'POST' })).status, 400)
  const forged = await fetch(`${base}/voice`, { method: 'POST', headers: { 'x-twilio-signature': 'bm8=' } })
  assert.equal(forged.status, 403)
  server.close()
  server.closeAllConnections()
  await scenario.close()
})

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of incoming) text += String(piece)
  return text
}

test('SDK-16: no reply redirects, and whoever asks too often is told 429 with the time to wait', async () => {
  const scenario = await openTwilioScenario({ requestsPerSecond: 2 })
  const replies = []
  for (let round = 0; round < 22; round++) {
    const authorization = `Basic ${Buffer.from(`${SID}:${TOKEN}`).toString('base64')}`
    replies.push(
      await scenario.house.http.inject({
        method: 'GET',
        url: `/2010-04-01/Accounts/${SID}/Calls.json`,
        headers: { authorization },
      }),
    )
  }
  assert.ok(replies.every((one) => one.statusCode === 200 || one.statusCode === 429))
  const refused = replies.find((one) => one.statusCode === 429)
  assert.equal(refused?.json().code, 20429)
  assert.ok(Number(refused?.headers['retry-after']) >= 1)
  await scenario.close()
})
