// The transport layer (RFC 3261 §18, RFC 3581, RFC 5626 §4.4.1): listeners for datagrams, streams and secured streams, a table
// of flows with stable names, where a response goes, and reuse of connections. WebSocket is a kind of the same union whose
// listener comes with browsers.
//
// A flow is one way to reach one peer: for UDP our socket and its address, for a stream the connection.

import type { Clock, Timer } from '#base/clock.ts'
import { after } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { err, ok, type Result } from '#base/result.ts'
import {
  type Address,
  type BindError,
  type DatagramNet,
  type DatagramSocket,
  formatAddress,
  type SecureStreamNet,
  type StreamConnection,
  type StreamHandlers,
  type StreamListener,
  type StreamNet,
} from '#base/wire.ts'
import { writeVia } from './fields.ts'
import { StreamFramer } from './framing.ts'
import {
  CONNECT_TIMEOUT_MS,
  HALF_MESSAGE_TIMEOUT_MS,
  MAX_CONNECT_QUEUE,
  MAX_STREAM_BACKLOG_OCTETS,
  MAX_STREAMS,
} from './limits.ts'
import { type HeaderField, type SipMessage, SipRequest } from './message.ts'
import { param } from './params.ts'
import { type ParseError, parseMessage } from './parse.ts'
import { bareHost, uriHost } from './uri.ts'

export type TransportKind = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss'

/** Whether the transport repeats lost octets itself, so that transactions need not. */
export function isReliable(kind: TransportKind): boolean {
  return kind !== 'udp'
}

export interface Flow {
  /** Stable while the flow lives; a registration may name it as its next hop. */
  readonly id: string
  readonly kind: TransportKind
  readonly local: Address
  readonly remote: Address
}

/** Where a request goes. With `flowId` the flow is tried first. */
export interface Target {
  readonly kind: TransportKind
  readonly address: Address
  readonly flowId: string | null
  /** TLS: whom the certificate must name; absent: the address. */
  readonly name?: string
  /** Which of our doors it leaves by, and is answered at; absent: the first. */
  readonly localHost?: string
}

/** Where a response goes: the flow its request came by, else a new connection to the address named in its Via. */
export interface ResponseRoute {
  readonly kind: TransportKind
  readonly flowId: string
  readonly address: Address
}

export interface TransportListener {
  onMessage(message: SipMessage, flow: Flow): void
  /** Octets that are no message; the answer, if any, is for the layer above to send. */
  onMalformed(error: ParseError, flow: Flow): void
  onFlowClosed?(flowId: string): void
}

export interface TransportOptions {
  readonly clock: Clock
  readonly log: Log
  readonly datagrams: DatagramNet
  readonly streams: StreamNet
  /** Absent: no TLS, in or out. */
  readonly secure?: SecureStreamNet
  /** The host put into Via and Contact instead of the bound one (NAT, wildcard binds). */
  readonly advertisedHost?: string
}

const PLAIN_KINDS: ReadonlySet<TransportKind> = new Set(['udp', 'tcp'])
const ALL_KINDS: ReadonlySet<TransportKind> = new Set(['udp', 'tcp', 'tls'])

const CRLF = Buffer.from('\r\n')

interface Stream {
  readonly flow: Flow
  /** By which others find it. */
  readonly way: string
  readonly framer: StreamFramer
  connection: StreamConnection | null
  /** Octets waiting for the connection, each with what to do when it fails. */
  queue: { bytes: Uint8Array; failed: ((reason: string) => void) | undefined }[]
  halfTimer: Timer | null
  /** Over TLS, when we connected: whom its certificate named. */
  readonly name: string | null
}

export class SipTransport {
  readonly #options: TransportOptions
  #listener: TransportListener | null = null
  readonly #sockets: DatagramSocket[] = []
  readonly #servers: { readonly kind: TransportKind; readonly listener: StreamListener }[] = []
  readonly #streams = new Map<string, Stream>()
  readonly #streamByWay = new Map<string, Stream>()
  #streamCount = 0
  #closed = false

  constructor(options: TransportOptions) {
    this.#options = options
  }

  /** Set once, before `listen`. */
  onTraffic(listener: TransportListener): void {
    this.#listener = listener
  }

