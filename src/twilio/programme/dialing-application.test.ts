// A Dial with Application as the pure programme sees it (APP-01): what it commands, and what its action is told.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { type AccountId, type ApplicationId, type CallGroupId, type CallId, IdMaker } from '#base/ids.ts'
import type { EngineCommand } from '#calls/commands.ts'
import type { Fact } from '#calls/events.ts'
import { type Call, nothingOnAnswer } from '#calls/model.ts'
import { HandClock } from '#testkit/clock.ts'
import { readDocument } from '../twiml/document.ts'
import { Programme } from './programme.ts'
import type { ProgrammeDoors, Reach } from './programme-doors.ts'
import { Counter, type Effect, type Input, Turn } from './turn.ts'

const ACCOUNT = 'a'.repeat(32) as AccountId
const OTHER = 'b'.repeat(32) as AccountId
const APPLICATION = 'c'.repeat(32) as ApplicationId

const caller: Call = {
  id: '1'.repeat(32) as CallId,
  group: '2'.repeat(32) as CallGroupId,
  account: ACCOUNT,
  application: 'd'.repeat(32) as ApplicationId,
  direction: 'incoming',
  from: 'bob',
  fromName: 'Bob',
  to: '+15550100',
  fromUri: 'sip:bob@example.com',
  toUri: 'sip:+15550100@example.com',
  headers: [],
  offeredCodecs: ['PCMU'],
  identity: null,
  sourceHost: '127.0.0.1',
  party: 'phone',
  sipCallId: 'x',
  state: 'answered',
  place: { type: 'parked' },
  codec: 'PCMU',
  samplingRateHz: 8000,
  createdAtWallMs: 0,
  answeredAtWallMs: 0,
  endedAtWallMs: null,
  end: null,
  stats: null,
  afterBridge: 'park',
  supervision: null,
  onAnswer: nothingOnAnswer,
  timeLimitMs: null,
  recordingSessions: [],
  notes: {},
}

/** A document that runs on a call, and all it has said. */
function running(inside: string, reach: Reach, call = caller) {
  const clock = new HandClock()
  const doors: ProgrammeDoors = {
    baseUrl: 'http://switch.test',
    apiVersion: '2010-04-01',
    streamHeaders: () => ({}),
    siprecConnectors: () => [],
    recognisers: [],
    enhancedSip: true,
    noiseFallback: false,
    sites: new Map(),
    reach: (account) => (account === call.account ? reach : { type: 'unknown' }),
    addresses: () => ({ from: 'sip:bob@example.com', to: 'sip:desk@example.com' }),
  }
  const programme = new Programme('main', { url: 'http://app.test/voice', method: 'POST' }, doors)
  const ids = new IdMaker(clock, seededChance(1))
  const count = new Counter()
  const effects: Effect[] = []
  const turn = (): Turn =>
    new Turn({
      nowMs: clock.nowMs(),
      wallMs: clock.wallMs(),
      call,
      queue: null,
      origin: { url: null, method: 'POST' },
      ids,
      count,
      effects,
    })
  const document = readDocument(`<Response>${inside}</Response>`, 'main')
  assert.ok(document.ok)
  programme.load(document.value, 'http://app.test/voice', turn())
  return {
    effects,
    on: (input: Input) => programme.on(input, turn()),
    fact: (fact: Fact) => programme.on({ type: 'fact', fact }, turn()),
    commands: <T extends EngineCommand['type']>(type: T) =>
      effects.flatMap((one) =>
        one.type === 'command' && one.command.type === type ? [one.command as Extract<EngineCommand, { type: T }>] : [],
      ),
    asked: () => effects.findLast((one) => one.type === 'obtain')?.parameters ?? null,
    notes: () => effects.flatMap((one) => (one.type === 'note' ? [one.problem.code] : [])),
  }
}

const there: Reach = { type: 'there', account: OTHER, application: APPLICATION }
const dial = (noun = '', inside = '') =>
  `<Dial action="/after"><Application ${noun}>AP${'c'.repeat(32)}${inside}</Application></Dial>`

