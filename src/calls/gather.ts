// Collecting digits, with or without a prompt (telnyx-voice §12.4; the other language's Gather is the same machine with
// other settings).
//
//              ┌────────────── no input, tries left ──────────────┐
//              ▼                                                  │
//   begin ─► prompting ── prompt ends ─► waiting ── initial time ─┴─► done(timeout)
//              │ digit (cuts the prompt)   │ digit
//              └──────────► collecting ◄───┘
//                             │ terminator, enough digits, inter-digit time or total time
//                             ▼
//                      long enough and all valid ─► done(valid)
//                      else, tries left ─► invalid prompt, prompt again;  none left ─► done(invalid)

import { type Step, step } from '#base/step.ts'
import { unreachable } from '#base/unreachable.ts'
import type { GatherSpec } from './commands.ts'
import type { GatherStatus } from './events.ts'
import type { Playback } from './model.ts'

export type TimerName = 'initial' | 'inter-digit' | 'total'

export interface State {
  readonly phase: 'prompting' | 'waiting' | 'collecting' | 'done'
  readonly spec: GatherSpec
  readonly digits: string
  /** Prompts begun so far. */
  readonly tries: number
  /** The prompt that plays in `prompting`; another may follow it. */
  readonly prompt: Playback | null
  readonly nextPrompt: Playback | null
}

export type Input =
  | { readonly type: 'prompt-ended' }
  | { readonly type: 'digit'; readonly digit: string }
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'stop' }
  | { readonly type: 'machine-detected' }
  | { readonly type: 'call-ended' }

export type Effect =
  | { readonly type: 'play'; readonly playback: Playback }
  | { readonly type: 'stop-prompt'; readonly playback: Playback }
  | { readonly type: 'set-timer'; readonly timer: TimerName; readonly atMs: number }
  | { readonly type: 'clear-timer'; readonly timer: TimerName }
  | { readonly type: 'done'; readonly status: GatherStatus; readonly digits: string }

/** Begins a gather at `nowMs`. */
export function beginGather(spec: GatherSpec, nowMs: number): Step<State, Effect> {
  const effects: Effect[] = []
  if (spec.totalTimeoutMs !== null) {
    effects.push({ type: 'set-timer', timer: 'total', atMs: nowMs + spec.totalTimeoutMs })
  }
  const fresh: State = { phase: 'waiting', spec, digits: '', tries: 0, prompt: null, nextPrompt: null }
  return prompt(fresh, null, nowMs, effects)
}

export function gatherStep(state: State, input: Input, nowMs: number): Step<State, Effect> {
  if (state.phase === 'done') return step(state)
  switch (input.type) {
    case 'prompt-ended': {
      if (state.phase !== 'prompting') return step(state)
      if (state.nextPrompt !== null) {
        return step(
          { ...state, prompt: state.nextPrompt, nextPrompt: null },
          { type: 'play', playback: state.nextPrompt },
        )
      }
      return step<State, Effect>({ ...state, phase: 'waiting', prompt: null }, initialTimer(state.spec, nowMs))
    }
    case 'digit': {
      const effects: Effect[] = []
      if (state.phase === 'prompting' && state.prompt !== null && state.spec.digitEndsPrompt) {
        effects.push({ type: 'stop-prompt', playback: state.prompt })
      }
      if (state.phase === 'waiting') effects.push({ type: 'clear-timer', timer: 'initial' })
      const collecting: State = { ...state, phase: 'collecting', prompt: null, nextPrompt: null }
      if (state.spec.terminators.includes(input.digit)) return judge(collecting, nowMs, effects)
      const digits = state.digits + input.digit
      if (digits.length >= state.spec.maxDigits) return judge({ ...collecting, digits }, nowMs, effects)
      effects.push({ type: 'set-timer', timer: 'inter-digit', atMs: nowMs + state.spec.interDigitTimeoutMs })
      return { state: { ...collecting, digits }, effects }
    }
    case 'timer':
      switch (input.timer) {
        case 'inter-digit':
          return state.phase === 'collecting' ? judge(state, nowMs, []) : step(state)
        case 'initial':
          if (state.phase !== 'waiting') return step(state)
          if (state.spec.prompt !== null && state.tries < state.spec.maxTries) return prompt(state, null, nowMs, [])
          return done(state, 'timeout', [])
        case 'total':
          // The whole time ends collecting like the time between digits does, but there is none left for another try.
          return state.digits === '' ? done(state, 'timeout', []) : done(state, verdict(state), [])
        default:
          return unreachable(input.timer)
      }
    case 'stop':
      return done(state, 'cancelled', [])
    case 'machine-detected':
      return done(state, 'machine-detected', [])
    case 'call-ended':
      return done(state, 'call-ended', [])
    default:
      return unreachable(input)
  }
}

/** Begins a try: `first` (the invalid prompt), then the prompt; without either, just waits. */
function prompt(state: State, first: Playback | null, nowMs: number, effects: Effect[]): Step<State, Effect> {
  const main = state.spec.prompt
  const playing = first ?? main
  if (playing === null) {
    effects.push(initialTimer(state.spec, nowMs))
    return { state: { ...state, phase: 'waiting', digits: '', tries: state.tries + 1 }, effects }
  }
  effects.push({ type: 'play', playback: playing })
  return {
    state: {
      ...state,
      phase: 'prompting',
      digits: '',
      tries: state.tries + 1,
      prompt: playing,
      nextPrompt: first !== null ? main : null,
    },
    effects,
  }
}

function judge(state: State, nowMs: number, effects: Effect[]): Step<State, Effect> {
  effects.push({ type: 'clear-timer', timer: 'inter-digit' })
  const { spec } = state
  if (verdict(state) === 'valid') return done(state, 'valid', effects)
  if (spec.prompt !== null && state.tries < spec.maxTries) return prompt(state, spec.invalidPrompt, nowMs, effects)
  return done(state, 'invalid', effects)
}

function verdict({ spec, digits }: State): 'valid' | 'invalid' {
  const valid = digits.length >= spec.minDigits && [...digits].every((digit) => spec.validDigits.includes(digit))
  return valid ? 'valid' : 'invalid'
}

function done(state: State, status: GatherStatus, effects: Effect[]): Step<State, Effect> {
  if (state.phase === 'prompting' && state.prompt !== null) {
    effects.push({ type: 'stop-prompt', playback: state.prompt })
  }
  for (const timer of ['initial', 'inter-digit', 'total'] as const) effects.push({ type: 'clear-timer', timer })
  effects.push({ type: 'done', status, digits: state.digits })
  return { state: { ...state, phase: 'done' }, effects }
}

function initialTimer(spec: GatherSpec, nowMs: number): Effect {
  return { type: 'set-timer', timer: 'initial', atMs: nowMs + spec.initialTimeoutMs }
}
