// What an audio section says, read out of its attributes: codecs with their static types filled in (RFC 3551 §6),
// direction, hold, RTCP. The old hold (`c=0.0.0.0`, RFC 2543) is understood and never written.

import type { Address } from '#base/wire.ts'
import { attribute, type Connection, type MediaSection, type SessionDescriptionText } from './description.ts'

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

export interface Format {
  readonly payloadType: number
  /** As registered, in the case we use: `PCMU`, `opus`, `telephone-event`, `CN`. */
  readonly name: string
  readonly clockRateHz: number
  readonly channels: number
  readonly fmtp: string | null
}

export interface AudioSection {
  readonly formats: readonly Format[]
  readonly direction: Direction
  /** Null: no port, or no address to send to. */
  readonly remote: Address | null
  readonly remoteRtcp: Address | null
  readonly rtcpMux: boolean
  readonly ptimeMs: number | null
  readonly maxPtimeMs: number | null
  readonly protocol: string
}

/** Types with a fixed meaning (RFC 3551 table 4), as far as we speak them. */
const STATIC: Readonly<Record<number, readonly [name: string, clockRateHz: number]>> = {
  0: ['PCMU', 8000],
  8: ['PCMA', 8000],
  9: ['G722', 8000],
  13: ['CN', 8000],
}

const SPELLING: Readonly<Record<string, string>> = {
  pcmu: 'PCMU',
  pcma: 'PCMA',
  g722: 'G722',
  opus: 'opus',
  cn: 'CN',
  l16: 'L16',
  'telephone-event': 'telephone-event',
}

const DIRECTIONS: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive']

/** Reads an audio section of a description. */
export function readAudioSection(description: SessionDescriptionText, section: MediaSection): AudioSection {
  const connection = section.connection ?? description.connection
  const direction = readDirection(description, section)
  const held = connection !== null && (connection.address === '0.0.0.0' || connection.address === '::')
  const remote =
    connection === null || section.port === 0 || held ? null : { host: connection.address, port: section.port }
  return {
    formats: readFormats(section),
    // The old hold says "send me nothing": the same as sendonly from its sender (RFC 3264 §8.4).
    direction: held ? withoutReceiving(direction) : direction,
    remote,
    remoteRtcp: readRtcp(section, connection),
    rtcpMux: attribute(section, 'rtcp-mux') !== undefined,
    ptimeMs: readMs(attribute(section, 'ptime')),
    maxPtimeMs: readMs(attribute(section, 'maxptime')),
    protocol: section.protocol,
  }
}

function readFormats(section: MediaSection): readonly Format[] {
  const maps = new Map<string, string>()
  const fmtps = new Map<string, string>()
  for (const { name, value } of section.attributes) {
    if (value === null || (name !== 'rtpmap' && name !== 'fmtp')) continue
    const space = value.indexOf(' ')
    if (space < 0) continue
    const target = name === 'rtpmap' ? maps : fmtps
    if (!target.has(value.slice(0, space))) target.set(value.slice(0, space), value.slice(space + 1).trim())
  }
  const formats: Format[] = []
  for (const text of section.formats) {
    const payloadType = Number(text)
    if (!Number.isInteger(payloadType) || payloadType < 0 || payloadType > 127) continue
    const map = maps.get(text)
    if (map === undefined) {
      const fixed = STATIC[payloadType]
      if (fixed !== undefined) {
        formats.push({ payloadType, name: fixed[0], clockRateHz: fixed[1], channels: 1, fmtp: fmtps.get(text) ?? null })
      }
      continue
    }
    const [encoding = '', clock = '', channels] = map.split('/')
    const clockRateHz = Number(clock)
    if (!Number.isInteger(clockRateHz) || clockRateHz < 1000 || clockRateHz > 384_000) continue
    formats.push({
      payloadType,
      name: SPELLING[encoding.toLowerCase()] ?? encoding,
      clockRateHz,
      channels: channels === undefined ? 1 : Number(channels) || 1,
      fmtp: fmtps.get(text) ?? null,
    })
  }
  return formats
}

function readDirection(description: SessionDescriptionText, section: MediaSection): Direction {
  for (const part of [section, description]) {
    for (const one of part.attributes) {
      const found = DIRECTIONS.find((direction) => direction === one.name)
      if (found !== undefined) return found
    }
  }
  return 'sendrecv'
}

function withoutReceiving(direction: Direction): Direction {
  return direction === 'sendrecv' || direction === 'sendonly' ? 'sendonly' : 'inactive'
}

/** `a=rtcp:53020 IN IP4 …` (RFC 3605); null: the port after RTP's. */
function readRtcp(section: MediaSection, connection: Connection | null): Address | null {
  const value = attribute(section, 'rtcp')
  if (value === undefined || value === null || connection === null) return null
  const parts = value.split(' ')
  const port = Number(parts[0])
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return null
  return { host: parts[3] ?? connection.address, port }
}

function readMs(value: string | null | undefined): number | null {
  const ms = value === null || value === undefined ? Number.NaN : Number(value)
  return Number.isFinite(ms) && ms > 0 && ms <= 500 ? ms : null
}
