// The legs room against real user agents on a pretended network: the switch on 127.0.0.1:5060, telephones beside it.
// The media worker here only opens and closes sessions and counts; sound has its own tests.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Application, PhoneNumber, SipUser, Trunk } from '#accounts/model.ts'
import { seededChance } from '#base/chance.ts'
import { type AccountId, type ApplicationId, type CallId, IdMaker } from '#base/ids.ts'
import { silentLog } from '#base/log.ts'
import type { MediaChannel, MediaCommand, MediaEvent, SessionStats } from '#media/protocol.ts'
import { AuthSession } from '#sip/auth-session.ts'
import type { SipCall } from '#sip/call.ts'
import type { CallEnd, CallListener, InCallAnswer } from '#sip/call-words.ts'
import { field, type HeaderField, type SipRequest, type SipResponse } from '#sip/message.ts'
import { TransactionLayer } from '#sip/transaction-layer.ts'
import { SipTransport } from '#sip/transport.ts'
import { UserAgent } from '#sip/user-agent.ts'
import { HandClock } from '#testkit/clock.ts'
import { VirtualNet } from '#testkit/network.ts'
import { type Directory, localPolicy } from './directory.ts'
import type { DialRequest, LegEvent } from './leg.ts'
import { SipLegs } from './sip-legs.ts'

const account = 'acc' as AccountId
const application = 'app' as ApplicationId

const stats: SessionStats = {
  packetsReceived: 7,
  packetsLost: 0,
  packetsDiscarded: 0,
  packetsForged: 0,
  packetsReplayed: 0,
  packetsSent: 9,
  octetsReceived: 0,
  octetsSent: 0,
  jitterMs: 0,
  maxJitterMs: 0,
  roundTripMs: null,
  remoteLossFraction: null,
  concealedMs: 0,
  codec: 'PCMU',
}

