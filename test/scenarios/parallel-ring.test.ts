import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openScenario } from './house.ts'

test('telnyx-voice §12.1: a list of destinations rings at once; the first to answer wins, the others are cancelled', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const slow = await scenario.phone('slow')
  const quick = await scenario.phone('quick')
  slow.onCall((call) => call.ring())
  quick.onCall((call) => {
    call.ring()
    clock.at(clock.nowMs() + 2_000, () => call.answer())
  })
  const dialled = await scenario.rest('POST', '/v2/calls', {
    connection_id: scenario.connectionId,
    from: '+15550111',
    to: [slow.uri, 'nobody', quick.uri],
  })
  assert.equal(dialled.status, 200)
  await clock.until(() => scenario.types().includes('call.answered'))
  await clock.advance(500)
  assert.equal(quick.calls[0]!.state, 'up')
  assert.equal(slow.calls[0]!.state, 'ended')
  assert.equal(slow.calls[0]!.end?.how, 'cancel')
  assert.deepEqual(scenario.types(), ['call.initiated', 'call.answered'])
  quick.calls[0]!.hangUp()
  await clock.advance(500)
  assert.equal(scenario.types().at(-1), 'call.hangup')
  await scenario.close()
})
