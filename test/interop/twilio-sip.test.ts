// The other language's telephony against baresip: it registers at a SIP domain that was made over REST with the official SDK,
// calls in through it and is called by its address; and the examples of Dial with Sip from the product's documentation
// (twilio-voice §8.6), with baresip as whoever is dialled.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import twilio, { type Twilio } from 'twilio'
import { decodeWav } from '#audio/wav.ts'
import type { Phone, PhoneCall } from '#testkit/phone.ts'
import { BARESIP_NEEDS, Baresip, loudest } from './baresip.ts'
import { freePort, type Ground, isFree, type LocalSwitch, localSwitch, peerTest, sleep, until } from './peers.ts'

const NUMBER = '+15550100'
const DOMAIN = 'office.sip.test'
const PASSWORD = 'Sup3rSecretWord'
const PHONE_HZ = 600
const BARESIP_HZ = 880
const HEARD_DBOV = -30

interface Asked {
  readonly path: string
  readonly method: string
  readonly params: Readonly<Record<string, string>>
}

interface World {
  readonly house: LocalSwitch
  readonly client: Twilio
  readonly url: string
  readonly asked: Asked[]
  /** What the application answers at a path; nothing unless told. */
  on(path: string, twiml: string): void
  at(path: string): readonly Asked[]
  untilAsked(path: string, times?: number, withinMs?: number): Promise<Asked>
}

