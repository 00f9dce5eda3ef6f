import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Effect, type Input, initial, type State, step } from './referral.ts'

/** Runs inputs one second apart and gives what the machine told, without timers. */
function told(...inputs: readonly Input[]): readonly string[] {
  const { words } = run(...inputs)
  return words
}

function run(...inputs: readonly Input[]): { state: State; words: string[]; effects: Effect[] } {
  let state: State = initial
  const words: string[] = []
  const effects: Effect[] = []
  let nowMs = 0
  for (const input of inputs) {
    const next = step(state, input, nowMs)
    state = next.state
    effects.push(...next.effects)
    for (const one of next.effects) {
      if (one.type === 'accepted') words.push('accepted')
      if (one.type === 'ended') words.push(`ended ${one.status}`)
    }
    nowMs += 1000
  }
  return { state, words, effects }
}

const yes: Input = { type: 'answered', status: 202, withoutSubscription: false }
const notify = (status: number | null, terminated = false, expiresS: number | null = null): Input => ({
  type: 'notified',
  status,
  terminated,
  expiresS,
})

test('RFC 3515 §2.4: accepted, steps, a final status; what comes later says nothing more', () => {
  assert.deepEqual(told(yes, notify(100), notify(180), notify(200, true), notify(200, true)), ['accepted', 'ended 200'])
  assert.deepEqual(told(yes, notify(100), notify(603, true)), ['accepted', 'ended 603'])
  // A final status counts although the peer forgets to end the subscription.
  assert.deepEqual(told(yes, notify(486)), ['accepted', 'ended 486'])
})

test('RFC 3515 §2.4.4: a NOTIFY that overtakes the 2xx accepts just as well', () => {
  assert.deepEqual(told(notify(100), yes, notify(200, true)), ['accepted', 'ended 200'])
  assert.deepEqual(told(notify(200, true), yes), ['accepted', 'ended 200'])
})

test('a refusal and silence end it without acceptance', () => {
  assert.deepEqual(told({ type: 'answered', status: 403, withoutSubscription: false }), ['ended 403'])
  assert.deepEqual(told({ type: 'unanswered' }), ['ended 408'])
  assert.deepEqual(told({ type: 'call-ended', by: 'remote' }), ['ended 487'])
})

test('RFC 4488: without a subscription the 2xx is all there is', () => {
  assert.deepEqual(told({ type: 'answered', status: 200, withoutSubscription: true }), ['accepted', 'ended 200'])
})

test('a missing NOTIFY: sixty seconds, or the hang-up of a peer that took the order', () => {
  const { effects } = run(yes)
  assert.deepEqual(effects.at(-1), { type: 'set-timer', atMs: 60_000 })
  assert.deepEqual(told(yes, { type: 'timer' }), ['accepted', 'ended 408'])
  assert.deepEqual(told(yes, { type: 'call-ended', by: 'remote' }), ['accepted', 'ended 200'])
  assert.deepEqual(told(yes, notify(180), { type: 'call-ended', by: 'local' }), ['accepted', 'ended 487'])
})

test('a peer that tells steps gets the time it named, within bounds', () => {
  assert.deepEqual(run(yes, notify(100, false, 180)).effects.at(-1), { type: 'set-timer', atMs: 181_000 })
  assert.deepEqual(run(yes, notify(100, false, 5)).effects.at(-1), { type: 'set-timer', atMs: 61_000 })
  assert.deepEqual(run(yes, notify(100, false, 1e9)).effects.at(-1), { type: 'set-timer', atMs: 601_000 })
})

test('a subscription that ends without an outcome leaves the call ours', () => {
  assert.deepEqual(told(yes, notify(100), notify(null, true)), ['accepted', 'ended 408'])
})
