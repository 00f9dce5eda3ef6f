// From the hall's facts to this language's events (telnyx-voice §10). Pure: a fact in, event type and payload out.
// `null` for facts this language has no word for.

import { unreachable } from '#base/unreachable.ts'
import type { Fact } from '#calls/events.ts'
import type { Call, CallEnd, Conference, Playback, Recording } from '#calls/model.ts'
import type { SessionStats } from '#media/protocol.ts'
import { type Cost, money } from './costs.ts'
import { detectionWord } from './detection.ts'
import { callNotes, conferenceNotes } from './notes.ts'
import { callControlId, connectionId, speakId, uuid, webhookTime } from './spelling.ts'
import { trackWord } from './streaming.ts'

export interface Word {
  readonly eventType: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** Short-lived links to a finished recording. */
export type RecordingLinks = (recording: Recording) => Readonly<Record<'mp3' | 'wav', string | null>>

export function wordOf(fact: Fact, atWallMs: number, links: RecordingLinks): Word | null {
  switch (fact.type) {
    case 'call.initiated':
      return {
        eventType: 'call.initiated',
        payload: {
          ...b5(fact.call),
          ...fromTo(fact.call),
          caller_id_name: fact.call.fromName ?? fact.call.from,
          calling_party_type: partyType(fact.call),
          connection_codecs: 'PCMU,PCMA,G722,OPUS',
          offered_codecs: fact.call.offeredCodecs.join(','),
          from_sip_uri: fact.call.fromUri,
          to_sip_uri: fact.call.toUri,
          direction: fact.call.direction,
          state: fact.call.direction === 'incoming' ? 'parked' : 'bridging',
          ...headers(fact.call),
          start_time: webhookTime(fact.call.createdAtWallMs),
          tags: [],
        },
      }
    case 'call.answered':
      return {
        eventType: 'call.answered',
        payload: {
          ...b5(fact.call),
          ...fromTo(fact.call),
          calling_party_type: partyType(fact.call),
          codec: fact.call.codec,
          sampling_rate: fact.call.samplingRateHz,
          state: 'answered',
          ...headers(fact.call),
          start_time: webhookTime(fact.call.createdAtWallMs),
          tags: [],
        },
      }
    case 'call.bridged':
      return {
        eventType: 'call.bridged',
        payload: { ...b5(fact.call), ...fromTo(fact.call), calling_party_type: partyType(fact.call) },
      }
    case 'call.ended':
      return { eventType: 'call.hangup', payload: hangup(fact.call) }
    case 'call.held':
      return { eventType: 'call.hold', payload: { ...b5(fact.call), ...fromTo(fact.call) } }
    case 'call.unheld':
      return { eventType: 'call.unhold', payload: { ...b5(fact.call), ...fromTo(fact.call) } }
    case 'call.info':
      return {
        eventType: 'call.sip_info.received',
        payload: { ...b5(fact.call), ...fromTo(fact.call), content_type: fact.contentType, body: fact.body },
      }
    case 'call.refer.started':
    case 'call.refer.completed':
    case 'call.refer.failed':
      return {
        eventType: fact.type,
        payload: { ...b5(fact.call), ...fromTo(fact.call), sip_notify_response: fact.status },
      }
    case 'call.digit':
      return {
        eventType: 'call.dtmf.received',
        payload: {
          ...b5(fact.call),
          ...fromTo(fact.call),
          calling_party_type: partyType(fact.call),
          digit: fact.digit,
        },
      }
    case 'playback.started':
      return fact.playback.kind === 'speech'
        ? {
            eventType: 'call.speak.started',
            payload: { ...b5(fact.call), ...speech(fact.playback), calling_party_type: partyType(fact.call) },
          }
        : {
            eventType: 'call.playback.started',
            payload: { ...b5(fact.call), ...media(fact.playback), overlay: fact.playback.overlay },
          }
    case 'playback.ended':
      return fact.playback.kind === 'speech'
        ? {
            eventType: 'call.speak.ended',
            payload: {
              ...b5(fact.call),
              ...speech(fact.playback),
              calling_party_type: partyType(fact.call),
              status: playbackStatus[fact.status],
            },
          }
        : {
            eventType: 'call.playback.ended',
            payload: {
              ...b5(fact.call),
              ...media(fact.playback),
              overlay: fact.playback.overlay,
              status: playbackStatus[fact.status],
              status_detail: fact.detail ?? '',
            },
          }
    case 'gather.ended':
      return {
        eventType: 'call.gather.ended',
        payload: {
          ...b5(fact.call),
          ...fromTo(fact.call),
          digits: fact.digits,
          gather_id: gatherName(fact.gather.id),
          status: gatherStatus[fact.status],
        },
      }
    case 'recording.saved':
      return fact.recording.conference === null
        ? {
            eventType: 'call.recording.saved',
            payload: { ...recordingOwner(fact.call, fact.recording), ...saved(fact.recording, links) },
          }
        : {
            eventType: 'conference.recording.saved',
            payload: {
              ...recordingOwner(fact.call, fact.recording),
              conference_id: uuid(fact.recording.conference),
              ...saved(fact.recording, links),
              // The room's state; after a crash the room itself may be forgotten.
              client_state: fact.conference === null ? null : (conferenceNotes(fact.conference).clientState ?? null),
            },
          }
    case 'recording.transcribed':
      return {
        eventType: 'call.recording.transcription.saved',
        payload: {
          ...recordingOwner(fact.call, fact.recording),
          recording_id: uuid(fact.recording.id),
          recording_transcription_id: uuid(fact.transcription.id),
          status: 'completed',
          transcription_text: fact.transcription.text,
        },
      }
    case 'recording.failed':
      return {
        eventType: 'call.recording.error',
        payload: {
          ...recordingOwner(fact.call, fact.recording),
          recording_id: uuid(fact.recording.id),
          reason: 'Internal server error',
        },
      }
    case 'recording-session.started':
      return { eventType: 'siprec.started', payload: b5(fact.call) }
    case 'recording-session.stopped':
      return { eventType: 'siprec.stopped', payload: { ...b5(fact.call), hangup_cause: causeWords[fact.cause] } }
    case 'recording-session.failed':
      return { eventType: 'siprec.failed', payload: { ...b5(fact.call), failure_cause: causeWords[fact.cause] } }
    case 'answerer.detected':
    case 'answerer.greeting-ended': {
      const mode = callNotes(fact.call).detection
      const word = mode === undefined ? null : detectionWord(fact, mode)
      if (word === null) return null
      return { eventType: word.eventType, payload: { ...b5(fact.call), ...fromTo(fact.call), result: word.result } }
    }
    case 'transcription.started':
    case 'transcription.stopped':
    case 'transcription.failed':
      return null
    case 'call.transcribed':
      return {
        eventType: 'call.transcription',
        payload: {
          ...b5(fact.call),
          transcription_data: {
            ...(fact.heard.confidence === null ? {} : { confidence: fact.heard.confidence }),
            is_final: fact.heard.isFinal,
            transcript: fact.heard.transcript,
            transcription_track: fact.track,
          },
        },
      }
    case 'stream.started':
    case 'stream.stopped':
    case 'stream.failed':
      return streamWord(fact)
    case 'queue.entered':
      return {
        eventType: 'call.enqueued',
        payload: {
          ...b5(fact.call),
          queue: fact.queue.name,
          current_position: fact.position,
          queue_avg_wait_time_secs: Math.floor(fact.meanWaitMs / 1000),
        },
      }
    case 'queue.left':
      return {
        eventType: 'call.dequeued',
        payload: {
          ...b5(fact.call),
          queue: fact.queue.name,
          queue_position: fact.position,
          reason: dequeueReasons[fact.reason],
          wait_time_secs: Math.floor(fact.waitMs / 1000),
        },
      }
    case 'conference.created':
      return { eventType: 'conference.created', payload: conference(fact.conference, fact.call, atWallMs) }
    case 'conference.joined':
      return { eventType: 'conference.participant.joined', payload: conference(fact.conference, fact.call, atWallMs) }
    case 'conference.left':
      return { eventType: 'conference.participant.left', payload: conference(fact.conference, fact.call, atWallMs) }
    case 'conference.floor':
      return { eventType: 'conference.floor.changed', payload: conference(fact.conference, fact.call, atWallMs) }
    case 'conference.ended':
      return {
        eventType: 'conference.ended',
        payload: {
          ...conference(fact.conference, fact.call, atWallMs),
          // The event's own list has no word for an end by command; everyone did leave.
          reason:
            fact.reason === 'host-left' ? 'host_left' : fact.reason === 'time-exceeded' ? 'time_exceeded' : 'all_left',
        },
      }
    case 'conference.playback.started':
    case 'conference.playback.ended': {
      const what = fact.playback.kind === 'speech' ? 'speak' : 'playback'
      const moment = fact.type === 'conference.playback.started' ? 'started' : 'ended'
      const audio = fact.playback.kind === 'speech' ? {} : media(fact.playback)
      const room = {
        conference_id: uuid(fact.conference.id),
        creator_call_session_id: uuid(fact.conference.ownerGroup),
        ...audio,
        occurred_at: webhookTime(atWallMs),
      }
      return fact.call === null
        ? {
            eventType: `conference.${what}.${moment}`,
            payload: { connection_id: connectionId(fact.conference.application), ...room },
          }
        : {
            eventType: `conference.participant.${what}.${moment}`,
            payload: { ...b5(fact.call), client_state: conferenceNotes(fact.conference).clientState ?? null, ...room },
          }
    }
    case 'call.ringing':
    case 'call.unbridged':
    case 'call.transfer-wanted':
    case 'conference.started':
    case 'conference.changed':
    case 'recording.started':
    case 'recording.untranscribed':
      return null
    default:
      return unreachable(fact)
  }
}

/** What an ended call cost, for applications that want to be told. */
export function costWord(call: Call, cost: Cost, atWallMs: number): Word {
  const total = money(cost.amount)
  return {
    eventType: 'call.cost',
    payload: {
      ...b5(call),
      calling_party_type: partyType(call),
      billed_duration_secs: cost.billedSeconds,
      billing_group_id: callNotes(call).billingGroup ?? null,
      cost_parts: [
        {
          call_part: call.party === 'trunk' ? 'sip-trunking' : 'call-control',
          billed_duration_secs: cost.billedSeconds,
          cost: total,
          currency: 'USD',
          rate: String(cost.rate),
        },
      ],
      occurred_at: webhookTime(atWallMs),
      status: 'success',
      total_cost: total,
    },
  }
}

/** The five ids every event of a leg carries. */
export function b5(call: Call): Readonly<Record<string, unknown>> {
  return {
    call_control_id: callControlId(call.id),
    call_leg_id: uuid(call.id),
    call_session_id: uuid(call.group),
    connection_id: connectionId(call.application),
    client_state: callNotes(call).clientState ?? null,
  }
}

function fromTo(call: Call): Readonly<Record<string, unknown>> {
  return { from: call.from, to: call.to }
}

function partyType(call: Call): 'pstn' | 'sip' {
  return call.party === 'trunk' ? 'pstn' : 'sip'
}

function headers(call: Call): Readonly<Record<string, unknown>> {
  const custom = call.headers.filter((one) => one.name.toLowerCase() !== 'user-to-user')
  const sip = call.headers.filter((one) => one.name.toLowerCase() === 'user-to-user')
  return { custom_headers: custom, sip_headers: sip.map((one) => ({ name: 'User-to-User', value: one.value })) }
}

const causeWords: { readonly [C in CallEnd['cause']]: string } = {
  normal: 'normal_clearing',
  cancelled: 'originator_cancel',
  rejected: 'call_rejected',
  busy: 'user_busy',
  'no-answer': 'no_answer',
  'ring-timeout': 'timeout',
  'not-found': 'not_found',
  'time-limit': 'time_limit',
  failed: 'unspecified',
}

function causeWord(call: Call, cause: CallEnd['cause']): string {
  return causeWords[cause === 'ring-timeout' && callNotes(call).timeoutIsNoAnswer === true ? 'no-answer' : cause]
}

/** What stands in `sip_hangup_cause` when the wire gave no status of its own (telnyx-voice §12.16). */
const causeStatus: { readonly [C in CallEnd['cause']]: string } = {
  normal: '200',
  cancelled: '487',
  rejected: '603',
  busy: '486',
  'no-answer': '480',
  'ring-timeout': '487',
  'not-found': '404',
  'time-limit': '200',
  failed: 'unspecified',
}

function hangup(call: Call): Readonly<Record<string, unknown>> {
  const { end } = call
  return {
    ...b5(call),
    ...fromTo(call),
    calling_party_type: partyType(call),
    hangup_cause: end === null ? 'unspecified' : causeWord(call, end.cause),
    hangup_source: hangupSource(call),
    sip_hangup_cause: end === null ? 'unspecified' : (end.sipStatus?.toString() ?? causeStatus[end.cause]),
    state: 'hangup',
    custom_headers: end?.headers ?? [],
    sip_headers: [],
    start_time: webhookTime(call.createdAtWallMs),
    end_time: webhookTime(call.endedAtWallMs ?? call.createdAtWallMs),
    call_quality_stats: call.stats === null ? null : quality(call.stats),
    telnyx_error: null,
    tags: [],
  }
}

/** Seen on this leg: an incoming leg's caller is the far party, an outgoing leg's callee is. */
function hangupSource(call: Call): 'caller' | 'callee' | 'unknown' {
  const { end } = call
  if (end === null || end.by === 'network') return 'unknown'
  const farIsCaller = call.direction === 'incoming'
  return (end.by === 'remote') === farIsCaller ? 'caller' : 'callee'
}

function quality(stats: SessionStats): object {
  return {
    inbound: {
      jitter_max_variance: stats.maxJitterMs.toFixed(2),
      jitter_packet_count: stats.packetsReceived.toString(),
      mos: meanOpinion(stats).toFixed(2),
      packet_count: stats.packetsReceived.toString(),
      skip_packet_count: stats.packetsLost.toString(),
    },
    outbound: {
      packet_count: stats.packetsSent.toString(),
      skip_packet_count: '0',
    },
  }
}

/** A narrow-band estimate by the E-model (ITU-T G.107) from loss, jitter and round trip. */
function meanOpinion(stats: SessionStats): number {
  const expected = stats.packetsReceived + stats.packetsLost
  if (expected === 0) return 1
  const lossPercent = (100 * stats.packetsLost) / expected
  const oneWayMs = (stats.roundTripMs ?? 0) / 2 + 2 * stats.jitterMs + 20
  const delayImpairment = 0.024 * oneWayMs + (oneWayMs > 177.3 ? 0.11 * (oneWayMs - 177.3) : 0)
  // G.711 with concealment: Ie 0, Bpl 25.1 (G.113 appendix I).
  const lossImpairment = (95 * lossPercent) / (lossPercent + 25.1)
  const r = Math.max(0, Math.min(100, 93.2 - delayImpairment - lossImpairment))
  return Math.max(1, Math.min(4.5, 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r)))
}

