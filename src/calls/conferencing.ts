// Conferences: who is in, who hears whom, what plays to the room, and how it ends. Who hears whom is hearing.ts; this
// applies it to the media worker after every change.

import type { CallId, ConferenceId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Refusal } from './commands.ts'
import type { Hall, LiveCall, LiveConference } from './hall.ts'
import { hearingOf } from './hearing.ts'
import { MAX_LIVE_CONFERENCES } from './limits.ts'
import {
  type AudioSource,
  type BeepWhen,
  type Conference,
  type ConferenceEndReason,
  type JoinOptions,
  ordinaryJoin,
  type Participant,
  type Playback,
  type RoomPlan,
  type Supervision,
} from './model.ts'
import type { Playing } from './playing.ts'
import type { RecordingDesk } from './recording.ts'
import { toneOf } from './tones.ts'

export class Conferencing {
  readonly #hall: Hall
  readonly #playing: Playing
  readonly #recordings: RecordingDesk
  /** Takes a call out of its bridge or queue. */
  readonly #leaveElsewhere: (live: LiveCall) => void
  #beeps = 1

  constructor(hall: Hall, playing: Playing, recordings: RecordingDesk, leaveElsewhere: (live: LiveCall) => void) {
    this.#hall = hall
    this.#playing = playing
    this.#recordings = recordings
    this.#leaveElsewhere = leaveElsewhere
  }

