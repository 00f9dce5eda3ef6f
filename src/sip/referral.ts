// A transfer we asked for, seen from our side: the REFER and the subscription it implies (RFC 3515 §2.4, RFC 6665 §4.1).
// Peers differ: some tell every step, some only the end, some nothing and hang up, some answer `Refer-Sub: false`
// (RFC 4488). What counts: it is accepted once, and it ends once, with a status.
//
//   asking ──2xx, NOTIFY──► waiting ──final NOTIFY, BYE, silence──► over
//      └──────3xx-6xx, nobody answered, call ended──────────────────► over

import { step as done, type Step } from '#base/step.ts'
import { unreachable } from '#base/unreachable.ts'
import { MAX_REFER_WAIT_MS, REFER_WAIT_MS } from './limits.ts'

export type State = { readonly type: 'asking' } | { readonly type: 'waiting' } | { readonly type: 'over' }

export type Input =
  /** The final answer to the REFER. */
  | { readonly type: 'answered'; readonly status: number; readonly withoutSubscription: boolean }
  | { readonly type: 'unanswered' }
  /** A NOTIFY; `status` null when its body told none. */
  | {
      readonly type: 'notified'
      readonly status: number | null
      readonly terminated: boolean
      readonly expiresS: number | null
    }
  | { readonly type: 'timer' }
  /** The call is over. */
  | { readonly type: 'call-ended'; readonly by: 'remote' | 'local' | 'network' }

export type Effect =
  /** The peer took the order; told once, before `ended` unless it refused. */
  | { readonly type: 'accepted' }
  /** 2xx: the far end reached whom we named; anything else: it did not, and the call is still ours. */
  | { readonly type: 'ended'; readonly status: number }
  | { readonly type: 'set-timer'; readonly atMs: number }
  | { readonly type: 'clear-timer' }

export const initial: State = { type: 'asking' }
const waiting: State = { type: 'waiting' }
const over: State = { type: 'over' }
const accepted: Effect = { type: 'accepted' }
const clearTimer: Effect = { type: 'clear-timer' }

function ended(status: number): Effect {
  return { type: 'ended', status }
}

export function step(state: State, input: Input, nowMs: number): Step<State, Effect> {
  switch (state.type) {
    case 'asking':
      switch (input.type) {
        case 'answered':
          if (input.status >= 300) return done<State, Effect>(over, ended(input.status))
          // RFC 4488 §4: nobody will tell us more than this.
          if (input.withoutSubscription) return done<State, Effect>(over, accepted, ended(input.status))
          return done<State, Effect>(waiting, accepted, { type: 'set-timer', atMs: nowMs + REFER_WAIT_MS })
        case 'unanswered':
          return done<State, Effect>(over, ended(408))
        case 'notified': {
          // RFC 3515 §2.4.4: a NOTIFY may overtake the 2xx; it says as much.
          const next = step(waiting, input, nowMs)
          return { state: next.state, effects: [accepted, ...next.effects] }
        }
        case 'call-ended':
          return done<State, Effect>(over, ended(487))
        case 'timer':
          return done<State, Effect>(state)
        default:
          return unreachable(input)
      }
    case 'waiting':
      switch (input.type) {
        case 'notified':
          if (input.status !== null && input.status >= 200)
            return done<State, Effect>(over, clearTimer, ended(input.status))
          // The subscription ends without an outcome: the call is still here, so the transfer is not what came of it.
          if (input.terminated) return done<State, Effect>(over, clearTimer, ended(408))
          return done<State, Effect>(state, { type: 'set-timer', atMs: nowMs + patienceMs(input.expiresS) })
        case 'timer':
          return done<State, Effect>(over, ended(408))
        case 'call-ended':
          // Many networks say nothing and hang up as soon as they have taken the order.
          return done<State, Effect>(over, clearTimer, ended(input.by === 'remote' ? 200 : 487))
        case 'answered':
        case 'unanswered':
          // The 2xx that a NOTIFY overtook, or its loss.
          return done<State, Effect>(state)
        default:
          return unreachable(input)
      }
    case 'over':
      return done<State, Effect>(state)
    default:
      return unreachable(state)
  }
}

/** A peer that tells steps is given the time it named, within reason. */
function patienceMs(expiresS: number | null): number {
  return expiresS === null ? REFER_WAIT_MS : Math.min(Math.max(expiresS * 1000, REFER_WAIT_MS), MAX_REFER_WAIT_MS)
}
