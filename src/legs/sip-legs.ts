// The SIP half of the legs room: who may call in, where a call out goes, and the table of legs between user agent, media
// workers and the hall. A caller is known before anything is kept for it (screen): a trunk by its address, a user by
// digest, the local default by loopback.

import type { Domain } from '#accounts/domains.ts'
import type { MediaTerms, SipUser, Trunk } from '#accounts/model.ts'
import { type Chance, token } from '#base/chance.ts'
import type { Clock } from '#base/clock.ts'
import type { AccountId, ApplicationId, CallId, IdMaker } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import { unreachable } from '#base/unreachable.ts'
import type { MediaChannel, MediaEvent } from '#media/protocol.ts'
import type { CodecName } from '#sdp/codecs.ts'
import { answerOffer, offeredCodecs, startNegotiation } from '#sdp/negotiate.ts'
import type { SipCall } from '#sip/call.ts'
import type { Credentials } from '#sip/digest.ts'
import { Digester } from '#sip/digest-server.ts'
import { displayText, headerText, type NameAddr } from '#sip/fields.ts'
import { field, type HeaderField, type SipRequest } from '#sip/message.ts'
import { quote } from '#sip/params.ts'
import { type Binding, Registrar } from '#sip/registrar.ts'
import type { Replaces } from '#sip/replaces.ts'
import { makeResponse } from '#sip/respond.ts'
import type { ScreenVerdict, ServerTransaction } from '#sip/transaction-layer.ts'
import type { Flow, Target } from '#sip/transport.ts'
import { bareHost, escapeUser, parseUri, type Uri, unescapeUser, uriHost } from '#sip/uri.ts'
import type { UserAgent } from '#sip/user-agent.ts'
import { type Addressee, addresseeOf, type Caller } from './addressee.ts'
import { Arrivals, type Expected } from './arrivals.ts'
import { asNumber, type Directory, findNumber, type LegPolicy } from './directory.ts'
import { DomainGate, type GateVerdict } from './domain-gate.ts'
import type { Arrival, DialFailure, DialRequest, Doorkeeper, IncomingLeg, LegCommand, LegEvent, Legs } from './leg.ts'
import { domainRegistrar, MAX_TRUNKS_TRIED, TARGET_TIMEOUT_MS } from './limits.ts'
import { isPrivate, type MediaPolicy, mediaPolicy, securityOf, warningOf } from './media-policy.ts'
import { RecordingClients } from './recording-clients.ts'
import { failed, nobody, type Route, saysPrivate, type Way, ways, whyNot } from './route.ts'
import { sdpOf } from './sip-body.ts'
import { headersDown, headersUp } from './sip-headers.ts'
import { type Branch, innerHost, type LegHome, SipLeg } from './sip-leg.ts'
import { TrunkKeeper } from './trunk-keeper.ts'

export interface SipLegsOptions {
  readonly clock: Clock
  readonly chance: Chance
  readonly ids: IdMaker
  readonly log: Log
  readonly ua: UserAgent
  readonly directory: Directory
  readonly policy: LegPolicy
  /** One channel per media worker; legs hear their session events on it. */
  readonly media: readonly MediaChannel[]
  /** Where media sessions bind. */
  readonly mediaHost: string
  /** The address put into descriptions instead of the bound one (NAT). */
  readonly publicHost?: string
  /** House order, for all who have none of their own. */
  readonly codecs: readonly CodecName[]
  /** Digest realm and the host of our own addresses. */
  readonly realm: string
  /** Null lets a new call in; a number of seconds refuses it with 503 and Retry-After. */
  readonly admit?: () => number | null
}

type Source = IncomingLeg['source'] & {
  readonly trunk?: Trunk
  readonly user?: SipUser
  readonly domain?: Domain
  readonly own?: true
  /** Who it is, when it is the other end of a call of ours. */
  readonly expected?: Expected
}

/** Marks calls that we make to ourselves. */
const OWN_MARK = 'p-own-call'

