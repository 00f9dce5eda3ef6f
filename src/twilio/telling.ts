// What is told to status callbacks (twilio-voice §5.3 to 5.5), from the hall's facts: how calls go, recordings, conferences,
// and who answered. Inside the transaction of the fact, so that nothing that happened goes untold.

import type { Application } from '#accounts/model.ts'
import type { Register } from '#accounts/register.ts'
import type { ApplicationId, CallId, ConferenceId, IdMaker } from '#base/ids.ts'
import type { EngineEvent, Fact } from '#calls/events.ts'
import type { Call, Conference, Participant, Recording } from '#calls/model.ts'
import type { Draft } from '#webhooks/outbox.ts'
import { answeredBy } from './answering-machines.ts'
import { failureParameters } from './call-failure.ts'
import { durationS, endStatus, minutes, sipResponseCode, waits } from './call-status.ts'
import { callbackDraft } from './callbacks.ts'
import { LANGUAGE } from './doors.ts'
import { type ConferenceNotes, notesOf, type RecordingNotes } from './notes.ts'
import type { Note } from './notifications.ts'
import { standardParameters } from './parameters.ts'
import type { Parameters } from './signature.ts'
import { siprecCallbacks, siprecFailure } from './siprec.ts'
import { recordingUrl, restTime, sid } from './spelling.ts'
import { streamCallbacks, streamFailure } from './streams.ts'
import { texmlParameters } from './texml/parameters.ts'
import { transcriptionCallbacks, transcriptionFailure } from './transcriptions.ts'
import type { Problem, StatusTarget, Target } from './twiml/verbs.ts'
import { vendorOf } from './vendor.ts'
import { endCallbackOf } from './voice-settings.ts'

/** A room's callback that no fact causes, numbered like the others; null: nobody wants to know. */
export type RoomCallback = (
  conference: Conference,
  subscription: string,
  event: string,
  parameters: Parameters,
) => { readonly target: Target; readonly parameters: Parameters } | null

/** What is remembered of a room while it lives. */
interface Room {
  /** The SequenceNumber told last (CSE-09). */
  number: number
  conference: Conference
  /** Of those who were in it: who ended it is told by its label, too (CSE-05). */
  readonly labels: Map<CallId, string>
}

/** One request to be made. */
interface Told {
  readonly target: Target
  readonly parameters: Parameters
  /** For the delivery log. */
  readonly what: string
}

type Moment = 'initiated' | 'ringing' | 'answered' | 'completed'

export interface TellingDoors {
  readonly register: Register
  readonly ids: IdMaker
  readonly baseUrl: () => string
  readonly wallMs: () => number
  /** Where a callback that cannot be made is written down. */
  readonly note: (note: Note) => Promise<void>
}

export class Telling {
  readonly #doors: TellingDoors
  /** The next SequenceNumber of each call: it counts every event, told or not (CPE-06). */
  readonly #calls = new Map<CallId, number>()
  /** Calls that wait for their turn (ST-06). */
  readonly #waiting = new Set<CallId>()
  readonly #rooms = new Map<ConferenceId, Room>()
  /** What was told of a call's transcriptions so far. */
  readonly #transcriptions = new Map<CallId, number>()
  /** Recordings that a Dial or the call's own making began, by their call (CPE-10). */
  readonly #recordings = new Map<CallId, Recording>()

  constructor(doors: TellingDoors) {
    this.#doors = doors
  }

