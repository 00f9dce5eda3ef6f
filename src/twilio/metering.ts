// How many requests an account may make: what is too much gets 429 (twilio-voice §2).

import { RequestRate } from '#http/request-rate.ts'
import type { Mount } from '#http/route.ts'
import type { TwilioActor, TwilioDoors } from './doors.ts'
import { errors, fail } from './errors.ts'

/** Counts for itself: each mount has one. */
export function metering(
  doors: Pick<TwilioDoors, 'clock' | 'requestsPerSecond'>,
): NonNullable<Mount<TwilioActor>['meter']> {
  const rate = new RequestRate(doors.clock, doors.requestsPerSecond)
  return ({ owner }) => {
    const allowance = rate.take(owner)
    const refused = allowance !== null && !allowance.allowed
    return { headers: {}, refusal: refused ? fail(errors.tooMany(allowance.resetSecs)) : null }
  }
}
