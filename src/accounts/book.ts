// The book: what customers keep with us (kinds.ts), one way for all of it. Loaded at start and held in memory, because
// there is little of it and calls ask for it; changed only together with the store, and whoever derives something from a
// kind (a login, a trunk) hears of the change in the same moment.

import type { Clock } from '#base/clock.ts'
import type { AccountId, IdMaker } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Store } from '#storage/store.ts'
import { deleteRow, upsertRow } from '#storage/write.ts'
import type { Kind, Kinds } from './kinds.ts'
import { MAX_ENTRIES_PER_KIND } from './limits.ts'
import type { AccountsError } from './model.ts'

export interface Entry<K extends Kind = Kind> {
  readonly id: string
  readonly account: AccountId
  readonly kind: K
  readonly createdAtWallMs: number
  readonly updatedAtWallMs: number
  readonly fields: Kinds[K]
}

export interface BookDoors {
  readonly store: Store
  readonly clock: Clock
  readonly ids: IdMaker
}

type Listener = (before: Entry | null, after: Entry | null) => void

export class Book {
  readonly #doors: BookDoors
  readonly #entries = new Map<string, Entry>()
  /** Ids by account and kind, in the order they were made. */
  readonly #shelves = new Map<string, Set<string>>()
  readonly #listeners = new Map<Kind, Listener[]>()

  constructor(doors: BookDoors) {
    this.#doors = doors
  }

  async load(): Promise<void> {
    const rows = await this.#doors.store.db.selectFrom('resources').selectAll().orderBy('created_at_ms').execute()
    for (const row of rows) {
      this.#set(null, {
        id: row.id,
        account: row.account_id as AccountId,
        kind: row.kind as Kind,
        createdAtWallMs: row.created_at_ms,
        updatedAtWallMs: row.updated_at_ms,
        fields: JSON.parse(row.data) as Kinds[Kind],
      })
    }
  }

  /** Hears every change of a kind, and every entry at load. */
  listen<K extends Kind>(kind: K, listener: (before: Entry<K> | null, after: Entry<K> | null) => void): void {
    this.#listeners.set(kind, [...(this.#listeners.get(kind) ?? []), listener as unknown as Listener])
  }

  /** An account's entries of a kind, oldest first. */
  list<K extends Kind>(account: AccountId, kind: K): readonly Entry<K>[] {
    const ids = this.#shelves.get(`${account} ${kind}`) ?? []
    return [...ids].map((id) => this.#entries.get(id) as Entry<K>)
  }

  get<K extends Kind>(account: AccountId, kind: K, id: string): Entry<K> | null {
    const entry = this.#entries.get(id)
    return entry !== undefined && entry.account === account && entry.kind === kind ? (entry as Entry<K>) : null
  }

  /** An entry of whatever account: for who is still to say which one. */
  find<K extends Kind>(kind: K, id: string): Entry<K> | null {
    const entry = this.#entries.get(id)
    return entry?.kind === kind ? (entry as Entry<K>) : null
  }

  /** Makes an entry. */
  async add<K extends Kind>(account: AccountId, kind: K, fields: Kinds[K]): Promise<Result<Entry<K>, AccountsError>> {
    if ((this.#shelves.get(`${account} ${kind}`)?.size ?? 0) >= MAX_ENTRIES_PER_KIND) {
      return err({ type: 'full', limit: MAX_ENTRIES_PER_KIND })
    }
    const now = Math.floor(this.#doors.clock.wallMs())
    return this.#write(null, {
      id: this.#doors.ids.make(),
      account,
      kind,
      createdAtWallMs: now,
      updatedAtWallMs: now,
      fields,
    })
  }

  /** Replaces what an entry says. */
  async change<K extends Kind>(entry: Entry<K>, fields: Kinds[K]): Promise<Result<Entry<K>, AccountsError>> {
    const updatedAtWallMs = Math.floor(this.#doors.clock.wallMs())
    return this.#write(entry, { ...entry, updatedAtWallMs, fields })
  }

  async remove(entry: Entry): Promise<Result<void, AccountsError>> {
    const committed = await this.#doors.store.commit([deleteRow('resources', { id: entry.id })])
    if (!committed.ok) return err({ type: 'unavailable' })
    this.#entries.delete(entry.id)
    this.#shelves.get(`${entry.account} ${entry.kind}`)?.delete(entry.id)
    this.#tell(entry.kind, entry, null)
    return ok(undefined)
  }

  async #write<K extends Kind>(before: Entry<K> | null, after: Entry<K>): Promise<Result<Entry<K>, AccountsError>> {
    const committed = await this.#doors.store.commit([
      upsertRow('resources', {
        id: after.id,
        account_id: after.account,
        kind: after.kind,
        created_at_ms: after.createdAtWallMs,
        updated_at_ms: after.updatedAtWallMs,
        data: JSON.stringify(after.fields),
      }),
    ])
    if (!committed.ok) return err({ type: 'unavailable' })
    this.#set(before, after)
    return ok(after)
  }

  #set(before: Entry | null, after: Entry): void {
    this.#entries.set(after.id, after)
    const shelf = `${after.account} ${after.kind}`
    this.#shelves.set(shelf, (this.#shelves.get(shelf) ?? new Set()).add(after.id))
    this.#tell(after.kind, before, after)
  }

  #tell(kind: Kind, before: Entry | null, after: Entry | null): void {
    for (const listener of this.#listeners.get(kind) ?? []) listener(before, after)
  }
}