  /** The deliveries an event asks for; none when it is another language's, or nobody wants to know. */
  drafts(event: EngineEvent): readonly Draft[] {
    const application = this.#doors.register.application(ownerOf(event.fact))
    if (application === null || application.dialect !== LANGUAGE) return []
    return this.#told(event, application).flatMap((told) => {
      const draft = callbackDraft({
        id: this.#doors.ids.make<'event'>(),
        target: told.target,
        parameters:
          vendorOf(application) === 'telnyx'
            ? texmlParameters(told.parameters, application, 'call' in event.fact ? event.fact.call : null)
            : told.parameters,
        lane: event.lane,
        sequence: event.sequence,
        account: application.account,
        application: application.id,
        eventType: told.what,
      })
      if (draft.ok) return [draft.value]
      const call = 'call' in event.fact ? (event.fact.call?.id ?? null) : null
      const note = { account: application.account, call, problem: draft.error, request: null, response: null }
      void this.#doors.note(note)
      return []
    })
  }

  #told(event: EngineEvent, application: Application): readonly Told[] {
    const { fact, atWallMs } = event
    switch (fact.type) {
      case 'call.initiated':
        return this.#progress(fact.call, application, 'initiated', atWallMs)
      case 'call.ringing':
        return this.#progress(fact.call, application, 'ringing', atWallMs)
      case 'call.answered':
        return this.#progress(fact.call, application, 'answered', atWallMs)
      case 'call.ended':
        return this.#ended(fact.call, application, atWallMs)
      case 'answerer.detected':
      case 'answerer.greeting-ended':
        return verdict(fact, application, atWallMs)
      case 'recording.started':
        return this.#recorded(fact, 'in-progress')
      case 'recording.saved':
        return this.#recorded(fact, 'completed')
      case 'recording.failed':
        return this.#recorded(fact, 'absent')
      case 'stream.started':
      case 'stream.stopped':
      case 'stream.failed':
        this.#noteFailure(fact.call, streamFailure(fact))
        return streamCallbacks(fact, atWallMs)
      case 'recording-session.started':
      case 'recording-session.stopped':
      case 'recording-session.failed':
        this.#noteFailure(fact.call, siprecFailure(fact))
        return siprecCallbacks(fact, atWallMs)
      case 'transcription.started':
      case 'transcription.stopped':
      case 'transcription.failed':
      case 'call.transcribed':
        this.#noteFailure(fact.call, transcriptionFailure(fact))
        return transcriptionCallbacks(fact, atWallMs, () => this.#transcribed(fact.call.id))
      case 'recording.transcribed':
      case 'recording.untranscribed':
        return this.#written(fact, application)
      case 'conference.started':
      case 'conference.joined':
      case 'conference.left':
      case 'conference.changed':
      case 'conference.floor':
      case 'conference.ended':
      case 'conference.playback.ended':
        return this.#room(fact, atWallMs)
      default:
        return []
    }
  }

  #noteFailure(call: Call, problem: Problem | null): void {
    if (problem === null) return
    void this.#doors.note({ account: call.account, call: call.id, problem, request: null, response: null })
  }

  #transcribed(call: CallId): number {
    const number = (this.#transcriptions.get(call) ?? 0) + 1
    this.#transcriptions.set(call, number)
    return number
  }

  // ---- calls

  /** CPE-14: of a call that waits for its turn nothing is told before it goes out, and nothing at all when it never does. */
  #progress(call: Call, application: Application, moment: Moment, atWallMs: number): readonly Told[] {
    const { queueTimeMs = 0 } = notesOf(call)
    if (moment === 'initiated' && queueTimeMs > 0) {
      this.#waiting.add(call.id)
      return []
    }
    if (!this.#waiting.delete(call.id)) return this.#moment(call, application, moment, atWallMs)
    if (moment === 'completed' && waits(call)) return []
    const begun = this.#moment(call, application, 'initiated', call.createdAtWallMs + queueTimeMs)
    return [...begun, ...this.#moment(call, application, moment, atWallMs)]
  }

  #moment(call: Call, application: Application, moment: Moment, atWallMs: number): readonly Told[] {
    const number = this.#calls.get(call.id) ?? 0
    if (moment === 'completed') this.#calls.delete(call.id)
    else this.#calls.set(call.id, number + 1)
    const target = progressTarget(call, application)
    if (target === null || !target.events.includes(moment)) return []
    const parameters = progressParameters(call, application, moment, number, atWallMs)
    return [{ target, parameters, what: `call ${moment}` }]
  }

  #ended(call: Call, application: Application, atWallMs: number): readonly Told[] {
    // What a Dial recorded is for whoever dials: of a call that came in for an application, the application is told.
    const parent = call.direction === 'outgoing' ? notesOf(call).parent : undefined
    const recording = this.#recordings.get(call.id) ?? (parent === undefined ? undefined : this.#recordings.get(parent))
    this.#recordings.delete(call.id)
    this.#transcriptions.delete(call.id)
    const progress = this.#progress(call, application, 'completed', atWallMs)
    const notAdded = this.#notAdded(call, atWallMs)
    if (recording === undefined) return [...progress, ...notAdded]
    const lastedMs = recording.durationMs ?? atWallMs - recording.startedAtWallMs
    const about: Parameters = [
      ['RecordingUrl', recordingUrl(this.#doors.baseUrl(), recording.account, recording.id)],
      ['RecordingSid', sid('recording', recording.id)],
      ['RecordingDuration', String(Math.round(lastedMs / 1000))],
    ]
    return [...progress.map((one) => ({ ...one, parameters: [...one.parameters, ...about] })), ...notAdded]
  }

  // ---- recordings

  #recorded(
    fact: Extract<Fact, { readonly type: 'recording.started' | 'recording.saved' | 'recording.failed' }>,
    status: 'in-progress' | 'completed' | 'absent',
  ): readonly Told[] {
    const { recording } = fact
    const notes = recordingNotes(recording)
    if (recording.call !== null && (notes?.source === 'DialVerb' || notes?.source === 'OutboundAPI'))
      this.#recordings.set(recording.call, recording)
    const old = status === 'completed' ? this.#roomRecorded(fact, notes?.eventCallbackUrl) : []
    const target = notes?.callback
    if (notes === null || target === undefined || !target.events.includes(status)) return old
    const { options, account } = recording
    const parameters: (readonly [string, string])[] = [
      ['AccountSid', sid('account', account)],
      recording.conference === null
        ? ['CallSid', sid('call', recording.call ?? '')]
        : ['ConferenceSid', sid('conference', recording.conference)],
      ['RecordingSid', sid('recording', recording.id)],
      ['RecordingUrl', recordingUrl(this.#doors.baseUrl(), account, recording.id)],
      ['RecordingStatus', status],
      ...(status === 'completed'
        ? ([['RecordingDuration', String(Math.round((recording.durationMs ?? 0) / 1000))]] as const)
        : []),
      ['RecordingChannels', String(options.channels)],
      ['RecordingStartTime', restTime(recording.startedAtWallMs)],
      ['RecordingSource', notes.source],
      ['RecordingTrack', options.track],
      ...(status === 'absent' ? ([['ErrorCode', '0']] as const) : []),
    ]
    return [{ target, parameters, what: `recording ${status}` }]
  }

  /** CONF-16, CSE-07: what was told of rooms' recordings before they had callbacks of their own. */
  #roomRecorded(
    { recording }: Extract<Fact, { readonly recording: Recording }>,
    url: string | undefined,
  ): readonly Told[] {
    if (url === undefined || recording.conference === null) return []
    const parameters: Parameters = [
      ['AccountSid', sid('account', recording.account)],
      ['ConferenceSid', sid('conference', recording.conference)],
      ['EventName', 'conference-record-end'],
      ['RecordingUrl', recordingUrl(this.#doors.baseUrl(), recording.account, recording.id)],
      ['Duration', String(Math.round((recording.durationMs ?? 0) / 1000))],
      ['RecordingFileSize', String(recording.octets ?? 0)],
      ['Timestamp', restTime(recording.endedAtWallMs ?? recording.startedAtWallMs)],
    ]
    return [{ target: { url, method: 'POST' }, parameters, what: 'conference-record-end' }]
  }

  /** WH-61, REC-08. */
  #written(
    fact: Extract<Fact, { readonly type: 'recording.transcribed' | 'recording.untranscribed' }>,
    application: Application,
  ): readonly Told[] {
    const { recording, transcription, call } = fact
    const url = recordingNotes(recording)?.transcribeCallback
    if (url === undefined) return []
    const { account } = recording
    const done = fact.type === 'recording.transcribed'
    const audio = recordingUrl(this.#doors.baseUrl(), account, recording.id)
    const transcriptionSid = sid('transcription', transcription.id)
    const parameters: Parameters = [
      ...(call === null ? [] : standardParameters(call, application)),
      ['TranscriptionSid', transcriptionSid],
      ['TranscriptionText', done ? fact.transcription.text : ''],
      ['TranscriptionStatus', done ? 'completed' : 'failed'],
      ['TranscriptionUrl', `${audio}/Transcriptions/${transcriptionSid}`],
      ['RecordingSid', sid('recording', recording.id)],
      ['RecordingUrl', audio],
    ]
    return [{ target: { url, method: 'POST' }, parameters, what: 'transcription' }]
  }

  // ---- conferences

  #room(
    fact: Extract<Fact, { readonly conference: Conference; readonly type: `conference.${string}` }>,
    atWallMs: number,
  ): readonly Told[] {
    const room = this.#roomOf(fact.conference)
    if (fact.type === 'conference.joined' && fact.participant.label !== null)
      room.labels.set(fact.call.id, fact.participant.label)
    const told = roomWords(fact, room.labels).flatMap(({ subscription, event, parameters }) => {
      const callback = this.#roomCallback(room, subscription, event, parameters, atWallMs)
      return callback === null ? [] : [{ ...callback, what: event }]
    })
    if (fact.type === 'conference.ended') this.#rooms.delete(fact.conference.id)
    return told
  }

  /** For what no fact tells. */
  readonly roomCallback: RoomCallback = (conference, subscription, event, parameters) =>
    this.#roomCallback(this.#roomOf(conference), subscription, event, parameters, this.#doors.wallMs())

  #roomCallback(
    room: Room,
    subscription: string,
    event: string,
    parameters: Parameters,
    atWallMs: number,
  ): ReturnType<RoomCallback> {
    const { conference } = room
    const target = (conference.notes as ConferenceNotes).callback
    if (target === undefined || !target.events.includes(subscription)) return null
    return {
      target,
      parameters: [
        ['ConferenceSid', sid('conference', conference.id)],
        ['FriendlyName', conference.name],
        ['AccountSid', sid('account', conference.account)],
        ['SequenceNumber', String(++room.number)],
        ['Timestamp', restTime(atWallMs)],
        ['StatusCallbackEvent', event],
        ...parameters,
      ],
    }
  }

  #roomOf(conference: Conference): Room {
    const known = this.#rooms.get(conference.id)
    const room = known ?? { number: 0, conference, labels: new Map() }
    room.conference = conference
    if (known === undefined) this.#rooms.set(conference.id, room)
    return room
  }

  /** CSE-11: somebody was called into a room and did not come. */
  #notAdded(call: Call, atWallMs: number): readonly Told[] {
    const { instructions } = notesOf(call)
    if (call.answeredAtWallMs !== null || instructions?.type !== 'document') return []
    const [verb] = instructions.document.verbs
    const target = verb?.type === 'dial' && verb.to.type === 'conference' ? verb.to : null
    const room = target?.id === undefined ? undefined : this.#rooms.get(target.id)
    if (target === null || room === undefined) return []
    const callback = this.#roomCallback(
      room,
      'leave',
      'participant-leave',
      [
        ['CallSid', sid('call', call.id)],
        ['Muted', String(target.muted)],
        ['Hold', 'false'],
        ['Coaching', String(target.coach !== null)],
        ['EndConferenceOnExit', String(target.endOnExit)],
        ['StartConferenceOnEnter', String(target.startOnEnter)],
        ...(target.label === null ? [] : ([['ParticipantLabel', target.label]] as const)),
        ['ParticipantCallStatus', endStatus(call)],
        ['ReasonParticipantLeft', 'participant_add_failed'],
        ...failureParameters(call),
      ],
      atWallMs,
    )
    return callback === null ? [] : [{ ...callback, what: 'participant-leave' }]
  }
}

