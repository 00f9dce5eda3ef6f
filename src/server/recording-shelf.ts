// Where recordings lie: below `recordings/` of the data folder, by day. The media worker writes `<day>/<id>.wav` as it
// happens; finishing trims and encodes it into the file that customers download, carries it to the
// customer's own storage if there is one, and removes what is not needed any more.

import type { Disk } from '#base/disk.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { FinishedRecording, RecordingShelf } from '#calls/doors.ts'
import type { Recording } from '#calls/model.ts'
import type { AudioJobs } from '#speech/jobs.ts'
import type { RecordingCarrier } from './recording-carrier.ts'

const READ_OCTETS = 64 * 1024

/** What a rendition's name ends in, after the name of the file it was made of. */
function renditionEnding(format: 'wav' | 'mp3', mono: boolean): string {
  return `${mono ? '.mono' : ''}.${format}`
}
const renditions = [renditionEnding('mp3', false), renditionEnding('mp3', true), renditionEnding('wav', true)]

export class DiskShelf implements RecordingShelf {
  readonly #disk: Disk
  readonly #jobs: AudioJobs
  readonly #folder: string
  readonly #carrier: Pick<RecordingCarrier, 'carry'>
  /** Renditions being made. */
  readonly #making = new Map<string, Promise<boolean>>()

  /** @param folder absolute */
  constructor(disk: Disk, jobs: AudioJobs, folder: string, carrier: Pick<RecordingCarrier, 'carry'>) {
    this.#disk = disk
    this.#jobs = jobs
    this.#folder = folder
    this.#carrier = carrier
  }

  absolute(path: string): string {
    return `${this.#folder}/${path}`
  }

  async finish(recording: Recording): Promise<Result<FinishedRecording, string>> {
    const raw = recording.path
    const path = `${raw.replace(/\.wav$/, '')}.final.${recording.options.format}`
    const done = await this.#jobs.run(
      {
        type: 'transcode',
        from: this.absolute(raw),
        to: this.absolute(path),
        format: recording.options.format,
        trim: recording.options.trimSilence,
      },
      () => {},
    )
    if (!done.ok) return err('reason' in done.error ? done.error.reason : done.error.type)
    const { durationMs, octets } = done.value
    const carriedTo = await this.#carrier.carry(recording, { octets, open: () => this.#pieces(path) })
    // Not before: whoever dies while a file is carried finds the raw one again, and carries it to the same name.
    await this.#disk.remove(this.absolute(raw))
    if (carriedTo !== null) await this.remove(path)
    return ok({ path, durationMs, octets, carriedTo })
  }

  /** A finished file, piece by piece, from one octet to another (included) when named; null when it is gone. */
  async read(
    path: string,
    range?: { readonly from: number; readonly to: number },
  ): Promise<{ readonly octets: number; readonly stream: AsyncIterable<Uint8Array> } | null> {
    const opened = await this.#disk.open(this.absolute(path), 'read')
    if (!opened.ok) return null
    const file = opened.value
    const size = await file.size()
    if (!size.ok) {
      await file.close()
      return null
    }
    const octets = size.value
    return {
      octets,
      stream: (async function* () {
        try {
          const end = Math.min(octets, (range?.to ?? octets) + 1)
          for (let at = range?.from ?? 0; at < end; ) {
            const part = await file.read(at, Math.min(READ_OCTETS, end - at))
            if (!part.ok || part.value.length === 0) return
            at += part.value.length
            yield part.value
          }
        } finally {
          await file.close()
        }
      })(),
    }
  }

  async *#pieces(path: string): AsyncIterable<Uint8Array> {
    const file = await this.read(path)
    if (file === null) throw new Error('the finished file cannot be read')
    yield* file.stream
  }

  async remove(path: string): Promise<void> {
    await this.#disk.remove(this.absolute(path))
    for (const other of renditions) await this.#disk.remove(this.absolute(path + other))
  }

  /**
   * A finished WAV file in another form, made when it is first asked for and kept beside it; null when that cannot be.
   * @returns its path below the shelf
   */
  async rendition(path: string, format: 'wav' | 'mp3', mono: boolean): Promise<string | null> {
    if (path.endsWith(`.${format}`) && !mono) return path
    if (!path.endsWith('.wav')) return null
    const to = `${path}${renditionEnding(format, mono)}`
    const running = this.#making.get(to) ?? this.#make(path, to, format, mono)
    this.#making.set(to, running)
    const made = await running
    this.#making.delete(to)
    return made ? to : null
  }

  async #make(path: string, to: string, format: 'wav' | 'mp3', mono: boolean): Promise<boolean> {
    const known = await this.#disk.open(this.absolute(to), 'read')
    if (known.ok) {
      await known.value.close()
      return true
    }
    // Written aside: a rendition cut off by the end of the process is not taken for a whole one.
    const aside = `${to}.part`
    const done = await this.#jobs.run(
      { type: 'transcode', from: this.absolute(path), to: this.absolute(aside), format, trim: false, mono },
      () => {},
    )
    return done.ok && (await this.#disk.rename(this.absolute(aside), this.absolute(to))).ok
  }
}
