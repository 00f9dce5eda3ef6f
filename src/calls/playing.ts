// Runs the play queues of calls and rooms: prepares sounds, starts and halts players in the media worker, tells what was
// heard. The rules are play-queue.ts; this is its shell.

import type { CallId, ConferenceId, PlaybackId } from '#base/ids.ts'
import { unreachable } from '#base/unreachable.ts'
import type { MediaEvent, PlayerId, PlayerSource, PlayerTarget } from '#media/protocol.ts'
import type { Listeners } from './commands.ts'
import type { Hall, LiveCall, LiveConference } from './hall.ts'
import { MAX_QUEUED_PLAYBACKS } from './limits.ts'
import type { AudioSource, Playback, PlaybackStatus } from './model.ts'
import { type Effect, type Input, isPlaying, queueStep, type State } from './play-queue.ts'
import { ringingOf, toneOf } from './tones.ts'

/** Who hears a queue: one call, or a room as a whole. */
type Owner =
  | { readonly type: 'call'; readonly call: CallId }
  | { readonly type: 'conference'; readonly conference: ConferenceId }

interface Running {
  readonly owner: Owner
  /** Set when a room asked for it on behalf of this one listener: it is told as the room's. */
  readonly forConference: ConferenceId | null
  readonly onEnded: ((status: PlaybackStatus) => void) | null
}

export class Playing {
  readonly #hall: Hall
  readonly #running = new Map<PlaybackId, Running>()
  /** Players in the worker; a new one each time a sound starts, so that late words about an old one are not mistaken. */
  readonly #players = new Map<PlayerId, PlaybackId>()
  readonly #playerOf = new Map<PlaybackId, PlayerId>()
  #nextPlayer = 1

  constructor(hall: Hall) {
    this.#hall = hall
  }

