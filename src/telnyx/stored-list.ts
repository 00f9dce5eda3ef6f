// Lists that are read from the store page by page, and times they are filtered by.

import { err, ok, type Result } from '#base/result.ts'
import type { Query } from '#http/query.ts'
import { readFrom } from '#storage/store.ts'
import { type ApiError, errors, refusalError } from './errors.ts'
import { allFilters } from './paging.ts'
import { readTime } from './spelling.ts'

/** A read of the store, as this language's failure when it cannot be. */
export async function stored<T>(read: () => Promise<T>): Promise<Result<T, ApiError>> {
  const found = await readFrom(read)
  return found.ok ? found : err(refusalError({ type: 'unavailable', retryAfterMs: 1000 }))
}

/** For `where … in`: an empty list is no list to every database. */
export function some(ids: readonly string[]): readonly string[] {
  return ids.length === 0 ? [''] : ids
}

const signs = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

export interface TimeFilter {
  readonly sign: (typeof signs)[keyof typeof signs]
  readonly atMs: number
}

/** `filter[name][gte]=…` and its kin; a time that is none is refused. */
export function timeFilters(query: Query, name: string): Result<readonly TimeFilter[], ApiError> {
  const filters = allFilters(query)
  const found: TimeFilter[] = []
  for (const [operator, sign] of Object.entries(signs)) {
    const text = filters.get(operator === 'eq' ? name : `${name}[${operator}]`)?.[0]
    if (text === undefined) continue
    const atMs = readTime(text)
    if (atMs === null) return err(errors.badParameter(`filter[${name}][${operator}]`, 'An ISO 8601 time is expected.'))
    found.push({ sign, atMs })
  }
  return ok(found)
}

/** Refuses filters that are not there: a mistyped one must not show everything. */
export function onlyFilters(query: Query, known: readonly string[]): ApiError | null {
  for (const name of allFilters(query).keys()) {
    const bare = name.split('[')[0]!
    if (!known.includes(bare)) return errors.unknownFilter(`filter[${bare}]`)
  }
  return null
}
