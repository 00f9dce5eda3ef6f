// A copy of a session's audio as plain RTP, each direction in a stream of its own: a packet per beat in the codec of that
// direction, in the clear, with numbers of our own. Telephone events are not part of it; digits are told as events.

import type { Chance } from '#base/chance.ts'
import type { Address, DatagramSocket } from '#base/wire.ts'
import { codecOf } from './codec.ts'
import { BEAT_MS } from './limits.ts'
import { Outbound } from './outbound.ts'
import type { CodecBinding } from './protocol.ts'
import type { MediaSession } from './session.ts'
import type { Tap } from './tap.ts'

interface Copy {
  readonly outbound: Outbound
  binding: CodecBinding | null
}

export class Fork implements Tap {
  packets = 0
  readonly #session: MediaSession
  readonly #socket: DatagramSocket
  readonly #inbound: Copy | null
  readonly #outbound: Copy | null

  constructor(
    session: MediaSession,
    socket: DatagramSocket,
    chance: Chance,
    to: { readonly inbound: Address | null; readonly outbound: Address | null },
  ) {
    this.#session = session
    this.#socket = socket
    const copy = (address: Address | null): Copy | null =>
      address === null
        ? null
        : { outbound: new Outbound(chance, (packet) => this.#send(packet, address)), binding: null }
    this.#inbound = copy(to.inbound)
    this.#outbound = copy(to.outbound)
  }

  hear(said: Int16Array | null, saidHz: number, sent: Int16Array | null, sentHz: number, dueMs: number): void {
    const send = this.#session.description?.send ?? null
    if (said !== null && this.#inbound !== null) this.#copy(this.#inbound, said, saidHz, this.#heardIn() ?? send, dueMs)
    if (sent !== null && this.#outbound !== null) this.#copy(this.#outbound, sent, sentHz, send, dueMs)
  }

  close(): void {
    this.#inbound?.outbound.close()
    this.#outbound?.outbound.close()
    this.#socket.close()
  }

  #heardIn(): CodecBinding | null {
    const { heardCodec, description } = this.#session
    return description?.receive.find((one) => codecOf(one) === heardCodec) ?? null
  }

  #copy(copy: Copy, frame: Int16Array, rateHz: number, binding: CodecBinding | null, dueMs: number): void {
    const codec = codecOf(binding)
    if (binding === null || codec === null || codec.sampleRateHz !== rateHz) return
    if (copy.binding !== binding) {
      copy.binding = binding
      copy.outbound.configure(binding, codec, null)
    }
    copy.outbound.sendFrame(frame, 0, Math.floor(dueMs / BEAT_MS), dueMs)
  }

  #send(packet: Uint8Array, to: Address): void {
    this.packets++
    this.#socket.send(packet, to)
  }
}
