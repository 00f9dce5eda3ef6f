// Replaces (RFC 3891): a new call that takes the place of another one. The tags are named from the side of whoever
// receives the header: its own tag is the to-tag.

import { isToken, param, parseHeaderParams } from './params.ts'

export interface Replaces {
  readonly callId: string
  /** The receiver's own tag. */
  readonly toTag: string
  /** The tag of the receiver's peer. */
  readonly fromTag: string
  /** Only a call that is not answered yet may be replaced. */
  readonly earlyOnly: boolean
}

/** Reads one Replaces value; null when malformed (RFC 3891 §3: 400). */
export function readReplaces(text: string): Replaces | null {
  const semicolon = text.indexOf(';')
  if (semicolon < 0) return null
  const callId = text.slice(0, semicolon).trim()
  if (callId === '' || /[\s",<>]/.test(callId)) return null
  const params = parseHeaderParams(text, semicolon)
  if (params === null) return null
  const toTag = param(params, 'to-tag')
  const fromTag = param(params, 'from-tag')
  if (toTag == null || fromTag == null || !isToken(toTag) || !isToken(fromTag)) return null
  if (params.filter(([name]) => name === 'to-tag' || name === 'from-tag').length !== 2) return null
  return { callId, toTag, fromTag, earlyOnly: param(params, 'early-only') !== undefined }
}

export function writeReplaces(replaces: Replaces): string {
  const early = replaces.earlyOnly ? ';early-only' : ''
  return `${replaces.callId};to-tag=${replaces.toTag};from-tag=${replaces.fromTag}${early}`
}
