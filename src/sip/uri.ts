// Addresses: sip:, sips: (RFC 3261 §19.1) and tel: (RFC 3966), and any other scheme kept as text so that a 416 can be
// answered. Escapes are never resolved in what is written again: `%0d%0a` stays six harmless characters.

import { noParams, type Params, param } from './params.ts'

export interface SipUri {
  readonly type: 'sip'
  readonly scheme: 'sip' | 'sips'
  /** As written, escapes and all; null when there is none. */
  readonly user: string | null
  readonly password: string | null
  /** Lower-cased; IPv6 keeps its brackets. */
  readonly host: string
  readonly port: number | null
  readonly params: Params
  /** What follows `?`, as written; null when there is none. */
  readonly headers: string | null
  readonly text: string
}

export interface TelUri {
  readonly type: 'tel'
  /** Digits, `+` and visual separators as written. */
  readonly number: string
  readonly params: Params
  readonly text: string
}

export interface OtherUri {
  readonly type: 'other'
  readonly scheme: string
  readonly text: string
}

export type Uri = SipUri | TelUri | OtherUri

// `#` is not allowed unescaped, but telephones send it in dialled strings.
const USER = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/#]|%[0-9A-Fa-f]{2})+$/
const PASSWORD = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*$/
// Host names with `_` exist in the wild. RFC 5118 §4.10: the three-colon IPv6 form is tolerated.
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*)|\[[0-9A-Fa-f:.]+\])$/
const PARAM_NAME = /^(?:[A-Za-z0-9\-_.!~*'()[\]/:&+$]|%[0-9A-Fa-f]{2})+$/
const HEADERS = /^(?:[A-Za-z0-9\-_.!~*'()[\]/?:+$=&;@,]|%[0-9A-Fa-f]{2})+$/

/** Reads a URI with nothing around it; null when malformed. */
export function parseUri(text: string): Uri | null {
  const colon = text.indexOf(':')
  if (colon <= 0) return null
  const scheme = text.slice(0, colon).toLowerCase()
  if (scheme === 'sip' || scheme === 'sips') return parseSip(text, scheme, colon + 1)
  if (scheme === 'tel') return parseTel(text)
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme) || !/^[!-~\x80-\xff]+$/.test(text) || /[<>"]/.test(text)) return null
  return { type: 'other', scheme, text }
}

function parseSip(text: string, scheme: 'sip' | 'sips', from: number): SipUri | null {
  // A user part may hold `;` and `?`, so the `@` is looked for first; the host part can hold none.
  const at = text.indexOf('@', from)
  let user: string | null = null
  let password: string | null = null
  let hostFrom = from
  if (at >= 0) {
    const info = text.slice(from, at)
    const colon = info.indexOf(':')
    user = colon < 0 ? info : info.slice(0, colon)
    if (!USER.test(user)) return null
    if (colon >= 0) {
      password = info.slice(colon + 1)
      if (!PASSWORD.test(password)) return null
    }
    hostFrom = at + 1
  }
  let hostEnd = hostFrom
  while (hostEnd < text.length) {
    const code = text.charCodeAt(hostEnd)
    if (code === 59 || code === 63) break
    hostEnd++
  }
  const hostPort = parseHostPort(text.slice(hostFrom, hostEnd))
  if (hostPort === null) return null
  const question = text.indexOf('?', hostEnd)
  const paramsEnd = question < 0 ? text.length : question
  const params = hostEnd < paramsEnd ? parseUriParams(text.slice(hostEnd + 1, paramsEnd)) : noParams
  if (params === null) return null
  let headers: string | null = null
  if (question >= 0) {
    headers = text.slice(question + 1)
    if (!HEADERS.test(headers)) return null
  }
  return { type: 'sip', scheme, user, password, host: hostPort.host, port: hostPort.port, params, headers, text }
}

/** Reads `host`, `host:port` or `[v6]:port`; null when malformed. */
export function parseHostPort(text: string): { host: string; port: number | null } | null {
  let host = text
  let port: number | null = null
  const colon = text.lastIndexOf(':')
  if (colon >= 0 && text.indexOf(']', colon) < 0) {
    host = text.slice(0, colon)
    const digits = text.slice(colon + 1)
    if (!/^[0-9]{1,5}$/.test(digits)) return null
    port = Number(digits)
    // Nothing listens at port 0, and no socket sends there.
    if (port === 0 || port > 65_535) return null
  }
  if (!HOST.test(host)) return null
  return { host: host.toLowerCase(), port }
}

function parseUriParams(text: string): Params | null {
  const params: [string, string | null][] = []
  for (const piece of text.split(';')) {
    const equals = piece.indexOf('=')
    const name = equals < 0 ? piece : piece.slice(0, equals)
    if (!PARAM_NAME.test(name)) return null
    const value = equals < 0 ? null : piece.slice(equals + 1)
    if (value !== null && !PARAM_NAME.test(value)) return null
    params.push([name.toLowerCase(), value])
  }
  return params
}

function parseTel(text: string): TelUri | null {
  const [number, ...rest] = text.slice(4).split(';')
  if (number === undefined || !/^\+?[0-9A-Fa-f*#().-]+$/.test(number)) return null
  const params = rest.length === 0 ? noParams : parseUriParams(rest.join(';'))
  return params === null ? null : { type: 'tel', number, params, text }
}

/** Resolves `%XX` for comparing and showing; malformed escapes stay. Never write the result into a message. */
export function unescapeUser(text: string): string {
  return text.includes('%')
    ? text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text
}

/** Escapes a user part for writing. */
export function escapeUser(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(
      /[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
}

/** Strips the brackets of an IPv6 reference. */
export function bareHost(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}

/** Puts brackets around IPv6. */
export function uriHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

/** RFC 3261 §19.1.4, as far as registrations need it: users by octets, hosts without letter case, ports exact. */
export function sameUri(a: Uri, b: Uri): boolean {
  if (a.type !== 'sip' || b.type !== 'sip') return a.text === b.text
  if (a.scheme !== b.scheme || a.host !== b.host || a.port !== b.port) return false
  if (unescapeUser(a.user ?? '') !== unescapeUser(b.user ?? '') || a.password !== b.password) return false
  for (const name of ['user', 'ttl', 'method', 'maddr', 'transport']) {
    if (param(a.params, name)?.toLowerCase() !== param(b.params, name)?.toLowerCase()) return false
  }
  for (const [name, value] of a.params) {
    const other = param(b.params, name)
    if (other !== undefined && other?.toLowerCase() !== value?.toLowerCase()) return false
  }
  return (a.headers ?? '') === (b.headers ?? '')
}
