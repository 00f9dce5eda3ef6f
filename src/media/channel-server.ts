// A worker's end of the socket to control. One control at a time; a new one takes the old one's place. While nobody is
// connected audio goes on: events wait (within a bound) for a control that comes back, and when none does within the grace,
// recordings are finished and sessions closed.

import { after, type Clock, type Timer } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { StreamConnection, StreamHandlers } from '#base/wire.ts'
import { encodeFrame, FrameDecoder } from './channel-frames.ts'
import { MAX_CHANNEL_BACKLOG_OCTETS } from './limits.ts'
import type { MediaCommand, MediaEvent } from './protocol.ts'
import type { MediaWorker } from './worker.ts'

/** Events kept for a control that is away. */
const MAX_WAITING_EVENTS = 10_000

export interface ChannelServerSetup {
  readonly worker: MediaWorker
  readonly clock: Clock
  readonly log: Log
  /** What a control must say first; without it a connection is closed. */
  readonly secret: string
  /** How long audio goes on without a control. */
  readonly graceMs: number
  /** The worker has closed everything: after a drain, or when no control came back. The process may end. */
  readonly onFinished: () => void
}

export interface ChannelServer {
  /** For a listener's `onConnection`. */
  accept(connection: StreamConnection): StreamHandlers
}

/** Serves a worker to whoever knows the secret. */
export function serveChannel(setup: ChannelServerSetup): ChannelServer {
  const { worker, clock, log } = setup
  const waiting: MediaEvent[] = []
  let control: StreamConnection | null = null
  let pending: Uint8Array[] = []
  let scheduled = false
  let grace: Timer | null = null

  worker.onDrained(() => {
    flush()
    control?.end()
    setup.onFinished()
  })
  worker.onEvent((event) => {
    if (control === null) {
      // Loads and measures are of the moment: nobody wants old ones.
      if (event.type !== 'worker-load' && event.type !== 'session-stats' && waiting.length < MAX_WAITING_EVENTS) {
        waiting.push(event)
      }
      return
    }
    put(event)
  })
  startGrace()

  function put(event: MediaEvent): void {
    pending.push(encodeFrame(event))
    if (scheduled) return
    scheduled = true
    queueMicrotask(flush)
  }

  function flush(): void {
    scheduled = false
    if (control === null || pending.length === 0) return
    const bytes = pending.length === 1 ? pending[0]! : Buffer.concat(pending)
    pending = []
    if (control.bufferedOctets > MAX_CHANNEL_BACKLOG_OCTETS) {
      log.error({ octets: control.bufferedOctets }, 'control does not read its events')
      control.destroy()
      return
    }
    control.write(bytes)
  }

  function startGrace(): void {
    grace?.cancel()
    grace = after(clock, setup.graceMs, () => {
      log.warn({ graceMs: setup.graceMs }, 'no control came back')
      void worker.close()
    })
  }

  function accept(connection: StreamConnection): StreamHandlers {
    const decoder = new FrameDecoder()
    let known = false
    return {
      onBytes(bytes) {
        const decoded = decoder.push(bytes)
        if (!decoded.ok) {
          log.warn({ error: decoded.error.type }, 'broken frame from control')
          connection.destroy()
          return
        }
        for (const message of decoded.value) {
          if (known) {
            if (control === connection) worker.handle(message as MediaCommand)
          } else if (isSecret(message, setup.secret)) {
            known = true
            take(connection)
          } else {
            log.warn({}, 'a stranger on the control socket')
            connection.destroy()
            return
          }
        }
      },
      onClose() {
        if (control !== connection) return
        control = null
        startGrace()
      },
    }
  }

  function take(connection: StreamConnection): void {
    const old = control
    control = connection
    old?.destroy()
    grace?.cancel()
    grace = null
    for (const event of waiting.splice(0)) put(event)
  }

  return { accept }
}

function isSecret(message: unknown, secret: string): boolean {
  if (typeof message !== 'object' || message === null || !('secret' in message)) return false
  const said = message.secret
  if (typeof said !== 'string' || said.length !== secret.length) return false
  let difference = 0
  for (let i = 0; i < secret.length; i++) difference |= said.charCodeAt(i) ^ secret.charCodeAt(i)
  return difference === 0
}
