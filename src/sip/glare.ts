// Two changes of one session at once (RFC 3261 §14): who waits how long, by the lot. The chance is handed in.

import type { Chance } from '#base/chance.ts'
import { field, type HeaderField } from './message.ts'

/** RFC 3261 §14.1: after a 491 the owner of the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in steps of 10 ms. */
export function waitAfterGlareMs(chance: Chance, ownsCallId: boolean): number {
  const steps = ownsCallId ? 210 + Math.floor(chance.uniform() * 191) : Math.floor(chance.uniform() * 201)
  return steps * 10
}

/** RFC 3261 §14.2: a 500 to a second INVITE while the first is open names 0 to 10 s. */
export function retryAfter(chance: Chance): HeaderField {
  return field('Retry-After', String(Math.floor(chance.uniform() * 11)))
}
