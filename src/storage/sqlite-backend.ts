// SQLite behind the `Backend` interface: in a worker thread of its own, so that a slow disk never holds up the control
// thread; or in this thread, for tests and tools.

import { Worker } from 'node:worker_threads'
import { err, ok, type Result } from '#base/result.ts'
import type { Backend, Rows, StoreError, Unit } from './backend.ts'
import { SqliteEngine } from './sqlite-engine.ts'
import type { SqlValue } from './write.ts'

export type ThreadRequest =
  | {
      readonly type: 'commit'
      readonly id: number
      /** SQL texts not seen before; numbered onwards from those already there. */
      readonly texts: readonly string[]
      readonly units: readonly (readonly [text: number, parameters: readonly SqlValue[]][])[]
    }
  | { readonly type: 'query'; readonly id: number; readonly sql: string; readonly parameters: readonly SqlValue[] }
  | { readonly type: 'probe'; readonly id: number }
  | { readonly type: 'close'; readonly id: number }

export type ThreadReply =
  | { readonly id: 0; readonly opened: StoreError | null }
  | { readonly id: number; readonly outcomes: readonly (StoreError | null)[] | null }
  | { readonly id: number; readonly result: Result<Rows, StoreError> }
  | { readonly id: number; readonly probed: StoreError | null }
  | { readonly id: number; readonly closed: true }

/** Runs SQLite in the calling thread. */
export function sqliteInProcess(path: string): Result<Backend, StoreError> {
  const opened = SqliteEngine.open(path)
  if (!opened.ok) return opened
  const engine = opened.value
  return ok({
    kind: 'sqlite',
    gatherMs: 0,
    commit: async (units) => engine.commit(units),
    query: async (sql, parameters) => engine.query(sql, parameters),
    probe: async () => engine.probe(),
    close: async () => engine.close(),
  })
}

/** Runs SQLite in a worker thread. */
export async function sqliteInThread(path: string, gatherMs: number): Promise<Result<Backend, StoreError>> {
  const backend = new ThreadBackend(path, gatherMs)
  const failure = await backend.opened
  return failure === null ? ok(backend) : err(failure)
}

class ThreadBackend implements Backend {
  readonly kind = 'sqlite'
  readonly gatherMs: number
  readonly opened: Promise<StoreError | null>
  readonly #worker: Worker
  readonly #waiting = new Map<number, (reply: ThreadReply | null) => void>()
  readonly #texts = new Map<string, number>()
  #nextId = 1
  #gone: StoreError | null = null

  constructor(path: string, gatherMs: number) {
    this.gatherMs = gatherMs
    this.#worker = new Worker(new URL('./sqlite-thread.ts', import.meta.url), {
      workerData: { path },
      // Flags of the program are its own: some (`--input-type`) would keep a thread from starting.
      execArgv: [],
    })
    this.opened = new Promise((resolve) => {
      this.#waiting.set(0, (reply) =>
        resolve(reply !== null && 'opened' in reply ? reply.opened : (this.#gone ?? GONE)),
      )
    })
    this.#worker.on('message', (reply: ThreadReply) => {
      const settle = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      // The thread alone does not keep a finished program alive; while it owes an answer it does.
      if (this.#waiting.size === 0) this.#worker.unref()
      settle?.(reply)
    })
    this.#worker.on('error', (cause) => this.#end(cause.message))
    this.#worker.on('exit', () => this.#end('the storage thread ended'))
  }

  async commit(units: readonly Unit[]): Promise<readonly (StoreError | null)[]> {
    const texts: string[] = []
    const encoded = units.map((unit) =>
      unit.map((write): [number, readonly SqlValue[]] => {
        let text = this.#texts.get(write.sql)
        if (text === undefined) {
          text = this.#texts.size
          this.#texts.set(write.sql, text)
          texts.push(write.sql)
        }
        return [text, write.parameters]
      }),
    )
    const reply = await this.#ask((id) => ({ type: 'commit', id, texts, units: encoded }))
    if (reply === null || !('outcomes' in reply)) return units.map(() => this.#gone ?? GONE)
    return reply.outcomes ?? units.map(() => null)
  }

  async query(sql: string, parameters: readonly SqlValue[]): Promise<Result<Rows, StoreError>> {
    const reply = await this.#ask((id) => ({ type: 'query', id, sql, parameters }))
    return reply !== null && 'result' in reply ? reply.result : err(this.#gone ?? GONE)
  }

  async probe(): Promise<StoreError | null> {
    const reply = await this.#ask((id) => ({ type: 'probe', id }))
    return reply !== null && 'probed' in reply ? reply.probed : (this.#gone ?? GONE)
  }

  async close(): Promise<void> {
    await this.#ask((id) => ({ type: 'close', id }))
    await this.#worker.terminate()
  }

  #ask(make: (id: number) => ThreadRequest): Promise<ThreadReply | null> {
    if (this.#gone !== null) return Promise.resolve(null)
    const id = this.#nextId++
    return new Promise((resolve) => {
      if (this.#waiting.size === 0) this.#worker.ref()
      this.#waiting.set(id, resolve)
      this.#worker.postMessage(make(id))
    })
  }

  #end(reason: string): void {
    this.#gone ??= { type: 'unavailable', reason }
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const settle of waiting) settle(null)
  }
}

const GONE: StoreError = { type: 'unavailable', reason: 'the storage thread ended' }
