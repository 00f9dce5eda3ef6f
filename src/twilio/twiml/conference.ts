// `<Conference>` (CONF-01 to CONF-18).

import { Attributes } from './attributes.ts'
import {
  CONFERENCE_BEEP,
  CONFERENCE_END_ON_EXIT,
  CONFERENCE_LABEL,
  CONFERENCE_MUTED,
  CONFERENCE_NAME,
  CONFERENCE_START_ON_ENTER,
  CONFERENCE_TRIM,
  CONFERENCE_WAIT_METHOD,
} from './codes.ts'
import type { Element } from './element.ts'
import type { Findings } from './findings.ts'
import { MAX_CONFERENCE_NAME_CHARACTERS, MAX_LABEL_CHARACTERS, MAX_PARTICIPANTS } from './limits.ts'
import { onlyText } from './nesting.ts'
import { readRecordingCallback, readTrim } from './recording-attributes.ts'
import { REGIONS } from './sip-noun.ts'
import type { ConferenceTarget, DialTarget } from './verbs.ts'
import { readWait } from './wait-target.ts'

const EVENTS = ['start', 'end', 'join', 'leave', 'mute', 'hold', 'modify', 'speaker', 'announcement']
/** RISK-04: two attributes spell the same wish. */
const RECORDED = ['record-from-start', 'true']

export function readConference(element: Element, findings: Findings): DialTarget {
  const attributes = new Attributes(element, findings)
  const record = attributes.choice('record', ['do-not-record', 'record-from-start', 'true', 'false'], 'do-not-record')
  const conference: ConferenceTarget = {
    type: 'conference',
    name: onlyText(element, findings),
    muted: attributes.bool('muted', false, CONFERENCE_MUTED),
    beep: attributes.choice('beep', ['true', 'false', 'onEnter', 'onExit'], 'true', CONFERENCE_BEEP),
    startOnEnter: attributes.bool('startConferenceOnEnter', true, CONFERENCE_START_ON_ENTER),
    endOnExit: attributes.bool('endConferenceOnExit', false, CONFERENCE_END_ON_EXIT),
    label: attributes.text('participantLabel'),
    jitterBufferSize: attributes.choice('jitterBufferSize', ['large', 'medium', 'small', 'off'], 'large'),
    wait: readWait(attributes, 'waitMethod', CONFERENCE_WAIT_METHOD),
    maxParticipants: attributes.integer('maxParticipants', { least: 2, most: MAX_PARTICIPANTS }, MAX_PARTICIPANTS),
    record: RECORDED.includes(record),
    trim: readTrim(attributes, true, CONFERENCE_TRIM),
    coach: attributes.text('coach'),
    region: attributes.choice('region', REGIONS, null),
    // CONF-14: no events unless they are named.
    statusCallback: attributes.statusTarget('statusCallback', EVENTS, []),
    recordingCallback: readRecordingCallback(attributes),
    eventCallbackUrl: attributes.text('eventCallbackUrl'),
  }
  attributes.accept('recordingConfigurationId')
  attributes.end()
  const { name, label } = conference
  if (name === '' || name.length > MAX_CONFERENCE_NAME_CHARACTERS) {
    attributes.fail(CONFERENCE_NAME, `a conference's name has 1 to ${MAX_CONFERENCE_NAME_CHARACTERS} characters`)
    return { type: 'nothing' }
  }
  // CONF-06: such a label fails the joining, and the caller goes on with the next verb.
  if (
    label !== null &&
    (label.length > MAX_LABEL_CHARACTERS || label.includes('/') || /^CA[0-9a-f]{32}$/i.test(label))
  ) {
    attributes.fail(
      CONFERENCE_LABEL,
      `participantLabel has at most ${MAX_LABEL_CHARACTERS} characters, no "/", and does not look like a CallSid`,
    )
    return { type: 'nothing' }
  }
  return conference
}
