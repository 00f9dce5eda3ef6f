// Every way a call can end, and the three words that tell of it: cause, source, SIP status (telnyx-voice §12.16; RFC 3398
// from SIP to Q.850, RFC 3326 for a Reason that knows better).

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { field } from '#sip/message.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { NUMBER, openScenario } from './house.ts'
import { sdkOf } from './sdk-in-house.ts'

const scenario = await openScenario({
  declared: {
    applications: [
      { name: 'demo', dialect: 'telnyx', webhook_url: 'http://app.test/webhook', first_command_timeout_secs: 5 },
    ],
    numbers: [{ number: NUMBER, application: 'demo' }],
  },
})
const { clock } = scenario
const client = sdkOf(scenario)
const { actions } = client.calls
after(() => scenario.close())

type Words = readonly [cause: string, source: string, sip: string]

let names = 0

async function words(leg: string, withinMs = 120_000): Promise<Words> {
  await clock.until(() => scenario.event('call.hangup', leg) !== undefined, withinMs)
  const told = scenario.received.filter((one) => one.type === 'call.hangup' && one.payload.call_control_id === leg)
  assert.equal(told.length, 1, 'told once')
  const { payload } = told[0]!
  assert.deepEqual([payload.state, typeof payload.end_time], ['hangup', 'string'])
  return [String(payload.hangup_cause), String(payload.hangup_source), String(payload.sip_hangup_cause)]
}

/** Dials a telephone that does something with the call. */
async function dialled(
  onCall: (call: PhoneCall) => void,
  more: object = {},
): Promise<{ leg: string; phone: PhoneCall }> {
  const phone = await scenario.phone(`callee${names++}`)
  phone.onCall(onCall)
  const body = { connection_id: scenario.connectionId, from: '+15550100', to: phone.uri, ...more }
  const { data } = await client.calls.dial(body)
  await clock.until(() => phone.calls.length > 0)
  await clock.advance(300)
  return { leg: data!.call_control_id, phone: phone.calls[0]! }
}

/** Somebody calls in; not answered. */
async function called(): Promise<{ leg: string; phone: PhoneCall; vanish: () => void }> {
  const phone = await scenario.phone(`caller${names++}`)
  const since = scenario.received.length
  const call = await phone.call(NUMBER, scenario.sip)
  await clock.until(() => scenario.received.length > since)
  return { leg: String(scenario.received[since]!.payload.call_control_id), phone: call, vanish: () => phone.close() }
}

async function answered(): Promise<{ leg: string; phone: PhoneCall }> {
  const line = await called()
  await actions.answer(line.leg, {})
  await clock.until(() => line.phone.state === 'up')
  await clock.advance(200)
  return line
}

const refusals: Readonly<Record<string, readonly number[]>> = {
  user_busy: [486, 600],
  no_answer: [408, 480],
  call_rejected: [401, 402, 403, 407, 603],
  not_found: [404, 410, 484, 485, 604],
  unspecified: [
    400, 405, 406, 413, 414, 415, 416, 420, 421, 423, 481, 482, 483, 488, 491, 500, 501, 502, 503, 504, 505, 513, 606,
  ],
}

test('a call out that the far end refuses: its status decides, and is told', async () => {
  for (const [cause, statuses] of Object.entries(refusals)) {
    for (const status of statuses) {
      const { leg } = await dialled((call) => call.reject(status))
      assert.deepEqual(await words(leg), [cause, 'callee', String(status)])
    }
  }
})

test('a call out that the far end refuses for a reason in Q.850: the reason wins', async () => {
  for (const [status, q850, cause] of [
    [503, 17, 'user_busy'],
    [480, 21, 'call_rejected'],
    [500, 1, 'not_found'],
    [487, 18, 'no_answer'],
    [486, 19, 'no_answer'],
    [480, 16, 'no_answer'],
  ] as const) {
    const reason = [field('Reason', `Q.850;cause=${q850};text="x"`)]
    const { leg } = await dialled((call) => call.reject(status, reason))
    assert.deepEqual(await words(leg), [cause, 'callee', String(status)], `${status} with ${q850}`)
  }
})

