// What is to be said, whatever it was written in: stretches of text with a manner of speaking, and pauses.

import { err, ok, type Result } from '#base/result.ts'
import { MAX_SENTENCE_CHARACTERS, MAX_TEXT_CHARACTERS } from './limits.ts'

export interface Manner {
  /** 1 is normal, 2 twice as fast. */
  readonly rate: number
  /** 1 is normal, 1.2 a fifth higher. */
  readonly pitch: number
  readonly gainDb: number
}

export const PLAIN: Manner = { rate: 1, pitch: 1, gainDb: 0 }

export type Piece =
  | { readonly type: 'say'; readonly text: string; readonly manner: Manner }
  | { readonly type: 'pause'; readonly durationMs: number }

export type TextError =
  | { readonly type: 'too-long'; readonly limit: number }
  | { readonly type: 'bad-markup'; readonly reason: string }
  | { readonly type: 'nothing-to-say' }

export function plainText(text: string): Result<readonly Piece[], TextError> {
  if (text.length > MAX_TEXT_CHARACTERS) return err({ type: 'too-long', limit: MAX_TEXT_CHARACTERS })
  return checked(splitSentences(text).map((sentence) => ({ type: 'say', text: sentence, manner: PLAIN })))
}

/** Refuses what would be silence from beginning to end although something was asked for. */
export function checked(pieces: readonly Piece[]): Result<readonly Piece[], TextError> {
  return pieces.length === 0 ? err({ type: 'nothing-to-say' }) : ok(pieces)
}

/** At the ends of sentences, and where a sentence is too long, at a comma or a space. */
export function splitSentences(text: string): string[] {
  const sentences: string[] = []
  for (const sentence of text.replace(/\s+/g, ' ').split(/(?<=[.!?;:。！？]) /)) {
    let rest = sentence.trim()
    while (rest.length > MAX_SENTENCE_CHARACTERS) {
      const head = rest.slice(0, MAX_SENTENCE_CHARACTERS)
      const comma = head.lastIndexOf(', ')
      const space = head.lastIndexOf(' ')
      const cut = comma > MAX_SENTENCE_CHARACTERS / 2 ? comma + 1 : space > 0 ? space : MAX_SENTENCE_CHARACTERS
      sentences.push(rest.slice(0, cut).trim())
      rest = rest.slice(cut).trim()
    }
    if (rest !== '') sentences.push(rest)
  }
  return sentences
}
