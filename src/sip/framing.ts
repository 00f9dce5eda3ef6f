// Finding messages in a byte stream (RFC 3261 §18.3, RFC 5626 §4.4.1): a head that ends with an empty line, then as many
// octets as Content-Length says. Between messages a peer may send CRLF CRLF (ping, answered by CRLF) or CRLF (pong).
//
// Every octet is looked at once: the search for the head's end goes on where it stopped.

import { parseDigits } from './fields.ts'
import { MAX_MESSAGE_OCTETS } from './limits.ts'

export type Frame =
  | { readonly type: 'message'; readonly bytes: Uint8Array }
  /** CRLF CRLF between messages: answer CRLF. */
  | { readonly type: 'ping' }
  /** Framing is lost: answer 400 to what there is, then close. */
  | { readonly type: 'broken'; readonly bytes: Uint8Array; readonly reason: string }

const EMPTY_LINE = Buffer.from('\r\n\r\n')

export class StreamFramer {
  #kept: Buffer = Buffer.alloc(0)
  #searchedTo = 0
  /** Octets of the whole message, once its head is complete; 0 before. */
  #messageOctets = 0
  #crlfSeen = 0
  #broken = false

  /** Whether part of a message is waiting for the rest. */
  get waiting(): boolean {
    return this.#kept.length > 0
  }

  /** Takes octets as they come and returns what became complete, in order. After `broken` it returns nothing more. */
  push(bytes: Uint8Array): Frame[] {
    if (this.#broken) return []
    const fresh = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#kept = this.#kept.length === 0 ? Buffer.from(fresh) : Buffer.concat([this.#kept, fresh])
    const frames: Frame[] = []
    for (;;) {
      if (this.#messageOctets === 0) {
        if (!this.#skipEmptyLines(frames)) break
        const headEnd = this.#kept.indexOf(EMPTY_LINE, Math.max(0, this.#searchedTo - 3))
        if (headEnd < 0) {
          this.#searchedTo = this.#kept.length
          if (this.#kept.length > MAX_MESSAGE_OCTETS) this.#break(frames, 'head too long')
          break
        }
        const length = announcedLength(this.#kept.toString('latin1', 0, headEnd + 2))
        if (length === null) {
          this.#break(frames, 'no usable Content-Length')
          break
        }
        this.#messageOctets = headEnd + 4 + length
        if (this.#messageOctets > MAX_MESSAGE_OCTETS) {
          this.#break(frames, 'message too long')
          break
        }
      }
      if (this.#kept.length < this.#messageOctets) break
      frames.push({ type: 'message', bytes: this.#kept.subarray(0, this.#messageOctets) })
      this.#kept = this.#kept.subarray(this.#messageOctets)
      this.#messageOctets = 0
      this.#searchedTo = 0
    }
    return frames
  }

  /** Eats CRLFs before a start line; true when a start line begins. */
  #skipEmptyLines(frames: Frame[]): boolean {
    let at = 0
    while (this.#kept[at] === 13 && this.#kept[at + 1] === 10) {
      at += 2
      this.#crlfSeen++
      if (this.#crlfSeen === 2) {
        frames.push({ type: 'ping' })
        this.#crlfSeen = 0
      }
    }
    if (at > 0) {
      this.#kept = this.#kept.subarray(at)
      this.#searchedTo = 0
    }
    if (this.#kept.length === 0 || (this.#kept.length === 1 && this.#kept[0] === 13)) return false
    this.#crlfSeen = 0
    return true
  }

  #break(frames: Frame[], reason: string): void {
    this.#broken = true
    frames.push({ type: 'broken', bytes: this.#kept, reason })
    this.#kept = Buffer.alloc(0)
  }
}

const LENGTH_FIELD = /\r\n(?:content-length|l)[ \t]*:[ \t]*(?:\r\n[ \t]+)?([^\r\n]*)/gi

/** The one Content-Length of a head; null when there is none, or two that differ, or one that is no number. */
function announcedLength(head: string): number | null {
  let length: number | null = null
  for (const match of head.matchAll(LENGTH_FIELD)) {
    const value = parseDigits(match[1]!.trim(), MAX_MESSAGE_OCTETS + 1)
    if (value === null || (length !== null && value !== length)) return null
    length = value
  }
  return length
}
