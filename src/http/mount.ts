// Mounts routes on fastify. The router is fastify's; what is lenient here is what real clients need (telnyx-voice §14):
// trailing slashes, odd bodies, brackets in queries.

import { Readable } from 'node:stream'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Log } from '#base/log.ts'
import { type Fields, readBody } from './body.ts'
import {
  KEEP_ALIVE_MS,
  MAX_BODY_OCTETS,
  MAX_SEGMENT_CHARACTERS,
  MAX_UPLOAD_OCTETS,
  REQUEST_TIMEOUT_MS,
} from './limits.ts'
import { parseQuery, type Query } from './query.ts'
import type { AnyRoute, Mount, Reply, RequestHead } from './route.ts'

/** One line per request, for logs and metrics. */
export interface RequestRecord {
  readonly method: string
  readonly route: string
  readonly status: number
  readonly durationMs: number
}

export interface HttpOptions {
  readonly log: Log
  readonly onRequest?: (record: RequestRecord) => void
}

/** An empty fastify with the house's settings; nothing listens yet. */
export function createHttp(options: HttpOptions): FastifyInstance {
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: MAX_BODY_OCTETS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
    rewriteUrl: (request) => withoutSuffix(faces.get(app) ?? [], request.url ?? '/'),
    routerOptions: {
      ignoreTrailingSlash: true,
      maxParamLength: MAX_SEGMENT_CHARACTERS,
      querystringParser: (text) => parseQuery(text) as Record<string, unknown>,
    },
    // Paths no router can read (`%ZZ`, endless segments) name nothing that exists; the language under whose prefix they
    // fall says so in its own words.
    frameworkErrors: (_error, request, typed) => {
      const reply = typed as unknown as FastifyReply
      const face = faceOf(faces.get(app) ?? [], request.url)
      if (face === undefined) return void reply.code(404).send()
      void answerUnknown(face, request, reply)
    },
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onResponse', async (request, reply) => {
    for (const callback of pending.get(request) ?? []) callback()
    pending.delete(request)
    options.onRequest?.({
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      durationMs: reply.elapsedTime,
    })
  })
  app.addHook('onRequestAbort', async (request) => {
    for (const callback of pending.get(request) ?? []) callback()
    pending.delete(request)
  })
  return app
}

/** What waits for a reply to be on the wire. */
const pending = new WeakMap<FastifyRequest, (() => void)[]>()

/** The languages of a server. */
// biome-ignore lint/suspicious/noExplicitAny: each face knows its own actor; the list does not care which.
const faces = new WeakMap<object, Mount<any>[]>()

function faceOf<Actor>(known: readonly Mount<Actor>[], url: string): Mount<Actor> | undefined {
  return known.find((one) => url.startsWith(`${one.prefix}/`))
}

/** What the router sees of a URL: no ending that only says how to reply. */
function withoutSuffix<Actor>(known: readonly Mount<Actor>[], url: string): string {
  const suffixes = faceOf(known, url)?.suffixes
  if (suffixes === undefined) return url
  const [path = ''] = url.split('?', 1)
  const suffix = suffixes.find((one) => path.endsWith(one))
  return suffix === undefined ? url : path.slice(0, -suffix.length) + url.slice(path.length)
}

/** Adds a language's routes below its prefix. */
export function mount<Actor>(app: FastifyInstance, face: Mount<Actor>, log: Log): void {
  faces.set(
    app,
    [...(faces.get(app) ?? []), face].sort((a, b) => b.prefix.length - a.prefix.length),
  )
  app.register(
    async (scope) => {
      for (const route of face.routes) {
        scope.route({
          method: route.method,
          url: route.path,
          bodyLimit: route.rawBody === true ? MAX_UPLOAD_OCTETS : MAX_BODY_OCTETS,
          handler: (request, reply) => serve(face, route, request, reply, log),
        })
      }
      scope.setNotFoundHandler((request, reply) => answerUnknown(face, request, reply))
      scope.setErrorHandler(async (cause, request, reply) => {
        const status = (cause as { statusCode?: number }).statusCode ?? 500
        if (status === 413) return send(reply, face.tooLarge())
        if (status < 500) return send(reply, face.unreadable({ type: 'not-json' }))
        log.error(
          { error: String(cause), stack: (cause as Error).stack, path: request.url },
          'a request handler failed',
        )
        return send(reply, face.crashed())
      })
    },
    { prefix: face.prefix },
  )
}

/** Nobody learns what exists without a key. */
async function answerUnknown<Actor>(
  face: Mount<Actor>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const head = headOf(request)
  const actor = await face.authenticate(head)
  return send(reply, actor.ok ? face.notFound(head) : actor.error)
}

async function serve<Actor>(
  face: Mount<Actor>,
  route: AnyRoute<Actor>,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): Promise<FastifyReply> {
  const head = headOf(request)
  const actor = await face.authenticate(head)
  if (!actor.ok) return send(reply, actor.error)
  const metered = face.meter?.(actor.value)
  if (metered !== undefined) reply.headers(metered.headers)
  if (metered?.refusal != null) return send(reply, metered.refusal)
  const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  let body: unknown = {}
  if (route.body !== undefined) {
    const read = readBody(request.headers['content-type'], rawBody, route.nullable)
    if (!read.ok) return send(reply, face.unreadable(read.error))
    const parsed = route.body.safeParse(read.value satisfies Fields)
    if (!parsed.success) return send(reply, face.invalid(parsed.error.issues, route.path))
    body = parsed.data
  }
  const callbacks: (() => void)[] = []
  pending.set(request, callbacks)
  try {
    const answer = await route.handler({
      actor: actor.value,
      params: request.params as Readonly<Record<string, string>>,
      query: request.query as Query,
      body,
      rawBody,
      headers: head.headers,
      method: head.method,
      path: head.path,
      suffix: head.path.slice(request.url.split('?')[0]!.length),
      onReplied: (callback) => callbacks.push(callback),
    })
    return send(reply, answer)
  } catch (cause) {
    // A bug in one handler ends one request; the error handler above would say less about where.
    log.error({ error: String(cause), stack: (cause as Error).stack, route: route.path }, 'a request handler failed')
    return send(reply, face.crashed())
  }
}

function headOf(request: FastifyRequest): RequestHead {
  return {
    method: request.method,
    path: request.originalUrl.split('?')[0]!,
    headers: request.headers as Readonly<Record<string, string | undefined>>,
  }
}

function send(reply: FastifyReply, answer: Reply): FastifyReply {
  reply.code(answer.status)
  if (answer.headers !== undefined) reply.headers(answer.headers)
  if (answer.contentType !== undefined) reply.type(answer.contentType)
  if (answer.stream !== undefined) return reply.send(Readable.from(answer.stream, { objectMode: false }))
  if (answer.bytes !== undefined) return reply.send(answer.bytes)
  if (answer.json === undefined) return reply.send()
  reply.type('application/json; charset=utf-8')
  return reply.send(JSON.stringify(answer.json))
}
