// Settings: command-line flag, then environment, then file, then default. An unknown key or a bad value is one clear line
// that names where it came from, and the program ends with code 2 (DESIGN §4).

import { err, ok, type Result } from '#base/result.ts'
import type { CodecName } from '#sdp/codecs.ts'

export interface Settings {
  readonly httpHost: string
  readonly httpPort: number
  /** Requests a second of one account; 0: no limit; null: none on loopback, `DEFAULT_RATE_LIMIT` elsewhere. */
  readonly rateLimit: number | null
  /** Calls a second that leave the queue of one account (twilio-voice ST-06); 0: all at once. */
  readonly callsPerSecond: number
  readonly sipHost: string
  readonly sipPort: number
  /** SIP over TLS; served only with a certificate. */
  readonly tlsPort: number
  /** PEM files: certificate chain, its key, authorities trusted besides the usual ones. */
  readonly tlsCert: string | null
  readonly tlsKey: string | null
  readonly tlsCa: string | null
  /** False believes any peer we connect to. */
  readonly tlsVerify: boolean
  /** Servers asked for SIP's NAPTR and SRV records (RFC 3263); none: the system's. */
  readonly dnsServers: readonly string[]
  /** First and last RTP port. */
  readonly rtpPorts: readonly [number, number]
  /** Written into SDP and Contact instead of the bound address. */
  readonly publicIp: string | null
  readonly dataDir: string
  readonly databaseUrl: string | null
  readonly node: number
  readonly mediaWorkers: number
  /** Whether media workers use the compiled sockets where there are some; false: always Node's own. */
  readonly nativeSockets: boolean
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** Private networks that webhooks and media may be fetched from. */
  readonly allowPrivate: readonly string[]
  /** Hosts that `sip:` destinations may name, as CIDR or names; `*` for any. */
  readonly allowDestinations: readonly string[]
  /** Shown when a command's `from` is no number and the application has none. */
  readonly callerId: string
  /** Spoken with everybody, best first, unless a trunk, user or application names its own. */
  readonly codecs: readonly CodecName[]
  /** Lets keys of SRTP travel over SIP that is not encrypted. */
  readonly srtpWithoutTls: boolean
  /** Whether noise suppression engines that we do not have are stood in for by the one we have. */
  readonly noiseFallback: boolean
  /** Whether the audio of recordings, at its URL of the Twilio dialect, is given to whoever knows that URL. */
  readonly publicRecordings: boolean
  readonly enhancedSip: boolean
  readonly telnyxApiKey: string | null
  readonly telnyxPrivateKey: string | null
  readonly twilioAccountSid: string | null
  readonly twilioAuthToken: string | null
  /** Recognisers of speech as the file declares them, unread. */
  readonly transcription: unknown
  /** Where calls leave that name a region or an edge, as the file declares it, unread. */
  readonly sites: unknown
  /** The declarative part of the file, unread. */
  readonly declared: Readonly<Record<string, unknown>>
}

/** Generous: a busy application stays far below it, one that runs in circles does not. */
export const DEFAULT_RATE_LIMIT = 200

type Read<T> = (text: string) => T | null

interface Known<T> {
  readonly env: string
  /** Where it stands in the file, dots between levels; null: environment only (secrets). */
  readonly file: string | null
  readonly otherwise: T
  readonly read: Read<T>
  /** What a good value looks like, for the message. */
  readonly expected: string
}

const text: Read<string> = (value) => (value === '' ? null : value)
const optional: Read<string | null> = (value) => (value === '' ? null : value)
const port: Read<number> = (value) => (/^\d{1,5}$/.test(value) && Number(value) <= 65_535 ? Number(value) : null)
const list: Read<readonly string[]> = (value) =>
  value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')

const yesOrNo: Read<boolean> = (value) => (value === 'true' ? true : value === 'false' ? false : null)

function codecNames(value: string): readonly CodecName[] | null {
  const spoken: readonly CodecName[] = ['PCMU', 'PCMA', 'G722', 'opus']
  const names = list(value)?.map((one) => spoken.find((name) => name.toLowerCase() === one.toLowerCase())) ?? []
  return names.length === 0 || names.includes(undefined) ? null : (names as readonly CodecName[])
}

function range(least: number, most: number): Read<number> {
  return (value) => (/^\d{1,6}$/.test(value) && Number(value) >= least && Number(value) <= most ? Number(value) : null)
}

function ports(value: string): readonly [number, number] | null {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(value)
  if (match === null) return null
  const [first, last] = [Number(match[1]), Number(match[2])]
  return first >= 1024 && last <= 65_535 && last - first >= 3 ? [first, last] : null
}

function level(value: string): Settings['logLevel'] | null {
  return value === 'debug' || value === 'info' || value === 'warn' || value === 'error' ? value : null
}

