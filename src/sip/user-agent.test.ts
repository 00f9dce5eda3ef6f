// Two user agents on a pretended network with a hand-wound clock; the races of research/sip §5 by number.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fairWeather } from '#testkit/network.ts'
import type { SipRequest } from './message.ts'
import { answer, End, offer, setUp } from './pair-conduct.ts'
import { parseMessage } from './parse.ts'

for (const kind of ['udp', 'tcp'] as const) {
  test(`a call over ${kind}: ring, answer, INFO, hang-up, and nothing is left`, async () => {
    const { clock, callee, dial, quiet } = await setUp()
    const caller = dial({}, kind)
    await clock.until(() => callee.call !== null)
    callee.call!.progress(180)
    await clock.advance(3_000)
    callee.call!.accept({ body: answer })
    await clock.advance(100)
    let infoStatus = 0
    caller.call!.request('INFO', { body: Buffer.from('Signal=5'), contentType: 'application/dtmf-relay' }, (r) => {
      infoStatus = r?.status ?? -1
    })
    await clock.advance(100)
    callee.call!.hangUp()
    await clock.advance(100)
    assert.deepEqual(caller.log, ['progress 180', 'accepted v=0 answer', 'ended remote bye 200'])
    assert.deepEqual(callee.log, ['acked', 'INFO', 'ended local bye 200'])
    assert.equal(infoStatus, 200)
    await quiet()
  })
}

test('late offer: the offer in the 2xx, the answer in the ACK', async () => {
  const { clock, callee, dial } = await setUp()
  const caller = dial({ body: null })
  caller.ackBody = answer
  await clock.until(() => callee.call !== null)
  callee.call!.accept({ body: offer })
  await clock.advance(100)
  assert.deepEqual(caller.log, ['accepted v=0 offer'])
  assert.deepEqual(callee.log, ['acked v=0 answer'])
})

test('race 1a: CANCEL wanted before the 100 waits for it', async () => {
  const { clock, callee, dial, wire, quiet } = await setUp()
  const caller = dial()
  caller.call!.hangUp()
  await clock.advance(100)
  assert.deepEqual(wire, ['5061> INVITE'])
  await clock.advance(900)
  assert.deepEqual(caller.log, ['ended local cancel 487'])
  assert.deepEqual(callee.log, ['ended remote cancel 487'])
  assert.deepEqual(wire, [
    '5061> INVITE',
    '5060> 100 INVITE',
    '5061> CANCEL',
    '5060> 200 CANCEL',
    '5060> 487 INVITE',
    '5061> ACK',
  ])
  await quiet()
})

test('race 1b: CANCEL crossing 200: the 200 wins, is acknowledged and hung up', async () => {
  const { clock, callee, dial, wire, quiet } = await setUp()
  const caller = dial()
  await clock.until(() => callee.call !== null)
  callee.call!.progress(180)
  await clock.advance(10)
  callee.call!.accept({ body: answer })
  caller.call!.hangUp()
  await clock.advance(1_000)
  assert.deepEqual(caller.log, ['progress 180', 'ended local cancel 487'])
  assert.deepEqual(callee.log, ['acked', 'ended remote bye 200'])
  assert.ok(wire.includes('5061> BYE') && wire.includes('5060> 200 CANCEL'))
  await quiet()
})

test('race 1c: CANCEL crossing 4xx ends with the refusal, once', async () => {
  const { clock, callee, dial, quiet } = await setUp()
  const caller = dial()
  await clock.until(() => callee.call !== null)
  callee.call!.progress(180)
  await clock.advance(10)
  callee.call!.reject(486)
  caller.call!.hangUp()
  await clock.advance(1_000)
  assert.deepEqual(caller.log, ['progress 180', 'ended local cancel 486'])
  assert.deepEqual(callee.log, ['ended local refused 486'])
  await quiet()
})

test('race 2: the 200 is repeated when the ACK was lost, and acknowledged again', async () => {
  const { clock, callee, dial, net, wire, quiet } = await setUp()
  let lost = 0
  net.setWeather(({ bytes }) => (bytes[0] === 65 /* ACK */ && lost++ < 2 ? 'drop' : fairWeather))
  const caller = dial()
  await clock.until(() => callee.call !== null)
  callee.call!.accept({ body: answer })
  await clock.advance(5_000)
  assert.deepEqual(caller.log, ['accepted v=0 answer'])
  assert.deepEqual(callee.log, ['acked'])
  assert.equal(wire.filter((line) => line === '5060> 200 INVITE').length, 3)
  callee.call!.hangUp()
  await quiet()
})

