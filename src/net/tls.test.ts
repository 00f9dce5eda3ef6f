// TLS on real sockets: whom a certificate must name, what is refused, and renewal while connections live.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Address, StreamConnection, StreamHandlers, StreamListener } from '#base/wire.ts'
import { renewedIdentity, type TestIdentity, testIdentity } from '#testkit/certificates.ts'
import { TcpNet } from './tcp.ts'
import { TlsNet } from './tls.ts'

const ANY: Address = { host: '127.0.0.1', port: 0 }
const silent: StreamHandlers = { onBytes() {}, onClose() {} }
const TIMEOUT_MS = 5000

function serverNet(): TlsNet {
  return new TlsNet({ identity: testIdentity, extraCa: [], verify: true })
}

function clientNet(trusted: readonly TestIdentity[], verify = true): TlsNet {
  return new TlsNet({ identity: null, extraCa: trusted.map((one) => one.certificate), verify })
}

/** Says back what it hears. */
async function echo(net: TlsNet): Promise<StreamListener> {
  const listening = await net.listen(ANY, (connection) => ({
    onBytes: (bytes) => connection.write(Uint8Array.from(bytes)),
    onClose() {},
  }))
  assert.ok(listening.ok)
  return listening.value
}

function said(net: TlsNet, remote: Address, name: string): Promise<string> {
  return new Promise((resolve) => {
    let connection: StreamConnection | null = null
    const handlers: StreamHandlers = {
      onBytes: (bytes) => {
        connection?.end()
        resolve(Buffer.from(bytes).toString())
      },
      onClose() {},
    }
    void net.connect(remote, name, handlers, TIMEOUT_MS).then((connected) => {
      if (!connected.ok) return resolve(connected.error.reason)
      connection = connected.value
      connection.write(Buffer.from('hello'))
    })
  })
}

test('a peer is believed when its certificate names the host, the address or the SIP domain (RFC 5922 §7.2)', async () => {
  const server = await echo(serverNet())
  const client = clientNet([testIdentity])
  for (const name of ['sip.example', 'localhost', '127.0.0.1', 'voice.example'])
    assert.equal(await said(client, server.local, name), 'hello', name)
  assert.match(await said(client, server.local, 'other.example'), /TLS with other\.example: .*altnames/)
  server.close()
})

test('an unknown authority is refused, unless anything goes', async () => {
  const server = await echo(serverNet())
  assert.match(await said(clientNet([]), server.local, 'sip.example'), /self-signed/)
  assert.equal(await said(clientNet([], false), server.local, 'sip.example'), 'hello')
  server.close()
})

test('plain text on a TLS port is closed, and the door stays open for others', async () => {
  const server = await echo(serverNet())
  const closed = await new Promise<string>((resolve) => {
    void new TcpNet()
      .connect(server.local, { onBytes() {}, onClose: (reason) => resolve(reason) }, TIMEOUT_MS)
      .then((connected) => {
        assert.ok(connected.ok)
        connected.value.write(Buffer.from('OPTIONS sip:x SIP/2.0\r\n\r\n'))
      })
  })
  assert.notEqual(closed, 'local')
  assert.equal(await said(clientNet([testIdentity]), server.local, 'sip.example'), 'hello')
  server.close()
})

test('a renewed certificate is shown to the next caller, and those there talk on', async () => {
  const net = serverNet()
  const server = await echo(net)
  let heard = ''
  const old = await clientNet([testIdentity]).connect(
    server.local,
    'sip.example',
    { onBytes: (bytes) => (heard += Buffer.from(bytes).toString()), onClose() {} },
    TIMEOUT_MS,
  )
  assert.ok(old.ok)
  assert.deepEqual(net.renew(renewedIdentity), { ok: true, value: null })
  assert.equal(await said(clientNet([renewedIdentity]), server.local, 'renewed.example'), 'hello')
  old.value.write(Buffer.from('still here'))
  assert.equal(await said(clientNet([renewedIdentity]), server.local, 'renewed.example'), 'hello')
  assert.equal(heard, 'still here')
  assert.equal(net.renew({ ...renewedIdentity, key: testIdentity.key }).ok, false)
  old.value.end()
  server.close()
})

test('without a certificate there is no door', async () => {
  const net = clientNet([])
  assert.equal(net.canListen, false)
  const listening = await net.listen(ANY, () => silent)
  assert.equal(listening.ok, false)
})
