// The non-INVITE server transaction: RFC 3261 §17.2.2, with RFC 4320: no provisional answer over UDP before the request
// would have been repeated at T2 anyway, and never a 408.
//
//   trying ──1xx──► proceeding ──200-699──► completed ──J──► terminated

import { step as done, type Step } from '#base/step.ts'
import { unreachable } from '#base/unreachable.ts'
import { giveUpMs, type TimerSlot, type TransactionWorld } from '../timers.ts'

export type State =
  | { readonly type: 'trying'; readonly startedAtMs: number }
  | { readonly type: 'proceeding' }
  | { readonly type: 'completed' }
  | { readonly type: 'terminated' }

export type Input =
  | { readonly type: 'request' }
  | { readonly type: 'respond'; readonly status: number }
  | { readonly type: 'timer'; readonly slot: TimerSlot }

export type Effect =
  | { readonly type: 'send-response' }
  | { readonly type: 'resend-response' }
  | { readonly type: 'set-timer'; readonly slot: TimerSlot; readonly atMs: number }

export function initial(nowMs: number): State {
  return { type: 'trying', startedAtMs: nowMs }
}

const terminated: State = { type: 'terminated' }

export function step(state: State, input: Input, nowMs: number, world: TransactionWorld): Step<State, Effect> {
  switch (state.type) {
    case 'trying':
    case 'proceeding':
      if (input.type === 'request') {
        return state.type === 'trying'
          ? done<State, Effect>(state)
          : done<State, Effect>(state, { type: 'resend-response' })
      }
      if (input.type === 'timer') return done<State, Effect>(state)
      if (input.status < 200) {
        // RFC 4320 §4.1.
        const early = state.type === 'trying' && !world.reliable && nowMs - state.startedAtMs < world.timers.t2Ms
        return early
          ? done<State, Effect>(state)
          : done<State, Effect>({ type: 'proceeding' }, { type: 'send-response' })
      }
      // RFC 4320 §4.2: whoever asked has timed out by itself; a 408 would only be repeated for nothing.
      if (input.status === 408) return done<State, Effect>(terminated)
      if (world.reliable) return done<State, Effect>(terminated, { type: 'send-response' })
      return done<State, Effect>(
        { type: 'completed' },
        { type: 'send-response' },
        { type: 'set-timer', slot: 'end', atMs: nowMs + giveUpMs(world.timers) },
      )
    case 'completed':
      if (input.type === 'request') return done<State, Effect>(state, { type: 'resend-response' })
      if (input.type === 'timer' && input.slot === 'end') return done<State, Effect>(terminated)
      return done<State, Effect>(state)
    case 'terminated':
      return done<State, Effect>(state)
    default:
      return unreachable(state)
  }
}
