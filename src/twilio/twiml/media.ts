// `<Start>`, `<Stop>`, `<Connect>` and what stands in them (§4.11: STR-01 to STR-03, SRC-01 to SRC-03, OTH-01).

import { TRACKS } from '../stream-order.ts'
import { Attributes } from './attributes.ts'
import { BAD_URL, SCHEMA } from './codes.ts'
import type { Element } from './element.ts'
import { type Findings, quoted } from './findings.ts'
import { LONGEST_SIPREC_S, SHORTEST_SIPREC_S, USUAL_SIPREC_S } from './limits.ts'
import type { Manner } from './manner.ts'
import { childrenOf, noText, nothingIn } from './nesting.ts'
import { readParameters } from './parameters.ts'
import { readRecordingCallback, readTrim } from './recording-attributes.ts'
import { readStreamWire } from './stream-wire.ts'
import type {
  ConnectVerb,
  RecordingNoun,
  SiprecManner,
  SiprecNoun,
  StartVerb,
  StopVerb,
  StreamNoun,
  SuppressionNoun,
  TranscriptionNoun,
} from './verbs.ts'

/** SRC-03: what a recogniser is told, by the names of the attributes. */
const TRANSCRIPTION_ATTRIBUTES = [
  'enableAutomaticPunctuation',
  'enableProviderData',
  'hints',
  'inboundTrackLabel',
  'intelligenceService',
  'outboundTrackLabel',
  'profanityFilter',
  'speechModel',
  'transcriptionEngine',
]
/** OTH-01, with the elements they may hold. */
const LACKING = [
  'Room',
  'Conversation',
  'ConversationRelay',
  'ConversationRelaySession',
  'AiSession',
  'VirtualAgent',
  'Autopilot',
]
/** TX-06: what the other vendor offers in their place. */
const TEXML_LACKING = ['AIAssistant', 'ConversationRelay']
const NOISE_ENGINES = ['Denoiser', 'DeepFilterNet', 'Krisp', 'AiCoustics'] as const

const STARTED = {
  Stream: readStream,
  Siprec: readSiprec,
  Recording: readRecording,
  Transcription: readTranscription,
  Suppression: readSuppressionNoun,
} as const
const STOPPED = {
  Stream: 'stream',
  Siprec: 'siprec',
  Recording: 'recording',
  Transcription: 'transcription',
  Suppression: 'suppression',
} as const

/** Suppression is TeXML's own (TX-06). */
function nounsOf(table: object, { texml }: Manner): readonly string[] {
  return Object.keys(table).filter((name) => texml || name !== 'Suppression')
}

export function readStart(element: Element, findings: Findings, manner: Manner): StartVerb {
  const attributes = new Attributes(element, findings)
  attributes.accept('action', 'method')
  attributes.end()
  noText(element, findings)
  const nouns = childrenOf(element, nounsOf(STARTED, manner), findings)
  return {
    type: 'start',
    what: nouns.flatMap((noun) => STARTED[noun.name as keyof typeof STARTED](noun, findings, manner) ?? []),
  }
}

/** STR-03: by name; without one, all of the kind. What else a builder puts there says nothing. */
export function readStop(element: Element, findings: Findings, manner: Manner): StopVerb {
  new Attributes(element, findings).end()
  noText(element, findings)
  const nouns = childrenOf(element, nounsOf(STOPPED, manner), findings)
  return {
    type: 'stop',
    what: nouns.map((noun) => ({
      type: STOPPED[noun.name as keyof typeof STOPPED],
      name: noun.attributes.get('name')?.trim() || null,
    })),
  }
}

export function readConnect(element: Element, findings: Findings, manner: Manner): ConnectVerb {
  const attributes = new Attributes(element, findings)
  const action = attributes.text('action')
  const method = attributes.method('method', 'POST')
  attributes.end()
  noText(element, findings)
  const [noun, ...others] = childrenOf(element, ['Stream', ...(manner.texml ? TEXML_LACKING : LACKING)], findings)
  for (const other of others) findings.warn(SCHEMA, other, 'one <Connect> connects to one thing; it is skipped')
  const verb = { type: 'connect', action, method } as const
  if (noun === undefined) {
    attributes.warn(SCHEMA, 'it names nothing to connect to')
    return { ...verb, stream: null, lacking: null }
  }
  if (noun.name !== 'Stream') {
    findings.warn(SCHEMA, noun, 'this switch does not offer it; the next verb runs')
    return { ...verb, stream: null, lacking: noun.name }
  }
  const stream = readStream(noun, findings, manner)
  if (stream === null || stream.track === 'inbound_track' || stream.wire !== undefined)
    return { ...verb, stream, lacking: null }
  findings.warn(SCHEMA, noun, 'a two-way stream carries the inbound track only (STR-02)')
  return { ...verb, stream: { ...stream, track: 'inbound_track' }, lacking: null }
}

