// Recognition of speech is done by services that the operator declares; they are handed in behind this interface. What runs
// is a `Recognition`: one track of one call, frame by frame. The real ones live in speech/.

import type { Result } from './result.ts'

/** How a declared service is reached. Holds a secret: never logged, never stored. */
export interface RecogniserAccess {
  /** `stream`: PCM over a WebSocket, results as they are found. `file`: one utterance after the other over HTTP. */
  readonly kind: 'stream' | 'file'
  readonly url: string
  readonly key: string | null
  /** Null: whichever is asked for, else the service's own. */
  readonly model: string | null
}

/** A recogniser of the configuration. */
export interface DeclaredRecogniser {
  readonly name: string
  readonly access: RecogniserAccess
  /** Engines of an API it answers for; `*` for all. */
  readonly engines: readonly string[]
  /** Languages it knows; empty: any. */
  readonly languages: readonly string[]
}

export interface RecogniseWish {
  readonly access: RecogniserAccess
  /** As the service writes it; null: it finds out. */
  readonly language: string | null
  readonly model: string | null
  /** Words to be expected. */
  readonly hints: readonly string[]
  /** Whether unfinished results are wanted. */
  readonly interim: boolean
}

export interface Heard {
  readonly transcript: string
  /** 0 to 1; null: the service does not say. */
  readonly confidence: number | null
  readonly isFinal: boolean
}

export interface RecognitionListener {
  onHeard(heard: Heard): void
  /** It is over and cannot be helped. */
  onFailed(reason: string): void
}

export interface Recognition {
  /** The next 20 ms at the agreed rate; null: silence. The frame is the caller's own. */
  hear(frame: Int16Array | null): void
  /** No more comes: what was heard so far is still told. */
  finish(): void
}

export interface Recognisers {
  open(wish: RecogniseWish, sampleRateHz: 8000 | 16000, listener: RecognitionListener): Recognition
  /** A whole file at once. */
  transcribe(wish: RecogniseWish, file: Uint8Array, name: string): Promise<Result<string, string>>
}
