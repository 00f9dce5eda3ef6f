// One way for everything customers keep with us: a collection is a value (where it is mounted, what fields are taken,
// how it is shown, what it is filtered and sorted by), and from it come the routes that list, create, look up, change and
// delete. What a kind of thing means lies in its own file below routes/.

import type { z } from 'zod'
import type { Book, Entry } from '#accounts/book.ts'
import type { Kind, Kinds } from '#accounts/kinds.ts'
import type { AccountId } from '#base/ids.ts'
import { err, type Result } from '#base/result.ts'
import type { Query } from '#http/query.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import { fail } from './commander.ts'
import type { TelnyxActor } from './doors.ts'
import { type ApiError, accountsError, errors } from './errors.ts'
import { allFilters, listBody, readPage } from './paging.ts'
import { route } from './route.ts'
import { readUuid } from './spelling.ts'

type Made<R> = Promise<Result<R, ApiError>> | Result<R, ApiError>

export interface Listing<R> {
  /** By `name` or `name[operator]`; whether a record fits a value. Others are refused (10031). */
  readonly filters: Readonly<Record<string, (record: R, value: string) => boolean>>
  readonly sorts: Readonly<Record<string, (record: R) => string | number>>
  /** As a client would write it: `-created_at`. */
  readonly sort: string
  readonly pageSize?: number
}

export interface Change<R> {
  readonly body: z.ZodType
  readonly status: number
  /** Fields that `null` takes away. */
  readonly nullable?: readonly string[]
  /** `record` is the one to be changed. */
  // biome-ignore lint/suspicious/noExplicitAny: `creation` and `change` tie the body to its schema.
  readonly make: (body: any, actor: TelnyxActor, record: R) => Made<R>
}

export interface Collection<R> {
  readonly path: string
  /** The path parameter: `id`, `connector_name`, … */
  readonly param?: string
  /** What one is called in messages: `telephony credential`. */
  readonly noun: string
  readonly all: (account: AccountId) => readonly R[]
  readonly find: (account: AccountId, id: string) => R | null
  readonly show: (record: R) => object
  readonly listing: Listing<R>
  readonly create?: Omit<Change<R>, 'make'> & { readonly make: (body: never, actor: TelnyxActor) => Made<R> }
  readonly change?: Change<R> & { readonly method: 'PATCH' | 'PUT' }
  /** 200 shows what was deleted, 204 nothing. */
  readonly remove?: { readonly status: 200 | 204; readonly make: (record: R) => Made<void> }
}

/** Ties what makes a record to the schema its body is checked by. */
export function creation<R, B>(
  body: z.ZodType<B>,
  status: number,
  make: (body: B, actor: TelnyxActor) => Made<R>,
): NonNullable<Collection<R>['create']> {
  return { body, status, make: make as (body: never, actor: TelnyxActor) => Made<R> }
}

export function change<R, B>(
  method: 'PATCH' | 'PUT',
  body: z.ZodType<B>,
  make: (body: B, actor: TelnyxActor, record: R) => Made<R>,
  nullable: readonly string[] = [],
): NonNullable<Collection<R>['change']> {
  return { method, body, status: 200, make, nullable }
}

