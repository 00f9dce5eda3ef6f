// kysely over a `Backend`: its compilers and adapters, our wire. Reads go straight to the backend. Transactions of
// kysely's own are refused: what belongs together is one unit of `store.commit`.

import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Backend, StoreError } from './backend.ts'
import type { SqlValue } from './write.ts'

/** Thrown by kysely's `execute…` methods when the store failed; `readFrom` turns it into a value. */
export class StoreFailure extends Error {
  readonly error: StoreError

  constructor(error: StoreError) {
    super(`${error.type}: ${error.reason}`)
    this.error = error
  }
}

export function dialectOf(backend: Backend): Dialect {
  const postgres = backend.kind === 'postgres'
  return {
    createAdapter: () => (postgres ? new PostgresAdapter() : new SqliteAdapter()),
    createQueryCompiler: () => (postgres ? new PostgresQueryCompiler() : new SqliteQueryCompiler()),
    createIntrospector: (db) => (postgres ? new PostgresIntrospector(db) : new SqliteIntrospector(db)),
    createDriver: () => new BackendDriver(backend),
  }
}

class BackendDriver implements Driver {
  readonly #connection: DatabaseConnection

  constructor(backend: Backend) {
    this.#connection = {
      async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
        const result = await backend.query(query.sql, query.parameters as readonly SqlValue[])
        if (!result.ok) throw new StoreFailure(result.error)
        return { rows: result.value.rows as R[], numAffectedRows: BigInt(result.value.changes) }
      },
      // biome-ignore lint/correctness/useYield: the interface asks for a generator; there is nothing to stream
      async *streamQuery() {
        throw new Error('rows are not streamed: read them page by page')
      },
    }
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }
  async beginTransaction(): Promise<void> {
    throw new Error('writes that belong together are one unit of store.commit')
  }
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}
