// A whole telephone: SIP signalling by the house's own user agent as a client, RTP by `RtpParty`. Works over a pretended
// network with a hand-wound clock in scenarios, and over real sockets in the demo, the benches and `hookswitch phone`.
// It knows the wire and never the engine.

import { Resampler } from '#audio/resample.ts'
import { decodeWav, encodeWav } from '#audio/wav.ts'
import type { Chance } from '#base/chance.ts'
import type { Clock } from '#base/clock.ts'
import { type Log, silentLog } from '#base/log.ts'
import { type Address, type DatagramNet, formatAddress, type StreamNet } from '#base/wire.ts'
import type { Encryption } from '#sdp/crypto.ts'
import {
  type Agreed,
  acceptAnswer,
  answerOffer,
  type LocalSide,
  makeOffer,
  type Negotiation,
  startNegotiation,
} from '#sdp/negotiate.ts'
import { AuthSession } from '#sip/auth-session.ts'
import type { SipCall } from '#sip/call.ts'
import type { CallEnd, InCallAnswer } from '#sip/call-words.ts'
import { field, type HeaderField, type SipRequest, type SipResponse } from '#sip/message.ts'
import type { IncomingReferral } from '#sip/referrals.ts'
import { writeReplaces } from '#sip/replaces.ts'
import { TransactionLayer } from '#sip/transaction-layer.ts'
import { SipTransport, type Target } from '#sip/transport.ts'
import { UserAgent } from '#sip/user-agent.ts'
import { type PartyCodec, RtpParty } from './rtp-party.ts'

const RATE_HZ = 8000

export interface PhoneSetup {
  readonly clock: Clock
  readonly chance: Chance
  readonly datagrams: DatagramNet
  readonly streams: StreamNet
  readonly user: string
  readonly host?: string
  /** 0: any free one. */
  readonly port?: number
  readonly transport?: 'udp' | 'tcp'
  /** PCMU unless given. */
  readonly codec?: PartyCodec
  /** Keys in its descriptions; absent: none. */
  readonly encryption?: Encryption
  readonly password?: string
  readonly displayName?: string
  readonly log?: Log
}

export type PhoneCallState = 'calling' | 'ringing' | 'up' | 'ended'

export class Phone {
  readonly user: string
  /** Where this telephone listens. */
  readonly address: Address
  /** What others dial to reach it directly. */
  readonly uri: string
  readonly calls: PhoneCall[] = []
  readonly #setup: PhoneSetup
  readonly #ua: UserAgent
  readonly #transport: SipTransport
  #onCall: (call: PhoneCall) => void = (call) => call.answer()

