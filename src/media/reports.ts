// RTCP of one session: reports out every five seconds or so (RFC 3550 §6.2), what the peer reports about us in.

import type { Chance } from '#base/chance.ts'
import type { Clock } from '#base/clock.ts'
import type { Address } from '#base/wire.ts'
import type { ReceiveStats } from '#rtp/receive-stats.ts'
import { parseRtcp, RTCP_MOST_OCTETS, roundTripMs, writeRtcp } from '#rtp/rtcp.ts'
import type { SourceLock } from '#rtp/source-lock.ts'
import { SRTP_MOST_OCTETS } from '#rtp/srtp.ts'
import { RTCP_INTERVAL_MS } from './limits.ts'
import type { Outbound } from './outbound.ts'
import type { SessionDescription } from './protocol.ts'

/** Written in place, with room for what SRTCP adds; reports are rare and short. */
const buffer = Buffer.alloc(RTCP_MOST_OCTETS + SRTP_MOST_OCTETS)

/** The streams that are reported about. */
export interface Reported {
  readonly outbound: Outbound
  readonly stats: ReceiveStats
  readonly lock: SourceLock
  readonly description: SessionDescription | null
}

export interface ReportsHost {
  readonly clock: Clock
  readonly chance: Chance
  beatsAt(nowMs: number): number
}

export class Reports {
  /** What the peer last said about our stream. */
  readonly peer: { roundTripMs: number | null; lossFraction: number | null } = { roundTripMs: null, lossFraction: null }
  readonly #session: Reported
  readonly #host: ReportsHost
  readonly #send: (bytes: Uint8Array, length: number, to: Address) => void
  #dueAtMs = Number.POSITIVE_INFINITY
  #lastSr = 0
  #lastSrAtMs = 0
  #packetsReported = 0

  constructor(session: Reported, host: ReportsHost, send: (bytes: Uint8Array, length: number, to: Address) => void) {
    this.#session = session
    this.#host = host
    this.#send = send
  }

  configure(nowMs: number): void {
    if (this.#dueAtMs === Number.POSITIVE_INFINITY) this.#dueAtMs = this.#nextAtMs(nowMs)
  }

  /** Sends a report when one is due. */
  round(nowMs: number): void {
    if (nowMs < this.#dueAtMs) return
    this.#dueAtMs = this.#nextAtMs(nowMs)
    if (this.#session.stats.started || this.#session.outbound.packets > 0) this.#report(false)
  }

  /** The last report, with a BYE (§6.6). */
  goodbye(): void {
    if (this.#session.stats.started || this.#session.outbound.packets > 0) this.#report(true)
  }

  /**
   * False when it was no RTCP.
   *
   * @param waitedMs how long ago it came
   */
  receive(bytes: Uint8Array, waitedMs: number): boolean {
    const parsed = parseRtcp(bytes)
    if (parsed === null) return false
    for (const report of parsed.reports) {
      if (report.sender !== null) {
        this.#lastSr = report.ntpMiddle
        this.#lastSrAtMs = this.#host.clock.nowMs() - waitedMs
      }
      for (const block of report.blocks) {
        if (block.ssrc !== this.#session.outbound.ssrc) continue
        this.peer.lossFraction = block.fractionLost / 256
        const roundTrip = roundTripMs(block, this.#host.clock.wallMs() - waitedMs)
        if (roundTrip !== null) this.peer.roundTripMs = Math.round(roundTrip * 10) / 10
      }
    }
    return true
  }

  #nextAtMs(nowMs: number): number {
    return nowMs + RTCP_INTERVAL_MS * (0.5 + this.#host.chance.uniform())
  }

  #report(goodbye: boolean): void {
    const to = this.#target()
    if (to === null) return
    const { outbound, stats, description } = this.#session
    const nowMs = this.#host.clock.nowMs()
    const wallMs = this.#host.clock.wallMs()
    const sent = outbound.packets !== this.#packetsReported
    this.#packetsReported = outbound.packets
    const sender = sent
      ? {
          wallMs,
          rtpTimestamp: outbound.timestampAt(this.#host.beatsAt(nowMs)),
          packets: outbound.packets,
          octets: outbound.octets,
        }
      : null
    const blocks = stats.started
      ? [
          {
            ssrc: stats.ssrc,
            fractionLost: stats.takeFractionLost(),
            cumulativeLost: stats.lost,
            extendedHighest: stats.extendedHighest,
            jitter: stats.jitterUnits,
            lastSr: this.#lastSr,
            delaySinceLastSr: this.#lastSr === 0 ? 0 : Math.round((nowMs - this.#lastSrAtMs) * 65.536),
          },
        ]
      : []
    const length = writeRtcp(buffer, { ssrc: outbound.ssrc, sender, blocks }, description?.cname ?? '', goodbye)
    this.#send(buffer, length, to)
  }

  #target(): Address | null {
    const { description, lock } = this.#session
    const rtp = lock.target
    if (description === null || rtp === null) return null
    if (description.rtcpMux) return rtp
    // Behind a NAT only the port next to the one we hear is a good guess (RFC 4961 for RTCP).
    const moved = description.remote !== null && rtp.host !== description.remote.host
    if (description.remoteRtcp !== null && !moved) return description.remoteRtcp
    return { host: rtp.host, port: rtp.port + 1 }
  }
}
