// The one guarded HTTP client (base/outbound.ts): every request to a customer's URL goes through here.
//
// A name is resolved inside the connection's own lookup, each address is vetted, and the connection goes to what was
// vetted, with the name kept for Host and SNI: there is no second lookup for a rebinding name server to answer
// differently. Numeric hosts never reach that lookup and are vetted before. Redirects start over.
//
// The answer is the status line: with `maxBodyOctets: 0` the promise settles on it, and what follows (a drip, a broken
// chunk, nothing at all) can change nothing any more. Never throws.

import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { getCACertificates, type SecureContextOptions } from 'node:tls'
import { createBrotliDecompress, createInflate, createUnzip } from 'node:zlib'
import type { OutboundError, OutboundHttp, OutboundReply, OutboundRequest } from '#base/outbound.ts'
import { err, ok, type Result } from '#base/result.ts'
import { LookupFailure, type LookupOptions, VettedNames } from './vetted-lookup.ts'

/** Connections to one host at a time; further requests wait for a free one, and their time runs. */
const MAX_SOCKETS_PER_HOST = 256
const MAX_FREE_SOCKETS_PER_HOST = 64
const MAX_SOCKETS = 4096
/** An unused connection is closed after this. */
const IDLE_SOCKET_MS = 30_000
const MAX_HEADER_OCTETS = 16 * 1024
const DEFAULT_TIMEOUT_MS = 5_000
/** A body may pause this long and must keep up this rate once it had that long to start (reliability F5). */
const BODY_IDLE_MS = 10_000
const BODY_MINIMUM_OCTETS_PER_SECOND = 1_000
const BODY_RATE_GRACE_MS = 15_000
const BODY_TOTAL_MS = 15 * 60_000
/** An unwanted body is read so far, for so long, to keep its connection; a longer one costs the connection. */
const DRAIN_OCTETS = 16 * 1024
const DRAIN_MS = 1_000
const MAX_URL_CHARACTERS = 8_192
/** Never sent on to another origin. */
const CREDENTIAL_HEADERS = new Set(['authorization', 'cookie', 'proxy-authorization'])

export interface OutboundOptions extends LookupOptions {
  /** PEM certificates trusted besides the usual ones. */
  readonly extraCertificates?: readonly string[]
}

export class GuardedHttp implements OutboundHttp {
  readonly #names: VettedNames
  readonly #http: HttpAgent
  readonly #https: HttpsAgent
  readonly #tls: SecureContextOptions

