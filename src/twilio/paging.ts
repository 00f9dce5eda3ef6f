// Lists (PAGE-01 to PAGE-05): a page knows the record before it or after it, so that what comes or goes meanwhile moves
// nothing. Tokens are opaque to clients: the sort key and the id of that record. A client that only says `Page=2` is
// given the records that stand there now.

import { type RawBuilder, sql } from 'kysely'
import { err, ok, type Result } from '#base/result.ts'
import type { Query } from '#http/query.ts'
import type { Reply } from '#http/route.ts'
import { type ApiError, errors } from './errors.ts'
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from './limits.ts'
import { readTimeSpan } from './spelling.ts'

/** What a list is sorted by: a number, and the id where that is the same. */
export interface Key {
  readonly at: number
  readonly id: string
}

export interface PageAsk {
  readonly size: number
  readonly page: number
  /** The record this page lies beside; null: it begins where `page` says. */
  readonly from: (Key & { readonly way: 'after' | 'before' }) | null
}

export interface Page<R> {
  readonly records: readonly R[]
  /** Whether there are records on either side. */
  readonly more: { readonly before: boolean; readonly after: boolean }
}

export function readPage(query: Query): Result<PageAsk, ApiError> {
  const size = Math.min(MAX_PAGE_SIZE, Math.max(1, whole(query.PageSize, DEFAULT_PAGE_SIZE)))
  const page = whole(query.Page, 0)
  const { PageToken: token } = query
  if (token === undefined || token === '') return ok({ size, page, from: null })
  const from = typeof token === 'string' ? readToken(token) : null
  return from === null ? err(errors.badPageToken()) : ok({ size, page, from })
}

function whole(value: unknown, otherwise: number): number {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : otherwise
}

function writeToken(way: 'after' | 'before', { at, id }: Key): string {
  return (way === 'after' ? 'PA' : 'PB') + Buffer.from(`${at} ${id}`).toString('base64url')
}

function readToken(token: string): PageAsk['from'] {
  const way = token.startsWith('PA') ? 'after' : token.startsWith('PB') ? 'before' : null
  const match = /^(\d{1,16}) ([A-Za-z0-9_-]{1,64})$/.exec(Buffer.from(token.slice(2), 'base64url').toString('utf8'))
  return way === null || match === null ? null : { way, at: Number(match[1]), id: match[2]! }
}

/** Newest first, or the other way: queue members stand by their place. */
export type Order = 'down' | 'up'

function compare(a: Key, b: Key, order: Order): number {
  const up = a.at !== b.at ? a.at - b.at : a.id < b.id ? -1 : a.id > b.id ? 1 : 0
  return order === 'up' ? up : -up
}

/** The page of records held in memory. */
export function cutPage<R>(records: readonly R[], keyOf: (record: R) => Key, ask: PageAsk, order: Order): Page<R> {
  const sorted = records.toSorted((a, b) => compare(keyOf(a), keyOf(b), order))
  let begin = ask.page * ask.size
  const { from } = ask
  if (from !== null) {
    const beyond = sorted.findIndex((one) => {
      const side = compare(keyOf(one), from, order)
      return from.way === 'after' ? side > 0 : side >= 0
    })
    const at = beyond < 0 ? sorted.length : beyond
    begin = from.way === 'after' ? at : Math.max(0, at - ask.size)
  }
  const end = from?.way === 'before' ? begin + Math.min(ask.size, sorted.length - begin) : begin + ask.size
  return {
    records: sorted.slice(begin, end),
    more: { before: begin > 0 && sorted.length > 0, after: end < sorted.length },
  }
}

/** How a page is asked of the store: newest first. Read one more than `limit`, which only says that there are more. */
export interface StoreWindow {
  readonly where: RawBuilder<boolean> | null
  readonly direction: 'asc' | 'desc'
  readonly offset: number
  readonly limit: number
}

/** @param column of the instant the list is sorted by; the id is the second */
export function storeWindow(ask: PageAsk, column: string): StoreWindow {
  const { from } = ask
  const limit = ask.size + 1
  if (from === null) return { where: null, direction: 'desc', offset: ask.page * ask.size, limit }
  const sign = sql.raw(from.way === 'after' ? '<' : '>')
  const at = sql.ref(column)
  const where = sql<boolean>`(${at} ${sign} ${from.at} or (${at} = ${from.at} and ${sql.ref('id')} ${sign} ${from.id}))`
  return { where, direction: from.way === 'after' ? 'desc' : 'asc', offset: 0, limit }
}

