// Bodies of SIP messages as legs read them: the SDP in it, alone or in a multipart (RFC 2046 §5.1), and DTMF by INFO.

import type { SipMessage } from '#sip/message.ts'
import { bodyParts, partType } from '#sip/multipart.ts'

/** The session description in a message; null when there is none. */
export function sdpOf(message: SipMessage): Uint8Array | null {
  const part = bodyParts(message).find((one) => partType(one) === 'application/sdp')
  return part === undefined || part.body.length === 0 ? null : part.body
}

/** What most telephones send when they say nothing about length. */
const USUAL_DIGIT_MS = 250
const MAX_DIGIT_MS = 10_000

/** `application/dtmf-relay` (Signal=5, Duration=160) or `application/dtmf` (5); null when it is neither. */
export function digitOf(message: SipMessage): { digit: string; durationMs: number } | null {
  const type = message.contentType
  const text = Buffer.from(message.body).toString('latin1').trim()
  let signal: string | undefined
  let duration = USUAL_DIGIT_MS
  if (type === 'application/dtmf-relay') {
    signal = /^signal[ \t]*=[ \t]*(\S+)/im.exec(text)?.[1]
    duration = Number(/^duration[ \t]*=[ \t]*([0-9]{1,6})/im.exec(text)?.[1] ?? USUAL_DIGIT_MS)
  } else if (type === 'application/dtmf') signal = text
  else return null
  // Some send the RFC 4733 event number instead of the key.
  const digit = signal === '10' ? '*' : signal === '11' ? '#' : signal?.toUpperCase()
  if (digit === undefined || !/^[0-9A-D*#]$/.test(digit)) return null
  return { digit, durationMs: Math.min(duration, MAX_DIGIT_MS) }
}
