// An INVITE or re-INVITE on its way, and the 2xx it brings: each is acknowledged, again whenever it is repeated; those of
// further forks, or for a call that is over, are hung up (RFC 3261 §13.2.2.4). That duty outlives the call, so the call is
// let go of as soon as only the duty is left.

import { type CallHome, type OutgoingInvite, SDP } from './call-words.ts'
import { type Dialog, dialogFromResponse, dialogRequest } from './dialog.ts'
import { MAX_FORKS } from './limits.ts'
import { field, type HeaderField, noBody, SipRequest, type SipResponse } from './message.ts'
import type { ClientTransaction } from './transaction-layer.ts'
import type { Target } from './transport.ts'

/** Sends the ACK of a 2xx, with an answer when the 2xx brought the offer. */
export type Acknowledge = (dialog: Dialog, answer: Uint8Array | null, target: Target) => void

export interface InviteUser {
  /** Nobody is interested in an answer any more. */
  ended(): boolean
  /** The first 2xx; must be acknowledged before it returns. */
  accepted(request: SipRequest, response: SipResponse, acknowledge: Acknowledge): void
  /** Any other answer. */
  responded(response: SipResponse): void
  unanswered(kind: 'timeout' | 'transport'): void
}

export interface SentInvite {
  readonly transaction: ClientTransaction
  /** The user is over. */
  letGo(): void
}

export function sendInvite(ua: CallHome, request: SipRequest, target: Target, listener: InviteUser): SentInvite {
  const acks = new Map<string, { bytes: Uint8Array; target: Target }>()
  let user: InviteUser | null = listener
  const transaction: ClientTransaction = ua.layer.request(request, target, {
    onResponse: (response) => {
      if (response.status < 200 || response.status >= 300) {
        const current = user
        if (response.status >= 300) user = null
        current?.responded(response)
        return
      }
      const tag = response.toTag ?? ''
      const known = acks.get(tag)
      if (known !== undefined) {
        ua.layer.sendStateless(known.bytes, known.target)
        return
      }
      if (acks.size >= MAX_FORKS) return
      const acknowledge: Acknowledge = (dialog, answer, to) =>
        ua.acknowledge(acks, tag, dialog, transaction.request, answer, to)
      if (acks.size > 0 || user === null || listener.ended()) {
        const dialog = dialogFromResponse(transaction.request, response)
        const to = ua.targetOf(dialog, target.flowId === null ? null : target, target)
        acknowledge(dialog, null, to)
        ua.layer.request(dialogRequest(dialog, 'BYE').request, to, { onResponse() {}, onFailure() {} })
        return
      }
      user.accepted(transaction.request, response, acknowledge)
      if (listener.ended()) user = null
    },
    onFailure: (kind) => {
      const current = user
      user = null
      current?.unanswered(kind)
    },
  })
  return {
    transaction,
    letGo: () => {
      user = null
    },
  }
}

/** The INVITE of a call we place; `more` is what every change of its session has, and answers to challenges. */
export function firstInvite(
  outgoing: OutgoingInvite,
  named: { readonly callId: string; readonly localTag: string },
  cseq: number,
  more: readonly HeaderField[],
): SipRequest {
  const { uri, from, to, headers, body, contentType = SDP } = outgoing
  const all = [
    field('From', `${from};tag=${named.localTag}`),
    field('To', to),
    field('Call-ID', named.callId),
    field('CSeq', `${cseq} INVITE`),
    ...more,
    ...headers,
    ...(body === null ? [] : [field('Content-Type', contentType)]),
  ]
  return new SipRequest('INVITE', uri, all, body ?? noBody)
}
