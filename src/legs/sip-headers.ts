// Headers on their way between SIP and the hall: which go up, which may come down, and what a Reason says.

import { displayText } from '#sip/fields.ts'
import { field, type HeaderField, type SipMessage } from '#sip/message.ts'
import { splitList } from '#sip/params.ts'
import { customHeader } from '#sip/write.ts'
import type { Header } from './leg.ts'
import { MAX_HEADERS_UP } from './limits.ts'

const passedUp = new Set(['user-to-user', 'diversion', 'history-info', 'subject', 'alert-info', 'call-info', 'reason'])
const trustedOnly = new Set(['p-asserted-identity', 'p-charging-vector', 'privacy'])

/** X- headers and the allowed rest, in order. Asserted identities only from peers we trust (RFC 3325 §5). */
export function headersUp(message: SipMessage | null, trusted: boolean): Header[] {
  const up: Header[] = []
  for (const header of message?.headers ?? []) {
    if (up.length >= MAX_HEADERS_UP) break
    if (header.id.startsWith('x-') || passedUp.has(header.id) || (trusted && trustedOnly.has(header.id))) {
      up.push({ name: header.name, value: displayText(header.value) })
    }
  }
  return up
}

/** Custom headers of an application; those that are not allowed are left out (and were refused at the API's door). */
export function headersDown(headers: readonly Header[]): HeaderField[] {
  const down: HeaderField[] = []
  for (const { name, value } of headers) {
    const made = customHeader(name, value)
    if (made.ok) down.push(made.value)
  }
  return down
}

/** RFC 3326: `Reason: Q.850;cause=16;text="Normal call clearing"`, among others. */
export function readQ850(message: SipMessage | null): number | null {
  for (const value of message?.all('reason') ?? []) {
    for (const item of splitList(value) ?? []) {
      const match = /^Q\.850[ \t]*;(?:.*;)?[ \t]*cause[ \t]*=[ \t]*([0-9]{1,3})/i.exec(item)
      if (match !== null) return Number(match[1])
    }
  }
  return null
}

export function writeQ850(cause: number | null): HeaderField[] {
  return cause === null ? [] : [field('Reason', `Q.850;cause=${cause}`)]
}

/** RFC 3398 §8.2.6.1 and research/sip §6: the SIP answer for a Q.850 cause when we refuse a call with one. */
export function statusOfQ850(cause: number | null): number {
  switch (cause) {
    case null:
      return 480
    case 1:
    case 2:
    case 3:
    case 26:
      return 404
    case 17:
      return 486
    case 18:
      return 408
    case 21:
      return 603
    case 22:
      return 410
    case 27:
      return 502
    case 28:
      return 484
    case 29:
    case 79:
      return 501
    case 34:
    case 38:
    case 41:
    case 42:
    case 47:
    case 58:
    case 88:
      return 503
    case 55:
    case 57:
    case 87:
      return 403
    case 65:
    case 70:
      return 488
    case 102:
      return 504
    case 111:
    case 127:
      return 500
    default:
      return 480
  }
}
