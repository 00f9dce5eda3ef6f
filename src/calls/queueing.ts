// Queues: calls that wait, first come first, to be bridged by whoever asks for the next one. A queue belongs to an
// account and is known by its name; a call that enters an unknown one brings it into being.

import type { Timer } from '#base/clock.ts'
import type { AccountId, CallId, QueueId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { CallCommand, QueueCommand, Refusal } from './commands.ts'
import type { Hall, LiveCall } from './hall.ts'
import { DEFAULT_QUEUE_SIZE, EMPTY_QUEUE_MEMORY_MS, MAX_QUEUES } from './limits.ts'
import type { Queue, QueueEntry, QueueLeaveReason } from './model.ts'
import type { Playing } from './playing.ts'

type Enqueue = Extract<CallCommand, { readonly type: 'enqueue' }>

export class Queueing {
  readonly #hall: Hall
  readonly #playing: Playing
  /** Takes a call out of its bridge or conference before it enters a queue. */
  readonly #leaveElsewhere: (live: LiveCall) => void
  readonly #byName = new Map<string, QueueId>()
  /** For those that wait with a limit, by call, and for empty queues, by queue. */
  readonly #timers = new Map<CallId | QueueId, Timer>()

  constructor(hall: Hall, playing: Playing, leaveElsewhere: (live: LiveCall) => void) {
    this.#hall = hall
    this.#playing = playing
    this.#leaveElsewhere = leaveElsewhere
  }

  named(account: AccountId, name: string): Queue | null {
    const id = this.#byName.get(nameKey(account, name))
    return id === undefined ? null : (this.#hall.queues.get(id) ?? null)
  }

  create(account: AccountId, name: string, maxSize: number, ephemeral: boolean): Result<Queue, Refusal> {
    if (this.named(account, name) !== null) return err({ type: 'queue-name-taken' })
    if (this.#hall.queues.size >= MAX_QUEUES) return err({ type: 'limit-reached', limit: `${MAX_QUEUES} queues` })
    const { wallMs } = this.#hall
    const queue: Queue = {
      id: this.#hall.doors.ids.make<'queue'>(),
      account,
      name,
      maxSize,
      ephemeral,
      entries: [],
      createdAtWallMs: wallMs,
      updatedAtWallMs: wallMs,
    }
    this.#byName.set(nameKey(account, name), queue.id)
    this.#hall.setQueue(queue)
    return ok(queue)
  }

  /** Takes up a queue that the store remembers. The calls in it ended with the process that knew them. */
  adopt(queue: Queue): void {
    this.#byName.set(nameKey(queue.account, queue.name), queue.id)
    this.#hall.queues.set(queue.id, queue)
    if (queue.entries.length === 0) this.#forgetWhenIdle(queue)
  }

  /** No timer runs any more. */
  close(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  command(account: AccountId, command: QueueCommand): Result<Queue, Refusal> {
    if (command.type === 'create-queue') return this.create(account, command.queueName, command.maxSize, false)
    const queue = this.named(account, command.queueName)
    if (queue === null) return err({ type: 'queue-unknown', name: command.queueName })
    switch (command.type) {
      case 'update-queue':
        return this.#update(queue, command.maxSize, command.name ?? queue.name)
      case 'delete-queue':
        if (queue.entries.length > 0) return err({ type: 'queue-not-empty' })
        this.#remove(queue)
        return ok(queue)
      case 'update-queue-entry': {
        const entry = queue.entries.find((one) => one.call === command.entry)
        if (entry === undefined) return err({ type: 'not-in-queue' })
        const changed = { ...entry, keepAfterHangup: command.keepAfterHangup }
        return ok(this.#setEntry(queue, changed))
      }
      case 'remove-queue-entry': {
        const entry = queue.entries.find((one) => one.call === command.entry)
        if (entry === undefined) return err({ type: 'not-in-queue' })
        const live = this.#hall.calls.get(entry.call)
        if (live !== undefined && entry.alive) this.leave(live, 'leave')
        else this.#removeEntry(queue, entry)
        return ok(this.#hall.queues.get(queue.id) ?? queue)
      }
    }
  }

  enter(live: LiveCall, command: Enqueue): Result<Queue, Refusal> {
    if (live.call.state !== 'answered') return err({ type: 'call-not-answered' })
    const known = this.named(live.call.account, command.queueName)
    if (known !== null) {
      if (live.call.place.type === 'queue' && live.call.place.queue === known.id)
        return err({ type: 'already-in-queue' })
      if (command.maxSize !== null && command.maxSize !== known.maxSize)
        return err({ type: 'queue-size-fixed', maxSize: known.maxSize })
      if (known.entries.length >= known.maxSize) return err({ type: 'queue-full' })
    }
    const made =
      known === null
        ? this.create(
            live.call.account,
            command.queueName,
            command.maxSize ?? command.sizeIfNew ?? DEFAULT_QUEUE_SIZE,
            true,
          )
        : ok(known)
    if (!made.ok) return made
    this.#leaveElsewhere(live)
    this.leave(live, 'leave')
    const { wallMs, nowMs } = this.#hall
    const entry: QueueEntry = {
      call: live.call.id,
      group: live.call.group,
      application: live.call.application,
      from: live.call.from,
      to: live.call.to,
      enqueuedAtWallMs: wallMs,
      untilWallMs: command.maxWaitMs === null ? null : wallMs + command.maxWaitMs,
      keepAfterHangup: command.keepAfterHangup,
      alive: true,
    }
    this.#cancelTimer(made.value.id)
    const queue = this.#setEntry(made.value, entry)
    this.#hall.setCall(live, { place: { type: 'queue', queue: queue.id } })
    if (command.maxWaitMs !== null) {
      const timer = this.#hall.doors.clock.at(nowMs + command.maxWaitMs, () =>
        this.#hall.turn(() => this.leave(live, 'timeout')),
      )
      this.#timers.set(live.call.id, timer)
    }
    if (command.audio !== null) this.#playing.setBackground(live, command.audio)
    this.#hall.tell(
      {
        type: 'queue.entered',
        call: live.call,
        queue,
        position: queue.entries.length,
        meanWaitMs: meanWaitMs(queue, wallMs),
      },
      live.call.id,
    )
    return ok(queue)
  }

  /** Takes a call out of its queue, if it is in one; the call is parked. */
  leave(live: LiveCall, reason: QueueLeaveReason): void {
    const { place } = live.call
    if (place.type !== 'queue') return
    this.#hall.setCall(live, { place: { type: 'parked' } })
    this.#playing.setBackground(live, null)
    this.#cancelTimer(live.call.id)
    const queue = this.#hall.queues.get(place.queue)
    const index = queue?.entries.findIndex((one) => one.call === live.call.id) ?? -1
    const entry = queue?.entries[index]
    if (queue === undefined || entry === undefined) return
    const after =
      reason === 'hang-up' && entry.keepAfterHangup
        ? this.#setEntry(queue, { ...entry, alive: false })
        : this.#removeEntry(queue, entry)
    this.#hall.tell(
      {
        type: 'queue.left',
        call: live.call,
        queue: after,
        reason,
        position: index + 1,
        waitMs: this.#hall.wallMs - entry.enqueuedAtWallMs,
      },
      live.call.id,
    )
  }

  /** The call at the head of a queue; one that hung up and was kept is taken off and refused with its data. */
  head(account: AccountId, name: string): Result<LiveCall, Refusal> {
    const queue = this.named(account, name)
    if (queue === null) return err({ type: 'queue-unknown', name })
    const entry = queue.entries[0]
    if (entry === undefined) return err({ type: 'queue-empty' })
    const live = this.#hall.calls.get(entry.call)
    if (live !== undefined && entry.alive) return ok(live)
    this.#removeEntry(queue, entry)
    return err({ type: 'queue-head-ended', entry })
  }

  #update(queue: Queue, maxSize: number, name: string): Result<Queue, Refusal> {
    if (name !== queue.name) {
      if (this.named(queue.account, name) !== null) return err({ type: 'queue-name-taken' })
      this.#byName.delete(nameKey(queue.account, queue.name))
      this.#byName.set(nameKey(queue.account, name), queue.id)
    }
    return ok(this.#change(queue, { maxSize, name }))
  }

  #change(queue: Queue, changes: Partial<Queue>): Queue {
    const changed = { ...queue, ...changes, updatedAtWallMs: this.#hall.wallMs }
    this.#hall.setQueue(changed)
    return changed
  }

  #setEntry(queue: Queue, entry: QueueEntry): Queue {
    const known = queue.entries.some((one) => one.call === entry.call)
    const entries = known
      ? queue.entries.map((one) => (one.call === entry.call ? entry : one))
      : [...queue.entries, entry]
    const changed = this.#change(queue, { entries })
    this.#hall.setQueueEntry(changed, entry)
    return changed
  }

  #removeEntry(queue: Queue, entry: QueueEntry): Queue {
    const changed = this.#change(queue, { entries: queue.entries.filter((one) => one.call !== entry.call) })
    this.#hall.removeQueueEntry(entry)
    if (changed.entries.length === 0) this.#forgetWhenIdle(changed)
    return changed
  }

  #forgetWhenIdle(queue: Queue): void {
    if (!queue.ephemeral) return
    this.#cancelTimer(queue.id)
    const timer = this.#hall.doors.clock.at(this.#hall.nowMs + EMPTY_QUEUE_MEMORY_MS, () =>
      this.#hall.turn(() => {
        const now = this.#hall.queues.get(queue.id)
        if (now !== undefined && now.entries.length === 0) this.#remove(now)
      }),
    )
    this.#timers.set(queue.id, timer)
  }

  #remove(queue: Queue): void {
    this.#cancelTimer(queue.id)
    this.#byName.delete(nameKey(queue.account, queue.name))
    this.#hall.removeQueue(queue)
  }

  #cancelTimer(key: CallId | QueueId): void {
    this.#timers.get(key)?.cancel()
    this.#timers.delete(key)
  }
}

/** How long those in the queue have waited, on average. */
export function meanWaitMs(queue: Queue, wallMs: number): number {
  const waits = queue.entries.map((one) => wallMs - one.enqueuedAtWallMs)
  return waits.length === 0 ? 0 : waits.reduce((sum, one) => sum + one, 0) / waits.length
}

function nameKey(account: AccountId, name: string): string {
  return `${account} ${name}`
}
