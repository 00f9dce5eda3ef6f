// Dial with Conference (twilio-voice §4.4, §10.1): into a room by its name, waiting with a document or music of one's own
// until it begins, held and announced to by REST, and out again by a hang-up, a star, REST, or the end of the room.

import { type ConferenceId, fromSid, toSid } from '#base/ids.ts'
import type { Fact } from '#calls/events.ts'
import type { BeepWhen, Conference, JoinOptions, RoomPlan } from '#calls/model.ts'
import { CONFERENCE_LIFETIME_MS } from '../limits.ts'
import type { ConferenceNotes } from '../notes.ts'
import type { Parameters } from '../signature.ts'
import type { ConferenceTarget, DialVerb, DocumentContext, Target, Verb } from '../twiml/verbs.ts'
import { DialRecording } from './dial-recording.ts'
import { dialAbandoned, dialOver } from './dialing.ts'
import type { ProgrammeDoors } from './programme-doors.ts'
import { resolvedCallback } from './recording.ts'
import { Standing } from './standing.ts'
import { type Aside, type Begun, type Input, next, type Outcome, over, running, type Task, type Turn } from './turn.ts'

const BEEPS: Readonly<Record<ConferenceTarget['beep'], BeepWhen>> = {
  true: 'always',
  false: 'never',
  onEnter: 'on-enter',
  onExit: 'on-exit',
}
/** CONF-19: a conference is of two at least. */
const START_WITH = 2
/** CONF-13. */
const COACH_UNKNOWN = 13240
/** CONF-06. */
const LABEL_TAKEN = 16025

export function beginDialConference(
  verb: DialVerb,
  target: ConferenceTarget,
  turn: Turn,
  doors: ProgrammeDoors,
  aside: (context: DocumentContext) => Aside,
): Begun {
  const { coach } = target
  if (coach !== null && fromSid<'call'>('CA', coach) === null) {
    turn.note('error', COACH_UNKNOWN, `'${coach}' is not the CallSid of a participant; coach takes one.`)
    return over(dialOver(verb, [['DialCallStatus', 'failed']]))
  }
  const dial = new ConferenceDial(verb, target, doors, aside)
  dial.begin(turn)
  return running(dial)
}

class ConferenceDial implements Task {
  readonly #verb: DialVerb
  readonly #target: ConferenceTarget
  readonly #recording: DialRecording
  /** What is heard while the room waits or this participant is held. */
  readonly #standing: Standing
  #waitFor: ConferenceTarget['wait']
  /** The room has not begun. */
  #waiting = false
  #token = 0
  #room: ConferenceId | null = null
  #name = ''

  constructor(
    verb: DialVerb,
    target: ConferenceTarget,
    doors: ProgrammeDoors,
    aside: (context: DocumentContext) => Aside,
  ) {
    this.#verb = verb
    this.#target = target
    this.#recording = new DialRecording(verb, doors.baseUrl)
    this.#standing = new Standing(aside)
    this.#waitFor = target.wait
    this.#name = target.name
  }

