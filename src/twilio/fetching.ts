// Asking an application what to do next (twilio-voice §5.1, TR-01 to TR-11): one request as the vendor makes it, with its
// redirects, retries, cookies and authentication, until a reply stands or it is clear that there will be none.
//
// Redirects are followed here and not in the client below: each hop has its own signature, cookies and authentication, and
// loses what the first request carried (TR-05).

import type { Chance } from '#base/chance.ts'
import type { Clock } from '#base/clock.ts'
import type { AccountId, ApplicationId } from '#base/ids.ts'
import type { OutboundError, OutboundHttp, OutboundReply } from '#base/outbound.ts'
import { err, ok, type Result } from '#base/result.ts'
import { unreachable } from '#base/unreachable.ts'
import { type ConnectionOptions, connectionOptions, type RetryCause } from './connection-options.ts'
import type { FetchMemory, Login } from './fetch-memory.ts'
import { MAX_ASKED_URL_CHARACTERS, MAX_NOTED_BODY_OCTETS, MAX_REDIRECTS } from './limits.ts'
import type { Answer, FreeRequest } from './programme/turn.ts'
import { ReplyCache } from './reply-cache.ts'
import type { Parameters } from './signature.ts'
import { MAX_DOCUMENT_OCTETS } from './twiml/limits.ts'
import type { Method, Problem } from './twiml/verbs.ts'
import type { Signatures } from './vendor.ts'

const EMPTY = new Uint8Array(0)

export interface Asked {
  /** Absolute; may hold credentials (TR-08) and a fragment of options (TR-04). */
  readonly url: string
  readonly method: Method
  readonly parameters: Parameters
  readonly account: AccountId
  /** Whose request it is, which decides how it is signed; null: the account's. */
  readonly application: ApplicationId | null
  readonly memory: FetchMemory
}

/** A reply with a 2xx. */
export interface Fetched {
  /** What was asked for, without fragment and the parameters we added; after redirects, where they led. */
  readonly url: string
  readonly status: number
  /** Lower-case, without parameters; null when the reply names none. */
  readonly contentType: string | null
  readonly charset: string | null
  readonly body: Uint8Array
  /** There was more than a document may have. */
  readonly truncated: boolean
  readonly exchange: Exchange
}

/** What was asked and what came back, for the notifications. */
export interface Exchange {
  readonly url: string
  readonly method: Method
  readonly parameters: Parameters
  /** Null: nothing came back. */
  readonly status: number | null
  readonly headers: Readonly<Record<string, string>>
  /** The beginning of the body. */
  readonly body: string
}

export interface FetchFailure {
  readonly problem: Problem
  readonly exchange: Exchange
}

export interface FetchDoors {
  readonly http: OutboundHttp
  readonly clock: Clock
  readonly chance: Chance
  /** AUTH-04, TX-05. */
  readonly signatures: Pick<Signatures, 'headers'>
}

/** One request of ours on its way. */
interface Hop {
  readonly url: URL
  readonly method: Method
  readonly parameters: Parameters
}

export class Fetcher {
  readonly #doors: FetchDoors
  readonly #cache = new ReplyCache()

  constructor(doors: FetchDoors) {
    this.#doors = doors
  }

  /**
   * Asks, and follows where the reply leads. Never throws.
   *
   * @returns the first 2xx, or why there is none: 11100 (no URL), 11200 (status, silence), 11205, 11206, 11210, 11215,
   *   11220 and 11235 to 11237 (TLS)
   */
  async ask(asked: Asked): Promise<Result<Fetched, FetchFailure>> {
    const options = connectionOptions(asked.url)
    const deadlineMs = this.#doors.clock.nowMs() + options.totalMs
    const idempotencyToken = Buffer.from(this.#doors.chance.bytes(16)).toString('hex')
    const first = firstHop(asked)
    if (first === null) {
      return err(failure(11100, `"${shown(asked.url)}" is not an absolute http(s) URL.`, exchangeOf(asked, null)))
    }
    let hop = first
    let login = loginOf(asked.url)
    for (let redirects = 0; ; redirects++) {
      const replied = await this.#patiently(hop, login, asked, options, deadlineMs, idempotencyToken)
      const request = { url: hop.url.href, method: hop.method, parameters: hop.parameters }
      if (!replied.ok) return err(failure(...meaningOf(replied.error), exchangeOf(request, null)))
      const reply = replied.value
      asked.memory.cookies.take(reply.setCookies ?? [], hop.url, this.#doors.clock.wallMs())
      const exchange = exchangeOf(request, reply)
      const { location } = reply.headers
      if (reply.status >= 300 && reply.status < 400 && location !== undefined) {
        if (redirects >= MAX_REDIRECTS) {
          return err(failure(11215, `More than ${MAX_REDIRECTS} redirects were answered.`, exchange))
        }
        const next = hopTo(location, hop.url)
        if (next === null) return err(failure(11100, `The redirect leads to "${shown(location)}", no URL.`, exchange))
        login = loginOf(next.href) ?? (next.origin === hop.url.origin ? login : null)
        // TR-05: what the request carried is lost.
        hop = { url: withoutLogin(next), method: 'GET', parameters: [] }
        continue
      }
      if (reply.status < 200 || reply.status > 299) {
        return err(failure(11200, `The application answered ${reply.status} instead of a document.`, exchange))
      }
      const [type, ...rest] = (reply.headers['content-type'] ?? '').split(';')
      const charset = rest
        .map((one) => /^\s*charset\s*=\s*"?([^"\s]+)/i.exec(one)?.[1])
        .find((one) => one !== undefined)
      return ok({
        url: redirects === 0 ? bareUrl(asked.url) : hop.url.href,
        status: reply.status,
        contentType: type?.trim().toLowerCase() || null,
        charset: charset ?? null,
        body: reply.body,
        truncated: reply.truncated,
        exchange,
      })
    }
  }

