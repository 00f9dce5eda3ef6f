import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { describe, test } from 'node:test'
import type { Address, DatagramNet, DatagramSocket } from '#base/wire.ts'
import { nativeUdp, whyNoNativeUdp } from './native-udp.ts'
import { UdpNet } from './udp.ts'

interface Ear {
  readonly socket: DatagramSocket
  readonly heard: string[]
  readonly sources: Address[]
  /** How long each datagram waited, ms. */
  readonly waited: (number | undefined)[]
  readonly errors: string[]
  /** The next datagram's text. */
  next(): Promise<string>
  nextError(): Promise<string>
}

const say = (from: DatagramSocket, text: string, to: Address) => from.send(Buffer.from(text), to)

async function ear(net: DatagramNet, port = 0, host = '127.0.0.1'): Promise<Ear> {
  const news = new EventEmitter()
  const heard: string[] = []
  const sources: Address[] = []
  const waited: (number | undefined)[] = []
  const errors: string[] = []
  const bound = await net.bind(
    { host, port },
    {
      onDatagram: (bytes, from, waitedMs) => {
        heard.push(Buffer.from(bytes).toString())
        sources.push(from)
        waited.push(waitedMs)
        news.emit('datagram', heard.at(-1))
      },
      onError: (reason) => {
        errors.push(reason)
        news.emit('refused', reason)
      },
    },
  )
  assert.ok(bound.ok)
  return {
    socket: bound.value,
    heard,
    sources,
    waited,
    errors,
    next: async () => ((await once(news, 'datagram')) as string[])[0]!,
    nextError: async () => ((await once(news, 'refused')) as string[])[0]!,
  }
}

/** A port that was free a moment ago. */
async function freePort(net: DatagramNet): Promise<number> {
  const scout = await ear(net)
  const { port } = scout.socket.local
  scout.socket.close()
  await new Promise((resolve) => setImmediate(resolve))
  return port
}

/** Bound by number, as media sockets are. */
const numberedEar = async (net: DatagramNet): Promise<Ear> => ear(net, await freePort(net))

const end = (...ears: readonly Ear[]): void => {
  for (const { socket } of ears) socket.close()
}

const native = nativeUdp()
if (native === null) console.log(`native sockets: not tested, ${whyNoNativeUdp()}`)

for (const [name, net] of [
  ['portable', new UdpNet()],
  ['native', native],
] as const) {
  if (net !== null) describe(`${name} sockets`, () => behave(net))
}

