// Control's end of a socket to a worker process: a `MediaChannel` over any byte stream.

import { ok, type Result } from '#base/result.ts'
import type { Address, ConnectError, StreamConnection, StreamHandlers, StreamNet } from '#base/wire.ts'
import { encodeFrame, FrameDecoder } from './channel-frames.ts'
import type { MediaChannel, MediaCommand, MediaEvent } from './protocol.ts'

export class ChannelClient implements MediaChannel {
  /** To be given to whatever opens the stream. */
  readonly handlers: StreamHandlers
  readonly #decoder = new FrameDecoder()
  readonly #early: MediaEvent[] = []
  #connection: StreamConnection | null = null
  #pending: Uint8Array[] = []
  #scheduled = false
  #listener: ((event: MediaEvent) => void) | null = null
  #onClose: () => void = () => {}
  #closed = false

  constructor() {
    this.handlers = {
      onBytes: (bytes) => this.#receive(bytes),
      onClose: () => {
        if (this.#closed) return
        this.#closed = true
        this.#onClose()
      },
    }
  }

  /** The stream is open. `secret` is what the worker was told to expect. */
  attach(connection: StreamConnection, secret: string): void {
    this.#connection = connection
    connection.write(encodeFrame({ secret }))
    this.#flush()
  }

  send(command: MediaCommand): void {
    if (this.#closed) return
    this.#pending.push(encodeFrame(command))
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => this.#flush())
  }

  onEvent(listener: (event: MediaEvent) => void): void {
    this.#listener = listener
    for (const event of this.#early.splice(0)) listener(event)
  }

  onClose(listener: () => void): void {
    this.#onClose = listener
  }

  close(): void {
    this.#closed = true
    this.#connection?.end()
  }

  /** Several commands of one turn leave in one write. */
  #flush(): void {
    this.#scheduled = false
    if (this.#connection === null || this.#pending.length === 0) return
    const bytes = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending)
    this.#pending = []
    this.#connection.write(bytes)
  }

  #receive(bytes: Uint8Array): void {
    const decoded = this.#decoder.push(bytes)
    if (!decoded.ok) {
      this.#connection?.destroy()
      return
    }
    for (const message of decoded.value) {
      if (this.#listener === null) this.#early.push(message as MediaEvent)
      else this.#listener(message as MediaEvent)
    }
  }
}

/** Connects to a worker that listens on an address. */
export async function connectChannel(
  net: StreamNet,
  remote: Address,
  secret: string,
  timeoutMs: number,
): Promise<Result<ChannelClient, ConnectError>> {
  const client = new ChannelClient()
  const connected = await net.connect(remote, client.handlers, timeoutMs)
  if (!connected.ok) return connected
  client.attach(connected.value, secret)
  return ok(client)
}
