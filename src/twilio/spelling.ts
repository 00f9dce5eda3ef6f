// How this language writes ids, times and addresses (twilio-voice §2, FMT-01 to FMT-08).

import { type AccountId, type Id, type RecordingId, toSid } from '#base/ids.ts'

/** The letters before the 32 digits, by what they name (twilio-voice §2.1). */
export const prefixes = {
  account: 'AC',
  call: 'CA',
  conference: 'CF',
  queue: 'QU',
  recording: 'RE',
  transcription: 'TR',
  application: 'AP',
  number: 'PN',
  sipDomain: 'SD',
  credentialList: 'CL',
  credential: 'CR',
  accessList: 'AL',
  accessAddress: 'IP',
  apiKey: 'SK',
  notification: 'NO',
  stream: 'MZ',
  siprec: 'SR',
  liveTranscription: 'GT',
  carrierTrunk: 'BY',
  connectionPolicy: 'NY',
  connectionTarget: 'NE',
  ipRecord: 'IL',
  sourceMapping: 'IB',
} as const

export type SidKind = keyof typeof prefixes

/** `CA0190…`: how an id is shown. */
export function sid(kind: SidKind, id: string): string {
  return toSid(prefixes[kind], id)
}

/** Reads a sid of a kind, in either letter case (FMT-01); null when it is none. */
export function readSid<Of extends string>(kind: SidKind, text: string | undefined): Id<Of> | null {
  if (text === undefined || text.length !== 34 || !text.startsWith(prefixes[kind])) return null
  const id = text.slice(2).toLowerCase()
  return /^[0-9a-f]{32}$/.test(id) ? (id as Id<Of>) : null
}

/** `Tue, 31 Aug 2010 20:36:28 +0000` (FMT-02, FMT-03). */
export function restTime(wallMs: number): string {
  return new Date(Math.floor(wallMs)).toUTCString().replace(/GMT$/, '+0000')
}

/** `2010-08-31T20:36:28Z`: as v1 has times (FMT-02). */
export function isoTime(wallMs: number): string {
  return new Date(Math.floor(wallMs)).toISOString().replace(/\.\d{3}Z$/, 'Z')
}

/** As `restTime`; null stays null. */
export function restTimeOrNull(wallMs: number | null): string | null {
  return wallMs === null ? null : restTime(wallMs)
}

/** Whole seconds as text (FMT-04, SDK-15). */
export function seconds(durationMs: number): string {
  return String(Math.max(0, Math.round(durationMs / 1000)))
}

export const API_VERSION = '2010-04-01'

/** `/2010-04-01/Accounts/AC…/<rest>.json` (FMT-05). Without `rest` the account itself. */
export function uri(account: string, ...rest: readonly string[]): string {
  const path = ['Accounts', sid('account', account), ...rest].map(encodeURIComponent).join('/')
  return `/${API_VERSION}/${path}.json`
}

/** Where a recording is heard (REC-09): without an ending it is the WAV. */
export function recordingUrl(baseUrl: string, account: string, recording: string): string {
  return `${baseUrl}/${API_VERSION}/Accounts/${sid('account', account)}/Recordings/${sid('recording', recording)}`
}

/** Whose recording such a URL names; null: it is another URL. */
export function readRecordingUrl(
  baseUrl: string,
  url: string,
): { readonly account: AccountId; readonly recording: RecordingId } | null {
  if (!url.startsWith(`${baseUrl}/${API_VERSION}/Accounts/`)) return null
  const named = /\/Accounts\/(AC[0-9a-f]{32})\/Recordings\/(RE[0-9a-f]{32})(?:\.wav|\.mp3)?$/i.exec(url)
  const account = readSid<'account'>('account', named?.[1])
  const recording = readSid<'recording'>('recording', named?.[2])
  return account === null || recording === null ? null : { account, recording }
}

/** `+1 (555) 010-0123` is `+15550100123`, `5550100123` is American (FMT-07); null when it is no number. */
export function readNumber(text: string): string | null {
  const digits = text.trim().replaceAll(/[\s().-]/g, '')
  if (/^\+\d{3,15}$/.test(digits)) return digits
  if (/^[2-9]\d{9}$/.test(digits)) return `+1${digits}`
  return /^1[2-9]\d{9}$/.test(digits) ? `+${digits}` : null
}

/** Milliseconds of a day. */
const DAY_MS = 24 * 60 * 60_000

/** A time or a day of UTC as clients filter by it (SDK-09): where it begins and where it ends; null when it is neither. */
export function readTimeSpan(text: string): { readonly fromMs: number; readonly untilMs: number } | null {
  const fromMs = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(text)
    ? Date.parse(/[Z]$|[+-]\d{2}:?\d{2}$/.test(text.slice(10)) || text.length === 10 ? text : `${text}Z`)
    : Number.NaN
  if (Number.isNaN(fromMs)) return null
  return { fromMs, untilMs: fromMs + (text.length === 10 ? DAY_MS : 1000) }
}