  /** Queues a sound for a call. False: the queue is full. */
  enqueue(
    live: LiveCall,
    playback: Playback,
    listeners: Listeners,
    preempt: 'nothing' | 'current' | 'all',
    options: { readonly forConference?: ConferenceId; readonly onEnded?: (status: PlaybackStatus) => void } = {},
  ): boolean {
    if (live.queue.main.length + live.queue.overlay.length >= MAX_QUEUED_PLAYBACKS) return false
    const owner: Owner = { type: 'call', call: live.call.id }
    this.#running.set(playback.id, {
      owner,
      forConference: options.forConference ?? null,
      onEnded: options.onEnded ?? null,
    })
    this.#feed(owner, { type: 'enqueue', playback, listeners, preempt })
    return true
  }

  /** Queues a sound for everyone in a room. False: the queue is full. */
  enqueueForRoom(live: LiveConference, playback: Playback): boolean {
    if (live.queue.main.length >= MAX_QUEUED_PLAYBACKS) return false
    const owner: Owner = { type: 'conference', conference: live.conference.id }
    this.#running.set(playback.id, { owner, forConference: live.conference.id, onEnded: null })
    this.#feed(owner, { type: 'enqueue', playback, listeners: 'self', preempt: 'nothing' })
    return true
  }

  stop(live: LiveCall, which: 'current' | 'all', overlay: boolean): void {
    this.#feed({ type: 'call', call: live.call.id }, { type: 'stop', which, overlay, status: 'cancelled' })
  }

  /** A machine answered: all that was meant for a person ends. */
  machineDetected(live: LiveCall): void {
    for (const overlay of [true, false])
      this.#feed(
        { type: 'call', call: live.call.id },
        { type: 'stop', which: 'all', overlay, status: 'machine-detected' },
      )
  }

  stopRoom(live: LiveConference): void {
    this.#feed(
      { type: 'conference', conference: live.conference.id },
      { type: 'stop', which: 'all', overlay: false, status: 'cancelled' },
    )
  }

  /** Takes one sound out of whatever queue it is in. */
  remove(playback: PlaybackId): void {
    const running = this.#running.get(playback)
    if (running !== undefined) this.#feed(running.owner, { type: 'remove', playback })
  }

  /** Hold music and ringback: heard, without events, whenever nothing else plays; null ends it. */
  setBackground(live: LiveCall, source: AudioSource | null): void {
    const owner: Owner = { type: 'call', call: live.call.id }
    if (source === null) {
      if (live.queue.background !== null) this.#feed(owner, { type: 'set-background', playback: null })
      return
    }
    const id = this.#hall.doors.ids.make<'playback'>()
    const playback: Playback = { id, kind: 'audio', source, times: 'forever', overlay: false, announced: false }
    this.#running.set(id, { owner, forConference: null, onEnded: null })
    this.#feed(owner, { type: 'set-background', playback })
  }

  /** Whether a sound plays that others may be laid over. */
  isPlaying(live: LiveCall): boolean {
    return isPlaying(live.queue)
  }

  /** Whether a background sound is heard whenever nothing else plays. */
  hasBackground(live: LiveCall): boolean {
    return live.queue.background !== null
  }

  callEnded(live: LiveCall): void {
    this.#feed({ type: 'call', call: live.call.id }, { type: 'call-ended' })
  }

  roomEnded(live: LiveConference): void {
    this.#feed({ type: 'conference', conference: live.conference.id }, { type: 'call-ended' })
  }

  onMedia(event: Extract<MediaEvent, { readonly type: 'player-started' | 'player-ended' }>): void {
    const playback = this.#players.get(event.player)
    const running = playback === undefined ? undefined : this.#running.get(playback)
    if (playback === undefined || running === undefined) return
    if (event.type === 'player-started') return this.#feed(running.owner, { type: 'started', playback })
    this.#players.delete(event.player)
    this.#playerOf.delete(playback)
    this.#feed(running.owner, { type: 'ended', playback, ...outcome(event) })
  }

  #feed(owner: Owner, input: Input): void {
    const live = this.#owner(owner)
    if (live === undefined) return
    const { state, effects } = queueStep(live.queue, input)
    live.queue = state
    for (const effect of effects) this.#run(owner, effect)
  }

  #run(owner: Owner, effect: Effect): void {
    switch (effect.type) {
      case 'prepare':
        return this.#prepare(owner, effect.playback)
      case 'play':
        return this.#play(owner, effect.playback, effect.source, effect.listeners)
      case 'halt':
        return this.#halt(owner, effect.playback)
      case 'tell-started':
        return this.#tell(owner, effect.playback, null, null)
      case 'tell-ended': {
        const running = this.#running.get(effect.playback.id)
        this.#tell(owner, effect.playback, effect.status, effect.detail)
        this.#running.delete(effect.playback.id)
        running?.onEnded?.(effect.status)
        return
      }
      default:
        return unreachable(effect)
    }
  }

  #prepare(owner: Owner, playback: Playback): void {
    const ready = made(playback)
    if (ready !== null) return this.#feed(owner, { type: 'prepared', playback: playback.id, source: ready })
    const live = this.#owner(owner)
    if (live === undefined) return
    const account = 'call' in live ? live.call.account : live.conference.account
    void this.#hall.doors.sounds.prepare(playback.source, account).then((result) =>
      this.#hall.turn(() =>
        this.#feed(
          owner,
          result.ok
            ? { type: 'prepared', playback: playback.id, source: result.value }
            : {
                type: 'unprepared',
                playback: playback.id,
                status: result.error.status,
                detail: result.error.detail,
              },
        ),
      ),
    )
  }

  #play(owner: Owner, playback: Playback, source: PlayerSource, listeners: Listeners): void {
    const live = this.#owner(owner)
    if (live === undefined) return
    const player = `${playback.id}.${this.#nextPlayer++}`
    this.#players.set(player, playback.id)
    this.#playerOf.set(playback.id, player)
    const background = live.queue.background?.playback.id === playback.id
    this.#hall.toMedia('call' in live ? live.call.account : live.conference.account, {
      type: 'play',
      player,
      target: target(live, listeners),
      source,
      times: playback.times,
      gainDb: 0,
      mode: background ? 'replace' : 'over',
    })
  }

  #halt(owner: Owner, playback: Playback): void {
    const live = this.#owner(owner)
    const player = this.#playerOf.get(playback.id)
    if (live === undefined || player === undefined) return
    this.#players.delete(player)
    this.#playerOf.delete(playback.id)
    this.#hall.toMedia('call' in live ? live.call.account : live.conference.account, { type: 'stop-player', player })
  }

  /** `status` null tells the start. */
  #tell(owner: Owner, playback: Playback, status: PlaybackStatus | null, detail: string | null): void {
    if (!playback.announced) return
    const running = this.#running.get(playback.id)
    const live = this.#owner(owner)
    if (live === undefined) return
    const room = running?.forConference == null ? undefined : this.#hall.conferences.get(running.forConference)
    if (room !== undefined) {
      const call = 'call' in live ? live.call : null
      const lane = call?.id ?? room.conference.id
      const about = { conference: room.conference, call, playback }
      this.#hall.tell(
        status === null
          ? { type: 'conference.playback.started', ...about }
          : { type: 'conference.playback.ended', ...about, status, detail },
        lane,
      )
      return
    }
    if (!('call' in live)) return
    this.#hall.tell(
      status === null
        ? { type: 'playback.started', call: live.call, playback }
        : { type: 'playback.ended', call: live.call, playback, status, detail },
      live.call.id,
    )
  }

  #owner(owner: Owner): ((LiveCall | LiveConference) & { queue: State }) | undefined {
    return owner.type === 'call' ? this.#hall.calls.get(owner.call) : this.#hall.conferences.get(owner.conference)
  }
}

