// Streams over TLS (RFC 8446, RFC 5246) behind base/wire.ts. Peers are believed by their certificate: it must name the
// host, or carry the SIP domain as a URI (RFC 5922 §7.2). Our own certificate can be renewed while connections live.

import { isIP } from 'node:net'
import {
  checkServerIdentity,
  createServer,
  connect as openSecure,
  type PeerCertificate,
  rootCertificates,
  type Server,
} from 'node:tls'
import { err, ok, type Result } from '#base/result.ts'
import type {
  Address,
  BindError,
  ConnectError,
  SecureStreamNet,
  StreamConnection,
  StreamHandlers,
  StreamListener,
} from '#base/wire.ts'
import { bindFailure, listenerOf, MAX_CONNECTIONS, SocketConnection, whenOpen } from './tcp.ts'

/** What is older is broken (RFC 8996). */
const MIN_VERSION = 'TLSv1.2'
/** A peer that connects and never says hello. */
const HANDSHAKE_TIMEOUT_MS = 10_000

export interface TlsIdentity {
  /** PEM: the chain, our own certificate first. */
  readonly certificate: string
  /** PEM. */
  readonly key: string
}

export interface TlsOptions {
  /** Shown to peers that connect to us; null: no listening. */
  readonly identity: TlsIdentity | null
  /** PEM certificates trusted besides the usual authorities. */
  readonly extraCa: readonly string[]
  /** False takes any certificate: for tests and closed networks. */
  readonly verify: boolean
}

export class TlsNet implements SecureStreamNet {
  readonly #options: TlsOptions
  #identity: TlsIdentity | null
  readonly #servers = new Set<Server>()

  constructor(options: TlsOptions) {
    this.#options = options
    this.#identity = options.identity
  }

  get canListen(): boolean {
    return this.#identity !== null
  }

  /**
   * Shows another certificate from now on; connections there are go on with theirs.
   *
   * @returns an error when key and certificate cannot be used together; the old ones stay then
   */
  renew(identity: TlsIdentity): Result<null, string> {
    try {
      for (const server of this.#servers) server.setSecureContext(contextOf(identity))
      this.#identity = identity
      return ok(null)
    } catch (cause) {
      return err(cause instanceof Error ? cause.message : String(cause))
    }
  }

  listen(
    local: Address,
    onConnection: (connection: StreamConnection) => StreamHandlers,
  ): Promise<Result<StreamListener, BindError>> {
    const identity = this.#identity
    if (identity === null)
      return Promise.resolve(err({ type: 'bind-failed', local, reason: 'there is no certificate to show' }))
    return new Promise((resolve) => {
      let server: Server
      try {
        server = createServer(
          { ...contextOf(identity), handshakeTimeout: HANDSHAKE_TIMEOUT_MS, noDelay: true, keepAlive: true },
          (socket) => {
            const connection = new SocketConnection(socket)
            connection.attach(onConnection(connection))
          },
        )
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause)
        return resolve(err({ type: 'bind-failed', local, reason: `key or certificate: ${reason}` }))
      }
      server.maxConnections = MAX_CONNECTIONS
      // A stranger's failed handshake is the stranger's business.
      server.on('tlsClientError', (_cause, socket) => socket.destroy())
      server.once('error', (cause: NodeJS.ErrnoException) => resolve(err(bindFailure(local, cause))))
      server.listen({ host: local.host, port: local.port, exclusive: true }, () => {
        this.#servers.add(server)
        server.once('close', () => this.#servers.delete(server))
        resolve(ok(listenerOf(server)))
      })
    })
  }

  connect(
    remote: Address,
    name: string,
    handlers: StreamHandlers,
    timeoutMs: number,
    localHost?: string,
  ): Promise<Result<StreamConnection, ConnectError>> {
    const { extraCa, verify } = this.#options
    const socket = openSecure({
      host: remote.host,
      port: remote.port,
      minVersion: MIN_VERSION,
      rejectUnauthorized: verify,
      checkServerIdentity: (_host, certificate) => identityProblem(name, certificate),
      // RFC 6066 §3: the server name is never a literal address.
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ...(localHost === undefined ? {} : { localAddress: localHost }),
      ...(extraCa.length === 0 ? {} : { ca: [...rootCertificates, ...extraCa] }),
    })
    socket.setNoDelay(true)
    socket.setKeepAlive(true)
    return whenOpen(socket, 'secureConnect', remote, handlers, timeoutMs, `TLS with ${name}: `)
  }
}

function contextOf(identity: TlsIdentity): { cert: string; key: string; minVersion: 'TLSv1.2' } {
  return { cert: identity.certificate, key: identity.key, minVersion: MIN_VERSION }
}

/** RFC 5922 §7.2: a SIP URI among the alternative names counts by its host part, and decides when there is one. */
function identityProblem(name: string, certificate: PeerCertificate): Error | undefined {
  const uris = (certificate.subjectaltname ?? '')
    .split(', ')
    .filter((one) => /^URI:sips?:/i.test(one))
    .map((one) => one.replace(/^URI:sips?:/i, '').toLowerCase())
  return uris.includes(name.toLowerCase()) ? undefined : checkServerIdentity(name, certificate)
}
