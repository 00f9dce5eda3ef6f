// The streams and forks of a worker: which session each listens to, and who hears what an application says.

import type { Chance } from '#base/chance.ts'
import type { DatagramNet } from '#base/wire.ts'
import { codecOf } from './codec.ts'
import { Fork } from './fork.ts'
import { MAX_STREAMS } from './limits.ts'
import type { Mix } from './mix.ts'
import type { MediaCommand, MediaEvent, SessionId, StreamFailure, StreamFormat, StreamId } from './protocol.ts'
import type { MediaSession } from './session.ts'
import { MediaStream, type StreamDoors } from './stream.ts'
import type { StreamVoice } from './stream-voice.ts'
import type { Tap } from './tap.ts'

export interface StreamsHost {
  /** Null: streams cannot be opened here. */
  readonly doors: StreamDoors | null
  readonly net: DatagramNet
  readonly chance: Chance
  session(id: SessionId): MediaSession | undefined
  tell(event: MediaEvent): void
  /** What this session needs has changed; heard once the turn is over. */
  replanLater(session: MediaSession): void
  /** Runs when the turn is over. */
  later(work: () => void): void
}

interface Running {
  readonly stream: MediaStream
  readonly sessionId: SessionId
  session: MediaSession | null
  /** Where the application's voice is heard now. */
  readonly ears: Set<MediaSession>
}

interface Forked {
  readonly session: MediaSession
  fork: Fork | null
}

type EndReason = Extract<MediaEvent, { readonly type: 'stream-ended' }>['reason']

export class Streams {
  readonly #host: StreamsHost
  readonly #streams = new Map<StreamId, Running>()
  readonly #forks = new Map<StreamId, Forked>()

  constructor(host: StreamsHost) {
    this.#host = host
  }

  get count(): number {
    return this.#streams.size + this.#forks.size
  }

