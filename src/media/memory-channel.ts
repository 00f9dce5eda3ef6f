// Control and a worker in one process: commands and events are handed over as they are, in order, never inside the call
// that caused them, so that both sides behave as they do with a socket between them.

import type { MediaChannel, MediaCommand, MediaEvent } from './protocol.ts'
import type { MediaWorker } from './worker.ts'

export class MemoryChannel implements MediaChannel {
  readonly #worker: MediaWorker
  readonly #queue: ({ readonly command: MediaCommand } | { readonly event: MediaEvent })[] = []
  #scheduled = false
  #onEvent: (event: MediaEvent) => void = () => {}
  #onClose: () => void = () => {}
  #closed = false

  /** Takes the worker over: nobody else may listen to it. */
  constructor(worker: MediaWorker) {
    this.#worker = worker
    worker.onEvent((event) => this.#put({ event }))
    worker.onDrained(() => queueMicrotask(() => this.fail()))
  }

  send(command: MediaCommand): void {
    if (!this.#closed) this.#put({ command })
  }

  onEvent(listener: (event: MediaEvent) => void): void {
    this.#onEvent = listener
  }

  onClose(listener: () => void): void {
    this.#onClose = listener
  }

  /** Closes the worker too: without its only control it has no use. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    void this.#worker.close()
  }

  /** The worker is gone: what control sees when a worker process dies. */
  fail(): void {
    if (this.#closed) return
    this.#closed = true
    this.#onClose()
  }

  #put(one: { readonly command: MediaCommand } | { readonly event: MediaEvent }): void {
    this.#queue.push(one)
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => this.#deliver())
  }

  #deliver(): void {
    this.#scheduled = false
    // What is caused by this delivery comes with the next one.
    const batch = this.#queue.splice(0)
    for (const one of batch) {
      if (this.#closed) return
      if ('command' in one) this.#worker.handle(one.command)
      else this.#onEvent(one.event)
    }
  }
}
