// Conferences and participants as REST shows them (CF-02, PT-02, TYP-02, TYP-03).

import type { CallId, ConferenceId } from '#base/ids.ts'
import type { Call, Conference, Participant } from '#calls/model.ts'
import type { ConferenceNotes } from './notes.ts'
import { API_VERSION, restTime, sid, uri } from './spelling.ts'

const STATUSES = { waiting: 'init', running: 'in-progress', ended: 'completed' } as const

export type ConferenceStatus = (typeof STATUSES)[keyof typeof STATUSES]

export function conferenceStatus(conference: Conference): ConferenceStatus {
  return STATUSES[conference.state]
}

const ENDS = {
  command: 'conference-ended-via-api',
  'host-left': 'participant-with-end-conference-on-exit-left',
  'all-left': 'last-participant-left',
  'time-exceeded': 'conference-ended-via-api',
} as const satisfies Record<NonNullable<Conference['endReason']>, string>

export function conferenceResource(conference: Conference): object {
  const { account, id, endReason, endedBy } = conference
  const self = ['Conferences', sid('conference', id)] as const
  return {
    sid: sid('conference', id),
    account_sid: sid('account', account),
    friendly_name: conference.name,
    status: conferenceStatus(conference),
    date_created: restTime(conference.createdAtWallMs),
    date_updated: restTime(conference.updatedAtWallMs),
    api_version: API_VERSION,
    region: (conference.notes as ConferenceNotes).region ?? 'us1',
    reason_conference_ended: endReason === null ? null : ENDS[endReason],
    call_sid_ending_conference: endedBy === null ? null : sid('call', endedBy),
    uri: uri(account, ...self),
    subresource_uris: {
      participants: uri(account, ...self, 'Participants'),
      recordings: uri(account, ...self, 'Recordings'),
    },
  }
}

export function participantResource(conference: Conference, participant: Participant): object {
  const { role, whisperTo } = participant
  return {
    ...base(conference.account, conference.id, participant.call),
    label: participant.label,
    call_sid_to_coach: role === 'whisper' && whisperTo[0] !== undefined ? sid('call', whisperTo[0]) : null,
    coaching: role === 'whisper',
    date_created: restTime(participant.joinedAtWallMs),
    date_updated: restTime(participant.updatedAtWallMs),
    end_conference_on_exit: participant.endOnExit !== 'no',
    muted: participant.muted,
    hold: participant.held,
    start_conference_on_enter: participant.startOnEnter,
    status: 'connected',
    queue_time: null,
  }
}

/** One that is being called and not in yet. */
export interface InvitedParticipant {
  readonly conference: ConferenceId
  readonly call: Call
  readonly label: string | null
  readonly muted: boolean
  readonly startOnEnter: boolean
  readonly endOnExit: boolean
  readonly coach: string | null
  readonly status: 'queued' | 'ringing' | 'connecting'
}

export function invitedResource(invited: InvitedParticipant): object {
  const { call } = invited
  return {
    ...base(call.account, invited.conference, call.id),
    label: invited.label,
    call_sid_to_coach: invited.coach,
    coaching: invited.coach !== null,
    date_created: restTime(call.createdAtWallMs),
    date_updated: restTime(call.createdAtWallMs),
    end_conference_on_exit: invited.endOnExit,
    muted: invited.muted,
    hold: false,
    start_conference_on_enter: invited.startOnEnter,
    status: invited.status,
    queue_time: '0',
  }
}

function base(account: Call['account'], conference: ConferenceId, call: CallId): object {
  return {
    account_sid: sid('account', account),
    call_sid: sid('call', call),
    conference_sid: sid('conference', conference),
    uri: uri(account, 'Conferences', sid('conference', conference), 'Participants', sid('call', call)),
  }
}