test('APP-01: the Dial calls out to a call that arrives here, and says who that will be', () => {
  const inside = '<ApplicationSid>x</ApplicationSid><Parameter name="a" value="1"/>'
  const run = running(`<Dial><Application>${inside}</Application></Dial>`, there)
  const [{ spec }, ...others] = run.commands('transfer') as [Extract<EngineCommand, { type: 'transfer' }>]
  assert.equal(others.length, 0)
  const { arrival } = spec
  assert.ok(arrival !== undefined)
  assert.notEqual(arrival.leg, spec.id)
  assert.deepEqual([spec.account, spec.application, spec.to], [ACCOUNT, caller.application, 'app:x'])
  assert.deepEqual(
    [arrival.account, arrival.application, arrival.from, arrival.fromName, arrival.to],
    [OTHER, APPLICATION, 'bob', 'Bob', `AP${APPLICATION}`],
  )
  assert.deepEqual(arrival.notes, {
    parent: caller.id,
    from: 'sip:bob@example.com',
    firstParameters: [
      ['CustomerId', `AC${ACCOUNT}`],
      ['Param_a', '1'],
    ],
  })
  assert.deepEqual(
    [spec.notes.parent, spec.notes.shownAs, spec.notes.to, spec.notes.from],
    [caller.id, arrival.leg, `AP${APPLICATION}`, 'sip:bob@example.com'],
  )
})

test('APP-01: copyParentTo says the number that the caller called, as requests spell it', () => {
  const run = running(dial('copyParentTo="true" customerId="me"'), there)
  const { arrival } = run.commands('transfer')[0]!.spec
  assert.equal(arrival?.to, 'sip:desk@example.com')
  assert.deepEqual(arrival?.notes.firstParameters, [['CustomerId', 'me']])
})

test('APP-01, DACT-12: nobody to call: the action is asked at once, and the customer told why', () => {
  for (const [type, code] of [
    ['unknown', 21218],
    ['silent', 11100],
  ] as const) {
    const run = running(dial(), { type })
    assert.deepEqual(run.commands('transfer'), [])
    assert.deepEqual(run.notes(), [code])
    assert.deepEqual(run.asked(), [
      ['DialCallStatus', 'failed'],
      ['DialBridged', 'false'],
    ])
  }
})

test('APP-01, DACT-02: the action names the child, if it ever came in, and what its application handed back', () => {
  for (const arrives of [true, false]) {
    const run = running(dial(), there)
    const { spec } = run.commands('transfer')[0]!
    const child = spec.arrival!.leg
    const way: Call = { ...caller, id: spec.id!, direction: 'outgoing', state: 'dialing-out', answeredAtWallMs: null }
    run.fact({ type: 'call.initiated', call: way })
    if (arrives) run.fact({ type: 'call.initiated', call: { ...caller, id: child, account: OTHER } })
    run.on({ type: 'handed-back', by: 'f'.repeat(32) as CallId, parameters: [{ name: 'no', value: 'body' }] })
    if (arrives) run.on({ type: 'handed-back', by: child, parameters: [{ name: 'a b', value: 'c' }] })
    const end = { cause: 'busy', by: 'remote', sipStatus: 486, sipReason: null, q850: null, headers: [] } as const
    run.fact({ type: 'call.ended', call: { ...way, state: 'ended', endedAtWallMs: 0, end } })
    assert.deepEqual(run.asked(), [
      ['DialCallStatus', 'busy'],
      ...(arrives
        ? [
            ['DialCallSid', `CA${child}`],
            ['DialCallDuration', '0'],
          ]
        : []),
      ['DialBridged', 'false'],
      ...(arrives ? [['ReturnParam_a b', 'c']] : []),
    ])
  }
})

test('FLOW-02: what a child says with Hangup and Reject goes to its parent, before it ends', () => {
  const parent = '9'.repeat(32) as CallId
  const child: Call = { ...caller, notes: { parent } }
  for (const [verb, call] of [
    ['Hangup', child],
    ['Reject', { ...child, state: 'ringing-in' }],
  ] as const) {
    const run = running(`<${verb}><Parameter name="a" value="1"/></${verb}>`, there, call)
    assert.deepEqual(run.effects[0], {
      type: 'tell',
      to: parent,
      input: { type: 'handed-back', by: call.id, parameters: [{ name: 'a', value: '1' }] },
    })
    assert.deepEqual(running(`<${verb}/>`, there, call).effects[0]?.type === 'tell', false)
  }
  assert.ok(
    !running('<Hangup><Parameter name="a" value="1"/></Hangup>', there).effects.some(({ type }) => type === 'tell'),
  )
})
