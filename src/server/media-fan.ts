// One media channel, several users: legs own sessions, the hall owns players and recorders, metrics want the load. Each
// gets a facade that sends into the same channel and hears every event.

import type { MediaChannel, MediaEvent } from '#media/protocol.ts'

export class MediaFan {
  readonly #channel: MediaChannel
  readonly #listeners: ((event: MediaEvent) => void)[] = []
  readonly #closers: (() => void)[] = []

  constructor(channel: MediaChannel) {
    this.#channel = channel
    channel.onEvent((event) => {
      for (const listener of this.#listeners) listener(event)
    })
    channel.onClose(() => {
      for (const closer of this.#closers) closer()
    })
  }

  /** A channel of one's own onto the same worker. Listeners hear events in the order in which facades were made. */
  facade(): MediaChannel {
    return {
      send: (command) => this.#channel.send(command),
      onEvent: (listener) => {
        this.#listeners.push(listener)
      },
      onClose: (listener) => {
        this.#closers.push(listener)
      },
      close: () => this.#channel.close(),
    }
  }
}
