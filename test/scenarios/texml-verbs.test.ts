// What TeXML's documents have of their own (twilio-voice TX-06, TX-07): requests to anybody in the middle of a call, noise taken
// away, and streams and recording servers in the vendor's manner.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeG711, encodeG711 } from '#audio/g711.ts'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { seededChance } from '#base/chance.ts'
import type { OutboundRequest } from '#base/outbound.ts'
import { ok } from '#base/result.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { RecordingServer } from '#testkit/recording-server.ts'
import { NUMBER, openScenario, rnnoise, type Scenario, type ScenarioOptions } from './house.ts'
import { sdkOf } from './sdk-in-house.ts'
import { twiml } from './twilio-app.ts'

const APP = 'http://app.test'
const WSS = 'wss://agent.example.com/media'

interface Seen {
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly params: Readonly<Record<string, string>>
}

type Page = string | { readonly status: number; readonly type: string; readonly body: string }

interface Stage {
  readonly scenario: Scenario
  readonly seen: Seen[]
  at(path: string): readonly Seen[]
  until(path: string, times?: number): Promise<Seen>
  callIn(user?: string): Promise<PhoneCall>
  /** What went wrong with the documents, by code. */
  notes(): Promise<readonly string[]>
}

/** A number whose calls run `/texml`, and a web server with pages by their paths. */
async function stage(pages: Readonly<Record<string, Page>>, options: ScenarioOptions = {}): Promise<Stage> {
  const scenario = await openScenario(options)
  const seen: Seen[] = []
  scenario.onRequest = (request: OutboundRequest) => {
    const { pathname, searchParams } = new URL(request.url)
    const body = Buffer.from(request.body ?? []).toString('utf8')
    const form = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true
    seen.push({
      path: pathname,
      method: request.method,
      headers: request.headers,
      body,
      params: Object.fromEntries([...searchParams, ...(form ? new URLSearchParams(body) : [])]),
    })
    const page = pages[pathname] ?? ''
    const { status, type, body: text } = typeof page === 'string' ? { status: 200, type: 'text/xml', body: page } : page
    const headers = { 'content-type': type }
    return Promise.resolve(ok({ status, headers, body: Buffer.from(text), truncated: false, url: request.url }))
  }
  const client = sdkOf(scenario)
  const application = (await client.texmlApplications.create({ friendly_name: 'own', voice_url: `${APP}/texml` })).data!
  const numbers = []
  for await (const one of client.phoneNumbers.list()) numbers.push(one)
  await client.phoneNumbers.update(numbers[0]!.id!, { connection_id: application.id! })
  const at = (path: string) => seen.filter((one) => one.path === path)
  return {
    scenario,
    seen,
    at,
    async until(path, times = 1) {
      await scenario.clock.until(() => at(path).length >= times)
      return at(path)[times - 1]!
    },
    async callIn(user = 'carol') {
      const phone = await scenario.phone(user, { displayName: 'Carol <& Co>' })
      const call = await phone.call(NUMBER, scenario.sip)
      call.party.hum(440)
      return call
    },
    async notes() {
      const reply = await scenario.house.http.inject({
        method: 'GET',
        url: `/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Notifications.json?PageSize=100`,
        headers: {
          authorization: `Basic ${Buffer.from('AC0123456789abcdef0123456789abcdef:token').toString('base64')}`,
        },
      })
      return JSON.parse(reply.body).notifications.map((one: { error_code: string }) => String(one.error_code))
    },
  }
}

const LOOKUP = `<Request url="/crm?number={{#url_encode}}{{From}}{{/url_encode}}" method="POST">
  <Headers><Header><Key>Authorization</Key><Value>Bearer key</Value></Header>
    <Header><Key>Content-Type</Key><Value>application/json</Value></Header></Headers>
  <Body><![CDATA[{"from": "{{From}}", "name": "{{CallerName}}"}]]></Body></Request>`
const FIELDS = `<Response><Type>JSON</Type><StatusCode>200</StatusCode><Content>
  <Field><Name>records[0].Name</Name><Value>caller_name</Value></Field></Content></Response>`

