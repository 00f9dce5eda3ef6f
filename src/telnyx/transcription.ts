// Transcription in this language's words (telnyx-voice §12.14): its engines are names for whichever recogniser the operator
// declared for them.

import { z } from 'zod'
import type { DeclaredRecogniser, RecogniserAccess, RecogniseWish } from '#base/recogniser.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { TranscriptionSpec } from '#calls/model.ts'
import { flag, text } from '#http/schema.ts'
import { type ApiError, errors } from './errors.ts'
import { cs } from './fields.ts'

export const ENGINES = [
  'Google',
  'Telnyx',
  'Deepgram',
  'Azure',
  'xAI',
  'AssemblyAI',
  'Speechmatics',
  'Soniox',
  'Parakeet',
  'Humain',
  'Reson8',
  'Cohere',
] as const
const engine = z.enum([...ENGINES, 'A', 'B'])
const words = z.array(text(500)).max(100).optional()

/** ⟨TEC⟩: what all engines understand alike; the rest is taken and means nothing here. */
const engineConfig = z.looseObject({
  transcription_engine: engine.optional(),
  language: text(35).optional(),
  interim_results: flag.optional(),
  transcription_model: text(200).optional(),
  model: text(200).optional(),
  hints: words,
  keyterms: words,
})

/** ⟨TCFG⟩; `language` and `interim_results` stood here in older clients. */
export const transcriptionFields = {
  transcription_engine: engine.optional(),
  transcription_engine_config: engineConfig.optional(),
  transcription_tracks: z.enum(['inbound', 'outbound', 'both']).optional(),
  language: text(35).optional(),
  interim_results: flag.optional(),
}

/** On dial and answer. */
export const transcriptionOnAnswer = {
  transcription: flag.optional(),
  transcription_config: z.object({ ...cs, ...transcriptionFields }).optional(),
}

type Fields = z.infer<z.ZodObject<typeof transcriptionFields>>
type OnAnswerFields = z.infer<z.ZodObject<typeof transcriptionOnAnswer>>

/** Null: nothing is to be transcribed. */
export function readTranscriptionOnAnswer(
  declared: readonly DeclaredRecogniser[],
  body: OnAnswerFields,
): Result<TranscriptionSpec | null, ApiError> {
  if (body.transcription !== true) return ok(null)
  return readTranscription(declared, body.transcription_config ?? {}, '/transcription_config')
}

export function readTranscription(
  declared: readonly DeclaredRecogniser[],
  body: Fields,
  below = '',
): Result<TranscriptionSpec, ApiError> {
  const config = body.transcription_engine_config ?? {}
  const nested = config.language !== undefined
  const wish = readWish(declared, {
    engine: body.transcription_engine ?? config.transcription_engine ?? 'Google',
    enginePointer: `${below}/transcription_engine`,
    language: config.language ?? body.language ?? null,
    languagePointer: `${below}${nested ? '/transcription_engine_config' : ''}/language`,
    model: config.transcription_model ?? config.model ?? null,
    hints: [...(config.hints ?? []), ...(config.keyterms ?? [])],
    interim: config.interim_results ?? body.interim_results ?? false,
    kinds: ['stream', 'file'],
  })
  return wish.ok ? ok({ track: body.transcription_tracks ?? 'inbound', wish: wish.value.wish }) : wish
}

/** What `record_start` says of it; null: no text is wanted. Only recognisers of files make text of a file. */
export function readRecordTranscription(
  declared: readonly DeclaredRecogniser[],
  body: {
    readonly transcription?: boolean | undefined
    readonly transcription_engine?: string | undefined
    readonly transcription_language?: string | undefined
  },
): Result<{ readonly recogniser: string; readonly language: string | null } | null, ApiError> {
  if (body.transcription !== true) return ok(null)
  const read = readWish(declared, {
    engine: body.transcription_engine ?? 'A',
    enginePointer: '/transcription_engine',
    language: body.transcription_language ?? null,
    languagePointer: '/transcription_language',
    model: null,
    hints: [],
    interim: false,
    kinds: ['file'],
  })
  return read.ok ? ok({ recogniser: read.value.recogniser, language: read.value.wish.language }) : read
}

/** The recogniser of an engine, and how it is to be asked. */
export function readWish(
  declared: readonly DeclaredRecogniser[],
  asked: {
    readonly engine: string
    readonly enginePointer: string
    readonly language: string | null
    readonly languagePointer: string
    readonly model: string | null
    readonly hints: readonly string[]
    readonly interim: boolean
    readonly kinds: readonly RecogniserAccess['kind'][]
  },
): Result<{ readonly recogniser: string; readonly wish: RecogniseWish }, ApiError> {
  const engine = aliases[asked.engine] ?? asked.engine
  const able = declared.filter(({ access }) => asked.kinds.includes(access.kind))
  const found = able.find((one) => one.engines.includes(engine)) ?? able.find((one) => one.engines.includes('*'))
  if (found === undefined)
    return err(
      errors.coded(
        403,
        '10038',
        'Feature not available',
        `No recogniser${asked.kinds.includes('stream') ? '' : ' of files'} answers for ${engine} here: declare one under transcription in the configuration.`,
        asked.enginePointer,
      ),
    )
  const language = asked.language === null || /^auto(_detect)?$/i.test(asked.language) ? null : asked.language
  if (language !== null && !knows(found, language))
    return err(
      errors.notInEnum(
        asked.languagePointer,
        found.languages.length === 0
          ? `'${language}' is no tag of a language like en or pt-BR.`
          : `Must be one of: ${found.languages.join(', ')}.`,
      ),
    )
  // `deepgram/nova-3` is nova-3 to its maker.
  const model = asked.model?.replace(/^[^/]*\//, '') ?? null
  const { hints, interim } = asked
  return ok({ recogniser: found.name, wish: { access: found.access, language, model, hints, interim } })
}

const aliases: Readonly<Record<string, string>> = { A: 'Google', B: 'Telnyx', 'deepgram/nova-3': 'Deepgram' }

function knows(recogniser: DeclaredRecogniser, language: string): boolean {
  if (recogniser.languages.length === 0) return /^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,9})*$/.test(language)
  const [main] = language.split('-')
  return recogniser.languages.some((one) => one.toLowerCase() === language.toLowerCase() || one === main)
}
