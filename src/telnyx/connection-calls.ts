// What numbers and SIP connections do with their calls by themselves. A number forwards, when it is told to, and has its
// answered calls recorded. What a SIP connection does by itself, unless it parks them for a program: a call for its number or name
// rings its telephones (or goes to its addresses), a call its telephones or addresses make goes out. The same as the
// command `transfer` would do, and told by the same webhooks.

import type { Register } from '#accounts/register.ts'
import type { CallId } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import type { DialSpec } from '#calls/commands.ts'
import type { Engine } from '#calls/engine.ts'
import type { EngineEvent } from '#calls/events.ts'
import { type Call, nothingOnAnswer } from '#calls/model.ts'
import { LANGUAGE } from './doors.ts'
import { DEFAULT_DIAL_TIMEOUT_SECS, DEFAULT_TIME_LIMIT_SECS, MAX_LOGINS_RUNG } from './limits.ts'

export interface ConnectionCallDoors {
  readonly engine: Engine
  readonly register: Register
  readonly log: Log
}

/** Starts acting on events; called once. */
export function serveConnections(doors: ConnectionCallDoors): void {
  const { engine, register, log } = doors
  /** Whom each call out was made for. */
  const callers = new Map<CallId, CallId>()

  /** Calls in whose forwarding has been tried. */
  const forwarded = new Set<CallId>()

  const put = async (call: Call): Promise<void> => {
    const forwarding = register.number(call.to)?.voice?.forwarding
    const spec = forwarding?.when === 'always' ? forwardTo(register, call, forwarding.to) : onward(register, call)
    if (spec !== null) await transfer(call, spec)
  }

  const transfer = async (call: Call, spec: DialSpec): Promise<void> => {
    const made = await engine.execute(
      { account: call.account, language: LANGUAGE },
      {
        type: 'transfer',
        call: call.id,
        spec,
        afterBridge: 'hang-up',
        muteDigits: 'none',
        earlyMedia: true,
        announce: null,
      },
    )
    if (made.ok && made.value.call !== null) callers.set(made.value.call.id, call.id)
    else await failed(call, 'rejected')
  }

  const failed = async (call: Call, reason: 'busy' | 'rejected'): Promise<void> => {
    const forwarding = register.number(call.to)?.voice?.forwarding
    if (forwarding?.when !== 'on-failure' || forwarded.has(call.id)) return refuse(call, reason)
    forwarded.add(call.id)
    await transfer(call, forwardTo(register, call, forwarding.to))
  }

  const refuse = async (call: Call, reason: 'busy' | 'rejected'): Promise<void> => {
    const actor = { account: call.account, language: LANGUAGE }
    const refused = await engine.execute(actor, { type: 'reject', call: call.id, reason })
    if (!refused.ok && refused.error.type !== 'call-ended' && refused.error.type !== 'call-unknown')
      log.warn({ call: call.id, error: refused.error.type }, 'a connection could not refuse a call')
  }

  const record = async (call: Call): Promise<void> => {
    const recording = register.number(call.to)?.voice?.recording
    if (recording == null) return
    await engine.execute(
      { account: call.account, language: LANGUAGE },
      { type: 'record', call: call.id, options: { ...plainRecording, ...recording }, notes: call.notes },
    )
  }

  const giveUp = (gone: Call): void => {
    const origin = callers.get(gone.id)
    if (origin === undefined) return
    callers.delete(gone.id)
    if (gone.answeredAtWallMs !== null) return
    const caller = engine.call(gone.account, origin)
    if (caller?.state === 'ringing-in') void failed(caller, gone.end?.cause === 'busy' ? 'busy' : 'rejected')
  }

  /** The caller hung up while its call out still rings. */
  const callOff = (gone: Call): void => {
    for (const [out, origin] of callers) {
      if (origin !== gone.id) continue
      const actor = { account: gone.account, language: LANGUAGE }
      void engine.execute(actor, { type: 'hang-up', call: out, headers: [] })
    }
  }

  engine.listen(({ fact }: EngineEvent) => {
    if (fact.type === 'call.initiated' && fact.call.direction === 'incoming') void put(fact.call)
    else if (fact.type === 'call.answered' && fact.call.direction === 'incoming') void record(fact.call)
    else if (fact.type === 'call.ended') {
      forwarded.delete(fact.call.id)
      giveUp(fact.call)
      callOff(fact.call)
    }
  })
}

const plainRecording = {
  track: 'both',
  maxDurationMs: 0,
  silenceTimeoutMs: 0,
  beep: false,
  trimSilence: false,
  fileName: null,
} as const

function forwardTo(register: Register, call: Call, to: string): DialSpec {
  const ringTimeoutMs = register.application(call.application)?.connection?.ringTimeoutMs
  return { ...dialOf(call), to, ringTimeoutMs: ringTimeoutMs ?? DEFAULT_DIAL_TIMEOUT_SECS * 1000 }
}

/** Where a connection's call goes on to; null when it stays, for a program. */
function onward(register: Register, call: Call): DialSpec | null {
  const application = register.application(call.application)
  const { connection } = application ?? {}
  if (application === null || connection === undefined || connection.parksCalls) return null
  const number = register.number(call.to)
  const toUs = number?.application === application.id || register.user(call.to)?.application === application.id
  const inward = toUs ? destinations(register, application.id, call.to) : [call.to]
  const [to, ...alsoTo] = inward
  if (to === undefined) return null
  return {
    ...dialOf(call),
    to,
    alsoTo,
    ...(toUs && connection.kind !== 'credential' ? { via: application.id } : {}),
    from: toUs ? call.from : (connection.callerId ?? call.from),
    ringTimeoutMs: connection.ringTimeoutMs,
  }
}

/** A call out in the name of one in. */
function dialOf(call: Call): Omit<DialSpec, 'to' | 'ringTimeoutMs'> {
  return {
    account: call.account,
    application: call.application,
    alsoTo: [],
    from: call.from,
    fromName: call.fromName === call.from ? null : call.fromName,
    headers: call.headers,
    auth: null,
    codecs: [],
    encryption: null,
    transport: null,
    privacy: false,
    timeLimitMs: DEFAULT_TIME_LIMIT_SECS * 1000,
    linkTo: call.id,
    supervision: null,
    afterBridge: 'hang-up',
    onAnswer: nothingOnAnswer,
    notes: {},
  }
}

/** A named login alone; for a number all that log in for the connection ring, or its addresses are tried. */
function destinations(register: Register, connection: Call['application'], called: string): readonly string[] {
  const application = register.application(connection)
  if (register.user(called)?.application === connection) return [called]
  if (application?.connection?.kind !== 'credential') return [register.number(called)?.voice?.translated ?? called]
  const own = application.connection.username
  return [...(own === null ? [] : [own]), ...register.loginsOf(connection)].slice(0, MAX_LOGINS_RUNG)
}
