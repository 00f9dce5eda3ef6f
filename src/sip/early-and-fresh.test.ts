// Reliable provisional answers (RFC 3262), UPDATE (RFC 3311) and session timers (RFC 4028) between two user agents; races by
// number as in research/sip §5.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fairWeather } from '#testkit/network.ts'
import { field, SipRequest, type SipResponse } from './message.ts'
import { answer, offer, setUp } from './pair-conduct.ts'

type World = Awaited<ReturnType<typeof setUp>>

/** A request in the dialog between the two, written by hand: what a peer of another make might send. */
function send(
  world: World,
  from: 'alice' | 'bob',
  method: string,
  parts: { readonly cseq: number; readonly headers?: readonly [string, string][]; readonly body?: Uint8Array },
  callId: string,
  tags: { readonly alice: string; readonly bob: string },
): Promise<SipResponse | null> {
  const other = from === 'alice' ? 'bob' : 'alice'
  const port = from === 'alice' ? 5060 : 5061
  const request = new SipRequest(
    method,
    `sip:${other}@127.0.0.1:${port}`,
    [
      field('From', `<sip:${from}@127.0.0.1>;tag=${tags[from]}`),
      field('To', `<sip:${other}@127.0.0.1>;tag=${tags[other]}`),
      field('Call-ID', callId),
      field('CSeq', `${parts.cseq} ${method}`),
      field('Contact', `<sip:${from}@127.0.0.1:${from === 'alice' ? 5061 : 5060}>`),
      ...(parts.headers ?? []).map(([name, value]) => field(name, value)),
    ],
    parts.body,
  )
  return new Promise((resolve) => {
    world[from].layer.request(
      request,
      { kind: 'udp', address: { host: '127.0.0.1', port }, flowId: null },
      { onResponse: (response) => response.status >= 200 && resolve(response), onFailure: () => resolve(null) },
    )
  })
}

async function wound<T>(world: World, promise: Promise<T>): Promise<T> {
  let done: { value: T } | null = null
  void promise.then((value) => {
    done = { value }
  })
  await world.clock.until(() => done !== null)
  return done!.value as T
}

function tagsOf(world: World, callId: string): { alice: string; bob: string } {
  const call = world.callee.call!
  assert.equal(call.callId, callId)
  return { alice: call.dialog!.remoteTag, bob: call.localTag }
}

test('RFC 3262: a 183 with a description goes reliably; the 2xx comes after its PRACK and says it no more', async () => {
  const world = await setUp()
  const { clock, callee, dial, wire, quiet } = world
  const caller = dial()
  await clock.until(() => callee.call !== null)
  callee.call!.progress(180)
  callee.call!.progress(183, { body: answer })
  callee.call!.accept({ body: answer })
  await clock.advance(200)
  assert.deepEqual(wire.slice(1), [
    '5060> 180 INVITE',
    '5060> 183 INVITE',
    '5061> PRACK',
    '5060> 200 PRACK',
    '5060> 200 INVITE',
    '5061> ACK',
  ])
  assert.deepEqual(caller.log, ['progress 180', 'progress 183', 'accepted '])
  // The dialog's next request has a number above the PRACK's.
  caller.call!.hangUp()
  await clock.advance(100)
  assert.equal(callee.end?.how, 'bye')
  await quiet()
})

test('RFC 3262 §3: repeated with growing waits until its PRACK; repetitions and gaps are not told twice', async () => {
  const world = await setUp()
  const { clock, net, callee, dial, wire, quiet } = world
  let lost = 0
  net.setWeather(({ bytes }) => (bytes[0] === 80 /* PRACK */ && lost++ < 2 ? 'drop' : fairWeather))
  const caller = dial()
  await clock.until(() => callee.call !== null)
  callee.call!.progress(183, { body: answer })
  await clock.advance(6_000)
  assert.ok(wire.filter((line) => line === '5060> 183 INVITE').length >= 2, 'repeated')
  assert.deepEqual(caller.log, ['progress 183'], 'told once')
  assert.ok(wire.includes('5060> 200 PRACK'))
  caller.call!.hangUp()
  await quiet()
})

