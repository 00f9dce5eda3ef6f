// The transaction layer (RFC 3261 §17): one map of server transactions and one of client transactions around the four pure
// machines, with their timers on the clock handed in. What comes in is matched here; only new requests, ACKs for 2xx and
// answers to our own requests go up. Malformed, unwanted and screened requests are answered without keeping anything.
//
// A transaction that only absorbs repetitions holds its key, its last octets and its route: the request and the user
// are let go as soon as the final answer is out, so an ended call costs a few hundred octets until its timer.

import { createHash } from 'node:crypto'
import type { Chance } from '#base/chance.ts'
import { token } from '#base/chance.ts'
import type { Clock, Timer } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { tagOf, writeVia } from './fields.ts'
import { DEFAULT_MAX_FORWARDS, LARGE_REQUEST_OCTETS, MAX_TRANSACTIONS } from './limits.ts'
import { field, type HeaderField, SipRequest, type SipResponse } from './message.ts'
import { param } from './params.ts'
import type { ParseError } from './parse.ts'
import { makeResponse } from './respond.ts'
import { defaultTimers, type SipTimers, type TimerSlot, type TransactionWorld } from './timers.ts'
import * as inviteClient from './transactions/invite-client.ts'
import * as inviteServer from './transactions/invite-server.ts'
import * as requestClient from './transactions/request-client.ts'
import * as requestServer from './transactions/request-server.ts'
import {
  type Flow,
  isReliable,
  type ResponseRoute,
  responseRoute,
  type SipTransport,
  type Target,
} from './transport.ts'
import { uriHost } from './uri.ts'
import {
  type Capabilities,
  checkRequest,
  checkRequestSyntax,
  checkResponse,
  defaultCapabilities,
  hasCookie,
  knownMethods,
} from './validate.ts'
import { writeMessage } from './write.ts'

/** What a screen says about a request before anything is kept for it. */
export type ScreenVerdict =
  | { readonly type: 'let-in' }
  | {
      readonly type: 'answer'
      readonly status: number
      readonly reason?: string
      readonly headers: readonly HeaderField[]
    }
  | { readonly type: 'silence' }

export interface LayerListener {
  /** A new request, with the transaction to answer it by. */
  onRequest(request: SipRequest, transaction: ServerTransaction, flow: Flow): void
  /** An ACK that belongs to a 2xx. */
  onAck(request: SipRequest, flow: Flow): void
  /** Looks at new requests outside of dialogs before a transaction is made. */
  screen?(request: SipRequest, flow: Flow): ScreenVerdict
}

export interface ClientListener {
  /** Provisional and final answers; for INVITE every 2xx, also repeated ones. */
  onResponse(response: SipResponse, flow: Flow): void
  /** Nobody answered (timer B or F), or the octets could not leave: 408 and 503 to the user (RFC 3261 §8.1.3.1). */
  onFailure(kind: 'timeout' | 'transport'): void
}

export interface LayerOptions {
  readonly clock: Clock
  readonly chance: Chance
  readonly log: Log
  readonly transport: SipTransport
  readonly timers?: SipTimers
  readonly capabilities?: Capabilities
  /** Written into branches and tags, so that any node can tell whose they are. */
  readonly node?: number
  /** RFC 3261 §18.1.1: send large requests over TCP. Off for trunks that only speak UDP. */
  readonly largeOverTcp?: boolean
}

export interface ResponseCount {
  readonly method: string
  readonly status: number
  readonly direction: 'sent' | 'received'
  count: number
}

/** Kinds of responses told apart: methods and statuses come from strangers too. */
const MAX_RESPONSE_COUNTS = 500

export class TransactionLayer {
  readonly #counts = new Map<string, ResponseCount>()
  readonly transport: SipTransport
  readonly timers: SipTimers
  readonly capabilities: Capabilities
  readonly clock: Clock
  readonly chance: Chance
  readonly largeOverTcp: boolean
  readonly #log: Log
  readonly #door: string
  readonly #secret: string
  #listener: LayerListener | null = null
  readonly #servers = new Map<string, ServerTransaction>()
  readonly #merges = new Map<string, string>()
  readonly #clients = new Map<string, ClientTransaction>()
  #draining = false