  /**
   * Sends a request in somebody's own words, to anybody (TX-06): unsigned, once, and following nobody, for what it carries is
   * meant for one server alone. Never throws.
   *
   * @returns what was answered, whatever its status; or why nothing was
   */
  async send(request: FreeRequest): Promise<Result<Answer & { readonly exchange: Exchange }, FetchFailure>> {
    const { method, headers, body } = request
    const asked = { url: request.url, method, parameters: [] }
    const url = hopTo(request.url)
    if (url === null)
      return err(failure(11100, `"${shown(request.url)}" is not an absolute http(s) URL.`, exchangeOf(asked, null)))
    const { connectMs, silenceMs, totalMs } = connectionOptions('')
    const replied = await this.#doors.http.request({
      method,
      url: withoutLogin(url).href,
      headers: { accept: '*/*', ...Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value])) },
      ...(body === null ? {} : { body: Buffer.from(body) }),
      timeoutMs: totalMs,
      patience: { connectMs, silenceMs, totalMs },
      maxBodyOctets: MAX_DOCUMENT_OCTETS,
      maxRedirects: 0,
    })
    if (!replied.ok) return err(failure(...meaningOf(replied.error), exchangeOf(asked, null)))
    const { status } = replied.value
    return ok({
      status,
      body: Buffer.from(replied.value.body).toString('utf8'),
      exchange: exchangeOf(asked, replied.value),
    })
  }

  /** TR-03, TR-04: tries again as often as the fragment allows, as long as there is time. */
  async #patiently(
    hop: Hop,
    login: Login | null,
    asked: Asked,
    options: ConnectionOptions,
    deadlineMs: number,
    idempotencyToken: string,
  ): Promise<Result<OutboundReply, OutboundError>> {
    for (let retries = 0; ; retries++) {
      const leftMs = deadlineMs - this.#doors.clock.nowMs()
      if (leftMs <= 0) return err({ type: 'timed-out' })
      const replied = await this.#authorised(hop, login, asked, options, leftMs, idempotencyToken)
      const cause = retryCause(replied)
      if (cause === null || !options.retryOn.has(cause) || retries >= options.retries) return replied
      if (deadlineMs - this.#doors.clock.nowMs() <= 0) return replied
    }
  }

  /** TR-08: first without credentials; a 401 is answered once. */
  async #authorised(
    hop: Hop,
    login: Login | null,
    asked: Asked,
    options: ConnectionOptions,
    leftMs: number,
    idempotencyToken: string,
  ): Promise<Result<OutboundReply, OutboundError>> {
    const startedMs = this.#doors.clock.nowMs()
    const replied = await this.#once(hop, asked, options, leftMs, idempotencyToken)
    if (!replied.ok || replied.value.status !== 401 || login === null) return replied
    const challenge = replied.value.headers['www-authenticate']
    if (challenge === undefined || !asked.memory.challenged(hop.url, challenge, login)) return replied
    const stillMs = leftMs - (this.#doors.clock.nowMs() - startedMs)
    return stillMs <= 0 ? replied : this.#once(hop, asked, options, stillMs, idempotencyToken)
  }

  async #once(
    hop: Hop,
    asked: Asked,
    options: ConnectionOptions,
    leftMs: number,
    idempotencyToken: string,
  ): Promise<Result<OutboundReply, OutboundError>> {
    const { memory, account, application } = asked
    const { chance } = this.#doors
    const form = hop.method === 'POST' ? hop.parameters : []
    const body = Buffer.from(encodeForm(form))
    const cookies = memory.cookies.for(hop.url)
    const authorization = memory.authorization(hop.method, hop.url, body, chance)
    const key = `${account} ${hop.url.href}`
    // What somebody sees by name and password is not kept.
    const cached = hop.method === 'GET' && authorization === null ? this.#cache.find(key) : null
    const replied = await this.#doors.http.request({
      method: hop.method,
      url: hop.url.href,
      headers: {
        accept: '*/*',
        'user-agent': 'TwilioProxy/1.1',
        'i-twilio-idempotency-token': idempotencyToken,
        'x-home-region': 'us1',
        ...this.#doors.signatures.headers(account, application, {
          url: hop.url.href,
          form,
          body: hop.method === 'POST' ? body : EMPTY,
        }),
        ...(hop.method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' } : {}),
        ...(cookies === null ? {} : { cookie: cookies }),
        ...(authorization === null ? {} : { authorization }),
        ...cached?.headers,
      },
      ...(hop.method === 'POST' ? { body } : {}),
      timeoutMs: leftMs,
      patience: { connectMs: Math.min(options.connectMs, leftMs), silenceMs: options.silenceMs, totalMs: leftMs },
      maxBodyOctets: MAX_DOCUMENT_OCTETS,
      maxRedirects: 0,
    })
    if (!replied.ok) return replied
    if (cached !== null && replied.value.status === 304) return ok(cached.reply)
    if (hop.method === 'GET' && authorization === null) this.#cache.keep(key, replied.value)
    return replied
  }
}