/** Whose application hears of it. */
function ownerOf(fact: Fact): ApplicationId {
  if ('conference' in fact && fact.conference !== null) return fact.conference.application
  if ('call' in fact && fact.call !== null) return fact.call.application
  if ('recording' in fact) return fact.recording.application
  throw new Error(`a fact belongs to a call, a room or a recording: ${fact.type}`)
}

function progressTarget(call: Call, application: Application): StatusTarget | null {
  const own = notesOf(call).progress
  if (own !== undefined) return own
  if (call.direction !== 'incoming') return null
  // WH-21: once, at the end.
  const target = endCallbackOf(application)
  return target === null ? null : { ...target, events: ['completed'] }
}

const statuses = { initiated: 'initiated', ringing: 'ringing', answered: 'in-progress' } as const

/** §5.4. */
function progressParameters(
  call: Call,
  application: Application,
  moment: Moment,
  number: number,
  atWallMs: number,
): Parameters {
  const status = moment === 'completed' ? endStatus(call) : statuses[moment]
  return [
    ...standardParameters(call, application, status),
    ['Timestamp', restTime(atWallMs)],
    ['CallbackSource', 'call-progress-events'],
    ['SequenceNumber', String(number)],
    ...(moment === 'completed'
      ? ([
          ['CallDuration', String(durationS(call))],
          ['Duration', String(minutes(call))],
          ['SipResponseCode', String(sipResponseCode(call))],
          ...failureParameters(call),
        ] as const)
      : []),
  ]
}

