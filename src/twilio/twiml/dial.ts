// `<Dial>` and its nouns (DIAL-01 to DIAL-18, PAR-01, PAR-08).

import { readApplication } from './application.ts'
import { Attributes } from './attributes.ts'
import { isCallerId } from './caller-id.ts'
import {
  DIAL_CALLER_ID,
  DIAL_CALLER_ID_TOO_LONG,
  DIAL_HANGUP_ON_STAR,
  DIAL_METHOD,
  DIAL_NOUN,
  DIAL_TIME_LIMIT,
  DIAL_TIMEOUT,
  SCHEMA,
} from './codes.ts'
import { readConference } from './conference.ts'
import { type Element, textOf } from './element.ts'
import { readClient, readNumber, readPlainNumber, readSip, readUnreachable } from './endpoint.ts'
import { type Findings, quoted } from './findings.ts'
import {
  LONGEST_DIAL_S,
  LONGEST_RINGING_S,
  LONGEST_TEXML_RINGING_S,
  MAX_CALLER_ID_CHARACTERS,
  MAX_DISPLAY_NAME_CHARACTERS,
  MAX_ENDPOINTS,
  MAX_QUEUE_NAME_CHARACTERS,
  SHORTEST_RINGING_S,
  SHORTEST_TEXML_DIAL_S,
} from './limits.ts'
import type { Manner } from './manner.ts'
import { childrenOf, onlyText } from './nesting.ts'
import { readRecordingCallback, readTrim } from './recording-attributes.ts'
import type { DialTarget, DialVerb, Endpoint } from './verbs.ts'

const DEFAULT_TIMEOUT_S = 30
const DISPLAY_NAME = new RegExp(`^[\\p{L}\\p{N} _~!.+-]{1,${MAX_DISPLAY_NAME_CHARACTERS}}$`, 'u')
/** DIAL-14. */
const RING_TONES = (
  'at au bg br be ch cl cn cz de dk ee es fi fr gr hu il in it lt jp mx my nl no nz ph pl pt ru se sg th uk us us-old tw ' +
  've za'
).split(' ')
/** DIAL-09. */
const RECORD = {
  'do-not-record': null,
  false: null,
  true: { from: 'answer', channels: 1 },
  'record-from-answer': { from: 'answer', channels: 1 },
  'record-from-ringing': { from: 'ringing', channels: 1 },
  'record-from-answer-dual': { from: 'answer', channels: 2 },
  'record-from-ringing-dual': { from: 'ringing', channels: 2 },
} as const
const RECORD_WORDS = Object.keys(RECORD) as readonly (keyof typeof RECORD)[]

const ENDPOINTS = { Number: readNumber, Sip: readSip, Client: readClient } as const
const NOUNS = [...Object.keys(ENDPOINTS), 'Conference', 'Queue', 'Application', 'Sim', 'WhatsApp']

export function readDial(element: Element, findings: Findings, manner: Manner): DialVerb {
  const attributes = new Attributes(element, findings)
  const track = attributes.choice('recordingTrack', ['inbound', 'outbound', 'both'], 'both')
  const record = RECORD[attributes.choice('record', RECORD_WORDS, 'do-not-record')]
  const callerId = readCallerId(attributes)
  const { texml } = manner
  const to = usable(readTarget(element, findings, manner), callerId)
  const verb: DialVerb = {
    type: 'dial',
    action: attributes.text('action'),
    method: attributes.method('method', 'POST', DIAL_METHOD),
    answerOnBridge: attributes.bool('answerOnBridge', false),
    callerId: callerId ?? null,
    displayName: texml ? readDisplayName(attributes) : null,
    hangupOnStar: attributes.bool('hangupOnStar', false, DIAL_HANGUP_ON_STAR),
    // DIAL-11: a file of one track has one channel.
    record:
      texml && to.type !== 'endpoints'
        ? null
        : record !== null && track !== 'both'
          ? { ...record, channels: 1 }
          : record,
    recordingTrack: track,
    recordingCallback: readRecordingCallback(attributes),
    trim: readTrim(attributes, false),
    refer: attributes.target('referUrl', 'referMethod'),
    ringTone: attributes.choice('ringTone', RING_TONES, null),
    sequential: attributes.bool('sequential', false),
    timeLimitS: attributes.integer(
      'timeLimit',
      { least: texml ? SHORTEST_TEXML_DIAL_S : 1, most: LONGEST_DIAL_S },
      LONGEST_DIAL_S,
      DIAL_TIME_LIMIT,
    ),
    timeoutS: attributes.integer(
      'timeout',
      { least: SHORTEST_RINGING_S, most: texml ? LONGEST_TEXML_RINGING_S : LONGEST_RINGING_S },
      DEFAULT_TIMEOUT_S,
      DIAL_TIMEOUT,
    ),
    to,
  }
  // TX-06.
  if (texml && record !== null && to.type !== 'endpoints')
    attributes.warn(SCHEMA, 'only a <Number> or <Sip> is recorded by record; it is ignored')
  // DIAL-05, DIAL-06, DIAL-08, DIAL-12: carried nowhere.
  attributes.accept('callReason', 'events', 'passports', 'recordingConfigurationId')
  attributes.end()
  return verb
}

