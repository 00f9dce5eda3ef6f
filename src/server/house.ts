// The wiring of the rooms, the same for the real switch and for scenarios on a pretended network: whoever calls hands in
// time, wire and disk behind the rooms; this joins engine, languages, webhooks and HTTP.

import type { FastifyInstance } from 'fastify'
import type { MediaLibrary } from '#accounts/media-library.ts'
import { type Barred, bars } from '#accounts/outbound-policy.ts'
import type { Register } from '#accounts/register.ts'
import { UsageToday } from '#accounts/usage.ts'
import { adminMount } from '#admin/face.ts'
import type { Chance } from '#base/chance.ts'
import type { Clock } from '#base/clock.ts'
import type { ApplicationId, IdMaker } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import type { OutboundHttp } from '#base/outbound.ts'
import type { Recognisers } from '#base/recogniser.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Refusal } from '#calls/commands.ts'
import type { Applications, Ledger, MediaPlaces, Sounds } from '#calls/doors.ts'
import { Engine } from '#calls/engine.ts'
import { type Recovered, recover } from '#calls/recovery.ts'
import { createHttp, mount } from '#http/mount.ts'
import { openapi } from '#http/openapi.ts'
import type { Legs } from '#legs/leg.ts'
import type { MediaChannel } from '#media/protocol.ts'
import type { Store } from '#storage/store.ts'
import { serveConnections } from '#telnyx/connection-calls.ts'
import type { TelnyxDoors } from '#telnyx/doors.ts'
import { downloadMount } from '#telnyx/downloads.ts'
import { telnyxMount } from '#telnyx/face.ts'
import { recordingLinks } from '#telnyx/links.ts'
import { TelnyxWebhooks } from '#telnyx/webhook-language.ts'
import { CallQueue } from '#twilio/call-queue.ts'
import { refuseAtDomains } from '#twilio/domain-refusals.ts'
import { LANGUAGE as SECOND_LANGUAGE, type TwilioDoors } from '#twilio/doors.ts'
import { twilioMount } from '#twilio/face.ts'
import type { Sites } from '#twilio/sites.ts'
import { speakTwilio, twilioEvents } from '#twilio/speak.ts'
import { texmlMount } from '#twilio/texml-face.ts'
import { voiceV1Mount } from '#twilio/voice-v1-face.ts'
import { Dispatcher } from '#webhooks/dispatcher.ts'
import type { Credentials } from './credentials.ts'
import { frontPage } from './front-page.ts'
import { speakHouse } from './house-language.ts'
import { REALM } from './lines.ts'
import { Metrics, type MetricsDoors } from './metrics.ts'
import { publisher } from './publisher.ts'
import type { DiskShelf } from './recording-shelf.ts'
import { recordingTranscriber } from './recording-transcriber.ts'
import { memoryOf, readUnfinished } from './unfinished.ts'
import { countUsage, recallUsage } from './usage-count.ts'

export interface HouseParts {
  readonly clock: Clock
  readonly chance: Chance
  readonly ids: IdMaker
  readonly log: Log
  readonly store: Store
  readonly register: Register
  readonly library: MediaLibrary
  readonly outbound: OutboundHttp
  readonly legs: Legs
  readonly registrations: TelnyxDoors['registrations']
  readonly requestsPerSecond: number
  /** Calls of one account a second that leave, of those made over REST in a language that queues them; 0: all at once. */
  readonly callsPerSecond?: number
  readonly media: MediaPlaces
  /** The hall's own ear on the media workers. */
  readonly mediaEvents: MediaChannel
  readonly sounds: Sounds
  readonly shelf: DiskShelf
  readonly credentials: Credentials
  readonly baseUrl: () => string
  readonly faces: () => Readonly<Record<string, string>>
  readonly sipCounts: MetricsDoors['sipCounts']
  /** Why audio may not be sent to an address that a customer names; null: it may. */
  readonly refuseAddress: TelnyxDoors['refuseAddress']
  /** Recognisers of speech of the configuration; none unless given. */
  readonly recognisers?: TelnyxDoors['recognisers']
  /** How they are reached. */
  readonly recognition: Recognisers
  /** Whether noise suppression engines we do not have are stood in for by ours; refused unless given. */
  readonly noiseFallback?: boolean
  /** Whether the audio of recordings is given to whoever knows its URL (AUTH-05); not unless given. */
  readonly publicRecordings?: boolean
  /** Whether a Dial may have several Sip nouns, or others beside one (PAR-07); it may unless given. */
  readonly enhancedSip?: boolean
  /** Ways out by the name of a region or an edge; absent: none. */
  readonly sites?: Sites
  readonly version: string
}

