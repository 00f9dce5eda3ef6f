// Starts the conference application: `node examples/conference/main.ts`. Everything comes from the environment, as it
// would for the real service:
//
//   TELNYX_BASE_URL        http://127.0.0.1:8080/v2
//   TELNYX_API_KEY         `npx hookswitch credentials`
//   TELNYX_PUBLIC_KEY      the same
//   TELNYX_CONNECTION_ID   the application's id (GET /v2/call_control_applications)
//   PORT                   5000

import Telnyx from 'telnyx'
import { ConferenceApp } from './app.ts'

const port = Number(process.env.PORT ?? 5000)
const client = new Telnyx()
const connectionId = process.env.TELNYX_CONNECTION_ID ?? (await firstApplication(client))
const app = new ConferenceApp({
  client,
  connectionId,
  publicUrl: () => `http://127.0.0.1:${port}`,
  say: (line) => console.log(`conference app: ${line}`),
})
const server = app.serve()
server.listen(port, '127.0.0.1', () => {
  console.log(`conference app: listening on http://127.0.0.1:${port} (try /list)`)
  process.send?.({ ready: true })
})
process.on('SIGTERM', () => server.close())
process.on('SIGINT', () => server.close())

async function firstApplication(telnyx: Telnyx): Promise<string> {
  const page = await telnyx.callControlApplications.list()
  const id = page.data?.[0]?.id
  if (id === undefined)
    throw new Error('There is no Call Control application: create one, or set TELNYX_CONNECTION_ID.')
  return id
}