test('RFC 3262 §3: a caller that never acknowledges is refused with 504 after 64*T1', async () => {
  const world = await setUp()
  const { clock, net, callee, dial, quiet } = world
  net.setWeather(({ bytes }) => (bytes[0] === 80 ? 'drop' : fairWeather))
  const caller = dial()
  await clock.until(() => callee.call !== null)
  callee.call!.progress(183, { body: answer })
  callee.call!.accept({ body: answer })
  await clock.advance(33_000)
  assert.equal(callee.end?.status, 504)
  assert.equal(caller.end?.status, 504)
  await quiet()
})

test('RFC 3262 §3: required, every provisional is reliable, one after the other; a PRACK for nothing is 481', async () => {
  const world = await setUp()
  const { clock, callee, dial, wire } = world
  const caller = dial({ headers: [field('Require', '100rel')] })
  await clock.until(() => callee.call !== null)
  callee.call!.progress(180)
  callee.call!.progress(183, { body: answer })
  await clock.advance(100)
  assert.equal(wire.filter((line) => line === '5061> PRACK').length, 2)
  const { callId } = caller.call!
  const stray = send(
    world,
    'alice',
    'PRACK',
    { cseq: 50, headers: [['RAck', '1 1 INVITE']] },
    callId,
    tagsOf(world, callId),
  )
  assert.equal((await wound(world, stray))?.status, 481)
  caller.call!.hangUp()
  await clock.advance(100)
})

test('race 5: UPDATE inside the early dialog: 500 while the PRACK is pending, taken once it came; 491 to their side', async () => {
  const world = await setUp()
  const { clock, net, callee, dial, quiet } = world
  let holdPrack = true
  net.setWeather(({ bytes }) => (bytes[0] === 80 && holdPrack ? 'drop' : fairWeather))
  const caller = dial()
  await clock.until(() => callee.call !== null)
  callee.call!.progress(180)
  await clock.advance(50)
  const { callId } = caller.call!
  const tags = tagsOf(world, callId)
  const update = (from: 'alice' | 'bob', cseq: number, body?: Uint8Array) =>
    wound(world, send(world, from, 'UPDATE', { cseq, ...(body === undefined ? {} : { body }) }, callId, tags))
  // Our offer is not answered at all yet: whoever offers crosses it.
  assert.equal((await update('bob', 70, offer))?.status, 491)
  assert.equal((await update('alice', 80, offer))?.status, 500)
  assert.equal((await update('alice', 81))?.status, 200, 'without an offer there is nothing to cross')
  callee.call!.progress(183, { body: answer })
  await clock.advance(50)
  const early = await update('alice', 82, offer)
  assert.equal(early?.status, 500)
  assert.match(early!.get('retry-after')!, /^([0-9]|10)$/)
  holdPrack = false
  await clock.until(() => world.wire.includes('5060> 200 PRACK'))
  const taken = await update('alice', 90, offer)
  assert.equal(taken?.status, 200)
  assert.equal(Buffer.from(taken!.body).toString(), 'v=0 answer')
  assert.equal((await update('bob', 95, offer))?.status, 200)
  assert.ok(caller.log.includes('offered v=0 offer') && callee.log.includes('offered v=0 offer'))
  caller.call!.hangUp()
  await quiet()
})

test('RFC 3311: UPDATE with an offer in an answered call; 491 while ours is out', async () => {
  const world = await setUp()
  const { clock, callee, up, quiet } = world
  const caller = await up()
  const { callId } = caller.call!
  const tags = tagsOf(world, callId)
  const reply = await wound(world, send(world, 'alice', 'UPDATE', { cseq: 20, body: offer }, callId, tags))
  assert.equal(reply?.status, 200)
  assert.equal(Buffer.from(reply!.body).toString(), 'v=0 answer')
  callee.call!.reinvite(offer)
  const crossing = send(world, 'alice', 'UPDATE', { cseq: 21, body: offer }, callId, tags)
  assert.equal((await wound(world, crossing))?.status, 491)
  assert.equal(
    (await wound(world, send(world, 'alice', 'UPDATE', { cseq: 21 }, callId, tags)))?.status,
    500,
    'out of order',
  )
  await clock.advance(5_000)
  callee.call!.hangUp()
  await quiet()
})

