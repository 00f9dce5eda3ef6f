// The program that recording-kill.test.ts kills: one session hears a tone and is recorded to the file named on the command
// line. It says `started` and goes on until it is killed.

import { silentLog } from '#base/log.ts'
import { MediaWorker } from '#media/worker.ts'
import { RealChance } from '#net/chance.ts'
import { RealClock } from '#net/clock.ts'
import { RealDisk } from '#net/disk.ts'
import { UdpNet } from '#net/udp.ts'
import { RtpParty } from '#testkit/rtp-party.ts'

const clock = new RealClock()
const net = new UdpNet()
const party = await RtpParty.open(net, clock)
party.hum(440)
const worker = new MediaWorker({
  clock,
  chance: new RealChance(),
  net,
  disk: new RealDisk(),
  log: silentLog,
  ports: { first: 52_000, last: 56_000 },
})
worker.onEvent((event) => {
  if (event.type === 'recorder-started') console.log('started')
  if (event.type !== 'session-opened') return
  const pcmu = { payloadType: 0, codec: 'PCMU', clockRateHz: 8000, channels: 1, ptimeMs: 20 } as const
  worker.handle({
    type: 'configure-session',
    session: 's',
    description: {
      remote: party.local,
      remoteRtcp: null,
      rtcpMux: true,
      send: pcmu,
      receive: [pcmu],
      telephoneEvent: null,
      comfortNoiseType: null,
      direction: 'sendrecv',
      latch: false,
      inbandDigits: false,
      cname: 'crash',
      srtp: null,
    },
  })
  party.start(event.local)
  worker.handle({
    type: 'record',
    recorder: 'r',
    source: { type: 'session', session: 's', track: 'inbound' },
    channels: 1,
    sampleRateHz: 8000,
    path: process.argv[2]!,
    maxDurationMs: 0,
    silenceTimeoutMs: 0,
    beep: false,
  })
})
worker.handle({ type: 'open-session', session: 's', bindHost: '127.0.0.1' })
