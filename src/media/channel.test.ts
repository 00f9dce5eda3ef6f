import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { silentLog } from '#base/log.ts'
import { HandClock } from '#testkit/clock.ts'
import { MemoryDisk } from '#testkit/disk.ts'
import { VirtualNet } from '#testkit/network.ts'
import { connectChannel } from './channel-client.ts'
import { encodeFrame, FrameDecoder } from './channel-frames.ts'
import { serveChannel } from './channel-server.ts'
import { MemoryChannel } from './memory-channel.ts'
import type { MediaChannel, MediaEvent } from './protocol.ts'
import { MediaWorker } from './worker.ts'

const CONTROL = { host: '127.0.0.1', port: 9000 }

async function house() {
  const clock = new HandClock()
  const net = new VirtualNet(clock)
  const disk = new MemoryDisk()
  const ports = { first: 30_000, last: 30_099 }
  const worker = new MediaWorker({ clock, chance: seededChance(1), net, disk, log: silentLog, ports })
  let finished = false
  const onFinished = () => {
    finished = true
  }
  const server = serveChannel({ worker, clock, log: silentLog, secret: 'open', graceMs: 5000, onFinished })
  await net.listen(CONTROL, (connection) => server.accept(connection))
  const connect = async (secret = 'open') => {
    const channel = await connectChannel(net, CONTROL, secret, 1000)
    assert.ok(channel.ok)
    return { channel: channel.value, events: eventsOf(channel.value) }
  }
  return { clock, net, worker, connect, finished: () => finished }
}

function eventsOf(channel: MediaChannel): MediaEvent[] {
  const events: MediaEvent[] = []
  channel.onEvent((event) => events.push(event))
  return events
}

test('frames are cut out of a stream however it is broken up', () => {
  const messages = [{ a: 1 }, { text: 'ü'.repeat(300) }, []]
  const bytes = Buffer.concat(messages.map((message) => encodeFrame(message)))
  for (const size of [1, 3, 7, 100, bytes.length]) {
    const decoder = new FrameDecoder()
    const out: unknown[] = []
    for (let at = 0; at < bytes.length; at += size) {
      const decoded = decoder.push(bytes.subarray(at, at + size))
      assert.ok(decoded.ok)
      out.push(...decoded.value)
    }
    assert.deepEqual(out, messages)
  }
})

test('a frame too long or not JSON is refused', () => {
  assert.deepEqual(new FrameDecoder().push(Uint8Array.from([0xff, 0, 0, 0])), {
    ok: false,
    error: { type: 'frame-too-long', octets: 0xff000000 },
  })
  assert.equal(new FrameDecoder().push(Uint8Array.from([0, 0, 0, 1, 123])).ok, false)
})

test('over a socket, commands reach the worker and events come back in order', async () => {
  const { clock, connect } = await house()
  const { channel, events } = await connect()
  for (const session of ['a', 'b']) channel.send({ type: 'open-session', session, bindHost: '127.0.0.1' })
  channel.send({ type: 'hello' })
  await clock.advance(10)
  assert.deepEqual(events.map((event) => event.type).sort(), ['session-opened', 'session-opened', 'worker-hello'])
})

test('a control without the secret is sent away', async () => {
  const { clock, connect } = await house()
  const { channel, events } = await connect('wrong')
  let closed = false
  channel.onClose(() => {
    closed = true
  })
  channel.send({ type: 'hello' })
  await clock.advance(10)
  assert.equal(closed, true)
  assert.deepEqual(events, [])
})

test('a control that comes back within the grace finds its sessions and the events it missed', async () => {
  const { clock, worker, connect } = await house()
  const first = await connect()
  first.channel.send({ type: 'open-session', session: 'a', bindHost: '127.0.0.1' })
  await clock.advance(10)
  first.channel.close()
  await clock.advance(1000)
  worker.handle({ type: 'stop-player', player: 'missed' })
  await clock.advance(3000)
  const second = await connect()
  second.channel.send({ type: 'hello' })
  await clock.advance(10)
  assert.deepEqual(
    second.events.map((event) => event.type),
    ['player-ended', 'worker-hello'],
  )
  await clock.advance(20_000)
  assert.equal(worker.sessionCount, 1)
})

test('when no control comes back within the grace the worker closes everything and is finished', async () => {
  const { clock, worker, connect, finished } = await house()
  const { channel } = await connect()
  channel.send({ type: 'open-session', session: 'a', bindHost: '127.0.0.1' })
  await clock.advance(10)
  channel.close()
  await clock.advance(4000)
  assert.equal(worker.sessionCount, 1)
  await clock.advance(2000)
  assert.equal(worker.sessionCount, 0)
  assert.equal(finished(), true)
})

test('in one process nothing is delivered inside the call that caused it', async () => {
  const clock = new HandClock()
  const net = new VirtualNet(clock)
  const ports = { first: 30_000, last: 30_099 }
  const worker = new MediaWorker({
    clock,
    chance: seededChance(1),
    net,
    disk: new MemoryDisk(),
    log: silentLog,
    ports,
  })
  const channel = new MemoryChannel(worker)
  const events = eventsOf(channel)
  channel.send({ type: 'stop-player', player: 'x' })
  channel.send({ type: 'hello' })
  assert.equal(events.length, 0)
  await clock.advance(1)
  assert.deepEqual(
    events.map((event) => event.type),
    ['player-ended', 'worker-hello'],
  )
})
