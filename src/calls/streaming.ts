// Streams of a call's audio to an application, and forks of it as RTP: at most one of either on a call. A stream is told
// when its connection stands, and when it is over; a fork that begins ends a stream that runs.

import type { StreamId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { MediaEvent, StreamSubject } from '#media/protocol.ts'
import type { Refusal } from './commands.ts'
import type { Hall, LiveCall } from './hall.ts'
import type { Call, ForkSpec, Stream, StreamSpec } from './model.ts'

export class Streaming {
  readonly #hall: Hall
  /** Whose stream it is. */
  readonly #calls = new Map<StreamId, LiveCall>()
  /** What waits for a stream to stand, or to fail. */
  readonly #waiting = new Map<StreamId, () => void>()

  constructor(hall: Hall) {
    this.#hall = hall
  }

  start(live: LiveCall, spec: StreamSpec): Result<Stream, Refusal> {
    if (live.stream !== null) return err({ type: 'stream-running' })
    return ok(this.#open(live, spec, false))
  }

  /** Opens a stream of a call that is not dialled yet; `then` runs once it stands or has failed. */
  startEarly(live: LiveCall, spec: StreamSpec, then: () => void): void {
    const stream = this.#open(live, spec, true)
    this.#waiting.set(stream.id, then)
  }

  /** The call is hung up before it was dialled: it need not wait any more. */
  release(live: LiveCall): void {
    if (live.stream !== null) this.#proceed(live.stream.id)
  }

  /** A stream that was opened early begins with the answer. */
  answered(live: LiveCall): void {
    if (live.stream?.type === 'web-socket')
      this.#hall.toMedia(live.call.account, { type: 'begin-stream', stream: live.stream.id })
  }

  fork(live: LiveCall, spec: ForkSpec): Result<Stream, Refusal> {
    if (live.stream?.type === 'fork') return err({ type: 'stream-running' })
    if (live.stream !== null) this.#end(live, live.stream)
    const stream: Stream = { id: this.#hall.doors.ids.make<'stream'>(), type: 'fork', spec, started: false }
    this.#keep(live, stream)
    this.#hall.toMedia(live.call.account, {
      type: 'start-fork',
      stream: stream.id,
      session: live.call.id,
      inbound: spec.inbound,
      outbound: spec.outbound,
    })
    return ok(stream)
  }

  /** @param named null: whichever runs */
  stop(live: LiveCall, type: Stream['type'], named: StreamId | null): Result<void, Refusal> {
    const { stream } = live
    if (stream === null || stream.type !== type || (named !== null && named !== stream.id))
      return err({ type: type === 'fork' ? 'not-forked' : 'no-stream' })
    this.#end(live, stream)
    return ok(undefined)
  }

  /** A digit that came by signalling; those in the audio the worker hears itself. */
  digit(live: LiveCall, digit: string, durationMs: number): void {
    if (live.stream?.type !== 'web-socket') return
    const { id: session, account } = live.call
    this.#hall.toMedia(account, { type: 'tell-stream-digit', session, digit, durationMs })
  }

  callEnded(live: LiveCall): void {
    if (live.stream !== null) this.#end(live, live.stream)
  }

  onMedia(event: Extract<MediaEvent, { readonly type: 'stream-started' | 'stream-ended' }>): void {
    const live = this.#calls.get(event.stream as StreamId)
    const stream = live?.stream
    if (live === undefined || stream == null || stream.id !== event.stream) return
    const { call } = live
    if (event.type === 'stream-started') {
      live.stream = { ...stream, started: true }
      this.#hall.tell({ type: 'stream.started', call, stream }, call.id)
      return this.#proceed(stream.id)
    }
    this.#forget(live, stream)
    if (event.reason === 'failed' && event.failure !== null)
      this.#hall.tell({ type: 'stream.failed', call, stream, failure: event.failure }, call.id)
    else if (stream.started) this.#hall.tell({ type: 'stream.stopped', call, stream }, call.id)
    this.#proceed(stream.id)
  }

  /** The media worker is gone, and every stream in it. */
  onMediaLost(): void {
    for (const live of [...this.#calls.values()]) {
      const { stream, call } = live
      if (stream === null) continue
      this.#forget(live, stream)
      const failure = { type: 'connection-lost', reason: 'the media worker ended' } as const
      this.#hall.tell({ type: 'stream.failed', call, stream, failure }, call.id)
      this.#proceed(stream.id)
    }
  }

  #open(live: LiveCall, spec: StreamSpec, wait: boolean): Stream {
    const stream: Stream = { id: this.#hall.doors.ids.make<'stream'>(), type: 'web-socket', spec, started: false }
    this.#keep(live, stream)
    const { url, headers, language, track, format, parameters, voice } = spec
    this.#hall.toMedia(live.call.account, {
      type: 'start-stream',
      stream: stream.id,
      session: live.call.id,
      wait,
      wish: { url, headers, language, track, format, parameters, voice, about: subjectOf(live.call) },
    })
    return stream
  }

  #end(live: LiveCall, stream: Stream): void {
    this.#forget(live, stream)
    this.#hall.toMedia(live.call.account, { type: 'stop-stream', stream: stream.id })
    // One that never stood was never told of.
    if (stream.started) this.#hall.tell({ type: 'stream.stopped', call: live.call, stream }, live.call.id)
    this.#proceed(stream.id)
  }

  #keep(live: LiveCall, stream: Stream): void {
    live.stream = stream
    this.#calls.set(stream.id, live)
  }

  #forget(live: LiveCall, stream: Stream): void {
    live.stream = null
    this.#calls.delete(stream.id)
  }

  #proceed(id: StreamId): void {
    const then = this.#waiting.get(id)
    this.#waiting.delete(id)
    then?.()
  }
}

function subjectOf(call: Call): StreamSubject {
  return { account: call.account, call: call.id, group: call.group, from: call.from, to: call.to, notes: call.notes }
}