  constructor(options: OutboundOptions) {
    this.#names = new VettedNames(options)
    const pool = {
      keepAlive: true,
      maxSockets: MAX_SOCKETS_PER_HOST,
      maxFreeSockets: MAX_FREE_SOCKETS_PER_HOST,
      maxTotalSockets: MAX_SOCKETS,
      timeout: IDLE_SOCKET_MS,
      scheduling: 'lifo' as const,
    }
    this.#http = new HttpAgent(pool)
    this.#tls = {
      minVersion: 'TLSv1.2',
      ...(options.extraCertificates === undefined
        ? {}
        : { ca: [...getCACertificates('default'), ...options.extraCertificates] }),
    }
    this.#https = new HttpsAgent({ ...pool, ...this.#tls })
  }

  async request(request: OutboundRequest): Promise<Result<OutboundReply, OutboundError>> {
    const startedMs = performance.now()
    const totalMs = Math.min(request.patience?.totalMs ?? Number.POSITIVE_INFINITY, BODY_TOTAL_MS)
    const statusMs = request.timeoutMs > 0 ? request.timeoutMs : DEFAULT_TIMEOUT_MS
    const deadlineMs = startedMs + Math.min(statusMs, totalMs)
    let current = request
    for (let hop = 0; ; hop++) {
      const url = parseUrl(current.url)
      if (!url.ok) return url
      const refused = this.#names.vetLiteral(url.value)
      if (refused !== null) return err(refused)
      let opened = await this.#open(url.value, current, deadlineMs, false)
      // The peer may close a kept connection in the very moment we use it: then nothing was answered, and a fresh
      // connection tells the truth.
      if (!opened.ok && opened.error.stale) opened = await this.#open(url.value, current, deadlineMs, true)
      if (!opened.ok) return err(opened.error.error)
      const reply = opened.value
      const location = reply.headers.location
      if (!isRedirect(reply.statusCode ?? 0) || location === undefined || request.maxRedirects === 0) {
        return this.#read(reply, current, startedMs + totalMs)
      }
      discard(reply)
      if (hop >= request.maxRedirects) return err({ type: 'too-many-redirects' })
      const next = parseUrl(location, url.value)
      if (!next.ok) return next
      current = redirected(current, url.value, next.value, reply.statusCode!)
    }
  }

  /** Closes the idle connections. */
  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }

  /** Sends one request and waits for the head of its reply. */
  #open(
    url: URL,
    request: OutboundRequest,
    deadlineMs: number,
    freshConnection: boolean,
  ): Promise<Result<IncomingMessage, { readonly error: OutboundError; readonly stale: boolean }>> {
    const secure = url.protocol === 'https:'
    const headers: Record<string, string> = { 'accept-encoding': 'identity', ...request.headers, host: url.host }
    return new Promise((resolve) => {
      const fail = (error: OutboundError, stale = false): void => resolve(err({ error, stale }))
      let sent: ClientRequest
      try {
        if (url.username !== '' && headers.authorization === undefined) {
          const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
          headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
        }
        sent = (secure ? httpsRequest : httpRequest)({
          method: request.method,
          host: url.hostname.replace(/^\[|\]$/g, ''),
          port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
          path: url.pathname + url.search,
          headers,
          ...(secure ? this.#tls : {}),
          agent: freshConnection ? false : secure ? this.#https : this.#http,
          lookup: this.#names.lookup,
          maxHeaderSize: MAX_HEADER_OCTETS,
          setDefaultHeaders: false,
          ...(secure && isIP(url.hostname) === 0 ? { servername: url.hostname } : {}),
        })
      } catch (cause) {
        // A header, path or password that HTTP cannot carry.
        return fail({ type: 'bad-url', reason: cause instanceof Error ? cause.message : 'unusable request' })
      }
      const timer = setTimeout(
        () => {
          fail({ type: 'timed-out' })
          sent.destroy()
        },
        Math.max(0, deadlineMs - performance.now()),
      )
      const waits = new ConnectionWaits(sent, request, secure, (error) => {
        fail(error)
        sent.destroy()
      })
      sent.once('response', (reply) => {
        clearTimeout(timer)
        waits.end()
        reply.on('error', () => {})
        // Answered before all of it was sent: nobody reads the rest.
        reply.once('end', () => {
          if (!sent.writableFinished) sent.destroy()
        })
        resolve(ok(reply))
      })
      // Stays for good: errors after the reply began are the reply's to tell.
      sent.on('error', (cause) => {
        clearTimeout(timer)
        waits.end()
        const code = (cause as NodeJS.ErrnoException).code
        fail(errorOf(cause), sent.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE'))
      })
      sent.once('upgrade', (_reply, socket) => {
        clearTimeout(timer)
        socket.destroy()
        fail({ type: 'broken-reply', reason: 'the server switched protocols unasked' })
      })
      if (request.upload !== undefined) {
        sent.setHeader('content-length', request.upload.octets)
        // A reply may come before the end of what is sent: the rest is dropped with the connection, not an error.
        pipeline(Readable.from(request.upload.open(), { objectMode: false }), sent, () => {})
      } else if (request.body !== undefined && request.method !== 'GET' && request.method !== 'HEAD') {
        sent.setHeader('content-length', request.body.length)
        sent.end(request.body)
      } else {
        if (request.method === 'POST' || request.method === 'PUT') sent.setHeader('content-length', 0)
        sent.end()
      }
    })
  }

  async #read(
    reply: IncomingMessage,
    request: OutboundRequest,
    bodyDeadlineMs: number,
  ): Promise<Result<OutboundReply, OutboundError>> {
    const head = {
      status: reply.statusCode ?? 0,
      headers: flatten(reply),
      url: withoutCredentials(request.url),
      ...(reply.headers['set-cookie'] === undefined ? {} : { setCookies: reply.headers['set-cookie'] }),
    }
    if (request.maxBodyOctets === 0) {
      discard(reply)
      return ok({ ...head, body: new Uint8Array(0), truncated: false })
    }
    request.onHead?.(head.status)
    const body = await readBody(reply, request, bodyDeadlineMs)
    return body.ok ? ok({ ...head, ...body.value }) : body
  }
}

/** A caller's patience with the connection and with the silence after it, counted from when each begins. */
class ConnectionWaits {
  #timer: NodeJS.Timeout | null = null