const known: { readonly [K in Exclude<keyof Settings, 'declared' | 'transcription' | 'sites'>]: Known<Settings[K]> } = {
  httpHost: { env: 'HTTP_HOST', file: 'http.host', otherwise: '127.0.0.1', read: text, expected: 'an address' },
  rateLimit: {
    env: 'RATE_LIMIT',
    file: 'http.rate_limit',
    otherwise: null,
    read: range(0, 100_000),
    expected: 'requests a second from 0 (no limit) to 100000',
  },
  callsPerSecond: {
    env: 'CALLS_PER_SECOND',
    file: 'calls_per_second',
    otherwise: 0,
    read: range(0, 1_000),
    expected: 'calls a second from 0 (no limit) to 1000',
  },
  httpPort: { env: 'HTTP_PORT', file: 'http.port', otherwise: 8080, read: port, expected: 'a port' },
  sipHost: { env: 'SIP_HOST', file: 'sip.host', otherwise: '127.0.0.1', read: text, expected: 'an address' },
  sipPort: { env: 'SIP_PORT', file: 'sip.port', otherwise: 5060, read: port, expected: 'a port' },
  tlsPort: { env: 'TLS_PORT', file: 'sip.tls.port', otherwise: 5061, read: port, expected: 'a port' },
  tlsCert: { env: 'TLS_CERT', file: 'sip.tls.cert', otherwise: null, read: optional, expected: 'a PEM file' },
  tlsKey: { env: 'TLS_KEY', file: 'sip.tls.key', otherwise: null, read: optional, expected: 'a PEM file' },
  tlsCa: { env: 'TLS_CA', file: 'sip.tls.ca', otherwise: null, read: optional, expected: 'a PEM file' },
  tlsVerify: { env: 'TLS_VERIFY', file: 'sip.tls.verify', otherwise: true, read: yesOrNo, expected: 'true or false' },
  dnsServers: {
    env: 'DNS_SERVERS',
    file: 'sip.dns_servers',
    otherwise: [],
    read: list,
    expected: 'addresses, with commas between',
  },
  rtpPorts: {
    env: 'RTP_PORTS',
    file: 'rtp.ports',
    otherwise: [20_000, 29_999],
    read: ports,
    expected: 'a range like 20000-29999',
  },
  publicIp: { env: 'PUBLIC_IP', file: 'public_ip', otherwise: null, read: optional, expected: 'an address' },
  dataDir: { env: 'DATA_DIR', file: 'data_dir', otherwise: './data', read: text, expected: 'a folder' },
  databaseUrl: {
    env: 'DATABASE_URL',
    file: 'database_url',
    otherwise: null,
    read: (value) => (/^postgres(ql)?:\/\//.test(value) ? value : null),
    expected: 'a URL like postgres://user:password@host/database',
  },
  node: { env: 'NODE', file: 'node', otherwise: 0, read: range(0, 4095), expected: 'a number from 0 to 4095' },
  mediaWorkers: {
    env: 'MEDIA_WORKERS',
    file: 'media_workers',
    otherwise: 0,
    read: range(0, 256),
    expected: 'a number from 0 (one per core but one) to 256',
  },
  nativeSockets: {
    env: 'NATIVE_SOCKETS',
    file: 'native_sockets',
    otherwise: true,
    read: yesOrNo,
    expected: 'true or false',
  },
  logLevel: {
    env: 'LOG_LEVEL',
    file: 'log_level',
    otherwise: 'info',
    read: level,
    expected: 'debug, info, warn or error',
  },
  allowPrivate: {
    env: 'ALLOW_PRIVATE',
    file: 'allow_private',
    otherwise: ['127.0.0.0/8', '::1/128'],
    read: list,
    expected: 'networks like 10.0.0.0/8, with commas between',
  },
  allowDestinations: {
    env: 'ALLOW_DESTINATIONS',
    file: 'allow_destinations',
    otherwise: ['127.0.0.0/8', '::1/128', 'localhost'],
    read: list,
    expected: 'networks or host names, with commas between',
  },
  callerId: { env: 'CALLER_ID', file: 'caller_id', otherwise: '+15550199', read: text, expected: 'a number' },
  codecs: {
    env: 'CODECS',
    file: 'codecs',
    otherwise: ['PCMU', 'PCMA', 'G722', 'opus'],
    read: codecNames,
    expected: 'some of PCMU, PCMA, G722, opus, with commas between',
  },
  srtpWithoutTls: {
    env: 'SRTP_WITHOUT_TLS',
    file: 'srtp_without_tls',
    otherwise: false,
    read: yesOrNo,
    expected: 'true or false',
  },
  publicRecordings: {
    env: 'TWILIO_PUBLIC_RECORDINGS',
    file: 'twilio.public_recordings',
    otherwise: false,
    read: yesOrNo,
    expected: 'true or false',
  },
  enhancedSip: {
    env: 'TWILIO_ENHANCED_SIP',
    file: 'twilio.enhanced_sip',
    otherwise: true,
    read: yesOrNo,
    expected: 'true or false',
  },
  noiseFallback: {
    env: 'NOISE_SUPPRESSION_FALLBACK',
    file: 'noise_suppression_fallback',
    otherwise: false,
    read: yesOrNo,
    expected: 'true or false',
  },
  telnyxApiKey: { env: 'TELNYX_API_KEY', file: null, otherwise: null, read: optional, expected: 'a key' },
  telnyxPrivateKey: {
    env: 'TELNYX_PRIVATE_KEY',
    file: null,
    otherwise: null,
    read: (value) => (Buffer.from(value, 'base64').length === 32 ? value : null),
    expected: 'base64 of 32 octets',
  },
  twilioAccountSid: {
    env: 'TWILIO_ACCOUNT_SID',
    file: null,
    otherwise: null,
    read: (value) => (/^AC[0-9a-f]{32}$/.test(value) ? value : null),
    expected: 'AC and 32 hex digits',
  },
  twilioAuthToken: { env: 'TWILIO_AUTH_TOKEN', file: null, otherwise: null, read: optional, expected: 'a token' },
}

/** Other variables that mean something to this program. */
const otherVariables = new Set([
  'HOOKSWITCH_CONFIG',
  'HOOKSWITCH_REQUIRE_ALL',
  'HOOKSWITCH_ADMIN_TOKEN',
  'HOOKSWITCH_URL',
])
const declaredKeys = new Set([
  'applications',
  'numbers',
  'trunks',
  'siprec_connectors',
  'users',
  'rates',
  'available_numbers',
])

/** Read elsewhere: `recognisers.ts`. */
const TRANSCRIPTION = 'transcription'
/** Read elsewhere: `sites.ts`. */
const SITES = 'twilio.sites'

export type SettingsError = { readonly type: 'bad-setting'; readonly text: string }

/**
 * @param flags by setting name, as the command line gave them
 * @param environment as `process.env`
 * @param file the parsed configuration file, or null
 */
export function readSettings(
  flags: Readonly<Record<string, string | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
  file: unknown,
): Result<Settings, SettingsError> {
  const bad = (message: string): Result<Settings, SettingsError> => err({ type: 'bad-setting', text: message })
  if (file !== null && file !== undefined && (typeof file !== 'object' || Array.isArray(file))) {
    return bad('the configuration file is not a list of settings')
  }
  const tree = (file ?? {}) as Readonly<Record<string, unknown>>
  const values = flatten(tree)
  const places = new Set(Object.values(known).flatMap((one) => one.file ?? []))
  for (const key of values.keys()) {
    if (!places.has(key) && !declaredKeys.has(key.split('.')[0]!) && key !== TRANSCRIPTION && key !== SITES) {
      return bad(`configuration file: unknown key '${key}'${suggestion(key, [...places, ...declaredKeys])}`)
    }
  }
  const variables = new Set(Object.values(known).map((one) => `HOOKSWITCH_${one.env}`))
  for (const name of Object.keys(environment)) {
    if (name.startsWith('HOOKSWITCH_') && !variables.has(name) && !otherVariables.has(name)) {
      return bad(`environment: unknown variable ${name}${suggestion(name, [...variables])}`)
    }
  }
  const settings: Record<string, unknown> = {}
  for (const [name, one] of Object.entries(known) as [string, Known<unknown>][]) {
    const sources: readonly (readonly [string, unknown])[] = [
      [`--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, flags[name]],
      [`HOOKSWITCH_${one.env}`, environment[`HOOKSWITCH_${one.env}`]],
      [`configuration file, ${one.file}`, one.file === null ? undefined : values.get(one.file)],
    ]
    const given = sources.find(([, value]) => value !== undefined && value !== null && value !== '')
    if (given === undefined) {
      settings[name] = one.otherwise
      continue
    }
    const [from, raw] = given
    const value = one.read(Array.isArray(raw) ? raw.join(',') : String(raw))
    if (value === null) return bad(`${from}: '${String(raw)}' is not ${one.expected}`)
    settings[name] = value
  }
  const declared = Object.fromEntries(Object.entries(tree).filter(([key]) => declaredKeys.has(key)))
  const elsewhere = { transcription: tree[TRANSCRIPTION] ?? null, sites: values.get(SITES) ?? null }
  return ok({ ...settings, declared, ...elsewhere } as unknown as Settings)
}

/** `{http: {port: 1}}` as `http.port` → 1; lists stay whole, and so does what others read. */
function flatten(tree: Readonly<Record<string, unknown>>, prefix = ''): Map<string, unknown> {
  const out = new Map<string, unknown>()
  for (const [key, value] of Object.entries(tree)) {
    const path = prefix === '' ? key : `${prefix}.${key}`
    if (
      value !== null &&
      typeof value === 'object' &&
      !Array.isArray(value) &&
      !declaredKeys.has(key) &&
      path !== SITES
    ) {
      for (const [inner, leaf] of flatten(value as Record<string, unknown>, path)) out.set(inner, leaf)
    } else out.set(path, value)
  }
  return out
}

/** The known name that looks most like a mistyped one. */
function suggestion(given: string, names: readonly string[]): string {
  const near = names
    .map((name) => ({ name, distance: distance(given.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return near !== undefined && near.distance <= 3 ? `; did you mean '${near.name}'?` : ''
}

/** Levenshtein distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]!
}
