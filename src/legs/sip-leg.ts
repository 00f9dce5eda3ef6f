// One party behind SIP: a call (or, while ringing, several forks of one), its media session and its negotiation, told as
// leg events. It obeys `LegCommand`s in every state; what makes no sense any more is ignored.

import type { Chance } from '#base/chance.ts'
import { after, type Clock, type Timer } from '#base/clock.ts'
import type { CallId } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Address } from '#base/wire.ts'
import type { MediaChannel, MediaEvent, SessionStats } from '#media/protocol.ts'
import type { CodecName } from '#sdp/codecs.ts'
import {
  type Agreed,
  acceptAnswer,
  answerOffer,
  type Direction,
  type LocalSide,
  makeOffer,
  type Negotiation,
  type NegotiationError,
  startNegotiation,
  withdrawOffer,
} from '#sdp/negotiate.ts'
import type { SipCall } from '#sip/call.ts'
import type { CallEnd, CallListener, InCallAnswer, OutgoingInvite } from '#sip/call-words.ts'
import { DEFAULT_MAX_FORWARDS } from '#sip/limits.ts'
import { field, type SipRequest, type SipResponse } from '#sip/message.ts'
import type { IncomingReferral } from '#sip/referrals.ts'
import { type Replaces, writeReplaces } from '#sip/replaces.ts'
import { parseUri } from '#sip/uri.ts'
import type { UserAgent } from '#sip/user-agent.ts'
import type { Addressee } from './addressee.ts'
import type { DialRequest, Header, LegCommand, LegEnd, LegEvent } from './leg.ts'
import { MAX_INFO_OCTETS, OPEN_SESSION_WAIT_MS, STATS_WAIT_MS } from './limits.ts'
import { knownCodecs, type MediaPolicy, reasonOf, securityOf, warningOf } from './media-policy.ts'
import { digitOf, sdpOf } from './sip-body.ts'
import { headersDown, headersUp, readQ850, statusOfQ850, writeQ850 } from './sip-headers.ts'

/** One way to place a call, and the one to take when nobody there answers at all. */
export interface Branch extends Omit<OutgoingInvite, 'body'> {
  readonly otherwise: Branch | null
}

type Phase = 'ringing-in' | 'dialing-out' | 'answered' | 'ending' | 'ended'

/** What a leg asks of those who keep all legs. */
export interface LegHome {
  readonly clock: Clock
  readonly chance: Chance
  readonly log: Log
  readonly ua: Pick<UserAgent, 'invite' | 'locate' | 'contactUri'>
  /** The leg of ours that a Replaces names. */
  named(replaces: Replaces): CallId | null
  readonly codecs: readonly CodecName[]
  readonly mediaHost: string
  readonly publicHost: string | null
  tellUp(event: LegEvent): void
  forget(leg: SipLeg): void
}

export class SipLeg {
  readonly id: CallId
  readonly media: MediaChannel
  readonly addressee: Addressee
  readonly #legs: LegHome
  readonly #trusted: boolean
  readonly #latch: boolean
  readonly #mayRefer: boolean
  readonly #within: boolean
  #phase: Phase
  #call: SipCall | null = null
  #forks: SipCall[] = []
  /** What is tried when a fork finds nobody. */
  readonly #otherwise = new Map<SipCall, Branch>()
  #localAddress: { readonly local: Address; readonly rtcpPort: number } | null = null
  #whenOpen: (() => void)[] = []
  #openTimer: Timer | null = null
  #ringTimer: Timer | null = null
  #negotiation: Negotiation
  /** The offer we sent, before any answer: every fork answers the same one. */
  #offered: Negotiation | null = null
  #policy: MediaPolicy
  #codecs: readonly CodecName[]
  #insist = false
  #sentAnswer: Uint8Array | null = null
  #agreed: Agreed | null = null
  #ringing = false
  #early = false
  #answering = false
  #wantsHold = false
  #holdSent = false
  #held = false
  #sipCallIdTold = false
  #timedOut = false
  /** Answered, but with nothing we could hear: why. */
  #spoiled: string | null = null
  #worst: CallEnd | null = null
  #ended: LegEnd | null = null
  #statsTimer: Timer | null = null
  #lastReferral = 0
  readonly #referrals = new Map<number, IncomingReferral>()