function streamWord(fact: Extract<Fact, { readonly type: `stream.${string}` }>): Word | null {
  const { stream } = fact
  if (stream.type === 'fork') {
    // This language has no word for a fork that failed: it has stopped.
    const eventType = fact.type === 'stream.started' ? 'call.fork.started' : 'call.fork.stopped'
    return { eventType, payload: { ...b5(fact.call), stream_type: 'decrypted' } }
  }
  const { url, track } = stream.spec
  const about = { ...b5(fact.call), stream_id: uuid(stream.id) }
  if (fact.type !== 'stream.failed')
    return { eventType: `streaming.${fact.type.slice('stream.'.length)}`, payload: { ...about, stream_url: url } }
  return {
    eventType: 'streaming.failed',
    payload: {
      ...about,
      failure_reason: streamFailures[fact.failure.type],
      stream_params: { stream_url: url, track: trackWord(track) },
      stream_type: 'websocket',
    },
  }
}

const streamFailures = {
  'connection-failed': 'connection_failed',
  'connection-lost': 'connection_lost',
  'limit-reached': 'limit_reached',
  unknown: 'unknown_error',
} as const

const playbackStatus = {
  completed: 'completed',
  cancelled: 'cancelled',
  'machine-detected': 'cancelled_amd',
  'call-ended': 'call_hangup',
  'not-found': 'file_not_found',
  failed: 'failed',
} as const

