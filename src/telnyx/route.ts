import type { Route } from '#http/route.ts'
import type { TelnyxActor } from './doors.ts'

/** A route of this language: types the body from its schema, the actor is whoever holds the key. */
export function route<Body>(value: Route<TelnyxActor, Body>): Route<TelnyxActor, Body> {
  return value
}
