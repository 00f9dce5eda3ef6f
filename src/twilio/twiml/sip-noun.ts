// `<Sip>` of Dial and Refer: a SIP URI with what the application wants beside it (twilio-voice §8.1, SIP-01 to SIP-11).
//
//   [sip:]user@host[:port][;transport=..][;region=..][;edge=..][;others][?header=value&header=value]
//
// What cannot be used makes the whole unusable (13243) or is left out (32110, 13252): a caller is rather connected without
// a header than not at all.

import type { Header } from '#legs/leg.ts'
import { Attributes } from './attributes.ts'
import { SIP_HEADER, SIP_URI, SIP_URI_PARTLY } from './codes.ts'
import { type Element, textOf } from './element.ts'
import { type Findings, quoted } from './findings.ts'
import { MAX_SIP_HEADER_CHARACTERS, MAX_SIP_URI_CHARACTERS } from './limits.ts'
import { type Manner, PLAIN_MANNER } from './manner.ts'
import { childrenOf, noText, nothingIn } from './nesting.ts'
import type { SipNoun } from './verbs.ts'

/** FMT-12. */
export const REGIONS = ['us1', 'us2', 'ie1', 'de1', 'sg1', 'br1', 'au1', 'jp1'] as const
const EDGES = ['ashburn', 'umatilla', 'dublin', 'frankfurt', 'singapore', 'tokyo', 'sao-paulo', 'sydney']
const TRANSPORTS = ['udp', 'tcp', 'tls'] as const

// RFC 3261 §25.1, without the `?` a user part might hold: here it begins the headers.
const USER = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;/#:]|%[0-9A-Fa-f]{2})+$/
const HOST_PORT = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*)|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/
const PARAMETER =
  /^(?:[A-Za-z0-9\-_.!~*'()[\]/:&+$]|%[0-9A-Fa-f]{2})+(?:=(?:[A-Za-z0-9\-_.!~*'()[\]/:&+$]|%[0-9A-Fa-f]{2})+)?$/