  /** @param options how its maker joins it */
  create(creator: LiveCall, command: RoomPlan, options = ordinaryJoin): Result<Conference, Refusal> {
    if (creator.call.state !== 'answered') return err({ type: 'call-not-answered' })
    if (this.byName(creator.call.account, command.name) !== null) return err({ type: 'conference-name-taken' })
    if (this.#hall.conferences.size >= MAX_LIVE_CONFERENCES) {
      return err({ type: 'limit-reached', limit: `${MAX_LIVE_CONFERENCES} live conferences` })
    }
    const { wallMs } = this.#hall
    const live = this.#hall.addConference({
      id: command.id ?? this.#hall.doors.ids.make<'conference'>(),
      account: creator.call.account,
      application: creator.call.application,
      name: command.name,
      owner: creator.call.id,
      ownerGroup: creator.call.group,
      state: command.startOnCreate ? 'running' : 'waiting',
      beep: command.beep,
      maxParticipants: command.maxParticipants,
      startWith: command.startWith ?? 1,
      holdAudio: command.holdAudio,
      participants: [],
      createdAtWallMs: wallMs,
      updatedAtWallMs: wallMs,
      expiresAtWallMs: wallMs + command.durationMs,
      endedAtWallMs: null,
      endReason: null,
      endedBy: null,
      notes: command.notes,
    })
    live.timer = this.#hall.doors.clock.at(this.#hall.nowMs + command.durationMs, () =>
      this.#hall.turn(() => this.end(live, 'time-exceeded', null, 'hang-up')),
    )
    this.#hall.tell({ type: 'conference.created', conference: live.conference, call: creator.call }, creator.call.id)
    const joined = this.join(live, creator, options)
    return joined.ok ? ok(live.conference) : joined
  }

  join(live: LiveConference, caller: LiveCall, options: JoinOptions): Result<Participant, Refusal> {
    const { conference } = live
    if (conference.state === 'ended') return err({ type: 'conference-ended' })
    if (caller.call.state !== 'answered') return err({ type: 'call-not-answered' })
    if (this.participant(live, caller.call.id) !== null) return err({ type: 'already-in-conference' })
    if (conference.participants.length >= conference.maxParticipants) return err({ type: 'conference-full' })
    this.#leaveElsewhere(caller)
    this.leave(caller, null)
    const { wallMs } = this.#hall
    const participant: Participant = {
      id: this.#hall.doors.ids.make<'participant'>(),
      call: caller.call.id,
      joinedAtWallMs: wallMs,
      updatedAtWallMs: wallMs,
      muted: options.muted,
      held: options.held,
      holdAudio: options.holdAudio,
      beep: options.beep,
      endOnExit: options.endOnExit,
      role: options.role,
      whisperTo: options.whisperTo,
      label: options.label,
      startOnEnter: options.startOnEnter,
    }
    this.#hall.setCall(caller, { place: { type: 'conference', conference: conference.id } })
    this.#hall.setParticipant(live, participant)
    const { participants, startWith } = live.conference
    const starts =
      conference.state === 'waiting' && participants.length >= startWith && participants.some((one) => one.startOnEnter)
    if (starts) this.#hall.setConference(live, { state: 'running' })
    this.#openMix(live)
    if (starts) for (const one of live.conference.participants) this.#apply(live, one)
    else this.#apply(live, participant)
    this.#beep(live, participant, 'on-enter')
    this.#hall.tell(
      { type: 'conference.joined', conference: live.conference, call: caller.call, participant },
      caller.call.id,
    )
    if (starts)
      this.#hall.tell({ type: 'conference.started', conference: live.conference, call: caller.call }, caller.call.id)
    return ok(participant)
  }

  /**
   * Takes a call out of its conference, if it is in one; the call is parked.
   *
   * @param later when given, the end of the room that this may cause is put there instead of happening now: a call that
   *   is over is told before the room it leaves empty (telnyx-seed-apps §10)
   */
  leave(caller: LiveCall, beep: BeepWhen | null, later: (() => void)[] | null = null): void {
    const { place } = caller.call
    if (place.type !== 'conference') return
    const live = this.#hall.conferences.get(place.conference)
    this.#hall.setCall(caller, { place: { type: 'parked' } })
    this.#playing.setBackground(caller, null)
    if (live === undefined || live.conference.state === 'ended') return
    const participant = this.participant(live, caller.call.id)
    if (participant === null) return
    this.#hall.toMedia(caller.call.account, {
      type: 'remove-member',
      mix: live.conference.id,
      session: caller.call.id,
    })
    this.#hall.removeParticipant(live, participant)
    this.#hall.tell(
      { type: 'conference.left', conference: live.conference, call: caller.call, participant },
      caller.call.id,
    )
    const empty = live.conference.participants.length === 0
    if (!empty && participant.endOnExit === 'no') {
      return this.#beep(live, beep === null ? participant : { ...participant, beep }, 'on-exit')
    }
    const fate = participant.endOnExit === 'hang-up' ? 'hang-up' : 'park'
    const conclude = (): void => this.end(live, empty ? 'all-left' : 'host-left', caller, fate)
    if (later === null) conclude()
    else later.push(conclude)
  }

  /** Ends a room: everyone leaves and is hung up or parked, then it is told, last in the lane of who ended it. */
  end(live: LiveConference, reason: ConferenceEndReason, by: LiveCall | null, fate: 'hang-up' | 'park'): void {
    const { conference } = live
    if (conference.state === 'ended') return
    this.#playing.roomEnded(live)
    const left = conference.participants
    this.#hall.setConference(live, {
      state: 'ended',
      endedAtWallMs: this.#hall.wallMs,
      endReason: reason,
      endedBy: by?.call.id ?? null,
    })
    for (const participant of left) {
      const caller = this.#hall.calls.get(participant.call)
      this.#hall.removeParticipant(live, participant)
      if (caller === undefined) continue
      this.#playing.setBackground(caller, null)
      this.#hall.setCall(caller, { place: { type: 'parked' } })
      this.#hall.tell(
        { type: 'conference.left', conference: live.conference, call: caller.call, participant },
        caller.call.id,
      )
    }
    for (const id of live.recordings) {
      const recording = this.#hall.recordings.get(id)
      if (recording !== undefined) this.#recordings.stop(recording)
    }
    if (live.mixOpen) this.#hall.toMedia(conference.account, { type: 'close-mix', mix: conference.id })
    // Its maker may be long gone: somebody who was there until the end tells of it then.
    const present = [conference.owner, ...left.map((one) => one.call)].map((id) => this.#hall.calls.get(id))
    const teller = by ?? present.find((one) => one !== undefined) ?? null
    const owner = this.#hall.calls.get(conference.owner)?.call ?? teller?.call ?? null
    if (owner !== null) {
      this.#hall.tell(
        { type: 'conference.ended', conference: live.conference, call: owner, reason },
        teller?.call.id ?? conference.id,
      )
    }
    if (fate === 'hang-up') {
      for (const participant of left) {
        const caller = this.#hall.calls.get(participant.call)
        if (caller === undefined) continue
        caller.intent ??= 'hang-up'
        this.#hall.toLeg({ type: 'hang-up', leg: participant.call, q850: 16, headers: [] })
      }
    }
    this.recordingOver(conference.id)
  }

  /** Somebody else speaks now; what is heard while a room waits or of one who left meanwhile is nobody's business. */
  floorChanged(live: LiveConference, caller: LiveCall): void {
    const { conference } = live
    if (conference.state !== 'running' || this.participant(live, caller.call.id) === null) return
    this.#hall.tell({ type: 'conference.floor', conference, call: caller.call }, caller.call.id)
  }

  /** A room that ended is forgotten once its last recording is saved. */
  recordingOver(id: ConferenceId): void {
    const live = this.#hall.conferences.get(id)
    if (live !== undefined && live.conference.state === 'ended' && live.recordings.size === 0) {
      this.#hall.forgetConference(id)
    }
  }

  /** Changes the named participants (null: all). Calls that are not in the room are passed over; false when none is. */
  change(
    live: LiveConference,
    calls: readonly CallId[] | null,
    to: (participant: Participant) => Participant,
  ): boolean {
    const meant = this.#meant(live, calls)
    for (const participant of meant) {
      const changed = { ...to(participant), updatedAtWallMs: this.#hall.wallMs }
      this.#hall.setParticipant(live, changed)
      this.#apply(live, changed)
      const call = this.#hall.calls.get(participant.call)?.call
      if (call === undefined) continue
      this.#hall.tell(
        { type: 'conference.changed', conference: live.conference, call, participant: changed, before: participant },
        call.id,
      )
    }
    return meant.length > 0 || calls === null
  }

  /** Plays to the room, or to each of the named participants on its own. False: nobody was there. */
  play(live: LiveConference, calls: readonly CallId[] | null, playback: Playback): boolean {
    if (calls === null) {
      this.#openMix(live)
      return this.#playing.enqueueForRoom(live, playback)
    }
    const meant = this.#meant(live, calls)
    for (const participant of meant) {
      const caller = this.#hall.calls.get(participant.call)
      if (caller === undefined) continue
      const own = meant.length === 1 ? playback : { ...playback, id: this.#hall.doors.ids.make<'playback'>() }
      this.#playing.enqueue(caller, own, 'self', 'nothing', { forConference: live.conference.id })
    }
    return meant.length > 0
  }

  stopPlay(live: LiveConference, calls: readonly CallId[] | null): void {
    if (calls === null) this.#playing.stopRoom(live)
    for (const participant of this.#meant(live, calls)) {
      const caller = this.#hall.calls.get(participant.call)
      if (caller !== undefined) this.#playing.stop(caller, 'all', false)
    }
  }

  participant(live: LiveConference, call: CallId): Participant | null {
    return live.conference.participants.find((one) => one.call === call) ?? null
  }

  /** The live conference of an account by its name. */
  byName(account: Conference['account'], name: string): LiveConference | null {
    for (const live of this.#hall.conferences.values()) {
      const { conference } = live
      if (conference.state !== 'ended' && conference.account === account && conference.name === name) return live
    }
    return null
  }

  #meant(live: LiveConference, calls: readonly CallId[] | null): readonly Participant[] {
    const all = live.conference.participants
    return calls === null || calls.length === 0 ? all : all.filter((one) => calls.includes(one.call))
  }

  #openMix(live: LiveConference): void {
    if (live.mixOpen) return
    live.mixOpen = true
    this.#hall.toMedia(live.conference.account, {
      type: 'open-mix',
      mix: live.conference.id,
      sampleRateHz: 16_000,
      peers: 'many',
    })
  }

  #apply(live: LiveConference, participant: Participant): void {
    const caller = this.#hall.calls.get(participant.call)
    if (caller === undefined) return
    const hearing = hearingOf(live.conference, participant)
    const account = caller.call.account
    if (hearing.type === 'apart') {
      // Still a member, but deaf and dumb: it keeps its place, and only hold audio reaches it.
      this.#hall.toMedia(account, {
        type: 'set-member',
        mix: live.conference.id,
        session: caller.call.id,
        hears: 'nobody',
        heardBy: 'nobody',
        passDigits: false,
      })
      this.#playing.setBackground(caller, this.#holdAudio(live, participant))
      return
    }
    this.#playing.setBackground(caller, null)
    this.#hall.toMedia(account, {
      type: 'set-member',
      mix: live.conference.id,
      session: caller.call.id,
      hears: hearing.hears,
      heardBy: hearing.heardBy,
      passDigits: false,
    })
  }

  /** What a held participant hears: its own audio, the room's, or silence (telnyx-seed-apps §11 row 16). */
  #holdAudio(live: LiveConference, participant: Participant): AudioSource | null {
    return participant.holdAudio ?? live.conference.holdAudio
  }

  #beep(live: LiveConference, participant: Participant, moment: 'on-enter' | 'on-exit'): void {
    const when = participant.beep ?? live.conference.beep
    if (when !== 'always' && when !== moment) return
    if (live.conference.state !== 'running') return
    this.#hall.toMedia(live.conference.account, {
      type: 'play',
      player: `${live.conference.id}.beep${this.#beeps++}`,
      target: { type: 'mix', mix: live.conference.id },
      source: { type: 'tone', tone: toneOf('beep') },
      times: 1,
      gainDb: 0,
      mode: 'over',
    })
  }
}

/** How a supervisor stands in a room (telnyx-voice §12.7, §12.10). */
export function conferenceRole(supervision: Supervision): Pick<Participant, 'role' | 'whisperTo'> {
  switch (supervision.role) {
    case 'barge':
      return { role: 'ordinary', whisperTo: [] }
    case 'whisper':
      return { role: 'whisper', whisperTo: [supervision.of] }
    case 'monitor':
      return { role: 'monitor', whisperTo: [] }
  }
}
