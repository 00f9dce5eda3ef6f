// One call as SIP sees it: an INVITE dialog usage from either side (RFC 3261 §13-15), with everything that races: CANCEL
// against answers, BYE against re-INVITE, forks, lost ACKs, glare. It knows dialogs and transactions; bodies are octets.
//
// Rooms above hold a `SipCall`, tell it what to do, and hear of everything through one `CallListener`. `ended` comes exactly
// once and last.

import { after, type Timer } from '#base/clock.ts'
import { Acceptance } from './acceptance.ts'
import { AuthSession } from './auth-session.ts'
import { type CallEnd, type CallHome, type CallListener, type Change, type OutgoingInvite, SDP } from './call-words.ts'
import {
  acceptCseq,
  type Dialog,
  dialogFromRequest,
  dialogFromResponse,
  dialogRequest,
  refreshTarget,
} from './dialog.ts'
import { pinToFlow } from './dialog-way.ts'
import type { Credentials } from './digest.ts'
import { EarlyDialogs } from './early-dialogs.ts'
import { parseNameAddr } from './fields.ts'
import { retryAfter, waitAfterGlareMs } from './glare.ts'
import { type Acknowledge, firstInvite, sendInvite } from './invite-sending.ts'
import { type HeaderField, noBody, type SipRequest, type SipResponse } from './message.ts'
import { Provisionals } from './provisionals.ts'
import { type ReferListener, Referrals } from './referrals.ts'
import { makeResponse } from './respond.ts'
import { SessionKeeper } from './session-keeper.ts'
import { giveUpMs } from './timers.ts'
import type { ClientTransaction, ServerTransaction } from './transaction-layer.ts'
import type { Flow, Target } from './transport.ts'

