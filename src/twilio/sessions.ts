// The shell of the programmes: one session for each call that a document runs on. It hears the engine's facts, fetches
// documents, carries out what programmes want, keeps their time, and is where REST takes hold of a live call.

import type { Application } from '#accounts/model.ts'
import type { Register } from '#accounts/register.ts'
import type { Clock, Timer } from '#base/clock.ts'
import type { CallId, IdMaker } from '#base/ids.ts'
import type { DeclaredRecogniser } from '#base/recogniser.ts'
import { err, ok, type Result } from '#base/result.ts'
import { unreachable } from '#base/unreachable.ts'
import type { EngineCommand, Refusal } from '#calls/commands.ts'
import type { Engine } from '#calls/engine.ts'
import type { Fact } from '#calls/events.ts'
import type { Call } from '#calls/model.ts'
import { answeredBy } from './answering-machines.ts'
import { reach } from './applications.ts'
import type { Asking } from './asking.ts'
import { LANGUAGE } from './doors.ts'
import { FetchMemory } from './fetch-memory.ts'
import { LINGER_MS, MAX_EXCHANGING } from './limits.ts'
import { type Instructions, notesOf, shownId } from './notes.ts'
import { addresses, standardParameters } from './parameters.ts'
import { Programme } from './programme/programme.ts'
import type { ProgrammeDoors } from './programme/programme-doors.ts'
import {
  type Answer,
  Counter,
  type Effect,
  type Input,
  type ParticipantInput,
  resolved,
  Turn,
  type WhisperEnd,
} from './programme/turn.ts'
import type { Redirection } from './redirection.ts'
import type { Parameters } from './signature.ts'
import type { Sites } from './sites.ts'
import { API_VERSION } from './spelling.ts'
import { handshakeHeaders } from './streams.ts'
import { texmlParameters } from './texml/parameters.ts'
import { filledRequest } from './texml/templates.ts'
import type { Document, DocumentContext, Problem, Target } from './twiml/verbs.ts'
import { vendorOf } from './vendor.ts'
import { instructionsOf } from './voice-settings.ts'

export interface SessionDoors {
  readonly engine: Engine
  readonly register: Register
  readonly asking: Asking
  readonly clock: Clock
  readonly ids: IdMaker
  readonly baseUrl: () => string
  readonly recognisers: readonly DeclaredRecogniser[]
  readonly enhancedSip: boolean
  readonly sites: Sites
  readonly noiseFallback: boolean
}

/** What a session begins with. */
type Beginning =
  | { readonly type: 'url'; readonly target: Target; readonly fallback: Target | null }
  | { readonly type: 'document'; readonly document: Document; readonly url?: string | null }

interface Session {
  readonly call: CallId
  programme: Programme
  readonly context: DocumentContext
  /** Told how a document on this call ended, when another call's verb asked for it. */
  whisperFor: CallId | null
  readonly memory: FetchMemory
  readonly timers: Map<string, Timer>
  readonly count: Counter
  fallback: Target | null
  /** The newest record of the call. */
  record: Call
  over: boolean
  /** The apology has been spoken already. */
  sorry: boolean
  /** Requests to others that are not answered yet. */
  exchanging: number
}

export class Sessions {
  readonly #doors: SessionDoors
  readonly #sessions = new Map<CallId, Session>()
  /** Documents that run on a call because another call's verb wants so, before the bridge. */
  readonly #whispers = new Map<CallId, Session>()
  /** The last referral that a verb answered. */
  #taken = ''

