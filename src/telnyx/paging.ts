// Lists: `page[number]` from 1, `page[size]`, and a meta that always has all four figures, or SDKs page for ever
// (telnyx-voice §4). The modern SDK spells them flat, `page_number` and `page_size`; a switch that overlooks these gives
// it the first page again and again. A page past the end is an empty list, not an error.

import { err, ok, type Result } from '#base/result.ts'
import type { Query, QueryValue } from '#http/query.ts'
import { type ApiError, errors } from './errors.ts'
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from './limits.ts'

export interface Page {
  readonly number: number
  readonly size: number
  readonly offset: number
}

export function readPage(
  query: Query,
  defaultSize = DEFAULT_PAGE_SIZE,
  maxSize = MAX_PAGE_SIZE,
): Result<Page, ApiError> {
  const page = query.page
  const fields = typeof page === 'object' && !Array.isArray(page) ? (page as Query) : {}
  const number = whole(fields.number ?? query.page_number, 1)
  const size = whole(fields.size ?? query.page_size, defaultSize)
  if (number === null || number < 1)
    return err(errors.badParameter('page[number]', 'page[number] is a whole number from 1.'))
  if (size === null || size < 1 || size > maxSize) {
    return err(errors.badParameter('page[size]', `page[size] is a whole number from 1 to ${maxSize}.`))
  }
  return ok({ number, size, offset: (number - 1) * size })
}

export function listBody(data: readonly object[], page: Page, total: number): object {
  return {
    data,
    meta: {
      total_pages: Math.ceil(total / page.size),
      total_results: total,
      page_number: page.number,
      page_size: page.size,
    },
  }
}

/** `filter[name]`, plain or as `filter[name][eq]`; undefined when it is not there. */
export function filter(query: Query, name: string, operator?: string): string | undefined {
  const filters = query.filter
  if (typeof filters !== 'object' || Array.isArray(filters)) return undefined
  const value = (filters as Query)[name]
  if (typeof value === 'string') return operator === undefined || operator === 'eq' ? value : undefined
  if (typeof value !== 'object' || Array.isArray(value)) return undefined
  const inner = (value as Query)[operator ?? 'eq']
  return typeof inner === 'string' ? inner : undefined
}

/** Every filter of a query, by `name` or `name[operator]`; `eq` is the same as none. A repeated one has several values. */
export function allFilters(query: Query): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  const walk = (value: QueryValue, name: string): void => {
    if (typeof value === 'string') found.set(name, [value])
    else if (Array.isArray(value)) found.set(name, value as readonly string[])
    else
      for (const [key, inner] of Object.entries(value as Query))
        walk(inner, name === '' ? key : key === 'eq' ? name : `${name}[${key}]`)
  }
  if (typeof query.filter === 'object') walk(query.filter, '')
  return found
}

function whole(value: unknown, otherwise: number): number | null {
  if (value === undefined) return otherwise
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : null
}
