// Supervisors in Call Control's words: who hears whom, in each role and after each switch, in bridges and in conferences
// (telnyx-voice §12.10).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PhoneCall } from '#testkit/phone.ts'
import { openScenario, type Scenario } from './house.ts'

const CUSTOMER = 700
const AGENT = 900
const BOSS = 1200
const HUMS = [CUSTOMER, AGENT, BOSS]

interface Line {
  readonly leg: string
  readonly call: PhoneCall
}

async function open(): Promise<Scenario> {
  const scenario = await openScenario()
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
      await scenario.rest('POST', `/v2/calls/${event.payload.call_control_id}/actions/answer`, {})
    return 200
  }
  return scenario
}

async function callIn(scenario: Scenario, user: string, hz: number): Promise<Line> {
  const call = await scenario.callIn(user, hz)
  await scenario.clock.advance(100)
  const answered = scenario.received.findLast((event) => event.type === 'call.answered')
  return { leg: String(answered!.payload.call_control_id), call }
}

async function post(scenario: Scenario, leg: string, action: string, body: object): Promise<void> {
  const reply = await scenario.rest('POST', `/v2/calls/${leg}/actions/${action}`, body)
  assert.equal(reply.status, 200, `${action}: ${JSON.stringify(reply.json)}`)
}

/** Dials the boss, whose telephone answers and hums, to supervise a leg. */
async function supervise(scenario: Scenario, leg: string, more: object = {}): Promise<Line> {
  const phone = await scenario.phone('boss')
  const reply = await scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    from: '+15550100',
    to: phone.uri,
    supervise_call_control_id: leg,
    ...more,
  })
  assert.equal(reply.status, 200, JSON.stringify(reply.json))
  await scenario.clock.until(() => phone.calls.length > 0)
  const call = phone.calls[0]!
  call.party.hum(BOSS)
  await scenario.clock.until(() => call.state === 'up')
  return { leg: reply.json.data.call_control_id, call }
}

async function matrix(scenario: Scenario, ...lines: readonly Line[]): Promise<number[][]> {
  await scenario.clock.advance(2000)
  return lines.map(({ call }) => call.party.hears(HUMS))
}

const audible = {
  barge: [
    [AGENT, BOSS],
    [CUSTOMER, BOSS],
    [CUSTOMER, AGENT],
  ],
  whisper: [[AGENT], [CUSTOMER, BOSS], [CUSTOMER, AGENT]],
  monitor: [[AGENT], [CUSTOMER], [CUSTOMER, AGENT]],
} as const

test('a supervisor of a bridge is heard as its role says, in every role and after every switch', async () => {
  const scenario = await open()
  const customer = await callIn(scenario, 'customer', CUSTOMER)
  const agent = await callIn(scenario, 'agent', AGENT)
  await post(scenario, customer.leg, 'bridge', { call_control_id: agent.leg })
  assert.deepEqual(await matrix(scenario, customer, agent), [[AGENT], [CUSTOMER]])

  // The default is to barge in.
  const boss = await supervise(scenario, agent.leg)
  assert.deepEqual(await matrix(scenario, customer, agent, boss), audible.barge)
  for (const role of ['whisper', 'monitor', 'barge', 'monitor', 'whisper', 'barge'] as const) {
    await post(scenario, boss.leg, 'switch_supervisor_role', { role })
    assert.deepEqual(await matrix(scenario, customer, agent, boss), audible[role], role)
  }

  // The bridge goes on without the supervisor.
  boss.call.hangUp()
  assert.deepEqual(await matrix(scenario, customer, agent), [[AGENT], [CUSTOMER]])
  customer.call.hangUp()
  await scenario.clock.advance(1000)
  await scenario.close()
})

test('a supervisor follows the supervised call to its next bridge and ends with it', async () => {
  const scenario = await open()
  const customer = await callIn(scenario, 'customer', CUSTOMER)
  const agent = await callIn(scenario, 'agent', AGENT)
  // Nothing to hear yet: it waits for the first bridge.
  const boss = await supervise(scenario, agent.leg, { supervisor_role: 'whisper' })
  assert.deepEqual(await matrix(scenario, boss), [[]])
  await post(scenario, agent.leg, 'bridge', { call_control_id: customer.leg, park_after_unbridge: 'self' })
  assert.deepEqual(await matrix(scenario, customer, agent, boss), audible.whisper)
  customer.call.hangUp()
  assert.deepEqual(await matrix(scenario, agent, boss), [[], []])
  const again = await callIn(scenario, 'customer2', CUSTOMER)
  await post(scenario, agent.leg, 'bridge', { call_control_id: again.leg })
  assert.deepEqual(await matrix(scenario, again, agent, boss), audible.whisper)
  agent.call.hangUp()
  await scenario.clock.until(() => boss.call.state === 'ended')
  const ends = scenario.received.filter((event) => event.type === 'call.hangup')
  assert.deepEqual(
    ends.find((event) => event.payload.call_control_id === boss.leg)?.payload.hangup_cause,
    'normal_clearing',
  )
  await scenario.clock.advance(1000)
  await scenario.close()
})

test('in a conference a supervisor joins in its role, and its role is switched like any other', async () => {
  const scenario = await open()
  const customer = await callIn(scenario, 'customer', CUSTOMER)
  const agent = await callIn(scenario, 'agent', AGENT)
  await scenario.rest('POST', '/v2/conferences', { call_control_id: customer.leg, name: 'room' })
  await scenario.rest('POST', '/v2/conferences/room/actions/join', { call_control_id: agent.leg })
  const boss = await supervise(scenario, agent.leg, { supervisor_role: 'monitor' })
  assert.deepEqual(await matrix(scenario, customer, agent, boss), audible.monitor)
  for (const role of ['whisper', 'barge', 'monitor'] as const) {
    await post(scenario, boss.leg, 'switch_supervisor_role', { role })
    assert.deepEqual(await matrix(scenario, customer, agent, boss), audible[role], role)
  }
  for (const line of [customer, agent, boss]) line.call.hangUp()
  await scenario.clock.advance(1000)
  await scenario.close()
})

test('roles are refused to calls that supervise nobody, and supervision of calls that are not there', async () => {
  const scenario = await open()
  const customer = await callIn(scenario, 'customer', CUSTOMER)
  const switched = await scenario.rest('POST', `/v2/calls/${customer.leg}/actions/switch_supervisor_role`, {
    role: 'barge',
  })
  assert.equal(switched.status, 422)
  assert.equal(switched.json.errors[0].code, '10027')
  const unnamed = await scenario.rest('POST', `/v2/calls/${customer.leg}/actions/switch_supervisor_role`, {
    role: 'shout',
  })
  assert.equal(unnamed.json.errors[0].code, '10032')
  customer.call.hangUp()
  await scenario.clock.advance(1000)
  const dialled = await scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    from: '+15550100',
    to: 'sip:nobody@127.0.0.1',
    supervise_call_control_id: customer.leg,
  })
  assert.equal(dialled.status, 422)
  assert.equal(dialled.json.errors[0].source.pointer, '/supervise_call_control_id')
  await scenario.close()
})