  constructor(
    legs: LegHome,
    id: CallId,
    media: MediaChannel,
    phase: 'ringing-in' | 'dialing-out',
    peer: {
      readonly trusted: boolean
      readonly latch: boolean
      readonly mayRefer: boolean
      /** It is a leg of ours as well. */
      readonly within: boolean
      readonly addressee: Addressee
      readonly media: MediaPolicy
    },
  ) {
    this.#legs = legs
    this.id = id
    this.media = media
    this.#phase = phase
    this.#trusted = peer.trusted
    this.#latch = peer.latch
    this.#mayRefer = peer.mayRefer
    this.#within = peer.within
    this.addressee = peer.addressee
    this.#policy = peer.media
    this.#codecs = peer.media.codecs
    this.#negotiation = startNegotiation(String(Math.floor(legs.chance.uniform() * 2 ** 48)))
    media.send({ type: 'open-session', session: id, bindHost: legs.mediaHost })
    this.#openTimer = after(legs.clock, OPEN_SESSION_WAIT_MS, () => this.#mediaLost('the media worker does not answer'))
  }

  // ---- incoming -----------------------------------------------------------------------------------------------------

  incoming(call: SipCall): void {
    this.#call = call
    call.listen(this.#listener(call))
  }

  ring(earlyMedia: boolean): void {
    const call = this.#call
    if (this.#phase !== 'ringing-in' || call === null) return
    const offer = sdpOf(call.invite)
    if (!earlyMedia || offer === null) {
      call.progress(180)
      return
    }
    this.#afterOpen(() => {
      if (this.#phase !== 'ringing-in') return
      const body = this.#answerBody(offer)
      if (body.ok) call.progress(183, { body: body.value })
      else call.progress(180)
    })
  }

  answer(headers: readonly Header[], codecs: readonly string[]): void {
    const call = this.#call
    if (this.#phase !== 'ringing-in' || call === null || this.#answering) return
    this.#answering = true
    this.#prefer(codecs)
    this.#afterOpen(() => {
      if (this.#phase !== 'ringing-in') return
      const offer = sdpOf(call.invite)
      const made = offer === null ? ok(this.#offerBody('sendrecv')) : this.#answerBody(offer)
      if (!made.ok) {
        // RFC 3261 §13.3.1.3: nothing in common is 488, with a Warning (§20.43).
        call.reject(488, { headers: [warningOf(made.error)] })
        return
      }
      const body = made.value
      this.#phase = 'answered'
      call.accept({ headers: headersDown(headers), body })
      // With a late offer the codec is only known when the ACK brings the answer.
      if (this.#agreed !== null) this.#tellAnswered([])
    })
  }

  reject(status: number, headers: readonly Header[]): void {
    if (this.#phase !== 'ringing-in') return
    const legal = Number.isInteger(status) && status >= 300 && status <= 699
    this.#call?.reject(legal ? status : 480, { headers: headersDown(headers) })
  }

  // ---- outgoing -----------------------------------------------------------------------------------------------------

  /** Places the call: each branch is tried at once, the first to answer wins. */
  dial(request: DialRequest, branches: readonly Branch[], media: MediaPolicy): void {
    if (this.#phase !== 'dialing-out') return
    this.#policy = media
    this.#codecs = media.codecs
    this.#prefer(request.codecs)
    this.#ringTimer = after(this.#legs.clock, request.timeoutMs, () => {
      if (this.#phase !== 'dialing-out') return
      this.#timedOut = true
      if (this.#forks.length === 0) this.#finish('network', 'no-answer-in-time', null, null, null)
      for (const fork of [...this.#forks]) fork.hangUp(writeQ850(19))
    })
    this.#afterOpen(() => {
      if (this.#phase !== 'dialing-out') return
      const body = this.#offerBody('sendrecv')
      this.#offered = this.#negotiation
      for (const branch of branches) this.#try(branch, body)
    })
  }

  /** Ends a call out that could not even begin. */
  fail(status: number, reason: string): void {
    if (this.#phase === 'dialing-out') this.#finish('local', 'failed', status, reason, null)
  }

  #try(branch: Branch, body: Uint8Array | null): void {
    const { otherwise, ...outgoing } = branch
    const call = this.#legs.ua.invite({ ...outgoing, body, moreElsewhere: otherwise !== null })
    this.#forks.push(call)
    if (otherwise !== null) this.#otherwise.set(call, otherwise)
    call.listen(this.#listener(call))
    if (this.#sipCallIdTold) return
    this.#sipCallIdTold = true
    this.#tell({ type: 'leg.trying', leg: this.id, sipCallId: call.callId })
  }

  /** Hops this leg's INVITE may still make; null when it did not come in. */
  get hopsLeft(): number | null {
    const call = this.#call
    return call !== null && call.direction === 'in' ? (call.invite.maxForwards ?? DEFAULT_MAX_FORWARDS) : null
  }

  // ---- both ways ----------------------------------------------------------------------------------------------------

  hangUp(q850: number | null, headers: readonly Header[]): void {
    const down = [...writeQ850(q850), ...headersDown(headers)]
    switch (this.#phase) {
      case 'ringing-in':
        this.#call?.reject(statusOfQ850(q850), { headers: down })
        return
      case 'dialing-out':
        if (this.#forks.length === 0) {
          this.#finish('local', 'cancel', null, null, null)
          return
        }
        this.#ringTimer?.cancel()
        for (const fork of [...this.#forks]) fork.hangUp(down)
        return
      case 'answered':
        this.#call?.hangUp(down)
        return
      case 'ending':
      case 'ended':
        return
      default:
    }
  }

  hold(held: boolean): void {
    if (this.#phase !== 'answered') return
    this.#wantsHold = held
    this.#sendHold()
  }

  info(contentType: string, body: string): void {
    const bytes = Buffer.from(body, 'utf8')
    if (this.#phase !== 'answered' || bytes.length > MAX_INFO_OCTETS || /[\r\n\0]/.test(contentType)) return
    this.#call?.request('INFO', { body: bytes, contentType }, () => {})
  }

  refer(command: Extract<LegCommand, { readonly type: 'refer' }>): void {
    const { to, headers, auth } = command
    const over = (status: number, notified: number | null = null): void =>
      this.#tell({ type: 'leg.refer-ended', leg: this.id, status, notified })
    const uri = parseUri(to)
    if (this.#phase !== 'answered' || this.#call === null) return over(481)
    if (uri === null || uri.type === 'other') return over(400)
    const asked = this.#call.refer(
      { to: uri.text, headers: headersDown(headers), credentials: auth },
      { accepted: () => this.#tell({ type: 'leg.refer-accepted', leg: this.id }), ended: over },
    )
    if (!asked) over(491)
  }

  /** What we speak with it; null before that is agreed. */
  get codec(): CodecName | null {
    return this.#agreed?.send.codec ?? null
  }

  /** Whether this call is (one of) this leg's. */
  owns(call: SipCall): boolean {
    return this.#call === call || this.#forks.includes(call)
  }

  reportTransfer(referral: number, status: number): void {
    const asked = this.#referrals.get(referral)
    if (status >= 200) this.#referrals.delete(referral)
    asked?.report(status)
  }

  #transferWanted(asked: IncomingReferral): void {
    // RFC 3515 §5.2: whoever may send us REFERs may have us call anybody at the account's cost.
    if (!this.#mayRefer || this.#phase !== 'answered') return asked.report(403)
    const referral = ++this.#lastReferral
    this.#referrals.set(referral, asked)
    const { uri, headers, replaces } = asked.to
    const onto = replaces === null ? null : this.#legs.named(replaces)
    const wish = {
      referral,
      to: uri,
      referTo: asked.request.get('refer-to') ?? uri,
      headers: headers.map(({ name, value }) => ({ name, value })),
      onto,
      replaces: replaces === null || onto !== null ? null : writeReplaces(replaces),
    }
    this.#tell({ type: 'leg.transfer-wanted', leg: this.id, wish })
  }

  /** Events of our own media session. */
  hear(event: MediaEvent): void {
    switch (event.type) {
      case 'session-opened':
        this.#openTimer?.cancel()
        this.#localAddress = { local: event.local, rtcpPort: event.rtcpPort }
        for (const run of this.#whenOpen.splice(0)) run()
        return
      case 'session-failed':
        this.#mediaLost(event.failure.type)
        return
      case 'session-closed':
        if (this.#phase === 'ending') this.#tellEnded(event.stats)
        return
      default:
    }
  }

  /** The worker is gone, or never came: without sound there is no call. */
  mediaLost(): void {
    this.#mediaLost('the media worker is gone')
  }

  // -------------------------------------------------------------------------------------------------------------------

  /** The call is up in SIP's eyes; without media in common it must be ended by BYE. */
  #spoil(call: SipCall, reason: string): void {
    this.#spoiled = reason
    call.hangUp([field('Reason', `SIP;cause=488;text="${reason}"`)])
  }

  #listener(call: SipCall): CallListener {
    return {
      progress: (response) => this.#progress(call, response),
      accepted: (response) => this.#accepted(call, response),
      acked: (request) => this.#acked(request),
      offered: (request) => this.#offeredByPeer(call, request),
      requested: (request) => this.#requested(request),
      referred: (referral) => this.#transferWanted(referral),
      reinvited: (response) => this.#reinvited(response),
      ended: (end) => this.#callEnded(call, end),
    }
  }

  #progress(call: SipCall, response: SipResponse): void {
    if (this.#phase !== 'dialing-out') return
    if (response.status === 180 && !this.#ringing) {
      this.#ringing = true
      this.#tell({ type: 'leg.ringing', leg: this.id, headers: headersUp(response, this.#trusted) })
    }
    const body = sdpOf(response)
    if (body === null || this.#offered === null) return
    // Last provisional answer with media wins (research/sip §4.6).
    const result = acceptAnswer(this.#offered, body)
    if (!result.ok) return
    this.#call = call
    this.#agree(result.value.negotiation, result.value.agreed)
    if (!this.#early) {
      this.#early = true
      this.#tell({ type: 'leg.early-media', leg: this.id })
    }
  }

  #accepted(call: SipCall, response: SipResponse): Uint8Array | null {
    if (this.#phase !== 'dialing-out') {
      call.hangUp()
      return null
    }
    const body = sdpOf(response)
    if (body !== null && this.#offered !== null) {
      const result = acceptAnswer(this.#offered, body)
      if (!result.ok) {
        // The call is up in SIP's eyes; without common media it must be ended by BYE.
        this.#spoil(call, reasonOf(result.error))
        return null
      }
      this.#agree(result.value.negotiation, result.value.agreed)
    } else if (this.#agreed === null || this.#call !== call) {
      this.#spoil(call, 'No answer to the offer')
      return null
    }
    this.#ringTimer?.cancel()
    this.#call = call
    this.#phase = 'answered'
    for (const fork of this.#forks) {
      if (fork !== call) fork.hangUp([field('Reason', 'SIP;cause=200;text="Call completed elsewhere"')])
    }
    this.#forks = [call]
    this.#tellAnswered(headersUp(response, this.#trusted))
    return null
  }

  #acked(request: SipRequest): void {
    if (this.#negotiation.pending === null) return
    const body = sdpOf(request)
    const result = body === null ? null : acceptAnswer(this.#negotiation, body)
    const first = this.#agreed === null
    if (result === null || !result.ok) {
      this.#negotiation = withdrawOffer(this.#negotiation)
      // RFC 3261 §13.2.1: a 2xx with an offer must be answered in the ACK; without media the first call has nothing.
      if (first) {
        const reason = result === null || result.ok ? 'No answer to the offer' : reasonOf(result.error)
        if (this.#call !== null) this.#spoil(this.#call, reason)
      }
      return
    }
    this.#agree(result.value.negotiation, result.value.agreed)
    if (first) this.#tellAnswered(headersUp(request, this.#trusted))
  }

  /** A new offer: by re-INVITE, or by UPDATE, which may come as soon as the first one is answered (RFC 3311 §5.1). */
  #offeredByPeer(call: SipCall, request: SipRequest): InCallAnswer {
    const over = this.#phase === 'ending' || this.#phase === 'ended'
    if (over || this.#call !== call || this.#agreed === null || this.#localAddress === null) return { status: 500 }
    const body = sdpOf(request)
    if (body === null) return { status: 200, body: this.#offerBody(this.#direction()) }
    const result = answerOffer(this.#negotiation, body, this.#side(this.#direction()))
    if (!result.ok) {
      const bad = result.error.type === 'bad-sdp'
      return {
        status: bad ? 400 : 488,
        headers: bad ? [] : [warningOf(result.error)],
      }
    }
    this.#agree(result.value.negotiation, result.value.agreed)
    return { status: 200, body: result.value.sdp }
  }

  #requested(request: SipRequest): InCallAnswer {
    if (request.method !== 'INFO') return { status: 501 }
    if (request.body.length > MAX_INFO_OCTETS) return { status: 413 }
    const digit = digitOf(request)
    if (digit !== null) this.#tell({ type: 'leg.digit', leg: this.id, ...digit })
    else if (request.body.length > 0) {
      const body = Buffer.from(request.body).toString('utf8')
      this.#tell({ type: 'leg.info', leg: this.id, contentType: request.contentType ?? '', body })
    }
    return { status: 200 }
  }

  #sendHold(): void {
    if (this.#wantsHold === this.#holdSent || this.#call === null || this.#localAddress === null) return
    const before = this.#negotiation
    if (before.pending !== null) return
    const body = this.#offerBody(this.#wantsHold ? 'sendonly' : 'sendrecv')
    if (!this.#call.reinvite(body)) {
      // Another change is under way; its end comes back here.
      this.#negotiation = before
      after(this.#legs.clock, 500, () => {
        if (this.#phase === 'answered') this.#sendHold()
      })
      return
    }
    this.#holdSent = this.#wantsHold
  }

  #reinvited(response: SipResponse | null): Uint8Array | null {
    const body = response !== null && response.status < 300 ? sdpOf(response) : null
    const result = body === null ? null : acceptAnswer(this.#negotiation, body)
    if (result === null || !result.ok) {
      this.#negotiation = withdrawOffer(this.#negotiation)
      return null
    }
    this.#agree(result.value.negotiation, result.value.agreed)
    this.#sendHold()
    return null
  }

  #callEnded(call: SipCall, end: CallEnd): void {
    this.#forks = this.#forks.filter((fork) => fork !== call)
    if (this.#phase === 'dialing-out') {
      this.#worst = betterEnd(this.#worst, end)
      const otherwise = this.#otherwise.get(call)
      this.#otherwise.delete(call)
      if (otherwise !== undefined && !this.#timedOut && nobodyThere(end)) {
        this.#try(otherwise, call.invite.body.length === 0 ? null : call.invite.body)
        return
      }
      if (this.#forks.length > 0) {
        // RFC 3261 §16.7: a 6xx speaks for all.
        if ((end.status ?? 0) >= 600) for (const fork of [...this.#forks]) fork.hangUp()
        return
      }
      const last = this.#worst
      if (this.#spoiled !== null) this.#finish('network', 'failed', 488, this.#spoiled, last)
      else if (this.#timedOut) this.#finish('network', 'no-answer-in-time', last.status, last.reason, last)
      else this.#finish(last.by, last.how, last.status, last.reason, last)
      return
    }
    if (this.#call !== call) return
    if (this.#spoiled !== null) this.#finish('network', 'failed', 488, this.#spoiled, end)
    else this.#finish(end.by, end.how, end.status, end.reason, end)
  }

  #finish(
    by: LegEnd['by'],
    how: LegEnd['how'],
    status: number | null,
    reason: string | null,
    end: CallEnd | null,
  ): void {
    if (this.#phase === 'ending' || this.#phase === 'ended') return
    this.#phase = 'ending'
    this.#ringTimer?.cancel()
    this.#openTimer?.cancel()
    this.#whenOpen = []
    const message = end?.message ?? null
    this.#ended = {
      by,
      how,
      sipStatus: status,
      sipReason: reason,
      q850: readQ850(message),
      headers: headersUp(message, this.#trusted),
    }
    this.#statsTimer = after(this.#legs.clock, STATS_WAIT_MS, () => this.#tellEnded(null))
    this.media.send({ type: 'close-session', session: this.id })
  }

  #tellEnded(stats: SessionStats | null): void {
    if (this.#phase === 'ended' || this.#ended === null) return
    this.#phase = 'ended'
    this.#statsTimer?.cancel()
    this.#tell({ type: 'leg.ended', leg: this.id, end: this.#ended, stats })
    this.#legs.forget(this)
  }

  #mediaLost(reason: string): void {
    if (this.#phase === 'ending' || this.#phase === 'ended') return
    this.#legs.log.warn({ leg: this.id, reason }, 'media session lost')
    const call = this.#call
    const forks = [...this.#forks]
    const wasRinging = this.#phase === 'ringing-in'
    this.#finish('network', 'failed', 503, reason, null)
    if (wasRinging) call?.reject(503, { headers: [field('Retry-After', '10')] })
    else {
      call?.hangUp(writeQ850(41))
      for (const fork of forks) fork.hangUp(writeQ850(41))
    }
  }

  #afterOpen(run: () => void): void {
    if (this.#localAddress !== null) run()
    else this.#whenOpen.push(run)
  }

  #prefer(codecs: readonly string[]): void {
    if (codecs.length === 0) return
    const wanted = knownCodecs(codecs, this.#legs.codecs)
    // Only strangers: as if none had been named.
    if (wanted === this.#legs.codecs) return
    this.#codecs = wanted
    this.#insist = true
  }

  #direction(): Direction {
    return this.#holdSent ? 'sendonly' : 'sendrecv'
  }

  #side(direction: Direction): LocalSide {
    const { local, rtcpPort } = this.#localAddress!
    return {
      address: { host: this.#within ? innerHost(local.host) : (this.#legs.publicHost ?? local.host), port: local.port },
      rtcpPort,
      codecs: this.#codecs,
      insist: this.#insist,
      direction,
      security: securityOf(this.#policy.encryption, (length) => this.#legs.chance.bytes(length)),
    }
  }

  #offerBody(direction: Direction): Uint8Array {
    const made = makeOffer(this.#negotiation, this.#side(direction))
    this.#negotiation = made.negotiation
    return made.sdp
  }

  /** The answer to the INVITE's offer; the same octets in 183 and 200 (RFC 3261 §13.2.1). */
  #answerBody(offer: Uint8Array): Result<Uint8Array, NegotiationError> {
    if (this.#sentAnswer !== null) return ok(this.#sentAnswer)
    const result = answerOffer(this.#negotiation, offer, this.#side('sendrecv'))
    if (!result.ok) return err(result.error)
    this.#agree(result.value.negotiation, result.value.agreed)
    this.#sentAnswer = result.value.sdp
    return ok(result.value.sdp)
  }

  #agree(negotiation: Negotiation, agreed: Agreed): void {
    this.#negotiation = negotiation
    this.#agreed = agreed
    const { heldByPeer, ...rest } = agreed
    this.media.send({
      type: 'configure-session',
      session: this.id,
      description: {
        ...rest,
        latch: this.#latch,
        inbandDigits: agreed.telephoneEvent === null,
        cname: `${this.id}@hookswitch`,
      },
    })
    // A peer that answers our own hold with recvonly is not holding us.
    if (this.#phase !== 'answered' || heldByPeer === this.#held) return
    this.#held = heldByPeer
    this.#tell({ type: heldByPeer ? 'leg.held' : 'leg.unheld', leg: this.id })
  }

  #tellAnswered(headers: readonly Header[]): void {
    const { codec } = this.#agreed!.send
    const samplingRateHz = codec === 'G722' ? 16_000 : this.#agreed!.send.clockRateHz
    this.#tell({ type: 'leg.answered', leg: this.id, codec, samplingRateHz, headers })
  }

  #tell(event: LegEvent): void {
    this.#legs.tellUp(event)
  }
}

/** Where a host that listens everywhere is reached from within. */
const inner: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** How we reach our own doors, whatever address others know them by. */
export function innerHost(bound: string): string {
  return inner[bound] ?? bound
}

/** Silence, a broken way, or a server that cannot now: somewhere else may do better (RFC 3263 §4.3, RFC 3261 §16.7). */
function nobodyThere(end: CallEnd): boolean {
  if (end.how === 'unreachable') return true
  return end.how === 'refused' && [408, 500, 502, 503, 504].includes(end.status ?? 0)
}

/** Of several forks' ends the one to report: a 6xx, else the lowest class that was answered at all (RFC 3261 §16.7). */
function betterEnd(before: CallEnd | null, now: CallEnd): CallEnd {
  if (before === null) return now
  const rank = (end: CallEnd): number => {
    const status = end.status ?? 999
    if (status >= 600 && status < 700) return 0
    // We gave up: what other ways had come to before matters to nobody.
    if (end.by === 'local' && end.how === 'cancel') return 1
    if (status === 486 || status === 603) return 2
    if (status === 408 || status === 487) return 9
    return 1 + Math.floor(status / 100)
  }
  return rank(now) < rank(before) ? now : before
}
