// The media workers of this switch: starts their processes, connects to them, replaces one that dies, and says which one
// serves an account. All calls of an account share a worker, so that any two of them can be bridged without audio crossing
// processes (docs/decisions/0008).

import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import type { Chance } from '#base/chance.ts'
import type { AccountId } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import { err, ok, type Result } from '#base/result.ts'
import { connectChannel } from '#media/channel-client.ts'
import type { MediaChannel, MediaEvent } from '#media/protocol.ts'
import { TcpNet } from '#net/tcp.ts'
import { MediaFan } from './media-fan.ts'
import type { MediaProcessOrder } from './media-process.ts'

const START_TIMEOUT_MS = 10_000
/**
 * What a worker leaves behind is packets and closures that are dead by the next beat. So many megabytes hold some thousand
 * packets; V8's own 16 (three times over) would be filled with garbage before anything is collected, 40 kB a leg and more than
 * the processor's caches hold.
 */
const YOUNG_MEGABYTES = 2
/**
 * A worker without control finishes its recordings and ends after this. Short, because a restarted control does not find
 * its old workers yet: what they record after the crash belongs to calls that are over.
 */
const GRACE_MS = 500
/** Between the death of a worker and the next try to replace it, doubling up to the longest. */
const REPLACE_AFTER_MS = 100
const REPLACE_AFTER_MOST_MS = 10_000
/** A worker that lived so long did not die of its start. */
const HEALTHY_AFTER_MS = 60_000

export interface MediaPoolOrder {
  /** 0: one per core but one, at least one. */
  readonly workers: number
  readonly ports: readonly [number, number]
  readonly nativeSockets: boolean
  readonly logLevel: MediaProcessOrder['logLevel']
  readonly allowPrivate: readonly string[]
}

interface Worker {
  readonly order: MediaProcessOrder
  readonly fan: MediaFan
  child: ChildProcess
  waitMs: number
  bornAtMs: number
}

export class MediaPool {
  readonly #workers: readonly Worker[]
  readonly #log: Log
  #ending = false

  private constructor(workers: readonly Worker[], log: Log) {
    this.#workers = workers
    this.#log = log
    for (const worker of workers) this.#watch(worker)
  }

  static async start(order: MediaPoolOrder, chance: Chance, log: Log): Promise<Result<MediaPool, string>> {
    const count = order.workers > 0 ? order.workers : Math.max(1, availableParallelism() - 1)
    const [first, last] = order.ports
    const share = Math.floor((last - first + 1) / count / 2) * 2
    const orders = Array.from({ length: count }, (_, index) => ({
      ports: [first + index * share, first + (index + 1) * share - 1] as const,
      secret: Buffer.from(chance.bytes(24)).toString('base64url'),
      graceMs: GRACE_MS,
      nativeSockets: order.nativeSockets,
      logLevel: order.logLevel,
      allowPrivate: order.allowPrivate,
    }))
    const started = await Promise.all(orders.map((one) => startOne(one)))
    const workers: Worker[] = []
    for (const [index, one] of started.entries()) {
      if (!one.ok) {
        for (const { child } of workers) child.kill('SIGKILL')
        return one
      }
      const { child, channel } = one.value
      workers.push({
        order: orders[index]!,
        fan: new MediaFan(channel),
        child,
        waitMs: REPLACE_AFTER_MS,
        bornAtMs: performance.now(),
      })
    }
    return ok(new MediaPool(workers, log))
  }

  /** A maker of channels to the worker of an account, each user's own. */
  facades(): (account: AccountId) => MediaChannel {
    const made = this.#workers.map(({ fan }) => fan.facade())
    return (account) => made[Number.parseInt(account.slice(-6), 16) % made.length]!
  }

  /** One ear on all workers. */
  ear(): MediaChannel {
    const facades = this.#workers.map(({ fan }) => fan.facade())
    return {
      send: () => {},
      onEvent: (listener: (event: MediaEvent) => void) => {
        for (const facade of facades) facade.onEvent(listener)
      },
      onClose: (listener) => {
        for (const facade of facades) facade.onClose(listener)
      },
      close: () => {},
    }
  }

  /** Process ids as they are now, for measuring. */
  get pids(): readonly number[] {
    return this.#workers.flatMap(({ child }) => child.pid ?? [])
  }

  /** Ends the workers once their sessions are closed, or after `withinMs`. */
  async drain(withinMs: number): Promise<void> {
    this.#ending = true
    const alive = this.#workers.filter(({ child }) => child.exitCode === null && child.signalCode === null)
    const ended = alive.map(({ child }) => new Promise<void>((resolve) => child.once('exit', () => resolve())))
    for (const { fan } of alive) fan.send({ type: 'drain', withinMs })
    const guard = setTimeout(() => {
      for (const { child } of alive) child.kill('SIGKILL')
    }, withinMs + START_TIMEOUT_MS)
    await Promise.all(ended)
    clearTimeout(guard)
  }

  #watch(worker: Worker): void {
    const { child } = worker
    child.once('exit', (code, signal) => {
      if (this.#ending) return
      this.#log.error(
        { pid: child.pid, code, signal },
        'a media worker died; its calls are lost, a new one takes its place',
      )
      if (performance.now() - worker.bornAtMs > HEALTHY_AFTER_MS) worker.waitMs = REPLACE_AFTER_MS
      this.#replaceLater(worker)
    })
  }

  #replaceLater(worker: Worker): void {
    setTimeout(async () => {
      if (this.#ending) return
      const started = await startOne(worker.order)
      if (this.#ending) {
        if (started.ok) started.value.child.kill('SIGKILL')
        return
      }
      worker.waitMs = Math.min(worker.waitMs * 2, REPLACE_AFTER_MOST_MS)
      if (!started.ok) {
        this.#log.error({ reason: started.error }, 'a media worker cannot be replaced; trying again')
        return this.#replaceLater(worker)
      }
      worker.child = started.value.child
      worker.bornAtMs = performance.now()
      this.#watch(worker)
      worker.fan.attach(started.value.channel)
      this.#log.warn({ pid: worker.child.pid }, 'a media worker was replaced')
    }, worker.waitMs)
  }
}

async function startOne(
  order: MediaProcessOrder,
): Promise<Result<{ readonly child: ChildProcess; readonly channel: MediaChannel }, string>> {
  const child = fork(new URL('./media-process.ts', import.meta.url), [JSON.stringify(order)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning', `--max-semi-space-size=${YOUNG_MEGABYTES}`],
  })
  const port = await new Promise<number | null>((resolve) => {
    const timer = setTimeout(() => resolve(null), START_TIMEOUT_MS)
    const settle = (value: number | null): void => {
      clearTimeout(timer)
      resolve(value)
    }
    child.once('message', (message: { readonly port: number }) => settle(message.port))
    child.once('exit', () => settle(null))
  })
  if (port === null) {
    child.kill('SIGKILL')
    return err('a media worker did not start; its lines above say why')
  }
  const channel = await connectChannel(new TcpNet(), { host: '127.0.0.1', port }, order.secret, START_TIMEOUT_MS)
  if (channel.ok) return ok({ child, channel: channel.value })
  child.kill('SIGKILL')
  return err(`a media worker cannot be reached: ${channel.error.reason}`)
}
