// Queues in Call Control's words: entering, waiting with music, positions and waits, being bridged, leaving, limits, and
// what stays behind of those who hung up (telnyx-voice §11.3, §12.8).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PhoneCall } from '#testkit/phone.ts'
import { openScenario, type RestReply, type Scenario } from './house.ts'

interface Line {
  readonly leg: string
  readonly call: PhoneCall
}

const HUMS = [700, 900, 1200]

async function open(): Promise<Scenario> {
  const scenario = await openScenario()
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
      await scenario.rest('POST', `/v2/calls/${event.payload.call_control_id}/actions/answer`, {})
    return 200
  }
  return scenario
}

async function callIn(scenario: Scenario, hz: number): Promise<Line> {
  const call = await scenario.callIn(`hums${hz}`, hz)
  await scenario.clock.advance(100)
  const answered = scenario.received.findLast((event) => event.type === 'call.answered')
  return { leg: String(answered!.payload.call_control_id), call }
}

function act(scenario: Scenario, leg: string, action: string, body: object = {}): Promise<RestReply> {
  return scenario.rest('POST', `/v2/calls/${leg}/actions/${action}`, body)
}

async function done(reply: Promise<RestReply>): Promise<RestReply> {
  const { status, json } = await reply
  assert.ok(status < 300, JSON.stringify(json))
  return { status, json }
}

async function refused(reply: Promise<RestReply>, status: number, code: string): Promise<RestReply> {
  const { status: actual, json } = await reply
  assert.deepEqual([actual, json?.errors?.[0]?.code], [status, code], JSON.stringify(json))
  return { status: actual, json }
}

async function close(scenario: Scenario, ...lines: readonly Line[]): Promise<void> {
  for (const { call } of lines) if (call.state !== 'ended') call.hangUp()
  await scenario.clock.advance(2000)
  await scenario.close()
}

/** The last event of a leg, by type. */
function last(scenario: Scenario, type: string, leg: string): Readonly<Record<string, unknown>> | undefined {
  return scenario.received.findLast((event) => event.type === type && event.payload.call_control_id === leg)?.payload
}

test('callers wait with music in order, and are bridged from the head', async () => {
  const scenario = await open()
  const [first, second, agent] = [
    await callIn(scenario, 700),
    await callIn(scenario, 900),
    await callIn(scenario, 1200),
  ]
  await done(act(scenario, first.leg, 'enqueue', { queue_name: 'sales', client_state: 'b25l' }))
  await scenario.clock.advance(4000)
  await done(act(scenario, second.leg, 'enqueue', { queue_name: 'sales' }))
  await scenario.clock.advance(2000)
  assert.deepEqual(
    [
      last(scenario, 'call.enqueued', first.leg)?.queue,
      last(scenario, 'call.enqueued', first.leg)?.current_position,
      last(scenario, 'call.enqueued', first.leg)?.client_state,
      last(scenario, 'call.enqueued', second.leg)?.current_position,
      last(scenario, 'call.enqueued', second.leg)?.queue_avg_wait_time_secs,
    ],
    ['sales', 1, 'b25l', 2, 2],
  )
  assert.ok(first.call.party.loudness(1000) > -40, 'music while waiting')
  const queue = await done(scenario.rest('GET', '/v2/queues/sales'))
  assert.deepEqual(
    [queue.json.data.record_type, queue.json.data.current_size, queue.json.data.max_size],
    ['queue', 2, 100],
  )
  assert.equal(queue.json.data.average_wait_time_secs, 4)
  const calls = await done(scenario.rest('GET', '/v2/queues/sales/calls?page[size]=1'))
  assert.equal(calls.json.meta.total_results, 2)
  assert.deepEqual(
    [calls.json.data[0].call_control_id, calls.json.data[0].queue_position, calls.json.data[0].is_alive],
    [first.leg, 1, true],
  )
  const entry = await done(scenario.rest('GET', `/v2/queues/sales/calls/${second.leg}`))
  assert.equal(entry.json.data.queue_position, 2)

  await done(act(scenario, agent.leg, 'bridge', { queue: 'sales', park_after_unbridge: 'self' }))
  await scenario.clock.advance(2000)
  assert.deepEqual(
    [first, second, agent].map(({ call }) => call.party.hears(HUMS)),
    [[1200], [], [700]],
  )
  assert.deepEqual(
    [
      last(scenario, 'call.dequeued', first.leg)?.reason,
      last(scenario, 'call.dequeued', first.leg)?.queue_position,
      last(scenario, 'call.dequeued', first.leg)?.wait_time_secs,
    ],
    ['bridged', 1, 6],
  )
  assert.ok(last(scenario, 'call.bridged', first.leg) !== undefined)
  first.call.hangUp()
  await scenario.clock.advance(500)
  await done(act(scenario, agent.leg, 'bridge', { queue: 'sales' }))
  await scenario.clock.advance(2000)
  assert.deepEqual(agent.call.party.hears(HUMS), [900])
  await refused(act(scenario, agent.leg, 'bridge', { queue: 'sales' }), 422, '10027')
  await refused(act(scenario, agent.leg, 'bridge', { queue: 'nowhere' }), 404, '10005')
  await close(scenario, second, agent)
})

