// A party that speaks and hears RTP: it hums a tone, plays samples or dials, and measures what it hears by Goertzel. Half a
// telephone; a whole one adds signalling. It uses the wire formats of rtp/ and audio/, and knows nothing of the engine.

import { decodeG711, encodeG711, type G711Law } from '#audio/g711.ts'
import { G722Decoder, G722Encoder } from '#audio/g722.ts'
import { levelDbov, toneLevelDbov } from '#audio/goertzel.ts'
import { OPUS_MOST_OCTETS, OpusDecoder, OpusEncoder } from '#audio/opus.ts'
import type { Clock, Timer } from '#base/clock.ts'
import type { SrtpKeys } from '#base/srtp-key.ts'
import type { Address, DatagramNet, DatagramSocket } from '#base/wire.ts'
import { parseRtp, RtpView, writeRtpHeader } from '#rtp/packet.ts'
import { type ParsedRtcp, parseRtcp } from '#rtp/rtcp.ts'
import { SRTP_MOST_OCTETS, SrtpReceiver, SrtpSender } from '#rtp/srtp.ts'
import { EventReceiver, EventSender, eventOfDigit, writeEvent } from '#rtp/telephone-event.ts'

const FRAME_MS = 20
const FRAMES_PER_SECOND = 1000 / FRAME_MS
/** Packets remembered: a minute. */
const REMEMBERED = 3000

export type PartyCodec = 'PCMU' | 'PCMA' | 'G722' | 'opus'

/** What signalling agreed on. */
export interface PartyVoice {
  readonly codec: PartyCodec
  readonly payloadType: number
  readonly eventType: number
  readonly srtp: SrtpKeys | null
}

/** Rates of sound and of RTP timestamps. */
const rates = {
  PCMU: { rateHz: 8000, clockHz: 8000, payloadType: 0 },
  PCMA: { rateHz: 8000, clockHz: 8000, payloadType: 8 },
  G722: { rateHz: 16_000, clockHz: 8000, payloadType: 9 },
  opus: { rateHz: 16_000, clockHz: 48_000, payloadType: 107 },
} as const

/** Both directions of one codec. */
interface Coder {
  encode(frame: Int16Array, to: Uint8Array, offset: number): number
  decode(bytes: Uint8Array, offset: number, octets: number): Int16Array
}

export interface RtpPartyOptions {
  readonly host?: string
  readonly port?: number
  readonly voice?: Partial<PartyVoice>
  readonly ssrc?: number
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
  #voice: PartyVoice
  #coder: Coder
  #seal: SrtpSender | null = null
  #open: SrtpReceiver | null = null
  #hummed = 0
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
    const codec = options.voice?.codec ?? 'PCMU'
    this.#voice = { codec, payloadType: rates[codec].payloadType, eventType: 101, srtp: null, ...options.voice }
    this.#coder = coderOf(codec)
    this.#secure(this.#voice.srtp)
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

