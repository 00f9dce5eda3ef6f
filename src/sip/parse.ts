// Octets to messages (RFC 3261 §7, §25). Only the shape is judged here: start line, field lines, body length. What the
// fields mean is read on demand (message.ts) and judged in validate.ts. The head is decoded once as latin1, so no octet is
// lost and no string is built twice; values are slices of it.
//
// Strict by policy (RFC 4475 §3.1.2): bare CR or LF, stray control octets, a missing blank line and a start line with
// extra spaces are refused rather than repaired, because whatever is repaired is a place to smuggle.

import { err, ok, type Result } from '#base/result.ts'
import { parseDigits } from './fields.ts'
import { headerId, knownHeaderId } from './header-names.ts'
import { MAX_FIELDS, MAX_FIELDS_OF_ONE_KIND, MAX_MESSAGE_OCTETS } from './limits.ts'
import { type HeaderField, noBody, type SipMessage, SipRequest, SipResponse } from './message.ts'
import { closingQuote, isToken } from './params.ts'

/** Why octets are no message, and what a request among them deserves. */
export interface ParseError {
  readonly type: 'malformed' | 'bad-version' | 'too-large'
  /** What to answer when `request` can be answered; responses and noise get silence. */
  readonly status: 400 | 505 | 513
  readonly reason: string
  /** As much of a request as could be read, for a stateless answer. */
  readonly request: SipRequest | null
}

/** How the end of the body is known: a datagram may omit Content-Length, a stream may not (RFC 3261 §18.3). */
export type Carrier = 'datagram' | 'stream'

/** 1 for octets that may stand anywhere in a head: no control octets but the tab. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, octet) => ((octet >= 32 && octet !== 127) || octet === 9 ? 1 : 0))

const EMPTY_LINE = Buffer.from('\r\n\r\n')

/** Reads one message from a datagram, or one framed message of a stream. Keeps nothing of `bytes`. */
export function parseMessage(bytes: Uint8Array, carrier: Carrier): Result<SipMessage, ParseError> {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let start = 0
  // RFC 3261 §7.5: empty lines before the start line are ignored.
  while (buffer[start] === 13 && buffer[start + 1] === 10) start += 2
  if (buffer.length - start > MAX_MESSAGE_OCTETS) return fail('too-large', 'message too large', null)
  const headEnd = buffer.indexOf(EMPTY_LINE, start)
  if (headEnd < 0) return fail('malformed', 'no empty line after the header fields', salvage(buffer, start))
  const text = buffer.toString('latin1', start, headEnd + 2)

  const suspicious = hasControls(buffer, start, headEnd)
  if (suspicious === 'broken-line') return fail('malformed', 'CR or LF alone', salvage(buffer, start))

  const headers: HeaderField[] = []
  const startEnd = text.indexOf('\r\n')
  const problem = readFields(text, startEnd + 2, headers, suspicious === 'controls')
  const startLine = text.slice(0, startEnd)
  const shape: StartLine =
    suspicious === 'controls' && /[\x00-\x1f\x7f]/.test(startLine)
      ? { type: 'broken', error: 'malformed', reason: 'a control octet' }
      : readStartLine(startLine)
  if (shape.type === 'broken') {
    return fail(shape.error, shape.reason, salvaged(startLine, headers))
  }
  if (problem !== null) {
    return fail('malformed', problem, shape.type === 'request' ? salvaged(startLine, headers) : null)
  }

  const request = shape.type === 'request' ? shape : null
  const length = contentLength(headers)
  const bodyStart = headEnd + 4
  const available = buffer.length - bodyStart
  if (length === 'bad') return fail('malformed', 'bad Content-Length', request && salvaged(startLine, headers))
  if (length === null && carrier === 'stream') {
    return fail('malformed', 'no Content-Length on a stream', request && salvaged(startLine, headers))
  }
  if (length !== null && length > available) {
    return fail('malformed', 'body shorter than Content-Length', request && salvaged(startLine, headers))
  }
  const bodyLength = length ?? available
  const body = bodyLength === 0 ? noBody : copyOf(buffer, bodyStart, bodyStart + bodyLength)
  return ok(
    shape.type === 'request'
      ? new SipRequest(shape.method, shape.uri, headers, body)
      : new SipResponse(shape.status, shape.reason, headers, body),
  )
}

function copyOf(buffer: Buffer, from: number, to: number): Uint8Array {
  const copy = Buffer.allocUnsafe(to - from)
  buffer.copy(copy, 0, from, to)
  return copy
}

function fail(type: ParseError['type'], reason: string, request: SipRequest | null): Result<never, ParseError> {
  const status = type === 'bad-version' ? 505 : type === 'too-large' ? 513 : 400
  return err({ type, status, reason, request })
}

type StartLine =
  | { readonly type: 'request'; readonly method: string; readonly uri: string }
  | { readonly type: 'response'; readonly status: number; readonly reason: string }
  | { readonly type: 'broken'; readonly error: 'malformed' | 'bad-version'; readonly reason: string }

