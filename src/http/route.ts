// A route is a value: method, path, schemas, handler. From it come validation, types and the API document, so that the
// three cannot disagree. A mount is a language's own way to authenticate and to say no.

import type { z } from 'zod'
import type { Result } from '#base/result.ts'
import type { BodyError, Fields } from './body.ts'
import type { Query } from './query.ts'

export interface Reply {
  readonly status: number
  /** JSON; absent with `bytes` or for an empty reply. */
  readonly json?: unknown
  readonly bytes?: Uint8Array
  /** Sent piece by piece; for audio and event streams. */
  readonly stream?: AsyncIterable<Uint8Array | string>
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface RouteRequest<Actor, Body> {
  readonly actor: Actor
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  readonly body: Body
  /** The body as it came, for multipart and signatures. */
  readonly rawBody: Uint8Array
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly method: string
  /** As it came, with its suffix. */
  readonly path: string
  /** The ending of the path that said how to reply, `.json`; empty when there was none. */
  readonly suffix: string
  /** Called once the reply is on the wire (or the client is gone): webhooks a command caused are let go then. */
  onReplied(callback: () => void): void
}

export interface Route<Actor, Body = Fields> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** As the router writes it: `/calls/:call_control_id/actions/answer`. */
  readonly path: string
  readonly summary: string
  /** Absent: the body is not looked at. */
  readonly body?: z.ZodType<Body>
  /** Fields whose `null` is handed on: elsewhere it is the same as leaving them out. */
  readonly nullable?: readonly string[]
  /** The body may be a file: it is handed over raw, and may be as large as one. */
  readonly rawBody?: boolean
  readonly handler: (request: RouteRequest<Actor, Body>) => Promise<Reply>
}

/** Lets a list hold routes of different bodies. */
// biome-ignore lint/suspicious/noExplicitAny: each route checks its own body; the list does not care which.
export type AnyRoute<Actor> = Route<Actor, any>

export interface RequestHead {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
}

export interface Mount<Actor> {
  /** `/v2`, `/2010-04-01`, … */
  readonly prefix: string
  readonly routes: readonly AnyRoute<Actor>[]
  /** Endings of paths that say how to reply (`.json`); routes are written without them, and the document with the first. */
  readonly suffixes?: readonly string[]
  authenticate(head: RequestHead): Promise<Result<Actor, Reply>>
  /** Counts a request of whoever asks: headers for its reply, and the reply itself when it is one too many. */
  meter?(actor: Actor): { readonly headers: Readonly<Record<string, string>>; readonly refusal: Reply | null }
  /** The body did not fit the schema of the route at `path`. */
  invalid(issues: readonly z.core.$ZodIssue[], path: string): Reply
  unreadable(error: BodyError): Reply
  notFound(head: RequestHead): Reply
  tooLarge(): Reply
  /** A bug: the details are in the log, never in the reply. */
  crashed(): Reply
}

/** Types a route's body from its schema. */
export function route<Actor, Body>(value: Route<Actor, Body>): Route<Actor, Body> {
  return value
}
