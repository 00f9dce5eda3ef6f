// A call's life: incoming or dialled, ringing, answered, ended. Says what the wire says, carries out what was planned
// for the answer, and cleans up in the order customers rely on: sounds and gathers end, rooms and bridges are left, and
// `call.ended` is told last (telnyx-voice §9.6).

import type { CallId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import { unreachable } from '#base/unreachable.ts'
import type { DialRequest, IncomingLeg, LegEvent } from '#legs/leg.ts'
import type { MediaEvent } from '#media/protocol.ts'
import type { Bridging } from './bridging.ts'
import { callEnd } from './call-end.ts'
import type { DialSpec, Refusal } from './commands.ts'
import { type Conferencing, conferenceRole } from './conferencing.ts'
import { digitSteps } from './digits.ts'
import type { CallAttempt } from './doors.ts'
import type { Gathering } from './gathering.ts'
import type { Hall, LiveCall } from './hall.ts'
import { MAX_LIVE_CALLS } from './limits.ts'
import { type Call, nothingOnAnswer, ordinaryJoin } from './model.ts'
import type { Playing } from './playing.ts'
import type { Queueing } from './queueing.ts'
import type { RecordingDesk } from './recording.ts'
import type { RecordingSessions } from './recording-sessions.ts'
import type { Referring } from './referring.ts'
import type { Streaming } from './streaming.ts'
import type { Supervising } from './supervising.ts'
import type { Transcribing } from './transcribing.ts'
import { inherited, type Transferring } from './transferring.ts'

/** Ringing as it is heard where nobody said which. */
const HOME = 'us'
/** Digits sent on answer last this long each. */
const DIGIT_ON_ANSWER_MS = 250

export interface CallingRooms {
  readonly playing: Playing
  readonly gathering: Gathering
  readonly recordings: RecordingDesk
  readonly recordingSessions: RecordingSessions
  readonly bridging: Bridging
  readonly conferencing: Conferencing
  readonly queueing: Queueing
  readonly supervising: Supervising
  readonly referring: Referring
  readonly streaming: Streaming
  readonly transcribing: Transcribing
  readonly transferring: Transferring
}

export class Calling {
  readonly #hall: Hall
  readonly #rooms: CallingRooms

  constructor(hall: Hall, rooms: CallingRooms) {
    this.#hall = hall
    this.#rooms = rooms
  }

  dial(spec: DialSpec): Result<LiveCall, Refusal> {
    const routes = [spec.to, ...spec.alsoTo].map((to) => this.#hall.doors.legs.route(spec.account, to, spec))
    const refused = routes[0]
    if (refused != null && routes.every((one) => one !== null)) {
      const type = refused.type === 'not-allowed' ? 'destination-not-allowed' : refused.type
      return err({ type, to: spec.to })
    }
    const { account, application, to, alsoTo } = spec
    // What comes in here again is judged there.
    const barred =
      spec.arrival === undefined
        ? this.#bars({ direction: 'outgoing', account, application, to: [to, ...alsoTo] })
        : null
    if (barred !== null) return err(barred)
    if (this.#hall.calls.size >= MAX_LIVE_CALLS)
      return err({ type: 'limit-reached', limit: `${MAX_LIVE_CALLS} live calls` })
    const linked = spec.linkTo === null ? undefined : this.#hall.calls.get(spec.linkTo)
    const live = this.#hall.addCall({
      id: spec.id ?? this.#hall.doors.ids.make<'call'>(),
      group: linked?.call.group ?? this.#hall.doors.ids.make<'call-group'>(),
      account: spec.account,
      application: spec.application,
      direction: 'outgoing',
      from: spec.from,
      fromName: spec.fromName,
      to: spec.to,
      fromUri: spec.from,
      toUri: spec.to,
      headers: spec.headers,
      offeredCodecs: spec.codecs,
      identity: null,
      sourceHost: null,
      party: /^(?:sip|user):/.test(spec.to) ? 'phone' : 'trunk',
      sipCallId: null,
      state: 'dialing-out',
      place: { type: 'parked' },
      codec: null,
      samplingRateHz: null,
      createdAtWallMs: this.#hall.wallMs,
      answeredAtWallMs: null,
      endedAtWallMs: null,
      end: null,
      stats: null,
      afterBridge: spec.afterBridge,
      supervision: spec.supervision,
      onAnswer: spec.onAnswer,
      timeLimitMs: spec.timeLimitMs,
      recordingSessions: [],
      ...(spec.arrival === undefined ? {} : { unlisted: true }),
      notes: spec.notes,
    })
    live.commanded = true
    live.arrival = spec.arrival ?? null
    this.#hall.tell({ type: 'call.initiated', call: live.call }, live.call.id)
    const begin = (): void => this.#hall.toLeg({ type: 'dial', request: dialRequest(live.call, spec) })
    const dial = (): void => this.#later(live, spec.delayMs ?? 0, begin)
    const stream = spec.stream ?? null
    live.transcribeOnAnswer = spec.transcription ?? null
    if (stream?.early === true) this.#rooms.streaming.startEarly(live, stream.spec, dial)
    else {
      live.streamOnAnswer = stream?.spec ?? null
      dial()
    }
    return ok(live)
  }

  #later(live: LiveCall, delayMs: number, begin: () => void): void {
    if (delayMs <= 0) return begin()
    live.dialLater = () => {
      this.#hall.clearTimer(live, 'dial')
      live.dialLater = null
      begin()
    }
    this.#hall.setTimer(live, 'dial', this.#hall.nowMs + delayMs, () => live.dialLater?.())
  }

  onLeg(event: LegEvent): void {
    if (event.type === 'leg.incoming') return this.#incoming(event.incoming)
    const live = this.#hall.calls.get(event.leg)
    if (live === undefined || live.call.state === 'ended') return
    switch (event.type) {
      case 'leg.trying':
        return this.#hall.setCall(live, { sipCallId: event.sipCallId })
      case 'leg.ringing':
        return this.#ringing(live)
      case 'leg.early-media':
        return this.#earlyMedia(live)
      case 'leg.answered':
        return this.#answered(live, event)
      case 'leg.held':
        return this.#hall.tell({ type: 'call.held', call: live.call }, live.call.id)
      case 'leg.unheld':
        return this.#hall.tell({ type: 'call.unheld', call: live.call }, live.call.id)
      case 'leg.digit':
        this.#rooms.streaming.digit(live, event.digit, event.durationMs)
        return this.digit(live, event.digit, event.durationMs)
      case 'leg.info':
        return this.#hall.tell(
          { type: 'call.info', call: live.call, contentType: event.contentType, body: event.body },
          live.call.id,
        )
      case 'leg.refer-accepted':
        return this.#rooms.referring.accepted(live)
      case 'leg.refer-ended':
        return this.#rooms.referring.ended(live, event.status, event.notified)
      case 'leg.recording-session-begun':
      case 'leg.recording-session-ended':
        return this.#rooms.recordingSessions.onLeg(live, event)
      case 'leg.transfer-wanted':
        return this.#rooms.transferring.wanted(live, event.wish)
      case 'leg.ended':
        return this.#ended(live, event)
      default:
        return unreachable(event)
    }
  }

  /** A digit from the far party, by whatever way it came. */
  digit(live: LiveCall, digit: string, durationMs: number): void {
    this.#hall.tell({ type: 'call.digit', call: live.call, digit, durationMs }, live.call.id)
    this.#rooms.gathering.feed(live, { type: 'digit', digit })
  }

  /** News of who answered. */
  answererHeard(
    live: LiveCall,
    event: Extract<MediaEvent, { readonly type: 'answerer-verdict' | 'answerer-greeting-ended' }>,
  ): void {
    const { call } = live
    if (event.type === 'answerer-greeting-ended')
      return this.#hall.tell({ type: 'answerer.greeting-ended', call, how: event.how }, call.id)
    this.#hall.tell({ type: 'answerer.detected', call, result: event.result, spokenMs: event.spokenMs }, call.id)
    if (!live.machineEndsSounds || (event.result !== 'machine' && event.result !== 'fax')) return
    this.#rooms.gathering.feed(live, { type: 'machine-detected' })
    this.#rooms.playing.machineDetected(live)
  }

  /** Joins `a` and `b` now, or as soon as the one that still rings is answered. */
  bridgeWhenAnswered(
    a: LiveCall,
    b: LiveCall,
    plan: {
      readonly muteDigits: NonNullable<Call['onAnswer']['bridge']>['muteDigits']
      readonly earlyMedia: boolean
      readonly unlessBridged: boolean
    },
  ): void {
    if (a.call.state === 'answered' && b.call.state === 'answered') {
      return this.#rooms.bridging.join(a, b, plan.muteDigits)
    }
    const [waiting, other] = b.call.state === 'answered' ? [a, b] : [b, a]
    // The plan lies with the call that still rings and is read from the other's side.
    const muteDigits = waiting === a ? mirrored[plan.muteDigits] : plan.muteDigits
    this.#hall.setCall(waiting, {
      onAnswer: { ...waiting.call.onAnswer, bridge: { call: other.call.id, ...plan, muteDigits } },
    })
  }

  /** Forgets an ended call once its last recording is saved. */
  recordingOver(id: CallId): void {
    const live = this.#hall.calls.get(id)
    if (live !== undefined && live.call.state === 'ended' && live.recordings.size === 0) this.#hall.forgetCall(id)
  }

  #bars(attempt: CallAttempt): Refusal | null {
    return this.#hall.doors.applications.bars(attempt, this.#hall.listedCalls())
  }

  #incoming(incoming: IncomingLeg): void {
    const replaced = incoming.replaces === null ? undefined : this.#hall.calls.get(incoming.replaces)
    const { account, application, to } = incoming
    // A call that takes another one's place takes its channel as well.
    if (replaced === undefined && this.#bars({ direction: 'incoming', account, application, to: [to] }) !== null) {
      // All channels taken is what a busy line is; nobody hears of this call.
      return this.#hall.toLeg({ type: 'reject', leg: incoming.leg, status: 486, headers: [] })
    }
    const caller = incoming.otherEnd === null ? undefined : this.#hall.calls.get(incoming.otherEnd)
    // Whoever called it has hung up meanwhile.
    if (incoming.otherEnd !== null && (caller === undefined || caller.call.state === 'ended'))
      return this.#hall.toLeg({ type: 'reject', leg: incoming.leg, status: 487, headers: [] })
    const live = this.#hall.addCall({
      id: incoming.leg,
      // Groups are an account's own.
      group: caller?.call.account === account ? caller.call.group : this.#hall.doors.ids.make<'call-group'>(),
      account: incoming.account,
      application: incoming.application,
      direction: 'incoming',
      from: incoming.from,
      fromName: incoming.fromName,
      to: incoming.to,
      fromUri: incoming.fromUri,
      toUri: incoming.toUri,
      headers: incoming.headers,
      offeredCodecs: incoming.offeredCodecs,
      identity: incoming.identity,
      sourceHost: incoming.sourceHost,
      party: incoming.source.type === 'trunk' ? 'trunk' : 'phone',
      sipCallId: incoming.sipCallId,
      state: 'ringing-in',
      place: { type: 'parked' },
      codec: null,
      samplingRateHz: null,
      createdAtWallMs: this.#hall.wallMs,
      answeredAtWallMs: null,
      endedAtWallMs: null,
      end: null,
      stats: null,
      afterBridge: 'hang-up',
      supervision: null,
      onAnswer: nothingOnAnswer,
      timeLimitMs: null,
      recordingSessions: [],
      notes: caller?.arrival?.notes ?? {},
      ...(replaced === undefined ? {} : inherited(replaced.call)),
    })
    this.#hall.tell({ type: 'call.initiated', call: live.call }, live.call.id)
    if (replaced !== undefined && replaced.call.state !== 'ended')
      return this.#rooms.transferring.takeOver(live, replaced)
    const firstCommandMs = this.#hall.doors.applications.firstCommandTimeoutMs(incoming.application)
    if (firstCommandMs === null) return
    this.#hall.setTimer(live, 'first command', this.#hall.nowMs + firstCommandMs, () => {
      if (live.commanded) return
      live.intent = 'hang-up'
      this.#hall.toLeg({ type: 'hang-up', leg: live.call.id, q850: 31, headers: [] })
    })
  }

  #ringing(live: LiveCall): void {
    this.#hall.tell({ type: 'call.ringing', call: live.call }, live.call.id)
    this.#rooms.transferring.ringing(live)
    const waiting = this.#waitingFor(live)
    // Two who still talk to each other are not disturbed.
    if (waiting?.call.state === 'answered' && waiting.call.place.type !== 'bridged')
      this.#rooms.bridging.ringback(waiting, HOME)
    // Whoever is not answered yet itself hears its own telephone's ringing (RFC 3261 §13.3.1.1).
    else if (waiting?.call.state === 'ringing-in')
      this.#hall.toLeg({ type: 'ring', leg: waiting.call.id, earlyMedia: false })
  }

  #earlyMedia(live: LiveCall): void {
    const waiting = this.#waitingFor(live)
    if (waiting === null || live.call.onAnswer.bridge?.earlyMedia !== true) return
    if (waiting.call.place.type !== 'parked' || waiting.call.state !== 'answered') return
    this.#rooms.bridging.earlyMedia(waiting, live)
  }

  #answered(live: LiveCall, event: Extract<LegEvent, { readonly type: 'leg.answered' }>): void {
    if (live.call.state === 'answered') return
    const { codec, samplingRateHz, headers } = event
    const plan = live.call.onAnswer
    this.#hall.setCall(live, {
      state: 'answered',
      answeredAtWallMs: this.#hall.wallMs,
      codec,
      samplingRateHz,
      onAnswer: nothingOnAnswer,
    })
    if (live.call.timeLimitMs !== null) this.#endAfter(live, live.call.timeLimitMs)
    this.#hall.tell({ type: 'call.answered', call: live.call, headers }, live.call.id)
    this.#rooms.transferring.answered(live)
    if (plan.record !== null) this.#rooms.recordings.startCall(live, plan.record, 'dial', live.call.notes)
    this.#rooms.streaming.answered(live)
    if (live.streamOnAnswer !== null) this.#rooms.streaming.start(live, { spec: live.streamOnAnswer })
    live.streamOnAnswer = null
    if (live.transcribeOnAnswer !== null) this.#rooms.transcribing.start(live, live.transcribeOnAnswer)
    live.transcribeOnAnswer = null
    if (plan.detect !== null) {
      this.#hall.toMedia(live.call.account, {
        type: 'detect-answerer',
        session: live.call.id,
        config: plan.detect,
      })
    }
    live.machineEndsSounds = plan.machineEndsSounds
    if (plan.silenceWhenIdle) this.#hall.toMedia(live.call.account, { type: 'keep-sending', session: live.call.id })
    if (plan.pitch !== null)
      this.#hall.toMedia(live.call.account, { type: 'shift-pitch', session: live.call.id, ...plan.pitch })
    if (plan.digits !== null) this.sendDigits(live, plan.digits, DIGIT_ON_ANSWER_MS)
    const then = (): void => this.#carryOut(live, plan)
    if (plan.play === null) return then()
    const queued = this.#rooms.playing.enqueue(
      live,
      {
        id: this.#hall.doors.ids.make<'playback'>(),
        kind: plan.play.type === 'speech' ? 'speech' : 'audio',
        source: plan.play,
        times: 1,
        overlay: false,
        announced: true,
      },
      'self',
      'nothing',
      // An announcement comes before the bridge; without a bridge nothing waits for it.
      plan.bridge === null ? {} : { onEnded: () => live.call.state === 'answered' && then() },
    )
    if (plan.bridge === null || !queued) then()
  }

  #carryOut(live: LiveCall, plan: Call['onAnswer']): void {
    this.#supervise(live)
    if (plan.conference !== null) {
      const room = this.#hall.conferences.get(plan.conference.conference)
      if (room !== undefined) this.#rooms.conferencing.join(room, live, plan.conference.options)
    }
    if (plan.room !== null) {
      const { conferencing } = this.#rooms
      const room = conferencing.byName(live.call.account, plan.room.plan.name)
      if (room === null) conferencing.create(live, plan.room.plan, plan.room.options)
      else conferencing.join(room, live, plan.room.options)
    }
    if (plan.bridge === null) return
    const other = this.#hall.calls.get(plan.bridge.call)
    if (other === undefined || other.call.state === 'ended') {
      // The party this call was made for is gone: nobody is left to talk to.
      if (live.call.direction === 'outgoing') {
        live.intent ??= 'hang-up'
        this.#hall.toLeg({ type: 'hang-up', leg: live.call.id, q850: 16, headers: [] })
      }
      return
    }
    if (plan.bridge.unlessBridged && other.call.place.type === 'bridged') {
      live.intent ??= 'hang-up'
      return this.#hall.toLeg({ type: 'hang-up', leg: live.call.id, q850: 16, headers: [] })
    }
    if (other.call.state === 'answered') return this.#rooms.bridging.join(other, live, plan.bridge.muteDigits)
    // The one who asked has not been answered itself: answering it now completes the bridge.
    const muteDigits = mirrored[plan.bridge.muteDigits]
    this.#hall.setCall(other, {
      onAnswer: { ...other.call.onAnswer, bridge: { ...plan.bridge, call: live.call.id, muteDigits } },
    })
    if (other.call.state === 'ringing-in') {
      this.#hall.toLeg({ type: 'answer', leg: other.call.id, headers: [], codecs: [] })
    }
  }

  /** The call ends so long after its answer. */
  limitTime(live: LiveCall, timeLimitMs: number): void {
    this.#hall.setCall(live, { timeLimitMs })
    const { answeredAtWallMs } = live.call
    if (answeredAtWallMs === null) return
    this.#endAfter(live, Math.max(0, timeLimitMs - (this.#hall.wallMs - answeredAtWallMs)))
  }

  #endAfter(live: LiveCall, delayMs: number): void {
    this.#hall.setTimer(live, 'time limit', this.#hall.nowMs + delayMs, () => {
      live.intent = 'time-limit'
      this.#hall.toLeg({ type: 'hang-up', leg: live.call.id, q850: 16, headers: [] })
    })
  }

  /** A supervisor of a bridged call listens in; one of a conference's participant joins the conference in its role. */
  #supervise(live: LiveCall): void {
    const { supervision } = live.call
    if (supervision === null) return
    const place = this.#hall.calls.get(supervision.of)?.call.place
    const room = place?.type === 'conference' ? this.#hall.conferences.get(place.conference) : undefined
    if (room === undefined) return this.#rooms.supervising.begin(live)
    this.#rooms.conferencing.join(room, live, { ...ordinaryJoin, ...conferenceRole(supervision) })
  }

  sendDigits(live: LiveCall, digits: string, digitMs: number): void {
    const mode = this.#hall.doors.applications.digitMode(live.call.application)
    const steps = digitSteps(digits, digitMs)
    if (mode !== 'info') {
      return this.#hall.toMedia(live.call.account, { type: 'send-digits', session: live.call.id, steps, mode })
    }
    let atMs = this.#hall.nowMs
    for (const [index, one] of steps.entries()) {
      if (one.type === 'digit') {
        const body = `Signal=${one.digit}\r\nDuration=${one.durationMs}\r\n`
        this.#hall.setTimer(live, `info digit ${index}`, atMs, () =>
          this.#hall.toLeg({ type: 'send-info', leg: live.call.id, contentType: 'application/dtmf-relay', body }),
        )
      }
      atMs += one.durationMs
    }
  }

  #ended(live: LiveCall, event: Extract<LegEvent, { readonly type: 'leg.ended' }>): void {
    const answered = live.call.state === 'answered'
    this.#rooms.gathering.feed(live, { type: 'call-ended' })
    this.#rooms.playing.callEnded(live)
    this.#rooms.streaming.callEnded(live)
    this.#rooms.transcribing.callEnded(live)
    const waiting = this.#waitingFor(live)
    if (waiting !== null && !this.#ringsElsewhere(waiting, live)) this.#rooms.playing.setBackground(waiting, null)
    this.#rooms.bridging.forgetEarly(live.call)
    // The state changes first: whoever is left behind must not try to do anything with this call.
    this.#hall.setCall(live, { state: 'ended' })
    const later: (() => void)[] = []
    this.#rooms.transferring.ending(live, event.end.sipStatus)
    this.#rooms.conferencing.leave(live, null, later)
    this.#rooms.queueing.leave(live, 'hang-up')
    this.#rooms.bridging.leave(live)
    this.#rooms.supervising.leave(live)
    this.#rooms.supervising.ended(live)
    this.#rooms.transferring.left(live)
    this.#rooms.recordingSessions.callEnded(live)
    for (const id of live.recordings) {
      const recording = this.#hall.recordings.get(id)
      if (recording !== undefined) this.#rooms.recordings.stop(recording)
    }
    for (const timer of live.timers.values()) timer.cancel()
    live.timers.clear()
    this.#hall.setCall(live, {
      endedAtWallMs: this.#hall.wallMs,
      end: callEnd(event.end, live.intent, answered),
      stats: event.stats,
    })
    this.#hall.tell({ type: 'call.ended', call: live.call }, live.call.id)
    for (const conclude of later) conclude()
    this.recordingOver(live.call.id)
  }

  /** Whether `waiting` waits for others as well, and goes on hearing them ring. */
  #ringsElsewhere(waiting: LiveCall, over: LiveCall): boolean {
    for (const live of this.#hall.calls.values()) {
      const { state, onAnswer } = live.call
      if (live !== over && state === 'dialing-out' && onAnswer.bridge?.call === waiting.call.id) return true
    }
    return false
  }

  /** The call that waits for this one to answer. */
  #waitingFor(live: LiveCall): LiveCall | null {
    const { bridge } = live.call.onAnswer
    return bridge === null ? null : (this.#hall.calls.get(bridge.call) ?? null)
  }
}

const mirrored = { none: 'none', both: 'both', self: 'opposite', opposite: 'self' } as const

function dialRequest(call: Call, spec: DialSpec): DialRequest {
  return {
    leg: call.id,
    account: spec.account,
    application: spec.application,
    onBehalfOf: spec.linkTo,
    ...(spec.via === undefined ? {} : { via: spec.via }),
    ...(spec.arrival === undefined ? {} : { arrival: spec.arrival }),
    ...(spec.wayOut === undefined ? {} : { wayOut: spec.wayOut }),
    to: spec.to,
    alsoTo: spec.alsoTo,
    from: spec.from,
    fromName: spec.fromName,
    headers: spec.headers,
    auth: spec.auth,
    codecs: spec.codecs,
    encryption: spec.encryption,
    transport: spec.transport,
    privacy: spec.privacy,
    replaces: spec.replaces ?? null,
    timeoutMs: spec.ringTimeoutMs,
  }
}
