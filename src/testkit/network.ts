// A pretended network: datagrams and streams between addresses in one process, on a clock handed in. Each direction of
// a path can lose, delay, jitter, reorder and duplicate datagrams, all drawn from one seed, so that a bad run replays.

import { type Chance, seededChance } from '#base/chance.ts'
import { after, type Clock } from '#base/clock.ts'
import { err, ok, type Result } from '#base/result.ts'
import {
  type Address,
  type BindError,
  type ConnectError,
  type DatagramHandlers,
  type DatagramNet,
  type DatagramSocket,
  formatAddress,
  type SecureStreamNet,
  type StreamCloseReason,
  type StreamConnection,
  type StreamHandlers,
  type StreamListener,
  type StreamNet,
} from '#base/wire.ts'

/** What a path does to the datagrams on it. Streams only feel `delayMs`. */
export interface Weather {
  readonly delayMs: number
  /** Added uniformly from 0 to this. */
  readonly jitterMs: number
  /** Probabilities, 0 to 1. */
  readonly loss: number
  readonly duplicate: number
  readonly reorder: number
}

export const fairWeather: Weather = { delayMs: 0.1, jitterMs: 0, loss: 0, duplicate: 0, reorder: 0 }

/** How much later a reordered datagram arrives than it should. */
const REORDER_EXTRA_MS = 35
const FIRST_FREE_PORT = 20_000
const LAST_PORT = 65_535

export interface Datagram {
  readonly from: Address
  readonly to: Address
  readonly bytes: Uint8Array
}

export class VirtualNet implements DatagramNet, StreamNet {
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #datagrams = new Map<string, VirtualDatagramSocket>()
  readonly #listeners = new Map<string, (connection: StreamConnection) => StreamHandlers>()
  #nextPort = FIRST_FREE_PORT
  #weather: (datagram: Datagram) => Weather | 'drop' = () => fairWeather
  #onDatagram: ((datagram: Datagram) => void) | null = null

  constructor(clock: Clock, seed = 1) {
    this.#clock = clock
    this.#chance = seededChance(seed)
  }

  /** Sets the weather, one for all paths or chosen per datagram. */
  setWeather(weather: Weather | ((datagram: Datagram) => Weather | 'drop')): void {
    this.#weather = typeof weather === 'function' ? weather : () => weather
  }

  /** Watches every datagram as it is sent. */
  watch(listener: (datagram: Datagram) => void): void {
    this.#onDatagram = listener
  }

