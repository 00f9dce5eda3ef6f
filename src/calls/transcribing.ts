// What is said on a call, as text while it is said: one transcription at a time on a call, by a recogniser that the operator
// declared. Results are facts in the order in which they were found.

import type { TranscriptionId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { MediaEvent } from '#media/protocol.ts'
import type { Refusal } from './commands.ts'
import type { Hall, LiveCall } from './hall.ts'
import type { Transcription, TranscriptionSpec } from './model.ts'

export class Transcribing {
  readonly #hall: Hall
  readonly #running = new Map<TranscriptionId, { readonly live: LiveCall; readonly transcription: Transcription }>()

  constructor(hall: Hall) {
    this.#hall = hall
  }

  start(
    live: LiveCall,
    spec: TranscriptionSpec,
    id = this.#hall.doors.ids.make<'transcription'>(),
  ): Result<void, Refusal> {
    if (live.transcription !== null) return err({ type: 'transcription-running' })
    const { track, wish, notes = {} } = spec
    const transcription: Transcription = { id, track, language: wish.language, notes }
    live.transcription = transcription
    this.#running.set(id, { live, transcription })
    this.#hall.toMedia(live.call.account, {
      type: 'start-transcription',
      transcription: id,
      session: live.call.id,
      track,
      wish,
    })
    this.#hall.tell({ type: 'transcription.started', call: live.call, transcription }, live.call.id)
    return ok(undefined)
  }

  stop(live: LiveCall): Result<void, Refusal> {
    const { transcription } = live
    if (transcription === null) return err({ type: 'not-transcribing' })
    // What was said before is still told: its call stays known until it ends.
    live.transcription = null
    this.#hall.toMedia(live.call.account, { type: 'stop-transcription', transcription: transcription.id })
    this.#hall.tell({ type: 'transcription.stopped', call: live.call, transcription }, live.call.id)
    return ok(undefined)
  }

  callEnded(live: LiveCall): void {
    if (live.transcription !== null) this.stop(live)
    for (const [id, one] of this.#running) if (one.live === live) this.#running.delete(id)
  }

  onMedia(event: Extract<MediaEvent, { readonly type: 'transcription-heard' | 'transcription-failed' }>): void {
    const id = event.transcription as TranscriptionId
    const running = this.#running.get(id)
    if (running === undefined) return
    const { live, transcription } = running
    const { call } = live
    if (event.type === 'transcription-heard') {
      const { track, heard } = event
      return this.#hall.tell({ type: 'call.transcribed', call, transcription, track, heard }, call.id)
    }
    this.#running.delete(id)
    // One that was stopped was told of.
    if (live.transcription !== transcription) return
    live.transcription = null
    this.#hall.doors.log.warn({ call: call.id, reason: event.reason }, 'the recogniser of a transcription failed')
    this.#hall.tell({ type: 'transcription.failed', call, transcription, reason: event.reason }, call.id)
  }

  onMediaLost(): void {
    const reason = 'the media worker ended'
    for (const { live, transcription } of this.#running.values()) {
      if (live.transcription !== transcription) continue
      live.transcription = null
      this.#hall.tell({ type: 'transcription.failed', call: live.call, transcription, reason }, live.call.id)
    }
    this.#running.clear()
  }
}
