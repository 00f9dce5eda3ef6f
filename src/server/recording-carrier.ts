// Finished recordings of connections that have their own storage are carried there (telnyx-voice §12.6). What cannot be
// carried stays here, and so do its links: a recording is never lost to somebody else's store.

import type { Register } from '#accounts/register.ts'
import type { Clock } from '#base/clock.ts'
import { toUuid } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import type { OutboundHttp } from '#base/outbound.ts'
import type { Bucket, Parcel } from '#buckets/bucket.ts'
import { deliver } from '#buckets/deliver.ts'
import { MAX_DELIVERIES_AT_ONCE } from '#buckets/limits.ts'
import type { Recording } from '#calls/model.ts'

const mimeTypes = { mp3: 'audio/mpeg', wav: 'audio/wav' } as const

export interface CarrierDoors {
  readonly register: Register
  readonly http: OutboundHttp
  readonly clock: Clock
  readonly log: Log
}

export class RecordingCarrier {
  readonly #doors: CarrierDoors
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(doors: CarrierDoors) {
    this.#doors = doors
  }

  /** Carries a finished file to its connection's bucket; the URI there, null when it stays. */
  async carry(recording: Recording, file: Pick<Parcel, 'octets' | 'open'>): Promise<string | null> {
    const bucket = this.#bucketOf(recording)
    if (bucket === null) return null
    if (this.#running < MAX_DELIVERIES_AT_ONCE) this.#running++
    // Whoever ends hands its place on.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      const { format } = recording.options
      const parcel = { ...file, key: keyOf(recording), contentType: mimeTypes[format] }
      const done = await deliver(bucket, parcel, this.#doors)
      if (done.ok) return done.value
      this.#stays(recording, done.error.reason)
    } catch (cause) {
      // A file that cannot be read, a key that cannot sign.
      this.#stays(recording, cause instanceof Error ? cause.message : 'unknown')
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
    return null
  }

  #bucketOf(recording: Recording): Bucket | null {
    const { register } = this.#doors
    const kept = register.book
      .list(recording.account, 'own-storage')
      .find(({ fields }) => fields.connection === recording.application)
    if (kept === undefined) return null
    const text = register.seal.open(kept.fields.bucket)
    if (text === null) this.#stays(recording, 'its storage credentials were sealed with another key')
    return text === null ? null : (JSON.parse(text) as Bucket)
  }

  #stays(recording: Recording, reason: string): void {
    const about = { recording: toUuid(recording.id), account: recording.account, reason }
    this.#doors.log.warn(about, 'a recording could not be brought to the storage of its connection; it stays here')
  }
}

/**
 * The leg or the name its customer gave it, when it began, and a part of its id: recordings that begin in the same second
 * must not overwrite each other.
 */
function keyOf(recording: Recording): string {
  const { fileName, format } = recording.options
  const stem = fileName ?? toUuid(recording.call ?? recording.conference ?? recording.id)
  const beganS = Math.floor(recording.startedAtWallMs / 1000)
  return `${stem.replaceAll(/[^A-Za-z0-9._-]/g, '_')}-${beganS}-${recording.id.slice(-12)}.${format}`
}