const gatherStatus = {
  valid: 'valid',
  invalid: 'invalid',
  timeout: 'timeout',
  cancelled: 'cancelled',
  'machine-detected': 'cancelled_amd',
  'call-ended': 'call_hangup',
} as const

const dequeueReasons = {
  bridged: 'bridged',
  bridging: 'bridging-in-process',
  'hang-up': 'hangup',
  leave: 'leave',
  timeout: 'timeout',
} as const

function media(playback: Playback): Readonly<Record<string, string>> {
  return {
    media_name: playback.source.type === 'media' ? playback.source.name : '',
    media_url: playback.source.type === 'url' ? playback.source.url : '',
  }
}

function speech(playback: Playback): Readonly<Record<string, string>> {
  return { speak_id: speakId(playback.id) }
}

function conference(room: Conference, call: Call, atWallMs: number): Readonly<Record<string, unknown>> {
  return {
    ...b5(call),
    // The room's events carry the room's state (telnyx-voice §8).
    client_state: conferenceNotes(room).clientState ?? null,
    conference_id: uuid(room.id),
    occurred_at: webhookTime(atWallMs),
  }
}

function recordingOwner(call: Call | null, recording: Recording): Readonly<Record<string, unknown>> {
  if (call !== null) return { ...b5(call), calling_party_type: partyType(call) }
  return {
    call_control_id: recording.call === null ? null : callControlId(recording.call),
    call_leg_id: recording.call === null ? null : uuid(recording.call),
    call_session_id: recording.group === null ? null : uuid(recording.group),
    connection_id: connectionId(recording.application),
    client_state: null,
  }
}

function saved(recording: Recording, links: RecordingLinks): Readonly<Record<string, unknown>> {
  const startedAt = webhookTime(recording.startedAtWallMs)
  const endedAt = webhookTime(recording.endedAtWallMs ?? recording.startedAtWallMs)
  const urls = Object.fromEntries(Object.entries(links(recording)).filter(([, url]) => url !== null))
  return {
    recording_id: uuid(recording.id),
    channels: recording.options.channels === 2 ? 'dual' : 'single',
    format: recording.options.format,
    recording_started_at: startedAt,
    recording_ended_at: endedAt,
    start_time: startedAt,
    end_time: endedAt,
    recording_urls: urls,
    public_recording_urls: {},
  }
}

/** Gather ids are the customer's own text when given; ours are hex. */
function gatherName(id: string): string {
  return id
}
