// Streams of a call's audio to applications, and forks of it as RTP. How many streams a call may have at once whoever starts
// one says: none beside it, or so many tracks in all (`StreamCompany`). A stream is told when its connection stands, and when
// it is over; a fork, of which there is one, ends the streams that run.

import type { StreamId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { MediaEvent, StreamSubject } from '#media/protocol.ts'
import type { CallCommand, Refusal, StreamCompany } from './commands.ts'
import type { Hall, LiveCall } from './hall.ts'
import type { Call, ForkSpec, Stream, StreamSpec } from './model.ts'

type Start = Pick<Extract<CallCommand, { readonly type: 'start-stream' }>, 'spec' | 'stream' | 'beside'>

/** Tracks that a recording server is sent. */
export const RECORDING_SERVER_TRACKS = 2

export class Streaming {
  readonly #hall: Hall
  /** Whose stream it is. */
  readonly #calls = new Map<StreamId, LiveCall>()
  /** What waits for a stream to stand, or to fail. */
  readonly #waiting = new Map<StreamId, () => void>()

  constructor(hall: Hall) {
    this.#hall = hall
  }

  start(live: LiveCall, { spec, stream, beside }: Start): Result<Stream, Refusal> {
    const { streams } = live
    if (beside === undefined && streams.length > 0) return err({ type: 'stream-running' })
    if (spec.name !== undefined && streams.some((one) => nameOf(one) === spec.name))
      return err({ type: 'stream-running' })
    if (spec.voice !== null && streams.some(maySpeak)) return err({ type: 'stream-running' })
    const crowded = spec.voice === null ? crowd(live, tracksOf(spec), beside) : null
    if (crowded !== null) return err(crowded)
    return ok(this.#open(live, spec, false, stream))
  }

  /** Opens a stream of a call that is not dialled yet; `then` runs once it stands or has failed. */
  startEarly(live: LiveCall, spec: StreamSpec, then: () => void): void {
    const stream = this.#open(live, spec, true)
    this.#waiting.set(stream.id, then)
  }

  /** The call is hung up before it was dialled: it need not wait any more. */
  release(live: LiveCall): void {
    for (const { id } of live.streams) this.#proceed(id)
  }

  /** A stream that was opened early begins with the answer. */
  answered(live: LiveCall): void {
    for (const { id, type } of live.streams)
      if (type === 'web-socket') this.#hall.toMedia(live.call.account, { type: 'begin-stream', stream: id })
  }

  fork(live: LiveCall, spec: ForkSpec): Result<Stream, Refusal> {
    if (live.streams.some(({ type }) => type === 'fork')) return err({ type: 'stream-running' })
    for (const one of live.streams) this.#end(live, one)
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

  /** With neither id nor name: whichever run. */
  stop(live: LiveCall, type: Stream['type'], id: StreamId | null, name: string | null): Result<void, Refusal> {
    const meant = live.streams.filter(
      (one) => one.type === type && (id === null || one.id === id) && (name === null || nameOf(one) === name),
    )
    for (const one of meant) this.#end(live, one)
    return meant.length > 0 ? ok(undefined) : err({ type: type === 'fork' ? 'not-forked' : 'no-stream' })
  }

  /** A digit that came by signalling; those in the audio the worker hears itself. */
  digit(live: LiveCall, digit: string, durationMs: number): void {
    if (!live.streams.some(({ type }) => type === 'web-socket')) return
    const { id: session, account } = live.call
    this.#hall.toMedia(account, { type: 'tell-stream-digit', session, digit, durationMs })
  }

  callEnded(live: LiveCall): void {
    for (const stream of live.streams) this.#end(live, stream)
  }

  onMedia(event: Extract<MediaEvent, { readonly type: 'stream-started' | 'stream-ended' }>): void {
    const live = this.#calls.get(event.stream as StreamId)
    const stream = live?.streams.find(({ id }) => id === event.stream)
    if (live === undefined || stream === undefined) return
    const { call } = live
    if (event.type === 'stream-started') {
      live.streams = live.streams.map((one) => (one === stream ? { ...stream, started: true } : one))
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
    for (const [id, live] of [...this.#calls]) {
      const stream = live.streams.find((one) => one.id === id)
      if (stream === undefined) continue
      const { call } = live
      this.#forget(live, stream)
      const failure = { type: 'connection-lost', reason: 'the media worker ended' } as const
      this.#hall.tell({ type: 'stream.failed', call, stream, failure }, call.id)
      this.#proceed(stream.id)
    }
  }

  #open(live: LiveCall, spec: StreamSpec, wait: boolean, id = this.#hall.doors.ids.make<'stream'>()): Stream {
    const stream: Stream = { id, type: 'web-socket', spec, started: false }
    this.#keep(live, stream)
    const { name: _name, notes: _notes, ...wish } = spec
    this.#hall.toMedia(live.call.account, {
      type: 'start-stream',
      stream: stream.id,
      session: live.call.id,
      wait,
      wish: { ...wish, about: subjectOf(live.call) },
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
    live.streams = [...live.streams, stream]
    this.#calls.set(stream.id, live)
  }

  #forget(live: LiveCall, stream: Stream): void {
    live.streams = live.streams.filter(({ id }) => id !== stream.id)
    this.#calls.delete(stream.id)
  }

  #proceed(id: StreamId): void {
    const then = this.#waiting.get(id)
    this.#waiting.delete(id)
    then?.()
  }
}

/**
 * Whether so many tracks more are too many.
 *
 * @param beside absent: whatever else is sent does not count
 */
export function crowd(live: LiveCall, tracks: number, beside: StreamCompany | undefined): Refusal | null {
  if (beside === undefined) return null
  const streamed = live.streams.reduce((sum, one) => sum + (one.type === 'web-socket' ? tracksOf(one.spec) : 0), 0)
  const recorded = live.call.recordingSessions.length * RECORDING_SERVER_TRACKS
  if (streamed + recorded + tracks <= beside.maxTracks) return null
  return { type: 'limit-reached', limit: `${beside.maxTracks} tracks of one call` }
}

function tracksOf({ voice, track }: StreamSpec): number {
  if (voice !== null) return 0
  return track === 'both' ? 2 : 1
}

function maySpeak(stream: Stream): boolean {
  return stream.type === 'web-socket' && stream.spec.voice !== null
}

function nameOf(stream: Stream): string | null {
  return stream.type === 'web-socket' ? (stream.spec.name ?? null) : null
}

function subjectOf(call: Call): StreamSubject {
  return { account: call.account, call: call.id, group: call.group, from: call.from, to: call.to, notes: call.notes }
}
