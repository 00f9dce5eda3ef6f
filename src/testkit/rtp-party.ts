// A party that speaks and hears RTP: it hums a tone, plays samples or dials, and measures what it hears by Goertzel. Half a
// telephone; a whole one adds signalling. It uses the wire formats of rtp/ and audio/, and knows nothing of the engine.

import { decodeG711, encodeG711, type G711Law } from '#audio/g711.ts'
import { levelDbov, toneLevelDbov } from '#audio/goertzel.ts'
import type { Clock, Timer } from '#base/clock.ts'
import type { Address, DatagramNet, DatagramSocket } from '#base/wire.ts'
import { parseRtp, RtpView, writeRtpHeader } from '#rtp/packet.ts'
import { type ParsedRtcp, parseRtcp } from '#rtp/rtcp.ts'
import { EventReceiver, EventSender, eventOfDigit, writeEvent } from '#rtp/telephone-event.ts'

const FRAME_SAMPLES = 160
const FRAME_MS = 20
/** Packets remembered: a minute. */
const REMEMBERED = 3000

export interface RtpPartyOptions {
  readonly host?: string
  readonly port?: number
  readonly law?: G711Law
  readonly ssrc?: number
  readonly eventType?: number
  /** How much faster its clock runs than ours, in parts per million. */
  readonly ppm?: number
}

export interface HeardPacket {
  readonly atMs: number
  readonly sequence: number
  readonly timestamp: number
  readonly ssrc: number
  readonly payloadType: number
  readonly marker: boolean
  readonly samples: Int16Array
}

export class RtpParty {
  readonly local: Address
  readonly ssrc: number
  /** Audio packets heard, oldest first. */
  readonly packets: HeardPacket[] = []
  /** Digits heard as events, in order. */
  digits = ''
  readonly reports: ParsedRtcp[] = []
  sent = 0
  remote: Address | null = null
  /** Hears every audio packet as it comes: for recordings longer than the memory. */
  onHeard: ((packet: HeardPacket) => void) | null = null
  readonly #clock: Clock
  #law: G711Law
  #eventType: number
  readonly #ppm: number
  readonly #socket: () => DatagramSocket
  readonly #view = new RtpView()
  readonly #events: EventReceiver
  readonly #sender = new EventSender()
  #toDial: { readonly digit: string; readonly durationMs: number }[] = []
  #eventTimestamp = 0
  #tone: { readonly hz: number; readonly amplitude: number } | null = null
  #samples: Int16Array | null = null
  #position = 0
  #sequence: number
  #timestamp: number
  #startedAtMs = 0
  #ticks = 0
  #timer: Timer | null = null