function readStream(element: Element, findings: Findings, { texml }: Manner): StreamNoun | null {
  const attributes = new Attributes(element, findings)
  const url = attributes.text('url')
  const stream = {
    type: 'stream',
    name: attributes.text('name'),
    track: attributes.choice('track', TRACKS, 'inbound_track'),
    statusCallback: attributes.target('statusCallback', 'statusCallbackMethod'),
    parameters: readParameters(childrenOf(element, ['Parameter'], findings), findings),
    ...(texml ? { wire: readStreamWire(attributes) } : {}),
  } as const
  attributes.accept('connectorName', 'audioFormat', 'sampleRate')
  attributes.end()
  noText(element, findings)
  // STR-02: wss, absolute or relative. Plain ws is let through for applications in one's own network.
  if (url === null || (/^[a-z][a-z0-9+.-]*:/i.test(url) && !/^wss?:/i.test(url))) {
    attributes.warn(BAD_URL, `url="${quoted(url ?? '')}" is not a wss: URL; it is skipped`)
    return null
  }
  if (url.includes('?') && !texml) attributes.warn(BAD_URL, 'url has a query; pass it as <Parameter> instead')
  return { ...stream, url }
}

function readSiprec(element: Element, findings: Findings, { texml }: Manner): SiprecNoun {
  const attributes = new Attributes(element, findings)
  const siprec: SiprecNoun = {
    type: 'siprec',
    connectorName: attributes.text('connectorName'),
    name: attributes.text('name'),
    track: attributes.choice('track', TRACKS, texml ? 'both_tracks' : 'inbound_track'),
    statusCallback: attributes.target('statusCallback', 'statusCallbackMethod'),
    parameters: readParameters(childrenOf(element, ['Parameter'], findings), findings),
    ...(texml ? { manner: readSiprecManner(attributes) } : {}),
  }
  attributes.end()
  noText(element, findings)
  return siprec
}

/** TX-07. */
function readSiprecManner(attributes: Attributes): SiprecManner {
  const none = attributes.text('sessionTimeoutSecs') === '0'
  const bounds = { least: SHORTEST_SIPREC_S, most: LONGEST_SIPREC_S }
  return {
    inMetadata: attributes.bool('includeMetadataCustomHeaders', false),
    secure: attributes.bool('secure', false),
    intervalS: none ? null : attributes.integer('sessionTimeoutSecs', bounds, USUAL_SIPREC_S),
  }
}

/** TX-06: a verb of its own, in older documents. */
export function readSuppression(element: Element, findings: Findings): StartVerb {
  return { type: 'start', what: [readSuppressionNoun(element, findings)] }
}

function readSuppressionNoun(element: Element, findings: Findings): SuppressionNoun {
  const attributes = new Attributes(element, findings)
  const suppression: SuppressionNoun = {
    type: 'suppression',
    direction: attributes.choice('direction', ['inbound', 'outbound', 'both'], 'inbound'),
    engine: attributes.choice('noiseSuppressionEngine', NOISE_ENGINES, 'Denoiser'),
  }
  // They tune the engines of other makers.
  attributes.accept('model', 'suppressionLevel')
  attributes.end()
  nothingIn(element, findings)
  return suppression
}

function readRecording(element: Element, findings: Findings): RecordingNoun {
  const attributes = new Attributes(element, findings)
  const track = attributes.choice('track', ['inbound', 'outbound', 'both'], 'both')
  const channels = attributes.choice('channels', ['mono', 'dual'], 'mono')
  const recording: RecordingNoun = {
    type: 'recording',
    name: attributes.text('name'),
    channels: channels === 'dual' && track === 'both' ? 2 : 1,
    track,
    trim: readTrim(attributes, false),
    recordingCallback: readRecordingCallback(attributes),
  }
  attributes.accept('recordingConfigurationId')
  attributes.end()
  nothingIn(element, findings)
  return recording
}

function readTranscription(element: Element, findings: Findings): TranscriptionNoun {
  const attributes = new Attributes(element, findings)
  const url = attributes.target('statusCallbackUrl', 'statusCallbackMethod')
  const children = childrenOf(element, ['Config', 'Parameter'], findings)
  readParameters(children, findings)
  const transcription: TranscriptionNoun = {
    type: 'transcription',
    name: attributes.text('name'),
    track: attributes.choice('track', TRACKS, 'both_tracks'),
    languageCode: attributes.text('languageCode'),
    partialResults: attributes.bool('partialResults', false),
    statusCallback: url,
    attributes: Object.fromEntries(
      TRANSCRIPTION_ATTRIBUTES.flatMap((name) => {
        const value = attributes.text(name)
        return value === null ? [] : [[name, value]]
      }),
    ),
  }
  attributes.end()
  noText(element, findings)
  return transcription
}