/** Sounds we make ourselves need no preparing. */
function made(playback: Playback): PlayerSource | null {
  switch (playback.source.type) {
    case 'tone':
      return { type: 'tone', tone: toneOf(playback.source.tone) }
    case 'ringing':
      return { type: 'tone', tone: ringingOf(playback.source.country) }
    case 'silence':
      return { type: 'silence', durationMs: playback.source.durationMs }
    case 'hold-music':
      return { type: 'hold-music' }
    default:
      return null
  }
}

function target(live: LiveCall | LiveConference, listeners: Listeners): PlayerTarget {
  if (!('call' in live)) return { type: 'mix', mix: live.conference.id }
  const self = live.call.id
  const peer = live.call.place.type === 'bridged' ? live.call.place.peer : null
  switch (listeners) {
    case 'self':
      return { type: 'sessions', sessions: [self] }
    case 'opposite':
      return { type: 'sessions', sessions: peer === null ? [] : [peer] }
    case 'both':
      return { type: 'sessions', sessions: peer === null ? [self] : [self, peer] }
    default:
      return unreachable(listeners)
  }
}

function outcome(event: Extract<MediaEvent, { readonly type: 'player-ended' }>): {
  readonly status: PlaybackStatus
  readonly detail: string | null
} {
  switch (event.reason) {
    case 'completed':
      return { status: 'completed', detail: null }
    case 'stopped':
      return { status: 'cancelled', detail: null }
    case 'session-closed':
      return { status: 'call-ended', detail: null }
    case 'failed':
      return event.failure?.type === 'file-missing'
        ? { status: 'not-found', detail: 'the audio is no longer there' }
        : { status: 'failed', detail: event.failure === null ? null : failureText(event.failure) }
    default:
      return unreachable(event.reason)
  }
}

function failureText(failure: NonNullable<Extract<MediaEvent, { readonly type: 'player-ended' }>['failure']>): string {
  switch (failure.type) {
    case 'file-unusable':
    case 'disk-failed':
      return failure.reason
    case 'limit-reached':
      return `limit reached: ${failure.limit}`
    default:
      return failure.type
  }
}
