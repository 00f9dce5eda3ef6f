// A whole application beside the switch: a webhook server and a REST client, as a customer's program has them.

import { Agent, createServer, request, type Server } from 'node:http'

export interface Webhook {
  readonly type: string
  readonly payload: Readonly<Record<string, string>>
}

export class Application {
  readonly #server: Server
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  readonly #onWebhook: (webhook: Webhook) => void
  baseUrl = ''
  apiKey = ''
  refused = 0

  private constructor(onWebhook: (webhook: Webhook) => void) {
    this.#onWebhook = onWebhook
    this.#server = createServer((incoming, reply) => {
      const parts: Buffer[] = []
      incoming.on('data', (part: Buffer) => parts.push(part))
      incoming.on('end', () => {
        reply.end()
        const { data } = JSON.parse(Buffer.concat(parts).toString()) as {
          data: { event_type: string; payload: Webhook['payload'] }
        }
        this.#onWebhook({ type: data.event_type, payload: data.payload })
      })
    })
    this.#server.keepAliveTimeout = 60_000
  }

  static open(onWebhook: (webhook: Webhook) => void): Promise<Application> {
    const application = new Application(onWebhook)
    return new Promise((resolve) => application.#server.listen(0, '127.0.0.1', () => resolve(application)))
  }

  get webhookUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}/webhook`
  }

  command(path: string, body: object): Promise<Record<string, string> | null> {
    return new Promise((resolve) => {
      const text = JSON.stringify(body)
      const headers = { authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json' }
      const sent = request(`${this.baseUrl}/v2${path}`, { method: 'POST', agent: this.#agent, headers }, (reply) => {
        const parts: Buffer[] = []
        reply.on('data', (part: Buffer) => parts.push(part))
        reply.on('end', () => {
          if (reply.statusCode === 200)
            return resolve((JSON.parse(Buffer.concat(parts).toString()) as { data: Record<string, string> }).data)
          this.refused++
          resolve(null)
        })
      })
      sent.on('error', () => {
        this.refused++
        resolve(null)
      })
      sent.end(text)
    })
  }

  close(): void {
    this.#agent.destroy()
    this.#server.closeAllConnections()
    this.#server.close()
  }
}
