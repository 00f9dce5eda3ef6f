// Media streams in this language's words (twilio-voice §4.11, CALL-21): what a document or a request asks for becomes one
// stream as the hall knows it, and what becomes of it is told to its status callback (STR-07).

import { isIP } from 'node:net'
import type { StreamCompany } from '#calls/commands.ts'
import type { Fact } from '#calls/events.ts'
import type { StreamSpec } from '#calls/model.ts'
import type { StreamFormat } from '#media/protocol.ts'
import { LANGUAGE } from './doors.ts'
import {
  MAX_STREAM_PARAMETER_CHARACTERS,
  MAX_STREAM_PARAMETERS,
  MAX_STREAM_TRACKS,
  MAX_URL_CHARACTERS,
} from './limits.ts'
import { type Parameters, signHandshake } from './signature.ts'
import { sid } from './spelling.ts'
import { type StreamOrder, trackOf } from './stream-order.ts'
import { streamSpecInTexml } from './texml/streams.ts'
import type { Problem, Target } from './twiml/verbs.ts'

/** What this language remembers with a stream. */
export interface StreamNotes {
  readonly callback?: Target
}

/** STR-03. */
export const STREAM_COMPANY: StreamCompany = { maxTracks: MAX_STREAM_TRACKS }

/** mu-law at 8 kHz, whatever the call speaks (STR-05). */
const FORMAT: StreamFormat = { codec: 'PCMU', sampleRateHz: 8000 }

/** The handshake could not be made, or was not to be tried. */
export const STREAM_HANDSHAKE = 31_920
const STREAM_TIMEOUT = 31_901
const STREAM_BROKEN = 31_903

/**
 * @param twoWay what the application says is heard by the caller (STR-01)
 * @param headers of the handshake: its signature (SIG-05)
 */
export function streamSpec(
  order: StreamOrder,
  twoWay: boolean,
  headers: (url: string) => Readonly<Record<string, string>>,
): StreamSpec {
  const notes: StreamNotes = order.statusCallback === null ? {} : { callback: order.statusCallback }
  if (order.wire !== undefined) return streamSpecInTexml(order, order.wire, twoWay, notes)
  return {
    url: order.url,
    headers: headers(order.url),
    language: LANGUAGE,
    // STR-02: of a two-way stream there is nothing to be said back.
    track: twoWay ? 'inbound' : trackOf(order.track),
    format: FORMAT,
    parameters: order.parameters,
    voice: twoWay ? { mode: 'raw', format: FORMAT, targets: 'self' } : null,
    reconnect: false,
    notes: { ...notes },
    ...(order.name === null ? {} : { name: order.name }),
  }
}

/** SIG-05: the handshake is signed as a request without parameters. Without a token nothing is. */
export function handshakeHeaders(authToken: string | null, url: string): Readonly<Record<string, string>> {
  return authToken === null ? {} : { 'X-Twilio-Signature': signHandshake(authToken, url) }
}

/** A stream's URL as it may be called: `https:` of a resolved relative one is `wss:`. */
export function streamUrl(url: string): string {
  return url.replace(/^http(s?):/i, 'ws$1:')
}

/** Why a stream may not be opened as it was asked for (STR-02); null: it may. */
export function streamProblem(order: StreamOrder): Problem | null {
  const url = order.url.length > MAX_URL_CHARACTERS ? null : URL.parse(order.url)
  const wrong = (message: string): Problem => ({ level: 'error', code: STREAM_HANDSHAKE, message })
  if (url === null || (url.protocol !== 'wss:' && url.protocol !== 'ws:'))
    return wrong(`'${order.url.slice(0, 200)}' is no URL that a stream can be opened to; give it a wss: URL.`)
  if (order.wire === undefined && order.url.includes('?'))
    return wrong(`The stream's URL ${order.url} has a query string, which streams do not carry; use <Parameter>.`)
  if (url.protocol === 'ws:' && !isNear(url.hostname))
    return wrong(`The stream's URL ${order.url} is not encrypted; over public networks it must be a wss: URL.`)
  if (order.parameters.length > MAX_STREAM_PARAMETERS)
    return wrong(`A stream takes ${MAX_STREAM_PARAMETERS} parameters at most.`)
  const long = order.parameters.find(({ name, value }) => name.length + value.length >= MAX_STREAM_PARAMETER_CHARACTERS)
  if (long !== undefined)
    return wrong(
      `The stream's parameter '${long.name.slice(0, 40)}' is too long: name and value have fewer than ${MAX_STREAM_PARAMETER_CHARACTERS} characters together.`,
    )
  return null
}

/**
 * Whether a host is one's own machine or network, by what it is called: plain `ws:` is for development there. Whether it may
 * be reached at all is asked of its address when it is called (`allow_private`).
 */
function isNear(host: string): boolean {
  if (isIP(host) === 4) return /^(127|10|192\.168|172\.(1[6-9]|2\d|3[01])|169\.254)\./.test(host)
  if (host.startsWith('[')) return /^\[(::1|f[cd]|fe80)/i.test(host)
  // One label, or a name reserved for such networks (RFC 6761, RFC 6762).
  return !host.includes('.') || /\.(localhost|test|local|internal|lan)$/i.test(host)
}

/** One request to a status callback. */
export interface Told {
  readonly target: Target
  readonly parameters: Parameters
  /** For the delivery log. */
  readonly what: string
}

type StreamFact = Extract<Fact, { readonly type: `stream.${string}` }>

/** STR-07. */
export function streamCallbacks(fact: StreamFact, atWallMs: number): readonly Told[] {
  const { stream, call } = fact
  if (stream.type !== 'web-socket') return []
  const { callback } = (stream.spec.notes ?? {}) as StreamNotes
  if (callback === undefined) return []
  const streamSid = sid('stream', stream.id)
  const events = {
    'stream.started': 'stream-started',
    'stream.stopped': 'stream-stopped',
    'stream.failed': 'stream-error',
  }
  return [
    {
      target: callback,
      parameters: [
        ['AccountSid', sid('account', call.account)],
        ['CallSid', sid('call', call.id)],
        ['StreamSid', streamSid],
        ['StreamName', stream.spec.name ?? streamSid],
        ['StreamEvent', events[fact.type]],
        ...(fact.type === 'stream.failed' ? ([['StreamError', failureWords(fact)]] as const) : []),
        ['Timestamp', isoTime(atWallMs)],
      ],
      what: `stream ${fact.type.slice('stream.'.length)}`,
    },
  ]
}

/** FMT-03: callbacks of streams and recording servers have other times than the rest. */
export function isoTime(wallMs: number): string {
  return new Date(Math.floor(wallMs)).toISOString()
}

/** What went wrong with a stream, for the notifications; null: nothing. */
export function streamFailure(fact: StreamFact): Problem | null {
  if (fact.type !== 'stream.failed' || fact.stream.type !== 'web-socket') return null
  const { failure, stream } = fact
  const reason = failureWords(fact)
  const code =
    failure.type === 'connection-lost'
      ? STREAM_BROKEN
      : reason === 'no answer in time'
        ? STREAM_TIMEOUT
        : STREAM_HANDSHAKE
  return { level: 'error', code, message: `The stream to ${stream.spec.url} failed: ${reason}.` }
}

function failureWords({ failure }: Extract<StreamFact, { readonly type: 'stream.failed' }>): string {
  switch (failure.type) {
    case 'connection-failed':
    case 'connection-lost':
      return failure.reason
    case 'limit-reached':
      return `no more streams than ${failure.limit}`
    case 'unknown':
      return 'the call is over'
  }
}