test('a call leaves by command, by its limit on waiting, by hanging up and by being moved', async () => {
  const scenario = await open()
  const [a, b, c] = [await callIn(scenario, 700), await callIn(scenario, 900), await callIn(scenario, 1200)]
  await refused(act(scenario, a.leg, 'leave_queue'), 422, '90035')
  await done(act(scenario, a.leg, 'enqueue', { queue_name: 'q' }))
  await refused(act(scenario, a.leg, 'enqueue', { queue_name: 'q' }), 422, '90038')
  await done(act(scenario, a.leg, 'leave_queue'))
  await scenario.clock.advance(100)
  assert.equal(last(scenario, 'call.dequeued', a.leg)?.reason, 'leave')

  await done(act(scenario, a.leg, 'enqueue', { queue_name: 'q', max_wait_time_secs: 5 }))
  await done(act(scenario, b.leg, 'enqueue', { queue_name: 'q' }))
  await scenario.clock.advance(6000)
  assert.deepEqual(
    [last(scenario, 'call.dequeued', a.leg)?.reason, last(scenario, 'call.dequeued', a.leg)?.wait_time_secs],
    ['timeout', 5],
  )
  // Parked, not hung up: it takes commands.
  await done(act(scenario, a.leg, 'enqueue', { queue_name: 'other' }))
  await done(scenario.rest('POST', '/v2/conferences', { call_control_id: a.leg, name: 'room' }))
  await scenario.clock.advance(100)
  assert.equal(last(scenario, 'call.dequeued', a.leg)?.reason, 'leave')
  await done(act(scenario, c.leg, 'enqueue', { queue_name: 'q' }))
  b.call.hangUp()
  await scenario.clock.advance(500)
  const order = scenario.received
    .filter((event) => event.payload.call_control_id === b.leg)
    .map((event) => event.type)
    .slice(-2)
  assert.deepEqual(order, ['call.dequeued', 'call.hangup'])
  assert.equal(last(scenario, 'call.dequeued', b.leg)?.reason, 'hangup')
  const left = await done(scenario.rest('GET', '/v2/queues/q/calls'))
  assert.deepEqual(
    left.json.data.map((one: { call_control_id: string; queue_position: number }) => [
      one.call_control_id,
      one.queue_position,
    ]),
    [[c.leg, 1]],
  )
  await close(scenario, a, c)
})

test('who hung up and was to be kept stays listed, and bridging to it tells whom to call back', async () => {
  const scenario = await open()
  const [a, b, agent] = [await callIn(scenario, 700), await callIn(scenario, 900), await callIn(scenario, 1200)]
  await done(act(scenario, a.leg, 'enqueue', { queue_name: 'q', keep_after_hangup: true }))
  await done(act(scenario, b.leg, 'enqueue', { queue_name: 'q' }))
  assert.equal((await scenario.rest('PATCH', `/v2/queues/q/calls/${b.leg}`, { keep_after_hangup: true })).status, 204)
  a.call.hangUp()
  b.call.hangUp()
  await scenario.clock.advance(1000)
  const listed = await done(scenario.rest('GET', '/v2/queues/q/calls'))
  assert.deepEqual(
    listed.json.data.map((one: { is_alive: boolean }) => one.is_alive),
    [false, false],
  )
  await refused(scenario.rest('DELETE', '/v2/queues/q'), 400, '90050')
  const gone = await refused(act(scenario, agent.leg, 'bridge', { queue: 'q' }), 422, '90018')
  assert.match(gone.json.errors[0].detail, /from hums700/)
  assert.equal((await scenario.rest('DELETE', `/v2/queues/q/calls/${b.leg}`)).status, 204)
  assert.equal((await scenario.rest('DELETE', '/v2/queues/q')).status, 204)
  await refused(scenario.rest('GET', '/v2/queues/q'), 404, '10005')
  await close(scenario, agent)
})

test('sizes hold, queues are made, changed and listed, and a queue nobody uses is forgotten', async () => {
  const scenario = await open()
  const [a, b] = [await callIn(scenario, 700), await callIn(scenario, 900)]
  const made = await done(scenario.rest('POST', '/v2/queues', { queue_name: 'small', max_size: 1 }))
  assert.deepEqual([made.json.data.name, made.json.data.max_size, made.json.data.current_size], ['small', 1, 0])
  await refused(scenario.rest('POST', '/v2/queues', { queue_name: 'small' }), 422, '10012')
  await done(act(scenario, a.leg, 'enqueue', { queue_name: 'small' }))
  await refused(act(scenario, b.leg, 'enqueue', { queue_name: 'small' }), 422, '90036')
  await refused(act(scenario, b.leg, 'enqueue', { queue_name: 'small', max_size: 7 }), 422, '90037')
  const larger = await done(scenario.rest('POST', '/v2/queues/small', { max_size: 2 }))
  assert.equal(larger.json.data.max_size, 2)
  await done(act(scenario, b.leg, 'enqueue', { queue_name: 'small' }))
  await done(scenario.rest('POST', '/v2/queues', { queue_name: 'default size' }))
  const list = await done(scenario.rest('GET', '/v2/queues'))
  assert.deepEqual(
    list.json.data.map((one: { name: string; max_size: number }) => [one.name, one.max_size]),
    [
      ['small', 2],
      ['default size', 300],
    ],
  )
  await done(act(scenario, a.leg, 'enqueue', { queue_name: 'passing' }))
  await done(act(scenario, a.leg, 'leave_queue'))
  a.call.hangUp()
  b.call.hangUp()
  await done(scenario.rest('GET', '/v2/queues/passing'))
  await scenario.clock.advance(3_700_000)
  await refused(scenario.rest('GET', '/v2/queues/passing'), 404, '10005')
  await done(scenario.rest('GET', '/v2/queues/small'))
  await scenario.close()
})
