// Runs the jobs of speech/ in a worker thread. The thread is started with the first job; if it dies, what it was doing
// fails, and the next job gets a new one.

import { Worker } from 'node:worker_threads'
import { err, type Result } from '#base/result.ts'
import type { AudioJob, AudioJobs, JobDone, JobError } from '#speech/jobs.ts'

export interface AudioThreadRequest {
  readonly id: number
  readonly job: AudioJob
}

export type AudioThreadReply =
  | { readonly type: 'started'; readonly id: number }
  | { readonly type: 'ended'; readonly id: number; readonly result: Result<JobDone, JobError> }

interface Waiting {
  readonly onStarted: () => void
  readonly settle: (result: Result<JobDone, JobError>) => void
}

/** The synthesiser's program and a few decoders fit well; a file made to exhaust memory ends its thread, not us. */
const THREAD_HEAP_MB = 512

export class ThreadedJobs implements AudioJobs {
  #worker: Worker | null = null
  #waiting = new Map<number, Waiting>()
  #nextId = 1
  #closed = false

  run(job: AudioJob, onStarted: () => void): Promise<Result<JobDone, JobError>> {
    // A thread that is started now would keep the program alive.
    if (this.#closed) return Promise.resolve(err({ type: 'crashed', reason: 'the audio thread is closed' }))
    const worker = this.#worker ?? this.#start()
    return new Promise((settle) => {
      const id = this.#nextId++
      if (this.#waiting.size === 0) worker.ref()
      this.#waiting.set(id, { onStarted, settle })
      worker.postMessage({ id, job } satisfies AudioThreadRequest)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(new URL('./audio-thread.ts', import.meta.url), {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
    })
    const waiting = new Map<number, Waiting>()
    this.#waiting = waiting
    this.#worker = worker
    let reason = 'the audio thread ended'
    worker.on('message', (reply: AudioThreadReply) => {
      const job = waiting.get(reply.id)
      if (reply.type === 'started') return job?.onStarted()
      waiting.delete(reply.id)
      if (waiting.size === 0) worker.unref()
      job?.settle(reply.result)
    })
    worker.on('error', (cause) => {
      reason = cause.message
    })
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = null
      for (const { settle } of waiting.values()) settle(err({ type: 'crashed', reason }))
      waiting.clear()
    })
    // An idle thread does not keep the program alive.
    worker.unref()
    return worker
  }
}