export function collectionRoutes<R>(one: Collection<R>): readonly AnyRoute<TelnyxActor>[] {
  const param = one.param ?? 'id'
  const item = `${one.path}/:${param}`
  const found = async (actor: TelnyxActor, id: string | undefined, then: (record: R) => Promise<Reply>) => {
    const record = one.find(actor.account, id ?? '')
    return record === null ? fail(errors.notFound(`This ${one.noun}`)) : then(record)
  }
  const answer = (made: Result<R, ApiError>, status: number): Reply =>
    made.ok ? { status, json: { data: one.show(made.value) } } : fail(made.error)
  const routes: AnyRoute<TelnyxActor>[] = [
    route<unknown>({
      method: 'GET',
      path: one.path,
      summary: `List every ${one.noun}`,
      handler: async ({ actor, query }) => listReply(one.all(actor.account), one.listing, query, one.show),
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
        handler: async ({ actor, body }) => answer(await create.make(body as never, actor), create.status),
      }),
    )
  }
  routes.push(
    route<unknown>({
      method: 'GET',
      path: item,
      summary: `Look up a ${one.noun}`,
      handler: ({ actor, params }) =>
        found(actor, params[param], async (record) => ({ status: 200, json: { data: one.show(record) } })),
    }),
  )
  if (change !== undefined) {
    routes.push(
      route<unknown>({
        method: change.method,
        path: item,
        summary: `${change.method === 'PUT' ? 'Replace' : 'Change'} a ${one.noun}`,
        body: change.body,
        nullable: change.nullable ?? [],
        handler: ({ actor, params, body }) =>
          found(actor, params[param], async (record) => answer(await change.make(body, actor, record), change.status)),
      }),
    )
  }
  if (remove !== undefined) {
    routes.push(
      route<unknown>({
        method: 'DELETE',
        path: item,
        summary: `Delete a ${one.noun}`,
        handler: ({ actor, params }) =>
          found(actor, params[param], async (record) => {
            const shown = { data: one.show(record) }
            const removed = await remove.make(record)
            if (!removed.ok) return fail(removed.error)
            return remove.status === 204 ? { status: 204 } : { status: 200, json: shown }
          }),
      }),
    )
  }
  return routes
}

/** A page of records that fit the query's filters, in the query's order. */
export function listReply<R>(
  records: readonly R[],
  listing: Listing<R>,
  query: Query,
  show: (record: R) => object,
): Reply {
  const page = readPage(query, listing.pageSize)
  if (!page.ok) return fail(page.error)
  let fitting = records
  for (const [name, values] of allFilters(query)) {
    const fits = listing.filters[name]
    if (fits === undefined) return fail(errors.unknownFilter(parameterOf(name)))
    fitting = fitting.filter((record) => values.some((value) => fits(record, value)))
  }
  const sort = typeof query.sort === 'string' ? query.sort : listing.sort
  const key = listing.sorts[sort.replace(/^-/, '')]
  if (key === undefined) {
    const known = Object.keys(listing.sorts).join(', ')
    return fail(errors.badParameter('sort', `These can be sorted by ${known}, with a - before it for the other way.`))
  }
  const down = sort.startsWith('-') ? -1 : 1
  const sorted = fitting.toSorted((a, b) => down * compare(key(a), key(b)))
  const shown = sorted.slice(page.value.offset, page.value.offset + page.value.size)
  return { status: 200, json: listBody(shown.map(show), page.value, sorted.length) }
}

/** `connection_name[contains]` as it stood in the query. */
function parameterOf(name: string): string {
  const [field, rest] = name.split(/(?=\[)/, 2)
  return `filter[${field}]${rest ?? ''}`
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b))
}

/** `contains` filters: three characters at least, in any letter case (telnyx-voice §4). */
export function contains<R>(text: (record: R) => string): (record: R, value: string) => boolean {
  return (record, value) => value.length >= 3 && text(record).toLowerCase().includes(value.toLowerCase())
}

/** A collection's ways to the book: entries of one kind, named by UUID. */
export function kept<K extends Kind>(book: () => Book, kind: K, noun: string) {
  const told = <T>(result: Result<T, Parameters<typeof accountsError>[0]>): Result<T, ApiError> =>
    result.ok ? result : err(accountsError(result.error, `This ${noun}`))
  return {
    all: (account: AccountId): readonly Entry<K>[] => book().list(account, kind),
    find: (account: AccountId, id: string): Entry<K> | null => {
      const own = readUuid(id)
      return own === null ? null : book().get(account, kind, own)
    },
    add: async (actor: TelnyxActor, fields: Kinds[K]): Promise<Result<Entry<K>, ApiError>> =>
      told(await book().add(actor.account, kind, fields)),
    replace: async (entry: Entry<K>, fields: Kinds[K]): Promise<Result<Entry<K>, ApiError>> =>
      told(await book().change(entry, fields)),
    remove: async (entry: Entry<K>): Promise<Result<void, ApiError>> => told(await book().remove(entry)),
  }
}
