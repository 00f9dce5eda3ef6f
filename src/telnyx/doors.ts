// What this language is handed. The server wires it.

import type { MediaLibrary } from '#accounts/media-library.ts'
import type { Register } from '#accounts/register.ts'
import type { Chance } from '#base/chance.ts'
import type { Clock } from '#base/clock.ts'
import type { AccountId, IdMaker } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import type { DeclaredRecogniser } from '#base/recogniser.ts'
import type { Engine } from '#calls/engine.ts'
import type { Store } from '#storage/store.ts'

export interface TelnyxDoors {
  readonly engine: Engine
  readonly register: Register
  readonly store: Store
  readonly media: MediaLibrary
  readonly clock: Clock
  readonly chance: Chance
  readonly ids: IdMaker
  readonly log: Log
  /** Where customers reach us, without a slash at the end: links in replies begin with it. */
  readonly baseUrl: () => string
  /** Whether noise suppression engines we do not have are stood in for by ours. */
  readonly noiseFallback: boolean
  /** Why audio may not be sent to an address that a customer names; null: it may. */
  readonly refuseAddress: (host: string) => string | null
  /** Recognisers of speech of the configuration. */
  readonly recognisers: readonly DeclaredRecogniser[]
  /** Signs links that work without a key. */
  readonly linkSecret: Uint8Array
  /** Keeps the webhooks of these lanes back until the returned function is called. */
  readonly hold: (lanes: readonly string[]) => () => void
  /** Where a login is registered now, newest first. */
  readonly registrations: (username: string) => readonly RegisteredAt[]
  /** Requests a second that one account may make; 0: as many as it likes. */
  readonly requestsPerSecond: number
  /** Reads a finished recording's file piece by piece; null when it is gone. */
  readonly readRecording: (
    path: string,
  ) => Promise<{ readonly octets: number; readonly stream: AsyncIterable<Uint8Array> } | null>
  readonly removeRecording: (path: string) => Promise<void>
}

/** One telephone that is registered. */
export interface RegisteredAt {
  readonly host: string
  readonly port: number
  readonly transport: string
  readonly userAgent: string | null
  readonly registeredAtWallMs: number
}

/** Whoever holds an API key. */
export interface TelnyxActor {
  readonly account: AccountId
}

export const LANGUAGE = 'telnyx'
