// Instructions for a call: asked for over HTTP, or given inline (twilio-voice §3, TR-11). What comes back is a document to
// run, or the certainty that there is none; in both cases everything odd that was met, with the request it was met in.

import type { AccountId, ApplicationId, CallId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { FetchMemory } from './fetch-memory.ts'
import type { Asked, Exchange, Fetched, Fetcher } from './fetching.ts'
import type { Note } from './notifications.ts'
import type { Parameters } from './signature.ts'
import { EMPTY_DOCUMENT, readDocument } from './twiml/document.ts'
import { MAX_DOCUMENT_OCTETS, MAX_INLINE_CHARACTERS, MAX_SAY_CHARACTERS } from './twiml/limits.ts'
import type { Manner } from './twiml/manner.ts'
import type { Document, DocumentContext, Method, Problem, Target } from './twiml/verbs.ts'

export interface Wish {
  /** Absolute. */
  readonly url: string
  readonly method: Method
  readonly parameters: Parameters
  /** Asked once when the first has no usable document; absolute. */
  readonly fallback: Target | null
  /** Where the document will run (§3.1). */
  readonly context: DocumentContext
  readonly manner: Manner
  readonly account: AccountId
  /** See `Asked`. */
  readonly application: ApplicationId | null
  /** The call's. */
  readonly memory: FetchMemory
}

/** Whoever carries requests to applications. */
export type Asks = Pick<Fetcher, 'ask'>

/** A problem with the exchange it was found in; null for documents given inline. */
export interface MetProblem {
  readonly problem: Problem
  readonly exchange: Exchange | null
}

export type Obtained =
  | {
      readonly type: 'document'
      readonly document: Document
      /** What relative URLs of it resolve against (ENG-06), and what "the current document" is. */
      readonly url: string
      readonly noted: readonly MetProblem[]
    }
  /** Nothing usable, from the fallback neither; the last of `noted` says why. */
  | { readonly type: 'nothing'; readonly noted: readonly MetProblem[] }

/** A problem as the notifications keep it (CALL-19). */
export function noteOf({ problem, exchange }: MetProblem, account: AccountId, call: CallId | null): Note {
  return {
    account,
    call,
    problem,
    request:
      exchange === null
        ? null
        : { url: exchange.url, method: exchange.method, variables: Object.fromEntries(exchange.parameters) },
    response: exchange === null || exchange.status === null ? null : { headers: exchange.headers, body: exchange.body },
  }
}

/** Fetches and reads a document, falling back once (TR-11). Never throws. */
export async function obtain(wish: Wish, fetcher: Asks): Promise<Obtained> {
  const first = await obtainFrom(wish, wish, fetcher)
  if (first.type === 'document' || wish.fallback === null) return first
  const cause = first.noted.findLast(({ problem }) => problem.level === 'error')
  const second = await obtainFrom(
    {
      ...wish,
      ...wish.fallback,
      parameters: [
        ...wish.parameters,
        ['ErrorCode', String(cause?.problem.code ?? 11200)],
        ['ErrorUrl', wish.url.split('#')[0]!],
      ],
    },
    wish,
    fetcher,
  )
  return { ...second, noted: [...first.noted, ...second.noted] }
}

async function obtainFrom(asked: Asked, place: Place, fetcher: Asks): Promise<Obtained> {
  const fetched = await fetcher.ask(asked)
  if (!fetched.ok) return { type: 'nothing', noted: [fetched.error] }
  const { url, exchange } = fetched.value
  const read = readReply(fetched.value, place)
  if (!read.ok) return { type: 'nothing', noted: [{ problem: read.error, exchange }] }
  return {
    type: 'document',
    document: read.value,
    url,
    noted: read.value.warnings.map((problem) => ({ problem, exchange })),
  }
}

type Place = Pick<Wish, 'context' | 'manner'>

/** ENG-09, ENG-13: what a reply means, by its type. */
function readReply(reply: Fetched, { context, manner }: Place): Result<Document, Problem> {
  const { contentType, body } = reply
  if (contentType?.startsWith('audio/')) {
    return ok({ verbs: [{ type: 'play', url: reply.url, digits: null, times: 1 }], warnings: [] })
  }
  if (body.length === 0) return ok(EMPTY_DOCUMENT)
  if (reply.truncated) {
    return problem(11750, `The reply is larger than ${MAX_DOCUMENT_OCTETS} octets; make the document smaller.`)
  }
  const text = decode(body, reply.charset)
  switch (contentType) {
    case 'text/xml':
    case 'application/xml':
    case 'text/html':
      return blank(text) ? ok(EMPTY_DOCUMENT) : readDocument(text, context, manner)
    case 'text/plain': {
      if (blank(text)) return ok(EMPTY_DOCUMENT)
      const read = readDocument(text, context, manner)
      // TwiML in the wrong place stays wrong; what is no TwiML at all is spoken.
      if (read.ok || ![12100, 12101, 12102].includes(read.error.code)) return read
      return ok(spoken(text))
    }
    default:
      return problem(
        12300,
        `Content-Type ${contentType === null ? 'is missing' : `"${contentType}" is not understood`}; answer text/xml.`,
      )
  }
}

function spoken(text: string): Document {
  const words = text.trim().slice(0, MAX_SAY_CHARACTERS)
  return {
    verbs: [{ type: 'say', text: words, markup: 'text', voice: null, language: null, times: 1 }],
    warnings: [],
  }
}

/** ENG-08, ENG-07: a document given in a request. It has no URL, so that some verbs need absolute ones of their own. */
export function inlineDocument(text: string, manner: Manner): Result<Document, Problem> {
  if (text.length > MAX_INLINE_CHARACTERS) {
    return problem(11750, `Twiml has more than ${MAX_INLINE_CHARACTERS} characters; put the document behind a Url.`)
  }
  const read = readDocument(text, 'main', manner)
  if (!read.ok) return read
  for (const verb of read.value.verbs) {
    if (verb.type !== 'record' && verb.type !== 'gather' && verb.type !== 'pay') continue
    if (verb.action !== null && isAbsolute(verb.action)) continue
    const name = verb.type[0]!.toUpperCase() + verb.type.slice(1)
    return problem(11100, `<${name}> in a document without a URL needs an absolute action.`)
  }
  return read
}

function isAbsolute(url: string): boolean {
  return /^https?:\/\/[^/?#]/i.test(url) && URL.canParse(url)
}

function decode(body: Uint8Array, charset: string | null): string {
  try {
    return new TextDecoder(charset ?? 'utf-8', { ignoreBOM: true }).decode(body)
  } catch {
    // A character set nobody knows: UTF-8 is what everybody writes.
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(body)
  }
}

function blank(text: string): boolean {
  return text.trim() === ''
}

function problem(code: number, message: string): Result<never, Problem> {
  return err({ level: 'error', code, message })
}
