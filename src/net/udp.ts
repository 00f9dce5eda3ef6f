// Real datagram sockets (RFC 768) behind base/wire.ts.

import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { err, ok, type Result } from '#base/result.ts'
import type { Address, BindError, DatagramHandlers, DatagramNet, DatagramSocket } from '#base/wire.ts'

/** Kernel buffers asked for: bursts of 20 ms of many legs must fit while the event loop is busy. */
export const RECEIVE_BUFFER_OCTETS = 1 << 20
export const SEND_BUFFER_OCTETS = 1 << 19

export interface UdpOptions {
  /** Kernel buffer sizes; media sockets of single legs want less than a SIP listener. */
  readonly receiveBufferOctets?: number
  readonly sendBufferOctets?: number
}

export class UdpNet implements DatagramNet {
  readonly #options: UdpOptions

  constructor(options: UdpOptions = {}) {
    this.#options = options
  }

  bind(local: Address, handlers: DatagramHandlers): Promise<Result<DatagramSocket, BindError>> {
    return new Promise((resolve) => {
      const socket = createSocket({
        type: isIPv6(local.host) ? 'udp6' : 'udp4',
        recvBufferSize: this.#options.receiveBufferOctets ?? RECEIVE_BUFFER_OCTETS,
        sendBufferSize: this.#options.sendBufferOctets ?? SEND_BUFFER_OCTETS,
        // Addresses are numeric here: the resolver is never asked.
        lookup: (host, _options, callback) => callback(null, host, isIPv6(host) ? 6 : 4),
      })
      const failed = (cause: Error): void => {
        socket.close()
        const code = (cause as NodeJS.ErrnoException).code
        resolve(
          err(
            code === 'EADDRINUSE'
              ? { type: 'address-in-use', local }
              : { type: 'bind-failed', local, reason: cause.message },
          ),
        )
      }
      socket.once('error', failed)
      socket.bind({ address: local.host, port: local.port, exclusive: true }, () => {
        socket.off('error', failed)
        resolve(ok(new UdpSocket(socket, handlers, local.port !== 0)))
      })
    })
  }
}

class UdpSocket implements DatagramSocket {
  readonly local: Address
  readonly #socket: Socket
  #peer: Address | null = null
  /** Linux takes a port it chose itself away again when a socket is disconnected; such a socket stays open to everybody. */
  readonly #connectable: boolean
  #connected = false
  #closed = false

  constructor(socket: Socket, handlers: DatagramHandlers, connectable: boolean) {
    this.#socket = socket
    this.#connectable = connectable
    const bound = socket.address()
    this.local = { host: bound.address, port: bound.port }
    socket.on('message', (bytes, from) => {
      if (!this.#closed) handlers.onDatagram(bytes, { host: from.address, port: from.port })
    })
    // Without a listener a refused datagram on a connected socket would end the process.
    socket.on('error', (cause) => handlers.onError?.(cause.message))
  }

  send(bytes: Uint8Array, to: Address): void {
    if (this.#closed) return
    if (this.#connected && this.#peer !== null && this.#peer.port === to.port && this.#peer.host === to.host) {
      this.#socket.send(bytes)
    } else if (!this.#connected) {
      this.#socket.send(bytes, to.port, to.host)
    }
  }

  connect(peer: Address | null): void {
    if (this.#closed) return
    if (this.#connected) this.#socket.disconnect()
    this.#connected = false
    this.#peer = peer
    if (peer === null || !this.#connectable) return
    // Our lookup answers at once, so the kernel has connected (or refused) when this returns; the platform's own event comes
    // a turn later, too late to know whether there is something to disconnect. Refused: datagrams go one by one.
    this.#socket.connect(peer.port, peer.host, () => {})
    this.#connected = isConnected(this.#socket)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
  }
}

function isConnected(socket: Socket): boolean {
  try {
    socket.remoteAddress()
    return true
  } catch {
    return false
  }
}