type Phase = 'inviting' | 'ringing-in' | 'waiting-ack' | 'up' | 'leaving' | 'ended'

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
  readonly #early = new EarlyDialogs()

  // Being called.
  #server: ServerTransaction | null = null
  #accepting: Acceptance | null = null
  #provisionals: Provisionals | null = null
  #byeAfterAck: readonly HeaderField[] | null = null

  // Either way.
  #reinviting = false
  #glareTimer: Timer | null = null
  #reinviteServer: { transaction: ServerTransaction; request: SipRequest } | null = null
  #referrals: Referrals | null = null
  readonly #session: SessionKeeper
  /** The description we sent last, with whatever it came in: a refresh repeats it. */
  #ourSdp: { readonly body: Uint8Array; readonly contentType: string } | null = null
  #peerUpdates = false

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
    this.#session = new SessionKeeper(ua.clock, {
      refresh: () => this.#refresh(),
      expired: () => this.#lost(null),
    })
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
    return this.#dialog === null ? this.#early.has(remoteTag) : this.#dialog.remoteTag === remoteTag
  }

  /** RFC 3891 §3: why another call may not take this one's place; null when it may. */
  refusalToReplace(earlyOnly: boolean): number | null {
    if (this.established) return earlyOnly ? 486 : null
    // An early call that was not begun by us is not ours to give away.
    return this.#phase === 'inviting' ? null : this.#phase === 'ringing-in' ? 481 : 603
  }

  get dialog(): Dialog | null {
    return this.#dialog
  }

  // ---- being called -------------------------------------------------------------------------------------------------

  /** @internal by the user agent */
  startIncoming(transaction: ServerTransaction, flow: Flow): void {
    this.#server = transaction
    this.#provisionals = new Provisionals(this.#ua, transaction, this.invite, this.localTag, () => {
      // RFC 3262 §3: a caller that never acknowledges does not hear us.
      this.#finishServer(504, {})
      this.#end({ by: 'network', how: 'failed', status: 504, reason: 'no PRACK', message: null })
    })
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
    const headers = [...this.#contact(this.#kind()), ...this.#ua.acceptHeaders(), ...(parts.headers ?? [])]
    this.#provisionals?.send({ status, headers, body: parts.body ?? null })
  }

  /** Answers the call. The 2xx is repeated until its ACK comes; without one for 64*T1 the call fails. */
  accept(parts: { headers?: readonly HeaderField[]; body?: Uint8Array } = {}): void {
    // RFC 3262 §3: not before the caller has acknowledged the description it got.
    this.#provisionals?.settled(() => this.#acceptNow(parts))
  }

  #acceptNow(parts: { headers?: readonly HeaderField[]; body?: Uint8Array }): void {
    if (this.#phase !== 'ringing-in' || this.#server === null) return
    const server = this.#server
    const { body: _, ...bare } = parts
    const answered = this.#provisionals?.answered === true
    this.#provisionals?.stop()
    this.#server = null
    server.onCancel = null
    this.#phase = 'waiting-ack'
    this.#described(parts.body)
    this.#sendAccept(server, this.invite, answered ? bare : parts)
  }

  /** Refuses the call. */
  reject(status: number, parts: { headers?: readonly HeaderField[]; reason?: string } = {}): void {
    if (this.#phase !== 'ringing-in') return
    this.#finishServer(status, parts)
    this.#end({ by: 'local', how: 'refused', status, reason: parts.reason ?? null, message: null })
  }

  #finishServer(status: number, parts: { headers?: readonly HeaderField[]; reason?: string }): void {
    this.#provisionals?.stop()
    this.#server?.respond(
      makeResponse(this.invite, status, {
        ...parts,
        toTag: this.localTag,
        headers: [...this.#ua.identity('Server'), ...(parts.headers ?? [])],
      }),
    )
    this.#server = null
  }

  #sendAccept(
    transaction: ServerTransaction,
    request: SipRequest,
    parts: { headers?: readonly HeaderField[]; body?: Uint8Array },
  ): void {
    this.#learn(request)
    this.#described(parts.body)
    const headers = [
      ...this.#contact(this.#kind()),
      ...this.#ua.acceptHeaders(),
      ...this.#session.grant(request),
      ...(parts.headers ?? []),
    ]
    const response = makeResponse(request, 200, {
      toTag: this.localTag,
      headers,
      ...(parts.body ? { body: parts.body } : {}),
    })
    this.#accepting = new Acceptance(this.#ua, transaction, response, () => {
      this.#accepting = null
      if (this.#byeAfterAck === null) this.#sendBye([])
      this.#end({ by: 'network', how: 'failed', status: 408, reason: 'no ACK', message: null })
    })
  }

  /** @internal */
  receiveAck(request: SipRequest): void {
    const accepting = this.#accepting
    if (accepting === null || request.cseq!.number !== accepting.cseq) return
    accepting.cancel()
    this.#accepting = null
    if (this.#phase === 'waiting-ack') this.#phase = 'up'
    this.#listener?.acked?.(request)
    this.#byeIfWanted()
  }

  // ---- calling out --------------------------------------------------------------------------------------------------

  /** @internal by the user agent */
  startOutgoing(outgoing: OutgoingInvite): void {
    this.#outgoing = outgoing
    if (outgoing.sessionExpiresS !== undefined) this.#session.wish(outgoing.sessionExpiresS)
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
    if (outgoing.body !== null) this.#described(outgoing.body, outgoing.contentType)
    this.#lastWay = target
    const request = firstInvite(outgoing, this, this.#cseq, [...this.#changeHeaders(target.kind), ...auth])
    this.#provisionalSeen = false
    this.#early.clear()
    if (target.flowId !== null) this.#pinned = target
    this.#sendInvite(request, target, outgoing.body !== null, false)
    this.#targetTimer?.cancel()
    this.#targetTimer = null
    const last = this.#targetIndex + 1 === outgoing.targets.length && outgoing.moreElsewhere !== true
    if (outgoing.targetTimeoutMs !== undefined && !last) {
      this.#targetTimer = after(this.#ua.clock, outgoing.targetTimeoutMs, () => this.#nextTarget('timeout', null))
    }
  }

  #sendInvite(request: SipRequest, target: Target, hadOffer: boolean, again: boolean): void {
    const sent = sendInvite(this.#ua, request, target, {
      ended: () => this.ended,
      accepted: (sentAs, response, acknowledge) => {
        this.#accepted(acknowledge, sentAs, response, hadOffer, again)
        this.#letGo = sent.letGo
      },
      responded: (response) => this.#responded(response, again),
      unanswered: (kind) => this.#unanswered(kind, again),
    })
    if (!again) this.#inviteTransaction = sent.transaction
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
      const invite = this.#inviteTransaction!.request
      const tag = response.toTag
      if (tag !== null && !this.#early.note(invite, response)) return
      this.#learn(response)
      const reliability = this.#early.reliability(invite, response)
      if (reliability.type === 'stale') return
      this.#listener?.progress?.(response)
      if (reliability.type === 'acknowledge') this.#sendPrack(tag!, reliability.rack)
      return
    }
    if (this.#cancelWanted === null && this.#curable(response)) {
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

  /** A refusal after which the same request, sent once more, may do: a challenge, or an interval too small. */
  #curable(response: SipResponse): boolean {
    const challenged = response.status === 401 || response.status === 407
    return challenged ? this.#auth.absorb(response) : this.#session.tooSmall(response)
  }

  #sendPrack(tag: string, rack: string): void {
    const dialog = this.#early.dialog(tag)
    if (dialog === null || this.#phase !== 'inviting') return
    const auth = this.#auth.authorize('PRACK', dialog.remoteTarget, noBody)
    const request = this.#early.prack(tag, rack, [...this.#ua.identity('User-Agent'), ...auth])!
    this.#ua.layer.request(request, this.#ua.targetOf(dialog, this.#pinned, this.#lastWay), {
      onResponse: (response) => {
        const challenged = response.status === 401 || response.status === 407
        if (challenged && this.#auth.absorb(response)) this.#sendPrack(tag, rack)
      },
      // Its peer gives up by itself (RFC 3262 §3).
      onFailure() {},
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

  #accepted(
    acknowledge: Acknowledge,
    request: SipRequest,
    response: SipResponse,
    hadOffer: boolean,
    again: boolean,
  ): void {
    this.#targetTimer?.cancel()
    this.#cancelTimer?.cancel()
    this.#auth.settled()
    this.#learn(response)
    this.#session.granted(response)
    if (again) {
      const sent = this.#pendingReinvite
      this.#reinviting = false
      this.#pendingReinvite = null
      this.#dialog = refreshTarget(this.#dialog!, response)
      // A refresh changed nothing, so there is nothing to tell.
      const answer = sent?.refresh === true ? null : (this.#listener?.reinvited?.(response) ?? null)
      this.#described(sent?.body ?? answer, sent?.body == null ? SDP : sent.contentType)
      acknowledge(this.#dialog, hadOffer ? null : answer, this.#target())
      return
    }
    // RFC 3261 §13.2.2.4: the route set is computed again from the 2xx.
    const dialog = dialogFromResponse(request, response)
    this.#dialog = { ...dialog, localCseq: this.#early.lastCseq(dialog.remoteTag, this.#cseq) }
    if (this.#cancelWanted !== null) {
      // The 200 won the race against our CANCEL: acknowledged, then hung up.
      acknowledge(this.#dialog, null, this.#target())
      this.#phase = 'up'
      this.#sendBye(this.#cancelWanted)
      this.#end({ by: 'local', how: 'cancel', status: 487, reason: null, message: null })
      return
    }
    // Whoever hangs up while hearing of the answer gets its BYE after the ACK.
    this.#phase = 'waiting-ack'
    const answer = this.#listener?.accepted?.(response) ?? null
    this.#described(answer)
    this.#phase = 'up'
    acknowledge(this.#dialog, hadOffer ? null : answer, this.#target())
    this.#byeIfWanted()
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
      default:
    }
  }

  /** A hang-up that had to wait for the ACK. */
  #byeIfWanted(): void {
    const headers = this.#byeAfterAck
    this.#byeAfterAck = null
    if (headers !== null) this.#sendBye(headers)
  }

  #sendBye(headers: readonly HeaderField[]): void {
    const dialog = this.#dialog
    if (dialog === null || this.#phase === 'leaving' || this.#phase === 'ended') return
    this.#phase = 'leaving'
    this.#glareTimer?.cancel()
    this.#session.stop()
    this.#inDialog('BYE', { headers: [...this.#ua.identity('User-Agent'), ...headers] }, (response) => {
      const { status, reason } = response ?? { status: 408, reason: null }
      this.#end({ by: 'local', how: 'bye', status, reason, message: null })
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
          { ...parts, headers: [...this.#contact(this.#kind()), ...parts.headers] },
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
    const contact = this.#contact(this.#kind())
    const referral = this.#transfers().received(request, (status, reason, headers) =>
      transaction.respond(
        makeResponse(request, status, {
          toTag: this.localTag,
          headers: [...contact, ...headers],
          ...(reason === null ? {} : { reason }),
        }),
      ),
    )
    if (this.#listener?.referred === undefined) referral?.report(603)
    else if (referral !== null) this.#listener.referred(referral)
  }

  #lost(response: SipResponse | null): void {
    if (this.#phase === 'ended' || this.#phase === 'leaving') return
    this.#sendBye([])
    const { status, reason } = response ?? { status: 408, reason: null }
    this.#end({ by: 'network', how: 'failed', status, reason, message: response })
  }

  /** Changes the session: a re-INVITE with an offer, or without one. False when another change is under way. */
  reinvite(body: Uint8Array | null, headers: readonly HeaderField[] = [], contentType: string = SDP): boolean {
    if (this.#phase !== 'up' || this.#changing) return false
    this.#sendReinvite({ body, contentType, headers, refresh: false })
    return true
  }

  /** Whether an offer of either side waits for its answer. */
  get #changing(): boolean {
    return this.#reinviting || this.#accepting !== null || this.#reinviteServer !== null
  }

  /** RFC 4028 §7.4: by UPDATE where the peer takes it, else by a re-INVITE that says the same again. */
  #refresh(): void {
    if (this.#phase !== 'up' && this.#phase !== 'waiting-ack') return
    // A change under way refreshes by itself, or makes room (research/sip §5 race 16).
    if (this.#phase !== 'up' || this.#changing) return this.#session.again()
    if (!this.#peerUpdates) {
      if (this.#ourSdp === null) return this.#session.again()
      return this.#sendReinvite({ ...this.#ourSdp, headers: [], refresh: true })
    }
    this.request('UPDATE', { headers: this.#changeHeaders(this.#kind()) }, (response) => {
      if (response === null || this.#phase === 'ended') return
      if (response.status < 300) {
        this.#dialog = refreshTarget(this.#dialog!, response)
        this.#learn(response)
        this.#session.granted(response)
      } else if (this.#session.tooSmall(response)) this.#refresh()
      else this.#session.again()
    })
  }

  /** What the peer says it can do. */
  #learn(message: SipRequest | SipResponse): void {
    if (message.get('allow') !== undefined) this.#peerUpdates = message.tokens('allow').includes('UPDATE')
  }

  #sendReinvite(change: Change): void {
    const { body, contentType, headers } = change
    this.#reinviting = true
    const auth = this.#auth.authorize('INVITE', this.#dialog!.remoteTarget, body ?? noBody)
    const all = [...this.#changeHeaders(this.#kind()), ...auth, ...headers]
    const next = dialogRequest(this.#dialog!, 'INVITE', {
      headers: all,
      ...(body === null ? {} : { body, contentType }),
    })
    this.#dialog = next.dialog
    this.#pendingReinvite = change
    this.#sendInvite(next.request, this.#target(), body !== null, true)
  }

  #pendingReinvite: Change | null = null

  #reinviteRefused(response: SipResponse): void {
    const pending = this.#pendingReinvite
    if (this.#phase !== 'up' || pending === null) {
      this.#reinviting = false
      return
    }
    if (this.#curable(response)) {
      this.#sendReinvite(pending)
      return
    }
    if (pending.refresh) {
      this.#reinviting = false
      this.#pendingReinvite = null
      if (response.status === 481 || response.status === 408) this.#lost(response)
      else this.#session.again()
      return
    }
    if (response.status === 491) {
      this.#reinviting = false
      this.#glareTimer = after(this.#ua.clock, waitAfterGlareMs(this.#ua.chance, this.direction === 'out'), () => {
        if (!this.reinvite(pending.body, pending.headers, pending.contentType)) this.#listener?.reinvited?.(null)
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
    if (this.#dialog === null && !this.#early.has(request.fromTag ?? '')) {
      answer(481)
      return
    }
    if (this.#dialog !== null && this.#dialog.remoteTag !== '' && request.fromTag !== this.#dialog.remoteTag) {
      answer(481)
      return
    }
    if (this.#dialog !== null && this.#phase !== 'inviting') {
      // A PRACK that was lost and overtaken is known by its RAck; refusing it would hang the call (research/sip §5 race 5).
      const late = request.method === 'PRACK' ? this.#dialog : null
      const next = acceptCseq(this.#dialog, request) ?? late
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
    if (request.method === 'PRACK') {
      const status = this.#provisionals?.prack(request) ?? 481
      // RFC 3262 §5: an offer in it is answered in its 200.
      if (status === 200 && request.body.length > 0) this.#receiveUpdate(request, transaction, answer)
      else answer(status)
      this.#provisionals?.goOn()
      return
    }
    if (request.method === 'UPDATE') {
      this.#receiveUpdate(request, transaction, answer)
      return
    }
    if (request.method === 'NOTIFY') {
      answer(this.#referrals?.notified(request) ?? 481)
      return
    }
    if (request.method === 'REFER') {
      // Before an answer nobody is there who could be transferred.
      if (this.established) this.#receiveRefer(request, transaction)
      else answer(403)
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
    this.#accepting?.cancel()
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
      answer(500, [retryAfter(this.#ua.chance)])
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

  /** RFC 3311 §5.2: an UPDATE changes or refreshes a session at once, by nobody's leave but ours. */
  #receiveUpdate(
    request: SipRequest,
    transaction: ServerTransaction,
    answer: (status: number, headers?: readonly HeaderField[]) => void,
  ): void {
    const offers = request.body.length > 0
    const early = this.#phase === 'inviting'
    if (offers && (this.#reinviting || (early && !this.#early.answered(request.fromTag!)))) return answer(491)
    // Their own offer waits for an answer of ours, or that answer for its PRACK or ACK.
    const ready = early || this.#phase === 'up' || (this.#phase === 'ringing-in' && this.#provisionals?.answered)
    if (offers && (!ready || this.#changing)) return answer(500, [retryAfter(this.#ua.chance)])
    const reply = offers ? (this.#listener?.offered?.(request) ?? { status: 488 }) : { status: 200 }
    if (reply.status >= 300) return answer(reply.status, reply.headers ?? [])
    if (this.#dialog !== null) this.#dialog = refreshTarget(this.#dialog, request)
    this.#learn(request)
    this.#described(reply.body)
    transaction.respond(
      makeResponse(request, 200, {
        toTag: this.localTag,
        headers: [
          ...this.#contact(this.#kind()),
          ...this.#ua.acceptHeaders(),
          ...(this.established ? this.#session.grant(request) : []),
          ...(reply.headers ?? []),
        ],
        ...(reply.body ? { body: reply.body } : {}),
      }),
    )
  }

  /** Of whatever begins, changes or refreshes a session. */
  #changeHeaders(kind: Target['kind']): readonly HeaderField[] {
    const { everyChange = [] } = this.#outgoing ?? {}
    return [...this.#contact(kind), ...this.#ua.inviteHeaders(), ...this.#session.ask(), ...everyChange]
  }

  #contact(kind: Target['kind']): readonly HeaderField[] {
    return this.#ua.contactHeaders(kind, this.#outgoing?.contactFeature, this.#lastWay.localHost)
  }

  #described(body: Uint8Array | null | undefined, contentType: string = SDP): void {
    if (body != null) this.#ourSdp = { body, contentType }
  }

  #kind(): Target['kind'] {
    return this.#dialog === null ? 'udp' : this.#target().kind
  }

  #target(): Target {
    return this.#ua.targetOf(this.#dialog!, this.#pinned, this.#lastWay)
  }

  /** @internal: the user agent closes; nobody is told, nothing is left running. */
  abandon(): void {
    this.#listener = null
    this.#referrals = null
    this.#end({ by: 'local', how: 'failed', status: null, reason: 'closed', message: null })
  }

  #end(end: CallEnd): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    for (const timer of [this.#targetTimer, this.#cancelTimer, this.#glareTimer, this.#accepting]) timer?.cancel()
    this.#session.stop()
    this.#provisionals?.stop()
    this.#accepting = null
    this.#referrals?.callEnded(end.by)
    this.#letGo?.()
    this.#ua.forget(this)
    const listener = this.#listener
    this.#listener = null
    listener?.ended(end)
  }
}
