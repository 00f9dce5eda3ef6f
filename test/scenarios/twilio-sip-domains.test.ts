// SIP domains at work (twilio-voice §7.6, SI-01 to SI-04): who is let in, what the voice request says, who is registered,
// and how registered telephones are called.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { field } from '#sip/message.ts'
import { hearing } from '#testkit/ears.ts'
import type { Phone, PhoneCall } from '#testkit/phone.ts'
import { APP, openTwilioScenario, type TwilioScenario, twiml } from './twilio-app.ts'

const DOMAIN = 'office.sip.test'
const PASSWORD = 'Sup3rSecretWord'
const DESK = { name: 'desk', frequenciesHz: [400] }
const CALLEE = { name: 'callee', frequenciesHz: [700] }

interface Guards {
  /** User names that may call. */
  readonly callers?: readonly string[]
  readonly network?: string
  /** User names that may register. */
  readonly members?: readonly string[]
  readonly name?: string
  readonly secure?: boolean
}

/** A domain as its customer makes it, and its sid. */
async function domain(scenario: TwilioScenario, guards: Guards): Promise<string> {
  const made = async (path: string, form: Readonly<Record<string, string>>): Promise<string> => {
    const { status, json } = await scenario.api('POST', `${path}.json`, form)
    assert.equal(status, 201, JSON.stringify(json))
    return json.sid
  }
  const sid = await made('/SIP/Domains', {
    DomainName: guards.name ?? DOMAIN,
    VoiceUrl: `${APP}/voice`,
    VoiceStatusCallbackUrl: `${APP}/over`,
    SipRegistration: String(guards.members !== undefined),
    Secure: String(guards.secure === true),
  })
  const credentials = async (kind: string, names: readonly string[]): Promise<void> => {
    const list = await made('/SIP/CredentialLists', { FriendlyName: kind })
    for (const name of names)
      await made(`/SIP/CredentialLists/${list}/Credentials`, { Username: name, Password: PASSWORD })
    await made(`/SIP/Domains/${sid}/Auth/${kind}/CredentialListMappings`, { CredentialListSid: list })
  }
  if (guards.callers !== undefined) await credentials('Calls', guards.callers)
  if (guards.members !== undefined) await credentials('Registrations', guards.members)
  if (guards.network !== undefined) {
    const [address = '', bits = '32'] = guards.network.split('/')
    const list = await made('/SIP/IpAccessControlLists', { FriendlyName: 'office' })
    await made(`/SIP/IpAccessControlLists/${list}/IpAddresses`, {
      FriendlyName: 'lan',
      IpAddress: address,
      CidrPrefixLength: bits,
    })
    await made(`/SIP/Domains/${sid}/Auth/Calls/IpAccessControlListMappings`, { IpAccessControlListSid: list })
  }
  return sid
}

/** Calls the domain; hums once it may. */
async function callDomain(
  scenario: TwilioScenario,
  phone: Phone,
  to = `sip:+15550142@${DOMAIN}`,
  headers: Parameters<Phone['call']>[2] = [],
): Promise<PhoneCall> {
  const call = await phone.call(to, scenario.sip, headers)
  call.party.hum(400)
  await scenario.clock.until(() => call.state === 'up' || call.state === 'ended')
  return call
}

/** Notifications of the account, newest first: level and code. */
async function noted(scenario: TwilioScenario): Promise<readonly string[]> {
  const { json } = await scenario.api('GET', '/Notifications.json')
  // biome-ignore lint/suspicious/noExplicitAny: a reply as it came.
  return json.notifications.map((one: any) => `${one.log === '0' ? 'error' : 'warning'} ${one.error_code}`)
}

/** Registers at the domain; the clock is wound until the answer is there. */
async function register(scenario: TwilioScenario, phone: Phone, expiresS = 600) {
  let done = false
  const asked = phone.registerAt(DOMAIN, scenario.sip, expiresS).finally(() => {
    done = true
  })
  await scenario.clock.until(() => done)
  return asked
}

async function registered(
  scenario: TwilioScenario,
  user: string,
  options: { readonly host?: string; readonly expiresS?: number; readonly password?: string } = {},
): Promise<Phone> {
  const phone = await scenario.phone(user, { password: options.password ?? PASSWORD })
  const response = await register(scenario, phone, options.expiresS)
  assert.equal(response?.status, 200)
  return phone
}