/** SIP-06. */
const OPEN_HEADER =
  /^(?:x-[A-Za-z0-9\-.!%*_+`'~]+|user-to-user|remote-party-id|p-preferred-identity|p-called-party-id)$/i

interface Finding {
  readonly code: number
  readonly message: string
}

export interface ReadSipUri {
  /** Null: unusable. */
  readonly noun: SipNoun | null
  readonly findings: readonly Finding[]
}

/**
 * Takes a URI apart. The credentials are the caller's to fill in.
 *
 * @param sites names that may be regions or edges besides those that are documented
 */
export function readSipUri(text: string, sites: Manner['sites'] = PLAIN_MANNER.sites): ReadSipUri {
  const findings: Finding[] = []
  const written = text.trim()
  const unusable = (why: string): ReadSipUri => ({
    noun: null,
    findings: [{ code: SIP_URI, message: `"${quoted(written)}" is not a usable SIP URI: ${why}` }],
  })
  if (/^sips:/i.test(written)) return unusable('sips: is not offered; write sip: with ;transport=tls')
  const bare = written.replace(/^sip:/i, '')
  const at = bare.indexOf('@')
  if (at <= 0) return unusable('it has no user and host')
  const mark = bare.indexOf('?', at)
  const address = mark < 0 ? bare : bare.slice(0, mark)
  const headerPart = mark < 0 ? '' : bare.slice(mark + 1)
  // SIP-02.
  if (
    mark < 0
      ? written.length >= MAX_SIP_URI_CHARACTERS
      : written.length - headerPart.length - 1 >= MAX_SIP_URI_CHARACTERS
  ) {
    return unusable(`it is not below ${MAX_SIP_URI_CHARACTERS} characters`)
  }
  if (headerPart.length >= MAX_SIP_HEADER_CHARACTERS) {
    return unusable(`its headers are not below ${MAX_SIP_HEADER_CHARACTERS} characters`)
  }
  const user = address.slice(0, at)
  const [hostPort, ...parameters] = address.slice(at + 1).split(';')
  if (!USER.test(user)) return unusable('its user part has characters that do not belong there')
  const host = HOST_PORT.exec(hostPort ?? '')
  const port = host?.[2] === undefined ? null : Number(host[2])
  if (host === null || port === 0 || (port !== null && port > 65_535)) return unusable('its host or port is malformed')

  let transport: SipNoun['transport'] = 'udp'
  let region: string | null = null
  let edge: string | null = null
  const kept: string[] = []
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=')
    const name = (equals < 0 ? parameter : parameter.slice(0, equals)).trim().toLowerCase()
    const value = equals < 0 ? '' : parameter.slice(equals + 1).trim()
    if (name === 'transport') {
      const known = TRANSPORTS.find((one) => one === value.toLowerCase())
      // SIP-03.
      if (known === undefined) return unusable(`transport "${quoted(value)}" is none of ${TRANSPORTS.join(', ')}`)
      transport = known
      kept.push(`transport=${known}`)
    } else if (name === 'region' || name === 'edge') {
      const known = name === 'region' ? REGIONS : EDGES
      const word = value.toLowerCase()
      // SIP-05: private interconnects are edges with `-ix`.
      const place = name === 'edge' ? word.replace(/-ix$/, '') : word
      if (!known.some((one) => one === place) && !sites.has(word)) {
        findings.push({ code: SIP_URI_PARTLY, message: `${name} "${quoted(value)}" is not known; it is ignored` })
      } else if (name === 'region') region = word
      else edge = word
    } else if (PARAMETER.test(parameter.trim())) kept.push(parameter.trim())
    else
      findings.push({
        code: SIP_URI_PARTLY,
        message: `the URI parameter "${quoted(parameter)}" is malformed; it is ignored`,
      })
  }
  const headers = headerPart === '' ? [] : readHeaders(headerPart, findings)
  const uri = [`sip:${user}@${host[0]}`, ...kept].join(';')
  return {
    noun: { uri, host: host[1]!, transport, region, edge, headers, username: null, password: null },
    findings,
  }
}

/** SIP-07, SIP-08: decoded once; repeated ones stay, in order; `+` stays `+`. */
function readHeaders(text: string, findings: Finding[]): readonly Header[] {
  const headers: Header[] = []
  for (const piece of text.split('&')) {
    const equals = piece.indexOf('=')
    const name = decoded(equals < 0 ? piece : piece.slice(0, equals))?.trim() ?? null
    const value = equals < 0 ? null : decoded(piece.slice(equals + 1))
    if (equals <= 0) {
      // SIP-09.
      findings.push({ code: SIP_URI_PARTLY, message: `"${quoted(piece)}" is not a header; it is ignored` })
    } else if (name === null || value === null) {
      findings.push({ code: SIP_HEADER, message: `the header "${quoted(piece)}" is encoded wrongly; it is left out` })
    } else {
      const bad = headerProblem(name, value)
      if (bad === null) headers.push({ name, value })
      else findings.push({ code: SIP_HEADER, message: bad })
    }
  }
  return headers
}

/** SIP-06, and nothing that would end a header line (SIP-07). */
function headerProblem(name: string, value: string): string | null {
  if (!OPEN_HEADER.test(name)) return `the header "${quoted(name)}" may not be set; names begin with X-. It is left out`
  if (/\p{Cc}/u.test(value)) return `the header "${quoted(name)}" has a line break or control character; it is left out`
  return null
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** The content of a `<Sip>` in a Dial: its text, or `<Uri>` children by priority and weight (SIP-11). */
export function readSipUris(
  element: Element,
  credentials: { readonly username: string | null; readonly password: string | null },
  findings: Findings,
  { sites }: Manner,
): readonly SipNoun[] {
  const children = childrenOf(element, ['Uri', 'Headers'], findings)
  const extra = children
    .filter(({ name }) => name === 'Headers')
    .flatMap((child) => readHeaderElements(child, findings))
  const legacy = children.filter(({ name }) => name === 'Uri')
  const text = textOf(element)
  if (legacy.length === 0 || text !== '') {
    const noun = usable(element, text, findings, sites)
    return noun === null ? [] : [{ ...noun, ...credentials, headers: [...noun.headers, ...extra] }]
  }
  return legacy
    .flatMap((child) => {
      const attributes = new Attributes(child, findings)
      const place = { least: 0, most: 65_535 }
      const priority = attributes.integer('priority', place, 0, SIP_URI_PARTLY)
      const weight = attributes.integer('weight', place, 0, SIP_URI_PARTLY)
      const username = attributes.raw('username') ?? credentials.username
      const password = attributes.raw('password') ?? credentials.password
      attributes.end()
      childrenOf(child, [], findings)
      const noun = usable(child, textOf(child), findings, sites)
      if (noun === null) return []
      return [{ priority, weight, noun: { ...noun, username, password, headers: [...noun.headers, ...extra] } }]
    })
    .sort((one, other) => one.priority - other.priority || one.weight - other.weight)
    .map(({ noun }) => noun)
}

/** The content of a `<Sip>` in a Refer (REF-01): text only. */
export function readReferSip(element: Element, findings: Findings): SipNoun | null {
  new Attributes(element, findings).end()
  childrenOf(element, [], findings)
  return usable(element, textOf(element), findings)
}

function usable(element: Element, text: string, findings: Findings, sites?: Manner['sites']): SipNoun | null {
  const read = readSipUri(text, sites)
  for (const { code, message } of read.findings) findings.warn(code, element, message)
  return read.noun
}

function readHeaderElements(element: Element, findings: Findings): readonly Header[] {
  new Attributes(element, findings).end()
  noText(element, findings)
  return childrenOf(element, ['Header'], findings).flatMap((child) => {
    const attributes = new Attributes(child, findings)
    const name = attributes.text('name') ?? ''
    const value = attributes.raw('value') ?? ''
    attributes.end()
    nothingIn(child, findings)
    const bad = headerProblem(name, value)
    if (bad === null) return [{ name, value }]
    findings.warn(SIP_HEADER, child, bad)
    return []
  })
}