/** What was read through a `storeWindow`, as a page. */
export function storedPage<R>(rows: readonly R[], ask: PageAsk): Page<R> {
  const more = rows.length > ask.size
  const shown = rows.slice(0, ask.size)
  if (ask.from?.way === 'before') return { records: shown.toReversed(), more: { before: more, after: true } }
  return { records: shown, more: { before: ask.from !== null || ask.page > 0, after: more } }
}

/** Writes a page of a list; `path` and `query` are those of the request: every link carries its filters. */
export type ListReply = <R>(
  request: { readonly path: string; readonly query: Query },
  name: string,
  ask: PageAsk,
  page: Page<R>,
  keyOf: (record: R) => Key,
  show: (record: R) => object,
) => Reply

/** The envelope of a list (PAGE-02). */
export const listReply: ListReply = (request, name, ask, page, keyOf, show) => {
  const links = linksOf(request, ask, page, keyOf)
  const start = ask.page * ask.size
  return {
    status: 200,
    json: {
      first_page_uri: links.first,
      next_page_uri: links.next,
      previous_page_uri: links.previous,
      uri: links.self,
      page: ask.page,
      page_size: ask.size,
      start,
      end: Math.max(page.records.length === 0 ? 0 : start, start + page.records.length - 1),
      [name]: page.records.map(show),
    },
  }
}

/** The envelope of v1 (PAGE-04, SDK-14): whole URLs, because clients follow them as they are. */
export function metaListReply(baseUrl: () => string): ListReply {
  return (request, name, ask, page, keyOf, show) => {
    const links = linksOf(request, ask, page, keyOf)
    const whole = (path: string | null): string | null => (path === null ? null : baseUrl() + path)
    return {
      status: 200,
      json: {
        meta: {
          page: ask.page,
          page_size: ask.size,
          first_page_url: whole(links.first),
          previous_page_url: whole(links.previous),
          url: whole(links.self),
          next_page_url: whole(links.next),
          key: name,
        },
        [name]: page.records.map(show),
      },
    }
  }
}

function linksOf<R>(
  request: { readonly path: string; readonly query: Query },
  ask: PageAsk,
  { records, more }: Page<R>,
  keyOf: (record: R) => Key,
): { readonly first: string; readonly next: string | null; readonly previous: string | null; readonly self: string } {
  const first = records[0]
  const last = records.at(-1)
  const at = (number: number, token: string | null): string => link(request, ask.size, number, token)
  return {
    first: at(0, null),
    next: more.after && last !== undefined ? at(ask.page + 1, writeToken('after', keyOf(last))) : null,
    previous:
      more.before && first !== undefined ? at(Math.max(0, ask.page - 1), writeToken('before', keyOf(first))) : null,
    self: at(ask.page, typeof request.query.PageToken === 'string' ? request.query.PageToken : null),
  }
}

function link(
  { path, query }: { readonly path: string; readonly query: Query },
  size: number,
  page: number,
  token: string | null,
): string {
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (name === 'Page' || name === 'PageSize' || name === 'PageToken') continue
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value]) pairs.append(name, String(one))
  }
  pairs.append('PageSize', String(size))
  pairs.append('Page', String(page))
  if (token !== null) pairs.append('PageToken', token)
  return `${path}?${pairs}`
}

/** The one value of a filter; undefined when it is not there. */
export function filter(query: Query, name: string): string | undefined {
  const value = query[name]
  if (Array.isArray(value)) return value.at(-1)
  return typeof value === 'string' && value !== '' ? value : undefined
}

export interface TimeFilter {
  readonly sign: '>=' | '<=' | '<'
  readonly atMs: number
}

/**
 * `StartTime=…` (a day means all of it), `StartTime<=…`, `StartTime>=…` (SDK-09): the key ends in the sign, the `=` is the
 * pair's own.
 */
export function timeFilters(query: Query, name: string): Result<readonly TimeFilter[], ApiError> {
  const found: TimeFilter[] = []
  for (const ending of ['', '<', '>'] as const) {
    const text = filter(query, name + ending)
    if (text === undefined) continue
    const span = readTimeSpan(text.trim())
    if (span === null) return err(errors.invalid(`Parameter '${name}' is neither a day (YYYY-MM-DD) nor a time.`))
    if (ending === '<') found.push({ sign: '<=', atMs: span.fromMs })
    else if (ending === '>') found.push({ sign: '>=', atMs: span.fromMs })
    else found.push({ sign: '>=', atMs: span.fromMs }, { sign: '<', atMs: span.untilMs })
  }
  return ok(found)
}

/** Whether an instant passes; nothing passes for what has no such instant yet. */
export function inTime(atMs: number | null, filters: readonly TimeFilter[]): boolean {
  return filters.every(({ sign, atMs: limit }) => {
    if (atMs === null) return false
    return sign === '>=' ? atMs >= limit : sign === '<=' ? atMs <= limit : atMs < limit
  })
}
