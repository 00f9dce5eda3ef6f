import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import twilio from 'twilio'
import { seededChance } from '#base/chance.ts'
import type { AccountId } from '#base/ids.ts'
import { silentLog } from '#base/log.ts'
import { RealClock } from '#net/clock.ts'
import { GuardedHttp } from '#net/outbound-http.ts'
import { openStore } from '#storage/store.ts'
import { Dispatcher } from '#webhooks/dispatcher.ts'
import { type Callback, callbackDraft, isCallbackUrl, TwilioWebhooks } from './callbacks.ts'
import type { Note } from './notifications.ts'
import { sign } from './signature.ts'

const TOKEN = 'secret-token'
const CALL = 'CA0192f3c47b5a7c3d8e9f0a1b2c3d4e5f'
const closers: (() => unknown)[] = []
after(async () => {
  for (const close of closers) await close()
})

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly form: Record<string, string>
  readonly valid: boolean
}

/** An application that answers with the statuses given, the last one for ever, and checks every signature. */
async function application(...statuses: readonly number[]) {
  const seen: Seen[] = []
  const heard: (() => void)[] = []
  const server = createServer((request, reply) => {
    let body = ''
    request.on('data', (piece) => {
      body += piece
    })
    request.on('end', () => {
      const form = Object.fromEntries(new URLSearchParams(body))
      const url = `http://${request.headers.host}${request.url}`
      const valid = twilio.validateRequest(TOKEN, String(request.headers['x-twilio-signature']), url, form)
      seen.push({ method: request.method!, url: request.url!, headers: request.headers, form, valid })
      reply.writeHead(statuses[Math.min(seen.length, statuses.length) - 1] ?? 204).end()
      for (const hear of heard.splice(0)) hear()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const request = () => new Promise<void>((resolve) => heard.push(resolve))
  return { base, seen, request }
}

/** The outbox on a real store and real sockets. */
async function house() {
  const clock = new RealClock()
  const opened = await openStore({ type: 'sqlite-in-process' }, clock)
  assert.ok(opened.ok)
  const notes: Note[] = []
  const noted: ((note: Note) => void)[] = []
  const language = new TwilioWebhooks({
    signatures: {
      headers: (_account, _application, { url, form }) => ({ 'x-twilio-signature': sign(TOKEN, url, form) }),
    },
    note: async (note) => {
      notes.push(note)
      for (const hear of noted.splice(0)) hear(note)
    },
  })
  const http = new GuardedHttp({ allow: ['127.0.0.0/8'] })
  const dispatcher = new Dispatcher({
    store: opened.value,
    http,
    clock,
    chance: seededChance(1),
    log: silentLog,
    languages: { twilio: language },
  })
  assert.ok((await dispatcher.recover()).ok)
  closers.push(async () => {
    await dispatcher.close()
    http.close()
    await opened.value.close()
  })
  let sequence = 0
  const send = async (url: string, more: Partial<Callback> = {}): Promise<void> => {
    sequence++
    const draft = callbackDraft({
      id: `event-${sequence}`,
      target: { url, method: 'POST' },
      parameters: [
        ['CallSid', CALL],
        ['CallStatus', 'in-progress'],
        ['From', 'sip:kate@example.com'],
        ['Empty', ''],
      ],
      lane: 'call',
      sequence,
      account: 'a'.repeat(32) as AccountId,
      application: null,
      eventType: 'answered',
      ...more,
    })
    assert.ok(draft.ok)
    const prepared = dispatcher.prepare(draft.value)
    assert.ok((await opened.value.commit(prepared.writes)).ok)
    prepared.committed()
  }
  const note = () => new Promise<Note>((resolve) => noted.push(resolve))
  return { send, notes, note }
}

test('TR-01, TR-12, AUTH-04: a callback is a signed form, or a signed query', async () => {
  const { base, seen, request } = await application(204)
  const { send, notes } = await house()
  for (const method of ['POST', 'GET'] as const) {
    const came = request()
    await send(`${base}/status?id=1#rc=0`, { target: { url: `${base}/status?id=1#rc=0`, method } })
    await came
  }
  const [post, get] = seen
  assert.deepEqual([post?.method, post?.url, post?.valid], ['POST', '/status?id=1', true])
  assert.equal(post?.form.From, 'sip:kate@example.com')
  assert.equal(post?.form.Empty, '')
  assert.equal(post?.headers['i-twilio-idempotency-token'], 'event-1')
  const query = `/status?id=1&CallSid=${CALL}&CallStatus=in-progress&From=sip%3Akate%40example.com&Empty=`
  assert.deepEqual([get?.method, get?.url, get?.valid], ['GET', query, true])
  assert.deepEqual(notes, [])
})

test('TR-12: an answer that is not a 2xx is a 15003 warning, and is not asked again', async () => {
  const { base, seen } = await application(503)
  const { send, note } = await house()
  const written = note()
  await send(`${base}/status`)
  const { problem, call, request } = await written
  assert.deepEqual([problem.level, problem.code, call], ['warning', 15003, CALL.slice(2)])
  assert.match(problem.message, /answered 503/)
  assert.deepEqual([request?.url, request?.variables.CallStatus], [`${base}/status`, 'in-progress'])
  assert.equal(seen.length, 1)
})

test('TR-04: the fragment asks for more tries, with the same token', async () => {
  const { base, seen, request } = await application(503, 404, 200)
  const { send, notes } = await house()
  let came = request()
  await send(`${base}/status#rc=3&rp=all`)
  for (let round = 0; round < 3; round++) {
    await came
    came = request()
  }
  assert.equal(seen.length, 3)
  assert.equal(new Set(seen.map(({ headers }) => headers['i-twilio-idempotency-token'])).size, 1)
  assert.deepEqual(notes, [])
})

test('TR-04, TR-12: without a connection there is one more try and then the warning', async () => {
  const { send, note } = await house()
  const written = note()
  await send('http://127.0.0.1:1/status')
  assert.match((await written).problem.message, /No connection/)
})

test('TR-10: a callback URL is absolute, with a host that can be one', () => {
  for (const good of ['https://example.com/a', 'http://localhost:3000', 'http://u:p@10.0.0.1/#rc=1']) {
    assert.ok(isCallbackUrl(good), good)
  }
  for (const bad of [
    '/relative',
    'example.com',
    'ftp://example.com',
    'http://my_host/',
    'https://',
    'mailto:a@b',
    '',
  ]) {
    assert.ok(!isCallbackUrl(bad), bad)
  }
  const draft = callbackDraft({ target: { url: '/x', method: 'POST' } } as Callback)
  assert.equal(!draft.ok && draft.error.code, 21609)
})
