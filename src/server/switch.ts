// The real switch: real sockets, real clock, real disk behind the house of rooms. Start, drain, stop.

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { applyDeclarations, declarations } from '#accounts/config.ts'
import { MediaLibrary } from '#accounts/media-library.ts'
import { Register } from '#accounts/register.ts'
import { Seal } from '#accounts/seal.ts'
import { pause } from '#base/clock.ts'
import { type ApplicationId, IdMaker } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import { err, ok, type Result } from '#base/result.ts'
import { formatAddress } from '#base/wire.ts'
import type { Recovered } from '#calls/recovery.ts'
import { RealChance } from '#net/chance.ts'
import { RealClock } from '#net/clock.ts'
import { RealDisk } from '#net/disk.ts'
import { SystemDns } from '#net/dns.ts'
import { GuardedHttp } from '#net/outbound-http.ts'
import { RealPrograms } from '#net/run-program.ts'
import { TcpNet } from '#net/tcp.ts'
import { UdpNet } from '#net/udp.ts'
import { addressVetter } from '#net/vet-address.ts'
import { findEspeak } from '#speech/espeak.ts'
import { Sounds } from '#speech/sounds.ts'
import { GATHER_MS } from '#storage/limits.ts'
import { openStore } from '#storage/store.ts'
import { ownProgram } from '#twilio/applications.ts'
import { Admission, loopProbe } from './admission.ts'
import { ThreadedJobs } from './audio-jobs.ts'
import { accountOf, CREDENTIALS_FILE, type Credentials, openCredentials } from './credentials.ts'
import { buildHouse, type House } from './house.ts'
import { keepHouse } from './housekeeping.ts'
import { lineUp } from './lines.ts'
import { MediaPool } from './media-pool.ts'
import { ownAddress } from './own-address.ts'
import { ownRecordings } from './own-recordings.ts'
import { readRecognisers } from './recognisers.ts'
import { anywhere } from './recognition.ts'
import { RecordingCarrier } from './recording-carrier.ts'
import { DiskShelf } from './recording-shelf.ts'
import { keepRegistrations } from './registrations.ts'
import { DEFAULT_RATE_LIMIT, type Settings } from './settings.ts'
import { doorsOf, readSites } from './sites.ts'
import { hallSounds } from './sounds-adapter.ts'
import { openTls } from './tls-identity.ts'

/** How long live calls may go on after a drain began. */
const DRAIN_CALLS_MS = 10_000
const DRAIN_STEP_MS = 100
const DRAIN_MEDIA_MS = 3_000
/** What a refused caller is told to wait. */
const ADMIT_AGAIN_SECS = 5

export interface RunningSwitch {
  readonly house: House
  readonly version: string
  readonly credentials: Credentials
  readonly credentialsFile: string
  readonly fresh: boolean
  readonly recovered: Recovered
  /** `127.0.0.1:8080`, `127.0.0.1:5060`, … */
  readonly faces: Readonly<Record<string, string>>
  /** Media worker processes as they are now. */
  mediaPids(): readonly number[]
  /** New calls are refused, live ones get a while, then everything closes. */
  stop(drainMs?: number): Promise<void>
}