export class SipLegs implements Legs, LegHome {
  readonly clock: Clock
  readonly chance: Chance
  readonly log: Log
  readonly ua: UserAgent
  readonly mediaHost: string
  readonly publicHost: string | null
  readonly codecs: readonly CodecName[]
  readonly registrar = new Registrar()
  readonly trunks: TrunkKeeper
  readonly #options: SipLegsOptions
  readonly #digester: Digester
  readonly #gate: DomainGate
  readonly #legs = new Map<CallId, SipLeg>()
  readonly #recordings: RecordingClients
  readonly #sources = new WeakMap<SipRequest, Source>()
  readonly #lost = new Set<MediaChannel>()
  #listener: ((event: LegEvent) => void) | null = null
  #queue: LegEvent[] = []
  #telling = false
  #nextWorker = 0
  /** What a call of ours to a number of ours carries, so that we know it when it comes in. */
  readonly #ownMark: string
  readonly #arrivals: Arrivals

  constructor(options: SipLegsOptions) {
    this.#options = options
    this.clock = options.clock
    this.chance = options.chance
    this.log = options.log
    this.ua = options.ua
    this.mediaHost = options.mediaHost
    this.publicHost = options.publicHost ?? null
    this.codecs = options.codecs
    this.#ownMark = token(options.chance, 26)
    this.#arrivals = new Arrivals(options.chance)
    this.#recordings = new RecordingClients(
      this,
      () => options.ids.make(),
      (event) => this.tellUp(event),
    )
    this.#digester = new Digester({
      realm: options.realm,
      chance: options.chance,
      wallMs: () => options.clock.wallMs(),
    })
    this.#gate = new DomainGate(this.#digester)
    this.trunks = new TrunkKeeper({
      clock: options.clock,
      chance: options.chance,
      ua: options.ua,
      log: options.log,
      directory: options.directory,
    })
    for (const channel of options.media) {
      channel.onEvent((event) => {
        // A worker that greets is there (again): a dead one was replaced.
        if (event.type === 'worker-hello') this.#lost.delete(channel)
        else this.#hear(event)
      })
      channel.onClose(() => {
        this.#lost.add(channel)
        for (const leg of [...this.#legs.values()]) if (leg.media === channel) leg.mediaLost()
        this.#recordings.mediaLost(channel)
      })
    }
    options.ua.layer.onFlowClosed = (flowId) => this.registrar.dropFlow(flowId)
    options.ua.onTraffic({
      onInvite: (call, request, flow, replaced) => this.#incoming(call, request, flow, replaced),
      onRegister: (request, transaction, flow) => this.#register(request, transaction, flow),
      screen: (request, flow) => this.#screen(request, flow),
    })
  }

  onEvent(listener: (event: LegEvent) => void): void {
    this.#listener = listener
  }

  watchDomains(doorkeeper: Doorkeeper): void {
    this.#gate.doorkeeper = doorkeeper
  }

  mediaOf(leg: CallId): MediaChannel | null {
    return this.#legs.get(leg)?.media ?? null
  }

  /** Legs alive. */
  get size(): number {
    return this.#legs.size
  }

  tell(command: LegCommand): void {
    if (command.type === 'dial') {
      void this.#dial(command.request)
      return
    }
    const leg = this.#legs.get(command.leg)
    if (leg === undefined) return
    switch (command.type) {
      case 'ring':
        leg.ring(command.earlyMedia)
        return
      case 'answer':
        leg.answer(command.headers, command.codecs)
        return
      case 'reject':
        leg.reject(command.status, command.headers)
        return
      case 'hang-up':
        leg.hangUp(command.q850, command.headers)
        return
      case 'hold':
        leg.hold(command.held)
        return
      case 'send-info':
        leg.info(command.contentType, command.body)
        return
      case 'refer':
        leg.refer(command)
        return
      case 'begin-recording-session':
      case 'update-recording-session':
      case 'end-recording-session':
        this.#recordings.command(leg, command)
        return
      case 'report-transfer':
        leg.reportTransfer(command.referral, command.status)
        return
      default:
        unreachable(command)
    }
  }

  route(
    account: AccountId,
    to: string,
    wish?: Pick<DialRequest, 'application' | 'encryption' | 'via' | 'wayOut' | 'arrival'>,
  ): DialFailure | null {
    if (wish?.arrival !== undefined) return this.#home() === null ? { type: 'no-route', to } : null
    const route = this.#findRoute(account, to, wish?.via)
    if (route.type === 'failure') return route.failure
    // Told by the call itself, which is made and ends at once.
    if (route.type === 'nobody') return null
    if (wish === undefined) return null
    const secret = saysPrivate(route, wish.wayOut)
    const policy = this.#mediaPolicy(wish.encryption, this.#termsOf(route, wish.application), secret)
    return policy === null ? { type: 'encryption-impossible', to } : null
  }

  /** @internal: events go up in order, never inside a call of `tell`. */
  tellUp(event: LegEvent): void {
    this.#queue.push(event)
    if (this.#telling) return
    this.#telling = true
    queueMicrotask(() => {
      try {
        for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) this.#listener?.(event)
      } finally {
        this.#telling = false
      }
    })
  }

  /** @internal */
  named(replaces: Replaces): CallId | null {
    const call = this.ua.named(replaces)
    return call === null ? null : this.#legOf(call)
  }

  #legOf(call: SipCall): CallId | null {
    for (const leg of this.#legs.values()) if (leg.owns(call)) return leg.id
    return null
  }

  /** @internal */
  forget(leg: SipLeg): void {
    this.#legs.delete(leg.id)
    this.#recordings.legEnded(leg.id)
  }

  // ---- calls in -----------------------------------------------------------------------------------------------------

  #screen(request: SipRequest, flow: Flow): ScreenVerdict {
    const domain = this.#domainOf(request.uri!)
    if (request.method === 'REGISTER') {
      return domain === null
        ? this.#authenticate(request, flow)
        : this.#admit(this.#gate.registration(domain, request, flow), domain, request)
    }
    if (request.method !== 'INVITE') return { type: 'let-in' }
    if (request.maxForwards === 0) return refuse(483)
    const retryAfterS = this.#options.admit?.() ?? null
    if (retryAfterS !== null) return refuse(503, [field('Retry-After', String(retryAfterS))])
    const { directory, policy } = this.#options
    const trunk = directory.trunkOfAddress(flow.remote.host)
    if (request.get(OWN_MARK) === this.#ownMark) {
      const expected = this.#expected(request, flow)
      this.#sources.set(request, { type: 'anonymous', own: true, ...(expected === null ? {} : { expected }) })
      if (expected !== null) return { type: 'let-in' }
    } else if (domain !== null) {
      const verdict = this.#admit(this.#gate.call(domain, request, flow), domain, request)
      if (verdict.type !== 'let-in') return verdict
    } else if (trunk !== null) {
      this.#sources.set(request, { type: 'trunk', name: trunk.name, trunk })
    } else if (directory.user(userOf(request.from!.uri)) === null && policy.anonymousFrom(flow.remote.host)) {
      this.#sources.set(request, { type: 'anonymous' })
    } else {
      return this.#authenticate(request, flow)
    }
    return this.#addressee(request)
  }

  /** The other end of a call of ours: it comes from our own address, to one that was made for it. */
  #expected(request: SipRequest, flow: Flow): Expected | null {
    const { local, remote } = flow
    if (remote.host !== innerHost(local.host) || remote.port !== local.port) return null
    return this.#arrivals.claim(dialled(request.uri!), this.clock.nowMs())
  }

  /** A name of ours that a request is sent to. */
  #domainOf(uri: Uri): Domain | null {
    return uri.type === 'sip' ? this.#options.directory.domain(uri.host) : null
  }

  #admit(verdict: GateVerdict, domain: Domain, request: SipRequest): ScreenVerdict {
    if (verdict.type !== 'admitted') return verdict
    const { username } = verdict
    this.#sources.set(request, username === null ? { type: 'anonymous', domain } : { type: 'user', username, domain })
    return { type: 'let-in' }
  }

  /** A number nobody has is told so before a session is opened for it. */
  #addressee(request: SipRequest): ScreenVerdict {
    // RFC 3891: a call that takes another one's place is addressed to that one, whatever its Request-URI says.
    if (request.get('replaces') !== undefined) {
      return this.#mayRefer(this.#sources.get(request)) ? { type: 'let-in' } : refuse(403)
    }
    return this.#findAddressee(request) === null ? refuse(404) : { type: 'let-in' }
  }

  #findAddressee(request: SipRequest): Addressee | null {
    const source = this.#sources.get(request)
    if (source?.expected !== undefined) {
      const { account, application, to } = source.expected
      return { account, application, number: to }
    }
    if (source?.domain !== undefined) {
      const { account, application, name } = source.domain
      // Whoever calls the domain itself has dialled nobody in it.
      return { account, application, number: dialled(request.uri!) || name }
    }
    const party = source?.user ?? source?.trunk
    const caller: Caller | null =
      party === undefined
        ? null
        : { account: party.account, connection: source?.user?.application ?? source?.trunk?.connection ?? null }
    return addresseeOf(this.#options.directory, caller, dialled(request.uri!))
  }

  /** Whom we let transfer calls: the operator's own telephones, and trunks that were given leave. */
  #mayRefer(source: Source | undefined): boolean {
    if (source?.domain !== undefined) return false
    if (source?.trunk !== undefined) return source.trunk.mayRefer === true
    if (source?.user !== undefined) return source.user.mayRefer !== false
    return source?.type === 'anonymous' && source.own !== true
  }

  #authenticate(request: SipRequest, flow: Flow): ScreenVerdict {
    const verdict = this.#digester.check(
      request,
      'authorization',
      (name) => this.#options.directory.user(name),
      flow.remote.host,
    )
    if (verdict.type === 'silence') return { type: 'silence' }
    if (verdict.type === 'challenge') return refuse(401, verdict.headers)
    const user = this.#options.directory.user(verdict.username)
    if (user === null) return refuse(403)
    this.#sources.set(request, { type: 'user', username: user.username, user })
    if (request.method === 'REGISTER') {
      // RFC 3261 §10.3: a user registers itself and nobody else.
      return userOf(request.to!.uri) === user.username ? { type: 'let-in' } : refuse(403)
    }
    return this.#addressee(request)
  }

  #register(request: SipRequest, transaction: ServerTransaction, flow: Flow): void {
    const source = this.#sources.get(request)
    if (source?.type !== 'user') {
      transaction.respond(makeResponse(request, 403, { toTag: transaction.toTag }))
      return
    }
    const { username, domain } = source
    const nowMs = this.clock.nowMs()
    const outcome =
      domain === undefined
        ? this.registrar.register(username, request, flow, nowMs)
        : this.registrar.register(`${username}@${domain.name}`, request, flow, nowMs, domainRegistrar)
    const headers = [...outcome.headers, ...this.ua.identity('Server')]
    transaction.respond(makeResponse(request, outcome.status, { toTag: transaction.toTag, headers }))
  }

  #incoming(call: SipCall, request: SipRequest, flow: Flow, taken: SipCall | null): void {
    const { ids } = this.#options
    const source = this.#sources.get(request)
    const replaces = taken === null ? null : this.#legOf(taken)
    const addressee = replaces === null ? this.#findAddressee(request) : (this.#legs.get(replaces)?.addressee ?? null)
    if (source === undefined || addressee === null) {
      call.listen({ ended() {} })
      call.reject(404)
      return
    }
    const own = source.user?.account ?? source.trunk?.account
    if (replaces !== null && own !== undefined && own !== addressee.account) {
      call.listen({ ended() {} })
      call.reject(403)
      return
    }
    const offer = sdpOf(request)
    const { expected } = source
    // What never leaves the house needs no secrets and speaks as the house does.
    const terms =
      expected !== undefined
        ? []
        : [
            ...this.#termsOfPeer(source.trunk, source.user),
            ...termsOfDomain(source.domain),
            this.#termsOfApplication(addressee.application),
          ]
    const policy = this.#mediaPolicy(null, terms, isPrivate(flow.kind))
    const refusal = this.#refusalOf(offer, policy)
    if (policy === null || refusal !== null) {
      call.listen({ ended() {} })
      call.reject(488, { headers: [refusal ?? warningOf({ type: 'encryption', reason: 'not-allowed' })] })
      return
    }
    const codecs = offer === null ? [...policy.codecs] : offeredCodecs(offer)
    const media = this.#pickMedia()
    if (media === null) {
      call.listen({ ended() {} })
      call.reject(503, { headers: [field('Retry-After', '10')] })
      return
    }
    const trusted = source.trunk?.trusted === true
    const id = expected?.leg ?? ids.make<'call'>()
    const leg = new SipLeg(this, id, media, 'ringing-in', {
      trusted,
      latch: source.type !== 'trunk' || flow.kind !== 'udp',
      mayRefer: this.#mayRefer(source),
      within: source.own === true,
      addressee: { account: addressee.account, application: addressee.application, number: addressee.number },
      media: policy,
    })
    this.#legs.set(id, leg)
    leg.incoming(call)
    const asserted = trusted ? (request.addresses('p-asserted-identity')?.[0] ?? null) : null
    const caller: NameAddr = asserted ?? request.from!
    const callerUser = userOf(caller.uri)
    const name = caller.displayName ?? request.from!.displayName
    this.tellUp({
      type: 'leg.incoming',
      incoming: {
        leg: id,
        account: addressee.account,
        application: addressee.application,
        from: expected?.from ?? source.user?.callerId ?? (callerUser === '' ? 'anonymous' : callerUser),
        fromName: expected !== undefined ? expected.fromName : name === null ? null : displayText(name),
        to: addressee.number,
        fromUri: expected?.from ?? request.from!.uri.text,
        toUri: expected?.to ?? request.uriText,
        headers: headersUp(request, trusted),
        offeredCodecs: codecs,
        identity: request.get('identity') ?? null,
        sourceHost: flow.remote.host,
        source:
          source.type === 'user'
            ? { type: 'user', username: source.username }
            : source.type === 'trunk'
              ? { type: 'trunk', name: source.name }
              : { type: 'anonymous' },
        sipCallId: request.callId,
        replaces,
        otherEnd: expected?.caller ?? null,
      },
    })
  }

  // ---- calls out ----------------------------------------------------------------------------------------------------

  #findRoute(account: AccountId, to: string, via?: ApplicationId): Route {
    const { policy, directory } = this.#options
    const text = to.trim()
    if (text === '' || /[\s<>"\r\n\0]/.test(text)) return failed({ type: 'bad-address', to })
    if (via !== undefined) {
      const trunk = directory.trunkOfConnection(via)
      if (trunk === null || trunk.account !== account || trunk.uris.length === 0)
        return failed({ type: 'no-route', to })
      return { type: 'trunk', trunks: [trunk], destination: asNumber(text) ?? text }
    }
    if (/^sips?:/i.test(text)) {
      const uri = parseUri(text)
      if (uri?.type !== 'sip' || uri.headers !== null) return failed({ type: 'bad-address', to })
      const domain = this.#domainOf(uri)
      if (domain !== null) return this.#member(account, domain, uri.user === null ? null : unescapeUser(uri.user))
      // A host of our own names a user or a number of ours.
      if (this.#isOurs(uri.host, uri.port) && uri.user !== null)
        return this.#findUserOrTrunk(account, unescapeUser(uri.user), to)
      return policy.allowUri(bareHost(uri.host)) ? { type: 'uri', uri: text } : failed({ type: 'not-allowed', to })
    }
    return /^user:/i.test(text)
      ? this.#person(account, text.slice('user:'.length))
      : this.#findUserOrTrunk(account, text, to)
  }

  /** Whoever registered by this name at a domain of ours. */
  #member(account: AccountId, domain: Domain, user: string | null): Route {
    if (domain.account !== account) return nobody(403, 'foreign-domain')
    if (user === null || user === '') return nobody(404, 'no-user-part')
    const bindings = this.#bindingsAt(domain, user)
    return bindings.length === 0 ? nobody(480, 'not-registered') : { type: 'member', domain, branches: ways(bindings) }
  }

  #bindingsAt(domain: Domain, user: string): readonly Binding[] {
    // Whose credential is gone since is called no more.
    const there = domain.members !== null && domain.members(user) !== null
    return there ? this.registrar.bindings(`${user}@${domain.name}`, this.clock.nowMs()) : []
  }

  /** Whoever logs in by this name in the account: a user of the house, or else of the first domain that has one. */
  #person(account: AccountId, name: string): Route {
    const route = this.#user(account, name)
    if (route !== null) return route
    for (const domain of this.#options.directory.domainsOf(account)) {
      const bindings = this.#bindingsAt(domain, name)
      if (bindings.length > 0) return { type: 'member', domain, branches: ways(bindings) }
    }
    return nobody(480, 'not-registered')
  }

  /** A user of the house who is registered. */
  #user(account: AccountId, name: string): Route | null {
    const user = this.#options.directory.user(name)
    const bindings = user?.account === account ? this.registrar.bindings(name, this.clock.nowMs()) : []
    return user === null || bindings.length === 0 ? null : { type: 'user', user, branches: ways(bindings) }
  }

  #findUserOrTrunk(account: AccountId, text: string, to: string): Route {
    const { directory } = this.#options
    if (directory.user(text) !== null) return this.#user(account, text) ?? failed({ type: 'no-route', to })
    const number = asNumber(text)
    const destination = number ?? text
    const trunks = directory
      .trunksFor(account, destination)
      .filter((item) => item.uris.length > 0)
      .slice(0, MAX_TRUNKS_TRIED)
    if (trunks.length > 0) return { type: 'trunk', trunks, destination }
    return this.#ownNumber(text) ?? failed({ type: 'no-route', to })
  }

  /** A number of ours that no trunk leads to: the call goes out and comes in here, as it would by way of the network. */
  #ownNumber(text: string): Route | null {
    const number = findNumber(this.#options.directory, text)
    return number?.application == null ? null : this.#own(number.number)
  }

  /** The other end of a call of ours: it goes out and comes in here. */
  #arriving(caller: CallId, arrival: Arrival, to: string): Route {
    const user = this.#arrivals.expect({ ...arrival, caller }, this.clock.nowMs())
    return (user === null ? null : this.#own(user)) ?? failed({ type: 'no-route', to })
  }

  #own(user: string): Route | null {
    const target = this.#home()
    if (target === null) return null
    const { host, port } = target.address
    return { type: 'own', uri: `sip:${escapeUser(user)}@${uriHost(host)}:${port}`, target }
  }

  /** Where we reach ourselves; null: nowhere. */
  #home(): Target | null {
    const { transport } = this.ua.layer
    const port = transport.localAddress('udp')?.port
    if (port === undefined) return null
    const address = { host: innerHost(this.mediaHost), port }
    // Our Contact may name an address that only others reach us at.
    return { kind: 'udp', address, flowId: transport.udpFlowTo(address) }
  }

  #isOurs(host: string, port: number | null): boolean {
    return host === this.#options.realm || this.ua.layer.transport.isLocal(host, port)
  }

  async #dial(request: DialRequest): Promise<void> {
    if (this.#legs.has(request.leg)) return
    const { arrival } = request
    const routes =
      arrival !== undefined
        ? [this.#arriving(request.leg, arrival, request.to)]
        : [request.to, ...request.alsoTo].map((to) => this.#findRoute(request.account, to, request.via))
    const good = routes.filter((one) => one.type !== 'failure' && one.type !== 'nobody')
    const route = good[0] ?? routes[0]!
    const media = this.#pickMedia()
    const hops = this.#hopsFor(request)
    if (route.type === 'failure' || route.type === 'nobody' || media === null || hops === 0) {
      const [status, reason] = whyNot(route) ?? (hops === 0 ? [483, 'too many hops'] : [503, 'no media worker'])
      const end = {
        by: 'network',
        how: 'unreachable',
        sipStatus: status,
        sipReason: reason,
        q850: null,
        headers: [],
      } as const
      this.tellUp({ type: 'leg.ended', leg: request.leg, end, stats: null })
      return
    }
    const trunks = route.type === 'trunk' ? route.trunks : []
    const leg = new SipLeg(this, request.leg, media, 'dialing-out', {
      // Which of them will answer is not known yet.
      trusted: trunks.length > 0 && trunks.every((one) => one.trusted),
      latch: trunks.length === 0,
      mayRefer: this.#calledMayRefer(request, route),
      within: route.type === 'own' && good.length === 1,
      addressee: { account: request.account, application: request.application, number: request.to },
      media: { codecs: this.codecs, encryption: null },
    })
    this.#legs.set(request.leg, leg)
    const branches = (await Promise.all(good.map((one) => this.#branches(request, one)))).flat()
    // One offer goes to all of them: its keys are as secret as the worst of their ways.
    const terms = arrival !== undefined ? [] : good.flatMap((one) => this.#termsOf(one, request.application))
    const policy = this.#mediaPolicy(request.encryption, terms, branches.every(travelsPrivately))
    if (policy === null) leg.fail(488, 'Encrypted media needs signalling over TLS')
    else leg.dial(request, branches, policy)
  }

  #mediaPolicy(asked: 'srtp' | null, terms: Terms, secret: boolean): MediaPolicy | null {
    const { srtpWithoutTls } = this.#options.policy
    return mediaPolicy({ codecs: this.codecs, srtpWithoutTls }, asked, terms, secret)
  }

  /** Who has a say about the sound of a call out. */
  #termsOf(route: Way, application: ApplicationId): Terms {
    const trunks = route.type === 'trunk' ? route.trunks : []
    return [
      ...trunks.flatMap((trunk) => this.#termsOfPeer(trunk, undefined)),
      ...(route.type === 'user' ? this.#termsOfPeer(undefined, route.user) : []),
      ...(route.type === 'member' ? termsOfDomain(route.domain) : []),
      this.#termsOfApplication(application),
    ]
  }

  /** A trunk or user of a connection goes by what that says. */
  #termsOfPeer(trunk: Trunk | undefined, user: SipUser | undefined): Terms {
    const connection = trunk?.connection ?? user?.application
    return [trunk?.media, user?.media, connection === undefined ? null : this.#termsOfApplication(connection)]
  }

  #termsOfApplication(application: ApplicationId): MediaTerms | undefined {
    return this.#options.directory.application(application)?.media
  }

  /** The Warning an offer that can never be answered deserves; null: it can. */
  #refusalOf(offer: Uint8Array | null, policy: MediaPolicy | null): HeaderField | null {
    if (offer === null || policy === null) return null
    const trial = answerOffer(startNegotiation('0'), offer, {
      address: { host: this.mediaHost, port: 9 },
      rtcpPort: 10,
      codecs: policy.codecs,
      insist: false,
      direction: 'sendrecv',
      security: securityOf(policy.encryption, (length) => new Uint8Array(length)),
    })
    return trial.ok ? null : warningOf(trial.error)
  }

  #calledMayRefer(request: DialRequest, route: Way): boolean {
    if (request.alsoTo.length > 0) return false
    switch (route.type) {
      case 'trunk':
        return route.trunks.every((one) => one.mayRefer === true)
      case 'user':
        return route.user.mayRefer !== false
      case 'uri': {
        const uri = parseUri(route.uri)
        return uri?.type === 'sip' && this.#options.policy.anonymousFrom(bareHost(uri.host))
      }
      case 'member':
      case 'own':
        return false
      default:
        return unreachable(route)
    }
  }

  /** What a call made for another one has left of that one's hops; null: as many as any new call. */
  #hopsFor(request: DialRequest): number | null {
    const left = request.onBehalfOf == null ? null : (this.#legs.get(request.onBehalfOf)?.hopsLeft ?? null)
    return left === null ? null : Math.max(0, left - 1)
  }

  async #branches(request: DialRequest, route: Way): Promise<Branch[]> {
    const hops = this.#hopsFor(request)
    // RFC 3891 §5: required, so that a peer that cannot does not ring as if it were a new call.
    const replaces = request.replaces == null ? [] : [field('Replaces', request.replaces), field('Require', 'replaces')]
    const branch = (
      uri: string,
      targets: readonly Target[],
      credentials: Credentials | null,
      trunk: Trunk | null = null,
      otherwise: Branch | null = null,
    ): Branch => {
      const from = this.#fromOf(request, trunk, route.type === 'member' ? route.domain.name : null)
      const limit = hops === null ? [] : [field('Max-Forwards', String(hops))]
      return {
        uri,
        targets,
        from: from.value,
        to: `<${uri}>`,
        headers: [...limit, ...from.headers, ...replaces, ...headersDown(request.headers)],
        credentials: request.auth ?? credentials,
        targetTimeoutMs: TARGET_TIMEOUT_MS,
        otherwise,
      }
    }
    switch (route.type) {
      case 'uri': {
        const { proxy = null, localHost = null } = request.wayOut ?? {}
        const found = await (proxy === null ? this.ua.locate(route.uri, request.transport) : this.ua.locate(proxy))
        const targets = localHost === null ? found : found.map((target) => ({ ...target, localHost }))
        const made = branch(route.uri, targets, null)
        return [proxy === null ? made : { ...made, headers: [field('Route', `<${proxy}>`), ...made.headers] }]
      }
      case 'own': {
        const made = branch(route.uri, [route.target], null)
        return [{ ...made, headers: [...made.headers, field(OWN_MARK, this.#ownMark)] }]
      }
      case 'user':
      case 'member':
        return route.branches.map(({ uri, target }) => branch(uri, [target], null))
      case 'trunk': {
        const { trunks, destination } = route
        let chain: Branch | null = null
        for (const trunk of trunks.toReversed()) {
          // Targets that answer keepalives come first; those that are down are still tried last.
          const uris = this.trunks.inOrder(trunk)
          const targets: Target[] = []
          for (const uri of uris) targets.push(...(await this.ua.locate(uri)))
          const first = parseUri(uris[0]!)
          const host =
            first?.type === 'sip' ? `${first.host}${first.port === null ? '' : `:${first.port}`}` : 'localhost'
          const credentials =
            trunk.username === null ? null : { username: trunk.username, password: trunk.password ?? '' }
          const uri = `sip:${escapeUser(destination)}@${host}`
          chain = branch(uri, overTcp(targets, request.transport), credentials, trunk, chain)
        }
        return chain === null ? [] : [chain]
      }
      default:
        return unreachable(route)
    }
  }

  /**
   * A `from` that is no number becomes the display name of the default caller id (DESIGN §4). Members of a domain are
   * called from their domain, and see names as they are.
   */
  #fromOf(request: DialRequest, trunk: Trunk | null, domain: string | null): { value: string; headers: HeaderField[] } {
    const local = this.ua.layer.transport.localAddress('udp') ?? { host: this.#options.realm, port: 5060 }
    const host = domain ?? uriHost(local.host)
    const application = this.#options.directory.application(request.application)
    const uri = /^sips?:/i.test(request.from) ? parseUri(request.from) : null
    const number = asNumber(request.from)
    const member = domain === null || uri !== null || request.from === '' ? null : request.from
    const user =
      uri?.type === 'sip' && uri.user !== null
        ? uri.user
        : escapeUser(number ?? member ?? application?.callerId ?? this.#options.policy.defaultCallerId)
    const unsaid = number === null && uri === null && member === null && request.from !== ''
    const name = request.fromName ?? (unsaid ? request.from : null)
    const identity = `<sip:${user}@${host}>`
    if (request.privacy) {
      // RFC 3323 §4.1 and RFC 3325 §9.1: the network learns who calls only when we trust it.
      const headers = [
        field('Privacy', 'id'),
        ...(trunk?.trusted === true ? [field('P-Asserted-Identity', identity)] : []),
      ]
      return { value: '"Anonymous" <sip:anonymous@anonymous.invalid>', headers }
    }
    const clean = name === null ? '' : headerText(name.replace(/[\x00-\x1f\x7f]/g, ' ').slice(0, 128))
    return { value: clean === '' ? identity : `${quote(clean)} ${identity}`, headers: [] }
  }

  #pickMedia(): MediaChannel | null {
    const { media } = this.#options
    for (let tries = 0; tries < media.length; tries++) {
      const channel = media[this.#nextWorker++ % media.length]!
      if (!this.#lost.has(channel)) return channel
    }
    return null
  }

  #hear(event: MediaEvent): void {
    if (event.type === 'session-opened' || event.type === 'session-failed' || event.type === 'session-closed') {
      if (!this.#recordings.hear(event)) this.#legs.get(event.session as CallId)?.hear(event)
    }
  }
}

type Terms = readonly (MediaTerms | null | undefined)[]

function travelsPrivately(branch: Branch): boolean {
  const next = branch.otherwise
  return branch.targets.every((target) => isPrivate(target.kind)) && (next === null || travelsPrivately(next))
}

/** A secure domain wants the sound encrypted (SDES over TLS). */
function termsOfDomain(domain: Domain | undefined): readonly MediaTerms[] {
  return domain?.secure === true ? [{ codecs: null, encryptedMedia: 'SRTP', srtpWithoutTls: false }] : []
}

function refuse(status: number, headers: readonly HeaderField[] = []): ScreenVerdict {
  return { type: 'answer', status, headers }
}

/** An application may ask for TCP towards a trunk; TLS is the trunk's own business, for only its URI knows the port. */
function overTcp(targets: readonly Target[], transport: DialRequest['transport']): readonly Target[] {
  return transport !== 'tcp'
    ? targets
    : targets.map((target) => (target.kind === 'udp' ? { ...target, kind: 'tcp' } : target))
}

function userOf(uri: Uri): string {
  if (uri.type === 'sip') return unescapeUser(uri.user ?? '')
  return uri.type === 'tel' ? uri.number.replace(/[().-]/g, '') : ''
}

function dialled(uri: Uri): string {
  return userOf(uri).split(';', 1)[0]!
}
