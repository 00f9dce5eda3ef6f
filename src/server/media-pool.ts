// The media workers of this switch: starts their processes, connects to them, and says which one serves an account. All
// calls of an account share a worker, so that any two of them can be bridged without audio crossing processes.

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
/** A worker without control finishes its recordings and ends after this. */
const GRACE_MS = 3_000

export interface MediaPoolOrder {
  /** 0: one per core but one, at least one. */
  readonly workers: number
  readonly ports: readonly [number, number]
  readonly logLevel: MediaProcessOrder['logLevel']
}

export class MediaPool {
  readonly #fans: readonly MediaFan[]
  readonly #children: readonly ChildProcess[]

  private constructor(fans: readonly MediaFan[], children: readonly ChildProcess[]) {
    this.#fans = fans
    this.#children = children
  }

  static async start(order: MediaPoolOrder, chance: Chance, log: Log): Promise<Result<MediaPool, string>> {
    const count = order.workers > 0 ? order.workers : Math.max(1, availableParallelism() - 1)
    const [first, last] = order.ports
    const share = Math.floor((last - first + 1) / count / 2) * 2
    const started = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        startOne(
          {
            ports: [first + index * share, first + (index + 1) * share - 1],
            secret: Buffer.from(chance.bytes(24)).toString('base64url'),
            graceMs: GRACE_MS,
            logLevel: order.logLevel,
          },
          log,
        ),
      ),
    )
    const fans: MediaFan[] = []
    const children: ChildProcess[] = []
    for (const one of started) {
      if (!one.ok) {
        for (const child of children) child.kill()
        return one
      }
      fans.push(new MediaFan(one.value.channel))
      children.push(one.value.child)
    }
    return ok(new MediaPool(fans, children))
  }

  /** A maker of channels to the worker of an account, each user's own. */
  facades(): (account: AccountId) => MediaChannel {
    const made = this.#fans.map((fan) => fan.facade())
    return (account) => made[Number.parseInt(account.slice(-6), 16) % made.length]!
  }

  /** One ear on all workers. */
  ear(): MediaChannel {
    const facades = this.#fans.map((fan) => fan.facade())
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

  /** Process ids, for measuring. */
  get pids(): readonly number[] {
    return this.#children.flatMap((child) => child.pid ?? [])
  }

  /** Ends the workers once their sessions are closed, or after `withinMs`. */
  async drain(withinMs: number): Promise<void> {
    const alive = this.#children.filter((child) => child.exitCode === null && child.signalCode === null)
    const ended = alive.map((child) => new Promise<void>((resolve) => child.once('exit', () => resolve())))
    for (const fan of this.#fans) fan.facade().send({ type: 'drain', withinMs })
    const guard = setTimeout(() => {
      for (const child of this.#children) child.kill('SIGKILL')
    }, withinMs + START_TIMEOUT_MS)
    await Promise.all(ended)
    clearTimeout(guard)
  }
}

async function startOne(
  order: MediaProcessOrder,
  log: Log,
): Promise<Result<{ readonly child: ChildProcess; readonly channel: MediaChannel }, string>> {
  const child = fork(new URL('./media-process.ts', import.meta.url), [JSON.stringify(order)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const port = await new Promise<number | null>((resolve) => {
    const timer = setTimeout(() => resolve(null), START_TIMEOUT_MS)
    child.once('message', (message: { readonly port: number }) => {
      clearTimeout(timer)
      resolve(message.port)
    })
    child.once('exit', () => {
      clearTimeout(timer)
      resolve(null)
    })
  })
  if (port === null) {
    child.kill()
    return err('a media worker did not start; its lines above say why')
  }
  child.on('exit', (code, signal) => {
    if (code !== 0) log.error({ pid: child.pid, code, signal }, 'a media worker died')
  })
  const channel = await connectChannel(new TcpNet(), { host: '127.0.0.1', port }, order.secret, START_TIMEOUT_MS)
  return channel.ok
    ? ok({ child, channel: channel.value })
    : err(`a media worker cannot be reached: ${channel.error.reason}`)
}
