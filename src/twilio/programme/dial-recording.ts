// The recording of a Dial (twilio-voice DIAL-09 to 11, DACT-05): of the caller's call, for as long as the Dial lasts.

import { type RecordingId, toSid } from '#base/ids.ts'
import type { Accepted } from '#calls/commands.ts'
import type { RecordingOptions } from '#calls/model.ts'
import { MAX_RECORDING_MS } from '../limits.ts'
import type { RecordingNotes } from '../notes.ts'
import type { Parameters } from '../signature.ts'
import { recordingUrl } from '../spelling.ts'
import type { DialVerb } from '../twiml/verbs.ts'
import { resolvedCallback } from './recording.ts'
import type { Turn } from './turn.ts'

export class DialRecording {
  readonly #verb: DialVerb
  readonly #baseUrl: string
  #token: number | null = null
  #id: RecordingId | null = null
  #sinceMs = 0

  constructor(verb: DialVerb, baseUrl: string) {
    this.#verb = verb
    this.#baseUrl = baseUrl
  }

  begin(turn: Turn): void {
    const { record, recordingTrack, recordingCallback, trim } = this.#verb
    if (record === null || turn.call.state !== 'answered' || this.#token !== null) return
    const options: RecordingOptions = {
      format: 'wav',
      // DIAL-11: one direction alone has one channel.
      channels: recordingTrack === 'both' ? record.channels : 1,
      track: recordingTrack,
      maxDurationMs: MAX_RECORDING_MS,
      silenceTimeoutMs: 0,
      beep: false,
      trimSilence: trim,
      fileName: null,
    }
    const notes: RecordingNotes = {
      source: 'DialVerb',
      ...(recordingCallback === null ? {} : { callback: resolvedCallback(recordingCallback, turn) }),
    }
    this.#sinceMs = turn.nowMs
    this.#token = turn.command({ type: 'record', call: turn.call.id, options, notes: { ...notes } })
  }

  accepted(token: number, accepted: Accepted): void {
    if (token === this.#token) this.#id = accepted.recording?.id ?? null
  }

  stop(turn: Turn): void {
    if (this.#id === null || turn.call.state === 'ended') return
    turn.command({ type: 'stop-recording', call: turn.call.id, recording: this.#id })
  }

  parameters(turn: Turn): Parameters {
    if (this.#id === null) return []
    return [
      ['RecordingUrl', recordingUrl(this.#baseUrl, turn.call.account, this.#id)],
      ['RecordingSid', toSid('RE', this.#id)],
      ['RecordingDuration', String(Math.round((turn.nowMs - this.#sinceMs) / 1000))],
    ]
  }
}