/** WH-51: told by itself, when it was asked for so. */
function verdict(
  fact: Extract<Fact, { readonly type: 'answerer.detected' | 'answerer.greeting-ended' }>,
  application: Application,
  atWallMs: number,
): readonly Told[] {
  const { call } = fact
  const { verdictCallback, verdictToTheEnd } = notesOf(call)
  const word = answeredBy(fact, verdictToTheEnd === true)
  if (verdictCallback === undefined || word === null) return []
  const tookMs = Math.max(0, Math.round(atWallMs - (call.answeredAtWallMs ?? atWallMs)))
  return [
    {
      target: verdictCallback,
      what: 'answering machine detection',
      parameters: [
        ['CallSid', sid('call', call.id)],
        ['AccountSid', sid('account', application.account)],
        ['AnsweredBy', word],
        ['MachineDetectionDuration', String(tookMs)],
      ],
    },
  ]
}

/** What this language noted with a recording, wherever it was noted; null: it is not its own. */
export function recordingNotes(recording: Recording): RecordingNotes | null {
  const notes = recording.notes as Partial<RecordingNotes> & { readonly recording?: RecordingNotes }
  return notes.source !== undefined ? (notes as RecordingNotes) : (notes.recording ?? null)
}

interface RoomWord {
  /** As the attribute `statusCallbackEvent` names it. */
  readonly subscription: string
  readonly event: string
  readonly parameters: Parameters
}

