// The store: one handle for an embedded SQLite file and for PostgreSQL. Writes go through `commit`, which answers once they
// are durable; reads go through `db`, a kysely instance that sees all that was committed.
//
//   const store = await openStore({ type: 'sqlite', path: 'data/hookswitch.db' }, clock)
//   await store.value.commit([upsertRow('calls', row), insertRow('events', event)])
//   await readFrom(() => store.value.db.selectFrom('calls').selectAll().where('id', '=', id).executeTakeFirst())

import { Kysely } from 'kysely'
import { after, type Clock, type Timer } from '#base/clock.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Backend, StoreError, Unit } from './backend.ts'
import { CommitQueue } from './commit-queue.ts'
import { dialectOf, StoreFailure } from './kysely-dialect.ts'
import { PROBE_EVERY_MS } from './limits.ts'
import type { Migration } from './migration.ts'
import { migrate } from './migrations.ts'
import type { Schema } from './schema.ts'
import { sqliteInProcess, sqliteInThread } from './sqlite-backend.ts'

export type { StoreError, Unit } from './backend.ts'

export type StoreLocation =
  /** A file, in a worker thread. */
  | {
      readonly type: 'sqlite'
      readonly path: string
      /** How long after a group's start the next one gathers; needs a clock that runs. 0 unless given. */
      readonly gatherMs?: number
    }
  /** In this thread, `:memory:` unless a path is given; for tests and tools. */
  | { readonly type: 'sqlite-in-process'; readonly path?: string }
  /** `schema` puts all tables into a PostgreSQL schema of that name, made when missing. */
  | { readonly type: 'postgres'; readonly url: string; readonly schema?: string }

export interface StoreHealth {
  readonly ok: boolean
  /** Why the last write failed; null when all is well. */
  readonly reason: string | null
}

export interface StoreStats {
  readonly waiting: number
  readonly groups: number
  readonly units: number
}

export class Store {
  /** Reads. Sees everything whose commit has settled. Its own transactions are refused. */
  readonly db: Kysely<Schema>
  readonly kind: 'sqlite' | 'postgres'
  readonly #backend: Backend
  readonly #queue: CommitQueue
  readonly #clock: Clock
  #failure: StoreError | null = null
  #probe: Timer | null = null
  #closed = false

  constructor(backend: Backend, clock: Clock) {
    this.kind = backend.kind
    this.#backend = backend
    this.#clock = clock
    this.#queue = new CommitQueue(backend, clock, (failure) => this.#note(failure))
    this.db = new Kysely<Schema>({ dialect: dialectOf(backend) })
  }

  /**
   * Writes a unit: all of it or nothing, after every unit handed over before. Settles when it is durable.
   * `unavailable` means nothing was written and live work may go on; new work should be refused.
   */
  commit(unit: Unit): Promise<Result<void, StoreError>> {
    if (this.#closed) return Promise.resolve(err({ type: 'unavailable', reason: 'the store is closed' }))
    return this.#queue.commit(unit)
  }

  /** For readiness checks. While unwell the store tries by itself whether the database is back. */
  get health(): StoreHealth {
    return { ok: this.#failure === null && !this.#closed, reason: this.#failure?.reason ?? null }
  }

  get stats(): StoreStats {
    return { waiting: this.#queue.length, groups: this.#queue.groups, units: this.#queue.units }
  }

  /** Finishes what was handed over, then closes. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#probe?.cancel()
    await this.#queue.drained()
    await this.#backend.close()
  }

  #note(failure: StoreError | null): void {
    this.#failure = failure
    if (failure !== null && this.#probe === null && !this.#closed) this.#probeLater()
  }

  #probeLater(): void {
    this.#probe = after(this.#clock, PROBE_EVERY_MS, () => {
      void this.#backend.probe().then((failure) => {
        this.#probe = null
        if (this.#closed) return
        this.#failure = failure
        if (failure !== null) this.#probeLater()
      })
    })
  }
}

/** Opens the database and brings its tables up to date. */
export async function openStore(
  location: StoreLocation,
  clock: Clock,
  list?: readonly Migration[],
): Promise<Result<Store, StoreError>> {
  const backend = await openBackend(location)
  if (!backend.ok) return backend
  const store = new Store(backend.value, clock)
  const migrated = await migrate(store.db, (unit) => store.commit(unit), list)
  if (!migrated.ok) {
    await store.close()
    return migrated
  }
  return ok(store)
}

/** Runs a kysely read and turns a failing store into a value. */
export async function readFrom<T>(read: () => Promise<T>): Promise<Result<T, StoreError>> {
  try {
    return ok(await read())
  } catch (cause) {
    if (cause instanceof StoreFailure) return err(cause.error)
    throw cause
  }
}

async function openBackend(location: StoreLocation): Promise<Result<Backend, StoreError>> {
  switch (location.type) {
    case 'sqlite':
      return sqliteInThread(location.path, location.gatherMs ?? 0)
    case 'sqlite-in-process':
      return sqliteInProcess(location.path ?? ':memory:')
    case 'postgres': {
      // Loaded only when asked for: the embedded default starts faster without it.
      const { openPostgres } = await import('./postgres-backend.ts')
      return openPostgres(location.url, location.schema)
    }
  }
}