test('RFC 4028: the caller refreshes half-way by UPDATE, hour after hour', async () => {
  const { clock, callee, up, wire, quiet } = await setUp()
  const caller = await up()
  await clock.advance(2 * 3_600_000 + 1_000)
  assert.equal(wire.filter((line) => line === '5061> UPDATE').length, 8)
  assert.equal(wire.filter((line) => line === '5060> UPDATE').length, 0)
  assert.equal(caller.end, null)
  callee.call!.hangUp()
  await quiet()
})

test('RFC 4028 §10: a peer that is gone is hung up on when the session was not refreshed', async () => {
  const { clock, net, callee, up } = await setUp()
  const caller = await up()
  net.setWeather(() => 'drop')
  await clock.advance(1_769_000 + 40_000)
  assert.equal(callee.end?.how, 'failed', 'the one who waited for the refresh')
  assert.equal(caller.end?.how, 'failed', 'the one whose refresh nobody answered')
  assert.equal(clock.waiting, 0)
})

test('RFC 4028 §7.3: a 422 is asked again with the interval it names', async () => {
  const world = await setUp()
  const { clock, callee, dial, wire } = world
  const caller = dial({ headers: [] })
  await clock.until(() => callee.call !== null)
  assert.match(callee.call!.invite.get('session-expires')!, /^1800$/)
  callee.call!.reject(422, { headers: [field('Min-SE', '3600')] })
  const first = callee.call
  await clock.until(() => callee.call !== first)
  assert.equal(callee.call!.invite.get('session-expires'), '3600')
  assert.equal(callee.call!.invite.get('min-se'), '3600')
  assert.equal(caller.end, null)
  assert.equal(wire.filter((line) => line === '5061> INVITE').length, 2)
})

test('RFC 4028 §7.4: a peer without UPDATE is refreshed by a re-INVITE that changes nothing', async () => {
  const world = await setUp()
  const { clock, net, callee, dial, wire } = world
  // A peer that neither knows UPDATE nor timers, behind a proxy that asks for one.
  net.setWeather(fairWeather)
  const caller = dial()
  await clock.until(() => callee.call !== null)
  callee.call!.accept({
    body: answer,
    headers: [],
  })
  await clock.until(() => callee.log.includes('acked'))
  // Its last word about itself: no UPDATE.
  const { callId } = caller.call!
  const told = send(
    world,
    'alice',
    'UPDATE',
    {
      cseq: 30,
      headers: [
        ['Allow', 'INVITE, ACK, CANCEL, BYE'],
        ['Session-Expires', '90;refresher=uas'],
        ['Supported', 'timer'],
      ],
    },
    callId,
    tagsOf(world, callId),
  )
  const reply = await wound(world, told)
  assert.equal(reply?.get('session-expires'), '90;refresher=uas')
  wire.length = 0
  const before = callee.log.length
  await clock.advance(46_000)
  assert.deepEqual(wire.slice(0, 3), ['5060> INVITE', '5061> 200 INVITE', '5060> ACK'])
  assert.equal(callee.log.length, before, 'nothing changed, nothing is told')
})

test('race 16: a refresh that meets a hold waits for it', async () => {
  const { clock, net, callee, up, wire } = await setUp()
  const caller = await up()
  await clock.advance(899_950)
  // The hold is answered late, across the moment of the refresh.
  net.setWeather({ ...fairWeather, delayMs: 60 })
  wire.length = 0
  caller.call!.reinvite(offer)
  await clock.advance(2_000)
  assert.equal(wire.filter((line) => line.endsWith('UPDATE')).length, 0, 'the hold refreshed the session')
  await clock.advance(1_000_000)
  assert.equal(wire.filter((line) => line === '5061> UPDATE').length, 1)
  assert.equal(callee.end, null)
})