class Worker implements MediaChannel {
  readonly commands: MediaCommand[] = []
  #listener: (event: MediaEvent) => void = () => {}
  #closer: () => void = () => {}
  #port = 30_000
  mute = false
  #nextPort(): number {
    this.#port += 2
    return this.#port
  }
  send(command: MediaCommand): void {
    this.commands.push(command)
    if (this.mute) return
    if (command.type === 'open-session') {
      const local = { host: command.bindHost, port: this.#nextPort() }
      queueMicrotask(() =>
        this.#listener({ type: 'session-opened', session: command.session, local, rtcpPort: local.port + 1 }),
      )
    }
    if (command.type === 'close-session')
      queueMicrotask(() => this.#listener({ type: 'session-closed', session: command.session, stats }))
  }
  onEvent(listener: (event: MediaEvent) => void): void {
    this.#listener = listener
  }
  onClose(listener: () => void): void {
    this.#closer = listener
  }
  close(): void {
    this.#closer()
  }
  last() {
    const found = this.commands.findLast((command) => command.type === 'configure-session')
    assert.ok(found?.type === 'configure-session')
    return found.description
  }
}

const sdp = (direction = 'sendrecv', types = '0 101') =>
  Buffer.from(
    `v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP ${types}\r\na=rtpmap:101 telephone-event/8000\r\na=${direction}\r\n`,
  )

class Phone implements CallListener {
  readonly log: string[] = []
  call: SipCall | null = null
  end: CallEnd | null = null
  lastBody = ''
  accepts: InCallAnswer = { status: 200, body: sdp() }
  invite: SipRequest | null = null
  progress(response: SipResponse): void {
    this.log.push(`progress ${response.status}${response.body.length > 0 ? ' sdp' : ''}`)
  }
  accepted(response: SipResponse): Uint8Array | null {
    this.log.push('accepted')
    this.lastBody = Buffer.from(response.body).toString()
    return sdp()
  }
  acked(): void {
    this.log.push('acked')
  }
  offered(request: SipRequest): InCallAnswer {
    this.lastBody = Buffer.from(request.body).toString()
    this.log.push('offered')
    return this.accepts
  }
  requested(request: SipRequest): InCallAnswer {
    this.log.push(request.method)
    return { status: 200 }
  }
  reinvited(response: SipResponse | null): Uint8Array | null {
    this.log.push(`reinvited ${response?.status}`)
    this.lastBody = Buffer.from(response?.body ?? []).toString()
    return sdp()
  }
  ended(end: CallEnd): void {
    this.end = end
    this.log.push(`ended ${end.by} ${end.how} ${end.status}`)
  }
}

async function setUp(
  options: {
    admit?: () => number | null
    trunks?: Partial<Trunk>[]
    anonymous?: boolean
    /** Behind a NAT: the address others know us by. */
    publicHost?: string
  } = {},
) {
  const clock = new HandClock()
  const net = new VirtualNet(clock)
  const make = async (port: number, seed: number) => {
    const advertised = port === 5060 && options.publicHost !== undefined ? { advertisedHost: options.publicHost } : {}
    const transport = new SipTransport({ clock, log: silentLog, datagrams: net, streams: net, ...advertised })
    const layer = new TransactionLayer({ clock, chance: seededChance(seed), log: silentLog, transport })
    assert.ok((await transport.listen('udp', { host: '127.0.0.1', port })).ok)
    assert.ok((await transport.listen('tcp', { host: '127.0.0.1', port })).ok)
    return new UserAgent({
      clock,
      chance: seededChance(seed + 1),
      log: silentLog,
      layer,
      name: 'test',
      contactUser: 'alice',
    })
  }
  const ua = await make(5060, 1)
  const phoneUa = await make(5070, 50)
  const worker = new Worker()
  const trunks = (options.trunks ?? []).map(
    (trunk, at): Trunk => ({
      id: String(at),
      account,
      name: `trunk${at}`,
      match: '^\\+',
      uris: [],
      username: null,
      password: null,
      register: false,
      allowFrom: [],
      trusted: false,
      createdAtWallMs: 0,
      ...trunk,
    }),
  )
  const user: SipUser = {
    id: 'u',
    account,
    username: 'alice',
    password: 'secret',
    displayName: null,
    callerId: '+15550111',
    createdAtWallMs: 0,
  }
  const number: PhoneNumber = { number: '+15550100', id: 'n', account, application, createdAtWallMs: 0 }
  const directory: Directory = {
    user: (name) => (name === 'alice' ? user : null),
    number: (text) => (text === '+15550100' ? number : null),
    application: () => ({ callerId: '+15550999' }) as Application,
    trunkOfAddress: (host) => trunks.find((trunk) => trunk.allowFrom.includes(host)) ?? null,
    trunksFor: (_, to) => trunks.filter((trunk) => trunk.match !== null && new RegExp(trunk.match).test(to)),
    trunks: () => trunks,
    trunkOfConnection: () => null,
    domain: () => null,
    domainsOf: () => [],
  }
  const legs = new SipLegs({
    clock,
    chance: seededChance(9),
    ids: new IdMaker(clock, seededChance(8)),
    log: silentLog,
    ua,
    directory,
    policy: options.anonymous === false ? { ...localPolicy, anonymousFrom: () => false } : localPolicy,
    media: [worker],
    mediaHost: '127.0.0.1',
    codecs: ['PCMU', 'PCMA', 'G722', 'opus'],
    realm: 'house',
    ...(options.admit ? { admit: options.admit } : {}),
    ...(options.publicHost ? { publicHost: options.publicHost } : {}),
  })
  const events: LegEvent[] = []
  let telling = false
  legs.onEvent((event) => {
    assert.ok(!telling, 'events never come inside a call of tell')
    events.push(event)
  })
  const tell: SipLegs['tell'] = (command) => {
    telling = true
    legs.tell(command)
    telling = false
  }
  const names = () => events.map((event) => event.type)
  const find = <T extends LegEvent['type']>(type: T) => {
    const event = events.find((item): item is Extract<LegEvent, { type: T }> => item.type === type)
    assert.ok(event, `${type} among ${names().join(' ')}`)
    return event
  }
  /** The telephone calls the switch. */
  const callIn = (
    over: { user?: string; from?: string; body?: Uint8Array | null; headers?: HeaderField[]; password?: string } = {},
  ) => {
    const phone = new Phone()
    phone.call = phoneUa.invite({
      uri: `sip:${over.user ?? '+15550100'}@127.0.0.1:5060`,
      targets: [{ kind: 'udp', address: { host: '127.0.0.1', port: 5060 }, flowId: null }],
      from: over.from ?? '"Bob" <sip:bob@127.0.0.1>',
      to: '<sip:+15550100@127.0.0.1>',
      headers: over.headers ?? [],
      body: over.body === undefined ? sdp() : over.body,
      credentials: over.password === undefined ? null : { username: 'alice', password: over.password },
    })
    phone.call.listen(phone)
    return phone
  }
  const incoming = async (over: Parameters<typeof callIn>[0] = {}) => {
    const phone = callIn(over)
    await clock.until(() => events.some((event) => event.type === 'leg.incoming'), 1_000)
    return { phone, leg: find('leg.incoming').incoming.leg }
  }
  const up = async () => {
    const { phone, leg } = await incoming()
    tell({ type: 'answer', leg, headers: [], codecs: [] })
    await clock.advance(100)
    return { phone, leg }
  }
  /** The telephone that the switch calls. */
  const called: Phone[] = []
  phoneUa.onTraffic({
    onInvite: (call, request) => {
      const phone = new Phone()
      phone.call = call
      phone.invite = request
      call.listen(phone)
      called.push(phone)
    },
  })
  const dial = (over: Partial<DialRequest> = {}) => {
    const leg = '0123456789abcdef0123456789abcdef' as CallId
    tell({
      type: 'dial',
      request: {
        leg,
        account,
        application,
        to: 'sip:carol@127.0.0.1:5070',
        alsoTo: [],
        from: '+15550100',
        fromName: null,
        headers: [],
        auth: null,
        codecs: [],
        encryption: null,
        transport: null,
        privacy: false,
        timeoutMs: 30_000,
        ...over,
      },
    })
    return leg
  }
  const registerPhone = async (password = 'secret', contact = 'sip:alice@10.9.9.9:9999') => {
    let status = 0
    phoneUa.request(
      {
        method: 'REGISTER',
        uri: 'sip:127.0.0.1:5060',
        target: { kind: 'udp', address: { host: '127.0.0.1', port: 5060 }, flowId: null },
        from: '<sip:alice@house>',
        to: '<sip:alice@house>',
        headers: [field('Contact', `<${contact}>`)],
        auth: new AuthSession(seededChance(3), { username: 'alice', password }),
      },
      (response) => {
        status = response?.status ?? -1
      },
    )
    await clock.advance(50)
    return status
  }
  return {
    clock,
    net,
    ua,
    phoneUa,
    legs,
    worker,
    events,
    names,
    find,
    tell,
    callIn,
    incoming,
    up,
    dial,
    called,
    registerPhone,
  }
}

test('a call in: incoming, ring, answer, hang-up by the caller, with figures', async () => {
  const { clock, legs, worker, find, tell, names, incoming } = await setUp()
  const { phone, leg } = await incoming({
    headers: [field('X-Ticket', '42'), field('User-to-User', '56a3;encoding=hex')],
  })
  const told = find('leg.incoming').incoming
  assert.deepEqual([told.from, told.fromName, told.to, told.source.type], ['bob', 'Bob', '+15550100', 'anonymous'])
  assert.deepEqual(told.headers, [
    { name: 'X-Ticket', value: '42' },
    { name: 'User-to-User', value: '56a3;encoding=hex' },
  ])
  assert.deepEqual(told.offeredCodecs, ['PCMU'])
  tell({ type: 'ring', leg, earlyMedia: false })
  await clock.advance(50)
  tell({ type: 'answer', leg, headers: [{ name: 'X-Answer', value: 'yes' }], codecs: [] })
  await clock.advance(50)
  assert.deepEqual(phone.log, ['progress 180', 'accepted'])
  const description = worker.last()
  assert.deepEqual(description.remote, { host: '127.0.0.9', port: 4000 })
  assert.deepEqual(
    [description.send?.codec, description.telephoneEvent?.sendType, description.direction],
    ['PCMU', 101, 'sendrecv'],
  )
  phone.call!.hangUp([field('Reason', 'Q.850;cause=16;text="bye"')])
  await clock.advance(50)
  const { end, stats: figures } = find('leg.ended')
  assert.deepEqual([end.by, end.how, end.q850, figures?.packetsSent], ['remote', 'bye', 16, 9])
  assert.deepEqual(names(), ['leg.incoming', 'leg.answered', 'leg.ended'])
  await clock.advance(60_000)
  assert.equal(legs.size, 0)
})

test('early media: 183 carries the same answer as the 200', async () => {
  const { clock, tell, incoming, worker } = await setUp()
  const { phone, leg } = await incoming()
  tell({ type: 'ring', leg, earlyMedia: true })
  await clock.advance(50)
  const configured = worker.commands.filter((command) => command.type === 'configure-session').length
  tell({ type: 'answer', leg, headers: [], codecs: [] })
  await clock.advance(50)
  assert.deepEqual(phone.log, ['progress 183 sdp', 'accepted'])
  assert.equal(configured, 1)
})

test('late offer in: we offer in the 200 and learn the codec from the ACK', async () => {
  const { clock, tell, incoming, find, worker } = await setUp()
  const { leg } = await incoming({ body: null })
  tell({ type: 'answer', leg, headers: [], codecs: [] })
  await clock.advance(50)
  assert.equal(find('leg.answered').codec, 'PCMU')
  assert.equal(worker.last().remote?.port, 4000)
})

test('who may call: unknown numbers 404, nothing in common 488, no hops 483, overload 503, strangers 401', async () => {
  const status = async (
    over: Parameters<Awaited<ReturnType<typeof setUp>>['callIn']>[0],
    options: Parameters<typeof setUp>[0] = {},
  ) => {
    const world = await setUp(options)
    const phone = world.callIn(over)
    await world.clock.advance(200)
    assert.deepEqual(world.names(), [])
    assert.deepEqual(world.worker.commands, [])
    return phone.end?.status
  }
  assert.equal(await status({ user: '+1999' }), 404)
  assert.equal(await status({ body: sdp('sendrecv', '18') }), 488)
  assert.equal(await status({ headers: [field('Max-Forwards', '0')] }), 483)
  assert.equal(await status({}, { admit: () => 5 }), 503)
  assert.equal(await status({}, { anonymous: false }), 401)
  assert.equal(await status({ from: '<sip:alice@house>' }), 401)
  assert.equal(await status({ from: '<sip:alice@house>', password: 'wrong' }), 401)
})

test('a call of ours arrives here as the leg it was made for: once, and from our own address alone', async () => {
  const { clock, ua, events, callIn, dial, tell, names, legs } = await setUp()
  const invited: Parameters<UserAgent['invite']>[0][] = []
  const invite = ua.invite.bind(ua)
  let early: Phone | null = null
  ua.invite = (wish) => {
    invited.push(wish)
    early = stolen()
    return invite(wish)
  }
  const stolen = (): Phone => {
    const { uri, headers = [] } = invited[0]!
    return callIn({ user: uri.slice('sip:'.length, uri.indexOf('@')), headers: [...headers] })
  }
  const arrival = {
    leg: 'fedcba9876543210fedcba9876543210' as CallId,
    account: 'other' as AccountId,
    application: 'theirs' as ApplicationId,
    from: 'client:bob',
    fromName: 'Bob',
    to: 'AP1',
  }
  const caller = dial({ to: 'app:AP1', arrival })
  await clock.until(() => events.some((event) => event.type === 'leg.incoming'), 1_000)
  const told = events.find((event) => event.type === 'leg.incoming')!.incoming
  assert.deepEqual(
    [told.leg, told.account, told.application, told.from, told.fromName, told.to, told.otherEnd],
    [arrival.leg, 'other', 'theirs', 'client:bob', 'Bob', 'AP1', caller],
  )
  const { uri } = invited[0]!
  assert.ok(!JSON.stringify(told).includes(uri.slice(4, uri.indexOf('@'))), 'its address is nobody’s business')
  tell({ type: 'answer', leg: arrival.leg, headers: [], codecs: [] })
  await clock.advance(100)
  assert.deepEqual(names(), ['leg.trying', 'leg.incoming', 'leg.answered', 'leg.answered'])
  const late = stolen()
  const again = new Phone()
  again.call = invite({ ...invited[0]! })
  again.call.listen(again)
  await clock.advance(200)
  assert.deepEqual([(early as Phone | null)?.end?.status, late.end?.status, again.end?.status], [404, 404, 404])
  tell({ type: 'hang-up', leg: caller, q850: 16, headers: [] })
  await clock.advance(1_000)
  assert.equal(legs.size, 0)
})

test('a call of ours to ourselves stays within, sound and all, behind whatever address others know us by', async () => {
  const { clock, worker, find, tell, names, legs, dial } = await setUp({ publicHost: '203.0.113.9' })
  const caller = dial({ to: '+15550100' })
  await clock.until(() => names().includes('leg.incoming'), 1_000)
  const { leg } = find('leg.incoming').incoming
  tell({ type: 'answer', leg, headers: [], codecs: [] })
  await clock.advance(60_000)
  assert.deepEqual(names(), ['leg.trying', 'leg.incoming', 'leg.answered', 'leg.answered'])
  const remotes = worker.commands.flatMap((one) =>
    one.type === 'configure-session' ? [one.description.remote?.host] : [],
  )
  assert.deepEqual(new Set(remotes), new Set(['127.0.0.1']))
  tell({ type: 'hang-up', leg: caller, q850: 16, headers: [] })
  await clock.advance(2_000)
  assert.deepEqual(names().slice(4), ['leg.ended', 'leg.ended'])
  assert.equal(legs.size, 0)
})

test('a user calls with its password and shows its own number', async () => {
  const { incoming, find } = await setUp({ anonymous: false })
  await incoming({ from: '<sip:alice@house>', password: 'secret' })
  const told = find('leg.incoming').incoming
  assert.deepEqual([told.source, told.from], [{ type: 'user', username: 'alice' }, '+15550111'])
})

test('an asserted identity counts from a trusted trunk only', async () => {
  for (const trusted of [true, false]) {
    const { incoming, find } = await setUp({ trunks: [{ allowFrom: ['127.0.0.1'], trusted }] })
    await incoming({ headers: [field('P-Asserted-Identity', '"Real" <sip:+15557777@carrier>')] })
    const told = find('leg.incoming').incoming
    assert.deepEqual([told.from, told.fromName], trusted ? ['+15557777', 'Real'] : ['bob', 'Bob'])
    assert.deepEqual(told.source, { type: 'trunk', name: 'trunk0' })
    assert.equal(told.headers.length, trusted ? 1 : 0)
  }
})

test('reject and hang-up before the answer: the status asked for, and the one a Q.850 cause means', async () => {
  const first = await setUp()
  const one = await first.incoming()
  first.tell({ type: 'reject', leg: one.leg, status: 603, headers: [] })
  await first.clock.advance(50)
  assert.equal(one.phone.end?.status, 603)
  assert.deepEqual([first.find('leg.ended').end.by, first.find('leg.ended').end.how], ['local', 'refused'])
  const second = await setUp()
  const two = await second.incoming()
  second.tell({ type: 'hang-up', leg: two.leg, q850: 17, headers: [] })
  await second.clock.advance(50)
  assert.equal(two.phone.end?.status, 486)
})

test('race 10: answer and the caller’s CANCEL in the same tick end the leg once', async () => {
  const { clock, tell, incoming, names } = await setUp()
  const { phone, leg } = await incoming()
  tell({ type: 'ring', leg, earlyMedia: false })
  await clock.advance(20)
  tell({ type: 'answer', leg, headers: [], codecs: [] })
  phone.call!.hangUp()
  await clock.advance(40_000)
  assert.deepEqual(names(), ['leg.incoming', 'leg.answered', 'leg.ended'])
  assert.ok(phone.end)
})

test('hold by the far party is told, and ours is asked for by re-INVITE and taken back', async () => {
  const { clock, up, names, tell, worker } = await setUp()
  const { phone, leg } = await up()
  phone.call!.reinvite(sdp('sendonly'))
  await clock.advance(100)
  assert.equal(worker.last().direction, 'recvonly')
  phone.call!.reinvite(sdp())
  await clock.advance(100)
  assert.deepEqual(names().slice(2), ['leg.held', 'leg.unheld'])
  phone.accepts = { status: 200, body: sdp('recvonly') }
  tell({ type: 'hold', leg, held: true })
  await clock.advance(100)
  assert.match(phone.lastBody, /a=sendonly/)
  assert.equal(worker.last().direction, 'sendonly')
  phone.accepts = { status: 200, body: sdp() }
  tell({ type: 'hold', leg, held: false })
  await clock.advance(100)
  assert.match(phone.lastBody, /a=sendrecv/)
  assert.equal(worker.last().direction, 'sendrecv')
  assert.deepEqual(names().slice(4), [])
})

test('digits by INFO in both spellings; other INFO goes up whole; ours goes out', async () => {
  const { clock, up, events, tell } = await setUp()
  const { phone, leg } = await up()
  const send = (contentType: string, body: string) =>
    phone.call!.request('INFO', { contentType, body: Buffer.from(body) }, () => {})
  send('application/dtmf-relay', 'Signal=5\r\nDuration=160')
  await clock.advance(20)
  send('application/dtmf', '#')
  await clock.advance(20)
  send('text/plain', 'hello')
  await clock.advance(20)
  assert.deepEqual(events.slice(2), [
    { type: 'leg.digit', leg, digit: '5', durationMs: 160 },
    { type: 'leg.digit', leg, digit: '#', durationMs: 250 },
    { type: 'leg.info', leg, contentType: 'text/plain', body: 'hello' },
  ])
  tell({ type: 'send-info', leg, contentType: 'text/plain', body: 'x' })
  await clock.advance(20)
  assert.ok(phone.log.includes('INFO'))
})

test('a call out: trying, ringing, early media, answered, hung up; custom headers travel, others do not', async () => {
  const { clock, dial, called, names, find, tell, worker } = await setUp()
  const leg = dial({
    from: 'Front Desk',
    headers: [
      { name: 'X-A', value: '1' },
      { name: 'Via', value: 'evil' },
      { name: 'X-B', value: 'a\r\nVia: evil' },
    ],
  })
  await clock.advance(50)
  const phone = called[0]!
  assert.equal(phone.invite!.get('x-a'), '1')
  assert.equal(phone.invite!.get('x-b'), undefined)
  assert.equal(phone.invite!.vias!.length, 1)
  assert.equal(phone.invite!.from!.displayName, 'Front Desk')
  assert.match(phone.invite!.from!.uri.text, /^sip:\+15550999@/)
  phone.call!.progress(180)
  phone.call!.progress(183, { body: sdp() })
  await clock.advance(50)
  phone.call!.accept({ body: sdp(), headers: [field('X-Back', 'b')] })
  await clock.advance(50)
  assert.deepEqual(names(), ['leg.trying', 'leg.ringing', 'leg.early-media', 'leg.answered'])
  assert.deepEqual(find('leg.answered').headers, [{ name: 'X-Back', value: 'b' }])
  assert.deepEqual(worker.last().remote, { host: '127.0.0.9', port: 4000 })
  tell({ type: 'hang-up', leg, q850: 16, headers: [] })
  await clock.advance(50)
  assert.equal(find('leg.ended').end.how, 'bye')
  assert.equal(phone.end?.message?.get('reason'), 'Q.850;cause=16')
})

test('race 9: hang-up between dial and 100, and before the media session is open', async () => {
  for (const waitMs of [0, 0.05]) {
    const { clock, dial, tell, names, legs } = await setUp()
    const leg = dial()
    if (waitMs > 0) await clock.advance(waitMs)
    else await Promise.resolve()
    tell({ type: 'hang-up', leg, q850: null, headers: [] })
    await clock.advance(70_000)
    assert.equal(names().filter((name) => name === 'leg.ended').length, 1)
    assert.equal(names().at(-1), 'leg.ended')
    assert.equal(legs.size, 0)
  }
})

test('ring timeout, refusal, no route, forbidden host and a bad address each say what happened', async () => {
  const ringing = await setUp()
  ringing.dial({ timeoutMs: 5_000 })
  await ringing.clock.advance(50)
  ringing.called[0]!.call!.progress(180)
  await ringing.clock.advance(6_000)
  assert.deepEqual([ringing.find('leg.ended').end.how, ringing.called[0]!.end?.how], ['no-answer-in-time', 'cancel'])

  const busy = await setUp()
  busy.dial()
  await busy.clock.advance(50)
  busy.called[0]!.call!.reject(486, { headers: [field('Reason', 'Q.850;cause=17')] })
  await busy.clock.advance(50)
  const { end } = busy.find('leg.ended')
  assert.deepEqual([end.by, end.how, end.sipStatus, end.q850], ['remote', 'refused', 486, 17])

  const world = await setUp()
  assert.deepEqual(world.legs.route(account, '+1999')?.type, 'no-route')
  assert.deepEqual(world.legs.route(account, 'sip:x@198.51.100.7')?.type, 'not-allowed')
  assert.deepEqual(world.legs.route(account, 'sip:x@h h')?.type, 'bad-address')
  assert.deepEqual(world.legs.route(account, 'alice')?.type, 'no-route')
  assert.equal(world.legs.route(account, 'sip:x@127.0.0.1:5070'), null)
  world.dial({ to: '+1999' })
  await world.clock.advance(10)
  assert.deepEqual([world.find('leg.ended').end.how, world.find('leg.ended').end.sipStatus], ['unreachable', 404])
})

test('a registered user is called at its real source; a wrong password registers nothing', async () => {
  const { clock, registerPhone, dial, called, legs, names } = await setUp()
  assert.equal(await registerPhone('wrong'), 401)
  assert.equal(legs.registrar.size, 0)
  assert.equal(await registerPhone(), 200)
  dial({ to: 'alice' })
  await clock.advance(50)
  assert.equal(called.length, 1)
  assert.equal(called[0]!.invite!.uriText, 'sip:alice@10.9.9.9:9999')
  called[0]!.call!.accept({ body: sdp() })
  await clock.advance(50)
  assert.deepEqual(names(), ['leg.trying', 'leg.answered'])
})

test('a trunk with two targets: the silent one is passed over after four seconds, its digest is answered', async () => {
  const { clock, dial, called, names } = await setUp({
    trunks: [{ uris: ['sip:127.0.0.1:5999', 'sip:127.0.0.1:5070'] }],
  })
  dial({ to: '+15551234' })
  await clock.advance(4_100)
  assert.match(called[0]!.invite!.uriText, /^sip:\+15551234@/)
  called[0]!.call!.accept({ body: sdp() })
  await clock.advance(50)
  assert.deepEqual(names(), ['leg.trying', 'leg.answered'])
})

test('every contact of a user rings, the first to answer wins and the others are cancelled', async () => {
  const { clock, registerPhone, dial, called, names } = await setUp()
  assert.equal(await registerPhone(), 200)
  assert.equal(await registerPhone('secret', 'sip:alice@10.9.9.8:9998'), 200)
  dial({ to: 'alice' })
  await clock.advance(50)
  const [first, second] = called as [Phone, Phone]
  assert.deepEqual(called.map((phone) => phone.invite!.uriText).toSorted(), [
    'sip:alice@10.9.9.8:9998',
    'sip:alice@10.9.9.9:9999',
  ])
  first.call!.progress(180)
  second.call!.progress(180)
  await clock.advance(50)
  second.call!.accept({ body: sdp() })
  await clock.advance(100)
  assert.equal(first.end?.how, 'cancel')
  assert.match(first.end?.message?.get('reason') ?? '', /cause=200/)
  assert.equal(second.end, null)
  assert.deepEqual(names(), ['leg.trying', 'leg.ringing', 'leg.answered'])
})

test('when no target of a trunk answers, the next trunk that serves the number is tried', async () => {
  const { clock, dial, called, names } = await setUp({
    trunks: [{ uris: ['sip:127.0.0.1:5999', 'sip:127.0.0.1:5998'] }, { uris: ['sip:127.0.0.1:5070'] }],
  })
  dial({ to: '+15551234' })
  await clock.advance(7_900)
  assert.equal(called.length, 0)
  await clock.advance(200)
  assert.equal(called.length, 1)
  called[0]!.call!.accept({ body: sdp() })
  await clock.advance(50)
  assert.deepEqual(names(), ['leg.trying', 'leg.answered'])
  // What the silent ones might still say changes nothing.
  await clock.advance(60_000)
  assert.deepEqual(names(), ['leg.trying', 'leg.answered'])
})

test('a trunk that answers is believed: busy is busy, 503 tries the next one, and the last failure is told', async () => {
  const trunks = [{ uris: ['sip:127.0.0.1:5070'] }, { uris: ['sip:127.0.0.1:5070'] }]
  const busy = await setUp({ trunks })
  busy.dial({ to: '+15551234' })
  await busy.clock.advance(50)
  busy.called[0]!.call!.reject(486)
  await busy.clock.advance(600)
  assert.equal(busy.called.length, 1)
  assert.equal(busy.find('leg.ended').end.sipStatus, 486)

  const away = await setUp({ trunks })
  away.dial({ to: '+15551234' })
  await away.clock.advance(50)
  away.called[0]!.call!.reject(503)
  await away.clock.advance(50)
  assert.equal(away.called.length, 2)
  assert.ok(!away.names().includes('leg.ended'))
  away.called[1]!.call!.reject(404)
  await away.clock.advance(600)
  assert.equal(away.find('leg.ended').end.sipStatus, 404)
})

test('hang-up while the second trunk rings cancels there and tries no third', async () => {
  const { clock, dial, called, tell, find } = await setUp({
    trunks: [{ uris: ['sip:127.0.0.1:5999'] }, { uris: ['sip:127.0.0.1:5070'] }, { uris: ['sip:127.0.0.1:5070'] }],
  })
  const leg = dial({ to: '+15551234' })
  await clock.advance(4_100)
  called[0]!.call!.progress(180)
  await clock.advance(50)
  tell({ type: 'hang-up', leg, q850: null, headers: [] })
  await clock.advance(700)
  assert.equal(called.length, 1)
  assert.equal(find('leg.ended').end.how, 'cancel')
})

test('RFC 3261 §16.3: a call made for another one has a hop less, and none is made when none is left', async () => {
  const far = await setUp()
  const { leg } = await far.incoming({ headers: [field('Max-Forwards', '5')] })
  far.dial({ onBehalfOf: leg })
  await far.clock.advance(50)
  assert.equal(far.called[0]!.invite!.maxForwards, 4)

  const end = await setUp()
  const last = await end.incoming({ headers: [field('Max-Forwards', '1')] })
  end.dial({ onBehalfOf: last.leg })
  await end.clock.advance(600)
  assert.equal(end.called.length, 0)
  assert.equal(end.find('leg.ended').end.sipStatus, 483)
})

test('a trunk target that misses three keepalives is tried last, and comes back with any answer', async () => {
  const { clock, legs } = await setUp({ trunks: [{ uris: ['sip:127.0.0.1:5999', 'sip:127.0.0.1:5070'] }] })
  const trunk = legs.trunks
  trunk.start()
  await clock.advance(160_000)
  const [first] = (legs as unknown as { trunks: typeof trunk }).trunks.inOrder({
    uris: ['sip:127.0.0.1:5999', 'sip:127.0.0.1:5070'],
  } as unknown as Trunk)
  assert.equal(first, 'sip:127.0.0.1:5070')
  trunk.stop()
})

test('a 200 without common media is acknowledged, hung up and told as 488', async () => {
  const { clock, dial, called, find } = await setUp()
  dial()
  await clock.advance(50)
  called[0]!.call!.accept({ body: sdp('sendrecv', '18') })
  await clock.advance(100)
  assert.deepEqual([find('leg.ended').end.how, find('leg.ended').end.sipStatus], ['failed', 488])
  assert.deepEqual(called[0]!.log, ['acked', 'ended remote bye 200'])
})

test('a media worker that dies or never opens ends its legs', async () => {
  const dies = await setUp()
  const { phone } = await dies.up()
  dies.worker.close()
  await dies.clock.advance(1_000)
  assert.deepEqual([dies.find('leg.ended').end.how, phone.end?.how], ['failed', 'bye'])
  const silent = await setUp()
  silent.worker.mute = true
  const waiting = await silent.incoming()
  silent.tell({ type: 'answer', leg: waiting.leg, headers: [], codecs: [] })
  await silent.clock.advance(5_000)
  assert.equal(waiting.phone.end?.status, 503)
  assert.equal(silent.find('leg.ended').stats, null)
})
