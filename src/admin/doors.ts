// What our own plain API is handed.

import type { Register } from '#accounts/register.ts'
import type { Clock } from '#base/clock.ts'
import type { Engine } from '#calls/engine.ts'
import type { Store } from '#storage/store.ts'
import type { Dispatcher } from '#webhooks/dispatcher.ts'

export interface AdminDoors {
  readonly engine: Engine
  readonly register: Register
  readonly store: Store
  readonly dispatcher: Dispatcher
  readonly clock: Clock
  /** The token that opens this API. */
  readonly token: string
  readonly version: string
  readonly startedAtWallMs: number
  /** Addresses the switch listens on, by face. */
  readonly faces: () => Readonly<Record<string, string>>
  /** The latest word of the media workers about their beat. */
  readonly mediaLoad: () => object | null
  readonly readRecording: (
    path: string,
  ) => Promise<{ readonly octets: number; readonly stream: AsyncIterable<Uint8Array> } | null>
}
