// The four machines on a pretended clock: what is sent when, over UDP and over streams.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Step } from '#base/step.ts'
import { defaultTimers, type TimerSlot, type TransactionWorld } from '../timers.ts'
import * as inviteClient from './invite-client.ts'
import * as inviteServer from './invite-server.ts'
import * as requestClient from './request-client.ts'
import * as requestServer from './request-server.ts'

const udp: TransactionWorld = { timers: defaultTimers, reliable: false }
const tcp: TransactionWorld = { timers: defaultTimers, reliable: true }

interface AnyEffect {
  readonly type: string
  readonly slot?: TimerSlot
  readonly atMs?: number
}

/** Runs a machine by hand: keeps its two timers as the shell does and writes down everything it does. */
class Bench<State extends { readonly type: string }, Input> {
  state: State
  nowMs = 0
  readonly log: string[] = []
  readonly #step: (state: State, input: Input, nowMs: number) => Step<State, AnyEffect>
  #timers = new Map<TimerSlot, number>()

  constructor(state: State, step: (state: State, input: Input, nowMs: number) => Step<State, AnyEffect>) {
    this.state = state
    this.#step = step
  }

  feed(input: Input): void {
    const next = this.#step(this.state, input, this.nowMs)
    if (next.state.type !== this.state.type) this.#timers.clear()
    this.state = next.state
    for (const effect of next.effects) {
      if (effect.type === 'set-timer') this.#timers.set(effect.slot!, effect.atMs!)
      else this.log.push(`${this.nowMs} ${effect.type}`)
    }
  }

