import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NUMBER, openScenario } from './house.ts'

test('a call is told, answered, bridged into a room with a second one, and ends in order', async () => {
  const scenario = await openScenario()
  const { clock, sip } = scenario
  let room: string | null = null
  scenario.onWebhook = async (event) => {
    const leg = event.payload.call_control_id
    if (event.type === 'call.initiated') await scenario.rest('POST', `/v2/calls/${leg}/actions/answer`, {})
    if (event.type === 'call.answered') {
      if (room === null) {
        const created = await scenario.rest('POST', '/v2/conferences', { call_control_id: leg, name: 'room' })
        room = created.json.data.id
      } else await scenario.rest('POST', `/v2/conferences/${room}/actions/join`, { call_control_id: leg })
    }
    return 200
  }
  const alice = await scenario.phone('alice-phone')
  const bob = await scenario.phone('bob-phone')
  const first = await alice.call(NUMBER, sip)
  first.party.hum(700)
  await clock.until(() => first.state === 'up')
  const second = await bob.call(NUMBER, sip)
  second.party.hum(900)
  await clock.until(() => second.state === 'up')
  await clock.advance(2_000)
  assert.deepEqual(first.party.hears([700, 900]), [900])
  assert.deepEqual(second.party.hears([700, 900]), [700])
  second.hangUp()
  await clock.advance(1_000)
  first.hangUp()
  await clock.advance(1_000)
  const of = (leg: unknown): string[] =>
    scenario.received.filter((event) => event.payload.call_control_id === leg).map((event) => event.type)
  const legs = scenario.received
    .filter((event) => event.type === 'call.initiated')
    .map((event) => event.payload.call_control_id)
  assert.deepEqual(of(legs[0]), [
    'call.initiated',
    'call.answered',
    'conference.created',
    'conference.participant.joined',
    // Both hum without end: the first keeps the floor.
    'conference.floor.changed',
    'conference.participant.left',
    'call.hangup',
    'conference.ended',
  ])
  assert.deepEqual(of(legs[1]), [
    'call.initiated',
    'call.answered',
    'conference.participant.joined',
    'conference.participant.left',
    'call.hangup',
  ])
  await scenario.close()
})
