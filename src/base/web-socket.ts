// WebSockets that we open to a customer's or a provider's server (RFC 6455), as the rooms see them. The real ones live in
// net/: they vet the address like outbound HTTP does; pretended ones in testkit/.

import type { Result } from './result.ts'

export interface WebSocketRequest {
  /** `ws:` or `wss:`. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** From the first packet to the end of the handshake. */
  readonly timeoutMs: number
  /** A longer message ends the connection (RFC 6455 §7.4.1, code 1009). */
  readonly maxMessageOctets: number
}

export interface WebSocketHandlers {
  onText(text: string): void
  onBinary?(bytes: Uint8Array): void
  /** Once, when the connection is over, whoever ended it. `code` 1006: it was lost. */
  onClose(code: number, reason: string): void
}

export interface WebSocketConnection {
  /** Octets handed over that the network has not taken; callers bound it. */
  readonly bufferedOctets: number
  sendText(text: string): void
  sendBinary(bytes: Uint8Array): void
  /** Says goodbye properly; what is buffered is sent first. */
  close(code: number, reason: string): void
}

export type WebSocketError =
  | { readonly type: 'bad-url'; readonly reason: string }
  | { readonly type: 'refused-address'; readonly host: string; readonly reason: string }
  | { readonly type: 'dns-failed'; readonly host: string }
  | { readonly type: 'connect-failed'; readonly reason: string }
  | { readonly type: 'tls-failed'; readonly reason: string }
  | { readonly type: 'timed-out' }
  /** The server answered, but not with 101. */
  | { readonly type: 'refused-upgrade'; readonly status: number }

export interface WebSocketNet {
  connect(request: WebSocketRequest, handlers: WebSocketHandlers): Promise<Result<WebSocketConnection, WebSocketError>>
}

/** Codes of RFC 6455 §7.4.1. */
export const CLOSE_NORMAL = 1000
export const CLOSE_GOING_AWAY = 1001
export const CLOSE_LOST = 1006

/** One sentence for a log or an event. */
export function describeWebSocketError(error: WebSocketError): string {
  switch (error.type) {
    case 'bad-url':
      return `the URL cannot be used: ${error.reason}`
    case 'refused-address':
      return `the address of ${error.host} may not be reached: ${error.reason}`
    case 'dns-failed':
      return `${error.host} has no address`
    case 'connect-failed':
    case 'tls-failed':
      return error.reason
    case 'timed-out':
      return 'no answer in time'
    case 'refused-upgrade':
      return `the server answered ${error.status}`
  }
}
