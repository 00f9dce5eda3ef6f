// Session descriptions in (RFC 8866). One pass over the lines; attributes stay text until someone asks. Lenient where
// telephones are (LF alone, missing s= or t=, unknown lines), strict where sense is lost (v, m, c, ports).

import { err, ok, type Result } from '#base/result.ts'
import { MAX_FORMATS, MAX_LINES, MAX_MEDIA, MAX_SDP_OCTETS } from './limits.ts'

export interface Origin {
  readonly username: string
  readonly sessionId: string
  readonly sessionVersion: string
  readonly address: string
}

export interface Attribute {
  readonly name: string
  /** Empty for a flag. */
  readonly value: string
}

export interface MediaSection {
  /** audio, video, image … */
  readonly kind: string
  readonly port: number
  /** RTP/AVP and its relatives, upper case. */
  readonly protocol: string
  /** Payload types for RTP, as written. */
  readonly formats: readonly string[]
  /** The m-line's own c= address; null when the session's counts. */
  readonly connection: string | null
  readonly attributes: readonly Attribute[]
}

export interface SdpSession {
  readonly origin: Origin | null
  readonly connection: string | null
  readonly attributes: readonly Attribute[]
  readonly media: readonly MediaSection[]
}

export type SdpError = { readonly type: 'bad-sdp'; readonly reason: string }

/** Reads a description from octets. */
export function parseSdp(bytes: Uint8Array): Result<SdpSession, SdpError> {
  if (bytes.length > MAX_SDP_OCTETS) return bad('too long')
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  let origin: Origin | null = null
  let sessionConnection: string | null = null
  const sessionAttributes: Attribute[] = []
  const media: MediaSection[] = []
  let section: {
    kind: string
    port: number
    protocol: string
    formats: string[]
    connection: string | null
    attributes: Attribute[]
  } | null = null
  let sawVersion = false
  let at = 0
  let lines = 0
  while (at < text.length) {
    if (++lines > MAX_LINES) return bad('too many lines')
    let end = text.indexOf('\n', at)
    if (end < 0) end = text.length
    let stop = end
    while (stop > at && (text.charCodeAt(stop - 1) === 13 || text.charCodeAt(stop - 1) === 32)) stop--
    const next = end + 1
    if (stop - at < 2 || text.charCodeAt(at + 1) !== 61) {
      if (stop > at) return bad('a line without =')
      at = next
      continue
    }
    const from = at + 2
    switch (text.charCodeAt(at)) {
      case 118: // v
        if (text.slice(from, stop).trim() !== '0') return bad('unknown version')
        sawVersion = true
        break
      case 111: {
        // o
        const parts = text.slice(from, stop).split(' ')
        if (parts.length < 6) return bad('bad o=')
        origin = { username: parts[0]!, sessionId: parts[1]!, sessionVersion: parts[2]!, address: parts[5]! }
        break
      }
      case 99: {
        // c
        const address = readConnection(text.slice(from, stop))
        if (address === null) return bad('bad c=')
        if (section === null) sessionConnection = address
        else section.connection ??= address
        break
      }
      case 109: {
        // m
        if (media.length >= MAX_MEDIA) return bad('too many m=')
        const parts = text.slice(from, stop).split(' ')
        const port = readPort(parts[1])
        if (parts.length < 4 || parts.length > MAX_FORMATS || port === null) return bad('bad m=')
        section = {
          kind: parts[0]!.toLowerCase(),
          port,
          protocol: parts[2]!.toUpperCase(),
          formats: parts.slice(3),
          connection: null,
          attributes: [],
        }
        media.push(section)
        break
      }
      case 97: {
        // a
        const colon = text.indexOf(':', from)
        const attribute =
          colon < 0 || colon >= stop
            ? { name: text.slice(from, stop), value: '' }
            : { name: text.slice(from, colon), value: text.slice(colon + 1, stop) }
        if (section === null) sessionAttributes.push(attribute)
        else section.attributes.push(attribute)
        break
      }
      default:
    }
    at = next
  }
  if (!sawVersion) return bad('no v=')
  return ok({ origin, connection: sessionConnection, attributes: sessionAttributes, media })
}

function readConnection(value: string): string | null {
  const match = /^IN +IP[46] +([0-9A-Za-z.:_-]+)(?:\/[0-9/]+)?$/i.exec(value)
  return match === null ? null : match[1]!
}

function readPort(text: string | undefined): number | null {
  if (text === undefined) return null
  const match = /^([0-9]{1,5})(?:\/[0-9]+)?$/.exec(text)
  if (match === null) return null
  const port = Number(match[1])
  return port > 65_535 ? null : port
}

function bad(reason: string): Result<never, SdpError> {
  return err({ type: 'bad-sdp', reason })
}

/** The value of the first attribute with this name; undefined when absent. */
export function attribute(attributes: readonly Attribute[], name: string): string | undefined {
  for (const item of attributes) if (item.name === name) return item.value
  return undefined
}
