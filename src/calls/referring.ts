// The far party is asked to call somebody else (SIP REFER). The order takes a call out of its room or queue at once
// (telnyx-voice §12.8); what comes of it is told once. When the far party got there it usually hangs up; when it forgets
// to, we do. When it did not get there, the call goes on.

import { err, ok, type Result } from '#base/result.ts'
import type { CallCommand, Refusal } from './commands.ts'
import type { Hall, LiveCall } from './hall.ts'
import { REFERRED_HANG_UP_MS } from './limits.ts'

const TIMER = 'referred'

export class Referring {
  readonly #hall: Hall
  readonly #takeOut: (live: LiveCall) => void
  readonly #running = new Set<LiveCall>()

  /** @param takeOut removes a call from its room or queue */
  constructor(hall: Hall, takeOut: (live: LiveCall) => void) {
    this.#hall = hall
    this.#takeOut = takeOut
  }

  begin(live: LiveCall, command: Extract<CallCommand, { readonly type: 'refer' }>): Result<void, Refusal> {
    if (live.call.state !== 'answered') return err({ type: 'call-not-answered' })
    if (this.#running.has(live)) return err({ type: 'refer-running' })
    this.#running.add(live)
    this.#takeOut(live)
    const { to, headers, auth } = command
    this.#hall.toLeg({ type: 'refer', leg: live.call.id, to, headers, auth })
    return ok(undefined)
  }

  accepted(live: LiveCall): void {
    if (!this.#running.has(live)) return
    this.#hall.tell({ type: 'call.refer.started', call: live.call, status: 100, notified: null }, live.call.id)
  }

  ended(live: LiveCall, status: number, notified: number | null): void {
    if (!this.#running.delete(live)) return
    const good = status < 300
    const type = good ? 'call.refer.completed' : 'call.refer.failed'
    this.#hall.tell({ type, call: live.call, status, notified }, live.call.id)
    if (!good) return
    this.#hall.setTimer(live, TIMER, this.#hall.nowMs + REFERRED_HANG_UP_MS, () => {
      live.intent ??= 'hang-up'
      this.#hall.toLeg({ type: 'hang-up', leg: live.call.id, q850: 16, headers: [] })
    })
  }
}
