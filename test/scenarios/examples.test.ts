// The example applications on the pretended network, through the official SDK with verified webhooks: who hears whom at each
// step of a warm transfer with a supervisor; an IVR's menu, queue and voicemail.

import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import type { Phone, PhoneCall } from '#testkit/phone.ts'
import type { CallPayload, ExampleApp } from '../../examples/common/serve.ts'
import { IvrApp } from '../../examples/ivr/app.ts'
import { WarmTransferApp } from '../../examples/warm-transfer/app.ts'
import { openScenario, type Scenario } from './house.ts'
import { sdkOf } from './sdk-in-house.ts'

const CALLER = 700
const AGENT = 900
const SPECIALIST = 1200
const BOSS = 1500
const HUMS = [CALLER, AGENT, SPECIALIST, BOSS]
const MUSIC_URL = 'http://example.test/hold-music.wav'

/** Webhooks go to the application as its web server would hand them over; what it throws fails the test. */
function drive(scenario: Scenario, app: ExampleApp): readonly unknown[] {
  const failures: unknown[] = []
  // The SDK refuses webhooks that are minutes old: its clock is the pretended one too.
  mock.method(Date, 'now', () => scenario.clock.wallMs())
  for (const [path, file] of Object.entries(app.files ?? {})) scenario.files.set(`http://example.test${path}`, file())
  scenario.onWebhook = async (event) => {
    try {
      const unwrapped = (await app.client.webhooks.unwrap(event.raw, { headers: { ...event.headers } })) as unknown as {
        data: { event_type: string; payload: CallPayload }
      }
      await app.onEvent(unwrapped.data.event_type, unwrapped.data.payload)
    } catch (failure) {
      failures.push(failure)
      return 500
    }
    return 200
  }
  return failures
}

/** A telephone that hums as soon as it answers. */
async function humming(scenario: Scenario, user: string, hz: number): Promise<Phone> {
  const phone = await scenario.phone(user)
  phone.onCall((call) => {
    call.answer()
    call.party.hum(hz)
  })
  return phone
}

async function hears(scenario: Scenario, ...calls: readonly PhoneCall[]): Promise<number[][]> {
  await scenario.clock.advance(3000)
  return calls.map((call) => call.party.hears(HUMS, 1000))
}

test('a warm transfer: agent, consultation with music for the caller, handing over, a supervisor in every role', async () => {
  const scenario = await openScenario()
  const [agentPhone, specialistPhone, bossPhone] = [
    await humming(scenario, 'agent', AGENT),
    await humming(scenario, 'specialist', SPECIALIST),
    await humming(scenario, 'boss', BOSS),
  ]
  const app = new WarmTransferApp({
    client: sdkOf(scenario),
    connectionId: scenario.connectionId,
    publicUrl: () => 'http://example.test',
    agent: agentPhone.uri,
    specialist: specialistPhone.uri,
  })
  const failures = drive(scenario, app)
  assert.ok(scenario.files.has(MUSIC_URL))
  const caller = await scenario.callIn('caller', CALLER)
  await scenario.clock.until(() => agentPhone.calls[0]?.state === 'up')
  const agent = agentPhone.calls[0]!
  assert.deepEqual(await hears(scenario, caller, agent), [[AGENT], [CALLER]])

  agent.party.dial('*2')
  await scenario.clock.until(() => specialistPhone.calls[0]?.state === 'up')
  const specialist = specialistPhone.calls[0]!
  specialist.party.hum(SPECIALIST)
  agent.party.hum(AGENT)
  const [waiting, consulting, consulted] = await hears(scenario, caller, agent, specialist)
  assert.deepEqual([waiting, consulting, consulted], [[], [SPECIALIST], [AGENT]])
  assert.ok(caller.party.loudness(1000) > -45, 'the caller hears music')

  agent.party.dial('*3')
  await scenario.clock.until(() => agent.state === 'ended')
  assert.deepEqual(await hears(scenario, caller, specialist), [[SPECIALIST], [CALLER]])

  assert.deepEqual(await app.command('supervise', new URLSearchParams({ number: bossPhone.uri })), { ok: true })
  await scenario.clock.until(() => bossPhone.calls[0]?.state === 'up')
  const boss = bossPhone.calls[0]!
  const roles = [
    [null, [[SPECIALIST], [CALLER], [CALLER, SPECIALIST]]],
    ['2', [[SPECIALIST], [CALLER, BOSS], [CALLER, SPECIALIST]]],
    [
      '3',
      [
        [SPECIALIST, BOSS],
        [CALLER, BOSS],
        [CALLER, SPECIALIST],
      ],
    ],
    ['1', [[SPECIALIST], [CALLER], [CALLER, SPECIALIST]]],
  ] as const
  for (const [key, matrix] of roles) {
    if (key !== null) boss.party.dial(key)
    await scenario.clock.advance(1000)
    boss.party.hum(BOSS)
    assert.deepEqual(await hears(scenario, caller, specialist, boss), matrix, `after ${key ?? 'listening in'}`)
  }
  caller.hangUp()
  await scenario.clock.advance(2000)
  for (const call of [specialist, boss]) if (call.state !== 'ended') call.hangUp()
  await scenario.clock.advance(2000)
  assert.deepEqual(failures, [])
  mock.restoreAll()
  await scenario.close()
})