test('ACC-11, SIP-P-01 to 03, STD-02, WH-02, WH-21: a call with X- and User-to-User headers is told with all of them, and once when it is over', async () => {
  const scenario = await openTwilioScenario()
  const sid = await domain(scenario, { callers: ['desk'] })
  scenario.on('/voice', twiml('<Gather timeout="3"/>'))
  const phone = await scenario.phone('desk', { password: PASSWORD })
  const call = await callDomain(scenario, phone, `sip:+15550142@${DOMAIN.toUpperCase()}`, [
    field('X-Customer-Id', '42; gold'),
    field('x-lower', 'kept'),
    field('User-to-User', '313233;encoding=hex'),
    field('Subject', 'dropped'),
  ])
  assert.equal(call.state, 'up')
  const { params } = scenario.at('/voice')[0]!
  assert.equal(params.SipDomain, DOMAIN)
  assert.equal(params.SipDomainSid, sid)
  assert.equal(params.SipSourceIp, '127.0.0.1')
  assert.ok(params.SipCallId)
  assert.equal(params.From, phone.uri.replace(/@.*/, `@${scenario.sip.host}:${scenario.sip.port}`))
  assert.equal(params.To, `sip:+15550142@${DOMAIN.toUpperCase()}`)
  assert.equal(params.Called, params.To)
  assert.equal(params.Direction, 'inbound')
  assert.equal(params.CallStatus, 'ringing')
  assert.equal(params['SipHeader_X-Customer-Id'], '42; gold')
  assert.equal(params['SipHeader_x-lower'], 'kept')
  assert.equal(params['SipHeader_User-to-User'], '313233;encoding=hex')
  assert.equal(params.SipHeader_Subject, undefined)
  await scenario.clock.until(() => call.state === 'ended')
  const over = await scenario.untilAsked('/over')
  await scenario.clock.advance(5_000)
  assert.equal(scenario.at('/over').length, 1)
  assert.equal(over.params.CallStatus, 'completed')
  assert.equal(over.params.CallDuration, '3')
  assert.equal(over.params.SipResponseCode, '200')
  assert.equal(over.params.SipDomain, DOMAIN)
  await scenario.close()
})

test('SI-01: a domain that no list guards is closed, whoever calls', async () => {
  const scenario = await openTwilioScenario()
  await domain(scenario, {})
  const call = await callDomain(scenario, await scenario.phone('desk', { password: PASSWORD }))
  assert.equal(call.end?.status, 403)
  assert.equal(scenario.asked.length, 0)
  assert.deepEqual(await noted(scenario), ['error 32201'])
  await scenario.close()
})

test('SI-01, 32201: with an access list the address decides alone', async () => {
  for (const [network, let_in] of [
    ['127.0.0.1/32', true],
    ['127.0.0.0/8', true],
    ['127.0.0.2/32', false],
    ['192.0.2.0/24', false],
  ] as const) {
    const scenario = await openTwilioScenario()
    await domain(scenario, { network })
    scenario.on('/voice', twiml('<Gather timeout="1"/>'))
    const call = await callDomain(scenario, await scenario.phone('anybody'))
    if (let_in) {
      assert.equal(call.state, 'up', network)
      assert.deepEqual(await noted(scenario), [])
    } else {
      assert.equal(call.end?.status, 403, network)
      assert.match(header(call, 'x-twilio-error'), /^32201 /)
      assert.deepEqual(await noted(scenario), ['error 32201'])
    }
    assert.equal(scenario.at('/voice').length, let_in ? 1 : 0)
    await scenario.close()
  }
})

test('SI-01, 32202: with a credential list the password decides; a wrong one is noted', async () => {
  const scenario = await openTwilioScenario()
  await domain(scenario, { callers: ['desk'] })
  scenario.on('/voice', twiml('<Gather timeout="1"/>'))
  const wrong = await callDomain(scenario, await scenario.phone('desk', { password: 'Wr0ngPasswordx' }))
  assert.equal(wrong.end?.status, 407)
  assert.match(header(wrong, 'x-twilio-error'), /^32202 /)
  // A user of the house is nobody here, though the house would let it call.
  const stranger = await callDomain(scenario, await scenario.phone('alice', { password: 'secret' }))
  assert.equal(stranger.end?.status, 407)
  const silent = await callDomain(scenario, await scenario.phone('desk'))
  assert.equal(silent.end?.status, 407)
  assert.equal(scenario.asked.length, 0)
  assert.deepEqual(await noted(scenario), ['error 32202', 'error 32202'])
  const right = await callDomain(scenario, await scenario.phone('desk', { password: PASSWORD }))
  assert.equal(right.state, 'up')
  await scenario.close()
})

