import { after, type Timer } from '#base/clock.ts'
import { AuthSession } from './auth-session.ts'
import type { CallEnd, CallHome, CallListener, OutgoingInvite } from './call-words.ts'
import {
  acceptCseq,
  type Dialog,
  dialogFromRequest,
  dialogFromResponse,
  dialogRequest,
  refreshTarget,
} from './dialog.ts'
import type { Credentials } from './digest.ts'
import { parseNameAddr } from './fields.ts'
import { MAX_FORKS, PROVISIONAL_REFRESH_MS } from './limits.ts'
import { field, type HeaderField, noBody, SipRequest, type SipResponse } from './message.ts'
import { type ReferListener, Referrals } from './referrals.ts'
import { makeResponse } from './respond.ts'
import { giveUpMs } from './timers.ts'
import type { ClientTransaction, ServerTransaction } from './transaction-layer.ts'
import type { Flow, Target } from './transport.ts'
import { bareHost } from './uri.ts'
import { writeMessage } from './write.ts'

type Phase = 'inviting' | 'ringing-in' | 'waiting-ack' | 'up' | 'leaving' | 'ended'

/** A 2xx of ours that is repeated until its ACK. */
interface Accepting {
  readonly transaction: ServerTransaction
  readonly response: SipResponse
  readonly cseq: number
  waitMs: number
  readonly giveUpAtMs: number
  timer: Timer
}

/** Answers 2xx after the call let go of its INVITE: repeats get their ACK again, losers of a fork a BYE. */
class AckKeeper {
  readonly acks = new Map<string, { bytes: Uint8Array; target: Target }>()
}

export class SipCall {
  readonly callId: string
  readonly localTag: string
  readonly direction: 'in' | 'out'
  /** The first INVITE, as received or as first sent. */
  readonly invite: SipRequest
  readonly #ua: CallHome
  readonly #auth: AuthSession
  #listener: CallListener | null = null
  #phase: Phase
  #dialog: Dialog | null = null
  /** Next hop that wins over the dialog's own: a registered flow, or the source of a peer behind NAT. */
  #pinned: Target | null = null
  /** How the peer was reached, or reached us: good enough while its name is not resolved. */
  #lastWay: Target = { kind: 'udp', address: { host: '127.0.0.1', port: 5060 }, flowId: null }

  // Calling out.
  #outgoing: OutgoingInvite | null = null
  #targetIndex = 0
  #cseq = 1
  #inviteTransaction: ClientTransaction | null = null
  #provisionalSeen = false
  #cancelWanted: readonly HeaderField[] | null = null
  #targetTimer: Timer | null = null
  #cancelTimer: Timer | null = null
  #earlyTags = new Set<string>()

  // Being called.
  #server: ServerTransaction | null = null
  #accepting: Accepting | null = null
  #lastProgress: SipResponse | null = null
  #refreshTimer: Timer | null = null
  #byeAfterAck: readonly HeaderField[] | null = null

  // Either way.
  #reinviting = false
  #glareTimer: Timer | null = null
  #reinviteServer: { transaction: ServerTransaction; request: SipRequest } | null = null
  #referrals: Referrals | null = null

  constructor(
    ua: CallHome,
    direction: 'in' | 'out',
    localTag: string,
    invite: SipRequest,
    credentials: Credentials | null,
  ) {
    this.#ua = ua
    this.direction = direction
    this.localTag = localTag
    this.callId = invite.callId
    this.invite = invite
    this.#auth = new AuthSession(ua.chance, credentials)
    this.#phase = direction === 'in' ? 'ringing-in' : 'inviting'
  }

  /** Set at once, before the turn ends. */
  listen(listener: CallListener): void {
    this.#listener = listener
  }

  get ended(): boolean {
    return this.#phase === 'ended'
  }

  /** Whether the call is answered, from either side. */
  get established(): boolean {
    return this.#phase === 'waiting-ack' || this.#phase === 'up'
  }

