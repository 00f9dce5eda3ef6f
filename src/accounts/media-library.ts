// Stored media: audio files customers keep with us under names of their own (telnyx-voice §11.10). The bytes lie on the disk
// under ids of ours (no word of a customer becomes part of a path), the rows in the store, both known by heart. A file
// is written before its row and removed after it, so that a crash leaves at worst a file nobody names, which the next
// start removes.

import type { Clock } from '#base/clock.ts'
import type { Disk } from '#base/disk.ts'
import type { AccountId, IdMaker } from '#base/ids.ts'
import type { OutboundError, OutboundHttp } from '#base/outbound.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Store } from '#storage/store.ts'
import { deleteRow, insertRow } from '#storage/write.ts'

/** telnyx-voice §11.10. */
export const MAX_MEDIA_OCTETS = 20 * 1024 * 1024
export const DEFAULT_MEDIA_TTL_SECONDS = 172_800
export const MAX_MEDIA_TTL_SECONDS = 630_720_000
const MAX_FILES_PER_ACCOUNT = 10_000
const MAX_NAME_CHARACTERS = 256
const FETCH_TIMEOUT_MS = 10_000
const MAX_REDIRECTS = 5

export interface MediaFile {
  readonly id: string
  readonly account: AccountId
  readonly name: string
  readonly contentType: string
  readonly path: string
  readonly octets: number
  readonly createdAtWallMs: number
  readonly updatedAtWallMs: number
  readonly expiresAtWallMs: number | null
}

export type MediaLibraryError =
  | { readonly type: 'bad-name' }
  | { readonly type: 'too-large'; readonly limitOctets: number }
  | { readonly type: 'too-many'; readonly limit: number }
  | { readonly type: 'empty' }
  | { readonly type: 'fetch-failed'; readonly error: OutboundError }
  | { readonly type: 'fetch-refused'; readonly status: number }
  | { readonly type: 'unavailable' }

export interface MediaLibraryDoors {
  readonly store: Store
  readonly disk: Disk
  readonly http: OutboundHttp
  readonly clock: Clock
  readonly ids: IdMaker
  /** Absolute: the audio thread reads from it. */
  readonly folder: string
}

export class MediaLibrary {
  readonly #doors: MediaLibraryDoors
  readonly #files = new Map<string, MediaFile>()

  constructor(doors: MediaLibraryDoors) {
    this.#doors = doors
  }

