// PostgreSQL behind the `Backend` interface. Writes go over one connection of their own, so that groups commit in order;
// reads over a few others. A group is one transaction; when a statement fails it is run again with a savepoint per unit,
// as in SQLite. A commit whose answer got lost is reported as `unavailable`: whoever asked must treat it as not
// acknowledged, and may find it done.

import pg from 'pg'
import { err, ok, type Result } from '#base/result.ts'
import type { Backend, Rows, StoreError, Unit } from './backend.ts'
import { CONNECT_TIMEOUT_MS, READ_CONNECTIONS, STATEMENT_TIMEOUT_MS } from './limits.ts'
import type { SqlValue } from './write.ts'

/** Type number of int8 in pg_type. Our whole numbers are milliseconds and counts, well inside 2^53. */
const INT8 = 20

/** Classes of SQLSTATE (PostgreSQL manual, appendix A). */
const INTEGRITY_VIOLATION = '23'
const OURS = new Set(['22', '26', '2F', '3D', '3F', '42', '0A'])

/** @param schema tables live in it (it is made when missing); the connection's default when absent */
export async function openPostgres(url: string, schema?: string): Promise<Result<Backend, StoreError>> {
  if (schema !== undefined && !/^[a-z_][a-z0-9_]{0,40}$/.test(schema)) {
    return err({ type: 'refused', reason: `"${schema}" is not a plain schema name` })
  }
  const backend = new PostgresBackend(url, schema)
  const failure = schema === undefined ? await backend.probe() : await backend.makeSchema(schema)
  if (failure === null) return ok(backend)
  await backend.close()
  return err(failure)
}

class PostgresBackend implements Backend {
  readonly kind = 'postgres'
  readonly gatherMs = 0
  readonly #writers: pg.Pool
  readonly #readers: pg.Pool
  readonly #names = new Map<string, string>()

  constructor(url: string, schema: string | undefined) {
    const settings: pg.PoolConfig = {
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS * 2,
      application_name: 'hookswitch',
      keepAlive: true,
      ...(schema === undefined ? {} : { options: `-c search_path=${schema}` }),
      types: {
        getTypeParser: (type: number, format?: 'text' | 'binary') =>
          type === INT8 ? Number : pg.types.getTypeParser(type, format ?? 'text'),
      } as pg.CustomTypesConfig,
    }
    this.#writers = new pg.Pool({ ...settings, max: 1, allowExitOnIdle: true })
    this.#readers = new pg.Pool({ ...settings, max: READ_CONNECTIONS, allowExitOnIdle: true })
    // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
    this.#writers.on('error', () => {})
    this.#readers.on('error', () => {})
  }

  async makeSchema(schema: string): Promise<StoreError | null> {
    const made = await attempt(() => this.#writers.query(`create schema if not exists ${schema}`))
    return made.ok ? null : made.error
  }

  async commit(units: readonly Unit[]): Promise<readonly (StoreError | null)[]> {
    const connected = await attempt(() => this.#writers.connect())
    if (!connected.ok) return units.map(() => connected.error)
    const client = connected.value
    let broken = false
    try {
      const together = await attempt(async () => {
        await client.query('begin')
        for (const unit of units) await this.#runUnit(client, unit)
        await client.query('commit')
      })
      if (together.ok) return units.map(() => null)
      if (together.error.type === 'unavailable') {
        broken = true
        return units.map(() => together.error)
      }
      await client.query('rollback')
      return units.length === 1 ? [together.error] : await this.#commitApart(client, units)
    } catch (cause) {
      broken = true
      const error = failureOf(cause)
      return units.map(() => error)
    } finally {
      client.release(broken)
    }
  }

  async query(sql: string, parameters: readonly SqlValue[]): Promise<Result<Rows, StoreError>> {
    const result = await attempt(() => this.#readers.query(sql, parameters as SqlValue[]))
    return result.ok ? ok({ rows: result.value.rows, changes: result.value.rowCount ?? 0 }) : result
  }

  async probe(): Promise<StoreError | null> {
    const probed = await attempt(() => this.#writers.query('select pg_is_in_recovery() as standby'))
    if (!probed.ok) return probed.error
    return probed.value.rows[0]?.standby === true ? { type: 'unavailable', reason: 'the database is a standby' } : null
  }

  async close(): Promise<void> {
    await Promise.all([this.#writers.end(), this.#readers.end()])
  }

  async #commitApart(client: pg.PoolClient, units: readonly Unit[]): Promise<(StoreError | null)[]> {
    const outcomes: (StoreError | null)[] = []
    await client.query('begin')
    for (const unit of units) {
      await client.query('savepoint unit')
      const alone = await attempt(() => this.#runUnit(client, unit))
      if (!alone.ok && alone.error.type === 'unavailable') throw new Error(alone.error.reason)
      if (!alone.ok) await client.query('rollback to savepoint unit')
      await client.query('release savepoint unit')
      outcomes.push(alone.ok ? null : alone.error)
    }
    await client.query('commit')
    return outcomes
  }

  async #runUnit(client: pg.PoolClient, unit: Unit): Promise<void> {
    for (const write of unit) {
      // Statements of the builders come again and again: naming them lets the server keep their plan.
      let name = this.#names.get(write.sql)
      if (name === undefined) {
        name = `w${this.#names.size}`
        this.#names.set(write.sql, name)
      }
      await client.query({ name, text: write.sql, values: write.parameters as SqlValue[] })
    }
  }
}

async function attempt<T>(work: () => Promise<T>): Promise<Result<T, StoreError>> {
  try {
    return ok(await work())
  } catch (cause) {
    return err(failureOf(cause))
  }
}

function failureOf(cause: unknown): StoreError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const state = (cause as { code?: unknown }).code
  if (typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state)) {
    if (state.startsWith(INTEGRITY_VIOLATION)) return { type: 'conflict', reason }
    if (OURS.has(state.slice(0, 2))) return { type: 'refused', reason }
  }
  return { type: 'unavailable', reason }
}
