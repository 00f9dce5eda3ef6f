// Noise suppression on live calls: what the far party says is cleaned for those who hear it, or what it hears is cleaned
// for it, and packets of a plain bridge are passed on again afterwards (telnyx-voice §12.13).

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { openScenario, rnnoise } from './house.ts'

await rnnoise.load()
const scenario = await openScenario()
scenario.onWebhook = async (event) => {
  if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
    await scenario.rest('POST', `/v2/calls/${event.payload.call_control_id}/actions/answer`, {})
  return 200
}
after(() => scenario.close())

/** A minute of a fan. */
function noise(): Int16Array {
  const chance = seededChance(5)
  let low = 0
  return Int16Array.from({ length: 8000 * 60 }, () => {
    low = 0.7 * low + 0.3 * (chance.uniform() - 0.5)
    return Math.round(6000 * low)
  })
}

async function callIn(user: string): Promise<{ leg: string; call: PhoneCall }> {
  const phone = await scenario.phone(user)
  const call = await phone.call('+15550100', scenario.sip)
  await scenario.clock.until(() => call.state === 'up')
  await scenario.clock.advance(100)
  const answered = scenario.received.findLast((event) => event.type === 'call.answered')
  return { leg: String(answered!.payload.call_control_id), call }
}

test('noise is taken away in the asked direction, and only there', async () => {
  const [loud, quiet] = [await callIn('loud'), await callIn('quiet')]
  const act = async (leg: string, action: string, body: object = {}) => {
    const reply = await scenario.rest('POST', `/v2/calls/${leg}/actions/${action}`, body)
    assert.equal(reply.status, 200, JSON.stringify(reply.json))
  }
  await act(loud.leg, 'bridge', { call_control_id: quiet.leg })
  loud.call.party.play(noise())
  await scenario.clock.advance(3000)
  const before = quiet.call.party.loudness(1000)
  const heard = async () => {
    await scenario.clock.advance(4000)
    return before - quiet.call.party.loudness(1000)
  }
  await act(loud.leg, 'suppression_start')
  assert.ok((await heard()) > 15, 'what loud says is cleaned')
  await act(loud.leg, 'suppression_stop')
  assert.ok(Math.abs(await heard()) < 2, 'and is what it was afterwards')
  await act(quiet.leg, 'suppression_start', { direction: 'inbound' })
  assert.ok(Math.abs(await heard()) < 2, 'what quiet says is another matter')
  await act(quiet.leg, 'suppression_start', { direction: 'outbound' })
  assert.ok((await heard()) > 15, 'what quiet hears is cleaned')
  await act(quiet.leg, 'suppression_start', { direction: 'both' })
  assert.ok((await heard()) > 15)
  loud.call.hangUp()
  await scenario.clock.advance(1000)
})

test('an engine that is not here is refused, and a call that is not answered', async () => {
  const line = await callIn('somebody')
  const refused = await scenario.rest('POST', `/v2/calls/${line.leg}/actions/suppression_start`, {
    noise_suppression_engine: 'Krisp',
  })
  assert.deepEqual(
    [refused.status, refused.json.errors[0].code, refused.json.errors[0].source.pointer],
    [403, '10038', '/noise_suppression_engine'],
  )
  line.call.hangUp()
  await scenario.clock.advance(1000)
  const over = await scenario.rest('POST', `/v2/calls/${line.leg}/actions/suppression_start`, {})
  assert.equal(over.json.errors[0].code, '90018')
})
