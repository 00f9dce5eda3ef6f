// `region` and `edge` of a SIP address (SIP-04, SIP-05): by way of the proxy, or from the address, that the configuration
// names for them; straight, when it names none.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hearing } from '#testkit/ears.ts'
import type { Phone, PhoneCall } from '#testkit/phone.ts'
import { openTwilioScenario, type TwilioScenario, twiml } from './twilio-app.ts'

const SITES = {
  ie1: { outbound_proxy: 'sip:127.0.0.9:5080' },
  de1: { local_address: '127.0.0.2' },
  singapore: { outbound_proxy: 'sip:127.0.0.9:5080' },
  attic: { local_address: '127.0.0.2', outbound_proxy: 'sip:127.0.0.9:5080;transport=udp' },
}
const CALLEE = { name: 'callee', frequenciesHz: [700] }

async function dialled(scenario: TwilioScenario, sip: string, phone: Phone): Promise<PhoneCall> {
  scenario.on('/voice', twiml(`<Dial><Sip>${sip}</Sip></Dial>`))
  await scenario.dialIn(`caller${phone.calls.length}`, 400)
  const before = phone.calls.length
  await scenario.clock.until(() => phone.calls[before]?.state === 'up')
  return phone.calls[before]!
}

function headers(call: PhoneCall, name: string): readonly string[] {
  return call.invite!.headers.filter(({ id }) => id === name).map(({ value }) => value)
}

function viaHost(call: PhoneCall): string | undefined {
  return call.invite!.topVia?.host
}

test('SIP-04, SIP-05: the proxy of the region, or else of the edge, gets the INVITE for whoever it is addressed to', async () => {
  const scenario = await openTwilioScenario({ sites: SITES })
  const { clock } = scenario
  const proxy = await scenario.phone('proxy', { host: '127.0.0.9', port: 5080 })
  const desk = await scenario.phone('desk', { host: '127.0.0.8', port: 5070 })
  const to = 'sip:desk@127.0.0.8:5070'
  for (const name of [';region=ie1', ';edge=singapore', ';edge=dublin;region=ie1', ';edge=attic']) {
    const through = await dialled(scenario, `${to};transport=udp${name}`, proxy)
    through.party.hum(700)
    assert.equal(through.invite!.uriText, `${to};transport=udp`, name)
    assert.match(headers(through, 'route').join(), /^<sip:127\.0\.0\.9:5080;(transport=udp;)?lr>$/)
    assert.equal(viaHost(through), name === ';edge=attic' ? '127.0.0.2' : '127.0.0.1')
    await clock.advance(1_500)
    assert.equal(scenario.house.engine.liveCalls().length, 2)
    through.hangUp()
    await clock.until(() => scenario.house.engine.liveCalls().length === 0)
  }
  // A region that nobody configured wins over an edge that somebody did, and means nothing.
  const straight = await dialled(scenario, `${to};region=us1;edge=singapore`, desk)
  assert.deepEqual(headers(straight, 'route'), [])
  straight.hangUp()
  await clock.until(() => scenario.house.engine.liveCalls().length === 0)
  // `attic` is documented nowhere; the configuration makes it a word.
  const { json } = await scenario.api('GET', '/Notifications.json')
  assert.deepEqual(json.notifications, [])
  await scenario.close()
})

test('SIP-04: a call that goes through a proxy is cancelled and hung up through it as well', async () => {
  const scenario = await openTwilioScenario({ sites: SITES })
  const { clock } = scenario
  const proxy = await scenario.phone('proxy', { host: '127.0.0.9', port: 5080 })
  proxy.onCall((call) => call.ring())
  scenario.on('/voice', twiml('<Dial><Sip>sip:desk@127.0.0.8:5070;region=ie1</Sip></Dial>'))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => proxy.calls[0]?.state === 'ringing')
  call.hangUp()
  await clock.until(() => proxy.calls[0]?.state === 'ended')
  await scenario.close()
})

test('SIP-04: from the address of the region, every message of the call', async () => {
  const scenario = await openTwilioScenario({ sites: SITES })
  const { clock } = scenario
  const desk = await scenario.phone('desk')
  const sent: string[] = []
  scenario.net.watch(({ from, to, bytes }) => {
    const [line = ''] = Buffer.from(bytes.subarray(0, 80)).toString('latin1').split(' ')
    if (to.port === desk.address.port && /^(INVITE|ACK|BYE|OPTIONS)$/.test(line)) sent.push(`${line} ${from.host}`)
  })
  scenario.on('/voice', twiml(`<Dial><Sip>${desk.uri};region=de1</Sip></Dial>`))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => desk.calls[0]?.state === 'up')
  const callee = desk.calls[0]!
  callee.party.hum(700)
  await clock.advance(2_000)
  assert.deepEqual(hearing(call.party, [CALLEE]), ['callee'])
  assert.equal(viaHost(callee), '127.0.0.2')
  assert.match(headers(callee, 'contact').join(), /@127\.0\.0\.2:5060>$/)
  call.hangUp()
  await clock.until(() => callee.state === 'ended')
  assert.deepEqual(sent, ['INVITE 127.0.0.2', 'ACK 127.0.0.2', 'BYE 127.0.0.2'])

  // What the callee says of the call goes to that address, and is heard there.
  const again = await dialled(scenario, `${desk.uri};region=de1`, desk)
  again.hangUp()
  await clock.until(() => scenario.house.engine.liveCalls().length === 0)
  await scenario.close()
})

test('SIP-04: over TCP too, on a connection of its own', async () => {
  const scenario = await openTwilioScenario({ sites: SITES })
  const desk = await scenario.phone('desk', { transport: 'tcp' })
  const usual = await dialled(scenario, desk.uri, desk)
  const other = await dialled(scenario, `${desk.uri};region=de1`, desk)
  assert.deepEqual([usual, other].map(viaHost), ['127.0.0.1', '127.0.0.2'])
  assert.match(headers(other, 'contact').join(), /@127\.0\.0\.2:5060;transport=tcp>$/)
  usual.hangUp()
  other.hangUp()
  await scenario.clock.until(() => scenario.house.engine.liveCalls().length === 0)
  await scenario.close()
})

test('SIP-04: calls made over REST take the same ways; without the setting nothing changes', async () => {
  for (const sites of [SITES, undefined]) {
    const scenario = await openTwilioScenario(sites === undefined ? {} : { sites })
    const proxy = await scenario.phone('proxy', { host: '127.0.0.9', port: 5080 })
    const desk = await scenario.phone('desk', { host: '127.0.0.8', port: 5070 })
    const made = await scenario.api('POST', '/Calls.json', {
      To: 'sip:desk@127.0.0.8:5070;region=ie1',
      From: '+15550100',
      Twiml: twiml('<Pause length="1"/>'),
    })
    assert.equal(made.status, 201)
    const asked = sites === undefined ? desk : proxy
    await scenario.clock.until(() => asked.calls[0]?.state === 'up')
    assert.equal(headers(asked.calls[0]!, 'route').length, sites === undefined ? 0 : 1)
    await scenario.clock.until(() => asked.calls[0]?.state === 'ended')
    assert.deepEqual(
      [proxy, desk].map(({ calls }) => calls.length),
      sites === undefined ? [0, 1] : [1, 0],
    )
    await scenario.close()
  }
})