/** TX-06: goes into a From header beside the number. */
function readDisplayName(attributes: Attributes): string | null {
  const what = `at most ${MAX_DISPLAY_NAME_CHARACTERS} letters, digits, spaces and - _ ~ ! . +`
  return attributes.matching('fromDisplayName', DISPLAY_NAME, what)
}

/** DIAL-04. Null: there is none; undefined: one that nobody can be called with. */
function readCallerId(attributes: Attributes): string | null | undefined {
  const callerId = attributes.text('callerId')
  if (callerId === null || isCallerId(callerId)) return callerId
  if (callerId.length > MAX_CALLER_ID_CHARACTERS)
    attributes.warn(DIAL_CALLER_ID_TOO_LONG, `callerId has more than ${MAX_CALLER_ID_CHARACTERS} characters`)
  else attributes.warn(DIAL_CALLER_ID, 'callerId is no number, no client and no SIP name; nobody is called')
  return undefined
}

/** DIAL-04: with a caller id that cannot be shown, endpoints are not called; rooms and queues show none. */
function usable(target: DialTarget, callerId: string | null | undefined): DialTarget {
  return callerId === undefined && target.type === 'endpoints' ? { type: 'nothing' } : target
}

function readTarget(element: Element, findings: Findings, manner: Manner): DialTarget {
  // TX-06: TeXML has no clients.
  const known = manner.texml ? NOUNS.filter((name) => name !== 'Client') : NOUNS
  const nouns = childrenOf(element, known, findings)
  const text = textOf(element)
  const first = nouns[0]
  if (first === undefined) {
    if (text === '') {
      findings.warn(DIAL_NOUN, element, 'it names nobody to dial')
      return { type: 'nothing' }
    }
    return endpoints([readPlainNumber(element, findings)])
  }
  if (text !== '') findings.warn(SCHEMA, element, `the text "${quoted(text)}" beside a noun is skipped`)
  // PAR-08: some nouns stand alone; the first noun says which kind this Dial is.
  const together = isEndpoint(first)
  const fitting = together ? nouns.filter(isEndpoint) : [first]
  for (const noun of nouns) {
    if (!fitting.includes(noun))
      findings.warn(SCHEMA, noun, `it cannot be dialled together with <${first.name}>; it is skipped`)
  }
  if (!together) return readAlone(first, findings)
  // PAR-01.
  for (const noun of fitting.slice(MAX_ENDPOINTS)) {
    findings.fail(DIAL_NOUN, noun, `one Dial rings at most ${MAX_ENDPOINTS}; it is not dialled`)
  }
  return endpoints(
    fitting
      .slice(0, MAX_ENDPOINTS)
      .map((noun) => ENDPOINTS[noun.name as keyof typeof ENDPOINTS](noun, findings, manner)),
  )
}

function isEndpoint(noun: Element): boolean {
  return Object.hasOwn(ENDPOINTS, noun.name)
}

function endpoints(read: readonly (Endpoint | null)[]): DialTarget {
  const usable = read.filter((endpoint) => endpoint !== null)
  return usable.length === 0 ? { type: 'nothing' } : { type: 'endpoints', endpoints: usable }
}

function readAlone(noun: Element, findings: Findings): DialTarget {
  if (noun.name === 'Conference') return readConference(noun, findings)
  if (noun.name === 'Queue') return readQueue(noun, findings)
  if (noun.name === 'Application') return endpoints([readApplication(noun, findings)])
  readUnreachable(noun, findings)
  findings.warn(SCHEMA, noun, 'this switch cannot reach such a party; the Dial fails')
  return { type: 'unsupported', noun: noun.name }
}

/** QN-01 to QN-03. */
function readQueue(element: Element, findings: Findings): DialTarget {
  const attributes = new Attributes(element, findings)
  const whisper = attributes.target('url', 'method')
  const reservation = attributes.text('reservationSid') ?? attributes.text('postWorkActivitySid')
  attributes.accept('postWorkActivitySid')
  attributes.end()
  const name = onlyText(element, findings)
  const refused = reservation !== null
  if (refused) attributes.warn(SCHEMA, 'reservations of TaskRouter are not offered; the Dial fails')
  else if (name === '' || name.length > MAX_QUEUE_NAME_CHARACTERS) {
    attributes.warn(DIAL_NOUN, `a queue's name has 1 to ${MAX_QUEUE_NAME_CHARACTERS} characters`)
    return { type: 'nothing' }
  }
  return { type: 'queue', name, whisper, refused }
}
