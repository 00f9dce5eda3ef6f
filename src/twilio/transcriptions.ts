// Transcriptions while a call goes on, in this language's words (twilio-voice §4.11, SRC-03, CALL-23): its engines are names
// for whichever recogniser the operator declared for them.

import type { DeclaredRecogniser } from '#base/recogniser.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Fact } from '#calls/events.ts'
import type { TranscriptionSpec } from '#calls/model.ts'
import { knowsLanguage } from './recognisers.ts'
import { sid } from './spelling.ts'
import { type TrackWord, trackOf } from './stream-order.ts'
import { isoTime, type Told } from './streams.ts'
import type { Problem, Target } from './twiml/verbs.ts'

export const DEFAULT_ENGINE = 'google'
export const DEFAULT_LANGUAGE = 'en-US'
const NO_RECOGNISER = 32_650
const FAILED = 32_655

/** What is asked for, with absolute URLs. */
export interface TranscriptionOrder {
  readonly name: string | null
  readonly track: TrackWord
  readonly languageCode: string | null
  readonly partialResults: boolean
  readonly statusCallback: Target | null
  /** The verb's other attributes, as written. */
  readonly attributes: Readonly<Record<string, string>>
}

/** What this language remembers with a transcription. */
export interface TranscriptionNotes {
  readonly name?: string
  readonly callback?: Target
  readonly engine?: string
  readonly inboundLabel?: string
  readonly outboundLabel?: string
  readonly partialResults?: boolean
}

/** The recogniser that answers for the engine; without one, what to do about it. */
export function transcriptionSpec(
  order: TranscriptionOrder,
  declared: readonly DeclaredRecogniser[],
): Result<TranscriptionSpec, Problem> {
  const { attributes, statusCallback, name } = order
  const engine = attributes.transcriptionEngine ?? DEFAULT_ENGINE
  const found =
    declared.find(({ engines }) => engines.some((one) => one.toLowerCase() === engine.toLowerCase())) ??
    declared.find(({ engines }) => engines.includes('*'))
  if (found === undefined)
    return err({
      level: 'error',
      code: NO_RECOGNISER,
      message: `No recogniser answers for the engine '${engine}' here; declare one under transcription in the configuration.`,
    })
  const language = order.languageCode ?? DEFAULT_LANGUAGE
  if (!knowsLanguage(found, language))
    return err({
      level: 'error',
      code: NO_RECOGNISER,
      message: `The recogniser '${found.name}' does not know the language '${language}'; it knows ${found.languages.join(', ')}.`,
    })
  const notes: TranscriptionNotes = {
    engine,
    partialResults: order.partialResults,
    ...(name === null ? {} : { name }),
    ...(statusCallback === null ? {} : { callback: statusCallback }),
    ...(attributes.inboundTrackLabel === undefined ? {} : { inboundLabel: attributes.inboundTrackLabel }),
    ...(attributes.outboundTrackLabel === undefined ? {} : { outboundLabel: attributes.outboundTrackLabel }),
  }
  const hints = (attributes.hints ?? '').split(',').flatMap((one) => one.trim() || [])
  return ok({
    track: trackOf(order.track),
    wish: {
      access: found.access,
      language,
      model: attributes.speechModel ?? null,
      hints,
      interim: order.partialResults,
    },
    notes: { ...notes },
  })
}

type TranscriptionFact = Extract<Fact, { readonly type: `transcription.${string}` | 'call.transcribed' }>

/** SRC-03. `sequence` counts what is told of one transcription, from 1. */
export function transcriptionCallbacks(
  fact: TranscriptionFact,
  atWallMs: number,
  sequence: () => number,
): readonly Told[] {
  const { call, transcription } = fact
  const notes = transcription.notes as TranscriptionNotes
  if (notes.callback === undefined) return []
  return [
    {
      target: notes.callback,
      parameters: [
        ['AccountSid', sid('account', call.account)],
        ['CallSid', sid('call', call.id)],
        ['TranscriptionSid', sid('liveTranscription', transcription.id)],
        ['Timestamp', isoTime(atWallMs)],
        ['SequenceId', String(sequence())],
        ...wordsOf(fact, notes),
      ],
      what: fact.type.replace('.', ' '),
    },
  ]
}

function wordsOf(fact: TranscriptionFact, notes: TranscriptionNotes): Told['parameters'] {
  const { transcription } = fact
  switch (fact.type) {
    case 'transcription.started':
      return [
        ['TranscriptionEvent', 'transcription-started'],
        ['LanguageCode', transcription.language ?? DEFAULT_LANGUAGE],
        ['Track', transcription.track === 'both' ? 'both_tracks' : `${transcription.track}_track`],
        ['PartialResults', String(notes.partialResults ?? false)],
        ['TranscriptionEngine', notes.engine ?? DEFAULT_ENGINE],
        ...(notes.name === undefined ? [] : ([['Name', notes.name]] as const)),
        ...(notes.inboundLabel === undefined ? [] : ([['InboundTrackLabel', notes.inboundLabel]] as const)),
        ...(notes.outboundLabel === undefined ? [] : ([['OutboundTrackLabel', notes.outboundLabel]] as const)),
      ]
    case 'call.transcribed': {
      const { heard, track } = fact
      const said = {
        transcript: heard.transcript,
        ...(heard.confidence === null ? {} : { confidence: heard.confidence }),
      }
      return [
        ['TranscriptionEvent', 'transcription-content'],
        ['LanguageCode', transcription.language ?? DEFAULT_LANGUAGE],
        ['Track', `${track}_track`],
        ['TranscriptionData', JSON.stringify(said)],
        ['Final', String(heard.isFinal)],
      ]
    }
    case 'transcription.stopped':
      return [['TranscriptionEvent', 'transcription-stopped']]
    case 'transcription.failed':
      return [
        ['TranscriptionEvent', 'transcription-error'],
        ['TranscriptionErrorCode', String(FAILED)],
        ['TranscriptionError', fact.reason],
      ]
  }
}

/** What went wrong with a recogniser, for the notifications; null: nothing. */
export function transcriptionFailure(fact: TranscriptionFact): Problem | null {
  if (fact.type !== 'transcription.failed') return null
  return { level: 'error', code: FAILED, message: `A transcription failed: ${fact.reason}.` }
}
