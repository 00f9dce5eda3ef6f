// What a call and those around it say to each other: what it asks of its user agent, what it tells its listener, how it
// is placed and how it ends.

import type { Chance } from '#base/chance.ts'
import type { Clock } from '#base/clock.ts'
import type { Dialog } from './dialog.ts'
import type { Credentials } from './digest.ts'
import type { HeaderField, SipRequest, SipResponse } from './message.ts'
import type { IncomingReferral } from './referrals.ts'
import type { SipTimers } from './timers.ts'
import type { TransactionLayer } from './transaction-layer.ts'
import type { Target } from './transport.ts'

/** What bodies are unless something else is said. */
export const SDP = 'application/sdp'

/** What a call asks of the user agent it lives in. */
export interface CallHome {
  readonly clock: Clock
  readonly chance: Chance
  readonly layer: TransactionLayer
  readonly timers: SipTimers
  soon(callback: () => void): void
  forget(call: { readonly callId: string; readonly localTag: string }): void
  /** Where a dialog's next request goes. */
  targetOf(dialog: Dialog, pinned: Target | null, lastWay: Target): Target
  /** A target did not answer, or is overloaded. */
  targetFailed(target: Target): void
  /** Acknowledges a 2xx, and remembers how, for its repetitions. */
  acknowledge(
    acks: Map<string, { bytes: Uint8Array; target: Target }>,
    tag: string,
    dialog: Dialog,
    invite: SipRequest,
    answer: Uint8Array | null,
    target: Target,
  ): void
  /**
   * @param feature what is said about us in it (RFC 3840)
   * @param localHost the door of ours that it names
   */
  contactHeaders(kind: Target['kind'], feature?: string, localHost?: string): readonly HeaderField[]
  identity(name: 'User-Agent' | 'Server'): readonly HeaderField[]
  inviteHeaders(): readonly HeaderField[]
  acceptHeaders(): readonly HeaderField[]
}

export interface CallEnd {
  readonly by: 'remote' | 'local' | 'network'
  readonly how: 'bye' | 'cancel' | 'refused' | 'unreachable' | 'failed'
  readonly status: number | null
  readonly reason: string | null
  /** The BYE, CANCEL or final answer that ended it. */
  readonly message: SipRequest | SipResponse | null
}

/** An answer to something the peer asked within a call. */
export interface InCallAnswer {
  readonly status: number
  readonly headers?: readonly HeaderField[]
  readonly body?: Uint8Array
  readonly contentType?: string
}

/** What a call tells. All methods are called outside of calls into the `SipCall`, except that `ended` may follow at once. */
export interface CallListener {
  /** We called: a provisional answer above 100, with its early dialog's tag. */
  progress?(response: SipResponse): void
  /** We called: the 2xx. When our INVITE had no offer, returns the answer's octets for the ACK. */
  accepted?(response: SipResponse): Uint8Array | null
  /** We answered: the ACK came, with the answer's octets when our 2xx carried the offer. */
  acked?(request: SipRequest): void
  /** The peer changes the session (re-INVITE). An empty body asks us to offer. */
  offered?(request: SipRequest): InCallAnswer
  /** Any other request within the dialog (INFO). */
  requested?(request: SipRequest): InCallAnswer
  /** The peer wants somebody else called in its place (REFER); refused when absent. Report at once or later. */
  referred?(referral: IncomingReferral): void
  /** Our re-INVITE's outcome. Returns the answer's octets when it went without an offer. */
  reinvited?(response: SipResponse | null): Uint8Array | null
  /** Always last, exactly once. */
  ended(end: CallEnd): void
}

export interface OutgoingInvite {
  /** Request-URI. */
  readonly uri: string
  /** Tried in order; the next one after silence, 408 or 503. Empty is unreachable. */
  readonly targets: readonly Target[]
  /** From and To values without tags. */
  readonly from: string
  readonly to: string
  readonly headers: readonly HeaderField[]
  /** Null: late offer. */
  readonly body: Uint8Array | null
  /** Of the body; a session description unless given. */
  readonly contentType?: string
  /** Says more about us in every Contact (RFC 3840): `+sip.src`. */
  readonly contactFeature?: string
  /** On the INVITE, and on whatever changes or refreshes the session later. */
  readonly everyChange?: readonly HeaderField[]
  /** The session interval asked for (RFC 4028); null: none. The house's own unless given. */
  readonly sessionExpiresS?: number | null
  readonly credentials: Credentials | null
  /** Silence after which the next target is tried; the last one waits for timer B. */
  readonly targetTimeoutMs?: number
  /** Somebody else is tried when all targets fail: the last one gets no more time than the others. */
  readonly moreElsewhere?: boolean
  readonly callId?: string
}

/** A change of the session that we ask for. */
export interface Change {
  /** Null: the peer shall offer. */
  readonly body: Uint8Array | null
  readonly contentType: string
  readonly headers: readonly HeaderField[]
  /** Says the same again, to keep the session alive. */
  readonly refresh: boolean
}
