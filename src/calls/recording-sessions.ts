// Conversations copied to recording servers (SIPREC): begun and ended by command, ended with their call, and told who takes part
// whenever that changes: another bridge, a room somebody joins or leaves, a hold. A server that fails ends nothing but its
// own recording.

import type { CallId, RecordingSessionId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { LegEnd, LegEvent, RecordedParty } from '#legs/leg.ts'
import { callEnd } from './call-end.ts'
import type { Refusal } from './commands.ts'
import type { EngineEvent } from './events.ts'
import type { Hall, LiveCall } from './hall.ts'
import { MAX_RECORDED_PARTIES, MAX_RECORDING_SESSIONS_AT_ONCE } from './limits.ts'
import type { Call, CallEnd, RecordingSession, RecordingSpec } from './model.ts'

type News = Extract<LegEvent, { readonly type: `leg.recording-session-${string}` }>

/** What the server of one session was told last. */
interface Told {
  readonly live: LiveCall
  /** By reference: records are replaced when they change. */
  surroundings: readonly unknown[]
  parties: readonly RecordedParty[]
}

export class RecordingSessions {
  readonly #hall: Hall
  readonly #told = new Map<RecordingSessionId, Told>()
  /** Calls whose far party holds us. */
  readonly #held = new Set<CallId>()

  constructor(hall: Hall) {
    this.#hall = hall
    hall.listen((event) => this.#heard(event))
  }

  /** The same order once more changes nothing; another one under the same name is refused. */
  begin(
    live: LiveCall,
    spec: RecordingSpec,
    id = this.#hall.doors.ids.make<'recording-session'>(),
  ): Result<void, Refusal> {
    const { call } = live
    if (call.state !== 'answered') return err({ type: 'call-not-answered' })
    const same = call.recordingSessions.find((one) => one.spec.name === spec.name)
    if (same !== undefined) {
      const repeated = JSON.stringify(same.spec) === JSON.stringify(spec)
      return repeated ? ok(undefined) : err({ type: 'recording-session-running', name: spec.name })
    }
    if (call.recordingSessions.length >= MAX_RECORDING_SESSIONS_AT_ONCE)
      return err({ type: 'limit-reached', limit: `${MAX_RECORDING_SESSIONS_AT_ONCE} recording sessions on one call` })
    const session: RecordingSession = {
      id,
      spec,
      state: 'starting',
      startedAtWallMs: this.#hall.wallMs,
    }
    this.#hall.setCall(live, { recordingSessions: [...call.recordingSessions, session] })
    const parties = this.#parties(live, [])
    this.#told.set(session.id, { live, surroundings: this.#surroundings(live), parties })
    const { server, secure, track, intervalS, headers, parameters } = spec
    this.#hall.toLeg({
      type: 'begin-recording-session',
      leg: call.id,
      order: {
        session: session.id,
        group: call.group,
        server,
        secure,
        tracks: track === 'both' ? ['inbound', 'outbound'] : [track],
        intervalS,
        headers,
        parameters,
        startedAtWallMs: session.startedAtWallMs,
        parties,
      },
    })
    return ok(undefined)
  }

  /** @param name null: all of them */
  end(live: LiveCall, name: string | null): Result<void, Refusal> {
    const meant = live.call.recordingSessions.filter((one) => name === null || one.spec.name === name)
    for (const { id } of meant) this.#hall.toLeg({ type: 'end-recording-session', leg: live.call.id, session: id })
    return meant.length > 0 ? ok(undefined) : err({ type: 'recording-session-unknown' })
  }

  onLeg(live: LiveCall, event: News): void {
    const session = live.call.recordingSessions.find((one) => one.id === event.session)
    if (session === undefined) return
    if (event.type === 'leg.recording-session-ended') {
      const { cause } = callEnd(event.end, null, session.state === 'running')
      return this.#over(live, session, causeOf(event.end, cause))
    }
    const running: RecordingSession = { ...session, state: 'running' }
    this.#hall.setCall(live, {
      recordingSessions: live.call.recordingSessions.map((one) => (one === session ? running : one)),
    })
    this.#hall.tell({ type: 'recording-session.started', call: live.call, session: running }, live.call.id)
  }

  /** The call is over; its leg ends them on the wire. */
  callEnded(live: LiveCall): void {
    this.#held.delete(live.call.id)
    for (const session of live.call.recordingSessions) {
      this.#hall.toLeg({ type: 'end-recording-session', leg: live.call.id, session: session.id })
      this.#over(live, session, session.state === 'running' ? 'normal' : 'cancelled')
    }
  }

  /** A crash ended them. */
  recovered(live: LiveCall): void {
    for (const session of live.call.recordingSessions) this.#over(live, session, 'failed')
  }

  #over(live: LiveCall, session: RecordingSession, cause: CallEnd['cause']): void {
    this.#told.delete(session.id)
    this.#hall.setCall(live, { recordingSessions: live.call.recordingSessions.filter((one) => one !== session) })
    const type = session.state === 'running' ? 'recording-session.stopped' : 'recording-session.failed'
    this.#hall.tell({ type, call: live.call, session, cause }, live.call.id)
  }

  #heard({ fact }: EngineEvent): void {
    if (fact.type === 'call.held') this.#held.add(fact.call.id)
    else if (fact.type === 'call.unheld' || fact.type === 'call.ended') this.#held.delete(fact.call.id)
    for (const [session, told] of this.#told) {
      const { live } = told
      const surroundings = this.#surroundings(live)
      if (surroundings.every((one, index) => one === told.surroundings[index])) continue
      told.surroundings = surroundings
      const parties = this.#parties(live, told.parties)
      if (JSON.stringify(parties) === JSON.stringify(told.parties)) continue
      told.parties = parties
      this.#hall.toLeg({ type: 'update-recording-session', leg: live.call.id, session, parties })
    }
  }

  /** Whatever a picture of the conversation is made of. */
  #surroundings({ call }: LiveCall): readonly unknown[] {
    const { place } = call
    const room = place.type === 'conference' ? this.#hall.conferences.get(place.conference) : undefined
    const peerHeld = place.type === 'bridged' && this.#held.has(place.peer)
    return [place, room?.conference.participants, this.#held.has(call.id), peerHeld]
  }

  /** Who takes part now, and who did before. */
  #parties(live: LiveCall, before: readonly RecordedParty[]): readonly RecordedParty[] {
    const now = this.#hall.wallMs
    const present = this.#present(live).map((party) => {
      const known = before.find((one) => one.id === party.id && one.untilWallMs === null)
      return { ...party, sinceWallMs: known?.sinceWallMs ?? now, untilWallMs: null }
    })
    const gone = before
      .filter((one) => !present.some((party) => party.id === one.id))
      .map((one) => ({ ...one, untilWallMs: one.untilWallMs ?? now, sends: null, hears: null }))
    return [...gone, ...present].slice(-MAX_RECORDED_PARTIES)
  }

  #present({ call }: LiveCall): readonly Omit<RecordedParty, 'sinceWallMs' | 'untilWallMs'>[] {
    const held = this.#held.has(call.id)
    const self = { ...identity(call), sends: 'inbound', hears: held ? null : 'outbound' } as const
    const heard = (other: Call, silent: boolean) =>
      ({ ...identity(other), sends: silent || held ? null : 'outbound', hears: 'inbound' }) as const
    const { place } = call
    const calls = this.#hall.calls
    if (place.type === 'bridged') {
      const peer = calls.get(place.peer)
      const deaf = this.#held.has(place.peer)
      return peer === undefined ? [self] : [self, { ...heard(peer.call, false), ...(deaf ? { hears: null } : {}) }]
    }
    const room = place.type === 'conference' ? this.#hall.conferences.get(place.conference) : undefined
    if (room !== undefined) {
      const others = room.conference.participants.flatMap((one) => {
        const other = one.call === call.id ? undefined : calls.get(one.call)
        return other === undefined ? [] : [heard(other.call, one.muted || one.held || one.role === 'monitor')]
      })
      return [self, ...others]
    }
    // Alone with the application, which speaks under the number that was called, or calls.
    const address = call.direction === 'incoming' ? call.toUri : call.from
    const application = { id: call.application, address: asAddress(address), name: null }
    return [self, { ...application, sends: held ? null : 'outbound', hears: 'inbound' }]
  }
}

/** The far party of a call. */
function identity(call: Call): Pick<RecordedParty, 'id' | 'address' | 'name'> {
  const incoming = call.direction === 'incoming'
  return { id: call.id, address: asAddress(incoming ? call.fromUri : call.to), name: incoming ? call.fromName : null }
}

function asAddress(text: string): string {
  if (/^(sips?|tel):/i.test(text)) return text
  return /^\+?[0-9]+$/.test(text) ? `tel:${text}` : `sip:${encodeURIComponent(text)}@localhost`
}

/** Not answering is no answer, whoever's patience ended. */
function causeOf(end: LegEnd, cause: CallEnd['cause']): CallEnd['cause'] {
  return end.how === 'no-answer-in-time' ? 'no-answer' : cause
}
