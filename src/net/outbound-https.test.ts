import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { GuardedHttp } from './outbound-http.ts'

// Made for this test: names app.example and 127.0.0.1, valid for a hundred years, trusted by nobody.
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqTuNz8teHm4VohiL
Kmw5aIr5RvPfzatRcAad39EuN3GhRANCAAQhX/P4SiAl5DBhc7uA0FrHiopwkc72
K4ZbGdcpEw0x1vlWR1I6YjBhbol/QkiwBEWSGe+/eSgZRNxByOCrPa53
-----END PRIVATE KEY-----`
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBoTCCAUegAwIBAgIUA+emgctiyOjcbd5LgsAN+Q9jIR8wCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLYXBwLmV4YW1wbGUwIBcNMjYxMTIwMjE1MzMzWhgPMjEyNjEw
MjcyMTUzMzNaMBYxFDASBgNVBAMMC2FwcC5leGFtcGxlMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEIV/z+EogJeQwYXO7gNBax4qKcJHO9iuGWxnXKRMNMdb5VkdS
OmIwYW6Jf0JIsARFkhnvv3koGUTcQcjgqz2ud6NxMG8wHQYDVR0OBBYEFI573pgC
HoRud4R3iWErbHWcmtqsMB8GA1UdIwQYMBaAFI573pgCHoRud4R3iWErbHWcmtqs
MA8GA1UdEwEB/wQFMAMBAf8wHAYDVR0RBBUwE4ILYXBwLmV4YW1wbGWHBH8AAAEw
CgYIKoZIzj0EAwIDSAAwRQIhAOC1IXpWgXSl/o/x2HfB6R6UqmZc5p814uWbxvDT
AwM4AiAnL/dfyNsaKrK48H6l4zd9eanXJaAiOApIrcPfGDgSQw==
-----END CERTIFICATE-----`

const names: (string | false | null)[] = []
const server = createServer({ key: KEY, cert: CERTIFICATE }, (request, reply) => {
  names.push((request.socket as import('node:tls').TLSSocket).servername)
  reply.end(request.headers.host)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const clients: GuardedHttp[] = []
after(() => {
  server.close()
  server.closeAllConnections()
  for (const client of clients) client.close()
})

function ask(host: string, trusted: boolean) {
  const client = new GuardedHttp({
    allow: ['127.0.0.0/8'],
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    ...(trusted ? { extraCertificates: [CERTIFICATE] } : {}),
  })
  clients.push(client)
  return client.request({
    method: 'POST',
    url: `https://${host}:${port}/`,
    headers: {},
    body: Buffer.from('x'),
    timeoutMs: 2_000,
    maxBodyOctets: 100,
    maxRedirects: 0,
  })
}

test('https goes to the vetted address with the name in SNI and Host', async () => {
  const reply = await ask('app.example', true)
  assert.equal(reply.ok && Buffer.from(reply.value.body).toString(), `app.example:${port}`)
  assert.deepEqual(names, ['app.example'])
})

test('telnyx-voice §9.2: certificates are verified, name and chain', async () => {
  const unknown = await ask('app.example', false)
  assert.equal(!unknown.ok && unknown.error.type, 'tls-failed')
  const wrongName = await ask('other.example', true)
  assert.equal(!wrongName.ok && wrongName.error.type, 'tls-failed')
  const byAddress = await ask('127.0.0.1', true)
  assert.ok(byAddress.ok)
})
