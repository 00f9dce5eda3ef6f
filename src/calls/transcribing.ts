// What is said on a call, as text while it is said: one transcription at a time on a call, by a recogniser that the operator
// declared. Results are facts in the order in which they were found.

import type { TranscriptionId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { MediaEvent } from '#media/protocol.ts'
import type { Refusal } from './commands.ts'
import type { Hall, LiveCall } from './hall.ts'
import type { TranscriptionSpec } from './model.ts'

export class Transcribing {
  readonly #hall: Hall
  readonly #calls = new Map<TranscriptionId, LiveCall>()

  constructor(hall: Hall) {
    this.#hall = hall
  }

  start(live: LiveCall, spec: TranscriptionSpec): Result<void, Refusal> {
    if (live.transcription !== null) return err({ type: 'transcription-running' })
    const id = this.#hall.doors.ids.make<'transcription'>()
    live.transcription = id
    this.#calls.set(id, live)
    this.#hall.toMedia(live.call.account, {
      type: 'start-transcription',
      transcription: id,
      session: live.call.id,
      track: spec.track,
      wish: spec.wish,
    })
    return ok(undefined)
  }

  stop(live: LiveCall): Result<void, Refusal> {
    const id = live.transcription
    if (id === null) return err({ type: 'not-transcribing' })
    // What was said before is still told: its call stays known until it ends.
    live.transcription = null
    this.#hall.toMedia(live.call.account, { type: 'stop-transcription', transcription: id })
    return ok(undefined)
  }

  callEnded(live: LiveCall): void {
    if (live.transcription !== null) this.stop(live)
    for (const [id, one] of this.#calls) if (one === live) this.#calls.delete(id)
  }

  onMedia(event: Extract<MediaEvent, { readonly type: 'transcription-heard' | 'transcription-failed' }>): void {
    const id = event.transcription as TranscriptionId
    const live = this.#calls.get(id)
    if (live === undefined) return
    const { call } = live
    if (event.type === 'transcription-heard') {
      const { track, heard } = event
      return this.#hall.tell({ type: 'call.transcribed', call, track, heard }, call.id)
    }
    this.#calls.delete(id)
    if (live.transcription === id) live.transcription = null
    this.#hall.doors.log.warn({ call: call.id, reason: event.reason }, 'the recogniser of a transcription failed')
  }

  onMediaLost(): void {
    for (const live of this.#calls.values()) live.transcription = null
    this.#calls.clear()
  }
}
