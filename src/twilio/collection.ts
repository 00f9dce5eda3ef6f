// One way for everything customers keep with us: a collection is a value (where it is mounted, what fields are taken, how
// it is shown, what it is filtered by), and from it come the routes that list, create, look up, change and delete
// (twilio-voice §7: C 201, L and F and U 200, D 204). What a kind of thing means lies in its own file below routes/.

import type { z } from 'zod'
import { ok, type Result } from '#base/result.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import type { TwilioActor } from './doors.ts'
import { type ApiError, errors, fail } from './errors.ts'
import { cutPage, filter, type Key, type ListReply, listReply, type Order, readPage } from './paging.ts'
import { route, type TwilioRequest } from './route.ts'

/** Where a request stands: whose things, and what the path named above them. */
export interface Place<Parent> {
  readonly actor: TwilioActor
  readonly parent: Parent
  readonly params: Readonly<Record<string, string>>
}

type Made<R> = Promise<Result<R, ApiError>> | Result<R, ApiError>

export interface Collection<R, Parent = null> {
  /** `/Accounts/:account_sid/Applications` */
  readonly path: string
  /** The path parameter of one: `sid`. */
  readonly param: string
  /** The key of its list (ERR-02). */
  readonly key: string
  /** What one is called in the API document. */
  readonly noun: string
  /** What lies above it in the path; null: nothing there. Absent: only the account. */
  readonly parent?: (actor: TwilioActor, params: Readonly<Record<string, string>>) => Parent | null
  readonly all: (place: Place<Parent>) => readonly R[]
  readonly find: (place: Place<Parent>, name: string) => R | null
  readonly show: (record: R, place: Place<Parent>) => object
  /** Only in the reply to the creation. */
  readonly showNew?: (record: R, place: Place<Parent>) => object
  readonly keyOf: (record: R) => Key
  readonly order?: Order
  readonly filters?: Readonly<Record<string, (record: R, value: string) => boolean>>
  /** 201 unless said. */
  readonly createdStatus?: number
  readonly create?: {
    readonly body: z.ZodType
    readonly make: (body: never, place: Place<Parent>) => Made<R>
  }
  readonly change?: {
    readonly body: z.ZodType
    readonly make: (body: never, record: R, place: Place<Parent>) => Made<R>
  }
  readonly remove?: (record: R, place: Place<Parent>) => Made<unknown>
}

/** Ties what makes a record to the schema its body is checked by. */
export function creation<R, B, Parent = null>(
  body: z.ZodType<B>,
  make: (body: B, place: Place<Parent>) => Made<R>,
): NonNullable<Collection<R, Parent>['create']> {
  return { body, make: make as (body: never, place: Place<Parent>) => Made<R> }
}

export function change<R, B, Parent = null>(
  body: z.ZodType<B>,
  make: (body: B, record: R, place: Place<Parent>) => Made<R>,
): NonNullable<Collection<R, Parent>['change']> {
  return { body, make: make as (body: never, record: R, place: Place<Parent>) => Made<R> }
}

/** @param listed the envelope of its list */
export function collectionRoutes<R, Parent = null>(
  one: Collection<R, Parent>,
  listed: ListReply = listReply,
): readonly AnyRoute<TwilioActor>[] {
  const item = `${one.path}/:${one.param}`
  const missing = (request: TwilioRequest): Reply => fail(errors.notFound(request.path))
  const within = async (request: TwilioRequest, then: (place: Place<Parent>) => Promise<Reply>): Promise<Reply> => {
    const { actor, params } = request
    const parent = one.parent === undefined ? (null as Parent) : one.parent(actor, params)
    if (one.parent !== undefined && parent === null) return missing(request)
    return then({ actor, params, parent: parent as Parent })
  }
  const found = (request: TwilioRequest, then: (record: R, place: Place<Parent>) => Promise<Reply>): Promise<Reply> =>
    within(request, async (place) => {
      const record = one.find(place, request.params[one.param] ?? '')
      return record === null ? missing(request) : then(record, place)
    })
  const routes: AnyRoute<TwilioActor>[] = [
    route<unknown>({
      method: 'GET',
      path: one.path,
      summary: `List every ${one.noun}`,
      handler: (request) =>
        within(request, async (place) => {
          const ask = readPage(request.query)
          if (!ask.ok) return fail(ask.error)
          let records = one.all(place)
          for (const [name, fits] of Object.entries(one.filters ?? {})) {
            const value = filter(request.query, name)
            if (value !== undefined) records = records.filter((record) => fits(record, value))
          }
          const page = cutPage(records, one.keyOf, ask.value, one.order ?? 'down')
          return listed(request, one.key, ask.value, page, one.keyOf, (record) => one.show(record, place))
        }),
    }),
  ]
  const { create, change, remove } = one
  if (create !== undefined) {
    routes.push(
      route<unknown>({
        method: 'POST',
        path: one.path,
        summary: `Create a ${one.noun}`,
        body: create.body,
        handler: (request) =>
          within(request, async (place) => {
            const made = await create.make(request.body as never, place)
            if (!made.ok) return fail(made.error)
            return { status: one.createdStatus ?? 201, json: (one.showNew ?? one.show)(made.value, place) }
          }),
      }),
    )
  }
  routes.push(
    route<unknown>({
      method: 'GET',
      path: item,
      summary: `Look up a ${one.noun}`,
      handler: (request) => found(request, async (record, place) => ({ status: 200, json: one.show(record, place) })),
    }),
  )
  if (change !== undefined) {
    routes.push(
      route<unknown>({
        method: 'POST',
        path: item,
        summary: `Change a ${one.noun}`,
        body: change.body,
        handler: (request) =>
          found(request, async (record, place) => {
            const made = await change.make(request.body as never, record, place)
            return made.ok ? { status: 200, json: one.show(made.value, place) } : fail(made.error)
          }),
      }),
    )
  }
  if (remove !== undefined) {
    routes.push(
      route<unknown>({
        method: 'DELETE',
        path: item,
        summary: `Delete a ${one.noun}`,
        handler: (request) =>
          found(request, async (record, place) => {
            const removed = await remove(record, place)
            return removed.ok ? { status: 204 } : fail(removed.error)
          }),
      }),
    )
  }
  return routes
}

/** Nothing more to say of a success. */
export const done: Result<void, never> = ok(undefined)
