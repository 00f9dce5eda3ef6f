// Datagram sockets (RFC 768) behind base/wire.ts, by the optional object compiled from native/media-sockets.c: the same as
// udp.ts at about two thirds of the price, for sockets by the hundred with small datagrams (docs/media.md, "Sockets").
//
// All sockets of a thread share one ring of slots. What came in since the last turn of the loop is read into them and told at
// once, so what a receiver is handed lives only while it runs.

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getSystemErrorName } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import { err, ok, type Result } from '#base/result.ts'
import type { Address, BindError, DatagramHandlers, DatagramNet, DatagramSocket } from '#base/wire.ts'
import { RECEIVE_BUFFER_OCTETS, SEND_BUFFER_OCTETS, type UdpOptions } from './udp.ts'

/** What the object offers. Numbers of sockets are its own; errors are `errno` values. */
interface Library {
  /** @param told how many slots hold news, from the first */
  start(octets: Uint8Array, meta: Int32Array, told: (slots: number) => void): void
  /** The socket's number, or a negative `errno`. */
  bind(host: string, port: number, receiveBufferOctets: number, sendBufferOctets: number): number
  close(socket: number): void
  localHost(socket: number): string
  localPort(socket: number): number
  /** Who sent the datagram told last. */
  sourceHost(socket: number): string
  /** Says where the next sends go; connected, only that peer is heard. 0 or an `errno`. */
  aim(socket: number, host: string, port: number, connect: boolean): number
  disconnect(socket: number): void
  /** 0 or an `errno`. */
  send(socket: number, octets: Uint8Array): number
  /** Milliseconds between two readings while datagrams come; 0: they are told as they come. */
  gather(milliseconds: number): void
  /** Reads now; how many slots hold news, from the first. */
  read(): number
}

/** In step with native/media-sockets.c: what the numbers of a slot are, and how long a datagram may be. */
const META_SOCKET = 0
const META_LENGTH = 1
const META_PORT = 2
const META_NEW_SOURCE = 3
const META_WAITED_US = 4
const META_FIELDS = 5
const SLOT_OCTETS = 2048
const SLOTS = 256

const EADDRINUSE = -98

/** Where scripts/native.js puts the object of this platform. */
export function nativeObject(): string {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
  return join(root, 'native', 'build', `${process.platform}-${process.arch}`, 'media-sockets.node')
}

let hub: Hub | null | undefined
let reason = ''

/**
 * The sockets of the native object, or `null` where it cannot be had: not compiled, not for this platform, or not the main thread.
 *
 * @param options kernel buffers in octets, as for `UdpNet`
 */
export function nativeUdp(options: UdpOptions = {}): DatagramNet | null {
  hub ??= load()
  return hub === null ? null : new NativeUdpNet(hub, options)
}

/** Why `nativeUdp` gave `null` the last time. */
export function whyNoNativeUdp(): string {
  return reason
}

function load(): Hub | null {
  const path = nativeObject()
  if (!isMainThread) reason = 'only for the main thread of a process'
  else if (!existsSync(path)) reason = `not compiled for ${process.platform}-${process.arch}`
  else {
    try {
      return new Hub(createRequire(import.meta.url)(path) as Library)
    } catch (cause) {
      reason = cause instanceof Error ? cause.message : String(cause)
    }
  }
  return null
}

/** The slots and who gets what is in them. */
class Hub {
  readonly library: Library
  readonly #octets = new Uint8Array(SLOTS * SLOT_OCTETS)
  readonly #meta = new Int32Array(SLOTS * META_FIELDS)
  /** The view handed out last for each slot: datagrams of a codec are all of one length. */
  readonly #views: Uint8Array[]
  readonly #sockets: (NativeSocket | null)[] = []
  #turn = 0
  #telling = false

