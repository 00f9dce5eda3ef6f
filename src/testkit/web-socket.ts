// Pretended WebSockets on a clock handed in: servers by URL, each a function that is given the far end of every connection.

import type { Clock } from '#base/clock.ts'
import { after } from '#base/clock.ts'
import { err, ok, type Result } from '#base/result.ts'
import {
  CLOSE_LOST,
  type WebSocketConnection,
  type WebSocketError,
  type WebSocketHandlers,
  type WebSocketNet,
  type WebSocketRequest,
} from '#base/web-socket.ts'

const DELAY_MS = 0.1

/** The server's end of one connection, with all it was told. */
export class ServedSocket {
  readonly request: WebSocketRequest
  readonly texts: { readonly atMs: number; readonly text: string }[] = []
  readonly binaries: Uint8Array[] = []
  closed: { readonly code: number; readonly reason: string } | null = null
  onText: (text: string) => void = () => {}
  onBinary: (bytes: Uint8Array) => void = () => {}
  /** What the other side believes is still buffered, to pretend a slow reader. */
  backlogOctets = 0
  readonly #clock: Clock
  readonly #far: WebSocketHandlers

  constructor(request: WebSocketRequest, clock: Clock, far: WebSocketHandlers) {
    this.request = request
    this.#clock = clock
    this.#far = far
  }

  /** Every text, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: frames are looked into by tests, whatever their shape.
  get frames(): any[] {
    return this.texts.map(({ text }) => JSON.parse(text))
  }

  send(message: object | string): void {
    if (this.closed !== null) return
    const text = typeof message === 'string' ? message : JSON.stringify(message)
    after(this.#clock, DELAY_MS, () => this.#far.onText(text))
  }

  /** Ends it; 1006 pretends that the connection was lost. */
  close(code = CLOSE_LOST, reason = ''): void {
    if (this.closed !== null) return
    this.closed = { code, reason }
    after(this.#clock, DELAY_MS, () => this.#far.onClose(code, reason))
  }

  hear(message: string | Uint8Array): void {
    after(this.#clock, DELAY_MS, () => {
      if (this.closed !== null) return
      if (typeof message === 'string') {
        this.texts.push({ atMs: this.#clock.nowMs(), text: message })
        this.onText(message)
      } else {
        this.binaries.push(message)
        this.onBinary(message)
      }
    })
  }
}

export class VirtualWebSockets implements WebSocketNet {
  /** By URL without its query. */
  readonly servers = new Map<string, (socket: ServedSocket) => void>()
  readonly connections: ServedSocket[] = []
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async connect(
    request: WebSocketRequest,
    handlers: WebSocketHandlers,
  ): Promise<Result<WebSocketConnection, WebSocketError>> {
    const serve = this.servers.get(request.url.replace(/\?.*$/, ''))
    await new Promise<void>((resolve) => after(this.#clock, DELAY_MS, resolve))
    if (serve === undefined) return err({ type: 'connect-failed', reason: 'ECONNREFUSED' })
    const served = new ServedSocket(request, this.#clock, handlers)
    this.connections.push(served)
    serve(served)
    let over = false
    return ok({
      get bufferedOctets() {
        return served.backlogOctets
      },
      sendText: (text) => served.hear(text),
      sendBinary: (bytes) => served.hear(bytes.slice()),
      close: (code, reason) => {
        if (over) return
        over = true
        after(this.#clock, DELAY_MS, () => {
          served.closed ??= { code, reason }
          handlers.onClose(code, reason)
        })
      },
    })
  }
}