test('race 3a: BYE crossing BYE ends both sides once', async () => {
  const { clock, callee, up, quiet } = await setUp()
  const caller = await up()
  caller.call!.hangUp()
  callee.call!.hangUp()
  await clock.advance(1_000)
  assert.equal(caller.end?.how, 'bye')
  assert.equal(callee.end?.how, 'bye')
  await quiet()
})

test('race 3b: BYE crossing re-INVITE ends both sides', async () => {
  const { clock, callee, up, quiet } = await setUp()
  const caller = await up()
  assert.ok(caller.call!.reinvite(offer))
  callee.call!.hangUp()
  await clock.advance(1_000)
  assert.deepEqual([caller.end?.by, callee.end?.by], ['remote', 'local'])
  await quiet()
})

test('race 3c: the called side holds its BYE back until the ACK', async () => {
  const { clock, callee, dial, net, wire, quiet } = await setUp()
  let lost = 0
  net.setWeather(({ bytes }) => (bytes[0] === 65 && lost++ < 1 ? 'drop' : fairWeather))
  dial()
  await clock.until(() => callee.call !== null)
  callee.call!.accept({ body: answer })
  callee.call!.hangUp()
  await clock.advance(300)
  assert.ok(!wire.includes('5060> BYE'))
  await clock.advance(1_000)
  assert.ok(wire.indexOf('5060> BYE') > wire.lastIndexOf('5061> ACK'))
  assert.equal(callee.end?.how, 'bye')
  await quiet()
})

test('race 4: re-INVITE crossing re-INVITE: 491 both, then the Call-ID owner waits longer and both succeed', async () => {
  const { clock, callee, up, wire, quiet } = await setUp()
  const caller = await up()
  caller.call!.reinvite(offer)
  callee.call!.reinvite(offer)
  await clock.advance(100)
  assert.equal(wire.filter((line) => line.includes(' 491 ')).length, 2)
  await clock.advance(6_000)
  assert.ok(caller.log.includes('reinvited 200') && callee.log.includes('reinvited 200'))
  caller.call!.hangUp()
  await quiet()
})

test('a re-INVITE without an offer gets one, and its answer comes in the ACK', async () => {
  const { clock, callee, up } = await setUp()
  const caller = await up()
  caller.call!.reinvite(null)
  await clock.advance(100)
  assert.deepEqual(caller.log.slice(-1), ['reinvited 200'])
  assert.deepEqual(callee.log.slice(-2), ['offered ', 'acked'])
})

test('race 8: an INVITE repeated after the 2xx makes no second call', async () => {
  const { clock, net, callee, up, bob } = await setUp()
  let invite: Uint8Array | null = null
  net.watch(({ bytes }) => {
    if (bytes[0] === 73) invite ??= bytes
  })
  await up()
  const stray = await net.bind({ host: '127.0.0.1', port: 5099 }, { onDatagram() {} })
  assert.ok(stray.ok && invite !== null)
  stray.value.send(invite, { host: '127.0.0.1', port: 5060 })
  await clock.advance(1_000)
  assert.equal(bob.ua.size, 1)
  assert.deepEqual(callee.log, ['acked'])
})

test('race 15: without an ACK for 32 s the call fails and is hung up', async () => {
  const { clock, callee, dial, net, wire, quiet } = await setUp()
  net.setWeather(({ bytes }) => (bytes[0] === 65 ? 'drop' : fairWeather))
  dial()
  await clock.until(() => callee.call !== null)
  callee.call!.accept({ body: answer })
  await clock.advance(33_000)
  assert.deepEqual(callee.log, ['ended network failed 408'])
  assert.ok(wire.includes('5060> BYE'))
  await quiet()
})

test('a caller that answers nobody: unreachable after timer B, or the next target after its own limit', async () => {
  const { clock, callee, dial, quiet } = await setUp()
  const dead = dial({}, 'udp', { host: '127.0.0.1', port: 5999 })
  await clock.advance(33_000)
  assert.deepEqual(dead.log, ['ended network unreachable 408'])
  const second = dial({
    targets: [
      { kind: 'udp', address: { host: '127.0.0.1', port: 5999 }, flowId: null },
      { kind: 'udp', address: { host: '127.0.0.1', port: 5060 }, flowId: null },
    ],
    targetTimeoutMs: 3_000,
  })
  await clock.advance(3_100)
  assert.ok(callee.call !== null)
  callee.call.reject(603)
  await clock.advance(100)
  assert.deepEqual(second.log, ['ended remote refused 603'])
  await quiet()
})

