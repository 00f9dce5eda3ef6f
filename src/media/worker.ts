// A media worker: takes `MediaCommand`s, tells `MediaEvent`s, and in between keeps the beat. It owns every session, room,
// player and recorder in its process and knows nothing of calls. See protocol.ts for what the words mean.

import type { AnswererConfig } from '#audio/answerer.ts'
import type { NoiseEngines } from '#audio/denoiser.ts'
import { gainOfDb } from '#audio/mixing.ts'
import { recordBeep } from '#audio/tones.ts'
import type { Chance } from '#base/chance.ts'
import { after, type Clock, type Timer } from '#base/clock.ts'
import type { Disk } from '#base/disk.ts'
import type { Log } from '#base/log.ts'
import type { Recognisers } from '#base/recogniser.ts'
import { unreachable } from '#base/unreachable.ts'
import type { Address, DatagramNet, DatagramSocket } from '#base/wire.ts'
import { AnswererTap } from './answerer-tap.ts'
import { Beat } from './beat.ts'
import {
  DEFAULT_SILENT_AFTER_MS,
  GATHER_MS,
  MAX_BIND_TRIES,
  MAX_DIGIT_STEPS,
  MAX_MEMBERS,
  MAX_PLAYERS,
  MAX_RECORDERS,
  MAX_SESSIONS,
  ROUNDS_MS,
} from './limits.ts'
import { Mix } from './mix.ts'
import { Player } from './player.ts'
import { PortPool, type PortRange } from './ports.ts'
import { PromptShelf } from './prompt-shelf.ts'
import type {
  DigitStep,
  MediaCommand,
  MediaEvent,
  MediaFailure,
  PlayerId,
  PlayerSource,
  RecorderId,
  SessionId,
} from './protocol.ts'
import { type RecordCommand, Recorder, type RecorderEndReason } from './recorder.ts'
import { RelayTap } from './relay-tap.ts'
import { MediaSession, type SessionHost } from './session.ts'
import type { StreamDoors } from './stream.ts'
import { Streams } from './streams.ts'
import type { Tap } from './tap.ts'
import { Transcriptions } from './transcriptions.ts'

export interface MediaWorkerSetup {
  readonly clock: Clock
  readonly chance: Chance
  readonly net: DatagramNet
  readonly disk: Disk
  readonly log: Log
  /** For noise suppression; absent: there is none. */
  readonly noise?: NoiseEngines
  /** For streams to applications; absent: there are none. */
  readonly streaming?: Pick<StreamDoors, 'sockets' | 'languages' | 'decodeMp3'>
  /** For transcription; absent: there is none. */
  readonly recognisers?: Recognisers
  /** Even ports of this range are for RTP, the odd ones after them for RTCP. */
  readonly ports: PortRange
  /** When a session that should hear something says it does not; 60 s unless given. */
  readonly silentAfterMs?: number
  /** CPU milliseconds this process has used, for the load report; the worker cannot know by itself. */
  readonly cpuMs?: () => number
}

type PlayCommand = Extract<MediaCommand, { type: 'play' }>
type PlayEndReason = Extract<MediaEvent, { type: 'player-ended' }>['reason']

interface Playing {
  readonly command: PlayCommand | null
  readonly sessions: Set<MediaSession>
  mix: Mix | null
  /** Null while it is found out which file this is. */
  player: Player | null
  /** Instead of telling control: the end of a beep. */
  readonly onEnded: (() => void) | null
}

export class MediaWorker {
  readonly #setup: MediaWorkerSetup
  readonly #clock: Clock
  readonly #beat: Beat
  readonly #ports: PortPool
  readonly #shelf: PromptShelf
  readonly #host: SessionHost
  readonly #sessions = new Map<SessionId, MediaSession>()
  readonly #portOf = new Map<SessionId, number>()
  readonly #mixes = new Map<string, Mix>()
  readonly #players = new Map<PlayerId, Playing>()
  readonly #recorders = new Map<RecorderId, Recorder>()
  readonly #detectors = new WeakMap<MediaSession, AnswererTap>()
  /** By the session that sends on what another one's party says. */
  readonly #feeds = new WeakMap<MediaSession, RelayTap>()
  readonly #streams: Streams
  readonly #transcriptions: Transcriptions
  readonly #finishing = new Set<Promise<void>>()
  readonly #later: (() => void)[] = []
  #laterScheduled = false
  #listener: (event: MediaEvent) => void = () => {}
  #onDrained: (() => void) | null = null
  #drainTimer: Timer | null = null
  #rounds: Timer | null = null
  #roundCount = 0
  #cpuAt = { cpuMs: 0, atMs: 0 }
  #beepCount = 0

