// Fields of dial and of applications that say what becomes of a call: rooms by name, what it cost, who vouches for its
// caller; and repetitions of a command, also after the switch was started anew (telnyx-voice §8, §10, §12.1).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { field } from '#sip/message.ts'
import { APP_URL, NUMBER, openScenario, type Scenario } from './house.ts'
import { fails, sdkOf } from './sdk-in-house.ts'

async function dial(scenario: Scenario, user: string, more: object = {}) {
  const phone = await scenario.phone(user)
  const body = { connection_id: scenario.connectionId, from: '+15550100', to: phone.uri, ...more }
  const { data } = await sdkOf(scenario).calls.dial(body)
  await scenario.clock.until(() => phone.calls[0]?.state === 'up')
  await scenario.clock.advance(500)
  return { phone, call: phone.calls[0]!, leg: data!.call_control_id }
}

test('conference_config by name: the first call makes the room, the next joins it; unstarted, it waits for who starts it', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const config = (more: object) => ({
    conference_config: { conference_name: 'team', ...more },
    client_state: 'dGVhbQ==',
  })
  const first = await dial(scenario, 'first', config({ start_conference_on_create: false, beep_enabled: 'never' }))
  first.call.party.hum(700)
  const created = scenario.event('conference.created', first.leg)!
  assert.equal(created.payload.client_state, 'dGVhbQ==')
  const room = (await sdkOf(scenario).conferences.retrieve(String(created.payload.conference_id))).data!
  assert.deepEqual([room.name, room.status], ['team', 'init'])
  const second = await dial(scenario, 'second', config({ mute: true }))
  second.call.party.hum(900)
  await clock.advance(1000)
  assert.deepEqual(second.call.party.hears([700]), [], 'not started yet')
  const third = await dial(scenario, 'third', config({ start_conference_on_enter: true }))
  await clock.advance(1500)
  assert.deepEqual(third.call.party.hears([700, 900]), [700], 'started, and the second is muted')
  const members = (await sdkOf(scenario).conferences.listParticipants(room.id)).data!
  // In the order of joining, whatever the millisecond.
  assert.deepEqual(
    members.map((one) => one.call_control_id),
    [first.leg, second.leg, third.leg],
  )
  await fails(
    sdkOf(scenario).calls.dial({
      connection_id: scenario.connectionId,
      from: '+15550100',
      to: third.phone.uri,
      conference_config: { id: '00000000-0000-7000-8000-000000000000' },
    }),
    404,
    '90058',
  )
  for (const { call } of [first, second, third]) call.hangUp()
  await clock.advance(1000)
  assert.equal(scenario.types().filter((type) => type === 'conference.ended').length, 1)
  await scenario.close()
})

test('call.cost follows call.hangup when the application wants it: seconds begun, by the rates of the configuration', async () => {
  const scenario = await openScenario({
    declared: {
      applications: [{ name: 'demo', dialect: 'telnyx', webhook_url: APP_URL, caller_id: '+15550111' }],
      numbers: [{ number: NUMBER, application: 'demo' }],
      trunks: [{ name: 'carrier', match: '^\\+', uri: 'sip:127.0.0.9:5090' }],
      rates: [{ prefix: '+1', per_minute: 0.3 }],
    },
  })
  const client = sdkOf(scenario)
  const carrier = await scenario.phone('carrier', { host: '127.0.0.9', port: 5090 })
  await client.callControlApplications.update(scenario.connectionId, {
    application_name: 'demo',
    webhook_event_url: APP_URL,
    call_cost_in_webhooks: true,
  })
  const billing_group_id = 'f5586561-8ff0-4291-a0ac-84fe544797bd'
  const body = { connection_id: scenario.connectionId, from: NUMBER, to: '+13125550188', billing_group_id }
  const leg = (await client.calls.dial(body)).data!.call_control_id
  await scenario.clock.until(() => scenario.event('call.answered', leg) !== undefined)
  await scenario.clock.advance(19_300)
  carrier.calls[0]!.hangUp()
  await scenario.clock.until(() => scenario.event('call.cost', leg) !== undefined)
  assert.deepEqual(scenario.types().slice(-2), ['call.hangup', 'call.cost'])
  const { payload } = scenario.event('call.cost', leg)!
  assert.deepEqual(
    [payload.status, payload.billed_duration_secs, payload.billing_group_id],
    ['success', 20, billing_group_id],
  )
  assert.ok(Math.abs(Number(payload.total_cost) - 0.0965) < 0.001, String(payload.total_cost))
  const [part] = payload.cost_parts as {
    readonly call_part: string
    readonly rate: string
    readonly currency: string
  }[]
  assert.deepEqual([part!.call_part, part!.rate, part!.currency], ['sip-trunking', '0.3', 'USD'])
  await scenario.close()
})

