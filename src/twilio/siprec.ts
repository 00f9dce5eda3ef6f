// Recording servers in this language's words (twilio-voice §4.11, SRC-01, CALL-22): calls copied by SIPREC to a connector
// that the account keeps.

import type { SiprecConnector } from '#accounts/kinds.ts'
import { type AccountId, type CallId, type RecordingSessionId, toSid } from '#base/ids.ts'
import type { Fact } from '#calls/events.ts'
import type { RecordingSpec } from '#calls/model.ts'
import type { Header } from '#legs/leg.ts'
import { sid } from './spelling.ts'
import { isoTime, type Told, type TrackWord, trackOf } from './streams.ts'
import type { Problem, Target } from './twiml/verbs.ts'

/** Where SIP over TLS lives: a connector there is recorded to with SRTP. */
const SECURE_PORT = 5061
/** Session timer of the recorder's dialog (RFC 4028). */
const INTERVAL_S = 1800

/** What is asked for, with absolute URLs. */
export interface SiprecOrder {
  readonly connectorName: string | null
  readonly name: string | null
  readonly track: TrackWord
  readonly statusCallback: Target | null
  readonly parameters: readonly Header[]
}

/** What this language remembers with a recording session. */
export interface SiprecNotes {
  readonly callback?: Target
}

/** The connector of that name; an account that has one only need not name it. */
export function connectorOf(all: readonly SiprecConnector[], name: string | null): SiprecConnector | null {
  if (name === null) return all.length === 1 ? all[0]! : null
  return all.find((one) => one.name === name) ?? null
}

/** Without such a connector. */
export function connectorProblem(name: string | null): Problem {
  return {
    level: 'error',
    code: 32_700,
    message:
      name === null
        ? 'A Siprec needs connectorName: the account has no connector, or several.'
        : `The account has no SIPREC connector '${name}'; make one first.`,
  }
}

/** A session without a name is called by its sid. */
export function siprecSpec(
  order: SiprecOrder,
  connector: SiprecConnector,
  about: { readonly account: AccountId; readonly call: CallId; readonly session: RecordingSessionId },
): RecordingSpec {
  const { host, port } = connector
  const secure = port === SECURE_PORT
  const notes: SiprecNotes = order.statusCallback === null ? {} : { callback: order.statusCallback }
  return {
    name: order.name ?? sid('siprec', about.session),
    server: { host, port, transport: secure ? 'tls' : 'udp' },
    secure,
    track: trackOf(order.track),
    intervalS: INTERVAL_S,
    headers: [
      { name: 'X-Twilio-AccountSid', value: toSid('AC', about.account) },
      { name: 'X-Twilio-CallSid', value: toSid('CA', about.call) },
    ],
    parameters: order.parameters,
    notes: { ...notes },
  }
}

type SiprecFact = Extract<Fact, { readonly type: `recording-session.${string}` }>

const events = {
  'recording-session.started': 'siprec-started',
  'recording-session.stopped': 'siprec-stopped',
  'recording-session.failed': 'siprec-error',
} as const satisfies Record<SiprecFact['type'], string>

/** SRC-01. */
export function siprecCallbacks(fact: SiprecFact, atWallMs: number): readonly Told[] {
  const { call, session } = fact
  const { callback } = (session.spec.notes ?? {}) as SiprecNotes
  if (callback === undefined) return []
  return [
    {
      target: callback,
      parameters: [
        ['AccountSid', sid('account', call.account)],
        ['CallSid', sid('call', call.id)],
        ['SiprecSid', sid('siprec', session.id)],
        ['SiprecName', session.spec.name],
        ['SiprecEvent', events[fact.type]],
        ...(fact.type === 'recording-session.failed'
          ? ([
              ['SiprecError', failureWords(fact)],
              ['SiprecErrorCode', String(SIPREC_FAILED)],
            ] as const)
          : []),
        ['Timestamp', isoTime(atWallMs)],
      ],
      what: `siprec ${fact.type.slice('recording-session.'.length)}`,
    },
  ]
}

const SIPREC_FAILED = 32_701

/** What went wrong with a recording server, for the notifications; null: nothing. */
export function siprecFailure(fact: SiprecFact): Problem | null {
  if (fact.type !== 'recording-session.failed') return null
  return {
    level: 'error',
    code: SIPREC_FAILED,
    message: `The SIPREC session '${fact.session.spec.name}' ${failureWords(fact)}.`,
  }
}

function failureWords(fact: Extract<SiprecFact, { readonly cause: unknown }>): string {
  const { host, port } = fact.session.spec.server
  return `failed at ${host}:${port}: ${fact.cause}`
}
