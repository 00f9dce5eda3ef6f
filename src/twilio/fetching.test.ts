import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { type AddressInfo, createServer as createTcp } from 'node:net'
import { after, test } from 'node:test'
import twilio from 'twilio'
import { seededChance } from '#base/chance.ts'
import type { AccountId } from '#base/ids.ts'
import type { OutboundHttp } from '#base/outbound.ts'
import { RealClock } from '#net/clock.ts'
import { GuardedHttp } from '#net/outbound-http.ts'
import { testIdentity } from '#testkit/certificates.ts'
import { connectionOptions } from './connection-options.ts'
import { inlineDocument, obtain, type Wish } from './documents.ts'
import { FetchMemory } from './fetch-memory.ts'
import { Fetcher, withQuery } from './fetching.ts'
import { sign } from './signature.ts'
import { PLAIN_MANNER } from './twiml/manner.ts'

const TOKEN = 'secret-token'
const ACCOUNT = 'a'.repeat(32) as AccountId
const closers: (() => void)[] = []
after(() => {
  for (const close of closers) close()
})

const http = new GuardedHttp({ allow: ['127.0.0.0/8'] })
closers.push(() => http.close())
function fetcher(through: OutboundHttp = http): Fetcher {
  return new Fetcher({
    http: through,
    clock: new RealClock(),
    chance: seededChance(1),
    signatures: {
      headers: (_account, _application, { url, form }) => ({ 'x-twilio-signature': sign(TOKEN, url, form) }),
    },
  })
}

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly form: Record<string, string>
  readonly valid: boolean
}

type Answer = (request: Seen, reply: ServerResponse) => void

