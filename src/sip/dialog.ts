// Dialogs as values (RFC 3261 §12): made from a request and its answer, changed only by making a new one. Tags and
// Call-ID are compared as octets; the route set is frozen once the dialog is confirmed.

import { parseNameAddr } from './fields.ts'
import { MAX_CSEQ } from './limits.ts'
import { field, type HeaderField, noBody, SipRequest, type SipResponse } from './message.ts'
import { param } from './params.ts'
import type { Uri } from './uri.ts'

export interface Dialog {
  readonly callId: string
  readonly localTag: string
  readonly remoteTag: string
  /** From and To values for our requests, tags included. */
  readonly local: string
  readonly remote: string
  /** The Request-URI of our requests. */
  readonly remoteTarget: string
  /** Route values in the order they are written. */
  readonly routeSet: readonly string[]
  readonly localCseq: number
  /** Null until the peer sent a request. */
  readonly remoteCseq: number | null
}

/** RFC 3261 §12.1.2: the dialog a caller sees in an answer with a To tag (an empty tag for RFC 2543 peers). */
export function dialogFromResponse(request: SipRequest, response: SipResponse): Dialog {
  const routes = response.list('record-route') ?? []
  return {
    callId: request.callId,
    localTag: request.fromTag ?? '',
    remoteTag: response.toTag ?? '',
    local: request.get('from')!,
    remote: response.get('to')!,
    remoteTarget: response.contact?.uri.text ?? request.uriText,
    routeSet: routes.toReversed(),
    localCseq: request.cseq!.number,
    remoteCseq: null,
  }
}

/** RFC 3261 §12.1.1: the dialog the called side makes of a request and its own tag. */
export function dialogFromRequest(request: SipRequest, localTag: string, firstCseq: number): Dialog {
  return {
    callId: request.callId,
    localTag,
    remoteTag: request.fromTag ?? '',
    local: `${request.get('to')!};tag=${localTag}`,
    remote: request.get('from')!,
    remoteTarget: request.contact?.uri.text ?? request.from!.uri.text,
    routeSet: request.list('record-route') ?? [],
    localCseq: firstCseq,
    remoteCseq: request.cseq!.number,
  }
}

/** The next request of a dialog and the dialog after it. ACK repeats a number, so it takes one. */
export function dialogRequest(
  dialog: Dialog,
  method: string,
  parts: { headers?: readonly HeaderField[]; body?: Uint8Array; contentType?: string; cseq?: number } = {},
): { request: SipRequest; dialog: Dialog } {
  const cseq = parts.cseq ?? Math.min(dialog.localCseq + 1, MAX_CSEQ)
  const headers: HeaderField[] = []
  let uri = dialog.remoteTarget
  let routes = dialog.routeSet
  const first = routes[0] === undefined ? null : parseNameAddr(routes[0])
  if (first !== null && first.uri.type === 'sip' && param(first.uri.params, 'lr') === undefined) {
    // RFC 3261 §12.2.1.1: a strict router wants itself in the Request-URI and the target at the end.
    routes = [...routes.slice(1), `<${dialog.remoteTarget}>`]
    uri = first.uri.text
  }
  for (const route of routes) headers.push(field('Route', route))
  headers.push(
    field('From', dialog.local),
    field('To', dialog.remote),
    field('Call-ID', dialog.callId),
    field('CSeq', `${cseq} ${method}`),
    ...(parts.headers ?? []),
  )
  const body = parts.body ?? noBody
  if (body.length > 0) headers.push(field('Content-Type', parts.contentType ?? 'application/sdp'))
  return {
    request: new SipRequest(method, uri, headers, body),
    dialog: parts.cseq === undefined ? { ...dialog, localCseq: cseq } : dialog,
  }
}

/** RFC 3261 §12.2.2: a lower number than last time is out of order (500); gaps are fine. Null: refuse. */
export function acceptCseq(dialog: Dialog, request: SipRequest): Dialog | null {
  const { number } = request.cseq!
  if (dialog.remoteCseq !== null && number <= dialog.remoteCseq) return null
  return { ...dialog, remoteCseq: number }
}

/** RFC 3261 §12.2: INVITE, UPDATE and their 2xx move the target; BYE never does. */
export function refreshTarget(dialog: Dialog, message: SipRequest | SipResponse): Dialog {
  const contact = message.contact
  return contact === null ? dialog : { ...dialog, remoteTarget: contact.uri.text }
}

/** Where the next request goes first: the topmost route, else the target. */
export function nextHop(dialog: Dialog): Uri | null {
  const first = dialog.routeSet[0]
  return parseNameAddr(first ?? `<${dialog.remoteTarget}>`)?.uri ?? null
}
