// Queues (telnyx-voice §11.3, §12.8): calls enter and leave them by commands of their own, the queues themselves are
// resources named by their name.

import { z } from 'zod'
import type { AccountId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Queue, QueueEntry } from '#calls/model.ts'
import type { AnyRoute, RouteRequest } from '#http/route.ts'
import { flag, text, whole } from '#http/schema.ts'
import { type Commander, fail } from '../commander.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { type ApiError, refusalError } from '../errors.ts'
import { cs } from '../fields.ts'
import { MAX_QUEUE_SIZE } from '../limits.ts'
import { listBody, readPage } from '../paging.ts'
import { resolveCall } from '../resolve.ts'
import { queueCallResource, queueResource } from '../resources.ts'
import { route } from '../route.ts'
import { runOnCall } from './on-call.ts'

const DEFAULT_SIZE = 300
const DEFAULT_CALLS_PAGE = 20

export function queueRoutes(doors: TelnyxDoors, commander: Commander): readonly AnyRoute<TelnyxActor>[] {
  const { engine, clock } = doors

  const enqueue = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/enqueue',
    summary: 'Put a call into a queue',
    body: z.object({
      ...cs,
      queue_name: text(255, 1),
      keep_after_hangup: flag.optional(),
      max_size: whole(1, MAX_QUEUE_SIZE).optional(),
      max_wait_time_secs: whole(1, 86_400).optional(),
    }),
    handler: (request) =>
      runOnCall(commander, request, (call) => {
        const { body } = request
        return {
          command: {
            type: 'enqueue',
            call,
            queueName: body.queue_name,
            maxSize: body.max_size ?? null,
            maxWaitMs: body.max_wait_time_secs === undefined ? null : body.max_wait_time_secs * 1000,
            keepAfterHangup: body.keep_after_hangup ?? false,
            audio: { type: 'hold-music' },
          },
        }
      }),
  })

  const leave = route({
    method: 'POST',
    path: '/calls/:call_control_id/actions/leave_queue',
    summary: 'Take a call out of its queue',
    body: z.object(cs),
    handler: (request) => runOnCall(commander, request, (call) => ({ command: { type: 'leave-queue', call } })),
  })

  const list = route({
    method: 'GET',
    path: '/queues',
    summary: 'List queues',
    handler: async (request) => {
      const page = readPage(request.query)
      if (!page.ok) return fail(page.error)
      const all = engine.queues(request.actor.account)
      const shown = all.slice(page.value.offset, page.value.offset + page.value.size)
      const data = shown.map((one) => queueResource(one, clock.wallMs()))
      return { status: 200, json: listBody(data, page.value, all.length) }
    },
  })

  const create = route({
    method: 'POST',
    path: '/queues',
    summary: 'Create a queue',
    body: z.object({ queue_name: text(255, 1), max_size: whole(1, MAX_QUEUE_SIZE).optional() }),
    handler: async (request) => {
      const { queue_name: queueName, max_size: maxSize } = request.body
      return commander.run(request, {
        command: { type: 'create-queue', queueName, maxSize: maxSize ?? DEFAULT_SIZE },
        commandId: undefined,
        scope: 'account',
        data: (accepted) => queueResource(accepted.queue!, clock.wallMs()),
      })
    },
  })

  const retrieve = route({
    method: 'GET',
    path: '/queues/:queue_name',
    summary: 'Look up a queue',
    handler: async (request) => {
      const queue = find(request)
      return queue.ok ? { status: 200, json: { data: queueResource(queue.value, clock.wallMs()) } } : fail(queue.error)
    },
  })

  const update = route({
    method: 'POST',
    path: '/queues/:queue_name',
    summary: 'Change the size of a queue',
    body: z.object({ max_size: whole(1, MAX_QUEUE_SIZE) }),
    handler: async (request) => {
      const queue = find(request)
      if (!queue.ok) return fail(queue.error)
      return commander.run(request, {
        command: { type: 'update-queue', queueName: queue.value.name, maxSize: request.body.max_size },
        commandId: undefined,
        scope: 'account',
        data: (accepted) => queueResource(accepted.queue!, clock.wallMs()),
      })
    },
  })

  const remove = route({
    method: 'DELETE',
    path: '/queues/:queue_name',
    summary: 'Delete an empty queue',
    handler: async (request) => {
      const queue = find(request)
      if (!queue.ok) return fail(queue.error)
      return commander.run(request, {
        command: { type: 'delete-queue', queueName: queue.value.name },
        commandId: undefined,
        scope: 'account',
        empty: true,
      })
    },
  })

  const calls = route({
    method: 'GET',
    path: '/queues/:queue_name/calls',
    summary: 'List the calls in a queue, the next one first',
    handler: async (request) => {
      const page = readPage(request.query, DEFAULT_CALLS_PAGE)
      if (!page.ok) return fail(page.error)
      const queue = find(request)
      if (!queue.ok) return fail(queue.error)
      const { entries } = queue.value
      const shown = entries.slice(page.value.offset, page.value.offset + page.value.size)
      const data = shown.map((one) => queueCallResource(queue.value, one, clock.wallMs()))
      return { status: 200, json: listBody(data, page.value, entries.length) }
    },
  })

  const call = route({
    method: 'GET',
    path: '/queues/:queue_name/calls/:call_control_id',
    summary: 'Look up a call in a queue',
    handler: async (request) => {
      const found = findEntry(request)
      if (!found.ok) return fail(found.error)
      return { status: 200, json: { data: queueCallResource(found.value.queue, found.value.entry, clock.wallMs()) } }
    },
  })

  const patchCall = route({
    method: 'PATCH',
    path: '/queues/:queue_name/calls/:call_control_id',
    summary: 'Change whether a call is kept after it hung up',
    body: z.object({ keep_after_hangup: flag.optional() }),
    handler: async (request) => {
      const found = findEntry(request)
      if (!found.ok) return fail(found.error)
      const { queue, entry } = found.value
      return commander.run(request, {
        command: {
          type: 'update-queue-entry',
          queueName: queue.name,
          entry: entry.call,
          keepAfterHangup: request.body.keep_after_hangup ?? entry.keepAfterHangup,
        },
        commandId: undefined,
        scope: 'account',
        empty: true,
      })
    },
  })

  const removeCall = route({
    method: 'DELETE',
    path: '/queues/:queue_name/calls/:call_control_id',
    summary: 'Take a call off a queue',
    handler: async (request) => {
      const found = findEntry(request)
      if (!found.ok) return fail(found.error)
      const { queue, entry } = found.value
      return commander.run(request, {
        command: { type: 'remove-queue-entry', queueName: queue.name, entry: entry.call },
        commandId: undefined,
        scope: 'account',
        empty: true,
      })
    },
  })

  return [enqueue, leave, list, create, retrieve, update, remove, calls, call, patchCall, removeCall]

  type Request = RouteRequest<TelnyxActor, unknown>

  /** The queue a path names; `+` may stand for a space when no queue has the name as it stands. */
  function find(request: Request): Result<Queue, ApiError> {
    const name = request.params.queue_name ?? ''
    const queue = named(request.actor.account, name) ?? named(request.actor.account, name.replaceAll('+', ' '))
    return queue === null ? err(refusalError({ type: 'queue-unknown', name })) : ok(queue)
  }

  function named(account: AccountId, name: string): Queue | null {
    return engine.queueByName(account, name)
  }

  function findEntry(request: Request): Result<{ readonly queue: Queue; readonly entry: QueueEntry }, ApiError> {
    const queue = find(request)
    if (!queue.ok) return queue
    const id = resolveCall(request.params.call_control_id)
    if (!id.ok) return id
    const entry = queue.value.entries.find((one) => one.call === id.value)
    return entry === undefined ? err(refusalError({ type: 'not-in-queue' })) : ok({ queue: queue.value, entry })
  }
}
