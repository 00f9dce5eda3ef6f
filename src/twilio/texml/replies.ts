// Replies in TeXML's words (TX-02, TX-04): ids, paths and a few values differ from this language's own, and errors are
// those of the other face.

import type { Reply } from '#http/route.ts'
import { TEXML_VERSION } from './parameters.ts'
import { respelled, respelledPath } from './spelling.ts'

const DIRECTIONS: Readonly<Record<string, string>> = { 'outbound-api': 'outbound', 'outbound-dial': 'outbound' }
/** TX-04: what TeXML calls how participants stand. */
const PARTICIPANT_STATUSES: Readonly<Record<string, string>> = {
  queued: 'connecting',
  ringing: 'connecting',
  complete: 'completed',
}
const ANSWERERS: Readonly<Record<string, string>> = {
  machine_start: 'machine',
  machine_end_beep: 'machine',
  machine_end_silence: 'machine',
  machine_end_other: 'machine',
  fax: 'machine',
  unknown: 'not_sure',
}

export function texmlError(status: number, code: string, detail: string): Reply {
  return { status, json: { errors: [{ code, title: titles[code] ?? 'Error', detail }] } }
}

const titles: Readonly<Record<string, string>> = {
  '10005': 'Resource not found',
  '10009': 'Authentication failed',
  '10015': 'Bad Request',
  '10016': 'Internal Server Error',
}

export function replyInTexml(reply: Reply): Reply {
  if (reply.json === undefined) return reply
  if (reply.status >= 400) {
    const { code, message } = reply.json as { readonly code?: number; readonly message?: string }
    return { ...texmlError(reply.status, String(code ?? 10015), message ?? ''), ...headersOf(reply) }
  }
  // A created call or participant is a plain success there.
  return { ...reply, status: reply.status === 201 ? 200 : reply.status, json: spoken(reply.json, '') }
}

function headersOf({ headers }: Reply): Pick<Reply, 'headers'> {
  if (headers === undefined) return {}
  const { 'www-authenticate': _, ...rest } = headers
  return { headers: rest }
}

function spoken(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((one) => spoken(one, name))
  if (typeof value === 'object' && value !== null) return resource(value as Record<string, unknown>)
  return typeof value === 'string' ? word(name, value) : value
}

function resource(fields: Readonly<Record<string, unknown>>): object {
  const said = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, spoken(value, name)]))
  if ('coaching' in fields) {
    const { call_sid_to_coach: coached, status, ...rest } = said
    return { ...rest, coaching_call_sid: coached, status: PARTICIPANT_STATUSES[String(status)] ?? status }
  }
  return said
}

function word(name: string, value: string): string {
  if (name === 'api_version') return TEXML_VERSION
  if (name === 'direction') return DIRECTIONS[value] ?? value
  if (name === 'answered_by') return ANSWERERS[value] ?? value
  if (name === 'uri' || name.endsWith('_uri') || name.endsWith('_url') || value.startsWith('/2010-04-01/'))
    return respelledPath(value).replace('/2010-04-01/', '/v2/texml/')
  return respelled(value)
}
