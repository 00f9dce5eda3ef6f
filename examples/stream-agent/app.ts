// The agent's web server: a document that connects every caller to a stream, and the WebSocket the stream comes to. It checks
// that both are the switch's own (X-Twilio-Signature), as it would on the real service.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { WebSocketServer } from 'ws'
import { EchoAgent } from './agent.ts'

export interface StreamAgentOptions {
  readonly authToken: string
  /** Where the switch reaches this application: `http://127.0.0.1:5000`. */
  readonly publicUrl: string
  readonly say: (line: string) => void
}

/** A request's body is a form of a few fields. */
const MAX_FORM_CHARACTERS = 64_000

export class StreamAgentApp {
  readonly #options: StreamAgentOptions

  constructor(options: StreamAgentOptions) {
    this.#options = options
  }

  get streamUrl(): string {
    return `${this.#options.publicUrl.replace(/^http/, 'ws')}/media`
  }

  /** What a caller is connected to. */
  document(form: URLSearchParams): string {
    return `<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Connect><Stream url="${this.streamUrl}"><Parameter name="from" value="${escaped(form.get('From') ?? '')}"/></Stream></Connect>
</Response>`
  }

  agent(): EchoAgent {
    return new EchoAgent(this.#options.say)
  }

  /** Whether a request, or a handshake (without a form), is signed with our account's token. */
  isSigned(url: string, form: URLSearchParams, signature: string | undefined): boolean {
    const fields = [...form].toSorted(([one], [other]) => (one < other ? -1 : 1))
    const message = url + fields.map(([name, value]) => name + value).join('')
    const expected = createHmac('sha1', this.#options.authToken).update(message).digest()
    const given = Buffer.from(signature ?? '', 'base64')
    return given.length === expected.length && timingSafeEqual(given, expected)
  }

  serve(): Server {
    const server = createServer((request, reply) => {
      let body = ''
      request.on('data', (piece: Buffer) => {
        body += piece.toString('utf8')
        if (body.length > MAX_FORM_CHARACTERS) request.destroy()
      })
      request.on('end', () => {
        const form = new URLSearchParams(body)
        const url = this.#options.publicUrl + request.url
        if (!this.isSigned(url, form, request.headers['x-twilio-signature'] as string | undefined))
          return void reply.writeHead(403).end('not signed by this account\n')
        reply.writeHead(200, { 'content-type': 'text/xml' }).end(this.document(form))
      })
    })
    const sockets = new WebSocketServer({ noServer: true })
    server.on('upgrade', (request, socket, head) => {
      const signature = request.headers['x-twilio-signature'] as string | undefined
      if (!this.isSigned(this.streamUrl, new URLSearchParams(), signature)) return void socket.destroy()
      sockets.handleUpgrade(request, socket, head, (connection) => {
        const agent = this.agent()
        connection.on('message', (text) => {
          for (const answer of agent.on(String(text))) connection.send(answer)
        })
      })
    })
    return server
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}
