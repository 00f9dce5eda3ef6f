// After a crash: calls that were up are over (their signalling died with us), and their customers are owed the news.
// Rooms end, calls end, recordings that were growing are handed to the shelf. Runs once, before new work is taken.

import { ok, type Result } from '#base/result.ts'
import type { Engine } from './engine.ts'
import type { Call, Conference, Queue, Recording } from './model.ts'

/** What the store still believes to be going on. */
export interface Unfinished {
  readonly calls: readonly Call[]
  readonly conferences: readonly Conference[]
  readonly recordings: readonly Recording[]
  /** All queues: they outlive calls. */
  readonly queues: readonly Queue[]
  /** The last sequence number given out in each lane of those. */
  readonly sequences: ReadonlyMap<string, number>
}

/** How many things were brought to an end. */
export interface Recovered {
  readonly calls: number
  readonly conferences: number
  readonly recordings: number
}

export async function recover(engine: Engine, unfinished: Unfinished): Promise<Result<Recovered, 'store-away'>> {
  const { hall } = engine
  hall.turn(() => {
    for (const [lane, last] of unfinished.sequences) hall.resumeSequence(lane, last)
    const calls = new Map(unfinished.calls.map((call) => [call.id, call]))
    for (const call of unfinished.calls) hall.addCall(call)
    for (const queue of unfinished.queues) engine.queueing.adopt(queue)
    for (const recording of unfinished.recordings) {
      engine.recordings.adopt(recording)
      if (recording.conference === null && recording.call !== null)
        hall.calls.get(recording.call)?.recordings.add(recording.id)
    }
    for (const conference of unfinished.conferences) {
      const teller = [conference.owner, ...conference.participants.map((one) => one.call)]
        .map((id) => calls.get(id))
        .find((call) => call !== undefined)
      const ended: Conference = {
        ...conference,
        state: 'ended',
        participants: [],
        endedAtWallMs: hall.wallMs,
        endReason: 'all-left',
      }
      const live = hall.addConference(conference)
      for (const participant of conference.participants) {
        const call = calls.get(participant.call)
        hall.removeParticipant(live, participant)
        if (call !== undefined) {
          hall.tell({ type: 'conference.left', conference: live.conference, call, participant }, call.id)
        }
      }
      hall.setConference(live, ended)
      if (teller !== undefined) {
        hall.tell(
          { type: 'conference.ended', conference: live.conference, call: teller, reason: 'all-left' },
          conference.id,
        )
      }
      // A room is forgotten when its last recording is done, as always: until then its events are numbered on.
      for (const recording of unfinished.recordings) {
        if (recording.conference === conference.id) live.recordings.add(recording.id)
      }
      if (live.recordings.size === 0) hall.forgetConference(conference.id)
    }
    for (const call of unfinished.calls) {
      const live = hall.calls.get(call.id)
      if (live === undefined) continue
      engine.queueing.leave(live, 'hang-up')
      engine.recordingSessions.recovered(live)
      hall.setCall(live, {
        state: 'ended',
        place: { type: 'parked' },
        endedAtWallMs: hall.wallMs,
        end: {
          cause: call.answeredAtWallMs === null ? 'failed' : 'normal',
          by: 'network',
          sipStatus: null,
          sipReason: 'the switch was restarted',
          q850: 41,
          headers: [],
        },
      })
      hall.tell({ type: 'call.ended', call: live.call }, call.id)
    }
    // Saved events come after the end of their calls; a call is forgotten when its last recording is done.
    for (const recording of unfinished.recordings) engine.recordings.finish(recording)
    for (const call of unfinished.calls) {
      const live = hall.calls.get(call.id)
      if (live !== undefined && live.recordings.size === 0) hall.forgetCall(call.id)
    }
  })
  const durable = await hall.durable()
  if (!durable) return { ok: false, error: 'store-away' }
  return ok({
    calls: unfinished.calls.length,
    conferences: unfinished.conferences.length,
    recordings: unfinished.recordings.length,
  })
}