test('SI-01: with both lists both must agree, and whoever calls from elsewhere is not asked', async () => {
  for (const [network, password, status] of [
    ['127.0.0.1/32', PASSWORD, 200],
    ['127.0.0.1/32', 'Wr0ngPasswordx', 407],
    ['192.0.2.0/24', PASSWORD, 403],
  ] as const) {
    const scenario = await openTwilioScenario()
    await domain(scenario, { callers: ['desk'], network })
    scenario.on('/voice', twiml('<Gather timeout="1"/>'))
    const call = await callDomain(scenario, await scenario.phone('desk', { password }))
    assert.equal(call.state === 'up' ? 200 : call.end?.status, status)
    await scenario.close()
  }
})

test('a list that is deleted or unmapped guards nothing any more', async () => {
  const scenario = await openTwilioScenario()
  const sid = await domain(scenario, { network: '127.0.0.1' })
  scenario.on('/voice', twiml('<Gather timeout="1"/>'))
  const phone = await scenario.phone('anybody')
  assert.equal((await callDomain(scenario, phone)).state, 'up')
  const lists = (await scenario.api('GET', '/SIP/IpAccessControlLists.json')).json.ip_access_control_lists
  await scenario.api('DELETE', `/SIP/IpAccessControlLists/${lists[0].sid}.json`)
  assert.equal((await callDomain(scenario, phone)).end?.status, 403)
  await scenario.api('DELETE', `/SIP/Domains/${sid}.json`)
  // No domain, no rule of its own: a call from loopback to a number that nobody has.
  assert.equal((await callDomain(scenario, phone)).end?.status, 404)
  await scenario.close()
})

test('SI-04: a secure domain takes calls over TLS only', async () => {
  const scenario = await openTwilioScenario()
  await domain(scenario, { network: '127.0.0.1', secure: true })
  const call = await callDomain(scenario, await scenario.phone('anybody'))
  assert.equal(call.end?.status, 403)
  assert.match(header(call, 'x-twilio-error'), /TLS/)
  await scenario.close()
})

test('SI-02: registers with its password for an hour at most, and is gone after expires 0', async () => {
  const scenario = await openTwilioScenario()
  await domain(scenario, { members: ['desk'] })
  const phone = await scenario.phone('desk', { password: PASSWORD })
  const expires = async (asked: number) => {
    const response = await register(scenario, phone, asked)
    return [response?.status, response?.get('contact')?.replace(/^.*expires=/, '')]
  }
  assert.deepEqual(await expires(600), [200, '600'])
  assert.deepEqual(await expires(7_200), [200, '3600'])
  assert.deepEqual(await expires(0), [200, undefined])
  const wrong = await scenario.phone('desk', { password: 'Wr0ngPasswordx' })
  const refused = await register(scenario, wrong)
  assert.equal(refused?.status, 407)
  assert.match(refused?.get('proxy-authenticate') ?? '', /^Digest realm="hookswitch".*algorithm=MD5, qop="auth"/)
  // Nobody registers under another one's name, nor who may only call.
  const other = await scenario.phone('other', { password: PASSWORD })
  assert.equal((await register(scenario, other))?.status, 407)
  assert.deepEqual(await noted(scenario), ['error 32202', 'error 32202'])
  await scenario.close()
})

test('SI-02: a domain without registrations takes none', async () => {
  const scenario = await openTwilioScenario()
  await domain(scenario, { callers: ['desk'] })
  const phone = await scenario.phone('desk', { password: PASSWORD })
  assert.equal((await register(scenario, phone))?.status, 403)
  await scenario.close()
})