test('a refused TCP connection is unreachable at once, and a large INVITE falls back to UDP', async () => {
  const { clock, callee, dial, wire, net } = await setUp()
  const dead = dial({}, 'tcp', { host: '127.0.0.1', port: 5999 })
  await clock.advance(10)
  assert.deepEqual(dead.log, ['ended network unreachable 503'])
  const seen: number[] = []
  const peer = await net.bind({ host: '127.0.0.1', port: 5070 }, { onDatagram: (bytes) => seen.push(bytes.length) })
  assert.ok(peer.ok)
  dial({ body: Buffer.alloc(1_400, 32) }, 'udp', { host: '127.0.0.1', port: 5070 })
  await clock.advance(10)
  assert.equal(seen.length, 1)
  wire.length = 0
  dial({ body: Buffer.alloc(1_400, 32) })
  await clock.advance(10)
  assert.ok(callee.call !== null && wire.length === 0, 'went over TCP')
})

test('race 13: a TCP connection that broke is answered over a new one', async () => {
  const { clock, callee, dial, net, alice, bob } = await setUp()
  const caller = dial({}, 'tcp')
  await clock.until(() => callee.call !== null)
  void net
  bob.transport.flow('tcp:1')
  alice.transport.dropStreams()
  await clock.advance(10)
  callee.call!.accept({ body: answer })
  await clock.advance(1_000)
  assert.deepEqual(caller.log, ['accepted v=0 answer'])
})

test('RFC 3261 §8.2.2.2: the same request by another way is refused as merged', async () => {
  const { clock, net, dial, callee } = await setUp()
  let invite: Uint8Array | null = null
  net.watch(({ bytes }) => {
    if (bytes[0] === 73) invite ??= bytes
  })
  dial()
  await clock.until(() => callee.call !== null)
  const statuses: number[] = []
  const other = await net.bind(
    { host: '127.0.0.1', port: 5099 },
    {
      onDatagram: (bytes) => {
        const parsed = parseMessage(bytes, 'datagram')
        if (parsed.ok && parsed.value.type === 'response') statuses.push(parsed.value.status)
      },
    },
  )
  assert.ok(other.ok && invite !== null)
  other.value.send(Buffer.from(Buffer.from(invite).toString('latin1').replace('z9hG4bK', 'z9hG4bKother'), 'latin1'), {
    host: '127.0.0.1',
    port: 5060,
  })
  await clock.advance(100)
  assert.deepEqual(statuses, [482])
})

/** A peer scripted by hand, to send what a good user agent would not. */
async function scripted(respond: (request: SipRequest, send: (text: string) => void) => void) {
  const world = await setUp()
  const got: string[] = []
  const socket = await world.net.bind(
    { host: '127.0.0.1', port: 5080 },
    {
      onDatagram: (bytes, from) => {
        const parsed = parseMessage(bytes, 'datagram')
        if (!parsed.ok || parsed.value.type !== 'request') return
        const request = parsed.value
        got.push(`${request.method} ${request.toTag ?? '-'}`)
        respond(request, (text) => {
          const [status, tag, extra = ''] = text.split(' ')
          const lines = [`SIP/2.0 ${status} X`, `Via: ${request.get('via')}`, `From: ${request.get('from')}`]
          lines.push(
            `To: ${request.get('to')}${request.toTag === null ? `;tag=${tag}` : ''}`,
            `Call-ID: ${request.callId}`,
            `CSeq: ${request.get('cseq')}`,
          )
          lines.push(
            'Contact: <sip:bob@127.0.0.1:5080>',
            `Content-Length: 0${extra === '' ? '' : `\r\n${extra.replaceAll('_', ' ')}`}`,
            '',
            '',
          )
          assert.ok(socket.ok)
          socket.value.send(Buffer.from(lines.join('\r\n')), from)
        })
      },
    },
  )
  const caller = world.dial({ credentials: { username: 'alice', password: 'x' } }, 'udp', {
    host: '127.0.0.1',
    port: 5080,
  })
  return { ...world, got, caller }
}

test('race 6: two 200 from a fork: both acknowledged, the second hung up', async () => {
  const { clock, got, caller } = await scripted((request, send) => {
    if (request.method === 'INVITE') {
      send('200 one')
      send('200 two')
    } else if (request.method === 'BYE') send('200 x')
  })
  await clock.advance(100)
  assert.deepEqual(got.sort(), ['ACK one', 'ACK two', 'BYE two', 'INVITE -'])
  assert.deepEqual(caller.log, ['accepted '])
})

test('race 7: 183 with tag A, 200 with tag B: the call is B', async () => {
  const { clock, caller } = await scripted((request, send) => {
    if (request.method === 'INVITE') {
      send('183 A')
      send('200 B')
    }
  })
  await clock.advance(100)
  assert.deepEqual(caller.log, ['progress 183', 'accepted '])
  assert.equal(caller.call!.dialog?.remoteTag, 'B')
})