  begin(turn: Turn): void {
    const { startOnEnter, muted, endOnExit, label, beep, coach } = this.#target
    const coached = coach === null ? null : fromSid<'call'>('CA', coach)
    const options: JoinOptions = {
      muted,
      held: false,
      holdAudio: null,
      beep: BEEPS[beep],
      startOnEnter,
      // CONF-05: the others go on with their own documents.
      endOnExit: endOnExit ? 'park' : 'no',
      role: coached === null ? 'ordinary' : 'whisper',
      whisperTo: coached === null ? [] : [coached],
      label,
    }
    if (this.#verb.record !== null) this.#recording.begin(turn)
    this.#token = turn.command({ type: 'enter-room', call: turn.call.id, plan: this.#plan(turn), options })
    if (this.#verb.timeLimitS > 0) turn.setTimer('time limit', this.#verb.timeLimitS * 1000)
  }

  #plan(turn: Turn): RoomPlan {
    const { name, maxParticipants, statusCallback, recordingCallback, eventCallbackUrl, record, trim, region } =
      this.#target
    // CONF-16.
    const old = recordingCallback === null ? eventCallbackUrl : null
    const notes: ConferenceNotes = {
      ...(statusCallback === null ? {} : { callback: resolvedCallback(statusCallback, turn) }),
      ...(recordingCallback === null ? {} : { recordingCallback: resolvedCallback(recordingCallback, turn) }),
      ...(record ? { record: { trim } } : {}),
      ...(old === null ? {} : { eventCallbackUrl: turn.url(old) }),
      ...(region === null ? {} : { region }),
    }
    return {
      ...(this.#target.id === undefined ? {} : { id: this.#target.id }),
      name,
      beep: 'never',
      maxParticipants,
      startOnCreate: false,
      startWith: START_WITH,
      holdAudio: null,
      durationMs: CONFERENCE_LIFETIME_MS,
      notes: { ...notes },
    }
  }

  on(input: Input, turn: Turn): Outcome {
    switch (input.type) {
      case 'accepted':
        this.#recording.accepted(input.token, input.accepted)
        if (input.token === this.#token) this.#entered(input.accepted.conference, turn)
        return null
      case 'refused':
        return input.token === this.#token ? this.#refused(input.refusal.type, turn) : null
      case 'hold':
        return this.#hold(input.audio, turn)
      case 'wait-changed':
        this.#waitFor = input.wait
        if (this.#waiting && this.#standing.context !== 'hold') this.#wait(turn)
        return null
      case 'timer':
        if (input.name === 'time limit') return this.#leave(turn)
        break
      case 'fact': {
        const outcome = this.#fact(input.fact, turn)
        if (outcome !== null) return outcome
        break
      }
      default:
    }
    // ENG §3.1: none of these documents may hang up or leave.
    const waiting = this.#standing.context === 'conference-wait'
    // CONF-08: without its waiting document a participant does not get in.
    if (this.#standing.on(input, this.#about(), turn) === 'failed' && waiting) return this.#leave(turn)
    return null
  }

  abort(turn: Turn, following: Verb | null): void {
    this.#silence(turn)
    if (this.#room !== null && turn.call.place.type === 'conference')
      turn.command({ type: 'leave-conference', conference: this.#room, call: turn.call.id, beep: null })
    dialAbandoned(this.#verb, this.#parameters(turn), turn, following)
  }

  #fact(fact: Fact, turn: Turn): Outcome {
    if (fact.type === 'call.digit' && fact.call.id === turn.call.id && fact.digit === '*' && this.#verb.hangupOnStar)
      return this.#leave(turn)
    if (!('conference' in fact) || fact.conference === null) return null
    if (this.#room !== null && fact.conference.id !== this.#room) return null
    if (fact.type === 'conference.started') {
      this.#waiting = false
      if (this.#standing.context === 'conference-wait') this.#standing.end(turn)
    }
    if (fact.type === 'conference.left' && fact.call.id === turn.call.id && this.#room !== null) {
      this.#silence(turn)
      return dialOver(this.#verb, this.#parameters(turn))
    }
    return null
  }

  #entered(room: Conference | null, turn: Turn): void {
    if (room === null) return
    this.#room = room.id
    this.#waiting = room.state === 'waiting'
    if (this.#waiting) this.#wait(turn)
  }

  #refused(reason: string, turn: Turn): Outcome {
    this.#silence(turn)
    if (reason === 'label-taken') {
      turn.note('error', LABEL_TAKEN, `The label '${this.#target.label}' is in use in the conference '${this.#name}'.`)
      return next
    }
    if (reason === 'not-in-conference')
      turn.note('error', COACH_UNKNOWN, `The coached call ${this.#target.coach} is not in '${this.#name}'.`)
    else if (reason === 'conference-full') turn.note('error', 16020, `The conference '${this.#name}' is full.`)
    else turn.note('error', 12400, `The conference '${this.#name}' could not be entered: ${reason}.`)
    return dialOver(this.#verb, [['DialCallStatus', 'failed']])
  }

  #wait(turn: Turn): void {
    const wait = this.#waitFor
    if (wait === 'music') this.#standing.music('conference-wait', turn)
    else if (wait === 'silence') this.#standing.end(turn)
    else this.#standing.begin(wait, this.#about(), 'conference-wait', 'once', turn)
  }

  /** PT-03: null takes the participant back. */
  #hold(audio: Target | 'music' | null, turn: Turn): null {
    if (audio === null) {
      this.#standing.end(turn)
      if (this.#waiting) this.#wait(turn)
    } else if (audio === 'music') this.#standing.music('hold', turn)
    else this.#standing.begin(audio, this.#about(), 'hold', 'again', turn)
    return null
  }

  #leave(turn: Turn): null {
    if (this.#room !== null)
      turn.command({ type: 'leave-conference', conference: this.#room, call: turn.call.id, beep: null })
    return null
  }

  #silence(turn: Turn): void {
    turn.clearTimer('time limit')
    this.#standing.end(turn)
    this.#recording.stop(turn)
  }

  /** WH-08. */
  #about(): Parameters {
    return [
      ...(this.#room === null ? [] : ([['ConferenceSid', toSid('CF', this.#room)]] as const)),
      ['FriendlyName', this.#name],
    ]
  }

  /** CONF-20: no DialCallSid, no duration. */
  #parameters(turn: Turn): Parameters {
    return [['DialCallStatus', 'answered'], ...this.#recording.parameters(turn)]
  }
}
