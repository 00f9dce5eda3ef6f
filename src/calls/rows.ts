// Records to rows and back. What lists are filtered by has a column; the rest rides in `data` as JSON.

import type { CallRow, ConferenceRow, ParticipantRow, QueueEntryRow, QueueRow, RecordingRow } from '#storage/schema.ts'
import type { Write } from '#storage/write.ts'
import { upsertRow } from '#storage/write.ts'
import type { Call, Conference, Participant, Queue, QueueEntry, Recording } from './model.ts'

export function callWrite(call: Call): Write {
  return upsertRow('calls', {
    id: call.id,
    account_id: call.account,
    application_id: call.application,
    group_id: call.group,
    state: call.state,
    direction: call.direction,
    from_party: call.from,
    to_party: call.to,
    started_at_ms: Math.floor(call.createdAtWallMs),
    answered_at_ms: floorOrNull(call.answeredAtWallMs),
    ended_at_ms: floorOrNull(call.endedAtWallMs),
    data: JSON.stringify(call),
  })
}

export function callFromRow(row: Pick<CallRow, 'data'>): Call {
  // Rows of older versions know no recording sessions.
  const { recordingSessions = [], ...call } = JSON.parse(row.data) as Omit<Call, 'recordingSessions'> & Partial<Call>
  return { ...call, recordingSessions }
}

/** Participants have rows of their own: a large room is not rewritten when one leaves. */
export function conferenceWrite(conference: Conference): Write {
  return upsertRow('conferences', {
    id: conference.id,
    account_id: conference.account,
    application_id: conference.application,
    group_id: conference.ownerGroup,
    name: conference.name,
    state: conference.state,
    created_at_ms: Math.floor(conference.createdAtWallMs),
    updated_at_ms: Math.floor(conference.updatedAtWallMs),
    ended_at_ms: floorOrNull(conference.endedAtWallMs),
    data: JSON.stringify({ ...conference, participants: [] }),
  })
}

export function conferenceFromRow(row: Pick<ConferenceRow, 'data'>, participants: readonly Participant[]): Conference {
  return { ...(JSON.parse(row.data) as Conference), participants }
}

export function participantWrite(conference: Conference, participant: Participant, leftAtWallMs: number | null): Write {
  return upsertRow('participants', {
    id: participant.id,
    account_id: conference.account,
    conference_id: conference.id,
    call_id: participant.call,
    state: leftAtWallMs === null ? 'joined' : 'left',
    joined_at_ms: Math.floor(participant.joinedAtWallMs),
    left_at_ms: floorOrNull(leftAtWallMs),
    data: JSON.stringify(participant),
  })
}

export function participantFromRow(row: Pick<ParticipantRow, 'data'>): Participant {
  return JSON.parse(row.data) as Participant
}

export function recordingWrite(recording: Recording): Write {
  return upsertRow('recordings', {
    id: recording.id,
    account_id: recording.account,
    application_id: recording.application,
    call_id: recording.call,
    group_id: recording.group,
    conference_id: recording.conference,
    state: recording.state,
    from_party: recording.from,
    to_party: recording.to,
    created_at_ms: Math.floor(recording.startedAtWallMs),
    started_at_ms: Math.floor(recording.startedAtWallMs),
    ended_at_ms: floorOrNull(recording.endedAtWallMs),
    duration_ms: recording.durationMs,
    data: JSON.stringify(recording),
  })
}

export function recordingFromRow(row: Pick<RecordingRow, 'data'>): Recording {
  // Rows of older versions know no storage but ours.
  const { carriedTo = null, ...recording } = JSON.parse(row.data) as Omit<Recording, 'carriedTo'> & Partial<Recording>
  return { ...recording, carriedTo }
}

/** Entries have rows of their own: a long queue is not rewritten when one leaves. */
export function queueWrite(queue: Queue): Write {
  return upsertRow('queues', {
    id: queue.id,
    account_id: queue.account,
    name: queue.name,
    created_at_ms: Math.floor(queue.createdAtWallMs),
    updated_at_ms: Math.floor(queue.updatedAtWallMs),
    data: JSON.stringify({ ...queue, entries: [] }),
  })
}

export function queueFromRow(row: Pick<QueueRow, 'data'>, entries: readonly QueueEntry[]): Queue {
  return { ...(JSON.parse(row.data) as Queue), entries }
}

export function queueEntryWrite(queue: Queue, entry: QueueEntry): Write {
  return upsertRow('queue_entries', {
    id: entry.call,
    account_id: queue.account,
    queue_id: queue.id,
    enqueued_at_ms: Math.floor(entry.enqueuedAtWallMs),
    data: JSON.stringify(entry),
  })
}

export function queueEntryFromRow(row: Pick<QueueEntryRow, 'data'>): QueueEntry {
  return JSON.parse(row.data) as QueueEntry
}

function floorOrNull(ms: number | null): number | null {
  return ms === null ? null : Math.floor(ms)
}