  constructor(setup: MediaWorkerSetup) {
    this.#setup = setup
    this.#clock = setup.clock
    this.#beat = new Beat(
      setup.clock,
      (one, cause) => this.#broken(one, cause),
      () => setup.net.tellNow?.(),
    )
    this.#ports = new PortPool(setup.ports, setup.chance)
    this.#shelf = new PromptShelf(setup.clock, setup.disk)
    this.#host = {
      clock: setup.clock,
      chance: setup.chance,
      noise: setup.noise ?? null,
      tell: (event) => {
        if (event.type === 'digit') this.#streams.digit(event.session, event.digit, event.durationMs)
        this.#listener(event)
      },
      beatsAt: (nowMs) => this.#beat.beatsAt(nowMs),
      digitHeard: (session, digit, durationMs) => this.#passDigit(session, digit, durationMs),
      replan: (session) => this.#replan(session),
      replanLater: (session) => this.#afterTurn(() => this.#replan(session)),
    }
    this.#transcriptions = new Transcriptions({
      recognisers: setup.recognisers ?? null,
      session: (id) => this.#sessions.get(id),
      tell: (event) => this.#listener(event),
      replanLater: (session) => this.#afterTurn(() => this.#replan(session)),
    })
    this.#streams = new Streams({
      doors: setup.streaming === undefined ? null : { ...setup.streaming, clock: setup.clock, log: setup.log },
      net: setup.net,
      chance: setup.chance,
      session: (id) => this.#sessions.get(id),
      tell: (event) => this.#listener(event),
      replanLater: (session) => this.#afterTurn(() => this.#replan(session)),
      later: (work) => this.#afterTurn(work),
    })
  }

  /** Set once, before the first command. Events come in order. */
  onEvent(listener: (event: MediaEvent) => void): void {
    this.#listener = listener
  }

  /** Called when a `drain` has come to its end. */
  onDrained(listener: () => void): void {
    this.#onDrained = listener
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  handle(command: MediaCommand): void {
    switch (command.type) {
      case 'open-session':
        return this.#openSession(command.session, command.bindHost)
      case 'configure-session':
        return this.#withSession(command.session, (session) => {
          session.configure(command.description)
          this.#replan(session)
        })
      case 'close-session':
        return this.#withSession(command.session, (session) => this.#closeSession(session))
      case 'measure-session':
        return this.#withSession(command.session, (session) =>
          this.#listener({ type: 'session-stats', session: session.id, stats: session.measure() }),
        )
      case 'open-mix':
        if (!this.#mixes.has(command.mix)) {
          this.#mixes.set(
            command.mix,
            new Mix(command.mix, command.sampleRateHz, command.peers === 2, (session) =>
              this.#listener({ type: 'floor-changed', mix: command.mix, session: session.id }),
            ),
          )
        }
        return
      case 'close-mix':
        return this.#closeMix(command.mix)
      case 'set-member':
        return this.#setMember(command)
      case 'remove-member': {
        const session = this.#sessions.get(command.session)
        if (session !== undefined && session.mix?.id === command.mix) this.#leaveMix(session)
        else if (!this.#mixes.has(command.mix)) this.#listener({ type: 'mix-closed', mix: command.mix })
        return
      }
      case 'play':
        return this.#play(command)
      case 'stop-player': {
        const playing = this.#players.get(command.player)
        if (playing === undefined) this.#tellPlayerEnded(command.player, 'failed', { type: 'unknown' }, 0)
        else this.#endPlaying(command.player, playing, 'stopped', null)
        return
      }
      case 'record':
        return this.#record(command)
      case 'pause-recorder':
      case 'resume-recorder':
        return this.#withRecorder(command.recorder, (recorder) => {
          recorder.paused = command.type === 'pause-recorder'
          recorder.silent = command.type === 'pause-recorder' && command.silent === true
        })
      case 'stop-recorder':
        return this.#withRecorder(command.recorder, (recorder) => recorder.stop('stopped'))
      case 'send-digits':
        return this.#withSession(command.session, (session) => this.#sendDigits(session, command.steps, command.mode))
      case 'detect-answerer':
        return this.#withSession(command.session, (session) => this.#detectAnswerer(session, command.config))
      case 'stop-detecting':
        return this.#withSession(command.session, (session) => this.#stopDetecting(session))
      case 'suppress-noise':
        return this.#withSession(command.session, (session) => {
          const { direction, engine } = command
          session.suppress(direction === null ? null : { direction, engine })
          this.#replan(session)
        })
      case 'shift-pitch':
        return this.#withSession(command.session, (session) => {
          session.shiftPitch(command)
          this.#replan(session)
        })
      case 'keep-sending':
        return this.#withSession(command.session, (session) => {
          session.keepSending = true
          this.#replan(session)
        })
      case 'echo-session':
        return this.#withSession(command.session, (session) => {
          session.echoes = command.on
          this.#replan(session)
        })
      case 'feed-session':
        return this.#withSession(command.session, (session) =>
          this.#withSession(command.from, (from) => this.#feed(session, from, command.track)),
        )
      case 'start-stream':
        return this.#streams.start(command)
      case 'begin-stream':
        return this.#streams.begin(command.stream)
      case 'start-fork':
        return void this.#streams.startFork(command)
      case 'stop-stream':
        return this.#streams.stop(command.stream)
      case 'tell-stream-digit':
        return this.#streams.digit(command.session, command.digit, command.durationMs)
      case 'start-transcription':
        return this.#transcriptions.start(command)
      case 'stop-transcription':
        return this.#transcriptions.stop(command.transcription)
      case 'hello':
        this.#listener({
          type: 'worker-hello',
          sessions: [...this.#sessions.keys()],
          mixes: [...this.#mixes.keys()],
          recorders: [...this.#recorders.values()].map((one) => ({ recorder: one.id, path: one.want.path })),
        })
        return
      case 'drain':
        this.#drainTimer ??= after(this.#clock, command.withinMs, () => void this.close())
        if (this.#sessions.size === 0) void this.close()
        return
      default:
        unreachable(command)
    }
  }

  /** Closes every session, finishes every recording, and is done. */
  async close(): Promise<void> {
    this.#drainTimer?.cancel()
    this.#streams.close()
    for (const session of [...this.#sessions.values()]) this.#closeSession(session)
    for (const mix of [...this.#mixes.keys()]) this.#closeMix(mix)
    this.#runLater()
    while (this.#finishing.size > 0) await Promise.all(this.#finishing)
    this.#rounds?.cancel()
    this.#rounds = null
    this.#beat.stop()
    this.#shelf.close()
    const drained = this.#onDrained
    this.#onDrained = null
    drained?.()
  }

  // Sessions

  #openSession(id: SessionId, bindHost: string): void {
    if (this.#sessions.has(id)) return
    if (this.#sessions.size >= MAX_SESSIONS) {
      this.#tellSessionFailed(id, { type: 'limit-reached', limit: 'MAX_SESSIONS' })
      return
    }
    const session = new MediaSession(id, this.#host)
    this.#sessions.set(id, session)
    if (this.#rounds === null) this.#startRounds()
    void this.#bind(session, bindHost, 0)
  }

  async #bind(session: MediaSession, host: string, tries: number): Promise<void> {
    const port = tries < MAX_BIND_TRIES ? this.#ports.take(this.#clock.nowMs()) : null
    if (port === null) {
      if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id)
      if (!session.closed) this.#tellSessionFailed(session.id, { type: 'no-free-port' })
      return
    }
    const onError = () => session.onSocketError()
    const [rtp, rtcp] = await Promise.all([
      this.#setup.net.bind(
        { host, port },
        { onDatagram: (bytes, from, waitedMs) => this.#receive(session, bytes, from, waitedMs), onError },
      ),
      this.#setup.net.bind(
        { host, port: port + 1 },
        { onDatagram: (bytes, from, waitedMs) => session.onRtcp(bytes, from, waitedMs), onError },
      ),
    ])
    if (!rtp.ok || !rtcp.ok) {
      if (rtp.ok) rtp.value.close()
      if (rtcp.ok) rtcp.value.close()
      // Somebody else has it: it rests like a used one.
      this.#ports.release(port, this.#clock.nowMs())
      return this.#bind(session, host, tries + 1)
    }
    this.#bound(session, port, rtp.value, rtcp.value)
  }

  #bound(session: MediaSession, port: number, rtp: DatagramSocket, rtcp: DatagramSocket): void {
    if (session.closed) {
      rtp.close()
      rtcp.close()
      this.#ports.release(port, this.#clock.nowMs())
      return
    }
    this.#portOf.set(session.id, port)
    session.attach(rtp, rtcp)
    this.#listener({ type: 'session-opened', session: session.id, local: rtp.local, rtcpPort: rtcp.local.port })
    this.#replan(session)
  }

  #receive(session: MediaSession, bytes: Uint8Array, from: Address, waitedMs?: number): void {
    try {
      session.onRtp(bytes, from, waitedMs)
    } catch (cause) {
      this.#broken(session, cause)
    }
  }

  /** A bug ends the session or room it showed itself in; the others talk on. */
  #broken(one: unknown, cause: unknown): void {
    const reason = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
    this.#setup.log.error({ reason }, 'a media session or room broke')
    this.#afterTurn(() => {
      if (one instanceof MediaSession) this.#closeSession(one)
      else if (one instanceof Mix) this.#closeMix(one.id)
    })
  }

  #closeSession(session: MediaSession): void {
    if (this.#sessions.get(session.id) !== session) return
    this.#sessions.delete(session.id)
    for (const [id, playing] of [...this.#players]) {
      if (playing.sessions.delete(session) && playing.sessions.size === 0) {
        this.#endPlaying(id, playing, 'session-closed', null)
      }
    }
    for (const recorder of [...session.recorders]) recorder.stop('source-closed')
    this.#endFeed(session)
    this.#streams.sessionClosed(session)
    this.#transcriptions.sessionClosed(session)
    this.#leaveMix(session)
    this.#beat.leave(session)
    session.close()
    const port = this.#portOf.get(session.id)
    if (port !== undefined) this.#ports.release(port, this.#clock.nowMs())
    this.#portOf.delete(session.id)
    this.#listener({ type: 'session-closed', session: session.id, stats: session.measure() })
    if (this.#drainTimer !== null && this.#sessions.size === 0) void this.close()
  }

  #withSession(id: SessionId, use: (session: MediaSession) => void): void {
    const session = this.#sessions.get(id)
    if (session === undefined) this.#tellSessionFailed(id, { type: 'unknown' })
    else use(session)
  }

  #tellSessionFailed(session: SessionId, failure: MediaFailure): void {
    this.#listener({ type: 'session-failed', session, failure })
  }

  #sendDigits(session: MediaSession, steps: readonly DigitStep[], mode: 'telephone-event' | 'inband'): void {
    if (session.digits.length + steps.length > MAX_DIGIT_STEPS) {
      this.#tellSessionFailed(session.id, { type: 'limit-reached', limit: 'MAX_DIGIT_STEPS' })
      return
    }
    // A peer without events gets sounds: better than nothing.
    const able = mode === 'inband' || session.description?.telephoneEvent == null ? 'inband' : mode
    session.digits.add(steps, able, true)
    this.#replan(session)
  }

  #detectAnswerer(session: MediaSession, config: AnswererConfig): void {
    this.#stopDetecting(session)
    const tap = new AnswererTap(config, (event) => {
      const about = { session: session.id }
      if (event.type === 'verdict') this.#listener({ ...event, ...about, type: 'answerer-verdict' })
      else this.#listener({ ...event, ...about, type: 'answerer-greeting-ended' })
      if (tap.done) this.#afterTurn(() => this.#untap(session, tap))
    })
    this.#detectors.set(session, tap)
    session.taps.push(tap)
    this.#replan(session)
  }

  #stopDetecting(session: MediaSession): void {
    const tap = this.#detectors.get(session)
    if (tap !== undefined) this.#untap(session, tap)
  }

  #untap(session: MediaSession, tap: AnswererTap): void {
    if (this.#detectors.get(session) === tap) this.#detectors.delete(session)
    drop<Tap>(session.taps, tap)
    this.#replan(session)
  }

  #feed(session: MediaSession, from: MediaSession, track: 'inbound' | 'outbound'): void {
    this.#endFeed(session)
    const tap = new RelayTap(from, session, track)
    this.#feeds.set(session, tap)
    from.taps.push(tap)
    this.#replan(from)
  }

  #endFeed(session: MediaSession): void {
    const tap = this.#feeds.get(session)
    if (tap === undefined) return
    this.#feeds.delete(session)
    drop<Tap>(tap.from.taps, tap)
    this.#replan(tap.from)
  }

  #passDigit(from: MediaSession, digit: string, durationMs: number): void {
    const mix = this.#mixOf(from)
    if (!mix?.passesDigits(from)) return
    for (const { session } of mix.members) {
      if (session === from) continue
      const events = session.description?.telephoneEvent != null
      // Passed on packet by packet already.
      if (from.forwardTo === session && events) continue
      if (session.digits.length >= MAX_DIGIT_STEPS) continue
      session.digits.add([{ type: 'digit', digit, durationMs }], events ? 'telephone-event' : 'inband', false)
      this.#replan(session)
    }
  }

  // Rooms

  #setMember(command: Extract<MediaCommand, { type: 'set-member' }>): void {
    const mix = this.#mixes.get(command.mix)
    if (mix === undefined) {
      this.#listener({ type: 'mix-closed', mix: command.mix })
      return
    }
    this.#withSession(command.session, (session) => {
      if (session.mix !== mix) {
        if (mix.members.length >= MAX_MEMBERS) {
          this.#tellSessionFailed(session.id, { type: 'limit-reached', limit: 'MAX_MEMBERS' })
          return
        }
        this.#leaveMix(session)
        // From now on the room keeps its time.
        this.#beat.leave(session)
      }
      mix.set(session, command.hears, command.heardBy, command.passDigits)
      this.#replanMix(mix)
    })
  }

  #leaveMix(session: MediaSession): void {
    const mix = this.#mixOf(session)
    if (mix === undefined) return
    mix.remove(session)
    this.#replanMix(mix)
    this.#replan(session)
  }

  #closeMix(id: string): void {
    const mix = this.#mixes.get(id)
    if (mix !== undefined) {
      this.#mixes.delete(id)
      for (const [player, playing] of [...this.#players]) {
        if (playing.mix === mix) this.#endPlaying(player, playing, 'session-closed', null)
      }
      for (const recorder of [...mix.recorders]) recorder.stop('source-closed')
      const sessions = mix.members.map((member) => member.session)
      for (const session of sessions) mix.remove(session)
      this.#beat.leave(mix)
      for (const session of sessions) this.#replan(session)
    }
    this.#listener({ type: 'mix-closed', mix: id })
  }

  /** Gives a session its turn on the beat, its own or its room's, or takes it away. */
  #replan(session: MediaSession): void {
    if (session.closed) return
    if (session.mix !== null) {
      // A room that is being closed plans nothing any more.
      const mix = this.#mixOf(session)
      if (mix !== undefined) this.#replanMix(mix)
      return
    }
    this.#streams.aim(session)
    session.forwardTo = null
    const needed = session.needsBeat
    if (session.decoding && !needed) session.inbound?.reset()
    session.decoding = session.overheard
    if (needed) this.#beat.join(session, 1)
    else this.#beat.leave(session)
  }

  #mixOf(session: MediaSession): Mix | undefined {
    return session.mix === null ? undefined : this.#mixes.get(session.mix.id)
  }

  #replanMix(mix: Mix): void {
    this.#streams.aim(mix)
    mix.plan()
    if (mix.forwards) this.#setup.net.gather?.(0)
    if (mix.needsBeat) this.#beat.join(mix, mix.members.length)
    else this.#beat.leave(mix)
  }

  // Players

  #play(command: PlayCommand): void {
    if (this.#players.has(command.player)) return
    if (this.#players.size >= MAX_PLAYERS) {
      this.#tellPlayerEnded(command.player, 'failed', { type: 'limit-reached', limit: 'MAX_PLAYERS' }, 0)
      return
    }
    const sessions = new Set<MediaSession>()
    let mix: Mix | null = null
    if (command.target.type === 'mix') mix = this.#mixes.get(command.target.mix) ?? null
    else {
      for (const id of command.target.sessions) {
        const session = this.#sessions.get(id)
        if (session !== undefined) sessions.add(session)
      }
    }
    if (mix === null && sessions.size === 0) {
      this.#tellPlayerEnded(command.player, 'failed', { type: 'unknown' }, 0)
      return
    }
    const playing: Playing = { command, sessions, mix, player: null, onEnded: null }
    this.#players.set(command.player, playing)
    void this.#shelf.keyOf(command.source).then((key) => {
      if (this.#players.get(command.player) !== playing) return
      this.#start(command.player, playing, command.source, key, {
        times: command.times,
        gain: gainOfDb(command.gainDb),
        replace: command.mode === 'replace',
      })
    })
  }

  #start(
    id: PlayerId,
    playing: Playing,
    source: PlayerSource,
    key: string,
    want: { readonly times: number | 'forever'; readonly gain: number; readonly replace: boolean },
  ): void {
    const player = new Player({ player: id, source, ...want }, (rate) => this.#shelf.take(key, source, rate), {
      onStarted: () => {
        if (playing.onEnded === null) this.#listener({ type: 'player-started', player: id })
      },
      onEnded: (ended) =>
        this.#afterTurn(() =>
          this.#endPlaying(id, playing, ended.failure === null ? 'completed' : 'failed', ended.failure),
        ),
    })
    playing.player = player
    if (playing.mix !== null) {
      playing.mix.players.push(player)
      player.preload(8000, this.#clock.nowMs())
      this.#replanMix(playing.mix)
    }
    for (const session of playing.sessions) {
      session.players.push(player)
      player.preload(session.sampleRateHz, this.#clock.nowMs())
      this.#replan(session)
    }
  }

  #endPlaying(id: PlayerId, playing: Playing, reason: PlayEndReason, failure: MediaFailure | null): void {
    if (this.#players.get(id) !== playing) return
    this.#players.delete(id)
    const player = playing.player
    if (player !== null) {
      player.ended = true
      for (const prompt of player.prompts) this.#shelf.release(prompt)
      if (playing.mix !== null) {
        drop(playing.mix.players, player)
        if (this.#mixes.has(playing.mix.id)) this.#replanMix(playing.mix)
      }
      for (const session of playing.sessions) {
        drop(session.players, player)
        this.#replan(session)
      }
    }
    if (playing.onEnded !== null) playing.onEnded()
    else this.#tellPlayerEnded(id, reason, failure, player?.playedMs ?? 0)
  }

  #tellPlayerEnded(player: PlayerId, reason: PlayEndReason, failure: MediaFailure | null, playedMs: number): void {
    this.#listener({ type: 'player-ended', player, reason, failure, playedMs })
  }

  // Recorders

  #record(command: RecordCommand): void {
    if (this.#recorders.has(command.recorder)) return
    const session = command.source.type === 'session' ? (this.#sessions.get(command.source.session) ?? null) : null
    const mix = command.source.type === 'mix' ? (this.#mixes.get(command.source.mix) ?? null) : null
    if (session === null && mix === null) return this.#tellRecorderFailed(command.recorder, { type: 'unknown' })
    if (this.#recorders.size >= MAX_RECORDERS) {
      return this.#tellRecorderFailed(command.recorder, { type: 'limit-reached', limit: 'MAX_RECORDERS' })
    }
    const recorder = new Recorder(command, this.#setup.disk, (ending) =>
      this.#afterTurn(() => this.#finish(ending, session, mix)),
    )
    this.#recorders.set(command.recorder, recorder)
    const home = session ?? mix!
    home.recorders.push(recorder)
    if (session !== null) this.#replan(session)
    else this.#replanMix(mix!)
    const opened = recorder.open()
    void opened.then((failure) => {
      if (failure !== null) recorder.stop('failed', failure)
      else if (!command.beep) this.#tellRecorderStarted(recorder)
    })
    if (command.beep)
      this.#beep(session, mix, () => {
        recorder.waiting = false
        void opened.then((failure) => {
          if (failure === null) this.#tellRecorderStarted(recorder)
        })
      })
  }

  #tellRecorderStarted(recorder: Recorder): void {
    if (recorder.ending === null) this.#listener({ type: 'recorder-started', recorder: recorder.id })
  }

  #beep(session: MediaSession | null, mix: Mix | null, onEnded: () => void): void {
    const id = `beep ${this.#beepCount++}`
    const playing: Playing = {
      command: null,
      sessions: new Set(session === null ? [] : [session]),
      mix,
      player: null,
      onEnded,
    }
    this.#players.set(id, playing)
    this.#start(id, playing, { type: 'tone', tone: recordBeep }, 'beep', { times: 1, gain: 1, replace: false })
  }

  #finish(recorder: Recorder, session: MediaSession | null, mix: Mix | null): void {
    if (session !== null) {
      drop(session.recorders, recorder)
      this.#replan(session)
    } else if (mix !== null) {
      drop(mix.recorders, recorder)
      if (this.#mixes.has(mix.id)) this.#replanMix(mix)
    }
    const work = recorder.finish().then((end) => {
      this.#finishing.delete(work)
      this.#recorders.delete(recorder.id)
      if (end.failure !== null)
        this.#setup.log.warn({ recorder: recorder.id, failure: end.failure }, 'recording failed')
      this.#listener({ type: 'recorder-ended', recorder: recorder.id, ...end })
    })
    this.#finishing.add(work)
  }

  #withRecorder(id: RecorderId, use: (recorder: Recorder) => void): void {
    const recorder = this.#recorders.get(id)
    if (recorder === undefined) this.#tellRecorderFailed(id, { type: 'unknown' })
    else use(recorder)
  }

  #tellRecorderFailed(recorder: RecorderId, failure: MediaFailure): void {
    const reason: RecorderEndReason = 'failed'
    this.#listener({ type: 'recorder-ended', recorder, reason, failure, durationMs: 0, octets: 0 })
  }

  // Rounds

  #startRounds(): void {
    this.#cpuAt = { cpuMs: this.#setup.cpuMs?.() ?? 0, atMs: this.#clock.nowMs() }
    this.#rounds = after(this.#clock, ROUNDS_MS, this.#round)
  }

  readonly #round = (): void => {
    const nowMs = this.#clock.nowMs()
    this.#rounds = null
    const silentAfterMs = this.#setup.silentAfterMs ?? DEFAULT_SILENT_AFTER_MS
    let forwards = false
    for (const session of this.#sessions.values()) {
      forwards ||= session.forwardTo !== null
      session.reports.round(nowMs)
      session.keepAlive(nowMs)
      session.tidyLock(nowMs)
      const silentMs = nowMs - session.lastHeardMs
      if (!session.canReceive || session.silentTold || silentMs < silentAfterMs) continue
      session.silentTold = true
      this.#listener({ type: 'session-silent', session: session.id, silentMs: Math.round(silentMs) })
    }
    this.#setup.net.gather?.(forwards ? 0 : GATHER_MS)
    this.#roundCount++
    if (this.#roundCount % 2 === 0) this.#tellLoad(nowMs)
    if (this.#roundCount % 10 === 0) this.#shelf.tidy()
    // The last round, with nobody left, tells control so and is not repeated.
    if (this.#sessions.size > 0) this.#rounds = after(this.#clock, ROUNDS_MS, this.#round)
  }

  #tellLoad(nowMs: number): void {
    const cpuMs = this.#setup.cpuMs?.() ?? 0
    const wallMs = nowMs - this.#cpuAt.atMs
    const cpuFraction = wallMs > 0 ? (cpuMs - this.#cpuAt.cpuMs) / wallMs : 0
    this.#cpuAt = { cpuMs, atMs: nowMs }
    this.#listener({
      type: 'worker-load',
      sessions: this.#sessions.size,
      mixes: this.#mixes.size,
      players: this.#players.size,
      recorders: this.#recorders.size,
      ...this.#beat.takeLoad(),
      cpuFraction,
    })
  }

  /** Runs when the turn that asked for it is over: lists must not change under the beat. */
  #afterTurn(work: () => void): void {
    this.#later.push(work)
    if (this.#laterScheduled) return
    this.#laterScheduled = true
    queueMicrotask(() => this.#runLater())
  }

  #runLater(): void {
    this.#laterScheduled = false
    for (let work = this.#later.shift(); work !== undefined; work = this.#later.shift()) work()
  }
}

function drop<T>(list: T[], one: T): void {
  const index = list.indexOf(one)
  if (index >= 0) list.splice(index, 1)
}
