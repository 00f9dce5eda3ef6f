// The words of a transfer as they stand in messages: Refer-To and what its URI carries (RFC 3515 §2.1, RFC 3261
// §19.1.5), the sipfrag in a NOTIFY (RFC 3420), Subscription-State and Event (RFC 6665 §8.2), Refer-Sub (RFC 4488).

import { err, ok, type Result } from '#base/result.ts'
import { displayText } from './fields.ts'
import { MAX_REFER_HEADERS } from './limits.ts'
import type { HeaderField, SipMessage, SipRequest } from './message.ts'
import { param, parseHeaderParams } from './params.ts'
import { reasonPhrase } from './reasons.ts'
import { type Replaces, readReplaces } from './replaces.ts'
import { unescapeUser } from './uri.ts'
import { customHeader } from './write.ts'

/** Where a REFER points. */
export interface ReferTo {
  /** Without its header part and `method`: what a call is placed to. */
  readonly uri: string
  /** Headers of the URI that may go into the new INVITE. */
  readonly headers: readonly HeaderField[]
  /** RFC 3891: the new call takes the place of this one. */
  readonly replaces: Replaces | null
}

/** `status` is what the REFER deserves. */
export interface BadRefer {
  readonly status: number
  readonly reason: string
}

/** Headers a referrer may put into somebody else's INVITE; anything more would let it write our messages. */
const passedOn = new Set(['user-to-user', 'diversion', 'history-info', 'subject', 'alert-info'])

/** Reads the one Refer-To a REFER has. */
export function readReferTo(request: SipRequest): Result<ReferTo, BadRefer> {
  // RFC 3515 §2.4.1: exactly one, or 400.
  const addresses = request.addresses('refer-to')
  const address = addresses?.[0]
  if (addresses === null || addresses.length !== 1 || address === undefined)
    return err({ status: 400, reason: 'Bad Request: one Refer-To is needed' })
  const { uri } = address
  if (uri.type === 'tel') return ok({ uri: uri.text, headers: [], replaces: null })
  if (uri.type !== 'sip') return err({ status: 416, reason: 'Unsupported URI Scheme' })
  const method = param(uri.params, 'method')?.toUpperCase()
  if (method !== undefined && method !== 'INVITE')
    return err({ status: 403, reason: 'Forbidden: only INVITE is followed' })
  const bare = (uri.headers === null ? uri.text : uri.text.slice(0, uri.text.length - uri.headers.length - 1)).replace(
    /;method=[^;]*/i,
    '',
  )
  const headers: HeaderField[] = []
  let replaces: Replaces | null = null
  for (const piece of uri.headers?.split('&') ?? []) {
    const equals = piece.indexOf('=')
    const name = unescapeUser(equals < 0 ? piece : piece.slice(0, equals)).toLowerCase()
    const value = displayText(equals < 0 ? '' : unescapeUser(piece.slice(equals + 1)))
    if (name === 'replaces') {
      replaces = readReplaces(value)
      if (replaces === null) return err({ status: 400, reason: 'Bad Request: Replaces in Refer-To' })
    } else if ((name.startsWith('x-') || passedOn.has(name)) && headers.length < MAX_REFER_HEADERS) {
      const made = customHeader(name, value)
      if (made.ok) headers.push(made.value)
    }
  }
  return ok({ uri: bare, headers, replaces })
}

/** The status in a `message/sipfrag` body; null when there is none. */
export function readSipfrag(message: SipMessage): number | null {
  const line = /^SIP\/2\.0[ \t]+([1-6][0-9]{2})(?:[ \t]|\r|\n|$)/i.exec(Buffer.from(message.body).toString('latin1'))
  return line === null ? null : Number(line[1])
}

export const SIPFRAG = 'message/sipfrag;version=2.0'

/** RFC 3515 §2.4.5: one status line is enough, and tells the referrer no more than it should know. */
export function writeSipfrag(status: number): Uint8Array {
  return Buffer.from(`SIP/2.0 ${status} ${reasonPhrase(status)}\r\n`, 'latin1')
}

/** RFC 6665 §8.2.3. */
export function readSubscriptionState(message: SipMessage): {
  readonly terminated: boolean
  readonly expiresS: number | null
} {
  const text = message.get('subscription-state') ?? ''
  const semicolon = text.indexOf(';')
  const state = (semicolon < 0 ? text : text.slice(0, semicolon)).trim().toLowerCase()
  const params = semicolon < 0 ? [] : (parseHeaderParams(text, semicolon) ?? [])
  const expires = param(params, 'expires')
  return {
    terminated: state === 'terminated',
    expiresS: expires != null && /^[0-9]{1,9}$/.test(expires) ? Number(expires) : null,
  }
}

/** The event package and the id that tells subscriptions of one dialog apart (RFC 3515 §2.4.6: the REFER's CSeq). */
export function readEvent(message: SipMessage): { readonly name: string; readonly id: number | null } {
  const text = message.get('event') ?? ''
  const semicolon = text.indexOf(';')
  const name = (semicolon < 0 ? text : text.slice(0, semicolon)).trim().toLowerCase()
  const id = semicolon < 0 ? undefined : param(parseHeaderParams(text, semicolon) ?? [], 'id')
  return { name, id: id != null && /^[0-9]{1,10}$/.test(id) ? Number(id) : null }
}

/** RFC 4488 §4: `Refer-Sub: false` asks for, or grants, a transfer without any NOTIFY. */
export function withoutSubscription(message: SipMessage): boolean {
  return /^false\s*(;|$)/i.test(message.get('refer-sub') ?? '')
}