  constructor(options: LayerOptions) {
    this.transport = options.transport
    this.clock = options.clock
    this.chance = options.chance
    this.timers = options.timers ?? defaultTimers
    this.capabilities = options.capabilities ?? defaultCapabilities
    this.largeOverTcp = options.largeOverTcp ?? true
    this.#log = options.log
    this.#door = (options.node ?? 0).toString(16).padStart(3, '0')
    this.#secret = token(options.chance, 16)
    options.transport.onTraffic({
      onMessage: (message, flow) => {
        if (message.type === 'request') this.#receiveRequest(message, flow)
        else this.#receiveResponse(message, flow)
      },
      onMalformed: (error, flow) => this.#receiveMalformed(error, flow),
      onFlowClosed: (flowId) => this.onFlowClosed?.(flowId),
    })
  }

  /** Responses so far, by method, status and direction; a repeated one counts once per sending by its owner. */
  counts(): readonly ResponseCount[] {
    return [...this.#counts.values()]
  }

  /** @internal */
  count(method: string, status: number, direction: ResponseCount['direction']): void {
    const key = `${method} ${status} ${direction}`
    const known = this.#counts.get(key)
    if (known !== undefined) known.count++
    else if (this.#counts.size < MAX_RESPONSE_COUNTS) this.#counts.set(key, { method, status, direction, count: 1 })
  }

  /** A stream closed; the registrar wants to know. */
  onFlowClosed: ((flowId: string) => void) | null = null

  /** Set once. */
  onTraffic(listener: LayerListener): void {
    this.#listener = listener
  }

  /** Transactions alive: a quiet house comes back to zero. */
  get size(): number {
    return this.#servers.size + this.#clients.size
  }

  /** A new tag with our door in it. */
  newTag(): string {
    return this.#door + token(this.chance, 13)
  }

  newBranch(): string {
    return `z9hG4bK${this.#door}${token(this.chance, 16)}`
  }

  /**
   * Sends a request in a client transaction. Via and Max-Forwards are added here; the rest is the caller's. Large
   * requests go to TCP when allowed and fall back to UDP when nobody listens there.
   */
  request(request: SipRequest, target: Target, listener: ClientListener): ClientTransaction {
    const large =
      this.largeOverTcp && target.kind === 'udp' && target.flowId === null && sizeOf(request) > LARGE_REQUEST_OCTETS
    if (large && this.transport.localAddress('tcp') !== null) {
      const overTcp: Target = { ...target, kind: 'tcp' }
      return new ClientTransaction(this, request, overTcp, listener, target)
    }
    return new ClientTransaction(this, request, target, listener, null)
  }

  /** Sends octets outside of any transaction: ACKs for 2xx. */
  sendStateless(bytes: Uint8Array, target: Target): void {
    this.transport.send(bytes, target)
  }

  /** Puts our Via on top of a request for a target. */
  withVia(request: SipRequest, target: Target, branch: string): SipRequest {
    const local = this.transport.localAddress(target.kind, target.localHost) ??
      this.transport.localAddress('udp', target.localHost) ?? { host: '127.0.0.1', port: 5060 }
    const via = writeVia({
      transport: target.kind.toUpperCase(),
      host: uriHost(local.host),
      port: local.port,
      params: [
        ['branch', branch],
        ['rport', null],
      ],
    })
    const headers: HeaderField[] = [field('Via', via)]
    if (request.get('max-forwards') === undefined) headers.push(field('Max-Forwards', String(DEFAULT_MAX_FORWARDS)))
    headers.push(...request.headers)
    return new SipRequest(request.method, request.uriText, headers, request.body)
  }

  /** Answers without keeping anything (RFC 3261 §8.2.7). The tag is a function of the request, so repetitions agree. */
  answerStatelessly(
    request: SipRequest,
    flow: Flow,
    status: number,
    reason: string | undefined,
    headers: readonly HeaderField[],
  ): void {
    if (request.method === 'ACK' || request.get('via') === undefined || request.get('cseq') === undefined) return
    const seed = `${this.#secret}${request.get('via')}${request.callId}${request.get('from')}${request.get('cseq')}`
    const toTag = this.#door + createHash('md5').update(seed, 'latin1').digest('hex').slice(0, 13)
    const parts = { toTag, headers, ...(reason === undefined ? {} : { reason }) }
    // Made-up methods share a row, so that nobody fills the table with them.
    this.count(knownMethods.has(request.method) ? request.method : 'other', status, 'sent')
    this.transport.sendResponse(writeMessage(makeResponse(request, status, parts)), responseRoute(request, flow))
  }

  /** Ends all timers: for shutting down. */
  close(): void {
    this.#draining = true
    for (const transaction of [...this.#servers.values()]) transaction.forget()
    for (const transaction of [...this.#clients.values()]) transaction.abandon()
  }

  addClient(key: string, transaction: ClientTransaction): void {
    if (!this.#draining) this.#clients.set(key, transaction)
  }

  removeClient(key: string): void {
    this.#clients.delete(key)
  }

  removeServer(key: string, mergeKey: string | null): void {
    this.#servers.delete(key)
    if (mergeKey !== null && this.#merges.get(mergeKey) === key) this.#merges.delete(mergeKey)
  }

  #receiveMalformed(error: ParseError, flow: Flow): void {
    this.#log.debug({ from: flow.remote.host, reason: error.reason }, 'malformed SIP message')
    if (error.request === null || error.request.topVia === null) return
    if (error.request.from === null || error.request.get('to') === undefined || error.request.callId === '') return
    // An answer echoes what it got; line breaks of the sender's making are not put on the wire by us.
    if (error.request.headers.some((header) => unechoable.test(header.value))) return
    this.answerStatelessly(error.request, flow, error.status, undefined, [])
  }

  #receiveRequest(request: SipRequest, flow: Flow): void {
    const syntax = checkRequestSyntax(request)
    if (syntax.type !== 'good') {
      if (syntax.type === 'refuse') this.answerStatelessly(request, flow, syntax.status, syntax.reason, syntax.headers)
      return
    }
    const key = serverKey(request, request.method === 'ACK' ? 'INVITE' : request.method)
    const known = this.#servers.get(key)
    if (request.method === 'ACK') {
      if (known === undefined || !known.receiveAck()) this.#listener?.onAck(request, flow)
      return
    }
    if (known !== undefined) {
      known.receiveAgain()
      return
    }
    if (request.method === 'CANCEL') {
      this.#receiveCancel(request, flow, key)
      return
    }
    const meaning = checkRequest(request, this.capabilities)
    if (meaning.type !== 'good') {
      if (meaning.type === 'refuse')
        this.answerStatelessly(request, flow, meaning.status, meaning.reason, meaning.headers)
      return
    }
    let mergeKey: string | null = null
    if (request.toTag === null) {
      // RFC 3261 §8.2.2.2: the same request by two ways is one request; the later copy is told so. Registrations do not fork.
      if (request.method !== 'REGISTER') {
        mergeKey = flat(`${request.fromTag}|${request.callId}|${request.get('cseq')}`)
        if (this.#merges.has(mergeKey)) {
          this.answerStatelessly(request, flow, 482, undefined, [])
          return
        }
      }
      const verdict = this.#listener?.screen?.(request, flow) ?? { type: 'let-in' }
      if (verdict.type === 'silence') return
      if (verdict.type === 'answer') {
        this.answerStatelessly(request, flow, verdict.status, verdict.reason, verdict.headers)
        return
      }
    }
    if (this.size >= MAX_TRANSACTIONS) {
      this.answerStatelessly(request, flow, 503, undefined, [field('Retry-After', '10')])
      return
    }
    const transaction = this.#addServer(request, flow, key, mergeKey)
    this.#listener?.onRequest(request, transaction, flow)
  }

  #addServer(request: SipRequest, flow: Flow, key: string, mergeKey: string | null): ServerTransaction {
    const transaction = new ServerTransaction(this, request, flow, key, mergeKey)
    this.#servers.set(key, transaction)
    if (mergeKey !== null) this.#merges.set(mergeKey, key)
    return transaction
  }

  /** RFC 3261 §9.2: a CANCEL is answered by itself, then the INVITE it names is told, if it still waits. */
  #receiveCancel(request: SipRequest, flow: Flow, key: string): void {
    const invite = this.#servers.get(serverKey(request, 'INVITE'))
    const transaction = this.#addServer(request, flow, key, null)
    if (invite === undefined) {
      transaction.respond(makeResponse(request, 481, { toTag: this.newTag() }))
      return
    }
    transaction.respond(makeResponse(request, 200, { toTag: invite.toTag }))
    invite.receiveCancel(request)
  }

  #receiveResponse(response: SipResponse, flow: Flow): void {
    if (checkResponse(response).type !== 'good') return
    this.count(response.cseq!.method, response.status, 'received')
    const branch = param(response.topVia!.params, 'branch')
    this.#clients.get(`${branch}|${response.cseq!.method}`)?.receive(response, flow)
  }
}

abstract class Transaction {
  protected readonly layer: TransactionLayer
  #repeat: Timer | null = null
  #end: Timer | null = null

  constructor(layer: TransactionLayer) {
    this.layer = layer
  }

  protected setTimer(slot: TimerSlot, atMs: number): void {
    const timer = this.layer.clock.at(atMs, () => this.fire(slot))
    if (slot === 'repeat') {
      this.#repeat?.cancel()
      this.#repeat = timer
    } else {
      this.#end?.cancel()
      this.#end = timer
    }
  }

  protected clearTimers(): void {
    this.#repeat?.cancel()
    this.#end?.cancel()
    this.#repeat = null
    this.#end = null
  }

  protected abstract fire(slot: TimerSlot): void
}

/** One request we were sent, until nothing of it can come again. */
export class ServerTransaction extends Transaction {
  readonly #key: string
  readonly #mergeKey: string | null
  readonly #route: ResponseRoute
  readonly #world: TransactionWorld
  #state:
    | { readonly kind: 'invite'; readonly state: inviteServer.State }
    | { readonly kind: 'request'; readonly state: requestServer.State }
  #request: SipRequest | null
  #lastBytes: Uint8Array | null = null
  /** Our tag for every answer to this request. */
  readonly toTag: string
  /** The caller gave up; only called while no final answer was given. */
  onCancel: ((cancel: SipRequest) => void) | null = null
  /** The ACK for our refusal never came (timer H). */
  onTimeout: (() => void) | null = null

  constructor(layer: TransactionLayer, request: SipRequest, flow: Flow, key: string, mergeKey: string | null) {
    super(layer)
    this.#key = key
    this.#mergeKey = mergeKey
    this.#request = request
    this.#route = responseRoute(request, flow)
    this.#world = { timers: layer.timers, reliable: isReliable(flow.kind) }
    this.toTag = request.to === null ? layer.newTag() : (tagOf(request.to) ?? layer.newTag())
    if (request.method === 'INVITE') {
      this.#state = { kind: 'invite', state: inviteServer.initial }
      this.#run({ type: 'start' }, null)
    } else {
      this.#state = { kind: 'request', state: requestServer.initial(layer.clock.nowMs()) }
    }
  }

  /** Sends an answer. After a final one only a 2xx to an INVITE may be sent again. */
  respond(response: SipResponse): void {
    this.layer.count(response.cseq?.method ?? '?', response.status, 'sent')
    const final = response.status >= 200
    if (final && this.#request === null && response.status >= 300) return
    this.#run({ type: 'respond', status: response.status }, writeMessage(response))
    if (final) {
      this.#request = null
      this.onCancel = null
    }
  }

  receiveAgain(): void {
    this.#run({ type: 'request' }, null)
  }

  /** True when the ACK belonged to our refusal; false sends it up, to whoever said 2xx. */
  receiveAck(): boolean {
    if (this.#state.kind !== 'invite') return false
    const { type } = this.#state.state
    if (type !== 'completed' && type !== 'confirmed') return false
    this.#run({ type: 'ack' }, null)
    return true
  }

  receiveCancel(cancel: SipRequest): void {
    if (this.#state.kind === 'invite' && this.#state.state.type === 'proceeding') this.onCancel?.(cancel)
  }

  forget(): void {
    this.clearTimers()
    this.layer.removeServer(this.#key, this.#mergeKey)
  }

  protected fire(slot: TimerSlot): void {
    this.#run({ type: 'timer', slot }, null)
  }

  #run(input: inviteServer.Input, fresh: Uint8Array | null): void {
    const nowMs = this.layer.clock.nowMs()
    const before = this.#state.state.type
    let effects: readonly (inviteServer.Effect | requestServer.Effect)[]
    if (this.#state.kind === 'invite') {
      const next = inviteServer.step(this.#state.state, input, nowMs, this.#world)
      this.#state = { kind: 'invite', state: next.state }
      effects = next.effects
    } else {
      if (input.type === 'start' || input.type === 'ack') return
      const next = requestServer.step(this.#state.state, input, nowMs, this.#world)
      this.#state = { kind: 'request', state: next.state }
      effects = next.effects
    }
    if (this.#state.state.type !== before) this.clearTimers()
    for (const effect of effects) {
      switch (effect.type) {
        case 'send-trying':
          if (this.#request === null) break
          this.#lastBytes = writeMessage(makeResponse(this.#request, 100))
          this.layer.transport.sendResponse(this.#lastBytes, this.#route)
          break
        case 'send-response':
          this.#lastBytes = fresh
          if (fresh !== null) this.layer.transport.sendResponse(fresh, this.#route)
          break
        case 'resend-response':
          if (this.#lastBytes !== null) this.layer.transport.sendResponse(this.#lastBytes, this.#route)
          break
        case 'set-timer':
          this.setTimer(effect.slot, effect.atMs)
          break
        case 'tell-timeout':
          this.onTimeout?.()
          break
        default:
      }
    }
    // Whoever waits in these states needs no octets: the user repeats its own 2xx, a confirmed refusal is over.
    const { type } = this.#state.state
    if (type === 'accepted' || type === 'confirmed') this.#lastBytes = null
    if (type === 'terminated') this.forget()
  }
}

/** One request of ours, until its answers can no longer come. */
export class ClientTransaction extends Transaction {
  #request: SipRequest
  #target: Target
  #key: string
  #bytes: Uint8Array | null
  #ack: Uint8Array | null = null
  #world: TransactionWorld
  #listener: ClientListener | null
  #fallback: Target | null
  #state:
    | { readonly kind: 'invite'; readonly state: inviteClient.State }
    | { readonly kind: 'request'; readonly state: requestClient.State }

  constructor(
    layer: TransactionLayer,
    request: SipRequest,
    target: Target,
    listener: ClientListener,
    fallback: Target | null,
    branch?: string,
  ) {
    super(layer)
    this.#listener = listener
    this.#fallback = fallback
    this.#target = target
    const ownBranch = branch ?? layer.newBranch()
    this.#request = branch === undefined ? layer.withVia(request, target, ownBranch) : request
    this.#bytes = writeMessage(this.#request)
    this.#key = flat(`${ownBranch}|${request.method}`)
    this.#world = { timers: layer.timers, reliable: isReliable(target.kind) }
    this.#state =
      request.method === 'INVITE'
        ? { kind: 'invite', state: inviteClient.initial(this.#world) }
        : { kind: 'request', state: requestClient.initial(layer.clock.nowMs(), this.#world) }
    layer.addClient(this.#key, this)
    this.#run({ type: 'start' }, null, null)
  }

  /** The request as sent, Via and all. */
  get request(): SipRequest {
    return this.#request
  }

  get target(): Target {
    return this.#target
  }

  /** RFC 3261 §9.1: asks the far end to stop; only sensible after a provisional answer. */
  cancel(headers: readonly HeaderField[] = []): void {
    const invite = this.#request
    const copied = invite.headers.filter(
      (h) => h.id === 'from' || h.id === 'to' || h.id === 'call-id' || h.id === 'route' || h.id === 'max-forwards',
    )
    const via = invite.headers.find((h) => h.id === 'via')!
    const cseq = field('CSeq', `${invite.cseq!.number} CANCEL`)
    const cancel = new SipRequest('CANCEL', invite.uriText, [via, ...copied, cseq, ...headers])
    const branch = param(invite.topVia!.params, 'branch')!
    new ClientTransaction(this.layer, cancel, this.#target, { onResponse() {}, onFailure() {} }, null, branch)
  }

  receive(response: SipResponse, flow: Flow): void {
    this.#run({ type: 'response', status: response.status }, response, flow)
  }

  /** Forgets the transaction: nothing more is told. */
  abandon(): void {
    this.#listener = null
    this.clearTimers()
    this.layer.removeClient(this.#key)
  }

  protected fire(slot: TimerSlot): void {
    this.#run({ type: 'timer', slot }, null, null)
  }

  #send(bytes: Uint8Array | null): void {
    if (bytes === null) return
    this.layer.transport.send(bytes, this.#target, () => this.#transportFailed())
  }

  #transportFailed(): void {
    const fallback = this.#fallback
    const waiting = this.#state.state.type === 'calling' || this.#state.state.type === 'trying'
    if (fallback !== null && waiting && this.#listener !== null) {
      // RFC 3261 §18.1.1: nobody listens on TCP there, so the large request goes by UDP after all, in a transaction of its own.
      this.#fallback = null
      this.clearTimers()
      this.layer.removeClient(this.#key)
      const [, ...rest] = this.#request.headers
      const bare = new SipRequest(this.#request.method, this.#request.uriText, rest, this.#request.body)
      const branch = this.layer.newBranch()
      this.#target = fallback
      this.#request = this.layer.withVia(bare, fallback, branch)
      this.#bytes = writeMessage(this.#request)
      this.#key = flat(`${branch}|${this.#request.method}`)
      this.#world = { timers: this.layer.timers, reliable: isReliable(fallback.kind) }
      this.layer.addClient(this.#key, this)
      this.#run({ type: 'start' }, null, null)
      return
    }
    this.#run({ type: 'transport-failed' }, null, null)
  }

  #run(input: inviteClient.Input, response: SipResponse | null, flow: Flow | null): void {
    const nowMs = this.layer.clock.nowMs()
    const before = this.#state.state.type
    let effects: readonly (inviteClient.Effect | requestClient.Effect)[]
    if (this.#state.kind === 'invite') {
      const next = inviteClient.step(this.#state.state, input, nowMs, this.#world)
      this.#state = { kind: 'invite', state: next.state }
      effects = next.effects
    } else {
      const next = requestClient.step(this.#state.state, input, nowMs, this.#world)
      this.#state = { kind: 'request', state: next.state }
      effects = next.effects
    }
    const { type } = this.#state.state
    if (type !== before) this.clearTimers()
    if (type === 'terminated') this.layer.removeClient(this.#key)
    if (type !== 'calling' && type !== 'trying' && type !== 'proceeding') this.#bytes = null
    const listener = this.#listener
    if (type === 'completed' || type === 'terminated') this.#listener = null
    for (const effect of effects) {
      switch (effect.type) {
        case 'send-request':
          this.#send(this.#bytes)
          break
        case 'send-ack':
          this.#ack ??= response === null ? null : writeMessage(ackForRefusal(this.#request, response))
          this.#send(this.#ack)
          break
        case 'set-timer':
          this.setTimer(effect.slot, effect.atMs)
          break
        case 'tell-response':
          if (response !== null && flow !== null) listener?.onResponse(response, flow)
          break
        case 'tell-timeout':
          listener?.onFailure('timeout')
          break
        case 'tell-transport-failed':
          listener?.onFailure('transport')
          break
        default:
      }
    }
  }
}

/** RFC 3261 §17.1.1.3: the ACK for a 300-699 is the INVITE's shadow: same branch, same Route, the answer's To. */
function ackForRefusal(invite: SipRequest, response: SipResponse): SipRequest {
  const headers: HeaderField[] = [invite.headers.find((h) => h.id === 'via')!]
  for (const header of invite.headers) {
    if (['max-forwards', 'route', 'from', 'call-id', 'authorization', 'proxy-authorization'].includes(header.id))
      headers.push(header)
  }
  headers.push(field('To', response.get('to')!), field('CSeq', `${invite.cseq!.number} ACK`))
  return new SipRequest('ACK', invite.uriText, headers)
}

/** RFC 3261 §17.2.3: cookie, sent-by and method; without the cookie the RFC 2543 rules. */
function serverKey(request: SipRequest, method: string): string {
  const via = request.topVia!
  if (hasCookie(request)) return flat(`${param(via.params, 'branch')}|${via.host}:${via.port ?? ''}|${method}`)
  return flat(
    `2543|${request.uriText}|${request.fromTag}|${request.callId}|${request.cseq!.number}|${via.host}:${via.port ?? ''}|${param(via.params, 'branch') ?? ''}|${method}`,
  )
}

/** What no header value of ours may hold. */
const unechoable = /[\r\n\0]/

/** About what a request will weigh once Via, Max-Forwards and Content-Length are on it. */
function sizeOf(request: SipRequest): number {
  let octets = request.method.length + request.uriText.length + request.body.length + 160
  for (const header of request.headers) octets += header.name.length + header.value.length + 4
  return octets
}

/** A copy of a string that keeps no hold on the message it was cut from. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
