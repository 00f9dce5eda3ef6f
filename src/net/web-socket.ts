// WebSockets to the outside (base/web-socket.ts) on the `ws` library (docs/decisions): the name is resolved and vetted
// inside the connection, as outbound HTTP does it. Redirects are not followed, messages are not compressed: audio does not
// shrink, and a compressed message may unfold to anything.
//
// A peer that vanished without a word is noticed by a ping that nobody answers (RFC 6455 §5.5.2). Never throws.

import type { IncomingMessage } from 'node:http'
import { getCACertificates } from 'node:tls'
import type WebSocket from 'ws'
import type { RawData } from 'ws'
import { err, ok, type Result } from '#base/result.ts'
import type {
  WebSocketConnection,
  WebSocketError,
  WebSocketHandlers,
  WebSocketNet,
  WebSocketRequest,
} from '#base/web-socket.ts'
import { LookupFailure, type LookupOptions, VettedNames } from './vetted-lookup.ts'

const PING_EVERY_MS = 20_000
const MAX_URL_CHARACTERS = 8_192
const MAX_REASON_OCTETS = 123

export interface WebSocketOptions extends LookupOptions {
  /** PEM certificates trusted besides the usual ones. */
  readonly extraCertificates?: readonly string[]
}

export class GuardedWebSockets implements WebSocketNet {
  readonly #names: VettedNames
  readonly #certificates: readonly string[]

  constructor(options: WebSocketOptions) {
    this.#names = new VettedNames(options)
    this.#certificates = options.extraCertificates ?? []
  }

  async connect(
    request: WebSocketRequest,
    handlers: WebSocketHandlers,
  ): Promise<Result<WebSocketConnection, WebSocketError>> {
    const url = request.url.length > MAX_URL_CHARACTERS ? null : URL.parse(request.url)
    if (url === null) return err({ type: 'bad-url', reason: 'not a URL' })
    if (url.protocol !== 'ws:' && url.protocol !== 'wss:')
      return err({ type: 'bad-url', reason: `${url.protocol} is neither ws: nor wss:` })
    const refused = this.#names.vetLiteral(url)
    if (refused !== null) return err(refused)
    const options = {
      headers: { ...request.headers },
      lookup: this.#names.lookup,
      handshakeTimeout: request.timeoutMs,
      maxPayload: request.maxMessageOctets,
      perMessageDeflate: false,
      followRedirects: false,
      minVersion: 'TLSv1.2' as const,
      ...(this.#certificates.length === 0 ? {} : { ca: [...getCACertificates('default'), ...this.#certificates] }),
    }
    // Loaded with the first stream: every start of a media worker would pay for it.
    const { default: Client } = await import('ws')
    let socket: WebSocket
    try {
      socket = new Client(url, options)
    } catch (cause) {
      return err({ type: 'bad-url', reason: cause instanceof Error ? cause.message : 'unusable request' })
    }
    return new Promise((resolve) => {
      const onFailed = (cause: Error): void => resolve(err(errorOf(cause)))
      socket.once('error', onFailed)
      socket.once('unexpected-response', (_request: unknown, reply: IncomingMessage) => {
        resolve(err({ type: 'refused-upgrade', status: reply.statusCode ?? 0 }))
        reply.destroy()
        socket.terminate()
      })
      socket.once('open', () => {
        socket.off('error', onFailed)
        resolve(ok(new Connection(socket, handlers)))
      })
    })
  }
}

class Connection implements WebSocketConnection {
  readonly #socket: WebSocket
  readonly #ping: NodeJS.Timeout
  #answered = true

  constructor(socket: WebSocket, handlers: WebSocketHandlers) {
    this.#socket = socket
    this.#ping = setInterval(() => this.#check(), PING_EVERY_MS)
    this.#ping.unref()
    socket.on('pong', () => {
      this.#answered = true
    })
    // What is wrong with the connection shows in its end, which follows.
    socket.on('error', () => {})
    socket.on('message', (data: RawData, isBinary: boolean) => {
      this.#answered = true
      const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)
      if (isBinary) handlers.onBinary?.(bytes)
      else handlers.onText(bytes.toString('utf8'))
    })
    socket.once('close', (code: number, reason: Buffer) => {
      clearInterval(this.#ping)
      handlers.onClose(code, reason.toString('utf8'))
    })
  }

  get bufferedOctets(): number {
    return this.#socket.bufferedAmount
  }

  sendText(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text)
  }

  sendBinary(bytes: Uint8Array): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(bytes)
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, Buffer.from(reason).subarray(0, MAX_REASON_OCTETS).toString('utf8'))
  }

  #check(): void {
    if (!this.#answered) return this.#socket.terminate()
    this.#answered = false
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
  }
}

function errorOf(cause: Error): WebSocketError {
  if (cause instanceof LookupFailure) return cause.error
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  if (/timed out/i.test(cause.message) || code === 'ETIMEDOUT') return { type: 'timed-out' }
  if (/CERT|TLS|SSL|EPROTO|SELF_SIGNED|UNABLE_TO/.test(code)) return { type: 'tls-failed', reason: cause.message }
  return { type: 'connect-failed', reason: code || cause.message }
}
