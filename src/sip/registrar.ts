// The registrar (RFC 3261 §10.3, RFC 5626 in spirit): bindings of an address of record, each with its Contact, its flow and
// the real source of the REGISTER, because behind a NAT only that leads back. A registration is judged as a whole: either
// every Contact in it is taken, or none (§10.3 step 7). Expired bindings fall out when looked at and in a slow sweep.

import { parseDigits, parseNameAddr } from './fields.ts'
import { MAX_BINDINGS, MAX_EXPIRES_S, MAX_RECORDS } from './limits.ts'
import { field, type HeaderField, type SipRequest } from './message.ts'
import { param } from './params.ts'
import type { Flow, Target } from './transport.ts'
import { parseUri, sameUri, type Uri } from './uri.ts'

export interface Binding {
  readonly uri: Uri
  readonly target: Target
  readonly callId: string
  readonly cseq: number
  readonly q: number
  readonly expiresAtMs: number
  /** When it was registered or refreshed. */
  readonly sinceMs: number
  readonly userAgent: string | null
}

export interface RegistrarSettings {
  readonly defaultExpiresS: number
  readonly minExpiresS: number
  readonly maxExpiresS: number
}

export const defaultRegistrar: RegistrarSettings = { defaultExpiresS: 3_600, minExpiresS: 60, maxExpiresS: 7_200 }

export type RegisterOutcome = { readonly status: number; readonly headers: readonly HeaderField[] }

/** One registration, as a function: the bindings after it and the answer to give. */
export function register(
  before: readonly Binding[],
  request: SipRequest,
  flow: Flow,
  nowMs: number,
  settings: RegistrarSettings = defaultRegistrar,
): { readonly bindings: readonly Binding[]; readonly outcome: RegisterOutcome } {
  const alive = before.filter((binding) => binding.expiresAtMs > nowMs)
  const refuse = (status: number, headers: readonly HeaderField[] = []) => ({
    bindings: alive,
    outcome: { status, headers },
  })
  const cseq = request.cseq!.number
  const inOrder = (binding: Binding): boolean => binding.callId !== request.callId || binding.cseq < cseq
  const items = request.list('contact') ?? []
  if (items.includes('*')) {
    // §10.3 step 6: the star empties the record, unless the request is older than what it would remove.
    return alive.every(inOrder) ? answer([], nowMs) : refuse(500)
  }
  let bindings = [...alive]
  for (const item of items) {
    const contact = parseNameAddr(item)
    if (contact === null || contact.uri.type !== 'sip') return refuse(400)
    const own = param(contact.params, 'expires')
    const wanted =
      (typeof own === 'string' ? parseDigits(own, MAX_EXPIRES_S) : null) ?? request.expiresS ?? settings.defaultExpiresS
    if (wanted > 0 && wanted < settings.minExpiresS)
      return refuse(423, [field('Min-Expires', String(settings.minExpiresS))])
    const known = bindings.find((binding) => sameUri(binding.uri, contact.uri))
    if (known !== undefined && !inOrder(known)) return refuse(500)
    bindings = bindings.filter((binding) => binding !== known)
    if (wanted === 0) continue
    if (bindings.length >= MAX_BINDINGS) return refuse(403)
    const q = Number(param(contact.params, 'q') ?? '1')
    bindings.push({
      uri: parseUri(contact.uri.text)!,
      target: { kind: flow.kind, address: flow.remote, flowId: flow.id },
      callId: request.callId,
      cseq,
      q: Number.isFinite(q) ? Math.min(1, Math.max(0, q)) : 1,
      expiresAtMs: nowMs + Math.min(wanted, settings.maxExpiresS) * 1_000,
      sinceMs: nowMs,
      userAgent: request.get('user-agent') ?? null,
    })
  }
  return answer(bindings, nowMs)
}

/** §10.3 step 8: 200 with every binding and the time it has left. */
function answer(
  bindings: readonly Binding[],
  nowMs: number,
): { bindings: readonly Binding[]; outcome: RegisterOutcome } {
  const headers = bindings.map((binding) =>
    field('Contact', `<${binding.uri.text}>;expires=${Math.max(0, Math.round((binding.expiresAtMs - nowMs) / 1_000))}`),
  )
  return { bindings, outcome: { status: 200, headers } }
}

/** All records of a switch. */
export class Registrar {
  readonly #settings: RegistrarSettings
  readonly #records = new Map<string, readonly Binding[]>()
  /** Told after every REGISTER that was taken, with what the user has now: for whoever keeps it over a restart. */
  onChange: ((user: string, bindings: readonly Binding[]) => void) | null = null

  constructor(settings: RegistrarSettings = defaultRegistrar) {
    this.#settings = settings
  }

  /** Takes a REGISTER of an authenticated user. */
  register(
    user: string,
    request: SipRequest,
    flow: Flow,
    nowMs: number,
    settings: RegistrarSettings = this.#settings,
  ): RegisterOutcome {
    if (!this.#records.has(user) && this.#records.size >= MAX_RECORDS) {
      this.sweep(nowMs)
      if (this.#records.size >= MAX_RECORDS) return { status: 503, headers: [field('Retry-After', '60')] }
    }
    const result = register(this.#records.get(user) ?? [], request, flow, nowMs, settings)
    if (result.bindings.length === 0) this.#records.delete(user)
    else this.#records.set(user, result.bindings)
    // A query changes nothing (§10.2.3).
    if (result.outcome.status === 200 && request.get('contact') !== undefined) this.onChange?.(user, result.bindings)
    return result.outcome
  }

  /** What was kept over a restart; a REGISTER that came since is newer. */
  restore(user: string, bindings: readonly Binding[]): void {
    if (bindings.length > 0 && !this.#records.has(user)) this.#records.set(user, bindings)
  }

  /** Where a user can be reached now, best first. */
  bindings(user: string, nowMs: number): readonly Binding[] {
    return (this.#records.get(user) ?? [])
      .filter((binding) => binding.expiresAtMs > nowMs)
      .toSorted((a, b) => b.q - a.q)
  }

  /** A stream closed: its bindings lead nowhere any more (RFC 5626 §5.3). */
  dropFlow(flowId: string): void {
    for (const [user, bindings] of this.#records) {
      const left = bindings.filter((binding) => binding.target.flowId !== flowId)
      if (left.length === 0) this.#records.delete(user)
      else if (left.length !== bindings.length) this.#records.set(user, left)
    }
  }

  sweep(nowMs: number): void {
    for (const [user, bindings] of this.#records) {
      const left = bindings.filter((binding) => binding.expiresAtMs > nowMs)
      if (left.length === 0) this.#records.delete(user)
      else if (left.length !== bindings.length) this.#records.set(user, left)
    }
  }

  get size(): number {
    return this.#records.size
  }
}