function readStartLine(line: string): StartLine {
  if (line.startsWith('SIP/') || line.startsWith('sip/')) {
    const match = /^SIP\/2\.0 ([1-6][0-9]{2})(?: (.*))?$/is.exec(line)
    if (match === null) return { type: 'broken', error: 'malformed', reason: 'bad status line' }
    return { type: 'response', status: Number(match[1]), reason: match[2] ?? '' }
  }
  const first = line.indexOf(' ')
  const last = line.lastIndexOf(' ')
  if (first <= 0 || first === last) return { type: 'broken', error: 'malformed', reason: 'bad request line' }
  const method = line.slice(0, first)
  const uri = line.slice(first + 1, last)
  const version = line.slice(last + 1)
  if (version !== 'SIP/2.0' && version.toUpperCase() !== 'SIP/2.0') {
    return /^SIP\/[0-9]+\.[0-9]+$/i.test(version)
      ? { type: 'broken', error: 'bad-version', reason: 'unknown version' }
      : { type: 'broken', error: 'malformed', reason: 'bad request line' }
  }
  if (!isToken(method)) return { type: 'broken', error: 'malformed', reason: 'method is not a token' }
  if (uri === '' || uri.includes(' ') || uri.includes('\t')) {
    return { type: 'broken', error: 'malformed', reason: 'white space in the Request-URI' }
  }
  return { type: 'request', method, uri }
}

/** Reads field lines into `headers`; says what is wrong with them, or null. Goes on after a bad line to salvage the rest. */
function readFields(text: string, from: number, headers: HeaderField[], controls: boolean): string | null {
  let problem: string | null = null
  let at = from
  while (at < text.length) {
    let eol = text.indexOf('\r\n', at)
    let folded = false
    for (;;) {
      const next = text.charCodeAt(eol + 2)
      if (next !== 32 && next !== 9) break
      folded = true
      eol = text.indexOf('\r\n', eol + 2)
    }
    const colon = text.indexOf(':', at)
    if (colon < 0 || colon > eol) {
      problem ??= 'a line without a colon'
      at = eol + 2
      continue
    }
    let name = text.slice(at, colon)
    let id = knownHeaderId(name)
    if (id === undefined) {
      name = name.replace(/[ \t]+$/, '')
      if (!isToken(name)) {
        problem ??= 'a field name is not a token'
        at = eol + 2
        continue
      }
      id = headerId(name)
    }
    let valueStart = colon + 1
    while (isSpace(text.charCodeAt(valueStart))) valueStart++
    let valueEnd = eol
    while (valueEnd > valueStart && isSpace(text.charCodeAt(valueEnd - 1))) valueEnd--
    let value = text.slice(valueStart, valueEnd)
    if (folded) value = value.replace(/[ \t]*\r\n[ \t]+/g, ' ').trim()
    if (controls && /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(value) && !controlsAreQuoted(value))
      problem ??= 'a control octet'
    if (headers.length >= MAX_FIELDS) return 'too many header fields'
    headers.push({ id, name, value })
    at = eol + 2
  }
  if (headers.length > MAX_FIELDS_OF_ONE_KIND && tooManyOfOneKind(headers))
    problem ??= 'too many header fields of one kind'
  return problem
}

function tooManyOfOneKind(headers: readonly HeaderField[]): boolean {
  const counts = new Map<string, number>()
  for (const header of headers) {
    const count = (counts.get(header.id) ?? 0) + 1
    if (count > MAX_FIELDS_OF_ONE_KIND) return true
    counts.set(header.id, count)
  }
  return false
}

/** Two different lengths are the oldest way to smuggle a message (RFC 4475 §3.3.9): refused even when one fits. */
function contentLength(headers: readonly HeaderField[]): number | null | 'bad' {
  let length: number | null = null
  for (const header of headers) {
    if (header.id !== 'content-length') continue
    const value = parseDigits(header.value, MAX_MESSAGE_OCTETS + 1)
    if (value === null || (length !== null && length !== value)) return 'bad'
    length = value
  }
  return length
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10
}

function hasControls(buffer: Buffer, from: number, to: number): 'none' | 'controls' | 'broken-line' {
  let found: 'none' | 'controls' = 'none'
  for (let at = from; at < to; at++) {
    // Four plain octets at a time: this loop sees every octet of every message.
    while (
      at + 4 <= to &&
      (PLAIN[buffer[at]!]! & PLAIN[buffer[at + 1]!]! & PLAIN[buffer[at + 2]!]! & PLAIN[buffer[at + 3]!]!) === 1
    )
      at += 4
    if (at >= to) break
    const octet = buffer[at]!
    if (PLAIN[octet] === 1) continue
    if (octet === 13 && buffer[at + 1] === 10) at++
    else if (octet === 13 || octet === 10) return 'broken-line'
    else found = 'controls'
  }
  return found
}

/** RFC 3261 §25.1 quoted-pair: inside a quoted string a backslash excuses any octet but CR and LF (RFC 4475 §3.1.1.2). */
function controlsAreQuoted(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if (code === 34) {
      const close = closingQuote(value, at)
      if (close < 0) return false
      for (let i = at + 1; i < close; i++) {
        const inner = value.charCodeAt(i)
        if (inner === 92) i++
        else if ((inner < 32 && inner !== 9) || inner === 127) return false
      }
      at = close
    } else if ((code < 32 && code !== 9) || code === 127) return false
  }
  return true
}

/** What can be read of a request whose lines are broken, so that it can be told so. */
function salvage(buffer: Buffer, start: number): SipRequest | null {
  const lines = buffer
    .toString('latin1', start, Math.min(buffer.length, start + MAX_MESSAGE_OCTETS))
    .split(/\r\n|\r|\n/)
  const headers: HeaderField[] = []
  for (const line of lines.slice(1, MAX_FIELDS)) {
    if (line === '') break
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trim()
    if (isToken(name)) headers.push({ id: headerId(name), name, value: line.slice(colon + 1).trim() })
  }
  return salvaged(lines[0] ?? '', headers)
}

function salvaged(startLine: string, headers: readonly HeaderField[]): SipRequest | null {
  if (/^SIP\//i.test(startLine)) return null
  const method = startLine.trim().split(/[ \t]/, 1)[0] ?? ''
  return isToken(method) ? new SipRequest(method, '', headers) : null
}
