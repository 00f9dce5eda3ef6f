// How a stream speaks to its application: a frame language is a pure encoder and decoder, handed to the worker by name.
// The worker knows tracks, formats and marks; the words around them are the language's own.

import type { StreamFormat, StreamSubject } from './protocol.ts'

/** What a language needs for its first words. */
export interface StreamOpening {
  readonly stream: string
  readonly about: StreamSubject
  readonly format: StreamFormat
  readonly tracks: readonly StreamTrack[]
  readonly parameters: readonly StreamParameter[]
}

export type StreamTrack = 'inbound' | 'outbound'

export interface StreamParameter {
  readonly name: string
  readonly value: string
}

/** What was wrong with what the application said. */
export type StreamProblem =
  | { readonly type: 'malformed'; readonly detail: string }
  | { readonly type: 'not-base64'; readonly detail: string }
  | { readonly type: 'too-much'; readonly detail: string }
  | { readonly type: 'failed'; readonly detail: string }

/** What the application said. */
export type StreamWord =
  | { readonly type: 'audio'; readonly payload: Uint8Array }
  /** Whatever was said and is not heard yet is forgotten. */
  | { readonly type: 'clear' }
  /** Tell when everything said before has been heard. */
  | { readonly type: 'mark'; readonly name: string }
  | { readonly type: 'wrong'; readonly problem: StreamProblem }

/** `sequence` counts the frames of one stream from 1. Each returns the text of one frame; null: the language has no word. */
export interface FrameLanguage {
  connected(): string | null
  start(opening: StreamOpening, sequence: number): string
  /** @param chunk counts the frames of one track from 1 */
  media(
    opening: StreamOpening,
    track: StreamTrack,
    chunk: number,
    timestampMs: number,
    payload: Uint8Array,
    sequence: number,
  ): string
  digit(opening: StreamOpening, digit: string, durationMs: number, atWallMs: number, sequence: number): string
  mark(opening: StreamOpening, name: string, sequence: number): string
  problem(opening: StreamOpening, problem: StreamProblem, sequence: number): string | null
  stop(opening: StreamOpening, sequence: number): string
  read(text: string): StreamWord
}