test('race 14: a challenge to a BYE is answered once more, and the dialog ends whatever comes', async () => {
  let byes = 0
  const challenge = 'WWW-Authenticate:_Digest_realm="r",nonce="n",stale=true,qop="auth"'
  const { clock, caller, got } = await scripted((request, send) => {
    if (request.method === 'INVITE') send('200 B')
    if (request.method === 'BYE') send(byes++ < 9 ? `401 x ${challenge}` : '200 x')
  })
  await clock.advance(100)
  caller.call!.hangUp()
  await clock.advance(1_000)
  assert.equal(caller.end?.how, 'bye')
  assert.ok(got.filter((line) => line.startsWith('BYE')).length > 1)
})

test('a challenge to an INVITE is answered with the next CSeq, and a wrong password is not tried twice', async () => {
  const challenge = 'WWW-Authenticate:_Digest_realm="r",nonce="n",qop="auth"'
  const numbers: number[] = []
  const { clock, caller } = await scripted((request, send) => {
    if (request.method !== 'INVITE') return
    numbers.push(request.cseq!.number)
    send(`401 x ${challenge}`)
  })
  await clock.advance(1_000)
  assert.deepEqual(numbers, [1, 2])
  assert.deepEqual(caller.log, ['ended remote refused 401'])
})

test('under 20 % loss, jitter, reordering and duplication fifty calls all come up and end on both sides', async () => {
  const { clock, net, alice, bob } = await setUp(5)
  net.setWeather({ delayMs: 20, jitterMs: 30, loss: 0.2, duplicate: 0.1, reorder: 0.1 })
  const ends: End[] = []
  bob.ua.onTraffic({
    onInvite: (call) => {
      const end = new End()
      end.call = call
      call.listen(end)
      ends.push(end)
      call.progress(180)
      call.accept({ body: answer })
    },
  })
  const callers = Array.from({ length: 50 }, () => {
    const end = new End()
    const call = alice.ua.invite({
      uri: 'sip:bob@127.0.0.1:5060',
      targets: [{ kind: 'udp', address: { host: '127.0.0.1', port: 5060 }, flowId: null }],
      from: '<sip:a@127.0.0.1>',
      to: '<sip:b@127.0.0.1>',
      headers: [],
      body: offer,
      credentials: null,
    })
    call.listen(end)
    end.call = call
    return end
  })
  await clock.advance(30_000)
  assert.equal(ends.length, 50)
  for (const caller of callers) assert.ok(caller.log.includes('accepted v=0 answer'))
  for (const caller of callers) caller.call!.hangUp()
  await clock.advance(100_000)
  for (const end of [...callers, ...ends]) assert.equal(end.end?.how, 'bye')
  assert.deepEqual([alice.layer.size, bob.layer.size, clock.waiting], [0, 0, 0])
})

test('malformed requests that cannot be answered as they are get silence, not a crash', async () => {
  const { clock, net, callee } = await setUp()
  const answers: number[] = []
  const other = await net.bind(
    { host: '127.0.0.1', port: 5099 },
    {
      onDatagram: (bytes) => {
        const parsed = parseMessage(bytes, 'datagram')
        if (parsed.ok && parsed.value.type === 'response') answers.push(parsed.value.status)
      },
    },
  )
  assert.ok(other.ok)
  const options = (via: string, from = '<sip:x@y>'): Buffer =>
    Buffer.from(
      `OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP ${via}\r\nMax-Forwards: 70\r\nFrom: ${from};tag=1\r\nTo: <sip:y@z>\r\nCall-ID: odd-${answers.length}${via}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
      'latin1',
    )
  const to = { host: '127.0.0.1', port: 5060 }
  const odd = [
    options('127.0.0.1:0;branch=z9hG4bK1'),
    ...['\0', '\r', '\n', '\r\r\n'].flatMap((text, index) => [
      options(`127.0.0.1:5099;branch=z9hG4bKv${index};x=a${text}b`),
      options(`127.0.0.1:5099;branch=z9hG4bKf${index}`, `"a${text}b" <sip:x@y>`),
    ]),
  ]
  for (const bytes of odd) other.value.send(bytes, to)
  await clock.advance(100)
  assert.ok(answers.length < odd.length && answers.every((status) => status === 400), String(answers))
  answers.length = 0
  other.value.send(options('127.0.0.1:5099;branch=z9hG4bK4'), to)
  await clock.until(() => answers.length > 0)
  assert.deepEqual(answers, [200])
  assert.equal(callee.call, null)
})
