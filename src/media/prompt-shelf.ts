// All prompts of a worker, found by what they are, so that a prompt played to a hundred callers is read, resampled and
// encoded once. A file is taken from the shelf only while it is still the same file.

import type { Clock } from '#base/clock.ts'
import type { Disk } from '#base/disk.ts'
import { MAX_PROMPT_BLOCKS, MAX_PROMPTS, PROMPT_BLOCK_IDLE_MS, PROMPT_IDLE_MS } from './limits.ts'
import { FileSource, holdMusicSource, Prompt, toneSource } from './prompt.ts'
import type { PlayerSource } from './protocol.ts'

/** Octets at either end of a file that must be the same. */
const FINGERPRINT_OCTETS = 512

export class PromptShelf {
  readonly #clock: Clock
  readonly #disk: Disk
  readonly #prompts = new Map<string, Prompt>()

  constructor(clock: Clock, disk: Disk) {
    this.#clock = clock
    this.#disk = disk
  }

  /**
   * What must be the same for two players to share a prompt: for files, the path and how the file looks now. Growing files
   * are shared by path alone while they are being played.
   */
  async keyOf(source: PlayerSource): Promise<string> {
    switch (source.type) {
      case 'tone':
        return `tone ${JSON.stringify(source.tone.steps)}`
      case 'hold-music':
        return 'hold-music'
      case 'silence':
        return 'silence'
      case 'file': {
        if (source.growing) return `growing ${source.path}`
        return `file ${source.path} ${await this.#fingerprint(source.path)}`
      }
    }
  }

  /** Takes a prompt for one player. Give it back with {@link release}. */
  take(key: string, source: PlayerSource, sampleRateHz: 8000 | 16000): Prompt | null {
    if (source.type === 'silence') return null
    const name = `${sampleRateHz} ${key}`
    let prompt = this.#prompts.get(name)
    if (prompt === undefined || !prompt.usable) {
      if (this.#prompts.size >= MAX_PROMPTS) this.tidy(0)
      prompt = new Prompt(sourceOf(source, this.#disk), sampleRateHz, this.#clock.nowMs())
      this.#prompts.set(name, prompt)
    }
    prompt.users++
    return prompt
  }

  release(prompt: Prompt): void {
    prompt.users--
    prompt.idleSinceMs = this.#clock.nowMs()
  }

  /** Lets go of what nobody has needed for a while. */
  tidy(idleMs = PROMPT_IDLE_MS): void {
    const nowMs = this.#clock.nowMs()
    let blocks = 0
    for (const [name, prompt] of this.#prompts) {
      if (prompt.users === 0 && nowMs - prompt.idleSinceMs >= idleMs) {
        prompt.close()
        this.#prompts.delete(name)
        continue
      }
      prompt.forget(nowMs - PROMPT_BLOCK_IDLE_MS)
      blocks += prompt.blocks
    }
    // Too much in memory: only what is being heard right now stays.
    if (blocks > MAX_PROMPT_BLOCKS) for (const prompt of this.#prompts.values()) prompt.forget(nowMs - 2000)
  }

  get size(): number {
    return this.#prompts.size
  }

  close(): void {
    for (const prompt of this.#prompts.values()) prompt.close()
    this.#prompts.clear()
  }

  async #fingerprint(path: string): Promise<string> {
    const opened = await this.#disk.open(path, 'read')
    if (!opened.ok) return 'missing'
    const size = await opened.value.size()
    const octets = size.ok ? size.value : 0
    const head = await opened.value.read(0, FINGERPRINT_OCTETS)
    const tail = await opened.value.read(Math.max(0, octets - FINGERPRINT_OCTETS), FINGERPRINT_OCTETS)
    await opened.value.close()
    return `${octets} ${head.ok ? checksum(head.value) : 0} ${tail.ok ? checksum(tail.value) : 0}`
  }
}

function sourceOf(source: Exclude<PlayerSource, { type: 'silence' }>, disk: Disk) {
  switch (source.type) {
    case 'tone':
      return toneSource(source.tone)
    case 'hold-music':
      return holdMusicSource()
    case 'file':
      return new FileSource(disk, source.path, source.growing)
  }
}

/** FNV-1a: tells files apart, guards nothing. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash >>> 0
}
