// The media worker process: one `MediaWorker` on real sockets, served to control over a loopback stream. It owns the
// audio; when control stalls or dies it goes on, closes recordings properly, and ends by itself when nobody comes back.

import { flushCompileCache } from 'node:module'
import { tmpdir } from 'node:os'
import { serveChannel } from '#media/channel-server.ts'
import { MediaWorker } from '#media/worker.ts'
import { RealChance } from '#net/chance.ts'
import { RealClock } from '#net/clock.ts'
import { RealDisk } from '#net/disk.ts'
import { nativeUdp, whyNoNativeUdp } from '#net/native-udp.ts'
import { TcpNet } from '#net/tcp.ts'
import { UdpNet } from '#net/udp.ts'
import { GuardedWebSockets } from '#net/web-socket.ts'
import { streamFrames as telnyxFrames } from '#telnyx/stream-frames.ts'
import { streamFrames as twilioFrames } from '#twilio/stream-frames.ts'
import { ThreadedJobs } from './audio-jobs.ts'
import { openLog } from './log.ts'
import { mp3Decoder } from './mp3-decoder.ts'
import { noiseEngines } from './noise-engines.ts'
import { anywhere } from './recognition.ts'

export interface MediaProcessOrder {
  readonly ports: readonly [number, number]
  readonly secret: string
  /** How long audio goes on without a control. */
  readonly graceMs: number
  /** Whether the compiled sockets may be used. */
  readonly nativeSockets: boolean
  /** Private networks that streams may be sent to. */
  readonly allowPrivate: readonly string[]
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}

/** A leg's socket holds a few packets, not a burst of many legs. */
const LEG_BUFFER_OCTETS = 64 * 1024

const order = JSON.parse(process.argv[2] ?? '{}') as MediaProcessOrder
const clock = new RealClock()
const log = openLog(order.logLevel, null).child({ process: 'media' })
const disk = new RealDisk()
const buffers = { receiveBufferOctets: LEG_BUFFER_OCTETS, sendBufferOctets: LEG_BUFFER_OCTETS }
const native = order.nativeSockets ? nativeUdp(buffers) : null
if (native === null)
  log.debug(
    { reason: order.nativeSockets ? whyNoNativeUdp() : 'native_sockets is false' },
    "media uses Node's own sockets",
  )
const worker = new MediaWorker({
  clock,
  chance: new RealChance(),
  net: native ?? new UdpNet(buffers),
  disk,
  noise: noiseEngines(),
  streaming: {
    sockets: new GuardedWebSockets({ allow: order.allowPrivate }),
    languages: { telnyx: telnyxFrames, twilio: twilioFrames },
    // Its thread is started with the first file.
    decodeMp3: mp3Decoder(new ThreadedJobs(), disk, tmpdir()),
  },
  recognisers: anywhere(clock),
  log,
  ports: { first: order.ports[0], last: order.ports[1] },
  cpuMs: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
})
const server = serveChannel({
  worker,
  clock,
  log,
  secret: order.secret,
  graceMs: order.graceMs,
  onFinished: () => process.exit(0),
})
const listening = await new TcpNet().listen({ host: '127.0.0.1', port: 0 }, (connection) => server.accept(connection))
if (!listening.ok) {
  log.error({ error: listening.error }, 'the media worker cannot listen for its control')
  process.exit(1)
}
// Ctrl-C and a service manager's SIGTERM reach the whole group; control drains us in its own time, and when it is gone
// the grace ends us.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.send?.({ port: listening.value.local.port })
process.channel?.unref()
// What was compiled for this start serves the next one (bin/hookswitch.js says where), even if this process is killed.
setTimeout(flushCompileCache, 2_000).unref()
