// What a Dial rings: Number, Sip, Client and plain text (§4.4, §8.3), with what they have alike.

import { Attributes } from './attributes.ts'
import { DIAL_NOUN, NUMBER_FORMAT, NUMBER_METHOD, NUMBER_SEND_DIGITS, SCHEMA } from './codes.ts'
import { type Element, textOf } from './element.ts'
import type { Findings } from './findings.ts'
import { MAX_IDENTITY_CHARACTERS } from './limits.ts'
import type { Manner } from './manner.ts'
import { childrenOf, onlyText } from './nesting.ts'
import { readParameters } from './parameters.ts'
import { SENT_DIGITS } from './sent-digits.ts'
import { readSipUris } from './sip-noun.ts'
import type { Detection, Endpoint, EndpointCommon } from './verbs.ts'

export const CALL_EVENTS = ['initiated', 'ringing', 'answered', 'completed']
/** NUM-01, NUM-02: E.164 or looser, with what people write between digits. */
const NUMBER = /^[+(]?[0-9A-Za-z*#][0-9A-Za-z*#().\-/ \t]{0,63}$/

export function readNumber(element: Element, findings: Findings): Endpoint | null {
  const attributes = new Attributes(element, findings)
  const common = readCommon(attributes, NUMBER_METHOD)
  const keys = 'keys and pauses (0-9 A-D # * w W)'
  const sendDigits = attributes.matching('sendDigits', SENT_DIGITS, keys, NUMBER_SEND_DIGITS)
  const detection = readDetection(attributes)
  attributes.accept('byoc')
  attributes.end()
  const number = onlyText(element, findings)
  return dialable(number, element, findings) ? { ...common, detection, type: 'number', number, sendDigits } : null
}

/** NUM-01: text in a Dial is one Number without attributes. */
export function readPlainNumber(element: Element, findings: Findings): Endpoint | null {
  const number = textOf(element)
  if (!dialable(number, element, findings)) return null
  return { type: 'number', number, sendDigits: null, whisper: null, statusCallback: null, detection: null }
}

function dialable(number: string, element: Element, findings: Findings): boolean {
  if (NUMBER.test(number)) return true
  findings.warn(NUMBER_FORMAT, element, 'it holds no telephone number; write one like +14155550100')
  return false
}

export function readSip(element: Element, findings: Findings, manner: Manner): Endpoint | null {
  const attributes = new Attributes(element, findings)
  const common = readCommon(attributes)
  const credentials = { username: attributes.raw('username'), password: attributes.raw('password') }
  const detection = readDetection(attributes)
  attributes.end()
  const uris = readSipUris(element, credentials, findings, manner)
  return uris.length === 0 ? null : { ...common, detection, type: 'sip', uris }
}

/** CLI-01. */
export function readClient(element: Element, findings: Findings): Endpoint | null {
  const attributes = new Attributes(element, findings)
  const common = readCommon(attributes)
  const notificationUrl = attributes.text('clientNotificationUrl')
  attributes.end()
  const children = childrenOf(element, ['Identity', 'Parameter'], findings)
  const named = children.find(({ name }) => name === 'Identity')
  const identity = named === undefined ? textOf(element) : onlyText(named, findings)
  const parameters = readParameters(children, findings)
  if (identity === '' || identity.length > MAX_IDENTITY_CHARACTERS || /[\p{Cc}\s<>@"';,?&=/\\]/u.test(identity)) {
    findings.warn(DIAL_NOUN, element, `an identity has 1 to ${MAX_IDENTITY_CHARACTERS} characters, none a delimiter`)
    return null
  }
  return { ...common, detection: null, type: 'client', identity, parameters, notificationUrl }
}

/** §4.4: what all of them have. */
export function readCommon(attributes: Attributes, code = SCHEMA): Omit<EndpointCommon, 'detection'> {
  return {
    whisper: attributes.target('url', 'method', code),
    statusCallback: attributes.statusTarget('statusCallback', CALL_EVENTS, ['completed'], code),
  }
}

/** NUM-03. */
function readDetection(attributes: Attributes): Detection | null {
  const mode = attributes.choice('machineDetection', ['Enable', 'DetectMessageEnd'], null)
  const detection = {
    timeoutS: attributes.integer('machineDetectionTimeout', { least: 3, most: 60 }, 30),
    speechThresholdMs: attributes.integer('machineDetectionSpeechThreshold', { least: 1_000, most: 6_000 }, 2_400),
    speechEndThresholdMs: attributes.integer('machineDetectionSpeechEndThreshold', { least: 500, most: 5_000 }, 1_200),
    silenceTimeoutMs: attributes.integer('machineDetectionSilenceTimeout', { least: 2_000, most: 10_000 }, 5_000),
    callback: attributes.target('amdStatusCallback', 'amdStatusCallbackMethod'),
  }
  return mode === null ? null : { mode, ...detection }
}

/** Nouns that nobody here can reach (SIM-01, WA-01): read so far that what they may hold is not called unknown. */
export function readUnreachable(element: Element, findings: Findings): void {
  const attributes = new Attributes(element, findings)
  readCommon(attributes)
  attributes.end()
  onlyText(element, findings)
}