test('TX-06: an HttpRequest asks somebody else in the document’s words; its action hears what was wanted and takes over', async () => {
  const { scenario, seen, at, until, callIn, notes } = await stage({
    '/texml': twiml(`<HttpRequest action="/found">${LOOKUP}${FIELDS}</HttpRequest><Redirect>/never</Redirect>`),
    '/crm': { status: 200, type: 'application/json', body: '{"records":[{"Name":"Ann & Sons"}]}' },
    '/found': twiml('<Hangup/>'),
  })
  const call = await callIn()
  const found = await until('/found')
  await scenario.clock.until(() => call.state === 'ended')
  const [asked] = at('/crm')
  assert.deepEqual([asked!.method, asked!.params.number], ['POST', 'carol'])
  assert.equal(asked!.headers.authorization, 'Bearer key')
  assert.equal(asked!.headers['content-type'], 'application/json')
  assert.deepEqual(JSON.parse(asked!.body), { from: 'carol', name: 'Carol &lt;&amp; Co&gt;' })
  // It is not our request: nobody there could check whose it is.
  assert.equal(asked!.headers['telnyx-signature-ed25519'], undefined)
  assert.equal(found.params.caller_name, 'Ann & Sons')
  assert.match(found.params.CallSid!, /^v3:/)
  assert.ok(found.headers['telnyx-signature-ed25519'])
  assert.equal(
    seen.some(({ path }) => path === '/never'),
    false,
  )
  assert.deepEqual(await notes(), [])
  await scenario.close()
})

test('TX-06: one nobody waits for lets the document go on; an action that says nothing, too; what fails is noted', async () => {
  const { scenario, at, until, callIn, notes } = await stage({
    '/texml': twiml(`<HttpRequest async="true"><Request url="/slow" method="GET"/></HttpRequest>
      <HttpRequest action="/told">${LOOKUP}${FIELDS}</HttpRequest>
      <HttpRequest><Request url="http://unreachable.test/"/></HttpRequest>
      <AIGather/><Connect><AIAssistant id="a"/></Connect><Redirect>/end</Redirect>`),
    '/crm': { status: 500, type: 'text/plain', body: 'broken' },
    '/end': twiml('<Hangup/>'),
  })
  const call = await callIn()
  await until('/end')
  assert.equal((await until('/told')).params.caller_name, undefined)
  assert.equal(at('/slow').length, 1)
  await scenario.clock.until(() => call.state === 'ended')
  await scenario.clock.advance(500)
  assert.deepEqual((await notes()).toSorted(), ['11200', '11205', '12200', '12200', '12200'])
  await scenario.close()
})

await rnnoise.load()

test('TX-06: Suppression takes noise out of what the caller says, until it is stopped; engines of others are noted', async () => {
  const { scenario, until, callIn, notes } = await stage({
    '/texml': twiml('<Dial action="/clean"><Sip>sip:desk@127.0.0.1:5070</Sip></Dial>'),
    '/clean': twiml(
      '<Start><Suppression direction="inbound"/></Start><Start><Suppression noiseSuppressionEngine="Krisp"/></Start><Dial action="/loud"><Sip>sip:desk@127.0.0.1:5070</Sip></Dial>',
    ),
    '/loud': twiml('<Stop><Suppression/></Stop><Dial><Sip>sip:desk@127.0.0.1:5070</Sip></Dial>'),
  })
  const { clock } = scenario
  const desk = await scenario.phone('desk', { port: 5070 })
  const call = await callIn()
  call.party.play(noise())
  const levels: number[] = []
  for (const next of ['/clean', '/loud', null]) {
    await clock.until(() => desk.calls[levels.length]?.state === 'up')
    await clock.advance(4_000)
    levels.push(desk.calls[levels.length]!.party.loudness(1_000))
    if (next === null) break
    desk.calls[levels.length - 1]!.hangUp()
    await until(next)
  }
  const [before, clean, afterwards] = levels as [number, number, number]
  assert.ok(before - clean > 15, `${before} to ${clean} dB`)
  assert.ok(Math.abs(before - afterwards) < 3, `${before} and ${afterwards} dB`)
  assert.deepEqual(await notes(), ['12200'])
  call.hangUp()
  await clock.advance(1_000)
  await scenario.close()
})

test('TX-06: a Dial shows the name it was given, and its limits are TeXML’s', async () => {
  const { scenario, callIn, notes } = await stage({
    '/texml': twiml(
      '<Dial callerId="+15550177" fromDisplayName="Front Desk"><Sip>sip:desk@127.0.0.1:5070</Sip></Dial>',
    ),
  })
  const desk = await scenario.phone('desk', { port: 5070 })
  const call = await callIn()
  await scenario.clock.until(() => desk.calls[0]?.state === 'up')
  const { from } = desk.calls[0]!.invite!
  assert.equal(from!.displayName?.replaceAll('"', ''), 'Front Desk')
  assert.match(from!.uri.text, /^sip:\+15550177@/)
  assert.deepEqual(await notes(), [])
  call.hangUp()
  await scenario.clock.advance(1_000)
  await scenario.close()
})

