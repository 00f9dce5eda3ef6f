// Record (twilio-voice §4.7): a beep, then what the caller says, until silence, a key, the limit or a hang-up.

import { type RecordingId, toSid } from '#base/ids.ts'
import type { Recording, RecordingOptions } from '#calls/model.ts'
import type { RecordingNotes } from '../notes.ts'
import { recogniserFor } from '../recognisers.ts'
import type { Parameters } from '../signature.ts'
import { recordingUrl } from '../spelling.ts'
import type { RecordVerb } from '../twiml/verbs.ts'
import type { ProgrammeDoors } from './programme-doors.ts'
import { type Begun, type Input, next, type Outcome, over, running, type Task, type Turn } from './turn.ts'

/** REC-08: English alone. */
const TRANSCRIBED_LANGUAGE = 'en-US'
const NO_RECOGNISER = 32_650

export function beginRecord(verb: RecordVerb, turn: Turn, doors: ProgrammeDoors): Begun {
  // ENG-07: an inline document has no URL that an action could be relative to, or fall back on.
  if (turn.origin.url === null && !/^https?:\/\//i.test(verb.action ?? '')) {
    turn.note('error', 11100, 'A Record in an inline document needs an action with an absolute URL; give it one.')
    return over({ type: 'hang-up' })
  }
  const record = new Record(verb, turn, doors)
  return running(record)
}

class Record implements Task {
  readonly lingers = true
  readonly #verb: RecordVerb
  readonly #baseUrl: string
  readonly #token: number
  #recording: RecordingId | null = null
  #endedBy: string | null = null

  constructor(verb: RecordVerb, turn: Turn, doors: ProgrammeDoors) {
    this.#verb = verb
    this.#baseUrl = doors.baseUrl
    const transcription = verb.transcribe ? transcriptionFor(turn, doors) : null
    const options: RecordingOptions = {
      format: 'wav',
      channels: 1,
      track: 'inbound',
      maxDurationMs: verb.maxLengthS * 1000,
      silenceTimeoutMs: verb.timeoutS * 1000,
      silenceFromStart: true,
      beep: verb.playBeep,
      trimSilence: verb.trim,
      fileName: null,
      transcription,
    }
    const notes: RecordingNotes = {
      source: 'RecordVerb',
      ...(verb.transcribeCallback === null ? {} : { transcribeCallback: turn.url(verb.transcribeCallback) }),
      ...(verb.recordingCallback === null ? {} : { callback: resolvedCallback(verb.recordingCallback, turn) }),
    }
    this.#token = turn.command({ type: 'record', call: turn.call.id, options, notes: { ...notes } })
  }

  on(input: Input, turn: Turn): Outcome {
    if (input.type === 'accepted' && input.token === this.#token) {
      this.#recording = input.accepted.recording?.id ?? null
      return null
    }
    if (input.type === 'refused' && input.token === this.#token) {
      turn.note('error', 12400, `The recording could not begin: ${input.refusal.type}.`)
      return next
    }
    if (input.type !== 'fact') return null
    const { fact } = input
    if (fact.type === 'call.digit' && fact.call.id === turn.call.id && this.#verb.finishOnKey.includes(fact.digit)) {
      this.#endedBy ??= fact.digit
      turn.command({ type: 'stop-recording', call: turn.call.id, recording: this.#recording })
      return null
    }
    if ((fact.type === 'recording.saved' || fact.type === 'recording.failed') && fact.recording.id === this.#recording)
      return this.#finished(fact.recording, turn)
    return null
  }

  #finished(recording: Recording, turn: Turn): Outcome {
    // REC-01: nothing was recorded, nothing is told.
    if (recording.state === 'failed') {
      turn.note('error', 12400, `The recording failed: ${recording.failure ?? 'unknown reason'}.`)
      return next
    }
    return {
      type: 'go',
      target: { url: this.#verb.action ?? '', method: this.#verb.method },
      parameters: this.#parameters(recording, turn),
    }
  }

  #parameters(recording: Recording, turn: Turn): Parameters {
    const ended = turn.call.state === 'ended' ? 'hangup' : (this.#endedBy ?? '')
    return [
      ['RecordingUrl', recordingUrl(this.#baseUrl, turn.call.account, recording.id)],
      ['RecordingSid', toSid('RE', recording.id)],
      ['RecordingDuration', String(Math.round((recording.durationMs ?? 0) / 1000))],
      ['Digits', ended],
    ]
  }

  abort(turn: Turn): void {
    if (turn.call.state !== 'ended')
      turn.command({ type: 'stop-recording', call: turn.call.id, recording: this.#recording })
  }
}

/** REC-08: by a recogniser of files. */
function transcriptionFor(
  turn: Turn,
  { recognisers }: ProgrammeDoors,
): NonNullable<RecordingOptions['transcription']> | null {
  const found = recogniserFor(recognisers, TRANSCRIBED_LANGUAGE, ['file'])
  if (found !== null) return { recogniser: found.name, language: TRANSCRIBED_LANGUAGE }
  turn.note('warning', NO_RECOGNISER, 'No recogniser of files is declared here: the recording is not transcribed.')
  return null
}

/** A status callback of the document, with an absolute URL. */
export function resolvedCallback<T extends { readonly url: string }>(callback: T, turn: Turn): T {
  return { ...callback, url: turn.url(callback.url) }
}