  private constructor(clock: Clock, options: RtpPartyOptions, local: Address, socket: () => DatagramSocket) {
    this.#clock = clock
    this.local = local
    this.#law = options.law ?? 'PCMU'
    this.#eventType = options.eventType ?? 101
    this.#ppm = options.ppm ?? 0
    this.ssrc = options.ssrc ?? (local.port * 7919) >>> 0
    this.#sequence = local.port & 0xffff
    this.#timestamp = (local.port * 104_729) >>> 0
    this.#socket = socket
    this.#events = new EventReceiver(8000, (digit) => {
      this.digits += digit
    })
  }

  static async open(net: DatagramNet, clock: Clock, options: RtpPartyOptions = {}): Promise<RtpParty> {
    let party: RtpParty | null = null
    const bound = await net.bind(
      { host: options.host ?? '127.0.0.1', port: options.port ?? 0 },
      { onDatagram: (bytes) => party?.hear(bytes) },
    )
    if (!bound.ok) throw new Error(bound.error.type)
    party = new RtpParty(clock, options, bound.value.local, () => bound.value)
    return party
  }

  /** What signalling agreed on. */
  configure(law: G711Law, eventType: number): void {
    this.#law = law
    this.#eventType = eventType
  }

  /** Whether there is something left to play or to dial. */
  get busy(): boolean {
    const playing = this.#samples !== null && this.#position < this.#samples.length
    return playing || this.#toDial.length > 0 || !this.#sender.idle
  }

  /** Hums a tone from now on; null: silence. */
  hum(frequencyHz: number | null, levelInDbov = -16): void {
    this.#samples = null
    this.#tone = frequencyHz === null ? null : { hz: frequencyHz, amplitude: 46_340 * 10 ** (levelInDbov / 20) }
  }

  /** Plays samples at 8 kHz once, then is silent. */
  play(samples: Int16Array): void {
    this.#samples = samples
    this.#position = 0
  }

  dial(digits: string, durationMs = 100): void {
    for (const digit of digits) this.#toDial.push({ digit, durationMs })
  }

  /** Begins to send a packet every 20 ms. */
  start(remote: Address): void {
    this.remote = remote
    if (this.#timer !== null) return
    this.#startedAtMs = this.#clock.nowMs()
    this.#ticks = 0
    this.#arm()
  }

  /** Holds its tongue; ears stay open. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  close(): void {
    this.stop()
    this.#socket().close()
  }

  /** Everything heard in the last `ms`. */
  heard(ms: number): Int16Array {
    const since = this.#clock.nowMs() - ms
    const packets = this.packets.filter((packet) => packet.atMs > since)
    const out = new Int16Array(packets.reduce((sum, packet) => sum + packet.samples.length, 0))
    let at = 0
    for (const packet of packets) {
      out.set(packet.samples, at)
      at += packet.samples.length
    }
    return out
  }

  /** Which of these tones stand out in the last `ms`: at least `floorDbov` loud. */
  hears(frequenciesHz: readonly number[], ms = 500, floorDbov = -40): number[] {
    const samples = this.heard(ms)
    return frequenciesHz.filter((hz) => samples.length > 0 && toneLevelDbov(samples, hz, 8000) > floorDbov)
  }

  /** How loud a tone was in the last `ms`. */
  level(frequencyHz: number, ms = 500): number {
    const samples = this.heard(ms)
    return samples.length === 0 ? -127 : toneLevelDbov(samples, frequencyHz, 8000)
  }

  /** How loud everything was in the last `ms`. */
  loudness(ms = 500): number {
    const samples = this.heard(ms)
    return samples.length === 0 ? -127 : levelDbov(samples)
  }

  /** Sends any octets, for tests of bad behaviour. */
  sendRaw(bytes: Uint8Array, to: Address): void {
    this.#socket().send(bytes, to)
  }

  /** Handles what arrived. */
  hear(bytes: Uint8Array): void {
    const rtcp = (bytes[1] ?? 0) >= 192 && (bytes[1] ?? 0) <= 223
    if (rtcp) {
      const parsed = parseRtcp(bytes)
      if (parsed !== null) this.reports.push(parsed)
      return
    }
    const view = this.#view
    if (!parseRtp(bytes, view)) return
    const nowMs = this.#clock.nowMs()
    this.#events.expire(nowMs)
    if (view.payloadType === this.#eventType) {
      this.#events.receive(view.timestamp, bytes, view.payloadOffset, view.payloadLength, nowMs)
      return
    }
    const law = view.payloadType === 0 ? 'PCMU' : view.payloadType === 8 ? 'PCMA' : null
    if (law === null) return
    const samples = new Int16Array(view.payloadLength)
    decodeG711(law, bytes, view.payloadOffset, view.payloadLength, samples)
    const { sequence, timestamp, ssrc, payloadType, marker } = view
    const packet = { atMs: nowMs, sequence, timestamp, ssrc, payloadType, marker, samples }
    this.packets.push(packet)
    this.onHeard?.(packet)
    if (this.packets.length > REMEMBERED) this.packets.splice(0, REMEMBERED / 10)
  }

  #arm(): void {
    const period = FRAME_MS / (1 + this.#ppm / 1e6)
    this.#timer = this.#clock.at(this.#startedAtMs + this.#ticks * period, () => {
      this.#ticks++
      this.#tick()
      this.#arm()
    })
  }

  #tick(): void {
    const to = this.remote
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0
    const nowMs = this.#clock.nowMs()
    if (this.#sender.idle && this.#toDial.length > 0) {
      const next = this.#toDial.shift()!
      this.#sender.start(eventOfDigit(next.digit) ?? 0, next.durationMs, nowMs)
      this.#eventTimestamp = this.#timestamp
    }
    const step = this.#sender.step(nowMs)
    if (to === null || step === 'pause') return
    if (step !== 'idle') {
      const packet = new Uint8Array(16)
      writeRtpHeader(packet, step === 'first', this.#eventType, this.#sequence, this.#eventTimestamp, this.ssrc)
      writeEvent(packet, 12, this.#sender.event, step === 'end', this.#sender.elapsedMs * 8)
      this.#send(packet, to)
      return
    }
    const packet = new Uint8Array(12 + FRAME_SAMPLES)
    const payloadType = this.#law === 'PCMU' ? 0 : 8
    writeRtpHeader(packet, this.#ticks === 1, payloadType, this.#sequence, this.#timestamp, this.ssrc)
    encodeG711(this.#law, this.#frame(), 0, FRAME_SAMPLES, packet, 12)
    this.#send(packet, to)
  }

  #send(packet: Uint8Array, to: Address): void {
    this.#sequence = (this.#sequence + 1) & 0xffff
    this.sent++
    this.#socket().send(packet, to)
  }

  #frame(): Int16Array {
    const frame = new Int16Array(FRAME_SAMPLES)
    if (this.#samples !== null) {
      frame.set(this.#samples.subarray(this.#position, this.#position + FRAME_SAMPLES))
      this.#position += FRAME_SAMPLES
    } else if (this.#tone !== null) {
      const { hz, amplitude } = this.#tone
      for (let i = 0; i < FRAME_SAMPLES; i++) {
        frame[i] = amplitude * Math.sin((2 * Math.PI * hz * (this.#timestamp + i)) / 8000)
      }
    }
    return frame
  }
}
