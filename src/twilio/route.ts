import type { Route, RouteRequest } from '#http/route.ts'
import type { TwilioActor } from './doors.ts'

/** Everything of an account lies below it; the face has looked up who that is. */
export const A = '/Accounts/:account_sid'

export type TwilioRequest<Body = unknown> = RouteRequest<TwilioActor, Body>

/** A route of this language, written without its `.json`: types the body from its schema. */
export function route<Body>(value: Route<TwilioActor, Body>): Route<TwilioActor, Body> {
  return value
}