function roomWords(
  fact: Extract<Fact, { readonly conference: Conference; readonly type: `conference.${string}` }>,
  labels: ReadonlyMap<CallId, string>,
): readonly RoomWord[] {
  switch (fact.type) {
    case 'conference.started':
      return [{ subscription: 'start', event: 'conference-start', parameters: [] }]
    case 'conference.joined':
      return [word('join', 'participant-join', fact.call, fact.participant)]
    case 'conference.left':
      return [
        word('leave', 'participant-leave', fact.call, fact.participant, [
          [
            'ParticipantCallStatus',
            fact.call.state === 'ended' ? endStatus({ ...fact.call, end: fact.call.end }) : 'in-progress',
          ],
          ['ReasonParticipantLeft', reasonLeft(fact.conference, fact.call)],
        ]),
      ]
    case 'conference.changed': {
      const { before, participant, call } = fact
      const words: RoomWord[] = []
      if (before.muted !== participant.muted)
        words.push(word('mute', participant.muted ? 'participant-mute' : 'participant-unmute', call, participant))
      if (before.held !== participant.held)
        words.push(word('hold', participant.held ? 'participant-hold' : 'participant-unhold', call, participant))
      // CSE-08.
      if (
        before.endOnExit !== participant.endOnExit ||
        before.role !== participant.role ||
        before.whisperTo[0] !== participant.whisperTo[0] ||
        before.beep !== participant.beep
      )
        words.push(word('modify', 'participant-modify', call, participant))
      return words
    }
    case 'conference.floor': {
      const participant = fact.conference.participants.find((one) => one.call === fact.call.id)
      return participant === undefined ? [] : [word('speaker', 'participant-speech-start', fact.call, participant)]
    }
    case 'conference.ended':
      return [{ subscription: 'end', event: 'conference-end', parameters: endParameters(fact.conference, labels) }]
    case 'conference.playback.ended':
      return [announcementWord(fact)]
    default:
      return []
  }
}

