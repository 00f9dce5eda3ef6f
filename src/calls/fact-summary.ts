// The few words of a fact that the event log keeps: enough for a timeline, without repeating whole records.

import { unreachable } from '#base/unreachable.ts'
import type { Fact } from './events.ts'

export interface FactSummary {
  readonly account: string
  readonly application: string
  readonly group: string | null
  readonly call: string | null
  readonly conference: string | null
  readonly details: Readonly<Record<string, unknown>>
}

export function summary(fact: Fact): FactSummary {
  const call = 'call' in fact ? fact.call : null
  const conference = 'conference' in fact ? fact.conference : null
  const recording = 'recording' in fact ? fact.recording : null
  const owner = conference ?? call ?? recording
  if (owner === null) throw new Error(`a fact is about something: ${fact.type}`)
  return {
    account: owner.account,
    application: owner.application,
    group: call?.group ?? conference?.ownerGroup ?? recording?.group ?? null,
    call: call?.id ?? null,
    conference: conference?.id ?? null,
    details: {
      ...(call === null ? {} : { call: call.id }),
      ...(conference === null ? {} : { conference: conference.id }),
      ...details(fact),
    },
  }
}

function details(fact: Fact): Readonly<Record<string, unknown>> {
  switch (fact.type) {
    case 'call.initiated':
      return { direction: fact.call.direction, from: fact.call.from, to: fact.call.to }
    case 'call.answered':
      return { codec: fact.call.codec }
    case 'call.bridged':
      return { peer: fact.peer }
    case 'call.unbridged':
      return { peer: fact.peer, because: fact.because }
    case 'call.ended':
      return {
        cause: fact.call.end?.cause ?? null,
        by: fact.call.end?.by ?? null,
        sip_status: fact.call.end?.sipStatus ?? null,
      }
    case 'call.refer.started':
    case 'call.refer.completed':
    case 'call.refer.failed':
      return { sip_status: fact.status }
    case 'call.transfer-wanted':
      return { peer: fact.peer }
    case 'call.info':
      return { content_type: fact.contentType }
    case 'call.digit':
      return { digit: fact.digit }
    case 'playback.started':
    case 'conference.playback.started':
      return { playback: fact.playback.id, kind: fact.playback.kind }
    case 'playback.ended':
    case 'conference.playback.ended':
      return { playback: fact.playback.id, kind: fact.playback.kind, status: fact.status, detail: fact.detail }
    case 'gather.ended':
      return { gather: fact.gather.id, status: fact.status, digit_count: fact.digits.length }
    case 'recording.started':
    case 'recording.saved':
    case 'recording.failed':
      return { recording: fact.recording.id, format: fact.recording.options.format, failure: fact.recording.failure }
    case 'recording-session.started':
      return { server: fact.session.spec.name }
    case 'recording-session.stopped':
    case 'recording-session.failed':
      return { server: fact.session.spec.name, cause: fact.cause }
    case 'recording.untranscribed':
      return { recording: fact.recording.id }
    case 'recording.transcribed':
      return { recording: fact.recording.id, characters: fact.transcription.text.length }
    case 'conference.ended':
      return { reason: fact.reason, name: fact.conference.name }
    case 'conference.floor':
    case 'conference.created':
      return { name: fact.conference.name }
    case 'conference.joined':
    case 'conference.started':
    case 'conference.changed':
    case 'conference.left':
      return { name: fact.conference.name, participants: fact.conference.participants.length }
    case 'answerer.detected':
      return { result: fact.result, spoken_ms: fact.spokenMs }
    case 'answerer.greeting-ended':
      return { how: fact.how }
    case 'queue.entered':
      return { queue: fact.queue.name, position: fact.position }
    case 'queue.left':
      return { queue: fact.queue.name, position: fact.position, reason: fact.reason, wait_ms: fact.waitMs }
    case 'transcription.started':
    case 'transcription.stopped':
      return { transcription: fact.transcription.id }
    case 'transcription.failed':
      return { transcription: fact.transcription.id, reason: fact.reason }
    case 'call.transcribed':
      return { track: fact.track, characters: fact.heard.transcript.length, final: fact.heard.isFinal }
    case 'stream.started':
    case 'stream.stopped':
      return { stream: fact.stream.id, kind: fact.stream.type }
    case 'stream.failed':
      return { stream: fact.stream.id, kind: fact.stream.type, failure: fact.failure }
    case 'call.ringing':
    case 'call.held':
    case 'call.unheld':
      return {}
    default:
      return unreachable(fact)
  }
}
