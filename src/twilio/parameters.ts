// The parameters every request to an application carries (twilio-voice §5.2), from a call as it stands.

import type { Application } from '#accounts/model.ts'
import { toSid } from '#base/ids.ts'
import type { Call } from '#calls/model.ts'
import type { Header } from '#legs/leg.ts'
import { callStatus, direction } from './call-status.ts'
import { notesOf, shownId } from './notes.ts'
import type { Parameters } from './signature.ts'
import { API_VERSION } from './spelling.ts'

/** STD-09: sent empty, as for numbers nobody looked up. */
const PLACES = ['City', 'State', 'Zip', 'Country'] as const

/**
 * @param application the call's own; its role decides what SIP says of a call (SIP-P-01)
 * @param status another word than the call's own state, for callbacks of call progress
 */
export function standardParameters(call: Call, application: Application | null, status?: string): Parameters {
  const notes = notesOf(call)
  const { from, to } = addresses(call, application)
  const parent = notes.parent ?? null
  const listed: (readonly [string, string])[] = [
    ['CallSid', toSid('CA', shownId(call))],
    ['AccountSid', toSid('AC', call.account)],
    ['ApiVersion', API_VERSION],
    ['From', from],
    ['To', to],
    ['Caller', from],
    ['Called', to],
    ['CallStatus', status ?? callStatus(call)],
    ['Direction', direction(call, parent)],
  ]
  if (parent !== null) listed.push(['ParentCallSid', toSid('CA', parent)])
  const forwarded = header(call.headers, 'diversion')
  if (forwarded !== null) listed.push(['ForwardedFrom', userOf(forwarded)])
  if (notes.answeredBy !== undefined) listed.push(['AnsweredBy', notes.answeredBy])
  if (application?.extra.role === 'application') listed.push(['ApplicationSid', toSid('AP', application.id)])
  for (const who of ['From', 'To', 'Caller', 'Called']) {
    for (const place of PLACES) listed.push([`${who}${place}`, ''])
  }
  if (call.direction === 'incoming' && call.fromName !== null) listed.push(['CallerName', call.fromName])
  if (application?.extra.role === 'domain' && call.direction === 'incoming')
    listed.push(...sipParameters(call, application))
  return listed
}

/** Who called whom, as requests say it (STD-02). */
export interface Addresses {
  readonly from: string
  readonly to: string
}

export function addresses(call: Call, application: Application | null): Addresses {
  const { from, to } = notesOf(call)
  return { from: from ?? addressOf(call, application, 'from'), to: to ?? addressOf(call, application, 'to') }
}

/** SIP-P-01 to 03: of calls to a SIP domain. */
function sipParameters(call: Call, application: Application): Parameters {
  return [
    ...(call.sipCallId === null ? [] : ([['SipCallId', call.sipCallId]] as const)),
    ['SipDomain', application.name],
    ['SipDomainSid', toSid('SD', application.id)],
    ...(call.sourceHost === null ? [] : ([['SipSourceIp', call.sourceHost]] as const)),
    ...headerParameters(call.headers, 'SipHeader_'),
  ]
}

/** One per custom header: `SipHeader_X-Name`, `DialSipHeader_X-Name`; of one that repeats, the last. */
export function headerParameters(headers: readonly Header[], prefix: string): Parameters {
  const kept = new Map<string, readonly [string, string]>()
  for (const { name, value } of headers) {
    if (/^x-/i.test(name) || name.toLowerCase() === 'user-to-user')
      kept.set(name.toLowerCase(), [`${prefix}${name}`, value])
  }
  return [...kept.values()]
}

/** A SIP address for calls of a SIP domain and to SIP addresses, else the number (FMT-07, FMT-08). */
function addressOf(call: Call, application: Application | null, which: 'from' | 'to'): string {
  const uri = which === 'from' ? call.fromUri : call.toUri
  if (application?.extra.role === 'domain' && call.direction === 'incoming') return bareUri(uri)
  return which === 'from' ? call.from : bareUri(call.to)
}

/** Without headers and parameters (CALL-09). */
export function bareUri(uri: string): string {
  const bare = /<([^>]*)>/.exec(uri)?.[1] ?? uri
  return /^sips?:/i.test(bare) ? bare.replace(/[;?].*$/, '') : bare
}

function header(headers: readonly Header[], name: string): string | null {
  return headers.find((one) => one.name.toLowerCase() === name)?.value ?? null
}

function userOf(value: string): string {
  const uri = bareUri(value)
  return /^(?:sips?|tel):([^@;]+)/i.exec(uri)?.[1] ?? uri
}
