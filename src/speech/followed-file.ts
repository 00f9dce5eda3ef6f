// A download that is read while it still arrives: reading waits for what is not there yet, until a sibling `<path>.done`
// says that nothing more will come, or nothing came for too long.

import type { Disk, DiskError, OpenFile } from '#base/disk.ts'
import { err, ok, type Result } from '#base/result.ts'
import { FOLLOW_POLL_MS, FOLLOW_STALLED_MS, READ_OCTETS } from './limits.ts'

export const DONE_SUFFIX = '.done'

export class FollowedFile implements Pick<OpenFile, 'read' | 'size'> {
  readonly #file: OpenFile
  readonly #disk: Disk
  readonly #path: string
  readonly #pause: (ms: number) => Promise<void>
  #complete = false

  constructor(disk: Disk, file: OpenFile, path: string, pause: (ms: number) => Promise<void>) {
    this.#disk = disk
    this.#file = file
    this.#path = path
    this.#pause = pause
  }

  /** Waits until `length` octets are there, or a good stretch of a longer wish; fewer come only at the true end. */
  async read(offset: number, length: number): Promise<Result<Uint8Array, DiskError>> {
    const enough = Math.min(length, READ_OCTETS)
    let waitedMs = 0
    let had = -1
    for (;;) {
      const complete = this.#complete || (await this.#isComplete())
      const bytes = await this.#file.read(offset, length)
      if (!bytes.ok || bytes.value.length >= enough || complete) return bytes
      waitedMs = bytes.value.length > had ? 0 : waitedMs + FOLLOW_POLL_MS
      had = bytes.value.length
      if (waitedMs > FOLLOW_STALLED_MS) {
        return err({ type: 'disk-failed', path: this.#path, reason: 'the download stopped arriving' })
      }
      await this.#pause(FOLLOW_POLL_MS)
    }
  }

  /** Without end as long as more may come. */
  async size(): Promise<Result<number, DiskError>> {
    return (await this.#isComplete()) ? this.#file.size() : ok(Number.MAX_SAFE_INTEGER)
  }

  async #isComplete(): Promise<boolean> {
    if (this.#complete) return true
    const mark = await this.#disk.open(this.#path + DONE_SUFFIX, 'read')
    if (mark.ok) {
      this.#complete = true
      await mark.value.close()
    }
    return this.#complete
  }
}
