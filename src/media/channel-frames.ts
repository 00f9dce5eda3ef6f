// The border between control and a worker process as octets: each message is its length (four octets, big endian) and that
// much JSON. Both ends bound what they accept; what breaks the form breaks the connection.

import { err, ok, type Result } from '#base/result.ts'
import { MAX_CHANNEL_FRAME_OCTETS } from './limits.ts'

export type FrameError = { readonly type: 'frame-too-long'; readonly octets: number } | { readonly type: 'not-json' }

const LENGTH_OCTETS = 4

/** One message as a frame. */
export function encodeFrame(message: unknown): Uint8Array {
  const text = Buffer.from(JSON.stringify(message))
  const frame = Buffer.allocUnsafe(LENGTH_OCTETS + text.length)
  frame.writeUInt32BE(text.length, 0)
  text.copy(frame, LENGTH_OCTETS)
  return frame
}

/** Cuts a stream into messages. */
export class FrameDecoder {
  #pending: Buffer = Buffer.alloc(0)

  /** The messages that are whole now. After an error the stream is of no more use. */
  push(bytes: Uint8Array): Result<readonly unknown[], FrameError> {
    const incoming = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const all = this.#pending.length === 0 ? incoming : Buffer.concat([this.#pending, incoming])
    const messages: unknown[] = []
    let at = 0
    while (all.length - at >= LENGTH_OCTETS) {
      const octets = all.readUInt32BE(at)
      if (octets > MAX_CHANNEL_FRAME_OCTETS) return err({ type: 'frame-too-long', octets })
      if (all.length - at - LENGTH_OCTETS < octets) break
      at += LENGTH_OCTETS
      try {
        messages.push(JSON.parse(all.toString('utf8', at, at + octets)))
      } catch {
        return err({ type: 'not-json' })
      }
      at += octets
    }
    // The wire may use its octets again: what is kept is copied.
    this.#pending = Buffer.from(all.subarray(at))
    return ok(messages)
  }
}
