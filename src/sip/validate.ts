// Judging a request or response whose shape is right (RFC 3261 §8.1.3.3, §8.2). Every refusal knows its own answer; what
// deserves none says so. Order follows §8.2: what cannot be answered, syntax, method, Request-URI, Require, content.

import { parseDigits, parseNameAddr } from './fields.ts'
import { MIN_SESSION_EXPIRES_S } from './limits.ts'
import { field, type HeaderField, type SipRequest, type SipResponse } from './message.ts'
import { param } from './params.ts'

export type Verdict =
  | { readonly type: 'good' }
  | {
      readonly type: 'refuse'
      readonly status: number
      readonly reason: string
      readonly headers: readonly HeaderField[]
    }
  /** Not answerable, or not worth an answer. */
  | { readonly type: 'silence'; readonly reason: string }

/** What this element can do; requests are judged against it. */
export interface Capabilities {
  /** Methods answered with something other than 405. */
  readonly methods: readonly string[]
  /** Option tags understood in Require. */
  readonly extensions: readonly string[]
  /** Body types understood in INVITE. */
  readonly bodyTypes: readonly string[]
}

export const defaultCapabilities: Capabilities = {
  methods: ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'INFO', 'REGISTER', 'PRACK', 'UPDATE', 'REFER', 'NOTIFY'],
  extensions: ['100rel', 'timer', 'replaces', 'norefersub'],
  bodyTypes: ['application/sdp'],
}

/** Methods that exist: known but not served here is 405, never heard of is 501 (RFC 3261 §8.2.1, §21.5.2). */
export const knownMethods = new Set([
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'OPTIONS',
  'REGISTER',
  'INFO',
  'PRACK',
  'UPDATE',
  'SUBSCRIBE',
  'NOTIFY',
  'REFER',
  'MESSAGE',
  'PUBLISH',
])

const good: Verdict = { type: 'good' }
const onlyOnce = ['from', 'to', 'call-id', 'cseq', 'max-forwards'] as const

/** The rules every request obeys, whatever its method. */
export function checkRequestSyntax(request: SipRequest): Verdict {
  const { cseq } = request
  if (request.get('via') === undefined || request.get('call-id') === undefined) {
    return { type: 'silence', reason: 'no Via or Call-ID: nowhere to answer' }
  }
  if (request.get('from') === undefined || request.get('to') === undefined || request.get('cseq') === undefined) {
    return { type: 'silence', reason: 'a mandatory field is missing' }
  }
  for (const id of onlyOnce) if (request.count(id) > 1) return bad(`more than one ${id}`)
  if (request.vias === null) return bad('bad Via')
  if (request.from === null) return bad('bad From')
  if (request.to === null) return bad('bad To')
  if (cseq === null) return bad('bad CSeq')
  if (cseq.method !== request.method) return bad('CSeq method does not match')
  if (/\s/.test(request.callId) || request.callId === '') return bad('bad Call-ID')
  const hops = request.get('max-forwards')
  if (hops !== undefined && (parseDigits(hops, 256) ?? 256) > 255) return bad('bad Max-Forwards')
  if (request.uri === null) return bad('bad Request-URI')
  // RFC 3261 §19.1.1: headers are not allowed in a Request-URI; acting on them would let a caller write our messages.
  if (request.uri.type === 'sip' && request.uri.headers !== null) return bad('headers in the Request-URI')
  for (const id of ['route', 'record-route'] as const) {
    if (request.get(id) !== undefined && request.addresses(id) === null) return bad(`bad ${id}`)
  }
  return checkContacts(request)
}

function checkContacts(request: SipRequest): Verdict {
  if (request.get('contact') === undefined) return good
  const contacts = request.list('contact')
  if (contacts === null) return bad('bad Contact')
  if (contacts.includes('*')) {
    // RFC 3261 §10.2.2: the star stands alone, in a REGISTER that expires everything at once.
    const alone = contacts.length === 1 && request.method === 'REGISTER' && request.expiresS === 0
    return alone ? good : bad('Contact * out of place')
  }
  for (const contact of contacts) {
    if (parseNameAddr(contact) === null) return bad('bad Contact')
  }
  return good
}

