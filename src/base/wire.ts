// The wire is handed in: datagrams and byte streams as the rooms see them. Real sockets live in net/, a pretended
// network with seeded loss, jitter, reordering and duplication in testkit/.

import type { Result } from './result.ts'

export interface Address {
  /** A numeric IPv4 or IPv6 address, without brackets. */
  readonly host: string
  readonly port: number
}

export type BindError =
  | { readonly type: 'address-in-use'; readonly local: Address }
  | { readonly type: 'bind-failed'; readonly local: Address; readonly reason: string }

export interface DatagramHandlers {
  /**
   * `bytes` may be reused by the wire after the call returns: copy what is kept.
   *
   * @param waitedMs how long ago the datagram came; absent where the wire does not know: just now
   */
  onDatagram(bytes: Uint8Array, from: Address, waitedMs?: number): void
  /** ICMP errors and the like. The socket lives on. */
  onError?(reason: string): void
}

export interface DatagramSocket {
  readonly local: Address
  /** Fire and forget. The wire keeps no reference to `bytes` after the call unless it copied them. */
  send(bytes: Uint8Array, to: Address): void
  /** Restricts a socket to one peer, which makes sends cheaper; `null` opens it again. Optional for a wire. */
  connect?(peer: Address | null): void
  close(): void
}

export interface DatagramNet {
  /** Port 0 asks for any free one. */
  bind(local: Address, handlers: DatagramHandlers): Promise<Result<DatagramSocket, BindError>>
  /** Lets datagrams wait so long for each other, to be told together, which is cheaper; 0: none waits. Optional for a wire. */
  gather?(mostMs: number): void
  /** Tells at once what waits. */
  tellNow?(): void
}

export type StreamCloseReason = 'local' | 'remote' | 'reset' | 'timeout'

export interface StreamHandlers {
  onBytes(bytes: Uint8Array): void
  onClose(reason: StreamCloseReason): void
}

export interface StreamConnection {
  readonly local: Address
  readonly remote: Address
  /** Octets not yet taken by the network; callers bound it. */
  readonly bufferedOctets: number
  write(bytes: Uint8Array): void
  /** Sends what is buffered, then closes. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

export interface StreamListener {
  readonly local: Address
  close(): void
}

export type ConnectError = { readonly type: 'connect-failed'; readonly remote: Address; readonly reason: string }

export interface StreamNet {
  listen(
    local: Address,
    onConnection: (connection: StreamConnection) => StreamHandlers,
  ): Promise<Result<StreamListener, BindError>>
  /** @param localHost which address of ours it leaves from; absent: whichever the system chooses */
  connect(
    remote: Address,
    handlers: StreamHandlers,
    timeoutMs: number,
    localHost?: string,
  ): Promise<Result<StreamConnection, ConnectError>>
}

/** Byte streams over TLS. */
export interface SecureStreamNet {
  /** Whether a door may be opened: there is a certificate to show. */
  readonly canListen: boolean
  listen(
    local: Address,
    onConnection: (connection: StreamConnection) => StreamHandlers,
  ): Promise<Result<StreamListener, BindError>>
  /** @param name whom the peer's certificate must name: a host, or the domain of a SIP URI (RFC 5922 §7.2) */
  connect(
    remote: Address,
    name: string,
    handlers: StreamHandlers,
    timeoutMs: number,
    localHost?: string,
  ): Promise<Result<StreamConnection, ConnectError>>
}

/** `host:port`, with brackets around IPv6. */
export function formatAddress(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
