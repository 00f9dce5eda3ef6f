// The web server that the example applications share: verified webhooks, the operator's routes, files.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type Telnyx from 'telnyx'

/** What the examples read of an event. */
export interface CallPayload {
  readonly call_control_id: string
  readonly direction?: string
  readonly from?: string
  readonly to?: string
  readonly digit?: string
  readonly digits?: string
  readonly status?: string
  readonly queue?: string
  readonly reason?: string
  readonly client_state?: string | null
  readonly conference_id?: string
  readonly recording_urls?: Readonly<Record<string, string>>
}

export interface ExampleApp {
  readonly client: Telnyx
  /** One verified webhook. */
  onEvent(type: string, payload: CallPayload): Promise<void>
  /** The operator's commands, by path; null: there is no such thing. */
  command(name: string, query: URLSearchParams): Promise<unknown>
  /** WAV files, by path. */
  readonly files?: Readonly<Record<string, () => Uint8Array>>
  say(line: string): void
}

export function serve(app: ExampleApp): Server {
  return createServer((request, response) => {
    handle(app, request, response).catch((problem: unknown) => {
      app.say(`${request.method} ${request.url} failed: ${String(problem)}`)
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
}

async function handle(app: ExampleApp, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://app')
  if (request.method === 'POST' && url.pathname === '/webhook') {
    const body = await text(request)
    const headers = request.headers as Record<string, string>
    // Rejects what Telnyx (or Hookswitch) did not sign.
    const event = (await app.client.webhooks.unwrap(body, { headers })) as unknown as {
      data: { event_type: string; payload: CallPayload }
    }
    app.say(event.data.event_type)
    await app.onEvent(event.data.event_type, event.data.payload)
    response.writeHead(200).end()
    return
  }
  const file = app.files?.[url.pathname]
  if (file !== undefined) {
    response.writeHead(200, { 'content-type': 'audio/wav' }).end(file())
    return
  }
  const answer = await app.command(url.pathname.slice(1), url.searchParams)
  response.writeHead(answer === null ? 404 : 200, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(answer ?? { error: 'there is no such thing' }, null, 2)}\n`)
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}
