// RTCP (RFC 3550 §6): sender and receiver reports, source description (a canonical name, nothing else) and goodbye.
// Reports go out compound (§6.1); what comes in is read leniently, and a BYE is told but believed by nobody without SRTP.

import { MAX_RTCP_PACKETS } from './limits.ts'

const SENDER_REPORT = 200
const RECEIVER_REPORT = 201
const SOURCE_DESCRIPTION = 202
const GOODBYE = 203

/** Octets of the longest compound packet we make: SR with one block, SDES with a name of 255, BYE. */
export const RTCP_MOST_OCTETS = 52 + 12 + 256 + 8
/** From 1900 (NTP) to 1970 (Unix), in seconds. */
const NTP_EPOCH_SECONDS = 2_208_988_800

export interface ReportBlock {
  readonly ssrc: number
  /** In 1/256. */
  readonly fractionLost: number
  readonly cumulativeLost: number
  readonly extendedHighest: number
  readonly jitter: number
  /** Middle 32 bits of the last SR's NTP time, 0 when none came. */
  readonly lastSr: number
  /** Since then, in 1/65536 s. */
  readonly delaySinceLastSr: number
}

export interface SenderInfo {
  /** Unix milliseconds, with a fraction. */
  readonly wallMs: number
  readonly rtpTimestamp: number
  readonly packets: number
  readonly octets: number
}

export interface RtcpReport {
  readonly ssrc: number
  /** Null in a receiver report. */
  readonly sender: SenderInfo | null
  readonly blocks: readonly ReportBlock[]
}

export interface ParsedRtcp {
  readonly reports: readonly (RtcpReport & {
    /** Middle 32 bits of the NTP time as received, to be sent back. */
    readonly ntpMiddle: number
  })[]
  readonly goodbye: readonly number[]
}

/** Writes a compound packet into `to` and returns its length. */
export function writeRtcp(to: Uint8Array, report: RtcpReport, cname: string, goodbye: boolean): number {
  const view = new DataView(to.buffer, to.byteOffset, to.byteLength)
  const blocks = report.blocks.slice(0, 1)
  let at = 0
  const words = (report.sender === null ? 1 : 6) + blocks.length * 6
  header(view, at, blocks.length, report.sender === null ? RECEIVER_REPORT : SENDER_REPORT, words)
  view.setUint32(4, report.ssrc)
  at = 8
  if (report.sender !== null) {
    const seconds = report.sender.wallMs / 1000 + NTP_EPOCH_SECONDS
    view.setUint32(at, Math.floor(seconds) >>> 0)
    view.setUint32(at + 4, Math.floor((seconds % 1) * 4_294_967_296) >>> 0)
    view.setUint32(at + 8, report.sender.rtpTimestamp >>> 0)
    view.setUint32(at + 12, report.sender.packets >>> 0)
    view.setUint32(at + 16, report.sender.octets >>> 0)
    at += 20
  }
  for (const block of blocks) {
    view.setUint32(at, block.ssrc)
    // 24 signed bits: more than 8 million lost packets are told as 8 million.
    const lost = Math.min(0x7fffff, Math.max(0, block.cumulativeLost))
    view.setUint32(at + 4, ((block.fractionLost << 24) | lost) >>> 0)
    view.setUint32(at + 8, block.extendedHighest >>> 0)
    view.setUint32(at + 12, block.jitter >>> 0)
    view.setUint32(at + 16, block.lastSr >>> 0)
    view.setUint32(at + 20, block.delaySinceLastSr >>> 0)
    at += 24
  }
  at = writeSourceDescription(to, view, at, report.ssrc, cname)
  if (goodbye) {
    header(view, at, 1, GOODBYE, 1)
    view.setUint32(at + 4, report.ssrc)
    at += 8
  }
  return at
}

