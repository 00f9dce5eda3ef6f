import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatherId, PlaybackId } from '#base/ids.ts'
import type { GatherSpec } from './commands.ts'
import { beginGather, type Effect, gatherStep, type Input, type State } from './gather.ts'
import type { Playback } from './model.ts'

const prompt: Playback = playback('prompt')
const sorry: Playback = playback('sorry')

function playback(id: string): Playback {
  return {
    id: id as PlaybackId,
    kind: 'audio',
    source: { type: 'hold-music' },
    times: 1,
    overlay: false,
    announced: true,
  }
}

function spec(changes: Partial<GatherSpec> = {}): GatherSpec {
  return {
    id: 'g' as GatherId,
    minDigits: 1,
    maxDigits: 4,
    terminators: '#',
    validDigits: '0123456789',
    initialTimeoutMs: 5000,
    interDigitTimeoutMs: 3000,
    totalTimeoutMs: null,
    prompt: null,
    digitEndsPrompt: true,
    invalidPrompt: null,
    maxTries: 1,
    ...changes,
  }
}

/** Plays inputs in order and returns every effect. */
function play(of: GatherSpec, ...inputs: Input[]): { state: State; effects: Effect[] } {
  const begun = beginGather(of, 0)
  let state = begun.state
  const effects = [...begun.effects]
  for (const input of inputs) {
    const next = gatherStep(state, input, 100)
    state = next.state
    effects.push(...next.effects)
  }
  return { state, effects }
}

function digits(text: string): Input[] {
  return [...text].map((digit) => ({ type: 'digit', digit }))
}

function outcome(effects: readonly Effect[]): string | null {
  const done = effects.find((effect) => effect.type === 'done')
  return done === undefined ? null : `${done.status} ${done.digits}`
}

test('the terminating digit ends the gather and is not part of it', () => {
  assert.equal(outcome(play(spec(), ...digits('12#')).effects), 'valid 12')
})

test('enough digits end the gather at once', () => {
  assert.equal(outcome(play(spec(), ...digits('1234')).effects), 'valid 1234')
})

test('the time between digits ends it with what came', () => {
  assert.equal(outcome(play(spec(), ...digits('12'), { type: 'timer', timer: 'inter-digit' }).effects), 'valid 12')
})

test('without any digit the initial time ends it as timeout', () => {
  assert.equal(outcome(play(spec(), { type: 'timer', timer: 'initial' }).effects), 'timeout ')
})

test('too few digits are invalid', () => {
  assert.equal(outcome(play(spec({ minDigits: 3 }), ...digits('12#')).effects), 'invalid 12')
})

test('a digit outside the valid ones makes the gather invalid', () => {
  assert.equal(outcome(play(spec({ validDigits: '12' }), ...digits('13#')).effects), 'invalid 13')
})

test('the first digit cuts the prompt', () => {
  const { effects } = play(spec({ prompt, maxTries: 3 }), ...digits('1'))
  assert.deepEqual(
    effects.filter((effect) => effect.type === 'play' || effect.type === 'stop-prompt').map((effect) => effect.type),
    ['play', 'stop-prompt'],
  )
})

test('the initial time begins when the prompt ends', () => {
  const before = play(spec({ prompt, maxTries: 3 }))
  assert.equal(
    before.effects.some((effect) => effect.type === 'set-timer'),
    false,
  )
  const after = play(spec({ prompt, maxTries: 3 }), { type: 'prompt-ended' })
  assert.deepEqual(after.effects.at(-1), { type: 'set-timer', timer: 'initial', atMs: 5100 })
})

test('without input the prompt is repeated until the tries are used up, then it is a timeout', () => {
  const round: Input[] = [{ type: 'prompt-ended' }, { type: 'timer', timer: 'initial' }]
  const { effects } = play(spec({ prompt, maxTries: 3 }), ...round, ...round, ...round)
  assert.equal(effects.filter((effect) => effect.type === 'play').length, 3)
  assert.equal(outcome(effects), 'timeout ')
})

test('invalid input plays the invalid prompt, then the prompt again', () => {
  const { effects } = play(spec({ prompt, invalidPrompt: sorry, maxTries: 2, minDigits: 2 }), ...digits('1#'), {
    type: 'prompt-ended',
  })
  const played = effects.flatMap((effect) => (effect.type === 'play' ? [effect.playback.id] : []))
  assert.deepEqual(played, ['prompt', 'sorry', 'prompt'])
})

test('invalid input with no try left is told as invalid', () => {
  const { effects } = play(spec({ prompt, maxTries: 2, minDigits: 2 }), ...digits('1#'), ...digits('2#'))
  assert.equal(outcome(effects), 'invalid 2')
})

test('a stopped gather is cancelled, and nothing moves it afterwards', () => {
  const { state, effects } = play(spec(), ...digits('1'), { type: 'stop' }, ...digits('2'))
  assert.equal(outcome(effects), 'cancelled 1')
  assert.equal(effects.filter((effect) => effect.type === 'done').length, 1)
  assert.equal(state.phase, 'done')
})

test('the whole gather has a limit of its own, which ends it with what came', () => {
  const over: Input = { type: 'timer', timer: 'total' }
  const { effects } = play(spec({ totalTimeoutMs: 60_000 }), ...digits('1'), over)
  assert.deepEqual(effects[0], { type: 'set-timer', timer: 'total', atMs: 60_000 })
  assert.equal(outcome(effects), 'valid 1')
  assert.equal(outcome(play(spec({ totalTimeoutMs: 60_000, minDigits: 2 }), ...digits('1'), over).effects), 'invalid 1')
  assert.equal(outcome(play(spec({ totalTimeoutMs: 60_000 }), over).effects), 'timeout ')
})
