// A customer's application reduced to its ledger: every webhook it took, in order of arrival.

import { createServer } from 'node:http'
import type { Ground, Json } from './peers.ts'

export interface Delivery {
  readonly id: string
  readonly type: string
  readonly leg: string | null
  readonly payload: Json
}

/** An application that keeps a ledger; while it is `away` its connections break. */
export async function application(ground: Ground) {
  const ledger: Delivery[] = []
  const state = { away: false }
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      if (state.away) {
        request.socket.destroy()
        return
      }
      const { data } = JSON.parse(Buffer.concat(parts).toString()) as Json
      ledger.push({
        id: data.id,
        type: data.event_type,
        leg: data.payload.call_control_id ?? null,
        payload: data.payload,
      })
      response.writeHead(200).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ground.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as { port: number }
  return { ledger, state, url: `http://127.0.0.1:${port}/webhook` }
}
