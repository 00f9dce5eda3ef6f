// What the hall is handed: narrow doors to the rooms below and to the languages above. The server wires them.

import type { AccountId, ApplicationId } from '#base/ids.ts'
import type { Result } from '#base/result.ts'
import type { MediaChannel, PlayerSource } from '#media/protocol.ts'
import type { Write } from '#storage/write.ts'
import type { Refusal } from './commands.ts'
import type { EngineEvent } from './events.ts'
import type { AudioSource, Call, Recording } from './model.ts'

export interface CallAttempt {
  readonly direction: 'incoming' | 'outgoing'
  readonly account: AccountId
  readonly application: ApplicationId
  readonly to: readonly string[]
}

/** Where records go. Resolves after the commit is durable; false: the store cannot take it now. */
export interface Ledger {
  commit(writes: readonly Write[]): Promise<boolean>
  /** False while the store is known to be away: new work is refused then. */
  readonly available: boolean
}

/** What a language makes of an event, inside the transaction that stores it. */
export interface Prepared {
  readonly writes: readonly Write[]
  /** Called once the transaction is durable, in order. */
  committed(): void
}

export interface Publisher {
  prepare(event: EngineEvent): Prepared | null
}

export interface AudioFailure {
  readonly status: 'not-found' | 'failed'
  /** One sentence for the customer: what failed and what to do. */
  readonly detail: string
}

/** Turns something to be heard into something a media worker can play. */
export interface Sounds {
  prepare(source: AudioSource, account: AccountId): Promise<Result<PlayerSource, AudioFailure>>
}

export interface FinishedRecording {
  readonly path: string
  readonly durationMs: number
  readonly octets: number
  /** URI of the bucket it was carried to; null: it lies on the shelf. */
  readonly carriedTo: string | null
}

/** Where recordings lie, and what is done to them when they end: trimming, encoding. */
export interface RecordingShelf {
  /** Absolute path for a path below the shelf. */
  absolute(path: string): string
  finish(recording: Recording): Promise<Result<FinishedRecording, string>>
}

/** Makes text of finished recordings. */
export interface Transcriber {
  /** @returns the text, or why there is none */
  transcribe(recording: Recording): Promise<Result<string, string>>
}

/** What the hall needs to know of applications. */
export interface Applications {
  /** The language an application is written in; null when there is no such application. */
  languageOf(application: ApplicationId): string | null
  /** An incoming call that gets no command within this time is ended; null: it waits. */
  firstCommandTimeoutMs(application: ApplicationId): number | null
  /** What becomes of a transfer that a telephone asks for: it is done, or the application's language is asked. */
  referrals(application: ApplicationId): 'carry-out' | 'ask'
  /** How digits are sent to phones of this application. */
  digitMode(application: ApplicationId): 'telephone-event' | 'inband' | 'info'
  /** Why a call may not be made or taken now, beside those that live; null: it may. */
  bars(attempt: CallAttempt, live: Iterable<Call>): Refusal | null
}

/** The media worker that serves an account's calls. All calls of an account share one, so that any two can be bridged. */
export interface MediaPlaces {
  channelOf(account: AccountId): MediaChannel
}
