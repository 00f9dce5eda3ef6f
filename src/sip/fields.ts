// Typed views of the structured header fields: name-addr (From, To, Contact, Route …), Via and CSeq (RFC 3261 §20, §25).

import { MAX_CSEQ } from './limits.ts'
import {
  closingQuote,
  isToken,
  noParams,
  type Params,
  param,
  parseHeaderParams,
  unquote,
  writeParams,
} from './params.ts'
import { parseHostPort, parseUri, type Uri } from './uri.ts'

/** `"Name" <uri>;params`. */
export interface NameAddr {
  /** Octets as latin1 (decode with {@link displayText} to show); null when there is none. */
  readonly displayName: string | null
  readonly uri: Uri
  readonly params: Params
}

export interface Via {
  /** Upper case: UDP, TCP, TLS, WS, WSS. */
  readonly transport: string
  readonly host: string
  readonly port: number | null
  readonly params: Params
}

export interface CSeq {
  readonly number: number
  readonly method: string
}

/** Reads one name-addr or addr-spec with its parameters; null when malformed. */
export function parseNameAddr(text: string): NameAddr | null {
  let displayName: string | null = null
  let open: number
  if (text.charCodeAt(0) === 34) {
    const close = closingQuote(text, 0)
    if (close < 0) return null
    displayName = unquote(text.slice(0, close + 1))
    open = close + 1
    while (text.charCodeAt(open) === 32 || text.charCodeAt(open) === 9) open++
    if (text.charCodeAt(open) !== 60) return null
  } else {
    open = text.indexOf('<')
    if (open < 0) return parseAddrSpec(text)
    const name = text.slice(0, open).trim()
    if (name !== '') {
      // RFC 4475 §3.1.2.15: an unquoted name is tokens and white space, nothing else.
      for (const word of name.split(/[ \t]+/)) if (!isToken(word)) return null
      displayName = name
    }
  }
  const close = text.indexOf('>', open)
  if (close < 0) return null
  const uri = parseUri(text.slice(open + 1, close))
  if (uri === null) return null
  const params = parseHeaderParams(text, close + 1)
  return params === null ? null : { displayName, uri, params }
}

/** Without angle brackets, what follows `;` belongs to the header, and `?` and `,` cannot occur (RFC 3261 §20.10). */
function parseAddrSpec(text: string): NameAddr | null {
  // A user part may hold `;` and `,`: `sip:user;par=u%40example.net@example.com`. Beyond the `@` it cannot.
  const at = text.indexOf('@')
  const semicolon = text.indexOf(';', Math.max(at, 0))
  const uriText = (semicolon < 0 ? text : text.slice(0, semicolon)).trim()
  const uri = parseUri(uriText)
  if (uri === null || (uri.type === 'sip' && uri.headers !== null)) return null
  const params = semicolon < 0 ? noParams : parseHeaderParams(text, semicolon)
  return params === null ? null : { displayName: null, uri, params }
}

/** The tag of a From or To; null when absent or empty. */
export function tagOf(address: NameAddr): string | null {
  return param(address.params, 'tag') || null
}

/** A display name as people read it: its octets as UTF-8, or latin1 when they are not. */
export function displayText(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1)) return latin1
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(latin1, 'latin1'))
  } catch {
    return latin1
  }
}

/** Text from an API as header octets: UTF-8 spelled as latin1. */
export function headerText(text: string): string {
  return /[^\x00-\x7f]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
}

const VIA =
  /^SIP[ \t]*\/[ \t]*([0-9.]+)[ \t]*\/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+([^ \t;]+(?:[ \t]*:[ \t]*[0-9]+)?)/i

/** Reads one Via value; null when malformed or of another version of SIP. */
export function parseVia(text: string): Via | null {
  const match = VIA.exec(text)
  if (match === null || match[1] !== '2.0') return null
  const hostPort = parseHostPort(match[3]!.replace(/[ \t]/g, ''))
  if (hostPort === null) return null
  const params = parseHeaderParams(text, match[0].length)
  if (params === null) return null
  return { transport: match[2]!.toUpperCase(), host: hostPort.host, port: hostPort.port, params }
}

export function writeVia(via: Via): string {
  const sentBy = via.port === null ? via.host : `${via.host}:${via.port}`
  return `SIP/2.0/${via.transport} ${sentBy}${writeParams(via.params)}`
}

/** Reads a CSeq; null when malformed or out of range. Compared as digits: no number ever becomes a float. */
export function parseCSeq(text: string): CSeq | null {
  const match = /^([0-9]+)[ \t]+([^ \t]+)$/.exec(text)
  if (match === null || !isToken(match[2]!)) return null
  const digits = match[1]!.replace(/^0+(?=[0-9])/, '')
  if (digits.length > 10) return null
  const number = Number(digits)
  return number > MAX_CSEQ ? null : { number, method: match[2]! }
}

/** An unsigned number of digits only, at most `max`: larger ones read as `max`; null when not a number. */
export function parseDigits(text: string, max: number): number | null {
  if (!/^[0-9]+$/.test(text)) return null
  const digits = text.replace(/^0+(?=[0-9])/, '')
  return digits.length > 10 ? max : Math.min(Number(digits), max)
}