/** The rules for this element as an end of the line. Run after {@link checkRequestSyntax}; ACK and CANCEL are never refused. */
export function checkRequest(request: SipRequest, capabilities: Capabilities = defaultCapabilities): Verdict {
  const { method } = request
  if (method === 'ACK' || method === 'CANCEL') return good
  if (!knownMethods.has(method)) return refuse(501, 'Not Implemented', allow(capabilities))
  if (!capabilities.methods.includes(method)) return refuse(405, 'Method Not Allowed', allow(capabilities))
  if (request.uri?.type === 'other') return refuse(416, 'Unsupported URI Scheme')
  const unknown = [...request.tokens('require'), ...request.tokens('proxy-require')].filter(
    (tag) => !capabilities.extensions.includes(tag.toLowerCase()),
  )
  if (unknown.length > 0) return refuse(420, 'Bad Extension', [field('Unsupported', unknown.join(', '))])
  if (method === 'REGISTER' && request.to?.uri.type === 'other') return refuse(404, 'Not Found')
  if (method === 'INVITE') return checkInvite(request, capabilities)
  if (method === 'UPDATE') return checkInterval(request)
  return good
}

function checkInvite(request: SipRequest, capabilities: Capabilities): Verdict {
  // RFC 3261 §8.1.1.8: a request that makes a dialog has exactly one Contact.
  // RFC 2543 peers (no branch cookie) may leave it out; their From serves instead.
  if (request.contact === null && hasCookie(request)) return refuse(400, 'Bad Request: no Contact')
  if (request.contact?.uri.type === 'other') return refuse(400, 'Bad Request: Contact scheme')
  const accept = request.get('accept')
  if (accept !== undefined && !acceptsSdp(request)) return refuse(406, 'Not Acceptable')
  if (request.body.length > 0) {
    const type = request.contentType
    const encoding = request.get('content-encoding')
    if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
      return refuse(415, 'Unsupported Media Type', [field('Accept-Encoding', 'identity')])
    }
    if (type === null || (!capabilities.bodyTypes.includes(type) && !type.startsWith('multipart/'))) {
      return refuse(415, 'Unsupported Media Type', [field('Accept', capabilities.bodyTypes.join(', '))])
    }
  }
  return checkInterval(request)
}

/** RFC 4028 §6, §9: of INVITE and UPDATE. */
function checkInterval(request: SipRequest): Verdict {
  const interval = request.get('session-expires')
  if (interval !== undefined) {
    const seconds = parseDigits(interval.split(';', 1)[0]!.trim(), 2 ** 31)
    if (seconds === null) return refuse(400, 'Bad Request: Session-Expires')
    const supports = request.tokens('supported').some((tag) => tag.toLowerCase() === 'timer')
    if (seconds < MIN_SESSION_EXPIRES_S && supports) {
      // RFC 4028 §6: only a caller that knows timers can mend it.
      return refuse(422, 'Session Interval Too Small', [field('Min-SE', String(MIN_SESSION_EXPIRES_S))])
    }
  }
  return good
}

/** Whether the sender follows RFC 3261 §8.1.1.7: a branch with the cookie and something after it. */
export function hasCookie(message: SipRequest | SipResponse): boolean {
  const branch = message.topVia === null ? null : param(message.topVia.params, 'branch')
  return typeof branch === 'string' && branch.length > 7 && /^z9hG4bK/i.test(branch)
}

function acceptsSdp(request: SipRequest): boolean {
  for (const value of request.all('accept')) {
    for (const item of value.split(',')) {
      const type = item.split(';', 1)[0]!.trim().toLowerCase()
      if (type === 'application/sdp' || type === 'application/*' || type === '*/*') return true
    }
  }
  return false
}

/** RFC 3261 §8.1.3.3 and §18.1.2: a response that is not whole, or not ours alone, is dropped without a word. */
export function checkResponse(response: SipResponse): Verdict {
  if (response.vias === null) return { type: 'silence', reason: 'bad Via' }
  if (response.vias.length > 1) return { type: 'silence', reason: 'more than one Via' }
  if (response.from === null || response.to === null) return { type: 'silence', reason: 'bad From or To' }
  if (response.cseq === null) return { type: 'silence', reason: 'bad CSeq' }
  if (response.callId === '') return { type: 'silence', reason: 'no Call-ID' }
  for (const id of ['from', 'to', 'call-id', 'cseq'] as const) {
    if (response.count(id) > 1) return { type: 'silence', reason: `more than one ${id}` }
  }
  return good
}

/** The tags a peer says it understands. */
export function supports(message: SipRequest | SipResponse, tag: string): boolean {
  return message.tokens('supported').some((item) => item.toLowerCase() === tag)
}

function allow(capabilities: Capabilities): HeaderField[] {
  return [field('Allow', capabilities.methods.join(', '))]
}

function refuse(status: number, reason: string, headers: readonly HeaderField[] = []): Verdict {
  return { type: 'refuse', status, reason, headers }
}

function bad(reason: string): Verdict {
  return refuse(400, `Bad Request: ${reason}`)
}