async function world(ground: Ground): Promise<World> {
  const asked: Asked[] = []
  const documents = new Map<string, string>()
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://app')
      const form = new URLSearchParams(Buffer.concat(parts).toString())
      asked.push({
        path: url.pathname,
        method: request.method ?? '',
        params: Object.fromEntries([...url.searchParams, ...form]),
      })
      const inner = documents.get(url.pathname)
      response.writeHead(200, { 'content-type': 'text/xml' })
      response.end(inner === undefined ? '' : `<Response>${inner}</Response>`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ground.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  const house = await localSwitch(ground, {
    applications: [{ name: 'app', dialect: 'twilio', webhook_url: `${url}/voice` }],
    numbers: [{ number: NUMBER, application: 'app' }],
  })
  const { twilio_account_sid: sid, twilio_auth_token: token } = house.running.credentials
  const client = twilio(sid, token)
  client.api.baseUrl = house.running.faces.http ?? ''
  const at = (path: string): readonly Asked[] => asked.filter((one) => one.path === path)
  return {
    house,
    client,
    url,
    asked,
    on: (path, inner) => void documents.set(path, inner),
    at,
    async untilAsked(path, times = 1, withinMs = 15_000) {
      await until(() => at(path).length >= times, `the application is asked ${path} ${times} times`, {
        withinMs,
        why: () => asked.map((one) => `${one.path} ${one.params.CallStatus}`).join(', '),
      })
      return at(path)[times - 1]!
    },
  }
}

/** A domain that `user` may call at and register at; its URL is `/voice`. */
async function makeDomain({ client, url }: World, user: string): Promise<string> {
  const domain = await client.sip.domains.create({
    domainName: DOMAIN,
    voiceUrl: `${url}/voice`,
    voiceStatusCallbackUrl: `${url}/over`,
    sipRegistration: true,
  })
  const list = await client.sip.credentialLists.create({ friendlyName: 'desks' })
  await client.sip.credentialLists(list.sid).credentials.create({ username: user, password: PASSWORD })
  const { auth } = client.sip.domains(domain.sid)
  await auth.calls.credentialListMappings.create({ credentialListSid: list.sid })
  await auth.registrations.credentialListMappings.create({ credentialListSid: list.sid })
  return domain.sid
}

const kate = (world: World, more: Partial<Parameters<typeof Baresip.start>[1]> = {}) => ({
  user: 'kate',
  password: PASSWORD,
  registrar: world.house.sip,
  toneHz: BARESIP_HZ,
  ...more,
})

/** Calls the number, humming. */
async function callIn(ground: Ground, { house }: World): Promise<{ phone: Phone; call: PhoneCall }> {
  const phone = await ground.phone('caller')
  const call = await phone.call(NUMBER, house.sip)
  call.party.hum(PHONE_HZ)
  return { phone, call }
}

/** Both hear each other. */
async function talk(what: string, call: PhoneCall, callee: Baresip): Promise<void> {
  await callee.until('CALL_ESTABLISHED')
  await sleep(2_500)
  const atPhone = call.party.level(BARESIP_HZ, 1_000)
  const atBaresip = loudest(callee.heard(), PHONE_HZ, callee.rateHz)
  console.log(`${what}: baresip is heard at ${atPhone.toFixed(1)} dBov, and hears ${atBaresip.toFixed(1)} dBov`)
  assert.ok(atPhone > HEARD_DBOV, 'baresip is heard')
  assert.ok(atBaresip > HEARD_DBOV, 'baresip hears')
}

peerTest(
  'baresip registers at a SIP domain, calls in through it, and is called by its address',
  BARESIP_NEEDS,
  async (ground) => {
    const here = await world(ground)
    const sid = await makeDomain(here, 'kate')
    const baresip = await Baresip.start(ground, kate(here, { domain: DOMAIN }))
    await baresip.says(/200 OK .*\[1 binding\]/)

    // In: the voice request knows where it came through, and an ordinary telephone is dialled.
    const bob = await ground.phone('bob')
    bob.onCall((call) => {
      call.party.hum(PHONE_HZ)
      call.answer()
    })
    here.on('/voice', `<Dial><Sip>${bob.uri}</Sip></Dial>`)
    baresip.command('dial', `sip:+15550142@${DOMAIN}`)
    const { params } = await here.untilAsked('/voice')
    assert.deepEqual(
      [params.SipDomain, params.SipDomainSid, params.SipSourceIp, params.From, params.To],
      [DOMAIN, sid, '127.0.0.1', `sip:kate@${DOMAIN}`, `sip:+15550142@${DOMAIN}`],
    )
    assert.ok(params.SipCallId)
    await until(() => bob.calls[0]?.state === 'up', 'the telephone answers')
    await talk('in through a domain', bob.calls[0]!, baresip)
    bob.calls[0]!.hangUp()
    await baresip.until('CALL_CLOSED')
    const over = await here.untilAsked('/over')
    assert.deepEqual([over.params.CallStatus, over.params.SipResponseCode], ['completed', '200'])

    // Out: by its address.
    here.on('/voice', `<Dial action="/after"><Sip>sip:kate@${DOMAIN}</Sip></Dial>`)
    here.on('/after', '<Hangup/>')
    const { call } = await callIn(ground, here)
    await baresip.until('CALL_ESTABLISHED', 2)
    await talk('called at a domain', call, baresip)
    assert.match(baresip.peer.output(), new RegExp(`From: [^\\n]*<sip:[^@>]+@${DOMAIN}>`))
    baresip.command('hangup')
    const after = await here.untilAsked('/after')
    assert.deepEqual([after.params.DialCallStatus, after.params.DialSipResponseCode], ['completed', '200'])
    assert.equal(here.at('/over').length, 1, 'told once')
  },
)

peerTest('baresip with a wrong password neither registers at a domain nor calls in', BARESIP_NEEDS, async (ground) => {
  const here = await world(ground)
  await makeDomain(here, 'kate')
  const baresip = await Baresip.start(ground, kate(here, { domain: DOMAIN, password: 'Wr0ngPasswordx' }))
  await baresip.says(/reg: .*40[137] /)
  baresip.command('dial', `sip:+15550142@${DOMAIN}`)
  await baresip.until('CALL_CLOSED')
  assert.equal(here.asked.length, 0)
  const notes = await here.client.notifications.list()
  assert.ok(notes.length > 0)
  assert.deepEqual([...new Set(notes.map(({ errorCode }) => errorCode))], ['32202'])
})

for (const [row, suffix, transport] of [
  ['ACC-01', '', 'UDP'],
  ['ACC-04', ';transport=tcp', 'TCP'],
  ['ACC-04', ';region=ie1', 'UDP'],
] as const)
  peerTest(
    `${row}: Dial with one Sip, ${suffix || 'plain'}, rings baresip over ${transport}`,
    BARESIP_NEEDS,
    async (ground) => {
      const here = await world(ground)
      const baresip = await Baresip.start(ground, kate(here, { registers: false }))
      here.on('/voice', `<Dial action="/after"><Sip>kate@127.0.0.1:${baresip.sipPort}${suffix}</Sip></Dial>`)
      here.on('/after', '<Hangup/>')
      const { call } = await callIn(ground, here)
      await talk(`${row} ${suffix}`, call, baresip)
      assert.match(baresip.peer.output(), new RegExp(`Via: SIP/2.0/${transport} `))
      baresip.command('hangup')
      const { params } = await here.untilAsked('/after')
      assert.deepEqual([params.DialCallStatus, params.DialBridged], ['completed', 'true'])
      await call.over()
    },
  )

peerTest('ACC-03: headers in the address reach baresip as they are, decoded', BARESIP_NEEDS, async (ground) => {
  const here = await world(ground)
  const baresip = await Baresip.start(ground, kate(here, { registers: false }))
  const headers =
    'x-mycustomheader=foo&amp;x-myotherheader=bar&amp;User-to-User=123456789%3Bencoding%3Dhex&amp;x-multi=a%2Cb%3Bc%3Dd'
  here.on('/voice', `<Dial><Sip>sip:kate@127.0.0.1:${baresip.sipPort}?${headers}</Sip></Dial>`)
  const { call } = await callIn(ground, here)
  await talk('ACC-03', call, baresip)
  for (const line of [
    'x-mycustomheader: foo',
    'x-myotherheader: bar',
    'User-to-User: 123456789;encoding=hex',
    'x-multi: a,b;c=d',
  ])
    assert.ok(baresip.peer.output().includes(line), line)
})

peerTest('ACC-05: recorded, screened, hung up on by a star, with an action by GET', BARESIP_NEEDS, async (ground) => {
  const here = await world(ground)
  const baresip = await Baresip.start(ground, kate(here, { registers: false }))
  here.on(
    '/voice',
    `<Dial record="record-from-answer-dual" timeout="10" hangupOnStar="true" callerId="bob" method="GET" action="/after">` +
      `<Sip method="POST" url="/screen">kate@127.0.0.1:${baresip.sipPort}</Sip></Dial>`,
  )
  here.on('/screen', '<Pause length="1"/>')
  here.on('/after', '<Pause length="1"/>')
  const { call } = await callIn(ground, here)
  const screen = await here.untilAsked('/screen')
  assert.deepEqual([screen.params.Direction, screen.params.CallStatus], ['outbound-dial', 'in-progress'])
  await sleep(1_200)
  await talk('ACC-05', call, baresip)
  call.party.dial('*')
  const after = await here.untilAsked('/after')
  assert.equal(after.method, 'GET')
  assert.equal(after.params.DialCallStatus, 'completed')
  await baresip.until('CALL_CLOSED')
  assert.equal(call.state, 'up', 'the caller is still there')
  const recording = after.params.RecordingUrl ?? ''
  assert.match(recording, /\/Recordings\/RE[0-9a-f]{32}$/)
  const { twilio_account_sid: sid, twilio_auth_token: token } = here.house.running.credentials
  let wav: Uint8Array = new Uint8Array(0)
  await until(async () => {
    const reply = await fetch(`${recording}.wav?RequestedChannels=2`, {
      headers: { authorization: `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}` },
    })
    wav = new Uint8Array(await reply.arrayBuffer())
    return reply.ok
  }, 'the recording is there')
  const read = decodeWav(wav)
  assert.ok(read.ok)
  const [caller, callee] = read.value.channels
  assert.ok(loudest(caller!, PHONE_HZ, read.value.sampleRateHz) > HEARD_DBOV)
  assert.ok(loudest(callee!, BARESIP_HZ, read.value.sampleRateHz) > HEARD_DBOV)
})

for (const method of ['POST', 'GET'] as const)
  peerTest(`ACC-06: four events by ${method}, numbered from 0`, BARESIP_NEEDS, async (ground) => {
    const here = await world(ground)
    const baresip = await Baresip.start(ground, kate(here, { registers: false }))
    here.on(
      '/voice',
      `<Dial><Sip statusCallbackEvent="initiated ringing answered completed" statusCallback="${here.url}/status" statusCallbackMethod="${method}">kate@127.0.0.1:${baresip.sipPort}</Sip></Dial>`,
    )
    const { call } = await callIn(ground, here)
    await talk(`ACC-06 ${method}`, call, baresip)
    baresip.command('hangup')
    await here.untilAsked('/status', 4)
    assert.deepEqual(
      here.at('/status').map((one) => [one.method, one.params.CallStatus, one.params.SequenceNumber]),
      [
        [method, 'initiated', '0'],
        [method, 'ringing', '1'],
        [method, 'in-progress', '2'],
        [method, 'completed', '3'],
      ],
    )
    for (const { params } of here.at('/status')) {
      assert.equal(params.CallbackSource, 'call-progress-events')
      assert.ok(params.ParentCallSid)
      assert.equal(params.CallDuration !== undefined, params.CallStatus === 'completed')
    }
  })

async function three(
  ground: Ground,
  here: World,
  answers: readonly ('auto' | 'manual')[],
): Promise<readonly Baresip[]> {
  const made: Baresip[] = []
  for (const [index, answer] of answers.entries())
    made.push(await Baresip.start(ground, kate(here, { user: `kate${index}`, registers: false, answer })))
  return made
}

peerTest(
  'ACC-07: three Sip nouns ring three baresips; the first to answer is connected',
  BARESIP_NEEDS,
  async (ground) => {
    const here = await world(ground)
    const phones = await three(ground, here, ['manual', 'manual', 'manual'])
    const nouns = phones.map(
      ({ sipPort }, index) =>
        `<Sip statusCallback="${here.url}/status${index}">kate${index}@127.0.0.1:${sipPort}</Sip>`,
    )
    here.on('/voice', `<Dial action="/after">${nouns.join('')}</Dial>`)
    here.on('/after', '<Hangup/>')
    const { call } = await callIn(ground, here)
    for (const phone of phones) await phone.until('CALL_INCOMING')
    phones[1]!.command('accept')
    await talk('ACC-07', call, phones[1]!)
    for (const index of [0, 2]) {
      await phones[index]!.until('CALL_CLOSED')
      assert.equal((await here.untilAsked(`/status${index}`)).params.CallStatus, 'canceled')
    }
    phones[1]!.command('hangup')
    assert.equal((await here.untilAsked('/status1')).params.CallStatus, 'completed')
    assert.equal((await here.untilAsked('/after')).params.DialCallStatus, 'completed')
  },
)

peerTest('ACC-08: one after the other: busy, no answer, no answer', BARESIP_NEEDS, async (ground) => {
  const here = await world(ground)
  const phones = await three(ground, here, ['manual', 'manual', 'manual'])
  const nouns = phones.map(({ sipPort }, index) => `<Sip>kate${index}@127.0.0.1:${sipPort}</Sip>`)
  here.on('/voice', `<Dial sequential="true" timeout="5" action="/after">${nouns.join('')}</Dial>`)
  here.on('/after', '<Hangup/>')
  await callIn(ground, here)
  await phones[0]!.until('CALL_INCOMING')
  await sleep(500)
  assert.equal(phones[1]!.of('CALL_INCOMING').length, 0)
  phones[0]!.command('hangup')
  await phones[1]!.until('CALL_INCOMING')
  assert.equal(phones[2]!.of('CALL_INCOMING').length, 0)
  await phones[2]!.until('CALL_INCOMING', 1, 20_000)
  const { params } = await here.untilAsked('/after', 1, 20_000)
  assert.deepEqual(
    [params.DialCallStatus, params.DialSipResponseCode, params.DialBridged],
    ['no-answer', '487', 'false'],
  )
})

/**
 * A peer that asks for kate's password with `status` and lets her in when it is right. SIPp 3.6 verifies Authorization only: of
 * Proxy-Authorization it is content with who says it, and the same arithmetic is behind both.
 */
function challenger(status: 401 | 407): string {
  const reply = (line: string, more: string, tag = ';tag=[pid]S[call_number]') => `<send><![CDATA[
      SIP/2.0 ${line}
      [last_Via:]
      [last_From:]
      [last_To:]${tag}
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port]>
      ${more}

  ]]></send>`
  const [line, header] =
    status === 401
      ? ['401 Unauthorized', 'WWW-Authenticate']
      : ['407 Proxy Authentication Required', 'Proxy-Authenticate']
  const challenge = `${header}: Digest realm="peer", nonce="0a1b2c3d", algorithm=MD5, qop="auth"\n      Content-Length: 0`
  const check =
    status === 401
      ? `<verifyauth assign_to="right" username="kate" password="${PASSWORD}"/>`
      : '<ereg regexp="username=.kate.,.*uri=.sip:kate@.*qop=auth" search_in="hdr" header="Proxy-Authorization:" assign_to="right"/>'
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="asks for a password">
  <recv request="INVITE"/>
  ${reply(line, challenge)}
  <recv request="ACK"/>
  <recv request="INVITE"><action>${check}</action></recv>
  <nop next="in" test="right"/>
  ${reply('403 Forbidden', 'Content-Length: 0')}
  <recv request="ACK"/>
  <nop next="end"/>
  <label id="in"/>
  ${reply(
    '200 OK',
    `Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=sipp 1 1 IN IP4 [local_ip]
      s=-
      c=IN IP4 [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0
      a=rtpmap:0 PCMU/8000`,
  )}
  <recv request="ACK"/>
  <recv request="BYE"/>
  ${reply('200 OK', 'Content-Length: 0', '')}
  <label id="end"/>
</scenario>
`
}

// rows: ACC-02
for (const [status, password, dialStatus, code] of [
  [401, PASSWORD, 'completed', '200'],
  [401, 'Wr0ngPasswordx', 'failed', '403'],
  [407, PASSWORD, 'completed', '200'],
] as const)
  peerTest(`ACC-02: username and password of a Sip answer a ${status}: ${dialStatus}`, ['sipp'], async (ground) => {
    const here = await world(ground)
    const port = await freePort()
    const file = join(ground.folder, 'challenger.xml')
    await writeFile(file, challenger(status))
    const peer = ground.start('sipp', [
      ...['-sf', file, '-i', '127.0.0.1', '-p', String(port), '-m', '1', '-nostdin'],
      ...['-mi', '127.0.0.1', '-mp', String(await freePort(4))],
    ])
    here.on(
      '/voice',
      `<Dial action="/after" hangupOnStar="true"><Sip username="kate" password="${password}">sip:kate@127.0.0.1:${port}</Sip></Dial>`,
    )
    here.on('/after', '<Hangup/>')
    await until(async () => !(await isFree(port)), 'SIPp listens', { why: () => peer.output() })
    const { call } = await callIn(ground, here)
    if (dialStatus === 'completed') {
      await until(() => here.house.count('call.answered') === 2, 'the peer answers', { why: () => peer.output() })
      await sleep(1_200)
      call.party.dial('*')
    }
    const { params } = await here.untilAsked('/after')
    assert.deepEqual([params.DialCallStatus, params.DialSipResponseCode], [dialStatus, code])
    assert.equal(await peer.ended, 0, peer.output())
  })