test('an IVR: one waits and is put through, two leaves a message, too long a wait leaves one too', async () => {
  const scenario = await openScenario({ speech: true })
  const app = new IvrApp({ client: sdkOf(scenario), agents: ['anna'], patienceSecs: 20 })
  const failures = drive(scenario, app)
  /** How often the application has begun to speak. */
  const spoken = (): number => scenario.types().filter((type) => type === 'call.speak.started').length
  /** Presses keys once the application speaks for the `nth` time since the story began. */
  const press = async (call: PhoneCall, nth: number, digits: string, hz: number): Promise<void> => {
    await scenario.clock.until(() => spoken() >= nth)
    await scenario.clock.advance(1000)
    call.party.dial(digits)
    await scenario.clock.advance(1000)
    call.party.hum(hz)
  }

  // One: waits with music, is seen in the queue, is put through to the agent who calls.
  const first = await scenario.callIn('bob', CALLER)
  await press(first, 1, '1', CALLER)
  await scenario.clock.until(() => scenario.types().includes('call.enqueued'))
  // Music while waiting.
  await scenario.clock.until(() => first.party.loudness(1000) > -45)
  const queue = (await app.command('queue')) as { from: string; queue_position: number }[]
  assert.deepEqual(
    queue.map((one) => [one.from, one.queue_position]),
    [['bob', 1]],
  )
  const anna = await scenario.callIn('anna', AGENT)
  assert.deepEqual(await hears(scenario, first, anna), [[AGENT], [CALLER]])
  anna.hangUp()
  await scenario.clock.advance(2000)

  // Two, after a key that is not on the menu.
  let before = spoken()
  const second = await scenario.callIn('carol', CALLER)
  await press(second, before + 1, '7', CALLER)
  await press(second, before + 2, '2', CALLER)
  await scenario.clock.until(() => spoken() >= before + 3)
  await scenario.clock.advance(8000)
  second.party.hum(null)
  await scenario.clock.until(() => second.state === 'ended', 60_000)
  assert.equal(app.messages.length, 1)

  // Too long a wait.
  before = spoken()
  const third = await scenario.callIn('dave', CALLER)
  await press(third, before + 1, '1', CALLER)
  await scenario.clock.advance(30_000)
  third.party.hum(null)
  await scenario.clock.until(() => third.state === 'ended', 60_000)
  assert.equal(app.messages.length, 2)

  // Nobody waits.
  const again = await scenario.callIn('anna', AGENT)
  await scenario.clock.until(() => again.state === 'ended', 60_000)
  assert.deepEqual(failures, [])
  mock.restoreAll()
  await scenario.close()
})
