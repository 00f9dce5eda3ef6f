// The hall's floor: the live records, and the turn in which they change. Everything that happens inside one turn is
// stored in one transaction: new records, the events they caused, and what the languages made of those events. Only
// when it is durable do commands resolve and webhooks leave (DESIGN §3, durable before acknowledged).
//
// When the store fails, what it did not take is kept, in order, and offered again until it does; new work is refused
// meanwhile and live calls go on.

import type { Timer } from '#base/clock.ts'
import { after, type Clock } from '#base/clock.ts'
import type { AccountId, CallId, ConferenceId, EventId, IdMaker, QueueId, RecordingId } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import type { LegCommand, Legs } from '#legs/leg.ts'
import type { MediaCommand } from '#media/protocol.ts'
import { deleteRow, insertRow, type Write } from '#storage/write.ts'
import type { Intent } from './call-end.ts'
import type { PlannedArrival } from './commands.ts'
import type { Applications, Ledger, MediaPlaces, Publisher, RecordingShelf, Sounds, Transcriber } from './doors.ts'
import { type EngineEvent, type Fact, isListed } from './events.ts'
import { summary } from './fact-summary.ts'
import type { State as GatherState } from './gather.ts'
import { COMMIT_RETRY_MS, MAX_UNCOMMITTED_WRITES } from './limits.ts'
import type {
  Call,
  Conference,
  Participant,
  Queue,
  QueueEntry,
  Recording,
  Stream,
  StreamSpec,
  Transcription,
  TranscriptionSpec,
} from './model.ts'
import { emptyQueue, type State as QueueState } from './play-queue.ts'
import { callWrite, conferenceWrite, participantWrite, queueEntryWrite, queueWrite, recordingWrite } from './rows.ts'

export interface HallDoors {
  readonly clock: Clock
  readonly ids: IdMaker
  readonly log: Log
  readonly legs: Legs
  readonly media: MediaPlaces
  readonly ledger: Ledger
  readonly publisher: Publisher
  readonly sounds: Sounds
  readonly shelf: RecordingShelf
  readonly transcriber: Transcriber
  readonly applications: Applications
}

/** A live call with what only matters while it lives. */
export interface LiveCall {
  call: Call
  queue: QueueState
  gather: GatherState | null
  intent: Intent
  /** Bridges to make once this call is answered. */
  readonly timers: Map<string, Timer>
  readonly recordings: Set<RecordingId>
  /** All that listens to it from outside now. */
  streams: readonly Stream[]
  /** To be opened with the answer. Not part of the record: it holds secrets, and dies with us. */
  streamOnAnswer: StreamSpec | null
  transcription: Transcription | null
  transcribeOnAnswer: TranscriptionSpec | null
  /** Who its other end will be, when it leads to a call of ours. */
  arrival: PlannedArrival | null
  /** Dials it: its time has not come yet. */
  dialLater: (() => void) | null
  /** Whether any command was accepted for it yet. */
  commanded: boolean
  /** See `OnAnswer`. */
  machineEndsSounds: boolean
}

export interface LiveConference {
  conference: Conference
  queue: QueueState
  readonly recordings: Set<RecordingId>
  timer: Timer | null
  /** Whether the media worker has been told of the mix. */
  mixOpen: boolean
}

export class Hall {
  readonly doors: HallDoors
  readonly calls = new Map<CallId, LiveCall>()
  readonly conferences = new Map<ConferenceId, LiveConference>()
  readonly recordings = new Map<RecordingId, Recording>()
  readonly queues = new Map<QueueId, Queue>()

  readonly #sequences = new Map<string, number>()
  readonly #dirtyCalls = new Set<Call['id']>()
  readonly #newestCalls = new Map<CallId, Call>()
  /** The last write of this turn for each record that is not a call. */
  #recordWrites = new Map<string, Write>()
  #eventWrites: Write[] = []
  #committed: (() => void)[] = []
  #depth = 0
  #lastCommit: Promise<boolean> = Promise.resolve(true)
  /** What the store refused, oldest first, with what was to happen afterwards. */
  #backlog: { writes: readonly Write[]; committed: readonly (() => void)[] }[] = []
  #backlogWrites = 0
  #retrying = false
  #closed = false
  readonly #listeners = new Set<(event: EngineEvent) => void>()

  constructor(doors: HallDoors) {
    this.doors = doors
  }

