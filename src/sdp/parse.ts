// Reads a session description (RFC 8866 §5, §9). Tolerant where old phones are sloppy (bare LF, missing t= or s=,
// trailing blank lines), strict where a guess could send audio to the wrong place (addresses, ports).
// One pass over the text, no regular expressions: it runs for every call set up.

import { err, ok, type Result } from '#base/result.ts'
import type { Attribute, Connection, MediaSection, Origin, SessionDescriptionText } from './description.ts'
import { MAX_FORMATS, MAX_MEDIA, MAX_SDP_LINES, MAX_SDP_OCTETS } from './limits.ts'

export type SdpError = { readonly type: 'bad-sdp'; readonly line: number; readonly reason: string }

interface OpenMedia {
  kind: string
  port: number
  protocol: string
  formats: string[]
  connection: Connection | null
  attributes: Attribute[]
}

export function parseSdp(input: Uint8Array | string): Result<SessionDescriptionText, SdpError> {
  if (input.length > MAX_SDP_OCTETS) return bad(0, `longer than ${MAX_SDP_OCTETS} octets`)
  const text =
    typeof input === 'string' ? input : Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString('latin1')
  let origin: Origin | null = null
  let sessionName = '-'
  let connection: Connection | null = null
  const attributes: Attribute[] = []
  const media: OpenMedia[] = []
  let current: OpenMedia | null = null
  let at = 0
  let line = 0
  while (at < text.length) {
    let end = text.indexOf('\n', at)
    if (end < 0) end = text.length
    const stop = end > at && text.charCodeAt(end - 1) === 13 ? end - 1 : end
    const from = at
    at = end + 1
    if (stop === from) continue
    if (++line > MAX_SDP_LINES) return bad(line, `more than ${MAX_SDP_LINES} lines`)
    if (text.charCodeAt(from + 1) !== 61) return bad(line, 'not a type=value line')
    const value = text.slice(from + 2, stop)
    if (line === 1) {
      if (text.charCodeAt(from) !== 118 || value.trim() !== '0') return bad(line, 'a description begins with v=0')
      continue
    }
    switch (text.charCodeAt(from)) {
      case 97: {
        // a=
        const colon = value.indexOf(':')
        const one =
          colon < 0 ? { name: value, value: null } : { name: value.slice(0, colon), value: value.slice(colon + 1) }
        if (current === null) attributes.push(one)
        else current.attributes.push(one)
        break
      }
      case 109: {
        // m=
        if (media.length >= MAX_MEDIA) return bad(line, `more than ${MAX_MEDIA} media sections`)
        const opened = readMedia(value)
        if (opened === null) return bad(line, 'bad media line')
        current = opened
        media.push(opened)
        break
      }
      case 99: {
        // c=
        const read = readConnection(value)
        if (read === null) return bad(line, 'bad connection line')
        if (current === null) connection = read
        // Several c= lines in one section mean layered multicast; the first one counts.
        else current.connection ??= read
        break
      }
      case 111: {
        // o=
        origin = readOrigin(value)
        if (origin === null) return bad(line, 'bad origin line')
        break
      }
      case 115: // s=
        sessionName = value
        break
      default:
        // b=, t=, i=, k=, e=, p=, u=, r=, z=: nothing we act on.
        break
    }
  }
  if (line === 0) return bad(0, 'empty')
  if (origin === null) return bad(line, 'no origin line')
  return ok({ origin, sessionName, connection, attributes, media: media satisfies readonly MediaSection[] })
}

function bad(line: number, reason: string): Result<never, SdpError> {
  return err({ type: 'bad-sdp', line, reason })
}

/** `audio 49170/2 RTP/AVP 0 8 101`. */
function readMedia(value: string): OpenMedia | null {
  const parts = value.split(' ').filter((one) => one !== '')
  const [kind, portText, protocol] = parts
  if (kind === undefined || portText === undefined || protocol === undefined) return null
  if (parts.length - 3 > MAX_FORMATS) return null
  const slash = portText.indexOf('/')
  const port = readPort(slash < 0 ? portText : portText.slice(0, slash))
  if (port === null) return null
  return { kind, port, protocol, formats: parts.slice(3), connection: null, attributes: [] }
}

/** `IN IP4 198.51.100.1`, with multicast suffixes dropped. */
function readConnection(value: string): Connection | null {
  const parts = value.split(' ')
  if (parts.length < 3 || parts[0] !== 'IN') return null
  const family = parts[1]
  if (family !== 'IP4' && family !== 'IP6') return null
  const address = parts[2]!.split('/')[0]!
  return address === '' || address.length > 255 ? null : { family, address }
}

/** `- 3724394400 3724394405 IN IP4 198.51.100.1`. */
function readOrigin(value: string): Origin | null {
  const parts = value.split(' ').filter((one) => one !== '')
  if (parts.length < 6) return null
  const [username, sessionId, version, , family, address] = parts as [string, string, string, string, string, string]
  if (!isDigits(sessionId) || !isDigits(version)) return null
  if (family !== 'IP4' && family !== 'IP6') return null
  return { username, sessionId, version, family, address }
}

function readPort(text: string): number | null {
  if (!isDigits(text) || text.length > 5) return null
  const port = Number(text)
  return port <= 65_535 ? port : null
}

function isDigits(text: string): boolean {
  if (text.length === 0) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 48 || code > 57) return false
  }
  return true
}
