// The way a dialog's messages take where RFC 3261 leaves the choice: back over the flow a caller came by, and the ACK of a
// 2xx, which belongs to no transaction.

import { type Dialog, dialogRequest } from './dialog.ts'
import type { SipRequest } from './message.ts'
import type { Flow, Target } from './transport.ts'
import { bareHost } from './uri.ts'
import { writeMessage } from './write.ts'

/**
 * Whether requests back to a caller go to where its INVITE came from: always on a stream, and over UDP when the caller speaks
 * for itself (one Via, no Record-Route) and its claimed address is not its real one, which means NAT.
 */
export function pinToFlow(invite: SipRequest, flow: Flow): Target | null {
  const target: Target = { kind: flow.kind, address: flow.remote, flowId: flow.id }
  if (invite.get('record-route') !== undefined || (invite.vias?.length ?? 0) !== 1) return null
  if (flow.kind !== 'udp') return target
  const contact = invite.contact?.uri
  if (contact?.type !== 'sip') return target
  return bareHost(contact.host) !== flow.remote.host && bareHost(contact.host) === bareHost(invite.topVia!.host)
    ? target
    : null
}

/** The ACK for a 2xx: a request of its own outside of any transaction (RFC 3261 §13.2.2.4). */
export function writeAck(
  dialog: Dialog,
  invite: SipRequest,
  answer: Uint8Array | null,
  withVia: (request: SipRequest) => SipRequest,
): Uint8Array {
  const credentials = invite.headers.filter((h) => h.id === 'authorization' || h.id === 'proxy-authorization')
  const parts = { cseq: invite.cseq!.number, headers: credentials, ...(answer === null ? {} : { body: answer }) }
  return writeMessage(withVia(dialogRequest(dialog, 'ACK', parts).request))
}