  /** False while the store is away or still owes us a commit. */
  get available(): boolean {
    return this.doors.ledger.available && this.#backlog.length === 0
  }

  get nowMs(): number {
    return this.doors.clock.nowMs()
  }

  get wallMs(): number {
    return this.doors.clock.wallMs()
  }

  /** Hears every event once it is durable, until the returned function is called. */
  listen(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Runs `work` as (part of) one turn; what it changed is offered to the store when the outermost turn ends. */
  turn<T>(work: () => T): T {
    this.#depth++
    try {
      return work()
    } finally {
      this.#depth--
      if (this.#depth === 0) this.#flush()
    }
  }

  /** Resolves when everything of the turns so far is durable; false when the store did not take it (it is kept and tried again). */
  durable(): Promise<boolean> {
    return this.#lastCommit
  }

  /** Nothing is stored or told from now on: the store is about to close. */
  close(): void {
    this.#closed = true
  }

  // ---- records

  addCall(call: Call): LiveCall {
    const live: LiveCall = {
      call,
      queue: emptyQueue,
      gather: null,
      intent: null,
      timers: new Map(),
      recordings: new Set(),
      streams: [],
      streamOnAnswer: null,
      transcription: null,
      transcribeOnAnswer: null,
      arrival: null,
      dialLater: null,
      commanded: false,
      machineEndsSounds: false,
    }
    this.calls.set(call.id, live)
    this.#touch(call)
    return live
  }

  /** The calls that live and are to be seen. */
  listedCalls(): readonly Call[] {
    return [...this.calls.values()].map(({ call }) => call).filter((call) => call.state !== 'ended' && !call.unlisted)
  }

  setCall(live: LiveCall, changes: Partial<Call>): void {
    live.call = { ...live.call, ...changes }
    this.#touch(live.call)
  }

  /** Ends the memory of a call once nothing needs it. */
  forgetCall(id: CallId): void {
    const live = this.calls.get(id)
    if (live === undefined) return
    for (const timer of live.timers.values()) timer.cancel()
    this.calls.delete(id)
    this.#sequences.delete(id)
  }

  addConference(conference: Conference): LiveConference {
    const live: LiveConference = {
      conference,
      queue: emptyQueue,
      recordings: new Set(),
      timer: null,
      mixOpen: false,
    }
    this.conferences.set(conference.id, live)
    this.#recordWrites.set(conference.id, conferenceWrite(conference))
    return live
  }

  setConference(live: LiveConference, changes: Partial<Conference>): void {
    live.conference = { ...live.conference, ...changes, updatedAtWallMs: this.wallMs }
    this.#recordWrites.set(live.conference.id, conferenceWrite(live.conference))
  }

  /** Adds or changes one participant. */
  setParticipant(live: LiveConference, participant: Participant): void {
    const others = live.conference.participants
    const known = others.some((one) => one.id === participant.id)
    const participants = known
      ? others.map((one) => (one.id === participant.id ? participant : one))
      : [...others, participant]
    this.setConference(live, { participants })
    this.#recordWrites.set(participant.id, participantWrite(live.conference, participant, null))
  }

  removeParticipant(live: LiveConference, participant: Participant): void {
    this.setConference(live, { participants: live.conference.participants.filter((one) => one.id !== participant.id) })
    this.#recordWrites.set(participant.id, participantWrite(live.conference, participant, this.wallMs))
  }

  forgetConference(id: ConferenceId): void {
    this.conferences.get(id)?.timer?.cancel()
    this.conferences.delete(id)
    this.#sequences.delete(id)
  }

  setRecording(recording: Recording): void {
    this.recordings.set(recording.id, recording)
    this.#recordWrites.set(recording.id, recordingWrite(recording))
  }

  setQueue(queue: Queue): void {
    this.queues.set(queue.id, queue)
    this.#recordWrites.set(queue.id, queueWrite(queue))
  }

  removeQueue(queue: Queue): void {
    this.queues.delete(queue.id)
    this.#recordWrites.set(queue.id, deleteRow('queues', { id: queue.id }))
  }

  setQueueEntry(queue: Queue, entry: QueueEntry): void {
    this.#recordWrites.set(`${entry.call} queued`, queueEntryWrite(queue, entry))
  }

  removeQueueEntry(entry: QueueEntry): void {
    this.#recordWrites.set(`${entry.call} queued`, deleteRow('queue_entries', { id: entry.call }))
  }

  // ---- telling

  /** Tells a fact: stored with this turn, published when it is durable. */
  tell(fact: Fact, lane: CallId | ConferenceId): void {
    const sequence = (this.#sequences.get(lane) ?? 0) + 1
    this.#sequences.set(lane, sequence)
    const event: EngineEvent = { fact, lane, sequence, atWallMs: this.wallMs }
    if (isListed(fact)) {
      const about = summary(fact)
      this.#eventWrites.push(
        insertRow('events', {
          id: this.doors.ids.make<'event'>() as EventId,
          account_id: about.account,
          subject_id: lane,
          sequence,
          type: fact.type,
          group_id: about.group,
          occurred_at_ms: Math.floor(event.atWallMs),
          data: JSON.stringify(about.details),
        }),
      )
    }
    const prepared = this.doors.publisher.prepare(event)
    if (prepared !== null) {
      this.#eventWrites.push(...prepared.writes)
      this.#committed.push(() => prepared.committed())
    }
    this.#committed.push(() => {
      for (const listener of this.#listeners) listener(event)
    })
  }

  /** Numbers given out before a restart go on after it. */
  resumeSequence(lane: string, last: number): void {
    this.#sequences.set(lane, last)
  }

  /** Adds statements to this turn's transaction. */
  alsoWrite(writes: readonly Write[]): void {
    this.#eventWrites.push(...writes)
  }

  /** Runs once this turn is durable, before the events of later turns. */
  onceDurable(callback: () => void): void {
    this.#committed.push(callback)
  }

  // ---- acting

  toLeg(command: LegCommand): void {
    this.doors.legs.tell(command)
  }

  toMedia(account: AccountId, command: MediaCommand): void {
    this.doors.media.channelOf(account).send(command)
  }

  setTimer(live: LiveCall, name: string, atMs: number, callback: () => void): void {
    live.timers.get(name)?.cancel()
    live.timers.set(
      name,
      this.doors.clock.at(atMs, () => {
        live.timers.delete(name)
        this.turn(callback)
      }),
    )
  }

  clearTimer(live: LiveCall, name: string): void {
    live.timers.get(name)?.cancel()
    live.timers.delete(name)
  }

  // ---- the store

  #touch(call: Call): void {
    if (call.unlisted) return
    this.#dirtyCalls.add(call.id)
    this.#newestCalls.set(call.id, call)
  }

