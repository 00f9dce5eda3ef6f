// What a database has to do for the store: commit a group of units as one durable transaction, and read.

import type { Result } from '#base/result.ts'
import type { SqlValue, Write } from './write.ts'

/**
 * - `unavailable`: the database or its disk is away; nothing was written. Trying again later may succeed.
 * - `conflict`: a constraint refused the unit (a key that exists).
 * - `refused`: the statement itself is wrong. A bug of the caller.
 */
export type StoreError =
  | { readonly type: 'unavailable'; readonly reason: string }
  | { readonly type: 'conflict'; readonly reason: string }
  | { readonly type: 'refused'; readonly reason: string }

/** Writes that stand or fall together. */
export type Unit = readonly Write[]

export interface Rows {
  readonly rows: readonly Record<string, SqlValue>[]
  /** Rows changed, for a statement that changes. */
  readonly changes: number
}

export interface Backend {
  readonly kind: 'sqlite' | 'postgres'
  /** What comes within this time of the last group's start is gathered for the next one; 0: the next starts at once. */
  readonly gatherMs: number
  /** One transaction. Answers per unit, in order: null when it is durable. Never rejects. */
  commit(units: readonly Unit[]): Promise<readonly (StoreError | null)[]>
  query(sql: string, parameters: readonly SqlValue[]): Promise<Result<Rows, StoreError>>
  /** Null when the database takes writes; else why not. */
  probe(): Promise<StoreError | null>
  close(): Promise<void>
}