function behave(net: DatagramNet): void {
  test('connect(null) right after connect(peer) leaves the socket open to everybody', async () => {
    const [one, a, b] = [await numberedEar(net), await ear(net), await ear(net)]
    one.socket.connect!(a.socket.local)
    one.socket.connect!(null)
    const atB = b.next()
    say(one.socket, 'out', b.socket.local)
    assert.equal(await atB, 'out')
    // A socket the kernel still held connected to `a` would never hear `b`.
    const atOne = one.next()
    say(b.socket, 'in', one.socket.local)
    assert.equal(await atOne, 'in')
    end(one, a, b)
  })

  test('the last of several connects in one turn is the peer', async () => {
    const [one, a, b] = [await numberedEar(net), await ear(net), await ear(net)]
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
    // Nor is anybody else spoken to.
    say(one.socket, 'to a stranger', a.socket.local)
    say(one.socket, 'to the peer', b.socket.local)
    assert.equal(await b.next(), 'to the peer')
    assert.deepEqual(a.heard, [])
    end(one, a, b)
  })

  test('a socket whose port the system chose keeps it through connect and disconnect', async () => {
    const [one, a, b] = [await ear(net), await ear(net), await ear(net)]
    one.socket.connect!(a.socket.local)
    one.socket.connect!(null)
    const atOne = one.next()
    say(b.socket, 'still there', one.socket.local)
    assert.equal(await atOne, 'still there')
    end(one, a, b)
  })

  test('each datagram comes with its own source', async () => {
    const [one, a, b] = [await ear(net), await ear(net), await ear(net)]
    for (const speaker of [a, b, a]) {
      const atOne = one.next()
      say(speaker.socket, 'here', one.socket.local)
      await atOne
    }
    assert.deepEqual(one.sources, [a.socket.local, b.socket.local, a.socket.local])
    end(one, a, b)
  })

  test('more sockets than one turn tells, each heard once and in order', async () => {
    const speaker = await ear(net)
    const ears = await Promise.all(Array.from({ length: 300 }, () => ear(net)))
    const all = ears.map((one, index) => {
      say(speaker.socket, `first to ${index}`, one.socket.local)
      say(speaker.socket, `second to ${index}`, one.socket.local)
      return one.next().then(async () => {
        if (one.heard.length < 2) await one.next()
      })
    })
    await Promise.all(all)
    for (const [index, { heard }] of ears.entries()) {
      assert.deepEqual(heard, [`first to ${index}`, `second to ${index}`])
    }
    end(speaker, ...ears)
  })

  test('a receiver may close its own socket and others, and what they had waiting is not told', async () => {
    const speaker = await ear(net)
    const heard: string[] = []
    const sockets: DatagramSocket[] = []
    const done = Promise.withResolvers<void>()
    for (const name of ['a', 'b']) {
      const bound = await net.bind(
        { host: '127.0.0.1', port: 0 },
        {
          onDatagram: () => {
            heard.push(name)
            for (const socket of sockets) socket.close()
            setImmediate(done.resolve)
          },
        },
      )
      assert.ok(bound.ok)
      sockets.push(bound.value)
    }
    for (const { local } of sockets) say(speaker.socket, 'close', local)
    await done.promise
    assert.equal(heard.length, 1)
    // A closed socket sends nothing, connects to nobody and closes again.
    for (const socket of sockets) {
      say(socket, 'from the dead', speaker.socket.local)
      socket.connect!(speaker.socket.local)
      socket.close()
    }
    const alive = await ear(net)
    const atSpeaker = speaker.next()
    say(alive.socket, 'from the living', speaker.socket.local)
    assert.equal(await atSpeaker, 'from the living')
    assert.deepEqual(speaker.heard, ['from the living'])
    end(speaker, alive)
  })

  test('a socket bound by a receiver hears only what is meant for it', async () => {
    const speaker = await ear(net)
    const victim = await ear(net)
    const born: Ear[] = []
    const first = await net.bind(
      { host: '127.0.0.1', port: 0 },
      {
        onDatagram: () => {
          victim.socket.close()
          void ear(net).then((one) => born.push(one))
        },
      },
    )
    assert.ok(first.ok)
    say(speaker.socket, 'go', first.value.local)
    say(speaker.socket, 'for one who is gone', victim.socket.local)
    while (born.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const heard = born[0]!.next()
    say(speaker.socket, 'for the newborn', born[0]!.socket.local)
    assert.equal(await heard, 'for the newborn')
    assert.deepEqual(born[0]!.heard, ['for the newborn'])
    first.value.close()
    end(speaker, victim, ...born)
  })

  test('a peer that is not there (ICMP) is an error, and the next datagram goes through', async () => {
    const [one, port] = [await numberedEar(net), await freePort(net)]
    const peer = { host: '127.0.0.1', port }
    one.socket.connect!(peer)
    const refused = one.nextError()
    say(one.socket, 'anybody?', peer)
    assert.match(await refused, /ECONNREFUSED/)
    const late = await ear(net, port)
    const atLate = late.next()
    say(one.socket, 'now?', peer)
    assert.equal(await atLate, 'now?')
    end(one, late)
  })

  test('a port that is taken, and an address that is not ours', async () => {
    const one = await ear(net)
    const taken = await net.bind(one.socket.local, { onDatagram: () => {} })
    assert.deepEqual(taken, { ok: false, error: { type: 'address-in-use', local: one.socket.local } })
    const foreign = await net.bind({ host: '192.0.2.1', port: 0 }, { onDatagram: () => {} })
    assert.ok(!foreign.ok && foreign.error.type === 'bind-failed')
    assert.match(foreign.error.reason, /EADDRNOTAVAIL/)
    end(one)
  })

  test('IPv6', async () => {
    const [one, two] = [await ear(net, 0, '::1'), await ear(net, 0, '::1')]
    const atTwo = two.next()
    say(one.socket, 'six', two.socket.local)
    assert.equal(await atTwo, 'six')
    assert.deepEqual(two.sources, [one.socket.local])
    end(one, two)
  })
}

test('what is longer than any RTP packet is an error of the native sockets', { skip: native === null }, async () => {
  const [one, two] = [await ear(native!), await ear(native!)]
  const wrong = two.nextError()
  one.socket.send(new Uint8Array(2049), two.socket.local)
  assert.equal(await wrong, 'EMSGSIZE')
  const atTwo = two.next()
  one.socket.send(new Uint8Array(2048), two.socket.local)
  assert.equal((await atTwo).length, 2048)
  end(one, two)
})

test('gathered datagrams wait, are told together or when asked for, and say how long they waited', {
  skip: native === null,
}, async () => {
  const [one, two] = [await ear(native!), await ear(native!)]
  native!.gather!(20)
  try {
    const first = two.next()
    say(one.socket, 'first after a silence', two.socket.local)
    await first
    say(one.socket, 'a', two.socket.local)
    say(one.socket, 'b', two.socket.local)
    native!.tellNow!()
    // One datagram of each socket at a time.
    native!.tellNow!()
    assert.deepEqual(two.heard.slice(1), ['a', 'b'])
    const late = two.next()
    say(one.socket, 'not asked for', two.socket.local)
    assert.equal(await late, 'not asked for')
    const waitedMs = two.waited.at(-1)!
    assert.ok(waitedMs > 0 && waitedMs < 1000, `waited ${waitedMs} ms`)
  } finally {
    native!.gather!(0)
  }
  end(one, two)
})
