// What the resources of v1 have in common (twilio-voice §7.7): whose they are comes from who asks, no path names it; URLs
// are whole and times are ISO 8601 (FMT-02).

import type { Entry } from '#accounts/book.ts'
import type { TwilioDoors } from './doors.ts'
import { isoTime, type SidKind, sid } from './spelling.ts'

export const V1 = '/v1'

export function v1Url(doors: TwilioDoors, ...path: readonly string[]): string {
  return [doors.baseUrl() + V1, ...path.map(encodeURIComponent)].join('/')
}

/** What each shows of itself. */
export function v1Common(doors: TwilioDoors, one: Entry, kind: SidKind, ...below: readonly string[]): object {
  const named = sid(kind, one.id)
  return {
    sid: named,
    account_sid: sid('account', one.account),
    date_created: isoTime(one.createdAtWallMs),
    date_updated: isoTime(one.updatedAtWallMs),
    url: v1Url(doors, ...below, named),
  }
}

export const byAge = (one: Entry): { readonly at: number; readonly id: string } => ({
  at: one.createdAtWallMs,
  id: one.id,
})
