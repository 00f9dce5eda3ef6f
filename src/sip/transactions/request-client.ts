// The non-INVITE client transaction: RFC 3261 §17.1.2.
//
//   trying ──1xx──► proceeding ──200-699──► completed ──K──► terminated
//      └───────────200-699────────────────────┘
//
// E doubles from T1 up to T2 while trying and is T2 while proceeding; F ends both.

import { step as done, type Step } from '#base/step.ts'
import { unreachable } from '#base/unreachable.ts'
import { giveUpMs, type TimerSlot, type TransactionWorld } from '../timers.ts'

export type State =
  | { readonly type: 'trying'; readonly waitMs: number; readonly failAtMs: number }
  | { readonly type: 'proceeding'; readonly failAtMs: number }
  | { readonly type: 'completed' }
  | { readonly type: 'terminated' }

export type Input =
  | { readonly type: 'start' }
  | { readonly type: 'response'; readonly status: number }
  | { readonly type: 'timer'; readonly slot: TimerSlot }
  | { readonly type: 'transport-failed' }

export type Effect =
  | { readonly type: 'send-request' }
  | { readonly type: 'set-timer'; readonly slot: TimerSlot; readonly atMs: number }
  | { readonly type: 'tell-response' }
  | { readonly type: 'tell-timeout' }
  | { readonly type: 'tell-transport-failed' }

export function initial(nowMs: number, world: TransactionWorld): State {
  return { type: 'trying', waitMs: world.timers.t1Ms, failAtMs: nowMs + giveUpMs(world.timers) }
}

const terminated: State = { type: 'terminated' }

export function step(state: State, input: Input, nowMs: number, world: TransactionWorld): Step<State, Effect> {
  const { timers, reliable } = world
  switch (state.type) {
    case 'trying':
    case 'proceeding':
      if (input.type === 'start') {
        const end: Effect = { type: 'set-timer', slot: 'end', atMs: nowMs + giveUpMs(timers) }
        if (reliable) return done<State, Effect>(state, { type: 'send-request' }, end)
        return done<State, Effect>(state, { type: 'send-request' }, end, {
          type: 'set-timer',
          slot: 'repeat',
          atMs: nowMs + timers.t1Ms,
        })
      }
      if (input.type === 'timer') {
        if (input.slot === 'end') return done<State, Effect>(terminated, { type: 'tell-timeout' })
        const waitMs = state.type === 'proceeding' ? timers.t2Ms : Math.min(state.waitMs * 2, timers.t2Ms)
        const next: State = state.type === 'proceeding' ? state : { ...state, waitMs }
        return done<State, Effect>(
          next,
          { type: 'send-request' },
          { type: 'set-timer', slot: 'repeat', atMs: nowMs + waitMs },
        )
      }
      if (input.type === 'transport-failed') return done<State, Effect>(terminated, { type: 'tell-transport-failed' })
      if (input.status >= 200) {
        if (reliable) return done<State, Effect>(terminated, { type: 'tell-response' })
        return done<State, Effect>(
          { type: 'completed' },
          { type: 'set-timer', slot: 'end', atMs: nowMs + timers.t4Ms },
          { type: 'tell-response' },
        )
      }
      if (state.type === 'proceeding') return done<State, Effect>(state, { type: 'tell-response' })
      {
        // The type changes, so both timers are set anew: F keeps its instant, E becomes T2.
        const effects: Effect[] = [{ type: 'set-timer', slot: 'end', atMs: state.failAtMs }]
        if (!reliable) effects.push({ type: 'set-timer', slot: 'repeat', atMs: nowMs + timers.t2Ms })
        return done<State, Effect>({ type: 'proceeding', failAtMs: state.failAtMs }, ...effects, {
          type: 'tell-response',
        })
      }
    case 'completed':
      if (input.type === 'timer' && input.slot === 'end') return done<State, Effect>(terminated)
      return done<State, Effect>(state)
    case 'terminated':
      return done<State, Effect>(state)
    default:
      return unreachable(state)
  }
}