  private constructor(setup: PhoneSetup, ua: UserAgent, transport: SipTransport, address: Address) {
    this.#setup = setup
    this.#ua = ua
    this.#transport = transport
    this.user = setup.user
    this.address = address
    const suffix = setup.transport === 'tcp' ? ';transport=tcp' : ''
    this.uri = `sip:${setup.user}@${formatAddress(address)}${suffix}`
    ua.onTraffic({ onInvite: (sip, request, _, replaced) => this.#incoming(sip, request, replaced) })
  }

  static async open(setup: PhoneSetup): Promise<Phone> {
    const { clock, chance } = setup
    const log = setup.log ?? silentLog
    const transport = new SipTransport({ clock, log, datagrams: setup.datagrams, streams: setup.streams })
    const layer = new TransactionLayer({ clock, chance, log, transport })
    const ua = new UserAgent({ clock, chance, log, layer, name: 'Hookswitch phone', contactUser: setup.user })
    const bound = await transport.listen(setup.transport ?? 'udp', {
      host: setup.host ?? '127.0.0.1',
      port: setup.port ?? 0,
    })
    if (!bound.ok) throw new Error(`the telephone cannot listen: ${bound.error.type}`)
    return new Phone(setup, ua, transport, bound.value)
  }

  /** Decides about incoming calls; they are answered unless this says otherwise. */
  onCall(listener: (call: PhoneCall) => void): void {
    this.#onCall = listener
  }

  /** Calls somebody through (or at) `via`. `to` is a number, a user, or a whole `sip:` URI. */
  async call(to: string, via: Address, headers: readonly HeaderField[] = []): Promise<PhoneCall> {
    const party = await this.#party()
    const call = new PhoneCall(this.#setup, party, this.#local(party))
    this.calls.push(call)
    const uri = /^sips?:/.test(to) ? to : `sip:${to}@${formatAddress(via)}`
    const target: Target = { kind: this.#setup.transport ?? 'udp', address: via, flowId: null }
    const sip = this.#ua.invite({
      uri,
      targets: [target],
      from: this.#from(via),
      to: `<${uri}>`,
      headers,
      body: call.offer(),
      credentials: this.#credentials(),
    })
    call.attach(sip)
    return call
  }

  /** Registers at `registrar`; resolves with the final status, 0 when nobody answered. */
  async register(registrar: Address, expiresSecs = 300): Promise<number> {
    return (await this.registerAt(formatAddress(registrar), registrar, expiresSecs))?.status ?? 0
  }

  /** Registers at a domain by way of `registrar`; null: nobody answered. */
  registerAt(domain: string, registrar: Address, expiresSecs = 300): Promise<SipResponse | null> {
    const kind = this.#setup.transport ?? 'udp'
    return new Promise((resolve) => {
      this.#ua.request(
        {
          method: 'REGISTER',
          uri: `sip:${domain}`,
          target: { kind, address: registrar, flowId: null },
          from: `<sip:${this.user}@${domain}>`,
          to: `<sip:${this.user}@${domain}>`,
          headers: [field('Contact', `<${this.uri}>`), field('Expires', String(expiresSecs))],
          auth: new AuthSession(this.#setup.chance, this.#credentials()),
        },
        (response) => resolve(response),
      )
    })
  }

  /** Follows a REFER as telephones do: calls whom it names, and tells the referrer how that goes. */
  async follow(referral: IncomingReferral, via: Address): Promise<PhoneCall> {
    referral.report(100)
    const { to } = referral
    const replaces = to.replaces === null ? [] : [field('Replaces', writeReplaces(to.replaces))]
    const call = await this.call(to.uri, via, [...to.headers, ...replaces])
    call.onStatus = (status) => status > 100 && referral.report(status)
    return call
  }

  /** Hangs up everything and closes its sockets. */
  close(): void {
    for (const call of this.calls) call.dispose()
    this.#ua.close()
    this.#transport.close()
  }

  async #incoming(sip: SipCall, request: SipRequest, replaced: SipCall | null): Promise<void> {
    // The listener must be there before the turn ends; the RTP port comes a moment later.
    const early = new EarlyListener()
    sip.listen(early)
    const party = await this.#party()
    const call = new PhoneCall(this.#setup, party, this.#local(party))
    this.calls.push(call)
    call.attach(sip, request)
    if (early.end !== null) call.ended(early.end)
    else if (replaced === null) this.#onCall(call)
    else {
      // RFC 3891 §4: it is the same conversation; nobody is asked, and the old call ends.
      call.answer()
      replaced.hangUp()
    }
  }

  #party(): Promise<RtpParty> {
    const { datagrams, clock, host, codec } = this.#setup
    return RtpParty.open(datagrams, clock, {
      ...(host === undefined ? {} : { host }),
      ...(codec === undefined ? {} : { voice: { codec } }),
    })
  }

  #local(party: RtpParty): LocalSide {
    const { chance, codec, encryption } = this.#setup
    return {
      address: party.local,
      rtcpPort: party.local.port + 1,
      codecs: [codec ?? 'PCMU'],
      insist: false,
      direction: 'sendrecv',
      security: encryption === undefined ? null : { encryption, bytes: (length) => chance.bytes(length) },
    }
  }

  #from(via: Address): string {
    const { displayName } = this.#setup
    const uri = `<sip:${this.user}@${formatAddress(via)}>`
    return displayName === undefined ? uri : `"${displayName}" ${uri}`
  }

  #credentials(): { readonly username: string; readonly password: string } | null {
    const { password } = this.#setup
    return password === undefined ? null : { username: this.user, password }
  }
}

/** Remembers what happens to a call before its telephone is ready. */
class EarlyListener {
  end: CallEnd | null = null

  ended(end: CallEnd): void {
    this.end = end
  }
}

export class PhoneCall {
  /** Mouth and ears: hums, plays and dials; remembers and measures what it hears. */
  readonly party: RtpParty
  state: PhoneCallState = 'calling'
  /** Statuses heard while calling: 100, 180, 183 … and the final one. */
  readonly statuses: number[] = []
  end: CallEnd | null = null
  /** The INVITE's headers, on a call that came in. */
  invite: SipRequest | null = null
  /** Whether the other side has us on hold. */
  held = false
  answeredAtMs: number | null = null
  /** INFO bodies that came, by content type. */
  readonly infos: { readonly contentType: string; readonly body: string }[] = []
  /** Hears every status of a call out as it comes. */
  onStatus: (status: number) => void = () => {}
  /** What it does when asked to call somebody else; declined unless a test says otherwise. */
  onRefer: (referral: IncomingReferral) => void = (referral) => referral.report(603)
  readonly #setup: PhoneSetup
  readonly #heard: { readonly atMs: number; readonly samples: Int16Array }[] = []
  #local: LocalSide
  #negotiation: Negotiation
  #early: Agreed | null = null
  #sip: SipCall | null = null
  #recording = false
  readonly #waiters: (() => void)[] = []

