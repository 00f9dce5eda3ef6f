// Queues and those who wait in them (QU-01 to QU-05). A queue is named by its sid here and by its FriendlyName in
// documents; its first member also by `Front`.

import { z } from 'zod'
import type { CallId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { QueueCommand } from '#calls/commands.ts'
import type { Queue, QueueEntry } from '#calls/model.ts'
import { meanWaitMs } from '#calls/queueing.ts'
import type { AnyRoute } from '#http/route.ts'
import { type Collection, change, collectionRoutes, creation } from '../collection.ts'
import { LANGUAGE, type TwilioActor, type TwilioDoors } from '../doors.ts'
import { type ApiError, errors, refusalError } from '../errors.ts'
import { isUrl, method, text, whole } from '../fields.ts'
import { DEFAULT_QUEUE_SIZE, MAX_NAME_CHARACTERS, MAX_QUEUE_SIZE } from '../limits.ts'
import { A } from '../route.ts'
import { readSid, restTime, sid, uri } from '../spelling.ts'

const name = text(MAX_NAME_CHARACTERS, 1)
const size = whole(1, MAX_QUEUE_SIZE)
const url = text(2000, 1).refine(isUrl, { message: '21205|Url is not a valid URL.' })

interface Member {
  readonly queue: Queue
  readonly entry: QueueEntry
}

export function queueRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const { engine, clock } = doors
  const run = async (actor: TwilioActor, command: QueueCommand): Promise<Result<Queue, ApiError>> => {
    const done = await engine.execute({ account: actor.account, language: LANGUAGE }, command)
    if (!done.ok) return err(refusalError(done.error))
    const { queue } = done.value
    return queue === null ? err(errors.internal()) : ok(queue)
  }
  const find = (actor: TwilioActor, named: string | undefined): Queue | null => {
    const id = readSid('queue', named)
    return engine.queues(actor.account).find((one) => one.id === id) ?? null
  }

  const queues: Collection<Queue> = {
    path: `${A}/Queues`,
    param: 'sid',
    key: 'queues',
    noun: 'queue',
    all: ({ actor }) => engine.queues(actor.account),
    find: ({ actor }, named) => find(actor, named),
    show: (queue) => queueResource(queue, clock.wallMs()),
    keyOf: (one) => ({ at: Math.floor(one.createdAtWallMs), id: one.id }),
    create: creation(z.object({ FriendlyName: name, MaxSize: size.optional() }), (form, { actor }) =>
      run(actor, {
        type: 'create-queue',
        queueName: form.FriendlyName,
        maxSize: form.MaxSize ?? DEFAULT_QUEUE_SIZE,
      }),
    ),
    change: change(z.object({ FriendlyName: name.optional(), MaxSize: size.optional() }), (form, queue, { actor }) =>
      run(actor, {
        type: 'update-queue',
        queueName: queue.name,
        maxSize: form.MaxSize ?? queue.maxSize,
        ...(form.FriendlyName === undefined ? {} : { name: form.FriendlyName }),
      }),
    ),
    remove: (queue, { actor }) => run(actor, { type: 'delete-queue', queueName: queue.name }),
  }

  const members: Collection<Member, Queue> = {
    path: `${A}/Queues/:queue_sid/Members`,
    param: 'call_sid',
    key: 'queue_members',
    noun: 'member of a queue',
    parent: (actor, params) => find(actor, params.queue_sid),
    all: ({ parent }) => waiting(parent),
    find: ({ parent }, named) => {
      // QU-05.
      if (named === 'Front') return waiting(parent)[0] ?? null
      const call = readSid<'call'>('call', named)
      return waiting(parent).find(({ entry }) => entry.call === call) ?? null
    },
    show: (member) => memberResource(member, clock.wallMs()),
    keyOf: ({ entry }) => ({ at: Math.floor(entry.enqueuedAtWallMs), id: entry.call }),
    order: 'up',
    // QU-04: what the call hears next is the interpreter's; the reply shows the member it was.
    change: change(z.object({ Url: url, Method: method().optional() }), async (form, member) => {
      const call: CallId = member.entry.call
      const done = await doors.redirect(call, {
        type: 'url',
        target: { url: form.Url, method: form.Method ?? 'POST' },
        fallback: null,
      })
      return done.ok ? ok(member) : err(refusalError(done.error))
    }),
  }

  return [...collectionRoutes(queues), ...collectionRoutes(members)]
}

/** Those who still wait: an entry may outlive its call in the other language. */
function waiting(queue: Queue): readonly Member[] {
  return queue.entries.filter((entry) => entry.alive).map((entry) => ({ queue, entry }))
}

/** QU-02, TYP-04. */
function queueResource(queue: Queue, nowWallMs: number): object {
  const named = sid('queue', queue.id)
  return {
    sid: named,
    account_sid: sid('account', queue.account),
    friendly_name: queue.name,
    current_size: waiting(queue).length,
    average_wait_time: Math.floor(meanWaitMs(queue, nowWallMs) / 1000),
    max_size: queue.maxSize,
    date_created: restTime(queue.createdAtWallMs),
    date_updated: restTime(queue.updatedAtWallMs),
    uri: uri(queue.account, 'Queues', named),
    subresource_uris: { members: uri(queue.account, 'Queues', named, 'Members') },
  }
}

/** QU-03, TYP-04. */
function memberResource({ queue, entry }: Member, nowWallMs: number): object {
  const queueSid = sid('queue', queue.id)
  const callSid = sid('call', entry.call)
  return {
    queue_sid: queueSid,
    call_sid: callSid,
    date_enqueued: restTime(entry.enqueuedAtWallMs),
    position: queue.entries.filter((one) => one.alive).indexOf(entry) + 1,
    wait_time: Math.max(0, Math.floor((nowWallMs - entry.enqueuedAtWallMs) / 1000)),
    uri: uri(queue.account, 'Queues', queueSid, 'Members', callSid),
  }
}
