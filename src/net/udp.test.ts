import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import type { Address, DatagramSocket } from '#base/wire.ts'
import { UdpNet } from './udp.ts'

interface Ear {
  readonly socket: DatagramSocket
  readonly heard: string[]
  /** The next datagram's text. */
  next(): Promise<string>
}

/** Bound to a port that was free a moment ago, by number, as media sockets are. */
async function numberedEar(): Promise<Ear> {
  const scout = await ear()
  const { port } = scout.socket.local
  scout.socket.close()
  await new Promise((resolve) => setImmediate(resolve))
  return ear(port)
}

async function ear(port = 0): Promise<Ear> {
  const news = new EventEmitter()
  const heard: string[] = []
  const bound = await new UdpNet().bind(
    { host: '127.0.0.1', port },
    {
      onDatagram: (bytes) => {
        heard.push(Buffer.from(bytes).toString())
        news.emit('datagram', heard.at(-1))
      },
    },
  )
  assert.ok(bound.ok)
  return { socket: bound.value, heard, next: async () => ((await once(news, 'datagram')) as string[])[0]! }
}

const say = (from: DatagramSocket, text: string, to: Address) => from.send(Buffer.from(text), to)

test('connect(null) right after connect(peer) leaves the socket open to everybody', async () => {
  const [one, a, b] = [await numberedEar(), await ear(), await ear()]
  one.socket.connect!(a.socket.local)
  one.socket.connect!(null)
  const atB = b.next()
  say(one.socket, 'out', b.socket.local)
  assert.equal(await atB, 'out')
  // A socket the kernel still held connected to `a` would never hear `b`.
  const atOne = one.next()
  say(b.socket, 'in', one.socket.local)
  assert.equal(await atOne, 'in')
  for (const { socket } of [one, a, b]) socket.close()
})

test('the last of several connects in one turn is the peer', async () => {
  const [one, a, b] = [await numberedEar(), await ear(), await ear()]
  one.socket.connect!(a.socket.local)
  one.socket.connect!(b.socket.local)
  const atB = b.next()
  say(one.socket, 'to b, in the same turn', b.socket.local)
  assert.equal(await atB, 'to b, in the same turn')
  const atOne = one.next()
  say(a.socket, 'from a stranger', one.socket.local)
  say(b.socket, 'from the peer', one.socket.local)
  assert.equal(await atOne, 'from the peer')
  assert.deepEqual(one.heard, ['from the peer'])
  for (const { socket } of [one, a, b]) socket.close()
})

test('a socket whose port the system chose keeps it through connect and disconnect', async () => {
  const [one, a, b] = [await ear(), await ear(), await ear()]
  one.socket.connect!(a.socket.local)
  one.socket.connect!(null)
  const atOne = one.next()
  say(b.socket, 'still there', one.socket.local)
  assert.equal(await atOne, 'still there')
  for (const { socket } of [one, a, b]) socket.close()
})