/** TR-01: POST carries a form; GET appends the same fields to the query. */
function firstHop(asked: Asked): Hop | null {
  const url = hopTo(asked.url)
  if (url === null) return null
  const hop = { url: withoutLogin(url), method: asked.method, parameters: asked.parameters }
  if (asked.method === 'POST' || asked.parameters.length === 0) return hop
  return { ...hop, url: new URL(withQuery(hop.url.href, asked.parameters)) }
}

/** A URL with fields appended to its query, which stays as it was written. */
export function withQuery(url: string, parameters: Parameters): string {
  const [bare = ''] = url.split('#')
  if (parameters.length === 0) return bare
  const glue = !bare.includes('?') ? '?' : /[?&]$/.test(bare) ? '' : '&'
  return bare + glue + encodeForm(parameters)
}

/** `application/x-www-form-urlencoded`, in the order given. */
export function encodeForm(parameters: Parameters): string {
  return new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value])).toString()
}

function hopTo(text: string, base?: URL): URL | null {
  if (text.length > MAX_ASKED_URL_CHARACTERS) return null
  const url = URL.parse(text, base?.href)
  return url === null || !/^https?:$/.test(url.protocol) || url.hostname === '' ? null : url
}

function withoutLogin(url: URL): URL {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  bare.hash = ''
  return bare
}

function bareUrl(text: string): string {
  return text.split('#')[0]!
}

function loginOf(text: string): Login | null {
  const url = URL.parse(text)
  if (url === null || url.username === '') return null
  return { username: decoded(url.username), password: decoded(url.password) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function retryCause(replied: Result<OutboundReply, OutboundError>): RetryCause | null {
  if (replied.ok) {
    const { status } = replied.value
    return status >= 500 ? '5xx' : status >= 400 ? '4xx' : null
  }
  if (replied.error.type === 'connect-failed') return 'ct'
  return replied.error.type === 'timed-out' ? 'rt' : null
}

/** TR-11. */
export function meaningOf(error: OutboundError): readonly [code: number, message: string] {
  switch (error.type) {
    case 'bad-url':
      return [11100, `The URL cannot be used: ${error.reason}.`]
    // TR-14.
    case 'refused-address':
      return [11205, `${error.host} may not be reached from here: ${error.reason}.`]
    case 'dns-failed':
      return [11210, `The host ${error.host} is not known; check the URL.`]
    case 'connect-failed':
      return [11205, `No connection could be made: ${error.reason}.`]
    case 'tls-failed':
      return [certificateCode(error.reason), `No secure connection could be made: ${error.reason}.`]
    case 'timed-out':
      return [11200, 'The application did not answer in time.']
    case 'too-many-redirects':
      return [11215, 'Too many redirects were answered.']
    case 'broken-reply':
      return [11206, `What came back is not HTTP: ${error.reason}.`]
    default:
      return unreachable(error)
  }
}

/** 11235 another name, 11236 expired, 11237 nobody we trust vouches for it; 11220 for the rest ([mem]). */
function certificateCode(reason: string): number {
  if (/altname|does not match/i.test(reason)) return 11235
  if (/expired/i.test(reason)) return 11236
  return /self.signed|certificate/i.test(reason) ? 11237 : 11220
}

function failure(code: number, message: string, exchange: Exchange): FetchFailure {
  return { problem: { level: 'error', code, message }, exchange }
}

function exchangeOf(
  { url, method, parameters }: Pick<Asked, 'url' | 'method' | 'parameters'>,
  reply: OutboundReply | null,
): Exchange {
  return {
    url: shown(url),
    method,
    parameters,
    status: reply?.status ?? null,
    headers: reply?.headers ?? {},
    body: reply === null ? '' : Buffer.from(reply.body.subarray(0, MAX_NOTED_BODY_OCTETS)).toString('utf8'),
  }
}

/** A URL as it may be told: without its password. */
export function shown(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?#@:]*):[^/?#@]*@/i, '$1:***@')
}