  /** Opens a door. Port 0 asks for any free one; the answer says which. */
  async listen(kind: 'udp' | 'tcp' | 'tls', local: Address): Promise<Result<Address, BindError>> {
    if (kind === 'udp') {
      const index = this.#sockets.length
      const bound = await this.#options.datagrams.bind(local, {
        onDatagram: (bytes, from) => this.#receiveDatagram(index, bytes, from),
        onError: (reason) => this.#options.log.debug({ reason }, 'SIP socket error'),
      })
      if (!bound.ok) return bound
      this.#sockets.push(bound.value)
      return ok(bound.value.local)
    }
    const { streams, secure } = this.#options
    const net = kind === 'tls' ? secure : streams
    if (net === undefined) return err({ type: 'bind-failed', local, reason: 'there is no TLS here' })
    const bound = await net.listen(local, (connection) => this.#accept(kind, connection))
    if (!bound.ok) return bound
    this.#servers.push({ kind, listener: bound.value })
    return ok(bound.value.local)
  }

  /**
   * The address peers should use for us over a transport: for Via and Contact. Null when there is no such door.
   *
   * @param host asks for the door at this address, and for the first one when there is none
   */
  localAddress(kind: TransportKind, host?: string): Address | null {
    const [first, ...others] = this.#doors(kind)
    if (first === undefined) return null
    const named = host === undefined ? undefined : others.find((local) => local.host === host)
    return named ?? { host: this.#options.advertisedHost ?? first.host, port: first.port }
  }

  #doors(kind: TransportKind): readonly Address[] {
    return kind === 'udp'
      ? this.#sockets.map(({ local }) => local)
      : this.#servers.filter((server) => server.kind === kind).map(({ listener }) => listener.local)
  }

  /** The transports a call out may take. */
  get dialledKinds(): ReadonlySet<TransportKind> {
    return this.#options.secure === undefined ? PLAIN_KINDS : ALL_KINDS
  }

  /** Whether a URI's host and port are one of our doors: such a Route is ours to strip. */
  isLocal(host: string, port: number | null): boolean {
    const bare = bareHost(host)
    for (const kind of ['udp', 'tcp', 'tls'] as const) {
      const wanted = port ?? (kind === 'tls' ? 5061 : 5060)
      const doors = [this.localAddress(kind), ...this.#doors(kind).slice(1)]
      if (doors.some((local) => local?.host === bare && local.port === wanted)) return true
    }
    return false
  }

  /** The name of the flow to an address by our first UDP door: requests stay on it, whatever a Contact says. */
  udpFlowTo(remote: Address): string {
    return udpFlowId(0, remote)
  }

  /** The flow with this name, while it lives. */
  flow(id: string): Flow | null {
    const stream = this.#streams.get(id)
    if (stream !== undefined) return stream.flow
    const udp = /^udp:([0-9]+):(.+):([0-9]+)$/.exec(id)
    const socket = udp === null ? undefined : this.#sockets[Number(udp[1])]
    if (udp === null || socket === undefined) return null
    return { id, kind: 'udp', local: socket.local, remote: { host: udp[2]!, port: Number(udp[3]) } }
  }

  /** Sends a request's octets. `failed` is called, later, when they cannot leave. */
  send(bytes: Uint8Array, target: Target, failed?: (reason: string) => void): void {
    if (this.#closed) return
    if (target.kind === 'udp') {
      const flow = target.flowId === null ? null : this.flow(target.flowId)
      const named = this.#sockets.findIndex(({ local }) => local.host === target.localHost)
      const index = flow === null ? Math.max(0, named) : Number(flow.id.split(':')[1])
      const socket = this.#sockets[index]
      if (socket === undefined) this.#failLater(failed, 'no UDP door')
      else socket.send(bytes, flow?.remote ?? target.address)
      return
    }
    const stream =
      (target.flowId === null ? undefined : this.#streams.get(target.flowId)) ??
      this.#known(target) ??
      this.#connect(target)
    if (stream === null) this.#failLater(failed, 'too many connections')
    else this.#write(stream, bytes, failed)
  }

  /** Sends a response's octets (RFC 3261 §18.2.2): the same flow, else a new connection to the Via's address. */
  sendResponse(bytes: Uint8Array, route: ResponseRoute): void {
    if (route.kind === 'udp') {
      const index = Number(route.flowId.split(':')[1])
      this.#sockets[index]?.send(bytes, route.address)
      return
    }
    this.send(bytes, { kind: route.kind, address: route.address, flowId: route.flowId })
  }

  /** A keepalive on a flow: CRLF CRLF on streams (RFC 5626 §3.5.1); on UDP the same octets hold the NAT's mapping. */
  ping(flowId: string): void {
    const flow = this.flow(flowId)
    if (flow !== null) this.send(Buffer.from('\r\n\r\n'), { kind: flow.kind, address: flow.remote, flowId })
  }

  /** Breaks every stream, as a network failure would. */
  dropStreams(): void {
    for (const stream of [...this.#streams.values()]) {
      stream.connection?.destroy()
      this.#forget(stream)
    }
  }

  close(): void {
    this.#closed = true
    for (const socket of this.#sockets) socket.close()
    for (const server of this.#servers) server.listener.close()
    this.dropStreams()
  }

  #receiveDatagram(index: number, bytes: Uint8Array, from: Address): void {
    // Keepalives: CRLFs alone, or anything too short to be a message (RFC 5626, STUN-less pings, NUL octets).
    if (bytes.length < 16 || this.#closed) return
    const flow: Flow = {
      id: udpFlowId(index, from),
      kind: 'udp',
      local: this.#sockets[index]!.local,
      remote: from,
    }
    this.#receive(bytes, flow)
  }

  #receive(bytes: Uint8Array, flow: Flow): void {
    const parsed = parseMessage(bytes, flow.kind === 'udp' ? 'datagram' : 'stream')
    if (!parsed.ok) {
      const { request } = parsed.error
      const error = request === null ? parsed.error : { ...parsed.error, request: stampReceived(request, flow.remote) }
      this.#listener?.onMalformed(error, flow)
    } else if (parsed.value.type === 'request') {
      this.#listener?.onMessage(stampReceived(parsed.value, flow.remote), flow)
    } else {
      this.#listener?.onMessage(parsed.value, flow)
    }
  }

  #accept(kind: TransportKind, connection: StreamConnection): StreamHandlers {
    const stream = this.#addStream(kind, connection.local, connection.remote, connection)
    if (stream === null) {
      connection.destroy()
      return { onBytes() {}, onClose() {} }
    }
    return this.#handlers(stream)
  }

  /** A connection there is already. One over TLS must have been believed for the same name (RFC 5923 §5). */
  #known(target: Target): Stream | undefined {
    const stream = this.#streamByWay.get(wayOf(target.kind, target.address, target.localHost))
    const strange = target.name !== undefined && stream !== undefined && stream.name !== target.name
    return strange ? undefined : stream
  }

  #connect(target: Target): Stream | null {
    const { kind, address: remote, localHost } = target
    const { streams, secure } = this.#options
    const local = this.localAddress(kind, localHost) ?? { host: '0.0.0.0', port: 0 }
    const name = target.name ?? remote.host
    const stream = this.#addStream(kind, local, remote, null, kind === 'tls' ? name : null, localHost)
    if (stream === null) return null
    const handlers = this.#handlers(stream)
    const connecting =
      kind !== 'tls'
        ? streams.connect(remote, handlers, CONNECT_TIMEOUT_MS, localHost)
        : (secure?.connect(remote, name, handlers, CONNECT_TIMEOUT_MS, localHost) ??
          Promise.resolve(err({ type: 'connect-failed', remote, reason: 'there is no TLS here' } as const)))
    connecting.then((result) => {
      const waiting = stream.queue
      stream.queue = []
      if (!result.ok) {
        this.#forget(stream)
        for (const item of waiting) item.failed?.(result.error.reason)
        return
      }
      if (this.#closed || !this.#streams.has(stream.flow.id)) {
        result.value.destroy()
        return
      }
      stream.connection = result.value
      for (const item of waiting) this.#write(stream, item.bytes, item.failed)
    })
    return stream
  }

  #addStream(
    kind: TransportKind,
    local: Address,
    remote: Address,
    connection: StreamConnection | null,
    name: string | null = null,
    localHost?: string,
  ): Stream | null {
    if (this.#streams.size >= MAX_STREAMS) return null
    const flow: Flow = { id: `${kind}:${++this.#streamCount}`, kind, local, remote }
    const way = wayOf(kind, remote, localHost)
    const stream: Stream = { flow, way, framer: new StreamFramer(), connection, queue: [], halfTimer: null, name }
    this.#streams.set(flow.id, stream)
    this.#streamByWay.set(way, stream)
    return stream
  }

  #handlers(stream: Stream): StreamHandlers {
    return {
      onBytes: (bytes) => this.#receiveBytes(stream, bytes),
      onClose: () => this.#forget(stream),
    }
  }

  #receiveBytes(stream: Stream, bytes: Uint8Array): void {
    for (const frame of stream.framer.push(bytes)) {
      if (frame.type === 'message') this.#receive(frame.bytes, stream.flow)
      else if (frame.type === 'ping') this.#write(stream, CRLF)
      else {
        // Framing is lost (RFC 4475 §3.1.2.18): say so once if it can be said, then close.
        this.#receive(frame.bytes, stream.flow)
        this.#options.log.debug({ flow: stream.flow.id, reason: frame.reason }, 'SIP stream framing lost')
        stream.connection?.end()
        this.#forget(stream)
        return
      }
    }
    stream.halfTimer?.cancel()
    stream.halfTimer = stream.framer.waiting
      ? after(this.#options.clock, HALF_MESSAGE_TIMEOUT_MS, () => {
          stream.connection?.destroy()
          this.#forget(stream)
        })
      : null
  }

  #write(stream: Stream, bytes: Uint8Array, failed?: (reason: string) => void): void {
    if (stream.connection === null) {
      if (stream.queue.length >= MAX_CONNECT_QUEUE) this.#failLater(failed, 'too much waits for the connection')
      else stream.queue.push({ bytes, failed })
      return
    }
    if (stream.connection.bufferedOctets > MAX_STREAM_BACKLOG_OCTETS) {
      stream.connection.destroy()
      this.#forget(stream)
      this.#failLater(failed, 'the peer reads too slowly')
      return
    }
    stream.connection.write(bytes)
  }

  #forget(stream: Stream): void {
    if (!this.#streams.delete(stream.flow.id)) return
    stream.halfTimer?.cancel()
    if (this.#streamByWay.get(stream.way) === stream) this.#streamByWay.delete(stream.way)
    this.#listener?.onFlowClosed?.(stream.flow.id)
  }

  #failLater(failed: ((reason: string) => void) | undefined, reason: string): void {
    if (failed !== undefined) after(this.#options.clock, 0, () => failed(reason))
  }
}

