// What a document asks for when it opens a stream, whichever manner it is written in.

import type { Header } from '#legs/leg.ts'
import type { StreamWire, Target } from './twiml/verbs.ts'

export const TRACKS = ['inbound_track', 'outbound_track', 'both_tracks'] as const
export type TrackWord = (typeof TRACKS)[number]

/** The same in the hall's words. */
export function trackOf(word: TrackWord): 'inbound' | 'outbound' | 'both' {
  return word === 'both_tracks' ? 'both' : word === 'outbound_track' ? 'outbound' : 'inbound'
}

/** What is asked for, with absolute URLs. */
export interface StreamOrder {
  readonly url: string
  readonly name: string | null
  readonly track: TrackWord
  readonly statusCallback: Target | null
  readonly parameters: readonly Header[]
  /** Absent: as Programmable Voice codes it. */
  readonly wire?: StreamWire
}
