// Rows of telnyx-seed-apps §11 that need a real web server: broken bodies after a good status line, a server with one
// thread, and the checks of the modern SDK on what really came over a socket. Calls stay on the pretended network.

import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type Server } from 'node:net'
import { test } from 'node:test'
import Telnyx from 'telnyx'
import { NUMBER, openScenario, type Scenario } from '../house.ts'
import { verifies } from './apps.ts'

interface Told {
  readonly type: string
  readonly id: string
  readonly attempt: number
  readonly leg: string
  readonly raw: string
  readonly headers: Readonly<Record<string, string>>
}

/** A scenario whose application is a real web server on loopback. */
async function scenarioAt(port: number): Promise<Scenario> {
  return openScenario({
    declared: {
      applications: [{ name: 'demo', dialect: 'telnyx', webhook_url: `http://127.0.0.1:${port}/webhook` }],
      numbers: [{ number: NUMBER, application: 'demo' }],
    },
  })
}

/** Winds the pretended clock gently while real sockets do their part. */
async function until(scenario: Scenario, condition: () => boolean, limitMs = 10_000): Promise<void> {
  const giveUp = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > giveUp) throw new Error('still waiting')
    await scenario.clock.advance(5)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

function told(raw: string, headers: Readonly<Record<string, string>>): Told {
  const { data, meta } = JSON.parse(raw)
  return {
    type: data.event_type,
    id: data.id,
    attempt: meta.attempt,
    leg: data.payload.call_control_id,
    raw,
    headers,
  }
}

async function listen(server: Pick<Server, 'listen' | 'address'>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return (server.address() as { port: number }).port
}

test('row 13: Puma’s 200 followed by malformed chunks is a success: no second answer, no second join', async () => {
  const ledger: Told[] = []
  let handle: (event: Told) => Promise<void> = async () => {}
  // Puma as it is on the wire: a status line, chunked framing, and then octets that are no chunk.
  const server = createTcpServer((socket) => {
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      text += bytes.toString('utf8')
      const end = text.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN)
      if (end < 0 || Buffer.byteLength(text.slice(end + 4)) < length) return
      const head = text.slice(0, end).split('\r\n').slice(1)
      const headers = Object.fromEntries(
        head.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
      )
      const event = told(text.slice(end + 4), headers)
      text = ''
      ledger.push(event)
      void handle(event).then(() => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/html;charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n')
        socket.write('#<Telnyx::TelnyxObject:0x2af8 id=nothing>\r\nzzzz\r\n')
        if (event.type === 'call.answered') socket.destroy()
      })
    })
  })
  const scenario = await scenarioAt(await listen(server))
  let room: string | null = null
  const commands: string[] = []
  handle = async ({ type, leg }) => {
    const id = encodeURIComponent(leg)
    if (type === 'call.initiated') {
      commands.push('answer')
      await scenario.rest('POST', `/v2/calls/${id}/actions/answer`, {})
    }
    if (type === 'call.answered' && room === null) {
      commands.push('create')
      room = (await scenario.rest('POST', '/v2/conferences', { call_control_id: leg, name: 'demo-conference' })).json
        .data.id
    } else if (type === 'call.answered') {
      commands.push('join')
      await scenario.rest('POST', `/v2/conferences/${room}/actions/join`, { call_control_id: leg })
    }
  }
  const phones = [await scenario.phone('one'), await scenario.phone('two')]
  const calls = []
  for (const phone of phones) {
    calls.push(await phone.call(NUMBER, scenario.sip))
    const joined = calls.length
    await until(scenario, () => ledger.filter((one) => one.type === 'conference.participant.joined').length === joined)
  }
  await scenario.clock.advance(20_000)
  assert.deepEqual(commands, ['answer', 'create', 'answer', 'join'])
  assert.ok(ledger.every((one) => one.attempt === 1))
  assert.equal(scenario.house.dispatcher.stats().failedAttempts, 0)
  for (const call of calls) call.hangUp()
  await until(scenario, () => ledger.some((one) => one.type === 'conference.ended'))
  server.close()
  await scenario.close()
})