test('SI-03, INV-07: Dial rings all telephones of an address, the first to answer is connected, From is the domain', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  await domain(scenario, { callers: ['desk'], members: ['kate'] })
  const phones = [await registered(scenario, 'kate'), await registered(scenario, 'kate')]
  phones[0]!.onCall((call) => call.ring())
  phones[1]!.onCall((call) => {
    call.ring()
    clock.at(clock.nowMs() + 1_000, () => call.answer())
  })
  scenario.on('/voice', twiml(`<Dial action="/after"><Sip>sip:kate@${DOMAIN};transport=udp?x-shelf=7</Sip></Dial>`))
  scenario.on('/after', twiml('<Hangup/>'))
  const desk = await scenario.phone('desk', { password: PASSWORD })
  const call = await callDomain(scenario, desk)
  await clock.until(() => phones[1]!.calls[0]?.state === 'up')
  const callee = phones[1]!.calls[0]!
  callee.party.hum(700)
  await clock.advance(2_000)
  assert.deepEqual(hearing(call.party, [DESK, CALLEE]), ['callee'])
  assert.deepEqual(hearing(callee.party, [DESK, CALLEE]), ['desk'])
  assert.equal(phones[0]!.calls[0]!.state, 'ended')
  assert.equal(callee.invite!.from!.uri.text, `sip:desk@${DOMAIN}`)
  assert.equal(callee.invite!.get('x-shelf'), '7')
  callee.hangUp()
  const { params } = await scenario.untilAsked('/after')
  assert.equal(params.DialCallStatus, 'completed')
  assert.equal(params.DialSipResponseCode, '200')
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('SI-03, CALL-02 over REST: a registered telephone is called; From is the domain', async () => {
  const scenario = await openTwilioScenario()
  await domain(scenario, { members: ['kate'] })
  const kate = await registered(scenario, 'kate')
  scenario.on('/hello', twiml('<Gather timeout="2"/>'))
  const made = await scenario.api('POST', '/Calls.json', {
    To: `sip:kate@${DOMAIN}`,
    From: '+15550177',
    Url: `${APP}/hello`,
  })
  assert.equal(made.status, 201)
  const { params } = await scenario.untilAsked('/hello')
  assert.equal(params.To, `sip:kate@${DOMAIN}`)
  assert.equal(kate.calls[0]!.invite!.from!.uri.text, `sip:+15550177@${DOMAIN}`)
  await scenario.clock.until(() => kate.calls[0]!.state === 'ended')
  await scenario.close()
})

test('32009, 32223, 32214: nobody registered, nobody named, somebody else’s domain', async () => {
  const scenario = await openTwilioScenario()
  await domain(scenario, { members: ['kate'] })
  const sub = (await scenario.api('POST', '/2010-04-01/Accounts.json', { FriendlyName: 'other' })).json
  const theirs = await scenario.api('POST', `/2010-04-01/Accounts/${sub.sid}/SIP/Domains.json`, {
    DomainName: 'theirs.sip.test',
    SipRegistration: 'true',
  })
  assert.equal(theirs.status, 201)
  scenario.on('/hello', twiml('<Hangup/>'))
  for (const [to, code, sip] of [
    [`sip:kate@${DOMAIN}`, '32009', '480'],
    [`sip:nobody@${DOMAIN}`, '32009', '480'],
    ['sip:kate@theirs.sip.test', '32214', '403'],
  ] as const) {
    const made = await scenario.api('POST', '/Calls.json', {
      To: to,
      From: '+15550177',
      Url: `${APP}/hello`,
      StatusCallback: `${APP}/status`,
    })
    assert.equal(made.status, 201, to)
    await scenario.clock.until(() => scenario.at('/status').some(({ params }) => params.CallSid === made.json.sid))
    const { params } = scenario.at('/status').find((one) => one.params.CallSid === made.json.sid)!
    assert.deepEqual([params.CallStatus, params.SipResponseCode], ['failed', sip])
    assert.equal((await noted(scenario))[0], `warning ${code}`)
  }
  assert.equal(scenario.at('/hello').length, 0)
  await scenario.close()
})

test('32009 in a Dial: the action hears that it failed; unregistered and expired telephones are not rung', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  await domain(scenario, { members: ['kate'], callers: ['desk'] })
  const kate = await registered(scenario, 'kate', { expiresS: 60 })
  scenario.on('/voice', twiml(`<Dial action="/after"><Sip>sip:kate@${DOMAIN}</Sip></Dial>`))
  scenario.on('/after', twiml('<Hangup/>'))
  const desk = await scenario.phone('desk', { password: PASSWORD })
  await clock.advance(61_000)
  const call = await callDomain(scenario, desk)
  const { params } = await scenario.untilAsked('/after')
  assert.deepEqual([params.DialCallStatus, params.DialSipResponseCode], ['failed', '480'])
  await clock.until(() => call.state === 'ended')
  await register(scenario, kate, 600)
  await register(scenario, kate, 0)
  await callDomain(scenario, desk)
  await scenario.untilAsked('/after', 2)
  assert.equal(kate.calls.length, 0)
  // A credential that is gone takes its registrations with it.
  await register(scenario, kate, 600)
  const lists = (await scenario.api('GET', '/SIP/CredentialLists.json')).json.credential_lists
  const members = lists.find((one: { friendly_name: string }) => one.friendly_name === 'Registrations')
  await scenario.api('DELETE', `/SIP/CredentialLists/${members.sid}.json`)
  await callDomain(scenario, desk)
  await scenario.untilAsked('/after', 3)
  assert.equal(kate.calls.length, 0)
  assert.deepEqual(await noted(scenario), ['warning 32009', 'warning 32009', 'warning 32009'])
  await scenario.close()
})

