// One party's RTP: sockets, whose packets count, what comes in, what goes out. A session does nothing by itself; packets
// arrive, and the beat (its own or its room's) pulls a frame and pushes one. See inbound.ts and outbound.ts for the two
// directions, mix.ts for who hears whom.

import { comfortNoiseLevelDbov } from '#audio/comfort-noise.ts'
import type { NoiseEngines } from '#audio/denoiser.ts'
import { DtmfDetector } from '#audio/dtmf.ts'
import { addClipped, LimiterState, scaleInto } from '#audio/mixing.ts'
import { Resampler } from '#audio/resample.ts'
import type { Chance } from '#base/chance.ts'
import { after, type Clock, type Timer } from '#base/clock.ts'
import { type SrtpKeys, sameSrtpKey } from '#base/srtp-key.ts'
import type { Address, DatagramSocket } from '#base/wire.ts'
import { EVENT_LOST_END_MS } from '#rtp/limits.ts'
import { isRtcp, parseRtp, RtpView } from '#rtp/packet.ts'
import { ReceiveStats } from '#rtp/receive-stats.ts'
import { SourceLock } from '#rtp/source-lock.ts'
import { SrtpReceiver, SrtpSender } from '#rtp/srtp.ts'
import { EventReceiver } from '#rtp/telephone-event.ts'
import type { Beaten } from './beat.ts'
import { type Codec, codecOf } from './codec.ts'
import { DigitQueue } from './digit-queue.ts'
import { Inbound } from './inbound.ts'
import { BEAT_MS, KEEPALIVE_MS, MAX_PACKET_BURST, MAX_PACKETS_PER_SECOND } from './limits.ts'
import { Outbound } from './outbound.ts'
import type { Playable, SoundBlock } from './player.ts'
import type { MediaEvent, MixId, SessionDescription, SessionId, SessionStats } from './protocol.ts'
import type { Recorder } from './recorder.ts'
import { Reports } from './reports.ts'
import type { SharedFrame } from './shared-frame.ts'
import { type PitchWish, Suppression, type SuppressionWish } from './suppression.ts'
import type { Tap } from './tap.ts'

/** What a session asks of its worker. */
export interface SessionHost {
  readonly clock: Clock
  readonly chance: Chance
  readonly noise: NoiseEngines | null
  tell(event: MediaEvent): void
  beatsAt(nowMs: number): number
  /** A digit was heard; a bridge may pass it on. */
  digitHeard(session: MediaSession, digit: string, durationMs: number): void
  /** What this session needs has changed. */
  replan(session: MediaSession): void
  /** The same, once the beat that found out is over. */
  replanLater(session: MediaSession): void
}

/** The room a session is in, as far as sessions are concerned. */
export interface Membership {
  readonly id: MixId
  /** Whether keys that this session presses are heard by the others. */
  passesDigits(session: MediaSession): boolean
  /** The other one of a bridge; null in rooms of many, or while it is alone. */
  bridgedWith(session: MediaSession): MediaSession | null
}

/** Parsed in place: packets are handled one at a time. */
const view = new RtpView()