/** An application on a real socket that checks every signature with the vendor's own validator. */
async function application(answer: Answer): Promise<{ readonly base: string; readonly seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer((request, reply) => {
    let body = ''
    request.on('data', (piece) => {
      body += piece
    })
    request.on('end', () => {
      const form = Object.fromEntries(new URLSearchParams(body))
      const url = `http://${request.headers.host}${request.url}`
      const signature = String(request.headers['x-twilio-signature'])
      const valid = twilio.validateRequest(TOKEN, signature, url, form)
      const one = { method: request.method!, url: request.url!, headers: request.headers, form, valid }
      seen.push(one)
      answer(one, reply)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const xml = (reply: ServerResponse, inside = '<Hangup/>'): void => {
  reply.setHeader('content-type', 'text/xml; charset=utf-8')
  reply.end(`<Response>${inside}</Response>`)
}

function wish(url: string, more: Partial<Wish> = {}): Wish {
  return {
    url,
    method: 'POST',
    parameters: [
      ['CallSid', 'CA1'],
      ['From', '+1 415'],
    ],
    fallback: null,
    context: 'main',
    manner: PLAIN_MANNER,
    account: ACCOUNT,
    application: null,
    memory: new FetchMemory(),
    ...more,
  }
}

function codes(obtained: Awaited<ReturnType<typeof obtain>>): readonly number[] {
  return obtained.noted.map(({ problem }) => problem.code)
}

test('TR-01, TR-02, STD-13: POST carries a form, GET adds to the query; both are signed as sent', async () => {
  const { base, seen } = await application((_, reply) => xml(reply))
  const posted = await obtain(wish(`${base}/voice?x=1#rc=0`), fetcher())
  assert.ok(posted.type === 'document')
  assert.equal(posted.url, `${base}/voice?x=1`)
  const got = await obtain(wish(`${base}/voice?x='1`, { method: 'GET' }), fetcher())
  assert.ok(got.type === 'document')
  assert.equal(got.url, `${base}/voice?x='1`)
  const [post, get] = seen
  assert.deepEqual([post?.method, post?.url, post?.form], ['POST', '/voice?x=1', { CallSid: 'CA1', From: '+1 415' }])
  assert.deepEqual([get?.method, get?.url, get?.form], ['GET', '/voice?x=%271&CallSid=CA1&From=%2B1+415', {}])
  assert.ok(post?.valid && get?.valid)
  assert.equal(post.headers['content-type'], 'application/x-www-form-urlencoded; charset=UTF-8')
  assert.equal(post.headers.accept, '*/*')
  assert.equal(post.headers['user-agent'], 'TwilioProxy/1.1')
  assert.ok(post.headers['i-twilio-idempotency-token'])
})

test('withQuery appends to what is there', () => {
  assert.equal(withQuery('https://e.com/a#x', [['b', 'c d']]), 'https://e.com/a?b=c+d')
  assert.equal(withQuery('https://e.com/a?', [['b', '&']]), 'https://e.com/a?b=%26')
  assert.equal(withQuery('https://e.com/a?x', []), 'https://e.com/a?x')
})

test('TR-05: redirects lose the form, are signed anew, and end after ten', async () => {
  const { base, seen } = await application(({ url }, reply) => {
    const left = Number(url.slice(1))
    if (left === 0) return xml(reply)
    reply.writeHead(307, { location: `/${left - 1}` }).end()
  })
  const ten = await obtain(wish(`${base}/10`), fetcher())
  assert.ok(ten.type === 'document')
  assert.equal(ten.url, `${base}/0`)
  assert.ok(seen.every(({ valid }) => valid))
  assert.deepEqual(seen.map(({ method, form }) => [method, Object.keys(form).length]).slice(0, 2), [
    ['POST', 2],
    ['GET', 0],
  ])
  assert.deepEqual(codes(await obtain(wish(`${base}/11`), fetcher())), [11215])
})

test('TR-06: cookies of an earlier answer come back for the rest of the call, also over a redirect', async () => {
  const { base, seen } = await application(({ url }, reply) => {
    reply.setHeader('set-cookie', [
      'sid=1; Path=/; HttpOnly',
      `at=${url}; Expires=Wed, 09 Jun 2100 10:18:14 GMT`,
      'x=1; Domain=other.example',
    ])
    if (url === '/a') reply.writeHead(302, { location: '/b' }).end()
    else xml(reply)
  })
  const memory = new FetchMemory()
  await obtain(wish(`${base}/a`, { memory }), fetcher())
  await obtain(wish(`${base}/b`, { memory }), fetcher())
  await obtain(wish(`${base}/b`), fetcher())
  assert.deepEqual(
    seen.map(({ headers }) => headers.cookie),
    [undefined, 'sid=1; at=/a', 'sid=1; at=/b', undefined],
  )
})

test('TR-08: credentials are sent when asked for, and from then on', async () => {
  for (const scheme of ['Basic realm="r"', 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256']) {
    const { base, seen } = await application(({ headers }, reply) => {
      if (headers.authorization === undefined) reply.writeHead(401, { 'www-authenticate': scheme }).end()
      else xml(reply)
    })
    const memory = new FetchMemory()
    const url = `${base.replace('//', '//joe:p%40ss@')}/a`
    const obtained = await obtain(wish(url, { memory }), fetcher())
    assert.equal(obtained.type, 'document')
    await obtain(wish(url, { memory }), fetcher())
    const sent = seen.map(({ headers }) => headers.authorization?.split(' ')[0])
    const word = scheme.split(' ')[0]
    assert.deepEqual(sent, [undefined, word, word])
    assert.ok(seen.every(({ valid }) => valid))
    if (word === 'Basic') assert.equal(seen[1]?.headers.authorization, `Basic ${btoa('joe:p@ss')}`)
    else assert.match(seen[2]!.headers.authorization!, /nc=00000002/)
  }
})

test('TR-07: a GET is asked for again only if it changed', async () => {
  const { base, seen } = await application(({ headers }, reply) => {
    if (headers['if-none-match'] === '"1"') return void reply.writeHead(304).end()
    reply.setHeader('etag', '"1"')
    xml(reply, '<Say>Hi</Say>')
  })
  const one = fetcher()
  for (let round = 0; round < 2; round++) {
    const obtained = await obtain(wish(`${base}/a`, { method: 'GET' }), one)
    assert.ok(obtained.type === 'document')
    assert.equal(obtained.document.verbs.length, 1)
  }
  await obtain(wish(`${base}/a`), one)
  await obtain(wish(`${base}/a`, { method: 'GET', account: 'b'.repeat(32) as AccountId }), one)
  assert.deepEqual(
    seen.map(({ headers }) => headers['if-none-match']),
    [undefined, '"1"', undefined, undefined],
  )
})

test('TR-11: a bad status, a bad document and a bad type each go to the fallback once, with the reason', async () => {
  const answers: Readonly<Record<string, Answer>> = {
    '/status': (_, reply) => void reply.writeHead(500).end('oops'),
    '/xml': (_, reply) => void reply.setHeader('content-type', 'text/xml').end('<Response>'),
    '/type': (_, reply) => void reply.setHeader('content-type', 'application/json').end('{}'),
    '/none': (_, reply) => void reply.end('<Response/>'),
    '/large': (_, reply) => void reply.setHeader('content-type', 'text/xml').end('x'.repeat(70_000)),
  }
  const { base, seen } = await application((request, reply) => {
    const answer = answers[request.url]
    if (answer === undefined) xml(reply)
    else answer(request, reply)
  })
  const expected = { '/status': 11200, '/xml': 12100, '/type': 12300, '/none': 12300, '/large': 11750 }
  for (const [path, code] of Object.entries(expected)) {
    const alone = await obtain(wish(base + path), fetcher())
    assert.equal(alone.type, 'nothing')
    assert.deepEqual(codes(alone), [code])
    seen.length = 0
    const fallback = { url: `${base}/fallback`, method: 'POST' } as const
    const saved = await obtain(wish(base + path, { fallback }), fetcher())
    assert.ok(saved.type === 'document')
    assert.equal(saved.url, `${base}/fallback`)
    assert.deepEqual([seen[1]?.form.ErrorCode, seen[1]?.form.ErrorUrl], [String(code), base + path])
    assert.deepEqual(codes(saved), [code])
  }
  const twice = await obtain(wish(`${base}/xml`, { fallback: { url: `${base}/status`, method: 'POST' } }), fetcher())
  assert.deepEqual([twice.type, ...codes(twice)], ['nothing', 12100, 11200])
  assert.equal(twice.noted[1]?.exchange?.body, 'oops')
})

test('TR-11: no connection is 11205, no name 11210, no URL 11100, no HTTP 11206', async () => {
  const garbage = createTcp((socket) => void socket.end('hello\r\n\r\n'))
  await new Promise<void>((resolve) => garbage.listen(0, '127.0.0.1', resolve))
  closers.push(() => void garbage.close())
  const port = (garbage.address() as AddressInfo).port
  assert.deepEqual(codes(await obtain(wish('http://127.0.0.1:1/'), fetcher())), [11205])
  const nameless = new GuardedHttp({ allow: [], resolve: async () => [] })
  closers.push(() => nameless.close())
  assert.deepEqual(codes(await obtain(wish('http://nowhere.invalid/'), fetcher(nameless))), [11210])
  assert.deepEqual(codes(await obtain(wish('/relative'), fetcher())), [11100])
  assert.deepEqual(codes(await obtain(wish('ftp://example.com/'), fetcher())), [11100])
  assert.deepEqual(codes(await obtain(wish(`http://127.0.0.1:${port}/`), fetcher())), [11206])
})

test('TR-09, TR-11, TR-14: a certificate nobody vouches for is 11237, a forbidden address 11205', async () => {
  const secure = createSecure({ key: testIdentity.key, cert: testIdentity.certificate })
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve))
  closers.push(() => void secure.close())
  const port = (secure.address() as AddressInfo).port
  assert.deepEqual(codes(await obtain(wish(`https://127.0.0.1:${port}/`), fetcher())), [11237])
  const strict = new GuardedHttp({ allow: [] })
  closers.push(() => strict.close())
  assert.deepEqual(codes(await obtain(wish('http://127.0.0.1/'), fetcher(strict))), [11205])
})

test('TR-03, TR-04: a connection is tried twice, and as often as the fragment says', async () => {
  for (const [fragment, tries] of [
    ['', 2],
    ['#rc=0', 1],
    ['#rc=3', 4],
    ['#rc=3&rp=5xx', 1],
  ] as const) {
    let asked = 0
    const counting: OutboundHttp = {
      request: (request) => {
        asked++
        return http.request(request)
      },
    }
    await obtain(wish(`http://127.0.0.1:1/${fragment}`), fetcher(counting))
    assert.equal(asked, tries, fragment)
  }
})

test('TR-03, TR-04: silence ends it at the time the fragment allows; statuses are tried again when it says so', async () => {
  const silent = await application(() => {})
  const startedMs = performance.now()
  assert.deepEqual(codes(await obtain(wish(`${silent.base}/#rt=100`), fetcher())), [11200])
  assert.deepEqual(codes(await obtain(wish(`${silent.base}/#tt=120`), fetcher())), [11200])
  assert.ok(performance.now() - startedMs < 5_000)
  const moody = await application((_, reply) => {
    if (moody.seen.length < 3) reply.writeHead(503).end()
    else xml(reply)
  })
  const obtained = await obtain(wish(`${moody.base}/#rc=2&rp=5xx`), fetcher())
  assert.equal(obtained.type, 'document')
  assert.equal(moody.seen.length, 3)
  assert.equal(new Set(moody.seen.map(({ headers }) => headers['i-twilio-idempotency-token'])).size, 1)
  const once = await application((_, reply) => void reply.writeHead(503).end())
  await obtain(wish(`${once.base}/`), fetcher())
  assert.equal(once.seen.length, 1)
})

test('TR-04: the fragment is read within its bounds', () => {
  const usual = connectionOptions('https://e.com/')
  assert.deepEqual(
    [usual.connectMs, usual.silenceMs, usual.totalMs, usual.retries, [...usual.retryOn]],
    [5_000, 15_000, 15_000, 1, ['ct']],
  )
  const own = connectionOptions('https://e.com/#ct=50&rt=200&tt=99999&rc=9&rp=4xx,rt&sni=n&e=dublin')
  assert.deepEqual(
    [own.connectMs, own.silenceMs, own.totalMs, own.retries, [...own.retryOn]],
    [100, 200, 15_000, 5, ['4xx', 'rt']],
  )
  assert.equal(connectionOptions('https://e.com/#rp=all').retryOn.size, 4)
})

test('ENG-09, ENG-13: audio is played, plain text is spoken or TwiML, nothing is an empty document', async () => {
  const { base } = await application(({ url }, reply) => {
    if (url.startsWith('/audio')) reply.setHeader('content-type', 'audio/mpeg').end(Buffer.alloc(200_000))
    else if (url === '/words') reply.setHeader('content-type', 'text/plain').end(' Hello & welcome ')
    else if (url === '/plain') reply.setHeader('content-type', 'text/plain').end('<Response><Leave/></Response>')
    else if (url === '/html') reply.setHeader('content-type', 'text/html').end('<Response><Hangup/></Response>')
    else reply.writeHead(204).end()
  })
  const verbs = async (path: string, more: Partial<Wish> = {}) => {
    const obtained = await obtain(wish(base + path, more), fetcher())
    return obtained.type === 'document' ? obtained.document.verbs : codes(obtained)
  }
  assert.deepEqual(await verbs('/audio?a=1', { method: 'GET', context: 'hold' }), [
    { type: 'play', url: `${base}/audio?a=1`, digits: null, times: 1 },
  ])
  const [say] = await verbs('/words')
  assert.deepEqual(say, { type: 'say', text: 'Hello & welcome', markup: 'text', voice: null, language: null, times: 1 })
  assert.deepEqual(await verbs('/plain', { context: 'queue-wait' }), [{ type: 'leave' }])
  assert.deepEqual(await verbs('/plain', { context: 'hold' }), [12200])
  assert.deepEqual(await verbs('/html'), [{ type: 'hangup', parameters: [] }])
  assert.deepEqual(await verbs('/empty'), [])
})

test('ENG-03: warnings come with the exchange they were met in', async () => {
  const { base } = await application((_, reply) => xml(reply, '<Foo/><Hangup/>'))
  const obtained = await obtain(wish(`${base}/a`), fetcher())
  assert.equal(obtained.type, 'document')
  assert.deepEqual(codes(obtained), [12200])
  assert.equal(obtained.noted[0]?.exchange?.url, `${base}/a`)
})

test('ENG-07, ENG-08: an inline document is short, and its Gather, Record and Pay name absolute actions', () => {
  const code = (inside: string) => {
    const read = inlineDocument(`<Response>${inside}</Response>`, PLAIN_MANNER)
    return read.ok ? 0 : read.error.code
  }
  assert.equal(code('<Say>Hi</Say><Dial action="/next">+14155550100</Dial>'), 0)
  assert.equal(code('<Gather action="https://example.com/x"/>'), 0)
  for (const verb of ['<Gather/>', '<Record action="/x"/>', '<Pay action="x"/>']) assert.equal(code(verb), 11100)
  assert.equal(code(`<Say>${'x'.repeat(4_000)}</Say>`), 11750)
})

test('a request of a document’s own is guarded like any other, goes nowhere else, and tells any status', async () => {
  const { base, seen } = await application((request, reply) => {
    if (request.url === '/away') reply.writeHead(302, { location: `${base}/elsewhere` }).end()
    else reply.writeHead(404, { 'content-type': 'application/json' }).end('{"a":1}')
  })
  const request = {
    method: 'POST',
    headers: [{ name: 'Authorization', value: 'Bearer key' }],
    body: '{"b":2}',
  } as const
  const told = await fetcher().send({ ...request, url: `${base}/here` })
  assert.deepEqual(told.ok && [told.value.status, told.value.body], [404, '{"a":1}'])
  assert.equal(seen[0]!.headers.authorization, 'Bearer key')
  assert.equal(seen[0]!.headers['x-twilio-signature'], undefined)
  // What it carries is meant for one server.
  const away = await fetcher().send({ ...request, url: `${base}/away` })
  assert.equal(away.ok && away.value.status, 302)
  assert.deepEqual(
    seen.map(({ url }) => url),
    ['/here', '/away'],
  )
  const strict = new GuardedHttp({ allow: [] })
  closers.push(() => strict.close())
  for (const [url, code, through] of [
    [`${base}/here`, 11205, strict],
    ['/relative', 11100, http],
  ] as const) {
    const refused = await fetcher(through).send({ ...request, url })
    assert.equal(refused.ok ? 0 : refused.error.problem.code, code)
  }
})
