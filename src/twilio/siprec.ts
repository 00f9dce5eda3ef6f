// Recording servers in this language's words (twilio-voice §4.11, SRC-01, CALL-22): calls copied by SIPREC to a connector
// that the account keeps.

import type { SiprecConnector } from '#accounts/kinds.ts'
import {
  type AccountId,
  type CallGroupId,
  type CallId,
  type RecordingSessionId,
  toControlId,
  toSid,
  toUuid,
} from '#base/ids.ts'
import type { Fact } from '#calls/events.ts'
import type { RecordingSpec } from '#calls/model.ts'
import type { Header } from '#legs/leg.ts'
import { sid } from './spelling.ts'
import { type TrackWord, trackOf } from './stream-order.ts'
import { isoTime, type Told } from './streams.ts'
import type { Problem, SiprecManner, Target } from './twiml/verbs.ts'

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
  /** Absent: by the connector's port, with the parameters in the metadata. */
  readonly manner?: SiprecManner & { readonly group: CallGroupId }
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

/** TX-07: why it cannot be recorded as it was asked for; null: it can. */
export function siprecProblem({ manner }: SiprecOrder, { name, port }: SiprecConnector): Problem | null {
  if (manner?.secure !== true || port === SECURE_PORT) return null
  const message = `A secure Siprec needs a connector with port ${SECURE_PORT}; '${name}' has ${port}.`
  return { level: 'error', code: SIPREC_FAILED, message }
}

/** A session without a name is called by its sid. */
export function siprecSpec(
  order: SiprecOrder,
  connector: SiprecConnector,
  about: { readonly account: AccountId; readonly call: CallId; readonly session: RecordingSessionId },
): RecordingSpec {
  const { host, port } = connector
  const { manner, parameters } = order
  const secure = manner?.secure ?? port === SECURE_PORT
  const notes: SiprecNotes = order.statusCallback === null ? {} : { callback: order.statusCallback }
  return {
    name: order.name ?? sid('siprec', about.session),
    server: { host, port, transport: secure ? 'tls' : 'udp' },
    secure,
    track: trackOf(order.track),
    ...(manner === undefined
      ? {
          intervalS: INTERVAL_S,
          headers: [
            { name: 'X-Twilio-AccountSid', value: toSid('AC', about.account) },
            { name: 'X-Twilio-CallSid', value: toSid('CA', about.call) },
          ],
          parameters,
        }
      : { intervalS: manner.intervalS, ...inTexml(parameters, manner, about.call) }),
    notes: { ...notes },
  }
}

/** TX-07: all that is told of the call goes one way, or the other. */
function inTexml(
  parameters: readonly Header[],
  { inMetadata, group }: NonNullable<SiprecOrder['manner']>,
  call: CallId,
): Pick<RecordingSpec, 'headers' | 'parameters'> {
  const told = [
    { name: 'X-Call-Control-Id', value: toControlId(call) },
    { name: 'X-Call-Leg-Id', value: toUuid(call) },
    { name: 'X-Call-Session-Id', value: toUuid(group) },
    ...parameters,
  ]
  const asHeaders = told.map(({ name, value }) => ({ name: /^x-/i.test(name) ? name : `X-${name}`, value }))
  return inMetadata ? { headers: [], parameters: told } : { headers: asHeaders, parameters: [] }
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
