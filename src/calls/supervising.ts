// Supervisors of bridged calls: a call dialled to supervise another listens in on whatever bridge that one is in, hears
// both sides, and is heard as its role says (telnyx-voice §12.10). It follows the supervised call from bridge to bridge,
// hears silence in between, and ends with it.

import type { CallId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Audience } from '#media/protocol.ts'
import type { Refusal } from './commands.ts'
import type { Hall, LiveCall } from './hall.ts'
import type { SupervisorRole } from './model.ts'

export class Supervising {
  readonly #hall: Hall
  /** Answered supervisors, by the call they supervise. */
  readonly #supervisors = new Map<CallId, Set<CallId>>()

  constructor(hall: Hall) {
    this.#hall = hall
  }

  /** A supervisor was answered: it listens in from now on. */
  begin(live: LiveCall): void {
    const { supervision } = live.call
    if (supervision === null) return
    const supervised = this.#hall.calls.get(supervision.of)
    if (supervised === undefined || supervised.call.state === 'ended') return this.#dismiss(live)
    const others = this.#supervisors.get(supervision.of) ?? new Set()
    others.add(live.call.id)
    this.#supervisors.set(supervision.of, others)
    this.#attach(live)
  }

  /** Two calls were bridged: whoever supervises one of them listens in. */
  bridged(...calls: readonly LiveCall[]): void {
    for (const live of calls) for (const one of this.#of(live)) this.#attach(one)
  }

  /** The bridge of these calls is gone; its mix is closed already. */
  unbridged(...calls: readonly LiveCall[]): void {
    for (const live of calls) {
      for (const one of this.#of(live)) {
        if (one.call.place.type === 'supervising') this.#hall.setCall(one, { place: { type: 'parked' } })
      }
    }
  }

  /** A supervisor goes somewhere else, or is over: it listens no more. */
  leave(live: LiveCall): void {
    const { supervision, place } = live.call
    if (supervision === null) return
    const others = this.#supervisors.get(supervision.of)
    others?.delete(live.call.id)
    if (others?.size === 0) this.#supervisors.delete(supervision.of)
    if (place.type !== 'supervising') return
    this.#hall.toMedia(live.call.account, { type: 'remove-member', mix: place.bridge, session: live.call.id })
    this.#hall.setCall(live, { place: { type: 'parked' } })
  }

  /** A supervised call is over, and so is the work of its supervisors. */
  ended(live: LiveCall): void {
    for (const one of this.#of(live)) this.#dismiss(one)
    this.#supervisors.delete(live.call.id)
  }

  switchRole(live: LiveCall, role: SupervisorRole): Result<null, Refusal> {
    const { supervision } = live.call
    if (supervision === null || live.call.state !== 'answered') return err({ type: 'not-supervising' })
    this.#hall.setCall(live, { supervision: { ...supervision, role } })
    if (live.call.place.type === 'supervising') this.#attach(live)
    return ok(null)
  }

  #attach(live: LiveCall): void {
    const { supervision } = live.call
    const supervised = supervision === null ? undefined : this.#hall.calls.get(supervision.of)
    if (supervision === null || supervised?.call.place.type !== 'bridged') return
    const { bridge } = supervised.call.place
    this.#hall.setCall(live, { place: { type: 'supervising', bridge } })
    this.#hall.toMedia(live.call.account, {
      type: 'set-member',
      mix: bridge,
      session: live.call.id,
      hears: 'everyone',
      heardBy: heardBy(supervision.role, supervision.of),
      passDigits: false,
    })
  }

  #dismiss(live: LiveCall): void {
    if (live.call.afterBridge !== 'hang-up') return
    live.intent ??= 'hang-up'
    this.#hall.toLeg({ type: 'hang-up', leg: live.call.id, q850: 16, headers: [] })
  }

  #of(live: LiveCall): readonly LiveCall[] {
    return [...(this.#supervisors.get(live.call.id) ?? [])].flatMap((id) => this.#hall.calls.get(id) ?? [])
  }
}

function heardBy(role: SupervisorRole, supervised: CallId): Audience {
  switch (role) {
    case 'barge':
      return 'everyone'
    case 'whisper':
      return [supervised]
    case 'monitor':
      return 'nobody'
  }
}
