// Start and Stop (twilio-voice §4.11): streams, recording servers, recordings and transcriptions that run beside the
// document. Each is ordered, and the next verb runs as soon as the orders are taken.

import type { EngineCommand, Refusal } from '#calls/commands.ts'
import { MAX_RECORDING_MS } from '../limits.ts'
import type { RecordingNotes } from '../notes.ts'
import { connectorOf, connectorProblem, siprecProblem, siprecSpec } from '../siprec.ts'
import { readSid } from '../spelling.ts'
import { STREAM_COMPANY, streamProblem, streamSpec } from '../streams.ts'
import { transcriptionSpec } from '../transcriptions.ts'
import type {
  Problem,
  RecordingNoun,
  SiprecNoun,
  StartVerb,
  StopVerb,
  StreamNoun,
  SuppressionNoun,
  TranscriptionNoun,
} from '../twiml/verbs.ts'
import { streamOrder } from './connecting.ts'
import type { ProgrammeDoors } from './programme-doors.ts'
import { type Begun, type Input, next, type Outcome, over, running, type Task, type Turn } from './turn.ts'

/** What ours is called there. */
const OUR_NOISE_ENGINE = 'Denoiser'

export function beginStart(verb: StartVerb, turn: Turn, doors: ProgrammeDoors): Begun {
  return ordered(
    verb.what.flatMap((noun) => {
      const order = orderOf(noun, turn, doors)
      if ('command' in order) return [{ ...order, what: `The ${noun.type} could not be started` }]
      turn.note(order.level, order.code, order.message)
      return []
    }),
    turn,
  )
}

export function beginStop(verb: StopVerb, turn: Turn): Begun {
  return ordered(
    verb.what.map(({ type, name }) => ({
      command: stopOf(type, name, turn),
      what: `There is no ${type}${name === null ? '' : ` '${name}'`} to be stopped`,
    })),
    turn,
  )
}

interface Order {
  readonly command: EngineCommand
  /** What a refusal means. */
  readonly what: string
}

function ordered(orders: readonly Order[], turn: Turn): Begun {
  if (orders.length === 0) return over(next)
  return running(new Ordering(new Map(orders.map(({ command, what }) => [turn.command(command), what]))))
}

/** Orders that were given: over once each was taken or refused. */
class Ordering implements Task {
  readonly #open: Map<number, string>

  constructor(open: Map<number, string>) {
    this.#open = open
  }

  on(input: Input, turn: Turn): Outcome {
    if (input.type !== 'accepted' && input.type !== 'refused') return null
    const what = this.#open.get(input.token)
    if (what === undefined) return null
    this.#open.delete(input.token)
    if (input.type === 'refused') turn.note('warning', 12200, `${what}: ${words(input.refusal)}.`)
    return this.#open.size === 0 ? next : null
  }

  abort(): void {}
}

function words(refusal: Refusal): string {
  return refusal.type === 'limit-reached' ? `more than ${refusal.limit}` : refusal.type
}

function orderOf(
  noun: StartVerb['what'][number],
  turn: Turn,
  doors: ProgrammeDoors,
): { readonly command: EngineCommand } | Problem {
  switch (noun.type) {
    case 'stream':
      return streamOf(noun, turn, doors)
    case 'siprec':
      return siprecOf(noun, turn, doors)
    case 'recording':
      return recordingOf(noun, turn)
    case 'transcription':
      return transcriptionOf(noun, turn, doors)
    case 'suppression':
      return suppressionOf(noun, turn, doors)
  }
}

function streamOf(noun: StreamNoun, turn: Turn, doors: ProgrammeDoors): { readonly command: EngineCommand } | Problem {
  const order = streamOrder(noun, turn)
  const problem = streamProblem(order)
  if (problem !== null) return problem
  const { account, id: call } = turn.call
  const spec = streamSpec(order, false, (url) => doors.streamHeaders(account, url))
  return { command: { type: 'start-stream', call, spec, beside: STREAM_COMPANY } }
}

function siprecOf(noun: SiprecNoun, turn: Turn, doors: ProgrammeDoors): { readonly command: EngineCommand } | Problem {
  const { account, id: call } = turn.call
  const connector = connectorOf(doors.siprecConnectors(account), noun.connectorName)
  if (connector === null) return connectorProblem(noun.connectorName)
  const { connectorName, name, track, parameters, statusCallback, manner } = noun
  const session = turn.recordingSessionId()
  const order = {
    connectorName,
    name,
    track,
    parameters,
    statusCallback: statusCallback === null ? null : turn.target(statusCallback),
    ...(manner === undefined ? {} : { manner: { ...manner, group: turn.call.group } }),
  }
  const problem = siprecProblem(order, connector)
  if (problem !== null) return problem
  const spec = siprecSpec(order, connector, { account, call, session })
  return { command: { type: 'begin-recording-session', call, spec, session, beside: STREAM_COMPANY } }
}

/** SRC-02. */
function recordingOf(noun: RecordingNoun, turn: Turn): { readonly command: EngineCommand } {
  const { name, channels, track, trim, recordingCallback } = noun
  const notes: RecordingNotes = {
    source: 'StartCallRecordingTwiML',
    ...(recordingCallback === null ? {} : { callback: { ...recordingCallback, url: turn.url(recordingCallback.url) } }),
  }
  const options = {
    format: 'wav',
    channels,
    track,
    maxDurationMs: MAX_RECORDING_MS,
    silenceTimeoutMs: 0,
    beep: false,
    trimSilence: trim,
    ...(name === null ? {} : { name }),
    fileName: null,
  } as const
  return { command: { type: 'record', call: turn.call.id, options, notes: { ...notes } } }
}

/** SRC-03. */
function transcriptionOf(
  noun: TranscriptionNoun,
  turn: Turn,
  doors: ProgrammeDoors,
): { readonly command: EngineCommand } | Problem {
  const { statusCallback } = noun
  const order = { ...noun, statusCallback: statusCallback === null ? null : turn.target(statusCallback) }
  const spec = transcriptionSpec(order, doors.recognisers)
  if (!spec.ok) return spec.error
  return { command: { type: 'start-transcription', call: turn.call.id, spec: spec.value } }
}

/** TX-06: one engine is ours. */
function suppressionOf(
  { direction, engine }: SuppressionNoun,
  turn: Turn,
  { noiseFallback }: ProgrammeDoors,
): { readonly command: EngineCommand } | Problem {
  if (engine !== OUR_NOISE_ENGINE && !noiseFallback) {
    const instead = `use ${OUR_NOISE_ENGINE}, or let it stand in with noise_suppression_fallback: true`
    return { level: 'warning', code: 12200, message: `This switch has no ${engine}: ${instead}.` }
  }
  return { command: { type: 'suppress-noise', call: turn.call.id, direction, engine: 'rnnoise' } }
}

/** STR-03: by name, or by the sid that stands for one. */
function stopOf(type: StopVerb['what'][number]['type'], name: string | null, turn: Turn): EngineCommand {
  const call = turn.call.id
  switch (type) {
    case 'stream': {
      const stream = name === null ? null : readSid<'stream'>('stream', name)
      return name === null || stream !== null
        ? { type: 'stop-stream', call, stream }
        : { type: 'stop-stream', call, stream: null, name }
    }
    case 'siprec':
      return { type: 'end-recording-session', call, name }
    case 'recording':
      return { type: 'stop-recording', call, recording: null, ...(name === null ? {} : { name }) }
    case 'transcription':
      return { type: 'stop-transcription', call }
    case 'suppression':
      return { type: 'suppress-noise', call, direction: null, engine: 'rnnoise' }
  }
}