test('row 15: a web server with one thread: create returns while its own handler is open, its events come after it closes', async () => {
  const ledger: { readonly event: Told; readonly at: 'begin' | 'end' }[] = []
  let room: string | null = null
  let scenario: Scenario
  let sawDuringHandler = 0
  // php -S: one request at a time; the next one is not even read before the handler is through.
  let last: Promise<void> = Promise.resolve()
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const event = told(Buffer.concat(parts).toString('utf8'), request.headers as Record<string, string>)
    ledger.push({ event, at: 'begin' })
    const { leg, type } = event
    if (type === 'call.initiated')
      await scenario.rest('POST', `/v2/calls/${encodeURIComponent(leg)}/actions/answer`, '[]')
    if (type === 'call.answered' && room === null) {
      const created = await scenario.rest('POST', '/v2/conferences', { call_control_id: leg, name: 'conf-1' })
      assert.equal(created.status, 200)
      room = created.json.data.id
      const before = ledger.length
      // The handler takes its time: what the command caused must wait outside, and must not be lost.
      await until(scenario, () => scenario.clock.nowMs() > 0, 1)
      for (let wound = 0; wound < 40; wound++) await scenario.clock.advance(10)
      sawDuringHandler = ledger.length - before
    }
    ledger.push({ event, at: 'end' })
    response.writeHead(200).end()
  }
  const server = createServer((request, response) => {
    last = last.then(() => serve(request, response))
  })
  scenario = await scenarioAt(await listen(server))
  const phone = await scenario.phone('one')
  const call = await phone.call(NUMBER, scenario.sip)
  await until(scenario, () => ledger.some(({ event }) => event.type === 'conference.participant.joined'))
  assert.equal(sawDuringHandler, 0)
  const line = ledger.map(({ event, at }) => `${event.type} ${at}`)
  assert.ok(line.indexOf('call.answered end') < line.indexOf('conference.created begin'))
  assert.ok(line.indexOf('conference.created end') < line.indexOf('conference.participant.joined begin'))
  call.hangUp()
  await until(scenario, () => ledger.some(({ event, at }) => event.type === 'conference.ended' && at === 'end'))
  assert.ok(ledger.every(({ event }) => event.attempt === 1))
  server.closeAllConnections()
  server.close()
  await scenario.close()
})

test('row 9: what comes over the socket passes the modern SDK and the classic check; a changed body passes neither', async () => {
  const ledger: Told[] = []
  let refusals = 2
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      ledger.push(told(Buffer.concat(parts).toString('utf8'), request.headers as Record<string, string>))
      response.writeHead(refusals-- > 0 ? 500 : 200).end()
    })
  })
  const scenario = await scenarioAt(await listen(server))
  // The SDK looks at the real time; the switch here lives in the pretended one.
  const client = new Telnyx({ apiKey: 'KEY', publicKey: scenario.publicKey })
  const phone = await scenario.phone('one')
  const call = await phone.call(NUMBER, scenario.sip)
  await until(scenario, () => ledger.length === 3)
  const realNow = Date.now
  try {
    for (const event of ledger) {
      Date.now = () => Number(event.headers['telnyx-timestamp']) * 1000 + 1500
      const opened = (await client.webhooks.unwrap(event.raw, { headers: event.headers })) as unknown as {
        data: { id: string; event_type: string }
      }
      assert.equal(opened.data.id, event.id)
      await assert.rejects(async () => client.webhooks.unwrap(`${event.raw} `, { headers: event.headers }))
      const received = { ...event, payload: {}, atMs: 0, url: '', method: 'POST' }
      assert.ok(verifies(received, scenario.publicKey, Number(event.headers['telnyx-timestamp']) * 1000))
      assert.equal(event.headers['content-type'], 'application/json')
      assert.equal(event.headers['user-agent'], 'telnyx-webhooks')
    }
  } finally {
    Date.now = realNow
  }
  assert.deepEqual(
    ledger.map((event) => event.attempt),
    [1, 2, 3],
  )
  const stamps = ledger.map((event) => Number(event.headers['telnyx-timestamp']))
  assert.ok(stamps[2]! > stamps[0]!, 'each attempt is signed for its own time')
  call.hangUp()
  await until(scenario, () => ledger.some((event) => event.type === 'call.hangup'))
  server.closeAllConnections()
  server.close()
  await scenario.close()
})