export interface House {
  readonly engine: Engine
  readonly dispatcher: Dispatcher
  readonly http: FastifyInstance
  readonly metrics: Metrics
  /** Brings to an end what a crash left behind and begins to deliver what it owes. Call once, before new work. */
  recover(): Promise<Result<Recovered, string>>
}

export function buildHouse(parts: HouseParts): House {
  const { clock, log, store, register, ids } = parts
  const linkSecret = Buffer.from(parts.credentials.link_secret, 'hex')
  const links = recordingLinks(linkSecret, parts.baseUrl, () => clock.wallMs())
  const telnyx = new TelnyxWebhooks(register, ids, links)
  const twilio = twilioEvents({ register, store, clock, ids, log, baseUrl: parts.baseUrl })
  const dispatcher = new Dispatcher({
    store,
    http: parts.outbound,
    clock,
    chance: parts.chance,
    log,
    languages: { telnyx, twilio: twilio.webhooks },
  })
  const usage = new UsageToday(register)
  const engine = new Engine(
    {
      clock,
      ids,
      log,
      legs: parts.legs,
      media: parts.media,
      ledger: ledgerOf(store, log),
      publisher: publisher(dispatcher, [(event) => telnyx.drafts(event), (event) => twilio.drafts(event)]),
      sounds: parts.sounds,
      shelf: parts.shelf,
      transcriber: recordingTranscriber(parts.recognisers ?? [], parts.recognition, parts.shelf),
      applications: applicationsOf(register, usage, clock),
    },
    memoryOf(store),
  )
  speakHouse({ engine, register, ids, log })
  serveConnections({ engine, register, log })
  countUsage(engine, usage)
  const metrics = new Metrics({ engine, dispatcher, store, sipCounts: parts.sipCounts })
  parts.mediaEvents.onEvent((event) => {
    if (event.type === 'worker-load') metrics.onLoad(event)
    else engine.onMedia(event)
  })
  parts.mediaEvents.onClose(() => engine.onMediaLost())

  const hold = (lanes: readonly string[]): (() => void) => {
    const releases = lanes.map((lane) => dispatcher.hold(lane))
    return () => {
      for (const release of releases) release()
    }
  }
  const doors: TelnyxDoors = {
    engine,
    register,
    store,
    media: parts.library,
    clock,
    chance: parts.chance,
    ids,
    log,
    baseUrl: parts.baseUrl,
    linkSecret,
    noiseFallback: parts.noiseFallback ?? false,
    refuseAddress: parts.refuseAddress,
    recognisers: parts.recognisers ?? [],
    registrations: parts.registrations,
    requestsPerSecond: parts.requestsPerSecond,
    hold,
    readRecording: (path) => parts.shelf.read(path),
    removeRecording: (path) => parts.shelf.remove(path),
  }
  const twilioDoors: TwilioDoors = {
    engine,
    register,
    store,
    clock,
    chance: parts.chance,
    ids,
    log,
    baseUrl: parts.baseUrl,
    sipRealm: REALM,
    requestsPerSecond: parts.requestsPerSecond,
    callQueue: new CallQueue(clock, parts.callsPerSecond ?? 0),
    hold,
    publicRecordings: parts.publicRecordings ?? false,
    sites: parts.sites ?? new Map(),
    readRecording: (path, range) => parts.shelf.read(path, range),
    renderRecording: (path, format, mono) => parts.shelf.rendition(path, format, mono),
    removeRecording: (path) => parts.shelf.remove(path),
    ...speakTwilio({
      ...parts,
      engine,
      http: parts.outbound,
      notifications: twilio.notifications,
      roomCallback: twilio.roomCallback,
      callLog: twilio.callLog,
    }),
  }
  parts.legs.watchDomains(refuseAtDomains(register, (note) => twilio.notifications.note(note)))
  const telnyxFace = telnyxMount(doors, links)
  const twilioFace = twilioMount(twilioDoors)
  const http = createHttp({ log, onRequest: (record) => metrics.onHttp(record) })
  mount(http, telnyxFace, log)
  mount(http, twilioFace, log)
  const voiceV1Face = voiceV1Mount(twilioDoors)
  mount(http, voiceV1Face, log)
  mount(http, texmlMount(twilioDoors), log)
  mount(http, downloadMount(doors), log)
  const admin = adminMount({
    engine,
    register,
    store,
    dispatcher,
    clock,
    token: parts.credentials.admin_token,
    version: parts.version,
    startedAtWallMs: clock.wallMs(),
    faces: parts.faces,
    mediaLoad: () => metrics.load,
    readRecording: (path) => parts.shelf.read(path),
  })
  mount(http, admin, log)
  plainRoutes(http, {
    engine,
    store,
    metrics,
    front: () => frontPage(parts.version, parts.faces()),
    document: () => openapi('Hookswitch', parts.version, [telnyxFace, twilioFace, voiceV1Face, admin] as never),
  })

  return {
    engine,
    dispatcher,
    http,
    metrics,
    async recover() {
      const owed = await dispatcher.recover()
      if (!owed.ok) return err(owed.error.reason)
      const unfinished = await readUnfinished(store)
      if (!unfinished.ok) return err(unfinished.error)
      const recovered = await recover(engine, unfinished.value)
      await recallUsage(store, usage, clock.wallMs())
      return recovered.ok ? ok(recovered.value) : err('the store does not take commits')
    },
  }
}

