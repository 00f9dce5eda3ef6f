// The heavy work, as jobs: synthesise, decode, transcode. It runs in a worker thread (the server wires one), never on
// the control thread; everything goes in and out through files, so that no audio crosses.

import type { Disk } from '#base/disk.ts'
import { err, ok, type Result } from '#base/result.ts'
import { type DecodeError, decodeFile } from './decode.ts'
import { fliteSpeak } from './flite.ts'
import { FollowedFile } from './followed-file.ts'
import { GrowingWav } from './growing-wav.ts'
import { PREPARED_RATE_HZ } from './limits.ts'
import { transcode } from './transcode.ts'
import type { Piece } from './utterance.ts'
import type { Voice } from './voices.ts'
import type { WasmProgram } from './wasi.ts'

export type AudioJob =
  | { readonly type: 'synthesise'; readonly pieces: readonly Piece[]; readonly voice: Voice; readonly to: string }
  /** `growing`: the file still arrives; `<from>.done` marks its end. */
  | { readonly type: 'decode'; readonly from: string; readonly to: string; readonly growing: boolean }
  | {
      readonly type: 'transcode'
      readonly from: string
      readonly to: string
      readonly format: 'wav' | 'mp3'
      readonly trim: boolean
      /** Two channels become one; as they are unless said. */
      readonly mono?: boolean
    }

export interface JobDone {
  readonly durationMs: number
  /** Of the file written; 0 where nobody needs it. */
  readonly octets: number
}

export type JobError =
  | DecodeError
  | { readonly type: 'nothing-to-say' }
  /** A fault of ours or of a decoder; the thread lives on or is replaced. */
  | { readonly type: 'crashed'; readonly reason: string }

/** Runs jobs somewhere. `onStarted` is called at most once, when enough of the file is there to be played. */
export interface AudioJobs {
  run(job: AudioJob, onStarted: () => void): Promise<Result<JobDone, JobError>>
}

export interface JobTools {
  readonly disk: Disk
  /** Waits a while: decoding may be faster than a download. */
  readonly pause: (ms: number) => Promise<void>
  /** Compiles the embedded synthesiser; called once, when it is first needed. */
  readonly loadFlite: () => Promise<WasmProgram>
}

/** Runs jobs in the calling thread. */
export class LocalJobs implements AudioJobs {
  readonly #tools: JobTools
  #flite: Promise<WasmProgram> | null = null

  constructor(tools: JobTools) {
    this.#tools = tools
  }

  async run(job: AudioJob, onStarted: () => void): Promise<Result<JobDone, JobError>> {
    try {
      switch (job.type) {
        case 'synthesise':
          return await this.#synthesise(job.pieces, job.voice, job.to, onStarted)
        case 'decode':
          return await this.#decode(job.from, job.to, job.growing, onStarted)
        case 'transcode':
          return await transcode(this.#tools.disk, job.from, job.to, job.format, job.trim, job.mono)
      }
    } catch (cause) {
      return err({ type: 'crashed', reason: cause instanceof Error ? cause.message : String(cause) })
    }
  }

  async #synthesise(
    pieces: readonly Piece[],
    voice: Voice,
    to: string,
    onStarted: () => void,
  ): Promise<Result<JobDone, JobError>> {
    this.#flite ??= this.#tools.loadFlite()
    const program = await this.#flite
    return this.#fill(to, onStarted, async (wav) => {
      let said = false
      for (const piece of pieces) {
        if (piece.type === 'pause') {
          const written = await wav.silence(piece.durationMs)
          if (!written.ok) return written
          continue
        }
        const spoken = fliteSpeak(program, piece.text, voice, piece.manner)
        if (spoken === null) continue
        said = true
        amplify(spoken.samples, piece.manner.gainDb)
        const written = await wav.append(spoken.samples, spoken.sampleRateHz)
        if (!written.ok) return written
      }
      const asked = pieces.some((piece) => piece.type === 'say')
      return said || !asked ? ok(undefined) : err({ type: 'nothing-to-say' })
    })
  }

  async #decode(from: string, to: string, growing: boolean, onStarted: () => void): Promise<Result<JobDone, JobError>> {
    const opened = await this.#tools.disk.open(from, 'read')
    if (!opened.ok) return opened
    try {
      const { disk, pause } = this.#tools
      const file = growing ? new FollowedFile(disk, opened.value, from, pause) : opened.value
      return await this.#fill(to, onStarted, (wav) => decodeFile(file, wav))
    } finally {
      await opened.value.close()
    }
  }

  async #fill(
    to: string,
    onStarted: () => void,
    write: (wav: GrowingWav) => Promise<Result<void, JobError>>,
  ): Promise<Result<JobDone, JobError>> {
    const created = await GrowingWav.create(this.#tools.disk, to, PREPARED_RATE_HZ, onStarted)
    if (!created.ok) return created
    const wav = created.value
    let written: Result<void, JobError>
    try {
      written = await write(wav)
    } catch (cause) {
      written = err({ type: 'crashed', reason: cause instanceof Error ? cause.message : String(cause) })
    }
    if (!written.ok) {
      await wav.abandon()
      return written
    }
    const finished = await wav.finish()
    return finished.ok
      ? ok({ durationMs: wav.durationMs, octets: Math.round(wav.durationMs * (PREPARED_RATE_HZ / 500)) })
      : finished
  }
}

function amplify(samples: Int16Array, gainDb: number): void {
  if (gainDb === 0) return
  const gain = 10 ** (gainDb / 20)
  for (let i = 0; i < samples.length; i++) {
    const value = Math.round(samples[i]! * gain)
    samples[i] = value > 32_767 ? 32_767 : Math.max(value, -32_768)
  }
}