const outgoing: Readonly<Record<string, readonly [() => Promise<string>, Words]>> = {
  'rings longer than timeout_secs': [
    async () => (await dialled((call) => call.ring(), { timeout_secs: 10 })).leg,
    ['timeout', 'unknown', '487'],
  ],
  'the same with retry_on_timeout=false': [
    async () => (await dialled((call) => call.ring(), { timeout_secs: 10, retry_on_timeout: false })).leg,
    ['no_answer', 'unknown', '487'],
  ],
  'nobody answers the INVITE': [
    async () => {
      const to = 'sip:nobody@127.0.0.1:5997'
      const body = { connection_id: scenario.connectionId, from: '+15550100', to, timeout_secs: 120 }
      return (await client.calls.dial(body)).data!.call_control_id
    },
    ['no_answer', 'unknown', '408'],
  ],
  'a command while it rings': [
    async () => {
      const { leg } = await dialled((call) => call.ring())
      await actions.hangup(leg, {})
      return leg
    },
    ['originator_cancel', 'caller', '487'],
  ],
  'a command after the answer': [
    async () => {
      const { leg } = await dialled((call) => call.answer())
      await actions.hangup(leg, {})
      return leg
    },
    ['normal_clearing', 'caller', '200'],
  ],
  'the callee hangs up': [
    async () => {
      const { leg, phone } = await dialled((call) => call.answer())
      phone.hangUp()
      return leg
    },
    ['normal_clearing', 'callee', '200'],
  ],
  'the callee hangs up with a reason': [
    async () => {
      const { leg, phone } = await dialled((call) => call.answer())
      phone.hangUp([field('Reason', 'Q.850;cause=17')])
      return leg
    },
    ['normal_clearing', 'callee', '200'],
  ],
  'time_limit_secs passes': [
    async () => (await dialled((call) => call.answer(), { time_limit_secs: 30 })).leg,
    ['time_limit', 'caller', '200'],
  ],
  'the other side of its bridge hangs up': [
    async () => {
      const line = await answered()
      const { leg } = await dialled((call) => call.answer(), { link_to: line.leg, bridge_on_answer: true })
      line.phone.hangUp()
      return leg
    },
    ['normal_clearing', 'caller', '200'],
  ],
  'prevent_double_bridge finds its partner bridged': [
    async () => {
      const [one, two] = [await answered(), await answered()]
      await actions.bridge(one.leg, { call_control_id_to_bridge_with: two.leg })
      const linked = { link_to: one.leg, bridge_on_answer: true, prevent_double_bridge: true }
      return (await dialled((call) => call.answer(), linked)).leg
    },
    ['normal_clearing', 'caller', '200'],
  ],
  'whoever it was made for is gone': [
    async () => {
      const line = await answered()
      const { leg, phone } = await dialled((call) => call.ring(), { link_to: line.leg, bridge_on_answer: true })
      line.phone.hangUp()
      await clock.advance(500)
      phone.answer()
      return leg
    },
    ['normal_clearing', 'caller', '200'],
  ],
  'the conference it is in is ended': [
    async () => {
      const { leg } = await dialled((call) => call.answer())
      const room = await client.conferences.create({ call_control_id: leg, name: `room${names++}` })
      await client.conferences.actions.endConference(room.data!.id, {})
      return leg
    },
    ['normal_clearing', 'caller', '200'],
  ],
}

const incoming: Readonly<Record<string, readonly [() => Promise<string>, Words]>> = {
  'the caller gives up': [
    async () => {
      const { leg, phone } = await called()
      phone.hangUp()
      return leg
    },
    ['originator_cancel', 'caller', '487'],
  ],
  'reject as busy': [
    async () => {
      const { leg } = await called()
      await actions.reject(leg, { cause: 'USER_BUSY' })
      return leg
    },
    ['user_busy', 'callee', '486'],
  ],
  'reject as rejected': [
    async () => {
      const { leg } = await called()
      await actions.reject(leg, { cause: 'CALL_REJECTED' })
      return leg
    },
    ['call_rejected', 'callee', '603'],
  ],
  'a command before the answer': [
    async () => {
      const { leg } = await called()
      await actions.hangup(leg, {})
      return leg
    },
    ['no_answer', 'callee', '480'],
  ],
  'no command in time': [async () => (await called()).leg, ['no_answer', 'callee', '480']],
  'the caller hangs up': [
    async () => {
      const { leg, phone } = await answered()
      phone.hangUp()
      return leg
    },
    ['normal_clearing', 'caller', '200'],
  ],
  'a command after the answer': [
    async () => {
      const { leg } = await answered()
      await actions.hangup(leg, {})
      return leg
    },
    ['normal_clearing', 'callee', '200'],
  ],
  'the caller never confirms the answer': [
    async () => {
      const { leg, vanish } = await called()
      vanish()
      await actions.answer(leg, {})
      return leg
    },
    ['unspecified', 'unknown', '408'],
  ],
}

for (const [direction, ways] of Object.entries({ outgoing, incoming })) {
  for (const [way, [make, expected]] of Object.entries(ways)) {
    test(`${direction}: ${way}`, async () => {
      assert.deepEqual(await words(await make()), expected)
      for (const call of scenario.house.engine.liveCalls())
        await scenario.house.engine.execute(
          { account: call.account, language: 'telnyx' },
          { type: 'hang-up', call: call.id, headers: [] },
        )
      await clock.advance(2000)
    })
  }
}