  /** Speaks and hears another way from now on. */
  configure(voice: PartyVoice): void {
    if (voice.codec !== this.#voice.codec) this.#coder = coderOf(voice.codec)
    if (JSON.stringify(voice.srtp) !== JSON.stringify(this.#voice.srtp)) this.#secure(voice.srtp)
    this.#voice = voice
  }

  get codec(): PartyCodec {
    return this.#voice.codec
  }

  get secured(): boolean {
    return this.#voice.srtp !== null
  }

  /** Of the sound it plays and hears. */
  get rateHz(): 8000 | 16000 {
    return rates[this.#voice.codec].rateHz
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

  /** Plays samples at {@link rateHz} once, then is silent. */
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
    return frequenciesHz.filter((hz) => samples.length > 0 && toneLevelDbov(samples, hz, this.rateHz) > floorDbov)
  }

  /** How loud a tone was in the last `ms`. */
  level(frequencyHz: number, ms = 500): number {
    const samples = this.heard(ms)
    return samples.length === 0 ? -127 : toneLevelDbov(samples, frequencyHz, this.rateHz)
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
    const length = this.#open === null ? bytes.length : this.#open[rtcp ? 'unprotectRtcp' : 'unprotectRtp'](bytes)
    if (length <= 0) return
    if (rtcp) {
      const parsed = parseRtcp(bytes.subarray(0, length))
      if (parsed !== null) this.reports.push(parsed)
      return
    }
    const view = this.#view
    if (!parseRtp(bytes, view, length)) return
    const nowMs = this.#clock.nowMs()
    this.#events.expire(nowMs)
    if (view.payloadType === this.#voice.eventType) {
      this.#events.receive(view.timestamp, bytes, view.payloadOffset, view.payloadLength, nowMs)
      return
    }
    const codec = view.payloadType === 0 ? 'PCMU' : view.payloadType === 8 ? 'PCMA' : this.#voice.codec
    if (
      codec === this.#voice.codec ? view.payloadType !== this.#voice.payloadType : rates[codec].rateHz !== this.rateHz
    )
      return
    const coder = codec === this.#voice.codec ? this.#coder : coderOf(codec)
    const samples = coder.decode(bytes, view.payloadOffset, view.payloadLength)
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
    const { clockHz } = rates[this.#voice.codec]
    this.#timestamp = (this.#timestamp + clockHz / FRAMES_PER_SECOND) >>> 0
    const nowMs = this.#clock.nowMs()
    if (this.#sender.idle && this.#toDial.length > 0) {
      const next = this.#toDial.shift()!
      this.#sender.start(eventOfDigit(next.digit) ?? 0, next.durationMs, nowMs)
      this.#eventTimestamp = this.#timestamp
    }
    const step = this.#sender.step(nowMs)
    if (to === null || step === 'pause') return
    if (step !== 'idle') {
      const packet = new Uint8Array(16 + SRTP_MOST_OCTETS)
      const { eventType } = this.#voice
      writeRtpHeader(packet, step === 'first', eventType, this.#sequence, this.#eventTimestamp, this.ssrc)
      writeEvent(packet, 12, this.#sender.event, step === 'end', (this.#sender.elapsedMs * clockHz) / 1000)
      this.#send(packet, 16, to)
      return
    }
    const packet = new Uint8Array(12 + OPUS_MOST_OCTETS + SRTP_MOST_OCTETS)
    writeRtpHeader(packet, this.#ticks === 1, this.#voice.payloadType, this.#sequence, this.#timestamp, this.ssrc)
    const octets = this.#coder.encode(this.#frame(), packet, 12)
    if (octets > 0) this.#send(packet, 12 + octets, to)
  }

  #send(packet: Uint8Array, length: number, to: Address): void {
    this.#sequence = (this.#sequence + 1) & 0xffff
    this.sent++
    const sealed = this.#seal === null ? length : this.#seal.protectRtp(packet, length)
    this.#socket().send(packet.subarray(0, sealed), to)
  }

  #secure(keys: SrtpKeys | null): void {
    this.#seal = keys === null ? null : SrtpSender.make(keys.send)
    this.#open = keys === null ? null : SrtpReceiver.make(keys.receive)
  }

  #frame(): Int16Array {
    const rate = this.rateHz
    const count = rate / FRAMES_PER_SECOND
    const frame = new Int16Array(count)
    if (this.#samples !== null) {
      frame.set(this.#samples.subarray(this.#position, this.#position + count))
      this.#position += count
    } else if (this.#tone !== null) {
      const { hz, amplitude } = this.#tone
      for (let i = 0; i < count; i++) frame[i] = amplitude * Math.sin((2 * Math.PI * hz * (this.#hummed + i)) / rate)
      this.#hummed += count
    }
    return frame
  }
}

function coderOf(codec: PartyCodec): Coder {
  switch (codec) {
    case 'PCMU':
    case 'PCMA':
      return lawCoder(codec)
    case 'G722': {
      const encoder = new G722Encoder()
      const decoder = new G722Decoder()
      return {
        encode: (frame, to, offset) => encoder.encode(frame, 0, frame.length, to, offset),
        decode(bytes, offset, octets) {
          const samples = new Int16Array(octets * 2)
          decoder.decode(bytes, offset, octets, samples, 0)
          return samples
        },
      }
    }
    case 'opus': {
      const encoder = new OpusEncoder({ fec: true, maxBitrate: null, constantBitrate: false })
      const decoder = new OpusDecoder()
      return {
        encode: (frame, to, offset) => encoder.encode(frame, 0, to, offset),
        decode(bytes, offset, octets) {
          const samples = new Int16Array((rates.opus.rateHz * 120) / 1000)
          return samples.subarray(0, decoder.decode(bytes, offset, octets, samples, 0))
        },
      }
    }
  }
}

function lawCoder(law: G711Law): Coder {
  return {
    encode(frame, to, offset) {
      encodeG711(law, frame, 0, frame.length, to, offset)
      return frame.length
    },
    decode(bytes, offset, octets) {
      const samples = new Int16Array(octets)
      decodeG711(law, bytes, offset, octets, samples)
      return samples
    },
  }
}
