// How many requests run at once: per host, so that a dead one takes its own share and no more, and in all. First attempts
// go before retries, and retries never take all of a host's places, so an endpoint that comes back hears
// fresh events at once.

import { MAX_IN_FLIGHT, MAX_PER_HOST, MAX_RETRIES_PER_HOST } from './limits.ts'

export type Urgency = 'first' | 'retry'

interface Gate {
  inFlight: number
  retriesInFlight: number
  first: (() => void)[]
  retry: (() => void)[]
}

export class HostGates {
  readonly #gates = new Map<string, Gate>()
  /** Hosts with somebody waiting, in the order in which they are served when the total was the bound. */
  readonly #waitingHosts = new Set<string>()
  #inFlight = 0

  get inFlight(): number {
    return this.#inFlight
  }

  /** Runs `start` now or when there is room. Each start is followed by one `leave`. */
  enter(host: string, urgency: Urgency, start: () => void): void {
    let gate = this.#gates.get(host)
    if (gate === undefined) {
      gate = { inFlight: 0, retriesInFlight: 0, first: [], retry: [] }
      this.#gates.set(host, gate)
    }
    gate[urgency].push(start)
    this.#serve(host, gate)
  }

  leave(host: string, urgency: Urgency): void {
    const gate = this.#gates.get(host)
    if (gate === undefined) throw new Error(`left ${host} without having entered`)
    gate.inFlight--
    if (urgency === 'retry') gate.retriesInFlight--
    this.#inFlight--
    this.#serve(host, gate)
    for (const waiting of this.#waitingHosts) {
      if (this.#inFlight >= MAX_IN_FLIGHT) return
      this.#serve(waiting, this.#gates.get(waiting)!)
    }
  }

  #serve(host: string, gate: Gate): void {
    while (this.#inFlight < MAX_IN_FLIGHT && gate.inFlight < MAX_PER_HOST) {
      const first = gate.first.shift()
      const retry = first === undefined && gate.retriesInFlight < MAX_RETRIES_PER_HOST ? gate.retry.shift() : undefined
      const start = first ?? retry
      if (start === undefined) break
      gate.inFlight++
      this.#inFlight++
      if (retry !== undefined) gate.retriesInFlight++
      start()
    }
    const waits = gate.first.length > 0 || gate.retry.length > 0
    // Only those whom the total keeps out are woken by others' leaving; the host's own leaving wakes the rest.
    if (waits && gate.inFlight < MAX_PER_HOST && this.#inFlight >= MAX_IN_FLIGHT) this.#waitingHosts.add(host)
    else this.#waitingHosts.delete(host)
    if (!waits && gate.inFlight === 0) this.#gates.delete(host)
  }
}
