// `<Record>` (REC-01 to REC-10).

import { Attributes } from './attributes.ts'
import {
  RECORD_FINISH_ON_KEY,
  RECORD_MAX_LENGTH,
  RECORD_METHOD,
  RECORD_PLAY_BEEP,
  RECORD_TIMEOUT,
  RECORD_TRANSCRIBE,
  RECORD_TRIM,
} from './codes.ts'
import type { Element } from './element.ts'
import type { Findings } from './findings.ts'
import { LONGEST_RECORDING_S, LONGEST_TRANSCRIBED_S, LONGEST_WAIT_S, SHORTEST_RECORDING_S } from './limits.ts'
import { nothingIn } from './nesting.ts'
import { readRecordingCallback, readTrim } from './recording-attributes.ts'
import type { RecordVerb } from './verbs.ts'

const DEFAULT_TIMEOUT_S = 5
const DEFAULT_LENGTH_S = 3_600
const ALL_KEYS = '1234567890*#'

export function readRecord(element: Element, findings: Findings): RecordVerb {
  const attributes = new Attributes(element, findings)
  const transcribe = attributes.bool('transcribe', false, RECORD_TRANSCRIBE)
  // REC-08: what is transcribed is short.
  const most = transcribe ? LONGEST_TRANSCRIBED_S : LONGEST_RECORDING_S
  const length = { least: SHORTEST_RECORDING_S, most }
  const verb: RecordVerb = {
    type: 'record',
    action: attributes.text('action'),
    method: attributes.method('method', 'POST', RECORD_METHOD),
    timeoutS: attributes.integer('timeout', { least: 0, most: LONGEST_WAIT_S }, DEFAULT_TIMEOUT_S, RECORD_TIMEOUT),
    finishOnKey: readFinishOnKey(attributes),
    maxLengthS: attributes.integer('maxLength', length, Math.min(DEFAULT_LENGTH_S, most), RECORD_MAX_LENGTH),
    playBeep: attributes.bool('playBeep', true, RECORD_PLAY_BEEP),
    trim: readTrim(attributes, true, RECORD_TRIM),
    recordingCallback: readRecordingCallback(attributes, RECORD_METHOD),
    transcribe,
    transcribeCallback: attributes.text('transcribeCallback'),
  }
  attributes.accept('recordingConfigurationId')
  attributes.end()
  nothingIn(element, findings)
  return verb
}

/** REC-03: any of these keys. Present and empty: none. */
function readFinishOnKey(attributes: Attributes): string {
  const value = attributes.raw('finishOnKey')?.trim() ?? ALL_KEYS
  if (/^[0-9*#]{0,12}$/.test(value)) return value
  attributes.warn(RECORD_FINISH_ON_KEY, `finishOnKey is made of 0-9 * #; ${ALL_KEYS} is used`)
  return ALL_KEYS
}