function ledgerOf(store: Store, log: Log): Ledger {
  return {
    get available() {
      return store.health.ok
    },
    async commit(writes) {
      const result = await store.commit(writes)
      if (result.ok) return true
      if (result.error.type === 'unavailable') return false
      // A bug: the same statements would fail for ever. The rest of the house must not wait for them.
      log.error({ error: result.error }, 'the store refused a change; it is lost')
      return true
    },
  }
}

function applicationsOf(register: Register, usage: UsageToday, clock: Clock): Applications {
  return {
    bars: (attempt, live) =>
      register.isActive(attempt.account)
        ? refusalOf(bars(register, usage, attempt, live, clock.wallMs()))
        : { type: 'barred', to: attempt.to[0] ?? '', reason: 'the account is not active' },
    languageOf: (id: ApplicationId) => register.application(id)?.dialect ?? null,
    firstCommandTimeoutMs: (id: ApplicationId) => register.application(id)?.firstCommandTimeoutMs ?? null,
    referrals: (id: ApplicationId) => (register.application(id)?.dialect === SECOND_LANGUAGE ? 'ask' : 'carry-out'),
    digitMode: (id: ApplicationId) => register.application(id)?.digitMode ?? 'telephone-event',
  }
}

function refusalOf(barred: Barred | null): Refusal | null {
  switch (barred?.type) {
    case 'not-allowed':
      return { ...barred, type: 'barred' }
    case 'full':
      return { type: 'limit-reached', limit: `${barred.limit} calls at once`, of: barred.of }
    case 'spent':
      return barred
    default:
      return null
  }
}

/** What every operator's tools ask for. */
function plainRoutes(
  http: FastifyInstance,
  house: {
    readonly engine: Engine
    readonly store: Store
    readonly metrics: Metrics
    readonly document: () => object
    readonly front: () => string
  },
): void {
  http.get('/', async (_request, reply) => reply.type('text/html; charset=utf-8').send(house.front()))
  http.setNotFoundHandler(async (request, reply) =>
    reply.code(404).send({
      error: `there is nothing at ${request.method} ${request.url}; the APIs are below /v2, /2010-04-01 and /v1`,
    }),
  )
  http.get('/healthz', async () => ({ status: 'ok' }))
  http.get('/readyz', async (_request, reply) => {
    const reasons = [
      ...(house.engine.draining ? ['draining'] : []),
      ...(house.store.health.ok ? [] : [`store: ${house.store.health.reason ?? 'away'}`]),
    ]
    return reply
      .code(reasons.length === 0 ? 200 : 503)
      .send({ status: reasons.length === 0 ? 'ready' : 'not ready', reasons })
  })
  http.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4').send(await house.metrics.text()),
  )
  http.get('/docs', async () => house.document())
}
