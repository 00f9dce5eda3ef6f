// Tells accounts/ what calls out use: from the hall's events as they come, and from the store what was used today before
// this start.

import type { UsageToday } from '#accounts/usage.ts'
import type { Engine } from '#calls/engine.ts'
import { isListed } from '#calls/events.ts'
import { callFromRow } from '#calls/rows.ts'
import { readFrom, type Store } from '#storage/store.ts'

const DAY_MS = 24 * 60 * 60_000

export function countUsage(engine: Engine, usage: UsageToday): void {
  engine.listen(({ fact }) => {
    if (!('call' in fact) || fact.call === null || fact.call.direction !== 'outgoing' || !isListed(fact)) return
    if (fact.type === 'call.initiated') usage.began(fact.call)
    else if (fact.type === 'call.answered') usage.answered(fact.call)
    else if (fact.type === 'call.ended') usage.ended(fact.call)
  })
}

/** Counts what began or ended since midnight UTC; a store that is away tells nothing. */
export async function recallUsage(store: Store, usage: UsageToday, nowWallMs: number): Promise<void> {
  const midnightMs = Math.floor(nowWallMs / DAY_MS) * DAY_MS
  const rows = await readFrom(() =>
    store.db
      .selectFrom('calls')
      .select('data')
      .where('direction', '=', 'outgoing')
      .where((or) => or.or([or('started_at_ms', '>=', midnightMs), or('ended_at_ms', '>=', midnightMs)]))
      .execute(),
  )
  for (const row of rows.ok ? rows.value : []) {
    const call = callFromRow(row)
    if (call.createdAtWallMs >= midnightMs) usage.began(call)
    usage.ended(call)
  }
}
