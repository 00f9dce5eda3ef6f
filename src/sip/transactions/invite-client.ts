// The INVITE client transaction: RFC 3261 §17.1.1 as amended by RFC 6026 §7.2.
//
//   calling ──1xx──► proceeding ──2xx──► accepted ──M──► terminated
//      │ └───────────300-699──┴────► completed ──D──► terminated
//      └─ B: no answer
//
// A doubles from T1 without a cap while calling over UDP. The ACK for 300-699 belongs to the transaction; the ACK for
// a 2xx belongs to the user, who hears every repeated 2xx (each fork has its own) until M.

import { step as done, type Step } from '#base/step.ts'
import { unreachable } from '#base/unreachable.ts'
import { giveUpMs, type TimerSlot, type TransactionWorld } from '../timers.ts'

export type State =
  | { readonly type: 'calling'; readonly waitMs: number }
  | { readonly type: 'proceeding' }
  | { readonly type: 'accepted' }
  | { readonly type: 'completed' }
  | { readonly type: 'terminated' }

export type Input =
  | { readonly type: 'start' }
  | { readonly type: 'response'; readonly status: number }
  | { readonly type: 'timer'; readonly slot: TimerSlot }
  | { readonly type: 'transport-failed' }

export type Effect =
  | { readonly type: 'send-request' }
  | { readonly type: 'send-ack' }
  | { readonly type: 'set-timer'; readonly slot: TimerSlot; readonly atMs: number }
  /** Hand the response at hand to the user. */
  | { readonly type: 'tell-response' }
  | { readonly type: 'tell-timeout' }
  | { readonly type: 'tell-transport-failed' }

export function initial(world: TransactionWorld): State {
  return { type: 'calling', waitMs: world.timers.t1Ms }
}

const terminated: State = { type: 'terminated' }

export function step(state: State, input: Input, nowMs: number, world: TransactionWorld): Step<State, Effect> {
  const { timers, reliable } = world
  switch (state.type) {
    case 'calling':
      if (input.type === 'start') {
        const end: Effect = { type: 'set-timer', slot: 'end', atMs: nowMs + giveUpMs(timers) }
        if (reliable) return done<State, Effect>(state, { type: 'send-request' }, end)
        return done<State, Effect>(state, { type: 'send-request' }, end, {
          type: 'set-timer',
          slot: 'repeat',
          atMs: nowMs + state.waitMs,
        })
      }
      if (input.type === 'timer') {
        if (input.slot === 'end') return done<State, Effect>(terminated, { type: 'tell-timeout' })
        const waitMs = state.waitMs * 2
        return done<State, Effect>(
          { type: 'calling', waitMs },
          { type: 'send-request' },
          { type: 'set-timer', slot: 'repeat', atMs: nowMs + waitMs },
        )
      }
      if (input.type === 'transport-failed') return done<State, Effect>(terminated, { type: 'tell-transport-failed' })
      return answered(input.status, nowMs, world)
    case 'proceeding':
      if (input.type === 'response') return answered(input.status, nowMs, world)
      return done<State, Effect>(state)
    case 'accepted':
      // RFC 6026 §7.2: only 2xx matter now, and all of them do.
      if (input.type === 'response' && input.status >= 200 && input.status < 300) {
        return done<State, Effect>(state, { type: 'tell-response' })
      }
      if (input.type === 'timer' && input.slot === 'end') return done<State, Effect>(terminated)
      return done<State, Effect>(state)
    case 'completed':
      if (input.type === 'response' && input.status >= 300) return done<State, Effect>(state, { type: 'send-ack' })
      if (input.type === 'timer' && input.slot === 'end') return done<State, Effect>(terminated)
      // The ACK could not be sent: the final response was told already, nothing is left to say.
      if (input.type === 'transport-failed') return done<State, Effect>(terminated)
      return done<State, Effect>(state)
    case 'terminated':
      return done<State, Effect>(state)
    default:
      return unreachable(state)
  }
}

function answered(status: number, nowMs: number, world: TransactionWorld): Step<State, Effect> {
  if (status < 200) return done<State, Effect>({ type: 'proceeding' }, { type: 'tell-response' })
  if (status < 300) {
    const atMs = nowMs + giveUpMs(world.timers)
    return done<State, Effect>(
      { type: 'accepted' },
      { type: 'set-timer', slot: 'end', atMs },
      { type: 'tell-response' },
    )
  }
  if (world.reliable) return done<State, Effect>(terminated, { type: 'send-ack' }, { type: 'tell-response' })
  return done<State, Effect>(
    { type: 'completed' },
    { type: 'send-ack' },
    { type: 'set-timer', slot: 'end', atMs: nowMs + world.timers.dMs },
    { type: 'tell-response' },
  )
}
