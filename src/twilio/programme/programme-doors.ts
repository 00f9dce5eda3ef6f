// What running documents need to know of the switch.

import type { SiprecConnector } from '#accounts/kinds.ts'
import type { AccountId } from '#base/ids.ts'
import type { DeclaredRecogniser } from '#base/recogniser.ts'
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
  /** Whether our noise suppression stands in for engines of other names. */
  readonly noiseFallback: boolean
  /** Ways out by the name of a region or an edge (SIP-04, SIP-05). */
  readonly sites: Sites
}
