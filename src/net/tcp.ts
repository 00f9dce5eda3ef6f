// Real TCP streams (RFC 9293) behind base/wire.ts.

import { createServer, connect as openSocket, type Server, type Socket } from 'node:net'
import { err, ok, type Result } from '#base/result.ts'
import type {
  Address,
  BindError,
  ConnectError,
  StreamCloseReason,
  StreamConnection,
  StreamHandlers,
  StreamListener,
  StreamNet,
} from '#base/wire.ts'

/** Connections a listener keeps at most; more are closed at once. */
export const MAX_CONNECTIONS = 20_000

export class TcpNet implements StreamNet {
  listen(
    local: Address,
    onConnection: (connection: StreamConnection) => StreamHandlers,
  ): Promise<Result<StreamListener, BindError>> {
    return new Promise((resolve) => {
      const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
        const connection = new SocketConnection(socket)
        connection.attach(onConnection(connection))
      })
      server.maxConnections = MAX_CONNECTIONS
      server.once('error', (cause: NodeJS.ErrnoException) => resolve(err(bindFailure(local, cause))))
      server.listen({ host: local.host, port: local.port, exclusive: true }, () => resolve(ok(listenerOf(server))))
    })
  }

  connect(
    remote: Address,
    handlers: StreamHandlers,
    timeoutMs: number,
    localHost?: string,
  ): Promise<Result<StreamConnection, ConnectError>> {
    const socket = openSocket({
      host: remote.host,
      port: remote.port,
      noDelay: true,
      keepAlive: true,
      ...(localHost === undefined ? {} : { localAddress: localHost }),
    })
    return whenOpen(socket, 'connect', remote, handlers, timeoutMs)
  }
}

/**
 * Waits for a socket that is on its way.
 *
 * @param event which says that it may be used
 * @param about stands before the reason of a failure
 */
export function whenOpen(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  remote: Address,
  handlers: StreamHandlers,
  timeoutMs: number,
  about = '',
): Promise<Result<StreamConnection, ConnectError>> {
  return new Promise((resolve) => {
    const failed = (reason: string): void => {
      socket.destroy()
      resolve(err({ type: 'connect-failed', remote, reason: about + reason }))
    }
    // Stays: what fails once may fail twice, and a second error that nobody hears ends the process.
    socket.on('error', (cause) => failed(cause.message))
    const onTimeout = (): void => failed(`no connection within ${timeoutMs} ms`)
    socket.setTimeout(timeoutMs, onTimeout)
    socket.once(event, () => {
      socket.setTimeout(0)
      socket.removeListener('timeout', onTimeout)
      const connection = new SocketConnection(socket)
      connection.attach(handlers)
      resolve(ok(connection))
    })
  })
}

/** Why a listener could not be opened. */
export function bindFailure(local: Address, cause: NodeJS.ErrnoException): BindError {
  return cause.code === 'EADDRINUSE'
    ? { type: 'address-in-use', local }
    : { type: 'bind-failed', local, reason: cause.message }
}

/** A listening server as the wire sees it. */
export function listenerOf(server: Server): StreamListener {
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('a TCP listener has a host and a port')
  return { local: { host: bound.address, port: bound.port }, close: () => void server.close() }
}

/** One connection, plain or secured. */
export class SocketConnection implements StreamConnection {
  readonly local: Address
  readonly remote: Address
  readonly #socket: Socket
  #reason: StreamCloseReason = 'remote'
  #gathering = false

  constructor(socket: Socket) {
    this.#socket = socket
    this.local = { host: socket.localAddress ?? '', port: socket.localPort ?? 0 }
    this.remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
  }

  get bufferedOctets(): number {
    return this.#socket.writableLength
  }

  attach(handlers: StreamHandlers): void {
    this.#socket.on('data', (bytes) => handlers.onBytes(bytes))
    this.#socket.on('error', () => {
      if (this.#reason === 'remote') this.#reason = 'reset'
    })
    this.#socket.on('close', () => handlers.onClose(this.#reason))
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.destroyed) return
    if (!this.#gathering) {
      this.#gathering = true
      this.#socket.cork()
      setImmediate(this.#release)
    }
    this.#socket.write(bytes)
  }

  /** What one turn of the event loop writes leaves in one system call: on loopback each costs as much as a small message's whole story. */
  readonly #release = (): void => {
    this.#gathering = false
    this.#socket.uncork()
  }

  end(): void {
    this.#reason = 'local'
    this.#socket.end()
  }

  destroy(): void {
    this.#reason = 'local'
    this.#socket.destroy()
  }
}
