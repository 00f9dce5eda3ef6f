// What running documents need to know of the switch.

import type { SiprecConnector } from '#accounts/kinds.ts'
import type { AccountId, ApplicationId } from '#base/ids.ts'
import type { DeclaredRecogniser } from '#base/recogniser.ts'
import type { Call } from '#calls/model.ts'
import type { Addresses } from '../parameters.ts'

/** What a sid leads to, seen from an account. */
export type Reach =
  | { readonly type: 'there'; readonly account: AccountId; readonly application: ApplicationId }
  /** No application, or another account's that does not let itself be called. Who asks is not told which. */
  | { readonly type: 'unknown' }
  /** Nobody has said where its documents are. */
  | { readonly type: 'silent' }

import type { Sites } from '../sites.ts'

export interface ProgrammeDoors {
  /** Where customers reach us, without a slash at the end. */
  readonly baseUrl: string
  readonly apiVersion: string
  /** Headers of the handshake of a stream that this account opens (SIG-05). */
  readonly streamHeaders: (account: AccountId, url: string) => Readonly<Record<string, string>>
  readonly siprecConnectors: (account: AccountId) => readonly SiprecConnector[]
  readonly recognisers: readonly DeclaredRecogniser[]
  /** Whether a Dial may have several Sip nouns, or others beside one (PAR-07). */
  readonly enhancedSip: boolean
  /** Whom a Dial of this account reaches by the sid of an application (APP-01). */
  readonly reach: (account: AccountId, sid: string) => Reach
  /** How requests about a call say who called whom (STD-02). */
  readonly addresses: (call: Call) => Addresses
  /** Whether our noise suppression stands in for engines of other names. */
  readonly noiseFallback: boolean
  /** Ways out by the name of a region or an edge (SIP-04, SIP-05). */
  readonly sites: Sites
}