test('an application that asks for it is told what an Identity header says, as not validated', async () => {
  const scenario = await openScenario()
  const phone = await scenario.phone('carrier')
  const passport = [
    { alg: 'ES256', ppt: 'shaken' },
    { attest: 'A', orig: { tn: '15550123' } },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const identity = field('Identity', `${passport}.c2lnbmF0dXJl;info=<https://cert.test/x>;alg=ES256;ppt=shaken`)
  const told = async (headers: readonly ReturnType<typeof field>[]) => {
    const since = scenario.received.length
    const call = await phone.call(NUMBER, scenario.sip, headers)
    await scenario.clock.until(() => scenario.received.length > since)
    call.hangUp()
    await scenario.clock.advance(1000)
    const { payload } = scenario.received[since]!
    return [payload.shaken_stir_attestation, payload.shaken_stir_validated]
  }
  assert.deepEqual(await told([identity]), [undefined, undefined], 'not asked for')
  await sdkOf(scenario).callControlApplications.update(scenario.connectionId, {
    application_name: 'demo',
    webhook_event_url: APP_URL,
    inbound: { shaken_stir_enabled: true },
  })
  assert.deepEqual(await told([identity]), ['A', false])
  assert.deepEqual(await told([]), [null, false])
  assert.deepEqual(await told([field('Identity', 'nonsense')]), [null, false])
  await scenario.close()
})

test('a command_id counts for the call’s life and beyond a new start of the switch', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const client = sdkOf(scenario)
  const callee = await scenario.phone('callee')
  const body = { connection_id: scenario.connectionId, from: NUMBER, to: callee.uri, command_id: 'dial-1' }
  const leg = (await client.calls.dial(body)).data!.call_control_id
  await clock.until(() => callee.calls[0]?.state === 'up')
  const speak = { digits: '1', command_id: 'once' }
  for (let times = 0; times < 3; times++) {
    assert.equal((await client.calls.actions.sendDtmf(leg, speak)).data!.result, 'ok')
    await clock.advance(3 * 60_000)
  }
  assert.equal(callee.calls[0]!.party.digits, '1', 'minutes later it is still the same command')
  // Another command under the same name is taken for the same (telnyx-voice §8).
  assert.equal((await client.calls.actions.hangup(leg, { command_id: 'once' })).data!.result, 'ok')
  await clock.advance(1000)
  assert.equal(callee.calls[0]!.state, 'up')

  const later = await openScenario({ after: scenario, seed: 2 })
  await later.clock.advance(1000)
  const again = await sdkOf(later).calls.dial({ ...body, connection_id: later.connectionId })
  assert.equal(again.data!.call_control_id, leg, 'the same call, not a second one')
  assert.equal(later.house.engine.liveCalls().length, 0)
  assert.equal((await sdkOf(later).calls.actions.sendDtmf(leg, speak)).data!.result, 'ok')
  await fails(sdkOf(later).calls.actions.sendDtmf(leg, { ...speak, command_id: 'twice' }), 422, '90018')
  await later.close()
})

test('sound_modifications: a voice is heard higher or lower by the others, in the direction asked for', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const client = sdkOf(scenario)
  scenario.onWebhook = async (event) => {
    if (event.type === 'call.initiated' && event.payload.direction === 'incoming')
      await client.calls.actions.answer(String(event.payload.call_control_id), {
        sound_modifications: { semitone: -12, track: 'inbound' },
      })
    return 200
  }
  const one = await scenario.callIn('low', 800)
  const leg = String(scenario.event('call.initiated')!.payload.call_control_id)
  const { call, leg: other } = await dial(scenario, 'high', { sound_modifications: { octaves: 1, track: 'inbound' } })
  call.party.hum(480)
  await client.calls.actions.bridge(leg, { call_control_id_to_bridge_with: other })
  await clock.advance(3000)
  const strongest = (party: typeof call.party, candidates: readonly number[]) => {
    const heard = party.heard(500)
    return candidates.toSorted((a, b) => toneLevelDbov(heard, b, 8000) - toneLevelDbov(heard, a, 8000))[0]
  }
  assert.equal(strongest(call.party, [400, 800, 1600]), 400, 'an octave down')
  assert.equal(strongest(one.party, [240, 480, 960]), 960, 'an octave up')
  const body = { connection_id: scenario.connectionId, from: NUMBER, to: 'sip:x@127.0.0.1' }
  await fails(client.calls.dial({ ...body, sound_modifications: { semitone: 15 } }), 422, '10033')
  await fails(client.calls.dial({ ...body, sound_modifications: { octaves: 2 } }), 422, '10033')
  one.hangUp()
  await clock.advance(1000)
  await scenario.close()
})

test('conference.floor.changed: whoever speaks now, once the one before is silent', async () => {
  const scenario = await openScenario()
  const { clock } = scenario
  const first = await dial(scenario, 'first', {
    conference_config: { conference_name: 'talk' },
    client_state: 'cm9vbQ==',
  })
  const second = await dial(scenario, 'second', { conference_config: { conference_name: 'talk' } })
  const floor = () =>
    scenario.received
      .filter((event) => event.type === 'conference.floor.changed')
      .map((event) => [event.payload.call_control_id, event.payload.client_state])
  first.call.party.hum(700)
  await clock.advance(1500)
  first.call.party.hum(null)
  second.call.party.hum(900)
  await clock.advance(1500)
  assert.deepEqual(floor(), [
    [first.leg, 'cm9vbQ=='],
    [second.leg, 'cm9vbQ=='],
  ])
  for (const { call } of [first, second]) call.hangUp()
  await clock.advance(1000)
  await scenario.close()
})
