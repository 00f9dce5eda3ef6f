// The example agent on the pretended network: a caller is heard to the end, hears it back, interrupts, and is heard again.

import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { GuardedWebSockets } from '#net/web-socket.ts'
import { handshakeHeaders } from '#twilio/streams.ts'
import { StreamAgentApp } from '../../examples/stream-agent/app.ts'
import { openTwilioScenario, TOKEN } from './twilio-app.ts'

const HEARD_DBOV = -30
const SILENT_DBOV = -45

test('the stream agent says back what it heard, and stops when it is interrupted', async () => {
  const scenario = await openTwilioScenario()
  const { clock, sockets } = scenario
  const lines: string[] = []
  const app = new StreamAgentApp({ authToken: TOKEN, publicUrl: 'http://app.test', say: (line) => lines.push(line) })
  scenario.on('/voice', ({ params, headers }) => {
    const form = new URLSearchParams(params)
    assert.ok(app.isSigned('http://app.test/voice', form, headers['x-twilio-signature']))
    assert.ok(!app.isSigned('http://app.test/other', form, headers['x-twilio-signature']))
    return app.document(form)
  })
  sockets.servers.set(app.streamUrl, (socket) => {
    const signature = socket.request.headers['X-Twilio-Signature']
    assert.ok(app.isSigned(app.streamUrl, new URLSearchParams(), signature))
    assert.ok(!app.isSigned(app.streamUrl, new URLSearchParams(), undefined))
    const agent = app.agent()
    socket.onText = (text) => {
      for (const answer of agent.on(text)) socket.send(answer)
    }
  })
  const { call } = await scenario.dialIn('carol', 440)
  await clock.until(() => call.state === 'up' && sockets.connections.length > 0)
  await clock.advance(2_000)
  assert.deepEqual(lines, ['a caller, with {"from":"carol"}'])
  assert.ok(call.party.level(440, 300) < SILENT_DBOV, 'it waits until the caller has finished')
  call.party.hum(null)
  await clock.advance(1_200)
  assert.match(lines[1]!, /^heard (1\.9|2\.\d) s/)
  assert.ok(call.party.level(440, 300) > HEARD_DBOV, 'it is said back')

  call.party.hum(700)
  await clock.advance(600)
  assert.equal(lines[2], 'interrupted')
  assert.ok(call.party.level(440, 300) < SILENT_DBOV, 'it stopped at once')
  call.party.hum(null)
  await clock.advance(900)
  assert.ok(call.party.level(700, 200) > HEARD_DBOV)
  call.hangUp()
  await clock.advance(500)
  assert.equal(lines.at(-1), 'the caller is gone')
  await scenario.close()
})

test('SIG-05: its real WebSocket server takes a handshake of the switch, and no other', async () => {
  const lines: string[] = []
  const say = (line: string): void => void lines.push(line)
  const server = new StreamAgentApp({ authToken: TOKEN, publicUrl: 'http://127.0.0.1', say }).serve()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  // What is signed is the URL the document gave, whatever the port it is forwarded to.
  const headers = handshakeHeaders(TOKEN, 'ws://127.0.0.1/media')
  const sockets = new GuardedWebSockets({ allow: ['127.0.0.0/8'] })
  const request = { url: `ws://127.0.0.1:${port}/media`, timeoutMs: 5_000, maxMessageOctets: 100_000 }
  let closed: (() => void) | null = null
  const handlers = { onText: () => {}, onClose: () => closed?.() }
  const refused = await sockets.connect(
    { ...request, headers: handshakeHeaders('wrong', 'ws://127.0.0.1/media') },
    handlers,
  )
  assert.equal(refused.ok, false)
  const connected = await sockets.connect({ ...request, headers }, handlers)
  assert.ok(connected.ok)
  connected.value.sendText(JSON.stringify({ event: 'stop' }))
  const over = new Promise<void>((resolve) => {
    closed = resolve
  })
  connected.value.close(1000, '')
  await over
  assert.deepEqual(lines, ['the caller is gone'])
  server.close()
  server.closeAllConnections()
})