  constructor(library: Library) {
    this.library = library
    this.#views = Array.from({ length: SLOTS }, () => this.#octets.subarray(0, 0))
    library.start(this.#octets, this.#meta, (slots) => this.#receive(slots))
  }

  add(id: number, socket: NativeSocket): void {
    socket.bornIn = this.#turn
    this.#sockets[id] = socket
  }

  remove(id: number): void {
    this.#sockets[id] = null
  }

  tellNow(): void {
    // Who asks while being told is in the middle of it.
    if (this.#telling) return
    let slots: number
    do {
      slots = this.library.read()
      this.#receive(slots)
    } while (slots === SLOTS)
  }

  #receive(slots: number): void {
    this.#turn++
    this.#telling = true
    try {
      this.#tell(slots)
    } finally {
      this.#telling = false
    }
  }

  #tell(slots: number): void {
    const meta = this.#meta
    for (let slot = 0; slot < slots; slot++) {
      const at = slot * META_FIELDS
      const socket = this.#sockets[meta[at + META_SOCKET]!]
      // Closed by a receiver just before in this turn; or closed and its number given to another since.
      if (socket == null || socket.bornIn === this.#turn) continue
      const length = meta[at + META_LENGTH]!
      if (length < 0) socket.fail(length)
      else {
        const isNewSource = meta[at + META_NEW_SOURCE] === 1
        socket.receive(this.#view(slot, length), meta[at + META_PORT]!, isNewSource, meta[at + META_WAITED_US]! / 1000)
      }
    }
  }

  #view(slot: number, length: number): Uint8Array {
    const last = this.#views[slot]!
    if (last.length === length) return last
    const start = slot * SLOT_OCTETS
    const view = this.#octets.subarray(start, start + length)
    this.#views[slot] = view
    return view
  }
}

class NativeUdpNet implements DatagramNet {
  readonly #hub: Hub
  readonly #options: UdpOptions

  constructor(hub: Hub, options: UdpOptions) {
    this.#hub = hub
    this.#options = options
  }

  async bind(local: Address, handlers: DatagramHandlers): Promise<Result<DatagramSocket, BindError>> {
    const id = this.#hub.library.bind(
      local.host,
      local.port,
      this.#options.receiveBufferOctets ?? RECEIVE_BUFFER_OCTETS,
      this.#options.sendBufferOctets ?? SEND_BUFFER_OCTETS,
    )
    if (id === EADDRINUSE) return err({ type: 'address-in-use', local })
    if (id < 0) return err({ type: 'bind-failed', local, reason: getSystemErrorName(id) })
    return ok(new NativeSocket(this.#hub, id, handlers, local.port !== 0))
  }

  /** For all sockets of the thread: they share one set. */
  gather(mostMs: number): void {
    this.#hub.library.gather(mostMs)
  }

  tellNow(): void {
    this.#hub.tellNow()
  }
}

class NativeSocket implements DatagramSocket {
  readonly local: Address
  /** The hub's turn in which it was bound: what that turn still tells of its number was another's. */
  bornIn = 0
  readonly #hub: Hub
  readonly #id: number
  readonly #handlers: DatagramHandlers
  /** As in udp.ts: a port that the system chose is lost when the socket is disconnected. */
  readonly #connectable: boolean
  #source: Address = { host: '', port: 0 }
  #aim: Address | null = null
  #connected = false
  #closed = false

  constructor(hub: Hub, id: number, handlers: DatagramHandlers, connectable: boolean) {
    this.#hub = hub
    this.#id = id
    this.#handlers = handlers
    this.#connectable = connectable
    this.local = { host: hub.library.localHost(id), port: hub.library.localPort(id) }
    hub.add(id, this)
  }

  receive(bytes: Uint8Array, port: number, isNewSource: boolean, waitedMs: number): void {
    if (isNewSource) this.#source = { host: this.#hub.library.sourceHost(this.#id), port }
    this.#handlers.onDatagram(bytes, this.#source, waitedMs)
  }

  fail(errno: number): void {
    this.#handlers.onError?.(getSystemErrorName(errno))
  }

  send(bytes: Uint8Array, to: Address): void {
    if (this.#closed) return
    const aim = this.#aim
    if (aim === null || aim.port !== to.port || aim.host !== to.host) {
      if (this.#connected || !this.#aimAt(to, false)) return
    }
    const errno = this.#hub.library.send(this.#id, bytes)
    if (errno !== 0) this.fail(-errno)
  }

  connect(peer: Address | null): void {
    if (this.#closed) return
    if (this.#connected) this.#hub.library.disconnect(this.#id)
    this.#connected = false
    this.#aim = null
    if (peer !== null && this.#connectable) this.#connected = this.#aimAt(peer, true)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#hub.remove(this.#id)
    this.#hub.library.close(this.#id)
  }

  #aimAt(to: Address, connect: boolean): boolean {
    const errno = this.#hub.library.aim(this.#id, to.host, to.port, connect)
    if (errno !== 0) this.fail(-errno)
    else this.#aim = to
    return errno === 0
  }
}
