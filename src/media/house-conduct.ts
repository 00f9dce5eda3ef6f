// A media worker on a pretended network with a hand-wound clock, and parties around it that hum and measure what they hear.

import { seededChance } from '#base/chance.ts'
import { silentLog } from '#base/log.ts'
import type { Address, DatagramNet } from '#base/wire.ts'
import { HandClock } from '#testkit/clock.ts'
import { MemoryDisk } from '#testkit/disk.ts'
import { VirtualNet } from '#testkit/network.ts'
import { type PartyCodec, RtpParty, type RtpPartyOptions } from '#testkit/rtp-party.ts'
import type { Audience, MediaCommand, MediaEvent, PlayerSource, SessionDescription } from './protocol.ts'
import { MediaWorker } from './worker.ts'

export interface Guest {
  readonly id: string
  readonly party: RtpParty
  readonly local: Address
}

export class House {
  readonly clock = new HandClock()
  readonly net: VirtualNet
  readonly disk = new MemoryDisk()
  readonly events: MediaEvent[] = []
  readonly worker: MediaWorker

  /** @param wire what lies between the worker and the pretended network */
  constructor(seed = 1, silentAfterMs = 60_000, wire?: (net: DatagramNet, clock: HandClock) => DatagramNet) {
    this.net = new VirtualNet(this.clock, seed)
    this.worker = new MediaWorker({
      clock: this.clock,
      chance: seededChance(seed),
      net: wire?.(this.net, this.clock) ?? this.net,
      disk: this.disk,
      log: silentLog,
      ports: { first: 30_000, last: 30_999 },
      silentAfterMs,
    })
    this.worker.onEvent((event) => this.events.push(event))
  }

  tell(...commands: MediaCommand[]): void {
    for (const command of commands) this.worker.handle(command)
  }

  of<T extends MediaEvent['type']>(type: T): Extract<MediaEvent, { type: T }>[] {
    return this.events.filter((event) => event.type === type) as Extract<MediaEvent, { type: T }>[]
  }

  async guest(
    id: string,
    hz: number | null,
    change: Partial<SessionDescription> = {},
    options: RtpPartyOptions = {},
  ): Promise<Guest> {
    const party = await RtpParty.open(this.net, this.clock, options)
    this.tell({ type: 'open-session', session: id, bindHost: '127.0.0.1' })
    await this.clock.advance(1)
    const local = this.of('session-opened').find((event) => event.session === id)!.local
    this.tell({
      type: 'configure-session',
      session: id,
      description: describe(party.local, options.voice?.codec ?? 'PCMU', change),
    })
    party.hum(hz)
    party.start(local)
    return { id, party, local }
  }

  room(mix: string, guests: readonly Guest[], peers: 2 | 'many' = 'many'): void {
    this.tell({ type: 'open-mix', mix, sampleRateHz: 16_000, peers })
    for (const { id } of guests) this.member(mix, id)
  }

  member(mix: string, session: string, hears: Audience = 'everyone', heardBy: Audience = 'everyone'): void {
    this.tell({ type: 'set-member', mix, session, hears, heardBy, passDigits: true })
  }

  play(player: string, session: string, source: PlayerSource, more: object = {}): void {
    const target = { type: 'sessions' as const, sessions: [session] }
    this.tell({ type: 'play', player, target, source, times: 1, gainDb: 0, mode: 'over', ...more })
  }
}

/** What control would say of a peer at an address that speaks a codec. */
export function describe(
  remote: Address,
  codec: PartyCodec,
  change: Partial<SessionDescription> = {},
): SessionDescription {
  const bindings = {
    PCMU: { payloadType: 0, codec: 'PCMU', clockRateHz: 8000, channels: 1, ptimeMs: 20 },
    PCMA: { payloadType: 8, codec: 'PCMA', clockRateHz: 8000, channels: 1, ptimeMs: 20 },
    G722: { payloadType: 9, codec: 'G722', clockRateHz: 8000, channels: 1, ptimeMs: 20 },
    opus: { payloadType: 107, codec: 'opus', clockRateHz: 48_000, channels: 2, ptimeMs: 20, fmtp: 'useinbandfec=1' },
  } as const
  const own = bindings[codec]
  return {
    remote,
    remoteRtcp: null,
    rtcpMux: true,
    send: own,
    receive: [own, ...Object.values(bindings).filter((one) => one !== own)],
    telephoneEvent: { sendType: 101, receiveType: 101, clockRateHz: own.clockRateHz },
    comfortNoiseType: null,
    direction: 'sendrecv',
    latch: true,
    inbandDigits: false,
    cname: 'test@house',
    srtp: null,
    ...change,
  }
}
