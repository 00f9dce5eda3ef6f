// Refer (twilio-voice §4.10, REF-01 to 03): the telephone itself is asked to call somebody else (SIP REFER), and what it
// tells of that goes to the action. A telephone that got there drops the call; one that did not goes on here.

import type { Header } from '#legs/leg.ts'
import type { EndStatus } from '../call-status.ts'
import type { Parameters } from '../signature.ts'
import type { ReferVerb, SipNoun } from '../twiml/verbs.ts'
import { type Begun, type Input, next, type Outcome, over, running, type Task, type Turn } from './turn.ts'

/** REF-02: what a telephone answers that takes the order. */
const ACCEPTED = 202

export function beginRefer(verb: ReferVerb, turn: Turn): Begun {
  const { to } = verb
  if (to === null) return over(concluded(verb, [['ReferCallStatus', 'failed']]))
  return running(new Refer(verb, to, turn))
}

class Refer implements Task {
  readonly #verb: ReferVerb
  readonly #token: number
  #taken = false

  constructor(verb: ReferVerb, to: SipNoun, turn: Turn) {
    this.#verb = verb
    const { call } = turn
    this.#token = turn.command({ type: 'refer', call: call.id, to: referTo(to), headers: [], auth: loginOf(to) })
  }

  on(input: Input, turn: Turn): Outcome {
    if (input.type === 'refused' && input.token === this.#token) {
      turn.note('error', 12400, `The REFER could not be sent: ${input.refusal.type}.`)
      return concluded(this.#verb, [['ReferCallStatus', 'failed']])
    }
    if (input.type !== 'fact') return null
    const { fact } = input
    if (fact.type === 'call.refer.started') this.#taken = true
    if (fact.type !== 'call.refer.completed' && fact.type !== 'call.refer.failed') return null
    return concluded(this.#verb, this.#parameters(fact.status, fact.notified))
  }

  abort(): void {}

  /** REF-02. Without a NOTIFY nothing is known of the call that was to be made. */
  #parameters(status: number, notified: number | null): Parameters {
    if (!this.#taken)
      return [
        ['ReferCallStatus', 'failed'],
        ['ReferSipResponseCode', String(status)],
      ]
    const answered = ['ReferSipResponseCode', String(ACCEPTED)] as const
    if (notified === null) return [answered]
    return [['ReferCallStatus', statusOf(notified)], answered, ['NotifySipResponseCode', String(notified)]]
  }
}

function concluded(verb: ReferVerb, parameters: Parameters): NonNullable<Outcome> {
  return verb.action === null ? next : { type: 'go', target: { url: verb.action, method: verb.method }, parameters }
}

/** §9.1, of a call that somebody else made: one still ringing when the telephone left was given up (REF-03). */
function statusOf(notified: number): EndStatus | 'in-progress' {
  if (notified < 200) return 'canceled'
  if (notified < 300) return 'in-progress'
  if (notified === 486 || notified === 600 || notified === 603) return 'busy'
  if (notified === 408 || notified === 480) return 'no-answer'
  return notified === 487 ? 'canceled' : 'failed'
}

/** The address as it was written, headers and all (RFC 3261 §19.1.1). */
function referTo({ uri, headers }: SipNoun): string {
  return headers.length === 0 ? uri : `${uri}?${headers.map(written).join('&')}`
}

function written({ name, value }: Header): string {
  return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
}

function loginOf({ username, password }: SipNoun): { readonly username: string; readonly password: string } | null {
  return username === null ? null : { username, password: password ?? '' }
}
