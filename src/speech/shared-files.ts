// The cache folder: prepared sounds as WAV files, bounded, least recently used first out. What is being prepared is shared
// by all who ask for it meanwhile. Survives restarts: a file counts when its `.done` mark is there; the rest of an
// interrupted preparation is removed.

import { WAV_HEADER_OCTETS } from '#audio/wav.ts'
import type { Clock } from '#base/clock.ts'
import type { Disk } from '#base/disk.ts'
import { CACHE_GRACE_MS, MAX_CACHE_OCTETS } from './limits.ts'

interface Entry {
  readonly name: string
  octets: number
  usedAtMs: number
}

export class SharedFiles {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #folder: string
  /** In the order of use, the least recent first. */
  readonly #entries = new Map<string, Entry>()
  #octets = 0

  constructor(disk: Disk, clock: Clock, folder: string) {
    this.#disk = disk
    this.#clock = clock
    this.#folder = folder
  }

  get octets(): number {
    return this.#octets
  }

  /** Learns what an earlier life left in the folder. */
  async load(): Promise<void> {
    const listed = await this.#disk.list(this.#folder)
    if (!listed.ok) return
    const names = new Set(listed.value)
    for (const name of names) {
      if (name.endsWith('.wav') && names.has(`${name}.done`)) {
        const file = await this.#disk.open(this.path(name), 'read')
        if (!file.ok) continue
        const size = await file.value.size()
        await file.value.close()
        this.#add({ name, octets: size.ok ? size.value : WAV_HEADER_OCTETS, usedAtMs: Number.NEGATIVE_INFINITY })
      } else if (!(name.endsWith('.done') && names.has(name.slice(0, -'.done'.length)))) {
        await this.#disk.remove(this.path(name))
      }
    }
    await this.#trim()
  }

  path(name: string): string {
    return `${this.#folder}/${name}`
  }

  /** The path of a finished sound, or null. */
  find(name: string): string | null {
    const entry = this.#entries.get(name)
    if (entry === undefined) return null
    this.#entries.delete(name)
    entry.usedAtMs = this.#clock.nowMs()
    this.#entries.set(name, entry)
    return this.path(name)
  }

  /** A sound is finished. */
  async keep(name: string, octets: number): Promise<void> {
    this.#add({ name, octets, usedAtMs: this.#clock.nowMs() })
    await this.#trim()
  }

  #add(entry: Entry): void {
    this.#octets += entry.octets - (this.#entries.get(entry.name)?.octets ?? 0)
    this.#entries.delete(entry.name)
    this.#entries.set(entry.name, entry)
  }

  async #trim(): Promise<void> {
    for (const entry of this.#entries.values()) {
      // Recently used means perhaps playing: a player that loops opens the file again.
      if (this.#octets <= MAX_CACHE_OCTETS || this.#clock.nowMs() - entry.usedAtMs < CACHE_GRACE_MS) return
      this.#entries.delete(entry.name)
      this.#octets -= entry.octets
      await this.#disk.remove(this.path(`${entry.name}.done`))
      await this.#disk.remove(this.path(entry.name))
    }
  }
}
