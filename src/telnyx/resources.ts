// The hall's records as this language's resources (telnyx-voice §13). Every resource carries `record_type`: old SDKs
// choose the class by it.

import type { Application } from '#accounts/model.ts'
import type { RecordingId } from '#base/ids.ts'
import type { Call, Conference, Participant, Queue, QueueEntry, Recording } from '#calls/model.ts'
import { meanWaitMs } from '#calls/queueing.ts'
import { commonResource } from './connection-fields.ts'
import { callNotes } from './notes.ts'
import type { RecordingLinks } from './payloads.ts'
import { callControlId, connectionId, resourceTime, uuid } from './spelling.ts'

export function callResource(call: Call, nowWallMs: number): object {
  const endedAt = call.endedAtWallMs
  const duration =
    call.answeredAtWallMs === null ? 0 : Math.floor(((endedAt ?? nowWallMs) - call.answeredAtWallMs) / 1000)
  return {
    record_type: 'call',
    call_control_id: callControlId(call.id),
    call_leg_id: uuid(call.id),
    call_session_id: uuid(call.group),
    is_alive: call.state !== 'ended',
    call_duration: duration,
    client_state: callNotes(call).clientState ?? null,
    start_time: resourceTime(call.createdAtWallMs),
    ...(endedAt === null ? {} : { end_time: resourceTime(endedAt) }),
  }
}

/** As `POST /calls` answers: the call is not alive yet. */
export function dialledResource(call: Call, recording: RecordingId | null): object {
  return {
    record_type: 'call',
    call_control_id: callControlId(call.id),
    call_leg_id: uuid(call.id),
    call_session_id: uuid(call.group),
    is_alive: false,
    client_state: callNotes(call).clientState ?? null,
    start_time: resourceTime(call.createdAtWallMs),
    ...(recording === null ? {} : { recording_id: uuid(recording) }),
  }
}

const endReasons = {
  'all-left': 'all_left',
  'host-left': 'host_left',
  'time-exceeded': 'time_exceeded',
  command: 'ended_via_api',
} as const

export function conferenceResource(conference: Conference): object {
  return {
    record_type: 'conference',
    id: uuid(conference.id),
    name: conference.name,
    status: conference.state === 'ended' ? 'completed' : conference.state === 'waiting' ? 'init' : 'in_progress',
    region: 'local',
    connection_id: connectionId(conference.application),
    created_at: resourceTime(conference.createdAtWallMs),
    updated_at: resourceTime(conference.updatedAtWallMs),
    expires_at: resourceTime(conference.expiresAtWallMs),
    end_reason: conference.endReason === null ? null : endReasons[conference.endReason],
    ended_by:
      conference.endedBy === null
        ? null
        : { call_control_id: callControlId(conference.endedBy), call_session_id: uuid(conference.ownerGroup) },
  }
}

export function participantResource(conference: Conference, participant: Participant, left: boolean): object {
  return {
    record_type: 'participant',
    id: uuid(participant.id),
    call_control_id: callControlId(participant.call),
    call_leg_id: uuid(participant.call),
    conference: { id: uuid(conference.id), name: conference.name },
    created_at: resourceTime(participant.joinedAtWallMs),
    updated_at: resourceTime(participant.updatedAtWallMs),
    end_conference_on_exit: participant.endOnExit === 'hang-up',
    soft_end_conference_on_exit: participant.endOnExit === 'park',
    muted: participant.muted,
    on_hold: participant.held,
    status: left ? 'left' : 'joined',
    label: participant.label,
    whisper_call_control_ids: participant.whisperTo.map(callControlId),
  }
}

export function queueResource(queue: Queue, nowWallMs: number): object {
  return {
    record_type: 'queue',
    id: uuid(queue.id),
    name: queue.name,
    average_wait_time_secs: Math.floor(meanWaitMs(queue, nowWallMs) / 1000),
    current_size: queue.entries.length,
    max_size: queue.maxSize,
    created_at: resourceTime(queue.createdAtWallMs),
    updated_at: resourceTime(queue.updatedAtWallMs),
  }
}

export function queueCallResource(queue: Queue, entry: QueueEntry, nowWallMs: number): object {
  return {
    record_type: 'queue_call',
    call_control_id: callControlId(entry.call),
    call_leg_id: uuid(entry.call),
    call_session_id: uuid(entry.group),
    connection_id: connectionId(entry.application),
    enqueued_at: resourceTime(entry.enqueuedAtWallMs),
    from: entry.from,
    to: entry.to,
    is_alive: entry.alive,
    queue_id: uuid(queue.id),
    queue_position: queue.entries.indexOf(entry) + 1,
    wait_time_secs: Math.floor((nowWallMs - entry.enqueuedAtWallMs) / 1000),
  }
}

const initiators = {
  command: 'StartCallRecordingAPI',
  dial: 'OutboundAPI',
  conference: 'StartConferenceRecordingAPI',
} as const

export function recordingResource(recording: Recording, links: RecordingLinks): object {
  const urls = Object.fromEntries(Object.entries(links(recording)).filter(([, url]) => url !== null))
  return {
    record_type: 'recording',
    id: uuid(recording.id),
    call_control_id: recording.call === null ? null : callControlId(recording.call),
    call_leg_id: recording.call === null ? null : uuid(recording.call),
    call_session_id: recording.group === null ? null : uuid(recording.group),
    conference_id: recording.conference === null ? null : uuid(recording.conference),
    connection_id: connectionId(recording.application),
    channels: recording.options.channels === 2 ? 'dual' : 'single',
    source: recording.conference === null ? 'call' : 'conference',
    status: 'completed',
    initiated_by: initiators[recording.initiatedBy],
    duration_millis: recording.durationMs ?? 0,
    download_urls: urls,
    from: recording.from,
    to: recording.to,
    recording_started_at: resourceTime(recording.startedAtWallMs),
    recording_ended_at: resourceTime(recording.endedAtWallMs ?? recording.startedAtWallMs),
    created_at: resourceTime(recording.startedAtWallMs),
    updated_at: resourceTime(recording.endedAtWallMs ?? recording.startedAtWallMs),
  }
}

export function applicationResource(application: Application): object {
  const shown = commonResource(application)
  return {
    record_type: 'call_control_application',
    ...shown,
    application_name: application.name,
    first_command_timeout: application.firstCommandTimeoutMs !== null,
    first_command_timeout_secs: Math.round((application.firstCommandTimeoutMs ?? 30_000) / 1000),
    inbound: {
      sip_subdomain: null,
      sip_subdomain_receive_settings: 'from_anyone',
      ...(shown.inbound as object),
    },
    redact_dtmf_debug_logging: application.extra.redact_dtmf_debug_logging ?? false,
  }
}
