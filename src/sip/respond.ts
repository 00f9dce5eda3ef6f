// Building responses (RFC 3261 §8.2.6): what is copied from the request, and the tag that makes the answer ours.

import { field, type HeaderField, noBody, type SipRequest, SipResponse } from './message.ts'
import { reasonPhrase } from './reasons.ts'

export interface ResponseParts {
  readonly reason?: string
  /** Our tag in To; null for a 100, and kept as it is when the request already carries one. */
  readonly toTag?: string | null
  readonly headers?: readonly HeaderField[]
  readonly body?: Uint8Array
  readonly contentType?: string
}

export function makeResponse(request: SipRequest, status: number, parts: ResponseParts = {}): SipResponse {
  const headers: HeaderField[] = []
  const toTag = parts.toTag ?? null
  // RFC 3261 §12.1.1: the route a dialog takes is told back to whoever asked for it.
  const makesDialog = status > 100 && status < 300 && request.method === 'INVITE'
  for (const header of request.headers) {
    switch (header.id) {
      case 'via':
      case 'from':
      case 'call-id':
      case 'cseq':
        headers.push(header)
        break
      case 'to':
        headers.push(
          toTag !== null && status > 100 && request.toTag === null
            ? { id: 'to', name: header.name, value: `${header.value};tag=${toTag}` }
            : header,
        )
        break
      case 'record-route':
        if (makesDialog) headers.push(header)
        break
      case 'timestamp':
        if (status === 100) headers.push(header)
        break
      default:
    }
  }
  if (parts.headers !== undefined) headers.push(...parts.headers)
  const body = parts.body ?? noBody
  if (body.length > 0 && !headers.some((header) => header.id === 'content-type')) {
    headers.push(field('Content-Type', parts.contentType ?? 'application/sdp'))
  }
  return new SipResponse(status, parts.reason ?? reasonPhrase(status), headers, body)
}