  constructor(sent: ClientRequest, request: OutboundRequest, secure: boolean, give: (error: OutboundError) => void) {
    const { connectMs, silenceMs } = request.patience ?? {}
    if (connectMs === undefined && silenceMs === undefined) return
    const connected = (): void => {
      this.end()
      if (silenceMs !== undefined) this.#timer = setTimeout(give, silenceMs, { type: 'timed-out' })
    }
    sent.once('socket', (socket) => {
      if (!socket.connecting) return connected()
      const reason = `no connection within ${connectMs} ms`
      if (connectMs !== undefined) this.#timer = setTimeout(give, connectMs, { type: 'connect-failed', reason })
      socket.once(secure ? 'secureConnect' : 'connect', connected)
      socket.once('close', () => this.end())
    })
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}

async function readBody(
  reply: IncomingMessage,
  request: OutboundRequest,
  deadlineMs: number,
): Promise<Result<{ body: Uint8Array; truncated: boolean }, OutboundError>> {
  const source = decoded(reply)
  if (source === null) {
    reply.destroy()
    return err({ type: 'broken-reply', reason: `unknown content encoding ${reply.headers['content-encoding']}` })
  }
  const startedMs = performance.now()
  const pieces: Uint8Array[] = []
  let octets = 0
  let truncated = false
  let late = false
  const giveUp = (): void => {
    late = true
    reply.destroy(new Error('the body took too long'))
    source.destroy(new Error('the body took too long'))
  }
  const idleMs = request.patience?.silenceMs ?? BODY_IDLE_MS
  let idle = setTimeout(giveUp, idleMs)
  const total = setTimeout(giveUp, Math.min(BODY_TOTAL_MS, Math.max(0, deadlineMs - startedMs)))
  try {
    for await (const piece of source as AsyncIterable<Buffer>) {
      clearTimeout(idle)
      const room = request.maxBodyOctets - octets
      const taken = piece.length > room ? piece.subarray(0, room) : piece
      octets += taken.length
      if (request.onBody === undefined) pieces.push(taken)
      else if (taken.length > 0 && !(await request.onBody(taken))) {
        truncated = true
        break
      }
      if (piece.length > room) {
        truncated = true
        break
      }
      const elapsedMs = performance.now() - startedMs
      if (elapsedMs > BODY_RATE_GRACE_MS && octets < (elapsedMs / 1000) * BODY_MINIMUM_OCTETS_PER_SECOND) {
        giveUp()
        break
      }
      idle = setTimeout(giveUp, idleMs)
    }
    if (late) return err({ type: 'timed-out' })
    return ok({ body: Buffer.concat(pieces), truncated })
  } catch (cause) {
    if (late) return err({ type: 'timed-out' })
    return err({ type: 'broken-reply', reason: cause instanceof Error ? cause.message : String(cause) })
  } finally {
    clearTimeout(idle)
    clearTimeout(total)
    if (truncated || late) reply.destroy()
  }
}

/** We ask for identity; a server that compresses all the same is unpacked piece by piece, under the caller's bound. */
function decoded(reply: IncomingMessage): Readable | null {
  const encoding = (reply.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const unpack =
    encoding === 'gzip' || encoding === 'x-gzip'
      ? createUnzip()
      : encoding === 'deflate'
        ? createInflate()
        : encoding === 'br'
          ? createBrotliDecompress()
          : null
  if (unpack === null) return encoding === 'identity' || encoding === '' ? reply : null
  reply.on('error', (cause) => unpack.destroy(cause))
  reply.on('aborted', () => unpack.destroy(new Error('the connection was lost')))
  return reply.pipe(unpack)
}

/** Reads a little of a body nobody wants, so that the connection can be kept; else closes it. */
function discard(reply: IncomingMessage): void {
  let octets = 0
  const close = (): void => void reply.destroy()
  const timer = setTimeout(close, DRAIN_MS)
  timer.unref()
  reply.on('error', () => {})
  reply.on('data', (piece: Buffer) => {
    octets += piece.length
    if (octets > DRAIN_OCTETS) close()
  })
  reply.on('close', () => clearTimeout(timer))
}

function parseUrl(text: string, base?: URL): Result<URL, OutboundError> {
  if (text.length > MAX_URL_CHARACTERS) return err({ type: 'bad-url', reason: 'the URL is too long' })
  const url = URL.parse(text, base?.href)
  if (url === null) return err({ type: 'bad-url', reason: 'not a URL' })
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return err({ type: 'bad-url', reason: `${url.protocol} is neither http: nor https:` })
  }
  // A trailing dot names the same host and would slip past a comparison of names.
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.replace(/\.+$/, '')
  if (url.hostname === '') return err({ type: 'bad-url', reason: 'the URL has no host' })
  return ok(url)
}

/** RFC 9110 §15.4: 303 is fetched with GET; the others keep method and body, as §15.4.2 and §15.4.3 allow. */
function redirected(request: OutboundRequest, from: URL, to: URL, status: number): OutboundRequest {
  const sameOrigin = from.origin === to.origin
  const keep = ([name]: [string, string]): boolean =>
    (sameOrigin || !CREDENTIAL_HEADERS.has(name.toLowerCase())) &&
    (status !== 303 || !name.toLowerCase().startsWith('content-'))
  const { body, upload, ...rest } = request
  const headers = Object.fromEntries(Object.entries(request.headers).filter(keep))
  if (sameOrigin && to.username === '') {
    to.username = from.username
    to.password = from.password
  }
  const method = status === 303 && request.method !== 'HEAD' ? 'GET' : request.method
  const sent =
    status === 303 ? {} : { ...(body === undefined ? {} : { body }), ...(upload === undefined ? {} : { upload }) }
  return { ...rest, method, url: to.href, headers, ...sent }
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

function flatten(reply: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(reply.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return headers
}

function withoutCredentials(text: string): string {
  const url = new URL(text)
  url.username = ''
  url.password = ''
  return url.href
}

function errorOf(cause: Error): OutboundError {
  if (cause instanceof LookupFailure) return cause.error
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  if (cause instanceof AggregateError || /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EADDR|EMFILE)/.test(code)) {
    return { type: 'connect-failed', reason: code || 'no address could be reached' }
  }
  if (/^(HPE_|ECONNRESET|EPIPE)/.test(code)) return { type: 'broken-reply', reason: cause.message }
  if (/CERT|TLS|SSL|EPROTO|SELF_SIGNED|UNABLE_TO/.test(code)) return { type: 'tls-failed', reason: cause.message }
  return { type: 'connect-failed', reason: cause.message }
}
