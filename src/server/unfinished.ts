// Reads what the store still believes to be going on: what a crash left behind.

import type { CallId, ConferenceId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Memory } from '#calls/engine.ts'
import type { Unfinished } from '#calls/recovery.ts'
import {
  callFromRow,
  conferenceFromRow,
  participantFromRow,
  queueEntryFromRow,
  queueFromRow,
  recordingFromRow,
} from '#calls/rows.ts'
import { readFrom, type Store } from '#storage/store.ts'

export async function readUnfinished(store: Store): Promise<Result<Unfinished, string>> {
  const { db } = store
  const read = await readFrom(async () => ({
    calls: await db.selectFrom('calls').select('data').where('state', '!=', 'ended').execute(),
    conferences: await db.selectFrom('conferences').selectAll().where('state', '!=', 'ended').execute(),
    participants: await db.selectFrom('participants').selectAll().where('state', '=', 'joined').execute(),
    recordings: await db
      .selectFrom('recordings')
      .select('data')
      .where('state', 'in', ['recording', 'paused', 'processing'])
      .execute(),
    queues: await db.selectFrom('queues').selectAll().orderBy('created_at_ms').execute(),
    entries: await db.selectFrom('queue_entries').selectAll().orderBy('enqueued_at_ms').orderBy('id').execute(),
  }))
  if (!read.ok) return err(read.error.reason)
  const { calls, conferences, participants, recordings, queues, entries } = read.value
  const lanes = [
    ...calls.map((row) => callFromRow(row).id as string),
    ...conferences.map((row) => row.id),
    ...recordings.map(recordingFromRow).flatMap((one) => one.conference ?? one.call ?? []),
  ]
  const sequences = new Map<string, number>()
  for (const lane of new Set(lanes)) {
    const last = await readFrom(() =>
      db
        .selectFrom('events')
        .select('sequence')
        .where('subject_id', '=', lane)
        .orderBy('sequence', 'desc')
        .limit(1)
        .executeTakeFirst(),
    )
    if (last.ok && last.value !== undefined) sequences.set(lane, last.value.sequence)
  }
  return ok({
    calls: calls.map(callFromRow),
    conferences: conferences.map((row) =>
      conferenceFromRow(row, participants.filter((one) => one.conference_id === row.id).map(participantFromRow)),
    ),
    recordings: recordings.map(recordingFromRow),
    queues: queues.map((row) =>
      queueFromRow(row, entries.filter((one) => one.queue_id === row.id).map(queueEntryFromRow)),
    ),
    sequences,
  })
}

/** Tells an ended call or room from one that never was. */
export function memoryOf(store: Store): Memory {
  return {
    async callEnded(account, call: CallId) {
      const row = await readFrom(() =>
        store.db
          .selectFrom('calls')
          .select('id')
          .where('id', '=', call)
          .where('account_id', '=', account)
          .executeTakeFirst(),
      )
      return row.ok && row.value !== undefined
    },
    async conferenceEnded(account, conference: ConferenceId) {
      const row = await readFrom(() =>
        store.db
          .selectFrom('conferences')
          .select('id')
          .where('id', '=', conference)
          .where('account_id', '=', account)
          .executeTakeFirst(),
      )
      return row.ok && row.value !== undefined
    },
  }
}