export class MediaSession implements Beaten {
  readonly id: SessionId
  readonly lock = new SourceLock()
  readonly outbound: Outbound
  readonly limiter = new LimiterState()
  readonly digits: DigitQueue
  readonly players: Playable[] = []
  readonly recorders: Recorder[] = []
  /** Whoever else listens to this party. */
  readonly taps: Tap[] = []
  readonly suppression: Suppression
  readonly reports: Reports
  description: SessionDescription | null = null
  inbound: Inbound | null = null
  readonly stats = new ReceiveStats(8000)
  mix: Membership | null = null
  /** The codec of the last packet. */
  heardCodec: Codec | null = null
  /** Set by the room when packets can go straight on. */
  forwardTo: MediaSession | null = null
  /** Whether what arrives is decoded on the beat; otherwise packets are only passed on or counted. */
  decoding = false
  sampleRateHz: 8000 | 16000 = 8000
  /** What was sent in this beat, for recorders; null when nothing was. */
  sentFrame: Int16Array | null = null
  lastHeardMs: number
  silentTold = false
  discarded = 0
  canSend = false
  canReceive = false
  closed = false
  /** Silence is sent when there is nothing else to send. */
  keepSending = false
  /** Outside of rooms, the party hears what it says. */
  echoes = false
  readonly #host: SessionHost
  #rtp: DatagramSocket | null = null
  #rtcp: DatagramSocket | null = null
  #connected = false
  #heard = false
  #codecs: (Codec | null)[] = []
  /** What `#seal` and `#open` were made of; null: in the clear. */
  #keys: SrtpKeys | null = null
  #seal: SrtpSender | null = null
  #open: SrtpReceiver | null = null
  #forged = 0
  #replayed = 0
  #eventType = -1
  #noiseType = -1
  #events: EventReceiver | null = null
  #eventTimer: Timer | null = null
  #detector: DtmfDetector | null = null
  #tokens = MAX_PACKET_BURST
  #tokensAtMs = 0
  #scratch = new Int16Array(160)
  #tapped: Int16Array | null = null
  #resampler: { readonly fromHz: number; readonly resampler: Resampler; readonly out: Int16Array } | null = null

