// A disk in memory. It can be told to be full.

import type { Disk, DiskError, OpenFile } from '#base/disk.ts'
import { err, ok, type Result } from '#base/result.ts'

export class MemoryDisk implements Disk {
  readonly #files = new Map<string, Uint8Array>()
  /** While true, every write fails with `disk-full`. */
  full = false

  async create(path: string): Promise<Result<OpenFile, DiskError>> {
    if (this.full) return err({ type: 'disk-full', path })
    this.#files.set(path, new Uint8Array(0))
    return ok(this.#handle(path))
  }

  async open(path: string, _mode: 'read' | 'read-write'): Promise<Result<OpenFile, DiskError>> {
    if (!this.#files.has(path)) return err({ type: 'not-found', path })
    return ok(this.#handle(path))
  }

  async readAll(path: string, maxOctets: number): Promise<Result<Uint8Array, DiskError>> {
    const bytes = this.#files.get(path)
    if (bytes === undefined) return err({ type: 'not-found', path })
    if (bytes.length > maxOctets) return err({ type: 'disk-failed', path, reason: `larger than ${maxOctets} octets` })
    return ok(bytes.slice())
  }

  async replace(path: string, bytes: Uint8Array): Promise<Result<void, DiskError>> {
    if (this.full) return err({ type: 'disk-full', path })
    this.#files.set(path, bytes.slice())
    return ok(undefined)
  }

  async remove(path: string): Promise<Result<void, DiskError>> {
    return this.#files.delete(path) ? ok(undefined) : err({ type: 'not-found', path })
  }

  async list(folder: string): Promise<Result<readonly string[], DiskError>> {
    const prefix = folder.endsWith('/') ? folder : `${folder}/`
    const names = new Set<string>()
    for (const path of this.#files.keys()) {
      if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split('/')[0]!)
    }
    return ok([...names].sort())
  }

  async rename(from: string, to: string): Promise<Result<void, DiskError>> {
    const bytes = this.#files.get(from)
    if (bytes === undefined) return err({ type: 'not-found', path: from })
    this.#files.delete(from)
    this.#files.set(to, bytes)
    return ok(undefined)
  }

  #handle(path: string): OpenFile {
    return {
      write: async (bytes, offset) => {
        if (this.full) return err({ type: 'disk-full', path })
        const old = this.#files.get(path) ?? new Uint8Array(0)
        const next = new Uint8Array(Math.max(old.length, offset + bytes.length))
        next.set(old)
        next.set(bytes, offset)
        this.#files.set(path, next)
        return ok(undefined)
      },
      read: async (offset, length) => ok((this.#files.get(path) ?? new Uint8Array(0)).slice(offset, offset + length)),
      size: async () => ok(this.#files.get(path)?.length ?? 0),
      truncate: async (length) => {
        this.#files.set(path, (this.#files.get(path) ?? new Uint8Array(0)).slice(0, length))
        return ok(undefined)
      },
      sync: async () => ok(undefined),
      close: async () => {},
    }
  }
}