  start(command: Extract<MediaCommand, { readonly type: 'start-stream' }>): void {
    const { stream: id, session: sessionId } = command
    if (this.#streams.has(id)) return
    if (this.count >= MAX_STREAMS) return this.#tellFailed(id, { type: 'limit-reached', limit: 'MAX_STREAMS' })
    const { doors } = this.#host
    if (doors === null) return this.#tellFailed(id, { type: 'connection-failed', reason: 'no WebSockets here' })
    if (!command.wait && this.#host.session(sessionId) === undefined) return this.#tellFailed(id, { type: 'unknown' })
    const stream = new MediaStream(id, command.wish, doors, {
      onStarted: () => this.#host.tell({ type: 'stream-started', stream: id }),
      onVoice: () => this.#aim(running),
      onEnded: ({ reason, failure }) => this.#over(id, running, reason, failure),
    })
    const running: Running = { stream, sessionId, session: null, ears: new Set() }
    this.#streams.set(id, running)
    stream.open()
    if (!command.wait) this.begin(id)
  }

  begin(id: StreamId): void {
    const running = this.#streams.get(id)
    const session = running === undefined ? undefined : this.#host.session(running.sessionId)
    if (running === undefined || session === undefined) return this.#tellFailed(id, { type: 'unknown' })
    if (running.session !== null) return
    running.session = session
    session.taps.push(running.stream)
    running.stream.begin(formatOf(session))
    this.#aim(running)
    this.#host.replanLater(session)
  }

  async startFork(command: Extract<MediaCommand, { readonly type: 'start-fork' }>): Promise<void> {
    const { stream: id } = command
    if (this.#forks.has(id)) return
    const session = this.#host.session(command.session)
    if (session === undefined) return this.#tellFailed(id, { type: 'unknown' })
    if (this.count >= MAX_STREAMS) return this.#tellFailed(id, { type: 'limit-reached', limit: 'MAX_STREAMS' })
    const forked: Forked = { session, fork: null }
    this.#forks.set(id, forked)
    // From the address that the session itself has.
    const host = session.local?.host ?? '0.0.0.0'
    const bound = await this.#host.net.bind({ host, port: 0 }, { onDatagram: () => {} })
    if (this.#forks.get(id) !== forked) return bound.ok ? bound.value.close() : undefined
    if (!bound.ok) {
      this.#forks.delete(id)
      return this.#tellFailed(id, { type: 'connection-failed', reason: bound.error.type })
    }
    forked.fork = new Fork(session, bound.value, this.#host.chance, command)
    session.taps.push(forked.fork)
    this.#host.replanLater(session)
    this.#host.tell({ type: 'stream-started', stream: id })
  }

  stop(id: StreamId): void {
    const running = this.#streams.get(id)
    const forked = this.#forks.get(id)
    if (running !== undefined) running.stream.end('stopped')
    else if (forked !== undefined) this.#endFork(id, forked, 'stopped')
    else this.#tellFailed(id, { type: 'unknown' })
  }

  digit(session: SessionId, digit: string, durationMs: number): void {
    for (const one of this.#streams.values())
      if (one.sessionId === session && one.session !== null) one.stream.digit(digit, durationMs)
  }

  sessionClosed(session: MediaSession): void {
    for (const one of [...this.#streams.values()]) if (one.session === session) one.stream.end('session-closed')
    for (const [id, one] of [...this.#forks]) if (one.session === session) this.#endFork(id, one, 'session-closed')
  }

  /** Called before a session or a room is planned: who is opposite may have changed. */
  aim(place: MediaSession | Mix): void {
    if (this.#streams.size === 0) return
    for (const one of this.#streams.values())
      if (one.stream.voice !== null && (one.session === place || one.session?.mix === place)) this.#aim(one)
  }

  close(): void {
    for (const { stream } of [...this.#streams.values()]) stream.end('stopped')
    for (const [id, one] of [...this.#forks]) this.#endFork(id, one, 'stopped')
  }

  #aim(running: Running): void {
    const { session, ears, stream } = running
    const { voice } = stream
    if (session === null || voice === null) return
    const targets = voice.ended ? [] : listeners(session, stream.wish.voice!.targets)
    for (const ear of ears) {
      if (targets.includes(ear)) continue
      ears.delete(ear)
      this.#deafen(ear, voice)
    }
    for (const target of targets) {
      if (ears.has(target)) continue
      ears.add(target)
      target.players.push(voice)
      this.#host.replanLater(target)
    }
  }

  #deafen(ear: MediaSession, voice: StreamVoice): void {
    drop(ear.players, voice)
    this.#host.replanLater(ear)
  }

  #over(id: StreamId, running: Running, reason: EndReason, failure: StreamFailure | null): void {
    if (this.#streams.get(id) !== running) return
    this.#streams.delete(id)
    const { session, stream, ears } = running
    // The end may come from inside the beat.
    this.#host.later(() => {
      if (stream.voice !== null) for (const ear of ears) this.#deafen(ear, stream.voice)
      if (session === null) return
      drop<Tap>(session.taps, stream)
      this.#host.replanLater(session)
    })
    const { framesSent, framesDropped } = stream
    this.#host.tell({ type: 'stream-ended', stream: id, reason, failure, framesSent, framesDropped })
  }

  #endFork(id: StreamId, forked: Forked, reason: EndReason): void {
    this.#forks.delete(id)
    const { fork, session } = forked
    if (fork !== null) {
      drop<Tap>(session.taps, fork)
      fork.close()
      this.#host.replanLater(session)
    }
    const framesSent = fork?.packets ?? 0
    this.#host.tell({ type: 'stream-ended', stream: id, reason, failure: null, framesSent, framesDropped: 0 })
  }

  #tellFailed(stream: StreamId, failure: StreamFailure): void {
    this.#host.tell({ type: 'stream-ended', stream, reason: 'failed', failure, framesSent: 0, framesDropped: 0 })
  }
}

/** As the session speaks itself. */
function formatOf(session: MediaSession): StreamFormat {
  const codec = session.heardCodec ?? codecOf(session.description?.send ?? null)
  return { codec: codec?.name ?? 'PCMU', sampleRateHz: codec?.sampleRateHz ?? 8000 }
}

/** Opposite is who is bridged with the session. With nobody there, and in rooms of many, it is the session itself. */
function listeners(session: MediaSession, targets: 'self' | 'opposite' | 'both'): readonly MediaSession[] {
  if (targets === 'self') return [session]
  const opposite = session.mix?.bridgedWith(session) ?? null
  if (opposite === null) return [session]
  return targets === 'both' ? [session, opposite] : [opposite]
}

function drop<T>(list: T[], one: T): void {
  const index = list.indexOf(one)
  if (index >= 0) list.splice(index, 1)
}
