// How this language spells ids and times (telnyx-voice §6).

import { isoMicros } from '#base/clock.ts'
import { type CallId, fromControlId, fromUuid, type Id, toControlId, toDecimal, toUuid } from '#base/ids.ts'

/** `v3:…`, the handle for commands. */
export function callControlId(call: string): string {
  return toControlId(call)
}

/** Reads a call control id as it came in a path or body; null when it is not one. */
export function readCallControlId(text: string): CallId | null {
  return fromControlId<'call'>(text)
}

/** UUID form: legs, sessions, conferences, recordings, events. */
export const uuid = toUuid

/** Reads a UUID id; null when it is not one. */
export function readUuid<Of extends string>(text: string): Id<Of> | null {
  return fromUuid<Of>(text)
}

/** `connection_id`. It is looked up by comparing: there are few applications. */
export const connectionId = toDecimal

/** Ten URL-safe characters naming one speak command. */
export function speakId(playback: string): string {
  return Buffer.from(playback.slice(16), 'hex').toString('base64url').slice(0, 10)
}

/** Webhook times: UTC with microseconds. */
export const webhookTime = isoMicros

/** Reads an ISO 8601 time; without a zone it is UTC (telnyx-voice §6). Null when it is none. */
export function readTime(text: string): number | null {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?)?$/i.exec(text.trim())
  if (match === null) return null
  const atMs = Date.parse(`${match[1]}T${match[2] ?? '00:00'}${match[3] ?? 'Z'}`)
  return Number.isNaN(atMs) ? null : atMs
}

/** Resource times: UTC with milliseconds. */
export function resourceTime(wallMs: number): string {
  return new Date(Math.floor(wallMs)).toISOString()
}
