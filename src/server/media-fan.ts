// One media worker, several users: legs own sessions, the hall owns players and recorders, metrics want the load. Each
// gets a facade that sends to the same worker and hears every event. When a worker dies its users are told; when another
// takes its place the facades stay the same and hear its greeting.

import type { MediaChannel, MediaCommand, MediaEvent } from '#media/protocol.ts'

export class MediaFan {
  #channel: MediaChannel | null = null
  readonly #listeners: ((event: MediaEvent) => void)[] = []
  readonly #closers: (() => void)[] = []

  constructor(channel: MediaChannel) {
    this.attach(channel)
  }

  /** Takes a worker's channel: the first, or that of a replacement. */
  attach(channel: MediaChannel): void {
    this.#channel = channel
    channel.onEvent((event) => {
      for (const listener of this.#listeners) listener(event)
    })
    channel.onClose(() => {
      if (this.#channel === channel) this.#channel = null
      for (const closer of this.#closers) closer()
    })
    channel.send({ type: 'hello' })
  }

  /** Commands for a worker that is gone go nowhere: what they were for has been told as lost. */
  send(command: MediaCommand): void {
    this.#channel?.send(command)
  }

  /** A channel of one's own onto the worker. Listeners hear events in the order in which facades were made. */
  facade(): MediaChannel {
    return {
      send: (command) => this.send(command),
      onEvent: (listener) => {
        this.#listeners.push(listener)
      },
      onClose: (listener) => {
        this.#closers.push(listener)
      },
      close: () => this.#channel?.close(),
    }
  }
}
