// The real disk behind base/disk.ts.

import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Disk, DiskError, OpenFile } from '#base/disk.ts'
import { err, ok, type Result } from '#base/result.ts'

/** Files may hold what callers said: only their owner reads them. */
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

export class RealDisk implements Disk {
  create(path: string): Promise<Result<OpenFile, DiskError>> {
    return attempt(path, async () => {
      await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE })
      return new RealFile(path, await open(path, 'w+', FILE_MODE))
    })
  }

  open(path: string, mode: 'read' | 'read-write'): Promise<Result<OpenFile, DiskError>> {
    return attempt(path, async () => new RealFile(path, await open(path, mode === 'read' ? 'r' : 'r+', FILE_MODE)))
  }

  async readAll(path: string, maxOctets: number): Promise<Result<Uint8Array, DiskError>> {
    return attempt(path, async () => {
      const { size } = await stat(path)
      if (size > maxOctets) throw new Error(`larger than ${maxOctets} octets`)
      const file = await open(path, 'r')
      try {
        return await file.readFile()
      } finally {
        await file.close()
      }
    })
  }

  replace(path: string, bytes: Uint8Array): Promise<Result<void, DiskError>> {
    return attempt(path, async () => {
      await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE })
      const aside = `${path}.part`
      const file = await open(aside, 'w', FILE_MODE)
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(aside, path)
    })
  }

  remove(path: string): Promise<Result<void, DiskError>> {
    return attempt(path, () => rm(path))
  }

  async list(folder: string): Promise<Result<readonly string[], DiskError>> {
    const listed = await attempt<readonly string[]>(folder, async () => (await readdir(folder)).sort())
    return !listed.ok && listed.error.type === 'not-found' ? ok([]) : listed
  }

  rename(from: string, to: string): Promise<Result<void, DiskError>> {
    return attempt(from, async () => {
      await mkdir(dirname(to), { recursive: true, mode: FOLDER_MODE })
      await rename(from, to)
    })
  }
}

class RealFile implements OpenFile {
  readonly #path: string
  readonly #file: FileHandle

  constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  write(bytes: Uint8Array, offset: number): Promise<Result<void, DiskError>> {
    return attempt(this.#path, async () => {
      let written = 0
      while (written < bytes.length) {
        const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, offset + written)
        written += bytesWritten
      }
    })
  }

  read(offset: number, length: number): Promise<Result<Uint8Array, DiskError>> {
    return attempt(this.#path, async () => {
      const buffer = new Uint8Array(length)
      const { bytesRead } = await this.#file.read(buffer, 0, length, offset)
      return buffer.subarray(0, bytesRead)
    })
  }

  size(): Promise<Result<number, DiskError>> {
    return attempt(this.#path, async () => (await this.#file.stat()).size)
  }

  truncate(length: number): Promise<Result<void, DiskError>> {
    return attempt(this.#path, () => this.#file.truncate(length))
  }

  sync(): Promise<Result<void, DiskError>> {
    return attempt(this.#path, () => this.#file.datasync())
  }

  async close(): Promise<void> {
    await attempt(this.#path, () => this.#file.close())
  }
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<Result<T, DiskError>> {
  try {
    return ok(await work())
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return err({ type: 'not-found', path })
    if (code === 'ENOSPC' || code === 'EDQUOT') return err({ type: 'disk-full', path })
    return err({ type: 'disk-failed', path, reason: cause instanceof Error ? cause.message : String(cause) })
  }
}