  constructor(doors: SessionDoors) {
    this.#doors = doors
    doors.engine.listen((event) => this.#fact(event.fact))
  }

  /** How many calls have a document. */
  get size(): number {
    return this.#sessions.size
  }

  /** CALL-14, LEG-01: another document for a live call; whatever runs on it ends at once. */
  async redirect(id: CallId, to: Redirection): Promise<Result<void, Refusal>> {
    const call = this.#live(id)
    if (call === null) return err({ type: 'call-unknown' })
    if (call.state !== 'answered') return err({ type: 'call-not-answered' })
    const session = this.#sessions.get(id)
    if (session !== undefined) {
      this.#step(session, (turn) => {
        session.programme.abort(turn)
        return null
      })
      this.#release(session)
    }
    const whisper = this.#whispers.get(id)
    if (whisper !== undefined) this.#conclude(whisper, 'failed')
    await this.#free(call)
    this.#begin(this.#live(id) ?? call, 'main', null, this.#beginning(call, to))
    return ok(undefined)
  }

  /** What REST asks of a participant; false: it is not in a conference by a document of its own. */
  tell(id: CallId, input: ParticipantInput): boolean {
    const session = this.#sessions.get(id)
    if (session === undefined) return false
    this.#input(session, input)
    return true
  }

  // ---- facts

  #fact(fact: Fact): void {
    const call = 'call' in fact ? fact.call : null
    if (call !== null) {
      if (fact.type === 'call.initiated') this.#arrived(call)
      for (const session of [this.#whispers.get(call.id), this.#sessions.get(call.id)]) {
        if (session === undefined) continue
        session.record = call
        if (fact.type === 'call.ended') this.#ended(session, { type: 'fact', fact })
        else this.#input(session, { type: 'fact', fact })
      }
      this.#outgoing(fact, call)
      this.#noteVerdict(fact)
      const { parent } = notesOf(call)
      if (parent !== undefined) this.#relay(parent, fact)
      // REF-04: nobody's Dial connects it.
      if (
        fact.type === 'call.transfer-wanted' &&
        this.#taken !== `${call.id} ${fact.referral}` &&
        this.#applicationOf(call)
      )
        void this.#execute(call, { type: 'report-transfer', call: call.id, referral: fact.referral, status: 603 })
    } else if ('recording' in fact && fact.recording.call !== null) this.#relay(fact.recording.call, fact)
    if ('conference' in fact && fact.conference !== null) {
      for (const { call: one } of fact.conference.participants) if (one !== call?.id) this.#relay(one, fact)
    }
    if (fact.type === 'queue.entered') {
      for (const session of this.#sessions.values())
        if (session.record.account === fact.queue.account && session.call !== fact.call.id)
          this.#input(session, { type: 'fact', fact })
    }
  }

  #relay(to: CallId, fact: Fact): void {
    for (const session of [this.#sessions.get(to), this.#whispers.get(to)])
      if (session !== undefined) this.#input(session, { type: 'fact', fact })
  }

  /** A call came in for an application of this language. */
  #arrived(call: Call): void {
    if (call.direction !== 'incoming' || this.#sessions.has(call.id)) return
    const application = this.#applicationOf(call)
    if (application === null) return
    const instructions = instructionsOf(application)
    if (instructions === null) {
      this.#note(call, {
        level: 'error',
        code: 11100,
        message: `A call to ${call.to} found no voice URL; give the number, domain or application one.`,
      })
      return void this.#execute(call, { type: 'reject', call: call.id, reason: 'rejected' })
    }
    this.#begin(call, 'main', null, { type: 'url', ...instructions }, notesOf(call).firstParameters)
  }

  /** Calls made over REST get their document with the answer, or with the verdict on who answered (WH-03, WH-50). */
  #outgoing(fact: Fact, call: Call): void {
    const { instructions, waitForVerdict } = notesOf(call)
    if (instructions === undefined || this.#sessions.has(call.id)) return
    if (fact.type === 'call.answered' && waitForVerdict === undefined) return this.#instruct(call)
    if (fact.type !== 'answerer.detected' && fact.type !== 'answerer.greeting-ended') return
    const verdict = answeredBy(fact, waitForVerdict === 'message-end')
    if (verdict === null || waitForVerdict === undefined) return
    const notes = { ...call.notes, answeredBy: verdict }
    void this.#execute(call, { type: 'note', call: call.id, notes }).then(() => {
      const live = this.#live(call.id)
      if (live !== null && !this.#sessions.has(call.id)) this.#instruct(live)
    })
  }

  /** CPE-11: a verdict that nothing waits for is part of the call all the same. */
  #noteVerdict(fact: Fact): void {
    if (fact.type !== 'answerer.detected' && fact.type !== 'answerer.greeting-ended') return
    const { call } = fact
    const { waitForVerdict, verdictToTheEnd } = notesOf(call)
    if (waitForVerdict !== undefined || this.#applicationOf(call) === null) return
    const verdict = answeredBy(fact, verdictToTheEnd === true)
    if (verdict === null) return
    void this.#execute(call, { type: 'note', call: call.id, notes: { ...call.notes, answeredBy: verdict } })
  }

  #instruct(call: Call): void {
    const { instructions } = notesOf(call)
    if (instructions !== undefined) this.#begin(call, 'main', null, this.#beginning(call, instructions))
  }

  #beginning(call: Call, from: Instructions): Beginning {
    if (from.type !== 'inline') return from
    const read = this.#doors.asking.inline(call.application, from.twiml)
    if (read.ok) return { type: 'document', document: read.value }
    this.#note(call, read.error)
    return { type: 'document', document: APOLOGY }
  }

  // ---- sessions

  #begin(
    call: Call,
    context: DocumentContext,
    whisperFor: CallId | null,
    first: Beginning,
    extra: Parameters = [],
  ): void {
    const fallback = first.type === 'url' ? first.fallback : null
    const session: Session = {
      call: call.id,
      programme: new Programme(context, { url: null, method: 'POST' }, this.#programmeDoors()),
      context,
      whisperFor,
      memory: new FetchMemory(),
      timers: new Map(),
      count: new Counter(),
      fallback,
      record: call,
      over: false,
      sorry: false,
      exchanging: 0,
    }
    this.#table(session).set(call.id, session)
    this.#step(session, (turn) => {
      if (first.type === 'document') {
        for (const problem of first.document.warnings) this.#note(call, problem)
        return session.programme.load(first.document, first.url ?? null, turn)
      }
      session.programme.request(first.target, extra, turn)
      return null
    })
  }

  #input(session: Session, input: Input): void {
    if (session.over) return
    this.#step(session, (turn) => session.programme.on(input, turn))
  }

  #ended(session: Session, input: Input): void {
    this.#step(session, (turn) => {
      if (!session.programme.callEnded(input, turn)) session.over = true
      return null
    })
    if (session.over) return this.#release(session)
    this.#setTimer(session, 'linger', this.#doors.clock.nowMs() + LINGER_MS)
  }

  #step(session: Session, work: (turn: Turn) => ReturnType<Programme['on']>): void {
    const effects: Effect[] = []
    const { place } = session.record
    const turn = new Turn({
      nowMs: this.#doors.clock.nowMs(),
      wallMs: this.#doors.clock.wallMs(),
      call: session.record,
      queue: place.type === 'queue' ? (this.#doors.engine.hall.queues.get(place.queue) ?? null) : null,
      origin: { url: null, method: 'POST' },
      ids: this.#doors.ids,
      count: session.count,
      effects,
    })
    const ending = work(turn)
    for (const effect of effects) this.#run(session, effect)
    if (ending !== null) this.#conclude(session, ending)
  }

  #conclude(session: Session, ending: NonNullable<ReturnType<Programme['on']>>): void {
    if (session.whisperFor !== null) {
      if (session.over) return
      const how: WhisperEnd = ending === 'ended' ? 'done' : ending === 'failed' ? 'failed' : 'declined'
      this.#release(session)
      const asked = this.#sessions.get(session.whisperFor)
      if (asked !== undefined) this.#input(asked, { type: 'whisper-ended', call: session.call, how })
      return
    }
    if (session.record.state === 'ended') return this.#release(session)
    // TR-11: the caller is told, then hung up on.
    if (ending === 'failed' && !session.sorry) {
      session.sorry = true
      return this.#step(session, (turn) => session.programme.load(APOLOGY, null, turn))
    }
    session.over = true
    void this.#execute(session.record, { type: 'hang-up', call: session.call, headers: [] })
  }

  #release(session: Session): void {
    session.over = true
    for (const timer of session.timers.values()) timer.cancel()
    session.timers.clear()
    if (this.#stands(session)) this.#table(session).delete(session.call)
  }

  #table(session: Session): Map<CallId, Session> {
    return session.whisperFor === null ? this.#sessions : this.#whispers
  }

  #stands(session: Session): boolean {
    return this.#table(session).get(session.call) === session
  }

  /** Out of bridge, conference and queue, and silent. */
  async #free(call: Call): Promise<void> {
    const now = this.#live(call.id)
    switch (now?.place.type) {
      case 'bridged':
        await this.#execute(call, { type: 'unbridge', call: call.id })
        break
      case 'conference':
        await this.#execute(call, {
          type: 'leave-conference',
          conference: now.place.conference,
          call: call.id,
          beep: null,
        })
        break
      case 'queue':
        await this.#execute(call, { type: 'leave-queue', call: call.id })
        break
      default:
    }
    await this.#execute(call, { type: 'after-bridge', call: call.id, afterBridge: 'park' })
    await this.#execute(call, { type: 'stop-play', call: call.id, which: 'all', overlay: false })
  }

  // ---- effects

  #run(session: Session, effect: Effect): void {
    switch (effect.type) {
      case 'command':
        if (effect.command.type === 'report-transfer') this.#taken = `${effect.command.call} ${effect.command.referral}`
        void this.#execute(session.record, effect.command).then((done) => {
          if (!this.#stands(session)) return
          this.#input(
            session,
            done.ok
              ? { type: 'accepted', token: effect.token, accepted: done.value }
              : { type: 'refused', token: effect.token, refusal: done.error },
          )
        })
        return
      case 'obtain':
        return this.#obtain(session, effect)
      case 'exchange':
        return this.#exchange(session, effect)
      case 'ask': {
        const { target, parameters } = effect
        void this.#doors.asking.tell(asker(session), target, this.#parameters(session.record, parameters))
        return
      }
      case 'set-timer':
        return this.#setTimer(session, effect.name, effect.atMs)
      case 'clear-timer':
        session.timers.get(effect.name)?.cancel()
        session.timers.delete(effect.name)
        return
      case 'note':
        return this.#note(session.record, effect.problem)
      case 'whisper': {
        const on = this.#live(effect.on)
        if (on === null) return
        return this.#begin(
          on,
          effect.context,
          session.call,
          { type: 'url', target: effect.target, fallback: null },
          effect.parameters,
        )
      }
      case 'take-over': {
        const on = this.#live(effect.on)
        if (on === null) return
        const { document, url } = effect
        return this.#begin(on, 'main', session.call, { type: 'document', document, url })
      }
      case 'let-go': {
        const other = this.#whispers.get(effect.on)
        if (other === undefined || other.whisperFor !== session.call) return
        this.#whispers.delete(effect.on)
        other.whisperFor = null
        this.#sessions.set(effect.on, other)
        return
      }
      case 'end-whisper': {
        const other = this.#whispers.get(effect.on)
        if (other !== undefined && other.whisperFor === session.call) this.#release(other)
        return
      }
      case 'tell': {
        const other = this.#sessions.get(effect.to)
        if (other !== undefined) this.#input(other, effect.input)
        return
      }
      default:
        return unreachable(effect)
    }
  }

  #obtain(session: Session, effect: Extract<Effect, { readonly type: 'obtain' }>): void {
    const main = session.context === 'main' && effect.context === 'main'
    const about = effect.of === session.call ? session.record : (this.#live(effect.of) ?? session.record)
    const parameters = this.#parameters(about, effect.parameters)
    void this.#doors.asking
      .document(asker(session), effect.target, parameters, effect.context, main ? session.fallback : null)
      .then((had) => {
        if (!this.#stands(session)) return
        this.#input(
          session,
          had === null
            ? { type: 'no-document', wish: effect.wish }
            : { type: 'document', wish: effect.wish, document: had.document, url: had.url },
        )
      })
  }

  /** TX-06. */
  #exchange(session: Session, { wish, request, origin }: Extract<Effect, { readonly type: 'exchange' }>): void {
    const told = (answer: Answer | null): void => {
      if (this.#stands(session)) this.#input(session, { type: 'exchanged', wish, answer })
    }
    if (session.exchanging >= MAX_EXCHANGING) {
      const message = `More than ${MAX_EXCHANGING} HttpRequests of one call are on their way; this one is not made.`
      this.#note(session.record, { level: 'warning', code: 11200, message })
      // The step that asked for it is not over yet.
      return queueMicrotask(() => told(null))
    }
    session.exchanging++
    const full = filledRequest(request, this.#parameters(session.record, []))
    const sent = { ...full, url: resolved(full.url, origin) }
    void this.#doors.asking.send(asker(session), sent).then((answer) => {
      session.exchanging--
      told(answer)
    })
  }

  #parameters(record: Call, extra: Parameters): Parameters {
    const given = new Set(extra.map(([name]) => name))
    const application = this.#doors.register.application(record.application)
    const standard = standardParameters(record, application)
    const said = [...standard.filter(([name]) => !given.has(name)), ...extra]
    return vendorOf(application) === 'telnyx' ? texmlParameters(said, application, record) : said
  }

  #setTimer(session: Session, name: string, atMs: number): void {
    session.timers.get(name)?.cancel()
    session.timers.set(
      name,
      this.#doors.clock.at(atMs, () => {
        session.timers.delete(name)
        if (name === 'linger') this.#release(session)
        else this.#input(session, { type: 'timer', name })
      }),
    )
  }

  #note(call: Call, problem: Problem): void {
    this.#doors.asking.note(call.account, shownId(call), problem)
  }

  #execute(call: Call, command: EngineCommand): ReturnType<Engine['execute']> {
    return this.#doors.engine.execute({ account: call.account, language: LANGUAGE }, command)
  }

  #live(id: CallId): Call | null {
    return this.#doors.engine.hall.calls.get(id)?.call ?? null
  }

  #applicationOf(call: Call): Application | null {
    const application = this.#doors.register.application(call.application)
    return application?.dialect === LANGUAGE ? application : null
  }

  #programmeDoors(): ProgrammeDoors {
    const { register, recognisers } = this.#doors
    return {
      baseUrl: this.#doors.baseUrl(),
      apiVersion: API_VERSION,
      streamHeaders: (account, url) => handshakeHeaders(register.authToken(account), url),
      siprecConnectors: (account) => register.book.list(account, 'siprec-connector').map(({ fields }) => fields),
      recognisers,
      enhancedSip: this.#doors.enhancedSip,
      reach: (account, named) => reach(register, account, named),
      addresses: (call) => addresses(call, register.application(call.application)),
      sites: this.#doors.sites,
      noiseFallback: this.#doors.noiseFallback,
    }
  }
}

function asker({ record, memory }: Session) {
  return { account: record.account, application: record.application, call: shownId(record), memory }
}

/** TR-11: what a caller hears when its application cannot be had. */
const APOLOGY: Document = {
  verbs: [
    {
      type: 'say',
      text: 'We are sorry, an application error has occurred. Goodbye.',
      markup: 'text',
      voice: null,
      language: null,
      times: 1,
    },
    { type: 'hangup', parameters: [] },
  ],
  warnings: [],
}