  async bind(local: Address, handlers: DatagramHandlers): Promise<Result<DatagramSocket, BindError>> {
    const address = { host: local.host, port: local.port === 0 ? this.#freePort(local.host) : local.port }
    const key = formatAddress(address)
    if (this.#datagrams.has(key)) return err({ type: 'address-in-use', local: address })
    const socket = new VirtualDatagramSocket(address, handlers, {
      carry: (bytes, to) => this.#carry({ from: address, to, bytes: bytes.slice() }),
      release: () => this.#datagrams.delete(key),
    })
    this.#datagrams.set(key, socket)
    return ok(socket)
  }

  async listen(
    local: Address,
    onConnection: (connection: StreamConnection) => StreamHandlers,
  ): Promise<Result<StreamListener, BindError>> {
    const address = { host: local.host, port: local.port === 0 ? this.#freePort(local.host) : local.port }
    const key = formatAddress(address)
    if (this.#listeners.has(key)) return err({ type: 'address-in-use', local: address })
    this.#listeners.set(key, onConnection)
    return ok({ local: address, close: () => void this.#listeners.delete(key) })
  }

  async connect(
    remote: Address,
    handlers: StreamHandlers,
    _timeoutMs: number,
    localHost = '127.0.0.1',
  ): Promise<Result<StreamConnection, ConnectError>> {
    const accept = this.#listeners.get(formatAddress(remote))
    if (accept === undefined) return err({ type: 'connect-failed', remote, reason: 'connection refused' })
    const local = { host: localHost, port: this.#freePort(localHost) }
    const near = new VirtualStream(this.#clock, local, remote)
    const far = new VirtualStream(this.#clock, remote, local)
    near.join(far)
    far.join(near)
    near.handlers = handlers
    far.handlers = accept(far)
    return ok(near)
  }

  /** Streams that are said to be secured: who reads what is on them is not what scenarios ask. */
  get secure(): SecureStreamNet {
    return {
      canListen: true,
      listen: (local, onConnection) => this.listen(local, onConnection),
      connect: (remote, _name, handlers, timeoutMs, localHost) => this.connect(remote, handlers, timeoutMs, localHost),
    }
  }

  #freePort(host: string): number {
    for (let tries = 0; tries <= LAST_PORT - FIRST_FREE_PORT; tries++) {
      const port = this.#nextPort
      this.#nextPort = port >= LAST_PORT ? FIRST_FREE_PORT : port + 1
      const key = formatAddress({ host, port })
      if (!this.#datagrams.has(key) && !this.#listeners.has(key)) return port
    }
    throw new Error('the pretended network has no port left')
  }

  #carry(datagram: Datagram): void {
    this.#onDatagram?.(datagram)
    const weather = this.#weather(datagram)
    if (weather === 'drop' || this.#chance.uniform() < weather.loss) return
    this.#deliverLater(datagram, weather)
    if (this.#chance.uniform() < weather.duplicate) this.#deliverLater(datagram, weather)
  }

  #deliverLater(datagram: Datagram, weather: Weather): void {
    let delayMs = weather.delayMs + this.#chance.uniform() * weather.jitterMs
    if (this.#chance.uniform() < weather.reorder) delayMs += REORDER_EXTRA_MS
    after(this.#clock, delayMs, () => {
      const to = this.#datagrams.get(formatAddress(datagram.to))
      if (to !== undefined) to.receive(datagram.bytes, datagram.from)
      else this.#datagrams.get(formatAddress(datagram.from))?.refuse(datagram.to)
    })
  }
}

class VirtualDatagramSocket implements DatagramSocket {
  readonly local: Address
  readonly #handlers: DatagramHandlers
  readonly #net: { carry(bytes: Uint8Array, to: Address): void; release(): void }
  #peer: Address | null = null
  #closed = false

  constructor(
    local: Address,
    handlers: DatagramHandlers,
    net: { carry(bytes: Uint8Array, to: Address): void; release(): void },
  ) {
    this.local = local
    this.#handlers = handlers
    this.#net = net
  }

  send(bytes: Uint8Array, to: Address): void {
    if (!this.#closed) this.#net.carry(bytes, to)
  }

  connect(peer: Address | null): void {
    this.#peer = peer
  }

  close(): void {
    this.#closed = true
    this.#net.release()
  }

  receive(bytes: Uint8Array, from: Address): void {
    if (this.#closed) return
    if (this.#peer !== null && (this.#peer.host !== from.host || this.#peer.port !== from.port)) return
    this.#handlers.onDatagram(bytes, from)
  }

  refuse(to: Address): void {
    if (!this.#closed && this.#peer !== null) this.#handlers.onError?.(`connection refused by ${formatAddress(to)}`)
  }
}

class VirtualStream implements StreamConnection {
  readonly local: Address
  readonly remote: Address
  readonly bufferedOctets = 0
  handlers: StreamHandlers | null = null
  readonly #clock: Clock
  #far: VirtualStream | null = null
  #closed = false

  constructor(clock: Clock, local: Address, remote: Address) {
    this.#clock = clock
    this.local = local
    this.remote = remote
  }

  join(far: VirtualStream): void {
    this.#far = far
  }

  write(bytes: Uint8Array): void {
    if (this.#closed) return
    const copy = bytes.slice()
    after(this.#clock, fairWeather.delayMs, () => {
      if (this.#far !== null && !this.#far.#closed) this.#far.handlers?.onBytes(copy)
    })
  }

  end(): void {
    this.#close('local', 'remote')
  }

  destroy(): void {
    this.#close('local', 'reset')
  }

  #close(here: StreamCloseReason, there: StreamCloseReason): void {
    if (this.#closed) return
    this.#closed = true
    const far = this.#far
    after(this.#clock, 0, () => this.handlers?.onClose(here))
    after(this.#clock, fairWeather.delayMs, () => {
      if (far === null || far.#closed) return
      far.#closed = true
      far.handlers?.onClose(there)
    })
  }
}
