// Lists out of the store: the rows of one page, and one more that only says whether there are more.

import { type SelectQueryBuilder, sql } from 'kysely'
import { ok, type Result } from '#base/result.ts'
import type { Schema } from '#storage/schema.ts'
import type { ApiError } from './errors.ts'
import { type Page, type PageAsk, storedPage, storeWindow } from './paging.ts'
import { stored } from './stored.ts'

// biome-ignore lint/suspicious/noExplicitAny: whatever table it is, `column` and `id` are in it.
type Rows<Row> = SelectQueryBuilder<Schema, any, Row>

/** @param column the instant the list is sorted by; the id is the second */
export function windowOf<Row>(
  rows: Rows<Row>,
  column: string,
  ask: PageAsk,
): Promise<Result<readonly Row[], ApiError>> {
  const { where, direction, offset, limit } = storeWindow(ask, column)
  const within = where === null ? rows : rows.where(where)
  return stored(() =>
    within.orderBy(sql.ref(column), direction).orderBy(sql.ref('id'), direction).offset(offset).limit(limit).execute(),
  )
}

/** One page of records. */
export async function pageFrom<Row, R>(
  rows: Rows<Row>,
  column: string,
  ask: PageAsk,
  read: (row: Row) => R,
): Promise<Result<Page<R>, ApiError>> {
  const found = await windowOf(rows, column, ask)
  return found.ok ? ok(storedPage(found.value.map(read), ask)) : found
}