  /** Whether the peer of (one of the early dialogs of) this call has this tag. */
  isWith(remoteTag: string): boolean {
    return this.#dialog === null ? this.#earlyTags.has(remoteTag) : this.#dialog.remoteTag === remoteTag
  }

  /** RFC 3891 §3: why another call may not take this one's place; null when it may. */
  refusalToReplace(earlyOnly: boolean): number | null {
    switch (this.#phase) {
      case 'up':
      case 'waiting-ack':
        return earlyOnly ? 486 : null
      case 'inviting':
        return null
      case 'ringing-in':
        // Early, and not begun by us.
        return 481
      default:
        return 603
    }
  }

  get dialog(): Dialog | null {
    return this.#dialog
  }

  // ---- being called -------------------------------------------------------------------------------------------------

  /** @internal by the user agent */
  startIncoming(transaction: ServerTransaction, flow: Flow): void {
    this.#server = transaction
    this.#dialog = dialogFromRequest(this.invite, this.localTag, 0)
    this.#pinned = pinToFlow(this.invite, flow)
    this.#lastWay = { kind: flow.kind, address: flow.remote, flowId: flow.id }
    transaction.onCancel = (cancel) => {
      this.#finishServer(487, {})
      this.#end({ by: 'remote', how: 'cancel', status: 487, reason: null, message: cancel })
    }
  }

