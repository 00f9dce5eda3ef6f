// The transcriptions of a worker: which session each listens to.

import type { Recognisers } from '#base/recogniser.ts'
import { MAX_TRANSCRIPTIONS } from './limits.ts'
import type { MediaCommand, MediaEvent, SessionId } from './protocol.ts'
import type { MediaSession } from './session.ts'
import type { Tap } from './tap.ts'
import { Transcriber } from './transcriber.ts'

export interface TranscriptionsHost {
  /** Null: there are none. */
  readonly recognisers: Recognisers | null
  session(id: SessionId): MediaSession | undefined
  tell(event: MediaEvent): void
  replanLater(session: MediaSession): void
}

interface Running {
  readonly transcriber: Transcriber
  readonly session: MediaSession
}

export class Transcriptions {
  readonly #host: TranscriptionsHost
  readonly #running = new Map<string, Running>()

  constructor(host: TranscriptionsHost) {
    this.#host = host
  }

  start(command: Extract<MediaCommand, { readonly type: 'start-transcription' }>): void {
    const { transcription: id, track } = command
    if (this.#running.has(id)) return
    const { recognisers } = this.#host
    const session = this.#host.session(command.session)
    if (session === undefined || recognisers === null || this.#running.size >= MAX_TRANSCRIPTIONS) {
      const reason = session === undefined ? 'unknown session' : 'no room for another transcription'
      return this.#host.tell({ type: 'transcription-failed', transcription: id, reason })
    }
    const transcriber = new Transcriber(
      recognisers,
      command.wish,
      track === 'both' ? ['inbound', 'outbound'] : [track],
      session.inbound?.sampleRateHz ?? session.sampleRateHz,
      (spoken, heard) => this.#host.tell({ type: 'transcription-heard', transcription: id, track: spoken, heard }),
      (reason) => {
        if (!this.#running.has(id)) return
        this.#end(id)
        this.#host.tell({ type: 'transcription-failed', transcription: id, reason })
      },
    )
    this.#running.set(id, { transcriber, session })
    session.taps.push(transcriber)
    this.#host.replanLater(session)
  }

  stop(id: string): void {
    this.#end(id)
  }

  sessionClosed(session: MediaSession): void {
    for (const [id, one] of [...this.#running]) if (one.session === session) this.#end(id)
  }

  #end(id: string): void {
    const running = this.#running.get(id)
    if (running === undefined) return
    this.#running.delete(id)
    const { session, transcriber } = running
    const taps: Tap[] = session.taps
    const index = taps.indexOf(transcriber)
    if (index >= 0) taps.splice(index, 1)
    transcriber.finish()
    this.#host.replanLater(session)
  }
}
