import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcp, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { OutboundRequest } from '#base/outbound.ts'
import { GuardedHttp } from './outbound-http.ts'
import { addressVetter } from './vet-address.ts'

const closers: (() => void)[] = []
after(() => {
  for (const close of closers) close()
})

async function web(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A server that answers raw octets. */
async function raw(talk: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcp((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    talk(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const LOOPBACK = ['127.0.0.0/8', '::1/128']
function client(options: Partial<ConstructorParameters<typeof GuardedHttp>[0]> = {}): GuardedHttp {
  const made = new GuardedHttp({ allow: LOOPBACK, ...options })
  closers.push(() => made.close())
  return made
}

function get(url: string, more: Partial<OutboundRequest> = {}): OutboundRequest {
  return { method: 'GET', url, headers: {}, timeoutMs: 1_000, maxBodyOctets: 1_000, maxRedirects: 3, ...more }
}

test('a request is sent as told and its reply comes back', async () => {
  const url = await web((request, reply) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      reply.setHeader('x-seen', `${request.method} ${request.url} ${request.headers['x-mine']} ${request.headers.host}`)
      reply.end(Buffer.concat(chunks))
    })
  })
  const body = Buffer.from('{"a":"ü"}')
  const reply = await client().request(get(`${url}/hook?a=b`, { method: 'POST', headers: { 'x-mine': '1' }, body }))
  assert.ok(reply.ok)
  assert.equal(reply.value.status, 200)
  assert.deepEqual(Buffer.from(reply.value.body), body)
  assert.equal(reply.value.headers['x-seen'], `POST /hook?a=b 1 ${new URL(url).host}`)
})

test('a body is sent as it is read; an answer before its end stops the reading', async () => {
  let seen = 0
  const taking = await web((request, reply) => {
    request.on('data', (chunk: Buffer) => {
      seen += chunk.length
    })
    request.on('end', () => reply.end(request.headers['content-length']))
  })
  let read = 0
  const upload = (pieces: number) => ({
    octets: pieces * 65_536,
    async *open() {
      for (read = 0; read < pieces; read++) yield new Uint8Array(65_536)
    },
  })
  const put = (url: string, pieces: number) =>
    client().request(get(url, { method: 'PUT', upload: upload(pieces), maxRedirects: 0 }))
  const taken = await put(taking, 100)
  assert.ok(taken.ok)
  assert.equal(Buffer.from(taken.value.body).toString(), String(100 * 65_536))
  assert.equal(seen, 100 * 65_536)

  const gone = Promise.withResolvers<void>()
  const refusing = await web((request, reply) => {
    request.socket.once('close', () => gone.resolve())
    reply.statusCode = 403
    reply.end('no')
  })
  const refused = await put(refusing, 10_000)
  assert.ok(refused.ok)
  assert.equal(refused.value.status, 403)
  await gone.promise
  assert.ok(read < 10_000, `${read} pieces were read`)
})

test('the status line alone decides: a malformed chunked body after it is still a success', async () => {
  const url = await raw((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n')),
  )
  const reply = await client().request(get(url, { maxBodyOctets: 0 }))
  assert.equal(reply.ok && reply.value.status, 200)
  const read = await client().request(get(url))
  assert.equal(!read.ok && read.error.type, 'broken-reply')
})

test('a body that never ends does not hold up a caller who wants only the status', async () => {
  const url = await raw((socket) => socket.once('data', () => socket.write('HTTP/1.1 204 Fine\r\n\r\n')))
  const drip = await raw((socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n')),
  )
  for (const target of [url, drip]) {
    const reply = await client().request(get(target, { maxBodyOctets: 0, timeoutMs: 500 }))
    assert.ok(reply.ok)
  }
})

test('a server that does not answer in time is given up', async () => {
  const url = await raw(() => {})
  const started = performance.now()
  const reply = await client().request(get(url, { timeoutMs: 80 }))
  assert.deepEqual(reply, { ok: false, error: { type: 'timed-out' } })
  assert.ok(performance.now() - started < 1_000)
})

test('time for the status line is one budget over all redirects', async () => {
  const url = await web((request, reply) => {
    if (request.url === '/') setTimeout(() => reply.writeHead(302, { location: '/slow' }).end(), 60)
  })
  const started = performance.now()
  const reply = await client().request(get(`${url}/`, { timeoutMs: 120 }))
  assert.equal(!reply.ok && reply.error.type, 'timed-out')
  assert.ok(performance.now() - started < 600)
})

test('special addresses are refused however they are written', async () => {
  const guarded = client({ allow: [] })
  const written = [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.1',
    '017700000001',
    '0.0.0.0',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.0.8',
    '198.18.0.1',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::1]',
    '[2002:7f00:1::]',
    '[2001:0:1::]',
    '[fe80::1]',
    '[fc00::1]',
    '[fd12::1]',
    '[ff02::1]',
    '[fec0::1]',
    '[::ffff:0:127.0.0.1]',
    '①②⑦.⓪.⓪.①',
    '127.0.0.1.',
    '%31%32%37.0.0.1',
  ]
  for (const host of written) {
    const reply = await guarded.request(get(`http://${host}:9/`))
    assert.equal(!reply.ok && reply.error.type, 'refused-address', host)
  }
})

test('a name is vetted by what it resolves to, and connected to what was vetted', async () => {
  const url = await web((request, reply) => void reply.end(request.headers.host))
  const port = new URL(url).port
  let lookups = 0
  const rebinding = client({
    allow: ['127.0.0.1/32'],
    // The second answer is another than the first: it must never be asked for.
    resolve: async () => [{ address: lookups++ === 0 ? '127.0.0.1' : '10.0.0.1', family: 4 }],
  })
  const reply = await rebinding.request(get(`http://app.example:${port}/`))
  assert.equal(reply.ok && Buffer.from(reply.value.body).toString(), `app.example:${port}`)
  assert.equal(lookups, 1)
  const inside = client({ resolve: async () => [{ address: '192.168.0.9', family: 4 }] })
  const refused = await inside.request(get('http://inside.example/'))
  assert.deepEqual(refused, {
    ok: false,
    error: { type: 'refused-address', host: 'inside.example', reason: 'it is private' },
  })
})

test('of several addresses only the vetted ones are tried', async () => {
  const url = await web((_request, reply) => void reply.end('here'))
  const mixed = client({
    allow: ['127.0.0.1/32'],
    resolve: async () => [
      { address: '10.0.0.1', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ],
  })
  const reply = await mixed.request(get(`http://mixed.example:${new URL(url).port}/`))
  assert.equal(reply.ok && reply.value.status, 200)
})

test('a redirect is vetted anew, counted, and carries no credentials to another origin', async () => {
  const seen: (string | undefined)[] = []
  const other = await web((request, reply) => {
    seen.push(request.headers.authorization, request.headers['x-kept'] as string, request.method)
    reply.end('there')
  })
  const url = await web((request, reply) => {
    const to: Record<string, string> = {
      '/away': other,
      '/inside': 'http://10.0.0.1/',
      '/loop': '/loop',
      '/file': 'file:///etc/passwd',
    }
    reply.writeHead(307, { location: to[request.url!]! }).end('moved')
  })
  const guarded = client()
  const authorised = url.replace('http://', 'http://user:secret@')
  const away = await guarded.request(get(`${authorised}/away`, { method: 'POST', headers: { 'x-kept': 'yes' } }))
  assert.equal(away.ok && away.value.url, `${other}/`)
  assert.deepEqual(seen, [undefined, 'yes', 'POST'])
  const inside = await guarded.request(get(`${url}/inside`))
  assert.equal(!inside.ok && inside.error.type, 'refused-address')
  const loop = await guarded.request(get(`${url}/loop`))
  assert.equal(!loop.ok && loop.error.type, 'too-many-redirects')
  const file = await guarded.request(get(`${url}/file`))
  assert.equal(!file.ok && file.error.type, 'bad-url')
})

test('a body is cut at its bound, packed or not', async () => {
  const url = await web((request, reply) => {
    if (request.url === '/packed') reply.setHeader('content-encoding', 'gzip')
    reply.end(request.url === '/packed' ? gzipSync(Buffer.alloc(50_000_000)) : Buffer.alloc(100_000))
  })
  for (const path of ['/plain', '/packed']) {
    const reply = await client().request(get(url + path))
    assert.ok(reply.ok)
    assert.deepEqual([reply.value.body.length, reply.value.truncated], [1_000, true])
  }
})

test('a body can be taken piece by piece and stopped', async () => {
  const url = await web((_request, reply) => void reply.end(Buffer.alloc(500_000)))
  let octets = 0
  const onBody = (piece: Uint8Array): boolean => {
    octets += piece.length
    return octets < 100_000
  }
  const reply = await client().request(get(url, { maxBodyOctets: 1_000_000, onBody }))
  assert.ok(reply.ok)
  assert.ok(reply.value.truncated && octets >= 100_000 && octets < 300_000)
})

test('headers without end are a broken reply', async () => {
  const url = await raw((socket) =>
    socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n${'x-junk: aaaaaaaaaaaaaaaaaaaa\r\n'.repeat(2_000)}`)),
  )
  const reply = await client().request(get(url))
  assert.equal(!reply.ok && reply.error.type, 'broken-reply')
})

test('refused connections, dead names, bad URLs and bad headers are values', async () => {
  const guarded = client({ resolve: async () => Promise.reject(new Error('no such name')) })
  const kinds: Record<string, string> = {
    'http://127.0.0.1:1/': 'connect-failed',
    'http://nowhere.example/': 'dns-failed',
    'ftp://127.0.0.1/': 'bad-url',
    nonsense: 'bad-url',
    'http:///': 'bad-url',
    'http://%ZZ:x@127.0.0.1:1/': 'bad-url',
  }
  for (const [url, kind] of Object.entries(kinds)) {
    const reply = await guarded.request(get(url))
    assert.equal(!reply.ok && reply.error.type, kind, url)
  }
  const header = await guarded.request(get('http://127.0.0.1:1/', { headers: { 'x-bad': 'a\r\nb: c' } }))
  assert.equal(header.ok, false)
})

test('plain HTTP on a TLS port is told as a TLS failure', async () => {
  const url = await web((_request, reply) => void reply.end())
  const reply = await client().request(get(url.replace('http:', 'https:')))
  assert.equal(!reply.ok && reply.error.type, 'tls-failed')
})

test('connections are kept and used again, and one the server closed meanwhile is replaced', async () => {
  let connections = 0
  const url = await raw((socket) => {
    connections++
    let requests = 0
    socket.on('data', () => {
      // Every connection answers twice and hangs up on the third request.
      if (++requests > 2) socket.resetAndDestroy()
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    })
  })
  const guarded = client()
  for (let i = 0; i < 4; i++) {
    const reply = await guarded.request(get(url, { method: 'POST', body: Buffer.from('x'), maxBodyOctets: 0 }))
    assert.ok(reply.ok, `request ${i}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(connections <= 3, `${connections} connections`)
})

test('a hundred requests to one hanging host wait side by side', async () => {
  let open = 0
  const url = await raw(() => void open++)
  const guarded = client()
  await Promise.all(Array.from({ length: 100 }, () => guarded.request(get(url, { timeoutMs: 300 }))))
  assert.equal(open, 100)
})

test('an allow list that is none is a mistake of the operator', () => {
  assert.deepEqual(addressVetter(['10.0.0.0/33']), { ok: false, error: { badRange: '10.0.0.0/33' } })
  const vet = addressVetter(['192.168.7.0/24'])
  assert.ok(vet.ok)
  assert.equal(vet.value('192.168.7.9'), null)
  assert.equal(vet.value('::ffff:192.168.7.9'), null)
  assert.equal(vet.value('192.168.8.9'), 'it is private')
  assert.equal(vet.value('8.8.8.8'), null)
  assert.equal(vet.value('2606:4700::1111'), null)
})

test('a connection that does not come to stand in the time given is a failed one', async () => {
  // A secure connection to somebody who never answers the handshake.
  const silent = await raw(() => {})
  const startedMs = performance.now()
  const reply = await client().request(get(silent.replace('http', 'https'), { patience: { connectMs: 60 } }))
  assert.ok(!reply.ok)
  assert.equal(reply.error.type, 'connect-failed')
  assert.ok(performance.now() - startedMs < 900)
})

test('silence is measured from the connection, and between pieces of the body', async () => {
  const patience = { connectMs: 900, silenceMs: 60 }
  const mute = await client().request(get(await raw(() => {}), { patience }))
  assert.deepEqual(mute.ok || mute.error, { type: 'timed-out' })
  const stalling = await web((_, reply) => void reply.write('half'))
  const half = await client().request(get(stalling, { patience }))
  assert.deepEqual(half.ok || half.error, { type: 'timed-out' })
})

test('the total is kept however lively the body is', async () => {
  const dripping = await web((_, reply) => {
    const timer = setInterval(() => reply.write('drip'), 20)
    reply.on('close', () => clearInterval(timer))
  })
  const startedMs = performance.now()
  const reply = await client().request(get(dripping, { timeoutMs: 900, patience: { totalMs: 150 } }))
  assert.deepEqual(reply.ok || reply.error, { type: 'timed-out' })
  assert.ok(performance.now() - startedMs < 800)
})

test('cookies are told one by one', async () => {
  const url = await web((_, reply) => {
    reply.setHeader('set-cookie', ['a=1; Expires=Wed, 09 Jun 2100 10:18:14 GMT', 'b=2'])
    reply.end()
  })
  const reply = await client().request(get(url))
  assert.deepEqual(reply.ok && reply.value.setCookies, ['a=1; Expires=Wed, 09 Jun 2100 10:18:14 GMT', 'b=2'])
})