  #flush(): void {
    if (this.#closed) return
    if (this.#dirtyCalls.size === 0 && this.#recordWrites.size === 0 && this.#eventWrites.length === 0) {
      const committed = this.#committed
      if (committed.length === 0) return
      this.#committed = []
      this.#lastCommit = this.#lastCommit.then((took) => {
        for (const callback of committed) callback()
        return took
      })
      return
    }
    const writes: Write[] = []
    for (const id of this.#dirtyCalls) writes.push(callWrite(this.#newestCalls.get(id)!))
    this.#dirtyCalls.clear()
    this.#newestCalls.clear()
    writes.push(...this.#recordWrites.values(), ...this.#eventWrites)
    this.#recordWrites = new Map()
    this.#eventWrites = []
    const committed = this.#committed
    this.#committed = []
    if (this.#backlog.length > 0) {
      this.#keep(writes, committed)
      this.#lastCommit = Promise.resolve(false)
      return
    }
    this.#lastCommit = this.doors.ledger.commit(writes).then((took) => {
      if (took) for (const callback of committed) callback()
      else this.#keep(writes, committed)
      return took
    })
  }

  #keep(writes: readonly Write[], committed: readonly (() => void)[]): void {
    if (this.#backlogWrites + writes.length > MAX_UNCOMMITTED_WRITES) {
      this.doors.log.error({ writes: this.#backlogWrites }, 'the store has been away too long: a change was dropped')
      return
    }
    this.#backlog.push({ writes, committed })
    this.#backlogWrites += writes.length
    if (!this.#retrying) this.#retry()
  }

  #retry(): void {
    this.#retrying = true
    after(this.doors.clock, COMMIT_RETRY_MS, async () => {
      while (this.#backlog.length > 0) {
        if (this.#closed) return
        const oldest = this.#backlog[0]!
        if (!(await this.doors.ledger.commit(oldest.writes))) return this.#retry()
        this.#backlog.shift()
        this.#backlogWrites -= oldest.writes.length
        for (const callback of oldest.committed) callback()
      }
      this.#retrying = false
      this.doors.log.info({}, 'the store took everything it owed')
    })
  }
}