  constructor(id: SessionId, host: SessionHost) {
    this.id = id
    this.#host = host
    this.lastHeardMs = host.clock.nowMs()
    this.suppression = new Suppression(host.noise)
    this.outbound = new Outbound(host.chance, (packet) => {
      const target = this.lock.target
      if (target !== null) this.#rtp?.send(packet, target)
    })
    this.reports = new Reports(this, host, (bytes, length, to) => {
      const sealed = this.#keys === null ? length : (this.#seal?.protectRtcp(bytes, length) ?? 0)
      if (sealed > 0) (this.#rtcp ?? this.#rtp)?.send(bytes.subarray(0, sealed), to)
    })
    this.digits = new DigitQueue(
      () => host.tell({ type: 'digits-sent', session: id }),
      () => host.replanLater(this),
    )
  }

  /** The sockets are there. */
  attach(rtp: DatagramSocket, rtcp: DatagramSocket | null): void {
    this.#rtp = rtp
    this.#rtcp = rtcp
    if (this.description !== null) this.configure(this.description)
  }

  get local(): Address | null {
    return this.#rtp?.local ?? null
  }

  /** Whether this session itself (not its room) has something due every beat. */
  get needsBeat(): boolean {
    return (
      this.keepSending ||
      this.echoes ||
      this.players.length > 0 ||
      this.tapped ||
      !this.digits.idle ||
      (this.#detector !== null && this.#heard)
    )
  }

  /** Whether somebody must hear what this party says, though nobody else may. */
  get overheard(): boolean {
    return this.tapped || this.echoes || (this.#detector !== null && this.#heard)
  }

  configure(description: SessionDescription): void {
    const nowMs = this.#host.clock.nowMs()
    const couldReceive = this.canReceive
    this.description = description
    if (this.#rtp === null) return
    const lockedBefore = this.lock.locked
    this.lock.signal(description.remote, description.latch)
    if (lockedBefore !== null && this.lock.locked === null) this.#disconnect()
    this.#secure(description.srtp)
    // Keys that are none must not mean no encryption.
    const usable = this.#keys === null || (this.#seal !== null && this.#open !== null)
    const { direction } = description
    const sendCodec = codecOf(description.send)
    this.canSend = usable && sendCodec !== null && (direction === 'sendrecv' || direction === 'sendonly')
    this.canReceive = usable && (direction === 'sendrecv' || direction === 'recvonly')
    this.outbound.configure(description.send, sendCodec, this.#seal)
    this.#listenFor(description)
    this.sampleRateHz = sendCodec?.sampleRateHz ?? this.inbound?.sampleRateHz ?? 8000
    if (this.#scratch.length !== this.frameSamples) {
      this.#scratch = new Int16Array(this.frameSamples)
      this.#resampler = null
      this.suppression.renew(this.inbound?.sampleRateHz ?? this.sampleRateHz, this.sampleRateHz)
    }
    if (description.rtcpMux && this.#rtcp !== null) {
      this.#rtcp.close()
      this.#rtcp = null
    }
    if (!couldReceive && this.canReceive) {
      this.lastHeardMs = nowMs
      this.silentTold = false
    }
    this.reports.configure(nowMs)
    this.keepAlive(nowMs)
  }

  get frameSamples(): number {
    return (this.sampleRateHz * BEAT_MS) / 1000
  }

  /** @param waitedMs how long ago the packet came */
  onRtp(bytes: Uint8Array, from: Address, waitedMs = 0): void {
    if (this.closed || this.description === null) return
    if (isRtcp(bytes)) {
      if (this.description.rtcpMux) this.onRtcp(bytes, from, waitedMs)
      return
    }
    // Only what is authentic is looked at; nothing else may move the lock or the numbers.
    const length = this.#keys === null ? bytes.length : (this.#open?.unprotectRtp(bytes) ?? 0)
    if (length <= 0 || !parseRtp(bytes, view, length)) {
      this.discarded++
      return
    }
    const nowMs = this.#host.clock.nowMs() - waitedMs
    const verdict = this.lock.judge(from, view.ssrc, view.sequence, nowMs)
    if (verdict === 'drop' || !this.#withinRate(nowMs)) {
      this.discarded++
      return
    }
    if (verdict === 'accept-and-move') this.#moved(from, nowMs)
    this.lastHeardMs = nowMs
    this.silentTold = false
    if (!this.canReceive) return
    const type = view.payloadType
    const codec = this.#codecs[type] ?? null
    if (codec === null && type !== this.#eventType && type !== this.#noiseType) {
      this.discarded++
      return
    }
    const arrival = this.stats.receive(view.ssrc, view.sequence, view.timestamp, view.payloadLength, nowMs)
    if (arrival === 'duplicate' || arrival === 'suspicious') {
      this.discarded++
      return
    }
    // What is kept of another source would only be in the way.
    if (arrival === 'new-source') this.inbound?.reset()
    if (codec !== null) {
      if (codec !== this.heardCodec) {
        this.#hearIn(codec)
        // It may be another than we send: packets that were passed on must now be translated.
        this.#host.replan(this)
      }
      const to = this.forwardTo
      if (to !== null && codec === to.outbound.codec) this.#relay(to, to.description!.send!.payloadType, bytes, nowMs)
      if (this.decoding) this.inbound?.insert(view, bytes, nowMs)
      return
    }
    if (type === this.#eventType) this.#onEvent(bytes, nowMs)
    else this.#onNoise(bytes, nowMs)
  }

  onRtcp(bytes: Uint8Array, from: Address, waitedMs = 0): void {
    if (this.closed || this.description === null) return
    // Reports count only from the machine whose audio counts; a BYE ends nothing (research/reliability M5).
    const target = this.lock.target
    if (target === null || target.host !== from.host) return
    if (this.#keys !== null) {
      const length = this.#open?.unprotectRtcp(bytes) ?? 0
      if (length <= 0) {
        this.discarded++
        return
      }
      if (!this.reports.receive(bytes.subarray(0, length), waitedMs)) return
    } else if (!this.reports.receive(bytes, waitedMs)) return
    this.lastHeardMs = this.#host.clock.nowMs()
    this.silentTold = false
  }

  onSocketError(): void {
    // An ICMP refusal: the far side is not listening (yet). Silence is noticed elsewhere.
    this.discarded++
  }

  /** One beat of a session that is in no room. */
  beat(dueMs: number, index: number): void {
    this.listen(dueMs, index)
    // Decoded and encoded again: it may speak another codec than it is spoken to in.
    this.emit(this.echoes ? this.voiceAt(this.sampleRateHz, index) : null, null, this.echoes, index, dueMs)
    this.feedTaps(dueMs, index)
  }

  /** Pulls this beat's frame of what the party says. */
  listen(dueMs: number, index: number): void {
    const inbound = this.inbound
    if (inbound === null || !this.decoding) return
    inbound.pull(dueMs, index)
    if (inbound.active) this.suppression.cleanSaid(inbound.frame, inbound.samples, index)
    if (this.#detector !== null && inbound.active) this.#detector.process(inbound.frame, inbound.samples)
  }

  /** This beat's frame of what the party says, at a rate; null when it says nothing. */
  voiceAt(sampleRateHz: number, index: number): Int16Array | null {
    const inbound = this.inbound
    return inbound?.active ? inbound.frameAt(sampleRateHz, index) : null
  }

  /**
   * Sends this beat's frame: what the room sounds like (`room`, at the session's rate, or `shared` when others hear the
   * same, or `hush` when it is quiet), and this session's own players and digits over or instead of it.
   */
  emit(room: Int16Array | null, shared: SharedFrame | null, hush: boolean, index: number, dueMs: number): void {
    this.sentFrame = null
    const rate = this.sampleRateHz
    const count = this.frameSamples
    const digits = this.digits.idle ? 'idle' : this.digits.turn(this.#scratch, count, rate, dueMs)
    const nowMs = dueMs
    if (digits !== 'idle') {
      for (let i = 0; i < this.players.length; i++) this.players[i]!.prepare(rate, index, dueMs)
      if (digits === 'sound') this.#sendSamples(this.#scratch, index, nowMs)
      else if (digits !== 'hush') this.#sendEvent(digits, index, nowMs)
      return
    }
    const heard = room ?? shared?.samples ?? null
    const cleaned = heard !== null && this.suppression.sent ? this.suppression.cleanSent(heard) : null
    if (this.players.length > 0 && this.#emitPlayers(cleaned ?? heard, index, dueMs)) return
    if (cleaned !== null) this.#sendSamples(cleaned, index, nowMs)
    else if (shared !== null) {
      this.sentFrame = shared.samples
      const codec = this.outbound.codec
      if (!this.canSend || codec === null) return
      if (codec.plain === null) this.outbound.sendFrame(shared.samples, 0, index, nowMs)
      else this.outbound.sendEncoded(shared.encodedIn(codec.plain), 0, index, nowMs)
    } else if (room !== null) this.#sendSamples(room, index, nowMs)
    else if ((hush || this.keepSending) && this.canSend) this.outbound.sendSilence(index, nowMs)
  }

  /** Sends a frame that is not its own room's: a copy of what somebody else says. Null: silence. */
  say(frame: Int16Array | null, index: number, dueMs: number): void {
    if (!this.canSend) return
    if (frame === null) this.outbound.sendSilence(index, dueMs)
    else this.outbound.sendFrame(frame, 0, index, dueMs)
  }

  /** Takes noise away; null for no more. */
  suppress(wish: SuppressionWish | null): void {
    this.suppression.want(wish, this.inbound?.sampleRateHz ?? this.sampleRateHz, this.sampleRateHz)
  }

  /** Makes what the party says or is sent from its room higher or lower. */
  shiftPitch(wish: PitchWish): void {
    this.suppression.shift(wish, this.inbound?.sampleRateHz ?? this.sampleRateHz, this.sampleRateHz)
  }

  /** Brings a room's frame to this session's rate. */
  fromRoom(frame: Int16Array, roomHz: number): Int16Array {
    if (roomHz === this.sampleRateHz) return frame
    if (this.#resampler === null || this.#resampler.fromHz !== roomHz) {
      const resampler = new Resampler(roomHz, this.sampleRateHz, (roomHz * BEAT_MS) / 1000)
      this.#resampler = { fromHz: roomHz, resampler, out: new Int16Array(this.frameSamples) }
    }
    this.#resampler.resampler.process(frame, (roomHz * BEAT_MS) / 1000, this.#resampler.out)
    return this.#resampler.out
  }

  /** Gives this beat to the recorders and other listeners of this session. */
  feedTaps(dueMs: number, index: number): void {
    const said = this.inbound?.active ? this.inbound.frame : null
    const sent = this.sentFrame
    const saidHz = this.inbound?.sampleRateHz ?? this.sampleRateHz
    for (let i = 0; i < this.taps.length; i++) this.taps[i]!.hear(said, saidHz, sent, this.sampleRateHz, dueMs, index)
    for (let i = 0; i < this.recorders.length; i++) {
      const recorder = this.recorders[i]!
      const source = recorder.want.source
      if (source.type !== 'session') continue
      const { track } = source
      recorder.feed(track === 'outbound' ? null : said, track === 'inbound' ? null : sent, saidHz, this.sampleRateHz)
    }
  }

  /** Whether recorders or others need to know what this party says and is sent. */
  get tapped(): boolean {
    return this.recorders.length > 0 || this.taps.length > 0
  }

  /** A silent packet now and then keeps NATs open when there is nothing to say, and tells the far side where we are. */
  keepAlive(nowMs: number): void {
    if (!this.canSend || this.lock.target === null || nowMs - this.outbound.lastSentMs < KEEPALIVE_MS) return
    this.outbound.sendSilence(Math.floor(this.#host.beatsAt(nowMs)), nowMs)
  }

  /** Called now and then: ties the socket to a settled source, lets go of one that fell silent. */
  tidyLock(nowMs: number): void {
    if (this.#connected && this.lock.stale(nowMs)) this.#disconnect()
    else if (!this.#connected && this.lock.settled(nowMs) && !this.lock.stale(nowMs)) this.#connect()
  }

  measure(): SessionStats {
    const ofPeer = this.reports.peer
    return {
      packetsReceived: this.stats.packets,
      packetsLost: this.stats.lost,
      packetsDiscarded: this.discarded + (this.inbound?.discarded ?? 0),
      packetsForged: this.#forged + (this.#open?.forged ?? 0),
      packetsReplayed: this.#replayed + (this.#open?.replayed ?? 0),
      packetsSent: this.outbound.packets,
      octetsReceived: this.stats.octets,
      octetsSent: this.outbound.octets,
      jitterMs: Math.round(this.stats.jitterMs * 100) / 100,
      maxJitterMs: Math.round(this.stats.maxJitterMs * 100) / 100,
      roundTripMs: ofPeer.roundTripMs,
      remoteLossFraction: ofPeer.lossFraction,
      concealedMs: this.inbound?.concealedMs ?? 0,
      codec: this.description?.send?.codec ?? null,
    }
  }

  close(): void {
    if (this.closed) return
    if (this.#rtp !== null && this.description !== null) this.reports.goodbye()
    this.closed = true
    this.suppression.close()
    this.inbound?.close()
    this.outbound.close()
    this.#eventTimer?.cancel()
    this.#rtp?.close()
    this.#rtcp?.close()
  }

  #emitPlayers(room: Int16Array | null, index: number, dueMs: number): boolean {
    const rate = this.sampleRateHz
    const count = this.frameSamples
    let top: Playable | null = null
    let topBlock: SoundBlock | null = null
    let sounding = 0
    for (let i = 0; i < this.players.length; i++) {
      const player = this.players[i]!
      const block = player.prepare(rate, index, dueMs)
      if (player.replace && player.started && !player.ended) {
        top = player
        topBlock = block
      }
      if (player.sounding) {
        sounding++
        if (top === null && room === null) topBlock = block
      }
    }
    if (top === null && sounding === 0) return false
    const codec = this.outbound.codec
    const alone =
      sounding === 1 && (top !== null ? top.sounding : room === null) ? (top ?? this.#soundingPlayer()) : null
    if (alone !== null && topBlock !== null && alone.gain === 1) {
      const offset = alone.frameInBlock * count
      if (this.canSend && codec !== null) {
        const { plain } = codec
        if (plain === null) this.outbound.sendFrame(topBlock.samples, offset, index, dueMs)
        else {
          const encoded = topBlock.encodedFrame(plain, alone.frameInBlock)
          this.outbound.sendEncoded(encoded, offset * plain.octetsPerSample, index, dueMs)
        }
      }
      if (this.tapped) {
        this.#tapped = this.#roomFor(count)
        scaleInto(this.#tapped, topBlock.samples.subarray(offset), 0, count, 1)
        this.sentFrame = this.#tapped
      }
      return true
    }
    const out = this.#scratch
    if (top === null && room !== null) for (let i = 0; i < count; i++) out[i] = room[i]!
    else out.fill(0, 0, count)
    for (let i = 0; i < this.players.length; i++) {
      const player = this.players[i]!
      if (!player.sounding || (player.replace && player !== top)) continue
      const block = player.prepare(rate, index, dueMs)
      if (block !== null) this.#addPlayer(out, block, player, count)
    }
    this.#sendSamples(out, index, dueMs)
    return true
  }

  #soundingPlayer(): Playable | null {
    for (let i = 0; i < this.players.length; i++) if (this.players[i]!.sounding) return this.players[i]!
    return null
  }

  #addPlayer(out: Int16Array, block: SoundBlock, player: Playable, count: number): void {
    this.#tapped = this.#roomFor(count)
    scaleInto(this.#tapped, block.samples, player.frameInBlock * count, count, player.gain)
    addClipped(out, this.#tapped, count)
  }

  #roomFor(count: number): Int16Array {
    return this.#tapped?.length === count ? this.#tapped : new Int16Array(count)
  }

  #sendSamples(samples: Int16Array, index: number, nowMs: number): void {
    this.sentFrame = samples
    if (this.canSend) this.outbound.sendFrame(samples, 0, index, nowMs)
  }

  #sendEvent(step: 'first' | 'update' | 'end', index: number, nowMs: number): void {
    const format = this.description?.telephoneEvent
    if (!this.canSend || format == null) return
    const { event, elapsedMs } = this.digits.events
    this.outbound.sendEvent(format.sendType, format.clockRateHz, step, event, elapsedMs, index, nowMs)
  }

  #relay(to: MediaSession, payloadType: number, bytes: Uint8Array, nowMs: number): void {
    if (!to.canSend) return
    to.outbound.relay(view, bytes, payloadType, view.ssrc, this.#host.beatsAt(nowMs), nowMs)
  }

  #onEvent(bytes: Uint8Array, nowMs: number): void {
    const events = this.#events
    if (events === null) return
    const to = this.forwardTo
    if (to !== null && this.mix?.passesDigits(this) && to.description?.telephoneEvent != null) {
      this.#relay(to, to.description.telephoneEvent.sendType, bytes, nowMs)
    }
    events.receive(view.timestamp, bytes, view.payloadOffset, view.payloadLength, nowMs)
    this.#watchEvent()
  }

  /** While a digit is open, a timer waits for the end that may have been lost. */
  #watchEvent(): void {
    if (this.#events?.openUntilMs == null || this.#eventTimer !== null) return
    this.#eventTimer = after(this.#host.clock, EVENT_LOST_END_MS, () => {
      this.#eventTimer = null
      this.#events?.expire(this.#host.clock.nowMs())
      this.#watchEvent()
    })
  }

  #onNoise(bytes: Uint8Array, nowMs: number): void {
    const level = comfortNoiseLevelDbov(bytes, view.payloadOffset, view.payloadLength)
    const to = this.forwardTo
    if (to !== null && to.description?.comfortNoiseType != null) {
      this.#relay(to, to.description.comfortNoiseType, bytes, nowMs)
    }
    if (level !== null) this.inbound?.comfortNoise(level)
    this.stats.forgetTransit()
  }

  /** Keys that are the same go on where they are; others begin afresh (RFC 4568 §7.1.4). */
  #secure(keys: SrtpKeys | null): void {
    if (!sameSrtpKey(keys?.send ?? null, this.#keys?.send ?? null)) {
      this.#seal = keys === null ? null : SrtpSender.make(keys.send)
    }
    if (!sameSrtpKey(keys?.receive ?? null, this.#keys?.receive ?? null)) {
      this.#forged += this.#open?.forged ?? 0
      this.#replayed += this.#open?.replayed ?? 0
      this.#open = keys === null ? null : SrtpReceiver.make(keys.receive)
    }
    this.#keys = keys
  }

  #listenFor(description: SessionDescription): void {
    const codecs: (Codec | null)[] = []
    let first: Codec | null = null
    for (const binding of description.receive) {
      const codec = codecOf(binding)
      if (codec === null || binding.payloadType > 127) continue
      first ??= codec
      codecs[binding.payloadType] = codec
    }
    const before = this.#codecs
    const same =
      codecs.every((codec, type) => codec === before[type]) && before.every((codec, type) => codec === codecs[type])
    if (!same) {
      this.#codecs = codecs
      this.#listenIn(null)
      // Which of them is spoken shows with the first packet; the far side's first choice is likely.
      if (first !== null) this.#listenIn(first)
    }
    this.#eventType = description.telephoneEvent?.receiveType ?? -1
    this.#noiseType = description.comfortNoiseType ?? -1
    const eventClockHz = description.telephoneEvent?.clockRateHz ?? null
    if (eventClockHz !== null && this.#events?.clockRateHz !== eventClockHz) {
      this.#events = new EventReceiver(eventClockHz, (digit, durationMs) => {
        this.#host.tell({ type: 'digit', session: this.id, digit, durationMs, source: 'telephone-event' })
        this.#host.digitHeard(this, digit, durationMs)
      })
    }
    this.#detectInband()
  }

  /** The party speaks a codec from now on: the ear must run at its rate and count in its clock. */
  #hearIn(codec: Codec): void {
    if (this.inbound?.fits(codec) === false) this.#listenIn(codec)
    this.heardCodec = codec
  }

  #listenIn(codec: Codec | null): void {
    this.inbound?.close()
    this.inbound = null
    this.#detector = null
    if (codec === null) return
    this.inbound = new Inbound(this.#codecs, codec.sampleRateHz, codec.clockRateHz)
    this.suppression.renew(codec.sampleRateHz, this.sampleRateHz)
    this.stats.countAt(codec.clockRateHz)
    this.#detectInband()
  }

  #detectInband(): void {
    if (this.description?.inbandDigits !== true || this.inbound === null) this.#detector = null
    else {
      this.#detector ??= new DtmfDetector(this.inbound.sampleRateHz, (digit, durationMs) =>
        this.#host.tell({ type: 'digit', session: this.id, digit, durationMs, source: 'inband' }),
      )
    }
  }

  #moved(from: Address, nowMs: number): void {
    if (this.lock.settled(nowMs)) this.#connect()
    if (this.#heard) return
    this.#heard = true
    this.#host.tell({ type: 'session-heard', session: this.id, from: { host: from.host, port: from.port } })
    if (this.#detector !== null) this.#host.replan(this)
  }

  #connect(): void {
    const target = this.lock.locked
    if (this.#connected || target === null || this.#rtp?.connect === undefined) return
    this.#connected = true
    this.#rtp.connect(target)
  }

  #disconnect(): void {
    if (!this.#connected) return
    this.#connected = false
    this.#rtp?.connect?.(null)
  }

  /** A bucket of packets that fills at twice the usual rate: floods end here, before anything is decoded. */
  #withinRate(nowMs: number): boolean {
    this.#tokens = Math.min(
      MAX_PACKET_BURST,
      this.#tokens + ((nowMs - this.#tokensAtMs) * MAX_PACKETS_PER_SECOND) / 1000,
    )
    this.#tokensAtMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
