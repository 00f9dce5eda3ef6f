// What Record, Dial, Conference and Start's Recording say alike about a recording (REC-06, REC-07, DIAL-10, DIAL-11).

import type { Attributes } from './attributes.ts'
import { SCHEMA } from './codes.ts'
import type { StatusTarget } from './verbs.ts'

const EVENTS = ['in-progress', 'completed', 'absent']

export function readRecordingCallback(attributes: Attributes, code = SCHEMA): StatusTarget | null {
  return attributes.statusTarget('recordingStatusCallback', EVENTS, ['completed'], code)
}

/** The defaults differ from place to place (RISK-04). */
export function readTrim(attributes: Attributes, otherwise: boolean, code = SCHEMA): boolean {
  const word = attributes.choice(
    'trim',
    ['trim-silence', 'do-not-trim'],
    otherwise ? 'trim-silence' : 'do-not-trim',
    code,
  )
  return word === 'trim-silence'
}
