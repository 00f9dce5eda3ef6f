// Bodies of several parts (RFC 2046 §5.1, as RFC 5621 has them in SIP): each with its type and what it is for.

import type { SipMessage } from './message.ts'

export interface BodyPart {
  /** With its parameters. */
  readonly contentType: string
  /** Content-Disposition; null: as its type has it. */
  readonly disposition: string | null
  readonly body: Uint8Array
}

/** @param boundary occurs in none of the parts */
export function writeMultipart(
  parts: readonly BodyPart[],
  boundary: string,
): { readonly contentType: string; readonly body: Uint8Array } {
  const pieces: Uint8Array[] = []
  for (const { contentType, disposition, body } of parts) {
    const about = disposition === null ? '' : `Content-Disposition: ${disposition}\r\n`
    pieces.push(Buffer.from(`--${boundary}\r\nContent-Type: ${contentType}\r\n${about}\r\n`, 'latin1'), body, CRLF)
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`, 'latin1'))
  return { contentType: `multipart/mixed;boundary=${boundary}`, body: Buffer.concat(pieces) }
}

/** The parts of a message's body; a body of one kind is one part. Empty when there is no body, or it cannot be read. */
export function bodyParts(message: SipMessage): readonly BodyPart[] {
  if (message.body.length === 0) return []
  const type = message.get('content-type') ?? 'application/sdp'
  if (message.contentType?.startsWith('multipart/') !== true)
    return [{ contentType: type, disposition: message.get('content-disposition') ?? null, body: message.body }]
  const named = /boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(type)
  const boundary = named?.[1] ?? named?.[2]
  if (boundary === undefined) return []
  const parts: BodyPart[] = []
  const text = `\r\n${Buffer.from(message.body).toString('latin1')}`
  for (const piece of text.split(`\r\n--${boundary}`).slice(1)) {
    if (piece.startsWith('--') || parts.length >= MAX_PARTS) break
    const end = piece.indexOf('\r\n\r\n')
    if (end < 0) continue
    const head = piece.slice(0, end)
    const value = (name: string) => new RegExp(`^${name}[ \\t]*:[ \\t]*(.*?)[ \\t]*$`, 'im').exec(head)?.[1] ?? null
    parts.push({
      contentType: value('content-type') ?? 'text/plain',
      disposition: value('content-disposition'),
      body: Buffer.from(piece.slice(end + 4), 'latin1'),
    })
  }
  return parts
}

/** The bare type of a part: lower case, no parameters. */
export function partType(part: BodyPart): string {
  return part.contentType.split(';', 1)[0]!.trim().toLowerCase()
}

const CRLF = Buffer.from('\r\n')
/** Parts read from one body. */
const MAX_PARTS = 16