test('CLI-01: a Client rings the telephone that registered by its name, at the house or at a domain', async () => {
  for (const at of ['house', 'domain'] as const) {
    const scenario = await openTwilioScenario()
    const { clock } = scenario
    await domain(scenario, { members: ['kate', '100'] })
    const user = at === 'house' ? 'alice' : '100'
    const phone = await scenario.phone(user, { password: at === 'house' ? 'secret' : PASSWORD })
    let status = 0
    if (at === 'house')
      void phone.register(scenario.sip).then((answer) => {
        status = answer
      })
    else status = (await register(scenario, phone))?.status ?? 0
    await clock.until(() => status === 200)
    scenario.on(
      '/voice',
      twiml(
        `<Dial callerId="client:joey" action="/after"><Client statusCallback="${APP}/status"><Identity>${user}</Identity><Parameter name="shelf" value="7"/></Client></Dial>`,
      ),
    )
    scenario.on('/after', twiml('<Hangup/>'))
    const { call } = await scenario.dialIn('caller', 400)
    await clock.until(() => phone.calls[0]?.state === 'up')
    assert.equal(phone.calls[0]!.invite!.get('x-shelf'), '7')
    phone.calls[0]!.hangUp()
    const { params } = await scenario.untilAsked('/status')
    assert.equal(params.To, `client:${user}`)
    assert.equal((await scenario.untilAsked('/after')).params.DialCallStatus, 'completed')
    await clock.until(() => call.state === 'ended')
    await scenario.close()
  }
})

test('CLI-01, FMT-08: a client that nobody registered as fails, and is never a number', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Dial action="/after"><Client>15550100</Client></Dial>'))
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  const { params } = await scenario.untilAsked('/after')
  assert.equal(params.DialCallStatus, 'failed')
  assert.equal(scenario.at('/voice').length, 1)
  await scenario.clock.until(() => call.state === 'ended')
  const made = await scenario.api('POST', '/Calls.json', {
    To: 'client:nobody',
    From: 'client:joey',
    Url: `${APP}/voice`,
    StatusCallback: `${APP}/status`,
  })
  assert.equal(made.status, 201)
  const told = await scenario.untilAsked('/status')
  assert.deepEqual(
    [told.params.To, told.params.From, told.params.CallStatus],
    ['client:nobody', 'client:joey', 'failed'],
  )
  await scenario.close()
})

test('DIAL-04: a caller id that nobody can be called with: the Dial fails and the customer is warned', async () => {
  for (const [callerId, code] of [
    ['not a number', '13214'],
    ['a&lt;b', '13214'],
    ['1'.repeat(300), '13248'],
  ] as const) {
    const scenario = await openTwilioScenario()
    const desk = await scenario.phone('desk')
    scenario.on('/voice', twiml(`<Dial callerId="${callerId}" action="/after"><Sip>${desk.uri}</Sip></Dial>`))
    scenario.on('/after', twiml('<Hangup/>'))
    const { call } = await scenario.dialIn('caller', 400)
    const { params } = await scenario.untilAsked('/after')
    assert.equal(params.DialCallStatus, 'failed')
    assert.equal(desk.calls.length, 0)
    assert.deepEqual(await noted(scenario), [`warning ${code}`])
    await scenario.clock.until(() => call.state === 'ended')
    await scenario.close()
  }
})

function header(call: PhoneCall, name: string): string {
  const response = call.end?.message
  return response?.get(name) ?? ''
}
