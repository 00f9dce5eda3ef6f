import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StreamHandlers } from '#base/wire.ts'
import { TcpNet } from './tcp.ts'

const silent: StreamHandlers = { onBytes() {}, onClose() {} }

test('a connection leaves from the address that is asked for', async () => {
  const net = new TcpNet()
  for (const localHost of [undefined, '127.0.0.2']) {
    const { promise: seen, resolve: see } = Promise.withResolvers<string>()
    const door = await net.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
      see(connection.remote.host)
      return silent
    })
    assert.ok(door.ok)
    const made = await net.connect(door.value.local, silent, 5_000, localHost)
    assert.ok(made.ok)
    assert.equal(await seen, localHost ?? '127.0.0.1')
    made.value.destroy()
    door.value.close()
  }
})
