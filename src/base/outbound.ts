// Every HTTP request the house makes to the outside (webhooks, documents, media) goes through one guarded client:
// it resolves the name, vets the address, connects to the vetted address, and bounds time and size. The real one lives
// in net/; tests hand in a scripted one.

import type { Result } from './result.ts'

export interface OutboundRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** A body that is read as it is sent, instead of `body`; opened anew when the request goes out again. */
  readonly upload?: { readonly octets: number; open(): AsyncIterable<Uint8Array> }
  /** From the first connect to the status line; 0 means the client's default. */
  readonly timeoutMs: number
  /** Shorter patience with parts of the exchange than the client's own. */
  readonly patience?: Patience
  /** How many octets of the reply's body are read; the rest is dropped and the connection closed. 0: decide on the status line alone. */
  readonly maxBodyOctets: number
  /** Redirects followed, each vetted anew. */
  readonly maxRedirects: number
  /** Hears the status line of the final reply, before any of its body. */
  readonly onHead?: (status: number) => void
  /** Receives the body piece by piece instead of collecting it; return false to stop. */
  readonly onBody?: (bytes: Uint8Array) => boolean | Promise<boolean>
}

export interface Patience {
  /** Until a fresh connection stands, name and TLS included; then it is a `connect-failed`. */
  readonly connectMs?: number
  /** From the connection to the status line, and between two pieces of the body. */
  readonly silenceMs?: number
  /** From the beginning to the body's last octet. */
  readonly totalMs?: number
}

export interface OutboundReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** `Set-Cookie` fields one by one: their commas forbid joining them. */
  readonly setCookies?: readonly string[]
  /** Empty when `onBody` took it or `maxBodyOctets` is 0. */
  readonly body: Uint8Array
  readonly truncated: boolean
  /** The URL that answered, after redirects. */
  readonly url: string
}

export type OutboundError =
  | { readonly type: 'bad-url'; readonly reason: string }
  | { readonly type: 'refused-address'; readonly host: string; readonly reason: string }
  | { readonly type: 'dns-failed'; readonly host: string }
  | { readonly type: 'connect-failed'; readonly reason: string }
  | { readonly type: 'tls-failed'; readonly reason: string }
  | { readonly type: 'timed-out' }
  | { readonly type: 'too-many-redirects' }
  | { readonly type: 'broken-reply'; readonly reason: string }

export interface OutboundHttp {
  request(request: OutboundRequest): Promise<Result<OutboundReply, OutboundError>>
}
