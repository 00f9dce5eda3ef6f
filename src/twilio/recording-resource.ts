// How a recording is shown (RC-02, TYP-05): by itself, as one of a call, or as one of a conference.

import type { Recording } from '#calls/model.ts'
import { API_VERSION, restTime, seconds, sid, uri } from './spelling.ts'

const statuses: Readonly<Record<Recording['state'], string>> = {
  recording: 'in-progress',
  paused: 'paused',
  processing: 'processing',
  completed: 'completed',
  failed: 'absent',
  deleted: 'deleted',
}

/** RC-03: only who commands a recording is told how it runs. */
export function plainStatus(recording: Recording): string {
  const status = statuses[recording.state]
  return status === 'in-progress' || status === 'paused' ? 'processing' : status
}

/** RC-04. A language that begins a recording for another reason says so in its notes. */
export function recordingSource({ notes, initiatedBy, conference }: Recording): string {
  if (typeof notes.source === 'string') return notes.source
  if (initiatedBy === 'dial') return 'OutboundAPI'
  if (initiatedBy === 'conference') return 'Conference'
  return conference === null ? 'StartCallRecordingAPI' : 'StartConferenceRecordingAPI'
}

/**
 * @param baseUrl where customers reach us
 * @param form `detailed` is the reply to a command (RC-03); a call's and a conference's have no link to the audio
 */
export function recordingResource(
  recording: Recording,
  baseUrl: string,
  form: { readonly of: 'account' | 'call' | 'conference'; readonly detailed?: boolean },
): object {
  const { account, call, conference, durationMs } = recording
  const named = sid('recording', recording.id)
  const above = {
    account: [],
    call: ['Calls', call === null ? '' : sid('call', call)],
    conference: ['Conferences', conference === null ? '' : sid('conference', conference)],
  }[form.of]
  return {
    sid: named,
    account_sid: sid('account', account),
    call_sid: call === null ? null : sid('call', call),
    conference_sid: conference === null ? null : sid('conference', conference),
    api_version: API_VERSION,
    channels: recording.options.channels,
    source: recordingSource(recording),
    status: form.detailed === true ? statuses[recording.state] : plainStatus(recording),
    start_time: restTime(recording.startedAtWallMs),
    duration: durationMs === null ? null : seconds(durationMs),
    price: null,
    price_unit: 'USD',
    error_code: null,
    encryption_details: null,
    date_created: restTime(recording.startedAtWallMs),
    date_updated: restTime(recording.endedAtWallMs ?? recording.startedAtWallMs),
    uri: uri(account, ...above, 'Recordings', named),
    ...(form.of === 'call' ? { track: recording.options.track } : {}),
    ...(form.of === 'account' ? { media_url: mediaUrl(recording, baseUrl) } : {}),
    subresource_uris: {
      add_on_results: uri(account, 'Recordings', named, 'AddOnResults'),
      transcriptions: uri(account, 'Recordings', named, 'Transcriptions'),
    },
  }
}

/** Where the audio is, without an ending: `RecordingUrl` of callbacks as well. */
export function mediaUrl(recording: Recording, baseUrl: string): string {
  return baseUrl + uri(recording.account, 'Recordings', sid('recording', recording.id)).replace(/\.json$/, '')
}