  until(ms: number): void {
    for (;;) {
      const due = [...this.#timers].sort((a, b) => a[1] - b[1])[0]
      if (due === undefined || due[1] > ms) break
      this.nowMs = due[1]
      this.#timers.delete(due[0])
      this.feed({ type: 'timer', slot: due[0] } as Input)
    }
    this.nowMs = ms
  }
}

const inviteClientBench = (world: TransactionWorld) =>
  new Bench<inviteClient.State, inviteClient.Input>(inviteClient.initial(world), (s, i, n) =>
    inviteClient.step(s, i, n, world),
  )
const inviteServerBench = (world: TransactionWorld) =>
  new Bench<inviteServer.State, inviteServer.Input>(inviteServer.initial, (s, i, n) =>
    inviteServer.step(s, i, n, world),
  )
const requestClientBench = (world: TransactionWorld) =>
  new Bench<requestClient.State, requestClient.Input>(requestClient.initial(0, world), (s, i, n) =>
    requestClient.step(s, i, n, world),
  )
const requestServerBench = (world: TransactionWorld) =>
  new Bench<requestServer.State, requestServer.Input>(requestServer.initial(0), (s, i, n) =>
    requestServer.step(s, i, n, world),
  )

test('RFC 3261 §17.1.1.2: timer A doubles from T1 until timer B gives up', () => {
  const bench = inviteClientBench(udp)
  bench.feed({ type: 'start' })
  bench.until(60_000)
  assert.deepEqual(
    bench.log,
    [0, 500, 1500, 3500, 7500, 15500, 31500].map((t) => `${t} send-request`).concat('32000 tell-timeout'),
  )
})

test('RFC 3261 §17.1.1.2: over a stream an INVITE is sent once', () => {
  const bench = inviteClientBench(tcp)
  bench.feed({ type: 'start' })
  bench.until(60_000)
  assert.deepEqual(bench.log, ['0 send-request', '32000 tell-timeout'])
})

test('RFC 3261 §17.1.1.2: a provisional answer stops timers A and B', () => {
  const bench = inviteClientBench(udp)
  bench.feed({ type: 'start' })
  bench.feed({ type: 'response', status: 180 })
  bench.until(100_000)
  assert.deepEqual(bench.log, ['0 send-request', '0 tell-response'])
})

test('RFC 3261 §17.1.1.3: a failure is told once and acknowledged each time, until timer D', () => {
  const bench = inviteClientBench(udp)
  bench.feed({ type: 'start' })
  bench.feed({ type: 'response', status: 486 })
  bench.until(20_000)
  bench.feed({ type: 'response', status: 486 })
  bench.until(32_000)
  assert.equal(bench.state.type, 'terminated')
  assert.deepEqual(bench.log, ['0 send-request', '0 send-ack', '0 tell-response', '20000 send-ack'])
})

test('RFC 6026 §7.2: every 2xx is told until timer M, failures after it are not', () => {
  const bench = inviteClientBench(udp)
  bench.feed({ type: 'start' })
  bench.feed({ type: 'response', status: 200 })
  bench.feed({ type: 'response', status: 200 })
  bench.feed({ type: 'response', status: 486 })
  bench.until(31_999)
  assert.equal(bench.state.type, 'accepted')
  bench.until(32_000)
  assert.equal(bench.state.type, 'terminated')
  assert.deepEqual(bench.log, ['0 send-request', '0 tell-response', '0 tell-response'])
})

test('RFC 3261 §17.2.1: 100 goes out after 200 ms unless the user answered', () => {
  const silent = inviteServerBench(udp)
  silent.feed({ type: 'start' })
  silent.until(1_000)
  assert.deepEqual(silent.log, ['200 send-trying'])
  const quick = inviteServerBench(udp)
  quick.feed({ type: 'start' })
  quick.feed({ type: 'respond', status: 180 })
  quick.until(1_000)
  quick.feed({ type: 'request' })
  assert.deepEqual(quick.log, ['0 send-response', '1000 resend-response'])
})

test('RFC 3261 §17.2.1: timer G doubles to T2 until timer H, and an ACK ends it', () => {
  const bench = inviteServerBench(udp)
  bench.feed({ type: 'start' })
  bench.feed({ type: 'respond', status: 486 })
  bench.until(40_000)
  assert.deepEqual(bench.log, [
    '0 send-response',
    ...[500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500].map((t) => `${t} resend-response`),
    '32000 tell-timeout',
  ])
  const acked = inviteServerBench(udp)
  acked.feed({ type: 'start' })
  acked.feed({ type: 'respond', status: 486 })
  acked.feed({ type: 'ack' })
  acked.until(4_999)
  assert.equal(acked.state.type, 'confirmed')
  acked.until(5_000)
  assert.equal(acked.state.type, 'terminated')
  assert.deepEqual(acked.log, ['0 send-response'])
})

test('RFC 6026 §7.1: after a 2xx repeated INVITEs are swallowed until timer L', () => {
  const bench = inviteServerBench(udp)
  bench.feed({ type: 'start' })
  bench.feed({ type: 'respond', status: 200 })
  bench.feed({ type: 'request' })
  bench.feed({ type: 'respond', status: 200 })
  bench.until(32_000)
  assert.equal(bench.state.type, 'terminated')
  assert.deepEqual(bench.log, ['0 send-response', '0 send-response'])
})

test('RFC 3261 §17.1.2.2: timer E doubles to T2, is T2 while proceeding, and F ends it', () => {
  const bench = requestClientBench(udp)
  bench.feed({ type: 'start' })
  bench.until(60_000)
  assert.deepEqual(bench.log, [
    ...[0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500].map((t) => `${t} send-request`),
    '32000 tell-timeout',
  ])
  const waiting = requestClientBench(udp)
  waiting.feed({ type: 'start' })
  waiting.feed({ type: 'response', status: 100 })
  waiting.until(9_000)
  assert.deepEqual(waiting.log, ['0 send-request', '0 tell-response', '4000 send-request', '8000 send-request'])
  waiting.until(40_000)
  assert.equal(waiting.log.at(-1), '32000 tell-timeout')
})

test('RFC 3261 §17.1.2.2: timer K swallows repeated answers over UDP and is zero over a stream', () => {
  const bench = requestClientBench(udp)
  bench.feed({ type: 'start' })
  bench.feed({ type: 'response', status: 200 })
  bench.feed({ type: 'response', status: 200 })
  bench.until(4_999)
  assert.equal(bench.state.type, 'completed')
  bench.until(5_000)
  assert.equal(bench.state.type, 'terminated')
  assert.deepEqual(bench.log, ['0 send-request', '0 tell-response'])
  const stream = requestClientBench(tcp)
  stream.feed({ type: 'start' })
  stream.feed({ type: 'response', status: 200 })
  assert.equal(stream.state.type, 'terminated')
})

test('RFC 3261 §17.2.2 and RFC 4320: answers are repeated on request until J, no early 100, never a 408', () => {
  const bench = requestServerBench(udp)
  bench.feed({ type: 'respond', status: 100 })
  assert.deepEqual(bench.log, [])
  bench.feed({ type: 'respond', status: 200 })
  bench.feed({ type: 'request' })
  bench.until(32_000)
  assert.equal(bench.state.type, 'terminated')
  assert.deepEqual(bench.log, ['0 send-response', '0 resend-response'])
  const late = requestServerBench(udp)
  late.feed({ type: 'respond', status: 408 })
  assert.deepEqual([late.state.type, late.log], ['terminated', []])
})
