// Migrations: numbered files that return schema statements both databases take. Each runs as one unit together with the
// row that records it, so a kill at any point leaves the database before or after, never between.

import { type Compilable, type Kysely, sql } from 'kysely'
import { err, ok, type Result } from '#base/result.ts'
import type { StoreError, Unit } from './backend.ts'
import type { Migration } from './migration.ts'
import { firstTables } from './migrations/0001-first-tables.ts'
import { queues } from './migrations/0002-queues.ts'
import { resources } from './migrations/0003-resources.ts'
import { reports } from './migrations/0004-reports.ts'
import { notifications } from './migrations/0005-notifications.ts'
import { callExchanges } from './migrations/0006-call-exchanges.ts'
import type { Schema } from './schema.ts'
import type { SqlValue, Write } from './write.ts'

/** In the order in which they are applied. Never edited once released; a change is a new file. */
export const migrations: readonly Migration[] = [firstTables, queues, resources, reports, notifications, callExchanges]

const RECORD_TABLE = 'schema_versions'

/** Applies what is missing. A database with a migration we do not know belongs to a newer program and is refused. */
export async function migrate(
  db: Kysely<Schema>,
  commit: (unit: Unit) => Promise<Result<void, StoreError>>,
  list: readonly Migration[] = migrations,
): Promise<Result<readonly string[], StoreError>> {
  const made = await commit([
    compiled(
      db.schema
        .createTable(RECORD_TABLE)
        .ifNotExists()
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('applied_at', 'text', (column) => column.notNull().defaultTo(sql`CURRENT_TIMESTAMP`)),
    ),
  ])
  if (!made.ok) return made
  const applied = await appliedNames(db)
  if (!applied.ok) return applied
  const known = new Set(list.map((migration) => migration.name))
  const foreign = applied.value.find((name) => !known.has(name))
  if (foreign !== undefined) {
    return err({ type: 'refused', reason: `the database was written by a newer version (it has ${foreign})` })
  }
  const done = new Set(applied.value)
  const now: string[] = []
  for (const migration of list) {
    if (done.has(migration.name)) continue
    const record: Write = { sql: `insert into "${RECORD_TABLE}" ("name") values ($1)`, parameters: [migration.name] }
    const committed = await commit([record, ...migration.up(db.schema).map(compiled)])
    if (!committed.ok) {
      // Another process may have been faster: then its row is there and ours conflicted.
      const again = await appliedNames(db)
      if (!again.ok || !again.value.includes(migration.name)) return committed
      continue
    }
    now.push(migration.name)
  }
  return ok(now)
}

async function appliedNames(db: Kysely<Schema>): Promise<Result<readonly string[], StoreError>> {
  try {
    const { rows } = await sql<{ name: string }>`select "name" from ${sql.table(RECORD_TABLE)} order by "name"`.execute(
      db,
    )
    return ok(rows.map((row) => row.name))
  } catch (cause) {
    return err({ type: 'unavailable', reason: cause instanceof Error ? cause.message : String(cause) })
  }
}

function compiled(query: Compilable): Write {
  const { sql, parameters } = query.compile()
  return { sql, parameters: parameters as readonly SqlValue[] }
}