function writeSourceDescription(to: Uint8Array, view: DataView, from: number, ssrc: number, cname: string): number {
  const name = new TextEncoder().encode(cname).subarray(0, 255)
  // One chunk: SSRC, CNAME item, and one to four zero octets up to the next word (§6.5).
  const chunk = 4 + Math.ceil((2 + name.length + 1) / 4) * 4
  header(view, from, 1, SOURCE_DESCRIPTION, chunk / 4)
  view.setUint32(from + 4, ssrc)
  to.fill(0, from + 8, from + 4 + chunk)
  to[from + 8] = 1
  to[from + 9] = name.length
  to.set(name, from + 10)
  return from + 4 + chunk
}

function header(view: DataView, at: number, count: number, type: number, words: number): void {
  view.setUint8(at, 0x80 | count)
  view.setUint8(at + 1, type)
  view.setUint16(at + 2, words)
}

/** Reads a compound packet; null when it is none. What is cut off or unknown is left out. */
export function parseRtcp(bytes: Uint8Array): ParsedRtcp | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const reports: (RtcpReport & { ntpMiddle: number })[] = []
  const goodbye: number[] = []
  let at = 0
  let seen = 0
  while (at + 4 <= bytes.length && seen < MAX_RTCP_PACKETS) {
    const first = bytes[at]!
    if (first >> 6 !== 2) break
    const type = bytes[at + 1]!
    const end = at + 4 + view.getUint16(at + 2) * 4
    if (end > bytes.length) break
    const count = first & 0x1f
    if (type === SENDER_REPORT || type === RECEIVER_REPORT) {
      const report = parseReport(view, at + 4, end, count, type === SENDER_REPORT)
      if (report !== null) reports.push(report)
    } else if (type === GOODBYE) {
      for (let i = 0; i < count && at + 8 + i * 4 <= end; i++) goodbye.push(view.getUint32(at + 4 + i * 4))
    }
    seen++
    at = end
  }
  return seen === 0 ? null : { reports, goodbye }
}

function parseReport(view: DataView, from: number, end: number, count: number, isSender: boolean) {
  let at = from
  if (at + (isSender ? 24 : 4) > end) return null
  const ssrc = view.getUint32(at)
  at += 4
  let sender: SenderInfo | null = null
  let ntpMiddle = 0
  if (isSender) {
    const seconds = view.getUint32(at)
    const fraction = view.getUint32(at + 4)
    ntpMiddle = (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0
    sender = {
      wallMs: (seconds - NTP_EPOCH_SECONDS + fraction / 4_294_967_296) * 1000,
      rtpTimestamp: view.getUint32(at + 8),
      packets: view.getUint32(at + 12),
      octets: view.getUint32(at + 16),
    }
    at += 20
  }
  const blocks: ReportBlock[] = []
  for (let i = 0; i < count && at + 24 <= end; i++, at += 24) {
    const loss = view.getUint32(at + 4)
    blocks.push({
      ssrc: view.getUint32(at),
      fractionLost: loss >>> 24,
      cumulativeLost: (loss << 8) >> 8,
      extendedHighest: view.getUint32(at + 8),
      jitter: view.getUint32(at + 12),
      lastSr: view.getUint32(at + 16),
      delaySinceLastSr: view.getUint32(at + 20),
    })
  }
  return { ssrc, sender, ntpMiddle, blocks }
}

/** Middle 32 bits of the NTP time at `wallMs`, the form report blocks use. */
export function ntpMiddleOf(wallMs: number): number {
  const seconds = wallMs / 1000 + NTP_EPOCH_SECONDS
  return ((Math.floor(seconds) % 65_536) * 65_536 + Math.floor((seconds % 1) * 65_536)) >>> 0
}

/** Round trip from a block about us (§6.4.1), in ms; null when it cannot be told or is nonsense. */
export function roundTripMs(block: ReportBlock, nowWallMs: number): number | null {
  if (block.lastSr === 0) return null
  const units = (ntpMiddleOf(nowWallMs) - block.lastSr - block.delaySinceLastSr) | 0
  // Clocks that step can make it slightly negative; a minute is nobody's round trip.
  if (units < -655 || units > 60 * 65_536) return null
  return Math.max(0, units / 65.536)
}
