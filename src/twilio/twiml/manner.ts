// What differs in how documents are read: whose words they are written in, and what the operator added to them.

export interface Manner {
  /** The other vendor's words (twilio-voice §12): verbs and attributes of its own, and some that it lacks. */
  readonly texml: boolean
  /** Names that may stand for a region or an edge, besides those that are documented (SIP-04, SIP-05). */
  readonly sites: { has(name: string): boolean }
}

/** As Programmable Voice has it, and nothing else. */
export const PLAIN_MANNER: Manner = { texml: false, sites: new Set() }