test('TX-07: a stream in the vendor’s frames and a codec of the document’s choice; what comes back is heard', async () => {
  const { scenario, until, callIn, notes } = await stage({
    '/texml': twiml(
      `<Start><Stream url="${WSS}?key=1" name="mine" codec="PCMA" bidirectionalMode="rtp" statusCallback="/stream"/></Start><Pause length="30"/>`,
    ),
  })
  const { clock, sockets } = scenario
  sockets.servers.set(WSS, (socket) => {
    // A second of another tone, half a second in.
    clock.at(clock.nowMs() + 500, () => {
      const samples = Int16Array.from({ length: 8_000 }, (_, i) => 8_000 * Math.sin((2 * Math.PI * 900 * i) / 8_000))
      const octets = new Uint8Array(samples.length)
      encodeG711('PCMU', samples, 0, samples.length, octets, 0)
      socket.send({ event: 'media', media: { payload: Buffer.from(octets).toString('base64') } })
    })
  })
  const call = await callIn()
  await clock.until(() => sockets.connections[0] !== undefined)
  await clock.advance(1_200)
  assert.deepEqual(call.party.hears([440, 900], 300), [900])
  const [socket] = sockets.connections
  assert.equal(socket!.request.headers['X-Twilio-Signature'], undefined)
  const start = socket!.frames.find(({ event }) => event === 'start')
  assert.deepEqual(start.start.media_format, { encoding: 'PCMA', sample_rate: 8_000, channels: 1 })
  assert.match(start.start.call_control_id, /^v3:/)
  const octets = Buffer.concat(
    socket!.frames.filter(({ event }) => event === 'media').map(({ media }) => Buffer.from(media.payload, 'base64')),
  )
  const samples = new Int16Array(octets.length)
  decodeG711('PCMA', octets, 0, octets.length, samples, 0)
  assert.ok(toneLevelDbov(samples.subarray(-3_200), 440, 8_000) > -30)
  assert.equal((await until('/stream')).params.StreamEvent, 'stream-started')
  assert.deepEqual(await notes(), [])
  call.hangUp()
  await clock.advance(1_000)
  await scenario.close()
})

test('TX-07: Siprec of both tracks, its parameters in the INVITE or in the metadata, and a timer of its own', async () => {
  const { scenario, until, callIn, notes } = await stage({
    '/texml': twiml(
      `<Start><Siprec connectorName="recorder" name="plain" sessionTimeoutSecs="90" statusCallback="/siprec"><Parameter name="Team" value="blue"/></Siprec>
       <Siprec connectorName="recorder" name="told" includeMetadataCustomHeaders="true"><Parameter name="Team" value="red"/></Siprec>
       <Siprec connectorName="recorder" name="secret" secure="true"/></Start><Pause length="30"/>`,
    ),
  })
  const { clock, net } = scenario
  const server = await RecordingServer.open({ clock, chance: seededChance(5), datagrams: net, streams: net })
  const { host, port } = server.address
  await scenario.rest('POST', '/v2/siprec_connectors', { name: 'recorder', host, port })
  const call = await callIn()
  await clock.until(() => server.recordings.length === 2)
  await clock.advance(1_000)
  const header = (index: number, name: string) => server.recordings[index]!.invite.get(name as never)
  const [plain, told] = server.recordings
  assert.deepEqual([plain!.labels.length, told!.labels.length], [2, 2])
  assert.deepEqual([header(0, 'x-team'), header(1, 'x-team')], ['blue', undefined])
  assert.match(header(0, 'x-call-control-id') ?? '', /^v3:/)
  assert.match(header(0, 'session-expires') ?? '', /^90\b/)
  assert.match(header(1, 'session-expires') ?? '', /^1800\b/)
  assert.deepEqual(plain!.conversation.parameters, [])
  assert.deepEqual(
    told!.conversation.parameters.filter(({ name }) => name === 'Team'),
    [{ name: 'Team', value: 'red' }],
  )
  assert.equal((await until('/siprec')).params.SiprecEvent, 'siprec-started')
  // The connector's port is not that of TLS.
  assert.deepEqual(await notes(), ['32701'])
  call.hangUp()
  await clock.advance(1_000)
  server.close()
  await scenario.close()
})

/** A minute of a fan. */
function noise(): Int16Array {
  const chance = seededChance(5)
  let low = 0
  return Int16Array.from({ length: 8_000 * 60 }, () => {
    low = 0.7 * low + 0.3 * (chance.uniform() - 0.5)
    return Math.round(6_000 * low)
  })
}