export async function startSwitch(settings: Settings, log: Log): Promise<Result<RunningSwitch, string>> {
  const clock = new RealClock()
  const chance = new RealChance()
  const disk = new RealDisk()
  const ids = new IdMaker(clock, chance, settings.node)
  const dataDir = resolve(settings.dataDir)

  const declared = declarations.safeParse(settings.declared)
  if (!declared.success) {
    const issue = declared.error.issues[0]!
    return err(`configuration file, /${issue.path.join('/')}: ${issue.message}`)
  }
  const declaredRecognisers = readRecognisers(settings.transcription, process.env)
  if (!declaredRecognisers.ok) return declaredRecognisers
  const sites = readSites(settings.sites)
  if (!sites.ok) return sites
  const opened = await openCredentials(disk, { ...settings, dataDir }, chance)
  if (!opened.ok) return opened
  const { credentials, fresh } = opened.value

  // The workers start while the store opens: both take their time.
  const poolStarting = MediaPool.start(
    {
      workers: settings.mediaWorkers,
      ports: settings.rtpPorts,
      nativeSockets: settings.nativeSockets,
      logLevel: settings.logLevel,
      allowPrivate: settings.allowPrivate,
    },
    chance,
    log,
  )
  const storeOpened = await openStore(
    settings.databaseUrl === null
      ? { type: 'sqlite', path: `${dataDir}/hookswitch.db`, gatherMs: GATHER_MS }
      : { type: 'postgres', url: settings.databaseUrl },
    clock,
  )
  const pool = await poolStarting
  if (!pool.ok) return pool
  // A start that fails leaves nothing behind that would keep the process alive.
  const begun: (() => Promise<unknown>)[] = [() => pool.value.drain(0)]
  const abandon = async (reason: string): Promise<Result<never, string>> => {
    for (const end of begun) await end()
    return err(reason)
  }
  if (!storeOpened.ok) return abandon(`the database cannot be opened: ${storeOpened.error.reason}`)
  const store = storeOpened.value
  begun.push(() => store.close())

  const register = new Register({
    store,
    clock,
    ids,
    chance,
    seal: new Seal(Buffer.from(credentials.seal_key, 'hex'), chance),
  })
  await register.load()
  const account = accountOf(credentials)
  const settled = await settleAccount(register, credentials, clock.wallMs())
  if (!settled.ok) return abandon(settled.error)
  const applied = await applyDeclarations(register, account, declared.data, ids, clock.wallMs())
  if (!applied.ok) {
    const where = 'pointer' in applied.error ? `${applied.error.pointer}: ${applied.error.reason}` : applied.error.type
    return abandon(`configuration file, ${where}`)
  }

  const vetted = addressVetter(settings.allowPrivate)
  if (!vetted.ok) return abandon(`allow_private: '${vetted.error.badRange}' is not a range like 10.0.0.0/8`)
  const outbound = new GuardedHttp({ allow: settings.allowPrivate })
  const jobs = new ThreadedJobs()
  begun.push(() => jobs.close())
  const sounds = new Sounds({
    disk,
    http: outbound,
    clock,
    log,
    jobs,
    program: await findEspeak(new RealPrograms(), disk),
    folder: `${dataDir}/sounds`,
  })
  await sounds.load()
  const library = new MediaLibrary({ store, disk, http: outbound, clock, ids, folder: `${dataDir}/media` })
  await library.load()

  const version = await packageVersion()
  let house: House | null = null
  const admission = new Admission(() => clock.nowMs(), loopProbe())
  pool.value.ear().onEvent((event) => {
    if (event.type === 'worker-load') admission.mediaLate(event.lateP99Ms)
  })
  const tls = openTls(settings, log)
  if (!tls.ok) return abandon(tls.error)
  const lines = await lineUp({
    clock,
    chance,
    ids,
    log,
    datagrams: new UdpNet(),
    streams: new TcpNet(),
    secure: tls.value.net,
    resolver: new SystemDns(clock, settings.dnsServers),
    register,
    settings: { ...settings, publicIp: ownAddress(settings.sipHost, settings.publicIp) },
    moreHosts: doorsOf(sites.value, settings.sipHost),
    media: [pool.value.facades()(account)],
    // What cannot be served well is refused at the door (RFC 5390).
    admit: () => (house === null || house.engine.open ? admission.admit() : ADMIT_AGAIN_SECS),
    name: `Hookswitch/${version}`,
  })
  if (!lines.ok) return abandon(lines.error)

  await keepRegistrations({ registrar: lines.value.legs.registrar, register, store, clock, log })

  let httpAddress = ''
  const faces = (): Readonly<Record<string, string>> => ({
    http: `http://${httpAddress}`,
    sip: formatAddress(lines.value.sip),
    ...(lines.value.sips === null ? {} : { sips: formatAddress(lines.value.sips) }),
    rtp: settings.rtpPorts.join('-'),
  })
  const hallChannels = pool.value.facades()
  house = buildHouse({
    clock,
    chance,
    ids,
    log,
    store,
    register,
    library,
    outbound,
    legs: lines.value.legs,
    registrations: lines.value.registrations,
    // On loopback somebody develops.
    callsPerSecond: settings.callsPerSecond,
    requestsPerSecond: settings.rateLimit ?? (isLoopback(settings.httpHost) ? 0 : DEFAULT_RATE_LIMIT),
    // Legs live with the main account's worker, so what is owned by it does too.
    media: { channelOf: (id) => hallChannels(register.account(id)?.owner ?? id) },
    mediaEvents: pool.value.ear(),
    sounds: hallSounds(
      sounds,
      library,
      ownRecordings(
        store,
        () => `http://${httpAddress}`,
        (path) => `${dataDir}/recordings/${path}`,
      ),
    ),
    shelf: new DiskShelf(
      disk,
      jobs,
      `${dataDir}/recordings`,
      new RecordingCarrier({ register, http: outbound, clock, log }),
    ),
    credentials,
    baseUrl: () => `http://${httpAddress}`,
    faces,
    sipCounts: lines.value.counts,
    noiseFallback: settings.noiseFallback,
    publicRecordings: settings.publicRecordings,
    enhancedSip: settings.enhancedSip,
    sites: sites.value,
    refuseAddress: vetted.value,
    recognisers: declaredRecognisers.value,
    recognition: anywhere(clock),
    version,
  })
  const running = house
  const recovered = await running.recover()
  if (!recovered.ok) return abandon(`what a crash left behind cannot be read: ${recovered.error}`)
  try {
    await running.http.listen({ host: settings.httpHost, port: settings.httpPort })
  } catch (cause) {
    lines.value.close()
    tls.value.close()
    return abandon(`HTTP cannot listen on ${settings.httpHost}:${settings.httpPort}: ${(cause as Error).message}`)
  }
  const bound = running.http.addresses()[0]
  httpAddress = `${settings.httpHost}:${typeof bound === 'object' ? bound.port : settings.httpPort}`
  const endHousekeeping = keepHouse({ store, dispatcher: house.dispatcher, library, clock, log })

  return ok({
    house: running,
    version,
    credentials,
    credentialsFile: `${settings.dataDir}/${CREDENTIALS_FILE}`,
    fresh,
    recovered: recovered.value,
    faces: faces(),
    mediaPids: () => pool.value.pids,
    async stop(drainMs = DRAIN_CALLS_MS) {
      running.engine.drain()
      endHousekeeping()
      const giveUpAtMs = clock.nowMs() + drainMs
      while (running.engine.liveCalls().length > 0 && clock.nowMs() < giveUpAtMs) await pause(clock, DRAIN_STEP_MS)
      for (const call of running.engine.liveCalls())
        lines.value.legs.tell({ type: 'hang-up', leg: call.id, q850: 41, headers: [] })
      const endByMs = clock.nowMs() + DRAIN_MEDIA_MS
      while (
        (running.engine.liveCalls().length > 0 || running.engine.runningRecordings().length > 0) &&
        clock.nowMs() < endByMs
      ) {
        await pause(clock, DRAIN_STEP_MS)
      }
      await running.engine.hall.durable()
      running.engine.close()
      await running.dispatcher.close()
      lines.value.close()
      tls.value.close()
      await running.http.close()
      // Whoever is still there had its time; only recordings are worth another moment.
      await pool.value.drain(running.engine.runningRecordings().length > 0 ? DRAIN_MEDIA_MS : 0)
      await jobs.close()
      await store.close()
    },
  })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

/** The one account of this installation, with its keys. */
async function settleAccount(
  register: Register,
  credentials: Credentials,
  wallMs: number,
): Promise<Result<void, string>> {
  const id = accountOf(credentials)
  const steps = [
    register.accounts().some((account) => account.id === id)
      ? null
      : () => register.addAccount({ id, name: 'main', createdAtWallMs: wallMs }),
    () => register.addApiKey(id, credentials.telnyx_api_key, 'main'),
    register.signingPair(id)?.privateKey === credentials.telnyx_private_key
      ? null
      : () =>
          register.setSigningPair(id, {
            publicKey: credentials.telnyx_public_key,
            privateKey: credentials.telnyx_private_key,
          }),
    register.authToken(id) === credentials.twilio_auth_token
      ? null
      : () => register.setAuthToken(id, credentials.twilio_auth_token),
    // The program of calls that bring their document along; accounts within this one get theirs when they are made.
    register.application(id as string as ApplicationId) === null
      ? () => register.putApplication(ownProgram(id, wallMs))
      : null,
  ]
  for (const step of steps) {
    const done = await step?.()
    if (done !== undefined && !done.ok) return err('the store does not take the account')
  }
  return ok(undefined)
}

async function packageVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