/** CSE-06: of one alone, with who it is. */
function announcementWord(fact: Extract<Fact, { readonly type: 'conference.playback.ended' }>): RoomWord {
  const { conference, call, playback, status, detail } = fact
  const failed = status === 'failed' || status === 'not-found'
  const event = failed ? 'announcement-fail' : 'announcement-end'
  const about: Parameters = [
    ['AnnounceUrl', playback.name ?? ''],
    ...(failed ? ([['ReasonAnnouncementFailed', detail ?? status]] as const) : []),
  ]
  const participant = conference.participants.find((one) => one.call === call?.id)
  if (call === null || participant === undefined) return { subscription: 'announcement', event, parameters: about }
  return word('announcement', event, call, participant, about)
}

/** CSE-03. */
function word(
  subscription: string,
  event: string,
  call: Call,
  participant: Participant,
  more: Parameters = [],
): RoomWord {
  return {
    subscription,
    event,
    parameters: [
      ['CallSid', sid('call', call.id)],
      ['Muted', String(participant.muted)],
      ['Hold', String(participant.held)],
      ['Coaching', String(participant.role === 'whisper')],
      ...(participant.role === 'whisper' && participant.whisperTo[0] !== undefined
        ? ([['CallSidToCoach', sid('call', participant.whisperTo[0])]] as const)
        : []),
      ['EndConferenceOnExit', String(participant.endOnExit !== 'no')],
      ['StartConferenceOnEnter', String(participant.startOnEnter)],
      ...(participant.label === null ? [] : ([['ParticipantLabel', participant.label]] as const)),
      ...more,
    ],
  }
}

/** CSE-04, CSE-10: underscores here. */
function reasonLeft(conference: Conference, call: Call): string {
  if (conference.state === 'ended')
    return conference.endReason === 'command' ? 'conference_ended_via_api' : 'moderator_ended_conference'
  return call.state === 'ended' ? 'participant_hung_up' : 'participant_updated_via_api'
}

/** CSE-05, CSE-10: hyphens here. */
function endParameters(conference: Conference, labels: ReadonlyMap<CallId, string>): Parameters {
  const reasons = {
    command: ['conference-ended-via-api', 'The conference was ended via the API.'],
    'host-left': [
      'participant-with-end-conference-on-exit-left',
      'A participant with endConferenceOnExit left the conference.',
    ],
    'all-left': ['last-participant-left', 'The last participant left the conference.'],
    'time-exceeded': ['conference-ended-via-api', 'The conference lasted as long as one may.'],
  } as const satisfies Record<NonNullable<Conference['endReason']>, readonly [string, string]>
  const label = conference.endedBy === null ? undefined : labels.get(conference.endedBy)
  const [reason, words] = reasons[conference.endReason ?? 'all-left']
  return [
    ['ReasonConferenceEnded', reason],
    ['Reason', words],
    ...(conference.endedBy === null ? [] : ([['CallSidEndingConference', sid('call', conference.endedBy)]] as const)),
    ...(label === undefined ? [] : ([['ParticipantLabelEndingConference', label]] as const)),
  ]
}
