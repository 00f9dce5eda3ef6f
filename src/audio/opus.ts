// Opus (RFC 6716) at 16 kHz mono, which is what a room of telephones can carry: libopus compiled to WebAssembly, loaded when
// the first stream wants it. Making an encoder or decoder is asynchronous; both stand there at once and are silent for the
// few milliseconds until they are ready.
//
// A packet says itself how long it sounds (§3.1): its first octet holds the configuration and how many frames follow.
//
//   | config 5 | s | c 2 |   c = 0: one frame; 1, 2: two; 3: the next octet's low six bits count them

import type { OpusDecoderHandle, OpusEncoderHandle } from 'libopus-wasm'

export const OPUS_SAMPLE_RATE_HZ = 16_000
/** RFC 7587 §4.1: the RTP clock, whatever the sound's own rate. */
export const OPUS_CLOCK_HZ = 48_000
/** The most one 20 ms packet of ours comes to; the settings below make about 60 octets. */
export const OPUS_MOST_OCTETS = 400
/** The longest packet the format allows (§3.2.5). */
export const OPUS_LONGEST_MS = 120
/** Speech at 16 kHz is transparent to telephone ears here; more costs CPU and bandwidth for nothing. */
const BITRATE = 20_000
const COMPLEXITY = 5
/** The loss that in-band redundancy (FEC) is made for. */
const LOSS_PERCENT = 5
const FRAME_SAMPLES = OPUS_SAMPLE_RATE_HZ / 50

type Library = typeof import('libopus-wasm')

let library: Promise<Library> | null = null

/** Loads the codec ahead of the first call that speaks it. */
export function loadOpus(): Promise<Library> {
  library ??= import('libopus-wasm').then(async (loaded) => {
    await loaded.loadLibopus()
    return loaded
  })
  return library
}

/** What the peer asked of us in its fmtp (RFC 7587 §6.1). */
export interface OpusWish {
  readonly fec: boolean
  /** Bits per second at most; null: as we like. */
  readonly maxBitrate: number | null
  readonly constantBitrate: boolean
}

/** One stream out. */
export class OpusEncoder {
  #handle: OpusEncoderHandle | null = null
  #freed = false
  readonly #frame = new Int16Array(FRAME_SAMPLES)

  constructor(wish: OpusWish) {
    void this.#make(wish)
  }

  /** Encodes one frame of 20 ms; returns the octets written, 0 while it is not ready. */
  encode(from: Int16Array, offset: number, to: Uint8Array, toOffset: number): number {
    const handle = this.#handle
    if (handle === null) return 0
    const frame = this.#frame
    for (let i = 0; i < FRAME_SAMPLES; i++) frame[i] = from[offset + i]!
    const packet = handle.encode(frame, mostOctets)
    for (let i = 0; i < packet.length; i++) to[toOffset + i] = packet[i]!
    return packet.length
  }

  free(): void {
    this.#freed = true
    this.#handle?.free()
    this.#handle = null
  }

  async #make(wish: OpusWish): Promise<void> {
    const { createEncoder, Application, Signal } = await loadOpus()
    const handle = await createEncoder({
      sampleRate: OPUS_SAMPLE_RATE_HZ,
      channels: 1,
      application: Application.Voip,
      signal: Signal.Voice,
      complexity: COMPLEXITY,
      bitrate: Math.max(6000, Math.min(BITRATE, wish.maxBitrate ?? BITRATE)),
      vbr: !wish.constantBitrate,
      fec: wish.fec,
      packetLossPercent: wish.fec ? LOSS_PERCENT : 0,
    })
    if (this.#freed) handle.free()
    else this.#handle = handle
  }
}

const mostOctets = { maxPacketBytes: OPUS_MOST_OCTETS }

/** One stream in. */
export class OpusDecoder {
  #handle: OpusDecoderHandle | null = null
  #freed = false

  constructor() {
    void this.#make()
  }

  /** Decodes a packet; returns the samples written, 0 when it is broken or the decoder not ready. */
  decode(from: Uint8Array, offset: number, octets: number, to: Int16Array, toOffset: number): number {
    return this.#write(from.subarray(offset, offset + octets), undefined, to, toOffset)
  }

  /** Makes up a frame of 20 ms for a lost packet, out of the next one's redundancy when that is here. False: nothing came. */
  conceal(to: Int16Array, next: Uint8Array | null): boolean {
    return this.#write(next, next === null ? lossOptions : fecOptions, to, 0) > 0
  }

  free(): void {
    this.#freed = true
    this.#handle?.free()
    this.#handle = null
  }

  #write(packet: Uint8Array | null, options: typeof fecOptions | undefined, to: Int16Array, toOffset: number): number {
    const handle = this.#handle
    if (handle === null) return 0
    try {
      const samples = handle.decode(packet, options)
      const count = Math.min(samples.length, to.length - toOffset)
      for (let i = 0; i < count; i++) to[toOffset + i] = samples[i]!
      return count
    } catch {
      // The library throws on a packet that is none; what comes from the network never ends a call.
      return 0
    }
  }

  async #make(): Promise<void> {
    const { createDecoder } = await loadOpus()
    const handle = await createDecoder({ sampleRate: OPUS_SAMPLE_RATE_HZ, channels: 1 })
    if (this.#freed) handle.free()
    else this.#handle = handle
  }
}

const lossOptions = { decodeFec: false, frameSize: FRAME_SAMPLES }
const fecOptions = { decodeFec: true, frameSize: FRAME_SAMPLES }

/** How long a packet sounds, in RTP clock units (48 kHz); 0 when it is none (RFC 6716 §3.1, §3.2). */
export function opusUnits(bytes: Uint8Array, offset: number, octets: number): number {
  if (octets < 1) return 0
  const toc = bytes[offset]!
  const config = toc >> 3
  const code = toc & 3
  let count = code === 0 ? 1 : 2
  if (code === 3) {
    if (octets < 2) return 0
    count = bytes[offset + 1]! & 0x3f
  }
  const tenthsMs =
    config < 12
      ? [100, 200, 400, 600][config & 3]!
      : config < 16
        ? [100, 200][config & 1]!
        : [25, 50, 100, 200][config & 3]!
  const lengthTenths = count * tenthsMs
  return lengthTenths > OPUS_LONGEST_MS * 10 ? 0 : (lengthTenths * OPUS_CLOCK_HZ) / 10_000
}

/** RFC 6716 §2.1.9: in discontinuous transmission, a packet without frame data keeps the silence going. */
export function isOpusSilence(octets: number): boolean {
  return octets <= 2
}
