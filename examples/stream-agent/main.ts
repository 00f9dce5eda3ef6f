// Starts the agent: `node examples/stream-agent/main.ts`.
//
//   TWILIO_AUTH_TOKEN   `npx hookswitch credentials`
//   PORT                5000
//   PUBLIC_URL          http://127.0.0.1:5000

import { StreamAgentApp } from './app.ts'

const port = Number(process.env.PORT ?? 5000)
const publicUrl = process.env.PUBLIC_URL ?? `http://127.0.0.1:${port}`
const say = (line: string): void => console.log(`stream agent: ${line}`)
const authToken = process.env.TWILIO_AUTH_TOKEN
if (authToken === undefined) throw new Error('Set TWILIO_AUTH_TOKEN: `npx hookswitch credentials` shows it.')
const server = new StreamAgentApp({ authToken, publicUrl, say }).serve()
server.listen(port, '127.0.0.1', () => {
  say(`listening on ${publicUrl} (voice URL ${publicUrl}/webhook)`)
  process.send?.({ ready: true })
})
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    server.close()
    server.closeAllConnections()
    process.exit(0)
  })