function wayOf(kind: TransportKind, remote: Address, localHost: string | undefined): string {
  const way = `${kind} ${formatAddress(remote)}`
  return localHost === undefined ? way : `${way} from ${localHost}`
}

/** Writes `received` and `rport` into the topmost Via (RFC 3261 §18.2.1, RFC 3581 §4). */
export function stampReceived(request: SipRequest, source: Address): SipRequest {
  const via = request.topVia
  if (via === null) return request
  const asksPort = param(via.params, 'rport') !== undefined
  const differs = bareHost(via.host) !== source.host
  if (!asksPort && !differs) return request
  const params = via.params.filter(([name]) => name !== 'received' && name !== 'rport')
  const stamped = writeVia({
    ...via,
    params: [
      ...params,
      ['received', uriHost(source.host)] as const,
      ...(asksPort ? [['rport', String(source.port)] as const] : []),
    ],
  })
  const headers: HeaderField[] = []
  let first = true
  for (const header of request.headers) {
    if (header.id !== 'via' || !first) {
      headers.push(header)
      continue
    }
    first = false
    const rest = request.vias!.length > 1 ? restOfList(header.value) : ''
    headers.push({ id: 'via', name: header.name, value: stamped + rest })
  }
  return new SipRequest(request.method, request.uriText, headers, request.body)
}

function restOfList(value: string): string {
  let quoted = false
  for (let at = 0; at < value.length; at++) {
    if (value[at] === '"' && value[at - 1] !== '\\') quoted = !quoted
    else if (value[at] === ',' && !quoted) return value.slice(at)
  }
  return ''
}

/** Where the answer to a request goes (RFC 3261 §18.2.2, RFC 3581 §4). */
export function responseRoute(request: SipRequest, flow: Flow): ResponseRoute {
  const via = request.topVia
  const port = via === null || param(via.params, 'rport') !== undefined ? flow.remote.port : (via.port ?? 5060)
  // On a stream this is where a new connection would go: the sender's address with the port it listens on.
  const address =
    flow.kind === 'udp' ? { host: flow.remote.host, port } : { host: flow.remote.host, port: via?.port ?? 5060 }
  return { kind: flow.kind, flowId: flow.id, address }
}

function udpFlowId(socket: number, remote: Address): string {
  return `udp:${socket}:${remote.host}:${remote.port}`
}
