// Which way a call takes whose SIP address names a region or an edge (SIP-04, SIP-05). What such a name means here is the
// operator's to say; one that nobody said anything about means nothing.

import type { WayOut } from '#legs/leg.ts'
import type { SipNoun } from './twiml/verbs.ts'

/** By the name of a region or an edge. */
export type Sites = ReadonlyMap<string, WayOut>

/** The part of a dial that says it; the region counts when both are named. */
export function wayOutOf({ region, edge }: Pick<SipNoun, 'region' | 'edge'>, sites: Sites): { wayOut?: WayOut } {
  const wayOut = sites.get(region ?? edge ?? '')
  return wayOut === undefined ? {} : { wayOut }
}