  constructor(setup: PhoneSetup, party: RtpParty, local: LocalSide) {
    this.#setup = setup
    this.party = party
    this.#local = local
    this.#negotiation = startNegotiation(String(Math.floor(setup.clock.wallMs())))
  }

  /** Keeps everything heard from now on, for {@link recorded}. */
  keepHearing(): void {
    this.#recording = true
    this.party.onHeard = (packet) => {
      if (this.#recording) this.#heard.push({ atMs: packet.atMs, samples: packet.samples })
    }
  }

  /** What was heard since {@link keepHearing}, silence where nothing came, as a WAV (8 kHz, mono, 16 bit). */
  recorded(): Uint8Array {
    const first = this.#heard[0]
    const last = this.#heard.at(-1)
    if (first === undefined || last === undefined) return encodeWav(new Int16Array(0), RATE_HZ)
    const length = Math.ceil(((last.atMs - first.atMs) / 1000) * RATE_HZ) + last.samples.length
    const out = new Int16Array(length)
    let at = 0
    for (const { atMs, samples } of this.#heard) {
      // Packets lie one behind the other; a real hole in time moves on.
      const due = Math.round(((atMs - first.atMs) / 1000) * RATE_HZ)
      if (due > at + samples.length * 3) at = due
      out.set(samples.subarray(0, Math.max(0, out.length - at)), at)
      at += samples.length
    }
    return encodeWav(out.subarray(0, Math.max(at, 0)), RATE_HZ)
  }

  /** Plays a WAV of any common rate once. False: it is none. */
  playWav(bytes: Uint8Array): boolean {
    const decoded = decodeWav(bytes)
    if (!decoded.ok) return false
    this.party.play(atPhoneRate(decoded.value.channels[0]!, decoded.value.sampleRateHz))
    return true
  }

  answer(headers: readonly HeaderField[] = []): void {
    const sip = this.#sip
    if (sip === null || this.invite === null) return
    const { body } = this.invite
    if (body.length === 0) {
      sip.accept({ headers: [...headers, sdpType], body: this.offer() })
      return
    }
    const answered = answerOffer(this.#negotiation, body, this.#local)
    if (!answered.ok) return sip.reject(488)
    this.#negotiation = answered.value.negotiation
    sip.accept({ headers: [...headers, sdpType], body: answered.value.sdp })
    this.#up(answered.value.agreed)
  }

  ring(): void {
    this.#sip?.progress(180)
  }

  reject(status: number, headers: readonly HeaderField[] = []): void {
    this.#sip?.reject(status, { headers })
  }

  hangUp(headers: readonly HeaderField[] = []): void {
    this.#sip?.hangUp(headers)
  }

  /** Puts the other side on hold, or takes it back. */
  hold(held: boolean): void {
    this.#local = { ...this.#local, direction: held ? 'sendonly' : 'sendrecv' }
    const offer = makeOffer(this.#negotiation, this.#local)
    this.#negotiation = offer.negotiation
    this.#sip?.reinvite(offer.sdp, [])
  }

  /** Presses keys in signalling instead of in RTP. */
  sendInfo(digit: string, durationMs = 160): void {
    this.#sip?.request(
      'INFO',
      { body: Buffer.from(`Signal=${digit}\r\nDuration=${durationMs}\r\n`), contentType: 'application/dtmf-relay' },
      () => {},
    )
  }

  /** Asks the other side to call somebody else; resolves with what came of it. */
  refer(to: string, headers: readonly HeaderField[] = []): Promise<number> {
    return new Promise((resolve) => {
      const asked = this.#sip?.refer({ to, headers, credentials: null }, { accepted() {}, ended: resolve })
      if (asked !== true) resolve(0)
    })
  }

  /** Sends a SIP INFO of any kind; resolves with the answer's status, 0 when nobody answered. */
  info(contentType: string, body: string): Promise<number> {
    return new Promise((resolve) =>
      this.#sip?.request('INFO', { body: Buffer.from(body), contentType }, (response) =>
        resolve(response?.status ?? 0),
      ),
    )
  }

  /** What a Replaces names this call by, written for its other side (RFC 3891 §3): that side's tag is the to-tag. */
  replaces(): string {
    const dialog = this.#sip?.dialog
    if (dialog == null) throw new Error('a call without a dialog has no name')
    return writeReplaces({
      callId: dialog.callId,
      toTag: dialog.remoteTag,
      fromTag: dialog.localTag,
      earlyOnly: false,
    })
  }

  /** Resolves when the call is answered or over. Only with a real clock: a hand-wound one is watched by its test. */
  settled(): Promise<void> {
    if (this.state === 'up' || this.state === 'ended') return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  /** Resolves when the call is over. */
  async over(): Promise<void> {
    while (this.state !== 'ended') await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  /** @internal */
  offer(): Uint8Array {
    const offer = makeOffer(this.#negotiation, this.#local)
    this.#negotiation = offer.negotiation
    return offer.sdp
  }

  /** @internal */
  attach(sip: SipCall, invite: SipRequest | null = null): void {
    this.#sip = sip
    this.invite = invite
    if (invite !== null) this.state = 'ringing'
    sip.listen({
      progress: (response) => {
        this.#status(response.status)
        if (this.state === 'calling') this.state = 'ringing'
        // Early media: what the other side plays before it answers is heard already.
        if (response.body.length > 0) this.#take(response.body, false)
      },
      accepted: (response) => {
        this.#status(response.status)
        this.#take(response.body, true)
        return null
      },
      acked: (request) => {
        if (request.body.length > 0) this.#take(request.body, true)
      },
      offered: (request) => this.#offered(request),
      reinvited: (response) => {
        if (response !== null && response.status < 300) this.#take(response.body, true)
        return null
      },
      requested: (request) => {
        if (request.method === 'INFO' && request.body.length > 0)
          this.infos.push({ contentType: request.contentType ?? '', body: Buffer.from(request.body).toString() })
        return { status: 200 }
      },
      referred: (referral) => this.onRefer(referral),
      ended: (end) => this.ended(end),
    })
  }

  /** @internal */
  ended(end: CallEnd): void {
    this.end = end
    if (end.status !== null) this.#status(end.status)
    this.state = 'ended'
    this.party.stop()
    this.#wake()
  }

  /** @internal */
  dispose(): void {
    if (this.state !== 'ended') this.hangUp()
    this.party.close()
  }

  #status(status: number): void {
    this.statuses.push(status)
    this.onStatus(status)
  }

  #offered(request: SipRequest): InCallAnswer {
    if (request.body.length === 0) {
      return { status: 200, body: this.offer(), contentType: 'application/sdp' }
    }
    const answered = answerOffer(this.#negotiation, request.body, this.#local)
    if (!answered.ok) return { status: 488 }
    this.#negotiation = answered.value.negotiation
    this.#apply(answered.value.agreed)
    return { status: 200, body: answered.value.sdp, contentType: 'application/sdp' }
  }

  #take(body: Uint8Array, final: boolean): void {
    const accepted = acceptAnswer(this.#negotiation, body)
    if (accepted.ok) {
      // An early answer is not the last word: the final one is taken against the same offer.
      if (final) this.#negotiation = accepted.value.negotiation
      if (final) this.#up(accepted.value.agreed)
      else {
        this.#early = accepted.value.agreed
        this.#apply(accepted.value.agreed)
      }
      return
    }
    // RFC 3262 §3: what was answered reliably before is not said again.
    const known = this.#negotiation.agreed ?? this.#early
    if (final && known !== null) this.#up(known)
  }

  #up(agreed: Agreed): void {
    this.#apply(agreed)
    this.state = 'up'
    this.answeredAtMs ??= this.#setup.clock.nowMs()
    this.#wake()
  }

  #apply(agreed: Agreed): void {
    this.held = agreed.heldByPeer
    const { codec, payloadType } = agreed.send
    const eventType = agreed.telephoneEvent?.sendType ?? 101
    if (codec !== 'L16') this.party.configure({ codec, payloadType, eventType, srtp: agreed.srtp })
    if (agreed.remote !== null && (agreed.direction === 'sendrecv' || agreed.direction === 'sendonly')) {
      this.party.start(agreed.remote)
    } else this.party.stop()
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter()
  }
}

const sdpType = field('Content-Type', 'application/sdp')

function atPhoneRate(samples: Int16Array, rateHz: number): Int16Array {
  if (rateHz === RATE_HZ) return samples
  const resampler = new Resampler(rateHz, RATE_HZ, samples.length)
  const out = new Int16Array(Math.ceil((samples.length * RATE_HZ) / rateHz) + 1)
  return out.subarray(0, resampler.process(samples, samples.length, out))
}
