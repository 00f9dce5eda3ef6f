// The door of the hall: languages come in with commands and questions, legs and media workers with their news; events
// go out to whoever listens. Every command and every piece of news is one turn (hall.ts).

import type { AccountId, CallId, ConferenceId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import { unreachable } from '#base/unreachable.ts'
import type { MediaEvent } from '#media/protocol.ts'
import type { Write } from '#storage/write.ts'
import { Bridging } from './bridging.ts'
import { Calling } from './calling.ts'
import type { Accepted, CallCommand, ConferenceCommand, EngineCommand, QueueCommand, Refusal } from './commands.ts'
import { Conferencing, conferenceRole } from './conferencing.ts'
import type { EngineEvent } from './events.ts'
import { Gathering } from './gathering.ts'
import { Hall, type HallDoors, type LiveCall, type LiveConference } from './hall.ts'
import { RETRY_AFTER_MS } from './limits.ts'
import type {
  Call,
  Conference,
  JoinOptions,
  Notes,
  Participant,
  Queue,
  Recording,
  RoomPlan,
  SupervisorRole,
} from './model.ts'
import { Playing } from './playing.ts'
import { Queueing } from './queueing.ts'
import { RecordingDesk } from './recording.ts'
import { RecordingSessions } from './recording-sessions.ts'
import { Referring } from './referring.ts'
import { crowd, RECORDING_SERVER_TRACKS, Streaming } from './streaming.ts'
import { Supervising } from './supervising.ts'
import { Transcribing } from './transcribing.ts'
import { Transferring } from './transferring.ts'

/** Who commands: calls of other accounts do not exist for it, calls of another language are not its to command. */
export interface Actor {
  readonly account: AccountId
  readonly language: string
}

/** Whether an id that is not live was once: told from the store. */
export interface Memory {
  callEnded(account: AccountId, call: CallId): Promise<boolean>
  conferenceEnded(account: AccountId, conference: ConferenceId): Promise<boolean>
}

/** What may come along with a command, in the same transaction. */
export interface CommandExtras {
  /** Statements stored with an accepted command (a language's idempotency rows). */
  readonly alongside?: (accepted: Accepted) => readonly Write[]
  /** New notes for the commanded call; null leaves them. */
  readonly notes?: (call: Call) => Notes | null
}

const nothing: Accepted = { call: null, conference: null, recording: null, playback: null, queue: null, stream: null }

export class Engine {
  readonly hall: Hall
  readonly recordings: RecordingDesk
  readonly recordingSessions: RecordingSessions
  readonly queueing: Queueing
  readonly #playing: Playing
  readonly #gathering: Gathering
  readonly #bridging: Bridging
  readonly #conferencing: Conferencing
  readonly #supervising: Supervising
  readonly #referring: Referring
  readonly #streaming: Streaming
  readonly #transcribing: Transcribing
  readonly #calling: Calling
  readonly #memory: Memory
  #draining = false

  constructor(doors: HallDoors, memory: Memory) {
    this.#memory = memory
    this.hall = new Hall(doors)
    this.#playing = new Playing(this.hall)
    this.#gathering = new Gathering(this.hall, this.#playing)
    this.recordings = new RecordingDesk(this.hall, (call, conference) => {
      if (call !== null) this.#calling.recordingOver(call)
      if (conference !== null) this.#conferencing.recordingOver(conference)
    })
    this.recordingSessions = new RecordingSessions(this.hall)
    this.#supervising = new Supervising(this.hall)
    this.#bridging = new Bridging(this.hall, this.#playing, this.#supervising, (live) => {
      this.#conferencing.leave(live, null)
      this.queueing.leave(live, 'bridged')
      this.#supervising.leave(live)
    })
    this.#conferencing = new Conferencing(this.hall, this.#playing, this.recordings, (live) => {
      this.#bridging.leave(live)
      this.queueing.leave(live, 'leave')
      this.#supervising.leave(live)
    })
    this.queueing = new Queueing(this.hall, this.#playing, (live) => {
      this.#bridging.leave(live)
      this.#conferencing.leave(live, null)
      this.#supervising.leave(live)
    })
    this.#referring = new Referring(this.hall, (live) => {
      this.#conferencing.leave(live, null)
      this.queueing.leave(live, 'leave')
    })
    this.#streaming = new Streaming(this.hall)
    this.#transcribing = new Transcribing(this.hall)
    this.#calling = new Calling(this.hall, {
      playing: this.#playing,
      gathering: this.#gathering,
      recordings: this.recordings,
      recordingSessions: this.recordingSessions,
      bridging: this.#bridging,
      conferencing: this.#conferencing,
      queueing: this.queueing,
      supervising: this.#supervising,
      referring: this.#referring,
      streaming: this.#streaming,
      transcribing: this.#transcribing,
      transferring: new Transferring(this.hall, this.#bridging, (spec) => this.#calling.dial(spec)),
    })
    doors.legs.onEvent((event) =>
      this.#guarded(event.type === 'leg.incoming' ? event.incoming.leg : event.leg, () => this.#calling.onLeg(event)),
    )
  }

  /** News from a media worker. */
  onMedia(event: MediaEvent): void {
    switch (event.type) {
      case 'player-started':
      case 'player-ended':
        return this.#guarded(null, () => this.#playing.onMedia(event))
      case 'recorder-started':
      case 'recorder-ended':
        return this.#guarded(null, () => this.recordings.onMedia(event))
      case 'transcription-heard':
      case 'transcription-failed':
        return this.#guarded(null, () => this.#transcribing.onMedia(event))
      case 'stream-started':
      case 'stream-ended':
        return this.#guarded(null, () => this.#streaming.onMedia(event))
      case 'digit': {
        const live = this.hall.calls.get(event.session as CallId)
        if (live === undefined || live.call.state !== 'answered') return
        return this.#guarded(live.call.id, () => this.#calling.digit(live, event.digit, event.durationMs))
      }
      case 'floor-changed': {
        const room = this.hall.conferences.get(event.mix as ConferenceId)
        const live = this.hall.calls.get(event.session as CallId)
        if (room === undefined || live === undefined) return
        return this.#guarded(live.call.id, () => this.#conferencing.floorChanged(room, live))
      }
      case 'answerer-verdict':
      case 'answerer-greeting-ended': {
        const live = this.hall.calls.get(event.session as CallId)
        if (live === undefined || live.call.state !== 'answered') return
        return this.#guarded(live.call.id, () => this.#calling.answererHeard(live, event))
      }
      default:
        // Sessions belong to legs/; the rest is for the operator.
        return
    }
  }

  /** The media worker is gone: what played and recorded in it is over. */
  onMediaLost(): void {
    this.hall.turn(() => {
      for (const recording of [...this.hall.recordings.values()]) {
        if (recording.state === 'recording' || recording.state === 'paused') {
          this.recordings.finish({ ...recording, endedAtWallMs: this.hall.wallMs })
        }
      }
      this.#streaming.onMediaLost()
      this.#transcribing.onMediaLost()
    })
  }

  /** Hears every event once it is durable, until the returned function is called: timelines, tests, house numbers. */
  listen(listener: (event: EngineEvent) => void): () => void {
    return this.hall.listen(listener)
  }

  /** New calls are refused from now on; live ones go on. */
  drain(): void {
    this.#draining = true
  }

  /** Nothing is stored, told or awaited from now on. */
  close(): void {
    this.queueing.close()
    this.hall.close()
  }

  get draining(): boolean {
    return this.#draining
  }

  /** Whether new work is taken. */
  get open(): boolean {
    return !this.#draining && this.hall.available
  }

  /**
   * Carries out a command. Resolves once what it changed is durable, or at once with a refusal.
   */
  async execute(actor: Actor, command: EngineCommand, extras: CommandExtras = {}): Promise<Result<Accepted, Refusal>> {
    if (!this.hall.available) return err({ type: 'unavailable', retryAfterMs: RETRY_AFTER_MS })
    const result = this.hall.turn(() => {
      const live = 'call' in command ? this.hall.calls.get(command.call) : undefined
      const before = live?.call.notes
      const notes =
        live === undefined || live.call.account !== actor.account ? null : (extras.notes?.(live.call) ?? null)
      // Set first, so that the events of the command carry them; taken back when it is refused.
      if (live !== undefined && notes !== null) this.hall.setCall(live, { notes })
      const done = this.#execute(actor, command)
      if (done.ok) this.hall.alsoWrite(extras.alongside?.(done.value) ?? [])
      else if (live !== undefined && notes !== null && before !== undefined) this.hall.setCall(live, { notes: before })
      return done
    })
    if (!result.ok) return this.#explain(actor, command, result.error)
    const durable = await this.hall.durable()
    return durable ? result : err({ type: 'unavailable', retryAfterMs: RETRY_AFTER_MS })
  }

  /** A bug in one turn ends the call it was about; the others talk on. */
  #guarded(call: CallId | null, work: () => void): void {
    try {
      this.hall.turn(work)
    } catch (cause) {
      const { log } = this.hall.doors
      log.error({ call, error: String(cause), stack: (cause as Error).stack }, 'a turn failed; its call is ended')
      if (call !== null) this.hall.toLeg({ type: 'hang-up', leg: call, q850: 41, headers: [] })
    }
  }

  // ---- questions

  /** A live call of this account, unless it is unlisted. */
  call(account: AccountId, id: CallId): Call | null {
    const live = this.hall.calls.get(id)
    return live !== undefined && live.call.account === account && !live.call.unlisted ? live.call : null
  }

  /** All but the unlisted ones. */
  liveCalls(): readonly Call[] {
    return this.hall.listedCalls()
  }

  conference(account: AccountId, id: ConferenceId): Conference | null {
    const live = this.hall.conferences.get(id)
    return live !== undefined && live.conference.account === account ? live.conference : null
  }

  /** A live conference by its name. */
  conferenceByName(account: AccountId, name: string): Conference | null {
    return this.#conferencing.byName(account, name)?.conference ?? null
  }

  liveConferences(): readonly Conference[] {
    return [...this.hall.conferences.values()].map((live) => live.conference)
  }

  /** The queues of an account, oldest first. */
  queues(account: AccountId): readonly Queue[] {
    return [...this.hall.queues.values()].filter((one) => one.account === account)
  }

  queueByName(account: AccountId, name: string): Queue | null {
    return this.queueing.named(account, name)
  }

  /** Recordings not finished yet. */
  runningRecordings(): readonly Recording[] {
    return [...this.hall.recordings.values()]
  }

  // ---- commands

  #execute(actor: Actor, command: EngineCommand): Result<Accepted, Refusal> {
    if (command.type === 'dial') {
      if (this.#draining) return err({ type: 'unavailable', retryAfterMs: RETRY_AFTER_MS })
      const dialled = this.#calling.dial(command.spec)
      return dialled.ok ? ok({ ...nothing, call: dialled.value.call }) : dialled
    }
    if (command.type === 'create-conference') {
      const creator = this.#live(actor, command.call)
      if (!creator.ok) return creator
      const created = this.#conferencing.create(creator.value, command)
      return created.ok ? ok({ ...nothing, conference: created.value }) : created
    }
    if (command.type === 'enter-room') {
      const live = this.#live(actor, command.call)
      if (!live.ok) return live
      live.value.commanded = true
      return this.#enterRoom(live.value, command.plan, command.options)
    }
    if (isQueueCommand(command)) {
      const done = this.queueing.command(actor.account, command)
      return done.ok ? ok({ ...nothing, queue: done.value }) : done
    }
    if ('conference' in command) {
      const room = this.hall.conferences.get(command.conference)
      if (room === undefined || room.conference.account !== actor.account) return err({ type: 'conference-unknown' })
      if (room.conference.state === 'ended') return err({ type: 'conference-ended' })
      return this.#inConference(actor, room, command)
    }
    const live = this.#live(actor, command.call)
    if (!live.ok) return live
    live.value.commanded = true
    this.hall.clearTimer(live.value, 'first command')
    return this.#onCall(actor, live.value, command)
  }

  #onCall(
    actor: Actor,
    live: LiveCall,
    command: Exclude<CallCommand, { readonly type: 'dial' }>,
  ): Result<Accepted, Refusal> {
    const { call } = live
    switch (command.type) {
      case 'answer':
        if (call.state !== 'ringing-in') return err({ type: 'call-not-ringing' })
        this.hall.setCall(live, {
          afterBridge: command.afterBridge ?? call.afterBridge,
          onAnswer: {
            ...call.onAnswer,
            record: command.record ?? call.onAnswer.record,
            silenceWhenIdle: command.silenceWhenIdle,
            pitch: command.pitch,
          },
        })
        live.streamOnAnswer = command.stream ?? null
        live.transcribeOnAnswer = command.transcription ?? null
        this.hall.toLeg({ type: 'answer', leg: call.id, headers: command.headers, codecs: command.codecs })
        return ok(nothing)
      case 'reject':
        if (call.state !== 'ringing-in') return err({ type: 'call-not-ringing' })
        live.intent = command.reason === 'busy' ? 'reject-busy' : 'reject'
        this.hall.toLeg({ type: 'reject', leg: call.id, status: command.reason === 'busy' ? 486 : 603, headers: [] })
        return ok(nothing)
      case 'ring':
        if (call.state !== 'ringing-in') return err({ type: 'call-not-ringing' })
        this.hall.toLeg({ type: 'ring', leg: call.id, earlyMedia: false })
        return ok(nothing)
      case 'hang-up':
        live.intent ??= 'hang-up'
        this.#streaming.release(live)
        // A leg that never was cannot end: it begins, and is hung up on before it calls anybody.
        live.dialLater?.()
        this.hall.toLeg({ type: 'hang-up', leg: call.id, q850: null, headers: command.headers })
        return ok(nothing)
      case 'note':
        this.hall.setCall(live, { notes: command.notes })
        return ok(nothing)
      case 'play':
        return this.#play(live, command)
      case 'stop-play':
        this.#playing.stop(live, command.which, command.overlay)
        return ok(nothing)
      case 'gather':
        if (call.state !== 'answered') return err({ type: 'call-not-answered' })
        this.#gathering.begin(live, command.spec)
        return ok(nothing)
      case 'stop-gather':
        this.#gathering.feed(live, { type: 'stop' })
        return ok(nothing)
      case 'send-digits':
        if (call.state !== 'answered') return err({ type: 'call-not-answered' })
        this.#calling.sendDigits(live, command.digits, command.digitMs)
        return ok(nothing)
      case 'record': {
        if (call.state !== 'answered') return err({ type: 'no-audio-yet' })
        const recording = this.recordings.startCall(live, command.options, 'command', command.notes)
        return recording === null
          ? err({ type: 'limit-reached', limit: 'recordings on one call' })
          : ok({ ...nothing, recording })
      }
      case 'stop-recording':
      case 'pause-recording':
      case 'resume-recording':
        return this.#changeRecording(live.recordings, command.recording, command.type, command.silent, command.name)
      case 'send-info':
        if (call.state !== 'answered') return err({ type: 'call-not-answered' })
        this.hall.toLeg({ type: 'send-info', leg: call.id, contentType: command.contentType, body: command.body })
        return ok(nothing)
      case 'refer': {
        const begun = this.#referring.begin(live, command)
        return begun.ok ? ok(nothing) : begun
      }
      case 'limit-time':
        this.#calling.limitTime(live, command.timeLimitMs)
        return ok(nothing)
      case 'report-transfer':
        this.hall.toLeg({
          type: 'report-transfer',
          leg: call.id,
          referral: command.referral,
          status: command.status,
        })
        return ok(nothing)
      case 'begin-recording-session': {
        const crowded = crowd(live, RECORDING_SERVER_TRACKS, command.beside)
        if (crowded !== null) return err(crowded)
        const begun = this.recordingSessions.begin(live, command.spec, command.session)
        return begun.ok ? ok(nothing) : begun
      }
      case 'end-recording-session': {
        const ended = this.recordingSessions.end(live, command.name)
        return ended.ok ? ok(nothing) : ended
      }
      case 'bridge':
        return this.#bridge(actor, live, command)
      case 'after-bridge':
        this.hall.setCall(live, { afterBridge: command.afterBridge })
        return ok(nothing)
      case 'unbridge':
        if (call.place.type !== 'bridged') return err({ type: 'not-bridged' })
        this.#bridging.leave(live)
        return ok(nothing)
      case 'transfer': {
        const dialled = this.#calling.dial({
          ...command.spec,
          linkTo: call.id,
          onAnswer: {
            ...command.spec.onAnswer,
            play: command.announce,
            bridge: {
              call: call.id,
              muteDigits: command.muteDigits,
              earlyMedia: command.earlyMedia,
              unlessBridged: command.unlessBridged ?? false,
            },
          },
        })
        if (!dialled.ok) return dialled
        this.hall.setCall(live, { afterBridge: command.afterBridge })
        return ok({ ...nothing, call: dialled.value.call })
      }
      case 'suppress-noise':
        if (call.state !== 'answered') return err({ type: 'call-not-answered' })
        this.hall.toMedia(call.account, {
          type: 'suppress-noise',
          session: call.id,
          direction: command.direction,
          engine: command.engine,
        })
        return ok(nothing)
      case 'echo':
        if (call.state !== 'answered') return err({ type: 'call-not-answered' })
        this.hall.toMedia(call.account, { type: 'echo-session', session: call.id, on: command.on })
        return ok(nothing)
      case 'start-stream': {
        if (call.state !== 'answered') return err({ type: 'call-not-answered' })
        const started = this.#streaming.start(live, command)
        return started.ok ? ok({ ...nothing, stream: started.value }) : started
      }
      case 'stop-stream': {
        const stopped = this.#streaming.stop(live, 'web-socket', command.stream, command.name ?? null)
        return stopped.ok ? ok(nothing) : stopped
      }
      case 'fork': {
        if (call.state !== 'answered') return err({ type: 'call-not-answered' })
        const forked = this.#streaming.fork(live, command.spec)
        return forked.ok ? ok({ ...nothing, stream: forked.value }) : forked
      }
      case 'stop-fork': {
        const stopped = this.#streaming.stop(live, 'fork', null, null)
        return stopped.ok ? ok(nothing) : stopped
      }
      case 'start-transcription': {
        if (call.state !== 'answered') return err({ type: 'call-not-answered' })
        const started = this.#transcribing.start(live, command.spec, command.transcription)
        return started.ok ? ok(nothing) : started
      }
      case 'stop-transcription': {
        const stopped = this.#transcribing.stop(live)
        return stopped.ok ? ok(nothing) : stopped
      }
      case 'switch-supervisor-role':
        return this.#switchRole(live, command.role)
      case 'enqueue': {
        const entered = this.queueing.enter(live, command)
        return entered.ok ? ok({ ...nothing, queue: entered.value }) : entered
      }
      case 'leave-queue':
        if (call.place.type !== 'queue') return err({ type: 'not-in-queue' })
        this.queueing.leave(live, 'leave')
        return ok(nothing)
      case 'take-from-queue': {
        const head = this.queueing.head(call.account, command.queueName)
        if (!head.ok) return head
        if (head.value === live) return err({ type: 'same-call' })
        const queue = this.queueing.named(call.account, command.queueName)
        this.queueing.leave(head.value, 'bridging')
        return ok({ ...nothing, call: head.value.call, queue })
      }
      case 'bridge-queue': {
        const head = this.queueing.head(call.account, command.queueName)
        if (!head.ok) return head
        if (head.value === live) return err({ type: 'same-call' })
        this.queueing.leave(head.value, call.state === 'answered' ? 'bridged' : 'bridging')
        return this.#bridge(actor, live, { ...command, type: 'bridge', with: head.value.call.id, unlessBridged: false })
      }
      default:
        return unreachable(command)
    }
  }

  #enterRoom(live: LiveCall, plan: RoomPlan, options: JoinOptions): Result<Accepted, Refusal> {
    const room = this.#conferencing.byName(live.call.account, plan.name)
    const others = room?.conference.participants ?? []
    const { label, whisperTo } = options
    if (label !== null && others.some((one) => one.label === label)) return err({ type: 'label-taken', label })
    if (!whisperTo.every((one) => others.some(({ call }) => call === one))) return err({ type: 'not-in-conference' })
    if (room === null) {
      const created = this.#conferencing.create(live, plan, options)
      return created.ok ? ok({ ...nothing, conference: created.value }) : created
    }
    if (this.hall.doors.applications.languageOf(room.conference.application) !== this.#languageOf(live))
      return err({ type: 'not-owner' })
    const joined = this.#conferencing.join(room, live, options)
    return joined.ok ? ok({ ...nothing, conference: room.conference }) : joined
  }

  #languageOf(live: LiveCall): string | null {
    return this.hall.doors.applications.languageOf(live.call.application)
  }

  /** Of a call dialled to supervise another: in the other's bridge, or in the conference it joined. */
  #switchRole(live: LiveCall, role: SupervisorRole): Result<Accepted, Refusal> {
    const { place } = live.call
    const switched = this.#supervising.switchRole(live, role)
    if (!switched.ok) return switched
    const room = place.type === 'conference' ? this.hall.conferences.get(place.conference) : undefined
    const { supervision } = live.call
    if (room === undefined || supervision === null) return ok(nothing)
    return this.#change(room, [live.call.id], (one) => ({ ...one, ...conferenceRole(supervision) }))
  }

  #play(live: LiveCall, command: Extract<CallCommand, { readonly type: 'play' }>): Result<Accepted, Refusal> {
    const { call } = live
    if (call.state === 'dialing-out') return err({ type: 'call-not-answered' })
    if (command.listeners !== 'self' && call.place.type !== 'bridged') return err({ type: 'not-bridged' })
    if (command.playback.overlay && !this.#playing.isPlaying(live)) return err({ type: 'overlay-without-playback' })
    // Before an answer the prompt travels as early media (RFC 3960 §3).
    if (call.state === 'ringing-in') this.hall.toLeg({ type: 'ring', leg: call.id, earlyMedia: true })
    const queued = this.#playing.enqueue(live, command.playback, command.listeners, command.preempt)
    return queued
      ? ok({ ...nothing, playback: command.playback.id })
      : err({ type: 'limit-reached', limit: 'queued playbacks' })
  }

  #bridge(
    actor: Actor,
    live: LiveCall,
    command: Extract<CallCommand, { readonly type: 'bridge' }>,
  ): Result<Accepted, Refusal> {
    if (command.with === command.call) return err({ type: 'same-call' })
    const other = this.#live(actor, command.with)
    if (!other.ok) return other
    if (command.unlessBridged && other.value.call.place.type === 'bridged') return err({ type: 'already-bridged' })
    this.hall.setCall(live, { afterBridge: command.afterBridge })
    this.#calling.bridgeWhenAnswered(live, other.value, {
      muteDigits: command.muteDigits,
      earlyMedia: true,
      unlessBridged: command.unlessBridged,
    })
    if (command.ringback !== null && live.call.state === 'answered' && other.value.call.state !== 'answered')
      this.#bridging.ringback(live, command.ringback)
    if (command.record === null || live.call.state !== 'answered') return ok(nothing)
    return ok({ ...nothing, recording: this.recordings.startCall(live, command.record, 'command', live.call.notes) })
  }

  #inConference(
    actor: Actor,
    room: LiveConference,
    command: Exclude<ConferenceCommand, { readonly type: 'create-conference' | 'enter-room' }>,
  ): Result<Accepted, Refusal> {
    const conferencing = this.#conferencing
    switch (command.type) {
      case 'join-conference': {
        const live = this.#live(actor, command.call)
        if (!live.ok) return live
        live.value.commanded = true
        const { notes } = room.conference
        // Set first, so that the event of the joining carries them; taken back when it is refused.
        if (command.ownerNotes !== null && room.conference.owner === command.call)
          this.hall.setConference(room, { notes: command.ownerNotes })
        const joined = conferencing.join(room, live.value, command.options)
        if (joined.ok) return ok({ ...nothing, conference: room.conference })
        if (room.conference.notes !== notes) this.hall.setConference(room, { notes })
        return joined
      }
      case 'leave-conference': {
        const live = this.#live(actor, command.call)
        if (!live.ok) return live
        if (conferencing.participant(room, command.call) === null) return err({ type: 'not-in-conference' })
        conferencing.leave(live.value, command.beep)
        return ok(nothing)
      }
      case 'mute-participants':
        return this.#change(room, command.calls, (one) => ({ ...one, muted: true }))
      case 'unmute-participants':
        return this.#change(room, command.calls, (one) => ({ ...one, muted: false }))
      case 'hold-participants':
        return this.#change(room, command.calls, (one) => ({
          ...one,
          held: true,
          holdAudio: command.audio ?? one.holdAudio,
        }))
      case 'unhold-participants':
        return this.#change(room, command.calls, (one) => ({ ...one, held: false }))
      case 'update-participant':
        return this.#change(room, [command.call], (one) => ({
          ...one,
          role: command.role ?? one.role,
          whisperTo: command.whisperTo ?? one.whisperTo,
          endOnExit: command.endOnExit ?? one.endOnExit,
          beep: command.beep ?? one.beep,
        }))
      case 'play-to-conference':
        if (room.conference.participants.length === 0) return err({ type: 'conference-empty' })
        return conferencing.play(room, command.calls, command.playback)
          ? ok({ ...nothing, playback: command.playback.id })
          : err({ type: 'not-in-conference' })
      case 'stop-conference-play':
        conferencing.stopPlay(room, command.calls)
        return ok(nothing)
      case 'record-conference': {
        const recording = this.recordings.startRoom(room, command.options, command.notes)
        return recording === null
          ? err({ type: 'limit-reached', limit: 'recordings of one conference' })
          : ok({ ...nothing, recording })
      }
      case 'stop-conference-recording':
        return this.#changeRecording(room.recordings, command.recording, 'stop-recording')
      case 'pause-conference-recording':
        return this.#changeRecording(room.recordings, command.recording, 'pause-recording', command.silent)
      case 'resume-conference-recording':
        return this.#changeRecording(room.recordings, command.recording, 'resume-recording')
      case 'send-conference-digits': {
        const meant = room.conference.participants.filter(
          (one) => command.calls === null || command.calls.includes(one.call),
        )
        for (const one of meant) {
          const live = this.hall.calls.get(one.call)
          if (live !== undefined) this.#calling.sendDigits(live, command.digits, command.digitMs)
        }
        return meant.length > 0 ? ok(nothing) : err({ type: 'not-in-conference' })
      }
      case 'end-conference':
        conferencing.end(room, 'command', null, command.fate ?? 'hang-up')
        return ok(nothing)
      default:
        return unreachable(command)
    }
  }

  #change(
    room: LiveConference,
    calls: readonly CallId[] | null,
    to: (participant: Participant) => Participant,
  ): Result<Accepted, Refusal> {
    return this.#conferencing.change(room, calls, to) ? ok(nothing) : err({ type: 'not-in-conference' })
  }

  #changeRecording(
    running: LiveCall['recordings'],
    named: Recording['id'] | null,
    what: 'stop-recording' | 'pause-recording' | 'resume-recording',
    silent = false,
    name?: string,
  ): Result<Accepted, Refusal> {
    const meant = this.recordings.meant(running, named, name)
    if (meant === null) return err({ type: 'recording-unknown' })
    for (const recording of meant) {
      if (what === 'stop-recording') this.recordings.stop(recording)
      else if (what === 'pause-recording') this.recordings.pause(recording, silent)
      else this.recordings.resume(recording)
    }
    return ok(nothing)
  }

  #live(actor: Actor, id: CallId): Result<LiveCall, Refusal> {
    const live = this.hall.calls.get(id)
    if (live === undefined || live.call.account !== actor.account) return err({ type: 'call-unknown' })
    if (live.call.state === 'ended') return err({ type: 'call-ended' })
    if (this.hall.doors.applications.languageOf(live.call.application) !== actor.language)
      return err({ type: 'not-owner' })
    return ok(live)
  }

  /** Tells a call or room that is over from one that never was. */
  async #explain(actor: Actor, command: EngineCommand, refusal: Refusal): Promise<Result<Accepted, Refusal>> {
    if (refusal.type === 'call-unknown') {
      const ids = [...('call' in command ? [command.call] : []), ...('with' in command ? [command.with] : [])]
      for (const id of ids) {
        if (!this.hall.calls.has(id) && (await this.#memory.callEnded(actor.account, id)))
          return err({ type: 'call-ended' })
      }
    }
    if (refusal.type === 'conference-unknown' && 'conference' in command) {
      const ended = await this.#memory.conferenceEnded(actor.account, command.conference)
      if (ended) return err({ type: 'conference-ended' })
    }
    return err(refusal)
  }
}

function isQueueCommand(command: EngineCommand): command is QueueCommand {
  return 'queueName' in command && !('call' in command)
}