  /** Reads the rows and removes what is expired or nobody's. */
  async load(): Promise<void> {
    const { store, disk, folder } = this.#doors
    const rows = await store.db.selectFrom('media_files').selectAll().orderBy('created_at_ms').execute()
    for (const row of rows) {
      const account = row.account_id as AccountId
      this.#files.set(keyOf(account, row.name), {
        id: row.id,
        account,
        name: row.name,
        contentType: row.content_type,
        path: `${folder}/${row.path}`,
        octets: row.octets,
        createdAtWallMs: row.created_at_ms,
        updatedAtWallMs: row.updated_at_ms,
        expiresAtWallMs: row.expires_at_ms,
      })
    }
    await this.expire()
    const named = new Set([...this.#files.values()].map((file) => file.path))
    const listed = await disk.list(folder)
    if (!listed.ok) return
    for (const name of listed.value) if (!named.has(`${folder}/${name}`)) await disk.remove(`${folder}/${name}`)
  }

  /** Null when there is none, or its time is over. */
  find(account: AccountId, name: string): MediaFile | null {
    const file = this.#files.get(keyOf(account, name))
    return file === undefined || this.#expired(file) ? null : file
  }

  /** Newest first. */
  list(account: AccountId): readonly MediaFile[] {
    return [...this.#files.values()]
      .filter((file) => file.account === account && !this.#expired(file))
      .sort((a, b) => b.createdAtWallMs - a.createdAtWallMs)
  }

  /** Keeps bytes under a name; what had that name before is replaced. */
  async put(
    account: AccountId,
    name: string,
    bytes: Uint8Array,
    contentType: string,
    ttlSeconds = DEFAULT_MEDIA_TTL_SECONDS,
  ): Promise<Result<MediaFile, MediaLibraryError>> {
    const { store, disk, clock, ids, folder } = this.#doors
    if (name === '' || name.length > MAX_NAME_CHARACTERS) return err({ type: 'bad-name' })
    if (bytes.length > MAX_MEDIA_OCTETS) return err({ type: 'too-large', limitOctets: MAX_MEDIA_OCTETS })
    if (bytes.length === 0) return err({ type: 'empty' })
    const old = this.#files.get(keyOf(account, name))
    if (old === undefined && this.list(account).length >= MAX_FILES_PER_ACCOUNT) {
      return err({ type: 'too-many', limit: MAX_FILES_PER_ACCOUNT })
    }
    const nowMs = Math.floor(clock.wallMs())
    const id = ids.make<'media'>()
    const file: MediaFile = {
      id,
      account,
      name,
      contentType,
      path: `${folder}/${id}`,
      octets: bytes.length,
      createdAtWallMs: old !== undefined && !this.#expired(old) ? old.createdAtWallMs : nowMs,
      updatedAtWallMs: nowMs,
      expiresAtWallMs: nowMs + Math.min(Math.max(ttlSeconds, 1), MAX_MEDIA_TTL_SECONDS) * 1_000,
    }
    const written = await disk.replace(file.path, bytes)
    if (!written.ok) return err({ type: 'unavailable' })
    const committed = await store.commit([
      deleteRow('media_files', { account_id: account, name }),
      insertRow('media_files', {
        id,
        account_id: account,
        name,
        content_type: contentType,
        // Below the folder, which may move.
        path: id,
        octets: file.octets,
        created_at_ms: file.createdAtWallMs,
        updated_at_ms: file.updatedAtWallMs,
        expires_at_ms: file.expiresAtWallMs,
      }),
    ])
    if (!committed.ok) {
      await disk.remove(file.path)
      return err({ type: 'unavailable' })
    }
    const replaced = this.#files.get(keyOf(account, name))
    this.#files.set(keyOf(account, name), file)
    if (replaced !== undefined) await disk.remove(replaced.path)
    return ok(file)
  }

  /** Fetches what a customer points at, and keeps it. */
  async putFromUrl(
    account: AccountId,
    name: string,
    url: string,
    ttlSeconds?: number,
  ): Promise<Result<MediaFile, MediaLibraryError>> {
    const reply = await this.#doors.http.request({
      method: 'GET',
      url,
      headers: { accept: '*/*', 'user-agent': 'hookswitch' },
      timeoutMs: FETCH_TIMEOUT_MS,
      maxBodyOctets: MAX_MEDIA_OCTETS,
      maxRedirects: MAX_REDIRECTS,
    })
    if (!reply.ok) return err({ type: 'fetch-failed', error: reply.error })
    const { status, truncated, headers, body } = reply.value
    if (status < 200 || status > 299) return err({ type: 'fetch-refused', status })
    if (truncated) return err({ type: 'too-large', limitOctets: MAX_MEDIA_OCTETS })
    return this.put(account, name, body, headers['content-type'] ?? 'application/octet-stream', ttlSeconds)
  }

  /** The bytes as they were put. */
  async read(file: MediaFile): Promise<Uint8Array | null> {
    const bytes = await this.#doors.disk.readAll(file.path, MAX_MEDIA_OCTETS)
    return bytes.ok ? bytes.value : null
  }

  /** False: there was none. */
  async remove(account: AccountId, name: string): Promise<Result<boolean, MediaLibraryError>> {
    const file = this.#files.get(keyOf(account, name))
    if (file === undefined) return ok(false)
    const committed = await this.#doors.store.commit([deleteRow('media_files', { id: file.id })])
    if (!committed.ok) return err({ type: 'unavailable' })
    this.#files.delete(keyOf(account, name))
    await this.#doors.disk.remove(file.path)
    return ok(!this.#expired(file))
  }

  /** Removes what is over. Call now and then; until then it is not found all the same. */
  async expire(): Promise<void> {
    for (const file of [...this.#files.values()]) {
      if (this.#expired(file)) await this.remove(file.account, file.name)
    }
  }

  #expired(file: MediaFile): boolean {
    return file.expiresAtWallMs !== null && file.expiresAtWallMs <= this.#doors.clock.wallMs()
  }
}

function keyOf(account: AccountId, name: string): string {
  return `${account} ${name}`
}
