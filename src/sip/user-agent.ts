// The door of this room: a user agent for both directions. It owns the table of calls, finds the call a message belongs
// to, answers OPTIONS, and knows how a URI becomes a target. The switch (legs/) and the test telephones use the same one.

import { type Chance, token } from '#base/chance.ts'
import { after, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { formatAddress } from '#base/wire.ts'
import { AuthSession } from './auth-session.ts'
import { SipCall } from './call.ts'
import type { CallHome, OutgoingInvite } from './call-words.ts'
import { type Dialog, nextHop } from './dialog.ts'
import { writeAck } from './dialog-way.ts'
import { locate, namedKind, numericTarget, type Resolver } from './locate.ts'
import { field, type HeaderField, noBody, SipRequest, type SipResponse } from './message.ts'
import { type Replaces, readReplaces } from './replaces.ts'
import { makeResponse } from './respond.ts'
import type { SipTimers } from './timers.ts'
import type { ScreenVerdict, ServerTransaction, TransactionLayer } from './transaction-layer.ts'
import type { Flow, Target, TransportKind } from './transport.ts'
import { escapeUser, parseUri, type SipUri, uriHost } from './uri.ts'

/** A target that failed is tried last for so long (RFC 3263 §4.3). */
const AVOID_FAILED_MS = 30_000
const MAX_FAILED_TARGETS = 10_000
const MAX_LEARNT_CONTACTS = 10_000

export interface UserAgentOptions {
  readonly clock: Clock
  readonly chance: Chance
  readonly log: Log
  readonly layer: TransactionLayer
  /** Product name for User-Agent and Server. */
  readonly name: string
  /** User part of our Contact. */
  readonly contactUser?: string
  readonly resolver?: Resolver
}

export interface UserAgentListener {
  /** A new call. Give it a listener before returning. `replaced`: the call whose place it wants (RFC 3891). */
  onInvite(call: SipCall, request: SipRequest, flow: Flow, replaced: SipCall | null): void
  /** REGISTER; refused with 405 when absent. */
  onRegister?(request: SipRequest, transaction: ServerTransaction, flow: Flow): void
  /** Judges new INVITEs and REGISTERs before anything is kept for them: authentication, overload. */
  screen?(request: SipRequest, flow: Flow): ScreenVerdict
}

export class UserAgent implements CallHome {
  readonly clock: Clock
  readonly chance: Chance
  readonly layer: TransactionLayer
  readonly #name: string
  readonly #contactUser: string
  readonly #resolver: Resolver | null
  readonly #log: Log
  #listener: UserAgentListener | null = null
  /** By Call-ID and our tag. */
  readonly #calls = new Map<string, SipCall>()
  /** By kind and address, until when. */
  readonly #failed = new Map<string, number>()
  readonly #contacts = new Map<string, readonly HeaderField[]>()

  constructor(options: UserAgentOptions) {
    this.clock = options.clock
    this.chance = options.chance
    this.layer = options.layer
    this.#log = options.log
    this.#name = options.name
    this.#contactUser = options.contactUser ?? 'hookswitch'
    this.#resolver = options.resolver ?? null
    this.layer.onTraffic({
      onRequest: (request, transaction, flow) => this.#receive(request, transaction, flow),
      onAck: (request) => this.#calls.get(`${request.callId}|${request.toTag ?? ''}`)?.receiveAck(request),
      screen: (request, flow) => this.#listener?.screen?.(request, flow) ?? { type: 'let-in' },
    })
  }

  get timers(): SipTimers {
    return this.layer.timers
  }

  /** Calls alive. */
  get size(): number {
    return this.#calls.size
  }

  /** Set once. */
  onTraffic(listener: UserAgentListener): void {
    this.#listener = listener
  }

  /** Places a call. Give it a listener before the turn ends; nothing is told before. */
  invite(outgoing: OutgoingInvite): SipCall {
    const localTag = this.layer.newTag()
    const callId = outgoing.callId ?? token(this.chance, 24)
    const seed = new SipRequest('INVITE', outgoing.uri, [field('Call-ID', callId)])
    const call = new SipCall(this, 'out', localTag, seed, outgoing.credentials)
    this.#calls.set(`${callId}|${localTag}`, call)
    call.startOutgoing(outgoing)
    return call
  }

  /** A request outside of any dialog (REGISTER, OPTIONS …), answering challenges. `done` gets null when nobody answered. */
  request(
    parts: {
      readonly method: string
      readonly uri: string
      readonly target: Target
      readonly from: string
      readonly to: string
      readonly callId?: string
      readonly fromTag?: string
      readonly cseq?: number
      readonly headers?: readonly HeaderField[]
      readonly auth?: AuthSession
    },
    done: (response: SipResponse | null, cseq: number) => void,
  ): void {
    const auth = parts.auth ?? new AuthSession(this.chance, null)
    const callId = parts.callId ?? token(this.chance, 24)
    const fromTag = parts.fromTag ?? this.layer.newTag()
    const send = (cseq: number): void => {
      const request = new SipRequest(parts.method, parts.uri, [
        field('From', `${parts.from};tag=${fromTag}`),
        field('To', parts.to),
        field('Call-ID', callId),
        field('CSeq', `${cseq} ${parts.method}`),
        ...this.contactHeaders(parts.target.kind).filter(() => parts.method !== 'REGISTER'),
        ...this.identity('User-Agent'),
        ...auth.authorize(parts.method, parts.uri, noBody),
        ...(parts.headers ?? []),
      ])
      this.layer.request(request, parts.target, {
        onResponse: (response) => {
          if (response.status < 200) return
          if ((response.status === 401 || response.status === 407) && auth.absorb(response)) {
            send(cseq + 1)
            return
          }
          if (response.status < 300) auth.settled()
          done(response, cseq)
        },
        onFailure: () => done(null, cseq),
      })
    }
    send(parts.cseq ?? 1)
  }

  /**
   * Where a URI leads, best first (RFC 3263); what failed lately comes last.
   *
   * @param prefer the transport to take when the URI names none
   */
  async locate(uriText: string, prefer: TransportKind | null = null): Promise<Target[]> {
    const parsed = parseUri(uriText)
    if (parsed?.type !== 'sip') return []
    const uri: SipUri =
      prefer === null || namedKind(parsed) !== null
        ? parsed
        : { ...parsed, params: [...parsed.params, ['transport', prefer]] }
    const at = numericTarget(uri)
    if (at !== null) return [at]
    if (this.#resolver === null) return []
    const { transport } = this.layer
    const found = await locate(uri, this.#resolver, this.chance, transport.dialledKinds)
    return found.toSorted((a, b) => Number(this.#failedLately(a)) - Number(this.#failedLately(b)))
  }

  /** @internal: a target did not answer, or said 503: others come first for a while. */
  targetFailed(target: Target): void {
    if (this.#failed.size >= MAX_FAILED_TARGETS) this.#failed.clear()
    this.#failed.set(wayOf(target), this.clock.nowMs() + AVOID_FAILED_MS)
  }

  #failedLately(target: Target): boolean {
    const untilMs = this.#failed.get(wayOf(target))
    return untilMs !== undefined && untilMs > this.clock.nowMs()
  }

  /** The call of ours that a Replaces names, by both tags (RFC 3891 §3). */
  named(replaces: Replaces): SipCall | null {
    const call = this.#calls.get(`${replaces.callId}|${replaces.toTag}`)
    return call?.isWith(replaces.fromTag) === true ? call : null
  }

  /** Forgets every call without a word, and all transactions. */
  close(): void {
    for (const call of [...this.#calls.values()]) call.abandon()
    this.layer.close()
  }

  /** Calls back outside of the current turn. */
  soon(callback: () => void): void {
    after(this.clock, 0, callback)
  }

  // ---- for calls ----------------------------------------------------------------------------------------------------

  /** @internal */
  forget(call: { readonly callId: string; readonly localTag: string }): void {
    this.#calls.delete(`${call.callId}|${call.localTag}`)
  }

  /** @internal: where a dialog's next request goes. `lastWay` is how it was reached so far, for names not resolved yet. */
  targetOf(dialog: Dialog, pinned: Target | null, lastWay: Target): Target {
    const target = this.#nextTarget(dialog, pinned, lastWay)
    return lastWay.localHost === undefined ? target : { ...target, localHost: lastWay.localHost }
  }

  #nextTarget(dialog: Dialog, pinned: Target | null, lastWay: Target): Target {
    if (pinned !== null && dialog.routeSet.length === 0) return pinned
    const uri = nextHop(dialog)
    const target = uri?.type === 'sip' ? numericTarget(uri) : null
    if (target !== null) {
      // RFC 5923: the TLS connection a dialog came by is used for it, whatever port its Contact names.
      const same = target.kind === 'tls' && lastWay.kind === 'tls' && lastWay.address.host === target.address.host
      return same ? { ...target, ...lastWay, address: target.address } : target
    }
    const known = uri?.type === 'sip' ? this.#resolved.get(uri.text) : undefined
    if (known !== undefined) return known
    if (uri?.type === 'sip') this.#learn(uri.text)
    return pinned ?? lastWay
  }

  /** Where the names of peers' contacts lead: a request within a dialog cannot wait for DNS. */
  readonly #resolved = new Map<string, Target>()

  #learn(uri: string): void {
    void this.locate(uri).then(([first]) => {
      if (first === undefined) return
      if (this.#resolved.size > MAX_LEARNT_CONTACTS) this.#resolved.clear()
      this.#resolved.set(uri, first)
    })
  }

  /** @internal */
  acknowledge(
    acks: Map<string, { bytes: Uint8Array; target: Target }>,
    tag: string,
    dialog: Dialog,
    invite: SipRequest,
    answer: Uint8Array | null,
    target: Target,
  ): void {
    const bytes = writeAck(dialog, invite, answer, (request) =>
      this.layer.withVia(request, target, this.layer.newBranch()),
    )
    acks.set(tag, { bytes, target })
    this.layer.sendStateless(bytes, target)
  }

  /** Our Contact over a transport. */
  contactHeaders(kind: TransportKind, feature?: string, localHost?: string): readonly HeaderField[] {
    const key = `${kind};${feature ?? ''};${localHost ?? ''}`
    const known = this.#contacts.get(key)
    if (known !== undefined) return known
    const about = feature === undefined ? '' : `;${feature}`
    const made = [field('Contact', `<${this.contactUri(kind, this.#contactUser, localHost)}>${about}`)]
    this.#contacts.set(key, made)
    return made
  }

  contactUri(kind: TransportKind, user: string, localHost?: string): string {
    const local = this.layer.transport.localAddress(kind, localHost) ??
      this.layer.transport.localAddress('udp', localHost) ?? { host: '127.0.0.1', port: 5060 }
    const transport = kind === 'udp' ? '' : `;transport=${kind}`
    return `sip:${escapeUser(user)}@${uriHost(local.host)}:${local.port}${transport}`
  }

  identity(name: 'User-Agent' | 'Server'): readonly HeaderField[] {
    return [field(name, this.#name)]
  }

  inviteHeaders(): readonly HeaderField[] {
    return [...this.identity('User-Agent'), ...this.#abilities()]
  }

  acceptHeaders(): readonly HeaderField[] {
    return [...this.identity('Server'), ...this.#abilities()]
  }

  #abilities(): readonly HeaderField[] {
    const { methods, extensions } = this.layer.capabilities
    return [field('Allow', methods.join(', ')), field('Supported', extensions.join(', '))]
  }

  // -------------------------------------------------------------------------------------------------------------------

  /** RFC 3891 §3: whose place a new INVITE takes; null when nobody's, a status when it may not. */
  #replacedBy(request: SipRequest): SipCall | null | number {
    const values = request.all('replaces')
    if (values.length === 0) return null
    const replaces = values.length === 1 ? readReplaces(values[0]!) : null
    if (replaces === null) return 400
    const call = this.named(replaces)
    return call === null ? 481 : (call.refusalToReplace(replaces.earlyOnly) ?? call)
  }

  #receive(request: SipRequest, transaction: ServerTransaction, flow: Flow): void {
    const { toTag } = request
    if (toTag !== null) {
      const call = this.#calls.get(`${request.callId}|${toTag}`)
      if (call !== undefined) call.receive(request, transaction)
      else transaction.respond(makeResponse(request, 481))
      return
    }
    switch (request.method) {
      case 'INVITE': {
        const replaced = this.#replacedBy(request)
        if (typeof replaced === 'number') {
          transaction.respond(makeResponse(request, replaced, { toTag: transaction.toTag }))
          return
        }
        const call = new SipCall(this, 'in', transaction.toTag, request, null)
        this.#calls.set(`${request.callId}|${call.localTag}`, call)
        call.startIncoming(transaction, flow)
        if (this.#listener === null) call.reject(480)
        else this.#listener.onInvite(call, request, flow, replaced)
        return
      }
      case 'REGISTER':
        if (this.#listener?.onRegister !== undefined) this.#listener.onRegister(request, transaction, flow)
        else transaction.respond(makeResponse(request, 405, { toTag: transaction.toTag }))
        return
      case 'OPTIONS':
        // RFC 3261 §11.2: what an INVITE would be told about us.
        transaction.respond(
          makeResponse(request, 200, {
            toTag: transaction.toTag,
            headers: [
              ...this.contactHeaders(flow.kind),
              ...this.acceptHeaders(),
              field('Accept', this.layer.capabilities.bodyTypes.join(', ')),
            ],
          }),
        )
        return
      case 'REFER':
        // RFC 3515 §2.4.2 lets anyone ask; we follow only those who are in a call with us.
        transaction.respond(makeResponse(request, 403, { toTag: transaction.toTag }))
        return
      default:
        // BYE, INFO and the rest belong to a dialog (RFC 3261 §15.1.2).
        this.#log.debug({ method: request.method }, 'request outside of a dialog')
        transaction.respond(makeResponse(request, 481, { toTag: transaction.toTag }))
    }
  }
}

function wayOf(target: Target): string {
  return `${target.kind} ${formatAddress(target.address)}`
}
