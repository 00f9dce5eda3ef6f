// The INVITE server transaction: RFC 3261 §17.2.1 as amended by RFC 6026 §7.1.
//
//   proceeding ──2xx──► accepted ──L──► terminated
//        └──300-699──► completed ──ACK──► confirmed ──I──► terminated
//                           └─ H: no ACK ever came
//
// After a 2xx the transaction only swallows repeated INVITEs; repeating the 2xx until the ACK is the user's business.

import { step as done, type Step } from '#base/step.ts'
import { unreachable } from '#base/unreachable.ts'
import { TRYING_AFTER_MS } from '../limits.ts'
import { giveUpMs, type TimerSlot, type TransactionWorld } from '../timers.ts'

export type State =
  | { readonly type: 'proceeding'; readonly answered: boolean }
  | { readonly type: 'accepted' }
  | { readonly type: 'completed'; readonly waitMs: number }
  | { readonly type: 'confirmed' }
  | { readonly type: 'terminated' }

export type Input =
  | { readonly type: 'start' }
  /** The INVITE came again. */
  | { readonly type: 'request' }
  | { readonly type: 'ack' }
  | { readonly type: 'respond'; readonly status: number }
  | { readonly type: 'timer'; readonly slot: TimerSlot }

export type Effect =
  | { readonly type: 'send-trying' }
  /** Send what the user gave. */
  | { readonly type: 'send-response' }
  | { readonly type: 'resend-response' }
  | { readonly type: 'set-timer'; readonly slot: TimerSlot; readonly atMs: number }
  /** The ACK for a 300-699 never came. */
  | { readonly type: 'tell-timeout' }

export const initial: State = { type: 'proceeding', answered: false }

const terminated: State = { type: 'terminated' }

export function step(state: State, input: Input, nowMs: number, world: TransactionWorld): Step<State, Effect> {
  const { timers, reliable } = world
  switch (state.type) {
    case 'proceeding':
      if (input.type === 'start') {
        return done<State, Effect>(state, { type: 'set-timer', slot: 'repeat', atMs: nowMs + TRYING_AFTER_MS })
      }
      if (input.type === 'timer') {
        if (state.answered || input.slot !== 'repeat') return done<State, Effect>(state)
        return done<State, Effect>({ type: 'proceeding', answered: true }, { type: 'send-trying' })
      }
      if (input.type === 'request') {
        // RFC 3261 §17.2.1: the last provisional answer again; before the first one, a 100 quiets the caller.
        if (state.answered) return done<State, Effect>(state, { type: 'resend-response' })
        return done<State, Effect>({ type: 'proceeding', answered: true }, { type: 'send-trying' })
      }
      if (input.type === 'ack') return done<State, Effect>(state)
      if (input.status < 200)
        return done<State, Effect>({ type: 'proceeding', answered: true }, { type: 'send-response' })
      if (input.status < 300) {
        return done<State, Effect>(
          { type: 'accepted' },
          { type: 'send-response' },
          { type: 'set-timer', slot: 'end', atMs: nowMs + giveUpMs(timers) },
        )
      }
      {
        const end: Effect = { type: 'set-timer', slot: 'end', atMs: nowMs + giveUpMs(timers) }
        const completed: State = { type: 'completed', waitMs: timers.t1Ms }
        if (reliable) return done<State, Effect>(completed, { type: 'send-response' }, end)
        return done<State, Effect>(completed, { type: 'send-response' }, end, {
          type: 'set-timer',
          slot: 'repeat',
          atMs: nowMs + timers.t1Ms,
        })
      }
    case 'accepted':
      // RFC 6026 §7.1: the user may send the 2xx again through us; INVITEs are swallowed without an answer.
      if (input.type === 'respond' && input.status >= 200 && input.status < 300) {
        return done<State, Effect>(state, { type: 'send-response' })
      }
      if (input.type === 'timer' && input.slot === 'end') return done<State, Effect>(terminated)
      return done<State, Effect>(state)
    case 'completed':
      if (input.type === 'request') return done<State, Effect>(state, { type: 'resend-response' })
      if (input.type === 'ack') {
        if (reliable) return done<State, Effect>(terminated)
        return done<State, Effect>({ type: 'confirmed' }, { type: 'set-timer', slot: 'end', atMs: nowMs + timers.t4Ms })
      }
      if (input.type === 'timer') {
        if (input.slot === 'end') return done<State, Effect>(terminated, { type: 'tell-timeout' })
        const waitMs = Math.min(state.waitMs * 2, timers.t2Ms)
        return done<State, Effect>(
          { type: 'completed', waitMs },
          { type: 'resend-response' },
          { type: 'set-timer', slot: 'repeat', atMs: nowMs + waitMs },
        )
      }
      return done<State, Effect>(state)
    case 'confirmed':
      if (input.type === 'timer' && input.slot === 'end') return done<State, Effect>(terminated)
      return done<State, Effect>(state)
    case 'terminated':
      return done<State, Effect>(state)
    default:
      return unreachable(state)
  }
}
