// RTP packets (RFC 3550 §5.1), read into a view that is used again and again, and written in place.
//
//   0                   1                   2                   3
//   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//   |                           timestamp                           |
//   |                             SSRC                              |
//   |            CSRC × CC … then, with X: profile, length, words   |
//   |                 payload … with P: padding, its count last     |

export const RTP_HEADER_OCTETS = 12

/** Where the parts of the last parsed packet are. Reused: copy what is kept. */
export class RtpView {
  marker = false
  payloadType = 0
  sequence = 0
  timestamp = 0
  ssrc = 0
  payloadOffset = 0
  payloadLength = 0
}

/**
 * Reads a packet into `view`; false when it is none. Extensions and CSRCs are stepped over, padding is cut.
 * @param length where it ends, when that is before the end of `bytes` (SRTP)
 */
export function parseRtp(bytes: Uint8Array, view: RtpView, length = bytes.length): boolean {
  if (length < RTP_HEADER_OCTETS) return false
  const first = bytes[0]!
  if (first >> 6 !== 2) return false
  let at = RTP_HEADER_OCTETS + (first & 0x0f) * 4
  if (first & 0x10) {
    if (at + 4 > length) return false
    at += 4 + ((bytes[at + 2]! << 8) | bytes[at + 3]!) * 4
  }
  let end = length
  if (first & 0x20) {
    const padding = bytes[length - 1]!
    if (padding === 0) return false
    end -= padding
  }
  if (at > end) return false
  const second = bytes[1]!
  view.marker = second >= 0x80
  view.payloadType = second & 0x7f
  view.sequence = (bytes[2]! << 8) | bytes[3]!
  view.timestamp = ((bytes[4]! << 24) | (bytes[5]! << 16) | (bytes[6]! << 8) | bytes[7]!) >>> 0
  view.ssrc = ((bytes[8]! << 24) | (bytes[9]! << 16) | (bytes[10]! << 8) | bytes[11]!) >>> 0
  view.payloadOffset = at
  view.payloadLength = end - at
  return true
}

/** RFC 5761 §4: with RTP and RTCP on one port, second octets of 192 to 223 are RTCP. */
export function isRtcp(bytes: Uint8Array): boolean {
  const second = bytes[1]
  return second !== undefined && second >= 192 && second <= 223
}

/** Writes the twelve octets of a header without extension, CSRC or padding. */
export function writeRtpHeader(
  to: Uint8Array,
  marker: boolean,
  payloadType: number,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  to[0] = 0x80
  to[1] = marker ? payloadType | 0x80 : payloadType
  to[2] = sequence >> 8
  to[3] = sequence
  to[4] = timestamp >>> 24
  to[5] = timestamp >>> 16
  to[6] = timestamp >>> 8
  to[7] = timestamp
  to[8] = ssrc >>> 24
  to[9] = ssrc >>> 16
  to[10] = ssrc >>> 8
  to[11] = ssrc
}

/** `a - b` around the 16-bit circle: -32768 to 32767. */
export function sequenceDistance(a: number, b: number): number {
  return ((a - b) << 16) >> 16
}

/** `a - b` around the 32-bit circle. */
export function timestampDistance(a: number, b: number): number {
  return (a - b) | 0
}
