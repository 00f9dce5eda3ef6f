// Two user agents on a pretended network with a hand-wound clock: what the tests of calls stand on.

import assert from 'node:assert/strict'
import { seededChance } from '#base/chance.ts'
import { silentLog } from '#base/log.ts'
import type { Address } from '#base/wire.ts'
import { HandClock } from '#testkit/clock.ts'
import { VirtualNet } from '#testkit/network.ts'
import type { SipCall } from './call.ts'
import type { CallEnd, CallListener, InCallAnswer, OutgoingInvite } from './call-words.ts'
import type { SipRequest, SipResponse } from './message.ts'
import { parseMessage } from './parse.ts'
import { TransactionLayer } from './transaction-layer.ts'
import { SipTransport } from './transport.ts'
import { UserAgent } from './user-agent.ts'

export const offer = Buffer.from('v=0 offer')
export const answer = Buffer.from('v=0 answer')

export class End implements CallListener {
  readonly log: string[] = []
  end: CallEnd | null = null
  call: SipCall | null = null
  onOffered: InCallAnswer = { status: 200, body: answer }
  ackBody: Uint8Array | null = null
  progress(response: SipResponse): void {
    this.log.push(`progress ${response.status}`)
  }
  accepted(response: SipResponse): Uint8Array | null {
    this.log.push(`accepted ${response.body.toString()}`)
    return this.ackBody
  }
  acked(request: SipRequest): void {
    this.log.push(request.body.length > 0 ? `acked ${Buffer.from(request.body).toString()}` : 'acked')
  }
  offered(request: SipRequest): InCallAnswer {
    this.log.push(`offered ${Buffer.from(request.body).toString()}`)
    return this.onOffered
  }
  requested(request: SipRequest): InCallAnswer {
    this.log.push(request.method)
    return { status: 200 }
  }
  reinvited(response: SipResponse | null): Uint8Array | null {
    this.log.push(`reinvited ${response?.status}`)
    return null
  }
  ended(end: CallEnd): void {
    assert.equal(this.end, null, 'ended is told once')
    this.end = end
    this.log.push(`ended ${end.by} ${end.how} ${end.status}`)
  }
}

export async function setUp(seed = 1) {
  const clock = new HandClock()
  const net = new VirtualNet(clock, seed)
  /** Every datagram: `5061> INVITE` or `5060> 200 INVITE`. */
  const wire: string[] = []
  net.watch(({ from, bytes }) => {
    const parsed = parseMessage(bytes, 'datagram')
    if (!parsed.ok) return
    const m = parsed.value
    wire.push(`${from.port}> ${m.type === 'request' ? m.method : `${m.status} ${m.cseq?.method}`}`)
  })
  const make = async (host: string, port: number, chance: number) => {
    const transport = new SipTransport({ clock, log: silentLog, datagrams: net, streams: net })
    const layer = new TransactionLayer({ clock, chance: seededChance(chance), log: silentLog, transport })
    const ua = new UserAgent({ clock, chance: seededChance(chance + 1), log: silentLog, layer, name: 'test' })
    assert.ok((await transport.listen('udp', { host, port })).ok)
    assert.ok((await transport.listen('tcp', { host, port })).ok)
    return { ua, layer, transport }
  }
  const alice = await make('127.0.0.1', 5061, seed + 10)
  const bob = await make('127.0.0.1', 5060, seed + 20)
  const callee = new End()
  bob.ua.onTraffic({
    onInvite: (call) => {
      callee.call = call
      call.listen(callee)
    },
  })
  const dial = (
    over: Partial<OutgoingInvite> = {},
    kind: 'udp' | 'tcp' = 'udp',
    to: Address = { host: '127.0.0.1', port: 5060 },
  ) => {
    const caller = new End()
    const call = alice.ua.invite({
      uri: `sip:bob@${to.host}:${to.port}`,
      targets: [{ kind, address: to, flowId: null }],
      from: '<sip:alice@127.0.0.1>',
      to: '<sip:bob@127.0.0.1>',
      headers: [],
      body: offer,
      credentials: null,
      ...over,
    })
    call.listen(caller)
    caller.call = call
    return caller
  }
  /** A call that is up on both sides. */
  const up = async (kind: 'udp' | 'tcp' = 'udp') => {
    const caller = dial({}, kind)
    await clock.until(() => callee.call !== null)
    callee.call!.accept({ body: answer })
    await clock.until(() => callee.log.includes('acked'))
    wire.length = 0
    return caller
  }
  /** Everything has run out: no transaction, no call, no timer. */
  const quiet = async () => {
    await clock.advance(70_000)
    assert.deepEqual([alice.layer.size, bob.layer.size, alice.ua.size, bob.ua.size, clock.waiting], [0, 0, 0, 0, 0])
  }
  return { clock, net, wire, alice, bob, callee, dial, up, quiet }
}
