// What the examples' `main.ts` have in common: the client and the application's id, from the environment, as for the real
// service.
//
//   TELNYX_BASE_URL        http://127.0.0.1:8080/v2
//   TELNYX_API_KEY         `npx hookswitch credentials`
//   TELNYX_PUBLIC_KEY      the same
//   TELNYX_CONNECTION_ID   the application's id (GET /v2/call_control_applications); the first one unless given
//   PORT                   5000

import Telnyx from 'telnyx'
import { type ExampleApp, serve } from './serve.ts'

export interface Surroundings {
  readonly client: Telnyx
  readonly connectionId: string
  /** Where the application is reached. */
  readonly publicUrl: () => string
  readonly say: (line: string) => void
}

export async function start(name: string, hint: string, make: (around: Surroundings) => ExampleApp): Promise<void> {
  const port = Number(process.env.PORT ?? 5000)
  const client = new Telnyx()
  const connectionId = process.env.TELNYX_CONNECTION_ID ?? (await firstApplication(client))
  const say = (line: string): void => console.log(`${name}: ${line}`)
  const server = serve(make({ client, connectionId, publicUrl: () => `http://127.0.0.1:${port}`, say }))
  server.listen(port, '127.0.0.1', () => {
    say(`listening on http://127.0.0.1:${port} (${hint})`)
    process.send?.({ ready: true })
  })
  process.on('SIGTERM', () => server.close())
  process.on('SIGINT', () => server.close())
}

async function firstApplication(telnyx: Telnyx): Promise<string> {
  const page = await telnyx.callControlApplications.list()
  const id = page.data?.[0]?.id
  if (id === undefined)
    throw new Error('There is no Call Control application: create one, or set TELNYX_CONNECTION_ID.')
  return id
}
