// The disk is handed in: the few things rooms do with files. The real one lives in net/, one in memory in testkit/.
// Paths are those of the data folder; whoever wires the house decides where that is.

import type { Result } from './result.ts'

export type DiskError =
  | { readonly type: 'not-found'; readonly path: string }
  | { readonly type: 'disk-full'; readonly path: string }
  | { readonly type: 'disk-failed'; readonly path: string; readonly reason: string }

export interface OpenFile {
  /** Writes at an absolute offset. The file keeps no reference to `bytes` after the promise settles. */
  write(bytes: Uint8Array, offset: number): Promise<Result<void, DiskError>>
  /** Reads up to `length` octets from `offset`; fewer at the end of the file. */
  read(offset: number, length: number): Promise<Result<Uint8Array, DiskError>>
  size(): Promise<Result<number, DiskError>>
  truncate(length: number): Promise<Result<void, DiskError>>
  /** Asks the disk to keep what was written. */
  sync(): Promise<Result<void, DiskError>>
  close(): Promise<void>
}

export interface Disk {
  /** Creates (or empties) a file for writing and reading, with the folders above it. */
  create(path: string): Promise<Result<OpenFile, DiskError>>
  open(path: string, mode: 'read' | 'read-write'): Promise<Result<OpenFile, DiskError>>
  readAll(path: string, maxOctets: number): Promise<Result<Uint8Array, DiskError>>
  /** Replaces a file as a whole: written aside, synced, then renamed. */
  replace(path: string, bytes: Uint8Array): Promise<Result<void, DiskError>>
  remove(path: string): Promise<Result<void, DiskError>>
  list(folder: string): Promise<Result<readonly string[], DiskError>>
  rename(from: string, to: string): Promise<Result<void, DiskError>>
}
