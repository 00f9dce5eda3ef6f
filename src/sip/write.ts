// Messages to octets. CRLF comes from here alone: a field with CR, LF or NUL in it never reaches the wire, because
// custom headers of the APIs are a way to inject others (RFC 3261 §7.3; reliability research, header injection).

import { err, ok, type Result } from '#base/result.ts'
import { headerText } from './fields.ts'
import { headerId } from './header-names.ts'
import type { HeaderField, SipMessage } from './message.ts'
import { isToken } from './params.ts'

const FORBIDDEN = /[\r\n\0]/

/** Writes a message; Content-Length is counted here. Throws when a value holds CR, LF or NUL: that is a bug upstream. */
export function writeMessage(message: SipMessage): Buffer {
  let text =
    message.type === 'request'
      ? `${message.method} ${message.uriText} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${message.reason}\r\n`
  let lines = 1
  for (const header of message.headers) {
    if (header.id === 'content-length') continue
    text += `${header.name}: ${header.value}\r\n`
    lines++
  }
  text += `Content-Length: ${message.body.length}\r\n\r\n`
  if (!onlyOwnLines(text, lines + 2)) throw new Error('a header value holds CR, LF or NUL')
  const head = Buffer.byteLength(text, 'latin1')
  const bytes = Buffer.allocUnsafe(head + message.body.length)
  bytes.write(text, 0, 'latin1')
  bytes.set(message.body, head)
  return bytes
}

/** Counts line ends instead of testing each value: one pass over the text. */
function onlyOwnLines(text: string, lines: number): boolean {
  let count = 0
  let at = text.indexOf('\n')
  while (at >= 0) {
    if (text.charCodeAt(at - 1) !== 13) return false
    count++
    at = text.indexOf('\n', at + 1)
  }
  // A NUL may only come back as the quoted-pair it came as (RFC 4475 §3.1.1.2).
  if (count !== lines || /(?<!\\)\0/.test(text)) return false
  let returns = 0
  at = text.indexOf('\r')
  while (at >= 0) {
    returns++
    at = text.indexOf('\r', at + 1)
  }
  return returns === lines
}

export type HeaderError =
  | { readonly type: 'bad-name'; readonly name: string }
  | { readonly type: 'bad-value'; readonly name: string }
  /** Core fields belong to the protocol machines; an API may not set them. */
  | { readonly type: 'reserved'; readonly name: string }
  | { readonly type: 'too-long'; readonly name: string }

/** Octets of one custom header value. */
const MAX_CUSTOM_VALUE_OCTETS = 4_096

const allowedCustom = new Set([
  'user-to-user',
  'subject',
  'alert-info',
  'call-info',
  'priority',
  'organization',
  'diversion',
  'history-info',
  'p-asserted-identity',
  'p-preferred-identity',
  'privacy',
  'accept-language',
  'reason',
  'warning',
  'retry-after',
  'geolocation',
  'p-charging-vector',
])

/** A header an API asked for: `X-…`, `P-…` and an allow-list. Anything a protocol machine writes is refused. */
export function customHeader(name: string, value: string): Result<HeaderField, HeaderError> {
  if (!isToken(name)) return err({ type: 'bad-name', name })
  const id = headerId(name)
  if (!id.startsWith('x-') && !allowedCustom.has(id)) return err({ type: 'reserved', name })
  if (FORBIDDEN.test(value) || /[\x01-\x08\x0b-\x1f\x7f]/.test(value)) return err({ type: 'bad-value', name })
  const octets = headerText(value)
  if (octets.length > MAX_CUSTOM_VALUE_OCTETS) return err({ type: 'too-long', name })
  return ok({ id, name, value: octets })
}
