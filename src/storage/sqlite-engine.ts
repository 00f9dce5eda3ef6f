// SQLite through node:sqlite, synchronously. Runs in the worker thread of `sqlite-thread.ts`, or in the caller's own
// thread for tests.
//
// Durability: WAL with synchronous=FULL, so that a commit has reached the disk before it is reported (the WAL is synced
// at every commit; https://sqlite.org/pragma.html#pragma_synchronous). Both are set and read back, since a file system that cannot do
// WAL keeps its old mode silently. A group is one transaction without savepoints; only when a statement fails is
// the group rolled back and run again with a savepoint per unit, so that a bad unit takes nobody with it.
// After an I/O error the connection is thrown away: what the page cache says can no longer be believed (an fsync that failed
// once may succeed the second time without having written anything), and the next use starts from the disk.

import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { err, ok, type Result } from '#base/result.ts'
import type { Rows, StoreError, Unit } from './backend.ts'
import { BUSY_TIMEOUT_MS, MAX_PREPARED } from './limits.ts'
import type { SqlValue } from './write.ts'

/** "HOOK": marks a database file as ours. */
const APPLICATION_ID = 0x484f4f4b

const FILE_MODE = 0o600

/** Primary result codes (https://sqlite.org/rescode.html). */
const SQLITE_BUSY = 5
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
const SQLITE_CONSTRAINT = 19
const SQLITE_NOTADB = 26
const AWAY = new Set([SQLITE_BUSY, SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_FULL, SQLITE_CANTOPEN, SQLITE_NOTADB, 8, 6])
const POISONED = new Set([SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB])

export class SqliteEngine {
  readonly #path: string
  #database: DatabaseSync | null = null
  #prepared = new Map<string, StatementSync>()

  private constructor(path: string) {
    this.#path = path
  }

  /** Opens or makes the file. `:memory:` is a database of its own that ends with the engine. */
  static open(path: string): Result<SqliteEngine, StoreError> {
    const engine = new SqliteEngine(path)
    const opened = attempt(() => engine.#open())
    return opened.ok ? ok(engine) : opened
  }

  commit(units: readonly Unit[]): (StoreError | null)[] {
    const together = this.#attempt(() => {
      this.#run('begin immediate')
      for (const unit of units) this.#runUnit(unit)
      this.#run('commit')
    })
    if (together.ok) return units.map(() => null)
    this.#rollBack()
    if (together.error.type === 'unavailable' || units.length === 0) return units.map(() => together.error)
    if (units.length === 1) return [together.error]
    return this.#commitApart(units)
  }

  query(sql: string, parameters: readonly SqlValue[]): Result<Rows, StoreError> {
    return this.#attempt(() => {
      const statement = this.#prepare(sql)
      if (statement.columns().length > 0) {
        return { rows: statement.all(...parameters) as Record<string, SqlValue>[], changes: 0 }
      }
      return { rows: [], changes: Number(statement.run(...parameters).changes) }
    })
  }

  /** Writes and undoes, which needs everything a write needs but the sync. */
  probe(): StoreError | null {
    const probed = this.#attempt(() => {
      this.#run('begin immediate')
      this.#run('create table if not exists "probe" ("value" integer)')
      this.#run('insert into "probe" values (1)')
      this.#run('rollback')
    })
    if (probed.ok) return null
    this.#rollBack()
    return probed.error
  }

  close(): void {
    this.#prepared.clear()
    if (this.#database?.isOpen) this.#database.close()
    this.#database = null
  }

  #commitApart(units: readonly Unit[]): (StoreError | null)[] {
    const outcomes: (StoreError | null)[] = []
    const whole = this.#attempt(() => {
      this.#run('begin immediate')
      for (const unit of units) {
        this.#run('savepoint unit')
        const alone = attempt(() => this.#runUnit(unit))
        if (!alone.ok && alone.error.type === 'unavailable') throw new Away(alone.error)
        if (!alone.ok) this.#run('rollback to unit')
        this.#run('release unit')
        outcomes.push(alone.ok ? null : alone.error)
      }
      this.#run('commit')
    })
    if (whole.ok) return outcomes
    this.#rollBack()
    return units.map(() => whole.error)
  }

  #runUnit(unit: Unit): void {
    for (const write of unit) this.#prepare(write.sql).run(...write.parameters)
  }

  #run(sql: string): void {
    this.#prepare(sql).run()
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#prepared.get(sql)
    if (statement === undefined) {
      this.#database ?? this.#open()
      // Our builders number parameters in order and use each once, so a plain `?` means the same.
      statement = this.#database!.prepare(sql.replace(/\$\d+/g, '?'))
      if (this.#prepared.size >= MAX_PREPARED) this.#prepared.delete(this.#prepared.keys().next().value!)
      this.#prepared.set(sql, statement)
    }
    return statement
  }

  #attempt<T>(work: () => T): Result<T, StoreError> {
    return attempt(work, (code) => {
      if (POISONED.has(code) && this.#path !== ':memory:') this.close()
    })
  }

  #rollBack(): void {
    if (this.#database?.isTransaction) attempt(() => this.#run('rollback'))
  }

  #open(): void {
    // The file holds keys and what callers did: only its owner reads it. SQLite gives its side files the same mode.
    if (this.#path !== ':memory:') closeSync(openSync(this.#path, 'a', FILE_MODE))
    const database = new DatabaseSync(this.#path, { timeout: BUSY_TIMEOUT_MS })
    try {
      database.enableDefensive(true)
      database.exec('pragma trusted_schema = off; pragma cell_size_check = on; pragma temp_store = memory')
      if (this.#path !== ':memory:') {
        const mode = pragma(database, 'journal_mode = wal')
        if (mode !== 'wal') throw new Error(`the file system keeps journal mode ${mode}; write-ahead logging is needed`)
      }
      database.exec('pragma synchronous = full')
      const synchronous = pragma(database, 'synchronous')
      if (synchronous !== 2) throw new Error(`synchronous is ${synchronous}, not 2 (FULL)`)
      const id = pragma(database, 'application_id')
      const tables = database.prepare('select count(*) as n from sqlite_schema').get() as { n: number }
      if (id !== APPLICATION_ID) {
        if (id !== 0 || tables.n > 0) throw new Error(`${this.#path} is the database of another program`)
        database.exec(`pragma application_id = ${APPLICATION_ID}`)
      }
    } catch (cause) {
      database.close()
      throw cause
    }
    this.#database = database
  }
}

function pragma(database: DatabaseSync, text: string): string | number | undefined {
  const row = database.prepare(`pragma ${text}`).get()
  return row === undefined ? undefined : (Object.values(row)[0] as string | number)
}

class Away extends Error {
  readonly error: StoreError

  constructor(error: StoreError) {
    super('the database is away')
    this.error = error
  }
}

function attempt<T>(work: () => T, onCode?: (code: number) => void): Result<T, StoreError> {
  try {
    return ok(work())
  } catch (cause) {
    if (cause instanceof Away) return err(cause.error)
    const reason = cause instanceof Error ? cause.message : String(cause)
    const extended = (cause as { errcode?: number }).errcode
    // Not SQLite's own refusal: the file could not be taken as a database at all.
    if (extended === undefined) {
      const typed = (cause as { code?: string }).code
      return err({ type: typed?.startsWith('ERR_INVALID') ? 'refused' : 'unavailable', reason })
    }
    const code = extended & 0xff
    onCode?.(code)
    if (code === SQLITE_CONSTRAINT) return err({ type: 'conflict', reason })
    return err({ type: AWAY.has(code) ? 'unavailable' : 'refused', reason })
  }
}
