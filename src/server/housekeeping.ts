// What is thrown away in time, so that the database and the disk do not grow for ever: webhooks long delivered, dead letters
// nobody came for, command replies past their repetition, stored media past their lifetime. A little at a time, so
// that nobody waits behind it. Calls, recordings and their events are the operator's and stay.

import type { MediaLibrary } from '#accounts/media-library.ts'
import { after, type Clock, type Timer } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Store } from '#storage/store.ts'
import type { Dispatcher } from '#webhooks/dispatcher.ts'

const HOUR_MS = 60 * 60_000
/** Delivered webhooks stay readable in the delivery log. */
export const KEEP_DELIVERED_MS = 72 * HOUR_MS
/** Dead letters can be replayed this long (reliability R2.5). */
export const KEEP_DEAD_MS = 30 * 24 * HOUR_MS
/** Problems customers were told of. */
export const KEEP_NOTIFICATIONS_MS = 30 * 24 * HOUR_MS
const ROUND_EVERY_MS = 5 * 60_000
/** Steps of a round; each removes a bounded number of rows. A backlog larger than that waits for the next round. */
const STEPS_PER_ROUND = 50
const STEP_GAP_MS = 50

export interface HousekeepingDoors {
  readonly store: Store
  readonly dispatcher: Dispatcher
  readonly library: MediaLibrary
  readonly clock: Clock
  readonly log: Log
}

/** Begins; returns how to end it. */
export function keepHouse(doors: HousekeepingDoors): () => void {
  let timer: Timer | null = null
  let ended = false
  const later = (): void => {
    if (!ended) timer = after(doors.clock, ROUND_EVERY_MS, () => void round(doors, () => ended).then(later))
  }
  later()
  return () => {
    ended = true
    timer?.cancel()
  }
}

async function round(doors: HousekeepingDoors, ended: () => boolean): Promise<void> {
  const { store, dispatcher, library, clock, log } = doors
  const nowMs = Math.floor(clock.wallMs())
  for (const [state, keptMs] of [
    ['delivered', KEEP_DELIVERED_MS],
    ['dead', KEEP_DEAD_MS],
  ] as const) {
    for (let step = 0; step < STEPS_PER_ROUND && !ended(); step++) {
      const purged = await dispatcher.purge(state, nowMs - keptMs)
      if (!purged.ok) return log.warn({ reason: purged.error.reason }, 'old webhooks could not be removed')
      if (purged.value === 0) break
      await new Promise<void>((resolve) => after(clock, STEP_GAP_MS, resolve))
    }
  }
  if (ended()) return
  const { sql, parameters } = store.db.deleteFrom('commands').where('expires_at_ms', '<', nowMs).compile()
  await store.commit([{ sql, parameters: parameters as number[] }])
  const old = store.db
    .deleteFrom('notifications')
    .where('at_ms', '<', nowMs - KEEP_NOTIFICATIONS_MS)
    .compile()
  await store.commit([{ sql: old.sql, parameters: old.parameters as number[] }])
  const said = store.db
    .deleteFrom('call_exchanges')
    .where('at_ms', '<', nowMs - KEEP_DELIVERED_MS)
    .compile()
  await store.commit([{ sql: said.sql, parameters: said.parameters as number[] }])
  await library.expire()
}
