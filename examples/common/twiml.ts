// The web server that the TwiML examples share: requests whose signature holds are answered with documents; besides, the
// operator's routes and files.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import twilio from 'twilio'

/** A request's fields. */
export type Fields = Readonly<Record<string, string>>

export interface TwimlApp {
  /** The document for a path; null: there is no such thing. */
  document(path: string, fields: Fields): string | null
  /** The operator's commands, by path; null: there is no such thing. */
  command(name: string): Promise<unknown>
  /** WAV files, by path. */
  readonly files?: Readonly<Record<string, () => Uint8Array>>
  say(line: string): void
}

export interface Surroundings {
  readonly authToken: string
  /** As Twilio (or Hookswitch) is told to call it: signatures are made over it. */
  readonly publicUrl: string
}

export function serveTwiml(app: TwimlApp, around: Surroundings): Server {
  return createServer((request, response) => {
    handle(app, around, request, response).catch((problem: unknown) => {
      app.say(`${request.method} ${request.url} failed: ${String(problem)}`)
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
}

async function handle(
  app: TwimlApp,
  { authToken, publicUrl }: Surroundings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', publicUrl)
  const file = app.files?.[url.pathname]
  if (file !== undefined) {
    response.writeHead(200, { 'content-type': 'audio/wav' }).end(file())
    return
  }
  if (request.method === 'GET') {
    const answer = await app.command(url.pathname.slice(1))
    response.writeHead(answer === null ? 404 : 200, { 'content-type': 'application/json' })
    response.end(`${JSON.stringify(answer ?? { error: 'there is no such thing' }, null, 2)}\n`)
    return
  }
  const fields = Object.fromEntries(new URLSearchParams(await text(request)))
  const signature = request.headers['x-twilio-signature']
  if (!twilio.validateRequest(authToken, String(signature ?? ''), publicUrl + request.url, fields)) {
    response.writeHead(403).end('The signature does not hold.\n')
    return
  }
  app.say(`${url.pathname} ${fields.From ?? ''} ${fields.Digits ?? fields.CallStatus ?? ''}`)
  const document = app.document(url.pathname, fields)
  if (document === null) response.writeHead(404).end()
  else response.writeHead(200, { 'content-type': 'text/xml' }).end(document)
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

/**
 * What the examples' `main.ts` have in common. From the environment: `TWILIO_ACCOUNT_SID`, `TWILIO_AUTH_TOKEN`,
 * `TWILIO_BASE_URL` (http://127.0.0.1:8080; the real service unless given), `PORT` (5000), `PUBLIC_URL`.
 */
export function startTwiml(
  name: string,
  hint: string,
  make: (client: ReturnType<typeof twilio>, say: (line: string) => void) => TwimlApp,
): void {
  const { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: authToken, TWILIO_BASE_URL: base } = process.env
  if (sid === undefined || authToken === undefined)
    throw new Error('Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: `npx hookswitch credentials` shows them.')
  const client = twilio(sid, authToken)
  if (base !== undefined) client.api.baseUrl = base
  const port = Number(process.env.PORT ?? 5000)
  const publicUrl = process.env.PUBLIC_URL ?? `http://127.0.0.1:${port}`
  const say = (line: string): void => console.log(`${name}: ${line}`)
  const server = serveTwiml(make(client, say), { authToken, publicUrl })
  server.listen(port, '127.0.0.1', () => {
    say(`listening on ${publicUrl} (voice URL ${publicUrl}/webhook; ${hint})`)
    process.send?.({ ready: true })
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      server.close()
      server.closeAllConnections()
      process.exit(0)
    })
}