  /** A provisional answer: 180, or 183 with SDP for early media. Repeated every minute by itself. */
  progress(status: number, parts: { headers?: readonly HeaderField[]; body?: Uint8Array } = {}): void {
    if (this.#phase !== 'ringing-in' || this.#server === null) return
    const headers = [...this.#ua.contactHeaders(this.#kind()), ...(parts.headers ?? [])]
    const response = makeResponse(this.invite, status, {
      toTag: this.localTag,
      headers,
      ...(parts.body ? { body: parts.body } : {}),
    })
    this.#server.respond(response)
    this.#lastProgress = response
    this.#armRefresh()
  }

  /** Answers the call. The 2xx is repeated until its ACK comes; without one for 64*T1 the call fails. */
  accept(parts: { headers?: readonly HeaderField[]; body?: Uint8Array } = {}): void {
    if (this.#phase !== 'ringing-in' || this.#server === null) return
    this.#refreshTimer?.cancel()
    const server = this.#server
    this.#server = null
    server.onCancel = null
    this.#phase = 'waiting-ack'
    this.#sendAccept(server, this.invite, parts)
  }

  /** Refuses the call. */
  reject(status: number, parts: { headers?: readonly HeaderField[]; reason?: string } = {}): void {
    if (this.#phase !== 'ringing-in') return
    this.#finishServer(status, parts)
    this.#end({ by: 'local', how: 'refused', status, reason: parts.reason ?? null, message: null })
  }

  #finishServer(status: number, parts: { headers?: readonly HeaderField[]; reason?: string }): void {
    this.#refreshTimer?.cancel()
    this.#server?.respond(
      makeResponse(this.invite, status, {
        ...parts,
        toTag: this.localTag,
        headers: [...this.#ua.identity('Server'), ...(parts.headers ?? [])],
      }),
    )
    this.#server = null
  }

  #armRefresh(): void {
    this.#refreshTimer?.cancel()
    this.#refreshTimer = after(this.#ua.clock, PROVISIONAL_REFRESH_MS, () => {
      if (this.#lastProgress !== null) this.#server?.respond(this.#lastProgress)
      this.#armRefresh()
    })
  }

  #sendAccept(
    transaction: ServerTransaction,
    request: SipRequest,
    parts: { headers?: readonly HeaderField[]; body?: Uint8Array },
  ): void {
    const headers = [...this.#ua.contactHeaders(this.#kind()), ...this.#ua.acceptHeaders(), ...(parts.headers ?? [])]
    const response = makeResponse(request, 200, {
      toTag: this.localTag,
      headers,
      ...(parts.body ? { body: parts.body } : {}),
    })
    const { clock, timers } = this.#ua
    const accepting: Accepting = {
      transaction,
      response,
      cseq: request.cseq!.number,
      waitMs: timers.t1Ms,
      giveUpAtMs: clock.nowMs() + giveUpMs(timers),
      timer: after(clock, timers.t1Ms, () => this.#repeatAccept()),
    }
    this.#accepting = accepting
    transaction.respond(response)
  }

  /** RFC 3261 §13.3.1.4: T1 doubling to T2, also over streams, until the ACK or 64*T1. */
  #repeatAccept(): void {
    const accepting = this.#accepting
    if (accepting === null) return
    const { clock, timers } = this.#ua
    const nowMs = clock.nowMs()
    if (nowMs >= accepting.giveUpAtMs) {
      this.#accepting = null
      if (this.#byeAfterAck === null) this.#sendBye([])
      this.#end({ by: 'network', how: 'failed', status: 408, reason: 'no ACK', message: null })
      return
    }
    accepting.transaction.respond(accepting.response)
    accepting.waitMs = Math.min(accepting.waitMs * 2, timers.t2Ms)
    accepting.timer = clock.at(Math.min(nowMs + accepting.waitMs, accepting.giveUpAtMs), () => this.#repeatAccept())
  }

  /** @internal */
  receiveAck(request: SipRequest): void {
    const accepting = this.#accepting
    if (accepting === null || request.cseq!.number !== accepting.cseq) return
    accepting.timer.cancel()
    this.#accepting = null
    if (this.#phase === 'waiting-ack') this.#phase = 'up'
    this.#listener?.acked?.(request)
    if (this.#byeAfterAck !== null) {
      const headers = this.#byeAfterAck
      this.#byeAfterAck = null
      this.#sendBye(headers)
    }
  }

  // ---- calling out --------------------------------------------------------------------------------------------------

  /** @internal by the user agent */
  startOutgoing(outgoing: OutgoingInvite): void {
    this.#outgoing = outgoing
    this.#tryTarget()
  }

  #tryTarget(): void {
    const outgoing = this.#outgoing!
    const target = outgoing.targets[this.#targetIndex]
    if (target === undefined) {
      this.#ua.soon(() =>
        this.#end({ by: 'network', how: 'unreachable', status: null, reason: 'no target', message: null }),
      )
      return
    }
    const auth = this.#auth.authorize('INVITE', outgoing.uri, outgoing.body ?? noBody)
    const headers: HeaderField[] = [
      field('From', `${outgoing.from};tag=${this.localTag}`),
      field('To', outgoing.to),
      field('Call-ID', this.callId),
      field('CSeq', `${this.#cseq} INVITE`),
      ...this.#ua.contactHeaders(target.kind),
      ...this.#ua.inviteHeaders(),
      ...auth,
      ...outgoing.headers,
    ]
    if (outgoing.body !== null) headers.push(field('Content-Type', 'application/sdp'))
    const request = new SipRequest('INVITE', outgoing.uri, headers, outgoing.body ?? noBody)
    this.#provisionalSeen = false
    this.#earlyTags.clear()
    if (target.flowId !== null) this.#pinned = target
    this.#lastWay = target
    this.#inviteTransaction = this.#sendInvite(request, target, outgoing.body !== null, false)
    this.#targetTimer?.cancel()
    this.#targetTimer = null
    const last = this.#targetIndex + 1 === outgoing.targets.length && outgoing.moreElsewhere !== true
    if (outgoing.targetTimeoutMs !== undefined && !last) {
      this.#targetTimer = after(this.#ua.clock, outgoing.targetTimeoutMs, () => this.#nextTarget('timeout', null))
    }
  }

  /** Sends an INVITE or re-INVITE; 2xx of forks and repeats are looked after even when the call is long over. */
  #sendInvite(request: SipRequest, target: Target, hadOffer: boolean, again: boolean): ClientTransaction {
    const keeper = new AckKeeper()
    const ua = this.#ua
    let call: SipCall | null = this
    const transaction: ClientTransaction = ua.layer.request(request, target, {
      onResponse: (response) => {
        if (response.status >= 200 && response.status < 300) {
          const tag = response.toTag ?? ''
          const known = keeper.acks.get(tag)
          if (known !== undefined) {
            ua.layer.sendStateless(known.bytes, known.target)
            return
          }
          if (keeper.acks.size >= MAX_FORKS) return
          const current = call
          // A fork's further 2xx, or one that came after everything ended: acknowledged and hung up (RFC 3261 §13.2.2.4).
          const loser = keeper.acks.size > 0 || current === null || current.#phase === 'ended'
          if (loser) {
            const dialog = dialogFromResponse(transaction.request, response)
            const to = ua.targetOf(dialog, target.flowId === null ? null : target, target)
            ua.acknowledge(keeper.acks, tag, dialog, transaction.request, null, to)
            ua.layer.request(dialogRequest(dialog, 'BYE').request, to, { onResponse() {}, onFailure() {} })
            return
          }
          current.#accepted(keeper, transaction.request, response, hadOffer, again)
          // From here on only the keeper is needed: an ended call is not held by its transaction.
          if (current.#phase === 'ended') call = null
          current.#letGo = () => {
            call = null
          }
          return
        }
        const current = call
        if (response.status >= 300) call = null
        if (current !== null) current.#responded(response, again)
      },
      onFailure: (kind) => {
        const current = call
        call = null
        if (current !== null) current.#unanswered(kind, again)
      },
    })
    return transaction
  }

  #letGo: (() => void) | null = null

  #responded(response: SipResponse, again: boolean): void {
    if (this.#phase === 'ended') return
    if (again) {
      if (response.status >= 300) this.#reinviteRefused(response)
      return
    }
    if (response.status < 200) {
      this.#targetTimer?.cancel()
      this.#targetTimer = null
      const first = !this.#provisionalSeen
      this.#provisionalSeen = true
      if (this.#cancelWanted !== null) {
        if (first) this.#sendCancel(this.#cancelWanted)
        return
      }
      if (response.status === 100) return
      const tag = response.toTag
      if (tag !== null) {
        if (this.#earlyTags.size >= MAX_FORKS && !this.#earlyTags.has(tag)) return
        this.#earlyTags.add(tag)
      }
      this.#listener?.progress?.(response)
      return
    }
    if (
      (response.status === 401 || response.status === 407) &&
      this.#cancelWanted === null &&
      this.#auth.absorb(response)
    ) {
      this.#cseq++
      this.#tryTarget()
      return
    }
    if (
      (response.status === 503 || response.status === 408) &&
      this.#cancelWanted === null &&
      this.#nextTarget('refused', response)
    )
      return
    const cancelled = this.#cancelWanted !== null
    this.#end({
      by: cancelled ? 'local' : 'remote',
      how: cancelled ? 'cancel' : 'refused',
      status: response.status,
      reason: response.reason,
      message: response,
    })
  }

  #unanswered(kind: 'timeout' | 'transport', again: boolean): void {
    if (this.#phase === 'ended') return
    if (again) {
      // RFC 3261 §12.2.1.2: a re-INVITE nobody answers ends the dialog.
      this.#reinviting = false
      this.#sendBye([])
      this.#end({ by: 'network', how: 'failed', status: kind === 'timeout' ? 408 : 503, reason: null, message: null })
      return
    }
    if (this.#cancelWanted !== null) {
      this.#end({ by: 'local', how: 'cancel', status: null, reason: null, message: null })
      return
    }
    this.#nextTarget(kind, null)
  }

  /** RFC 3263 §4.3: silence, transport errors and 503 move on to the next target, with a new branch. */
  #nextTarget(why: 'timeout' | 'transport' | 'refused', response: SipResponse | null): boolean {
    const failed = this.#outgoing!.targets[this.#targetIndex]
    if (failed !== undefined) this.#ua.targetFailed(failed)
    const more = this.#targetIndex + 1 < this.#outgoing!.targets.length
    if (!more) {
      if (why === 'refused') return false
      this.#inviteTransaction?.abandon()
      this.#end({
        by: 'network',
        how: 'unreachable',
        status: why === 'timeout' ? 408 : 503,
        reason: null,
        message: response,
      })
      return true
    }
    this.#inviteTransaction?.abandon()
    this.#targetIndex++
    this.#cseq++
    this.#tryTarget()
    return true
  }

  #accepted(keeper: AckKeeper, request: SipRequest, response: SipResponse, hadOffer: boolean, again: boolean): void {
    this.#targetTimer?.cancel()
    this.#cancelTimer?.cancel()
    this.#auth.settled()
    if (again) {
      this.#reinviting = false
      this.#dialog = refreshTarget(this.#dialog!, response)
      const answer = this.#listener?.reinvited?.(response) ?? null
      this.#ua.acknowledge(
        keeper.acks,
        response.toTag ?? '',
        this.#dialog,
        request,
        hadOffer ? null : answer,
        this.#target(),
      )
      return
    }
    // RFC 3261 §13.2.2.4: the route set is computed again from the 2xx.
    this.#dialog = { ...dialogFromResponse(request, response), localCseq: this.#cseq }
    if (this.#cancelWanted !== null) {
      // The 200 won the race against our CANCEL: acknowledged, then hung up.
      this.#ua.acknowledge(keeper.acks, response.toTag ?? '', this.#dialog, request, null, this.#target())
      this.#phase = 'up'
      this.#sendBye(this.#cancelWanted)
      this.#end({ by: 'local', how: 'cancel', status: 487, reason: null, message: null })
      return
    }
    // Whoever hangs up while hearing of the answer gets its BYE after the ACK.
    this.#phase = 'waiting-ack'
    const answer = this.#listener?.accepted?.(response) ?? null
    this.#phase = 'up'
    this.#ua.acknowledge(
      keeper.acks,
      response.toTag ?? '',
      this.#dialog,
      request,
      hadOffer ? null : answer,
      this.#target(),
    )
    if (this.#byeAfterAck !== null) {
      const headers = this.#byeAfterAck
      this.#byeAfterAck = null
      this.#sendBye(headers)
    }
  }

  #sendCancel(headers: readonly HeaderField[]): void {
    this.#inviteTransaction?.cancel(headers)
    // RFC 3261 §9.1: a peer that never sends the 487 has 64*T1.
    this.#cancelTimer = after(this.#ua.clock, giveUpMs(this.#ua.timers), () => {
      if (this.#phase !== 'inviting') return
      this.#inviteTransaction?.abandon()
      this.#end({ by: 'local', how: 'cancel', status: null, reason: null, message: null })
    })
  }

  // ---- within the call ----------------------------------------------------------------------------------------------

  /** Ends the call the way its state asks for: refusal, CANCEL or BYE. `ended` follows when it is done. */
  hangUp(headers: readonly HeaderField[] = [], rejectStatus = 480): void {
    switch (this.#phase) {
      case 'ringing-in':
        this.reject(rejectStatus, { headers })
        return
      case 'inviting':
        if (this.#cancelWanted !== null) return
        this.#cancelWanted = headers
        this.#targetTimer?.cancel()
        // RFC 3261 §9.1: a CANCEL before any 1xx could overtake its INVITE, so the wish is kept.
        if (this.#provisionalSeen) this.#sendCancel(headers)
        return
      case 'waiting-ack':
        // RFC 3261 §15: the called side must not send BYE before the ACK, or before it gave up on it.
        this.#byeAfterAck = headers
        return
      case 'up':
        if (this.#accepting !== null) this.#byeAfterAck = headers
        else this.#sendBye(headers)
        return
      case 'leaving':
      case 'ended':
        return
      default:
    }
  }

  #sendBye(headers: readonly HeaderField[]): void {
    const dialog = this.#dialog
    if (dialog === null || this.#phase === 'leaving' || this.#phase === 'ended') return
    this.#phase = 'leaving'
    this.#glareTimer?.cancel()
    this.#inDialog('BYE', { headers: [...this.#ua.identity('User-Agent'), ...headers] }, (response) => {
      this.#end({
        by: 'local',
        how: 'bye',
        status: response?.status ?? 408,
        reason: response?.reason ?? null,
        message: null,
      })
    })
  }

  /** Sends any request within the dialog; challenges are answered. `done` gets null when nobody answered. */
  request(
    method: string,
    parts: { headers?: readonly HeaderField[]; body?: Uint8Array; contentType?: string },
    done: (response: SipResponse | null) => void,
  ): void {
    if (this.#phase !== 'up' && this.#phase !== 'waiting-ack') return
    this.#inDialog(method, parts, (response) => {
      done(response)
      // RFC 3261 §12.2.1.2: 481 and 408 mean the peer has no such dialog any more.
      if (response === null || response.status === 481 || response.status === 408) this.#lost(response)
    })
  }

  #inDialog(
    method: string,
    parts: { headers?: readonly HeaderField[]; body?: Uint8Array; contentType?: string },
    done: (response: SipResponse | null) => void,
    more: { readonly auth?: AuthSession; readonly sent?: (cseq: number) => void } = {},
  ): void {
    const session = more.auth ?? this.#auth
    const auth = session.authorize(method, this.#dialog!.remoteTarget, parts.body ?? noBody)
    const next = dialogRequest(this.#dialog!, method, { ...parts, headers: [...auth, ...(parts.headers ?? [])] })
    this.#dialog = next.dialog
    more.sent?.(next.dialog.localCseq)
    this.#ua.layer.request(next.request, this.#target(), {
      onResponse: (response) => {
        if (response.status < 200) return
        if (
          (response.status === 401 || response.status === 407) &&
          this.#phase !== 'ended' &&
          session.absorb(response)
        ) {
          this.#inDialog(method, parts, done, more)
          return
        }
        if (response.status < 300) session.settled()
        done(response)
      },
      onFailure: () => done(null),
    })
  }

  /** Asks the peer to call somebody else (RFC 3515). False: the call is not up, or too many transfers are under way. */
  refer(
    parts: { readonly to: string; readonly headers: readonly HeaderField[]; readonly credentials: Credentials | null },
    listener: ReferListener,
  ): boolean {
    if (this.#phase !== 'up' && this.#phase !== 'waiting-ack') return false
    return this.#transfers().ask(parts, listener)
  }

  #transfers(): Referrals {
    this.#referrals ??= new Referrals({
      clock: this.#ua.clock,
      self: parseNameAddr(this.#dialog!.local)?.uri.text ?? this.#dialog!.remoteTarget,
      send: (method, parts, done, { credentials, sent }) =>
        this.#inDialog(
          method,
          { ...parts, headers: [...this.#ua.contactHeaders(this.#kind()), ...parts.headers] },
          (response) => {
            done(response)
            // RFC 5057 §5.2: a NOTIFY's 481 ends its subscription only; a REFER's says the dialog is gone.
            if (method === 'REFER' && (response === null || response.status === 481)) this.#lost(response)
          },
          {
            ...(credentials === null ? {} : { auth: new AuthSession(this.#ua.chance, credentials) }),
            ...(sent === undefined ? {} : { sent }),
          },
        ),
    })
    return this.#referrals
  }

  #receiveRefer(request: SipRequest, transaction: ServerTransaction): void {
    const respond = (status: number, reason: string | null, headers: readonly HeaderField[]): void =>
      transaction.respond(
        makeResponse(request, status, {
          toTag: this.localTag,
          headers: [...(status < 300 ? this.#ua.contactHeaders(this.#kind()) : []), ...headers],
          ...(reason === null ? {} : { reason }),
        }),
      )
    // Nobody is there yet who could be transferred.
    if (!this.established) {
      respond(403, null, [])
      return
    }
    const referral = this.#transfers().received(request, respond)
    if (referral === null) return
    if (this.#listener?.referred === undefined) referral.report(603)
    else this.#listener.referred(referral)
  }

  #lost(response: SipResponse | null): void {
    if (this.#phase === 'ended' || this.#phase === 'leaving') return
    this.#sendBye([])
    this.#end({
      by: 'network',
      how: 'failed',
      status: response?.status ?? 408,
      reason: response?.reason ?? null,
      message: response,
    })
  }

  /** Changes the session: a re-INVITE with an offer, or without one. False when another change is under way. */
  reinvite(body: Uint8Array | null, headers: readonly HeaderField[] = []): boolean {
    if (this.#phase !== 'up' || this.#reinviting || this.#accepting !== null || this.#reinviteServer !== null)
      return false
    this.#reinviting = true
    this.#sendReinvite(body, headers)
    return true
  }

  #sendReinvite(body: Uint8Array | null, headers: readonly HeaderField[]): void {
    const all = [
      ...this.#ua.contactHeaders(this.#kind()),
      ...this.#ua.inviteHeaders(),
      ...this.#auth.authorize('INVITE', this.#dialog!.remoteTarget, body ?? noBody),
      ...headers,
    ]
    const next = dialogRequest(this.#dialog!, 'INVITE', { headers: all, ...(body === null ? {} : { body }) })
    this.#dialog = next.dialog
    this.#pendingReinvite = { body, headers }
    this.#sendInvite(next.request, this.#target(), body !== null, true)
  }

  #pendingReinvite: { body: Uint8Array | null; headers: readonly HeaderField[] } | null = null

  #reinviteRefused(response: SipResponse): void {
    const pending = this.#pendingReinvite
    if (this.#phase !== 'up' || pending === null) {
      this.#reinviting = false
      return
    }
    if ((response.status === 401 || response.status === 407) && this.#auth.absorb(response)) {
      this.#sendReinvite(pending.body, pending.headers)
      return
    }
    if (response.status === 491) {
      // RFC 3261 §14.1: the owner of the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in steps of 10 ms.
      const steps =
        this.direction === 'out'
          ? 210 + Math.floor(this.#ua.chance.uniform() * 191)
          : Math.floor(this.#ua.chance.uniform() * 201)
      this.#reinviting = false
      this.#glareTimer = after(this.#ua.clock, steps * 10, () => {
        if (!this.reinvite(pending.body, pending.headers)) this.#listener?.reinvited?.(null)
      })
      return
    }
    this.#reinviting = false
    this.#pendingReinvite = null
    if (response.status === 481 || response.status === 408) this.#lost(response)
    // RFC 3261 §14.1: any other failure leaves the session as it was.
    else this.#listener?.reinvited?.(response)
  }

  /** @internal: a request that names this dialog. */
  receive(request: SipRequest, transaction: ServerTransaction): void {
    const answer = (status: number, headers: readonly HeaderField[] = []): void =>
      transaction.respond(makeResponse(request, status, { toTag: this.localTag, headers }))
    if (this.#dialog !== null && this.#dialog.remoteTag !== '' && request.fromTag !== this.#dialog.remoteTag) {
      answer(481)
      return
    }
    if (this.#dialog !== null && this.#phase !== 'inviting') {
      const next = acceptCseq(this.#dialog, request)
      if (next === null) {
        answer(500)
        return
      }
      this.#dialog = next
    }
    if (request.method === 'BYE') {
      this.#receiveBye(request, answer)
      return
    }
    if (this.#phase === 'leaving') {
      answer(481)
      return
    }
    if (request.method === 'INVITE') {
      this.#receiveReinvite(request, transaction, answer)
      return
    }
    if (request.method === 'NOTIFY') {
      answer(this.#referrals?.notified(request) ?? 481)
      return
    }
    if (request.method === 'REFER') {
      this.#receiveRefer(request, transaction)
      return
    }
    const reply = this.#listener?.requested?.(request) ?? { status: 501 }
    transaction.respond(
      makeResponse(request, reply.status, {
        toTag: this.localTag,
        headers: reply.headers ?? [],
        ...(reply.body ? { body: reply.body, contentType: reply.contentType ?? 'text/plain' } : {}),
      }),
    )
  }

  #receiveBye(request: SipRequest, answer: (status: number) => void): void {
    answer(200)
    if (this.#reinviteServer !== null) {
      // RFC 3261 §15.1.2: what is still pending in the dialog gets 487.
      const { transaction, request: pending } = this.#reinviteServer
      transaction.respond(makeResponse(pending, 487, { toTag: this.localTag }))
      this.#reinviteServer = null
    }
    if (this.#phase === 'leaving') return // BYE crossing BYE: ours ends it
    if (this.#server !== null) this.#finishServer(487, {})
    this.#accepting?.timer.cancel()
    this.#accepting = null
    this.#end({ by: 'remote', how: 'bye', status: 200, reason: null, message: request })
  }

  #receiveReinvite(
    request: SipRequest,
    transaction: ServerTransaction,
    answer: (status: number, headers?: readonly HeaderField[]) => void,
  ): void {
    // RFC 3261 §14.2: theirs while ours is pending: glare. Theirs while theirs is pending: come again shortly.
    if (this.#reinviting) {
      answer(491)
      return
    }
    if (this.#phase !== 'up' || this.#accepting !== null || this.#reinviteServer !== null) {
      answer(500, [field('Retry-After', String(Math.floor(this.#ua.chance.uniform() * 11)))])
      return
    }
    this.#reinviteServer = { transaction, request }
    const reply = this.#listener?.offered?.(request) ?? { status: 488 }
    // The listener may have hung up meanwhile.
    if (this.#reinviteServer?.transaction !== transaction) return
    this.#reinviteServer = null
    if (reply.status >= 200 && reply.status < 300) {
      this.#dialog = refreshTarget(this.#dialog!, request)
      this.#sendAccept(transaction, request, {
        headers: reply.headers ?? [],
        ...(reply.body ? { body: reply.body } : {}),
      })
    } else answer(reply.status, reply.headers ?? [])
  }

  #kind(): Target['kind'] {
    return this.#dialog === null ? 'udp' : this.#target().kind
  }

  #target(): Target {
    return this.#ua.targetOf(this.#dialog!, this.#pinned, this.#lastWay)
  }

  #end(end: CallEnd): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    for (const timer of [
      this.#targetTimer,
      this.#cancelTimer,
      this.#refreshTimer,
      this.#glareTimer,
      this.#accepting?.timer,
    ])
      timer?.cancel()
    this.#accepting = null
    this.#referrals?.callEnded(end.by)
    this.#letGo?.()
    this.#ua.forget(this)
    const listener = this.#listener
    this.#listener = null
    listener?.ended(end)
  }
}

/**
 * Whether requests back to a caller go to where its INVITE came from: always on a stream, and over UDP when the caller speaks
 * for itself (one Via, no Record-Route) and its claimed address is not its real one, which means NAT.
 */
function pinToFlow(invite: SipRequest, flow: Flow): Target | null {
  const target: Target = { kind: flow.kind, address: flow.remote, flowId: flow.id }
  if (invite.get('record-route') !== undefined || (invite.vias?.length ?? 0) !== 1) return null
  if (flow.kind !== 'udp') return target
  const contact = invite.contact?.uri
  if (contact?.type !== 'sip') return target
  return bareHost(contact.host) !== flow.remote.host && bareHost(contact.host) === bareHost(invite.topVia!.host)
    ? target
    : null
}

/** The ACK for a 2xx: a request of its own outside of any transaction (RFC 3261 §13.2.2.4). */
export function writeAck(
  dialog: Dialog,
  invite: SipRequest,
  answer: Uint8Array | null,
  withVia: (request: SipRequest) => SipRequest,
): Uint8Array {
  const credentials = invite.headers.filter((h) => h.id === 'authorization' || h.id === 'proxy-authorization')
  const parts = { cseq: invite.cseq!.number, headers: credentials, ...(answer === null ? {} : { body: answer }) }
  return writeMessage(withVia(dialogRequest(dialog, 'ACK', parts).request))
}
