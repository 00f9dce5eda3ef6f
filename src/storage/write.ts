// One statement to be committed, and the builders that make it.
//
// A call's life is a handful of row writes on the control thread, so building one must cost next to nothing: the SQL of
// a (table, columns) shape is made once and shared. It is written with PostgreSQL's `$1` parameters, each used once and in
// order, which the SQLite engine turns into its own; statements compiled by kysely for the open database fit as well.

import { MAX_STATEMENT_SHAPES } from './limits.ts'
import type { Schema } from './schema.ts'

/** What a column may hold, and what a statement may be given. */
export type SqlValue = string | number | null

export interface Write {
  readonly sql: string
  readonly parameters: readonly SqlValue[]
}

/** Table, and the columns that name a row. */
export const PRIMARY_KEYS: { readonly [Table in keyof Schema]: readonly (keyof Schema[Table] & string)[] } = {
  accounts: ['id'],
  api_keys: ['id'],
  signing_keys: ['id'],
  applications: ['id'],
  numbers: ['number'],
  trunks: ['id'],
  sip_users: ['id'],
  registrations: ['id'],
  calls: ['id'],
  conferences: ['id'],
  participants: ['id'],
  recordings: ['id'],
  queues: ['id'],
  queue_entries: ['id'],
  events: ['id'],
  commands: ['key'],
  outbox: ['id'],
  deliveries: ['id'],
  media_files: ['id'],
  resources: ['id'],
  command_log: ['id'],
  recording_transcriptions: ['id'],
  notifications: ['id'],
  call_exchanges: ['id'],
  settings: ['name'],
}

const shapes = new Map<string, string>()

/** Inserts a row; a row with the same key fails the unit with `conflict`. */
export function insertRow<T extends keyof Schema>(table: T, row: Schema[T]): Write {
  return { sql: statement('insert', table, row), parameters: Object.values(row) as SqlValue[] }
}

/** Inserts a row or replaces every column of the one with the same key. */
export function upsertRow<T extends keyof Schema>(table: T, row: Schema[T]): Write {
  return { sql: statement('upsert', table, row), parameters: Object.values(row) as SqlValue[] }
}

/** Changes the given columns of one row; nothing happens when there is no such row. */
export function updateRow<T extends keyof Schema>(
  table: T,
  key: Partial<Schema[T]>,
  changes: Partial<Schema[T]>,
): Write {
  const keyColumns = Object.keys(key)
  const changed = Object.keys(changes)
  const sql = remember(`update ${table} ${changed.join()} ${keyColumns.join()}`, () => {
    const set = changed.map((column, index) => `"${column}" = $${index + 1}`)
    const where = keyColumns.map((column, index) => `"${column}" = $${changed.length + index + 1}`)
    return `update "${table}" set ${set.join(', ')} where ${where.join(' and ')}`
  })
  return { sql, parameters: [...Object.values(changes), ...Object.values(key)] as SqlValue[] }
}

/** Deletes the rows that match; nothing happens when there are none. */
export function deleteRow<T extends keyof Schema>(table: T, key: Partial<Schema[T]>): Write {
  const columns = Object.keys(key)
  const sql = remember(`delete ${table} ${columns.join()}`, () => {
    if (columns.length === 0) throw new Error('a delete names its rows')
    return `delete from "${table}" where ${columns.map((column, index) => `"${column}" = $${index + 1}`).join(' and ')}`
  })
  return { sql, parameters: Object.values(key) as SqlValue[] }
}

function statement(kind: 'insert' | 'upsert', table: keyof Schema, row: object): string {
  const columns = Object.keys(row)
  return remember(`${kind} ${table} ${columns.join()}`, () => {
    const names = columns.map((column) => `"${column}"`).join(', ')
    const places = columns.map((_, index) => `$${index + 1}`).join(', ')
    const insert = `insert into "${table}" (${names}) values (${places})`
    if (kind === 'insert') return insert
    const key: readonly string[] = PRIMARY_KEYS[table]
    const rest = columns.filter((column) => !key.includes(column))
    const conflict = ` on conflict (${key.map((column) => `"${column}"`).join(', ')})`
    if (rest.length === 0) return `${insert}${conflict} do nothing`
    return `${insert}${conflict} do update set ${rest.map((column) => `"${column}" = excluded."${column}"`).join(', ')}`
  })
}

function remember(shape: string, make: () => string): string {
  let sql = shapes.get(shape)
  if (sql === undefined) {
    if (shapes.size >= MAX_STATEMENT_SHAPES) throw new Error(`more than ${MAX_STATEMENT_SHAPES} statement shapes`)
    sql = make()
    shapes.set(shape, sql)
  }
  return sql
}
