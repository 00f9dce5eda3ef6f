// Dial with Application (APP-01): another program is at the far end. The call that the Dial makes comes in here again, and what
// comes in is the child everybody sees: a call of the application's, whose documents run on it as on any call that comes in.
// The way there is a call as well, which the Dial rings, bridges and ends like any other; it has no sid of its own.
//
//   caller ══ bridge ══ the way there ── wire ── child ── documents of the application

import { toSid } from '#base/ids.ts'
import type { PlannedArrival } from '#calls/commands.ts'
import type { Header } from '#legs/leg.ts'
import { notesOf, type TwilioNotes } from '../notes.ts'
import type { DialVerb, Endpoint } from '../twiml/verbs.ts'
import type { ProgrammeDoors } from './programme-doors.ts'
import type { Turn } from './turn.ts'

export type ApplicationEndpoint = Extract<Endpoint, { readonly type: 'application' }>

/** Not an id of ours, or not one for this caller. */
const INVALID_APPLICATION = 21218
const NO_URL = 11100

/** The child of a Dial that is about to begin; null: there is nobody to call, and the customer was told why. */
export function plannedChild(
  verb: DialVerb,
  endpoint: ApplicationEndpoint,
  turn: Turn,
  doors: ProgrammeDoors,
): PlannedArrival | null {
  const { call } = turn
  const reach = doors.reach(call.account, endpoint.sid)
  if (reach.type === 'unknown') {
    turn.note(
      'error',
      INVALID_APPLICATION,
      `There is no application ${endpoint.sid} that may be dialled: it does not exist, or belongs to another account and does not allow it (PublicApplicationConnectEnabled).`,
    )
    return null
  }
  if (reach.type === 'silent') {
    turn.note('error', NO_URL, `The application ${endpoint.sid} has no voice URL; give it one.`)
    return null
  }
  const { from, to } = doors.addresses(call)
  const notes: TwilioNotes = {
    parent: call.id,
    from: verb.callerId ?? from,
    firstParameters: [
      ['CustomerId', endpoint.customerId ?? toSid('AC', call.account)],
      ...endpoint.parameters.map(({ name, value }) => [`Param_${name}`, value] as const),
    ],
  }
  return {
    leg: turn.callId(),
    account: reach.account,
    application: reach.application,
    from: verb.callerId ?? call.from,
    fromName: verb.callerId === null ? call.fromName : null,
    to: endpoint.copyParentTo ? to : toSid('AP', reach.application),
    notes: { ...notes },
  }
}

/** What is remembered with the way there: whoever is told of it is told of the child. */
export function wayNotes(child: PlannedArrival): Pick<TwilioNotes, 'shownAs' | 'from' | 'to'> {
  const { from } = notesOf(child)
  return { shownAs: child.leg, to: child.to, ...(from === undefined ? {} : { from }) }
}

/** FLOW-02: what the application says with its Hangup or Reject goes to the Dial that called it. */
export function handBack(parameters: readonly Header[], turn: Turn): void {
  const { parent } = notesOf(turn.call)
  if (parent === undefined || parameters.length === 0) return
  turn.say({ type: 'tell', to: parent, input: { type: 'handed-back', by: turn.call.id, parameters } })
}
